"""Headers, transactions and receipts as RLP again, from the fields in which nodes give them by JSON-RPC.

What is rebuilt must have the hash that the node states, else it is refused by name: a chain may have other fields.
Sources: Yellow Paper 4.3; EIP-155, 1559, 2718, 2930, 4788, 4844, 4895, 7685, 7702; OP Stack, deposits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eth_hash.auto import keccak

from carbon_tokens.errors import BundleError
from carbon_tokens.ledger.transactions import Item, integer, rlp

Fields = Mapping[str, Any]  # an answer of a node

_DEPOSIT = 0x7E  # of the OP Stack
# Octets as they are, or numbers without leading zeros; behind the first fifteen, each hard fork added some at the end.
_HEADER = (
    ("parentHash", "octets"), ("sha3Uncles", "octets"), ("miner", "octets"), ("stateRoot", "octets"),
    ("transactionsRoot", "octets"), ("receiptsRoot", "octets"), ("logsBloom", "octets"), ("difficulty", "number"),
    ("number", "number"), ("gasLimit", "number"), ("gasUsed", "number"), ("timestamp", "number"),
    ("extraData", "octets"), ("mixHash", "octets"), ("nonce", "octets"),
)  # fmt: skip
_LATER = (
    ("baseFeePerGas", "number"), ("withdrawalsRoot", "octets"), ("blobGasUsed", "number"), ("excessBlobGas", "number"),
    ("parentBeaconBlockRoot", "octets"), ("requestsHash", "octets"),
)  # fmt: skip


def header(block: Fields) -> bytes:
    """RLP of a block's header.

    Raises:
        BundleError: a field is missing, or its hash is not the block's.
    """
    where = f"block {_shown(block.get('number'))}"
    present = [(name, form) for name, form in _LATER if block.get(name) is not None]
    try:
        encoded = rlp([_FORMS[form](block[name]) for name, form in (*_HEADER, *present)])
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"the node gives no header that can be read ({error!r})", where=where) from error
    if (found := "0x" + keccak(encoded).hex()) != block.get("hash"):
        what = f"the header that the node gives has the hash {found}, the block {block.get('hash')}"
        raise BundleError(what, where=where, todo="This chain's headers have other fields: bundles cannot hold them.")
    return encoded


def transaction(fields: Fields) -> bytes:
    """A signed transaction as it stands in its block.

    Raises:
        BundleError: a type that is not known, or its hash is not the one that the node states.
    """
    where = f"transaction {fields.get('hash')}"
    kind = number(fields.get("type") or "0x0")
    try:
        encoded = _TRANSACTIONS[kind](fields)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"type {kind} cannot be encoded from what the node gives ({error!r})", where=where) from error
    if (found := "0x" + keccak(encoded).hex()) != fields.get("hash"):
        raise BundleError(f"what the node gives of type {kind} has the hash {found}", where=where)
    return encoded


def receipt(fields: Fields) -> bytes:
    """A receipt as it stands in its block. Raises BundleError for one without status, bloom or logs."""
    kind = number(fields.get("type") or "0x0")
    try:
        status = octets(fields["root"]) if fields.get("status") is None else _number(fields["status"])
        items: list[Item] = [status, _number(fields["cumulativeGasUsed"]), octets(fields["logsBloom"])]
        items.append([[octets(log["address"]), [octets(each) for each in log["topics"]], octets(log["data"])]
                      for log in fields["logs"]])  # fmt: skip
        if kind == _DEPOSIT:
            later = ("depositNonce", "depositReceiptVersion")
            items += [_number(fields[name]) for name in later if fields.get(name) is not None]
    except (KeyError, TypeError, ValueError) as error:
        where = f"receipt of transaction {fields.get('transactionHash')}"
        raise BundleError(f"the node gives none that can be read ({error!r})", where=where) from error
    return (bytes((kind,)) if kind else b"") + rlp(items)


def octets(text: Any) -> bytes:
    """The bytes of ``0x…``; of None none, e.g. the receiver of a transaction that creates a contract."""
    return bytes.fromhex(text.removeprefix("0x")) if text else b""


def number(value: Any) -> int:
    """A JSON-RPC quantity."""
    return value if isinstance(value, int) else int(value, 16)


def _number(value: Any) -> bytes:
    return integer(number(value))


_FORMS: Mapping[str, Callable[[Any], bytes]] = {"octets": octets, "number": _number}


def _shown(value: Any) -> object:
    return number(value) if isinstance(value, str) and value.startswith("0x") else value


def _signature(fields: Fields, parity: bool = True) -> list[Item]:
    v = fields.get("yParity") if parity and fields.get("yParity") is not None else fields["v"]
    return [_number(v), _number(fields["r"]), _number(fields["s"])]


def _legacy(fields: Fields) -> bytes:
    paid = [_number(fields[name]) for name in ("nonce", "gasPrice", "gas")]
    return rlp([*paid, *_sent(fields), *_signature(fields, parity=False)])


def _sent(fields: Fields) -> list[Item]:
    return [octets(fields["to"]), _number(fields["value"]), octets(fields["input"])]


def _access(fields: Fields) -> Item:
    return [[octets(each["address"]), [octets(key) for key in each["storageKeys"]]]
            for each in fields.get("accessList") or ()]  # fmt: skip


def _typed(kind: int, prices: Sequence[str], more: Callable[[Fields], list[Item]]) -> Callable[[Fields], bytes]:
    """A typed transaction: chain, nonce, prices, gas, what is sent, accesses, then what its type adds, signature."""

    def encoded(fields: Fields) -> bytes:
        head = [_number(fields[name]) for name in ("chainId", "nonce", *prices, "gas")]
        items = [*head, *_sent(fields), _access(fields), *more(fields), *_signature(fields)]
        return bytes((kind,)) + rlp(items)

    return encoded


def _blobs(fields: Fields) -> list[Item]:
    return [_number(fields["maxFeePerBlobGas"]), [octets(each) for each in fields["blobVersionedHashes"]]]


def _authorizations(fields: Fields) -> list[Item]:
    return [
        [
            [_number(each["chainId"]), octets(each["address"]), _number(each["nonce"]), *_signature(each)]
            for each in fields["authorizationList"]
        ]
    ]


def _deposit(fields: Fields) -> bytes:
    head: list[Item] = [octets(fields[name]) for name in ("sourceHash", "from", "to")]
    numbers = [_number(fields.get("mint") or 0), *(_number(fields[name]) for name in ("value", "gas"))]
    system = _number(1 if fields.get("isSystemTx") else 0)
    return bytes((_DEPOSIT,)) + rlp([*head, *numbers, system, octets(fields["input"])])


_TIP_AND_MOST = ("maxPriorityFeePerGas", "maxFeePerGas")
_TRANSACTIONS: Mapping[int, Callable[[Fields], bytes]] = {
    0: _legacy,
    1: _typed(1, ("gasPrice",), lambda _: []),
    2: _typed(2, _TIP_AND_MOST, lambda _: []),
    3: _typed(3, _TIP_AND_MOST, _blobs),
    4: _typed(4, _TIP_AND_MOST, _authorizations),
    _DEPOSIT: _deposit,
}
