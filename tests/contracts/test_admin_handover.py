"""The admin of the ledger handed over to OpenZeppelin's timelock, which two of three members propose to."""

from __future__ import annotations

import brownie
import pytest
from actions import ADMIN_DELAY
from brownie import chain
from records import auditor_role

ANNOUNCED = 2 * 86_400  # s between a proposal and its execution
DEFAULT_ADMIN = bytes(32)


@pytest.fixture
def multisig(Multisig, registrar, publisher, buyer):
    return Multisig.deploy([registrar, publisher, buyer], {"from": buyer})


@pytest.fixture
def timelock(Timelock, multisig, buyer):
    return Timelock.deploy(ANNOUNCED, multisig, {"from": buyer})


@pytest.fixture
def through(timelock, multisig, registrar, publisher, stranger):
    """Two members propose a call, and after the delay anyone executes it."""

    def call(target, data, wait=ANNOUNCED):
        operation = (target, 0, data, bytes(32), bytes(32))
        proposal = timelock.schedule.encode_input(*operation, ANNOUNCED)
        for member in (registrar, publisher):
            multisig.ask(timelock, proposal, {"from": member})
        chain.sleep(wait)
        return lambda: timelock.execute(*operation, {"from": stranger})

    return call


@pytest.fixture
def handed_over(tokens, timelock, through, admin):
    """The timelock is the admin: named by the old one, accepted after the delay, itself by a proposal."""
    tokens.beginDefaultAdminTransfer(timelock, {"from": admin})
    through(tokens, tokens.acceptDefaultAdminTransfer.encode_input(), wait=ADMIN_DELAY + 1)()


def test_the_admin_is_handed_over_in_two_steps_and_not_before_the_delay(tokens, timelock, through, admin, refused):
    tokens.beginDefaultAdminTransfer(timelock, {"from": admin})
    schedule = tokens.pendingDefaultAdmin()[1]
    accept = through(tokens, tokens.acceptDefaultAdminTransfer.encode_input())
    with refused("AccessControlEnforcedDefaultAdminDelay", schedule):
        accept()
    assert tokens.defaultAdmin() == admin
    chain.sleep(ADMIN_DELAY - ANNOUNCED + 1)
    accept()
    assert tokens.defaultAdmin() == timelock
    assert not tokens.hasRole(DEFAULT_ADMIN, admin)


def test_after_the_hand_over_roles_are_given_through_the_timelock_only(
    tokens, handed_over, timelock, multisig, through, refused, admin, registrar, stranger
):
    wanted = auditor_role("US")
    for caller in (admin, registrar, stranger):
        with refused("AccessControlUnauthorizedAccount", caller, DEFAULT_ADMIN):
            tokens.grantRole(wanted, stranger, {"from": caller})
    through(tokens, tokens.grantRole.encode_input(wanted, stranger))()
    assert tokens.hasRole(wanted, stranger)


def test_a_role_is_not_given_before_the_proposal_was_public_for_its_time(
    tokens, handed_over, timelock, through, refused, stranger
):
    data = tokens.grantRole.encode_input(auditor_role("US"), stranger)
    early = through(tokens, data, wait=ANNOUNCED - 60)
    with brownie.reverts(revert_pattern="TimelockUnexpectedOperationState:.*"):
        early()
    assert not tokens.hasRole(auditor_role("US"), stranger)
    chain.sleep(61)
    early()
    assert tokens.hasRole(auditor_role("US"), stranger)


def test_one_member_alone_proposes_nothing(tokens, handed_over, timelock, multisig, registrar, stranger):
    data = tokens.grantRole.encode_input(auditor_role("US"), stranger)
    operation = (tokens, 0, data, bytes(32), bytes(32))
    proposal = timelock.schedule.encode_input(*operation, ANNOUNCED)
    multisig.ask(timelock, proposal, {"from": registrar})
    assert not timelock.isOperation(timelock.hashOperation(*operation))
    with brownie.reverts(f"AlreadyAsked: {registrar.address.lower()}"):
        multisig.ask(timelock, proposal, {"from": registrar})
    with brownie.reverts(revert_pattern="AccessControlUnauthorizedAccount:.*"):
        timelock.schedule(*operation, ANNOUNCED, {"from": registrar})


def test_the_new_admin_supersedes_and_the_old_one_does_not(
    tokens, net, handed_over, timelock, through, refused, factors, admin
):
    """The other contracts ask the ledger who its admin is."""
    with refused("NotAdmin", admin, timelock):
        net.supersede(factors, {"from": admin})
    through(net, net.supersede.encode_input(factors))()
    assert net.supersededBy() == factors


def test_roles_that_were_given_before_stay_with_their_holders(act, tokens, handed_over, through, auditor, refused):
    act.audit()
    through(tokens, tokens.revokeRole.encode_input(auditor_role("US"), auditor))()
    with refused("AccessControlUnauthorizedAccount", auditor, auditor_role("US")):
        act.close()
