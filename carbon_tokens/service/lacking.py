"""What a month lacks for net ≤ 0, and what it would take: by the rule that the contracts and the verifier compute with.

    net = scope 1 + scope 3 + claimed shares + ⌈residual · (energy − RECs) / energy⌉ − offsets

RECs lower the market-based scope 2 alone, so no number of them makes up for scope 1 and 3; offsets make up for all of
it, and never lower gross. A REC is of the facility's market zone and its vintage overlaps the month's calendar year; an
offset's vintage begins before the month ends (CarbonTokens.retire).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from carbon_tokens.claims.account import totals
from carbon_tokens.claims.records import AccountPart
from carbon_tokens.periods import Month

_FIELDS = tuple(each.name for each in fields(AccountPart))


@dataclass(frozen=True, slots=True)
class Lacking:
    """Alternatives, each enough: RECs for all energy, then offsets; offsets alone; RECs alone (None: never enough)."""

    recs_wh: int
    then_offsets_g: int
    offsets_g: int
    recs_alone_wh: int | None
    first_day: str  # of the RECs' window
    last_day: str
    latest: str  # last day of the month, on which an offset's vintage begins at the latest


def account_of(month: Mapping[str, Any]) -> AccountPart:
    """The account in a month as ``reading.month_of`` gives it."""
    return AccountPart(**{name: month[name] for name in _FIELDS})


def lacking(month: Mapping[str, Any]) -> Lacking | None:
    """What it would take; None where net is not above zero."""
    account, when = account_of(month), Month.parse(month["month"])
    net = totals(account).net_g
    if net <= 0:
        return None
    covered = replace(account, recs_wh=max(account.recs_wh, account.energy_wh))
    return Lacking(
        recs_wh=max(0, account.energy_wh - account.recs_wh),
        then_offsets_g=max(0, totals(covered).net_g),
        offsets_g=net,
        recs_alone_wh=_recs_alone(account),
        first_day=f"{when.year}-01-01",
        last_day=f"{when.year}-12-31",
        latest=f"{datetime.fromtimestamp(when.end - 1, UTC):%Y-%m-%d}",
    )


def _recs_alone(account: AccountPart) -> int | None:
    """The fewest further RECs with which net is not above zero as the offsets stand."""
    enough = replace(account, recs_wh=max(account.recs_wh, account.energy_wh))
    slack = account.scope2_residual_g - totals(replace(account, recs_wh=0)).net_g
    if totals(enough).net_g > 0 or account.scope2_residual_g == 0:
        return None
    uncovered = min(account.energy_wh, max(0, slack) * account.energy_wh // account.scope2_residual_g)
    return account.energy_wh - uncovered - account.recs_wh
