"""Claimed shares between facilities of the portfolio: what was eliminated, and shares that cannot be.

A provider's account was split by a Merkle-sum tree whose root equals the account, so shares of one version can never
come to more than it. A share whose provider is counted on another ledger is in the totals twice, and no elimination on
one ledger finds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from carbon_tokens.claims.account_events import Allocated
from carbon_tokens.portfolio.accounts import Account, Key, name_of
from carbon_tokens.portfolio.findings import DOUBLE, Finding, Spot, finding

Claimed = tuple[Account, Allocated]


def claimed(accounts: Sequence[Account]) -> list[Claimed]:
    """Every share that counts, with the tenant's account."""
    return [(account, share) for account in accounts for share in account.shares.values()]


def doubles(accounts: Sequence[Account]) -> Iterator[Finding]:
    """Shares of a provider that is counted on another ledger, and shares that come to more than their provider."""
    by_key = {each.key: each for each in accounts}
    elsewhere = {(each.facility.id, each.month.month): each for each in accounts}
    of_version: dict[tuple[Key, int], list[Claimed]] = {}
    for tenant, share in claimed(accounts):
        ledger, _, month = tenant.key
        provider = by_key.get((ledger, share.provider, month))
        other = elsewhere.get((share.provider, month))
        if provider is not None:
            of_version.setdefault((provider.key, share.provider_version), []).append((tenant, share))
        elif other is not None:
            what = "a share of a provider whose account is counted on another ledger"
            yield finding("share", DOUBLE, what, _spot(tenant, share), Spot.of(other, "account"))
    for (key, version), found in of_version.items():
        provider = by_key[key]
        if provider.version == version:
            yield from _above(provider, found)


def _above(provider: Account, found: Sequence[Claimed]) -> Iterator[Finding]:
    sums = {
        "energy": (sum(each.energy_wh for _, each in found), provider.figures.energy_wh),
        "location-based": (sum(each.location_g for _, each in found), provider.figures.gross_location_g),
    }
    for name, (shares, whole) in sums.items():
        if shares > whole:
            what = f"claimed shares come to {shares:,} of {name}, the provider's account to {whole:,}"
            yield finding("share", DOUBLE, what, Spot.of(provider, "account"), _spot(*found[0]))


def notes(accounts: Sequence[Account]) -> Iterator[str]:
    """What was eliminated of whom, and shares of a provider's month that is not among the proofs."""
    present = {each.key for each in accounts}
    names = {each.key[:2]: name_of(each.facility) for each in accounts}
    versions = {each.key: each.version for each in accounts}
    for tenant, share in claimed(accounts):
        ledger, _, month = tenant.key
        who, of = name_of(tenant.facility), names.get((ledger, share.provider), f"{share.provider[:10]}…")
        amounts = f"{share.location_g:,} g location-based, {share.market_g:,} g market-based"
        if (ledger, share.provider, month) in present:
            old = versions[ledger, share.provider, month] != share.provider_version
            late = "; the provider's account changed since, the share is of the version before" if old else ""
            yield f"eliminated: {who}'s share of {of}, {month}: {amounts}{late}"
        elif (ledger, share.provider) in names:
            yield f"not eliminated: {who}'s share of {of}, {month}, whose account of that month is not here: {amounts}"
        else:
            yield f"kept as scope 3: {who}'s share of {of}, which is not of this portfolio, {month}: {amounts}"


def _spot(tenant: Account, share: Allocated) -> Spot:
    return Spot.of(tenant, f"events[{tenant.month.events.index(share)}]")
