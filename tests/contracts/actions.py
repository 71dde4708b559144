"""What the actors do in most tests, with correct values wherever a test does not say otherwise."""

from __future__ import annotations

from itertools import count
from typing import Any

from brownie import chain
from records import (
    MONTH,
    MWH,
    OFFSET,
    REC,
    Batch,
    Retirement,
    Statement,
    batch_id,
    code,
    document,
    emissions,
    month_start,
    rounded_up,
    totals_version,
)

METER = document("meter 1 of the utility")
REGISTRY = code("NAR", 12)
ADMIN_DELAY = 3 * 86_400  # s
LOCATION, RESIDUAL = 194_123, 401_777  # g/MWh of CAMX in the published release


def present() -> int:
    """UTC seconds of the chain, whose clock the tests move."""
    chain.mine()
    return chain[-1].timestamp


class Actions:
    """The deployed contracts and what is done with them: amounts in Wh and g, months counted from 1970-01."""

    def __init__(self, tokens: Any, facility: int, release: bytes, sources: dict[int, int], **actors: Any) -> None:
        self.tokens, self.facility, self.release, self.sources = tokens, facility, release, sources
        self.auditor, self.operator = actors["auditor"], actors["operator"]
        self.issuers = {REC: actors["rec_issuer"], OFFSET: actors["offset_issuer"]}
        self._documents = count(1)

    def evidence(self) -> bytes:
        """A document that was never used before."""
        return document(f"document {next(self._documents)}")

    def account(self, month: int = MONTH) -> dict[str, int]:
        return self.tokens.accountOf(self.facility, month).dict()

    def statement(self, **given: Any) -> Statement:
        """100 MWh of a whole month with the scope 2 of the published release, unless given."""
        month, energy = given.get("month", MONTH), given.get("energy", 100 * MWH)
        values: dict[str, Any] = {
            "facility": self.facility, "month": month, "energy": energy, "scope1": 0, "scope3": 0,
            "scope2_location": emissions(energy, LOCATION), "scope2_residual": emissions(energy, RESIDUAL),
            "start": month_start(month), "end": month_start(month + 1), "meter": METER, "release": self.release,
        }  # fmt: skip
        if "version" not in given:
            values["version"] = self.account(month)["version"] + 1
        if "evidence" not in given:
            values["evidence"] = self.evidence()
        return Statement(**(values | given))

    def direct(self, **given: Any) -> Statement:
        """A statement without meter and energy: scope 1 and 3 only."""
        nothing = {"energy": 0, "meter": bytes(32), "release": bytes(32), "start": 0, "end": 0}
        return self.statement(**(nothing | given))

    def audit(self, statement: Statement | None = None, **given: Any) -> Any:
        return self.tokens.audit(statement or self.statement(**given), {"from": self.auditor})

    def restate(self, **given: Any) -> Any:
        return self.tokens.restate(self.statement(**given), {"from": self.auditor})

    def totals_version(self, month: int = MONTH) -> int:
        """The version of an account's totals: what auditors did, and the changes of claimed shares."""
        account = self.account(month)
        return totals_version(account["version"], account["shares"])

    def close(self, month: int = MONTH) -> Any:
        version = self.totals_version(month)
        return self.tokens.close(self.facility, month, version, {"from": self.auditor})

    def disallow(self, token: int, amount: int, month: int = MONTH) -> Any:
        version = self.account(month)["version"] + 1
        args = (self.facility, month, version, token, amount, self.evidence())
        return self.tokens.disallow(*args, {"from": self.auditor})

    def batch(self, token_class: int, amount: int, **given: Any) -> Batch:
        """A batch with the next serials of the class's source and the vintage 2024-01, unless given."""
        first = given.get("serial_from", self.tokens.sourceOf(self.sources[token_class])["nextSerial"])
        values = {
            "amount": amount, "serial_from": first, "serial_thru": first + rounded_up(amount, 1_000_000) - 1,
            "vintage_start": month_start(MONTH), "vintage_end": month_start(MONTH + 1),
        }  # fmt: skip
        if "evidence" not in given:
            values["evidence"] = self.evidence()
        return Batch(**(values | given))

    def issue(self, token_class: int, batch: Batch, to: Any = None) -> Any:
        source, issuer = self.sources[token_class], self.issuers[token_class]
        return self.tokens.issue(source, to or self.operator, batch, {"from": issuer})

    def recs(self, amount: int, to: Any = None, **given: Any) -> int:
        """Issues RECs, in Wh; returns the token's id."""
        return self._issued(REC, amount, to, given)

    def offsets(self, amount: int, to: Any = None, **given: Any) -> int:
        """Issues offsets, in g; returns the token's id."""
        return self._issued(OFFSET, amount, to, given)

    def _issued(self, token_class: int, amount: int, to: Any, given: dict[str, Any]) -> int:
        batch = self.batch(token_class, amount, **given)
        self.issue(token_class, batch, to)
        return batch_id(token_class, REGISTRY, batch.evidence)

    def retirement(self, **given: Any) -> Retirement:
        values = {"facility": self.facility, "month": MONTH, "beneficiary": code("operator", 32), "purpose": bytes(32)}
        values |= given
        if "version" not in given:
            values["version"] = self.account(values["month"])["version"]
        return Retirement(**values)

    def retire(self, token: int, amount: int, holder: Any = None, **given: Any) -> Any:
        return self.tokens.retire(token, amount, self.retirement(**given), {"from": holder or self.operator})

    def neutral(self, month: int = MONTH) -> tuple[int, int]:
        """A closed month of 100 MWh, all of it covered by RECs, with 1 t of scope 1 that is offset; its two tokens."""
        self.audit(month=month, scope1=1_000_000)
        self.close(month)
        vintage = {"vintage_start": month_start(month), "vintage_end": month_start(month + 1)}
        rec, offset = self.recs(100 * MWH, **vintage), self.offsets(1_000_000, **vintage)
        self.retire(rec, 100 * MWH, month=month)
        self.retire(offset, 1_000_000, month=month)
        return rec, offset
