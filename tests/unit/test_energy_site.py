"""Readings, a stated PUE, and the readings of a site's month."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from carbon_tokens.energy import Reading, SiteEnergy, apply_pue
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month

JUNE = Month.parse("2024-06")


def reading(**changes: Any) -> Reading:
    values: dict[str, Any] = {
        **{"utility": "u", "meter": "m", "start": JUNE.start, "end": JUNE.end, "energy_wh": 1_000_001},
        **{"kind": "bills", "file": "b.csv", "source_file_sha256": "ab" * 32, "rows": (2, 2), "quality": "A"},
    }
    return Reading(**(values | changes))


def test_a_pue_raises_the_energy_rounds_up_and_is_recorded() -> None:
    raised = apply_pue(reading(), Decimal("1.93"), "datasheet")
    assert (raised.energy_wh, raised.pue, raised.before_pue_wh) == (1_930_002, "1.93", 1_000_001)
    assert raised.note == "x PUE 1.93 (datasheet)"


def test_a_pue_of_one_changes_no_energy() -> None:
    assert apply_pue(reading(), "1", "stated").energy_wh == 1_000_001


@pytest.mark.parametrize("pue", ["0.99", "0", "-1", "NaN", "inf", "1,5", "1e1", ""])
def test_a_pue_below_one_or_that_is_no_number_is_refused(pue: str) -> None:
    with pytest.raises(EnergyError, match="no PUE"):
        apply_pue(reading(), pue, "stated")


def test_a_pue_is_applied_once() -> None:
    with pytest.raises(EnergyError, match="applied already"):
        apply_pue(apply_pue(reading(), "1.5", "stated"), "1.5", "stated")


@pytest.mark.parametrize(
    "changes",
    [
        {"end": JUNE.start},
        {"end": JUNE.end + 1},
        {"start": -1},
        {"energy_wh": -1},
        {"quality": "E"},
        {"source_file_sha256": "x"},
    ],
)
def test_a_reading_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EnergyError, match=r"b\.csv:2"):
        reading(**changes)


def test_a_sites_energy_is_the_sum_of_its_meters_and_of_its_grades() -> None:
    site = SiteEnergy("x", JUNE, (reading(), reading(meter="n", energy_wh=5, quality="C")))
    assert (site.energy_wh, site.energy_by_quality) == (1_000_006, {"A": 1_000_001, "C": 5})


def test_a_site_refuses_a_reading_of_another_month_and_a_meter_read_twice() -> None:
    with pytest.raises(EnergyError, match="a reading of 2024-06 in 2024-07"):
        SiteEnergy("x", Month.parse("2024-07"), (reading(),))
    with pytest.raises(EnergyError, match="read twice"):
        SiteEnergy("x", JUNE, (reading(), replace(reading(meter="M"), start=JUNE.end - 1)))
    halves = (reading(end=JUNE.start + 1), reading(start=JUNE.start + 1))
    assert SiteEnergy("x", JUNE, halves).energy_wh == 2_000_002
