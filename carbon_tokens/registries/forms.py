"""The forms in which registries publish retirements and issuances, told by their headers.

    nar        certificates of retirement of the North American Renewables Registry, MWh
    i-rec      redemption statements of the I-REC registry, MWh, 16-digit serials
    verra      transactions of the Verra registry, t
    acr        retirements of the American Carbon Registry, t
    car        retirements of the Climate Action Reserve (as in the Berkeley Voluntary Registry Offsets Database), t
    isometric  retirements of the Isometric registry: no serials, so that nothing of it can be issued
    eac        delivery records of the Filecoin project: no serials either

A row becomes an entry; what is wrong with it is written into the entry and decided later, so that no row is lost.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from carbon_tokens.errors import StatementError

PER_UNIT = 1_000_000  # Wh in a MWh, g in a t
_RANGE = re.compile(r"(?P<head>.+[-_])(?P<first>[0-9]+) to (?P<last>[0-9]+)")
_VERRA = re.compile(r"[0-9]+-(?P<first>[0-9]+)-(?P<last>[0-9]+)-(VCS-)?VCU-.+")
_NAR = re.compile(r"NAR-REC-[0-9]+-(?P<state>[A-Z]{2})-(?P<month>[0-9]{2})-(?P<year>[0-9]{4})-.+")
_IREC = re.compile(r"[0-9]{4}(-[0-9]{4}){3}(\.[0-9]{6})?")

_BLOCKS = ("nar", "acr", "car")  # number from 1 in every block of a device's or project's vintage

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a registry's download.

    Attributes:
        amount: Wh of RECs, g of offsets; -1 if the row states none that can be read.
        vintage_start, vintage_end: UTC seconds, the end being the first instant after.
        faults: what is wrong with the row by itself.
    """

    form: str
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
    file: str
    file_sha256: str
    row: int
    faults: tuple[str, ...] = field(default=())

    @property
    def where(self) -> str:
        return f"{self.file}:{self.row}"

    @property
    def series(self) -> str:
        """What the serials count within: the block that their text names, or empty for all of the registry."""
        return self.serials.rpartition(f"{self.serial_from} to ")[0].rstrip("-_") if self.form in _BLOCKS else ""

    @property
    def numbered(self) -> str:
        """The source on the ledger, whose serials only ascend: the device or project, and the block of serials."""
        return f"{self.source}/{self.series}" if self.series else self.source


@dataclass(frozen=True, slots=True)
class _Form:
    name: str
    token_class: str
    registry: str
    header: frozenset[str]  # columns that tell it
    fields: Callable[[Row], dict[str, object]]


def read(path: Path | str) -> list[Entry]:
    """The entries of a registry's download, one a row, in the order of the file.

    Raises:
        StatementError: no readable CSV, or no known form.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        numbered = list(_numbered(content.decode("utf-8-sig")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StatementError(f"this is no readable CSV ({error})", where=path.name, todo="Give UTF-8.") from error
    header = [" ".join(cell.split()) for cell in numbered[0][1]] if numbered else []
    form = next((each for each in _FORMS if each.header <= set(header)), None)
    if form is None:
        known = ", ".join(each.name for each in _FORMS)
        raise StatementError("no known download of a registry", where=f"{path.name}:1", todo=f"Known: {known}.")
    digest = hashlib.sha256(content).hexdigest()
    return [_entry(form, path.name, digest, at, header, cells) for at, cells in numbered[1:]]


def _numbered(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line on which they begin."""
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip() for cell in cells]
        line = reader.line_num + 1


def _entry(form: _Form, file: str, digest: str, at: int, header: list[str], cells: list[str]) -> Entry:
    found: dict[str, object] = {"faults": (f"{len(cells)} cells under {len(header)} columns",)}
    if len(cells) == len(header):
        row = dict(zip(header, cells, strict=True))
        try:
            found = form.fields(row)
        except (ValueError, KeyError, ArithmeticError) as error:
            found = {"faults": (str(error),)}
    blank: dict[str, object] = {
        "source": "", "name": "", "serials": "", "serial_from": -1, "serial_thru": -1, "amount": -1,
        "vintage_start": 0, "vintage_end": 0, "technology": "", "place": "", "beneficiary": "", "faults": (),
    }  # fmt: skip
    head = {"form": form.name, "token_class": form.token_class, "registry": form.registry}
    return Entry(**head, **{**blank, **found}, file=file, file_sha256=digest, row=at)  # type: ignore[arg-type]


def _nar(row: Row) -> dict[str, object]:
    first, last = _range(row["serial"])
    match = _NAR.fullmatch(row["serial"])
    if not match:
        raise ValueError(f"{row['serial']!r} is no serial range of NAR")
    year, month = int(match["year"]), int(match["month"])
    start, after = date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
    return {
        "source": row["nar_id"], "name": row["project"], "serials": row["serial"], "serial_from": first,
        "serial_thru": last, "amount": _amount(row["quantity"]), **_vintage(start, after - timedelta(days=1)),
        "technology": row["type"].lower(), "place": match["state"], "beneficiary": row["on_behalf_of"],
    }  # fmt: skip


def _irec(row: Row) -> dict[str, object]:
    if row["n_ranges"] != "1":
        raise ValueError(f"{row['n_ranges']} ranges of serials in one row: give a row to each")
    for serial in (row["from_id"], row["to_id"]):
        if not _IREC.fullmatch(serial):
            raise ValueError(f"{serial!r} is no serial of I-REC")
        if "." in serial:
            raise ValueError(f"{serial!r} is a part of a certificate: less than a MWh has no serial of its own")
    first, last = (int(row[name].replace("-", "")) for name in ("from_id", "to_id"))
    days = [date.fromisoformat(each) for each in row["production_dates"].split(";")]
    return {
        "source": row["device_row"], "name": row["device_row"], "serial_from": first, "serial_thru": last,
        "serials": f"{row['from_id']} to {row['to_id']} ({first} to {last})", "amount": _amount(row["volume_MWh"]),
        **_vintage(min(days), max(days)), "technology": "", "place": row["location"],
        "beneficiary": row["beneficiary"],
    }  # fmt: skip


def _verra(row: Row) -> dict[str, object]:
    match = _VERRA.fullmatch(row["Serial Number"])
    if not match:
        raise ValueError(f"{row['Serial Number']!r} is no serial range of Verra")
    retired = row["Retirement/Cancellation Date"]
    if retired:
        date.fromisoformat(retired)
    faults = () if retired else ("still active in the registry: retire it there first",)
    return {
        "source": f"VCS{row['ID']}", "name": row["Name"], "serials": row["Serial Number"],
        "serial_from": int(match["first"]), "serial_thru": int(match["last"]),
        "amount": _amount(row["Quantity Issued"]),
        **_vintage(date.fromisoformat(row["Vintage Start"]), date.fromisoformat(row["Vintage End"])),
        "technology": row["Methodology"], "place": row["Country/Area"], "beneficiary": row["Retirement Beneficiary"],
        "faults": faults,
    }  # fmt: skip


def _verra_report(row: Row) -> dict[str, object]:
    match = _VERRA.fullmatch(row["Serial Number"])
    if not match:
        raise ValueError(f"{row['Serial Number']!r} is no serial range of Verra")
    start, end = (datetime.strptime(each, "%d/%m/%Y").date() for each in row["Vintage"].split("-"))
    return {
        "source": f"VCS{row['Project ID']}", "name": row["Project Name"], "serials": row["Serial Number"],
        "serial_from": int(match["first"]), "serial_thru": int(match["last"]),
        "amount": _amount(row["Quantity of Credits"]), **_vintage(start, end), "technology": row["Project Type"],
        "place": "", "beneficiary": row["Sub-Account Name"],
    }  # fmt: skip


def _acr(row: Row) -> dict[str, object]:
    first, last = _range(row["Credit Serial Numbers"])
    start, end = (_us_date(row[f"Vintage Assignment Period {each} Date"]) for each in ("Start", "End"))
    return {
        "source": row["Project ID"], "name": row["Project Name"], "serials": row["Credit Serial Numbers"],
        "serial_from": first, "serial_thru": last, "amount": _amount(row["Quantity of Credits"]),
        **_vintage(start, end), "technology": row["Project Type"], "place": row["Project Site Country"],
        "beneficiary": row["Retired on Behalf of"],
    }  # fmt: skip


def _car(row: Row) -> dict[str, object]:
    first, last = _range(row["Offset Credit Serial Numbers"])
    year = int(row["Vintage"])
    return {
        "source": row["Project ID"], "name": row["Project Name"], "serials": row["Offset Credit Serial Numbers"],
        "serial_from": first, "serial_thru": last, "amount": _amount(row["Quantity of Offset Credits"]),
        **_vintage(date(year, 1, 1), date(year, 12, 31)), "technology": row["Project Type"],
        "place": row["Project Site Country"], "beneficiary": row["Retirement Reason Details"],
    }  # fmt: skip


def _isometric(row: Row) -> dict[str, object]:
    return {
        "source": row["project_id"], "serials": row["retirement_id"],
        "amount": _amount(row["credit_batch_size_total.credits"]), "beneficiary": row["beneficiary.name"],
        "faults": ("the download states no serials, so nothing shows that two batches are not the same credits",),
    }  # fmt: skip


def _eac(row: Row) -> dict[str, object]:
    return {
        "source": row["generatorName"], "serials": row["certificate"], "amount": int(row["volume_Wh"]),
        "technology": row["energySource"].lower(), "place": row["country"],
        "faults": ("a delivery record states no serials: import the redemption statement that it stands for",),
    }  # fmt: skip


def _range(text: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no range of serials")
    return int(match["first"]), int(match["last"])


def _amount(text: str) -> int:
    """Wh or g of a number of MWh or t; thousands separators as registries print them ("1,454,054")."""
    if not re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?|[0-9]+(\.[0-9]+)?", text):
        raise ValueError(f"{text!r} is no amount")
    exact = Decimal(text.replace(",", "")) * PER_UNIT
    if exact != int(exact):
        raise ValueError(f"{text!r} has parts of a Wh or g")
    return int(exact)


def _us_date(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()


def _vintage(start: date, end: date) -> dict[str, object]:
    """A vintage from a first to a last day, both inclusive, as instants."""
    first, after = (
        int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) for day in (start, end + timedelta(days=1))
    )
    return {"vintage_start": first, "vintage_end": after}


def _form(name: str, token_class: str, registry: str, header: str, fields: Callable[[Row], dict[str, object]]) -> _Form:
    return _Form(name, token_class, registry, frozenset(header.split("|")), fields)


_FORMS = (
    _form("nar", "rec", "NAR", "nar_id|serial|quantity|on_behalf_of|project|type", _nar),
    _form("i-rec", "rec", "I-REC", "from_id|to_id|volume_MWh|production_dates|device_row|n_ranges", _irec),
    _form("verra", "offset", "Verra", "Serial Number|Quantity Issued|Vintage Start|Vintage End|ID", _verra),
    _form("verra", "offset", "Verra", "Serial Number|Quantity of Credits|Vintage|Project ID|Sub-Account Name",
          _verra_report),
    _form("acr", "offset", "ACR", "Credit Serial Numbers|Vintage Assignment Period Start Date|Retired on Behalf of",
          _acr),
    _form("car", "offset", "CAR", "Offset Credit Serial Numbers|Quantity of Offset Credits|Retirement Reason Details",
          _car),
    _form("isometric", "offset", "Isometric", "retirement_id|credit_batch_size_total.credits|project_id", _isometric),
    _form("eac", "rec", "Energy Web", "attestation_id|certificate|volume_Wh|generatorName", _eac),
)  # fmt: skip
