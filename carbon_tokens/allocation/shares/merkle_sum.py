"""The Merkle-sum tree as the ``Allocations`` contract reads it: plain functions over bytes, in the order of the text.

A *record* is what stands for a node: its hash (32 bytes) and the amounts below it (18 bytes). Amounts are three lanes
of 48 bits in one integer: energy (Wh) | location-based (g) << 48 | market-based (g) << 96.

    leaf   keccak(0x00 | tenant 32 | amounts 18 | salt 32)
    node   keccak(0x01 | record of the left child | record of the right child), amounts lane by lane
    root   keccak(0x02 | audited id 32 | version 32 | depth 32 | hash of the top 32 | amounts of the top 32)

The first byte keeps the three apart, so that no node can be shown as a leaf. A child's amounts are hashed together with
its hash, so that none can be changed without the root; the depth in the root fixes the length of every proof.
A last node without a neighbour is paired with the empty node. Source: Maxwell's proof of liabilities, with the sums of
both children in every node, the need for which Hu, Zhang and Guo showed ("Breaking the Binding", 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from carbon_tokens.allocation.shares.keccak import Keccak, keccak256
from carbon_tokens.errors import AllocationError

LANE_BITS = 48
LANES = {"energy_wh": 0, "location_g": 48, "market_g": 96}  # the lowest bit of each
AMOUNTS, RECORD, LEAF = 18, 50, 82  # bytes: amounts; hash and amounts; tenant, amounts and salt
EMPTY = bytes(RECORD)

Progress = Callable[[int, int], None]  # hashes done, hashes in all

_LANE = (1 << LANE_BITS) - 1
_WORD = 1 << 256
_BATCH = 1 << 10  # nodes between two reports of progress


def leaf(content: bytes, *, keccak: Keccak = keccak256) -> bytes:
    """Record of a share, 50 bytes, from its tenant, amounts and salt (82 bytes)."""
    return keccak(b"\0" + content) + content[32:RECORD]


def node(left: bytes, right: bytes) -> bytes:
    """Record over two records. Raises AllocationError if a lane reaches 2^48: it would spill into its neighbour."""
    return keccak256(b"\1" + left + right) + added(left[32:], right[32:])


def root(audited_id: int, version: int, depth: int, top: bytes) -> bytes:
    """What the chain stores, 32 bytes: the top of a tree, bound to the account (id of its audited token) and version.

    Raises:
        AllocationError: an id or a version that is no uint256.
    """
    return keccak256(b"\2" + _word("audited id", audited_id) + _word("version", version) + _word("depth", depth)
                     + top[:32] + top[32:].rjust(32, b"\0"))  # fmt: skip


def added(left: bytes, right: bytes) -> bytes:
    """Lane-wise sum of amounts. Raises AllocationError if a lane reaches 2^48."""
    one, other = int.from_bytes(left), int.from_bytes(right)
    for name, lowest in LANES.items():
        if (one >> lowest & _LANE) + (other >> lowest & _LANE) > _LANE:
            raise AllocationError("a sum needs more than 48 bits", where=name, todo="Check the units.")
    return (one + other).to_bytes(AMOUNTS)


def climb(record: bytes, index: int, siblings: bytes) -> bytes:
    """Record of the top above a leaf's record; bit k of the index says whether its node at level k is the right one.

    Raises:
        AllocationError: the siblings are no whole records, the index lies outside the tree, a lane reaches 2^48.
    """
    depth, rest = divmod(len(siblings), RECORD)
    if rest or not 0 <= index < 1 << depth:
        raise AllocationError(f"index {index} and {len(siblings)} bytes of siblings do not belong to one tree")
    for level in range(depth):
        sibling = siblings[level * RECORD : (level + 1) * RECORD]
        record = node(sibling, record) if index >> level & 1 else node(record, sibling)
    return record


def levels(
    contents: bytes | bytearray, *, progress: Progress | None = None, keccak: Keccak = keccak256
) -> tuple[bytearray, ...]:
    """All records of a tree: a level each, leaves first; every level below the top is filled to an even number.

    The fast twin of ``leaf`` and ``node``: it does not look for lanes that spill, so the caller has made sure that the
    sums of all shares fit.

    Args:
        contents: tenant, amounts and salt of each share, 82 bytes each.
        progress: called with the hashes done and the hashes in all.
    """
    count, done = len(contents) // LEAF, 0
    total = sum(_sizes(count))
    found: list[bytearray] = []
    make: Callable[[bytes, Keccak], bytes] = _leaves
    source, width = contents, LEAF
    for size in _sizes(count):
        level = bytearray((size + (size % 2 if size > 1 else 0)) * RECORD)  # where one is left over: the empty node
        for start in range(0, size, _BATCH):
            part = make(bytes(source[start * width : (start + _BATCH) * width]), keccak)
            level[start * RECORD : start * RECORD + len(part)] = part
            if progress:
                progress(min(done + start + _BATCH, done + size), total)
        done += size
        found.append(level)
        make, source, width = _nodes, level, 2 * RECORD
    return tuple(found)


def depth_of(count: int) -> int:
    """Levels above the leaves: ceil(log2 of their number)."""
    return (count - 1).bit_length()


def _sizes(count: int) -> Iterator[int]:
    yield count
    while count > 1:
        count = (count + 1) // 2
        yield count


def _leaves(contents: bytes, keccak: Keccak) -> bytes:
    each = (contents[start : start + LEAF] for start in range(0, len(contents), LEAF))
    return b"".join([keccak(b"\0" + content) + content[32:RECORD] for content in each])


def _nodes(below: bytes, keccak: Keccak) -> bytes:
    number = int.from_bytes
    pairs = [below[start : start + 2 * RECORD] for start in range(0, len(below), 2 * RECORD)]
    sums = [(number(pair[32:RECORD]) + number(pair[82:])).to_bytes(AMOUNTS) for pair in pairs]
    return b"".join([keccak(b"\1" + pair) + amounts for pair, amounts in zip(pairs, sums, strict=True)])


def _word(name: str, value: int) -> bytes:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _WORD:
        raise AllocationError(f"{value!r} is no integer of 256 bits", where=name)
    return value.to_bytes(32)
