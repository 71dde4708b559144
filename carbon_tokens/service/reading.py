"""What the index says, in the words of the API: every answer names its chain and the block that it is of.

Gross and net totals are computed by the rule that proofs are verified with (``claims.account``), from accounts that are
recomputed from events; the contracts' own view is the same to the gram.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, func, select

from carbon_tokens.claims.account import totals
from carbon_tokens.claims.records import AccountPart
from carbon_tokens.ledger.contracts import code_text
from carbon_tokens.periods import Month
from carbon_tokens.service import database, schema

LIMIT = 200  # rows of a page at most
_CLASSES = {1: "audited", 2: "rec", 3: "offset", 4: "allocated"}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the key after which the next page begins; None on the last."""

    items: list[dict[str, Any]]
    next: str | None


class Unknown(LookupError):
    """What was asked for is not in the index."""


class Reader:
    """Reads one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine.execution_options(**{database.READS: True})

    def chains(self) -> list[dict[str, Any]]:
        """The chains that are indexed, each with its contracts and the block that the index stands at."""
        with self.engine.begin() as connection:
            found = connection.execute(select(schema.chain).order_by(schema.chain.c.id)).all()
            return [
                {"id": row.id, "name": row.name, "chain_id": row.chain_id, "genesis": row.genesis,
                 "contracts": json.loads(row.contracts), "block": _block(connection, row.id)}
                for row in found
            ]  # fmt: skip

    def facilities(self, chain: int, after: str = "", limit: int = LIMIT) -> Page:
        """Facilities by id. Raises Unknown for a chain that is not indexed."""
        table = schema.event
        wanted = and_(table.c.chain == chain, table.c.name == "FacilityRegistered", table.c.facility > after)
        with self.engine.begin() as connection:
            _known(connection, chain)
            rows = connection.execute(select(table).where(wanted).order_by(table.c.facility).limit(limit + 1)).all()
            names = described(connection, chain, [row.facility for row in rows])
        return _page([_facility(row) | names[row.facility] for row in rows], limit, "id")

    def facility(self, chain: int, facility: str) -> dict[str, Any]:
        """A facility. Raises Unknown if there is none of this id."""
        table = schema.event
        wanted = and_(table.c.chain == chain, table.c.name == "FacilityRegistered", table.c.facility == facility)
        with self.engine.begin() as connection:
            row = connection.execute(select(table).where(wanted)).first()
            names = described(connection, chain, [facility])
        if row is None:
            raise Unknown(f"facility {facility}")
        return _facility(row) | names[facility]

    def months(self, chain: int, facility: str) -> list[dict[str, Any]]:
        """The accounts of a facility, by month, with their totals. Raises Unknown as ``facility``."""
        self.facility(chain, facility)
        table = schema.account
        wanted = and_(table.c.chain == chain, table.c.facility == facility)
        with self.engine.begin() as connection:
            rows = connection.execute(select(table).where(wanted).order_by(table.c.month)).mappings().all()
        return [month_of(dict(row)) for row in rows]

    def events(self, chain: int, facility: str, after: str = "", limit: int = LIMIT) -> Page:
        """What happened to a facility, in the order of the chain. Raises Unknown as ``facility``.

        Args:
            after: the id of an event, block-log.
        """
        self.facility(chain, facility)
        table = schema.event
        wanted = and_(table.c.chain == chain, table.c.facility == facility)
        if after:
            block, log = (int(part) for part in after.split("-"))
            wanted &= (table.c.block > block) | ((table.c.block == block) & (table.c.log > log))
        query = select(table).where(wanted).order_by(table.c.block, table.c.log).limit(limit + 1)
        with self.engine.begin() as connection:
            return _page([_event(row) for row in connection.execute(query)], limit, "id")

    def holdings(self, chain: int, holder: str, after: str = "", limit: int = LIMIT) -> Page:
        """What an address holds, by token."""
        table = schema.balance
        wanted = and_(
            table.c.chain == chain, table.c.holder == holder.lower(), table.c.token > after, table.c.amount > 0
        )
        with self.engine.begin() as connection:
            _known(connection, chain)
            rows = connection.execute(select(table).where(wanted).order_by(table.c.token).limit(limit + 1)).all()
        items = [{"token": row.token, "class": _CLASSES.get(int(row.token[2:4], 16), "other"), "amount": row.amount}
                 for row in rows]  # fmt: skip
        return _page(items, limit, "token")

    def claims(self, chain: int, facility: str) -> list[dict[str, Any]]:
        """The claims of a facility, the latest first, each claim once. Raises Unknown as ``facility``."""
        self.facility(chain, facility)
        table = schema.event
        wanted = and_(table.c.chain == chain, table.c.name == "Claimed", table.c.facility == facility)
        query: Select[Any] = select(table).where(wanted).order_by(table.c.block.desc(), table.c.log.desc())
        with self.engine.begin() as connection:
            rows = connection.execute(query).all()
        found: dict[str, dict[str, Any]] = {}
        for row in rows:
            args = json.loads(row.args)
            claim = f"0x{int(args['claimId']):064x}"
            first, last = (str(Month(int(digits, 16))) for digits in (claim[-8:-4], claim[-4:]))
            stated = {"id": claim, "first": first, "last": last, "number": args["number"]}
            found.setdefault(claim, {**stated, "block": row.block, "tx": row.tx})
        return list(found.values())


def month_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """An account in the words of statements, with its three totals in g."""
    part = AccountPart(
        version=row["version"], energy_wh=row["energy"], scope1_g=row["scope1"],
        scope2_location_g=row["scope2_location"], scope2_residual_g=row["scope2_residual"], scope3_g=row["scope3"],
        recs_wh=row["recs"], offsets_g=row["offsets"], allocated_location_g=row["allocated_location"],
        allocated_market_g=row["allocated_market"], shares=row["shares"], closed=bool(row["closed"]),
    )  # fmt: skip
    found = totals(part)
    return {"month": str(Month(row["month"])), **asdict(part), **asdict(found)}


def _facility(row: Any) -> dict[str, Any]:
    args = json.loads(row.args)
    codes = {name: code_text(bytes.fromhex(args[said][2:])) for name, said in
             (("grid_region", "gridRegion"), ("market_zone", "marketZone"))}  # fmt: skip
    return {"id": row.facility, "owner": args["owner"], **codes, "metadata": args["metadata"], "block": row.block,
            "tx": row.tx}  # fmt: skip


def described(connection: Connection, chain: int, facilities: Sequence[str]) -> dict[str, dict[str, str]]:
    """Name and city of facilities by their ids, from verified descriptions; "" where nobody operates them here."""
    table, held = schema.facility_record, schema.facility_control
    operated = select(held.c.since).where(held.c.chain == chain, held.c.facility == table.c.facility).exists()
    wanted = (table.c.chain == chain) & table.c.facility.in_(facilities) & operated
    found = {facility: {"name": "", "city": ""} for facility in facilities}
    for row in connection.execute(select(table.c.facility, table.c.name, table.c.city).where(wanted)):
        found[row.facility] = {"name": row.name, "city": row.city}
    return found


def _event(row: Any) -> dict[str, Any]:
    month = None if row.month is None else str(Month(row.month))
    return {"id": f"{row.block}-{row.log}", "block": row.block, "tx": row.tx, "contract": row.contract,
            "event": row.name, "month": month, "args": json.loads(row.args)}  # fmt: skip


def _page(items: Sequence[dict[str, Any]], limit: int, key: str) -> Page:
    kept = list(items[:limit])
    return Page(kept, kept[-1][key] if len(items) > limit else None)


def _known(connection: Connection, chain: int) -> None:
    if connection.scalar(select(func.count()).select_from(schema.chain).where(schema.chain.c.id == chain)) != 1:
        raise Unknown(f"chain {chain}")


def _block(connection: Connection, chain: int) -> int | None:
    found: int | None = connection.scalar(select(func.max(schema.block.c.number)).where(schema.block.c.chain == chain))
    return found
