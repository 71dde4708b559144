"""Months by hour: whole, in UTC, exact; and granular certificates, whose hours nobody can change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from carbon_tokens.energy import hourly
from carbon_tokens.errors import EnergyError, LedgerError
from carbon_tokens.ledger.hours import GranularCertificate, HourlyVector, read_hours
from carbon_tokens.ledger.ids import REC, batch_id
from carbon_tokens.periods import Month

FEBRUARY, MARCH = Month.parse("2023-02"), Month.parse("2023-03")


def table(folder: Path, values: list[str], month: Month = FEBRUARY, name: str = "hours.csv") -> list[hourly.Hour]:
    starts = range(month.start, month.end, 3600)
    stamps = [datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:00Z") for start in starts]
    rows = [f"{stamp},{value}" for stamp, value in zip(stamps, values, strict=False)]
    path = folder / name
    path.write_text("\n".join(["hour_start_utc,energy_wh", *rows]) + "\n")
    return read_hours(path, utility="own", meter=name)


def flat(month: Month, energy: int) -> HourlyVector:
    return HourlyVector(month, (energy,) * month.hours)


@pytest.mark.parametrize(("month", "hours"), [("2023-02", 672), ("2024-02", 696), ("2023-04", 720), ("2023-03", 744)])
def test_a_month_has_all_its_utc_hours_also_where_clocks_change(month: str, hours: int) -> None:
    assert len(flat(Month.parse(month), 1).hours) == hours
    with pytest.raises(EnergyError, match=f"has {hours}"):
        HourlyVector(Month.parse(month), (1,) * (hours - 1))


def test_packed_are_four_bytes_an_hour_big_endian() -> None:
    vector = HourlyVector(FEBRUARY, (1, 2**31 - 1, *(0,) * 670))
    assert vector.packed()[:8] == bytes.fromhex("000000017fffffff") and len(vector.packed()) == 4 * 672
    assert HourlyVector.unpacked(FEBRUARY, vector.packed()) == vector


@pytest.mark.parametrize("energy", [-1, 2**31, 1.0, True])
def test_an_hour_is_a_whole_amount_below_2_to_31_wh(energy: int) -> None:
    with pytest.raises(EnergyError, match=r"2023-02-01T01Z.*no amount"):
        HourlyVector(FEBRUARY, (0, energy, *(0,) * 670))


def test_packed_bytes_that_are_no_whole_hours_are_refused() -> None:
    with pytest.raises(EnergyError, match="no whole hours"):
        HourlyVector.unpacked(FEBRUARY, b"\0" * 2687)


def test_a_table_becomes_a_vector_whose_total_is_the_reading(tmp_path: Path) -> None:
    """By hand: 672 hours of 10.4 Wh are 6,988.8, rounded up 6,989: 269 hours of 11 and 403 of 10."""
    hours = table(tmp_path, ["10.4"] * 672)
    vector = HourlyVector.of_consumption(hours, FEBRUARY)
    (reading,) = hourly.readings(hours, FEBRUARY, "refuse")
    assert vector.total == reading.energy_wh == 6_989
    assert vector.hours.count(11) == 269 and vector.hours.count(10) == 403
    assert HourlyVector.of_generation(hours, FEBRUARY).total == 6_988


def test_meters_are_added_up_hour_by_hour(tmp_path: Path) -> None:
    hours = table(tmp_path, ["1.5"] * 672, name="a.csv") + table(tmp_path, ["2"] * 672, name="b.csv")
    vector = HourlyVector.of_consumption(hours, FEBRUARY)
    assert vector.total == 672 * 3 + 336 and set(vector.hours) == {3, 4}


def test_hours_of_other_months_are_passed_over(tmp_path: Path) -> None:
    hours = table(tmp_path, ["1"] * 672) + table(tmp_path, ["9"] * 744, MARCH)
    assert HourlyVector.of_consumption(hours, FEBRUARY).total == 672


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda values: values[:-2], r"hours\.csv: 2 of 672 hours missing for meter .*from 2023-02-28T22Z"),
        (lambda values: [*values[:5], "", *values[6:]], r"hours\.csv:7: 1 of 672 hours missing .*from 2023-02-01T05Z"),
        (lambda values: [*values[:5], "2147483648", *values[6:]], r"hours\.csv:7: .*2\^31 Wh or more"),
    ],
    ids=["rows missing", "empty cell", "too large"],
)
def test_a_month_that_is_not_whole_is_refused_by_file_and_row(
    tmp_path: Path, spoil: Callable[[list[str]], list[str]], said: str
) -> None:
    with pytest.raises(EnergyError, match=said):
        HourlyVector.of_consumption(table(tmp_path, spoil(["10"] * 672)), FEBRUARY)


@pytest.mark.parametrize("side", [HourlyVector.of_consumption, HourlyVector.of_generation])
def test_hours_that_were_estimated_or_spread_from_days_are_not_matched(tmp_path: Path, side) -> None:
    hours = table(tmp_path, ["1"] * FEBRUARY.hours)
    assert side(hours, FEBRUARY).total == FEBRUARY.hours
    with pytest.raises(EnergyError, match="an hour of grade B"):
        side([*hours[:-1], replace(hours[-1], quality="B")], FEBRUARY)


def test_an_hour_that_stands_twice_is_refused(tmp_path: Path) -> None:
    hours = table(tmp_path, ["10"] * 672)
    with pytest.raises(EnergyError, match=r"hours\.csv:2: the same hour as hours\.csv:2"):
        HourlyVector.of_consumption([*hours, replace(hours[0], energy_wh=Fraction(1))], FEBRUARY)


def test_a_table_without_an_hour_of_the_month_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnergyError, match=r"hours\.csv: there is no hour of 2023-03"):
        HourlyVector.of_consumption(table(tmp_path, ["1"] * 672), MARCH)


def test_spreading_keeps_the_shape_and_meets_the_total() -> None:
    vector = HourlyVector(FEBRUARY, (100, 300, *(0,) * 670))
    assert vector.spread(41).hours[:3] == (10, 31, 0)  # quotas 10.25 and 30.75
    with pytest.raises(EnergyError, match="all zero"):
        flat(FEBRUARY, 0).spread(1)


def test_matched_is_the_smaller_of_load_and_the_sum_of_supplies_in_each_hour() -> None:
    load = HourlyVector(FEBRUARY, (10, 10, 10, *(0,) * 669))
    one, two = (HourlyVector(FEBRUARY, (*each, *(7,) * 669)) for each in ((4, 20, 0), (5, 0, 0)))
    assert load.matched([one, two]) == 9 + 10 + 0
    assert load.matched([]) == 0


# ---------------------------------------------------------------------------------------------- granular certificates
@pytest.fixture
def certificate() -> GranularCertificate:
    return GranularCertificate("NAR", bytes(range(32)), flat(FEBRUARY, 5))


def test_the_evidence_binds_the_document_and_every_hour(certificate: GranularCertificate) -> None:
    packed = bytes.fromhex("00000005") * 672
    assert certificate.evidence == keccak(bytes(range(32)) + keccak(packed))
    assert certificate.id == batch_id(REC, "NAR", certificate.evidence)
    swapped = HourlyVector(FEBRUARY, (4, 6, *(5,) * 670))
    assert swapped.total == certificate.amount
    assert replace(certificate, generation=swapped).id != certificate.id


def test_its_batch_is_of_exactly_its_month(certificate: GranularCertificate) -> None:
    batch = certificate.batch(7, 8)
    assert (batch.amount, batch.serial_from, batch.serial_thru) == (3_360, 7, 8)
    assert (batch.vintage_start, batch.vintage_end) == (FEBRUARY.start, FEBRUARY.end)


def test_its_file_is_read_as_it_was_written(certificate: GranularCertificate, tmp_path: Path) -> None:
    certificate.write(tmp_path / "c.json")
    assert GranularCertificate.read(tmp_path / "c.json") == certificate


@pytest.mark.parametrize(
    "change",
    [
        {"type": "other"}, {"extra": 1}, {"document": "0x00"}, {"generation": "0x000"}, {"generation": "0x00"},
        {"month": "2023-13"}, {"generation": 5}, {"document": "00" * 32},
    ],
    ids=str,
)  # fmt: skip
def test_a_file_that_is_no_granular_certificate_is_refused(
    certificate: GranularCertificate, change: dict[str, object]
) -> None:
    from carbon_tokens.errors import CarbonTokensError

    with pytest.raises(CarbonTokensError):
        GranularCertificate.from_json(certificate.to_json() | change)


def test_a_file_that_is_no_json_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("[")
    with pytest.raises(LedgerError, match=r"c\.json"):
        GranularCertificate.read(tmp_path / "c.json")
