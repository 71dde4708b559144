"""Random histories of the ledger, each step compared with the model: what is refused, and what everything then is."""

from __future__ import annotations

from contextlib import contextmanager

import brownie
import pytest
from actions import REGISTRY, Actions
from hypothesis import Phase
from hypothesis import strategies as st
from model import Batch, Model, Month
from records import MONTH, MWH, OFFSET, REC, audited_id, batch_id, claim_id, document

CLASS = st.sampled_from([REC, OFFSET])
HOLDER = st.sampled_from(["operator", "buyer", "stranger"])
MONTHS = st.sampled_from([MONTH, MONTH + 1])
TOKEN = st.integers(0, 50)  # of the tokens issued so far, round and round
PART = st.sampled_from(["all", "half", "one", "too much"])
ENERGY = st.sampled_from([0, 1, 1_500, 999_999, MWH])
SCOPE1 = st.sampled_from([0, 1, 999, MWH])


@contextmanager
def outcome(error):
    """Expects the named error, or none."""
    if not error:
        yield
        return
    with brownie.reverts(revert_pattern=rf"{error}:.*"):
        yield


def part(amount, which):
    """A part of an amount, at least 1, or 1 more than there is."""
    return {"all": max(amount, 1), "half": max(amount // 2, 1), "one": 1, "too much": amount + 1}[which]


class History:
    """Two months, one source of each class, three holders, some tokens and a closed month.

    Brownie runs ``rule_…`` and checks ``invariant_…``.
    """

    # One rule that draws the step, because hypothesis leaves out some of several rules in every history.
    st_step = st.one_of(
        st.tuples(st.just("issue"), CLASS, HOLDER, st.one_of(st.integers(1, 5), st.integers(1, 2 * MWH))),
        st.tuples(st.just("transfer"), TOKEN, HOLDER, HOLDER, PART),
        st.tuples(st.just("retire"), TOKEN, HOLDER, MONTHS, PART),
        st.tuples(st.just("audit"), MONTHS, ENERGY, SCOPE1),
        st.tuples(st.just("close"), MONTHS),
        st.tuples(st.just("restate"), MONTHS, ENERGY, SCOPE1),
        st.tuples(st.just("disallow"), TOKEN, MONTHS, PART),
        st.tuples(st.just("freeze"), CLASS, st.sampled_from([True, False, False])),
        st.tuples(st.just("claim"), MONTHS),
        st.tuples(st.just("neutralise"), MONTHS),
    )

    def __init__(cls, act: Actions, net, registrar, holders):  # Brownie calls it with the class
        cls.act, cls.net, cls.registrar, cls.holders = act, net, registrar, holders

    def setup(self):
        self.model = Model({MONTH: Month(), MONTH + 1: Month()})
        self.count = 0
        self.issue(REC, "operator", 2 * MWH)
        self.issue(OFFSET, "operator", 2 * MWH)
        self.issue(OFFSET, "buyer", 5)
        self.audit(MONTH, 1_500, 1)
        self.close(MONTH)
        self.retire(0, "operator", MONTH, "half")

    def _token(self, number):
        tokens = list(self.model.batches)
        return tokens[number % len(tokens)]

    def _meter(self):
        """A new meter for each reading, so that only the account limits what is audited."""
        self.count += 1
        return document(f"meter {self.count}")

    # ----------------------------------------------------------------------------------------------------------- steps
    def rule_step(self, st_step):
        name, *args = st_step
        getattr(self, name)(*args)

    def issue(self, token_class, holder, amount):
        batch = self.act.batch(token_class, amount)
        error = "SourceIsFrozen" if token_class in self.model.frozen else ""
        with outcome(error):
            self.act.issue(token_class, batch, self.holders[holder])
        if not error:
            token = batch_id(token_class, REGISTRY, batch.evidence)
            self.model.batches[token] = Batch(token_class, amount, {holder: amount})

    def transfer(self, number, holder, to, which):
        token = self._token(number)
        amount = part(self.model.batches[token].held.get(holder, 0), which)
        error = self.model.move_error(token, holder, amount)
        source, receiver = self.holders[holder], self.holders[to]
        with outcome(error):
            self.act.tokens.safeTransferFrom(source, receiver, token, amount, b"", {"from": source})
        if not error:
            self.model.transfer(token, holder, to, amount)

    def retire(self, number, holder, month, which):
        token = self._token(number)
        amount = part(self.model.batches[token].held.get(holder, 0), which)
        error = self.model.move_error(token, holder, amount)
        with outcome(error):
            self.act.retire(token, amount, holder=self.holders[holder], month=month)
        if not error:
            self.model.retire(token, holder, amount, month)

    def audit(self, month, energy, scope1):
        error = "MonthIsClosed" if self.model.months[month].closed else ""
        with outcome(error):
            self.act.audit(month=month, energy=energy, scope1=scope1, meter=self._meter())
        if not error:
            self.model.audit(month, energy, scope1)

    def close(self, month):
        error = self.model.close_error(month)
        with outcome(error):
            self.act.close(month)
        if not error:
            self.model.months[month].closed = True

    def restate(self, month, energy, scope1):
        error = "" if self.model.months[month].audited else "MonthNotAudited"
        with outcome(error):
            self.act.restate(month=month, energy=energy, scope1=scope1)
        if not error:
            self.model.restate(month, energy, scope1)

    def disallow(self, number, month, which):
        token = self._token(number)
        if not self.model.months[month].audited:
            return
        amount = part(self.model.retired(token, month), which)
        error = "DisallowedExceedsRetired" if amount > self.model.retired(token, month) else ""
        with outcome(error):
            self.act.disallow(token, amount, month)
        if not error:
            self.model.disallow(token, amount, month)

    def freeze(self, token_class, frozen):
        self.act.tokens.setFrozen(self.act.sources[token_class], frozen, {"from": self.registrar})
        (self.model.frozen.add if frozen else self.model.frozen.discard)(token_class)

    def claim(self, month):
        error = self.model.claim_error(month)
        with outcome(error):
            self.net.claim(self.act.facility, month, month, {"from": self.holders["stranger"]})
        if not error:
            self.model.claims[month] = self.model.months[month].version

    def neutralise(self, month):
        """What an operator does: audit what is missing, close, offset all, claim. Random steps seldom get there."""
        account = self.model.months[month]
        if account.audited is False:
            self.audit(month, MWH, 999)
        if not account.closed:
            self.close(month)
        if account.net > 0 and OFFSET not in self.model.frozen:
            self.issue(OFFSET, "operator", account.net)
            self.retire(len(self.model.batches) - 1, "operator", month, "all")
        self.claim(month)

    # ------------------------------------------------------------------------------------------------------ invariants
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
            valid = self.net.isValid(claim_id(self.act.facility, month, month))
            assert valid == self.model.is_valid(month)
            assert not valid or account.net <= 0


# Ten short histories come first. Not shrunk: on a chain that takes minutes, and 20 steps can be read as they are.
SETTINGS = {"max_examples": 13, "stateful_step_count": 20, "derandomize": True, "phases": [Phase.generate]}


@pytest.mark.no_call_coverage
def test_random_histories_follow_the_model(state_machine, act, net, registrar, operator, buyer, stranger):
    holders = {"operator": operator, "buyer": buyer, "stranger": stranger}
    state_machine(History, act, net, registrar, holders, settings=SETTINGS)
