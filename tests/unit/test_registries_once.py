"""No serial counts twice, however its second appearance is written, in whatever file and form, now or later."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbon_tokens import registries
from carbon_tokens.errors import StatementError
from carbon_tokens.registries import CRITERIA, Checked, Criteria, Entry
from tests import registry_pdfs as pdfs
from tests.registry_tables import ACR, CAR, FIRST, IREC, NAR, REPORT, SPRING, VCU, VERRA

CORNER = ("0000-0001-1666-7857", "0000-0001-1666-7857")  # the last certificate of the first


def read(folder: Path, text: str, name: str) -> list[Entry]:
    path = folder / name
    path.write_text(text)
    return registries.read(path)


def checked(entries: list[Entry], issued: list[Entry] | None = None) -> Checked:
    met = {each.source: dict.fromkeys(CRITERIA, "yes") for each in [*entries, *(issued or [])]}
    return registries.check(entries, Criteria(met, "criteria.csv", "00" * 32), issued or [])


@pytest.mark.parametrize("kind", FIRST)
def test_each_of_the_first_appearances_counts(tmp_path: Path, kind: str) -> None:
    assert len(checked(read(tmp_path, FIRST[kind], "a.csv")).batches) == 1


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        ("nar", FIRST["nar"]),
        ("nar", NAR.format("gen1", "nar-rec-1-ks-12-2020-9-4440 TO 4448", 9)),
        ("nar", NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9-4440  to  4448", 9)),
        ("nar", NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9-4440\u00a0to 4448", 9)),
        ("nar", NAR.format("GEN1", '"NAR-REC-1-KS-12-2020-9-4440\nto 4448"', 9)),
        ("nar", NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9-0004440 to 0004448", 9)),
        ("nar", NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9-4448 to 4450", 3)),
        ("nar", NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9-1 to 9999", 9999)),
        ("nar", NAR.format("GEN1", "NAR-REC-1-TX-11-2020-9-4444 to 4444", 1)),  # another state and month of block 9
        ("nar", NAR.format("GEN2", "NAR-REC-2-KS-12-2020-9-4444 to 4444", 1)),  # another device
        ("i-rec", IREC.format(*CORNER, 1, SPRING, "Another Wind")),
        ("i-rec", IREC.format(*CORNER, 1, "2020-01-01;2020-12-31", "Longli Wind")),
        ("i-rec", IREC.format(CORNER[0] + ".000000", CORNER[1] + ".999999", 1, SPRING, "Longli Wind")),
        ("i-rec", IREC.format(CORNER[0] + ".000000", CORNER[1] + ".499999", 0.5, SPRING, "Longli Wind")),
        ("verra", VERRA.format(VCU.lower(), 50, "2014-07-01", "2014-12-31", 1686)),
        ("verra", VERRA.format(VCU.replace("7059-", "1-"), 50, "2014-07-01", "2014-12-31", 1686)),
        ("verra", VERRA.format(VCU.replace("VCU", "VCS-VCU"), 50, "2014-07-01", "2014-12-31", 1686)),
        ("verra", VERRA.format(VCU.replace("1686", "1687"), 50, "2014-07-01", "2014-12-31", 1687)),
        ("verra", VERRA.format(VCU.replace("-367676034-367676083", "-367676083-367676083"), 1, "2014-07-01",
                               "2014-12-31", 1686)),
        ("verra", VERRA.format(VCU.replace("2014", "2015"), 50, "2015-07-01", "2015-12-31", 1686)),
        ("verra", REPORT.format("01/07/2014", "31/12/2014", 50, VCU)),  # the serial report behind a token
        ("acr", ACR.format("acr-fr-1129-2025-2917-035143 to 35143", 1)),
        ("acr", ACR.format("ACR-US-1129-2025-2917-35143 to 35143", 1)),
        ("car", CAR.format("CAR1008", "CAR-1-US-1008-27-845-CA-2015-2010-8645 to 8646", 2)),
        ("car", CAR.format("CAR1008", "CAR-2-MX-1008-27-846-WA-2015-2010-8645 to 8646", 2)),
    ],
)  # fmt: skip
def test_a_serial_in_two_files_counts_in_neither_however_it_is_written(tmp_path: Path, kind: str, again: str) -> None:
    found = checked(read(tmp_path, FIRST[kind], "a.csv") + read(tmp_path, again, "b.csv"))
    assert not found.batches
    assert [each.why[-1] for each in found.rejects] == ["has serials of b.csv:2", "has serials of a.csv:2"]


@pytest.mark.parametrize(
    "again",
    [
        NAR.format("GEN1", "NAR-REC-1-KS-12-2020-009-4440 to 4448", 9),
        NAR.format("GEN1", "NAR-REC-01-KS-12-2020-9-4440 to 4448", 9),
        NAR.format("GEN1", "NAR-REC-1-KS-12-20-9-4440 to 4448", 9),
        NAR.format("GEN1", "NAR-REC-1-KS-012-2020-9-4440 to 4448", 9),
        NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9-４４４０ to ４４４８", 9),
        NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9\u200b-4440 to 4448", 9),
        NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9-4440 to 4448 ; 1 to 9", 9),
        IREC.format("0-1-1666-7842", "0-1-1666-7857", 16, SPRING, "Longli Wind"),
        IREC.format("0000000116667842", "0000000116667857", 16, SPRING, "Longli Wind"),
        ACR.format("ACR-FR-1129-2025-02917-30932 to 35143", 4212),
        CAR.format("CAR1008", "CAR-1-US-01008-27-845-WA-2015-2010-1 to 8645", 8645),
    ],
)
def test_a_serial_that_no_registry_writes_like_this_counts_not_at_all(tmp_path: Path, again: str) -> None:
    (reject,) = checked(read(tmp_path, again, "b.csv")).rejects
    assert "is no serial" in reject.why[0]


@pytest.mark.parametrize(
    ("again", "why"),
    [
        (NAR.format("GEN2", "NAR-REC-1-KS-12-2020-9-4440 to 4448", 9), "the serial's device is GEN1, the row's GEN2"),
        (VERRA.format(VCU, 50, "2014-07-01", "2014-12-31", 1687), "the serial's project is 1686, the row's 1687"),
        (VERRA.format(VCU, 50, "2015-07-01", "2015-12-31", 1686), "the serial's vintage is 01072014 to 31122014"),
        (REPORT.format("01/07/2015", "31/12/2015", 50, VCU), "the serial's vintage is 01072014 to 31122014"),
        (ACR.format("ACR-FR-1129-2024-2917-30932 to 35143", 4212), "the serial's vintage is 2024, the row's 2025"),
        (ACR.format("ACR-FR-1128-2025-2917-30932 to 35143", 4212), "the serial's project is ACR1128"),
        (CAR.format("CAR1009", "CAR-1-US-1008-27-845-WA-2015-2010-1 to 8645", 8645), "project is CAR1008"),
        (CAR.format("CAR1008", "CAR-1-US-1008-27-845-WA-2014-2010-1 to 8645", 8645), "vintage is 2014, the row's 2015"),
    ],
)
def test_a_row_that_calls_a_serial_another_devices_or_vintages_is_rejected(
    tmp_path: Path, again: str, why: str
) -> None:
    """On the ledger it would be of another source, where its numbers are still free."""
    (reject,) = checked(read(tmp_path, again, "b.csv")).rejects
    assert why in reject.why[0]


def test_a_certificate_of_nar_as_pdf_and_as_table_is_kept_in_neither(tmp_path: Path) -> None:
    path = tmp_path / "c.pdf"
    path.write_bytes(pdfs.nar(("NAR-REC-2613-KS-12-2020-109286-4440 to 4448", "9")))
    table = NAR.format("GEN2613", "NAR-REC-2613-KS-12-2020-109286-4448 to 4449", 2)
    found = checked(registries.read(path) + read(tmp_path, table, "a.csv"))
    assert [each.why for each in found.rejects] == [("has serials of a.csv:2",), ("has serials of c.pdf:1",)]


def test_a_month_of_wregis_is_one_block_and_other_months_are_others(tmp_path: Path) -> None:
    entries = []
    for name, content in {"a": pdfs.wregis(), "b": pdfs.wregis(4039, 4040, "2", "2")}.items():
        (tmp_path / f"{name}.pdf").write_bytes(content)
        entries += registries.read(tmp_path / f"{name}.pdf")
    assert len(checked(entries).rejects) == 2
    (tmp_path / "b.pdf").write_bytes(pdfs.wregis(facility="W78"))
    assert len(checked(entries[:1] + registries.read(tmp_path / "b.pdf")).batches) == 2


@pytest.mark.parametrize("kind", FIRST)
def test_what_was_issued_before_is_not_kept_again_whatever_its_device_is_called(tmp_path: Path, kind: str) -> None:
    before = checked(read(tmp_path, FIRST[kind], "a.csv"))
    registries.write(before, tmp_path / "batches.csv", tmp_path / "rejects.csv")
    again = FIRST[kind].replace("Longli Wind", "LONGLI  WIND")
    found = checked(read(tmp_path, again, "b.csv"), registries.issued_before(tmp_path / "batches.csv"))
    (reject,) = found.rejects
    assert reject.why == ("has serials of batches.csv:2",) and not found.batches


def test_serials_beside_those_issued_before_are_kept(tmp_path: Path) -> None:
    before = checked(read(tmp_path, FIRST["nar"], "a.csv"))
    registries.write(before, tmp_path / "batches.csv", tmp_path / "rejects.csv")
    after = NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9-4449 to 4450", 2)
    found = checked(read(tmp_path, after, "b.csv"), registries.issued_before(tmp_path / "batches.csv"))
    assert len(found.batches) == 1


def test_a_statement_of_one_mwh_more_than_its_serials_is_rejected_with_both_counts(tmp_path: Path) -> None:
    """As 48 of one seller's 3,072 statements do: what the registry numbers is what exists."""
    text = IREC.format("0000-0001-1666-7842", "0000-0001-1666-7857", "17.0", SPRING, "Longli Wind")
    (reject,) = checked(read(tmp_path, text, "act.csv")).rejects
    assert reject.why == ("16 serials for 17 MWh",)


def test_a_range_of_whole_certificates_may_be_written_in_millionths(tmp_path: Path) -> None:
    text = IREC.format("0000-0001-1666-7842.000000", "0000-0001-1666-7857.999999", "16", SPRING, "Longli Wind")
    ((batch, _),) = checked(read(tmp_path, text, "a.csv")).batches
    assert (batch.serial_from, batch.serial_thru, batch.amount) == (116_667_842, 116_667_857, 16_000_000)


def test_serials_issued_before_that_name_no_block_are_refused_because_nothing_can_be_held_against_them(
    tmp_path: Path,
) -> None:
    before = checked(read(tmp_path, FIRST["nar"], "a.csv"))
    registries.write(before, tmp_path / "batches.csv", tmp_path / "rejects.csv")
    text = (tmp_path / "batches.csv").read_text().replace("NAR-REC-1-KS-12-2020-9-4440 to 4448", "4440 to 4448")
    (tmp_path / "batches.csv").write_text(text)
    with pytest.raises(StatementError, match="names no block of NAR"):
        registries.issued_before(tmp_path / "batches.csv")
