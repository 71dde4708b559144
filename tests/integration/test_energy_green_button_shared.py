"""Green Button and UtilityAPI files as utilities publish them, against what they and others say of them."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from carbon_tokens.energy import bills, green_button, hourly, utility_api
from carbon_tokens.energy.bills import Bill
from carbon_tokens.energy.reconciliation import compare
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared"))
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")
COASTAL = "Coastal_Multi_Family_12hr_Jan_1_2011_to_Jan_1_2012_RetailCustomer_3"
NINE_DAYS = "TestGBDataHourlyNineDaysBinnedDaily"
EXPECTED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\+00:00, 1:00:00: (\d+) Wh(?:\(\$([0-9.]+)\))?")


def shared(name: str, folder: str = "green_button") -> Path:
    path = SHARED / "data" / folder / name
    if not path.exists():
        pytest.skip(f"not in the shared data: {folder}/{name}")
    return path


@pytest.mark.parametrize(
    ("name", "usage_point", "count", "hours", "energy_wh", "grades"),
    [
        ("sdge_export_2019-10.xml", "01", 552, 552, 351_425, "A"),
        (f"{COASTAL}.xml", "1", 8760, 8760, 4_425_305, "A"),
        (f"{NINE_DAYS}.xml", "2", 216, 216, 199_563, "A"),
        ("electric_containerized.xml", "1", 8, 8, 4086, "A"),
        ("gba_test_usage_data_15min.xml", "5446AF3F", 1340, 335, 1_391_666, "AB"),
    ],
)
def test_each_real_file_has_its_readings_hours_and_energy(
    name: str, usage_point: str, count: int, hours: int, energy_wh: int, grades: str
) -> None:
    found = green_button.read(shared(name))
    (channel,) = found.channels
    assert (channel.usage_point, len(channel.intervals), channel.energy_wh) == (usage_point, count, energy_wh)
    assert (found.left_out, found.rejected, channel.repeats) == ((), (), 0)
    taken = hourly.read(shared(name), "utility")
    assert len(taken) == hours and sum(hour.energy_wh or 0 for hour in taken) == energy_wh
    assert {hour.covered_s for hour in taken} == {3600} and {hour.quality for hour in taken} == set(grades)


@pytest.mark.parametrize("name", [COASTAL, NINE_DAYS])
def test_every_hour_and_cost_is_the_one_that_another_reader_finds(name: str) -> None:
    lines = EXPECTED.findall(shared(f"{name}.expected.txt").read_text())
    (channel,) = green_button.read(shared(f"{name}.xml")).channels
    ours = [
        (f"{datetime.fromtimestamp(each.start, UTC):%Y-%m-%d %H:%M:%S}", each.energy_wh, each.cost)
        for each in channel.intervals
    ]
    assert ours == [(stamp, Fraction(energy), Fraction(cost) if cost else None) for stamp, energy, cost in lines]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("sdge_export_2019-10.xml", (351_425,)),
        (f"{NINE_DAYS}.xml", (199_563,)),
        ("gba_test_usage_data_15min.xml", (1_298_640, 93_026)),
    ],
)
def test_the_readings_add_up_to_what_the_file_itself_says_was_billed(name: str, parts: tuple[int, ...]) -> None:
    """The quarter-hour file reaches from its last bill, 1,298,640 Wh, into the current one, 93,026 Wh."""
    found = green_button.read(shared(name))
    (channel,), (summary,) = found.channels, found.summaries
    assert (summary.last_wh, summary.current_wh)[: len(parts)] == parts
    assert channel.energy_wh == sum(parts)


def test_edited_and_estimated_readings_are_grade_b() -> None:
    (channel,) = green_button.read(shared("gba_test_usage_data_15min.xml")).channels
    assert [each.row for each in channel.intervals if each.quality == "B"] == [144, 156]


def test_a_file_of_gas_bills_holds_no_electricity_and_says_so() -> None:
    path = shared("opower_ngma_gas_billing_2021_2024.xml")
    found = green_button.read(path)
    assert found.channels == () and [what for _, what in found.left_out] == [
        "usage point NET_USAGE is gas (ServiceKind 1)"
    ]
    with pytest.raises(EnergyError, match=r"holds no delivered electricity .*gas"):
        hourly.read(path, "National Grid")


def test_the_bad_file_is_an_error_with_the_line_of_its_root() -> None:
    with pytest.raises(EnergyError) as caught:
        green_button.read(shared("1hrLP_32DaysM_D000_BAD.xml"))
    assert caught.value.where == "1hrLP_32DaysM_D000_BAD.xml:53"


def test_a_month_of_the_year_long_file_is_complete_and_needs_no_policy() -> None:
    """The year is that of California: 2011-01-01T08:00Z to 2012-01-01T08:00Z."""
    hours = hourly.read(shared(f"{COASTAL}.xml"), "utility", "number on the bill")
    months = [Month.parse(f"2011-{number:02d}") for number in range(2, 13)]
    found = [hourly.readings(hours, month, "refuse")[0] for month in months]
    assert {reading.quality for reading in found} == {"A"}
    edges = sum(hour.energy_wh or 0 for hour in hours if Month.of(hour.start) not in months)
    assert sum(reading.energy_wh for reading in found) + edges == 4_425_305
    with pytest.raises(EnergyError, match="8 of 744 hours of 2011-01 missing"):
        hourly.readings(hours, Month.parse("2011-01"), "refuse")


def test_the_exports_local_clock_is_suspected_and_can_be_stated() -> None:
    """The export begins at 2019-10-01T00:00 "UTC" with an offset of 0: midnight of a clock in San Diego."""
    path = shared("sdge_export_2019-10.xml")
    found = green_button.read(path)
    assert any("may be a local clock's" in each for each in found.warnings)
    moved = green_button.read(path, zone=ZoneInfo("America/Los_Angeles"))
    assert moved.channels[0].energy_wh == 351_425
    assert moved.channels[0].intervals[0].start - found.channels[0].intervals[0].start == 7 * 3600


def test_a_bill_of_the_exports_own_days_reconciles_to_the_wh() -> None:
    first, last = datetime(2019, 10, 1).date(), datetime(2019, 10, 23).date()
    hours = hourly.read(shared("sdge_export_2019-10.xml"), "SDG&E", "01")
    bill = Bill("SDG&E", "01", first, last, 351_425, "bills.csv", "b" * 64, 2)
    (found,) = compare([bill], hours)
    assert (found.difference_wh, found.coverage) == (0, 1)
    (local,) = compare([bill], hours, ZoneInfo("America/Los_Angeles"))
    assert local.coverage == Fraction(545, 552) and local.difference_wh < 0


def test_the_documentations_bills_are_read_with_their_days_and_gaps() -> None:
    path = shared("utilityapi_doc_example_bills.json", "utility_bills")
    found = bills.read(path)
    assert [bill.energy_wh for bill in found] == [837_000, 937_000, 837_000, 727_000, 737_000, 837_000]
    assert {(bill.utility, bill.meter) for bill in found} == {("DEMO", "A987654321")}
    assert (found[0].first.isoformat(), found[0].last.isoformat()) == ("2015-01-07", "2015-02-05")
    assert [(gap.first.day, gap.last.day) for gap in bills.gaps(found)] == [(6, 6)] * 5
    assert not utility_api.read(path).more
    (march,) = [each for each in bills.readings(found, Month.parse("2015-03")) if each.rows == (2, 2)]
    assert (march.kind, march.quality, march.note) == (
        "bills",
        "B",
        "5 of 27 days of the bill 2015-02-07 to 2015-03-05",
    )


def test_a_year_of_hours_is_read_in_seconds() -> None:
    path = shared(f"{COASTAL}.xml")
    start = time.process_time()
    hourly.read(path, "utility")
    assert time.process_time() - start < 10
