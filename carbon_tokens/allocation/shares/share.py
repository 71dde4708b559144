"""Shares: what of an account's energy and emissions falls to one tenant, and how totals become shares exactly."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from carbon_tokens.allocation.shares.keccak import keccak256
from carbon_tokens.allocation.shares.merkle_sum import LANE_BITS, LANES, LEAF
from carbon_tokens.errors import AllocationError

FACILITY_BITS = 216
_LIMIT = 1 << LANE_BITS
_NO_FACILITY = 1 << FACILITY_BITS

Key = TypeVar("Key", bytes, str, int)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Energy (Wh) and emissions (g CO2e, location-based and market-based); each from 0 to 2^48 - 1.

    Raises:
        AllocationError: an amount that is no integer, negative, or needs more than 48 bits.
    """

    energy_wh: int
    location_g: int
    market_g: int

    def __post_init__(self) -> None:
        for name in LANES:
            _check(name, getattr(self, name))

    def packed(self) -> bytes:
        """The three lanes in 18 bytes, big-endian: market, location, energy."""
        return b"".join(lane.to_bytes(6) for lane in (self.market_g, self.location_g, self.energy_wh))

    @classmethod
    def unpacked(cls, packed: bytes) -> Amounts:
        """The amounts in 18 bytes."""
        return cls(*(int.from_bytes(packed[at : at + 6]) for at in (12, 6, 0)))


def new_salt() -> bytes:
    """32 bytes that nobody can guess: without them a share could be found by trying names and amounts."""
    return secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class Share:
    """A tenant's share of an account.

    ``tenant`` is 32 bytes: ``tenant_of_facility`` or ``tenant_of_name``. The salt is the secret of operator and tenant.

    Raises:
        AllocationError: a tenant or salt that is not 32 bytes, an amount out of range.
    """

    tenant: bytes
    energy_wh: int
    location_g: int
    market_g: int
    salt: bytes = field(default_factory=new_salt, repr=False)

    def __post_init__(self) -> None:
        for name, value in (("tenant", self.tenant), ("salt", self.salt)):
            if not isinstance(value, bytes) or len(value) != 32:
                raise AllocationError("is not 32 bytes", where=name)
        _check("energy_wh", self.energy_wh)
        _check("location_g", self.location_g)
        _check("market_g", self.market_g)

    @property
    def amounts(self) -> Amounts:
        """The share without its tenant."""
        return Amounts(self.energy_wh, self.location_g, self.market_g)

    def content(self) -> bytes:
        """What the leaf hashes, 82 bytes: tenant, amounts, salt."""
        return contents([self])

    @classmethod
    def of_content(cls, content: bytes) -> Share:
        """The share in 82 bytes. Raises AllocationError for any other length."""
        if len(content) != LEAF:
            raise AllocationError(f"{len(content)} bytes are no share")
        market, location, energy = (int.from_bytes(content[at : at + 6]) for at in (32, 38, 44))
        return cls(content[:32], energy, location, market, content[50:])


def contents(shares: Iterable[Share]) -> bytes:
    """What the leaves hash, 82 bytes a share."""
    return b"".join(
        [
            b"".join((s.tenant, s.market_g.to_bytes(6), s.location_g.to_bytes(6), s.energy_wh.to_bytes(6), s.salt))
            for s in shares
        ]
    )


def tenant_of_facility(facility: int) -> bytes:
    """A tenant with a facility on chain: its id as uint256. Raises AllocationError for what is no facility id."""
    if not isinstance(facility, int) or not 0 < facility < _NO_FACILITY:
        raise AllocationError(f"{facility!r} is no facility id of 216 bits", where="tenant")
    return facility.to_bytes(32)


def tenant_of_name(name: str) -> bytes:
    """A tenant without a facility on chain: keccak-256 of its name in UTF-8. Raises AllocationError if it is empty."""
    if not name.strip():
        raise AllocationError("is empty", where="tenant")
    try:
        return keccak256(name.encode())
    except UnicodeEncodeError as error:
        raise AllocationError(f"{name!r} is no Unicode text", where="tenant") from error


def tenant_of(text: str) -> bytes:
    """A tenant as tables write it: 0x and 54 hex digits (facility id), 0x and 64 (the 32 bytes), or a name.

    Raises:
        AllocationError: empty, or 0x and another number of digits.
    """
    if not text.lower().startswith("0x"):
        return tenant_of_name(text)
    if re.fullmatch("[0-9a-fA-F]{54}", text[2:]):
        return tenant_of_facility(int(text, 16))
    if re.fullmatch("[0-9a-fA-F]{64}", text[2:]):
        return bytes.fromhex(text[2:])
    raise AllocationError(
        f"{text!r} is neither a facility id (0x and 54 hex digits) nor 32 bytes (0x and 64)", where="tenant"
    )


def split(total: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """Splits a total by whole weights so that the parts add up exactly (largest remainder, ties by key order).

    ``units.largest_remainder`` for a million keys: integers only. No part is a whole unit or more from its quota.

    Raises:
        AllocationError: a total or weight that is negative or no integer, or no weight to carry a positive total.
    """
    if not all(type(value) is int and value >= 0 for value in (total, *weights.values())):
        raise AllocationError("a total and its weights are integers that are not negative")
    whole = sum(weights.values())
    if not whole:
        if total:
            raise AllocationError(f"{total} cannot be split: no weight is positive")
        return dict.fromkeys(weights, 0)
    parts = {key: total * weight // whole for key, weight in weights.items()}
    left = total - sum(parts.values())
    for _, key in sorted((-(total * weight % whole), key) for key, weight in weights.items())[:left]:
        parts[key] += 1
    return parts


def shares_of(totals: Amounts, weights: Mapping[bytes, int | tuple[int, int, int]]) -> Iterator[Share]:
    """Shares of an account in proportion to the tenants' weights, each with a new salt.

    A weight is one number (metered Wh, say) or three, for energy, location-based and market-based emissions. Where none
    has a weight of emissions they follow the quantity before: customers whose certificates cover all of their energy
    have no market-based emissions, the account has until they are retired into it.

    Raises:
        AllocationError: as ``split``.
    """
    lanes = [{key: each[at] if isinstance(each, tuple) else each for key, each in weights.items()} for at in range(3)]
    for at in (1, 2):
        lanes[at] = lanes[at] if any(lanes[at].values()) else lanes[at - 1]
    energy, location, market = (split(getattr(totals, name), lane) for name, lane in zip(LANES, lanes, strict=True))
    return (Share(tenant, energy[tenant], location[tenant], market[tenant]) for tenant in weights)


def _check(name: str, value: int) -> None:
    if type(value) is not int:
        raise AllocationError(f"{value!r} is no integer", where=name)
    if not 0 <= value < _LIMIT:
        raise AllocationError(f"{value} is negative or needs more than {LANE_BITS} bits", where=name)
