"""The actors, the deployed contracts and the check of a refusal. Every test starts from the same chain."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import brownie
import pytest
from actions import ADMIN_DELAY, LOCATION, REGISTRY, RESIDUAL, Actions
from brownie.network.contract import ContractContainer
from brownie.network.state import Chain
from brownie.network.transaction import TransactionReceipt
from records import OFFSET, REC, auditor_role, code, document, facility_id, release_id, role
from web3.exceptions import TransactionNotFound

METADATA = document("description of the facility")


@pytest.fixture(scope="session", autouse=True)
def quick_chain():
    """Leaves out what Brownie and requests do around every step of the chain, which takes longer than the chain itself.

    Brownie collects garbage at every return to a snapshot: what the project's build data occupies is set aside once. It
    asks who called it with the source lines of the whole stack: the caller is enough. It reads every step of a reverted
    transaction to find the line of source: the error is told without stack and memory of each. It takes a snapshot
    after every transaction, so that it could be undone: nobody undoes one. It asks for the code of every contract after
    each return: the block of its deployment tells as much. web3 asks for the chain id before every call: once will do.
    And requests looks for a proxy before each request: the chain is on this machine.
    """
    gc.collect()
    gc.freeze()
    patch = pytest.MonkeyPatch()
    patch.setattr(Chain, "_add_to_undo_buffer", lambda *_: None)
    patch.setattr(ContractContainer, "_revert", forget_later)
    patch.setattr(brownie.web3.provider, "cache_allowed_requests", True)
    patch.setattr(brownie.web3.provider, "cacheable_requests", {"eth_chainId"})
    caller = SimpleNamespace(stack=lambda: [None, SimpleNamespace(frame=sys._getframe(2))])
    patch.setattr(sys.modules["brownie.network.rpc"], "inspect", caller)
    patch.setattr(sys.modules["requests.sessions"], "get_environ_proxies", lambda *_, **__: {})
    steps = TransactionReceipt._get_trace
    read = lambda receipt: steps(receipt) if receipt.status else read_error(receipt)  # noqa: E731
    patch.setattr(TransactionReceipt, "_get_trace", read)
    yield
    patch.undo()


def forget_later(container: ContractContainer, height: int) -> None:
    """Contracts that were deployed after the block to which the chain returned."""
    for contract in [each for each in container if each.tx.block_number > height]:
        container.remove(contract)
        contract._reverted = True


def read_error(receipt: TransactionReceipt) -> None:
    """What a reverted transaction answered, without its steps."""
    if receipt._raw_trace is None:
        answer = (returned if "anvil" in brownie.web3.client_version.lower() else returned_again)(receipt)
        receipt._raw_trace, receipt._trace, receipt._dev_revert_msg = [], [], ""
        receipt._reverted_return_value(answer)


def returned(receipt: TransactionReceipt) -> str:
    bare = dict.fromkeys(("disableStack", "disableMemory", "disableStorage"), True)
    return brownie.web3.provider.make_request("debug_traceTransaction", [receipt.txid, bare])["result"]["returnValue"]


def returned_again(receipt: TransactionReceipt) -> str:
    """Ganache's trace says it in the memory of its steps alone: asked by a call at the block, which changed nothing."""
    call = {"from": str(receipt.sender), "data": receipt.input, "value": hex(receipt.value), "gas": hex(30_000_000)}
    if receipt.receiver:
        call["to"] = str(receipt.receiver)
    return brownie.web3.provider.make_request("eth_call", [call, hex(receipt.block_number)])["error"]["data"]


@pytest.fixture(scope="session", autouse=True)
def patient_look_ups():
    """Asks again for a transaction that is neither pending nor mined.

    While Anvil stores a block, its transactions are neither but their nonces are used: to Brownie they are dropped.
    """
    eth = brownie.web3.eth
    once = {name: getattr(eth, name) for name in ("get_transaction", "get_transaction_receipt")}

    def patient(look_up: Any) -> Any:
        def ask(identifier: Any) -> Any:
            for _ in range(100):
                with suppress(TransactionNotFound):
                    return look_up(identifier)
                time.sleep(0.005)
            return look_up(identifier)

        return ask

    for name, look_up in once.items():
        setattr(eth, name, patient(look_up))
    yield
    for name, look_up in once.items():
        setattr(eth, name, look_up)


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


@pytest.fixture(scope="session")
def tenant(accounts):
    """A customer of the data center, with a facility of his own where a test needs one."""
    return accounts[9]


# ---------------------------------------------------------------------------------------------------------- contracts
@pytest.fixture(scope="module")
def factors(module_isolation, EmissionFactors, admin, publisher):
    contract = EmissionFactors.deploy(ADMIN_DELAY, admin, {"from": admin})
    contract.grantRole(role("PUBLISHER_ROLE"), publisher, {"from": admin})
    return contract


@pytest.fixture(scope="module")
def ledger(CarbonTokens, Auditors, Allocations, factors, admin):
    """The ledger and the two contracts that it names: they are deployed right after it, at addresses known before."""
    followers = [admin.get_deployment_address(admin.nonce + place) for place in (1, 2)]
    tokens = CarbonTokens.deploy(factors, *followers, ADMIN_DELAY, admin, {"from": admin})
    return tokens, Auditors.deploy(tokens, {"from": admin}), Allocations.deploy(tokens, {"from": admin})


@pytest.fixture(scope="module")
def tokens(ledger, admin, registrar, auditor, rec_issuer, offset_issuer):
    contract = ledger[0]
    contract.grantRole(auditor_role("US"), auditor, {"from": admin})
    holders = {"REGISTRAR": registrar, "REC_ISSUER": rec_issuer, "OFFSET_ISSUER": offset_issuer}
    for name, holder in holders.items():
        contract.grantRole(role(f"{name}_ROLE"), holder, {"from": admin})
    return contract


@pytest.fixture(scope="module")
def auditors(ledger):
    return ledger[1]


@pytest.fixture(scope="module")
def allocations(ledger):
    return ledger[2]


@pytest.fixture(scope="module")
def hourly(HourlyMatching, tokens, admin):
    return HourlyMatching.deploy(tokens, {"from": admin})


@pytest.fixture(scope="module")
def net(NetEmissions, tokens, hourly, admin):
    return NetEmissions.deploy(tokens, hourly, {"from": admin})


@pytest.fixture(scope="module")
def release(factors, publisher):
    """eGRID 2023 rev1 with a region that has a residual mix and one that has none."""
    rows = [(code("CAMX", 9), LOCATION, RESIDUAL, True), (code("NWPP", 9), 288_000, 0, False)]
    factors.publish(("eGRID", 2023, "rev1", document("egrid2023_rev1.xlsx"), code("US", 2)), rows, {"from": publisher})
    return release_id("eGRID", 2023, "rev1")


@pytest.fixture(scope="module")
def facility(tokens, operator):
    tokens.registerFacility(code("CAMX", 9), code("US", 2), METADATA, {"from": operator})
    return facility_id(operator, METADATA)


@pytest.fixture(scope="module")
def device(tokens, rec_issuer):
    """A solar plant whose RECs are issued."""
    args = (REC, REGISTRY, document("solar plant"), code("US", 2), code("CAMX", 9), code("solar", 10))
    return tokens.registerSource(*args, {"from": rec_issuer}).events["SourceRegistered"]["source"]


@pytest.fixture(scope="module")
def project(tokens, offset_issuer):
    """A project whose offsets are issued."""
    args = (OFFSET, REGISTRY, document("landfill gas"), code("US", 2), bytes(9), code("landfill", 10))
    return tokens.registerSource(*args, {"from": offset_issuer}).events["SourceRegistered"]["source"]


@pytest.fixture
def act(tokens, facility, release, device, project, auditor, operator, rec_issuer, offset_issuer):
    actors = {"auditor": auditor, "operator": operator, "rec_issuer": rec_issuer, "offset_issuer": offset_issuer}
    return Actions(tokens, facility, release, {REC: device, OFFSET: project}, **actors)


# ------------------------------------------------------------------------------------------------------------ refusals
@pytest.fixture
def refused(factors, ledger, tokens, hourly, net):
    """``with refused("Name", *arguments):`` the transaction reverts with exactly this error and changes nothing.

    Nothing: the roots of the storage of all six contracts are what they were, and so is every account, balance,
    cursor, record and role.
    """

    def roots() -> list[str]:
        return storage_roots(factors, *ledger, hourly, net)

    @contextmanager
    def check(error: str, *arguments: Any) -> Iterator[None]:
        before = roots()
        with brownie.reverts(f"{error}: {', '.join(map(printed, arguments))}"):
            yield
        assert roots() == before

    return check


def storage_roots(*contracts: Any) -> list[str]:
    """Asked for at once: most of the time of a test is the number of its requests."""
    asked = [("eth_getProof", [each.address, [], "latest"]) for each in contracts]
    return [answer["result"]["storageHash"] for answer in brownie.web3.provider.make_batch_request(asked)]


def printed(argument: Any) -> str:
    """An argument of an error as Brownie prints it."""
    text = str(argument)
    return text.lower() if text.startswith("0x") else text
