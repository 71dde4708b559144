"""Damaged files of utilities: every one is read or refused by a named error, whatever was done to it."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_tokens.energy import bills, green_button, hourly, utility_api
from carbon_tokens.errors import CarbonTokensError, EnergyError
from tests import espi_feeds as espi

MOST = settings.default.max_examples if settings.default else 100
SLOW = settings(max_examples=MOST, suppress_health_check=[HealthCheck.too_slow], deadline=None)
FEED = espi.feed(
    espi.point("E"), espi.point("G", kind="1"),
    espi.reading_type(flowDirection="1"), espi.reading_type("R", flowDirection="19"),
    espi.meter("E"), espi.meter("E", "2", kind="R"), espi.meter("G"),
    espi.block([*espi.hourly([5, 6]), espi.reading(espi.START + 7200, 900, 3, "<e:cost>7</e:cost>")], "E"),
    espi.block(espi.hourly([2]), "E", "2"), espi.block(espi.hourly([99]), "G"),
    espi.local_time(-28_800),
    espi.entry("<e:UsageSummary><e:billingPeriod><e:duration>7200</e:duration><e:start>1</e:start></e:billingPeriod>"
               "<e:overallConsumptionLastPeriod><e:powerOfTenMultiplier>0</e:powerOfTenMultiplier><e:uom>72</e:uom>"
               "<e:value>11</e:value></e:overallConsumptionLastPeriod></e:UsageSummary>", "/User/9/UsagePoint/E/S/1"),
)  # fmt: skip
ANSWER = {
    "bills": [{
        "utility": "DEMO", "meter_uid": "m", "sources": [{"type": "pdf", "raw_url": "a"}],
        "base": {"meter_numbers": ["A9"], "bill_start_date": "2015-01-07T00:00:00.000000-08:00",
                 "bill_end_date": "2015-02-05T00:00:00-08:00", "bill_total_kwh": 837.25, "bill_total_unit": "kwh"},
    }],
    "intervals": [{
        "utility": "DEMO", "meter_uid": "m", "base": {"meter_numbers": ["A9"], "qualities": ["revenue"]},
        "readings": [{"start": "2015-01-07T00:00:00-08:00", "end": "2015-01-07T00:15:00-08:00", "kwh": 0.283,
                      "datapoints": [{"type": "fwd", "unit": "kwh", "value": 0.283}]}],
    }],
    "next": None,
}  # fmt: skip
VALUES = [
    "",
    " ",
    "-1",
    "1e9",
    "1e999999",
    "NaN",
    "0",
    "72",
    "19",
    "4",
    "٣",
    "FFFFFFFF",
    "00000000",
    "9" * 400,
    "-0.0",
    "\n",
]


def mutated(data: st.DataObject, text: str) -> bytes:
    """A text after a few changes: a value replaced, a piece cut out, doubled or moved, a byte changed."""
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, max(len(text) - 1, 0)))
        end = min(len(text), start + data.draw(st.integers(1, 200)))
        way = data.draw(st.sampled_from(["cut", "double", "move", "letter", "value", "line"]))
        if way == "cut":
            text = text[:start] + text[end:]
        elif way == "double":
            text = text[:end] + text[start:end] + text[end:]
        elif way == "move":
            text = text[:start] + text[end:] + text[start:end]
        elif way == "letter":
            text = text[:start] + data.draw(st.characters()) + text[start + 1 :]
        elif way == "value":
            opened = text.find(">", start)
            closed = text.find("<", opened)
            if -1 < opened < closed:
                text = text[: opened + 1] + data.draw(st.sampled_from(VALUES)) + text[closed:]
        else:
            lines = text.split("\n")
            at = data.draw(st.integers(0, len(lines) - 1))
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
            text = "\n".join(lines)
    return text.encode("utf-8", "surrogatepass")


def in_file(data: bytes, name: str) -> Path:
    path = Path(tempfile.mkdtemp(prefix="fuzz-")) / name
    path.write_bytes(data)
    return path


def forgotten(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()


@SLOW
@given(st.data())
def test_damaged_green_button_files_are_read_or_refused_by_name(data: st.DataObject) -> None:
    path = in_file(mutated(data, FEED), "f.xml")
    try:
        found = green_button.read(path)
        for channel in found.channels:
            taken = found.hours("u", channel.usage_point, flow=channel.flow, reading=channel.reading)
            chosen = [each for each in found.channels if (each.usage_point, each.flow, each.reading) ==
                      (channel.usage_point, channel.flow, channel.reading)]  # fmt: skip
            assert sum(hour.energy_wh or 0 for hour in taken) == sum(each.energy_wh for each in chosen)
    except EnergyError as error:
        assert error.what
    finally:
        forgotten(path)


@SLOW
@given(st.binary(max_size=200))
def test_any_bytes_are_no_bill_and_no_hours_but_an_error(content: bytes) -> None:
    for start in (b"", b"<", b"{", b"PK\x03\x04", b"\xff\xfe"):
        path = in_file(start + content, "f")
        try:
            for read in (green_button.read, bills.read, hourly.read, utility_api.read):
                try:
                    read(path)
                except CarbonTokensError as error:
                    assert error.what
        finally:
            forgotten(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["kwh", "2015-01-07T00:00:00-08:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in items for found in places(each, (*path, key)))]


@SLOW
@given(st.data())
def test_answers_with_another_value_anywhere_are_read_or_refused_by_name(data: st.DataObject) -> None:
    answer = json.loads(json.dumps(ANSWER))
    *way, last = data.draw(st.sampled_from(places(answer)[1:]))
    inside = answer
    for key in way:
        inside = inside[key]
    inside[last] = data.draw(json_values)
    path = in_file(json.dumps(answer).encode(), "f.json")
    try:
        found = utility_api.read(path)
        assert all(bill.energy_wh >= 0 for bill in found.bills)
        found.hours()
    except EnergyError as error:
        assert error.what
    finally:
        forgotten(path)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["meter", "utility", "from", "thru", "kwh"])
    sheet.append(["A9", "DEMO", "2015-01-07", "2015-02-05", 837.25])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


WORKBOOK = workbook()


@SLOW
@given(st.integers(0, len(WORKBOOK) - 1), st.binary(min_size=1, max_size=8), st.integers(0, len(WORKBOOK)))
def test_damaged_workbooks_are_read_or_refused_by_name(at: int, new: bytes, end: int) -> None:
    path = in_file((WORKBOOK[:at] + new + WORKBOOK[at + len(new) :])[: max(end, 4)], "f.xlsx")
    try:
        assert [bill.energy_wh for bill in bills.read(path)] == [837_250]
    except EnergyError as error:
        assert error.what
    finally:
        forgotten(path)
