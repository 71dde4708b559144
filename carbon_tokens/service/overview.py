"""Facilities at a glance, and an organisation's facilities over several chains, combined without counting twice.

Energy and g CO2e add up over networks; RECs (Wh) and offsets (g) are never added to each other. Two things would count
twice: a share of one's own facility that was claimed into the account of another of one's own, and a facility that
stands on two chains. Both are taken out of the combined totals and named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from carbon_tokens.periods import Month
from carbon_tokens.service import schema
from carbon_tokens.service.dashboard import sums
from carbon_tokens.service.node import Node
from carbon_tokens.service.reading import LIMIT, Unknown, month_of

_NONE: dict[str, Any] = {"months": 0, "last": None}
_PORTION = 200
Place = tuple[int, str]  # a chain's number, a facility's id


@dataclass(frozen=True, slots=True)
class Held:
    """A facility of an organisation, with its months of a year and their sums."""

    chain: int
    facility: dict[str, Any]
    months: tuple[dict[str, Any], ...]
    sums: dict[str, int]


@dataclass(frozen=True, slots=True)
class Network:
    """What an organisation has on one chain, in a year."""

    chain: int
    name: str
    held: tuple[Held, ...]
    sums: dict[str, int]


@dataclass(slots=True)
class Combined:
    """Networks of a year, and their totals without what would count twice."""

    year: int
    networks: list[Network]
    sums: dict[str, int]
    shares_location_g: int = 0  # taken out: claimed from one's own
    shares_market_g: int = 0
    twice: list[str] = field(default_factory=list)  # facilities that stand on an earlier network too


def latest(connection: Connection, chain: int, facilities: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By facility how many months it has and the account of the last one; None without any."""
    found = {facility: dict(_NONE) for facility in facilities}
    for month in _accounts(connection, chain, facilities):
        each = found[month["facility"]]
        each["months"] += 1
        each["last"] = month
    return found


def owned(connection: Connection, owner: str) -> list[Place]:
    """The facilities whose owner on chain is an address (0x and 40 digits of any case), over all chains."""
    table = schema.event
    said = table.c.args.like(f'%"owner":"{owner.lower()}"%')
    query = select(table.c.chain, table.c.facility, table.c.args).where(table.c.name == "FacilityRegistered", said)
    rows = connection.execute(query.order_by(table.c.chain, table.c.facility).limit(LIMIT))
    return [(row.chain, row.facility) for row in rows if json.loads(row.args)["owner"] == owner.lower()]


def proven(connection: Connection, organisation: str) -> list[Place]:
    """The facilities that an organisation proved to operate, over all chains. Raises Unknown if it proved none."""
    held, of = schema.facility_control, schema.organisation
    query = select(held.c.chain, held.c.facility).join(of, of.c.id == held.c.organisation)
    rows = connection.execute(
        query.where(of.c.name == organisation).order_by(held.c.chain, held.c.facility).limit(LIMIT)
    )
    found = [(row.chain, row.facility) for row in rows]
    if not found:
        raise Unknown(f"organisation {organisation} that proved to operate a facility")
    return found


def operators(connection: Connection, places: Iterable[Place]) -> dict[Place, list[str]]:
    """By facility the organisations that proved to operate it."""
    held, of = schema.facility_control, schema.organisation
    found = dict[Place, list[str]]()
    for chain, facility in places:
        query = select(of.c.name).join(held, of.c.id == held.c.organisation).order_by(of.c.name)
        names = connection.scalars(query.where(held.c.chain == chain, held.c.facility == facility)).all()
        found[chain, facility] = list(names)
    return found


def combined(node: Node, places: Sequence[Place]) -> list[Combined]:
    """The years of facilities, the latest first, each by network and in all."""
    names = {each["id"]: each["name"] for each in node.reader.chains()}
    mine = {each: node.reader.facility(*each) for each in places}
    with node.reader.engine.begin() as connection:
        accounts = {place: list(_accounts(connection, place[0], [place[1]])) for place in places}
        shares = _own_shares(connection, places)
    years = sorted({int(month["month"][:4]) for each in accounts.values() for month in each}, reverse=True)
    return [_year(year, names, mine, accounts, shares) for year in years]


def _year(
    year: int, names: dict[int, str], mine: dict[Place, dict[str, Any]], accounts: dict[Place, list[dict[str, Any]]],
    shares: dict[tuple[Place, str], tuple[int, int]],
) -> Combined:  # fmt: skip
    found, counted = Combined(year, [], {}), dict[tuple[str, str], dict[str, Any]]()
    held = dict[int, list[Held]]()
    for place in sorted(mine):
        months = [each for each in accounts[place] if each["month"].startswith(f"{year}-")]
        if not months:
            continue
        held.setdefault(place[0], []).append(Held(place[0], mine[place], tuple(months), sums(months)))
        fresh = {(place[1], each["month"]): each for each in months if (place[1], each["month"]) not in counted}
        found.twice += [place[1]] * (len(fresh) < len(months))
        counted |= fresh
        for _, month in fresh:
            location, market = shares.get((place, month), (0, 0))
            found.shares_location_g += location
            found.shares_market_g += market
    found.networks += [Network(chain, names[chain], tuple(each), _added(each)) for chain, each in held.items()]
    found.sums = sums(list(counted.values()))
    for name, taken in (("gross_location_g", found.shares_location_g), ("gross_market_g", found.shares_market_g),
                        ("net_g", found.shares_market_g)):  # fmt: skip
        found.sums[name] -= taken
    return found


def _added(held: Sequence[Held]) -> dict[str, int]:
    return {name: sum(each.sums[name] for each in held) for name in held[0].sums}


def _accounts(connection: Connection, chain: int, facilities: Sequence[str]) -> Iterable[dict[str, Any]]:
    """The accounts of facilities as ``reading.month_of`` gives them, with their facility, by month."""
    table = schema.account
    for start in range(0, len(facilities), _PORTION):
        some = facilities[start : start + _PORTION]
        query = select(table).where(table.c.chain == chain, table.c.facility.in_(some)).order_by(table.c.month)
        for row in connection.execute(query).mappings():
            yield {"facility": row["facility"], **month_of(dict(row))}


def _own_shares(connection: Connection, places: Sequence[Place]) -> dict[tuple[Place, str], tuple[int, int]]:
    """By facility and month what was claimed into it, g, of shares of others among these facilities.

    A share is claimed by the tenant's id, which is the facility's; the last claim of each provider counts.
    """
    table, mine = schema.event, set(places)
    last = dict[tuple[int, str, int, str], tuple[int, int]]()
    for chain in {place[0] for place in places}:
        own = [facility for number, facility in places if number == chain]
        wanted = (table.c.chain == chain) & (table.c.name == "ShareClaimed") & table.c.facility.in_(own)
        for row in connection.execute(select(table).where(wanted).order_by(table.c.block, table.c.log)):
            args = json.loads(row.args)
            tenant = f"0x{int(args['tenant']):054x}"
            if (chain, tenant) in mine:
                last[chain, tenant, row.month, row.facility] = int(args["location"]), int(args["market"])
    found = dict[tuple[Place, str], tuple[int, int]]()
    for (chain, tenant, month, _), (location, market) in last.items():
        key = ((chain, tenant), str(Month(month)))
        before = found.get(key, (0, 0))
        found[key] = before[0] + location, before[1] + market
    return found
