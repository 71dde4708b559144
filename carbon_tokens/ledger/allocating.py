"""Allocations on chain: an account is split among tenants, who prove their shares and claim them into their accounts.

The operator commits a Merkle-sum root whose sums are the account's audited totals, which the contract itself reads. A
tenant gets one file, a ``TenantProof``: it names chain, contract, account and version, so nothing else is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from carbon_tokens.allocation.shares import Allocation, Amounts, ShareProof, StoredAllocation
from carbon_tokens.allocation.shares.merkle_sum import LANES
from carbon_tokens.allocation.shares.proof import expect, octets, parse
from carbon_tokens.allocation.shares.share import FACILITY_BITS
from carbon_tokens.errors import AllocationError, LedgerError, ShareNotProven, SharesNotEqualTotal
from carbon_tokens.ledger.ids import audited_id
from carbon_tokens.ledger.records import Receipt
from carbon_tokens.ledger.verbs import Verbs
from carbon_tokens.periods import Month

TYPE = "carbon-tokens/tenant-proof/1"
_NAMES = {"type", "chain_id", "genesis", "allocations", "facility", "month", "version", "root", "share"}


@dataclass(frozen=True, slots=True)
class AccountTotals:
    """What of an account is split: its totals at a version of them, with ``recs`` (Wh) of RECs counted."""

    version: int
    recs: int
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Claimed:
    """What was claimed of an account, or by one tenant: Wh and g, at a version of its split; all 0: nothing."""

    version: int
    energy_wh: int
    location_g: int
    market_g: int


@dataclass(frozen=True, slots=True)
class TenantProof:
    """A tenant's share with its proof, and where its root stands."""

    chain_id: int
    genesis: str  # hash of block 0: tells chains of one id apart
    allocations: str  # the contract's address
    facility: int
    month: Month
    version: int
    root: bytes  # as the operator committed it; what counts is the one on chain
    share: ShareProof

    @property
    def tenant(self) -> bytes:
        return self.share.share.tenant

    @property
    def tenant_facility(self) -> int | None:
        """The tenant's facility on chain; None for a tenant that is known by the hash of its name."""
        number = int.from_bytes(self.tenant)
        return None if number >> FACILITY_BITS else number

    def verify(self, root: bytes | None = None) -> Amounts:
        """Checks the share against a root (None: the one stated in the file); gives the account's totals.

        Raises:
            ShareNotProven: it does not lead there.
        """
        stated = self.root if root is None else root
        return self.share.verify(stated, audited_id(self.facility, self.month.number), self.version)

    def to_json(self) -> dict[str, Any]:
        return {
            "type": TYPE,
            "chain_id": self.chain_id,
            "genesis": self.genesis,
            "allocations": self.allocations,
            "facility": f"0x{self.facility:054x}",
            "month": str(self.month),
            "version": self.version,
            "root": "0x" + self.root.hex(),
            "share": self.share.to_json(),
        }

    def write(self, path: Path | str) -> None:
        """Writes the file; whoever has it can show the share as the tenant's."""
        Path(path).write_bytes(rfc8785.dumps(self.to_json()) + b"\n")

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> TenantProof:
        """The proof in a JSON text or a parsed one. Raises AllocationError if it is none."""
        value = parse(text, TYPE, _NAMES) if isinstance(text, (str, bytes)) else expect(dict(text), TYPE, _NAMES)
        for name, kind in (("chain_id", int), ("version", int), ("genesis", str), ("allocations", str), ("month", str)):
            if type(value[name]) is not kind:
                raise AllocationError(f"{value[name]!r} is no {name.replace('_', ' ')}", where=name)
        if not isinstance(value["share"], Mapping):
            raise AllocationError("is no proof of a share", where="share")
        place = value["chain_id"], value["genesis"], value["allocations"]
        account = _facility(value["facility"]), Month.parse(value["month"], where="month"), value["version"]
        return cls(*place, *account, octets("root", value["root"]), ShareProof.from_json(value["share"]))

    @classmethod
    def read(cls, path: Path | str) -> TenantProof:
        """The proof in a file. Raises AllocationError if there is none."""
        try:
            return cls.from_json(Path(path).read_bytes())
        except OSError as error:
            raise AllocationError(f"cannot be read ({error.strerror})", where=str(path)) from error


@dataclass(frozen=True, slots=True)
class ProvenShare:
    """A share that the chain confirms: the tenant's amounts and the audited totals of which they are a part.

    ``current``: the account still stands at the proof's version. ``claimed``: what the tenant claimed of it so far.
    """

    amounts: Amounts
    totals: Amounts
    current: bool
    claimed: Claimed


class AllocatingVerbs(Verbs):
    """Splitting, proving and claiming. Energy in Wh, emissions in g CO2e."""

    def totals_to_split(self, facility: int, month: Month) -> AccountTotals:
        """The totals of a closed month as they stand, with all RECs that are retired into it; read at one block.

        Raises:
            AllocationError: the month is not closed, or a total needs more than 48 bits.
        """
        block = hex(self.chain.block_number())
        (status,) = self.status(facility, month, block=block)
        if not status.closed:
            raise AllocationError(f"{month} is not closed", where="month", todo="Let an auditor close it first.")
        recs = self.account(facility, month, block=block).recs
        version = self.split_version(facility, month, block=block)
        return AccountTotals(version, recs, Amounts(status.energy, status.gross_location, status.gross_market))

    def commit(
        self, facility: int, month: Month, allocation: Allocation, totals: AccountTotals | None = None
    ) -> Receipt:
        """Commits the split of a closed month. Only the facility's owner, once for each version of the account.

        Args:
            totals: of ``totals_to_split``, if the split was made from them; None: the present ones.

        Raises:
            SharesNotEqualTotal: the shares miss the account's totals, by so much.
            Reverted: the account moved on, or was split before.
        """
        whole = totals or self.totals_to_split(facility, month)
        _require_equal(allocation.totals, whole)
        args = (facility, month.number, whole.version, whole.recs, allocation.depth, allocation.top)
        return self._write("commit", "Allocations", "commit", *args)

    def tenant_proof(self, stored: StoredAllocation, which: int | bytes) -> TenantProof:
        """What a tenant gets: its share of a stored allocation, by tenant or index, and where its root stands.

        Raises:
            AllocationError: the tenant has no share.
        """
        facility, month = stored.audited_id >> 32 & (1 << FACILITY_BITS) - 1, Month(stored.audited_id & 0xFFFFFFFF)
        place = self.chain.id, self.chain.genesis, self.address("Allocations")
        return TenantProof(*place, facility, month, stored.version, stored.root, stored.allocation.prove(which))

    def share_of(self, proof: TenantProof) -> ProvenShare:
        """The share that a proof shows, if the chain confirms it: here by the hashes, and by the contract itself.

        Raises:
            LedgerError: the proof is of another chain or contract.
            ShareNotProven: no such split was committed, or the share is no part of it.
        """
        self._require_here(proof)
        account = (proof.facility, proof.month.number, proof.version)
        root = self.root_of(proof.facility, proof.month, proof.version)
        if not any(root):
            what = f"no split of {proof.month} at version {proof.version} was committed"
            raise ShareNotProven(what, where="root", todo="Ask the operator for it.")
        totals = proof.verify(root)
        if not self.call("Allocations", "verify", *account, *_shown(proof)):
            raise ShareNotProven("the contract does not confirm the share", where="proof")
        current = self.split_version(proof.facility, proof.month) == proof.version
        return ProvenShare(proof.share.share.amounts, totals, current, self.claimed(*_of(proof), proof.tenant))

    def claim_share(self, proof: TenantProof, into: int | None = None) -> Receipt:
        """Takes a proven share into scope 3 of the tenant's account of the same month. Only the tenant's owner.

        After a restatement the share of the new version replaces that of the old one.

        Args:
            into: the tenant's facility; None: the one that the proof names.

        Raises:
            AllocationError: the tenant has no facility on chain, or ``into`` is another one.
            Reverted: not the owner, not proven at the present version, or claimed already.
        """
        self._require_here(proof)
        tenant = proof.tenant_facility
        if tenant is None:
            what = f"the tenant 0x{proof.tenant.hex()} is a name, and only a facility has an account to claim into"
            raise AllocationError(what, where="tenant", todo="Ask the operator for a share of a facility's id.")
        if into is not None and into != tenant:
            what = f"the share is of 0x{tenant:054x}, not of 0x{into:054x}"
            raise AllocationError(what, where="into", todo="A share is claimed only by its tenant.")
        return self._write("claim_share", "Allocations", "claim", proof.facility, proof.month.number, *_shown(proof))

    def claimed(self, facility: int, month: Month, tenant: bytes | None = None) -> Claimed:
        """What was claimed of an account in all, or by one tenant (32 bytes)."""
        if tenant is None:
            found = self.call("Allocations", "claimedOf", facility, month.number)
        else:
            found = self.call("Allocations", "claimedBy", facility, month.number, int.from_bytes(tenant))
        return Claimed(found["version"], found["energy"], found["location"], found["market"])

    def split_version(self, facility: int, month: Month, *, block: str = "latest") -> int:
        """Version of an account's totals, see ``ids.totals_version``."""
        return int(self.call("Allocations", "versionOf", facility, month.number, block=block))

    def root_of(self, facility: int, month: Month, version: int) -> bytes:
        """Root of the split of an account at a version, 32 bytes; zeros: there is none."""
        return bytes(self.call("Allocations", "rootOf", facility, month.number, version))

    def _require_here(self, proof: TenantProof) -> None:
        stated = proof.chain_id, proof.genesis.lower(), proof.allocations.lower()
        if stated != (self.chain.id, self.chain.genesis.lower(), self.address("Allocations").lower()):
            raise LedgerError(
                f"the proof is of {proof.allocations} on chain {proof.chain_id} with genesis {proof.genesis}, "
                f"not of {self.address('Allocations')} on chain {self.chain.id} with genesis {self.chain.genesis}",
                where="proof",
                todo="Connect to that chain, and use a deployment that you trust.",
            )


def _require_equal(given: Amounts, whole: AccountTotals) -> None:
    differences = {name: excess for name in LANES if (excess := getattr(given, name) - getattr(whole.amounts, name))}
    if differences:
        listed = ", ".join(f"{name} by {excess:+d}" for name, excess in differences.items())
        raise SharesNotEqualTotal(
            f"the shares miss the account's totals at version {whole.version}: {listed}",
            where="allocation",
            todo="Split the account's present totals.",
            differences=differences,
        )


def _of(proof: TenantProof) -> tuple[int, Month]:
    return proof.facility, proof.month


def _shown(proof: TenantProof) -> tuple[tuple[Any, ...], int, bytes]:
    """Share, index and siblings as the contract takes them."""
    share = proof.share.share
    struct = (share.tenant, share.energy_wh, share.location_g, share.market_g, share.salt)
    return struct, proof.share.index, proof.share.siblings


def _facility(text: object) -> int:
    number = int.from_bytes(octets("facility", text))
    if not 0 < number < 1 << FACILITY_BITS:
        raise AllocationError(f"{text!r} is no facility id of 216 bits", where="facility")
    return number
