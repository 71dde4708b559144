"""Signing of transactions: EIP-1559 (type 2), and EIP-155 for chains without a base fee.

A direct encoder, about five times as fast as eth-account, whose generic checks dominate a pipeline of thousands of
signatures; tests/unit compares it with eth-account byte by byte. eth-keys signs with coincurve where it is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_hash.auto import keccak

if TYPE_CHECKING:
    from eth_keys.datatypes import PrivateKey


@dataclass(frozen=True, slots=True)
class Fees:
    """wei per gas: the most to pay, the tip; ``legacy``: there is no base fee and ``max_fee`` is the gas price."""

    max_fee: int
    tip: int
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class Transaction:
    """An unsigned transaction; ``to`` is empty to create a contract."""

    chain_id: int
    nonce: int
    gas: int
    fees: Fees
    to: bytes
    data: bytes
    value: int = 0


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction as it is sent, and its hash."""

    raw: bytes
    hash: bytes


Item = bytes | Sequence["Item"]


def rlp(item: Item) -> bytes:
    """Recursive length prefix encoding of bytes and lists of it (Ethereum Yellow Paper, appendix B)."""
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _prefix(len(item), 0x80) + item
    body = b"".join([rlp(part) for part in item])
    return _prefix(len(body), 0xC0) + body


def _prefix(length: int, offset: int) -> bytes:
    if length < 56:
        return bytes((offset + length,))
    size = integer(length)
    return bytes((offset + 55 + len(size),)) + size


def integer(number: int) -> bytes:
    """Big-endian bytes without leading zeros; zero is empty."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def sign(key: PrivateKey, tx: Transaction) -> Signed:
    """Signs a transaction with a private key."""
    if tx.fees.legacy:
        return _sign_legacy(key, tx)
    fields = _fields(tx)
    signature = key.sign_msg_hash(keccak(b"\x02" + rlp(fields)))
    fields += [integer(signature.v), integer(signature.r), integer(signature.s)]
    raw = b"\x02" + rlp(fields)
    return Signed(raw, keccak(raw))


def signer_of(tx: Transaction, raw: bytes) -> str:
    """The checksummed address that signed a transaction.

    Raises:
        ValueError: the bytes are no signature of exactly this transaction.
    """
    from eth_keys.datatypes import Signature

    fields = _fields(tx)
    head, chained = (b"", [integer(tx.chain_id), b"", b""]) if tx.fees.legacy else (b"\x02", [])
    v, r, s = _items(raw[len(head) :])[-3:]
    if raw != head + rlp([*fields, v, r, s]):
        raise ValueError("it is of another transaction")
    first = 35 + 2 * tx.chain_id if tx.fees.legacy else 0
    vrs = (int.from_bytes(v, "big") - first, int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    try:
        key = Signature(vrs=vrs).recover_public_key_from_msg_hash(keccak(head + rlp([*fields, *chained])))
    except Exception as error:  # eth-keys raises several kinds for what is no point of the curve
        raise ValueError("it is no signature") from error
    return str(key.to_checksum_address())


def _items(encoded: bytes) -> list[bytes]:
    """The contents of an encoded list's items. Raises ValueError for anything else."""
    body, rest = _item(encoded)
    items = []
    while body:
        item, body = _item(body)
        items.append(item)
    if rest or len(items) < 9:
        raise ValueError("this is no signed transaction")
    return items


def _item(encoded: bytes) -> tuple[bytes, bytes]:
    """The content of the first item, and what follows it."""
    if not encoded:
        raise ValueError("this is no signed transaction")
    first = encoded[0]
    if first < 0x80:
        return encoded[:1], encoded[1:]
    size, start = first - (0x80 if first < 0xC0 else 0xC0), 1
    if size > 55:
        start += size - 55
        size = int.from_bytes(encoded[1:start], "big")
    if len(encoded) < start + size:
        raise ValueError("this is no signed transaction")
    return encoded[start : start + size], encoded[start + size :]


def _fields(tx: Transaction) -> list[Item]:
    """What is signed of a transaction, in its order."""
    if tx.fees.legacy:
        numbers = [integer(number) for number in (tx.nonce, tx.fees.max_fee, tx.gas)]
        return [*numbers, tx.to, integer(tx.value), tx.data]
    numbers = [integer(number) for number in (tx.chain_id, tx.nonce, tx.fees.tip, tx.fees.max_fee, tx.gas)]
    return [*numbers, tx.to, integer(tx.value), tx.data, []]


def _sign_legacy(key: PrivateKey, tx: Transaction) -> Signed:
    fields = _fields(tx)
    signature = key.sign_msg_hash(keccak(rlp([*fields, integer(tx.chain_id), b"", b""])))
    v = signature.v + 35 + 2 * tx.chain_id
    raw = rlp([*fields, integer(v), integer(signature.r), integer(signature.s)])
    return Signed(raw, keccak(raw))
