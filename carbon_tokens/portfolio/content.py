"""A portfolio as JSON, ``carbon-tokens/portfolio/1``: integers of Wh and g, and where each comes from."""

from __future__ import annotations

from typing import Any

from carbon_tokens.claims.account import totals
from carbon_tokens.portfolio.accounts import Account, Replaced, name_of
from carbon_tokens.portfolio.rollup import GROUPS, Portfolio, Restated

TYPE = "carbon-tokens/portfolio/1"
_GROUPED = ("facility", "month", "year", "ledger", "chain", "grid_region", "market_zone", "basis")


def to_json(portfolio: Portfolio) -> dict[str, Any]:
    """Totals, sums by every grouping, months, gaps, restatements, findings, and the proofs behind them."""
    names = {f"{facility} on {ledger.key}": name_of(own[0].facility)
             for (ledger, facility), own in portfolio.facilities.items()}  # fmt: skip
    return {
        "type": TYPE,
        "organisation": portfolio.organisation,
        "boundary": "operational control: the facilities whose proofs were given",
        "base_year": portfolio.base_year,
        "total": portfolio.total.to_json(),
        "by": {name: {" ".join(key): sums.to_json() for key, sums in portfolio.by(name).items()} for name in _GROUPED},
        "facilities": names,
        "accounts": [account_json(each) for each in portfolio.accounts],
        "missing": {
            f"{facility} on {ledger.key}": [str(month) for month in months]
            for (ledger, facility), months in portfolio.missing().items()
        },
        "restated": [_restated(each) for each in portfolio.restated()],
        "replaced": [_replaced(each) for each in portfolio.replaced],
        "findings": [each.to_json() for each in portfolio.findings],
        "notes": list(portfolio.notes),
        "proofs": [
            {
                "file": each.file,
                "sha256": each.proof.sha256,
                "claim": each.proof.claim.id,
                "basis": each.proof.claim.basis,
                "copies": sorted(each.copies),
                "chain": {"id": each.proof.chain.id, "genesis": each.proof.chain.genesis},
                "inputs_checked": each.inputs,
                "valid_now": each.valid_now,
                "reasons": list(each.reasons),
                "blocks": [{"number": number, "hash": hash_} for number, hash_ in each.blocks],
                "blocks_trusted": each.trusted,
            }
            for each in portfolio.held
        ],
    }


def account_json(account: Account) -> dict[str, Any]:
    """A facility-month: what it is of, and its figures."""
    facility = account.facility
    where = {name: find(account) for name, find in GROUPS.items() if name not in ("facility", "month", "year")}
    head = {"facility": facility.id, "name": name_of(facility), "month": str(account.month.month)}
    state = {"version": account.month.account.version, "shares": account.month.account.shares}
    return head | where | state | {"file": account.held.file} | account.figures.to_json()


def _restated(found: Restated) -> dict[str, Any]:
    before, after = totals(found.before), totals(found.after)
    return {
        "facility": found.account.facility.id,
        "month": str(found.account.month.month),
        "reasons": list(found.reasons),
        "energy_wh": [found.before.energy_wh, found.after.energy_wh],
        "gross_location_g": [before.gross_location_g, after.gross_location_g],
    }


def _replaced(found: Replaced) -> dict[str, Any]:
    said = {"facility": found.new.facility.id, "month": str(found.new.month.month)}
    sides = (("old", found.old), ("new", found.new))
    return said | {
        side: {
            "file": each.held.file,
            "version": each.month.account.version,
            "basis": each.proof.claim.basis,
            "gross_location_g": each.figures.gross_location_g,
            "net_g": each.figures.net_g,
        }
        for side, each in sides
    }
