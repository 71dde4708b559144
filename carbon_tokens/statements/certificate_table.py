"""Tables of certificates: one row is one batch of serials, and one document (see ``certificate``).

Columns: token_class, registry, source, serials, serial_from, serial_thru, amount, vintage_start, vintage_end,
document_sha256. Amounts are Wh of RECs and g of offsets; vintages are ISO instants with their offset from UTC, the end
being the first instant after. Optional: what the ledger is told of the device or project, and remarks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from carbon_tokens.energy import tables
from carbon_tokens.errors import CarbonTokensError, StatementError
from carbon_tokens.statements.certificate import CertificateBatch

COLUMNS = (
    *("token_class", "registry", "source", "serials", "serial_from", "serial_thru", "amount"),
    *("vintage_start", "vintage_end", "document_sha256"),
)
OPTIONAL = (
    *("name", "technology", "state", "grid_region", "market_zone", "transfer_to_facility", "label", "note"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A batch, and the optional columns of its row (empty where there are none)."""

    document: CertificateBatch
    where: str  # file:row
    cells: dict[str, str]


def read(path: Path | str) -> list[CertificateRow]:
    """The batches of a CSV, in the order of the file.

    Raises:
        EnergyError: no readable table.
        StatementError: a row that is no batch, by file:row.
    """
    table = tables.read(path, COLUMNS, OPTIONAL)
    tables.refuse(list(table.problems))
    return [CertificateRow(_document(row), row.where, _optional(row)) for row in table.rows]


def _document(row: tables.Row) -> CertificateBatch:
    cells = row.cells
    try:
        return CertificateBatch(
            token_class=cells["token_class"],
            registry=cells["registry"],
            source=cells["source"],
            serials=cells["serials"],
            serial_from=_whole("serial_from", cells["serial_from"]),
            serial_thru=_whole("serial_thru", cells["serial_thru"]),
            amount=_whole("amount", cells["amount"]),
            vintage_start=_instant("vintage_start", cells["vintage_start"]),
            vintage_end=_instant("vintage_end", cells["vintage_end"]),
            document_sha256=cells["document_sha256"],
        )
    except CarbonTokensError as error:
        field = f"{error.where} " if error.where else ""
        raise StatementError(f"{field}{error.what}", where=row.where, todo=error.todo) from error


def _optional(row: tables.Row) -> dict[str, str]:
    return {name: row.cells.get(name, "") for name in OPTIONAL}


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise StatementError(f"{text!r} is no whole number", where=name, todo="Write Wh or g in digits.")
    return int(text)


def _instant(name: str, text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or found.microsecond:
        todo = "Write 2021-04-01T00:00:00Z."
        raise StatementError(f"{text!r} is no instant with its offset from UTC", where=name, todo=todo)
    return int(found.timestamp())
