"""What a file of electricity holds: the kind is recognised from the content, nothing is dropped silently."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from carbon_tokens.energy import bill_template, files
from carbon_tokens.errors import EnergyError
from tests import espi_feeds as espi

BILLS = "meter,utility,from,thru,kwh,quality\n1,u,2024-01-16,2024-02-14,30,\n1,u,2024-02-15,2024-02-29,0.5,C\n"
HOURS = "hour_start_utc,energy_wh\n2024-01-01T00:00Z,1.5\n2024-01-01T01:00Z,\n2024-01-01T02:00Z,2\n"


def file(folder: Path, text: str, name: str = "anything") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_bills_are_counted_and_added_up(tmp_path: Path) -> None:
    found = files.content(file(tmp_path, BILLS))
    assert (found.kind, found.rows, found.hours, found.energy_wh, found.quality) == ("bills", 2, 0, 30_500, "C")
    assert (found.start, found.end) == ("2024-01-16T00:00:00Z", "2024-03-01T00:00:00Z")


def test_hours_are_counted_without_those_that_are_missing(tmp_path: Path) -> None:
    found = files.content(file(tmp_path, HOURS))
    assert (found.kind, found.rows, found.hours, found.energy_wh, found.quality) == ("hourly", 2, 2, 4, "A")
    assert (found.start, found.end) == ("2024-01-01T00:00:00Z", "2024-01-01T03:00:00Z")


def test_a_green_button_file_lists_its_gas_and_what_was_received(tmp_path: Path) -> None:
    text = espi.feed(
        espi.point("E"), espi.point("G", kind="1"), espi.reading_type(), espi.reading_type("R", flowDirection="19"),
        espi.meter("E"), espi.meter("E", "2", kind="R"), espi.meter("G"),
        espi.block(espi.hourly([5, 6]), "E"), espi.block(espi.hourly([2]), "E", "2"), espi.block(espi.hourly([9]), "G"),
    )  # fmt: skip
    found = files.content(file(tmp_path, text))
    assert (found.kind, found.meters, found.rows, found.hours, found.energy_wh) == ("green-button", ("E",), 2, 2, 11)
    assert [what for _, what in found.rejected] == ["usage point G is gas (ServiceKind 1)", "received energy, 2 Wh"]
    assert (found.start, found.end) == ("2012-03-01T00:00:00Z", "2012-03-01T02:00:00Z")


def test_a_file_of_gas_only_holds_nothing_and_says_why(tmp_path: Path) -> None:
    text = espi.feed(espi.point(kind="1"), espi.meter(), espi.reading_type(), espi.block(espi.hourly([9])))
    found = files.content(file(tmp_path, text))
    assert (found.rows, found.hours, found.energy_wh, found.start, found.quality) == (0, 0, 0, "", "")
    assert len(found.rejected) == 1


def test_an_answer_of_intervals_is_recognised(tmp_path: Path) -> None:
    reading = {"start": "2024-01-01T00:00:00+00:00", "end": "2024-01-01T00:30:00+00:00", "kwh": 0.25}
    answer = {"intervals": [{"utility": "u", "base": {"meter_numbers": ["1"]}, "readings": [reading]}], "next": "2"}
    found = files.content(file(tmp_path, json.dumps(answer)))
    assert (found.kind, found.rows, found.hours, found.energy_wh) == ("utility-api", 1, 1, 250)
    assert found.warnings == ("this is one page of several",)


def test_a_workbook_is_recognised_by_the_columns_of_a_sheet(tmp_path: Path) -> None:
    bill_template.write(path := tmp_path / "form")
    assert files.kind_of(path) == "bills"


def test_the_kind_can_be_stated_and_must_then_fit(tmp_path: Path) -> None:
    path = file(tmp_path, BILLS)
    assert files.content(path, "bills").rows == 2
    with pytest.raises(EnergyError, match="missing column 'hour_start_utc'"):
        files.content(path, "hourly")
    with pytest.raises(EnergyError, match="kind 'meter' is none of green-button, utility-api, bills, hourly"):
        files.content(path, "meter")


def test_a_file_of_something_else_is_refused_with_the_kinds_that_are_known(tmp_path: Path) -> None:
    for text in ("", "a,b\n1,2\n", "%PDF-1.7"):
        with pytest.raises(EnergyError, match="no file of electricity that is known here"):
            files.content(file(tmp_path, text))
    with pytest.raises(EnergyError, match="cannot be read"):
        files.content(tmp_path / "none")


def test_a_file_that_names_no_usage_point_is_read_all_the_same(tmp_path: Path) -> None:
    text = re.sub(r'<link rel="(self|up)" href="/User[^>]*/>', "", espi.one_meter(espi.hourly([1500] * 4)))
    path = tmp_path / "feed.xml"
    path.write_text(text)
    found = files.content(path)
    assert (found.energy_wh, found.hours, found.meters) == (6000, 4, ())
