"""What happens to an account, as the chain recorded it: audits, restatements, closing, disallowances, retirements, and
shares of other accounts that were claimed into it.

``auditor`` is who called the ledger. Where that is the Auditors contract, ``attested`` are those auditors whose
signatures counted, in ascending order; else it is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from carbon_tokens.claims.pieces import Form, Piece, Place, address, addresses, facility_hex, hash32, instant, mapping
from carbon_tokens.errors import StatementError
from carbon_tokens.statements import Auditable, read_auditable
from carbon_tokens.statements.document import one_of, whole

AMOUNTS = ("energy_wh", "scope1_g", "scope2_location_g", "scope2_residual_g", "scope3_g")
SHARED = ("allocated_location_g", "allocated_market_g")  # claimed shares of other accounts, part of scope 3


@dataclass(frozen=True, slots=True)
class AmountPart(Piece):
    """An amount of a token, Wh or g."""

    FORMS: ClassVar[dict[str, Form]] = {"token": hash32, "amount": whole}

    token: str
    amount: int


@dataclass(frozen=True, slots=True)
class Confirmed(Piece):
    """An audit or a restatement, and the document that was confirmed."""

    FORMS: ClassVar[dict[str, Form]] = {
        "event": partial(one_of, choices=("Audited", "Restated")), "auditor": address, "attested": addresses,
        "version": whole,
        **dict.fromkeys(AMOUNTS, partial(whole, bits=48)), "start": instant, "end": instant, "meter": hash32,
        "release": hash32, "evidence": hash32,
    }  # fmt: skip
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}
    TUPLES: ClassVar[tuple[str, ...]] = ("attested",)

    event: str
    auditor: str
    attested: tuple[str, ...]
    version: int
    energy_wh: int
    scope1_g: int
    scope2_location_g: int
    scope2_residual_g: int
    scope3_g: int
    start: int
    end: int
    meter: str
    release: str
    evidence: str
    document: Auditable
    at: Place

    @classmethod
    def _load(cls, name: str, value: Any) -> Any:
        if name != "document":
            return super(Confirmed, cls)._load(name, value)
        return read_auditable(mapping(name, value))


@dataclass(frozen=True, slots=True)
class Closed(Piece):
    """An auditor declared the month complete. ``version`` is of its totals: audits and changes of shares counted."""

    FORMS: ClassVar[dict[str, Form]] = {
        "event": partial(one_of, choices=("Closed",)), "auditor": address, "attested": addresses, "version": whole,
    }  # fmt: skip
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}
    TUPLES: ClassVar[tuple[str, ...]] = ("attested",)

    event: str
    auditor: str
    attested: tuple[str, ...]
    version: int
    at: Place


@dataclass(frozen=True, slots=True)
class Disallowed(Piece):
    """Retired certificates that proved void were taken out again, Wh or g."""

    FORMS: ClassVar[dict[str, Form]] = {
        "event": partial(one_of, choices=("Disallowed",)), "auditor": address, "attested": addresses,
        "version": whole, "token": hash32, "amount": whole, "evidence": hash32,
    }  # fmt: skip
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}
    TUPLES: ClassVar[tuple[str, ...]] = ("attested",)

    event: str
    auditor: str
    attested: tuple[str, ...]
    version: int
    token: str
    amount: int
    evidence: str
    at: Place


@dataclass(frozen=True, slots=True)
class Retired(Piece):
    """Certificates retired into the month: Wh of RECs, g of offsets, and of which tokens."""

    FORMS: ClassVar[dict[str, Form]] = {
        "event": partial(one_of, choices=("Retired",)), "holder": address, "recs_wh": whole, "offsets_g": whole,
        "beneficiary": hash32, "purpose": hash32,
    }  # fmt: skip
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}
    LISTS: ClassVar[dict[str, Any]] = {"tokens": AmountPart}

    event: str
    holder: str
    recs_wh: int
    offsets_g: int
    beneficiary: str
    purpose: str
    tokens: tuple[AmountPart, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Allocated(Piece):
    """A share of another facility's account was claimed into this one, in place of that of an earlier version.

    ``provider`` is whose account was split, ``provider_version`` the version of its totals; then the share, Wh and g;
    then what all shares come to in this account, g. The month is open again, its version stays.
    """

    FORMS: ClassVar[dict[str, Form]] = {
        "event": partial(one_of, choices=("Allocated",)), "provider": facility_hex,
        **dict.fromkeys(("provider_version", "energy_wh", "location_g", "market_g"), whole),
        **dict.fromkeys(SHARED, whole),
    }  # fmt: skip
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}

    event: str
    provider: str
    provider_version: int
    energy_wh: int
    location_g: int
    market_g: int
    allocated_location_g: int
    allocated_market_g: int
    at: Place


AccountEvent = Confirmed | Closed | Disallowed | Retired | Allocated
Attested = Confirmed | Closed | Disallowed
_KINDS: dict[str, Any] = {
    "Audited": Confirmed, "Restated": Confirmed, "Closed": Closed, "Disallowed": Disallowed, "Retired": Retired,
    "Allocated": Allocated,
}  # fmt: skip
EVENTS = tuple(_KINDS)


def account_event(value: object) -> AccountEvent:
    """The event in a parsed JSON object. Raises StatementError if it is none."""
    found = mapping("events", value)
    kind = _KINDS.get(str(found.get("event")))
    if kind is None:
        raise StatementError(f"{found.get('event')!r} is no event of an account", where="event")
    event: AccountEvent = kind.from_object(found)
    return event
