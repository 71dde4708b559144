from __future__ import annotations

import pytest
from brownie import ZERO_ADDRESS
from records import MONTH, auditor_role, code, document
from signing import OUTSIDER, SIGNERS


@pytest.fixture
def set_panel(auditors, facility, registrar):
    def send(quorum, members, sender=registrar, of=facility):
        addresses = [getattr(each, "address", each) for each in members]
        return auditors.setPanel(of, quorum, addresses, {"from": sender})

    return send


# ---------------------------------------------------------------------------------------------------- what a panel does
def test_a_panel_is_set_by_a_registrar_and_read_back(tokens, auditors, set_panel, signers, facility):
    addresses = tuple(each.address for each in signers)
    tx = set_panel(2, signers)
    assert dict(tx.events["PanelSet"]) == {"facility": facility, "quorum": 2, "members": addresses}
    assert dict(tx.events["PanelRequired"]) == {"facility": facility, "required": True}
    assert auditors.panelOf(facility) == (2, addresses)
    assert tokens.facilityOf(facility)["panelled"] is True


def test_with_a_panel_no_auditor_writes_alone(act, tokens, auditors, refused, panel, facility, auditor):
    """Not by his own transaction and not by his signature, though he holds the role."""
    assert not auditors.mayAudit(facility, auditor)
    with refused("PanelMissing", facility):
        act.audit()
    with refused("PanelMissing", facility):
        tokens.close(facility, MONTH, 1, {"from": auditor})


def test_fewer_members_than_the_quorum_do_not_audit(act, refused, submit, panel, facility):
    for signers, valid in (([], 0), (panel[:1], 1), (panel[2:], 1)):
        with refused("QuorumMissing", facility, valid, 2):
            submit(act.statement(), by=signers)


@pytest.mark.parametrize("who", [(0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_any_members_up_to_the_quorum_audit(act, submit, panel, who):
    members = [panel[each] for each in who]
    tx = submit(act.statement(), by=members)
    assert tx.events["Attested"]["auditors"] == tuple(each.address for each in members)
    assert act.account()["version"] == 1


def test_one_member_is_not_counted_twice(act, refused, submit, panel):
    with refused("SignaturesUnordered", panel[0].address, panel[0].address):
        submit(act.statement(), by=[panel[0], panel[0]])


def test_signatures_stand_in_ascending_order(act, refused, submit, panel):
    with refused("SignaturesUnordered", panel[1].address, panel[0].address):
        submit(act.statement(), by=[panel[1], panel[0]])


def test_auditors_outside_the_panel_do_not_count(act, tokens, refused, submit, panel, facility, admin):
    tokens.grantRole(auditor_role("US"), SIGNERS[3].address, {"from": admin})
    order = sorted([panel[0], SIGNERS[3]], key=lambda each: each.address.lower())
    with refused("QuorumMissing", facility, 1, 2):
        submit(act.statement(), by=order)


def test_a_member_whose_accreditation_ended_does_not_count_until_it_is_given_again(
    act, tokens, refused, submit, panel, facility, admin
):
    tokens.revokeRole(auditor_role("US"), panel[0].address, {"from": admin})
    with refused("QuorumMissing", facility, 1, 2):
        submit(act.statement(), by=panel[:2])
    tokens.grantRole(auditor_role("US"), panel[0].address, {"from": admin})
    submit(act.statement(), by=panel[:2])


def test_a_panel_binds_its_own_facility_only(act, tokens, panel, tenant):
    args = (code("CAMX", 9), code("US", 2), document("another hall"))
    other = tokens.registerFacility(*args, {"from": tenant}).events["FacilityRegistered"]["facility"]
    act.audit(facility=other, version=1)


def test_an_audit_of_two_facilities_needs_the_quorum_of_each(act, tokens, refused, submit, panel, facility, tenant):
    args = (code("CAMX", 9), code("US", 2), document("another hall"))
    other = tokens.registerFacility(*args, {"from": tenant}).events["FacilityRegistered"]["facility"]
    theirs = act.direct(facility=other, version=1, scope1=1)
    with refused("QuorumMissing", facility, 1, 2):
        submit(theirs, act.direct(scope1=1), by=panel[:1])
    tx = submit(theirs, act.direct(scope1=1), by=panel[:2])
    assert [each["facility"] for each in tx.events["Attested"]] == [other, facility]


# ------------------------------------------------------------------------------------------------- changes and the end
def test_a_panel_is_replaced_whole(act, auditors, refused, submit, set_panel, panel, facility):
    set_panel(1, panel[2:])
    with refused("QuorumMissing", facility, 0, 1):
        submit(act.statement(), by=panel[:2])
    submit(act.statement(), by=panel[2:])
    assert auditors.panelOf(facility) == (1, (panel[2].address,))


def test_a_dissolved_panel_gives_the_facility_back_to_any_one_auditor(
    act, tokens, auditors, set_panel, panel, facility
):
    tx = set_panel(0, [])
    assert dict(tx.events["PanelRequired"]) == {"facility": facility, "required": False}
    assert auditors.panelOf(facility) == (0, ())
    assert tokens.facilityOf(facility)["panelled"] is False
    act.audit()


def test_the_owner_region_and_market_of_a_facility_outlive_its_panel(tokens, set_panel, facility, signers):
    before = tokens.facilityOf(facility)
    set_panel(1, signers[:1])
    assert tokens.facilityOf(facility) == (*before[:3], True)
    set_panel(0, [])
    assert tokens.facilityOf(facility) == before


# ------------------------------------------------------------------------------------------------------------ refusals
@pytest.mark.parametrize("actor", ["admin", "auditor", "operator", "stranger"])
def test_nobody_but_a_registrar_sets_a_panel(request, set_panel, refused, signers, actor):
    caller = request.getfixturevalue(actor)
    with refused("NotRegistrar", caller):
        set_panel(1, signers[:1], sender=caller)


def test_a_quorum_is_one_to_the_number_of_members(set_panel, refused, signers):
    for quorum, members in ((1, []), (2, signers[:1]), (4, signers), (255, signers), (0, signers[:1])):
        with refused("PanelInvalid", quorum, len(members)):
            set_panel(quorum, members)


def test_a_member_stands_once_and_in_order(set_panel, refused, signers):
    for members in ([signers[0], signers[0]], [signers[1], signers[0]], [ZERO_ADDRESS]):
        with refused("PanelInvalid", 1, len(members)):
            set_panel(1, members)


def test_a_panel_has_at_most_32_members(auditors, set_panel, refused, tokens, facility, admin):
    """The number is looked at before the members are."""
    many = [f"0x{n:040x}" for n in range(1, 34)]
    with refused("PanelInvalid", 1, 33):
        set_panel(1, many)
    for member in many[:32]:
        tokens.grantRole(auditor_role("US"), member, {"from": admin})
    set_panel(32, many[:32])
    assert len(auditors.panelOf(facility)[1]) == 32


def test_a_member_is_an_auditor_of_the_market_and_not_the_owner(tokens, set_panel, refused, signers, operator, admin):
    with refused("MemberNotAuditor", OUTSIDER.address):
        set_panel(1, [OUTSIDER])
    tokens.grantRole(auditor_role("EU"), OUTSIDER.address, {"from": admin})
    with refused("MemberNotAuditor", OUTSIDER.address):
        set_panel(1, [OUTSIDER])
    tokens.grantRole(auditor_role("US"), operator, {"from": admin})
    with refused("MemberNotAuditor", operator):
        set_panel(1, [operator])


def test_an_unknown_facility_has_no_panel(set_panel, refused, signers, facility):
    with refused("MemberNotAuditor", signers[0].address):
        set_panel(1, signers[:1], of=facility + 1)
    with refused("FacilityUnknown", facility + 1):
        set_panel(0, [], of=facility + 1)


def test_a_facility_without_a_panel_reads_as_none(auditors, facility):
    assert auditors.panelOf(facility) == (0, ())
