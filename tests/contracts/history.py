"""The steps of a random history of the contracts, each compared with the model."""

from __future__ import annotations

from contextlib import contextmanager

import brownie
from actions import REGISTRY, Actions
from eth_utils import keccak
from hours import Granular, ascending, hours_of, packed
from hypothesis import strategies as st
from invariants import Invariants
from model import BASES, Batch, Model, Month, Taken
from records import (
    ANNUAL,
    HOURLY,
    MONTH,
    MWH,
    OFFSET,
    REC,
    batch_id,
    document,
    month_start,
)
from signing import SIGNERS, message, signatures
from splits import Split, parts, share

CLASS = st.sampled_from([REC, OFFSET])
HOLDER = st.sampled_from(["operator", "buyer", "stranger"])
MONTHS = st.sampled_from([MONTH, MONTH + 1])
TOKEN = st.integers(0, 50)  # of the tokens issued so far, round and round
PART = st.sampled_from(["all", "half", "one", "too much"])
ENERGY = st.sampled_from([0, 1, 1_500, 999_999, MWH])
SCOPE1 = st.sampled_from([0, 1, 999, MWH])
BY = st.sampled_from(["auditor", "auditor", "one", "two", "two"])  # who audits: himself, or whose signatures
GENERATION = st.sampled_from([1, 1_000, MWH])
UNTIL = 2**40  # deadline of every signature


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


class History(Invariants):
    """Two months, one source of each class, three holders, some tokens and a closed month.

    Brownie runs ``rule_…`` and checks ``invariant_…``.
    """

    # One rule that draws the step, because hypothesis leaves out some of several rules in every history.
    st_step = st.one_of(
        st.tuples(st.just("issue"), CLASS, HOLDER, st.one_of(st.integers(1, 5), st.integers(1, 2 * MWH))),
        st.tuples(st.just("transfer"), TOKEN, HOLDER, HOLDER, PART),
        st.tuples(st.just("retire"), TOKEN, HOLDER, MONTHS, PART),
        st.tuples(st.just("audit"), MONTHS, ENERGY, SCOPE1, BY),
        st.tuples(st.just("close"), MONTHS, BY),
        st.tuples(st.just("restate"), MONTHS, ENERGY, SCOPE1, BY),
        st.tuples(st.just("disallow"), TOKEN, MONTHS, PART, BY),
        st.tuples(st.just("panel"), st.booleans()),
        st.tuples(st.just("generate"), MONTHS, GENERATION),
        st.tuples(st.just("match"), MONTHS, BY),
        st.tuples(st.just("split"), MONTHS),
        st.tuples(st.just("take"), MONTHS, st.booleans()),
        st.tuples(st.just("freeze"), CLASS, st.sampled_from([True, False, False])),
        st.tuples(st.just("claim"), MONTHS, st.sampled_from(BASES)),
        st.tuples(st.just("neutralise"), MONTHS),
    )

    def __init__(cls, act: Actions, contracts, registrar, holders, hall):  # Brownie calls it with the class
        cls.act, cls.registrar, cls.holders, cls.hall = act, registrar, holders, hall
        cls.net, cls.auditors, cls.hourly = contracts.net, contracts.auditors, contracts.hourly
        cls.allocations = contracts.allocations

    def setup(self):
        self.model = Model({MONTH: Month(), MONTH + 1: Month()}, {MONTH: Taken(), MONTH + 1: Taken()})
        self.count, self.shown, self.granular = 0, {}, {MONTH: [], MONTH + 1: []}
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

    def write(self, by, name, values, *, signed=None):
        """The auditor calls the ledger, or a stranger submits the signatures of one auditor or of two."""
        if by == "auditor":
            return getattr(self.act.tokens, name)(*values, {"from": self.act.auditor})
        values = signed or values
        signers = SIGNERS[: ("one", "two").index(by) + 1]
        proof = signatures(message(self.auditors, name.capitalize(), *values, UNTIL), *signers)
        return getattr(self.auditors, name)(*values, UNTIL, proof, {"from": self.holders["stranger"]})

    def audit(self, month, energy, scope1, by="auditor"):
        error = self.model.audit_error(month, by)
        statement = self.act.statement(month=month, energy=energy, scope1=scope1, meter=self._meter())
        with outcome(error):
            self.write(by, "audit", [statement], signed=[[statement]])
        if not error:
            self.model.audit(month, energy, scope1)

    def close(self, month, by="auditor"):
        error = self.model.close_error(month, by)
        with outcome(error):
            self.write(by, "close", [self.act.facility, month, self.act.totals_version(month)])
        if not error:
            self.model.months[month].closed = True

    def restate(self, month, energy, scope1, by):
        error = self.model.restate_error(month, by)
        with outcome(error):
            self.write(by, "restate", [self.act.statement(month=month, energy=energy, scope1=scope1)])
        if not error:
            self.model.restate(month, energy, scope1)

    def disallow(self, number, month, which, by):
        token = self._token(number)
        if not self.model.months[month].audited:
            return
        amount = part(self.model.retired(token, month), which)
        error = self.model.disallow_error(token, amount, month, by)
        version = self.act.account(month)["version"] + 1
        with outcome(error):
            self.write(by, "disallow", [self.act.facility, month, version, token, amount, self.act.evidence()])
        if not error:
            self.model.disallow(token, amount, month)

    def panel(self, wanted):
        members = [each.address for each in SIGNERS[:2]] if wanted else []
        self.auditors.setPanel(self.act.facility, len(members), members, {"from": self.registrar})
        self.model.panelled = wanted

    # ------------------------------------------------------------------------------------------------ hours and shares
    def hours(self, month, amount):
        """All of it in the first hour."""
        return packed([amount, *[0] * (hours_of(month) - 1)])

    def generate(self, month, amount):
        """A granular certificate is issued and retired into the account."""
        if REC in self.model.frozen:
            return
        certificate = Granular(REGISTRY, self.act.evidence(), self.hours(month, amount))
        vintage = {"vintage_start": month_start(month), "vintage_end": month_start(month + 1)}
        self.act.issue(REC, self.act.batch(REC, amount, evidence=certificate.evidence, **vintage))
        self.hourly.retire(certificate, self.act.retirement(month=month), {"from": self.act.operator})
        self.granular[month].append(certificate)
        self.model.generate(certificate.id, amount, month)

    def match(self, month, by):
        error = self.model.match_error(month, by)
        account, load = self.model.months[month], self.hours(month, self.model.months[month].energy)
        place = (self.act.facility, month, account.version)
        certificates = ascending(*(each for each in self.granular[month] if each.id in account.granular))
        with outcome(error):
            if by == "auditor":
                self.hourly.record(*place, load, certificates, {"from": self.act.auditor})
            else:
                signers = SIGNERS[: ("one", "two").index(by) + 1]
                signed = message(self.auditors, "Match", str(self.hourly), *place, keccak(load), UNTIL)
                proof = signatures(signed, *signers)
                self.hourly.recordBySig(*place, load, certificates, UNTIL, proof, {"from": self.holders["stranger"]})
        if not error:
            account.matched = (account.version, self.model.matchable(month))
        if error == "CertificateDisallowed":
            self.model.leave_out(month)

    def split(self, month):
        error, account = self.model.commit_error(month), self.model.months[month]
        cuts = parts(account.totals, 1, 2)
        tree = Split(share(self.hall, *cuts[0]), share(document("the rest"), *cuts[1]))
        values = (self.act.facility, month, account.version, account.recs, tree.depth, tree.top)
        with outcome(error):
            self.allocations.commit(*values, {"from": self.act.operator})
        if not error:
            self.model.splits[month, account.version] = self.shown[month] = tree

    def take(self, month, again):
        """The tenant claims its share of the last split, or first lets the account be split as it stands."""
        if again and not self.model.commit_error(month):
            self.split(month)
        if month not in self.shown:
            return
        tree = self.shown[month]
        error = self.model.take_error(month, tree)
        values = (self.act.facility, month, tree.shares[0], 0, tree.siblings(0))
        with outcome(error):
            self.allocations.claim(*values, {"from": self.holders["tenant"]})
        if not error:
            self.model.take(month, tree)

    def freeze(self, token_class, frozen):
        self.act.tokens.setFrozen(self.act.sources[token_class], frozen, {"from": self.registrar})
        (self.model.frozen.add if frozen else self.model.frozen.discard)(token_class)

    def claim(self, month, basis=ANNUAL):
        error = self.model.claim_error(month, basis)
        with outcome(error):
            self.net.claim(self.act.facility, month, month, basis, {"from": self.holders["stranger"]})
        if not error:
            self.model.claims[month, basis] = self.model.months[month].version

    def neutralise(self, month):
        """What an operator does: audit what is missing, close, offset all, claim. Random steps seldom get there."""
        account, by = self.model.months[month], "two" if self.model.panelled else "auditor"
        if not account.audited:
            self.audit(month, MWH, 999, by)
        if not account.closed:
            self.close(month, by)
        if self.model.match_error(month, by) in ("", "CertificateDisallowed"):
            self.match(month, by)
        missing = account.gross_market(account.covering(HOURLY) or 0) - account.offsets
        if missing > 0 and OFFSET not in self.model.frozen:
            self.issue(OFFSET, "operator", missing)
            self.retire(len(self.model.batches) - 1, "operator", month, "all")
        for basis in BASES:
            self.claim(month, basis)
