"""What the index knows of splits: roots and totals that operators committed, and what was claimed of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, tuple_

from carbon_tokens.allocation.shares.merkle_sum import LANE_BITS, LANES
from carbon_tokens.ledger.ids import totals_version
from carbon_tokens.periods import Month
from carbon_tokens.service import schema

Place = tuple[int, str, int]  # chain, facility, number of the month
_CLAIMED = {"energy_wh": "energy", "location_g": "location", "market_g": "market"}


@dataclass(slots=True)
class Split:
    """What was committed and claimed of an account, and the version of its totals now."""

    version: int = 0
    roots: dict[int, str] = field(default_factory=dict)
    claimed: list[dict[str, Any]] = field(default_factory=list)  # in the order of the chain

    def claimed_by(self, tenant: str) -> dict[str, Any] | None:
        """What a tenant (0x, 64 digits) claimed last; None: nothing."""
        found = [each for each in self.claimed if each["tenant"] == tenant]
        return {name: found[-1][name] for name in ("version", *LANES)} if found else None

    def claimed_at(self, version: int) -> dict[str, int]:
        """What was claimed in all of the split of a version."""
        found = [each for each in self.claimed if each["version"] == version]
        return {name: sum(each[name] for each in found) for name in LANES}


def splits(connection: Connection, places: Iterable[Place]) -> dict[Place, Split]:
    """The splits of accounts; one of an account that was not split has no roots."""
    wanted = sorted(set(places))
    found = {each: Split() for each in wanted}
    table, of = schema.event, schema.account
    for start in range(0, len(wanted), 100):
        some = wanted[start : start + 100]
        about = tuple_(table.c.chain, table.c.facility, table.c.month).in_(some)
        query = select(table).where(about, table.c.name.in_(("Committed", "ShareClaimed")))
        for row in connection.execute(query.order_by(table.c.chain, table.c.block, table.c.log)):
            _take(found[row.chain, row.facility, row.month], row.name, json.loads(row.args))
        accounts = select(of).where(tuple_(of.c.chain, of.c.facility, of.c.month).in_(some))
        for row in connection.execute(accounts):
            found[row.chain, row.facility, row.month].version = totals_version(row.version, row.shares)
    return found


def committed(connection: Connection, chain: int, facility: str, after: str, limit: int) -> list[dict[str, Any]]:
    """The splits of a facility's accounts in the order of the chain: what everybody may know.

    Args:
        after: the id of a split, block-log.
    """
    table = schema.event
    wanted = (table.c.chain == chain) & (table.c.facility == facility) & (table.c.name == "Committed")
    if after:
        block, log = (int(part) for part in after.split("-"))
        wanted &= (table.c.block > block) | ((table.c.block == block) & (table.c.log > log))
    rows = connection.execute(select(table).where(wanted).order_by(table.c.block, table.c.log).limit(limit)).all()
    held = splits(connection, ((chain, facility, row.month) for row in rows))
    return [_shown(row, json.loads(row.args), held[chain, facility, row.month]) for row in rows]


def _take(split: Split, name: str, args: Mapping[str, Any]) -> None:
    version = int(args["version"])
    if name == "Committed":
        split.roots[version] = str(args["root"])
        return
    amounts = {lane: int(args[said]) for lane, said in _CLAIMED.items()}
    split.claimed.append({"tenant": f"0x{int(args['tenant']):064x}", "version": version, **amounts})


def _shown(row: Any, args: Mapping[str, Any], split: Split) -> dict[str, Any]:
    version, total = int(args["version"]), int(args["total"])
    totals = {name: total >> lowest & (1 << LANE_BITS) - 1 for name, lowest in LANES.items()}
    return {
        "id": f"{row.block}-{row.log}", "month": str(Month(row.month)), "version": version, "root": args["root"],
        "depth": int(args["depth"]), "totals": totals, "recs_wh": int(args["recs"]),
        "current": version == split.version, "claimed": split.claimed_at(version), "block": row.block, "tx": row.tx,
    }  # fmt: skip
