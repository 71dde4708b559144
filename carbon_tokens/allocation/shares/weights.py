"""Tables of weights: CSV in UTF-8 with the columns tenant and weight, from which shares are made by ``shares_of``."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from carbon_tokens.allocation.shares.share import tenant_of
from carbon_tokens.errors import AllocationError, DuplicateTenant

COLUMNS = ("tenant", "weight")
_WHOLE = re.compile("[0-9]{1,30}")
_SHOWN = 20  # problems listed in one error


def read_weights(path: Path | str) -> dict[bytes, int]:
    """Weight of each tenant (its metered Wh, say), by tenant; whole or not at all.

    In the order of the tenants' bytes, which are hashes: neighbours in the tree see each other's amounts, and this
    order does not say who they are.

    Raises:
        AllocationError: no readable CSV, other columns, no rows, or cells that are no tenant or whole weight; every
            problem by file:row (the header is row 1), the first twenty of them.
        DuplicateTenant: a tenant stands in two rows.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = ((reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells))
            weights = _weights(path.name, lines)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AllocationError(f"this is no readable CSV ({error})", where=path.name, todo="Give UTF-8.") from error
    if not weights:
        raise AllocationError("this table has no rows", where=path.name)
    return dict(sorted(weights.items()))


def _weights(name: str, lines: Iterator[tuple[int, list[str]]]) -> dict[bytes, int]:
    header = next(lines, (1, [""]))[1]
    if tuple(header) != COLUMNS:
        found = ", ".join(header) or "missing"
        raise AllocationError(f"the columns are {found}", where=f"{name}:1", todo=f"Give {', '.join(COLUMNS)}.")
    found_weights, rows, problems, twice = dict[bytes, int](), dict[bytes, int](), list[str](), False
    for row, cells in lines:
        try:
            tenant, weight = _weight(cells)
        except AllocationError as error:
            problems.append(f"{name}:{row}: {error}")
            continue
        if (first := rows.setdefault(tenant, row)) != row:
            problems.append(f"{name}:{row}: the tenant stands in row {first} already")
            twice = True
        found_weights[tenant] = weight
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        todo = "Correct them and read the table again; nothing of it was used."
        kind = DuplicateTenant if twice else AllocationError
        raise kind("; ".join(problems[:_SHOWN]) + more, todo=todo)
    return found_weights


def _weight(cells: list[str]) -> tuple[bytes, int]:
    if len(cells) != len(COLUMNS):
        raise AllocationError(f"{len(cells)} cells under {len(COLUMNS)} columns")
    tenant, weight = cells
    if not _WHOLE.fullmatch(weight):
        raise AllocationError(f"{weight!r} is no whole weight", where="weight")
    return tenant_of(tenant), int(weight)
