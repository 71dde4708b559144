"""Identifiers, computed off chain as the contracts compute them. All are content: the same thing has the same id."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_hash.auto import keccak
from eth_utils.address import to_canonical_address

from carbon_tokens.energy import (
    meter_id as meter_id,
)  # one id for a meter everywhere: two would let its period count twice
from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.contracts import text_bytes
from carbon_tokens.statements import release_id as release_id

AUDITOR_ROLE = "AUDITOR_ROLE"
AUDITED, REC, OFFSET, ALLOCATED = 1, 2, 3, 4  # token classes: the top byte of a token's id
ANNUAL, HOURLY = 0, 1  # bases of a claim: which RECs cover its energy
BASES = {"annual": ANNUAL, "hourly": HOURLY}
REGION_BYTES = 9  # of a grid region's code
_BODY = (1 << 248) - 1


def facility_id(owner: str, metadata: bytes) -> int:
    """Id of a facility: ``uint216(keccak256(abi.encode(owner, metadata)) >> 40)``."""
    return int.from_bytes(keccak(encode(["address", "bytes32"], [to_canonical_address(owner), metadata])), "big") >> 40


def audited_id(facility: int, month: int) -> int:
    """Id of the token of audited emissions of a facility-month."""
    return AUDITED << 248 | facility << 32 | month


def allocated_id(facility: int, month: int) -> int:
    """Id of the token of shares of other accounts that were claimed into a facility-month."""
    return ALLOCATED << 248 | facility << 32 | month


def totals_version(version: int, shares: int) -> int:
    """Version of an account's totals: its own, which counts what auditors do, and above it the changes of shares."""
    return version | shares << 16


def role_id(role: str, market_zone: str = "") -> bytes:
    """The id of a role: keccak256 of its name; ``DEFAULT_ADMIN_ROLE`` is zero.

    An auditor's is of one market zone: keccak256 of that hash and the zone filled up to 32 bytes (libraries/Roles.sol).

    Raises:
        LedgerError: ``AUDITOR_ROLE`` without a market zone, or another role with one.
    """
    if (role == AUDITOR_ROLE) != bool(market_zone):
        faults = {True: ("is held for one market zone", "Name the zone, e.g. US."), False: ("has no market zone", "")}
        what, todo = faults[role == AUDITOR_ROLE]
        raise LedgerError(f"{role} {what}", where="role", todo=todo)
    if role == "DEFAULT_ADMIN_ROLE":
        return bytes(32)
    name = keccak(role.encode())
    return keccak(name + text_bytes(market_zone, 2, where="market zone").ljust(32, b"\0")) if market_zone else name


def region_bytes(region: str) -> bytes:
    """A grid region's code as ``bytes9``. Raises LedgerError if it is longer or not ASCII."""
    return text_bytes(region, REGION_BYTES, where="grid region")


def batch_id(token_class: int, registry: str, evidence: bytes) -> int:
    """Id of the token of a registry's document."""
    digest = keccak(encode(["bytes12", "bytes32"], [text_bytes(registry, 12, where="registry"), evidence]))
    return token_class << 248 | int.from_bytes(digest, "big") & _BODY


def class_of(token: int) -> int:
    """Class of a token: AUDITED, REC, OFFSET or ALLOCATED."""
    return token >> 248


def claim_id(facility: int, first: int, last: int, basis: int = ANNUAL) -> int:
    """Id of the certificate of a facility's months first..last on a basis (ANNUAL or HOURLY)."""
    return basis << 248 | facility << 32 | first << 16 | last


def claim_parts(claim: int) -> tuple[int, int, int, int]:
    """Facility, first and last month, and basis of a certificate's id."""
    return claim >> 32 & (1 << 216) - 1, claim >> 16 & 0xFFFF, claim & 0xFFFF, claim >> 248


def note(text: str) -> bytes:
    """A beneficiary, purpose or device as bytes32: the text itself up to 32 bytes of UTF-8, else its keccak256."""
    data = text.encode()
    return data.ljust(32, b"\0") if len(data) <= 32 else keccak(data)
