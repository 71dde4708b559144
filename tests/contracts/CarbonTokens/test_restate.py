from __future__ import annotations

import pytest
from actions import LOCATION, METER, RESIDUAL
from records import LANE, MONTH, MWH, NOTHING, audited_id, auditor_role, code, document, month_start

START, END = month_start(MONTH), month_start(MONTH + 1)


@pytest.fixture
def token(act, facility):
    """A closed month of 100 MWh and 1,000 g of scope 1; the id of its audited emissions."""
    act.audit(scope1=1_000)
    act.close()
    return audited_id(facility, MONTH)


def moved(tx):
    event = tx.events["TransferSingle"]
    return (event["from"], event["to"], event["id"], event["value"])


def test_a_restatement_replaces_the_totals_and_raises_the_version(act, token):
    act.restate(energy=90 * MWH, scope1=1, scope3=2)
    assert act.account() == {
        "energy": 90 * MWH, "scope1": 1, "scope2Location": 90 * LOCATION, "scope2Residual": 90 * RESIDUAL,
        "scope3": 2, "version": 2, "closed": True, "recs": 0, "offsets": 0,
        "allocatedLocation": 0, "allocatedMarket": 0, "shares": 0,
    }  # fmt: skip


def test_an_upward_restatement_issues_the_difference_to_the_owner(act, tokens, token, operator):
    before = tokens.balanceOf(operator, token)
    tx = act.restate(scope1=1_500)
    assert tokens.balanceOf(operator, token) - before == 500
    assert moved(tx) == (NOTHING, operator, token, 500)


def test_a_downward_restatement_takes_the_difference_from_the_owner(act, tokens, token, operator):
    before = tokens.balanceOf(operator, token)
    tx = act.restate(scope1=400)
    assert before - tokens.balanceOf(operator, token) == 600
    assert moved(tx) == (operator, NOTHING, token, 600)


def test_a_restatement_with_the_same_gross_moves_nothing(act, tokens, token, operator):
    before = tokens.balanceOf(operator, token)
    tx = act.restate(scope3=1_000)
    assert "TransferSingle" not in tx.events
    assert tokens.balanceOf(operator, token) == before


def test_the_transfers_of_a_month_always_add_up_to_the_balance(act, tokens, token, operator):
    total = tokens.balanceOf(operator, token)
    for scope1 in (7, 10**9, 0, 0, 31):
        tx = act.restate(scope1=scope1)
        if "TransferSingle" in tx.events:
            source, _, _, value = moved(tx)
            total += value if source == NOTHING else -value
        assert tokens.balanceOf(operator, token) == total == 100 * LOCATION + scope1


def test_a_month_may_be_restated_to_nothing(act, tokens, token, operator):
    tx = act.restate(energy=0, meter=bytes(32), release=bytes(32))
    assert tokens.balanceOf(operator, token) == 0
    assert moved(tx)[3] == 100 * LOCATION + 1_000


def test_retirements_stay_through_a_restatement(act, token):
    act.retire(act.recs(MWH), MWH)
    act.retire(act.offsets(5), 5)
    act.restate(scope1=1)
    assert (act.account()["recs"], act.account()["offsets"]) == (MWH, 5)


def test_a_restatement_fills_a_gap_of_a_meter_without_moving_it_back(act, tokens):
    act.audit(start=START + 86_400)
    act.restate(energy=103 * MWH, end=START + 86_400)
    assert tokens.meterAuditedUntil(METER) == END


def test_a_period_that_a_restatement_filled_is_not_audited_again(act, tokens, refused):
    """The restatement brings the rest of the month, so the meter moves on with it."""
    act.audit(end=START + 86_400)
    act.restate(energy=110 * MWH, start=START + 86_400)
    assert tokens.meterAuditedUntil(METER) == END
    with refused("MeterPeriodUsed", METER, START + 86_400, END):
        act.audit(start=START + 86_400)


def test_a_restatement_without_a_meter_moves_none(act, tokens, token):
    act.restate(energy=0, scope1=1, meter=bytes(32), release=bytes(32), start=0, end=0)
    assert tokens.meterAuditedUntil(METER) == END


def test_the_period_of_a_restatement_lies_within_its_month(act, refused, token):
    for start, end in ((START - 1, END), (START, END + 1)):
        with refused("PeriodOutsideMonth", start, end, MONTH):
            act.restate(start=start, end=end)
    for start, end in ((START, START), (START, 2**40)):
        with refused("PeriodInvalid", start, end):
            act.restate(start=start, end=end)


def test_an_open_month_can_be_restated_and_audited_further(act):
    first_day = {"end": START + 86_400}
    act.audit(scope1=1_000, **first_day)
    act.restate(scope1=10, **first_day)
    act.audit(energy=0, scope1=5, start=START + 86_400)
    assert (act.account()["scope1"], act.account()["version"], act.account()["closed"]) == (15, 3, False)


def test_the_event_names_the_auditor(act, token, facility, auditor):
    event = act.restate().events["Restated"]
    assert (event["facility"], event["auditor"]) == (facility, auditor)


def test_a_restatement_cites_no_meter_of_another_facility(act, tokens, refused, facility, operator):
    """The gap that it fills could stand there already."""
    args = (code("CAMX", 9), code("US", 2), document("a second hall"))
    second = tokens.registerFacility(*args, {"from": operator}).events["FacilityRegistered"]["facility"]
    other = document("meter of the second hall")
    act.audit()
    act.audit(facility=second, version=1, meter=other, end=START + 86_400)
    with refused("MeterOfAnother", other, second):
        act.restate(meter=other)
    with refused("MeterOfAnother", METER, facility):
        act.restate(facility=second, version=2)
    act.restate(facility=second, version=2, meter=other)
    act.restate(meter=document("meter that was never audited"))


def test_a_meter_that_moved_to_another_facility_is_cited_there(act, tokens, refused, operator):
    args = (code("CAMX", 9), code("US", 2), document("a second hall"))
    second = tokens.registerFacility(*args, {"from": operator}).events["FacilityRegistered"]["facility"]
    act.audit(end=START + 86_400)
    act.audit(facility=second, version=1, start=START + 86_400)
    with refused("MeterOfAnother", METER, second):
        act.restate()
    act.restate(facility=second, version=2, start=START + 86_400)


# ------------------------------------------------------------------------------------------------------------ refusals
def test_a_month_that_was_never_audited_is_not_restated(act, refused, facility):
    with refused("MonthNotAudited", facility, MONTH):
        act.restate()


def test_a_restatement_needs_a_document_of_its_own(act, refused):
    bill = act.statement()
    act.audit(bill)
    with refused("EvidenceUsed", bill.evidence):
        act.restate(evidence=bill.evidence)
    with refused("EvidenceMissing"):
        act.restate(evidence=bytes(32))


def test_a_restatement_names_the_version_that_it_creates(act, refused, token):
    for given in (0, 1, 3):
        with refused("VersionMismatch", 1, given):
            act.restate(version=given)


def test_scope_2_of_a_restatement_is_recomputed(act, refused, token):
    with refused("Scope2Mismatch", 100 * LOCATION, 100 * RESIDUAL):
        act.restate(scope2_residual=0)
    with refused("Scope2WithoutEnergy"):
        act.restate(energy=0, release=bytes(32), scope2_location=1)


@pytest.mark.parametrize("lane", ["energy", "scope1", "scope2_location", "scope2_residual", "scope3"])
def test_a_restated_amount_of_the_whole_lane_is_refused_and_one_below_is_kept(act, refused, token, lane):
    values = {"energy": 1, "scope2_location": 0, "scope2_residual": 0, "release": bytes(32)}
    with refused("AmountTooLarge"):
        act.restate(**(values | {lane: LANE}))
    act.restate(**(values | {lane: LANE - 1}))
    assert act.account()[lane.replace("_l", "L").replace("_r", "R")] == LANE - 1


def test_an_unknown_facility_is_not_restated(act, refused, token, facility):
    with refused("MonthNotAudited", facility + 1, MONTH):
        act.restate(facility=facility + 1)


def test_an_auditor_does_not_restate_a_facility_of_his_own(act, tokens, refused, admin, buyer, auditor):
    """A second auditor audited it, so there is something to restate."""
    args = (code("CAMX", 9), code("US", 2), document("the auditor's own hall"))
    own = tokens.registerFacility(*args, {"from": auditor}).events["FacilityRegistered"]["facility"]
    tokens.grantRole(auditor_role("US"), buyer, {"from": admin})
    tokens.audit(act.statement(facility=own, version=1), {"from": buyer})
    with refused("SelfAudit", auditor):
        act.restate(facility=own, version=2)
