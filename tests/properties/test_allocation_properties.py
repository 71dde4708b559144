"""Whatever the shares are: sums are conserved, every proof verifies, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.allocation.shares import Allocation, Amounts, Share, ShareProof, shares_of, split
from carbon_tokens.allocation.shares import merkle_sum as tree
from carbon_tokens.errors import CarbonTokensError, ShareNotProven
from carbon_tokens.units import largest_remainder

LIMIT = 2**48
words = st.binary(min_size=32, max_size=32)
accounts = st.tuples(st.integers(0, 2**256 - 1), st.integers(0, 2**64))


@st.composite
def allocations(draw: st.DrawFn) -> Allocation:
    """Of 1 to 40 tenants; amounts up to what keeps a lane below 2^48."""
    tenants = draw(st.lists(words, min_size=1, max_size=40, unique=True))
    amount = st.integers(0, (LIMIT - 1) // len(tenants))
    shares = [Share(tenant, draw(amount), draw(amount), draw(amount), draw(words)) for tenant in tenants]
    return Allocation(shares, Amounts(*(sum(getattr(share, name) for share in shares) for name in tree.LANES)))


@given(allocations(), accounts)
def test_every_proof_of_every_tree_verifies_and_gives_the_totals(made: Allocation, account: tuple[int, int]) -> None:
    root = made.root(*account)
    for share in made:
        proof = ShareProof.from_json(made.prove(share.tenant).canonical())
        assert proof.share == share
        assert proof.verify(root, *account) == made.totals


@given(allocations())
def test_the_fast_tree_is_the_plain_one(made: Allocation) -> None:
    """Level by level from ``leaf`` and ``node``, whose lanes are checked one by one."""
    level = [tree.leaf(share.content()) for share in made]
    depth = 0
    while len(level) > 1:
        level += [tree.EMPTY] * (len(level) % 2)
        level = [tree.node(*level[at : at + 2]) for at in range(0, len(level), 2)]
        depth += 1
    assert (level[0], depth) == (made.top + made.totals.packed(), made.depth)
    assert depth == tree.depth_of(len(made))


@given(allocations(), accounts, st.data())
def test_no_proof_with_one_changed_bit_verifies(
    made: Allocation, account: tuple[int, int], data: st.DataObject
) -> None:
    """Share, siblings, root, account and version: all that a verifier is given, flipped at any one place."""
    proof = made.prove(data.draw(st.integers(0, len(made) - 1)))
    parts = [proof.share.content(), proof.siblings, made.root(*account), *(each.to_bytes(32) for each in account)]
    whole = bytearray(b"".join(parts))
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[bit // 8] ^= 1 << bit % 8
    changed, at = [], 0
    for part in parts:
        changed.append(bytes(whole[at : at + len(part)]))
        at += len(part)
    content, siblings, root, audited_id, version = changed
    with pytest.raises(ShareNotProven):
        ShareProof(Share.of_content(content), proof.index, siblings).verify(
            root, int.from_bytes(audited_id), int.from_bytes(version)
        )


@given(allocations(), accounts, st.integers(-1, 2**21))
def test_a_share_verifies_at_its_own_index_only(made: Allocation, account: tuple[int, int], index: int) -> None:
    proof = made.prove(0)
    if index:
        with pytest.raises(ShareNotProven):
            replace(proof, index=index).verify(made.root(*account), *account)


@given(allocations(), words, words)
def test_one_lane_more_in_any_share_is_another_root(made: Allocation, tenant: bytes, salt: bytes) -> None:
    """A further tenant without any amount changes the root as well."""
    if tenant not in {share.tenant for share in made}:
        more = Allocation([*made, Share(tenant, 0, 0, 0, salt)], made.totals)
        assert more.root(1, 1) != made.root(1, 1)


@given(st.integers(0, LIMIT - 1), st.dictionaries(st.text(max_size=4), st.integers(0, 2**70), max_size=30))
def test_a_split_conserves_the_total_and_stays_within_one_of_the_quota(total: int, weights: dict[str, int]) -> None:
    whole = sum(weights.values())
    if not whole:
        total = 0
    parts = split(total, weights)
    assert list(parts) == list(weights)
    assert sum(parts.values()) == total
    for key, part in parts.items():
        assert abs(part - (Fraction(total * weights[key], whole) if whole else 0)) < 1
    assert parts == largest_remainder(total, weights)


amounts = st.builds(Amounts, *[st.integers(0, LIMIT - 1)] * 3)


@given(
    amounts, st.dictionaries(words, st.integers(0, 2**48), min_size=1, max_size=20).filter(lambda w: any(w.values()))
)
def test_shares_of_totals_always_make_an_allocation(totals: Amounts, weights: dict[bytes, int]) -> None:
    made = Allocation(shares_of(totals, weights), totals)
    assert made.prove(0).verify(made.root(1, 1), 1, 1) == totals


@given(words, amounts, words, amounts)
def test_lanes_add_or_are_refused_and_never_carry(one: bytes, left: Amounts, other: bytes, right: Amounts) -> None:
    sums = [getattr(left, name) + getattr(right, name) for name in tree.LANES]
    if max(sums) < LIMIT:
        assert tree.node(one + left.packed(), other + right.packed())[32:] == Amounts(*sums).packed()
    else:
        with pytest.raises(CarbonTokensError, match="48 bits"):
            tree.node(one + left.packed(), other + right.packed())
