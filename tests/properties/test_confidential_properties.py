"""Commitments and groups for all amounts: they add up, they open in one way, and their siblings say nothing."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_ecc.bn128.bn128_curve import add, multiply
from py_ecc.fields import bn128_FQ

from carbon_tokens.allocation.shares import Amounts, Share, pedersen, tenant_of
from carbon_tokens.allocation.shares.confidential import RECORD, Group, Member, members_of
from carbon_tokens.allocation.shares.keccak import keccak256
from carbon_tokens.errors import AllocationError, DuplicateTenant, ShareNotProven

lanes = st.integers(0, 2**40)
amounts = st.builds(Amounts, lanes, lanes, lanes)
blindings = st.integers(0, pedersen.ORDER - 1)


def shares(found: list[Amounts]) -> list[Share]:
    return [Share(tenant_of(f"T{at}"), each.energy_wh, each.location_g, each.market_g) for at, each in enumerate(found)]


@given(amounts, blindings)
def test_a_commitment_is_the_sum_of_its_parts_as_the_plain_curve_computes_it(one: Amounts, blinding: int) -> None:
    total = None
    for name, scalar in zip(pedersen.NAMES, (one.energy_wh, one.location_g, one.market_g, blinding), strict=True):
        x, y = pedersen.generator(name)
        total = add(total, multiply((bn128_FQ(x), bn128_FQ(y)), scalar))
    (found,) = pedersen.commitments([(one, blinding)])
    assert found == ((0, 0) if total is None else (int(total[0]), int(total[1])))


@given(amounts, amounts, blindings, blindings)
def test_commitments_add_up_as_amounts_and_blindings_do(a: Amounts, b: Amounts, r: int, s: int) -> None:
    both = Amounts(a.energy_wh + b.energy_wh, a.location_g + b.location_g, a.market_g + b.market_g)
    first, second, whole = pedersen.commitments([(a, r), (b, s), (both, (r + s) % pedersen.ORDER)])
    assert pedersen.added([(first, second)]) == [whole]


@given(st.lists(amounts, min_size=1, max_size=9))
def test_every_member_of_a_group_opens_its_own_leaf_and_no_other(found: list[Amounts]) -> None:
    group = Group(members_of(shares(found)))
    for each in group.members:
        group.prove(each.share.tenant).verify(group.tenant, group.amounts)
    opening = group.prove(group.members[0].share.tenant)
    more = replace(opening.member.share, energy_wh=opening.member.share.energy_wh + 1)
    with pytest.raises(ShareNotProven):
        replace(opening, member=Member(more, opening.member.blinding)).verify(group.tenant, group.amounts)
    other = replace(group.amounts, market_g=group.amounts.market_g + 1)
    with pytest.raises(ShareNotProven, match="do not add up"):
        opening.verify(group.tenant, other)


@given(st.lists(amounts, min_size=2, max_size=5), st.data())
def test_every_flipped_bit_of_the_siblings_is_refused(found: list[Amounts], data: st.DataObject) -> None:
    group = Group(members_of(shares(found)))
    opening = group.prove(group.members[0].share.tenant)
    bit = data.draw(st.integers(0, 8 * len(opening.siblings) - 1))
    changed = bytearray(opening.siblings)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ShareNotProven):
        replace(opening, siblings=bytes(changed)).verify(group.tenant, group.amounts)


def test_the_same_shares_make_other_groups_each_time() -> None:
    """With the same salts even: blindings hide whether a tenant's share is as it was."""
    kept = shares([Amounts(1, 2, 3), Amounts(1, 2, 3)])
    first, second = Group(members_of(kept)), Group(members_of(kept))
    assert first.tenant != second.tenant
    leaves = {each.record()[32:] for group in (first, second) for each in group.members}
    assert len(leaves) == 4


def test_a_group_has_members_each_once_and_blindings_below_the_order() -> None:
    (share,) = shares([Amounts(1, 2, 3)])
    with pytest.raises(AllocationError, match="no members"):
        Group([])
    with pytest.raises(DuplicateTenant):
        Group([Member(share, 1), Member(share, 2)])
    with pytest.raises(AllocationError, match="order"):
        Group([Member(share, pedersen.ORDER)])


def test_points_have_one_form() -> None:
    x, y = pedersen.generator("energy")
    assert pedersen.decoded("x", pedersen.encoded((x, y))) == (x, y)
    assert pedersen.decoded("x", bytes(64)) == pedersen.INFINITY
    for wrong in ((x, y + 1), (x + pedersen.FIELD, y), (0, 1)):
        with pytest.raises(AllocationError):
            pedersen.decoded("x", wrong[0].to_bytes(33)[-32:] + wrong[1].to_bytes(32))
    with pytest.raises(AllocationError):
        pedersen.decoded("x", bytes(63))


def test_the_generators_are_those_of_the_text() -> None:
    """Nobody chose them: keccak of the text is their x."""
    found = {name: f"{pedersen.generator(name)[0]:064x}"[:16] for name in pedersen.NAMES}
    assert len(set(found.values())) == 4
    for name in pedersen.NAMES:
        x, y = pedersen.generator(name)
        tried = [int.from_bytes(keccak256(pedersen.DOMAIN + name.encode() + bytes([at]))) % pedersen.FIELD
                 for at in range(16)]  # fmt: skip
        assert x in tried and y % 2 == 0 and (y * y - x**3 - 3) % pedersen.FIELD == 0


def test_siblings_are_as_long_for_every_member() -> None:
    group = Group(members_of(shares([Amounts(secrets.randbelow(9), 0, 0) for _ in range(5)])))
    assert {len(group.prove(each.share.tenant).siblings) for each in group.members} == {3 * RECORD}
