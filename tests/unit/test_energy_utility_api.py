"""UtilityAPI's answers: bills and intervals, exact decimals, and what is refused or left out by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from carbon_tokens.energy import bills, hourly, utility_api
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month

Written = Callable[[object], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(content: object) -> Path:
        path = tmp_path / "answer.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def bill(first: str = "2015-01-07", last: str = "2015-02-05", kwh: object = 837.25, **base: object) -> dict[str, Any]:
    dates = {
        "bill_start_date": f"{first}T00:00:00.000000-08:00",
        "bill_end_date": f"{last}T00:00:00.000000-08:00",
    }
    stated = {"meter_numbers": ["A987"], "bill_total_kwh": kwh, "bill_total_unit": "kwh"} | dates | base
    sources = [{"type": "pdf", "raw_url": "https://example.org/bill.pdf"}]
    return {"utility": "DEMO", "meter_uid": "m1", "base": stated, "sources": sources}


def interval(
    *readings: tuple[str, str, object], meter: str = "A987", qualities: tuple[str, ...] = ()
) -> dict[str, Any]:
    listed = [{"start": f"{start}-08:00", "end": f"{end}-08:00", "kwh": kwh} for start, end, kwh in readings]
    return {"utility": "DEMO", "base": {"meter_numbers": [meter], "qualities": list(qualities)}, "readings": listed}


QUARTER = ("2015-01-07T00:00:00", "2015-01-07T00:15:00")


def refusal(path: Path) -> str:
    with pytest.raises(EnergyError) as caught:
        utility_api.read(path)
    return str(caught.value)


def test_a_bill_has_the_days_that_are_printed_on_it_and_exact_energy(written: Written) -> None:
    (found,) = bills.read(written({"bills": [bill()]}))
    assert (found.utility, found.meter, found.first, found.last) == ("DEMO", "A987", date(2015, 1, 7), date(2015, 2, 5))
    assert (found.energy_wh, found.where, found.uri) == (837_250, "answer.json:1", "https://example.org/bill.pdf")


def test_a_decimal_is_not_taken_through_binary_floating_point(written: Written) -> None:
    """0.283 kWh is 283 Wh; as a float it would be 282.99999999999994 Wh, and a bill of 0.1 + 0.2 kWh 301 Wh."""
    path = written(json.dumps({"bills": [bill()]}).replace("837.25", "0.283"))
    assert bills.read(path)[0].energy_wh == 283


def test_the_day_of_the_reading_can_be_the_first_of_the_next_bill(written: Written) -> None:
    path = written({"bills": [bill(), bill("2015-02-05", "2015-03-05")]})
    assert "read it with the last day exclusive" in refusal(path)
    found = utility_api.read(path, last_day="exclusive").bills
    assert [each.last for each in found] == [date(2015, 2, 4), date(2015, 3, 4)]


def test_a_bill_of_gas_is_left_out_by_name(written: Written) -> None:
    path = written({"bills": [bill(bill_total_unit="therms"), bill()]})
    found = utility_api.read(path)
    assert [each.row for each in found.bills] == [2]
    assert found.left_out == (("answer.json:1", "a bill in 'therms', not kWh"),)
    with pytest.raises(EnergyError, match=r"no electricity bill .*therms"):
        bills.read(written({"bills": [bill(bill_total_unit="therms")]}))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"kwh": None}, "bill_total_kwh None is no number"),
        ({"kwh": "837"}, "bill_total_kwh '837' is no number"),
        ({"kwh": True}, "bill_total_kwh True is no number"),
        ({"kwh": -1}, "negative amount -1 kWh"),
        ({"kwh": 10**14}, "more than the ledger can hold"),
        ({"last": "2015-01-06"}, "the bill ends (2015-01-06) before it starts"),
        ({"bill_start_date": "2015-01-07"}, "bill_start_date '2015-01-07' is no time with an offset"),
        ({"bill_start_date": "2015-02-30T00:00:00-08:00"}, "is no time with an offset"),
        ({"bill_start_date": None}, "bill_start_date None is no time"),
        ({"meter_numbers": [""]}, "no meter_numbers"),
        ({"meter_numbers": "A987"}, "meter_numbers is no list"),
        ({"bill_total_volume": 5}, "bill_total_kwh 837.25 is not bill_total_volume 5"),
    ],
)
def test_a_bill_that_is_none_is_refused_with_its_place(written: Written, change: dict[str, Any], what: str) -> None:
    message = refusal(written({"bills": [bill(**change)]}))
    assert what in message and message.startswith("answer.json:1: ")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no readable JSON"),
        ("{", "no readable JSON"),
        ("[]", "neither bills nor intervals"),
        ("{}", "neither bills nor intervals"),
        ('{"bills": {}}', "bills is no list"),
        ('{"bills": [1]}', "it is no object"),
        ('{"bills": [], "bills": []}', "a key stands twice"),
        ('{"bills": [{"base": {"bill_total_kwh": NaN}}]}', "NaN is no number"),
        ('{"bills": ' + "[" * 200 + "]" * 200 + "}", "nests deeper than 100"),
    ],
)
def test_a_file_that_is_no_answer_is_refused(written: Written, text: str, what: str) -> None:
    assert what in refusal(written(text))


def test_a_number_with_a_huge_exponent_is_refused_before_it_is_expanded(written: Written) -> None:
    for number in ("1e999999999", "1e-999999999"):
        text = json.dumps({"bills": [bill()]}).replace("837.25", number)
        assert "out of range" in refusal(written(text))


def test_readings_become_hours_of_their_meter(written: Written) -> None:
    path = written({"intervals": [interval((*QUARTER, 0.283), (QUARTER[1], "2015-01-07T01:00:00", 0.85))]})
    (hour,) = hourly.read(path)
    assert (hour.utility, hour.meter, hour.energy_wh, hour.covered_s) == ("DEMO", "A987", Fraction(1133), 3600)
    assert hour.start == 1_420_617_600  # 2015-01-07T08:00Z


def test_a_quality_other_than_revenue_is_grade_b(written: Written) -> None:
    for qualities, grade in (((), "A"), (("revenue",), "A"), (("revenue", "estimated"), "B")):
        (hour,) = hourly.read(written({"intervals": [interval((*QUARTER, 1), qualities=qualities)]}))
        assert hour.quality == grade


def test_a_reading_without_a_value_is_left_out_and_its_time_missing(written: Written) -> None:
    path = written({"intervals": [interval((*QUARTER, 1), (QUARTER[1], "2015-01-07T01:00:00", None))]})
    assert utility_api.read(path).left_out == (("answer.json:1", "reading 2 without a value"),)
    (hour,) = hourly.read(path)
    assert hour.covered_s == 900 and not hour.complete
    with pytest.raises(EnergyError, match="744 of 744 hours"):
        hourly.readings([hour], Month.parse("2015-01"), "refuse")


def test_delivered_energy_is_taken_where_a_reading_gives_it_beside_the_net(written: Written) -> None:
    one = interval((*QUARTER, 1.5))
    one["readings"][0]["datapoints"] = [
        {"type": "net", "unit": "kwh", "value": 1.5}, {"type": "rev", "unit": "kwh", "value": 0.5},
    ]  # fmt: skip
    assert "net of feed-in" in refusal(written({"intervals": [one]}))
    one["readings"][0]["datapoints"].append({"type": "fwd", "unit": "kwh", "value": 2.0})
    assert hourly.read(written({"intervals": [one]}))[0].energy_wh == 2000


def test_two_meters_are_two_and_each_can_be_named(written: Written) -> None:
    path = written({"intervals": [interval((*QUARTER, 1)), interval((*QUARTER, 2), meter="B1")]})
    assert {hour.meter: hour.energy_wh for hour in hourly.read(path)} == {"A987": 1000, "B1": 2000}
    assert [hour.energy_wh for hour in hourly.read(path, meter="B1")] == [2000]
    with pytest.raises(EnergyError, match="'C' is none of A987, B1"):
        hourly.read(path, meter="C")


def test_readings_that_overlap_or_contradict_are_refused(written: Written) -> None:
    late = ("2015-01-07T00:10:00", "2015-01-07T00:20:00", 1)
    assert "overlaps" in refusal(written({"intervals": [interval((*QUARTER, 1), late)]}))
    assert "another amount" in refusal(written({"intervals": [interval((*QUARTER, 1)), interval((*QUARTER, 2))]}))
    again = utility_api.read(written({"intervals": [interval((*QUARTER, 1)), interval((*QUARTER, 1))]}))
    assert again.meters[0].repeats == 1


def test_a_page_of_several_says_so(written: Written) -> None:
    assert utility_api.read(written({"bills": [bill()], "next": "https://example.org/2"})).more
    assert not utility_api.read(written({"bills": [bill()], "next": None})).more


def test_a_file_of_bills_has_no_hours(written: Written) -> None:
    with pytest.raises(EnergyError, match="no intervals of electricity"):
        hourly.read(written({"bills": [bill()]}))
