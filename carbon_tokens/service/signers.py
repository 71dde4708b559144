"""Signing by the node itself, for organisations that automate: off unless ``serve --signer FILE`` names who signs.

    [[signer]]                              [[signer]]
    organisation = "Prairie Data"           organisation = "Nordic Assurance"
    roles = ["operator"]                    roles = ["auditor"]
    keystore = "operator.json"              remote = "http://127.0.0.1:9000"
    password_file = "operator.password"     address = "0x…"

A keystore is Web3 Secret Storage, version 3. A remote signer speaks ``eth_signTransaction`` and
``eth_signTypedData_v4`` (Web3Signer, Clef), so that the node never has its key. Keys, passwords and the signer's
address with what may stand in it are in no answer, log or error.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon_tokens.errors import CarbonTokensError, LedgerError
from carbon_tokens.ledger.accounts import NodeAccount, Signer, keystore
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.preparing import Call
from carbon_tokens.ledger.rpc import HttpRpc, NodeError
from carbon_tokens.ledger.transactions import Transaction
from carbon_tokens.service.audits import Conflict
from carbon_tokens.service.keys import ROLES, Principal

_GAS = 8  # an eighth more than was prepared: the chain may have moved on
_NAMES = {"organisation", "roles", "keystore", "password_file", "remote", "address"}


@dataclass(frozen=True, slots=True)
class Seat:
    """Who signs for an organisation in some roles."""

    organisation: str
    roles: tuple[str, ...]
    signer: Signer


class Signers:
    """The signers of a node; none by default."""

    def __init__(self, seats: Sequence[Seat] = ()) -> None:
        self._seats = tuple(seats)

    @classmethod
    def read(cls, path: Path | str) -> Signers:
        """The signers of a file.

        Raises:
            LedgerError: no such file, an entry that names no signer, or a keystore that its password does not open.
        """
        path = Path(path)
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8"))["signer"]
            if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
                raise TypeError("signer is no list of tables")
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = f"this is no file of signers ({type(error).__name__})"
            raise LedgerError(what, where=path.name, todo="Write [[signer]] tables.") from None
        seats = [_seat(entry, path, number) for number, entry in enumerate(entries, 1)]
        held = [(each.organisation, role) for each in seats for role in each.roles]
        twice = next((each for each in held if held.count(each) > 1), None)
        if twice:
            raise LedgerError(f"{twice[0]} as {twice[1]} has two signers", where=path.name, todo="Name one.")
        return cls(seats)

    def of(self, by: Principal) -> Signer:
        """Who signs for a key's organisation and role. Raises Conflict if nobody does here."""
        found = next((each for each in self._seats if each.organisation == by.name and by.role in each.roles), None)
        if found is None:
            what = f"this node signs nothing for {by.name} as {by.role}"
            raise Conflict(what, where="signer", todo="Sign with a wallet, or ask who runs the node.")
        return found.signer


def signed(chain: Chain, signer: Signer, calls: Sequence[Call]) -> list[dict[str, str]]:
    """Calls as signed transactions of consecutive nonces, not sent: ``hash`` and ``raw``, 0x and hex digits."""
    first, fees, found = chain.nonce(signer.address, "pending"), chain.fees(), []
    for order, call in enumerate(calls):
        to = bytes.fromhex(call.to.removeprefix("0x"))
        done = signer.sign_transaction(
            Transaction(chain.id, first + order, call.gas + call.gas // _GAS, fees, to, call.data)
        )
        found.append({"hash": "0x" + done.hash.hex(), "raw": "0x" + done.raw.hex()})
    return found


def send(chain: Chain, transactions: Sequence[Mapping[str, str]]) -> None:
    """Sends signed transactions; what the chain has already is left out, so that sending again changes nothing.

    Raises:
        Conflict: the chain does not take one, and does not have it.
    """
    for each in transactions:
        try:
            chain.rpc.request("eth_sendRawTransaction", [each["raw"]])
        except NodeError as error:
            if chain.rpc.request("eth_getTransactionByHash", [each["hash"]]) is None:
                raise Conflict(f"the chain does not take it: {error.what}", where=each["hash"],
                               todo="Prepare it again, with another Idempotency-Key.") from error  # fmt: skip
        chain.mine()


def _seat(entry: Mapping[str, Any], path: Path, number: int) -> Seat:
    where = f"{path.name}:signer {number}"
    try:
        organisation, roles = entry["organisation"], tuple(entry["roles"])
        if set(entry) - _NAMES or not isinstance(organisation, str) or not roles or not set(roles) <= set(ROLES):
            raise ValueError
        if ("remote" in entry) == ("keystore" in entry):
            raise ValueError
        return Seat(organisation, roles, _signer(entry, path.parent))
    except CarbonTokensError as error:
        raise LedgerError(error.what, where=where, todo=error.todo) from error
    except (KeyError, TypeError, ValueError, AttributeError):
        todo = "Name organisation, roles, and keystore with password_file, or remote with address."
        raise LedgerError("this names no signer", where=where, todo=todo) from None


def _signer(entry: Mapping[str, Any], folder: Path) -> Signer:
    if "remote" in entry:
        return NodeAccount(HttpRpc(entry["remote"]), entry["address"])
    try:
        password = (folder / entry["password_file"]).read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise LedgerError(f"its password cannot be read ({type(error).__name__})") from None
    return keystore(folder / entry["keystore"], lambda: password)


def transactions_of(body: bytes) -> list[dict[str, str]]:
    """The signed transactions of an answer."""
    found: list[dict[str, str]] = json.loads(body)["sent"]
    return found
