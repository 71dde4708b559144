from __future__ import annotations

import pytest
from records import MONTH, document
from splits import Split, parts, share


def test_every_share_of_a_committed_split_is_part_of_it(allocations, commit, split, facility):
    commit(split)
    for index, each in enumerate(split.shares):
        assert allocations.verify(facility, MONTH, 1, each, index, split.siblings(index))


def test_nothing_is_part_of_a_split_that_does_not_exist(allocations, split, facility):
    assert not allocations.verify(facility, MONTH, 1, split.shares[0], 0, split.siblings(0))
    assert not allocations.verify(facility, MONTH, 0, split.shares[0], 0, split.siblings(0))


def test_a_share_stays_part_of_the_version_it_was_split_at(act, allocations, commit, split, facility):
    commit(split)
    act.restate(scope1=9)
    path = split.siblings(0)
    assert allocations.verify(facility, MONTH, 1, split.shares[0], 0, path)
    assert not allocations.verify(facility, MONTH, 2, split.shares[0], 0, path)


def test_a_share_is_part_of_its_facility_and_month_alone(allocations, commit, split, facility):
    commit(split)
    for place in ((facility + 1, MONTH), (facility, MONTH + 1)):
        assert not allocations.verify(*place, 1, split.shares[0], 0, split.siblings(0))


@pytest.mark.parametrize("index", [1, 2, 3, 4, 2**255])
def test_a_share_is_proven_at_its_own_place_only(allocations, commit, split, facility, index):
    commit(split)
    assert not allocations.verify(facility, MONTH, 1, split.shares[0], index, split.siblings(0))


def test_a_path_through_a_sum_beyond_its_lane_proves_nothing(allocations, commit, split, facility):
    """A neighbour of 2^48 - 1 would let a larger share through, if carries were not looked at."""
    commit(split)
    first = split.shares[0]
    huge = document("neighbour") + b"\xff" * 18
    assert not allocations.verify(facility, MONTH, 1, first, 0, huge + split.siblings(0)[50:])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 17])
def test_trees_of_any_number_of_tenants_are_read_alike(allocations, commit, account, totals, facility, count):
    cuts = parts(totals(), *range(1, count + 1))
    tree = Split(*(share(document(f"tenant {n}"), *cut) for n, cut in enumerate(cuts)))
    commit(tree)
    for index in {0, count // 2, count - 1}:
        assert allocations.verify(facility, MONTH, 1, tree.shares[index], index, tree.siblings(index))


def test_a_leaf_is_not_read_as_a_node_nor_a_node_as_a_leaf(allocations, commit, split, facility):
    """The two inner nodes as if they were the shares of a shorter tree."""
    commit(split)
    left, right = split.levels[1]
    pretended = share(left.hash, *left.amounts)
    assert not allocations.verify(facility, MONTH, 1, pretended, 0, right.packed)


def test_an_id_of_more_than_216_bits_names_no_facility(allocations, refused, commit, split, facility, hall, tenant):
    """Its low bits name a facility whose account was split."""
    commit(split)
    beyond = facility + 2**216
    mine, path = split.shares[0], split.siblings(0)
    asked = [
        lambda: allocations.verify(beyond, MONTH, 1, mine, 0, path), lambda: allocations.versionOf(beyond, MONTH),
        lambda: allocations.rootOf(beyond, MONTH, 1), lambda: allocations.claimedOf(beyond, MONTH),
        lambda: allocations.claimedBy(beyond, MONTH, hall),
        lambda: allocations.claim(beyond, MONTH, mine, 0, path, {"from": tenant}),
    ]  # fmt: skip
    for ask in asked:
        with refused("FacilityInvalid", beyond):
            ask()


def test_what_was_never_claimed_reads_as_nothing(allocations, facility, hall):
    assert allocations.claimedOf(facility, MONTH) == allocations.claimedBy(facility, MONTH, hall) == (0, 0, 0, 0)
    assert allocations.rootOf(facility, MONTH, 1) == "0x" + 64 * "0"
    assert allocations.versionOf(facility, MONTH) == 0
