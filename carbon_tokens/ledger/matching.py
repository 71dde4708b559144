"""24/7 on chain: granular certificates retired into an account, and its consumption matched with them hour by hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.auditing import MATCH, matching_message
from carbon_tokens.ledger.contracts import text_bytes
from carbon_tokens.ledger.hours import GranularCertificate, HourlyVector
from carbon_tokens.ledger.ids import audited_id, note
from carbon_tokens.ledger.records import IssueReport, Receipt, Retirement, SignedMessage
from carbon_tokens.ledger.verbs import Verbs
from carbon_tokens.periods import Month


@dataclass(frozen=True, slots=True)
class Matching:
    """An account's match: Wh matched and unmatched, and the 24/7 CFE score in millionths of the energy, rounded down.

    ``version`` is the account's at the match; ``current``: it still stands there. No match: all 0, not current.
    """

    version: int
    matched: int
    unmatched: int
    score: int
    data: bytes
    current: bool


class MatchingVerbs(Verbs):
    """Granular certificates and matches. Energy in Wh."""

    def issue_granular(
        self, source: int, certificate: GranularCertificate, serials: tuple[int, int], to: str | None = None
    ) -> IssueReport:
        """Issues a granular certificate under its registry's serials, first and last. Only the source's issuer.

        Raises:
            LedgerError: the source is of another registry, so the token would have another id than the certificate.
        """
        registry = self.source(source).registry
        if registry != certificate.registry:
            what = f"source {source} is of registry {registry}, the certificate of {certificate.registry}"
            raise LedgerError(what, where="registry", todo="Name the source that generated it.")
        return self.issue(source, [certificate.batch(*serials)], to)

    def approve_matching(self) -> Receipt | None:
        """Lets HourlyMatching fetch the signer's tokens, as ``retire_granular`` needs; None: it may already.

        It fetches only what the signer itself retires there.
        """
        holder, contract = self._signer().address, self.address("HourlyMatching")
        if self.call("CarbonTokens", "isApprovedForAll", holder, contract):
            return None
        return self._write("approve_matching", "CarbonTokens", "setApprovalForAll", contract, True)

    def retire_granular(
        self, certificate: GranularCertificate, facility: int, *, beneficiary: str = "", purpose: str = "",
        version: int | None = None,
    ) -> tuple[Receipt, ...]:  # fmt: skip
        """Retires a whole granular certificate of the signer into the account of its month, for ever.

        Returns the retirement's receipt, after that of the approval where one was needed.

        Args:
            beneficiary, purpose, version: as ``Ledger.retire``.

        Raises:
            LedgerError: the signer does not hold all of it.
            Reverted: another grid region, vintage or frozen source, or it was retired before.
        """
        holder = self._signer().address
        held = self.balance(holder, certificate.id)
        if held != certificate.amount and not self.account_of_granular(certificate):
            what = f"{holder} holds {held:,} Wh of {certificate.amount:,} Wh of the certificate 0x{certificate.id:064x}"
            raise LedgerError(
                what, where="certificate", todo="A granular certificate is retired whole, by its one holder."
            )
        month = certificate.generation.month
        seen = self.account(facility, month).version if version is None else version
        where = Retirement(facility, month.number, seen, note(beneficiary), note(purpose))
        approval = self.approve_matching()
        retired = self._write("retire_granular", "HourlyMatching", "retire", _struct(certificate), where)
        return (approval, retired) if approval else (retired,)

    def match_hours(
        self, facility: int, consumption: HourlyVector, certificates: Sequence[GranularCertificate],
        signed: SignedMessage | None = None,
    ) -> Receipt:  # fmt: skip
        """Records the match of an account with the certificates that were retired into it through HourlyMatching.

        Args:
            consumption: adds up to the audited energy.
            certificates: in any order.
            signed: of ``sign_match``, by an auditor or by enough of a panel: then anyone may record it. None: the
                signer is an auditor of a facility without panel.

        Raises:
            LedgerError: the signatures are of another consumption or facility.
            Reverted: the hours do not add up to the energy, a certificate was not retired here, nobody signed who may.
        """
        ordered = [_struct(each) for each in sorted(certificates, key=lambda each: each.id)]
        month, packed = consumption.month, consumption.packed()
        if signed is None:
            version = self.account(facility, month).version
            args = (facility, month.number, version, packed, ordered)
            return self._write("match_hours", "HourlyMatching", "record", *args)
        version = _version_of(signed)
        if signed.message != matching_message(self.address("HourlyMatching"), facility, version, consumption):
            what = "the signatures are of another contract, facility, month or consumption"
            raise LedgerError(what, where="signatures", todo="Give the hours that the auditors signed.")
        args = (facility, month.number, version, packed, ordered)
        return self._write("match_hours", "HourlyMatching", "recordBySig", *args, signed.deadline, signed.signatures)

    def matching(self, facility: int, month: Month) -> Matching:
        """The match of an account; see ``Matching`` for one that has none."""
        found = self.call("HourlyMatching", "matchingOf", audited_id(facility, month.number))
        version, data = found["version"], bytes(found["data"])
        current = any(data) and version == self.account(facility, month).version
        return Matching(version, found["matched"], found["unmatched"], found["score"], data, current)

    def account_of_granular(self, certificate: GranularCertificate) -> int:
        """Id of the audited emissions of the account that a certificate was retired into here; 0: none."""
        return int(self.call("HourlyMatching", "accountOf", certificate.id))


def _struct(certificate: GranularCertificate) -> tuple[bytes, bytes, bytes]:
    registry = text_bytes(certificate.registry, 12, where="registry")
    return registry, certificate.document, certificate.generation.packed()


def _version_of(signed: SignedMessage) -> int:
    if signed.message.action != MATCH:
        what = f"the signatures are of {signed.message.action}, not of a match"
        raise LedgerError(what, where="signatures", todo="Sign the consumption by hour.")
    version = signed.message.args[3]
    assert isinstance(version, int)
    return version
