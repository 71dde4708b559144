"""What a certificate says, in one frozen document: the facts of a claim, taken from its proof and nothing else.

Who prints, shows or exchanges a claim reads them here, so that a sheet of paper, a picture and a credential cannot
differ in a number. Amounts are exact integers: Wh and g CO2e.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from carbon_tokens.certificate.grounds import (
    BoundaryFacts,
    ChangeFacts,
    FactorFacts,
    GradeFacts,
    InstrumentFacts,
    ShareFacts,
    StatementFacts,
)
from carbon_tokens.certificate.parts import (
    AmountFacts,
    ClaimFacts,
    FacilityFacts,
    MatchedFacts,
    MonthFacts,
    RelianceFacts,
    ValidityFacts,
    grade,
)
from carbon_tokens.claims.pieces import Form, Piece, hash32, instant, mapping
from carbon_tokens.claims.records import ChainPart, ContractPart
from carbon_tokens.ledger.ids import BASES
from carbon_tokens.periods import Month
from carbon_tokens.statements.document import Document, month, one_of


class _Parts(Piece):
    """How the fields of the facts are read."""

    PARTS: ClassVar[dict[str, Any]] = {
        "facility": FacilityFacts, "totals": AmountFacts, "chain": ChainPart, "claim": ClaimFacts,
        "validity": ValidityFacts, "relies_on": RelianceFacts,
    }  # fmt: skip
    LISTS: ClassVar[dict[str, Any]] = {
        "months": MonthFacts, "boundaries": BoundaryFacts, "factors": FactorFacts, "recs": InstrumentFacts,
        "offsets": InstrumentFacts, "grades": GradeFacts, "statements": StatementFacts, "changes": ChangeFacts,
        "shares": ShareFacts, "contracts": ContractPart,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class CertificateFacts(Document):
    """The facts of a claim of one facility and its months; made by ``gather``.

    Raises:
        StatementError: a missing, unknown or malformed field.
    """

    TYPE: ClassVar[str] = "carbon-tokens/certificate/1"
    FORMS: ClassVar[dict[str, Form]] = {
        "start": instant, "end": instant, "basis": partial(one_of, choices=tuple(BASES)), "quality": grade,
        "proof_sha256": hash32,
    }  # fmt: skip

    facility: FacilityFacts
    first: Month
    last: Month
    start: int  # UTC seconds, first instant of the first month
    end: int  # first instant after the last month
    basis: str  # "annual" or "hourly"
    totals: AmountFacts  # sums over the months; net as well: every month's is zero or below
    months: tuple[MonthFacts, ...]
    matched: MatchedFacts | None  # on the hourly basis
    boundaries: tuple[BoundaryFacts, ...]
    factors: tuple[FactorFacts, ...]
    recs: tuple[InstrumentFacts, ...]
    offsets: tuple[InstrumentFacts, ...]
    quality: str  # the worst grade of a standing document
    grades: tuple[GradeFacts, ...]
    statements: tuple[StatementFacts, ...]  # that the claim rests on now
    changes: tuple[ChangeFacts, ...]
    shares: tuple[ShareFacts, ...]
    claim: ClaimFacts
    chain: ChainPart
    contracts: tuple[ContractPart, ...]
    validity: ValidityFacts
    relies_on: RelianceFacts
    proof_sha256: str

    def __post_init__(self) -> None:
        for name, form in self.FORMS.items():
            form(name, getattr(self, name))

    @classmethod
    def _load(cls, name: str, value: object) -> Any:
        if name == "matched":
            return None if value is None else MatchedFacts.from_object(mapping(name, value))
        return month(name, value) if name in ("first", "last") else _Parts._load(name, value)

    def contract(self, name: str) -> str:
        """Address of a contract by name. Raises StopIteration when the facts do not name it."""
        return next(each.address for each in self.contracts if each.name == name)
