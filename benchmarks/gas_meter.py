"""What an operation costs: gas from receipts on a private Anvil, and the least it can cost from the trace."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from web3 import Web3
from web3.contract import Contract

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "carbon_tokens" / "artifacts"
BASE, CREATE_BASE, COLD_ACCOUNT, COLD_SLOT, SET_SLOT, RESET_SLOT = 21_000, 53_000, 2_600, 2_100, 22_100, 5_000


@contextlib.contextmanager
def anvil(hardfork: str) -> Iterator[Web3]:
    """A private Anvil with the rules of a hard fork and traces; its files go with it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [ROOT / "node_modules/.bin/anvil", "--hardfork", hardfork, "--port", str(port), "--silent"]
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
    floor: bool = False  # the hard fork has a floor for calldata (EIP-7623, Prague)
    gas: dict[str, int] = field(default_factory=dict)
    bound: dict[str, int] = field(default_factory=dict)

    def send(self, call: Any, sender: str, key: str = "", items: int = 1) -> None:
        """Sends a call; under ``key`` keeps its gas per item, rounded up."""
        receipt = self._receipt(call.transact({"from": sender, "gas": 29_000_000}))
        if key:
            self._keep(key, receipt["gasUsed"], self._bound(receipt), items)

    def view(self, call: Any, sender: str, key: str) -> None:
        """Keeps the gas of a view, sent as a transaction, without base and calldata: what its steps used."""
        receipt = self._receipt(call.transact({"from": sender, "gas": 1_000_000}))
        steps = self._trace(receipt)
        used = int(steps[0]["gas"]) - int(steps[-1]["gas"]) + int(steps[-1]["gasCost"])
        self._keep(key, used, self._touched(receipt), 1)

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
        bound = BASE + calldata_gas(data) + self._touched(receipt)
        return max(bound, BASE + calldata_floor(data)) if self.floor else bound

    def _touched(self, receipt: Any) -> int:
        """Cold accounts and slots at their cheapest, and the logs, of one transaction."""
        trace = self._trace(receipt)
        target = (receipt["to"] or receipt["contractAddress"]).lower()
        warm = {target, receipt["from"].lower()}
        accounts, slots = walk(trace, target)
        logs = sum(375 + 375 * len(log["topics"]) + 8 * len(log["data"]) for log in receipt["logs"])
        return logs + sum(slots.values()) + COLD_ACCOUNT * len({a for a in accounts if int(a, 16) > 10} - warm)

    def _trace(self, receipt: Any) -> list[dict[str, Any]]:
        tx = receipt["transactionHash"].to_0x_hex()
        options = {"disableMemory": True, "disableStorage": True}
        return self.web3.provider.make_request("debug_traceTransaction", [tx, options])["result"]["structLogs"]  # type: ignore[arg-type,no-any-return]


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


def calldata_floor(data: bytes) -> int:
    """40 gas for a byte, 10 for a zero: what calldata costs at least since Prague (EIP-7623)."""
    return sum(40 if byte else 10 for byte in bytes(data))
