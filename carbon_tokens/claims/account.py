"""The arithmetic of an account, a second time: what its events come to, the three totals, and the vintage rules.

As the contracts have it (CarbonTokens, libraries/Slots.sol), written from the rules and not from their code, so that a
verifier needs to trust neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from carbon_tokens.claims.account_events import (
    AMOUNTS,
    AccountEvent,
    Allocated,
    Closed,
    Confirmed,
    Disallowed,
    Retired,
)
from carbon_tokens.claims.records import CLASSES, AccountPart, MonthPart, TokenPart, TotalsPart
from carbon_tokens.ledger.ids import totals_version
from carbon_tokens.periods import Month
from carbon_tokens.units import ceil


@dataclass(slots=True)
class Replay:
    """An account while its events are applied; ``faults`` are sentences about events that the ledger would refuse."""

    amounts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(AMOUNTS, 0))
    version: int = 0
    changes: int = 0  # of claimed shares
    closed: bool = False
    retired: dict[int, int] = field(default_factory=lambda: dict.fromkeys(CLASSES.values(), 0))
    shares: dict[str, Allocated] = field(default_factory=dict)  # the last of each provider
    faults: list[str] = field(default_factory=list)

    def account(self) -> AccountPart:
        recs, offsets = (self.retired[number] for number in CLASSES.values())
        location, market = self.shared()
        return AccountPart(
            **self.amounts, version=self.version, closed=self.closed, recs_wh=recs, offsets_g=offsets,
            allocated_location_g=location, allocated_market_g=market, shares=self.changes,
        )  # fmt: skip

    def shared(self) -> tuple[int, int]:
        """What the claimed shares come to, g: location-based and market-based."""
        held = self.shares.values()
        return sum(each.location_g for each in held), sum(each.market_g for each in held)

    def apply(self, event: AccountEvent) -> None:
        if isinstance(event, Confirmed):
            self._confirm(event)
        elif isinstance(event, Closed):
            self._close(event)
        elif isinstance(event, Disallowed):
            self._disallow(event)
        elif isinstance(event, Allocated):
            self._allocate(event)
        else:
            self._retire(event)

    def _confirm(self, event: Confirmed) -> None:
        self._next(event.version, event.event)
        if event.event == "Audited" and self.closed:
            self.faults.append(f"version {event.version} was audited after the month was closed")
        if event.event == "Restated" and event.version < 2:
            self.faults.append("a restatement replaces nothing")
        before = dict.fromkeys(AMOUNTS, 0) if event.event == "Restated" else self.amounts
        self.amounts = {name: before[name] + getattr(event, name) for name in AMOUNTS}

    def _close(self, event: Closed) -> None:
        current = totals_version(self.version, self.changes)
        if event.version != current or not self.version or self.closed:
            self.faults.append(f"the month was closed at version {event.version}, its totals are of version {current}")
        self.closed = True

    def _disallow(self, event: Disallowed) -> None:
        self._next(event.version, "Disallowed")
        kind = class_of(event.token)
        if kind not in self.retired or not 0 < event.amount <= self.retired[kind]:
            self.faults.append(f"{event.amount} of token {event.token} are disallowed, which were not retired")
        else:
            self.retired[kind] -= event.amount

    def _retire(self, event: Retired) -> None:
        stated = {CLASSES["rec"]: event.recs_wh, CLASSES["offset"]: event.offsets_g}
        for kind, amount in stated.items():
            found = sum(each.amount for each in event.tokens if class_of(each.token) == kind)
            if found != amount:
                self.faults.append(f"a retirement of {amount} names tokens of {found}")
            self.retired[kind] += amount
        if any(class_of(each.token) not in stated for each in event.tokens):
            self.faults.append("a retirement names a token that is neither REC nor offset")

    def _allocate(self, event: Allocated) -> None:
        self.changes += 1
        self.closed = False  # it was complete without this share
        held = self.shares.get(event.provider)
        if held and event.provider_version <= held.provider_version:
            self.faults.append(f"the share of version {event.provider_version} of {event.provider} was claimed before")
        self.shares[event.provider] = event
        if (event.allocated_location_g, event.allocated_market_g) != self.shared():
            said = f"{event.allocated_location_g} and {event.allocated_market_g} g"
            comes = " and ".join(map(str, self.shared()))
            self.faults.append(f"the claimed shares are {said}, they add up to {comes} g")

    def _next(self, version: int, event: str) -> None:
        if version != self.version + 1:
            self.faults.append(f"{event} made version {version} after version {self.version}")
        self.version = version


def replay(events: Iterable[AccountEvent]) -> Replay:
    """The account that the events of a facility-month come to."""
    account = Replay()
    for event in events:
        account.apply(event)
    return account


def standing(events: Iterable[AccountEvent]) -> list[Confirmed]:
    """What an account rests on: the last restatement and the audits after it, or every audit."""
    found: list[Confirmed] = []
    for event in events:
        if isinstance(event, Confirmed):
            found = [event] if event.event == "Restated" else [*found, event]
    return found


def covering(month: MonthPart, basis: str) -> int:
    """RECs that count on a basis, Wh: all that were retired, or what was matched hour by hour."""
    if basis == "annual":
        return month.account.recs_wh
    return month.matching.matched_wh if month.matching else 0


def totals(account: AccountPart, recs_wh: int | None = None) -> TotalsPart:
    """The three totals, g. Market-based scope 2: residual-mix emissions of the energy without RECs, rounded up.

    Claimed shares of other accounts are part of both gross totals.

    Args:
        recs_wh: RECs that cover energy; None: all that were retired.
    """
    recs = account.recs_wh if recs_wh is None else recs_wh
    direct = account.scope1_g + account.scope3_g
    market = account.scope2_residual_g
    if recs:
        uncovered = max(0, account.energy_wh - recs)
        market = ceil(Fraction(market * uncovered, account.energy_wh)) if uncovered else 0
    gross = direct + market + account.allocated_market_g
    location = direct + account.scope2_location_g + account.allocated_location_g
    return TotalsPart(location, gross, gross - account.offsets_g)


def vintage_faults(token: TokenPart, month: Month) -> Iterator[str]:
    """Why a batch cannot be retired into a month: a REC of another calendar year, an offset that begins later."""
    first, last = Month.of(token.vintage_start), Month.of(token.vintage_end - 1)
    if class_of(token.id) == CLASSES["offset"]:
        if first > month:
            yield f"the vintage of offset {token.id} begins in {first}, after {month}"
    elif first.year > month.year or last.year < month.year:
        yield f"the vintage of REC {token.id} is {first} to {last}, not of {month.year}"


def class_of(token: str) -> int:
    """The class in the top byte of a token's id."""
    return int(token[2:4], 16)
