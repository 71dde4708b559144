"""One write: checked, signed, journaled, sent, waited for, decoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from carbon_tokens.errors import LedgerError, Reverted
from carbon_tokens.ledger.accounts import Signer
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.contracts import Contract
from carbon_tokens.ledger.events import decode_logs
from carbon_tokens.ledger.journal import REFUSED, Entry, Journal, Outcome
from carbon_tokens.ledger.records import Receipt
from carbon_tokens.ledger.rpc import NodeError
from carbon_tokens.ledger.settle import NonceError, refusal_of, settle
from carbon_tokens.ledger.transactions import Transaction


class Writer:
    """Sends single transactions of one account and journals them.

    A write whose outcome the journal does not know is resumed by the next write of the same content, not repeated.
    """

    def __init__(self, chain: Chain, signer: Signer, journal: Journal, contracts: Mapping[str, Contract]) -> None:
        self.chain, self.signer, self.journal = chain, signer, journal
        self._contracts = contracts  # by lower-case address: those whose events are decoded

    def write(self, action: str, to: str, data: bytes, nonce: int | None = None) -> Receipt:
        """Sends a call (``to`` empty: creates a contract) and waits until it is mined.

        Args:
            nonce: the only one that it may be sent with; None: the account's next.

        Raises:
            Reverted: the contract refuses; nothing was sent.
            NonceError: another process sends as this account, or a nonce is missing.
            LedgerError: no funds, no answer, not mined in time.
        """
        key = self.key(to, data)
        for entry in self.journal.open_entries(key):
            if receipt := self.resume(entry, data, to):
                return receipt
        entry = self.entry(action, key, self._transaction(action, to, data, nonce))
        self.journal.plan([entry])
        self._send(entry)
        receipts = settle(self.chain, self.journal, [entry])
        if entry.hash not in receipts:
            raise NonceError(
                f"another transaction used nonce {entry.nonce} of {entry.sender}",
                where=f"{action} {entry.hash}",
                todo="Let only one process send as this account, and run it again.",
            )
        return self._receipt(action, to, data, receipts[entry.hash])

    def resume(self, entry: Entry, data: bytes, to: str = "") -> Receipt | None:
        """Brings a journaled write to its end; None: another transaction used its nonce, so it is void."""
        receipts = settle(self.chain, self.journal, [entry])
        return self._receipt(entry.action, to, data, receipts[entry.hash]) if entry.hash in receipts else None

    def key(self, to: str, data: bytes) -> str:
        """What makes two writes the same one: sender, contract and calldata."""
        return keccak(f"{self.signer.address}{to}".encode() + data).hex()

    def entry(self, action: str, key: str, tx: Transaction) -> Entry:
        """A transaction, signed, as it goes into the journal."""
        signed = self.signer.sign_transaction(tx)
        return Entry(key, action, (), self.signer.address, tx.nonce, "0x" + signed.hash.hex(), signed.raw)

    def _transaction(self, action: str, to: str, data: bytes, nonce: int | None) -> Transaction:
        chain, who = self.chain, self.signer.address
        gas = chain.estimate(to, data, who)
        target = bytes.fromhex(to.removeprefix("0x"))
        following = chain.nonce(who, "pending")
        if nonce is not None and nonce != following:
            raise NonceError(
                f"another transaction took nonce {nonce} of {who}, the next is {following}",
                where=action,
                todo="Let only one process send as this account, and run it again.",
            )
        return Transaction(chain.id, following, gas + gas // 10, chain.fees(), target, data)

    def _send(self, entry: Entry) -> None:
        try:
            self.chain.rpc.request("eth_sendRawTransaction", ["0x" + entry.raw.hex()])
        except NodeError as refusal:
            if self.chain.rpc.request("eth_getTransactionByHash", [entry.hash]) is None:
                self.journal.end([Outcome(entry.hash, REFUSED)])
                raise refusal_of(refusal, entry) from refusal
        self.chain.mine()

    def _receipt(self, action: str, to: str, data: bytes, raw: Mapping[str, Any]) -> Receipt:
        tx, block, gas = raw["transactionHash"], int(raw["blockNumber"], 16), int(raw["gasUsed"], 16)
        if not int(raw["status"], 16):
            raise self.failure(action, to, data, tx)
        created = raw.get("contractAddress")
        events = tuple(decode_logs(raw["logs"], self._contracts))
        return Receipt(action, tx, block, gas, events, to_checksum_address(created) if created else "")

    def failure(self, action: str, to: str, data: bytes, tx: str) -> LedgerError:
        """Why a mined transaction failed: what the contract says to the same call now."""
        try:
            self.chain.call(to, data, sender=self.signer.address)
        except Reverted as reason:
            return Reverted(
                reason.what, where=f"{action} {tx}", todo=reason.todo, error=reason.error, args_=reason.args_
            )
        return Reverted(
            "it failed when it was mined, and would succeed now", where=f"{action} {tx}", todo="Run it again."
        )
