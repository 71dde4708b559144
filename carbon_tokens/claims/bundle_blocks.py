"""What a bundle's headers, transactions and receipts say, once their trees are followed (Yellow Paper, section 4.3).

Only those fields are read that a proof rests on; their positions are the same under all rules since Byzantium.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_hash.auto import keccak

from carbon_tokens.claims.trie import decoded
from carbon_tokens.errors import NotInTree

_HEADER_FIELDS = 15
_RECEIPT_FIELDS = 4
_TRANSACTION_FIELDS = 9  # of a legacy one; others have more
_LEGACY = 0xC0  # first byte of an RLP list: a transaction or receipt without a type
_TYPES = range(1, 5)  # typed transactions whose first field is the chain id (EIP-2930, 1559, 4844, 7702)
_BEFORE_155 = (27, 28)  # v of a signature that names no chain


@dataclass(frozen=True, slots=True)
class Header:
    """A block's header: its own hash, and the fields that lead on."""

    hash: str
    parent: str
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    number: int
    timestamp: int

    @classmethod
    def of(cls, encoded: bytes) -> Header:
        """The header in its RLP. Raises NotInTree for what is none."""
        fields = decoded(encoded)
        if (
            not isinstance(fields, list)
            or len(fields) < _HEADER_FIELDS
            or not all(isinstance(f, bytes) for f in fields)
        ):
            raise NotInTree(f"this is no block header, a list of at least {_HEADER_FIELDS} fields", where="headers")
        parent, state, transactions, receipts = (fields[at] for at in (0, 3, 4, 5))
        if {len(each) for each in (parent, state, transactions, receipts)} != {32}:
            raise NotInTree("this is no block header: a hash in it is not 32 bytes", where="headers")
        number, timestamp = (_number(fields[at]) for at in (8, 11))
        return cls(_hex(keccak(encoded)), _hex(parent), state, transactions, receipts, number, timestamp)


def chain_id(transaction: bytes) -> int | None:
    """The chain that a signed transaction names; None if its form names none. Raises NotInTree for what is none."""
    legacy = transaction[0] >= _LEGACY
    if not legacy and transaction[0] not in _TYPES:
        return None
    fields = decoded(transaction if legacy else transaction[1:])
    if not isinstance(fields, list) or len(fields) < _TRANSACTION_FIELDS:
        raise NotInTree("this is no transaction", where="transactions")
    if not legacy:
        return _number(fields[0])
    v = _number(fields[6])
    return None if v in _BEFORE_155 else (v - 35) // 2


def logs(receipt: bytes) -> list[Mapping[str, Any]]:
    """The logs of a receipt in the form in which nodes give them, without their place.

    Raises:
        NotInTree: it is no receipt.
    """
    fields = decoded(receipt if receipt[0] >= _LEGACY else receipt[1:])
    if not isinstance(fields, list) or len(fields) < _RECEIPT_FIELDS or not isinstance(fields[3], list):
        raise NotInTree("this is no receipt", where="receipts")
    return [_log(each) for each in fields[3]]


def _log(log: Any) -> dict[str, Any]:
    if not (isinstance(log, list) and len(log) == 3 and isinstance(log[1], list)):
        raise NotInTree("a receipt holds what is no log", where="receipts")
    address, topics, data = log
    if not all(isinstance(each, bytes) for each in (address, data, *topics)):
        raise NotInTree("a receipt holds what is no log", where="receipts")
    return {"address": _hex(address), "topics": [_hex(each) for each in topics], "data": _hex(data)}


def _number(field: Any) -> int:
    if not isinstance(field, bytes) or len(field) > 32:
        raise NotInTree("a number is expected", where="field")
    return int.from_bytes(field, "big")


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
