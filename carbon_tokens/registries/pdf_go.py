"""Cancellations of guarantees of origin (GO): one MWh each, numbered by 30 digits that no other GO of Europe has.

Two registries' forms are known: that of Energinet (Denmark), which breaks the numbers over three lines, and that of
Statnett (Norway). Both state for each range its count, domain, fuel and technology by the codes of the EECS rules,
the period of production and the device by its GSRN. The registry on the ledger is EECS, because a GO keeps its number
wherever it is cancelled.
"""

from __future__ import annotations

import re

from carbon_tokens.registries.entries import GO_DIGITS, GO_NUMBER, Found, Row, amount, day, vintage
from carbon_tokens.registries.pdf_sheet import COUNT, Sheet, first, plain
from carbon_tokens.registries.pdf_text import Document

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CODES = r"(?P<domain>[^0-9]+?)\s+(?P<fuel>F[0-9]{8}),?\s+(?P<technology>T[0-9]{6})\s"
_ENERGINET = re.compile(
    r"[^0-9\s]\s*\n(?P<first>[0-9][0-9\s]*?)\s+To\s+(?P<rest>[0-9][0-9\s]*?)\s+"
    rf"{_CODES}\s*(?P<share>[^\s0-9]+)\s+(?P<issued>{_DAY})\s+(?P<start>{_DAY})\s+To\s+(?P<end>{_DAY})"
    r"\s+(?P<device>[0-9]{18})\s+[0-9.,]+\s+MW\s+(?P<name>[^\n]+)"
)
_STATNETT = re.compile(
    rf"(?<![0-9])(?P<first>[0-9]{{{GO_DIGITS}}})\s+(?P<last>[0-9]{{{GO_DIGITS}}})\s+(?P<volume>{COUNT})\s+{_CODES}"
    rf"\s*(?P<issued>{_DAY})\s+(?P<start>{_DAY})\s+(?P<end>{_DAY})\s+(?P<name>.+?)\s+(?P<device>[0-9]{{18}})\b",
    re.DOTALL,
)
_SOURCES = {"F01050100": "wind", "F01050200": "hydro"}  # as statements spell the codes out; others stay codes


def energinet_sheets(document: Document) -> tuple[Sheet, ...]:
    """One sheet. A transfer is written on the same form, and is no cancellation."""
    text = document.text
    common = {
        "on_behalf_of": first(r"Name of Beneficiary:\n(.*?)\nCancellation Purpose:", text),
        "purpose": first(r"Cancellation Purpose:\n(.*?)\nConsumption Period:", text),
        "use": first(rf"Consumption Period:\n({_DAY} to {_DAY})", text),
        "transaction": first(r"Transaction Number:\n([0-9]+)", text),
    }
    rows = tuple(_split({**match.groupdict(), **common}) for match in _ENERGINET.finditer(text))
    kind = first(r"Transaction Type:\n([^\n]+)", text)
    faults = () if kind == "Cancel" else (f"it is no cancellation, its transaction is {kind or 'not named'}",)
    totals = [first(rf"Total {unit}:\n({COUNT})", text) for unit in ("GO", "MWh")]
    return (Sheet(rows, tuple(filter(None, totals)), faults),)


def _split(row: dict[str, str]) -> dict[str, str]:
    """The last number and the count behind it, which stand in one run of digits over several lines."""
    digits, lines = "", row["rest"].split()
    while lines and len(digits) < GO_DIGITS:
        digits += lines.pop(0)
    return {**row, "first": "".join(row["first"].split()), "last": digits, "volume": " ".join(lines)}


def statnett_sheets(document: Document) -> tuple[Sheet, ...]:
    """One sheet, whose total stands first among the sums that it states."""
    text = document.text
    common = {
        "on_behalf_of": first(r"Name of Beneficiary (.*?)\nConsumption Start", text),
        "purpose": first(r"Cancellation Purpose (.*?)\nVolume cancelled", text),
        "use": " to ".join(first(rf"Consumption {each} ({_DAY})", text) for each in ("Start", "End")),
        "transaction": first(r"Transaction Number ([0-9]+)", text),
    }
    bundles = text.partition("Certificate Bundles cancelled")[2]
    rows = tuple({**match.groupdict(), **common} for match in _STATNETT.finditer(bundles))
    totals = [
        first(rf"Volume cancelled \(sum\) ({COUNT})", text), first(rf"proves that ({COUNT}) Guarantees of Origin", text)
    ]  # fmt: skip
    return (Sheet(rows, tuple(filter(None, totals))),)


def go_line(row: Row) -> Found:
    """Fields of a range of guarantees of origin. Raises ValueError for numbers that do not have 30 digits."""
    start, end = row["first"], row["last"]
    for number in (start, end):
        if not re.fullmatch(rf"[0-9]{{{GO_DIGITS}}}", number):
            raise ValueError(f"{number!r} is no number of a guarantee of origin: it has {GO_DIGITS} digits")
    if start[:-GO_NUMBER] != end[:-GO_NUMBER]:
        raise ValueError(f"{start} to {end} runs over two blocks of numbers: it cannot be counted")
    low, high = int(start[-GO_NUMBER:]), int(end[-GO_NUMBER:])
    return {
        "source": row["device"], "name": " ".join(row["name"].split()), "serial_from": low, "serial_thru": high,
        "serials": f"{start} to {end} ({low} to {high})", "amount": amount(plain(row["volume"])),
        **vintage(day(row["start"]), day(row["end"])), "technology": _SOURCES.get(row["fuel"], row["fuel"]),
        "place": " ".join(row["domain"].split()), "beneficiary": row["on_behalf_of"],
        "details": f"cancelled for {row['purpose']}; period of use {row['use']}; transaction {row['transaction']}; "
        f"{row['fuel']} {row['technology']}",
    }  # fmt: skip
