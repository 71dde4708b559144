"""Months of hourly energy and granular certificates, written down from the text of IHourlyMatching alone."""

from __future__ import annotations

from typing import NamedTuple

from eth_abi import encode
from eth_utils import keccak
from records import MONTH, REC, batch_id, month_start

HOURS = 744  # of January


class Granular(NamedTuple):
    registry: bytes
    document: bytes
    generation: bytes

    @property
    def evidence(self) -> bytes:
        return keccak(self.document + keccak(self.generation))

    @property
    def amount(self) -> int:
        return sum(unpacked(self.generation))

    @property
    def id(self) -> int:
        return batch_id(REC, self.registry, self.evidence)


def hours_of(month: int) -> int:
    return (month_start(month + 1) - month_start(month)) // 3_600


def packed(hours: list[int]) -> bytes:
    """4 bytes an hour, Wh."""
    return b"".join(each.to_bytes(4) for each in hours)


def unpacked(vector: bytes) -> list[int]:
    return [int.from_bytes(vector[at : at + 4]) for at in range(0, len(vector), 4)]


def flat(load: int, month: int = MONTH) -> list[int]:
    """The same Wh in every hour."""
    return [load] * hours_of(month)


def ascending(*certificates: Granular) -> list[Granular]:
    """In the order that a record needs."""
    return sorted(certificates, key=lambda each: each.id)


def matched(load: list[int], *supplies: list[int]) -> int:
    """Wh consumed in hours in which the certificates together generated as much."""
    supply = [sum(each) for each in zip(*supplies, strict=True)] if supplies else [0] * len(load)
    return sum(map(min, load, supply))


def data_hash(load: list[int], ids: list[int]) -> bytes:
    return keccak(encode(["bytes32", "uint256[]"], [keccak(packed(load)), ids]))
