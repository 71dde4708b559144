"""Merkle-Patricia trees of a block: proofs of its transactions, receipts and accounts, built and followed.

A tree's root commits to every value below it (Wood, Yellow Paper, appendix D). ``trie`` builds the tree of a block;
following a proof is written here a second time, because a verifier must refuse what it did not ask for: a node that is
missing, one that no path needs, and a value other than that of the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from eth_hash.auto import keccak
from rlp import decode, encode
from rlp.exceptions import DecodingError
from trie.hexary import HexaryTrie

from carbon_tokens.errors import NotInTree
from carbon_tokens.ledger.transactions import integer

_HASH = 32  # a node this long or longer is known by its hash, a shorter one stands in its parent
_BRANCH, _PAIR = 17, 2  # items of a node
_STRING, _LIST, _SHORT = 0x80, 0xC0, 56  # first bytes of RLP; below 56 octets the length stands in it
_DEEPEST = 32  # lists in lists; a transaction has 4, nodes in nodes a few more
_LEAF = 2  # flags of a path: 0 and 1 are an extension's, 2 and 3 a leaf's


def index_key(index: int) -> bytes:
    """Key of the transaction or receipt with this index in its block: rlp(index)."""
    key: bytes = encode(integer(index))
    return key


def decoded(data: bytes) -> Any:
    """The RLP item of exactly these bytes, lists as lists. Raises NotInTree for what is none, or nests too deep."""
    if _depth(data) > _DEEPEST:
        raise NotInTree(f"0x{data[:8].hex()}… nests deeper than {_DEEPEST} lists", where="node")
    try:
        return _lists(decode(data, strict=True))
    except DecodingError as error:
        raise NotInTree(f"0x{data[:8].hex()}… is no RLP ({error})", where="node") from error


class BlockTree:
    """The tree of a block's transactions or receipts, each encoded, in their order.

    >>> tree = BlockTree(receipts)
    >>> tree.root, tree.prove(range(3))
    """

    def __init__(self, values: Sequence[bytes]) -> None:
        self._tree: Any = HexaryTrie({})
        for index, value in enumerate(values):
            self._tree[index_key(index)] = value

    @property
    def root(self) -> bytes:
        """Hash of the topmost node, as it stands in the block's header."""
        root: bytes = self._tree.root_hash
        return root

    def prove(self, indices: Iterable[int]) -> Iterator[tuple[bytes, ...]]:
        """For each index the nodes from the root to its value, without those that were given before."""
        given: set[bytes] = set()
        for index in indices:
            nodes = [encode(node) for node in self._tree.get_proof(index_key(index))]
            new = [node for at, node in enumerate(nodes) if node not in given and (not at or len(node) >= _HASH)]
            given.update(new)
            yield tuple(new)


class Followed:
    """The proofs of one tree, followed one after the other; a node counts where it is given first.

    Args:
        root: hash of the topmost node, from a header that is trusted.
    """

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._known: dict[bytes, bytes] = {}

    def value(self, key: bytes, nodes: Sequence[bytes]) -> bytes:
        """The value of a key, 1 byte or more.

        Raises:
            NotInTree: a node is missing, not needed, given twice or none at all; or the tree does not hold the key.
        """
        new = {keccak(node): node for node in nodes}
        if len(new) < len(nodes) or any(each in self._known for each in new):
            raise NotInTree("a node is given twice", where="nodes")
        found, path = follow(self._root, key, self._known | new)
        if [each for each in path if each not in self._known] != list(new):
            raise NotInTree("the nodes given are not those of the path, in its order", where="nodes")
        self._known |= new
        return found


def follow(root: bytes, key: bytes, nodes: Mapping[bytes, bytes]) -> tuple[bytes, list[bytes]]:
    """The value of a key, and the hashes of the nodes on its path. Raises NotInTree."""
    path: list[bytes] = []
    rest = [half for byte in key for half in (byte >> 4, byte & 15)]
    below: Any = root
    ended = False
    while not ended:
        if not isinstance(below, list):
            path.append(below)
            below = decoded(_known(below, nodes, key))
        below, rest, ended = _step(below, rest, key)
    if not isinstance(below, bytes) or not below:
        raise _absent(key)
    return below, path


def _known(reference: bytes, nodes: Mapping[bytes, bytes], key: bytes) -> bytes:
    if not reference:
        raise _absent(key)
    if reference not in nodes:
        raise NotInTree(f"the node 0x{reference.hex()} on the way to key 0x{key.hex()} is not given", where="nodes")
    return nodes[reference]


def _step(node: Any, rest: list[int], key: bytes) -> tuple[Any, list[int], bool]:
    """What a node leads to, what is left of the key then, and whether that is the value."""
    if isinstance(node, list) and len(node) == _BRANCH:
        return (node[rest[0]], rest[1:], False) if rest else (node[-1], rest, True)
    if not isinstance(node, list) or len(node) != _PAIR or not isinstance(node[0], bytes) or not node[0]:
        raise NotInTree("a node is neither branch, extension nor leaf", where="nodes")
    flag, part = _unpacked(node[0])
    leaf = flag >= _LEAF
    if rest[: len(part)] != part or (leaf and len(part) < len(rest)) or not (leaf or part):
        raise _absent(key)
    return node[1], rest[len(part) :], leaf


def _unpacked(path: bytes) -> tuple[int, list[int]]:
    """Flag and nibbles of a hex-prefix encoded path. Raises NotInTree for another form."""
    nibbles = [half for byte in path for half in (byte >> 4, byte & 15)]
    flag = nibbles[0]
    if flag > _LEAF + 1 or (flag % 2 == 0 and nibbles[1]):
        raise NotInTree(f"0x{path.hex()} is no path of a node", where="nodes")
    return flag, nibbles[1 if flag % 2 else 2 :]


def _absent(key: bytes) -> NotInTree:
    return NotInTree(f"the tree holds nothing under key 0x{key.hex()}", where="nodes")


def _lists(item: Any) -> Any:
    return bytes(item) if isinstance(item, bytes) else [_lists(each) for each in item]


def _depth(data: bytes) -> int:
    """How deep lists nest in what claims to be RLP; a decoder that recurses must not learn it from a stranger."""
    ends: list[int] = []
    position = deepest = 0
    while position < len(data) and deepest <= _DEEPEST:
        while ends and position >= ends[-1]:
            ends.pop()
        listed, start, length = _prefix(data, position)
        if listed:
            ends.append(start + length)
            deepest = max(deepest, len(ends))
        position = start if listed else start + length
    return deepest


def _prefix(data: bytes, at: int) -> tuple[bool, int, int]:
    """Whether the item there is a list, where its content starts, and how many bytes that is."""
    first = data[at]
    if first < _STRING:
        return False, at, 1
    size = first - (_LIST if first >= _LIST else _STRING)
    octets = max(0, size - _SHORT + 1)  # of the length, where it does not stand in the first byte
    start = at + 1 + octets
    return first >= _LIST, start, int.from_bytes(data[at + 1 : start], "big") if octets else size
