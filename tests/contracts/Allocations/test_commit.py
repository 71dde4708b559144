from __future__ import annotations

import pytest
from records import LANE, MONTH, MWH, month_start
from splits import Split, share, total_word


def test_a_commitment_binds_the_tree_to_the_account_its_version_and_its_totals(
    act, allocations, commit, split, totals, facility
):
    tx = commit(split)
    root = split.root(facility, MONTH, 1)
    assert split.total == totals()
    assert dict(tx.events["Committed"]) == {
        "facility": facility, "month": MONTH, "version": 1, "root": "0x" + root.hex(), "depth": 2,
        "total": total_word(totals()), "recs": 40 * MWH,
    }  # fmt: skip
    assert allocations.rootOf(facility, MONTH, 1) == "0x" + root.hex()


def test_a_tree_with_other_sums_commits_but_proves_nothing(act, allocations, commit, split, hall, facility, totals):
    """The root is made of the account's totals, not of the tree's."""
    energy, location, market = totals()
    more = Split(share(hall, energy, location, market), share(b"\1" * 32, 1, 0, 0))
    commit(more)
    assert allocations.rootOf(facility, MONTH, 1) != "0x" + more.root(facility, MONTH, 1).hex()
    for index in (0, 1):
        assert not allocations.verify(facility, MONTH, 1, more.shares[index], index, more.siblings(index))


def test_one_tenant_needs_no_levels(allocations, commit, hall, account, totals, facility):
    one = Split(share(hall, *totals()))
    commit(one)
    assert allocations.verify(facility, MONTH, 1, one.shares[0], 0, b"")


def test_a_version_is_split_once(commit, refused, split, facility):
    commit(split)
    with refused("AllocationExists", facility, MONTH, 1):
        commit(split)
    with refused("AllocationExists", facility, MONTH, 1):
        commit(split, recs=0)


def test_a_restated_account_is_split_again_and_the_old_root_stays_readable(act, allocations, commit, split, facility):
    commit(split)
    act.restate(scope1=5)
    again = Split(share(b"\1" * 32, *split.total))
    commit(again, version=2)
    assert allocations.rootOf(facility, MONTH, 1) != allocations.rootOf(facility, MONTH, 2) != "0x" + 64 * "0"


@pytest.mark.parametrize("recs", [0, 1, 40 * MWH])
def test_the_market_based_total_counts_the_recs_that_the_operator_names(
    act, commit, account, totals, net, recs, facility
):
    """At most what is retired: a stranger's gift cannot change the total while the split is under way."""
    act.retire(act.recs(MWH), MWH)
    residual = act.account()["scope2Residual"]
    uncovered = -(-residual * (100 * MWH - recs) // (100 * MWH))
    tx = commit(Split(share(b"\1" * 32, 1, 1, 1)), recs=recs)
    location = act.account()["scope2Location"] + 3_003
    expected = total_word((100 * MWH, location, uncovered + 3_003))
    assert (tx.events["Committed"]["total"], tx.events["Committed"]["recs"]) == (expected, recs)


# ------------------------------------------------------------------------------------------------------------ refusals
def test_recs_that_are_not_retired_do_not_count(commit, refused, split):
    with refused("RecsNotRetired", 40 * MWH, 40 * MWH + 1):
        commit(split, recs=40 * MWH + 1)


@pytest.mark.parametrize("actor", ["admin", "registrar", "auditor", "tenant", "stranger"])
def test_nobody_but_the_owner_splits_an_account(request, commit, refused, split, actor, operator):
    caller = request.getfixturevalue(actor)
    with refused("NotOwner", caller, operator):
        commit(split, sender=caller)


def test_an_open_or_empty_month_is_not_split(act, commit, refused, split, facility):
    with refused("MonthNotComplete", facility, MONTH + 1):
        commit(split, month=MONTH + 1, version=0)
    act.audit(month=MONTH + 1, start=month_start(MONTH + 1))
    with refused("MonthNotComplete", facility, MONTH + 1):
        commit(split, month=MONTH + 1, version=1)


def test_an_account_that_moved_on_is_not_split_as_it_was(act, commit, refused, split):
    act.restate(scope1=5)
    for given in (0, 1, 3):
        with refused("VersionNotCurrent", 2, given):
            commit(split, version=given)


def test_a_tree_has_at_most_32_levels(allocations, commit, refused, split, facility):
    with refused("DepthTooLarge", 33):
        commit(split, depth=33)
    commit(split, depth=32)
    assert allocations.rootOf(facility, MONTH, 1) != "0x" + 64 * "0"


def test_an_unknown_facility_has_nobody_to_split_it(commit, refused, split, facility, operator):
    with refused("NotOwner", operator, "0x" + 40 * "0"):
        commit(split, facility=facility + 1)


def test_totals_of_the_whole_lane_are_not_split_and_one_below_is(act, commit, refused):
    """Gross is a sum of lanes, and so may be larger than one."""
    full = {"energy": 1, "release": bytes(32), "scope2_location": 0, "scope2_residual": 0}
    act.audit(**full, scope1=LANE - 1, scope3=1)
    act.close()
    tree = Split(share(b"\1" * 32, 1, 1, 1))
    with refused("TotalTooLarge"):
        commit(tree)
    act.restate(**full, scope1=LANE - 1, scope3=0)
    commit(tree)


def test_a_split_of_a_superseded_contract_is_refused(allocations, commit, refused, split, factors, admin):
    allocations.supersede(factors, {"from": admin})
    with refused("SupersededBy", factors):
        commit(split)
