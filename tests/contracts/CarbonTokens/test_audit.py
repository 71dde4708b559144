from __future__ import annotations

import pytest
from actions import LOCATION, METER, RESIDUAL, present
from records import (
    LANE,
    MONTH,
    MWH,
    NOTHING,
    audited_id,
    auditor_role,
    code,
    document,
    emissions,
    month_at,
    month_start,
    release_id,
)

START, END = month_start(MONTH), month_start(MONTH + 1)
DAY = 86_400
BOUNDARIES = (601, 602, 647, 648, 649, 650)  # February and March 2020, December 2023 to March 2024


# ---------------------------------------------------------------------------------------------- what an audit does
def test_an_audit_is_added_to_the_account_of_its_month(act):
    act.audit(energy=100 * MWH, scope1=7, scope3=11)
    assert act.account() == {
        "energy": 100 * MWH, "scope1": 7, "scope2Location": 100 * LOCATION, "scope2Residual": 100 * RESIDUAL,
        "scope3": 11, "version": 1, "closed": False, "recs": 0, "offsets": 0,
        "allocatedLocation": 0, "allocatedMarket": 0, "shares": 0,
    }  # fmt: skip
    assert set(act.account(MONTH + 1).values()) == {0}


def test_audits_of_one_month_add_up_and_each_raises_the_version(act):
    act.audit(energy=60 * MWH, end=START + DAY)
    act.audit(energy=40 * MWH, start=START + DAY)
    act.audit(act.direct(scope1=5, scope3=6))
    account = act.account()
    assert (account["energy"], account["scope1"], account["scope3"], account["version"]) == (100 * MWH, 5, 6, 3)
    assert account["scope2Location"] == 100 * LOCATION


def test_the_owner_holds_the_audited_emissions_as_a_token(act, tokens, facility, operator):
    tx = act.audit(energy=100 * MWH, scope1=7, scope3=11)
    token, gross = audited_id(facility, MONTH), 100 * LOCATION + 18
    assert tokens.balanceOf(operator, token) == gross
    transfer = tx.events["TransferSingle"]
    assert (transfer["from"], transfer["to"], transfer["id"], transfer["value"]) == (NOTHING, operator, token, gross)
    assert tx.events["Audited"]["facility"] == facility


def test_the_event_repeats_the_statement(act, auditor):
    statement = act.statement(scope1=1)
    event = act.audit(statement).events["Audited"]
    assert event["auditor"] == auditor
    assert [as_given(each) for each in event["statement"]] == [as_given(each) for each in statement]


def as_given(value):
    return "0x" + value.hex() if isinstance(value, bytes) else str(value) if isinstance(value, str) else int(value)


def test_a_reading_of_no_energy_is_an_audit_too(act):
    act.audit(energy=0)
    assert (act.account()["version"], act.account()["energy"]) == (1, 0)


# ------------------------------------------------------------------------------------------------------- double audit
def test_a_bill_is_not_audited_twice(act, refused, facility):
    statement = act.statement()
    act.audit(statement)
    with refused("MeterPeriodUsed", METER, START, END):
        act.audit(statement._replace(version=2))


def test_a_document_is_not_used_twice_even_for_another_meter_or_month(act, refused):
    bill = act.statement()
    act.audit(bill)
    with refused("EvidenceUsed", bill.evidence):
        act.audit(evidence=bill.evidence, meter=document("meter 2"))
    with refused("EvidenceUsed", bill.evidence):
        act.audit(evidence=bill.evidence, month=MONTH + 1)
    with refused("EvidenceUsed", bill.evidence):
        act.audit(act.direct(evidence=bill.evidence, scope1=1))


def test_a_bill_that_was_scanned_again_is_recognised_by_its_meter_and_dates(act, refused):
    act.audit(evidence=document("first scan"))
    with refused("MeterPeriodUsed", METER, START, END):
        act.audit(evidence=document("second scan"))


def test_overlapping_or_earlier_dates_of_a_meter_are_refused(act, refused):
    """Before, over the end, around, inside, and the last day again."""
    act.audit(start=START + 5 * DAY, end=START + 10 * DAY)
    for start, end in ((0, 5), (9, 15), (3, 12), (5, 6), (9, 10)):
        with refused("MeterPeriodUsed", METER, START + start * DAY, START + 10 * DAY):
            act.audit(start=START + start * DAY, end=START + end * DAY)


def test_one_second_of_overlap_is_refused_and_touching_dates_are_not(act, tokens, refused):
    act.audit(end=START + DAY)
    with refused("MeterPeriodUsed", METER, START + DAY - 1, START + DAY):
        act.audit(start=START + DAY - 1)
    act.audit(start=START + DAY)
    assert tokens.meterAuditedUntil(METER) == END


def test_a_gap_is_allowed_and_cannot_be_filled_by_a_later_audit(act, refused):
    act.audit(start=START + 2 * DAY)
    with refused("MeterPeriodUsed", METER, START, END):
        act.audit(end=START + 2 * DAY)


def test_two_meters_are_read_independently(act, tokens):
    act.audit()
    act.audit(meter=document("meter 2"))
    assert act.account()["energy"] == 200 * MWH
    assert tokens.meterAuditedUntil(document("meter 2")) == tokens.meterAuditedUntil(METER) == END


def test_a_meter_audited_for_one_facility_is_not_audited_for_another(act, tokens, refused, stranger):
    act.audit()
    args = (code("CAMX", 9), code("US", 2), document("hall of a stranger"))
    other = tokens.registerFacility(*args, {"from": stranger}).events["FacilityRegistered"]["facility"]
    with refused("MeterPeriodUsed", METER, START, END):
        act.audit(facility=other, version=1)


# --------------------------------------------------------------------------------------------------- month boundaries
def test_a_reading_may_fill_its_month_to_the_second(act):
    for month in BOUNDARIES:
        act.audit(month=month)
        assert act.account(month)["version"] == 1


def test_a_reading_that_leaves_its_month_by_one_second_is_refused(act, refused):
    for month in BOUNDARIES:
        start, end = month_start(month), month_start(month + 1)
        for outside in ((start - 1, end), (start, end + 1)):
            with refused("PeriodOutsideMonth", *outside, month):
                act.audit(month=month, start=outside[0], end=outside[1])


def test_a_reading_of_another_month_is_refused(act, refused):
    with refused("PeriodOutsideMonth", START, END, MONTH + 1):
        act.audit(month=MONTH + 1, start=START, end=END)


def test_an_empty_reversed_or_endless_reading_is_refused(act, refused):
    for start, end in ((START, START), (START + 1, START), (START, 2**40), (START, 2**256 - 1)):
        with refused("PeriodInvalid", start, end):
            act.audit(start=start, end=end)


def test_a_reading_of_the_future_is_refused_and_one_of_the_past_is_not(act, refused):
    """The chain's clock decides."""
    now = present()
    with refused("PeriodInvalid", now - 5, now + 3_600):
        act.audit(month=month_at(now), start=now - 5, end=now + 3_600)
    act.audit(month=month_at(now - 2), start=now - 2, end=now - 1)


# ------------------------------------------------------------------------------------------------------------ scope 2
def test_scope_2_is_energy_times_the_published_rate_rounded_up(act):
    for month, energy in enumerate((0, 1, 1_500, 999_999, MWH, MWH + 1, 123_456_789_012), start=MONTH):
        act.audit(month=month, energy=energy)
        account = act.account(month)
        assert account["scope2Location"] == emissions(energy, LOCATION)
        assert account["scope2Residual"] == emissions(energy, RESIDUAL)


def test_scope_2_that_is_one_gram_off_is_refused(act, refused):
    statement = act.statement(energy=1_500)
    assert (statement.scope2_location, statement.scope2_residual) == (292, 603)
    for wrong in ((291, 603), (293, 603), (292, 602), (292, 604)):
        with refused("Scope2Mismatch", 292, 603):
            act.audit(statement._replace(scope2_location=wrong[0], scope2_residual=wrong[1]))


def test_where_no_residual_mix_is_published_the_location_rate_stands_in(act, tokens, operator, auditor):
    args = (code("NWPP", 9), code("US", 2), document("hall in the north"))
    facility = tokens.registerFacility(*args, {"from": operator}).events["FacilityRegistered"]["facility"]
    act.audit(facility=facility, version=1, scope2_location=28_800_000, scope2_residual=28_800_000)
    assert tokens.accountOf(facility, MONTH)["scope2Residual"] == 28_800_000


def test_a_release_that_does_not_know_the_region_is_refused(act, tokens, refused, operator, release):
    args = (code("ERCT", 9), code("US", 2), document("hall in Texas"))
    facility = tokens.registerFacility(*args, {"from": operator}).events["FacilityRegistered"]["facility"]
    with refused("FactorUnknown", release, code("ERCT", 9)):
        act.audit(facility=facility, version=1)


def test_an_unknown_release_is_refused(act, refused):
    unknown = release_id("eGRID", 2023, "rev9")
    with refused("FactorUnknown", unknown, code("CAMX", 9)):
        act.audit(release=unknown)


def test_scope_2_by_another_method_is_declared_without_a_release(act):
    act.audit(release=bytes(32), scope2_location=1, scope2_residual=2)
    assert (act.account()["scope2Location"], act.account()["scope2Residual"]) == (1, 2)


@pytest.mark.parametrize("lane", ["scope2_location", "scope2_residual"])
def test_scope_2_needs_energy(act, refused, lane):
    for statement in (act.direct(scope1=1, **{lane: 1}), act.statement(energy=0, release=bytes(32), **{lane: 1})):
        with refused("Scope2WithoutEnergy"):
            act.audit(statement)


# --------------------------------------------------------------------------------------------- meters and zero amounts
def test_energy_needs_a_meter(act, refused):
    with refused("MeterMissing"):
        act.audit(meter=bytes(32))


def test_an_audit_of_nothing_is_refused(act, refused):
    with refused("ZeroAmount"):
        act.audit(act.direct())


@pytest.mark.parametrize("scope", ["scope1", "scope3"])
def test_direct_and_upstream_emissions_need_no_meter(act, scope):
    act.audit(act.direct(**{scope: 1}))
    assert act.account()[scope] == 1


def test_an_audit_needs_a_document(act, refused):
    with refused("EvidenceMissing"):
        act.audit(evidence=bytes(32))


def test_the_document_leads_to_the_audited_emissions_it_was_used_for(act, tokens, facility):
    statement = act.statement()
    act.audit(statement)
    assert tokens.accountOfEvidence(statement.evidence) == audited_id(facility, MONTH)
    assert tokens.accountOfEvidence(act.evidence()) == 0


# ------------------------------------------------------------------------------------------------- version and closing
def test_an_audit_names_the_version_that_it_creates(act, refused):
    act.audit(end=START + DAY)
    for given in (0, 1, 3, 2**15 + 2, 2**16 - 1):
        with refused("VersionMismatch", 1, given):
            act.audit(start=START + DAY, version=given)


def test_a_closed_month_takes_no_more_audits(act, refused, facility):
    act.audit(end=START + DAY)
    act.close()
    with refused("MonthIsClosed", facility, MONTH):
        act.audit(start=START + DAY)


# --------------------------------------------------------------------------------------------------------------- lanes
LANES = ["energy", "scope1", "scope2_location", "scope2_residual", "scope3"]


def lane_statement(act, lane, amount, **given):
    """A statement with one large amount; scope 2 by another method, so that it needs no factor."""
    values = {"energy": 1, "scope2_location": 0, "scope2_residual": 0, "release": bytes(32), lane: amount}
    return act.statement(**(values | given))


@pytest.mark.parametrize("lane", LANES)
def test_an_amount_of_the_whole_lane_is_refused_and_one_below_is_kept_exactly(act, refused, lane):
    with refused("AmountTooLarge"):
        act.audit(lane_statement(act, lane, LANE))
    act.audit(lane_statement(act, lane, LANE - 1))
    expected = {"energy": 1, "scope1": 0, "scope2Location": 0, "scope2Residual": 0, "scope3": 0, "version": 1}
    expected[lane.replace("_l", "L").replace("_r", "R")] = LANE - 1
    assert expected.items() <= act.account().items()


@pytest.mark.parametrize("lane", LANES)
def test_a_sum_of_the_whole_lane_is_refused_and_one_below_is_kept_exactly(act, refused, lane):
    half = {"end": START + DAY}, {"start": START + DAY}
    act.audit(lane_statement(act, lane, LANE // 2, **half[0]))
    with refused("AmountTooLarge"):
        act.audit(lane_statement(act, lane, LANE // 2, **half[1]))
    act.audit(lane_statement(act, lane, LANE // 2 - 1, **half[1]))
    account = act.account()
    assert account[lane.replace("_l", "L").replace("_r", "R")] == LANE - 1
    assert (account["version"], account["closed"]) == (2, False)


def test_all_lanes_full_at_once_stay_apart(act, tokens, facility, operator):
    lanes = dict.fromkeys(LANES, LANE - 1)
    act.audit(act.statement(**lanes, release=bytes(32)))
    amounts = [act.account()[name] for name in ("energy", "scope1", "scope2Location", "scope2Residual", "scope3")]
    assert amounts == [LANE - 1] * 5
    assert act.account()["version"] == 1
    assert tokens.balanceOf(operator, audited_id(facility, MONTH)) == 3 * (LANE - 1)


# --------------------------------------------------------------------------------------------------------------- who
def test_an_unknown_facility_is_not_audited(act, refused, facility):
    for unknown in (0, facility + 1, facility + 2**216):
        with refused("FacilityUnknown", unknown):
            act.audit(facility=unknown, version=1)


def test_an_auditor_does_not_audit_a_facility_of_his_own(act, tokens, refused, auditor):
    args = (code("CAMX", 9), code("US", 2), document("the auditor's own hall"))
    own = tokens.registerFacility(*args, {"from": auditor}).events["FacilityRegistered"]["facility"]
    with refused("SelfAudit", auditor):
        act.audit(facility=own, version=1)


def test_an_admin_without_the_auditors_role_does_not_audit(act, tokens, refused, admin):
    with refused("AccessControlUnauthorizedAccount", admin, auditor_role("US")):
        tokens.audit(act.statement(), {"from": admin})
