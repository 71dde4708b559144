"""A tenant's statement: its shares of one or several facility-months, what they are made of, and the proof of each.

One file for the tenant alone. Everyone who has it checks offline that each share leads to its root, whose sums are the
account's totals, and that the rows by project and product are those that the leaf was committed with
(``allocation.shares.detail``); on the chain, that the roots stand there and the totals were audited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from carbon_tokens.allocation.shares import Amounts, StoredAllocation, tenant_of
from carbon_tokens.allocation.shares.detail import Bound, Detail, kept_detail, secret_of
from carbon_tokens.allocation.shares.merkle_sum import LANES
from carbon_tokens.allocation.shares.proof import expect, parse
from carbon_tokens.allocation.shares.storing import DETAILS
from carbon_tokens.errors import AllocationError, ShareNotProven
from carbon_tokens.ledger.allocating import AllocatingVerbs, ProvenShare, TenantProof

TYPE = "carbon-tokens/tenant-statement/1"
UNSPLIT = "not split"  # stands for project and product of a share that was committed without rows


@dataclass(frozen=True, slots=True)
class StatementPart:
    """A share of one facility-month with its proof; ``bound``: its rows, None where it was committed without."""

    proof: TenantProof
    bound: Bound | None

    @property
    def amounts(self) -> Amounts:
        return self.proof.share.share.amounts

    def to_json(self) -> dict[str, Any]:
        found = self.bound
        rows = {"detail": found.detail.to_json(), "secret": "0x" + found.secret.hex()} if found else {}
        return {"proof": self.proof.to_json(), "detail": None, "secret": None} | rows


@dataclass(frozen=True, slots=True)
class TenantStatement:
    """A tenant by name or id, and its parts by month and facility, each once.

    Raises:
        AllocationError: no parts, parts out of order or of another tenant.
    """

    tenant: str
    parts: tuple[StatementPart, ...]

    def __post_init__(self) -> None:
        places = [(each.proof.month.number, each.proof.chain_id, each.proof.facility) for each in self.parts]
        if not places or places != sorted(set(places)):
            raise AllocationError("the parts are none, out of order or doubled", where="parts")
        for each in self.parts:
            if each.proof.tenant != tenant_of(self.tenant):
                raise AllocationError(f"a part is of 0x{each.proof.tenant.hex()}, not of {self.tenant}", where="tenant")

    @property
    def amounts(self) -> Amounts:
        """Sums of all parts, Wh and g CO2e."""
        return _sum(each.amounts for each in self.parts)

    def by(self, kind: str) -> dict[str, Amounts]:
        """The sums by ``month``, ``region``, ``project`` or ``product``; they add up to ``amounts`` exactly."""
        found: dict[str, list[Amounts]] = {}
        for part in self.parts:
            for key, amounts in _KEYS[kind](part):
                found.setdefault(key, []).append(amounts)
        return {key: _sum(each) for key, each in sorted(found.items())}

    def verify(self) -> tuple[Amounts, ...]:
        """Checks everything in the file; the totals of the account of each part.

        Raises:
            ShareNotProven: a share does not lead to its root, or its rows are not those that it was committed with.
        """
        found = tuple(each.proof.verify() for each in self.parts)
        for each in self.parts:
            if each.bound:
                each.bound.check(each.proof.share.share)
        return found

    def on_chain(self, ledger: AllocatingVerbs) -> tuple[ProvenShare, ...]:
        """Each share as the chain confirms it. Raises ShareNotProven, LedgerError as ``AllocatingVerbs.share_of``."""
        return tuple(ledger.share_of(each.proof) for each in self.parts)

    def to_json(self) -> dict[str, Any]:
        return {"type": TYPE, "tenant": self.tenant, "parts": [each.to_json() for each in self.parts]}

    def canonical(self) -> bytes:
        """The statement's one byte form (RFC 8785)."""
        return rfc8785.dumps(self.to_json())

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> TenantStatement:
        """The statement in a JSON text or a parsed one. Raises AllocationError if it is none."""
        names = {"type", "tenant", "parts"}
        value = parse(text, TYPE, names) if isinstance(text, (str, bytes)) else expect(dict(text), TYPE, names)
        if not isinstance(value["tenant"], str) or not isinstance(value["parts"], list):
            raise AllocationError("the tenant is no text, or the parts no list", where="tenant, parts")
        return cls(value["tenant"], tuple(map(_part, value["parts"])))

    @classmethod
    def read(cls, path: Path | str) -> TenantStatement:
        """The statement in a file. Raises AllocationError if there is none."""
        try:
            return cls.from_json(Path(path).read_bytes())
        except OSError as error:
            raise AllocationError(f"cannot be read ({error.strerror})", where=str(path)) from error


def state(ledger: AllocatingVerbs, tenant: str, split: Iterable[tuple[Path, StoredAllocation]]) -> TenantStatement:
    """The statement of a tenant over one or several stored allocations on this chain.

    Args:
        tenant: a name or id as tables have it.
        split: the folder of each allocation, and what was read from it.

    Raises:
        AllocationError: the tenant has no share in one of them, or two are of one account.
    """
    key = tenant_of(tenant)
    parts = [
        StatementPart(ledger.tenant_proof(stored, key), kept_detail(path / DETAILS, key)) for path, stored in split
    ]
    parts.sort(key=lambda each: (each.proof.month.number, each.proof.chain_id, each.proof.facility))
    made = TenantStatement(tenant, tuple(parts))
    made.verify()
    return made


def differences(stored: StoredAllocation, statement: TenantStatement) -> list[str]:
    """What a tenant's statement says of an account otherwise than its allocation, as sentences; none if it is silent.

    For an auditor with the leaf file, to whom tenants hand in what they were given.
    """
    found, key = list[str](), tenant_of(statement.tenant)
    for part in statement.parts:
        proof = part.proof
        if (proof.facility, proof.month.number) != (
            stored.audited_id >> 32 & (1 << 216) - 1,
            stored.audited_id & 0xFFFFFFFF,
        ):
            continue
        where = f"{statement.tenant}, {proof.month}"
        if (proof.version, proof.root) != (stored.version, stored.root):
            found.append(f"{where}: the statement is of version {proof.version}, root 0x{proof.root.hex()}")
            continue
        try:
            share = stored.allocation.share(key)
            if share != proof.share.share:
                found.append(f"{where}: the statement says {proof.share.share.amounts}, the leaf {share.amounts}")
            statement.verify()
        except (AllocationError, ShareNotProven) as error:
            found.append(f"{where}: {error}")
    return found


def _part(value: object) -> StatementPart:
    if not isinstance(value, Mapping) or value.keys() != {"proof", "detail", "secret"}:
        raise AllocationError("a part has other fields than proof, detail and secret", where="parts")
    if not isinstance(value["proof"], Mapping) or (value["detail"] is None) != (value["secret"] is None):
        raise AllocationError("a part has no proof, or rows without their secret", where="parts")
    proof = TenantProof.from_json(value["proof"])
    if value["detail"] is None:
        return StatementPart(proof, None)
    return StatementPart(proof, Bound(Detail.from_json(value["detail"]), secret_of(value["secret"])))


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    found = list(amounts)
    return Amounts(*(sum(getattr(each, name) for each in found) for name in LANES))


def _rows(part: StatementPart, name: str) -> list[tuple[str, Amounts]]:
    if part.bound is None:
        return [(UNSPLIT, part.amounts)]
    return [(getattr(row, name), row.amounts) for row in part.bound.detail.rows]


_KEYS: dict[str, Callable[[StatementPart], list[tuple[str, Amounts]]]] = {
    "month": lambda part: [(str(part.proof.month), part.amounts)],
    "region": lambda part: [(part.bound.detail.region if part.bound else UNSPLIT, part.amounts)],
    "project": lambda part: _rows(part, "project"),
    "product": lambda part: _rows(part, "product"),
}
