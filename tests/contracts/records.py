"""The structs, identifiers, calendar and rounding of the contracts, written down a second time and from the text alone.

The tests compare the contracts with this; nothing here comes from the package or from the contracts' sources.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import NamedTuple

from eth_abi import encode
from eth_utils import keccak

AUDITED, REC, OFFSET, ALLOCATED = 1, 2, 3, 4
ANNUAL, HOURLY = 0, 1  # basis of a claim
MWH = 1_000_000  # Wh
TONNE = 1_000_000  # g
LANE = 2**48  # first amount that the record of an account or a batch cannot hold
MONTH = 648  # 2024-01
NOTHING = "0x" + 40 * "0"


class Statement(NamedTuple):
    facility: int
    month: int
    version: int
    energy: int
    scope1: int
    scope2_location: int
    scope2_residual: int
    scope3: int
    start: int
    end: int
    meter: bytes
    release: bytes
    evidence: bytes


class Batch(NamedTuple):
    evidence: bytes
    amount: int
    serial_from: int
    serial_thru: int
    vintage_start: int
    vintage_end: int


class Retirement(NamedTuple):
    facility: int
    month: int
    version: int
    beneficiary: bytes
    purpose: bytes


def month_start(month: int) -> int:
    """UTC seconds of the first instant of a month that is counted from 1970-01."""
    return int(datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp())


def month_at(instant: int) -> int:
    """The month of an instant in UTC seconds."""
    when = datetime.fromtimestamp(instant, UTC)
    return 12 * (when.year - 1970) + when.month - 1


def rounded_up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def emissions(energy: int, rate: int) -> int:
    """g of energy in Wh at a rate in g/MWh, rounded up."""
    return rounded_up(energy * rate, MWH)


def market_based(residual: int, energy: int, recs: int) -> int:
    """Scope 2 in g: the residual-mix emissions of the energy that RECs do not cover, rounded up."""
    return rounded_up(residual * max(energy - recs, 0), energy) if energy else 0


def code(text: str, size: int) -> bytes:
    return text.encode().ljust(size, b"\0")


def document(name: str) -> bytes:
    """Hash of a document that needs no content here."""
    return hashlib.sha256(name.encode()).digest()


def role(name: str) -> bytes:
    return keccak(text=name)


def auditor_role(zone: str) -> bytes:
    """The role of the auditors of one market zone."""
    return keccak(role("AUDITOR_ROLE") + code(zone, 32))


def selector(signature: str) -> str:
    """First four bytes that name a function or an error, as Brownie shows them."""
    return "0x" + keccak(text=signature)[:4].hex()


def facility_id(owner: str, metadata: bytes) -> int:
    return int.from_bytes(keccak(encode(["address", "bytes32"], [str(owner), metadata])), "big") >> 40


def audited_id(facility: int, month: int) -> int:
    return AUDITED << 248 | facility << 32 | month


def allocated_id(facility: int, month: int) -> int:
    return ALLOCATED << 248 | facility << 32 | month


def totals_version(version: int, shares: int) -> int:
    """What auditors did to an account, and above 16 bits how often the shares claimed into it changed."""
    return version | shares << 16


def batch_id(token_class: int, registry: bytes, evidence: bytes) -> int:
    digest = keccak(encode(["bytes12", "bytes32"], [registry, evidence]))
    return token_class << 248 | int.from_bytes(digest[1:], "big")


def release_id(dataset: str, year: int, edition: str) -> bytes:
    return keccak(encode(["string", "uint16", "string"], [dataset, year, edition]))


def claim_id(facility: int, first: int, last: int, basis: int = ANNUAL) -> int:
    return basis << 248 | facility << 32 | first << 16 | last
