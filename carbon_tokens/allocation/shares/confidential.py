"""Confidential shares: a group of tenants whose shares hide behind commitments, as one leaf of an account's split.

A record is a node's hash (32 bytes) and the commitment to all amounts below it (a point, 64 bytes).

    leaf    keccak(0x10 | tenant 32 | commitment 64 | salt 32)
    node    keccak(0x11 | record of the left child | record of the right child), commitment: the sum of both
    group   keccak(0x12 | depth 32 | record of the top 96 | sum of the blindings 32)

The group's 32 bytes stand in the account's Merkle-sum tree (``merkle_sum``) as a tenant whose amounts are the group's
sums. So the contract ties them to the audited totals as it does with every split, and needs to know nothing of this.
The top commitment opens with the group's sums and the sum of the blindings: what the members' commitments hide adds up
to what was audited. A member opens its own leaf; of its siblings it sees hashes and commitments, which say nothing.

Adding up is modulo the group's order, so a leaf could hide a negative amount that others make up for. Two things stand
against it: an auditor rebuilds the tree from every member's amounts, 0 to 2^48 - 1 each, and signs that
(``ledger.confidential``); and what is claimed on chain is claimed from plain leaves. Sources: Maxwell's Merkle-sum
tree with Pedersen commitments in place of sums as in Provisions (Dagher et al., CCS 2015) and DAPOL+ (Ji and Chalkias,
CCS 2021), whose range proofs the auditor's signature stands for.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from carbon_tokens.allocation.shares import pedersen
from carbon_tokens.allocation.shares.keccak import keccak256
from carbon_tokens.allocation.shares.merkle_sum import LANES, Progress
from carbon_tokens.allocation.shares.pedersen import ORDER, POINT, Point
from carbon_tokens.allocation.shares.share import Amounts, Share
from carbon_tokens.errors import AllocationError, DuplicateTenant, ShareNotProven

RECORD = 32 + POINT
MOST_LEVELS = 32
_EMPTY = bytes(RECORD)
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Member:
    """A tenant's share and the blinding of its commitment; both are secrets of operator and tenant."""

    share: Share
    blinding: int = field(repr=False)

    def record(self, commitment: Point | None = None) -> bytes:
        """Record of its leaf, 96 bytes; ``commitment``: if it is known already."""
        point = commitment or pedersen.commitments([(self.share.amounts, self.blinding)])[0]
        content = self.share.tenant + pedersen.encoded(point) + self.share.salt
        return keccak256(b"\x10" + content) + pedersen.encoded(point)


def members_of(shares: Iterable[Share]) -> list[Member]:
    """Members with new blindings, in an order that says nothing."""
    found = [Member(each, secrets.randbelow(ORDER)) for each in shares]
    random.SystemRandom().shuffle(found)
    return found


class Group:
    """Members and the tree over them, in the order given. A thousand members take 1.5 s.

    Raises:
        AllocationError: no members, or sums that need more than 48 bits.
        DuplicateTenant: a tenant that is a member twice.
    """

    def __init__(self, members: Sequence[Member], *, progress: Progress | None = None) -> None:
        if not members:
            raise AllocationError("there are no members", where="group")
        self.members = tuple(members)
        self._places = {each.share.tenant: place for place, each in enumerate(members)}
        if len(self._places) < len(members):
            raise DuplicateTenant("a tenant is in the group twice", where="group", todo="Add its shares up.")
        self.amounts = Amounts(*(sum(getattr(each.share, name) for each in members) for name in LANES))
        self.blinding = sum(each.blinding for each in members) % ORDER
        self._levels = _levels(self._leaves(progress))

    def __len__(self) -> int:
        return len(self.members)

    @property
    def depth(self) -> int:
        return len(self._levels) - 1

    @property
    def tenant(self) -> bytes:
        """The 32 bytes that stand for the group as a tenant."""
        return group_of(self.depth, self._levels[-1][0], self.blinding)

    def prove(self, tenant: bytes) -> Opening:
        """What a member shows. Raises AllocationError for a tenant that is none."""
        if tenant not in self._places:
            raise AllocationError(f"0x{tenant.hex()} is no member of the group", where="tenant")
        index = place = self._places[tenant]
        siblings = b""
        for level in self._levels[:-1]:
            siblings += level[place ^ 1] if place ^ 1 < len(level) else _EMPTY
            place >>= 1
        return Opening(self.members[index], index, siblings, self.blinding)

    def _leaves(self, progress: Progress | None) -> list[bytes]:
        found = list[bytes]()
        for part in _portions(self.members):
            points = pedersen.commitments([(each.share.amounts, each.blinding) for each in part])
            found += [each.record(point) for each, point in zip(part, points, strict=True)]
            if progress:
                progress(len(found), len(self.members))
        return found


@dataclass(frozen=True, slots=True)
class Opening:
    """A member's own leaf, opened, its place, the siblings (96 bytes a level), and the sum of all blindings."""

    member: Member
    index: int
    siblings: bytes = field(repr=False)
    group_blinding: int

    def verify(self, tenant: bytes, amounts: Amounts) -> None:
        """Checks that the member is part of a group that stands as a tenant with these amounts in a proven split.

        Raises:
            ShareNotProven: it is not, or the group's commitments do not open with the amounts.
        """
        depth, rest = divmod(len(self.siblings), RECORD)
        if rest or depth > MOST_LEVELS or not 0 <= self.index < 1 << depth:
            raise ShareNotProven(f"index {self.index} and {len(self.siblings)} bytes belong to no tree", where="index")
        try:
            top = self._climbed(depth)
            (opened,) = pedersen.commitments([(amounts, self.group_blinding)])
        except AllocationError as error:
            raise ShareNotProven(error.what, where=error.where or "siblings") from error
        if group_of(depth, top, self.group_blinding) != tenant:
            raise ShareNotProven("the share does not lead to the group that stands in the split", where="siblings")
        if pedersen.encoded(opened) != top[32:]:
            raise ShareNotProven("the members' commitments do not add up to the group's amounts", where="group")

    def _climbed(self, depth: int) -> bytes:
        record = self.member.record()
        for level in range(depth):
            sibling = self.siblings[level * RECORD : (level + 1) * RECORD]
            pedersen.decoded("siblings", sibling[32:])
            record = _node(sibling, record) if self.index >> level & 1 else _node(record, sibling)
        return record


def group_of(depth: int, top: bytes, blinding: int) -> bytes:
    """The 32 bytes of a group, from its depth, the record of its top and the sum of the blindings."""
    return keccak256(b"\x12" + depth.to_bytes(32) + top + blinding.to_bytes(32))


def grouped(shares: Iterable[Share], opened: Iterable[bytes]) -> tuple[list[Share], list[Share]]:
    """Shares that stand by themselves, by their tenants, and those that are to be a group.

    Raises:
        AllocationError: a tenant that has no share.
    """
    known = {each.tenant: each for each in shares}
    plain = dict.fromkeys(opened)
    if unknown := [each for each in plain if each not in known]:
        raise AllocationError("has no share", where=f"tenant 0x{unknown[0].hex()}", todo="Correct --open.")
    return [known[each] for each in plain], [each for tenant, each in known.items() if tenant not in plain]


def _node(left: bytes, right: bytes) -> bytes:
    return _nodes([(left, right)])[0]


def _nodes(pairs: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    points = pedersen.added((_point(left), _point(right)) for left, right in pairs)
    return [
        keccak256(b"\x11" + left + right) + pedersen.encoded(point)
        for (left, right), point in zip(pairs, points, strict=True)
    ]


def _point(record: bytes) -> Point:
    return int.from_bytes(record[32:64]), int.from_bytes(record[64:])


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """All records, a level each, leaves first; a last one without a neighbour is paired with the empty record."""
    found = [leaves]
    while len(found[-1]) > 1:
        below = found[-1] + [_EMPTY] * (len(found[-1]) % 2)
        found.append(_nodes(list(zip(below[::2], below[1::2], strict=True))))
    return found


def _portions(members: Sequence[Member]) -> Iterator[Sequence[Member]]:
    return (members[start : start + _BATCH] for start in range(0, len(members), _BATCH))
