"""What a claim rests on, as parts of its facts: statements, factors, boundaries, RECs, offsets, claimed shares.

Wh and g CO2e; serials are decimal texts, because they exceed the integers of JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from carbon_tokens.certificate.parts import Monthly, grade
from carbon_tokens.claims.pieces import (
    Form,
    Piece,
    address,
    addresses,
    facility_hex,
    flag,
    hash32,
    instant,
    number_text,
    text,
    text_or_none,
)
from carbon_tokens.claims.records import CLASSES
from carbon_tokens.periods import Month
from carbon_tokens.statements.document import one_of, whole


@dataclass(frozen=True, slots=True)
class BoundaryFacts(Piece):
    """A method and boundary that standing documents follow; ``sha256`` is of the method's file."""

    FORMS: ClassVar[dict[str, Form]] = {"method": text, "boundary": text, "sha256": hash32}
    TUPLES: ClassVar[tuple[str, ...]] = ("included", "excluded")

    method: str
    boundary: str
    sha256: str
    included: tuple[str, ...]
    excluded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactorFacts(Piece):
    """An emission factor of a statement, g/MWh rounded up; without a residual mix the location rate stands in."""

    FORMS: ClassVar[dict[str, Form]] = {
        "dataset": text, "year": whole, "edition": text, "region": text, "location_g_per_mwh": whole,
        "residual_g_per_mwh": whole, "residual_published": flag, "file_sha256": hash32,
    }  # fmt: skip

    dataset: str
    year: int
    edition: str
    region: str
    location_g_per_mwh: int
    residual_g_per_mwh: int
    residual_published: bool
    file_sha256: str


@dataclass(frozen=True, slots=True)
class StatementFacts(Monthly):
    """A document that the claim rests on now: its hash, grade, amounts, who confirmed it, and where that stands."""

    FORMS: ClassVar[dict[str, Form]] = {
        "type": text, "version": whole, "evidence": hash32, "quality": grade, "energy_wh": whole, "location_g": whole,
        "auditors": addresses, "tx": hash32, "block": whole,
    }  # fmt: skip
    TUPLES: ClassVar[tuple[str, ...]] = ("auditors",)

    month: Month
    type: str
    version: int
    evidence: str
    quality: str
    energy_wh: int
    location_g: int  # scope 1, scope 2 location-based and scope 3
    auditors: tuple[str, ...]
    tx: str
    block: int


@dataclass(frozen=True, slots=True)
class GradeFacts(Piece):
    """What stands in documents of a grade: their number, energy in Wh, and location-based emissions in g."""

    FORMS: ClassVar[dict[str, Form]] = {"grade": grade, "documents": whole, "energy_wh": whole, "location_g": whole}

    grade: str
    documents: int
    energy_wh: int
    location_g: int


@dataclass(frozen=True, slots=True)
class ChangeFacts(Monthly):
    """A restatement or disallowance of one of the months; ``version`` is that of the account after it."""

    FORMS: ClassVar[dict[str, Form]] = {
        "event": partial(one_of, choices=("Restated", "Disallowed")), "version": whole, "reason": text_or_none,
        "evidence": hash32, "tx": hash32, "block": whole,
    }  # fmt: skip

    month: Month
    event: str
    version: int
    reason: str  # of a restatement; empty for a disallowance, whose document is no part of a proof
    evidence: str
    tx: str
    block: int


@dataclass(frozen=True, slots=True)
class ShareFacts(Monthly):
    """A share of another facility's account that counts in a month: Wh and g CO2e."""

    FORMS: ClassVar[dict[str, Form]] = {
        "provider": facility_hex, **dict.fromkeys(("energy_wh", "location_g", "market_g", "block"), whole),
        "tx": hash32,
    }  # fmt: skip

    month: Month
    provider: str
    energy_wh: int
    location_g: int
    market_g: int
    tx: str
    block: int


@dataclass(frozen=True, slots=True)
class RetirementFacts(Monthly):
    """A retirement of a batch into a month, Wh or g, and its transaction."""

    FORMS: ClassVar[dict[str, Form]] = {"amount": whole, "tx": hash32, "block": whole}

    month: Month
    amount: int
    tx: str
    block: int


@dataclass(frozen=True, slots=True)
class InstrumentFacts(Piece):
    """A batch of RECs (Wh) or offsets (g) that counts in this claim.

    ``amount`` is what was retired into the claim's months and not ``disallowed`` since; ``issued`` is the whole batch,
    of which ``serials`` are the numbers. ``device`` and ``serials`` are the registry's own words if its document is
    known (``documented``), else the hash on the chain and the range of numbers.
    """

    FORMS: ClassVar[dict[str, Form]] = {
        "token": hash32, "token_class": partial(one_of, choices=tuple(CLASSES)), "registry": text, "device": text,
        "technology": text_or_none, "market_zone": text, "grid_region": text_or_none, "serials": text,
        "serial_from": number_text, "serial_thru": number_text, "vintage_start": instant, "vintage_end": instant,
        "issued": whole, "amount": whole, "disallowed": whole, "issuer": address, "evidence": hash32,
        "documented": flag,
    }  # fmt: skip
    LISTS: ClassVar[dict[str, Any]] = {"retired": RetirementFacts}

    token: str
    token_class: str
    registry: str
    device: str
    technology: str
    market_zone: str
    grid_region: str
    serials: str
    serial_from: str
    serial_thru: str
    vintage_start: int
    vintage_end: int
    issued: int
    amount: int
    disallowed: int
    issuer: str
    evidence: str
    documented: bool
    retired: tuple[RetirementFacts, ...]
