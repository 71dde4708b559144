"""Answers of the embedded chain to reading JSON-RPC requests, in the form in which nodes give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from eth.exceptions import HeaderNotFound, TransactionNotFound
from eth_bloom.bloom import BloomFilter
from eth_hash.auto import keccak
from rlp import encode
from trie.hexary import HexaryTrie

from carbon_tokens.ledger.rpc import NodeError
from carbon_tokens.ledger.transactions import integer, rlp

_NOT_FOUND = -32601
_TIP = 10**9  # wei per gas
_receipts_of: dict[bytes, list[dict[str, Any]]] = {}  # formatted receipts of the blocks asked for last, by block hash
_KEPT_BLOCKS = 16


def address_of(text: object) -> bytes:
    """20 bytes of a hex address; empty for None, which creates a contract."""
    return bytes.fromhex(str(text).removeprefix("0x")) if text else b""


def number_of(value: object) -> int:
    """A JSON-RPC quantity: hex text or an int."""
    return value if isinstance(value, int) else int(str(value), 16)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


class Answers:
    """What a py-evm ``MiningChain`` holds, by method name. Raises NodeError for a method that it does not know."""

    def __init__(self, chain: Any, client: str) -> None:
        self._chain = chain
        self._methods: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: client,
            "net_version": lambda: str(chain.chain_id),
            "eth_chainId": lambda: hex(chain.chain_id),
            "eth_accounts": list,
            "eth_maxPriorityFeePerGas": lambda: hex(_TIP),
            "eth_gasPrice": lambda: hex(_TIP + chain.header.base_fee_per_gas),
            "eth_blockNumber": lambda: hex(chain.get_canonical_head().block_number),
            "eth_getBlockByNumber": self._block,
            "eth_getTransactionCount": lambda who, tag="latest": hex(self._state(tag).get_nonce(address_of(who))),
            "eth_getBalance": lambda who, tag="latest": hex(self._state(tag).get_balance(address_of(who))),
            "eth_getCode": lambda who, tag="latest": _hex(self._state(tag).get_code(address_of(who))),
            "eth_getProof": self._proof,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getBlockReceipts": lambda tag: self._receipts(self.header(tag)),
            "eth_getTransactionByHash": self._transaction,
            "eth_getLogs": lambda wanted: list(self._logs(wanted)),
        }

    def answer(self, method: str, params: Sequence[object]) -> Any:
        if method not in self._methods:
            raise NodeError(f"the method {method} does not exist/is not available", code=_NOT_FOUND)
        return self._methods[method](*params)

    def header(self, tag: object) -> Any:
        """The header of a block by number or tag; mined blocks are final here. Raises NodeError if there is none."""
        if tag in ("latest", "pending", "safe", "finalized"):
            return self._chain.get_canonical_head()
        try:
            return self._chain.get_canonical_block_header_by_number(0 if tag == "earliest" else number_of(tag))
        except HeaderNotFound:
            raise NodeError(f"unknown block {tag}", code=-32000) from None

    def _state(self, tag: object) -> Any:
        return self._chain.get_vm(self.header(tag)).state

    def _block(self, tag: object, full: bool = False) -> dict[str, Any] | None:
        try:
            header = self.header(tag)
        except NodeError:
            return None
        hashes = self._chain.chaindb.get_block_transaction_hashes(header)
        return {
            "number": hex(header.block_number),
            "hash": _hex(header.hash),
            "parentHash": _hex(header.parent_hash),
            "sha3Uncles": _hex(header.uncles_hash),
            "miner": _hex(header.coinbase),
            "stateRoot": _hex(header.state_root),
            "transactionsRoot": _hex(header.transaction_root),
            "receiptsRoot": _hex(header.receipt_root),
            "withdrawalsRoot": _hex(header.withdrawals_root),
            "logsBloom": _bloom(header.bloom),
            "difficulty": hex(header.difficulty),
            "extraData": _hex(header.extra_data),
            "mixHash": _hex(header.mix_hash),
            "nonce": _hex(header.nonce),
            "timestamp": hex(header.timestamp),
            "gasLimit": hex(header.gas_limit),
            "gasUsed": hex(header.gas_used),
            "baseFeePerGas": hex(header.base_fee_per_gas),
            "transactions": [self._transaction(_hex(tx)) if full else _hex(tx) for tx in hashes],
        }

    def _place(self, tx_hash: str) -> tuple[int, int] | None:
        try:
            block, index = self._chain.chaindb.get_transaction_index(bytes.fromhex(tx_hash[2:]))
        except TransactionNotFound:
            return None
        return block, index

    def _transaction(self, tx_hash: str) -> dict[str, Any] | None:
        place = self._place(tx_hash)
        if place is None:
            return None
        block = self._chain.get_canonical_block_by_number(place[0])
        tx = block.transactions[place[1]]
        return {
            "hash": tx_hash,
            "blockHash": _hex(block.hash),
            "blockNumber": hex(place[0]),
            "transactionIndex": hex(place[1]),
            "from": _hex(tx.sender),
            "to": _hex(tx.to) if tx.to else None,
            "nonce": hex(tx.nonce),
            "gas": hex(tx.gas),
            "value": hex(tx.value),
            "input": _hex(tx.data),
            "chainId": hex(self._chain.chain_id),
            **_priced(tx),
        }

    def _proof(self, who: object, keys: Sequence[object], tag: object = "latest") -> dict[str, Any]:
        """The nodes from a block's state root to an account; of storage none."""
        if keys:
            raise NodeError("proofs of storage are not given", code=-32602)
        tree = HexaryTrie(self._chain.chaindb.db, self.header(tag).state_root)
        proof = tree.get_proof(keccak(address_of(who)))  # type: ignore[no-untyped-call]
        return {"address": who, "accountProof": [_hex(encode(node)) for node in proof], "storageProof": []}

    def _receipt(self, tx_hash: str) -> dict[str, Any] | None:
        place = self._place(tx_hash)
        return self._receipts(self.header(place[0]))[place[1]] if place else None

    def _receipts(self, header: Any) -> list[dict[str, Any]]:
        if header.hash not in _receipts_of:
            while len(_receipts_of) >= _KEPT_BLOCKS:
                _receipts_of.pop(next(iter(_receipts_of)))
            block = self._chain.get_block_by_header(header)
            _receipts_of[header.hash] = list(_formatted(block, block.get_receipts(self._chain.chaindb)))
        return _receipts_of[header.hash]

    def _logs(self, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
        first = self.header(wanted.get("fromBlock", "latest")).block_number
        last = min(self.header("latest").block_number, self._last(wanted.get("toBlock", "latest")))
        who = wanted.get("address") or []
        addresses = {address.lower() for address in ([who] if isinstance(who, str) else who)}
        topics = [[topic] if isinstance(topic, str) else topic for topic in wanted.get("topics", [])]
        for number in range(first, last + 1):
            header = self.header(number)
            # The bloom filter of the header spares decoding blocks that hold nothing of the contract.
            if addresses and not any(address_of(address) in BloomFilter(header.bloom) for address in addresses):
                continue
            logs = (log for receipt in self._receipts(header) for log in receipt["logs"])
            yield from (log for log in logs if _matches(log, addresses, topics))

    def _last(self, tag: object) -> int:
        return number_of(tag) if isinstance(tag, int) or str(tag).startswith("0x") else self.header(tag).block_number


def _matches(log: dict[str, Any], addresses: set[str], topics: Sequence[Sequence[str] | None]) -> bool:
    if addresses and log["address"] not in addresses:
        return False
    if len(topics) > len(log["topics"]):
        return False
    return all(options is None or have in options for options, have in zip(topics, log["topics"], strict=False))


def _priced(tx: Any) -> dict[str, Any]:
    """Type, prices, accesses and signature of a transaction."""
    signed = {"r": hex(tx.r), "s": hex(tx.s)}
    kind = getattr(tx, "type_id", None)
    if kind is None:
        return {"type": "0x0", "gasPrice": hex(tx.gas_price), "v": hex(tx.v), **signed}
    prices = {"gasPrice": tx.gas_price} if kind == 1 else {
        "maxFeePerGas": tx.max_fee_per_gas, "maxPriorityFeePerGas": tx.max_priority_fee_per_gas}  # fmt: skip
    accesses = [
        {"address": _hex(who), "storageKeys": [f"0x{key:064x}" for key in keys]} for who, keys in tx.access_list
    ]
    parity = {"yParity": hex(tx.y_parity), "v": hex(tx.y_parity)}
    return {"type": hex(kind), "accessList": accesses, **{name: hex(price) for name, price in prices.items()}, **parity,
            **signed}  # fmt: skip


def _formatted(block: Any, receipts: Sequence[Any]) -> Iterator[dict[str, Any]]:
    before = logs = 0
    for index, (tx, receipt) in enumerate(zip(block.transactions, receipts, strict=True)):
        place = {
            "blockHash": _hex(block.hash),
            "blockNumber": hex(block.number),
            "transactionHash": _hex(tx.hash),
            "transactionIndex": hex(index),
        }
        yield {
            **place,
            "from": _hex(tx.sender),
            "to": _hex(tx.to) if tx.to else None,
            "contractAddress": None if tx.to else _created(tx),
            "type": hex(getattr(tx, "type_id", None) or 0),
            "logsBloom": _bloom(receipt.bloom),
            "status": "0x1" if receipt.state_root == b"\x01" else "0x0",
            "gasUsed": hex(receipt.gas_used - before),
            "cumulativeGasUsed": hex(receipt.gas_used),
            "logs": [_log(log, place, logs + offset) for offset, log in enumerate(receipt.logs)],
        }
        before, logs = receipt.gas_used, logs + len(receipt.logs)


def _log(log: Any, place: dict[str, str], index: int) -> dict[str, Any]:
    topics = ["0x" + topic.to_bytes(32, "big").hex() for topic in log.topics]
    return {**place, "address": _hex(log.address), "topics": topics, "data": _hex(log.data), "logIndex": hex(index)}


def _bloom(bits: int) -> str:
    return f"0x{bits:0512x}"


def _created(tx: Any) -> str:
    return _hex(keccak(rlp([tx.sender, integer(tx.nonce)]))[12:])
