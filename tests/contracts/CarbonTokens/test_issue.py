from __future__ import annotations

import pytest
from actions import REGISTRY, present
from brownie import chain
from records import LANE, MONTH, MWH, NOTHING, OFFSET, REC, batch_id, code, document, month_start, role, selector

BOTH = pytest.mark.parametrize("token_class", [REC, OFFSET], ids=["REC", "offset"])


@BOTH
def test_the_holder_has_what_was_issued_and_the_id_tells_class_registry_and_document(act, tokens, token_class, buyer):
    batch = act.batch(token_class, 7 * MWH)
    tx = act.issue(token_class, batch, buyer)
    token = batch_id(token_class, REGISTRY, batch.evidence)
    assert tokens.balanceOf(buyer, token) == 7 * MWH
    assert token >> 248 == token_class
    transfer = tx.events["TransferSingle"]
    assert (transfer["from"], transfer["to"], transfer["id"], transfer["value"]) == (NOTHING, buyer, token, 7 * MWH)


@BOTH
def test_serials_and_vintage_are_in_the_event_and_what_rules_need_is_in_the_record(act, tokens, token_class, operator):
    batch = act.batch(token_class, 7 * MWH, serial_from=500, serial_thru=506, vintage_end=month_start(MONTH + 4))
    issued = act.issue(token_class, batch).events["Issued"]
    token, source = batch_id(token_class, REGISTRY, batch.evidence), act.sources[token_class]
    assert (issued["id"], issued["source"], issued["evidence"]) == (token, source, "0x" + batch.evidence.hex())
    assert (issued["serialFrom"], issued["serialThru"]) == (500, 506)
    assert (issued["vintageStart"], issued["vintageEnd"]) == (month_start(MONTH), month_start(MONTH + 4))
    assert tokens.batchOf(token) == (operator, 7 * MWH, source, MONTH, 3)
    assert tokens.sourceOf(source)["nextSerial"] == 507


# ------------------------------------------------------------------------------------------------------- double issue
@BOTH
def test_the_same_document_is_not_issued_twice(act, refused, token_class):
    batch = act.batch(token_class, MWH)
    act.issue(token_class, batch)
    again = act.batch(token_class, MWH, evidence=batch.evidence)
    with refused("BatchExists", batch_id(token_class, REGISTRY, batch.evidence)):
        act.issue(token_class, again)


def test_the_same_document_is_not_issued_by_a_second_source_of_the_registry(act, tokens, refused, rec_issuer, operator):
    batch = act.batch(REC, MWH)
    act.issue(REC, batch)
    other = (REC, REGISTRY, document("second plant"), code("US", 2), code("CAMX", 9), bytes(10))
    source = tokens.registerSource(*other, {"from": rec_issuer}).events["SourceRegistered"]["source"]
    with refused("BatchExists", batch_id(REC, REGISTRY, batch.evidence)):
        tokens.issue(source, operator, batch, {"from": rec_issuer})


def test_a_serial_is_not_issued_twice_whatever_the_document(act, refused):
    """The same range, touching its first or last serial, inside, around and below."""
    act.issue(REC, act.batch(REC, 10 * MWH, serial_from=10, serial_thru=19))
    for first, last in ((10, 19), (5, 10), (19, 25), (12, 13), (5, 25), (0, 5)):
        with refused("SerialRangeInvalid", first, last, 20):
            act.issue(REC, act.batch(REC, MWH, serial_from=first, serial_thru=last))


def test_the_next_free_serial_is_issued_after_the_last(act, tokens, device):
    act.issue(REC, act.batch(REC, 10 * MWH, serial_from=10, serial_thru=19))
    act.issue(REC, act.batch(REC, MWH, serial_from=20, serial_thru=20))
    assert tokens.sourceOf(device)["nextSerial"] == 21


def test_a_serial_range_that_ends_before_it_starts_is_refused(act, refused):
    with refused("SerialRangeInvalid", 9, 8, 0):
        act.issue(REC, act.batch(REC, MWH, serial_from=9, serial_thru=8))


def test_the_last_serial_leaves_room_for_the_next(act, refused):
    highest = 2**64 - 2
    with refused("SerialRangeInvalid", highest + 1, highest + 1, 0):
        act.issue(REC, act.batch(REC, MWH, serial_from=highest + 1, serial_thru=highest + 1))
    act.issue(REC, act.batch(REC, MWH, serial_from=highest, serial_thru=highest))
    with refused("SerialRangeInvalid", highest, highest, highest + 1):
        act.issue(REC, act.batch(REC, MWH, serial_from=highest, serial_thru=highest))


# ------------------------------------------------------------------------------------------------------------- amounts
@BOTH
def test_one_serial_is_one_megawatt_hour_or_one_tonne_at_most(act, refused, token_class):
    with refused("AmountExceedsSerials", 2 * MWH + 1, 2):
        act.issue(token_class, act.batch(token_class, 2 * MWH + 1, serial_from=0, serial_thru=1))
    act.issue(token_class, act.batch(token_class, 2 * MWH, serial_from=0, serial_thru=1))


@BOTH
def test_a_batch_of_nothing_is_refused(act, refused, token_class):
    with refused("ZeroAmount"):
        act.issue(token_class, act.batch(token_class, 0, serial_from=0, serial_thru=0))


def test_an_amount_of_the_whole_lane_is_refused_and_one_below_is_kept_exactly(act, tokens, refused, operator):
    serials = {"serial_from": 0, "serial_thru": 2**40}
    with refused("AmountTooLarge"):
        act.issue(REC, act.batch(REC, LANE, **serials))
    token = act.recs(LANE - 1, **serials)
    assert tokens.balanceOf(operator, token) == LANE - 1


# ------------------------------------------------------------------------------------------------- evidence and period
def test_a_batch_without_document_is_refused(act, refused):
    with refused("EvidenceMissing"):
        act.issue(REC, act.batch(REC, MWH, evidence=bytes(32)))


def test_a_vintage_that_is_empty_reversed_too_long_or_too_late_is_refused(act, refused):
    """Longest are 256 months; the record holds neither 2^40 seconds nor months after 65,535."""
    late = 2**40 - 2
    for start, end in ((100, 100), (101, 100), (0, 2**40), (0, month_start(256) + 1), (late, late + 1)):
        with refused("PeriodInvalid", start, end):
            act.issue(REC, act.batch(REC, MWH, vintage_start=start, vintage_end=end))


def test_a_vintage_that_is_not_over_is_refused(act, refused):
    """Nothing is certified that was not generated or avoided yet."""
    end = present() + 3_600
    for token_class in (REC, OFFSET):
        with refused("PeriodInvalid", end - 7_200, end):
            act.issue(token_class, act.batch(token_class, MWH, vintage_start=end - 7_200, vintage_end=end))
    batch = act.batch(REC, MWH, vintage_start=end - 7_200, vintage_end=end)
    chain.sleep(3_600)
    act.issue(REC, batch)


def test_the_longest_vintage_is_256_months(act, tokens):
    token = act.recs(MWH, vintage_start=0, vintage_end=month_start(256))
    assert tokens.batchOf(token)[3:] == (0, 255)


def test_a_vintage_that_ends_with_a_month_does_not_reach_into_the_next(act, tokens):
    ends = act.recs(MWH, vintage_end=month_start(MONTH + 1))
    reaches = act.recs(MWH, vintage_end=month_start(MONTH + 1) + 1)
    assert (tokens.batchOf(ends)["vintageMonths"], tokens.batchOf(reaches)["vintageMonths"]) == (0, 1)


# ----------------------------------------------------------------------------------------------------------- receivers
def test_nothing_is_issued_to_the_zero_address_or_to_a_contract_that_takes_no_tokens(act, refused, factors):
    for receiver in (NOTHING, factors.address):
        with refused("ERC1155InvalidReceiver", receiver):
            act.issue(REC, act.batch(REC, MWH), receiver)


def test_a_receiver_that_calls_back_while_tokens_are_issued_gains_nothing(act, tokens, ReentrantHolder, admin, buyer):
    holder = ReentrantHolder.deploy({"from": admin})
    batch = act.batch(REC, MWH)
    token = batch_id(REC, REGISTRY, batch.evidence)
    moves = [tokens.safeTransferFrom.encode_input(holder, buyer, token, MWH, b"")] * 2
    issue_again = tokens.issue.encode_input(act.sources[REC], holder, batch)
    holder.prepare([*moves, issue_again], {"from": admin})
    tx = act.issue(REC, batch, holder)
    assert [each["success"] for each in tx.events["Tried"]] == [True, False, False]
    assert (tokens.balanceOf(holder, token), tokens.balanceOf(buyer, token)) == (0, MWH)


def test_an_unknown_source_has_no_issuer(act, tokens, refused, rec_issuer, operator):
    with refused("NotIssuer", rec_issuer, NOTHING):
        tokens.issue(99, operator, act.batch(REC, MWH), {"from": rec_issuer})


def test_an_issuer_who_is_a_contract_cannot_issue_the_same_serials_by_calling_back(act, tokens, ReentrantHolder, admin):
    """The first holder is the source's issuer and issues again while it receives: the serials are used already."""
    issuer = ReentrantHolder.deploy({"from": admin})
    tokens.grantRole(role("REC_ISSUER_ROLE"), issuer, {"from": admin})
    plant = (REC, REGISTRY, document("third plant"), code("US", 2), code("CAMX", 9), bytes(10))
    issuer.execute(tokens, tokens.registerSource.encode_input(*plant), {"from": admin})
    source = tokens.sourceIdOf(REGISTRY, document("third plant"))
    batch = act.batch(REC, MWH, serial_from=0)
    other_document = batch._replace(evidence=act.evidence())
    issuer.prepare([tokens.issue.encode_input(source, issuer, other_document)], {"from": admin})
    tx = issuer.execute(tokens, tokens.issue.encode_input(source, issuer, batch), {"from": admin})
    assert tx.events["Tried"]["success"] is False
    assert tx.events["Tried"]["error"] == selector("SerialRangeInvalid(uint256,uint256,uint256)")
    assert tokens.sourceOf(source)["nextSerial"] == 1
