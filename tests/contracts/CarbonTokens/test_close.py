from __future__ import annotations

from actions import present
from brownie import chain
from records import MONTH, code, document, month_at, month_start


def test_closing_declares_the_month_complete_as_it_stands(act, auditor, facility):
    act.audit(scope1=5)
    before = act.account()
    tx = act.close()
    assert act.account() == before | {"closed": True}
    event = tx.events["Closed"]
    assert dict(event) == {"facility": facility, "month": MONTH, "auditor": auditor, "version": 1}


def test_an_empty_month_is_not_closed(tokens, refused, facility, auditor):
    with refused("MonthNotAudited", facility, MONTH):
        tokens.close(facility, MONTH, 0, {"from": auditor})
    with refused("MonthNotAudited", facility, MONTH):
        tokens.close(facility, MONTH, 1, {"from": auditor})


def test_a_month_with_retirements_alone_is_not_closed(act, tokens, refused, facility, auditor):
    """Somebody's gift of 1 g must not make an unaudited month complete and so neutral."""
    act.retire(act.offsets(1), 1)
    with refused("MonthNotAudited", facility, MONTH):
        tokens.close(facility, MONTH, 0, {"from": auditor})


def test_a_month_is_closed_only_when_it_is_over(act, tokens, refused, facility, auditor):
    month = month_at(present())
    act.audit(act.direct(month=month, scope1=1))
    with refused("MonthNotOver", month):
        act.close(month)
    for never in (month + 1, 2**32 - 1):
        with refused("MonthNotAudited", facility, never):
            tokens.close(facility, never, 0, {"from": auditor})
    chain.sleep(month_start(month + 1) - present() - 60)
    with refused("MonthNotOver", month):
        act.close(month)
    chain.sleep(61)
    act.close(month)
    assert act.account(month)["closed"] is True


def test_a_month_is_closed_once(act, refused, facility):
    act.audit()
    act.close()
    with refused("MonthIsClosed", facility, MONTH):
        act.close()


def test_a_month_that_moved_on_is_not_closed(act, tokens, refused, facility, auditor):
    act.audit(act.direct(scope1=1))
    act.audit(act.direct(scope1=1))
    for seen in (1, 3, 2**16 + 2, 2**32 - 1):
        with refused("VersionMismatch", 2, seen):
            tokens.close(facility, MONTH, seen, {"from": auditor})


def test_a_month_of_an_unknown_facility_is_not_closed(tokens, refused, facility, auditor):
    with refused("FacilityUnknown", facility + 1):
        tokens.close(facility + 1, MONTH, 1, {"from": auditor})


def test_an_auditor_does_not_close_a_month_of_a_facility_of_his_own(tokens, refused, auditor):
    args = (code("CAMX", 9), code("US", 2), document("the auditor's own hall"))
    own = tokens.registerFacility(*args, {"from": auditor}).events["FacilityRegistered"]["facility"]
    with refused("SelfAudit", auditor):
        tokens.close(own, MONTH, 1, {"from": auditor})


def test_closing_one_month_leaves_the_next_open(act):
    act.audit()
    act.audit(month=MONTH + 1)
    act.close()
    assert act.account(MONTH + 1)["closed"] is False


def test_a_restatement_leaves_the_month_closed(act):
    act.audit()
    act.close()
    act.restate(scope1=1)
    assert act.account()["closed"] is True
