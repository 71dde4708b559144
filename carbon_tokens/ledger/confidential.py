"""Confidential shares on chain: what a member of a group gets, and what an auditor signs who saw all of the group.

The group is a tenant of the account's split like any other (``allocation.shares.confidential``). A member's file holds
the group's ``TenantProof`` and the opening of its own leaf; with it, the chain says that the sums are the audited ones.
That no member hides a negative amount, the chain cannot see: an auditor who rebuilt the tree from all amounts signs it,
EIP-712 in the domain of the contract Auditors, which itself takes no such message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import rfc8785
from eth_utils.address import is_checksum_address

from carbon_tokens.allocation.shares import Share, StoredAllocation
from carbon_tokens.allocation.shares.confidential import Group, Member, Opening
from carbon_tokens.allocation.shares.merkle_sum import LANES
from carbon_tokens.allocation.shares.proof import expect, octets, parse
from carbon_tokens.errors import AllocationError, ShareNotProven
from carbon_tokens.ledger.accounts import Signer
from carbon_tokens.ledger.allocating import AllocatingVerbs, ProvenShare, TenantProof
from carbon_tokens.ledger.ids import AUDITOR_ROLE
from carbon_tokens.ledger.typed_data import TypedData, signer_of
from carbon_tokens.ledger.views import LedgerViews

TYPE, CHECKED = "carbon-tokens/confidential-share/1", "carbon-tokens/group-checked/1"
_OWN = ("tenant", *LANES, "salt", "blinding", "index", "siblings", "group_blinding")
_NAMES = {"type", "group", "checked", *_OWN}
_LAYOUT = (
    ("facility", "uint256"), ("month", "uint32"), ("version", "uint32"), ("group", "bytes32"), ("members", "uint256"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GroupChecked:
    """An auditor's word that so many members, none with a negative amount, are all of the group."""

    auditors: str  # address of the contract, whose domain it is
    members: int
    auditor: str
    signature: bytes = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        said = {"auditors": self.auditors, "members": self.members, "auditor": self.auditor}
        return {"type": CHECKED, **said, "signature": "0x" + self.signature.hex()}

    @classmethod
    def from_json(cls, value: object) -> GroupChecked:
        """From parsed JSON. Raises AllocationError if it is none."""
        found = expect(value, CHECKED, {"type", "auditors", "members", "auditor", "signature"})
        for name in ("auditors", "auditor"):
            if not isinstance(found[name], str) or not is_checksum_address(found[name]):
                raise AllocationError(f"{found[name]!r} is no checksummed address", where=name)
        if type(found["members"]) is not int or not 0 < found["members"] < 2**53:
            raise AllocationError(f"{found['members']!r} is no number of members", where="members")
        return cls(found["auditors"], found["members"], found["auditor"], octets("signature", found["signature"]))

    def verify(self, group: TenantProof) -> None:
        """Checks that the auditor signed this of the group. Raises ShareNotProven."""
        signer = signer_of(_typed(group, self.auditors, self.members), self.signature)
        if signer != self.auditor:
            raise ShareNotProven(f"it was signed by {signer or 'nobody'}, not by {self.auditor}", where="checked")


@dataclass(frozen=True, slots=True)
class ConfidentialProof:
    """A member's file: the proof of the group in the split, its own share opened, and the auditor's word, if any."""

    group: TenantProof
    opening: Opening
    checked: GroupChecked | None

    def verify(self, root: bytes | None = None) -> None:
        """Checks everything in the file, against a root (None: the one that it states). Raises ShareNotProven."""
        self.group.verify(root)
        self.opening.verify(self.group.tenant, self.group.share.share.amounts)
        if self.checked:
            self.checked.verify(self.group)

    def to_json(self) -> dict[str, Any]:
        share, opening = self.opening.member.share, self.opening
        return {
            "type": TYPE,
            "group": self.group.to_json(),
            "tenant": "0x" + share.tenant.hex(),
            **{name: getattr(share, name) for name in LANES},
            "salt": "0x" + share.salt.hex(),
            "blinding": f"0x{opening.member.blinding:064x}",
            "index": opening.index,
            "siblings": "0x" + opening.siblings.hex(),
            "group_blinding": f"0x{opening.group_blinding:064x}",
            "checked": self.checked.to_json() if self.checked else None,
        }

    def write(self, path: Path | str) -> None:
        """Writes the file; whoever has it can show the share as the tenant's."""
        Path(path).write_bytes(rfc8785.dumps(self.to_json()) + b"\n")

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> ConfidentialProof:
        """The proof in a JSON text or a parsed one. Raises AllocationError if it is none."""
        value = parse(text, TYPE, _NAMES) if isinstance(text, (str, bytes)) else expect(dict(text), TYPE, _NAMES)
        if not isinstance(value["group"], Mapping):
            raise AllocationError("is no proof of a share", where="group")
        if type(value["index"]) is not int:
            raise AllocationError(f"{value['index']!r} is no integer", where="index")
        tenant, salt, siblings = (octets(name, value[name]) for name in ("tenant", "salt", "siblings"))
        blinding, whole = (_word(name, value[name]) for name in ("blinding", "group_blinding"))
        member = Member(Share(tenant, **{name: value[name] for name in LANES}, salt=salt), blinding)
        checked = None if value["checked"] is None else GroupChecked.from_json(value["checked"])
        group = TenantProof.from_json(value["group"])
        return cls(group, Opening(member, value["index"], siblings, whole), checked)

    @classmethod
    def read(cls, path: Path | str) -> ConfidentialProof:
        """The proof in a file. Raises AllocationError if there is none."""
        try:
            return cls.from_json(Path(path).read_bytes())
        except OSError as error:
            raise AllocationError(f"cannot be read ({error.strerror})", where=str(path)) from error


def own_proof(ledger: AllocatingVerbs, group: Group, stored: StoredAllocation) -> TenantProof:
    """The group's own proof in a stored split. Raises AllocationError if the split has another group, or none."""
    try:
        return ledger.tenant_proof(stored, group.tenant)
    except AllocationError as error:
        todo = "Name the folders of one month."
        raise AllocationError("another group, or none, stands in the split", where="group", todo=todo) from error


def prove(group: Group, whole: TenantProof, tenant: bytes, checked: GroupChecked | None = None) -> ConfidentialProof:
    """A member's file.

    Args:
        whole: the group's own proof in the split of the account.

    Raises:
        AllocationError: no member; or the split has another group, or the auditor's word is of another one.
        ShareNotProven: likewise, of the auditor's word.
    """
    _require_same(group, whole)
    if checked:
        checked.verify(whole)
    return ConfidentialProof(whole, group.prove(tenant), checked)


def check(ledger: AllocatingVerbs, group: Group, whole: TenantProof, signer: Signer) -> GroupChecked:
    """An auditor's word on a group: rebuilt from every member, standing in the committed split, none negative.

    Raises:
        AllocationError: another group stands in the split.
        ShareNotProven: no such split was committed; or who signs is no auditor of the facility's market, or its owner.
        LedgerError: another chain.
    """
    _require_same(group, whole)
    ledger.share_of(whole)
    _require_auditor(ledger, whole.facility, signer.address)
    unsigned = GroupChecked(ledger.address("Auditors"), len(group), signer.address, b"")
    return replace(unsigned, signature=signer.sign_typed(_typed(whole, unsigned.auditors, unsigned.members)))


def on_chain(ledger: AllocatingVerbs, proof: ConfidentialProof) -> ProvenShare:
    """The group's share as the chain confirms it, for a member's file that verifies.

    Raises:
        ShareNotProven, LedgerError: as ``AllocatingVerbs.share_of``; or the auditor's word is of other contracts, or of
            somebody who is no auditor of the facility now.
    """
    found = ledger.share_of(proof.group)
    proof.verify(ledger.root_of(proof.group.facility, proof.group.month, proof.group.version))
    if proof.checked:
        if proof.checked.auditors != ledger.address("Auditors"):
            raise ShareNotProven(f"the auditor's word is of {proof.checked.auditors}", where="checked")
        _require_auditor(ledger, proof.group.facility, proof.checked.auditor)
    return found


def _require_same(group: Group, whole: TenantProof) -> None:
    share = whole.share.share
    if (group.tenant, group.amounts) != (share.tenant, share.amounts):
        raise AllocationError("another group stands in the split", where="group", todo="Name the folders of one month.")


def _require_auditor(ledger: LedgerViews, facility: int, who: str) -> None:
    found = ledger.facility(facility)
    if found.owner == who:
        raise ShareNotProven(f"{who} owns the facility: nobody audits what they own", where="checked")
    if not ledger.has_role("CarbonTokens", AUDITOR_ROLE, who, found.market_zone):
        what = f"{who} is no auditor of market zone {found.market_zone}"
        raise ShareNotProven(what, where="checked", todo="Ask an auditor of the facility's market.")


def _typed(group: TenantProof, auditors: str, members: int) -> TypedData:
    values = {"facility": group.facility, "month": group.month.number, "version": group.version,
              "group": group.tenant, "members": members}  # fmt: skip
    return TypedData(group.chain_id, auditors, "GroupChecked", {"GroupChecked": _LAYOUT}, values)


def _word(name: str, value: object) -> int:
    found = octets(name, value)
    if len(found) != 32:
        raise AllocationError("is not 32 bytes", where=name)
    return int.from_bytes(found)
