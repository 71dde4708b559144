"""Merkle-Patricia proofs as properties: what a tree holds is proven, and no changed byte of a proof survives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.claims.trie import BlockTree, Followed, index_key
from carbon_tokens.errors import NotInTree

VALUES = st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=40)


def accepted(tree: BlockTree, index: int, nodes: list[bytes]) -> bool:
    try:
        Followed(tree.root).value(index_key(index), nodes)
    except NotInTree:
        return False
    return True


@given(VALUES, st.data())
def test_a_proof_gives_the_value_and_no_changed_byte_of_it_survives(values: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(values) - 1))
    tree = BlockTree(values)
    (nodes,) = tree.prove([index])
    assert Followed(tree.root).value(index_key(index), nodes) == values[index]
    change = data.draw(st.integers(1, 255))
    for at, node in enumerate(nodes):
        for byte in range(len(node)):
            changed = node[:byte] + bytes((node[byte] ^ change,)) + node[byte + 1 :]
            assert not accepted(tree, index, [*nodes[:at], changed, *nodes[at + 1 :]])


@given(VALUES, st.data())
def test_a_proof_is_of_its_own_index_only(values: list[bytes], data: st.DataObject) -> None:
    index, other = data.draw(st.integers(0, len(values) - 1)), data.draw(st.integers(0, 300))
    tree = BlockTree(values)
    (nodes,) = tree.prove([index])
    if other >= len(values):
        assert not accepted(tree, other, list(nodes))
    elif accepted(tree, other, list(nodes)):  # neighbours of a few bytes stand in one node
        assert Followed(tree.root).value(index_key(other), nodes) == values[other]


@given(VALUES, st.sets(st.integers(0, 39), min_size=1))
def test_several_proofs_of_one_tree_share_their_nodes(values: list[bytes], wanted: set[int]) -> None:
    indices = sorted(index for index in wanted if index < len(values))
    tree = BlockTree(values)
    followed = Followed(tree.root)
    for index, nodes in zip(indices, tree.prove(indices), strict=True):
        assert followed.value(index_key(index), nodes) == values[index]
