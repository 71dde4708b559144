"""Signing by the node itself, for organisations that automate: off unless ``serve --signer FILE`` names who signs.

    [[signer]]                              [[signer]]
    organisation = "Prairie Data"           organisation = "Nordic Assurance"
    roles = ["operator"]                    roles = ["auditor"]
    keystore = "operator.json"              remote = "http://127.0.0.1:9000"
    password_file = "operator.password"     address = "0x…"

A keystore is Web3 Secret Storage, version 3. A remote signer speaks ``eth_signTransaction`` and
``eth_signTypedData_v4`` (Web3Signer, Clef), so that the node never has its key. Keys, passwords and the signer's
address with what may stand in it are in no answer, log or error; of its own words a class of reason is in the answer,
and the words are in the log, without what looks like a secret. It is asked while neither a chain nor the database is
held, by one request at a time for each account, so that hanging it stops nobody else and no nonce is given twice.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon_tokens.errors import CarbonTokensError, LedgerError, NoAnswer, SignerFailed
from carbon_tokens.ledger.accounts import NodeAccount, Signer, keystore
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.preparing import Call
from carbon_tokens.ledger.rpc import HttpRpc, NodeError
from carbon_tokens.ledger.transactions import Signed, Transaction
from carbon_tokens.ledger.typed_data import TypedData
from carbon_tokens.service.keys import ROLES, Principal
from carbon_tokens.service.logs import foreign
from carbon_tokens.service.refusals import Conflict

_GAS = 8  # an eighth more than was prepared: the chain may have moved on
TIMEOUT_S = 5.0  # that a remote signer may take for one answer
_WHOLE = 4  # times of it that all signatures of one request may take, and that a request waits for its turn
_NAMES = {"organisation", "roles", "keystore", "password_file", "remote", "address"}


log = logging.getLogger("carbon_tokens.node")


@dataclass(frozen=True, slots=True)
class Seat:
    """Who signs for an organisation in some roles."""

    organisation: str
    roles: tuple[str, ...]
    signer: Signer


class Held:
    """A seat's signer: its failures leave it as SignerFailed, without its words, which go into the log."""

    __slots__ = ("_seat", "_turn", "_whole_s")

    def __init__(self, seat: Seat, turn: threading.Lock, timeout_s: float) -> None:
        self._seat, self._turn, self._whole_s = seat, turn, _WHOLE * timeout_s

    @property
    def address(self) -> str:
        return self._seat.signer.address

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Until its end nobody else of this process signs by this account: from its nonce to the sending.

        Raises:
            SignerFailed: others kept it busy for too long.
        """
        if not self._turn.acquire(timeout=self._whole_s):
            raise SignerFailed("the signer is busy", where="signer", todo="Ask again later.")
        try:
            yield
        finally:
            self._turn.release()

    def sign_typed(self, data: TypedData) -> bytes:
        """As ``Signer.sign_typed``. Raises SignerFailed."""
        with self._asked():
            return self._seat.signer.sign_typed(data)

    def sign_all(self, transactions: Sequence[Transaction]) -> list[Signed]:
        """Signed transactions. Raises SignerFailed, also when all of them together take too long."""
        end, found = time.monotonic() + self._whole_s, list[Signed]()
        for each in transactions:
            with self._asked():
                found.append(self._seat.signer.sign_transaction(each))
            if time.monotonic() > end and len(found) < len(transactions):
                raise SignerFailed(f"the signer signed {len(found)} of {len(transactions)} in the time that it has",
                                   where="signer", todo="Ask for fewer at once.")  # fmt: skip
        return found

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except LedgerError as error:
            log.warning("the signer of %s failed: %s", self._seat.organisation, foreign(error.what))
            todo = "Ask again later with the same Idempotency-Key, or ask who runs the node."
            raise SignerFailed(_reason(error), where="signer", todo=todo) from None


def _reason(error: LedgerError) -> str:
    if isinstance(error, NoAnswer):
        return "the signer does not answer"
    if isinstance(error.__cause__, NodeError):
        return "the signer refuses to sign"
    return "the signer gave no signature of what was asked"


class Signers:
    """The signers of a node; none by default. ``timeout_s``: that a remote one may take for one answer."""

    def __init__(self, seats: Sequence[Seat] = (), timeout_s: float = TIMEOUT_S) -> None:
        turns = {each.signer.address: threading.Lock() for each in seats}
        self._held = {(each.organisation, role): Held(each, turns[each.signer.address], timeout_s)
                      for each in seats for role in each.roles}  # fmt: skip

    @classmethod
    def read(cls, path: Path | str, timeout_s: float = TIMEOUT_S) -> Signers:
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
        seats = [_seat(entry, path, number, timeout_s) for number, entry in enumerate(entries, 1)]
        held = [(each.organisation, role) for each in seats for role in each.roles]
        twice = next((each for each in held if held.count(each) > 1), None)
        if twice:
            raise LedgerError(f"{twice[0]} as {twice[1]} has two signers", where=path.name, todo="Name one.")
        return cls(seats, timeout_s)

    def of(self, by: Principal) -> Held:
        """Who signs for a key's organisation and role. Raises Conflict if nobody does here."""
        found = self._held.get((by.name, by.role))
        if found is None:
            what = f"this node signs nothing for {by.name} as {by.role}"
            raise Conflict(what, where="signer", todo="Sign with a wallet, or ask who runs the node.")
        return found


def signed(
    asking: Callable[[], AbstractContextManager[Chain]], signer: Held, calls: Sequence[Call]
) -> list[dict[str, str]]:
    """Calls as signed transactions of consecutive nonces, not sent: ``hash`` and ``raw``, 0x and hex digits.

    Args:
        asking: gives the chain while it may be asked; it is left before the signer is asked.
        signer: in its turn.

    Raises:
        SignerFailed: as ``Held.sign_all``.
    """
    with asking() as chain:
        number, first, fees = chain.id, chain.nonce(signer.address, "pending"), chain.fees()
    transactions = [
        Transaction(number, first + order, call.gas + call.gas // _GAS, fees,
                    bytes.fromhex(call.to.removeprefix("0x")), call.data)
        for order, call in enumerate(calls)
    ]  # fmt: skip
    return [{"hash": "0x" + done.hash.hex(), "raw": "0x" + done.raw.hex()} for done in signer.sign_all(transactions)]


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


def _seat(entry: Mapping[str, Any], path: Path, number: int, timeout_s: float) -> Seat:
    where = f"{path.name}:signer {number}"
    try:
        organisation, roles = entry["organisation"], tuple(entry["roles"])
        if set(entry) - _NAMES or not isinstance(organisation, str) or not roles or not set(roles) <= set(ROLES):
            raise ValueError
        if ("remote" in entry) == ("keystore" in entry):
            raise ValueError
        return Seat(organisation, roles, _signer(entry, path.parent, timeout_s))
    except CarbonTokensError as error:
        raise LedgerError(error.what, where=where, todo=error.todo) from error
    except (KeyError, TypeError, ValueError, AttributeError):
        todo = "Name organisation, roles, and keystore with password_file, or remote with address."
        raise LedgerError("this names no signer", where=where, todo=todo) from None


def _signer(entry: Mapping[str, Any], folder: Path, timeout_s: float) -> Signer:
    if "remote" in entry:
        return NodeAccount(HttpRpc(entry["remote"], timeout_s), entry["address"])
    try:
        password = (folder / entry["password_file"]).read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise LedgerError(f"its password cannot be read ({type(error).__name__})") from None
    return keystore(folder / entry["keystore"], lambda: password)


def transactions_of(body: bytes) -> list[dict[str, str]]:
    """The signed transactions of an answer."""
    found: list[dict[str, str]] = json.loads(body)["sent"]
    return found
