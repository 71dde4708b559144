"""A chain: embedded or behind a JSON-RPC URL. Its identity, fees, nonces, calls and receipts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.contracts import reverted
from carbon_tokens.ledger.rpc import HttpRpc, NodeError, Rpc
from carbon_tokens.ledger.transactions import Fees

if TYPE_CHECKING:
    from web3 import Web3

_UNKNOWN_METHOD = (-32601, -32004, -32600)
_LOCAL_CLIENTS = ("anvil", "ganache", "hardhat", "ethereumjs testrpc", "carbon-tokens/embedded")
_HEADROOM = 4  # full blocks raise the base fee by an eighth each: enough for eleven of them
_FIRST_PAUSE, _PATIENCE, _LONGEST_PAUSE = 0.002, 0.05, 1.0  # s


class Chain:
    """A chain that answers; the chain id is read from it and checked.

    Args:
        rpc: the node or the embedded chain.
        chain_id: the id that it must have; None: any.

    Raises:
        LedgerError: no answer, or another chain than the one asked for.
    """

    def __init__(self, rpc: Rpc, chain_id: int | None = None) -> None:
        self.rpc, self.where = rpc, rpc.where
        self.id = int(rpc.request("eth_chainId"), 16)
        if chain_id is not None and self.id != chain_id:
            raise LedgerError(
                f"this is chain {self.id}, not chain {chain_id}",
                where=self.where,
                todo="Correct the address or the chain id.",
            )

    @classmethod
    def connect(cls, url: str | None = None, *, state: Path | None = None, chain_id: int | None = None) -> Chain:
        """The chain behind a URL, or the embedded chain of a state file when there is no URL.

        Raises:
            LedgerError: as the class; or neither URL nor state file.
        """
        if url is not None:
            return cls(HttpRpc(url), chain_id)
        if state is None:
            raise LedgerError("no chain is named", where="--rpc", todo="Give an RPC address or a state file.")
        from carbon_tokens.ledger.embedded import EmbeddedRpc  # py-evm costs 0.8 s, which users of a node need not pay

        return cls(EmbeddedRpc(state), chain_id)

    def __repr__(self) -> str:
        return f"Chain({self.id} at {self.where})"

    def close(self) -> None:
        """Frees the connection or the state file."""
        self.rpc.close()

    @cached_property
    def genesis(self) -> str:
        """Hash of block 0: tells chains of one chain id apart."""
        return str(self.rpc.request("eth_getBlockByNumber", ["0x0", False])["hash"])

    @cached_property
    def is_local(self) -> bool:
        """Whether the node is one of those that developers run for themselves."""
        return str(self.rpc.request("web3_clientVersion")).lower().startswith(_LOCAL_CLIENTS)

    @cached_property
    def waits_for_mine(self) -> bool:
        """Whether it is an Anvil or Hardhat node that mines only when it is told to (``evm_mine``)."""
        return self._automine is False and not self._optional("anvil_getIntervalMining")

    @cached_property
    def _automine(self) -> bool | None:
        return self._optional("hardhat_getAutomine") if self.is_local else None

    @cached_property
    def web3(self) -> Web3:
        """The same chain for users of web3.py."""
        from carbon_tokens.ledger.bridge import web3_of

        return web3_of(self.rpc)

    def mine(self) -> None:
        """Mines a block where the chain waits for that; elsewhere nothing."""
        if self.waits_for_mine:
            self.rpc.request("evm_mine")

    def block_number(self) -> int:
        return int(self.rpc.request("eth_blockNumber"), 16)

    def time(self, block: str = "latest") -> int:
        """UTC seconds of a block."""
        return int(self.rpc.request("eth_getBlockByNumber", [block, False])["timestamp"], 16)

    def nonce(self, address: str, tag: str = "latest") -> int:
        """Number of the account's mined transactions; with ``pending`` those in the node's pool count too."""
        return int(self.rpc.request("eth_getTransactionCount", [address, tag]), 16)

    def balance(self, address: str) -> int:
        """wei."""
        return int(self.rpc.request("eth_getBalance", [address, "latest"]), 16)

    def code(self, address: str) -> bytes:
        return bytes.fromhex(self.rpc.request("eth_getCode", [address, "latest"])[2:])

    def fees(self) -> Fees:
        """What a transaction offers: by EIP-1559 where blocks have a base fee, by gas price where they have none."""
        base = self.rpc.request("eth_getBlockByNumber", ["latest", False]).get("baseFeePerGas")
        if base is None:
            return Fees(int(self.rpc.request("eth_gasPrice"), 16), 0, legacy=True)
        tip = self._optional("eth_maxPriorityFeePerGas")
        if tip is None:  # an older node: its gas price is base fee + tip
            tip = hex(max(0, int(self.rpc.request("eth_gasPrice"), 16) - int(base, 16)))
        return Fees(_HEADROOM * int(base, 16) + int(tip, 16), int(tip, 16))

    def call(self, to: str, data: bytes, *, sender: str | None = None, block: str = "latest") -> bytes:
        """Output of a call that changes nothing. Raises Reverted with the contract's error."""
        return bytes.fromhex(self._executed("eth_call", [_call(to, data, sender), block])[2:])

    def calls(self, to: str, datas: Sequence[bytes], *, sender: str | None = None) -> list[bytes | LedgerError]:
        """Outputs of many calls; a refused one stands as its error."""
        results = self.rpc.batch([("eth_call", [_call(to, data, sender), "latest"]) for data in datas])
        return [_error(each) if isinstance(each, NodeError) else bytes.fromhex(each[2:]) for each in results]

    def estimate(self, to: str, data: bytes, sender: str) -> int:
        """Gas that a transaction needs. Raises Reverted when it would fail."""
        return int(self._executed("eth_estimateGas", [_call(to, data, sender)]), 16)

    def receipts(self, hashes: Sequence[str]) -> list[dict[str, Any] | None]:
        """The receipts of transactions; None for those not mined."""
        results = self.rpc.batch([("eth_getTransactionReceipt", [each]) for each in hashes])
        failed = next((each for each in results if isinstance(each, NodeError)), None)
        if failed:
            raise failed
        return results

    def wait(self, hashes: Sequence[str], timeout: float = 120.0) -> list[dict[str, Any]]:
        """The receipts of sent transactions, as soon as all are mined.

        Pauses start at 2 ms and double, so a chain that mines at once is not waited for.

        Raises:
            LedgerError: some were not mined in ``timeout`` seconds; they stay valid, and the journal resumes them.
        """
        found: dict[str, dict[str, Any]] = {}
        pause, end = _FIRST_PAUSE, time.monotonic() + timeout
        while missing := [each for each in hashes if each not in found]:
            news = {tx: receipt for tx, receipt in zip(missing, self.receipts(missing), strict=True) if receipt}
            found |= news
            if len(found) == len(hashes):
                break
            if time.monotonic() > end:
                raise LedgerError(
                    f"{len(missing)} transactions were not mined in {timeout:.0f} s",
                    where=self.where,
                    todo="Run it again: it resumes.",
                )
            pause = _FIRST_PAUSE if news else min(2 * pause, _LONGEST_PAUSE)
            self._push(patient=pause < _PATIENCE)
            time.sleep(pause)
        return [found[each] for each in hashes]

    def _push(self, *, patient: bool) -> None:
        """Makes a development node mine its pool: Anvil in automine leaves behind what did not fit in a block."""
        if self.waits_for_mine or (self._automine and not patient):
            self.rpc.request("evm_mine")

    def _executed(self, method: str, params: Sequence[object]) -> str:
        try:
            return str(self.rpc.request(method, params))
        except NodeError as refusal:
            raise _error(refusal) from refusal

    def _optional(self, method: str) -> Any:
        """The answer to a method that not every node has; None where it has not."""
        try:
            return self.rpc.request(method)
        except NodeError as refusal:
            if refusal.code in _UNKNOWN_METHOD or "not exist" in refusal.what or "not support" in refusal.what:
                return None
            raise


def _call(to: str, data: bytes, sender: str | None) -> dict[str, str]:
    call = {"data": "0x" + data.hex()} | ({"to": to} if to else {})
    return call | ({"from": sender} if sender else {})


def _error(refusal: NodeError) -> LedgerError:
    return reverted(refusal.data or b"") if refusal.data is not None or "revert" in refusal.what else refusal
