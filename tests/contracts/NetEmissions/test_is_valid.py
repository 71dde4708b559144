from __future__ import annotations

import pytest
from brownie import web3
from eth_abi import encode
from eth_utils import keccak
from records import ANNUAL, MONTH, audited_id, claim_id


@pytest.fixture
def claimed(act, net, facility, stranger):
    """The claim of two neutral months; their offset tokens."""
    tokens = [act.neutral(month)[1] for month in (MONTH, MONTH + 1)]
    net.claim(facility, MONTH, MONTH + 1, ANNUAL, {"from": stranger})
    return claim_id(facility, MONTH, MONTH + 1), tokens


@pytest.fixture
def renew(net, facility, stranger):
    return lambda: net.claim(facility, MONTH, MONTH + 1, ANNUAL, {"from": stranger})


def test_a_claim_is_valid_from_the_start(net, claimed):
    assert net.isValid(claimed[0])


def test_a_claim_that_was_never_made_is_not_valid(act, net, facility):
    act.neutral()
    assert not net.isValid(claim_id(facility, MONTH, MONTH))
    assert not net.isValid(0)


@pytest.mark.parametrize("month, scope1", [(MONTH, 999_999), (MONTH + 1, 1_000_000), (MONTH + 1, 1_000_001)])
def test_any_restatement_of_any_of_its_months_ends_it(act, net, claimed, month, scope1):
    act.restate(month=month, scope1=scope1)
    assert not net.isValid(claimed[0])


def test_a_disallowance_in_any_of_its_months_ends_it(act, net, claimed):
    act.disallow(claimed[1][0], 1, month=MONTH + 1)
    assert not net.isValid(claimed[0])


def test_a_month_without_a_version_left_ends_it_because_no_auditor_could(
    net, tokens, claimed, refused, facility, renew
):
    use_up_versions(tokens, audited_id(facility, MONTH))
    assert not net.isValid(claimed[0])
    with refused("MonthOpen", facility, MONTH):
        renew()


def use_up_versions(tokens, account):
    """Writes version 32,767 into the record; an auditor could reach it by as many restatements."""
    inventory = tokens.slotsOfAccount(account)[0]
    for base in range(32):
        slot = "0x" + keccak(encode(["uint256", "uint256"], [account, base])).hex()
        if int.from_bytes(web3.eth.get_storage_at(tokens.address, slot), "big") == inventory:
            full = f"0x{inventory & ~(0x7FFF << 240) | 0x7FFF << 240:064x}"
            method = "anvil_setStorageAt" if "anvil" in web3.client_version.lower() else "evm_setAccountStorageAt"
            assert "error" not in web3.provider.make_request(method, [tokens.address, slot, full])
    assert tokens.slotsOfAccount(account)[0] >> 240 & 0x7FFF == 0x7FFF


def test_a_downward_restatement_is_valid_again_after_a_renewal(act, net, claimed, renew):
    act.restate(scope1=1)
    renew()
    assert net.isValid(claimed[0])


def test_it_does_not_come_back_by_itself_when_what_was_missing_is_retired(act, net, claimed, renew):
    act.disallow(claimed[1][0], 1)
    act.retire(act.offsets(1), 1)
    assert not net.isValid(claimed[0])
    renew()
    assert net.isValid(claimed[0])


def test_two_restatements_that_cancel_do_not_bring_it_back(act, net, claimed):
    act.restate(scope1=1_000_001)
    act.restate(scope1=1_000_000)
    assert not net.isValid(claimed[0])


def test_further_retirements_and_other_months_leave_it_valid(act, net, claimed):
    act.retire(act.offsets(5), 5)
    act.retire(act.recs(5), 5, month=MONTH + 1)
    act.audit(month=MONTH + 2)
    assert net.isValid(claimed[0])


def test_freezing_a_source_leaves_past_claims_valid(tokens, net, claimed, device, project, registrar):
    for source in (device, project):
        tokens.setFrozen(source, True, {"from": registrar})
    assert net.isValid(claimed[0])
