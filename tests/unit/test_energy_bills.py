"""Bills: what is accepted, what is rejected with its row, and how a bill is split over months."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from carbon_tokens import data_files
from carbon_tokens.energy import bills, meter_id
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month

HEADER = "meter,utility,from,thru,kwh\n"


def write(folder: Path, text: str, name: str = "bills.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rejected(folder: Path, rows: str, header: str = HEADER) -> EnergyError:
    with pytest.raises(EnergyError) as caught:
        bills.read(write(folder, header + rows))
    return caught.value


def test_a_bill_over_two_months_is_split_by_inclusive_days(tmp_path: Path) -> None:
    """The golden case: 16 January to 14 February, 30,000 kWh, is 16,000 and 14,000 kWh."""
    read = bills.read(write(tmp_path, HEADER + "1,PG,2024-01-16,2024-02-14,30000\n"))
    january, february = (bills.readings(read, Month.parse(text))[0] for text in ("2024-01", "2024-02"))
    assert (january.energy_wh, february.energy_wh) == (16_000_000, 14_000_000)
    assert (january.start, january.end) == (1_705_363_200, Month.parse("2024-01").end)
    assert (february.start, february.end) == (Month.parse("2024-02").start, 1_707_955_200)
    assert january.note == "16 of 30 days of the bill 2024-01-16 to 2024-02-14"


def test_the_demos_half_year_is_split_as_calculated_by_hand() -> None:
    demo = bills.read(data_files.path("demo", "electricity.csv"))
    parts = bills.split(demo[1])
    expected = [8_170_443, 7_379_755, 8_170_443, 7_906_880, 8_170_443, 7_906_880]
    assert list(parts.values()) == expected and sum(expected) == demo[1].energy_wh == 47_704_844
    (april,) = bills.readings(demo, Month.parse("2021-04"))
    assert (april.energy_wh, april.quality, april.row) == (7_906_880, "C", 3)
    assert bills.gaps(demo) == []


def test_a_bill_within_a_month_is_metered_and_a_split_one_is_modelled(tmp_path: Path) -> None:
    read = bills.read(write(tmp_path, HEADER + "1,PG,2024-01-01,2024-01-31,5\n1,PG,2024-02-01,2024-03-01,5\n"))
    assert [bills.readings(read, Month.parse(text))[0].quality for text in ("2024-01", "2024-02")] == ["A", "B"]


def test_a_bill_of_a_leap_february_keeps_its_29_days(tmp_path: Path) -> None:
    read = bills.read(write(tmp_path, HEADER + "1,PG,2024-02-01,2024-02-29,29\n"))
    assert read[0].days == 29 and list(bills.split(read[0])) == [Month.parse("2024-02")]


def test_a_bill_over_a_year_end_touches_both_years(tmp_path: Path) -> None:
    read = bills.read(write(tmp_path, HEADER + "1,PG,2023-12-31,2024-01-01,0.003\n"))
    assert bills.split(read[0]) == {Month.parse("2023-12"): 2, Month.parse("2024-01"): 1}


def test_a_fraction_of_a_wh_is_rounded_up(tmp_path: Path) -> None:
    read = bills.read(write(tmp_path, HEADER + "1,PG,2024-01-01,2024-01-31,0.0001\n"))
    assert read[0].energy_wh == 1


def test_a_reading_knows_its_file_and_row(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "\n1,PG,2024-01-01,2024-01-31,5\n")
    (reading,) = bills.readings(bills.read(path), Month.parse("2024-01"))
    assert reading.source_file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (reading.file, reading.row, reading.kind) == ("bills.csv", 3, "bills")


def test_a_month_that_no_bill_touches_has_no_reading(tmp_path: Path) -> None:
    read = bills.read(write(tmp_path, HEADER + "1,PG,2024-01-01,2024-01-31,5\n"))
    assert bills.readings(read, Month.parse("2024-02")) == []


def test_a_scanned_bills_hash_and_place_are_kept(tmp_path: Path) -> None:
    digest = "AB" * 32
    header = "meter,utility,from,thru,kwh,sha256,uri,quality\n"
    rows = f"1,PG,2024-01-01,2024-01-31,5,0x{digest},bill.pdf,\n"
    (bill,) = bills.read(write(tmp_path, header + rows))
    assert (bill.document_sha256, bill.uri, bill.quality) == (digest.lower(), "bill.pdf", "A")


def test_an_overlapping_bill_is_rejected_with_its_row(tmp_path: Path) -> None:
    error = rejected(tmp_path, "1,PG,2024-01-16,2024-02-14,5\n1,PG,2024-02-14,2024-03-14,5\n")
    assert error.where == "bills.csv:3" and "overlaps bills.csv:2" in error.what


def test_an_overlap_is_found_behind_a_bill_that_ends_later(tmp_path: Path) -> None:
    rows = "1,PG,2024-01-01,2024-12-31,5\n1,PG,2024-02-01,2024-02-10,5\n1,PG,2024-11-01,2024-11-30,5\n"
    error = rejected(tmp_path, rows)
    assert "bills.csv:3" in error.what and "bills.csv:4" in error.what


def test_a_bill_that_is_there_twice_is_rejected_with_its_row(tmp_path: Path) -> None:
    row = "1,PG,2024-01-01,2024-01-31,5\n"
    error = rejected(tmp_path, row + row)
    assert error.where == "bills.csv:3" and "same bill as bills.csv:2" in error.what


def test_a_bill_typed_again_with_other_case_and_spaces_is_the_same_meter(tmp_path: Path) -> None:
    error = rejected(tmp_path, "m-1,City Power,2024-01-01,2024-01-31,5\nM-1, CITY  POWER,2024-01-31,2024-02-28,5\n")
    assert error.where == "bills.csv:3"


def test_the_same_dates_of_another_meter_or_utility_are_accepted(tmp_path: Path) -> None:
    rows = "1,A,2024-01-01,2024-01-31,5\n2,A,2024-01-01,2024-01-31,5\n1,B,2024-01-01,2024-01-31,5\n"
    assert len(bills.readings(bills.read(write(tmp_path, HEADER + rows)), Month.parse("2024-01"))) == 3


def test_bills_of_two_files_that_overlap_are_rejected_when_they_are_used_together(tmp_path: Path) -> None:
    row = HEADER + "1,PG,2024-01-01,2024-01-31,5\n"
    together = [bill for name in ("a.csv", "b.csv") for bill in bills.read(write(tmp_path, row, name))]
    with pytest.raises(EnergyError, match=r"b\.csv:2.*same bill as a\.csv:2"):
        bills.readings(together, Month.parse("2024-01"))


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ("1,PG,2024-01-01,2024-01-31,-5", "negative amount -5"),
        ("1,PG,2024-01-01,2024-01-31,nan", "no amount"),
        ("1,PG,2024-01-01,2024-01-31,inf", "no amount"),
        ("1,PG,2024-01-01,2024-01-31,1e3", "no amount"),
        ('1,PG,2024-01-01,2024-01-31,"30,5"', "no amount"),
        ("1,PG,2024-01-01,2024-01-31,٣", "no amount"),
        ("1,PG,2024-01-01,2024-01-31,281474976711", "more than the ledger can hold"),
        ("1,PG,2024-01-01,2024-01-31,", "no kwh"),
        ("1,,2024-01-01,2024-01-31,5", "no utility"),
        ("1,PG,2024-02-01,2024-01-31,5", "ends (2024-01-31) before it starts"),
        ("1,PG,2024-02-30,2024-03-31,5", "no date"),
        ("1,PG,01/02/2024,2024-03-31,5", "no date"),
        ("1,PG,20240101,2024-03-31,5", "no date"),
        ("1,PG,1969-12-31,2024-03-31,5", "no date"),
        ("1,PG,2024-01-01,2024-01-31", "4 cells under 5 columns"),
        ("1,PG,2024-01-01,2024-01-31,5,kWh", "6 cells under 5 columns"),
    ],
)
def test_a_row_that_is_no_bill_is_rejected_with_its_row(tmp_path: Path, cells: str, what: str) -> None:
    error = rejected(tmp_path, f"9,PG,2023-01-01,2023-01-31,1\n{cells}\n")
    assert error.where == "bills.csv:3" and what in error.what and error.todo


def test_every_rejected_row_is_named_in_one_error(tmp_path: Path) -> None:
    periods = ("2024-01-01,2024-01-31,-5", "2024-02-01,2024-02-29,5", "x,2024-02-29,5", "2024-02-10,2024-02-11,5")
    error = rejected(tmp_path, "".join(f"1,PG,{period}\n" for period in periods))
    assert error.what.startswith("3 rows rejected: ") and error.where == "bills.csv"
    assert all(f"bills.csv:{row}: " in error.what for row in (2, 4, 5)) and "bills.csv:3: " not in error.what


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    error = rejected(tmp_path, "1,2024-01-01,2024-01-31,5\n", "meter,from,thru,kwh\n")
    assert error.what == "missing column 'utility'" and error.where == "bills.csv:1"


def test_an_unknown_column_is_refused_because_it_may_change_the_meaning(tmp_path: Path) -> None:
    error = rejected(tmp_path, "1,PG,2024-01-01,2024-01-31,5,therms\n", HEADER.strip() + ",unit\n")
    assert "unknown column 'unit'" in error.what


def test_a_repeated_column_is_refused(tmp_path: Path) -> None:
    assert (
        "repeated column 'kwh'"
        in rejected(tmp_path, "1,PG,2024-01-01,2024-01-31,5,6\n", HEADER.strip() + ",kwh\n").what
    )


def test_a_wrong_hash_or_grade_of_a_bill_is_rejected(tmp_path: Path) -> None:
    header = HEADER.strip() + ",sha256,quality\n"
    error = rejected(tmp_path, "1,PG,2024-01-01,2024-01-31,5,abc,A\n1,PG,2024-02-01,2024-02-29,5,,E\n", header)
    assert "no sha-256" in error.what and "quality 'E'" in error.what


@pytest.mark.parametrize("data", [b"", HEADER.encode(), b"\xff\xfe\x00", b'"'])
def test_a_file_without_bills_or_that_is_no_csv_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bills.csv"
    path.write_bytes(data)
    with pytest.raises(EnergyError, match=r"bills\.csv"):
        bills.read(path)
    with pytest.raises(EnergyError, match=r"absent\.csv"):
        bills.read(tmp_path / "absent.csv")


def test_a_byte_order_mark_and_crlf_are_read(tmp_path: Path) -> None:
    path = tmp_path / "bills.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + "1,PG,2024-01-01,2024-01-31,5\n").replace("\n", "\r\n").encode())
    assert bills.read(path)[0].energy_wh == 5000


def test_gaps_are_reported_and_are_no_error(tmp_path: Path) -> None:
    periods = ("2024-02-10,2024-02-20", "2024-01-01,2024-01-31", "2024-02-21,2024-02-22")
    rows = "".join(f"1,PG,{period},5\n" for period in periods) + "2,PG,2025-01-01,2025-01-02,1\n"
    (gap,) = bills.gaps(bills.read(write(tmp_path, HEADER + rows)))
    assert (gap.meter, str(gap.first), str(gap.last)) == ("1", "2024-02-01", "2024-02-09")


def test_a_meters_name_on_chain_keeps_utility_and_meter_apart() -> None:
    assert meter_id("volume4", "2") != meter_id("volume", "42")
    assert meter_id("a", "b") != meter_id("b", "a")
    assert meter_id("City Power", "ｍ-1") == meter_id(" city  power ", "M-1")
    expected = hashlib.sha256(b'{"meter":"m-1","utility":"city power"}').digest()
    assert meter_id("City Power", "M-1") == expected and len(expected) == 32


def test_a_meter_without_a_name_is_refused() -> None:
    with pytest.raises(EnergyError, match="utility has no name"):
        meter_id(" ", "1")
