"""Random histories of the contracts follow the model: what is refused, and what everything then is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from brownie import network
from history import History
from hypothesis import Phase
from records import auditor_role, code, document
from signing import SIGNERS

# Ten short histories come first. Not shrunk: on a chain that takes minutes, and 20 steps can be read as they are.
SETTINGS = {"stateful_step_count": 20, "derandomize": True, "phases": [Phase.generate]}
EXAMPLES = {"ganache-cli": 11}  # where a step takes several times as long; elsewhere 13


@pytest.fixture
def hall(tokens, tenant):
    """The tenant's facility."""
    args = (code("CAMX", 9), code("US", 2), document("hall of the tenant"))
    return tokens.registerFacility(*args, {"from": tenant}).events["FacilityRegistered"]["facility"]


@pytest.fixture
def contracts(tokens, auditors, allocations, hourly, net, admin, operator):
    """With two auditors who sign, and the operator's approval to fetch granular certificates."""
    for each in SIGNERS[:2]:
        tokens.grantRole(auditor_role("US"), each.address, {"from": admin})
    tokens.setApprovalForAll(hourly, True, {"from": operator})
    return SimpleNamespace(auditors=auditors, allocations=allocations, hourly=hourly, net=net)


@pytest.mark.no_call_coverage
def test_random_histories_follow_the_model(
    state_machine, act, contracts, registrar, operator, buyer, stranger, tenant, hall
):
    holders = {"operator": operator, "buyer": buyer, "stranger": stranger, "tenant": tenant}
    settings = SETTINGS | {"max_examples": EXAMPLES.get(network.show_active(), 13)}
    state_machine(History, act, contracts, registrar, holders, hall, settings=settings)
