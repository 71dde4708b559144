"""A new rule is a new contract on the same ledger: the old one points to it, takes nothing new and stays readable."""

from __future__ import annotations

import pytest
from hours import flat, packed
from records import ANNUAL, HOURLY, MONTH, MWH, NOTHING, REC, allocated_id, claim_id, code, document
from splits import Split, share


@pytest.fixture
def successor(factors):
    """Any contract: what follows is a matter of its code, not of the pointer."""
    return factors


@pytest.fixture(params=["CarbonTokens", "Allocations", "HourlyMatching", "NetEmissions"])
def contract(request, tokens, allocations, hourly, net):
    return next(each for each in (tokens, allocations, hourly, net) if each._name == request.param)


def test_the_ledgers_admin_names_the_successor(contract, admin, successor):
    assert contract.supersededBy() == NOTHING
    tx = contract.supersede(successor, {"from": admin})
    assert dict(tx.events["Superseded"]) == {"by": successor}
    assert contract.supersededBy() == successor


def test_nobody_else_supersedes(contract, refused, successor, admin, registrar, auditor, operator, stranger):
    for caller in (registrar, auditor, operator, stranger):
        with refused("NotAdmin", caller, admin):
            contract.supersede(successor, {"from": caller})


def test_a_successor_is_named_once(contract, refused, successor, admin, ledger):
    contract.supersede(successor, {"from": admin})
    for by in (ledger[1], successor):
        with refused("SupersededBy", successor):
            contract.supersede(by, {"from": admin})


def test_a_successor_without_code_or_the_contract_itself_is_refused(contract, refused, admin, stranger):
    for nobody in (NOTHING, stranger, contract):
        with refused("SuccessorMissing", nobody):
            contract.supersede(nobody, {"from": admin})


def test_a_superseded_ledger_only_points(act, tokens, net, successor, admin, operator, buyer, facility):
    """Nobody loses a token or an account by it: everything works on, and readers are told where to go."""
    token = act.recs(2 * MWH)
    tokens.supersede(successor, {"from": admin})
    act.audit()
    act.retire(token, MWH)
    tokens.safeTransferFrom(operator, buyer, token, MWH, b"", {"from": operator})
    act.issue(REC, act.batch(REC, MWH))
    assert (act.account()["recs"], tokens.balanceOf(buyer, token)) == (MWH, MWH)


@pytest.mark.parametrize("basis", [ANNUAL, HOURLY])
def test_a_superseded_rule_takes_no_claims_and_no_renewals(
    act, net, refused, successor, admin, facility, stranger, basis
):
    """What was claimed before stays, and is read live as before."""
    act.audit(act.direct(scope1=5))
    act.close()
    act.retire(act.offsets(5), 5)
    net.claim(facility, MONTH, MONTH, basis, {"from": stranger})
    net.supersede(successor, {"from": admin})
    certificate = claim_id(facility, MONTH, MONTH, basis)
    assert net.isValid(certificate)
    with refused("SupersededBy", successor):
        net.claim(facility, MONTH, MONTH, basis, {"from": stranger})
    act.restate(**act.direct(scope1=6)._asdict())
    assert not net.isValid(certificate)
    assert net.ownerOf(certificate) == act.operator and net.tokenURI(certificate)


def test_superseding_one_contract_leaves_the_others_current(tokens, allocations, hourly, net, successor, admin):
    hourly.supersede(successor, {"from": admin})
    assert [each.supersededBy() for each in (tokens, allocations, net)] == [NOTHING] * 3


def test_what_was_matched_before_still_serves_the_rule(
    act, tokens, net, hourly, successor, admin, facility, auditor, stranger
):
    act.audit(energy=744)
    act.close()
    hourly.record(facility, MONTH, 1, packed(flat(1)), [], {"from": auditor})
    residual = act.account()["scope2Residual"]
    act.retire(act.offsets(residual), residual)
    hourly.supersede(successor, {"from": admin})
    net.claim(facility, MONTH, MONTH, HOURLY, {"from": stranger})
    assert net.isValid(claim_id(facility, MONTH, MONTH, HOURLY))


def test_a_second_rule_reads_the_same_ledger_beside_the_first(
    act, NetEmissions, tokens, net, hourly, admin, facility, stranger
):
    """Old claims stay where they are; new ones are made at the successor."""
    act.neutral()
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    second = NetEmissions.deploy(tokens, hourly, {"from": admin})
    net.supersede(second, {"from": admin})
    second.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    number = claim_id(facility, MONTH, MONTH)
    assert net.isValid(number) and second.isValid(number)
    assert second.netOf(facility, MONTH) == net.netOf(facility, MONTH)


def test_shares_stay_with_their_tenants_when_allocations_are_superseded(
    act, tokens, net, allocations, successor, admin, facility, operator, tenant, refused
):
    args = (code("CAMX", 9), code("US", 2), document("hall of the tenant"))
    hall = tokens.registerFacility(*args, {"from": tenant}).events["FacilityRegistered"]["facility"]
    act.audit(act.direct(scope1=9))
    act.close()
    one = Split(share(hall, 0, 9, 9))
    allocations.commit(facility, MONTH, 1, 0, 0, one.top, {"from": operator})
    allocations.claim(facility, MONTH, one.shares[0], 0, b"", {"from": tenant})
    allocations.supersede(successor, {"from": admin})
    assert tokens.balanceOf(tenant, allocated_id(hall, MONTH)) == 9
    assert allocations.verify(facility, MONTH, 1, one.shares[0], 0, b"")
    assert net.netOf(hall, MONTH) == (9, 9, 9)
