"""A row of a registry's download as an entry, and how registries write amounts, days and serials.

A serial is one MWh or one t. Three ways of numbering occur. NAR, WREGIS, ACR and CAR number from 1 in every *block* (a
device's or project's vintage), so that a serial is known by its block and its number. I-REC and Verra number through
the whole registry. A guarantee of origin has 30 digits, more than the ledger holds (64 bits, of which 53 are JSON's):
its first 15 name the block and its last 15 are the number, which loses nothing and gives no two the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

PER_UNIT = 1_000_000  # Wh in a MWh, g in a t
GO_DIGITS, GO_NUMBER = 30, 15  # of a guarantee of origin's number, and those of them that count within its block
NOT_RETIRED = "issued, not retired: retire it in the registry and give the retirement, which states its serials"

_NUMBER = re.compile(r"([0-9]{1,3}(,[0-9]{3}){1,6}|[0-9]{1,20})(\.[0-9]{1,20})?")
_BLOCK = re.compile(r"(?P<block>.+)-[0-9]+ TO [0-9]+")
_GO = re.compile(rf"(?P<block>[0-9]{{{GO_DIGITS - GO_NUMBER}}})[0-9]{{{GO_NUMBER}}} TO .+")
BLOCKS = ("NAR", "ACR", "CAR", "WREGIS", "EECS")  # number from 1, or by their last digits, in every block
_ONE_NUMBER = ("NAR", "ACR", "CAR")  # the last number of a block's name is no other block's: so in CAR's 1,537

Row = Mapping[str, str]
Found = dict[str, object]  # what a form finds in a row: values of the fields of Entry


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a registry's download.

    Attributes:
        kind: the form that the row was read in.
        serials: as the registry writes the range; I-REC's and GO's with the plain numbers in brackets.
        amount: Wh of RECs, g of offsets; -1 if the row states none that can be read.
        vintage_start, vintage_end: UTC seconds, the end being the first instant after.
        details: what the registry states of the retirement: purpose, period of use, number of the transaction.
        faults: what is wrong with the row by itself.
    """

    kind: str
    token_class: str
    registry: str
    source: str
    name: str
    serials: str
    serial_from: int
    serial_thru: int
    amount: int
    vintage_start: int
    vintage_end: int
    technology: str
    place: str
    beneficiary: str
    details: str
    file: str
    file_sha256: str
    row: int
    faults: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f"{self.file}:{self.row}"

    @property
    def numbered(self) -> str:
        """The source on the ledger, whose serials only ascend: the device or project, and the block of serials."""
        series = block(self.serials)
        return f"{self.source}/{series}" if series else self.source


def block(serials: str) -> str:
    """The block that a range of serials counts within, in one spelling; empty where the whole registry is one."""
    text = spelled(serials)
    match = _GO.fullmatch(text) or _BLOCK.fullmatch(text)
    return match["block"] if match else ""


def counted_in(registry: str, serials: str) -> tuple[str, str]:
    """Registry and block within which two equal numbers are the same serial."""
    registry, named = registry.upper(), block(serials)
    return registry, named.rpartition("-")[2] if registry in _ONE_NUMBER else named


def spelled(text: str) -> str:
    """A serial in one spelling: capitals, and single blanks where there are blanks of any kind."""
    return " ".join(text.split()).upper()


@dataclass(frozen=True, slots=True)
class Form:
    """A table of a registry, told by its columns. ``fields`` may raise ValueError, KeyError or ArithmeticError."""

    kind: str
    token_class: str
    registry: str
    header: frozenset[str]
    fields: Callable[[Row], Found]


def form(kind: str, token_class: str, registry: str, header: str, fields: Callable[[Row], Found]) -> Form:
    """A form whose columns stand in one text, parted by bars."""
    return Form(kind, token_class, registry, frozenset(header.split("|")), fields)


def matched(pattern: re.Pattern[str], text: str, what: str) -> re.Match[str]:
    """The serial in its one spelling, taken apart. Raises ValueError."""
    match = pattern.fullmatch(spelled(text))
    if not match:
        raise ValueError(f"{text!r} is no {what}")
    return match


def span(match: re.Match[str]) -> Found:
    """First and last serial of a pattern's groups ``first`` and ``last``, and the text that states them."""
    return {"serials": match[0].replace(" TO ", " to "), "serial_from": int(match["first"]),
            "serial_thru": int(match["last"])}  # fmt: skip


def disagreements(**said: tuple[str, str]) -> tuple[str, ...]:
    """Faults for every name whose two statements differ: that of the serial, and that of the row."""
    return tuple(
        f"the serial's {name} is {serial}, the row's {row or 'empty'}"
        for name, (serial, row) in said.items()
        if serial != row
    )


def amount(text: str, unit: int = PER_UNIT) -> int:
    """Wh or g of a number, by default of MWh or t; thousands separators as registries print them ("1,454,054").

    Raises:
        ValueError: no such number, or parts of a Wh or g.
    """
    if not text:
        raise ValueError("no amount is stated")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no amount")
    exact = Decimal(text.replace(",", "")) * unit
    if exact != int(exact):
        raise ValueError(f"{text!r} has parts of a Wh or g")
    return int(exact)


def day(text: str) -> date:
    """A day written 2021-04-30. Raises ValueError."""
    return _date(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})", text)


def us_day(text: str) -> date:
    """A day written 4/30/2021 or 4/30/21. Raises ValueError."""
    return _date(r"(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>20[0-9]{2}|[0-9]{2})", text)


def european_day(text: str) -> date:
    """A day written 30/04/2021. Raises ValueError."""
    return _date(r"(?P<d>[0-9]{2})/(?P<m>[0-9]{2})/(?P<y>[0-9]{4})", text)


def _date(pattern: str, text: str) -> date:
    match = re.fullmatch(pattern, text.strip())
    if not match:
        raise ValueError(f"{text!r} is no day that this form writes")
    year = int(match["y"])
    return date(year + 2000 if year < 100 else year, int(match["m"]), int(match["d"]))


def year(text: str) -> Found:
    """The vintage of a calendar year. Raises ValueError."""
    if not re.fullmatch(r"(19|20)[0-9]{2}(\.0)?", text):
        raise ValueError(f"{text!r} is no year")
    return vintage(date(int(text[:4]), 1, 1), date(int(text[:4]), 12, 31))


def month(number: str, of_year: str) -> Found:
    """The vintage of a calendar month. Raises ValueError."""
    first = date(int(of_year), int(number), 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return vintage(first, after - timedelta(days=1))


def vintage(start: date, end: date) -> Found:
    """A vintage from a first to a last day, both inclusive, as UTC instants."""
    first, after = (
        int(datetime(each.year, each.month, each.day, tzinfo=UTC).timestamp()) for each in (start, end + timedelta(1))
    )
    return {"vintage_start": first, "vintage_end": after}


def understood(fields: Callable[[Row], Found], row: Row) -> Found:
    """What a form finds in a row, or why it finds nothing."""
    try:
        return fields(row)
    except KeyError as error:
        return {"faults": (f"there is no column {error}",)}
    except (ValueError, ArithmeticError) as error:
        return {"faults": (str(error),)}


def faults_of(found: Found) -> tuple[str, ...]:
    """What a form finds wrong with a row."""
    faults = found.get("faults", ())
    return faults if isinstance(faults, tuple) else ()


def entered(kind: str, token_class: str, registry: str, found: Found, file: str, digest: str, row: int) -> Entry:
    """An entry of what was found; what was not is blank, and amounts and serials are -1."""
    blank: Found = {
        "source": "", "name": "", "serials": "", "serial_from": -1, "serial_thru": -1, "amount": -1, "vintage_start": 0,
        "vintage_end": 0, "technology": "", "place": "", "beneficiary": "", "details": "",
    }  # fmt: skip
    head = {"kind": kind, "token_class": token_class, "registry": registry}
    tail = {"file": file, "file_sha256": digest, "row": row}
    return Entry(**{**head, **blank, **tail, **found})  # type: ignore[arg-type]
