"""Hourly data: hours present and missing, the stated policy, and the rejection of rows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from carbon_tokens.energy import hourly
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month

FEBRUARY = Month.parse("2023-02")  # 672 hours


def write(folder: Path, hours: dict[int, str], column: str = "energy_wh", extra: str = "") -> Path:
    stamps = [f"2023-02-{1 + hour // 24:02d}T{hour % 24:02d}:00Z,{value}" for hour, value in hours.items()]
    path = folder / "hours.csv"
    path.write_text("\n".join([f"hour_start_utc,{column}", *stamps]) + "\n" + extra, encoding="utf-8")
    return path


def read(path: Path) -> list[hourly.Hour]:
    return hourly.read(path, utility="own", meter="gpu08")


def test_a_complete_month_adds_up_and_is_metered(tmp_path: Path) -> None:
    (reading,) = hourly.readings(read(write(tmp_path, dict.fromkeys(range(672), "10"))), FEBRUARY, "refuse")
    assert (reading.energy_wh, reading.quality) == (6720, "A")
    assert (reading.hours_present, reading.hours_missing, reading.missing) == (672, 0, "refuse")
    assert (reading.start, reading.end, reading.rows) == (FEBRUARY.start, FEBRUARY.end, (2, 673))


def test_mean_power_of_an_hour_is_energy_and_is_rounded_up_once(tmp_path: Path) -> None:
    (reading,) = hourly.readings(
        read(write(tmp_path, dict.fromkeys(range(672), "0.25"), "power_w")), FEBRUARY, "refuse"
    )
    assert reading.energy_wh == 168
    (reading,) = hourly.readings(
        read(write(tmp_path, dict.fromkeys(range(672), "0.001"), "power_w")), FEBRUARY, "refuse"
    )
    assert reading.energy_wh == 1


def test_missing_hours_are_refused_unless_the_caller_chooses_otherwise(tmp_path: Path) -> None:
    hours = read(write(tmp_path, {hour: "10" for hour in range(672) if hour != 5}))
    with pytest.raises(EnergyError, match="1 of 672 hours of 2023-02 missing for meter gpu08, from 2023-02-01T05Z"):
        hourly.readings(hours, FEBRUARY, "refuse")


@pytest.mark.parametrize(("policy", "energy"), [("mean", 7381 + 11), ("max", 7381 + 681)])
def test_a_chosen_policy_fills_missing_hours_and_is_written_down(tmp_path: Path, policy: str, energy: int) -> None:
    """671 hours, 670 of 10 Wh and one of 681 Wh: together 7,381, the mean is 11 and the maximum 681 Wh."""
    values = dict.fromkeys(range(671), "10") | {7: "681"}
    (reading,) = hourly.readings(read(write(tmp_path, values)), FEBRUARY, policy)
    assert reading.energy_wh == energy
    assert (reading.hours_present, reading.hours_missing, reading.missing) == (671, 1, policy)
    assert (
        reading.quality == "B"
        and reading.note == f"671 hours present, 1 missing, each taken as the {policy} of those present"
    )


def test_an_empty_cell_is_a_missing_hour(tmp_path: Path) -> None:
    values = dict.fromkeys(range(672), "10") | {0: ""}
    (reading,) = hourly.readings(read(write(tmp_path, values)), FEBRUARY, "mean")
    assert (reading.hours_missing, reading.energy_wh) == (1, 6720)


def test_a_month_without_any_value_is_an_error_under_every_policy(tmp_path: Path) -> None:
    hours = read(write(tmp_path, {0: ""}))
    for policy in hourly.POLICIES:
        with pytest.raises(EnergyError, match="672 of 672 hours"):
            hourly.readings(hours, FEBRUARY, policy)


def test_a_month_that_the_file_does_not_touch_has_no_reading(tmp_path: Path) -> None:
    assert hourly.readings(read(write(tmp_path, {0: "1"})), Month.parse("2023-03"), "mean") == []


def test_an_unknown_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnergyError, match="none of refuse, mean, max"):
        hourly.readings(read(write(tmp_path, {0: "1"})), FEBRUARY, "zero")


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("2023-02-01T00:00Z,5", "same hour as hours.csv:2"),
        ("2023-02-01T00:30Z,5", "not the start of an hour"),
        ("2023-02-01T05:00-05:00,5", "not the start of an hour"),
        ("2023-02-30T05:00Z,5", "not the start of an hour"),
        ("2023-02-01T24:00Z,5", "not the start of an hour"),
        ("2023-02-01T06:00Z,-5", "negative"),
        ("2023-02-01T06:00Z,nan", "no amount"),
        ("2023-02-01T06:00Z", "1 cells under 2 columns"),
    ],
)
def test_a_row_that_is_no_hour_is_rejected_with_its_row(tmp_path: Path, row: str, what: str) -> None:
    with pytest.raises(EnergyError) as caught:
        read(write(tmp_path, {0: "1"}, extra=row + "\n"))
    assert caught.value.where == "hours.csv:3" and what in caught.value.what


def test_a_table_of_both_values_or_of_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    for header in ("hour_start_utc,energy_wh,power_w\n2023-02-01T00:00Z,1,1\n", "hour_start_utc\n2023-02-01T00:00Z\n"):
        path.write_text(header)
        with pytest.raises(EnergyError, match="one of energy_wh or power_w"):
            read(path)


def test_meters_may_stand_in_the_file_and_must_be_named_somewhere(tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    path.write_text("hour_start_utc,energy_wh,utility,meter\n2023-02-01T00:00Z,1,u,b\n2023-02-01T00:00Z,2,u,a\n")
    readings = hourly.readings(hourly.read(path), FEBRUARY, "max")
    assert [(reading.meter, reading.energy_wh) for reading in readings] == [("a", 1344), ("b", 672)]
    with pytest.raises(EnergyError, match="no name"):
        hourly.read(write(tmp_path, {0: "1"}))


def test_one_meters_month_comes_from_one_file(tmp_path: Path) -> None:
    hours = read(write(tmp_path, dict.fromkeys(range(300), "1")))
    other = tmp_path / "other"
    other.mkdir()
    hours += read(write(other, dict.fromkeys(range(300, 672), "1")))
    with pytest.raises(EnergyError, match="several files"):
        hourly.readings(hours, FEBRUARY, "refuse")


def test_the_first_hour_of_the_next_month_does_not_count(tmp_path: Path) -> None:
    path = write(tmp_path, dict.fromkeys(range(672), "1"), extra="2023-03-01T00:00Z,50\n2023-01-31T23:00Z,50\n")
    (reading,) = hourly.readings(read(path), FEBRUARY, "refuse")
    assert (reading.energy_wh, reading.hours_present, reading.rows) == (672, 672, (2, 673))


def test_an_hours_quality_is_read_and_a_grade_that_is_none_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "hours.csv"
    table.write_text("hour_start_utc,energy_wh,quality\n2024-03-01T00:00Z,1,C\n2024-03-01T01:00Z,1,\n")
    assert [hour.quality for hour in hourly.read(table, "U", "1")] == ["C", "A"]
    table.write_text("hour_start_utc,energy_wh,quality\n2024-03-01T00:00Z,1,E\n")
    with pytest.raises(EnergyError, match=r"hours\.csv:2: quality 'E'"):
        hourly.read(table, "U", "1")


def test_hours_are_written_as_the_table_that_is_read_again(tmp_path: Path) -> None:
    """Millionths of a Wh are rounded up; an hour that is covered in part is missing."""
    table = tmp_path / "hours.csv"
    energies = [Fraction(1, 3), None, Fraction(7), Fraction(5)]
    hours = [
        hourly.Hour('U, "the" one', "1", 3600 * at, wh, "log", "0" * 64, 1, 1800 if wh == 5 else 3600, quality="B")
        for at, wh in enumerate(energies)
    ]
    table.write_text(hourly.table_of(reversed(hours)))
    found = hourly.read(table)
    assert [hour.energy_wh for hour in found] == [Fraction(333_334, 1_000_000), None, Fraction(7), None]
    assert {(hour.utility, hour.quality) for hour in found} == {('U, "the" one', "B")}
    assert hourly.table_of(found) == table.read_text()
