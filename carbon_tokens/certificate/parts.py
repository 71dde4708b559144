"""The parts of a certificate's facts: exact integers with their units in the names, and texts as they were recorded.

Wh, g CO2e and UTC seconds; ids and hashes are ``0x`` texts, as in a proof. Reading is strict.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from carbon_tokens.claims.account_events import AMOUNTS, SHARED
from carbon_tokens.claims.pieces import (
    Form,
    Piece,
    address,
    addresses,
    facility_hex,
    flag,
    hash32,
    instant,
    signed,
    text,
    text_or_none,
)
from carbon_tokens.energy.site import QUALITIES
from carbon_tokens.periods import Month
from carbon_tokens.statements.document import month, one_of, whole

TOTALS = ("gross_location_g", "gross_market_g", "scope2_market_g")
RETIRED = ("recs_wh", "covered_wh", "offsets_g")
grade: Form = partial(one_of, choices=QUALITIES)


class Monthly(Piece):
    """A part that is of one month."""

    __slots__ = ()

    @classmethod
    def _load(cls, name: str, value: Any) -> Any:
        return month(name, value) if name == "month" else super()._load(name, value)


@dataclass(frozen=True, slots=True)
class FacilityFacts(Piece):
    """A facility. ``name`` and ``place`` are those of its description, empty where it has none.

    ``description`` is the text whose sha-256 is ``metadata`` on the chain; empty if it is not known.
    """

    FORMS: ClassVar[dict[str, Form]] = {
        "id": facility_hex, "owner": address, "name": text_or_none, "place": text_or_none, "grid_region": text,
        "market_zone": text, "metadata": hash32, "description": text_or_none,
    }  # fmt: skip

    id: str
    owner: str
    name: str
    place: str
    grid_region: str
    market_zone: str
    metadata: str
    description: str


@dataclass(frozen=True, slots=True)
class AmountFacts(Piece):
    """What an account, or several together, came to: Wh and g CO2e.

    ``scope2_market_g`` is what is left of the residual mix after RECs; both gross totals hold claimed shares
    (``allocated_…``); ``net_g`` is gross market-based less offsets; ``covered_wh`` is energy that RECs cover on the
    claim's basis, never more than the energy.
    """

    FORMS: ClassVar[dict[str, Form]] = {
        **dict.fromkeys((*AMOUNTS, *TOTALS, *SHARED, *RETIRED), whole), "net_g": signed,
    }  # fmt: skip

    energy_wh: int
    scope1_g: int
    scope2_location_g: int
    scope2_residual_g: int
    scope2_market_g: int
    scope3_g: int
    allocated_location_g: int
    allocated_market_g: int
    gross_location_g: int
    gross_market_g: int
    recs_wh: int
    covered_wh: int
    offsets_g: int
    net_g: int


@dataclass(frozen=True, slots=True)
class MonthFacts(Monthly):
    """A month of the claim: its amounts, the version of its account, and the worst grade of its documents."""

    FORMS: ClassVar[dict[str, Form]] = {"version": whole, "quality": grade}
    PARTS: ClassVar[dict[str, Any]] = {"amounts": AmountFacts}

    month: Month
    version: int
    quality: str
    amounts: AmountFacts


@dataclass(frozen=True, slots=True)
class MatchedFacts(Piece):
    """Energy of the claim that was matched hour by hour, Wh; ``score`` in millionths of the energy, rounded down.

    ``auditors`` confirmed the consumption by hour.
    """

    FORMS: ClassVar[dict[str, Form]] = {
        "matched_wh": whole, "energy_wh": whole, "score": whole, "auditors": addresses,
    }  # fmt: skip
    TUPLES: ClassVar[tuple[str, ...]] = ("auditors",)

    matched_wh: int
    energy_wh: int
    score: int
    auditors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimFacts(Piece):
    """The claim: how often and when it was claimed, by whom it is held, and its place on the chain."""

    FORMS: ClassVar[dict[str, Form]] = {
        "id": hash32, "owner": address, "number": whole, "versions": whole, "time": instant, "tx": hash32,
        "block": whole, "block_hash": hash32,
    }  # fmt: skip

    id: str
    owner: str
    number: int
    versions: int
    time: int
    tx: str
    block: int
    block_hash: str


@dataclass(frozen=True, slots=True)
class ValidityFacts(Piece):
    """Whether the claim holds, at which block and time; ``asked`` is false where no chain was asked.

    Then it held in the block of the claim, which the proof shows, and no more is known.
    """

    FORMS: ClassVar[dict[str, Form]] = {
        "asked": flag, "valid": flag, "block": whole, "block_hash": hash32, "time": instant,
    }  # fmt: skip
    TUPLES: ClassVar[tuple[str, ...]] = ("reasons",)

    asked: bool
    valid: bool
    block: int
    block_hash: str
    time: int
    reasons: tuple[str, ...]  # why it is not valid, as sentences


@dataclass(frozen=True, slots=True)
class RelianceFacts(Piece):
    """Whom a reader has to trust, as ``claims.verifying.relies_on`` names them."""

    FORMS: ClassVar[dict[str, Form]] = {"auditors": addresses, "hours": addresses, "issuers": addresses}
    TUPLES: ClassVar[tuple[str, ...]] = (
        "auditors", "panels", "hours", "issuers", "undocumented", "factors", "fleets",
    )  # fmt: skip

    auditors: tuple[str, ...]
    panels: tuple[str, ...]
    hours: tuple[str, ...]
    issuers: tuple[str, ...]
    undocumented: tuple[str, ...]
    factors: tuple[str, ...]
    fleets: tuple[str, ...]
