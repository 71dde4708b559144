"""The Merkle-sum tree: its encoding, its proofs, and every way that was thought of to cheat with one."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from eth_utils.crypto import keccak

from carbon_tokens.allocation.shares import (
    Allocation,
    Amounts,
    Share,
    ShareProof,
    shares_of,
    tenant_of_facility,
    tenant_of_name,
)
from carbon_tokens.allocation.shares import keccak as libraries
from carbon_tokens.allocation.shares import merkle_sum as tree
from carbon_tokens.errors import (
    AllocationError,
    CarbonTokensError,
    DuplicateTenant,
    ShareNotProven,
    SharesNotEqualTotal,
)

VECTOR = json.loads((Path(__file__).parents[1] / "allocation_vector.json").read_text())
AUDITED = 1 << 248 | 0xBDD90D06439FC3E2C11C42D6966046320F689A30D077837F701060 << 32 | 615
VERSION = 3
FULL = 2**48 - 1


def five() -> list[Share]:
    """The shares of the vector: two facilities, two names, and one without emissions; salts 0x1111…, 0x2222…"""
    tenants = [tenant_of_facility(AUDITED >> 32 & (1 << 216) - 1), tenant_of_facility(1), tenant_of_name("Acme GmbH")]
    tenants += [tenant_of_name("北京云"), tenant_of_name("free tier")]
    amounts = [
        (7_906_880, 3_597_457, 1_400_000),
        (1, 2, 3),
        (FULL - 9_000_000, FULL - 4_000_000, 5),
        (4, 5, 6),
        (0, 0, 0),
    ]
    salts = [bytes([17 * number]) * 32 for number in range(1, 6)]
    return [Share(tenant, *each, salt) for tenant, each, salt in zip(tenants, amounts, salts, strict=True)]


def total(shares: list[Share]) -> Amounts:
    return Amounts(*(sum(getattr(share, name) for share in shares) for name in tree.LANES))


def allocation(shares: list[Share] | None = None) -> Allocation:
    shares = five() if shares is None else shares
    return Allocation(shares, total(shares))


def refused(proof: ShareProof, root: bytes, audited_id: int = AUDITED, version: int = VERSION) -> None:
    with pytest.raises(ShareNotProven):
        proof.verify(root, audited_id, version)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_the_encoding_is_the_contracts_written_out_for_three_shares() -> None:
    """Leaves, an odd last leaf beside the empty node, the top and the root, byte by byte from eth-utils' keccak."""
    first, second, third = shares = five()[:3]

    def lanes(*parts: Share) -> bytes:
        columns = ("market_g", "location_g", "energy_wh")
        return b"".join(sum(getattr(part, name) for part in parts).to_bytes(6, "big") for name in columns)

    leaves = [keccak(b"\0" + each.tenant + lanes(each) + each.salt) for each in shares]
    left = keccak(b"\1" + leaves[0] + lanes(first) + leaves[1] + lanes(second))
    right = keccak(b"\1" + leaves[2] + lanes(third) + bytes(32) + bytes(18))
    top = keccak(b"\1" + left + lanes(first, second) + right + lanes(third))
    root = keccak(b"\2" + word(AUDITED) + word(VERSION) + word(2) + top + bytes(14) + lanes(*shares))
    made = allocation(shares)
    assert (made.top, made.depth, made.root(AUDITED, VERSION)) == (top, 2, root)
    assert made.prove(2).siblings == bytes(50) + left + lanes(first, second)
    assert made.prove(0).siblings == leaves[1] + lanes(second) + right + lanes(third)


def test_the_vector_that_the_contract_is_tested_with_holds() -> None:
    """Root, top, leaves and proofs of five tenants stand in tests/allocation_vector.json."""
    made = allocation()
    assert int(VECTOR["audited_id"], 16) == AUDITED
    assert VECTOR["version"] == VERSION
    assert VECTOR["depth"] == made.depth == 3
    assert VECTOR["top"] == "0x" + made.top.hex()
    assert VECTOR["root"] == "0x" + made.root(AUDITED, VERSION).hex()
    assert int(VECTOR["amounts"], 16).to_bytes(18, "big") == made.totals.packed()
    for index, row in enumerate(VECTOR["shares"]):
        assert row["leaf"] == "0x" + tree.leaf(made.share(index).content())[:32].hex()
        assert ShareProof.from_json(row["proof"]) == made.prove(index)
        assert made.prove(index).verify(bytes.fromhex(VECTOR["root"][2:]), AUDITED, VERSION) == made.totals


def test_the_root_of_the_vector_is_this_number() -> None:
    """So that vector and code cannot change together unnoticed."""
    root, proof = allocation().root(AUDITED, VERSION), allocation().prove(4)
    assert root.hex() == "1878aba72f4689fedf18590aeade47f743882744cd85b6627b5605904c2f6b99"
    assert keccak(proof.siblings).hex() == "a73cd2f9bc0ce4ffe01274806aba546c4ba2e1c8c9ec1bf51da14ba62cd81cab"


def test_one_share_is_its_own_tree_of_depth_zero() -> None:
    made = allocation(five()[:1])
    proof = made.prove(0)
    assert (made.depth, proof.siblings) == (0, b"")
    assert made.top == tree.leaf(five()[0].content())[:32]
    assert proof.verify(made.root(AUDITED, VERSION), AUDITED, VERSION) == made.totals


@pytest.mark.parametrize(
    ("count", "depth"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1024, 10), (1025, 11), (3000, 12)]
)
def test_every_share_is_proven_by_fifty_bytes_a_level(count: int, depth: int) -> None:
    """Counts beside powers of two, and beyond one batch of hashes."""
    shares = list(
        shares_of(Amounts(10**9, 10**8, 7), {tenant_of_facility(n + 1): n for n in range(count)} | {bytes(32): 1})
    )
    made = allocation(shares[: count - 1] + shares[-1:])
    root = made.root(AUDITED, VERSION)
    assert made.depth == depth
    for index in range(0, count, max(1, count // 50)):
        assert len(made.prove(index).siblings) == 50 * depth
        assert made.prove(index).verify(root, AUDITED, VERSION) == made.totals


def test_a_share_is_found_by_index_or_by_tenant() -> None:
    made = allocation()
    assert made.prove(tenant_of_name("Acme GmbH")) == made.prove(2)
    assert list(made) == five()


@pytest.mark.parametrize("which", [-1, 5, tenant_of_name("nobody")])
def test_a_share_that_is_not_there_cannot_be_proven(which: int | bytes) -> None:
    with pytest.raises(AllocationError):
        allocation().prove(which)


@pytest.mark.parametrize("name", ["tenant", "energy_wh", "location_g", "market_g", "salt"])
def test_a_changed_field_of_a_share_is_refused(name: str) -> None:
    made = allocation()
    proof = made.prove(1)
    value: Any = getattr(proof.share, name)
    changed = value + 1 if isinstance(value, int) else bytes([value[0] ^ 1]) + value[1:]
    refused(replace(proof, share=replace(proof.share, **{name: changed})), made.root(AUDITED, VERSION))


def test_energy_moved_from_one_lane_to_the_next_is_refused() -> None:
    made = allocation()
    share = made.share(0)
    swapped = replace(share, energy_wh=share.location_g, location_g=share.energy_wh)
    refused(replace(made.prove(0), share=swapped), made.root(AUDITED, VERSION))


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("at", [0, 31, 32, 37, 38, 43, 44, 49], ids=lambda at: f"byte {at}")
def test_a_changed_byte_of_a_sibling_is_refused(level: int, at: int) -> None:
    """Its hash and each end of each lane of its amounts."""
    made = allocation()
    siblings = bytearray(made.prove(1).siblings)
    siblings[50 * level + at] ^= 1
    refused(replace(made.prove(1), siblings=bytes(siblings)), made.root(AUDITED, VERSION))


def test_swapped_siblings_are_refused() -> None:
    made = allocation()
    proof = made.prove(1)
    parts = [proof.siblings[at : at + 50] for at in range(0, 150, 50)]
    for low, high in pairwise(range(3)):
        other = parts.copy()
        other[low], other[high] = other[high], other[low]
        refused(replace(proof, siblings=b"".join(other)), made.root(AUDITED, VERSION))


def test_every_other_index_is_refused() -> None:
    """So that one share cannot be claimed under two indices, also not beyond the tree's width."""
    made = allocation()
    for index in [*range(5)]:
        for other in {*range(-1, 10), index + 8, index + 2**64} - {index}:
            refused(replace(made.prove(index), index=other), made.root(AUDITED, VERSION))


def test_a_shorter_or_longer_proof_is_refused() -> None:
    made = allocation()
    root, proof = made.root(AUDITED, VERSION), made.prove(0)
    for siblings in (proof.siblings[:-50], proof.siblings[50:], proof.siblings[:-1], proof.siblings + bytes(50), b""):
        refused(replace(proof, siblings=siblings), root)


def test_a_root_of_another_depth_account_or_version_is_refused() -> None:
    made = allocation()
    root, proof = made.root(AUDITED, VERSION), made.prove(0)
    top = made.top + made.totals.packed()
    refused(proof, root, audited_id=AUDITED + 1)
    refused(proof, root, version=VERSION + 1)
    refused(proof, tree.root(AUDITED, VERSION, 2, top))
    refused(proof, tree.root(AUDITED, VERSION, 4, top))
    refused(proof, root[:-1])
    refused(proof, made.top)
    refused(proof, root, audited_id=2**256)
    refused(proof, root, version=-1)


def test_a_root_over_other_totals_than_the_shares_is_refused() -> None:
    made = allocation()
    less = replace(made.totals, market_g=made.totals.market_g - 1)
    refused(made.prove(0), tree.root(AUDITED, VERSION, made.depth, made.top + less.packed()))


def test_an_inner_node_cannot_be_shown_as_a_leaf() -> None:
    """Its children's hashes read as tenant and salt: another length and another first byte make another hash."""
    made = allocation()
    pair = b"".join(tree.leaf(share.content()) for share in five()[:2])
    as_share = Share.of_content(pair[:82])
    root = made.root(AUDITED, VERSION)
    for index, siblings in ((0, made.prove(0).siblings[50:]), (0, made.prove(0).siblings)):
        refused(ShareProof(as_share, index, siblings), root)
    refused(
        ShareProof(as_share, 0, made.prove(0).siblings[50:]),
        tree.root(AUDITED, VERSION, 2, made.top + made.totals.packed()),
    )
    assert tree.leaf(pair[:82])[:32] != tree.node(pair[:50], pair[50:])[:32]


def test_a_lane_that_wraps_around_is_refused() -> None:
    """A sibling of 2^48 − 1 Wh would carry into the location lane, or hide a neighbour's share by wrapping to zero."""
    share = Share(tenant_of_facility(1), 1, 0, 0, bytes(32))
    for name in tree.LANES:
        mine = replace(share, energy_wh=0, **{name: 1}) if name != "energy_wh" else share
        sibling = b"\7" * 32 + replace(Amounts(0, 0, 0), **{name: FULL}).packed()
        pair = tree.leaf(mine.content()) + sibling
        lanes = int.from_bytes(pair[32:50]) + int.from_bytes(pair[82:])
        for amounts in (lanes % 2**144, 0):
            root = tree.root(AUDITED, VERSION, 1, keccak(b"\1" + pair) + amounts.to_bytes(18))
            with pytest.raises(ShareNotProven, match="48 bits"):
                ShareProof(mine, 0, sibling).verify(root, AUDITED, VERSION)


def test_a_lane_may_be_full() -> None:
    shares = [Share(tenant_of_facility(1), FULL - 1, 0, FULL), Share(tenant_of_facility(2), 1, FULL, 0)]
    made = allocation(shares)
    assert made.prove(1).verify(made.root(AUDITED, VERSION), AUDITED, VERSION) == Amounts(FULL, FULL, FULL)


def test_nothing_can_be_proven_in_an_empty_place() -> None:
    """Places 5 to 7 of a tree of five are filled by empty nodes: no share, not even one of nothing, hashes to them."""
    made = allocation()
    root = made.root(AUDITED, VERSION)
    last = made.prove(4)
    nothing = Share(bytes(32), 0, 0, 0, bytes(32))
    neighbour = tree.leaf(five()[4].content()) + last.siblings[50:]
    for share in (nothing, five()[4], replace(five()[0], energy_wh=0)):
        refused(ShareProof(share, 5, neighbour), root)
        refused(ShareProof(share, 6, last.siblings), root)
        refused(ShareProof(share, 7, last.siblings), root)


def test_an_empty_node_cannot_be_given_amounts() -> None:
    made = allocation()
    proof = made.prove(4)
    assert proof.siblings[:100] == bytes(100)
    filled = bytes(32) + Amounts(1, 0, 0).packed() + proof.siblings[50:]
    refused(replace(proof, siblings=filled), made.root(AUDITED, VERSION))


@pytest.mark.parametrize("name", ["energy_wh", "location_g", "market_g"])
@pytest.mark.parametrize("by", [1, -1])
def test_shares_that_miss_the_total_are_refused_by_name_and_amount(name: str, by: int) -> None:
    shares = five()
    wrong = replace(total(shares), **{name: getattr(total(shares), name) - by})
    with pytest.raises(SharesNotEqualTotal, match=rf"{name} by \{by:+d}") as caught:
        Allocation(shares, wrong)
    assert caught.value.differences == {name: by}


def test_lanes_that_make_up_for_each_other_are_refused() -> None:
    """Energy 2^48 too high and location 1 too low are the same packed integer: sums are compared lane by lane."""
    shares = [Share(tenant_of_facility(1), FULL, 0, 0), Share(tenant_of_facility(2), 1, 0, 0)]
    with pytest.raises(SharesNotEqualTotal) as caught:
        Allocation(shares, Amounts(0, 1, 0))
    assert caught.value.differences == {"energy_wh": 2**48, "location_g": -1}


@pytest.mark.parametrize("first", [0, 1, 1023, 1024, 1500])
def test_a_tenant_has_one_share(first: int) -> None:
    """Also where its second share is read in a later batch."""
    shares = [Share(tenant_of_facility(number + 1), 1, 1, 1) for number in range(1600)]
    shares.append(shares[first])
    with pytest.raises(DuplicateTenant, match=shares[first].tenant.hex()):
        allocation(shares)


def test_an_allocation_has_at_least_one_share() -> None:
    with pytest.raises(AllocationError, match="no shares"):
        Allocation([], Amounts(0, 0, 0))


def test_progress_is_reported_up_to_the_last_hash() -> None:
    seen: list[tuple[int, int]] = []
    shares = [Share(tenant_of_facility(number + 1), 1, 1, 1) for number in range(3000)]
    Allocation(iter(shares), total(shares), progress=lambda done, of: seen.append((done, of)))
    hashes = 3000 + 1500 + 750 + 375 + 188 + 94 + 47 + 24 + 12 + 6 + 3 + 2 + 1
    assert seen[-1] == (hashes, hashes)
    assert all(one[0] < other[0] for one, other in pairwise(seen))


@pytest.mark.parametrize("library", ["tiny-keccak", "pycryptodome"])
def test_every_keccak_gives_the_same_tree(library: str) -> None:
    found = libraries.installed()
    if library not in found:
        pytest.skip(f"{library} is not installed")
    shares = five()
    made = Allocation(shares, total(shares), keccak=found[library])
    assert "0x" + made.root(AUDITED, VERSION).hex() == VECTOR["root"]
    for size in (0, 1, 83, 101, 135, 136, 137, 161, 1000):
        assert found[library](b"\5" * size) == keccak(b"\5" * size)


def test_a_library_that_computes_another_sha3_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The padding of the later standard differs."""
    other = ModuleType("tiny_keccak")
    other.keccak256 = lambda data: hashlib.sha3_256(data).digest()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tiny_keccak", other)
    assert "tiny-keccak" not in libraries.installed()
    assert "pycryptodome" in libraries.installed()


def test_a_sum_of_nodes_that_spills_is_an_error_of_the_tree_too() -> None:
    full = bytes(32) + Amounts(0, FULL, 0).packed()
    with pytest.raises(CarbonTokensError, match="location_g"):
        tree.node(full, bytes(32) + Amounts(0, 1, 0).packed())
