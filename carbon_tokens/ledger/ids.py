"""Identifiers, computed off chain as the contracts compute them. All are content: the same thing has the same id."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_hash.auto import keccak
from eth_utils.address import to_canonical_address

from carbon_tokens.energy import (
    meter_id as meter_id,
)  # one id for a meter everywhere: two would let its period count twice
from carbon_tokens.ledger.contracts import text_bytes
from carbon_tokens.statements import release_id as release_id

AUDITED, REC, OFFSET = 1, 2, 3  # token classes: the top byte of a token's id
_BODY = (1 << 248) - 1


def facility_id(owner: str, metadata: bytes) -> int:
    """Id of a facility: ``uint216(keccak256(abi.encode(owner, metadata)) >> 40)``."""
    return int.from_bytes(keccak(encode(["address", "bytes32"], [to_canonical_address(owner), metadata])), "big") >> 40


def audited_id(facility: int, month: int) -> int:
    """Id of the token of audited emissions of a facility-month."""
    return AUDITED << 248 | facility << 32 | month


def batch_id(token_class: int, registry: str, evidence: bytes) -> int:
    """Id of the token of a registry's document."""
    digest = keccak(encode(["bytes12", "bytes32"], [text_bytes(registry, 12, where="registry"), evidence]))
    return token_class << 248 | int.from_bytes(digest, "big") & _BODY


def class_of(token: int) -> int:
    """Class of a token: AUDITED, REC or OFFSET."""
    return token >> 248


def claim_id(facility: int, first: int, last: int) -> int:
    """Id of the certificate of a facility's months first..last."""
    return facility << 40 | first << 20 | last


def note(text: str) -> bytes:
    """A beneficiary, purpose or device as bytes32: the text itself up to 32 bytes of UTF-8, else its keccak256."""
    data = text.encode()
    return data.ljust(32, b"\0") if len(data) <= 32 else keccak(data)
