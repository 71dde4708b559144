"""Gas of every operation, exact, from receipts on a fresh Anvil under Shanghai rules.

``python benchmarks/gas.py`` prints ours, the goal, the schedule's lower bound for the same calldata, storage and events
(LB, from the trace) and the ratio; ``--write`` writes gas.json, ``--check`` exits 1 when gas.json differs, ``--json``
prints one object. A view is the gas of its call without the transaction's base and calldata.
"""

from __future__ import annotations

import argparse
import calendar
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_abi import encode
from web3 import Web3
from web3.contract import Contract

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "carbon_tokens" / "artifacts"
GAS = ROOT / "gas.json"
GOALS = {
    "audit_first": 115_000,
    "issue_first": 65_000,
    "issue_100_per_item": 30_000,
    "transfer_new_holder": 60_000,
    "retire_first": 65_000,
    "retire_next": 48_000,
    "retire_100_per_item": 11_000,
    "net_view": 8_000,
    "claim_one_month": 105_000,
    "deploy_carbon_tokens": 4_450_000,
}
BASE, CREATE_BASE, COLD_ACCOUNT, COLD_SLOT, SET_SLOT, RESET_SLOT = 21_000, 53_000, 2_600, 2_100, 22_100, 5_000
MONTH = 12 * (2021 - 1970) + 3  # 2021-04
START, END = (calendar.timegm((2021, m, 1, 0, 0, 0)) for m in (4, 5))
ENERGY, LOCATION, RESIDUAL = 7_906_880, 454_978, 470_001  # Wh, g/MWh, g/MWh
REC, OFFSET = 2, 3


@contextlib.contextmanager
def anvil() -> Iterator[Web3]:
    """A private Anvil with Shanghai rules and traces; its files go with it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [ROOT / "node_modules/.bin/anvil", "--hardfork", "shanghai", "--port", str(port), "--silent"]
    command += ["--prune-history", "--steps-tracing", "--gas-limit", "30000000"]
    with tempfile.TemporaryDirectory() as home:
        node = subprocess.Popen(command, env=os.environ | {"HOME": home})
        try:
            web3 = Web3(Web3.HTTPProvider(f"http://127.0.0.1:{port}"))
            deadline = time.monotonic() + 20
            while not web3.is_connected():
                if node.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("gas: Anvil did not start; run `npm ci` first")
                time.sleep(0.05)
            yield web3
        finally:
            node.terminate()
            node.wait()


@dataclass
class Meter:
    """Sends transactions and keeps what they cost: ``gas`` and the lower bound ``bound`` by key."""

    web3: Web3
    gas: dict[str, int] = field(default_factory=dict)
    bound: dict[str, int] = field(default_factory=dict)

    def send(self, call: Any, sender: str, key: str = "", items: int = 1) -> None:
        """Sends a call; under ``key`` keeps its gas per item, rounded up."""
        receipt = self._receipt(call.transact({"from": sender, "gas": 29_000_000}))
        if key:
            self._keep(key, receipt["gasUsed"], self._bound(receipt), items)

    def view(self, call: Any, sender: str, key: str) -> None:
        """Keeps the gas of a view, sent as a transaction, without base and calldata."""
        receipt = self._receipt(call.transact({"from": sender, "gas": 1_000_000}))
        frame = BASE + calldata_gas(self.web3.eth.get_transaction(receipt["transactionHash"])["input"])
        self._keep(key, receipt["gasUsed"] - frame, self._bound(receipt) - frame, 1)

    def deploy(self, name: str, *args: Any, sender: str, key: str) -> Contract:
        """Deploys an artifact."""
        artifact = json.loads((ARTIFACTS / f"{name}.json").read_text())
        factory = self.web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        receipt = self._receipt(factory.constructor(*args).transact({"from": sender, "gas": 29_000_000}))
        code = (len(artifact["deployedBytecode"]) - 2) // 2
        data = self.web3.eth.get_transaction(receipt["transactionHash"])["input"]
        words = -(-len(data) // 32)
        bound = CREATE_BASE + calldata_gas(data) + 2 * words + 200 * code
        self._keep(key, receipt["gasUsed"], bound + self._touched(receipt), 1)
        return self.web3.eth.contract(address=receipt["contractAddress"], abi=artifact["abi"])

    def _keep(self, key: str, gas: int, bound: int, items: int) -> None:
        self.gas[key], self.bound[key] = -(-gas // items), bound // items

    def _receipt(self, tx: Any) -> Any:
        receipt = self.web3.eth.wait_for_transaction_receipt(tx, poll_latency=0.005)
        if receipt["status"] != 1:
            raise SystemExit(f"gas: transaction {tx.hex()} reverted")
        return receipt

    def _bound(self, receipt: Any) -> int:
        data = self.web3.eth.get_transaction(receipt["transactionHash"])["input"]
        return BASE + calldata_gas(data) + self._touched(receipt)

    def _touched(self, receipt: Any) -> int:
        """Cold accounts and slots at their cheapest, and the logs, of one transaction."""
        tx = receipt["transactionHash"].to_0x_hex()
        options = {"disableMemory": True, "disableStorage": True}
        trace = self.web3.provider.make_request("debug_traceTransaction", [tx, options])["result"]["structLogs"]  # type: ignore[arg-type]
        target = (receipt["to"] or receipt["contractAddress"]).lower()
        warm = {target, receipt["from"].lower()}
        accounts, slots = walk(trace, target)
        logs = sum(375 + 375 * len(log["topics"]) + 8 * len(log["data"]) for log in receipt["logs"])
        return logs + sum(slots.values()) + COLD_ACCOUNT * len({a for a in accounts if int(a, 16) > 10} - warm)


def walk(trace: list[dict[str, Any]], target: str) -> tuple[set[str], dict[tuple[str, int], int]]:
    """Accounts called, and slots touched with the least that each can cost, of a trace."""
    accounts: set[str] = set()
    slots: dict[tuple[str, int], int] = {}
    context = {1: target}
    for step in trace:
        stack = [int(word, 16) for word in step.get("stack") or []]
        here, cost = context[step["depth"]], int(step["gasCost"])
        if step["op"] in ("SLOAD", "SSTORE"):
            slot = here, stack[-1]
            slots[slot] = max(slots.get(slot, 0), slot_bound(step["op"], cost))
        elif step["op"] in ("CALL", "STATICCALL", "EXTCODESIZE"):
            address = f"0x{stack[-1 if step['op'] == 'EXTCODESIZE' else -2]:040x}"
            accounts.add(address)
            context[step["depth"] + 1] = address
    return accounts, slots


def slot_bound(op: str, cost: int) -> int:
    """What a slot must cost, once, given what an access to it did cost: written from zero, changed, or read."""
    if op == "SSTORE" and cost >= SET_SLOT - COLD_SLOT:
        return SET_SLOT
    return RESET_SLOT if op == "SSTORE" and cost >= RESET_SLOT - COLD_SLOT else COLD_SLOT


def calldata_gas(data: bytes) -> int:
    """16 gas for a byte, 4 for a zero."""
    return sum(16 if byte else 4 for byte in bytes(data))


def word(text: str, size: int = 32) -> bytes:
    return text.encode().ljust(size, b"\0")


def digest(text: str) -> bytes:
    return bytes(Web3.keccak(text=text))


def batch_id(kind: int, registry: str, evidence: bytes) -> int:
    body = int.from_bytes(Web3.keccak(encode(["bytes12", "bytes32"], [word(registry, 12), evidence])), "big")
    return kind << 248 | body & (1 << 248) - 1


class Scenario:
    """One ledger with its actors, measured from deployment to certificate."""

    def __init__(self, web3: Web3) -> None:
        self.meter = Meter(web3)
        self.admin, self.operator, self.auditor, self.issuer, self.buyer = web3.eth.accounts[:5]
        deploy = self.meter.deploy
        self.factors = deploy("EmissionFactors", 0, self.admin, sender=self.admin, key="deploy_emission_factors")
        args = (self.factors.address, 0, self.admin)
        self.ledger = deploy("CarbonTokens", *args, sender=self.admin, key="deploy_carbon_tokens")
        self.net = deploy("NetEmissions", self.ledger.address, sender=self.admin, key="deploy_net_emissions")
        self.issued = 0

    def run(self) -> Meter:
        """Every operation in the order of a facility's month."""
        self.register()
        self.issue()
        self.audit()
        self.transfer_and_retire()
        self.claim()
        return self.meter

    def register(self) -> None:
        send, ledger = self.meter.send, self.ledger.functions
        send(self.factors.functions.grantRole(digest("PUBLISHER_ROLE"), self.admin), self.admin)
        for role, account in {
            "REGISTRAR_ROLE": self.admin,
            "AUDITOR_ROLE": self.auditor,
            "REC_ISSUER_ROLE": self.issuer,
            "OFFSET_ISSUER_ROLE": self.issuer,
        }.items():
            send(ledger.grantRole(digest(role), account), self.admin)
        release = ("eGRID", 2021, "gas", digest("file"))
        regions = [(word(f"R{i:03d}", 10), LOCATION, RESIDUAL, True) for i in range(99)]
        send(self.factors.functions.publish(release, [(word("MROW", 10), LOCATION, RESIDUAL, True)]), self.admin)
        send(self.factors.functions.publish(release, regions), self.admin, "publish_factors_99_per_region", 99)
        self.release = self.factors.functions.releaseIdOf(*release[:3]).call()
        register = ledger.registerFacility(word("MROW", 10), b"US", digest("facility"))
        self.facility = register.call({"from": self.operator})
        send(register, self.operator, "register_facility")
        source = (word("NAR", 12), digest("GEN2613"), b"US", word("SPNO", 10), word("wind", 10))
        send(ledger.registerSource(REC, *source), self.issuer, "register_source")
        offset = (word("ACR", 12), digest("ACR774"), b"US", word("", 10), word("forestry", 10))
        send(ledger.registerSource(OFFSET, *offset), self.issuer)

    def batch(self, name: str) -> tuple[bytes, int, int, int, int, int]:
        """The next 9 MWh, or 9 t, under a document of that name."""
        first = 1_100_000_000 + 10 * self.issued
        self.issued += 1
        return digest(name), 9_000_000, first, first + 8, START, END

    def issue(self) -> None:
        send, ledger = self.meter.send, self.ledger.functions
        send(ledger.issue(1, self.issuer, self.batch("first of all")), self.issuer)  # the source's cursor leaves zero
        send(ledger.issue(1, self.issuer, self.batch("kept")), self.issuer, "issue_first")
        send(ledger.issue(1, self.buyer, self.batch("sold")), self.issuer, "issue_first_to_buyer")
        many = [self.batch(f"batch {i}") for i in range(100)]
        send(ledger.issueBatch(1, self.buyer, many), self.issuer, "issue_100_per_item", 100)
        send(ledger.issue(2, self.operator, self.batch("offset")), self.issuer)

    def statement(self, version: int, energy: int, meter: str, evidence: str) -> tuple[Any, ...]:
        scope2 = [-(-energy * rate // 1_000_000) for rate in (LOCATION, RESIDUAL)]
        tail = (START, END, digest(meter), self.release, digest(evidence))
        return (self.facility, MONTH, version, energy, 102_427, *scope2, 1_400_000, *tail)

    def audit(self) -> None:
        send, ledger = self.meter.send, self.ledger.functions
        send(ledger.audit(self.statement(1, ENERGY, "meter 1", "bill 1")), self.auditor, "audit_first")
        send(ledger.audit(self.statement(2, ENERGY, "meter 2", "bill 2")), self.auditor, "audit_next")

    def transfer_and_retire(self) -> None:
        send, ledger = self.meter.send, self.ledger.functions
        sold, offset = batch_id(REC, "NAR", digest("sold")), batch_id(OFFSET, "ACR", digest("offset"))
        transfer = ledger.safeTransferFrom(self.buyer, self.operator, sold, 4_000_000, b"")
        send(transfer, self.buyer, "transfer_new_holder")
        into = (self.facility, MONTH, 2, word("Example Data Center"), word("net zero 2021-04"))
        send(ledger.retire(sold, 2_000_000, into), self.buyer, "retire_first")
        send(ledger.retire(sold, 1_000_000, into), self.buyer, "retire_next")
        send(ledger.retire(sold, 1_000_000, into), self.operator, "retire_next_later_holder")
        ids = [batch_id(REC, "NAR", digest(f"batch {i}")) for i in range(100)]
        retire = ledger.retireBatch(ids, [9_000_000] * 100, into)
        send(retire, self.buyer, "retire_100_per_item", 100)
        send(ledger.retire(offset, 4_000_000, into), self.operator, "retire_offset_next")

    def claim(self) -> None:
        send, ledger, net = self.meter.send, self.ledger.functions, self.net.functions
        self.meter.view(net.netOf(self.facility, MONTH), self.operator, "net_view")
        for i in range(40):
            many = [self.batch(f"one of many {i} {j}") for j in range(248)]
            send(ledger.issueBatch(1, self.buyer, many), self.issuer)
        self.meter.view(net.netOf(self.facility, MONTH), self.operator, "net_view_with_10000_ids")
        assert self.issued > 10_000, self.issued
        send(ledger.close(self.facility, MONTH, 2), self.auditor, "close")
        send(net.claim(self.facility, MONTH, MONTH), self.operator, "claim_one_month")
        restated = self.statement(3, 2 * ENERGY + 1, "meter 1", "restatement")
        send(ledger.restate(restated), self.auditor, "restate")
        send(net.claim(self.facility, MONTH, MONTH), self.operator, "claim_renewed")
        offset = batch_id(OFFSET, "ACR", digest("offset"))
        send(ledger.disallow(self.facility, MONTH, 4, offset, 1, digest("fraud")), self.auditor, "disallow")
        send(ledger.setFrozen(1, True), self.admin, "freeze")


def table(meter: Meter) -> str:
    """Ours, goal, lower bound and ratio by key."""
    rows = [f"{'operation':32}{'gas':>10}{'goal':>11}{'LB':>10}{'gas/LB':>8}"]
    for key, gas in meter.gas.items():
        goal = f"{GOALS[key]:,}" if key in GOALS else ""
        flag = "  above the goal" if gas > GOALS.get(key, gas) else ""
        rows.append(f"{key:32}{gas:>10,}{goal:>11}{meter.bound[key]:>10,}{gas / meter.bound[key]:>8.3f}{flag}")
    return "\n".join(rows)


def differences(measured: dict[str, int]) -> list[str]:
    """Keys whose measured gas is not what gas.json says."""
    stored = json.loads(GAS.read_text()) if GAS.exists() else {}
    keys = sorted(measured.keys() | stored.keys())
    return [
        f"{k}: gas.json {stored.get(k)}, measured {measured.get(k)}" for k in keys if stored.get(k) != measured.get(k)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write gas.json")
    parser.add_argument("--check", action="store_true", help="exit 1 when gas.json is not current")
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    with anvil() as web3:
        meter = Scenario(web3).run()
    print(json.dumps({"gas": meter.gas, "lower_bound": meter.bound}) if options.json else table(meter))
    if options.write:
        GAS.write_text(json.dumps(meter.gas, indent=2, sort_keys=True) + "\n")
    if options.check and (changed := differences(meter.gas)):
        sys.exit("gas.json is not current, run `make gas` and explain the change:\n" + "\n".join(changed))


if __name__ == "__main__":
    main()
