from __future__ import annotations

import pytest
from records import MONTH, MWH, NOTHING, OFFSET, REC, audited_id, code, document, month_start

JANUARY, DECEMBER = 648, 659  # of 2024
LATEST = 2**32 - 1  # the last month that an id can hold


@pytest.mark.parametrize("token_class, lane", [(REC, "recs"), (OFFSET, "offsets")])
def test_retiring_takes_the_tokens_for_ever_and_credits_the_account(act, tokens, operator, token_class, lane):
    token = {REC: act.recs, OFFSET: act.offsets}[token_class](10)
    act.retire(token, 4)
    act.retire(token, 3)
    assert tokens.balanceOf(operator, token) == 3
    assert tokens.batchOf(token)["amount"] == 3
    assert {lane: act.account()["recs"] + act.account()["offsets"]} == {lane: act.account()[lane]} == {lane: 7}


def test_the_events_say_who_retired_what_for_whom_and_why(act, tokens, facility, operator):
    token = act.recs(MWH)
    tx = act.retire(token, MWH, beneficiary=code("tenant 7", 32), purpose=code("2024", 32))
    burn = tx.events["TransferSingle"]
    assert (burn["from"], burn["to"], burn["id"], burn["value"]) == (operator, NOTHING, token, MWH)
    assert dict(tx.events["Retired"]) == {
        "facility": facility, "month": MONTH, "holder": operator, "recs": MWH, "offsets": 0,
        "beneficiary": "0x" + code("tenant 7", 32).hex(), "purpose": "0x" + code("2024", 32).hex(),
    }  # fmt: skip


def test_anyone_retires_into_any_account(act, buyer):
    """A gift needs no permission: it can only lower what the facility owes."""
    act.retire(act.offsets(9, to=buyer), 9, holder=buyer)
    assert act.account()["offsets"] == 9


def test_more_than_the_month_needs_may_be_retired(act):
    act.audit(energy=MWH)
    act.retire(act.recs(2 * MWH), 2 * MWH)
    act.retire(act.offsets(10**9), 10**9)
    assert (act.account()["recs"], act.account()["offsets"]) == (2 * MWH, 10**9)


def test_retiring_leaves_the_inventory_and_its_version_as_they_were(act):
    act.audit(scope1=5)
    before = act.account()
    act.retire(act.recs(MWH), MWH)
    assert act.account() == before | {"recs": MWH}


# ------------------------------------------------------------------------------------------------------------- holders
def test_who_holds_nothing_retires_nothing(act, refused, stranger):
    token = act.recs(MWH)
    with refused("ERC1155InsufficientBalance", stranger, 0, 1, token):
        act.retire(token, 1, holder=stranger)


def test_an_approved_operator_does_not_retire_anothers_tokens(act, tokens, refused, operator, stranger):
    token = act.recs(MWH)
    tokens.setApprovalForAll(stranger, True, {"from": operator})
    with refused("ERC1155InsufficientBalance", stranger, 0, 1, token):
        act.retire(token, 1, holder=stranger)


def test_the_first_and_a_later_holder_retire_what_they_hold_and_no_more(act, tokens, refused, operator, buyer):
    token = act.recs(MWH)
    tokens.safeTransferFrom(operator, buyer, token, 400_000, b"", {"from": operator})
    with refused("ERC1155InsufficientBalance", operator, 600_000, 600_001, token):
        act.retire(token, 600_001)
    with refused("ERC1155InsufficientBalance", buyer, 400_000, 400_001, token):
        act.retire(token, 400_001, holder=buyer)
    act.retire(token, 600_000)
    act.retire(token, 400_000, holder=buyer)
    assert act.account()["recs"] == MWH
    with refused("ERC1155InsufficientBalance", buyer, 0, 1, token):
        act.retire(token, 1, holder=buyer)


def test_retired_tokens_are_not_retired_again(act, refused, operator):
    token = act.offsets(5)
    act.retire(token, 5)
    with refused("ERC1155InsufficientBalance", operator, 0, 1, token):
        act.retire(token, 1)


def test_tokens_that_were_never_issued_are_not_retired(act, refused, operator):
    for token in (REC << 248 | 1, OFFSET << 248 | 1, 0, 5 << 248):
        with refused("ERC1155InsufficientBalance", operator, 0, 1, token):
            act.retire(token, 1)


def test_audited_emissions_are_not_retired(act, refused, facility):
    act.audit()
    with refused("Soulbound", audited_id(facility, MONTH)):
        act.retire(audited_id(facility, MONTH), 1)


def test_nothing_is_not_retired(act, refused):
    token = act.recs(MWH)
    with refused("ZeroAmount"):
        act.retire(token, 0)


# ------------------------------------------------------------------------------------------------------------ accounts
def test_an_account_that_moved_on_takes_nothing(act, refused):
    act.audit()
    token = act.recs(MWH)
    for seen in (0, 2, 2**16 - 1):
        with refused("VersionMismatch", 1, seen):
            act.retire(token, MWH, version=seen)


def test_an_unknown_facility_takes_nothing(act, refused, facility):
    token = act.recs(MWH)
    for unknown in (0, facility + 1, facility + 2**216):
        with refused("FacilityUnknown", unknown):
            act.retire(token, MWH, facility=unknown, version=0)


def test_a_rec_of_another_market_is_refused(act, tokens, refused, operator):
    token = act.recs(MWH)
    for zone in ("EU", "us", "CA"):
        args = (code("DE", 9), code(zone, 2), document(f"hall in {zone}"))
        abroad = tokens.registerFacility(*args, {"from": operator}).events["FacilityRegistered"]["facility"]
        with refused("MarketZoneMismatch", token, code("US", 2), code(zone, 2)):
            act.retire(token, MWH, facility=abroad, version=0)


def test_an_offset_knows_no_market(act, tokens, operator):
    args = (code("DE", 9), code("EU", 2), document("hall abroad"))
    abroad = tokens.registerFacility(*args, {"from": operator}).events["FacilityRegistered"]["facility"]
    act.retire(act.offsets(5), 5, facility=abroad, version=0)
    assert tokens.accountOf(abroad, MONTH)["offsets"] == 5


def test_a_rec_covers_no_tonnes_and_an_offset_no_energy(act):
    """The class of the id decides; there is no way to choose the other lane."""
    act.retire(act.recs(MWH), MWH)
    act.retire(act.offsets(3), 3)
    assert (act.account()["recs"], act.account()["offsets"]) == (MWH, 3)


# ------------------------------------------------------------------------------------------------------------ vintages
def test_a_rec_counts_in_every_month_of_its_calendar_year_and_in_no_other(act, refused):
    for vintage, before in ((JANUARY, 0), (DECEMBER, 1)):
        token = act.recs(MWH, vintage_start=month_start(vintage), vintage_end=month_start(vintage + 1))
        for month in (JANUARY, JANUARY + 5, DECEMBER):
            act.retire(token, 1, month=month)
            assert act.account(month)["recs"] == before + 1
        for month in (JANUARY - 1, DECEMBER + 1):
            with refused("VintageMismatch", token, month):
                act.retire(token, 1, month=month)


def test_one_second_of_the_year_is_enough_and_its_end_belongs_to_the_next(act, refused):
    year, next_year = month_start(JANUARY), month_start(DECEMBER + 1)
    last_second = act.recs(MWH, vintage_start=next_year - 1, vintage_end=next_year)
    first_second = act.recs(MWH, vintage_start=year - 1, vintage_end=year + 1)
    for token in (last_second, first_second):
        act.retire(token, 1, month=JANUARY)
    just_before = act.recs(MWH, vintage_start=year - 1, vintage_end=year)
    just_after = act.recs(MWH, vintage_start=next_year, vintage_end=next_year + 1)
    for token in (just_before, just_after):
        with refused("VintageMismatch", token, JANUARY):
            act.retire(token, 1, month=JANUARY)


def test_a_rec_over_the_turn_of_the_year_counts_in_both_years(act):
    turn = month_start(DECEMBER + 1)
    token = act.recs(MWH, vintage_start=turn - 86_400, vintage_end=turn + 86_400)
    for month in (JANUARY, DECEMBER, DECEMBER + 1, DECEMBER + 12):
        act.retire(token, 1, month=month)
        assert act.account(month)["recs"] == 1


def test_an_offset_counts_from_the_month_in_which_its_vintage_begins(act, refused):
    token = act.offsets(9, vintage_start=month_start(MONTH + 1) - 1, vintage_end=month_start(MONTH + 5))
    with refused("VintageMismatch", token, MONTH - 1):
        act.retire(token, 1, month=MONTH - 1)
    for month in (MONTH, MONTH + 1, MONTH + 300, LATEST):
        act.retire(token, 1, month=month)
        assert act.account(month)["offsets"] == 1


# ------------------------------------------------------------------------------------------------------------ re-entry
def test_a_receiver_that_calls_back_retires_only_what_it_holds(act, tokens, ReentrantHolder, admin, operator):
    holder = ReentrantHolder.deploy({"from": admin})
    token = act.recs(MWH)
    retire = [tokens.retire.encode_input(token, MWH, act.retirement())] * 2
    back = tokens.safeTransferFrom.encode_input(holder, operator, token, 1, b"")
    holder.prepare([*retire, back], {"from": admin})
    tx = tokens.safeTransferFrom(operator, holder, token, MWH, b"", {"from": operator})
    assert [each["success"] for each in tx.events["Tried"]] == [True, False, False]
    assert act.account()["recs"] == MWH
    assert (tokens.balanceOf(holder, token), tokens.balanceOf(operator, token)) == (0, 0)
