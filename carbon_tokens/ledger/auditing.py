"""Panels: who audits a facility together; their signatures put together, and taken back.

``Ledger.sign`` and ``Ledger.submit`` serve a panel as they serve one auditor. A match is signed here: its message is
read by HourlyMatching, in the domain of Auditors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import signing
from carbon_tokens.ledger.hours import HourlyVector
from carbon_tokens.ledger.records import Message, Receipt, Signature, SignedMessage
from carbon_tokens.ledger.typed_data import TypedData
from carbon_tokens.ledger.verbs import Verbs

MATCH = "match"
_MATCH_LAYOUT = (
    ("matching", "address"), ("facility", "uint256"), ("month", "uint32"), ("version", "uint16"),
    ("consumption", "bytes32"), ("deadline", "uint256"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Panel:
    """k of n: ``quorum`` of the members together audit a facility; quorum 0: any one auditor of its market."""

    quorum: int
    members: tuple[str, ...]


def matching_message(contract: str, facility: int, version: int, consumption: HourlyVector) -> Message:
    """The consumption by hour of an account at a version, which auditors confirm for a match in a contract."""
    return Message(MATCH, (contract, facility, consumption.month.number, version, keccak(consumption.packed())))


def typed_data(message: Message, deadline: int, *, chain_id: int, contract: str) -> TypedData:
    """What is signed of any message, a match among them; see ``signing.typed_data``."""
    if message.action != MATCH:
        return signing.typed_data(message, deadline, chain_id=chain_id, contract=contract)
    names = [name for name, _ in _MATCH_LAYOUT]
    values = dict(zip(names, [*message.args, deadline], strict=True))
    return TypedData(chain_id, contract, "Match", {"Match": _MATCH_LAYOUT}, values)


def from_json(value: Mapping[str, Any]) -> SignedMessage:
    """A signed message, a match among them, from parsed JSON; see ``signing.from_json``. Raises LedgerError."""
    if value.get("action") != MATCH:
        return signing.from_json(value)
    try:
        contract, facility, month, version, consumption = value["args"]
        message = Message(
            MATCH,
            (to_checksum_address(contract), int(facility), int(month), int(version), bytes.fromhex(consumption[2:])),
        )
        signed = SignedMessage(message, int(value["deadline"]), tuple(map(_signature, value["signatures"])))
        typed_data(signed.message, signed.deadline, chain_id=0, contract="0x" + 40 * "0").digest()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as failure:
        what = f"this is no signed message: {type(failure).__name__}"
        raise LedgerError(what, where="signed message", todo="Sign it again.") from failure
    return signed


def _signature(value: Mapping[str, str]) -> Signature:
    return Signature(to_checksum_address(value["auditor"]), bytes.fromhex(value["signature"][2:]))


class AuditingVerbs(Verbs):
    """Panels and their signatures."""

    def set_panel(self, facility: int, quorum: int, members: Sequence[str]) -> Receipt:
        """From now on ``quorum`` of these auditors together audit the facility; 0 of none: any one auditor again.

        Only a registrar. Members are put into ascending order, as the contract takes them.

        Raises:
            Reverted: a member is no auditor of the facility's market or its owner, or the quorum is out of range.
        """
        ordered = sorted(members, key=lambda address: int(address, 16))
        return self._write("set_panel", "Auditors", "setPanel", facility, quorum, ordered)

    def panel(self, facility: int) -> Panel:
        """A facility's panel."""
        found = self.call("Auditors", "panelOf", facility)
        return Panel(found["quorum"], tuple(found["members"]))

    def sign_match(
        self, facility: int, consumption: HourlyVector, deadline: int, version: int | None = None
    ) -> SignedMessage:
        """Signs an account's consumption by hour (``version`` None: as it stands), until ``deadline`` (UTC seconds)."""
        seen = self.account(facility, consumption.month).version if version is None else version
        return self._signed(matching_message(self.address("HourlyMatching"), facility, seen, consumption), deadline)

    def cosign(self, signed: SignedMessage) -> SignedMessage:
        """The same message with the signer's signature among the others."""
        return signing.merged(signed, self._signed(signed.message, signed.deadline))

    def digest(self, signed: SignedMessage) -> bytes:
        """What its auditors signed, 32 bytes: what ``revoke`` takes back."""
        return self._typed(signed.message, signed.deadline).digest()

    def revoke(self, signed: SignedMessage | bytes) -> Receipt:
        """Takes back the signer's signature of a message, or of its digest, that was not submitted yet."""
        return self._write("revoke", "Auditors", "revoke", signed if isinstance(signed, bytes) else self.digest(signed))

    def is_revoked(self, auditor: str, signed: SignedMessage | bytes) -> bool:
        """Whether an auditor took back the signature of a message."""
        digest = signed if isinstance(signed, bytes) else self.digest(signed)
        return bool(self.call("Auditors", "isRevoked", auditor, digest))

    def _signed(self, message: Message, deadline: int) -> SignedMessage:
        signer = self._signer()
        signature = signer.sign_typed(self._typed(message, deadline))
        return SignedMessage(message, deadline, (Signature(signer.address, signature),))

    def _typed(self, message: Message, deadline: int) -> TypedData:
        return typed_data(message, deadline, chain_id=self.chain.id, contract=self.address("Auditors"))
