"""The permission table, continued: what only the admin does, and that even it does so in two steps."""

from __future__ import annotations

import pytest
from actions import ADMIN_DELAY
from brownie import chain
from records import NOTHING, auditor_role

DEFAULT_ADMIN = bytes(32)


@pytest.fixture(params=["CarbonTokens", "EmissionFactors"])
def ruled(request, tokens, factors):
    """Each of the two contracts with roles."""
    return {"CarbonTokens": tokens, "EmissionFactors": factors}[request.param]


@pytest.fixture
def not_admin(refused, stranger):
    return lambda: refused("AccessControlUnauthorizedAccount", stranger, DEFAULT_ADMIN)


def test_only_the_admin_grants_roles(ruled, not_admin, admin, stranger):
    with not_admin():
        ruled.grantRole(auditor_role("US"), stranger, {"from": stranger})
    ruled.grantRole(auditor_role("US"), stranger, {"from": admin})
    assert ruled.hasRole(auditor_role("US"), stranger)


def test_only_the_admin_revokes_roles(ruled, not_admin, admin, publisher, stranger):
    ruled.grantRole(auditor_role("US"), publisher, {"from": admin})
    with not_admin():
        ruled.revokeRole(auditor_role("US"), publisher, {"from": stranger})
    ruled.revokeRole(auditor_role("US"), publisher, {"from": admin})
    assert not ruled.hasRole(auditor_role("US"), publisher)


def test_only_the_holder_of_a_role_renounces_it(ruled, refused, admin, publisher, stranger):
    ruled.grantRole(auditor_role("US"), publisher, {"from": admin})
    for caller in (stranger, admin):
        with refused("AccessControlBadConfirmation"):
            ruled.renounceRole(auditor_role("US"), publisher, {"from": caller})
    ruled.renounceRole(auditor_role("US"), publisher, {"from": publisher})
    assert not ruled.hasRole(auditor_role("US"), publisher)


def test_only_the_admin_names_a_next_admin(ruled, not_admin, admin, buyer, stranger):
    with not_admin():
        ruled.beginDefaultAdminTransfer(stranger, {"from": stranger})
    ruled.beginDefaultAdminTransfer(buyer, {"from": admin})
    assert ruled.pendingDefaultAdmin()[0] == buyer


def test_only_the_admin_withdraws_a_next_admin(ruled, not_admin, admin, buyer, stranger):
    ruled.beginDefaultAdminTransfer(buyer, {"from": admin})
    with not_admin():
        ruled.cancelDefaultAdminTransfer({"from": stranger})
    ruled.cancelDefaultAdminTransfer({"from": admin})
    assert ruled.pendingDefaultAdmin()[0] == NOTHING


def test_only_the_named_next_admin_accepts(ruled, refused, admin, buyer, stranger):
    ruled.beginDefaultAdminTransfer(buyer, {"from": admin})
    chain.sleep(ADMIN_DELAY + 10)
    for caller in (stranger, admin):
        with refused("AccessControlInvalidDefaultAdmin", caller):
            ruled.acceptDefaultAdminTransfer({"from": caller})
    ruled.acceptDefaultAdminTransfer({"from": buyer})
    assert (ruled.defaultAdmin(), ruled.hasRole(DEFAULT_ADMIN, admin)) == (buyer, False)


def test_only_after_the_delay_a_next_admin_accepts(ruled, refused, admin, buyer):
    ruled.beginDefaultAdminTransfer(buyer, {"from": admin})
    schedule = ruled.pendingDefaultAdmin()[1]
    assert schedule == chain[-1].timestamp + ADMIN_DELAY
    with refused("AccessControlEnforcedDefaultAdminDelay", schedule):
        ruled.acceptDefaultAdminTransfer({"from": buyer})
    chain.sleep(ADMIN_DELAY - 100)
    with refused("AccessControlEnforcedDefaultAdminDelay", schedule):
        ruled.acceptDefaultAdminTransfer({"from": buyer})
    chain.sleep(200)
    ruled.acceptDefaultAdminTransfer({"from": buyer})


def test_only_through_two_steps_the_admins_role_changes_hands(ruled, refused, admin, buyer):
    for change in (ruled.grantRole, ruled.revokeRole):
        with refused("AccessControlEnforcedDefaultAdminRules"):
            change(DEFAULT_ADMIN, buyer, {"from": admin})
    assert ruled.defaultAdmin() == admin


def test_only_after_the_delay_the_admin_renounces(ruled, refused, admin):
    with refused("AccessControlEnforcedDefaultAdminDelay", 0):
        ruled.renounceRole(DEFAULT_ADMIN, admin, {"from": admin})
    ruled.beginDefaultAdminTransfer(NOTHING, {"from": admin})
    with refused("AccessControlEnforcedDefaultAdminDelay", ruled.pendingDefaultAdmin()[1]):
        ruled.renounceRole(DEFAULT_ADMIN, admin, {"from": admin})
    chain.sleep(ADMIN_DELAY + 10)
    ruled.renounceRole(DEFAULT_ADMIN, admin, {"from": admin})
    assert ruled.defaultAdmin() == NOTHING
    with refused("AccessControlUnauthorizedAccount", admin, DEFAULT_ADMIN):
        ruled.grantRole(auditor_role("US"), admin, {"from": admin})


def test_only_the_admin_changes_the_delay(ruled, not_admin, admin, stranger):
    with not_admin():
        ruled.changeDefaultAdminDelay(0, {"from": stranger})
    ruled.changeDefaultAdminDelay(0, {"from": admin})
    assert (ruled.defaultAdminDelay(), ruled.pendingDefaultAdminDelay()[0]) == (ADMIN_DELAY, 0)
    chain.sleep(ADMIN_DELAY + 10)
    chain.mine()
    assert ruled.defaultAdminDelay() == 0


def test_only_the_admin_takes_a_change_of_the_delay_back(ruled, not_admin, admin, stranger):
    ruled.changeDefaultAdminDelay(0, {"from": admin})
    with not_admin():
        ruled.rollbackDefaultAdminDelay({"from": stranger})
    ruled.rollbackDefaultAdminDelay({"from": admin})
    chain.sleep(ADMIN_DELAY + 10)
    chain.mine()
    assert ruled.defaultAdminDelay() == ADMIN_DELAY


# ----------------------------------------------------------------------------------------------------------- successors
@pytest.mark.parametrize("name", ["CarbonTokens", "Allocations", "HourlyMatching", "NetEmissions"])
def test_only_the_ledgers_admin_names_a_successor(
    tokens, allocations, hourly, net, factors, refused, admin, registrar, auditor, stranger, name
):
    contract = next(each for each in (tokens, allocations, hourly, net) if each._name == name)
    for caller in (registrar, auditor, stranger):
        with refused("NotAdmin", caller, admin):
            contract.supersede(factors, {"from": caller})
    contract.supersede(factors, {"from": admin})
    assert contract.supersededBy() == factors
