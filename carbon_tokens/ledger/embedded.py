"""The embedded chain: a real Ethereum chain (py-evm, Shanghai rules) in this process, kept in one state file.

It answers the JSON-RPC methods that the ledger uses, in the form in which nodes answer them, so that the code above it
does not know the difference. Each request to send mines one block or more at once; blocks reach the file whole or not
at all. Its genesis block is unique to the file, so two embedded chains can be told apart although their id is one.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from eth.abc import BlockHeaderAPI
from eth.chains.base import MiningChain
from eth.constants import BLANK_ROOT_HASH, POST_MERGE_DIFFICULTY, POST_MERGE_MIX_HASH, POST_MERGE_NONCE
from eth.db.atomic import AtomicDB
from eth.exceptions import HeaderNotFound
from eth.vm.forks.shanghai import ShanghaiVM
from eth.vm.spoof import SpoofTransaction
from eth_typing import BlockNumber

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.embedded_answers import Answers, address_of, number_of
from carbon_tokens.ledger.mnemonic import DEV_NAMES, dev_address
from carbon_tokens.ledger.rpc import Call, NodeError
from carbon_tokens.ledger.store import BlockStore

# py-evm raises the limit to 100,000, where a file of nested brackets overflows the stack instead of being refused.
sys.setrecursionlimit(10_000)

CHAIN_ID = 31_337_012
GAS_LIMIT = 30_000_000
CLIENT = "carbon-tokens/embedded"
DEV_BALANCE = 10**24  # wei
_REVERTED = 3  # JSON-RPC error code of a revert, as geth and Anvil use it
_REFUSED = -32000


class _EmbeddedChain(MiningChain):
    chain_id = CHAIN_ID
    vm_configuration = ((BlockNumber(0), ShanghaiVM),)

    def create_header_from_parent(self, parent_header: BlockHeaderAPI, **params: Any) -> BlockHeaderAPI:
        return super().create_header_from_parent(parent_header, **{**params, "gas_limit": parent_header.gas_limit})


class EmbeddedRpc:
    """The chain in a state file; it is created when the file does not exist yet.

    Reading needs no lock. The first write takes the right to write until ``close`` or the end of the process.

    Raises:
        LedgerError: the file is no state file, or another process writes to it.
    """

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._store = BlockStore(path)
        if b"v1:canonical_head_hash" not in self._store:
            self._create()
        self._load()

    def __repr__(self) -> str:
        return f"EmbeddedRpc({self.where})"

    def request(self, method: str, params: Sequence[object] = ()) -> Any:
        if method == "eth_sendRawTransaction":
            return _raised(self._send([str(params[0])])[0])
        if method == "evm_mine":
            return self._mine_empty(int(str(params[0])) if params else None)
        self._refresh()
        if method == "eth_call":
            return "0x" + self._run(*params)[0].hex()
        if method == "eth_estimateGas":
            return hex(self._run(*params)[1])
        return Answers(self._chain, CLIENT).answer(method, params)

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """As ``Rpc.batch``; transactions sent in one batch are mined in as few blocks as their gas allows."""
        if calls and all(method == "eth_sendRawTransaction" for method, _ in calls):
            return self._send([str(params[0]) for _, params in calls])
        return [self._attempt(method, params) for method, params in calls]

    def close(self) -> None:
        self._store.close()

    def _attempt(self, method: str, params: Sequence[object]) -> Any:
        try:
            return self.request(method, params)
        except NodeError as refusal:
            return refusal

    # ------------------------------------------------------------------------------------------------ state file
    def _create(self) -> None:
        self._store.lock()
        if b"v1:canonical_head_hash" in self._store:
            return  # another process created it between our look and our lock
        genesis: Any = {
            "coinbase": bytes(20), "difficulty": POST_MERGE_DIFFICULTY, "extra_data": os.urandom(32),
            "gas_limit": GAS_LIMIT, "mix_hash": POST_MERGE_MIX_HASH, "nonce": POST_MERGE_NONCE,
            "receipt_root": BLANK_ROOT_HASH, "timestamp": int(time.time()) - 1, "transaction_root": BLANK_ROOT_HASH,
        }  # fmt: skip
        account: Any = {"balance": DEV_BALANCE, "storage": {}, "code": b"", "nonce": 0}
        state: Any = {dev_address(name): account for name in DEV_NAMES}
        _EmbeddedChain.from_genesis(AtomicDB(self._store), genesis, state)
        self._store.commit()

    def _load(self) -> None:
        try:
            self._chain: Any = _EmbeddedChain(AtomicDB(self._store))
        except (HeaderNotFound, KeyError, ValueError) as failure:
            raise LedgerError("the state file holds no chain", where=self.where, todo="Move it away.") from failure

    def _refresh(self) -> None:
        """Another process may have written since: MiningChain keeps the head in memory."""
        head = self._store[b"v1:canonical_head_hash"]
        if self._chain.header.parent_hash != head:
            self._load()

    # ----------------------------------------------------------------------------------------------------- blocks
    def _send(self, raws: Sequence[str]) -> list[Any]:
        self._store.lock()
        self._refresh()
        results: list[Any] = []
        block: list[Any] = []
        for raw in raws:
            tx = self._decode(raw)
            if isinstance(tx, NodeError):
                results.append(tx)
                continue
            if block and sum(other.gas for other in block) + tx.gas > GAS_LIMIT:
                self._mine(block)
                block = []
            refusal = self._refusal(tx, block)
            results.append(refusal or "0x" + tx.hash.hex())
            if refusal is None:
                block.append(tx)
        if block:
            self._mine(block)
        return results

    def _decode(self, raw: str) -> Any:
        try:
            tx = self._chain.get_vm().get_transaction_builder().decode(bytes.fromhex(raw.removeprefix("0x")))
            tx.validate()
            tx.sender  # noqa: B018 recovers the signer: a bad signature shows here
            return tx
        except Exception as failure:  # rlp, eth-keys and py-evm each have their own tree
            return NodeError(f"not a valid transaction: {failure}", where=self.where, code=_REFUSED)

    def _refusal(self, tx: Any, block: Iterable[Any]) -> NodeError | None:
        state = self._chain.get_vm().state
        mine = [other for other in block if other.sender == tx.sender]
        nonce = state.get_nonce(tx.sender) + len(mine)
        cost = tx.value + tx.gas * tx.max_fee_per_gas + sum(o.value + o.gas * o.max_fee_per_gas for o in mine)
        reasons = (
            (tx.chain_id not in (None, CHAIN_ID), f"invalid chain id for signer: have {tx.chain_id} want {CHAIN_ID}"),
            (tx.nonce < nonce, f"nonce too low: next nonce {nonce}, tx nonce {tx.nonce}"),
            (tx.nonce > nonce, f"nonce too high: next nonce {nonce}, tx nonce {tx.nonce}"),
            (tx.gas > GAS_LIMIT, f"exceeds block gas limit {GAS_LIMIT}"),
            (tx.gas < tx.intrinsic_gas, f"intrinsic gas too low: {tx.gas} < {tx.intrinsic_gas}"),
            (tx.max_fee_per_gas < self._next_header().base_fee_per_gas, "max fee per gas less than block base fee"),
            (cost > state.get_balance(tx.sender), "insufficient funds for gas * price + value"),
        )
        what = next((text for wrong, text in reasons if wrong), None)
        return NodeError(what, where=self.where, code=_REFUSED) if what else None

    def _next_header(self, timestamp: int | None = None) -> Any:
        head = self._chain.get_canonical_head()
        instant = max(timestamp or int(time.time()), head.timestamp + 1)
        return self._chain.create_header_from_parent(head, timestamp=instant)

    def _mine(self, transactions: Sequence[Any], timestamp: int | None = None) -> None:
        self._chain.header = self._next_header(timestamp)
        try:
            self._chain.mine_all(transactions, mix_hash=os.urandom(32))
            self._store.commit()
        except BaseException:
            self._store.discard()
            self._load()
            raise

    def _mine_empty(self, timestamp: int | None) -> str:
        self._store.lock()
        self._refresh()
        self._mine([], timestamp)
        return "0x0"

    # ------------------------------------------------------------------------------------------------------ calls
    def _run(self, call: Any, block: object = "latest") -> tuple[bytes, int]:
        """Output and gas of a call that leaves no trace. Raises NodeError with the revert bytes."""
        vm = self._chain.get_vm(Answers(self._chain, CLIENT).header(block))
        sender = address_of(call.get("from", "0x" + 40 * "0"))
        with vm.in_costless_state() as state:
            tx = vm.get_transaction_builder().new_unsigned_dynamic_fee_transaction(
                CHAIN_ID, state.get_nonce(sender), 0, 0, number_of(call.get("gas", GAS_LIMIT)),
                address_of(call.get("to")), number_of(call.get("value", 0)),
                bytes.fromhex(call.get("data", "0x")[2:]), (),
            )  # fmt: skip
            computation = state.apply_transaction(SpoofTransaction(tx, from_=sender))
            gas = tx.intrinsic_gas + computation.get_gas_used()
        if computation.is_error:
            data = bytes(computation.output)
            raise NodeError(
                "execution reverted" if data else str(computation.error), where=self.where, code=_REVERTED, data=data
            )
        # A 64th of the gas stays behind at every inner call, so a little more than was used must be offered.
        return bytes(computation.output), gas + gas // 60


def _raised(result: Any) -> Any:
    if isinstance(result, NodeError):
        raise result
    return result
