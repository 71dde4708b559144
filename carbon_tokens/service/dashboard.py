"""A facility's dashboard: its months with what each lacks, its years, its certificates, its hours where audited.

All of it is of the index, by the rules of the contracts; whether a certificate is valid is asked of the chain, and the
hours of a match are read from its transaction. A chain that does not answer leaves those two out, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from carbon_tokens.claims.account import totals
from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.ledger.contracts import Contract
from carbon_tokens.periods import Month
from carbon_tokens.service import schema
from carbon_tokens.service.lacking import Lacking, account_of, lacking
from carbon_tokens.service.matched_hours import MatchedHours, matched_hours
from carbon_tokens.service.node import Node

_ASKED = 200  # certificates whose validity is asked: anyone may claim any months, and so make many
_TOLD = ("Audited", "Restated", "Matched")
SUMMED = ("energy_wh", "recs_wh", "covered_wh", "gross_location_g", "gross_market_g", "offsets_g", "net_g")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A claim of the facility. ``valid``: as its chain says now; None: it did not answer."""

    id: str
    first: str
    last: str
    number: int
    block: int
    valid: bool | None


@dataclass(frozen=True, slots=True)
class Match:
    """The last match of a month's hours, of the account as it stands or (not current) as it stood."""

    month: str
    matched_wh: int
    unmatched_wh: int
    score: int  # millionths
    current: bool
    gross_market_g: int  # on the hourly basis
    net_g: int
    asked: bool  # whether its hours were to be read
    hours: MatchedHours | None

    @property
    def percent(self) -> str:
        """The score in per cent, to the first decimal, rounded down as the score is."""
        return f"{self.score // 10_000}.{self.score % 10_000 // 1_000}"


@dataclass(frozen=True, slots=True)
class Line:
    """A month: its account (as ``reading.month_of``), grades of its documents, certificate, and what it lacks."""

    account: dict[str, Any]
    covered_wh: int
    grades: str
    restated: int  # how often
    certificate: Certificate | None
    lacking: Lacking | None


@dataclass(frozen=True, slots=True)
class Year:
    """The months of a calendar year, the latest first, and their sums."""

    year: int
    lines: tuple[Line, ...]
    sums: dict[str, int]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What is known of a facility. ``years``: the latest first."""

    facility: dict[str, Any]
    years: tuple[Year, ...]
    certificates: tuple[Certificate, ...]
    matches: tuple[Match, ...]

    @property
    def lines(self) -> list[Line]:
        """Every month, the first first."""
        return [line for year in reversed(self.years) for line in reversed(year.lines)]


def dashboard(node: Node, chain: int, facility: str, hours: str = "") -> Dashboard:
    """The dashboard. Raises Unknown if there is no such facility.

    Args:
        hours: the month whose matched hours are read; "": the last one that has a match.
    """
    months, known = node.reader.months(chain, facility), node.reader.facility(chain, facility)
    claims = node.reader.claims(chain, facility)
    valid = validity(node, chain, [each["id"] for each in claims[:_ASKED]])
    certificates = tuple(
        Certificate(each["id"], each["first"], each["last"], each["number"], each["block"], valid.get(each["id"]))
        for each in claims
    )
    with node.reader.engine.begin() as connection:
        told = _told(connection, chain, facility)
        grades = _grades(connection, chain, facility)
    lines = [_line(month, certificates, told, grades) for month in months]
    return Dashboard(known, _years(lines), certificates, tuple(_matches(node, chain, known, months, told, hours)))


def validity(node: Node, chain: int, claims: Sequence[str]) -> dict[str, bool]:
    """By claim whether it is valid now; empty where the chain is not followed or does not answer."""
    follower = node.followers.get(chain)
    if follower is None or not claims:
        return {}
    contract = Contract.load("NetEmissions")
    asked = [contract.encode("isValid", [int(each, 16)]) for each in claims]
    try:
        with follower.lock:
            found = follower.chain.calls(follower.views.address("NetEmissions"), asked)
        return {claim: bool(contract.decode("isValid", answer)) for claim, answer in zip(claims, found, strict=True)
                if isinstance(answer, bytes)}  # fmt: skip
    except CarbonTokensError:
        return {}


def _line(
    month: dict[str, Any], certificates: Sequence[Certificate], told: Sequence[dict[str, Any]], grades: dict[str, str]
) -> Line:
    mine = [each for each in told if each["month"] == month["month"]]
    held = [each for each in certificates if each.first <= month["month"] <= each.last]
    valid = [each for each in held if each.valid]
    return Line(
        account=month,
        covered_wh=min(month["energy_wh"], month["recs_wh"]),
        grades=_standing(mine, grades),
        restated=sum(each["name"] == "Restated" for each in mine),
        certificate=next(iter(valid or held), None),
        lacking=lacking(month),
    )


def _standing(told: Sequence[dict[str, Any]], grades: dict[str, str]) -> str:
    """The grades of the documents that an account rests on: those since the last restatement, it among them."""
    found = list[str]()
    for each in told:
        if each["name"] != "Matched":
            grade = grades.get(each["args"]["statement"]["evidence"], "")
            found = [grade] if each["name"] == "Restated" else [*found, grade]
    return ", ".join(sorted({each for each in found if each}))


def _told(connection: Connection, chain: int, facility: str) -> list[dict[str, Any]]:
    """Audits, restatements and matches of a facility, in the order of the chain."""
    table = schema.event
    wanted = (table.c.chain == chain) & (table.c.facility == facility) & table.c.name.in_(_TOLD)
    query = select(table.c.name, table.c.month, table.c.tx, table.c.args).where(wanted)
    rows = connection.execute(query.order_by(table.c.block, table.c.log))
    return [{"name": row.name, "month": str(Month(row.month)), "tx": row.tx, "args": json.loads(row.args)}
            for row in rows]  # fmt: skip


def _grades(connection: Connection, chain: int, facility: str) -> dict[str, str]:
    """By evidence the grade that a document states, of those that an operator of the facility keeps here."""
    table, held = schema.statement, schema.facility_control
    operated = select(held.c.since).where(
        held.c.chain == chain, held.c.facility == facility, held.c.organisation == table.c.organisation
    )
    wanted = (table.c.chain == chain) & (table.c.facility == facility) & operated.exists()
    rows = connection.execute(select(table.c.evidence, table.c.document).where(wanted))
    return {row.evidence: str(json.loads(row.document).get("quality", ""))[:1] for row in rows}


def _years(lines: Sequence[Line]) -> tuple[Year, ...]:
    found = dict[int, list[Line]]()
    for line in reversed(lines):
        found.setdefault(int(line.account["month"][:4]), []).append(line)
    return tuple(Year(year, tuple(each), sums([line.account for line in each])) for year, each in found.items())


def sums(months: Sequence[dict[str, Any]]) -> dict[str, int]:
    """What months come to. What RECs cover is counted month by month: surplus of one covers nothing of another."""
    found = dict.fromkeys(SUMMED, 0)
    for month in months:
        stated = month | {"covered_wh": min(month["energy_wh"], month["recs_wh"])}
        for name in SUMMED:
            found[name] += stated[name]
    return found


def _matches(
    node: Node, chain: int, facility: dict[str, Any], months: Sequence[dict[str, Any]], told: Sequence[dict[str, Any]],
    hours: str,
) -> list[Match]:  # fmt: skip
    """The last match of each month that has one, the latest month first, one of them with its hours."""
    last = {each["month"]: each for each in told if each["name"] == "Matched"}
    accounts = {each["month"]: each for each in months if each["month"] in last}
    wanted = hours if hours in accounts else max(accounts, default="")
    return [
        _match(accounts[month], last[month]["args"]["matching"],
               _hours(node, chain, facility["id"], last[month]) if month == wanted else None, month == wanted)
        for month in sorted(accounts, reverse=True)
    ]  # fmt: skip


def _match(month: dict[str, Any], stated: dict[str, Any], hours: MatchedHours | None, asked: bool) -> Match:
    matched = int(stated["matched"])
    found = totals(account_of(month), matched)
    current = int(stated["version"]) == month["version"]
    return Match(month["month"], matched, int(stated["unmatched"]), int(stated["score"]), current,
                 found.gross_market_g, found.net_g, asked, hours)  # fmt: skip


def _hours(node: Node, chain: int, facility: str, event: dict[str, Any]) -> MatchedHours | None:
    follower = node.followers.get(chain)
    if follower is None:
        return None
    try:
        return matched_hours(follower, event["tx"], facility, Month.parse(event["month"]), event["args"])
    except CarbonTokensError:
        return None
