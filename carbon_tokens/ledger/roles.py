"""The names of the contracts' roles, which the chain knows by their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from string import ascii_uppercase

from eth_hash.auto import keccak

ROLES = ("REGISTRAR_ROLE", "REC_ISSUER_ROLE", "OFFSET_ISSUER_ROLE", "PUBLISHER_ROLE")
_AUDITOR_ROLE = keccak(b"AUDITOR_ROLE")


def role_name(role: bytes) -> str:
    """The name of a role's hash, with its market zone if it is an auditor's; or the hash."""
    if not any(role):
        return "DEFAULT_ADMIN_ROLE"
    zone = next((zone for zone in _zones() if keccak(_AUDITOR_ROLE + zone.encode().ljust(32, b"\0")) == role), "")
    if zone:
        return f"AUDITOR_ROLE of market zone {zone}"
    return next((name for name in ROLES if keccak(name.encode()) == role), f"0x{role.hex()}")


def _zones() -> Iterator[str]:
    """Every market zone that there can be: two letters."""
    return ("".join(letters) for letters in product(ascii_uppercase, repeat=2))
