from __future__ import annotations

import pytest
from records import MONTH, MWH, NOTHING, audited_id, code, document, month_start


@pytest.fixture
def retire_batch(act, tokens, operator):
    def retire(ids, amounts, holder=None, **given):
        return tokens.retireBatch(ids, amounts, act.retirement(**given), {"from": holder or operator})

    return retire


def test_recs_and_offsets_are_retired_together(act, tokens, retire_batch, operator):
    ids = [act.recs(10), act.offsets(20), act.recs(30), act.offsets(40)]
    tx = retire_batch(ids, [10, 19, 30, 40])
    assert (act.account()["recs"], act.account()["offsets"]) == (40, 59)
    assert tokens.balanceOfBatch([operator] * 4, ids) == (0, 1, 0, 0)
    burn = tx.events["TransferBatch"]
    assert (burn["from"], burn["to"]) == (operator, NOTHING)
    assert (list(burn["ids"]), list(burn["values"])) == (ids, [10, 19, 30, 40])
    assert (tx.events["Retired"]["recs"], tx.events["Retired"]["offsets"]) == (40, 59)


def test_one_token_may_be_named_twice_but_not_spent_twice(act, refused, retire_batch, operator):
    token = act.recs(10)
    with refused("ERC1155InsufficientBalance", operator, 4, 6, token):
        retire_batch([token, token], [6, 6])
    retire_batch([token, token], [6, 4])
    assert act.account()["recs"] == 10


def test_one_bad_token_refuses_all(act, refused, retire_batch, facility):
    good, bad = act.recs(10), act.recs(10, vintage_start=0, vintage_end=1)
    act.audit()
    liability = audited_id(facility, MONTH)
    cases = [
        (bad, 1, ("VintageMismatch", bad, MONTH)),
        (good, 0, ("ZeroAmount",)),
        (liability, 1, ("Soulbound", liability)),
    ]
    for token, amount, error in cases:
        with refused(*error):
            retire_batch([good, token], [1, amount])


def test_who_holds_nothing_retires_nothing(act, refused, retire_batch, stranger):
    token = act.recs(10)
    with refused("ERC1155InsufficientBalance", stranger, 0, 1, token):
        retire_batch([token], [1], holder=stranger)


def test_a_rec_of_another_market_is_refused(act, tokens, refused, retire_batch, operator):
    args = (code("DE", 9), code("EU", 2), document("hall abroad"))
    abroad = tokens.registerFacility(*args, {"from": operator}).events["FacilityRegistered"]["facility"]
    offset, rec = act.offsets(10), act.recs(10)
    with refused("MarketZoneMismatch", rec, code("US", 2), code("EU", 2)):
        retire_batch([offset, rec], [1, 1], facility=abroad, version=0)


def test_an_offset_of_a_later_vintage_is_refused(act, refused, retire_batch):
    offset = act.offsets(10, vintage_start=month_start(MONTH + 1), vintage_end=month_start(MONTH + 2))
    with refused("VintageMismatch", offset, MONTH):
        retire_batch([offset], [1])


def test_lists_of_different_length_are_refused(act, refused, retire_batch):
    token = act.recs(10)
    with refused("ERC1155InvalidArrayLength", 2, 1):
        retire_batch([token, token], [1])


def test_nobody_leaves_a_retirement_of_nothing_in_the_log(refused, retire_batch, stranger):
    with refused("ZeroAmount"):
        retire_batch([], [], holder=stranger)


def test_an_account_that_moved_on_takes_nothing(act, refused, retire_batch):
    token = act.recs(10)
    act.audit()
    with refused("VersionMismatch", 1, 0):
        retire_batch([token], [1], version=0)


def test_an_unknown_facility_takes_nothing(act, refused, retire_batch, facility):
    token = act.recs(10)
    with refused("FacilityUnknown", facility + 1):
        retire_batch([token], [1], facility=facility + 1, version=0)


def test_many_tokens_are_retired_at_once(act, tokens, retire_batch, rec_issuer, operator):
    group = [act.batch(2, MWH, serial_from=n, serial_thru=n) for n in range(40)]
    tx = tokens.issueBatch(act.sources[2], operator, group, {"from": rec_issuer})
    ids = list(tx.events["TransferBatch"]["ids"])
    retire_batch(ids, [MWH] * 40)
    assert act.account()["recs"] == 40 * MWH
