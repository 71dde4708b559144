"""Merkle-Patricia proofs: roots that others published, proofs of every value, and refusals by name."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak
from rlp import encode
from trie.hexary import HexaryTrie

from carbon_tokens.claims.trie import BlockTree, Followed, decoded, follow, index_key
from carbon_tokens.errors import NotInTree

# From the Ethereum Foundation's tests, TrieTests/trieanyorder.json: what is in a tree, and its root.
PUBLISHED = {
    "singleItem": ({"A": 50 * "a"}, "d23786fb4a010da3ce639d66d5e904a11dbc02746d1ce25029e53290cabf28ab"),
    "dogs": (
        {"doe": "reindeer", "dog": "puppy", "dogglesworth": "cat"},
        "8aad789dff2f538bca5d8ea56e8abe10f4c7ba3a5dea95fea4cd6e7c3a1168d3",
    ),
    "puppy": (
        {"do": "verb", "horse": "stallion", "doge": "coin", "dog": "puppy"},
        "5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_values_are_found_below_published_roots(name: str) -> None:
    held, root = PUBLISHED[name]
    tree = HexaryTrie({})
    for key, value in held.items():
        tree[key.encode()] = value.encode()
    for key, value in held.items():
        nodes = {keccak(node): node for node in map(encode, tree.get_proof(key.encode()))}
        found, path = follow(bytes.fromhex(root), key.encode(), nodes)
        assert found == value.encode() and path[0].hex() == root


@pytest.mark.parametrize("key", ["", "d", "dot", "doges", "cat", "horses"])
def test_a_key_that_is_not_in_the_tree_is_refused(key: str) -> None:
    held, root = PUBLISHED["puppy"]
    tree = HexaryTrie({})
    for each, value in held.items():
        tree[each.encode()] = value.encode()
    with pytest.raises(NotInTree, match=f"holds nothing under key 0x{key.encode().hex()}"):
        follow(bytes.fromhex(root), key.encode(), {keccak(node): node for node in tree.db.values()})


@pytest.mark.parametrize("count", [1, 2, 16, 17, 127, 128, 129, 300])
def test_every_value_of_a_block_is_proven_and_each_node_given_once(count: int) -> None:
    values = [b"%d:" % number + bytes(number % 60) for number in range(count)]
    tree = BlockTree(values)
    followed, given = Followed(tree.root), list(tree.prove(range(count)))
    assert [followed.value(index_key(index), nodes) for index, nodes in zip(range(count), given, strict=True)] == values
    nodes = [node for part in given for node in part]
    assert len(nodes) == len(set(nodes))


def test_the_keys_of_a_block_are_rlp_of_the_index() -> None:
    assert [index_key(index).hex() for index in (0, 1, 127, 128, 256)] == ["80", "01", "7f", "8180", "820100"]


def _proof() -> tuple[BlockTree, list[tuple[bytes, ...]]]:
    tree = BlockTree([bytes((number,)) * 40 for number in range(20)])
    return tree, list(tree.prove([3, 4]))


def test_a_missing_node_is_named() -> None:
    tree, (first, _) = _proof()
    with pytest.raises(NotInTree, match=f"the node 0x{keccak(first[-1]).hex()} on the way to key 0x03 is not given"):
        Followed(tree.root).value(index_key(3), first[:-1])


def test_a_node_that_no_path_needs_is_refused() -> None:
    tree, (first, second) = _proof()
    with pytest.raises(NotInTree, match="not those of the path"):
        Followed(tree.root).value(index_key(3), [*first, *second])


def test_a_node_that_stands_twice_is_refused() -> None:
    tree, (first, second) = _proof()
    with pytest.raises(NotInTree, match="twice"):
        Followed(tree.root).value(index_key(3), [*first, first[0]])
    followed = Followed(tree.root)
    followed.value(index_key(3), first)
    with pytest.raises(NotInTree, match="twice"):
        followed.value(index_key(4), [first[0], *second])


def test_nodes_in_another_order_are_refused() -> None:
    tree, (first, _) = _proof()
    with pytest.raises(NotInTree, match="in its order"):
        Followed(tree.root).value(index_key(3), first[::-1])


@pytest.mark.parametrize(
    "node",
    [b"\x80", b"\xc0", encode([b"\x40", b"x"]), encode([b"\x05\x00", b"x"]), encode([b"", b"x"]), encode([[], b""])],
)
def test_what_is_no_node_is_refused(node: bytes) -> None:
    with pytest.raises(NotInTree):
        follow(keccak(node), index_key(0), {keccak(node): node})


@pytest.mark.parametrize(
    "data", [b"", b"\xb8\x01a", b"\x81\x01", b"\xc1", b"\x80\x80", b"\xf9\x00\x01a", b"\xc1" * 50_000]
)
def test_what_is_no_rlp_is_refused_and_never_ends_the_process(data: bytes) -> None:
    with pytest.raises(NotInTree):
        decoded(data)


@pytest.mark.parametrize("depth", [33, 20_000])
def test_lists_that_nest_too_deep_are_refused(depth: int) -> None:
    nested = b"\xc0"
    for _ in range(depth):
        nested = _listed(nested)
    with pytest.raises(NotInTree, match="nests deeper than 32 lists"):
        decoded(nested)


def test_lists_as_deep_as_any_transaction_has_them_are_read() -> None:
    item: list[object] = [b"dog" * 30, []]
    for _ in range(30):
        item = [item, b"x" * 300, b""]
    assert decoded(encode(item)) == item


def _listed(item: bytes) -> bytes:
    size = len(item).to_bytes((len(item).bit_length() + 7) // 8, "big")
    return bytes((0xC0 + len(item),)) + item if len(item) < 56 else bytes((0xF7 + len(size),)) + size + item
