"""The version of the audits stays with a claimed share; that of the totals counts it, and the month is open again."""

from __future__ import annotations

import pytest
from actions import present
from records import MONTH, auditor_role, document, totals_version
from signing import SIGNERS, message, signatures
from splits import Split, share


@pytest.fixture
def committed(commit, split):
    commit(split)
    return split


@pytest.fixture
def state(tokens, hall):
    """Version of the audits, changes of shares and whether the tenant's month is closed."""

    def read():
        account = tokens.accountOf(hall, MONTH)
        return account["version"], account["shares"], account["closed"]

    return read


@pytest.fixture(autouse=True)
def european(tokens, auditor, admin):
    """The auditor audits the tenant's facility too."""
    tokens.grantRole(auditor_role("EU"), auditor, {"from": admin})


def test_a_claimed_share_reopens_the_month_and_leaves_the_version_of_the_audits(
    act, tokens, allocations, refused, committed, claim, state, hall, auditor
):
    """It was complete without the share. Who closes it again names the version of the totals."""
    act.audit(act.direct(facility=hall, version=1, scope1=9))
    tokens.close(hall, MONTH, 1, {"from": auditor})
    claim(committed)
    assert state() == (1, 1, False)
    both = totals_version(1, 1)
    assert allocations.versionOf(hall, MONTH) == both
    for seen in (1, 2, both - 1, both + 1, 2 * both):
        with refused("VersionMismatch", both, seen):
            tokens.close(hall, MONTH, seen, {"from": auditor})
    tx = tokens.close(hall, MONTH, both, {"from": auditor})
    assert tx.events["Closed"]["version"] == both
    assert state() == (1, 1, True)


def test_a_month_of_shares_alone_is_not_closed(tokens, refused, committed, claim, hall, auditor):
    claim(committed)
    for seen in (0, 1):
        with refused("MonthNotAudited", hall, MONTH):
            tokens.close(hall, MONTH, seen, {"from": auditor})


def test_an_auditor_signs_for_the_next_version_of_audits_whatever_is_claimed_meanwhile(
    act, committed, claim, state, hall
):
    first = act.direct(facility=hall, version=1, scope1=9)
    claim(committed)
    act.audit(first)
    assert state() == (1, 1, False)


def test_an_account_with_claimed_shares_is_split_at_the_version_of_its_totals(
    act, tokens, allocations, refused, committed, claim, hall, tenant, auditor
):
    """A tenant who has tenants: what it shares out contains what it took."""
    claim(committed)
    act.audit(act.direct(facility=hall, version=1, scope1=9))
    both = totals_version(1, 1)
    tokens.close(hall, MONTH, both, {"from": auditor})
    mine = committed.shares[0]
    below = Split(share(document("a tenant of the tenant"), 0, mine.location + 9, mine.market + 9))
    with refused("VersionNotCurrent", both, 1):
        allocations.commit(hall, MONTH, 1, 0, 0, below.top, {"from": tenant})
    tx = allocations.commit(hall, MONTH, both, 0, 0, below.top, {"from": tenant})
    assert tx.events["Committed"]["root"] == "0x" + below.root(hall, MONTH, both).hex()
    assert allocations.verify(hall, MONTH, both, below.shares[0], 0, b"")


def test_the_version_of_the_totals_counts_audits_and_changes_of_claimed_shares(
    act, allocations, commit, claim, split, facility, hall
):
    """An audit, a restatement and a disallowance of the one account; of the other a share, then an audit."""
    assert allocations.versionOf(facility, MONTH) == 1
    commit(split)
    claim(split)
    assert allocations.versionOf(hall, MONTH) == totals_version(0, 1)
    act.audit(act.direct(facility=hall, version=1, scope1=9))
    assert allocations.versionOf(hall, MONTH) == totals_version(1, 1)
    act.restate(scope1=1)
    act.disallow(act.recs(1), 1)
    assert allocations.versionOf(facility, MONTH) == 3


def test_a_signed_closing_is_not_spent_on_a_share_in_place_of_a_bill(
    act, tokens, auditors, refused, committed, claim, hall, stranger, admin
):
    """Two bills and the closing of both are signed together; one bill and one share are not those two."""
    signer, until = SIGNERS[0], present() + 3_600
    tokens.grantRole(auditor_role("EU"), signer.address, {"from": admin})
    act.audit(act.direct(facility=hall, version=1, scope1=9))
    signed = signatures(message(auditors, "Close", hall, MONTH, 2, until), signer)
    claim(committed)
    with refused("VersionMismatch", totals_version(1, 1), 2):
        auditors.close(hall, MONTH, 2, until, signed, {"from": stranger})
