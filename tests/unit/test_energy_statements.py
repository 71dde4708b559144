"""A month that was read from any form of file is stated, and stated again by who checks it with the same file."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest

from carbon_tokens.energy import Reading, bills, hourly
from carbon_tokens.factors.rate import Rate
from carbon_tokens.periods import Month
from carbon_tokens.statements import FactorReference, MethodReference, build, check
from tests import espi_feeds as espi

MARCH = Month.parse("2012-03")
RATE = Rate("eGRID", 2012, "r", "subregion", "CAMX", "", Decimal(1), None, None, Decimal(500), None, "x", "cd" * 32)


def green_button(folder: Path) -> Reading:
    path = folder / "usage.xml"
    path.write_text(espi.one_meter(espi.hourly([5] * 740)))
    return hourly.readings(hourly.read(path, "SDG&E", "number on the bill"), MARCH, "max")[0]


def intervals(folder: Path) -> Reading:
    path = folder / "usage.json"
    first = dt.datetime(2012, 3, 1, tzinfo=dt.UTC)
    stamps = [(first + dt.timedelta(hours=hour)).isoformat() for hour in range(745)]
    readings = [{"start": start, "end": end, "kwh": 0.005} for start, end in pairwise(stamps)]
    path.write_text(
        json.dumps({"intervals": [{"utility": "u", "base": {"meter_numbers": ["1"]}, "readings": readings}]})
    )
    return hourly.readings(hourly.read(path), MARCH, "refuse")[0]


def workbook(folder: Path) -> Reading:
    book = openpyxl.Workbook()
    book.active.append(["meter", "utility", "from", "thru", "kwh"])
    book.active.append(["1", "u", dt.date(2012, 2, 16), dt.date(2012, 3, 15), 29.5])
    book.save(folder / "bills.xlsx")
    return bills.readings(bills.read(folder / "bills.xlsx"), MARCH)[0]


@pytest.mark.parametrize(
    ("taken", "energy_wh"), [(green_button, 744 * 5), (intervals, 744 * 5), (workbook, 15_259)]
)  # 29,500 Wh x 15/29 = 15,258.6
def test_a_statement_follows_from_the_file_and_no_longer_if_the_file_is_changed(
    tmp_path: Path, taken: object, energy_wh: int
) -> None:
    reading = taken(tmp_path)  # type: ignore[operator]
    statement = build(reading, FactorReference.of(RATE), facility=7, method=MethodReference.shipped())
    assert statement.energy_wh == energy_wh and check(statement, tmp_path) == []
    with (tmp_path / reading.file).open("ab") as file:
        file.write(b"\n")
    assert len(check(statement, tmp_path)) >= 1
