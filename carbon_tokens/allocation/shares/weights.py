"""Tables of weights, from which ``shares_of`` makes shares: CSV in UTF-8.

Columns: tenant and weight; or tenant, energy_wh, location_g, market_g, as the allocation of a fleet writes them: what
each tenant's energy and emissions are in proportion to.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from carbon_tokens.allocation.shares.merkle_sum import LANES
from carbon_tokens.allocation.shares.share import tenant_of
from carbon_tokens.errors import AllocationError, DuplicateTenant

COLUMNS = ("tenant", "weight")
BY_LANE = ("tenant", *LANES)
_WHOLE = re.compile("[0-9]{1,30}")
Weight = int | tuple[int, int, int]
_SHOWN = 20  # problems listed in one error


def read_weights(path: Path | str) -> dict[bytes, Weight]:
    """Weight of each tenant, one (its metered Wh, say) or three by quantity; whole or not at all.

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


def _weights(name: str, lines: Iterator[tuple[int, list[str]]]) -> dict[bytes, Weight]:
    header = tuple(next(lines, (1, [""]))[1])
    if header not in (COLUMNS, BY_LANE):
        found, todo = ", ".join(header) or "missing", f"Give {', '.join(COLUMNS)}; or {', '.join(BY_LANE)}."
        raise AllocationError(f"the columns are {found}", where=f"{name}:1", todo=todo)
    found_weights, rows, problems, twice = dict[bytes, Weight](), dict[bytes, int](), list[str](), False
    for row, cells in lines:
        try:
            tenant, weight = _weight(cells, header)
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


def _weight(cells: list[str], header: tuple[str, ...]) -> tuple[bytes, Weight]:
    if len(cells) != len(header):
        raise AllocationError(f"{len(cells)} cells under {len(header)} columns")
    tenant, *weights = cells
    for column, weight in zip(header[1:], weights, strict=True):
        if not _WHOLE.fullmatch(weight):
            raise AllocationError(f"{weight!r} is no whole weight", where=column)
    if len(weights) == 1:
        return tenant_of(tenant), int(weights[0])
    energy, location, market = map(int, weights)
    return tenant_of(tenant), (energy, location, market)
