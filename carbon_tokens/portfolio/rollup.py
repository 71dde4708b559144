"""The roll-up: every facility-month once, sums over any grouping, what is missing, and what was restated.

GHG Protocol Corporate Standard: chapter 3 (boundary: operational control; here the facilities whose proofs were given),
chapter 4 (scopes), chapter 5 (base year). A restatement changes a year that was published; whether the base year has to
be recalculated is decided by the organisation's own threshold, so the change is shown with its part of the year.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from carbon_tokens.claims.account import totals
from carbon_tokens.claims.account_events import AMOUNTS, Confirmed
from carbon_tokens.claims.records import AccountPart
from carbon_tokens.errors import DoubleCounted
from carbon_tokens.periods import Month
from carbon_tokens.portfolio import accounts as counting
from carbon_tokens.portfolio import certificates, doubles, shares
from carbon_tokens.portfolio.accounts import Account, Replaced, name_of
from carbon_tokens.portfolio.figures import Figures, total
from carbon_tokens.portfolio.findings import DOUBLE, KINDS, Finding, Spot, finding, ordered
from carbon_tokens.portfolio.proofs import Held, Ledger, unchecked

GROUPS: dict[str, Callable[[Account], str]] = {
    "facility": lambda each: f"{each.facility.id} on {each.held.ledger.key}",
    "month": lambda each: str(each.month.month),
    "year": lambda each: str(each.month.month.year),
    "chain": lambda each: f"{each.held.ledger.chain} {each.held.ledger.genesis}",
    "ledger": lambda each: each.held.ledger.key,
    "grid_region": lambda each: each.facility.grid_region,
    "market_zone": lambda each: each.facility.market_zone,
    "basis": lambda each: each.proof.claim.basis,
}


@dataclass(frozen=True, slots=True)
class Restated:
    """A month whose audited totals were replaced: g and Wh before the first restatement, and now."""

    account: Account
    reasons: tuple[str, ...]
    before: AccountPart
    after: AccountPart

    @property
    def change_g(self) -> int:
        """Of gross location-based emissions as audited."""
        return totals(self.after).gross_location_g - totals(self.before).gross_location_g


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What the proofs of an organisation come to."""

    organisation: str
    held: tuple[Held, ...]
    accounts: tuple[Account, ...]  # one for each facility-month of a ledger, in order
    replaced: tuple[Replaced, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    base_year: int

    @property
    def total(self) -> Figures:
        return total(each.figures for each in self.accounts)

    @property
    def years(self) -> list[int]:
        """From the first to the last, also those without a proof between them."""
        found = [each.month.month.year for each in self.accounts]
        return list(range(min(found), max(found) + 1))

    @property
    def facilities(self) -> dict[tuple[Ledger, str], list[Account]]:
        """The accounts of every facility of a ledger, by month."""
        found: dict[tuple[Ledger, str], list[Account]] = {}
        for each in self.accounts:
            found.setdefault(each.key[:2], []).append(each)
        return found

    def by(self, *names: str) -> dict[tuple[str, ...], Figures]:
        """Sums by one or more of ``GROUPS``; they add up to the total."""
        found: dict[tuple[str, ...], list[Figures]] = {}
        for each in self.accounts:
            found.setdefault(tuple(GROUPS[name](each) for name in names), []).append(each.figures)
        return {key: total(found[key]) for key in sorted(found)}

    def year(self, year: int) -> Figures:
        return total(each.figures for each in self.accounts if each.month.month.year == year)

    def missing(self) -> dict[tuple[Ledger, str], list[Month]]:
        """Months between a facility's first and last that no proof covers."""
        found = {}
        for key, own in self.facilities.items():
            months = {each.month.month for each in own}
            span = range(min(months).number, max(months).number + 1)
            found[key] = [Month(number) for number in span if Month(number) not in months]
        return {key: months for key, months in found.items() if months}

    def restated(self) -> list[Restated]:
        """Months with a restatement, in order."""
        return [found for each in self.accounts if (found := _restated(each))]


def roll_up(
    held: Sequence[Held],
    *,
    organisation: str = "",
    openings: Mapping[str, str] | None = None,
    allowed: Iterable[str] = (),
    base_year: int | None = None,
) -> Portfolio:
    """Adds up verified proofs, each facility-month once, in whatever order they are given.

    Args:
        openings: of salted commitments, see ``openings``.
        allowed: names or kinds of double counts that somebody decided to let stand; they are marked in the result.
        base_year: of the organisation; the first year with a proof if none is given.

    Raises:
        DoubleCounted: something counts twice that is not allowed; ``findings`` name it.
    """
    once = {each.proof.sha256: each for each in sorted(held, key=lambda each: (each.proof.sha256, each.file))}
    counted, replaced = counting.newest(counting.accounts(once.values()))
    counted = counting.eliminated(counted)
    found = ordered(
        [
            *doubles.histories(replaced),
            *_not_now(counted),
            *doubles.doubles(counted, openings or {}),
            *certificates.doubles(counted),
            *shares.doubles(counted),
            *doubles.deployments(counted),
        ],
        allowed,
    )
    _refuse(found)
    kept = tuple(once.values())
    notes = (*unchecked(kept), *shares.notes(counted))
    years = [each.month.month.year for each in counted]
    first = min(years) if base_year is None else base_year
    return Portfolio(organisation, kept, tuple(counted), tuple(replaced), tuple(found), notes, first)


def _not_now(counted: Iterable[Account]) -> list[Finding]:
    """Certificates that count and of which the chain says that they do not hold."""
    found: dict[str, Finding] = {}
    for each in counted:
        if each.held.valid_now is False:
            why = each.held.reasons[0] if each.held.reasons else ""
            what = f"the certificate does not hold now: {why}"
            found.setdefault(each.held.file, finding("validity", DOUBLE, what, Spot.of(each, "claim")))
    return list(found.values())


def _refuse(found: Iterable[Finding]) -> None:
    refused = [each for each in found if each.refuses]
    if not refused:
        return
    kinds = list(dict.fromkeys(each.kind for each in refused))
    count = (
        f"{len(refused)} finding{'s' if len(refused) > 1 else ''} of {len(kinds)} kind{'s' if len(kinds) > 1 else ''}"
    )
    said = f"[{refused[0].name}] {refused[0]}" + ("; …" if len(refused) > 1 else "")
    raise DoubleCounted(
        f"there is no total: {count}: {', '.join(KINDS[kind] for kind in kinds)}. {said}",
        todo=f"Leave one of the files out, or decide to count both: --allow {refused[0].name} (or --allow {kinds[0]}).",
        findings={each.name: str(each) for each in refused},
    )


def _restated(account: Account) -> Restated | None:
    confirmed = account.confirmed
    first = next((at for at, each in enumerate(confirmed) if each.event == "Restated"), None)
    if first is None:
        return None
    reasons = (getattr(each.document, "reason", "") for each in confirmed[first:])
    before = _summed(confirmed[:first])
    after = _audited(getattr(account.month.account, name) for name in AMOUNTS)
    return Restated(account, tuple(dict.fromkeys(each for each in reasons if each)), before, after)


def _summed(confirmed: Iterable[Confirmed]) -> AccountPart:
    kept = list(confirmed)
    return _audited(sum(getattr(each, name) for each in kept) for name in AMOUNTS)


def _audited(amounts: Iterable[int]) -> AccountPart:
    """An account of audited amounts, in the order of ``AMOUNTS``, without certificates and shares."""
    named = dict(zip(AMOUNTS, amounts, strict=True))
    return AccountPart(**named, version=1, closed=True, recs_wh=0, offsets_g=0)


def facility_names(portfolio: Portfolio) -> dict[tuple[Ledger, str], str]:
    """A name for every facility of the portfolio, each its own: numbered where names repeat."""
    names = {key: name_of(own[0].facility) for key, own in portfolio.facilities.items()}
    counts, given = Counter(names.values()), Counter[str]()
    found = {}
    for key in sorted(names):
        name = names[key]
        given[name] += 1
        found[key] = f"{name} #{given[name]} ({key[1][:10]}…)" if counts[name] > 1 else name
    return found
