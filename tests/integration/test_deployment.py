"""CarbonTokens names two contracts that are created after it: the deployment ends whole, or says what came between."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from carbon_tokens.errors import LedgerError, Reverted
from carbon_tokens.ledger import Chain, KeyAccount, Ledger, NonceError, account
from carbon_tokens.ledger.contracts import NAMES, Contract
from carbon_tokens.ledger.deploying import create_address, deploy_contracts
from carbon_tokens.ledger.deployments import deployment_file, read_deployments
from carbon_tokens.ledger.journal import Entry
from carbon_tokens.ledger.ledger import open_journal
from carbon_tokens.ledger.records import Receipt
from carbon_tokens.ledger.writer import Writer

ROOT = Path(__file__).resolve().parents[2]
KILLS, SEED = 6, 20240301

# The child kills itself with SIGKILL at the n-th executed line of the modules that deploy, journal, send and settle, or
# just before or after it wrote the deployments file for the n-th time.
RUN = """
import json, os, signal, sys
from pathlib import Path
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger import deploying, journal, settle, writer
url, folder, where, kill = json.loads(sys.argv[1])
folder = Path(folder)
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
chain = Chain.connect(url, state=folder / "chain.db")
watched = {module.__file__ for module in (deploying, journal, settle, writer)}
lines = writes = 0
write = deploying.write_deployments
def counted(*args):
    global writes
    writes += 1
    if where == "unwritten" and writes == kill:
        die()
    write(*args)
    if where == "written" and writes == kill:
        die()
deploying.write_deployments = counted
def local(frame, event, arg):
    global lines
    lines += event == "line"
    if lines == kill:
        die()
    return local
if where == "line":
    sys.settrace(lambda frame, event, arg: local if frame.f_code.co_filename in watched else None)
Ledger.deploy(chain, account("dev:admin", chain), deployments=folder, home=folder)
"""


def run(url: str | None, folder: Path, where: str = "", kill: int = 0) -> subprocess.CompletedProcess[str]:
    args = json.dumps([url, str(folder), where, kill])
    return subprocess.run([sys.executable, "-c", RUN, args], cwd=ROOT, capture_output=True, text=True, timeout=120)


def admin(chain: Chain, folder: Path) -> Ledger:
    return Ledger.deploy(chain, account("dev:admin", chain), deployments=folder, home=folder)


def assert_whole(ledger: Ledger) -> None:
    assert tuple(ledger.deployments) == NAMES
    assert ledger.call("CarbonTokens", "auditors") == ledger.address("Auditors")
    assert ledger.call("CarbonTokens", "allocations") == ledger.address("Allocations")
    assert ledger.call("NetEmissions", "hourly") == ledger.address("HourlyMatching")
    ledgers = {ledger.call(name, "ledger") for name in NAMES[2:]}
    assert ledgers == {ledger.address("CarbonTokens")}


def keep_only(chain: Chain, folder: Path, names: tuple[str, ...]) -> None:
    """Leaves the deployments file as a run that died after these contracts had left it."""
    path = deployment_file(folder, chain.id)
    content = json.loads(path.read_text())
    content["contracts"] = {name: content["contracts"][name] for name in names}
    path.write_text(json.dumps(content))


def deployed_until(chain: Chain, folder: Path, name: str) -> None:
    """A deployment that ended before ``name`` was sent."""

    class Ended(Exception):
        pass

    class Stopping(Writer):
        def write(self, action: str, to: str, data: bytes, nonce: int | None = None) -> Receipt:
            if action == f"deploy {name}":
                raise Ended
            return super().write(action, to, data, nonce)

    signer = account("dev:admin", chain)
    with open_journal(chain, folder) as journal, pytest.raises(Ended):
        deploy_contracts(Stopping(chain, signer, journal, {}), deployment_file(folder, chain.id), signer.address, 0)


def planned_until(chain: Chain, folder: Path, name: str) -> None:
    """A deployment that died when ``name`` was signed and journaled, and not sent."""

    class Died(Exception):
        pass

    class Dying(Writer):
        def _send(self, entry: Entry) -> None:
            if entry.action == f"deploy {name}":
                raise Died
            super()._send(entry)

    signer = account("dev:admin", chain)
    with open_journal(chain, folder) as journal, pytest.raises(Died):
        deploy_contracts(Dying(chain, signer, journal, {}), deployment_file(folder, chain.id), signer.address, 0)


def slip_in(chain: Chain, folder: Path, signer: str = "dev:admin") -> None:
    """Another transaction of the same account, as another program sends it."""
    with open_journal(chain, folder / "other") as journal:
        writer = Writer(chain, account(signer, chain), journal, {})
        writer.write("another contract", "", Contract.load("EmissionFactors").creation((0, writer.signer.address)))


def test_the_address_of_a_contract_follows_from_its_creator_and_nonce(chain: Chain, tmp_path: Path) -> None:
    who, nonce = account("dev:admin", chain), chain.nonce(account("dev:admin", chain).address)
    ledger = admin(chain, tmp_path)
    assert [ledger.address(name) for name in NAMES] == [create_address(who.address, nonce + n) for n in range(6)]
    assert_whole(ledger)


@pytest.mark.parametrize("kind", ["embedded", pytest.param("anvil", marks=pytest.mark.anvil)])
def test_a_deployment_killed_at_random_points_ends_whole(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = None if kind == "embedded" else request.getfixturevalue(kind)
    dice, killed = random.Random(SEED), 0
    for life in range(KILLS):
        where = ("line", "unwritten", "line", "written")[life % 4]
        ended = run(url, tmp_path, where, dice.randint(1, 300 if where == "line" else 2))
        assert ended.returncode in (-9, 0), ended.stderr
        killed += ended.returncode == -9
    last = run(url, tmp_path)
    assert last.returncode == 0, last.stderr
    assert killed >= KILLS // 2
    chain = Chain.connect(url, state=tmp_path / "chain.db")
    assert_whole(Ledger.connect(chain, deployments=tmp_path))
    chain.close()


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_what_the_chain_created_and_the_file_does_not_hold_is_taken_from_the_journal(
    chain: Chain, tmp_path: Path, kept: int
) -> None:
    before = {name: admin(chain, tmp_path).address(name) for name in NAMES[:4]}
    keep_only(chain, tmp_path, NAMES[:kept])
    ledger = admin(chain, tmp_path)
    assert_whole(ledger)
    assert {name: ledger.address(name) for name in NAMES[:4]} == before


@pytest.mark.parametrize("name", ["Auditors", "Allocations"])
def test_another_transaction_before_a_named_contract_ends_the_deployment_with_an_error(
    chain: Chain, tmp_path: Path, name: str
) -> None:
    deployed_until(chain, tmp_path, name)
    slip_in(chain, tmp_path)
    for _ in range(2):
        with pytest.raises(NonceError, match=f"names {name} at 0x.*another transaction took its nonce.*another folder"):
            admin(chain, tmp_path)
    assert name not in read_deployments(deployment_file(tmp_path, chain.id), chain)
    assert_whole(admin(chain, tmp_path / "again"))


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_that_was_signed_and_not_sent_is_sent_by_the_next_run(
    chain: Chain, tmp_path: Path, name: str
) -> None:
    planned_until(chain, tmp_path, name)
    assert_whole(admin(chain, tmp_path))
    with open_journal(chain, tmp_path) as journal:
        assert len(journal.entries()) == len(NAMES)


def test_a_ledger_that_was_signed_and_whose_nonce_was_taken_is_made_anew(chain: Chain, tmp_path: Path) -> None:
    planned_until(chain, tmp_path, "CarbonTokens")
    slip_in(chain, tmp_path)
    assert_whole(admin(chain, tmp_path))


def test_a_named_contract_that_was_signed_and_whose_nonce_was_taken_ends_with_an_error(
    chain: Chain, tmp_path: Path
) -> None:
    planned_until(chain, tmp_path, "Auditors")
    slip_in(chain, tmp_path)
    with pytest.raises(NonceError, match="names Auditors at 0x"):
        admin(chain, tmp_path)


def test_a_file_of_the_contracts_before_is_refused_by_its_format(chain: Chain, tmp_path: Path) -> None:
    admin(chain, tmp_path)
    path = deployment_file(tmp_path, chain.id)
    content = json.loads(path.read_text())
    del content["format"]
    path.write_text(json.dumps(content))
    for attempt in (lambda: admin(chain, tmp_path), lambda: Ledger.connect(chain, deployments=tmp_path)):
        with pytest.raises(LedgerError, match=r"of format 1, of other contracts .*another folder"):
            attempt()


def test_another_account_cannot_go_on_with_a_deployment(chain: Chain, tmp_path: Path) -> None:
    deployed_until(chain, tmp_path, "Auditors")
    other, first = account("dev:operator", chain), account("dev:admin", chain).address
    with pytest.raises(NonceError, match="another account deployed CarbonTokens"):
        Ledger.deploy(chain, other, admin=first, deployments=tmp_path, home=tmp_path)
    assert_whole(admin(chain, tmp_path))


def test_a_transaction_that_comes_while_carbon_tokens_is_prepared_is_noticed_before_it_is_sent(
    chain: Chain, tmp_path: Path
) -> None:
    deployed_until(chain, tmp_path, "CarbonTokens")
    estimate, slipped = chain.estimate, []

    def slow(to: str, data: bytes, sender: str) -> int:
        if not slipped:
            slipped.append(1)
            slip_in(chain, tmp_path)
        return estimate(to, data, sender)

    chain.estimate = slow  # type: ignore[method-assign]
    with pytest.raises(NonceError, match=r"deploy CarbonTokens: another transaction took nonce \d+"):
        admin(chain, tmp_path)
    assert_whole(admin(chain, tmp_path))


def test_a_ledger_refuses_contracts_that_it_does_not_name(chain: Chain, tmp_path: Path) -> None:
    ledger = admin(chain, tmp_path)
    signer = account("dev:admin", chain)
    assert isinstance(signer, KeyAccount)
    for name in ("Auditors", "Allocations"):
        data = Contract.load(name).creation((ledger.address("CarbonTokens"),))
        with pytest.raises(Reverted) as refusal:
            chain.estimate("", data, signer.address)
        assert refusal.value.error == "LedgerOfOthers"


def test_a_contract_in_the_file_with_other_arguments_is_refused(chain: Chain, tmp_path: Path) -> None:
    admin(chain, tmp_path)
    with pytest.raises(LedgerError, match="EmissionFactors is deployed with the arguments"):
        Ledger.deploy(chain, account("dev:admin", chain), delay=5, deployments=tmp_path, home=tmp_path)
