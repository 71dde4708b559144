"""What must hold after every step of a random history."""

from __future__ import annotations

from typing import Any

from actions import Actions
from model import BASES, Model
from records import allocated_id, audited_id, claim_id


class Invariants:
    """Brownie checks every ``invariant_…``."""

    act: Actions
    model: Model
    net: Any
    hourly: Any
    allocations: Any
    holders: dict[str, Any]
    hall: int  # the tenant's facility

    def invariant_every_token_is_held_or_retired(self):
        pairs = [(owner, token) for token in self.model.batches for owner in self.holders.values()]
        balances = iter(self.act.tokens.balanceOfBatch(*map(list, zip(*pairs, strict=True))))
        for batch in self.model.batches.values():
            held = {who: next(balances) for who in self.holders}
            assert held == {who: batch.held.get(who, 0) for who in self.holders}
            assert sum(held.values()) + batch.retired == batch.issued

    def invariant_accounts_net_and_liability_are_those_of_the_model(self):
        for month, expected in self.model.months.items():
            account = self.act.account(month)
            for name in ("energy", "scope1", "version", "closed", "recs", "offsets"):
                assert account[name] == getattr(expected, name)
            assert self.net.netOf(self.act.facility, month)[2] == expected.net
            liability = self.act.tokens.balanceOf(self.holders["operator"], audited_id(self.act.facility, month))
            assert liability == expected.liability

    def invariant_a_valid_claim_is_not_above_zero(self):
        for month, account in self.model.months.items():
            for basis in BASES:
                valid = self.net.isValid(claim_id(self.act.facility, month, month, basis))
                assert valid == self.model.is_valid(month, basis)
                assert not valid or account.net <= 0

    def invariant_what_the_tenant_took_stands_in_its_account_and_is_part_of_the_whole(self):
        for month, taken in self.model.taken.items():
            account = self.act.tokens.accountOf(self.hall, month)
            _, location, market = taken.amounts
            assert (account["allocatedLocation"], account["allocatedMarket"]) == (location, market)
            assert (account["version"], account["shares"], account["closed"]) == (0, taken.shares, False)
            assert self.net.netOf(self.hall, month) == (location, market, market)
            token = allocated_id(self.hall, month)
            assert self.act.tokens.balanceOf(self.holders["tenant"], token) == location
            if taken.split_version is not None:
                whole = self.model.splits[month, taken.split_version].total
                claimed = self.allocations.claimedOf(self.act.facility, month)
                assert claimed == (taken.split_version, *taken.amounts)
                assert all(part <= total for part, total in zip(taken.amounts, whole, strict=True))

    def invariant_matches_are_those_of_the_model(self):
        for month, account in self.model.months.items():
            found = self.hourly.matchingOf(audited_id(self.act.facility, month))
            assert (found["version"], found["matched"]) == (account.matched or (0, 0))
            assert found["matched"] + found["unmatched"] == 0 or found["data"]
