"""Who signs: a key from a keystore, an environment variable or a file, an unlocked account of the node, or a named
development account on a local chain. Keys stay inside the account: not in its text, its errors or the journal.
"""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from eth_utils.address import is_address, to_checksum_address

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.mnemonic import dev_key
from carbon_tokens.ledger.rpc import NodeError, Rpc
from carbon_tokens.ledger.transactions import Signed, Transaction, sign, signer_of
from carbon_tokens.ledger.typed_data import TypedData
from carbon_tokens.nesting import loads

if TYPE_CHECKING:
    from eth_keys.datatypes import PrivateKey

    from carbon_tokens.ledger.chain import Chain

PASSWORD_VARIABLE = "CARBON_TOKENS_PASSWORD"
_SIGNATURE = re.compile("0x[0-9a-fA-F]{130}")


class Signer(Protocol):
    """An account that signs transactions and typed data; ``address`` is checksummed."""

    @property
    def address(self) -> str: ...

    def sign_transaction(self, tx: Transaction) -> Signed: ...

    def sign_typed(self, data: TypedData) -> bytes: ...


class KeyAccount:
    """An account whose private key is in this process."""

    __slots__ = ("__key", "address")

    def __init__(self, key: PrivateKey) -> None:
        self.__key = key
        self.address = key.public_key.to_checksum_address()

    def __repr__(self) -> str:
        return f"KeyAccount({self.address})"

    def __reduce__(self) -> str:
        raise TypeError("an account with its key is never written out")

    def sign_transaction(self, tx: Transaction) -> Signed:
        return sign(self.__key, tx)

    def sign_typed(self, data: TypedData) -> bytes:
        """The 65-byte signature r, s, v with v of 27 or 28."""
        raw = self.__key.sign_msg_hash(data.digest()).to_bytes()
        return raw[:64] + bytes((raw[64] + 27,))


class NodeAccount:
    """An unlocked account of the node, which signs (``eth_signTransaction``) but does not send: this is journaled."""

    def __init__(self, rpc: Rpc, address: str) -> None:
        if not is_address(address):
            raise LedgerError(
                f"{address!r} is no address", where="account", todo="Write node: and 0x with 40 hex digits."
            )
        self._rpc, self.address = rpc, to_checksum_address(address)

    def __repr__(self) -> str:
        return f"NodeAccount({self.address})"

    def sign_transaction(self, tx: Transaction) -> Signed:
        """Raises LedgerError when the node does not sign for the address, or signs something else."""
        from eth_hash.auto import keccak

        reply = self._ask("eth_signTransaction", [_fields(tx, self.address)])
        try:
            raw = bytes.fromhex((reply["raw"] if isinstance(reply, dict) else reply)[2:])
            by = signer_of(tx, raw)
        except (ValueError, TypeError, KeyError) as error:
            raise self._wrong("eth_signTransaction") from error
        if by != self.address:
            raise self._wrong("eth_signTransaction")
        return Signed(raw, keccak(raw))

    def _wrong(self, method: str) -> LedgerError:
        what = f"the answer is no signature of {self.address} of what was asked"
        return LedgerError(what, where=method, todo="Check the signer: nothing of it is used.")

    def sign_typed(self, data: TypedData) -> bytes:
        """As ``KeyAccount.sign_typed``. Raises LedgerError when the node does not sign for the address."""
        reply = self._ask("eth_signTypedData_v4", [self.address, data.message()])
        if not isinstance(reply, str) or not _SIGNATURE.fullmatch(reply):
            raise self._wrong("eth_signTypedData_v4")
        return bytes.fromhex(reply[2:])

    def _ask(self, method: str, params: list[object]) -> Any:
        try:
            return self._rpc.request(method, params)
        except NodeError as refusal:
            raise LedgerError(
                f"the node does not sign for {self.address}: {refusal.what}",
                where=method,
                todo="Unlock it or use a keystore.",
            ) from refusal


def _fields(tx: Transaction, sender: str) -> dict[str, str]:
    fees = {"gasPrice": hex(tx.fees.max_fee)}
    if not tx.fees.legacy:
        fees = {"maxFeePerGas": hex(tx.fees.max_fee), "maxPriorityFeePerGas": hex(tx.fees.tip), "type": "0x2"}
    to = {"to": to_checksum_address(tx.to)} if tx.to else {}
    numbers = {"nonce": tx.nonce, "gas": tx.gas, "value": tx.value, "chainId": tx.chain_id}
    return {"from": sender, "data": "0x" + tx.data.hex(), **to, **fees, **{name: hex(n) for name, n in numbers.items()}}


def account(spec: str, chain: Chain | None = None, password: Callable[[], str] | None = None) -> Signer:
    """An account by what names it.

    Args:
        spec: ``dev:NAME`` (local chains only), ``keystore:FILE``, ``env:VARIABLE`` or ``file:FILE`` with a private key
            in hex, or ``node:ADDRESS``.
        chain: needed for ``dev:`` and ``node:``.
        password: gives the keystore's password; else the variable CARBON_TOKENS_PASSWORD, else a prompt.

    Raises:
        LedgerError: no such account, a wrong password, no valid key, or a development account on a public chain.
    """
    kind, _, name = spec.partition(":")
    if kind == "dev" and chain:
        return dev_account(name, chain)
    if kind == "node" and chain:
        return NodeAccount(chain.rpc, name)
    if kind == "keystore":
        return keystore(Path(name), password)
    if kind == "env":
        return key_account(os.environ.get(name, ""), where=f"environment variable {name}")
    if kind == "file":
        return key_account(_read(Path(name)), where=name)
    forms = "dev:NAME, keystore:FILE, env:VARIABLE, file:FILE or node:ADDRESS"
    raise LedgerError("the account is not named in a known form", where="account", todo=f"Write {forms}.")


def dev_account(name: str, chain: Chain) -> KeyAccount:
    """A development account, whose key everybody knows. Raises LedgerError on a chain that is not local."""
    if not chain.is_local:
        raise LedgerError(
            f"development accounts are public and chain {chain.id} is not local",
            where=f"dev:{name}",
            todo="Use a keystore.",
        )
    return KeyAccount(dev_key(name))


def key_account(text: str, *, where: str) -> KeyAccount:
    """An account from a private key in hex. Raises LedgerError, which does not repeat the text, if it is none."""
    from eth_keys.datatypes import PrivateKey

    try:
        return KeyAccount(PrivateKey(bytes.fromhex(text.strip().removeprefix("0x"))))
    except Exception:  # eth-keys has its own tree; the cause is dropped because it may quote the key
        raise LedgerError("not a private key", where=where, todo="It must hold 64 hex digits.") from None


def keystore(path: Path, password: Callable[[], str] | None = None) -> KeyAccount:
    """An account from a keystore file (Web3 Secret Storage, version 3). Raises LedgerError as ``account``."""
    from eth_keyfile.keyfile import decode_keyfile_json
    from eth_keys.datatypes import PrivateKey

    text = _read(path)
    secret = (password or (lambda: _password(path)))()
    try:
        key = decode_keyfile_json(loads(text), secret.encode())
    except ValueError as failure:
        wrong = "MAC" in str(failure)
        what = "wrong password" if wrong else "not a version 3 keystore"
        raise LedgerError(what, where=str(path), todo=f"Give it in {PASSWORD_VARIABLE}." if wrong else "") from None
    except (KeyError, TypeError, NotImplementedError):
        raise LedgerError("not a version 3 keystore", where=str(path)) from None
    return KeyAccount(PrivateKey(key))


def _password(path: Path) -> str:
    given = os.environ.get(PASSWORD_VARIABLE)
    return given if given is not None else getpass.getpass(f"Password of {path.name}: ")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as failure:
        raise LedgerError(f"cannot be read: {type(failure).__name__}", where=str(path)) from None
