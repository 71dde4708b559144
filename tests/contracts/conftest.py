"""The actors, the deployed contracts and the check of a refusal. Every test starts from the same chain."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import brownie
import pytest
from actions import ADMIN_DELAY, LOCATION, REGISTRY, RESIDUAL, Actions
from records import OFFSET, REC, code, document, facility_id, release_id, role

METADATA = document("description of the facility")


@pytest.fixture(scope="session", autouse=True)
def quick_reverts():
    """Takes a fifth of a second off every revert of the chain, of which each test has one.

    Brownie collects garbage then: what the project's build data occupies is set aside once. And it asks who called it,
    with the source lines of the whole stack: they are left out.
    """
    gc.collect()
    gc.freeze()
    brownie.network.rpc.inspect = SimpleNamespace(stack=lambda: inspect.stack(context=0)[1:])
    yield
    brownie.network.rpc.inspect = inspect


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """Module isolation, and every test from the state that the module's fixtures left."""


# ------------------------------------------------------------------------------------------------------------- actors
@pytest.fixture(scope="session")
def admin(accounts):
    return accounts[0]


@pytest.fixture(scope="session")
def registrar(accounts):
    return accounts[1]


@pytest.fixture(scope="session")
def auditor(accounts):
    return accounts[2]


@pytest.fixture(scope="session")
def rec_issuer(accounts):
    return accounts[3]


@pytest.fixture(scope="session")
def offset_issuer(accounts):
    return accounts[4]


@pytest.fixture(scope="session")
def publisher(accounts):
    return accounts[5]


@pytest.fixture(scope="session")
def operator(accounts):
    """The facility's owner."""
    return accounts[6]


@pytest.fixture(scope="session")
def buyer(accounts):
    return accounts[7]


@pytest.fixture(scope="session")
def stranger(accounts):
    """Holds no role, no token and no facility."""
    return accounts[8]


# ---------------------------------------------------------------------------------------------------------- contracts
@pytest.fixture(scope="module")
def factors(module_isolation, EmissionFactors, admin, publisher):
    contract = EmissionFactors.deploy(ADMIN_DELAY, admin, {"from": admin})
    contract.grantRole(role("PUBLISHER_ROLE"), publisher, {"from": admin})
    return contract


@pytest.fixture(scope="module")
def tokens(CarbonTokens, factors, admin, registrar, auditor, rec_issuer, offset_issuer):
    contract = CarbonTokens.deploy(factors, ADMIN_DELAY, admin, {"from": admin})
    holders = {"REGISTRAR": registrar, "AUDITOR": auditor, "REC_ISSUER": rec_issuer, "OFFSET_ISSUER": offset_issuer}
    for name, holder in holders.items():
        contract.grantRole(role(f"{name}_ROLE"), holder, {"from": admin})
    return contract


@pytest.fixture(scope="module")
def net(NetEmissions, tokens, admin):
    return NetEmissions.deploy(tokens, {"from": admin})


@pytest.fixture(scope="module")
def release(factors, publisher):
    """eGRID 2023 rev1 with a region that has a residual mix and one that has none."""
    rows = [(code("CAMX", 10), LOCATION, RESIDUAL, True), (code("NWPP", 10), 288_000, 0, False)]
    factors.publish(("eGRID", 2023, "rev1", document("egrid2023_rev1.xlsx")), rows, {"from": publisher})
    return release_id("eGRID", 2023, "rev1")


@pytest.fixture(scope="module")
def facility(tokens, operator):
    tokens.registerFacility(code("CAMX", 10), code("US", 2), METADATA, {"from": operator})
    return facility_id(operator, METADATA)


@pytest.fixture(scope="module")
def device(tokens, rec_issuer):
    """A solar plant whose RECs are issued."""
    args = (REC, REGISTRY, document("solar plant"), code("US", 2), code("CAMX", 10), code("solar", 10))
    return tokens.registerSource(*args, {"from": rec_issuer}).events["SourceRegistered"]["source"]


@pytest.fixture(scope="module")
def project(tokens, offset_issuer):
    """A project whose offsets are issued."""
    args = (OFFSET, REGISTRY, document("landfill gas"), code("US", 2), bytes(10), code("landfill", 10))
    return tokens.registerSource(*args, {"from": offset_issuer}).events["SourceRegistered"]["source"]


@pytest.fixture
def act(tokens, facility, release, device, project, auditor, operator, rec_issuer, offset_issuer):
    actors = {"auditor": auditor, "operator": operator, "rec_issuer": rec_issuer, "offset_issuer": offset_issuer}
    return Actions(tokens, facility, release, {REC: device, OFFSET: project}, **actors)


# ------------------------------------------------------------------------------------------------------------ refusals
@pytest.fixture
def refused(factors, tokens, net):
    """``with refused("Name", *arguments):`` the transaction reverts with exactly this error and changes nothing.

    Nothing: the roots of the storage of all three contracts are what they were, and so is every account, balance,
    cursor, record and role.
    """

    def roots() -> list[str]:
        return [storage_root(contract) for contract in (factors, tokens, net)]

    @contextmanager
    def check(error: str, *arguments: Any) -> Iterator[None]:
        before = roots()
        with brownie.reverts(f"{error}: {', '.join(map(printed, arguments))}"):
            yield
        assert roots() == before

    return check


def storage_root(contract: Any) -> str:
    answer = brownie.web3.provider.make_request("eth_getProof", [contract.address, [], "latest"])
    return answer["result"]["storageHash"]


def printed(argument: Any) -> str:
    """An argument of an error as Brownie prints it."""
    text = str(argument)
    return text.lower() if text.startswith("0x") else text
