"""Tables of certificates, and what the ledger takes of a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbon_tokens import data_files
from carbon_tokens.demo import Facts
from carbon_tokens.errors import CarbonTokensError, EnergyError, StatementError
from carbon_tokens.factors import egrid
from carbon_tokens.ledger.documents import audit_of, batch_of, factors_of
from carbon_tokens.periods import Month
from carbon_tokens.statements.certificate_table import read

TABLE = data_files.path("demo", "certificates.csv").read_text(encoding="utf-8")


def test_the_demos_recs_are_one_batch_with_its_columns() -> None:
    (row,) = read(data_files.path("demo", "certificates.csv"))
    batch = batch_of(row.document)
    assert (batch.amount, batch.serial_from, batch.serial_thru) == (187_000_000, 14_813, 14_999)
    assert (batch.vintage_start, batch.vintage_end) == (Month.parse("2021-04").start, Month.parse("2021-04").end)
    assert batch.evidence == row.document.evidence and row.cells["technology"] == "wind"
    assert row.where == "certificates.csv:2"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("2021-04-01T00:00:00Z", "2021-04-01T00:00:00", "no instant with its offset"),
        ("2021-04-01T00:00:00Z", "April", "no instant"),
        ("187000000", "187000000.5", "no whole number"),
        ("187000000", "187000001", "more than 1 MWh"),
        (",14999,", ",14812,", "below serial_from"),
        ("rec,NAR", "gold,NAR", "none of"),
    ],
)
def test_a_row_that_is_no_batch_is_refused_by_its_place(tmp_path: Path, old: str, new: str, what: str) -> None:
    path = tmp_path / "certificates.csv"
    path.write_text(TABLE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StatementError, match=what) as error:
        read(path)
    assert error.value.where == "certificates.csv:2"


def test_an_unknown_column_or_a_short_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "certificates.csv"
    path.write_text(TABLE.replace("token_class", "class", 1), encoding="utf-8")
    with pytest.raises(EnergyError, match="unknown column"):
        read(path)
    path.write_text(TABLE + "rec,NAR\n", encoding="utf-8")
    with pytest.raises(CarbonTokensError, match="cells under"):
        read(path)


def test_an_audit_is_its_statements_integers() -> None:
    power, other = Facts().statements(7)
    audit = audit_of(power, 1)
    assert (audit.facility, audit.version, audit.energy, audit.scope2_location) == (7, 1, 7_906_880, 3_597_457)
    assert (audit.evidence, "0x" + audit.meter.hex()) == (power.evidence, power.meter)
    assert audit_of(other, 2).meter == bytes(32) == audit_of(other, 2).release


def test_a_restatement_is_audited_without_a_meter() -> None:
    facts = Facts()
    audit = audit_of(facts.restatement(facts.statements(7)), 3)
    assert (audit.energy, audit.scope2_location, audit.scope3) == (8_302_224, 3_777_330, 2_000_000)
    assert (audit.meter, audit.start, audit.end) == (bytes(32), 0, 0)


def test_regions_without_co2e_are_not_published() -> None:
    release = egrid.release(2021)
    rows = {row.region: row for row in factors_of(release.rates)}
    assert rows["MROW"].location == 454_978 and rows["MROW"].residual is None
    assert factors_of(egrid.release(2020).rates) == []
