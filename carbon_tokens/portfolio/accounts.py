"""Facility-months of verified proofs, each counted once: the newest of several proofs, and what was eliminated.

An account only grows: audits raise its version, claimed shares their count, retirements only its events. Of two proofs
of one account the newer has the longer history, and the older's history is its beginning; of equally long ones the
later certificate counts. Two histories that differ cannot both be of this ledger: one of them is invented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from carbon_tokens.claims.account import covering, replay, standing
from carbon_tokens.claims.account_events import Allocated, Confirmed, Disallowed, Retired
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.records import FacilityPart, MonthPart, SourcePart, TokenPart
from carbon_tokens.ledger.ids import totals_version
from carbon_tokens.nesting import loads
from carbon_tokens.periods import Month
from carbon_tokens.portfolio.figures import Figures
from carbon_tokens.portfolio.proofs import Held, Ledger
from carbon_tokens.statements import FleetStatement

_RENEWABLE = re.compile(
    r"\b(wind|solar|photovoltaics?|pv|hydro|hydropower|hydroelectric|geothermal|tidal|wave|ocean|biomass|biogas)\b",
    re.I,
)
_LONGEST = 80  # characters of a name that are shown
Key = tuple[Ledger, str, Month]  # ledger, facility, month


@dataclass(frozen=True, slots=True)
class Account:
    """A facility-month as one proof has it."""

    held: Held
    month: MonthPart
    figures: Figures

    @property
    def proof(self) -> Proof:
        return self.held.proof

    @property
    def facility(self) -> FacilityPart:
        return self.held.proof.facility

    @property
    def key(self) -> Key:
        return self.held.ledger, self.facility.id, self.month.month

    @property
    def version(self) -> int:
        """Of its totals: what auditors did, and changes of claimed shares above it."""
        return totals_version(self.month.account.version, self.month.account.shares)

    @property
    def age(self) -> tuple[int, int, int, int, int, str]:
        """Later accounts have greater ones; the file's hash decides between certificates of one moment."""
        claim, state = self.proof.claim.at, self.month.account
        history = state.version, state.shares, len(self.month.events)
        return *history, claim.block, claim.index, self.proof.sha256

    @property
    def confirmed(self) -> list[Confirmed]:
        """Every audited document of the account, also those that a restatement replaced."""
        return [each for each in self.month.events if isinstance(each, Confirmed)]

    @property
    def shares(self) -> dict[str, Allocated]:
        """The claimed shares that count, by the facility whose account was split."""
        return replay(self.month.events).shares

    def tokens(self) -> list[tuple[TokenPart, SourcePart, int]]:
        """Batches that count here, each with its source and the Wh or g that do."""
        return tokens(self.proof, self.month)


@dataclass(frozen=True, slots=True)
class Replaced:
    """A proof of an account that another one replaced."""

    old: Account
    new: Account


def name_of(facility: FacilityPart) -> str:
    """The name in a facility's description, which its metadata's hash binds; its id where there is none."""
    try:
        value = loads(facility.description or "null")
    except ValueError:
        value = facility.description.strip()
    name = value.get("name") if isinstance(value, Mapping) else value
    if not isinstance(name, str) or not name.strip():
        return f"{facility.id[:10]}…"
    return "".join(each if each.isprintable() else "�" for each in name.strip())[:_LONGEST]


def accounts(held: Iterable[Held]) -> list[Account]:
    """Every facility-month of every proof, without eliminations."""
    return [Account(each, month, _figures(each.proof, month)) for each in held for month in each.proof.months]


def newest(found: Iterable[Account]) -> tuple[list[Account], list[Replaced]]:
    """One account for each facility-month of a ledger, by ledger, facility and month; and what it replaced."""
    by_key: dict[Key, list[Account]] = {}
    for each in found:
        by_key.setdefault(each.key, []).append(each)
    counted: list[Account] = []
    replaced: list[Replaced] = []
    for key in sorted(by_key):
        *older, last = sorted(by_key[key], key=lambda each: each.age)
        counted.append(last)
        replaced += [Replaced(each, last) for each in older]
    return counted, replaced


def eliminated(counted: Iterable[Account]) -> list[Account]:
    """The accounts with what tenants claimed of providers of the same ledger and month that are counted too."""
    kept = list(counted)
    present = {each.key for each in kept}
    return [_eliminate(each, present) for each in kept]


def _eliminate(account: Account, present: set[Key]) -> Account:
    ledger, _, month = account.key
    own = [each for provider, each in account.shares.items() if (ledger, provider, month) in present]
    location, market = sum(each.location_g for each in own), sum(each.market_g for each in own)
    figures = replace(account.figures, eliminated_location_g=location, eliminated_market_g=market)
    return replace(account, figures=figures)


def _figures(proof: Proof, month: MonthPart) -> Figures:
    state, totals = month.account, month.totals
    covered = min(state.energy_wh, covering(month, proof.claim.basis))
    hourly = state.energy_wh if month.matching else 0
    return Figures(
        months=1,
        energy_wh=state.energy_wh,
        covered_wh=covered,
        recs_wh=state.recs_wh,
        renewable_wh=max(0, covered - _other_recs(proof, month)),
        hourly_wh=hourly,
        matched_wh=month.matching.matched_wh if month.matching else 0,
        scope1_g=state.scope1_g,
        scope2_location_g=state.scope2_location_g,
        scope2_market_g=totals.gross_market_g - state.scope1_g - state.scope3_g - state.allocated_market_g,
        scope3_g=state.scope3_g,
        shares_location_g=state.allocated_location_g,
        shares_market_g=state.allocated_market_g,
        gross_location_g=totals.gross_location_g,
        gross_market_g=totals.gross_market_g,
        offsets_g=state.offsets_g,
        net_g=totals.net_g,
        **_quality(month),
    )


def tokens(proof: Proof, month: MonthPart) -> list[tuple[TokenPart, SourcePart, int]]:
    """Batches that are retired into a month, with their source and the Wh or g that were not disallowed."""
    held: dict[str, int] = {}
    for event in month.events:
        if isinstance(event, Retired):
            for each in event.tokens:
                held[each.token] = held.get(each.token, 0) + each.amount
        elif isinstance(event, Disallowed):
            held[event.token] = held.get(event.token, 0) - event.amount
    sources = {each.number: each for each in proof.sources}
    return [(each, sources[each.source], held[each.id]) for each in proof.tokens if held.get(each.id, 0) > 0]


def _other_recs(proof: Proof, month: MonthPart) -> int:
    """Wh of retired RECs whose technology is not known to be renewable, e.g. nuclear, or not stated."""
    found = tokens(proof, month)
    return sum(amount for _, of, amount in found if of.token_class == "rec" and not is_renewable(of.technology))


def is_renewable(technology: str) -> bool:
    """Whether a device's technology is a renewable one by name."""
    return bool(_RENEWABLE.search(technology))


def _quality(month: MonthPart) -> dict[str, int]:
    """Wh by the quality of the documents that stand, and Wh with a published residual mix."""
    sums = dict.fromkeys((*(f"graded_{grade}_wh" for grade in "abcd"), "residual_wh"), 0)
    for event in standing(month.events):
        document = event.document
        sums[f"graded_{document.quality.lower()}_wh"] += event.energy_wh
        has_mix = (
            bool(document.residual_rate)
            if isinstance(document, FleetStatement)
            else bool(document.factor and document.factor.residual_published)
        )
        sums["residual_wh"] += event.energy_wh if has_mix else 0
    return sums
