from __future__ import annotations

import pytest
from records import ANNUAL, MONTH, MWH, audited_id, code, document


@pytest.fixture
def retired(act):
    """A neutral month; its REC and offset tokens."""
    return act.neutral()


def test_what_proves_void_is_taken_out_of_the_account(act, retired):
    rec, offset = retired
    act.disallow(rec, 30 * MWH)
    act.disallow(offset, 400_000)
    account = act.account()
    assert (account["recs"], account["offsets"], account["version"]) == (70 * MWH, 600_000, 3)


def test_it_leaves_the_inventory_and_the_closing_as_they_were(act, retired):
    before = act.account()
    act.disallow(retired[0], 1)
    assert act.account() == before | {"recs": before["recs"] - 1, "version": 2}


def test_the_event_says_what_was_void_and_by_which_document(act, tokens, retired, facility, auditor):
    evidence = document("court ruling")
    tx = tokens.disallow(facility, MONTH, 2, retired[1], 9, evidence, {"from": auditor})
    assert dict(tx.events["Disallowed"]) == {
        "facility": facility, "month": MONTH, "auditor": auditor, "version": 2, "id": retired[1], "amount": 9,
        "evidence": "0x" + evidence.hex(),
    }  # fmt: skip


def test_disallowing_makes_a_claim_invalid_and_a_month_above_zero_cannot_be_claimed(
    act, net, retired, refused, facility, stranger
):
    claim = net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger}).events["Claimed"]["claimId"]
    assert net.isValid(claim)
    act.disallow(retired[1], 1)
    assert not net.isValid(claim)
    with refused("NetAboveZero", facility, MONTH, 1):
        net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})


def test_disallowing_a_surplus_makes_a_claim_invalid_until_it_is_renewed(act, net, retired, facility, stranger):
    act.retire(act.offsets(5), 5)
    claim = net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger}).events["Claimed"]["claimId"]
    act.disallow(retired[1], 5)
    assert not net.isValid(claim)
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    assert net.isValid(claim)


@pytest.mark.parametrize("which, total", [(0, 100 * MWH), (1, 1_000_000)], ids=["REC", "offset"])
def test_no_more_is_disallowed_than_was_retired_of_its_kind(act, refused, retired, which, total):
    with refused("DisallowedExceedsRetired", total, total + 1):
        act.disallow(retired[which], total + 1)
    act.disallow(retired[which], total)
    with refused("DisallowedExceedsRetired", 0, 1):
        act.disallow(retired[which], 1)


def test_what_was_disallowed_of_a_token_is_summed_up_by_account(act, tokens, retired, facility):
    account = audited_id(facility, MONTH)
    assert tokens.disallowedOf(account, retired[0]) == 0
    for amount in (30, 12):
        act.disallow(retired[0], amount)
    assert tokens.disallowedOf(account, retired[0]) == 42
    assert tokens.disallowedOf(account, retired[1]) == tokens.disallowedOf(account + 1, retired[0]) == 0


def test_nothing_is_not_disallowed(act, refused, retired):
    with refused("ZeroAmount"):
        act.disallow(retired[0], 0)


def test_only_issued_tokens_are_disallowed(act, refused, retired, facility):
    for unknown in (retired[0] + 1, audited_id(facility, MONTH), 0):
        with refused("BatchUnknown", unknown):
            act.disallow(unknown, 1)


def test_it_needs_a_document_that_was_not_used_before(act, tokens, refused, retired, facility, auditor):
    with refused("EvidenceMissing"):
        tokens.disallow(facility, MONTH, 2, retired[0], 1, bytes(32), {"from": auditor})
    ruling = document("court ruling")
    tokens.disallow(facility, MONTH, 2, retired[0], 1, ruling, {"from": auditor})
    with refused("EvidenceUsed", ruling):
        tokens.disallow(facility, MONTH, 3, retired[0], 1, ruling, {"from": auditor})


def test_it_names_the_version_that_it_creates(tokens, refused, retired, facility, auditor):
    for given in (0, 1, 3):
        with refused("VersionMismatch", 1, given):
            tokens.disallow(facility, MONTH, given, retired[0], 1, document("ruling"), {"from": auditor})


def test_nothing_is_disallowed_in_a_month_that_was_never_audited(act, refused, retired, facility):
    """It would raise the version, and a version says that there is something to close."""
    token = act.recs(MWH)
    act.retire(token, MWH, month=MONTH + 1)
    with refused("MonthNotAudited", facility, MONTH + 1):
        act.disallow(token, MWH, month=MONTH + 1)


def test_tokens_of_a_frozen_source_can_be_disallowed(act, tokens, retired, device, registrar):
    tokens.setFrozen(device, True, {"from": registrar})
    act.disallow(retired[0], 100 * MWH)
    assert act.account()["recs"] == 0


def test_an_unknown_facility_has_nothing_to_disallow(tokens, refused, retired, facility, auditor):
    with refused("FacilityUnknown", facility + 1):
        tokens.disallow(facility + 1, MONTH, 1, retired[0], 1, document("ruling"), {"from": auditor})


def test_an_auditor_does_not_disallow_in_a_facility_of_his_own(tokens, refused, retired, auditor):
    args = (code("CAMX", 9), code("US", 2), document("the auditor's own hall"))
    own = tokens.registerFacility(*args, {"from": auditor}).events["FacilityRegistered"]["facility"]
    with refused("SelfAudit", auditor):
        tokens.disallow(own, MONTH, 1, retired[0], 1, document("ruling"), {"from": auditor})
