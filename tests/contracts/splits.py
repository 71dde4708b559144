"""The split of an account among tenants, written down from the text of IAllocations and MerkleSum alone."""

from __future__ import annotations

from typing import NamedTuple

from eth_utils import keccak
from records import audited_id, document

Amounts = tuple[int, int, int]  # energy Wh, location-based g, market-based g


class Share(NamedTuple):
    tenant: bytes
    energy: int
    location: int
    market: int
    salt: bytes

    @property
    def amounts(self) -> Amounts:
        return self.energy, self.location, self.market


class Node(NamedTuple):
    hash: bytes
    amounts: Amounts

    @property
    def packed(self) -> bytes:
        return self.hash + lanes(self.amounts)


def lanes(amounts: Amounts) -> bytes:
    """Three lanes of 48 bits, energy lowest, as 18 bytes."""
    return total_word(amounts).to_bytes(18)


def total_word(amounts: Amounts) -> int:
    energy, location, market = amounts
    return energy | location << 48 | market << 96


def share(tenant: int | bytes, energy: int, location: int, market: int) -> Share:
    """A share with a salt of its own; a tenant with a facility is named by its number."""
    name = tenant.to_bytes(32) if isinstance(tenant, int) else tenant
    return Share(name, energy, location, market, document(f"salt of {name.hex()}"))


class Split:
    """A tree over shares; where two are needed and one is left, nothing stands beside it."""

    def __init__(self, *shares: Share) -> None:
        leaves = [Node(keccak(b"\0" + each.tenant + lanes(each.amounts) + each.salt), each.amounts) for each in shares]
        self.shares, self.levels = shares, [leaves]
        while len(self.levels[-1]) > 1:
            row = self.levels[-1]
            if len(row) % 2:
                row.append(Node(document("nothing"), (0, 0, 0)))
            self.levels.append([joined(*row[at : at + 2]) for at in range(0, len(row), 2)])

    @property
    def depth(self) -> int:
        return len(self.levels) - 1

    @property
    def top(self) -> bytes:
        return self.levels[-1][0].hash

    @property
    def total(self) -> Amounts:
        return self.levels[-1][0].amounts

    def siblings(self, index: int) -> bytes:
        return b"".join(row[index >> height ^ 1].packed for height, row in enumerate(self.levels[:-1]))

    def root(self, facility: int, month: int, version: int) -> bytes:
        numbers = (audited_id(facility, month), version, self.depth)
        bound = b"".join(each.to_bytes(32) for each in numbers)
        return keccak(b"\2" + bound + self.top + total_word(self.total).to_bytes(32))


def joined(left: Node, right: Node) -> Node:
    energy, location, market = map(sum, zip(left.amounts, right.amounts, strict=True))
    return Node(keccak(b"\1" + left.packed + right.packed), (energy, location, market))


def parts(total: Amounts, *weights: int) -> list[Amounts]:
    """A total cut in proportion to weights; the last part takes what rounding left."""
    cut = [tuple(each * weight // sum(weights) for each in total) for weight in weights[:-1]]
    rest = tuple(each - sum(taken) for each, *taken in zip(total, *cut, strict=True))
    return [(energy, location, market) for energy, location, market in (*cut, rest)]
