"""Statements of retirement as PDF: read from text and forms, held against their own totals, or refused by name."""

from __future__ import annotations

import builtins
import io
from pathlib import Path
from typing import Any

import pypdf
import pytest

from carbon_tokens import registries
from carbon_tokens.errors import ExtraMissing, StatementError
from carbon_tokens.registries import CRITERIA, Criteria, Entry
from carbon_tokens.statements.certificate import CertificateBatch
from tests import registry_pdfs as pdfs

SERIAL = "NAR-REC-2613-KS-12-2020-109286-4440 to 4448"
GO = ("643002406556100800001283780265", "643002406556100800001283780270", 6)
IREC = ("0000-0001-0056-8443", "0000-0001-0057-5202", "6 760")


def read(folder: Path, content: bytes, name: str = "statement.pdf", kind: str = "") -> list[Entry]:
    path = folder / name
    path.write_bytes(content)
    return registries.read(path, kind)


def met(entries: list[Entry]) -> Criteria:
    return Criteria({each.source: dict.fromkeys(CRITERIA, "yes") for each in entries}, "criteria.csv", "00" * 32)


def batches(entries: list[Entry]) -> list[CertificateBatch]:
    return [batch for batch, _ in registries.check(entries, met(entries)).batches]


def reasons(entries: list[Entry]) -> list[str]:
    return ["; ".join(each.why) for each in registries.check(entries, met(entries)).rejects]


def test_a_certificate_of_nar_is_read_from_the_fields_of_its_form(tmp_path: Path) -> None:
    (entry,) = entries = read(tmp_path, pdfs.nar((SERIAL, "9")))
    (batch,) = batches(entries)
    assert (batch.registry, batch.source) == ("NAR", "GEN2613/NAR-REC-2613-KS-12-2020-109286")
    assert (batch.serial_from, batch.serial_thru, batch.amount) == (4440, 4448, 9_000_000)
    assert (entry.beneficiary, entry.details) == ("Example Node", "May 05, 2022; Voluntary")


def test_each_page_of_a_certificate_of_nar_has_a_form_and_a_total_of_its_own(tmp_path: Path) -> None:
    second = SERIAL.replace("4440 to 4448", "4449 to 4459")
    entries = read(tmp_path, pdfs.nar((SERIAL, "9"), (second, "11")))
    assert [(batch.serial_from, batch.amount) for batch in batches(entries)] == [(4440, 9_000_000), (4449, 11_000_000)]
    assert [entry.where for entry in entries] == ["statement.pdf:1", "statement.pdf:2"]


def test_a_certificate_of_nar_may_list_several_lines_in_a_field(tmp_path: Path) -> None:
    fields = [("ProjectID", "GEN1\rGEN1"), ("ProjectName", "A\rA"), ("ProjectType", "Wind\rWind"), ("Quantity", "2\r3"),
              ("SerialNumber", "NAR-REC-1-KS-12-2020-9-1 to 2\rNAR-REC-1-KS-12-2020-9-3 to 5"),
              ("Quantity1", "Total RECs Retired: 5"), ("RetirementDate", "May 05, 2022")]  # fmt: skip
    text = "North American Renewables Registry Certificate of Retirement"
    assert [batch.amount for batch in batches(read(tmp_path, pdfs.pdf([text], [fields])))] == [2_000_000, 3_000_000]
    short = [(name, "2" if name == "Quantity" else value) for name, value in fields]
    found = reasons(read(tmp_path, pdfs.pdf([text], [short])))
    assert len(found) == 2 and all("do not have all of their fields" in why for why in found)


def test_a_guarantee_of_origin_is_counted_by_the_last_fifteen_of_its_thirty_digits(tmp_path: Path) -> None:
    """30 digits are more than the ledger's 64 bits hold; the first 15 name the source with the device."""
    (entry,) = entries = read(tmp_path, pdfs.go(GO))
    (batch,) = batches(entries)
    assert (batch.registry, batch.source) == ("EECS", "707052300010000001/643002406556100")
    assert (batch.serial_from, batch.serial_thru) == (800_001_283_780_265, 800_001_283_780_270)
    assert (batch.amount, batch.vintage_end - batch.vintage_start) == (6_000_000, 2 * 86_400)
    assert batch.serials.startswith(f"{GO[0]} to {GO[1]} (")
    assert (entry.place, entry.technology, entry.name) == ("Norway", "hydro", "Example Falls")
    for said in ("For 2021 consumption. Second line", "2021-01-01 to 2021-12-31", "transaction 2021123100001", "T0300"):
        assert said in entry.details
    assert entry.beneficiary == "Example Node"


def test_the_same_guarantees_of_origin_in_two_registries_forms_are_the_same_serials(tmp_path: Path) -> None:
    danish = read(tmp_path, pdfs.go(GO), "a.pdf")
    norwegian = read(tmp_path, pdfs.statnett(*GO), "b.pdf")
    assert batches(norwegian)[0].source == batches(danish)[0].source
    assert reasons(danish + norwegian) == ["has serials of b.pdf:1", "has serials of a.pdf:1"]


def test_guarantees_of_origin_that_differ_in_their_first_fifteen_digits_only_are_others(tmp_path: Path) -> None:
    other = ("7" + GO[0][1:], "7" + GO[1][1:], 6)
    assert len(batches(read(tmp_path, pdfs.go(GO, other)))) == 2


def test_a_statement_of_wregis_counts_within_a_facility_and_month(tmp_path: Path) -> None:
    (entry,) = entries = read(tmp_path, pdfs.wregis())
    (batch,) = batches(entries)
    assert (batch.registry, batch.source, batch.serials) == ("WREGIS", "W77/W77-2020-09", "W77-2020-09-1 to 4039")
    assert (batch.amount, batch.vintage_end - batch.vintage_start) == (4_039_000_000, 30 * 86_400)
    assert entry.details == "retired 2022-05-05; Voluntary; period of use 2021" and entry.place == "CO"


def test_a_redemption_statement_of_i_rec_lists_ranges_of_devices(tmp_path: Path) -> None:
    second = ("0000-0000-9033-4009", "0000-0000-9033-4338", "330")
    entries = read(tmp_path, pdfs.irec(IREC, second, total="7 090"))
    assert sorted(batch.amount for batch in batches(entries)) == [330_000_000, 6_760_000_000]
    assert {entry.source for entry in entries} == {"Example Wind Power Project"}
    assert entries[0].beneficiary == "EXAMPLE NODE" and entries[0].place == "Exampleland"
    assert "2021-01-01 to 2021-12-31; offset attributes Inc; https://" in entries[0].details


def test_the_same_redemption_as_pdf_and_as_table_is_kept_in_neither(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(
        "from_id,to_id,volume_MWh,production_dates,device_row,n_ranges,location,beneficiary\n"
        f"{IREC[0]},{IREC[1]},6760.0,2021-01-01;2021-04-30,Another spelling of it,1,XX,N\n"
    )
    entries = read(tmp_path, pdfs.irec(IREC, total="6 760")) + registries.read(table)
    assert reasons(entries) == ["has serials of table.csv:2", "has serials of statement.pdf:1"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (pdfs.nar((SERIAL, "9"), total="10"), "the statement has 10 MWh in all, its rows 9"),
        (pdfs.nar((SERIAL, "10")), "9 serials for 10 MWh"),
        (pdfs.nar((SERIAL, "9"), day=""), "no day of the retirement"),
        (pdfs.nar((SERIAL.replace("2613", "2614"), "9")), "the serial's device is GEN2614, the row's GEN2613"),
        (pdfs.go(GO, total=7), "the statement has 7 MWh in all, its rows 6"),
        (pdfs.go(GO, kind="Transfer"), "no cancellation, its transaction is Transfer"),
        (pdfs.go((GO[0], GO[1][:-2], 6)), "it has 30 digits"),
        (pdfs.go((GO[0], GO[1][:-1], 6)), "no amount is stated"),  # the count fills the number up
        (pdfs.go((GO[0] + "0", GO[1], 6)), "it has 30 digits"),
        (pdfs.go(("1" * 14 + "9" * 16, "1" * 13 + "2" + "0" * 16, 2)), "runs over two blocks"),
        (pdfs.statnett(*GO, total=7), "the statement has 7 MWh in all, its rows 6"),
        (pdfs.wregis(total="4,040"), "the statement has 4,040 MWh in all, its rows 4039"),
        (pdfs.wregis(last=4040), "4040 serials for 4039 MWh"),
        (pdfs.wregis(status="Active"), "lists 1 months and calls 0 of them retired"),
        (pdfs.irec(IREC, total="6 761"), "the statement has 6 761 MWh in all, its rows 6760"),
        (pdfs.irec((IREC[0] + ".000000", IREC[1] + ".499999", "6759.5"), total="6759.5"), "into parts"),
        (pdfs.irec(IREC, ("0000-0001-0056-9999", "0000-0001", "1"), total="6 760"), "3 serials, but 1 ranges"),
    ],
)
def test_a_statement_that_contradicts_itself_is_rejected_with_the_reason(
    tmp_path: Path, content: bytes, why: str
) -> None:
    entries = read(tmp_path, content)
    found = reasons(entries)
    assert len(found) == len(entries) and all(why in each for each in found)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (pdfs.pdf(["Green-e attestation of 22 MWh"]), "no known statement of a registry"),
        (pdfs.pdf(["", ""]), "it is a scan"),
        (pdfs.pdf(["North American Renewables Registry Certificate of Retirement"]), "no certificate is found"),
        (b"%PDF-1.4\nnothing", "cannot be read"),
        (pdfs.wregis(facility="W077"), "no certificate is found"),
        (pdfs.go(GO).replace(b"startxref", b"startxxxx"), "cannot be read"),
    ],
)
def test_a_pdf_that_is_no_statement_is_refused_by_name(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(StatementError, match=what) as refused:
        read(tmp_path, content)
    assert refused.value.where == "statement.pdf" and refused.value.todo


def test_an_encrypted_pdf_is_refused_even_if_it_opens_without_a_password(tmp_path: Path) -> None:
    writer, target = pypdf.PdfWriter(io.BytesIO(pdfs.go(GO))), io.BytesIO()
    writer.encrypt("", algorithm="RC4-128")
    writer.write(target)
    with pytest.raises(StatementError, match="encrypted"):
        read(tmp_path, target.getvalue())


def test_the_kind_of_a_pdf_can_be_stated_and_is_held_against_its_words(tmp_path: Path) -> None:
    assert read(tmp_path, pdfs.go(GO), kind="go")[0].kind == "go"
    with pytest.raises(StatementError, match="no statement of kind nar"):
        read(tmp_path, pdfs.go(GO), kind="nar")


def test_without_the_extra_the_error_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "pypdf":
            raise ImportError(name)
        return imported(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing, match=r"pip install carbon-tokens\[pdf\]"):
        read(tmp_path, pdfs.go(GO))


def test_an_entry_names_the_program_that_made_its_document(tmp_path: Path) -> None:
    """A statement that its holder typed into a spreadsheet looks like the registry's, but is not of its making."""
    writer, target = pypdf.PdfWriter(io.BytesIO(pdfs.wregis())), io.BytesIO()
    writer.add_metadata({"/Creator": "Numbers", "/Producer": "Quartz"})
    writer.write(target)
    assert read(tmp_path, target.getvalue())[0].details.endswith("; made with Numbers / Quartz")
    assert "made with" not in read(tmp_path, pdfs.wregis())[0].details
