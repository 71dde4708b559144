"""The parts of a proof: what the chain recorded, each with its place there, and the documents behind it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from carbon_tokens.claims.account_events import AMOUNTS, SHARED, AccountEvent, account_event
from carbon_tokens.claims.pieces import (
    Form,
    Piece,
    Place,
    address,
    addresses,
    facility_hex,
    flag,
    hash32,
    instant,
    mapping,
    number_text,
    signed,
    text,
    text_or_none,
)
from carbon_tokens.ledger.ids import BASES
from carbon_tokens.periods import Month
from carbon_tokens.statements import CertificateBatch
from carbon_tokens.statements.document import listed, month, one_of, whole

CLASSES = {"rec": 2, "offset": 3}  # top byte of a token's id


@dataclass(frozen=True, slots=True)
class ChainPart(Piece):
    """A chain: its id, and the hash of its first block, which tells chains of one id apart."""

    FORMS: ClassVar[dict[str, Form]] = {"id": whole, "genesis": hash32}

    id: int
    genesis: str


@dataclass(frozen=True, slots=True)
class ContractPart(Piece):
    """A contract: its address and keccak-256 of its code."""

    FORMS: ClassVar[dict[str, Form]] = {"name": text, "address": address, "code_hash": hash32}

    name: str
    address: str
    code_hash: str


@dataclass(frozen=True, slots=True)
class FacilityPart(Piece):
    """A facility. ``description`` is the text whose sha-256 is ``metadata``; empty if it is not known."""

    FORMS: ClassVar[dict[str, Form]] = {
        "id": facility_hex, "owner": address, "grid_region": text, "market_zone": text, "metadata": hash32,
        "description": text_or_none,
    }  # fmt: skip
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}

    id: str
    owner: str
    grid_region: str
    market_zone: str
    metadata: str
    description: str
    at: Place


@dataclass(frozen=True, slots=True)
class ReleasePart(Piece):
    """A published release of emission factors, and sha-256 of the file that it was published from."""

    FORMS: ClassVar[dict[str, Form]] = {"id": hash32, "file_sha256": hash32}

    id: str
    file_sha256: str


@dataclass(frozen=True, slots=True)
class SourcePart(Piece):
    """A registered device (RECs) or project (offsets); ``device`` stands for the registry's own id of it."""

    FORMS: ClassVar[dict[str, Form]] = {
        "number": whole, "issuer": address, "token_class": partial(one_of, choices=tuple(CLASSES)), "registry": text,
        "device": hash32, "market_zone": text, "grid_region": text_or_none, "technology": text_or_none,
    }  # fmt: skip
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}

    number: int
    issuer: str
    token_class: str
    registry: str
    device: str
    market_zone: str
    grid_region: str
    technology: str
    at: Place


@dataclass(frozen=True, slots=True)
class TokenPart(Piece):
    """An issued batch, Wh or g; ``document`` is the registry's statement of it, None if it is not known."""

    FORMS: ClassVar[dict[str, Form]] = {
        "id": hash32, "source": whole, "evidence": hash32, "amount": whole, "serial_from": number_text,
        "serial_thru": number_text, "vintage_start": instant, "vintage_end": instant,
    }  # fmt: skip
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}

    id: str
    source: int
    evidence: str
    amount: int
    serial_from: str
    serial_thru: str
    vintage_start: int
    vintage_end: int
    document: CertificateBatch | None
    at: Place

    @classmethod
    def _load(cls, name: str, value: Any) -> Any:
        if name == "document":
            return None if value is None else CertificateBatch.from_json(mapping(name, value))
        return super(TokenPart, cls)._load(name, value)


@dataclass(frozen=True, slots=True)
class AccountPart(Piece):
    """The account of a facility-month: what was audited, what was retired and not disallowed, and claimed shares.

    ``version`` counts what auditors did, ``shares`` how often the claimed shares changed.
    """

    FORMS: ClassVar[dict[str, Form]] = {
        **dict.fromkeys(AMOUNTS, partial(whole, bits=48)), "version": whole, "closed": flag, "recs_wh": whole,
        "offsets_g": whole, **dict.fromkeys(SHARED, whole), "shares": whole,
    }  # fmt: skip

    energy_wh: int
    scope1_g: int
    scope2_location_g: int
    scope2_residual_g: int
    scope3_g: int
    version: int
    closed: bool
    recs_wh: int
    offsets_g: int
    allocated_location_g: int = 0
    allocated_market_g: int = 0
    shares: int = 0


@dataclass(frozen=True, slots=True)
class TotalsPart(Piece):
    """The three totals of a facility-month, g CO2e."""

    FORMS: ClassVar[dict[str, Form]] = {"gross_location_g": whole, "gross_market_g": whole, "net_g": signed}

    gross_location_g: int
    gross_market_g: int
    net_g: int


@dataclass(frozen=True, slots=True)
class MatchingPart(Piece):
    """A month's energy matched hour by hour at a version of the account: Wh, and the matched part in millionths.

    ``auditors`` confirmed the consumption by hour.
    """

    FORMS: ClassVar[dict[str, Form]] = {
        "version": whole, "matched_wh": whole, "unmatched_wh": whole, "score": whole, "data": hash32,
        "auditors": addresses,
    }  # fmt: skip
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}
    TUPLES: ClassVar[tuple[str, ...]] = ("auditors",)

    version: int
    matched_wh: int
    unmatched_wh: int
    score: int
    data: str
    auditors: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class PanelPart(Piece):
    """From here on ``quorum`` of these auditors together audit the facility; quorum 0: any one of its market does."""

    FORMS: ClassVar[dict[str, Form]] = {"quorum": whole, "members": addresses}
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}
    TUPLES: ClassVar[tuple[str, ...]] = ("members",)

    quorum: int
    members: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class MonthPart(Piece):
    """A month of the claim: everything that happened to its account, in the order of the chain, and what it came to.

    ``matching`` is the match of its hours, on the hourly basis of a month with energy; else None.
    """

    FORMS: ClassVar[dict[str, Form]] = {}
    PARTS: ClassVar[dict[str, Any]] = {"account": AccountPart, "totals": TotalsPart}

    month: Month
    events: tuple[AccountEvent, ...]
    account: AccountPart
    matching: MatchingPart | None
    totals: TotalsPart

    @classmethod
    def _load(cls, name: str, value: Any) -> Any:
        if name == "matching":
            return None if value is None else MatchingPart.from_object(value)
        if name == "month":
            return month(name, value)
        if name == "events":
            return tuple(account_event(item) for item in listed(name, value))
        return super(MonthPart, cls)._load(name, value)


@dataclass(frozen=True, slots=True)
class ClaimPart(Piece):
    """The certificate: its months and basis, its owner, how often and when it was claimed, the versions it rests on.

    On the basis ``annual`` every retired REC covers energy, on ``hourly`` only what was matched hour by hour.
    """

    FORMS: ClassVar[dict[str, Form]] = {
        "id": hash32, "basis": partial(one_of, choices=tuple(BASES)), "owner": address, "number": whole,
        "versions": whole, "time": instant,
    }  # fmt: skip
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}

    id: str
    first: Month
    last: Month
    basis: str
    owner: str
    number: int
    versions: int
    time: int
    at: Place

    @classmethod
    def _load(cls, name: str, value: Any) -> Any:
        return month(name, value) if name in ("first", "last") else super(ClaimPart, cls)._load(name, value)
