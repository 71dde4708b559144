"""Redemption statements of the I-REC registry (Evident): devices, and for each the ranges of certificates redeemed.

Bold type is drawn twice, so that headings and names stand in the text twice; figures of the tables stand in it once.
Thousands are parted by blanks. A redemption gives the certificates to the beneficiary for good: it is the retirement.
"""

from __future__ import annotations

import re

from carbon_tokens.registries.entries import Found, Row, day, vintage
from carbon_tokens.registries.pdf_sheet import COUNT, Sheet, first, once, plain
from carbon_tokens.registries.pdf_text import Document
from carbon_tokens.registries.rec_forms import irec_span

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SERIAL = r"[0-9]{4}(?:-[0-9]{4}){3}(?:\.[0-9]{6})?"
_RANGE = re.compile(
    rf"(?P<from_id>{_SERIAL})\s+(?P<to_id>{_SERIAL})\s+(?P<volume>(?:{COUNT})(?:\.[0-9]{{1,6}})?)\s+"
    rf"(?:(?P<offset>[A-Za-z/]+)\s+)?(?P<start>{_DAY})\s+-\s+(?P<end>{_DAY})"
)
_DEVICE = re.compile(rf"MWh\)\n(?:MWh\)\n)?(?P<cells>(?:[^\n]+\n){{4,12}}?){_DAY}\n")
_CELLS = ("country", "energy", "technology", "supported")  # the last cells of a device, behind its name


def irec_sheets(document: Document) -> tuple[Sheet, ...]:
    """One sheet with a line for each range of each device."""
    text = document.text
    rows = [
        {**device, **match.groupdict(""), **_common(text)}
        for part in re.split(r"(?:Production Device Details\s+)+", text)[1:]
        for device in [_device(part)]
        for match in _RANGE.finditer(part)
    ]
    serials = len(re.findall(_SERIAL, text))
    faults = () if serials == 2 * len(rows) else (f"it lists {serials} serials, but {len(rows)} ranges of two",)
    total = first(rf"I-REC Certificates, representing ((?:{COUNT})(?:\.[0-9]{{1,6}})?)\s+MWh", text)
    return (Sheet(tuple(rows), (total,) if total else (), faults),)


def _common(text: str) -> dict[str, str]:
    """What the first page states, whose lines in bold type stand there twice."""
    named = re.search(r"produced for\n(.*?)\nby\n", text, re.DOTALL)
    purpose = re.search(r"Redemption Purpose is\n(.*?)\nQR Code", text, re.DOTALL)
    place = re.search(r"located at or in\n(.*?)\nin respect of", text, re.DOTALL)
    days = re.findall(_DAY, first(r"reporting period\n(.*?)\nThe stated", text))
    return {
        "beneficiary": once(named[1].splitlines()) if named else "",
        "purpose": once(purpose[1].splitlines()) if purpose else "",
        "place": once(place[1].splitlines()) if place else "",
        "use": f"{min(days)} to {max(days)}" if days else "not stated",
        "url": first(r"(https://\S+)", text),
    }


def _device(part: str) -> dict[str, str]:
    match = _DEVICE.search(part)
    cells = match["cells"].splitlines() if match else []
    name, found = cells[: -len(_CELLS)], dict(zip(_CELLS, cells[-len(_CELLS) :], strict=False))
    return {"device": once(name), "energy": "", **found}


def irec_line(row: Row) -> Found:
    """Fields of a range of a device."""
    offset = f"; offset attributes {row['offset']}" if row["offset"] else ""
    return {
        "source": row["device"], "name": row["device"], **irec_span(row["from_id"], row["to_id"], plain(row["volume"])),
        **vintage(day(row["start"]), day(row["end"])), "technology": row["energy"].lower(), "place": row["place"],
        "beneficiary": row["beneficiary"],
        "details": f"redeemed for {row['purpose']}; period of use {row['use']}{offset}; {row['url']}",
    }  # fmt: skip
