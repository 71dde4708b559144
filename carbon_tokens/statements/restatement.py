"""A restatement: new totals of a facility-month, absolute, with the reason and the evidence of what they replace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from carbon_tokens.energy.site import QUALITIES
from carbon_tokens.errors import StatementError
from carbon_tokens.periods import Month
from carbon_tokens.statements.document import Document, hexadecimal, one_of, words
from carbon_tokens.statements.factor import FactorReference
from carbon_tokens.statements.fleet import FleetStatement
from carbon_tokens.statements.method import MethodReference
from carbon_tokens.statements.statement import Input, Statement, check_parts, load_part
from carbon_tokens.statements.totals import FACILITY_OCTETS, check_totals, facility_hex, scope2


@dataclass(frozen=True, slots=True)
class Restatement(Document):
    """Totals that replace those of the account, in Wh and g CO2e.

    Raises:
        StatementError: as Statement; also no reason, or nothing cited.
    """

    TYPE: ClassVar[str] = "carbon-tokens/restatement/2"

    facility: str  # 0x, 27 bytes
    month: Month
    energy_wh: int
    scope1_g: int
    scope2_location_g: int
    scope2_residual_g: int
    scope3_g: int
    quality: str  # A to D
    factor: FactorReference | None
    method: MethodReference
    reason: str
    previous: tuple[str, ...]  # evidence of every statement that it replaces; 0x, 32 bytes each
    inputs: tuple[Input, ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        hexadecimal("facility", self.facility, FACILITY_OCTETS)
        one_of("quality", self.quality, QUALITIES)
        words("reason", self.reason)
        check_parts(self)
        check_totals(self)
        if not isinstance(self.previous, tuple) or not self.previous:
            raise StatementError("a restatement cites the evidence of what it replaces", where="previous")
        for evidence in self.previous:
            hexadecimal("previous", evidence, 32)

    @classmethod
    def _load(cls, name: str, value: object) -> object:
        return load_part(name, value)


def restate(
    replaced: Iterable[Statement | FleetStatement | Restatement],
    reason: str,
    *,
    energy_wh: int,
    scope1_g: int,
    scope3_g: int,
    factor: FactorReference | None,
    method: MethodReference,
    quality: str,
    inputs: Iterable[Input] = (),
    notes: Iterable[str] = (),
) -> Restatement:
    """The restatement of a facility-month to new absolute totals; scope 2 follows from energy and factor.

    Raises:
        StatementError: nothing to replace, documents of different facility-months, or values as in Statement.
    """
    documents = tuple(replaced)
    accounts = {(document.facility, document.month) for document in documents}
    if len(accounts) != 1:
        raise StatementError("a restatement replaces the statements of one facility-month", where="previous")
    facility, month = accounts.pop()
    location, residual = scope2(energy_wh, factor)
    return Restatement(
        facility=facility_hex(facility),
        month=month,
        energy_wh=energy_wh,
        scope1_g=scope1_g,
        scope2_location_g=location,
        scope2_residual_g=residual,
        scope3_g=scope3_g,
        quality=quality,
        factor=factor,
        method=method,
        reason=reason,
        previous=tuple("0x" + document.evidence.hex() for document in documents),
        inputs=tuple(inputs),
        notes=tuple(notes),
    )
