"""Tables of shares: CSV in UTF-8 with the columns tenant, energy_wh, location_g, market_g, and salt if it is kept."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from carbon_tokens.allocation.shares.share import Share, new_salt, tenant_of
from carbon_tokens.errors import AllocationError, DuplicateTenant

COLUMNS = ("tenant", "energy_wh", "location_g", "market_g")
SALTED = (*COLUMNS, "salt")
_WHOLE = re.compile("[0-9]{1,15}")
_SALT = re.compile("0x[0-9a-f]{64}")
_SHOWN = 20  # problems listed in one error

Line = tuple[int, list[str]]


def read_shares(path: Path | str, *, salted: bool = False) -> list[Share]:
    """Shares of a table, in its order; whole or not at all.

    A tenant is a facility id (0x and 54 hex digits), 32 bytes (0x and 64) or a name, of which the hash is used.

    Args:
        salted: the table has the column ``salt``; without it every share gets a new salt, so that the proofs of one
            reading are not those of the next: write the allocation.

    Raises:
        AllocationError: no readable CSV, other columns, no rows, or cells that are no amounts; every problem by
            file:row (the header is row 1), the first twenty of them.
        DuplicateTenant: a tenant stands in two rows.
    """
    path, columns = Path(path), SALTED if salted else COLUMNS
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = ((reader.line_num, cells) for cells in reader if any(map(str.strip, cells)))
            order = _order(path.name, next(lines, (1, []))[1], columns)
            shares = _shares(path.name, lines, order)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AllocationError(f"this is no readable CSV ({error})", where=path.name, todo="Give UTF-8.") from error
    if not shares:
        raise AllocationError("this table has no rows", where=path.name)
    return shares


def lines_of(shares: Iterable[Share]) -> Iterator[str]:
    """A table with salts, line by line: what ``read_shares`` reads with ``salted``."""
    yield ",".join(SALTED) + "\n"
    for share in shares:
        amounts = f"{share.energy_wh},{share.location_g},{share.market_g}"
        yield f"0x{share.tenant.hex()},{amounts},0x{share.salt.hex()}\n"


def _order(name: str, header: Sequence[str], columns: tuple[str, ...]) -> list[int]:
    found = [cell.strip() for cell in header]
    if sorted(found) != sorted(columns):
        raise AllocationError(
            f"the columns are {', '.join(found) or 'missing'}", where=f"{name}:1", todo=f"Give {', '.join(columns)}."
        )
    return [found.index(column) for column in columns]


def _shares(name: str, lines: Iterator[Line], order: list[int]) -> list[Share]:
    shares, rows, problems = [], dict[bytes, int](), list[str]()
    twice = False
    for row, cells in lines:
        try:
            share = _share(cells, order)
        except AllocationError as error:
            problems.append(f"{name}:{row}: {error}")
            continue
        if (first := rows.setdefault(share.tenant, row)) != row:
            problems.append(f"{name}:{row}: the tenant stands in row {first} already")
            twice = True
        shares.append(share)
    _refuse(problems, DuplicateTenant if twice else AllocationError)
    return shares


def _share(cells: list[str], order: list[int]) -> Share:
    if len(cells) != len(order):
        raise AllocationError(f"{len(cells)} cells under {len(order)} columns")
    tenant, *amounts = (cells[at].strip() for at in order)
    salt = _salt(amounts.pop()) if len(order) == len(SALTED) else new_salt()
    energy, location, market = map(_amount, COLUMNS[1:], amounts)
    return Share(tenant_of(tenant), energy, location, market, salt)


def _amount(column: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise AllocationError(f"{text!r} is no whole amount", where=column)
    return int(text)


def _salt(text: str) -> bytes:
    if not _SALT.fullmatch(text):
        raise AllocationError("is not 0x and 64 lower-case hex digits", where="salt")
    return bytes.fromhex(text[2:])


def _refuse(problems: list[str], kind: type[AllocationError]) -> None:
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        todo = "Correct them and read the table again; nothing of it was used."
        raise kind("; ".join(problems[:_SHOWN]) + more, todo=todo)
