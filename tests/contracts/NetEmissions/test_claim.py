from __future__ import annotations

import pytest
from brownie import chain
from records import ANNUAL, HOURLY, MONTH, NOTHING, claim_id


@pytest.fixture
def claim(net, facility, stranger):
    """Anyone claims for the facility."""

    def send(first=MONTH, last=None):
        return net.claim(facility, first, last or first, ANNUAL, {"from": stranger})

    return send


def test_a_neutral_month_is_claimed_by_anyone_and_its_owner_gets_the_certificate(
    act, net, claim, facility, operator, stranger
):
    act.neutral()
    tx = claim()
    number = claim_id(facility, MONTH, MONTH)
    assert (net.ownerOf(number), net.balanceOf(operator), net.balanceOf(stranger)) == (operator, 1, 0)
    assert dict(tx.events["Claimed"]) == {"claimId": number, "facility": facility, "number": 1, "versions": 1}
    transfer = tx.events["Transfer"]
    assert (transfer["from"], transfer["to"], transfer["tokenId"]) == (NOTHING, operator, number)
    assert tx.events["Locked"]["tokenId"] == number
    assert net.claimOf(number)[:4] == (facility, MONTH, MONTH, ANNUAL)
    assert net.claimOf(number)[4] == (1, 1, chain[tx.block_number].timestamp)


# ---------------------------------------------------------------------------------------------------------- open months
def test_an_open_month_is_not_claimed(act, claim, refused, facility):
    act.audit(act.direct(scope1=5))
    act.retire(act.offsets(5), 5)
    with refused("MonthOpen", facility, MONTH):
        claim()


def test_an_empty_month_is_not_neutral(act, claim, refused, facility):
    with refused("MonthOpen", facility, MONTH):
        claim()
    act.retire(act.offsets(5), 5)
    with refused("MonthOpen", facility, MONTH):
        claim()


def test_an_unknown_facility_claims_nothing(act, net, refused, facility, stranger):
    act.neutral()
    with refused("MonthOpen", facility + 1, MONTH):
        net.claim(facility + 1, MONTH, MONTH, ANNUAL, {"from": stranger})


def test_a_number_that_is_no_facility_claims_nothing_in_a_facilitys_place(act, net, refused, facility, stranger):
    """216 bits of it stand in the ids, so a longer number would name the same account."""
    act.neutral()
    for bit in (216, 224, 255):
        with refused("FacilityUnknown", facility | 1 << bit):
            net.claim(facility | 1 << bit, MONTH, MONTH, ANNUAL, {"from": stranger})


# ------------------------------------------------------------------------------------------------------------------ net
def test_net_of_one_gram_is_refused_and_net_zero_is_accepted(act, net, claim, refused, facility):
    act.audit(act.direct(scope1=1_000))
    act.close()
    token = act.offsets(1_000)
    act.retire(token, 999)
    with refused("NetAboveZero", facility, MONTH, 1):
        claim()
    act.retire(token, 1)
    assert net.netOf(facility, MONTH)[2] == 0
    claim()
    assert net.isValid(claim_id(facility, MONTH, MONTH))


def test_one_gram_of_scope_2_that_no_rec_covers_is_refused(act, claim, refused, facility):
    act.audit(energy=1_500)
    act.close()
    token = act.recs(1_500)
    act.retire(token, 1_499)
    with refused("NetAboveZero", facility, MONTH, 1):
        claim()
    act.retire(token, 1)
    claim()


def test_a_month_of_no_emissions_that_was_audited_and_closed_is_neutral(act, claim):
    act.audit(energy=0)
    act.close()
    assert claim().events["Claimed"]["number"] == 1


def test_a_month_below_zero_is_claimed_too(act, net, claim, facility):
    act.neutral()
    act.retire(act.offsets(5), 5)
    claim()
    assert net.netOf(facility, MONTH)[2] == -5


def test_retired_recs_alone_do_not_neutralise_scope_1(act, claim, refused, facility):
    act.audit(scope1=1)
    act.close()
    act.retire(act.recs(200_000_000), 200_000_000)
    with refused("NetAboveZero", facility, MONTH, 1):
        claim()


# --------------------------------------------------------------------------------------------------------- many months
def test_months_are_claimed_together(act, net, claim, facility, operator):
    for month in (MONTH, MONTH + 1, MONTH + 2):
        act.neutral(month)
    act.restate(month=MONTH + 1, scope1=1_000_000)
    tx = claim(MONTH, MONTH + 2)
    number = claim_id(facility, MONTH, MONTH + 2)
    assert (tx.events["Claimed"]["claimId"], tx.events["Claimed"]["versions"]) == (number, 4)
    assert net.ownerOf(number) == operator
    assert net.claimOf(number)[:4] == (facility, MONTH, MONTH + 2, ANNUAL)


def test_one_open_month_refuses_all(act, claim, refused, facility):
    act.neutral(MONTH)
    act.audit(energy=0, month=MONTH + 1)
    act.neutral(MONTH + 2)
    with refused("MonthOpen", facility, MONTH + 1):
        claim(MONTH, MONTH + 2)


def test_a_month_below_zero_does_not_pay_for_one_above(act, claim, refused, facility):
    act.neutral(MONTH)
    act.retire(act.offsets(10**9), 10**9)
    act.audit(act.direct(scope1=1, month=MONTH + 1))
    act.close(MONTH + 1)
    with refused("NetAboveZero", facility, MONTH + 1, 1):
        claim(MONTH, MONTH + 1)


def test_the_same_month_stands_in_several_certificates(act, net, claim, operator):
    act.neutral(MONTH)
    act.neutral(MONTH + 1)
    claim(MONTH)
    claim(MONTH, MONTH + 1)
    assert net.balanceOf(operator) == 2


def test_months_in_reverse_order_or_beyond_the_id_are_refused(net, refused, facility, stranger):
    for first, last in ((MONTH + 1, MONTH), (0, 2**16), (2**32 - 1, 2**32 - 1)):
        with refused("MonthsReversed", first, last):
            net.claim(facility, first, last, ANNUAL, {"from": stranger})


# ------------------------------------------------------------------------------------------------------------- renewal
def test_a_renewal_counts_up_and_issues_no_second_certificate(act, net, claim, facility, operator):
    act.neutral()
    claim()
    act.restate(scope1=1_000_000)
    tx = claim()
    assert (tx.events["Claimed"]["number"], tx.events["Claimed"]["versions"]) == (2, 2)
    assert "Transfer" not in tx.events and "Locked" not in tx.events
    assert net.balanceOf(operator) == 1
    assert net.claimOf(claim_id(facility, MONTH, MONTH))[4] == (2, 2, chain[tx.block_number].timestamp)


def test_after_an_upward_restatement_the_missing_offsets_renew_the_claim(act, net, claim, refused, facility):
    act.neutral()
    claim()
    act.restate(scope1=1_000_300)
    with refused("NetAboveZero", facility, MONTH, 300):
        claim()
    act.retire(act.offsets(300), 300)
    assert not net.isValid(claim_id(facility, MONTH, MONTH))
    claim()
    assert net.isValid(claim_id(facility, MONTH, MONTH))


@pytest.mark.parametrize("basis", [ANNUAL, HOURLY])
def test_the_id_of_a_claim_is_basis_facility_first_and_last_month(net, facility, basis):
    number = claim_id(facility, MONTH, MONTH + 11, basis)
    assert net.claimIdOf(facility, MONTH, MONTH + 11, basis) == number
    assert net.claimOf(number) == (facility, MONTH, MONTH + 11, basis, (0, 0, 0))
