"""Shares of tenants on a node: taken from the operator if the root on chain proves them, shown to whom they are of.

A share is private: of operator and tenant. The operator says which customer organisation a tenant is; that organisation
alone then reads the tenant's shares with their proofs (and so their salts). Public is what the chain has, see
``allocations``.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import rfc8785
from sqlalchemy import Connection, delete, select

from carbon_tokens.allocation.shares import storing, tenant_of
from carbon_tokens.allocation.shares.merkle_sum import LANES
from carbon_tokens.errors import AllocationError, ShareNotProven
from carbon_tokens.ledger import Ledger
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.periods import Month
from carbon_tokens.service import actions, allocations, operating, schema
from carbon_tokens.service.answers_shares import MOST
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.reading import Unknown
from carbon_tokens.service.refusals import Conflict

_TABLE, _LINK = schema.share, schema.tenant_customer
_VERSIONS = 2**32
Account = tuple[int, Month]  # a facility's id and a month


def proofs_of(ledger: Ledger, stated: Mapping[str, Any]) -> list[TenantProof]:
    """The proofs that an operator sends, or those of the folder that ``commit`` wrote; not verified yet.

    Raises:
        AllocationError: neither or both, files that are none, or too many shares.
    """
    if bool(stated["proofs"]) == bool(stated["allocation"]):
        todo = "Send what share prove or commit wrote."
        raise AllocationError("proofs or an allocation with its shares, and not both", where="proofs", todo=todo)
    if stated["proofs"]:
        return [TenantProof.from_json(each) for each in stated["proofs"]]
    if stated["shares"].count("\n") > MOST + 1:
        raise AllocationError(f"more than {MOST:,} shares", where=storing.SHARES, todo="Send proofs, part by part.")
    with tempfile.TemporaryDirectory() as folder:  # it is for this process' user only
        (Path(folder) / storing.HEADER).write_bytes(_canonical(stated["allocation"]))
        (Path(folder) / storing.SHARES).write_text(stated["shares"], encoding="utf-8")
        try:
            stored = storing.read(folder)
        except AllocationError as error:
            raise type(error)(error.what, where=error.where.rpartition("/")[2], todo=error.todo) from None
    return [ledger.tenant_proof(stored, index) for index in range(len(stored.allocation))]


def root_of(ledger: Ledger, proofs: Sequence[TenantProof], account: Account) -> bytes:
    """The root on chain that proofs of one account must lead to.

    Raises:
        AllocationError: proofs of another chain, contract, facility, month, or of several versions.
        ShareNotProven: no such split was committed.
    """
    place = ledger.chain.id, ledger.chain.genesis.lower(), ledger.address("Allocations").lower(), *account
    for each in proofs:
        if (each.chain_id, each.genesis.lower(), each.allocations.lower(), each.facility, each.month) != place:
            what = "the proof is of another chain, contract, facility or month"
            raise AllocationError(what, where=f"tenant 0x{each.tenant.hex()}")
    version = proofs[0].version
    if any(each.version != version for each in proofs) or not 0 < version < _VERSIONS:
        raise AllocationError("the proofs are of several versions of the account, or of none", where="version")
    root = ledger.root_of(*account, version)
    if not any(root):
        what = f"no split of {account[1]} at version {version} was committed"
        raise ShareNotProven(what, where="root", todo="Commit it first.")
    if any(each.root != root for each in proofs):
        raise ShareNotProven(f"the root on chain is 0x{root.hex()}, a proof states another", where="root")
    return root


def keep(
    connection: Connection, by: Principal, chain: int, facility: str, proofs: Iterable[TenantProof], root: bytes
) -> dict[str, Any]:
    """Keeps shares that were verified. Raises Unknown if the organisation does not operate the facility."""
    operating.require(connection, by, chain, facility, alone=True)
    by_tenant = {"0x" + each.tenant.hex(): each for each in proofs}
    one = next(iter(by_tenant.values()))
    of = (_TABLE.c.organisation == by.organisation) & (_TABLE.c.chain == chain) & (_TABLE.c.facility == facility)
    of &= (_TABLE.c.month == one.month.number) & (_TABLE.c.version == one.version)
    held = set(connection.scalars(select(_TABLE.c.tenant).where(of)))
    row = {"organisation": by.organisation, "chain": chain, "facility": facility, "created": int(time.time()),
           "month": one.month.number, "version": one.version}  # fmt: skip
    new = [{**row, "tenant": tenant, "proof": _canonical(each.to_json()).decode()}
           for tenant, each in by_tenant.items() if tenant not in held]  # fmt: skip
    stated = {"month": str(one.month), "version": one.version, "root": "0x" + root.hex()}
    if new:
        connection.execute(_TABLE.insert(), new)
        actions.append(connection, by, "shares uploaded", facility, {**stated, "chain": chain, "shares": len(new)})
    return {**stated, "added": len(new), "repeated": len(by_tenant) - len(new)}


def link(
    connection: Connection, by: Principal, chain: int, facility: str, tenant: str, customer: str
) -> dict[str, Any]:
    """Lets a customer organisation see a tenant's shares.

    Raises:
        Unknown: the facility is not operated by the organisation, or there is no such customer.
        Conflict: the tenant is another organisation's, or this one's already.
        AllocationError: a tenant that is none.
    """
    operating.require(connection, by, chain, facility, alone=True)
    number, of, key = "0x" + tenant_of(tenant).hex(), schema.organisation, schema.api_key
    held = select(key.c.id).where(key.c.organisation == of.c.id, key.c.role == "customer").exists()
    who = connection.scalar(select(of.c.id).where(of.c.name == customer, held))
    if who is None:
        raise Unknown(f"customer {customer}")
    if connection.scalar(select(_LINK.c.version).where(_tenant(by, chain, facility, number))) is not None:
        raise Conflict("this tenant has a customer already", where=number, todo="Take it away first.")
    now = int(time.time())
    row = {"organisation": by.organisation, "chain": chain, "facility": facility, "tenant": number, "customer": who}
    connection.execute(_LINK.insert().values(**row, version=1, created=now))
    actions.append(connection, by, "tenant linked", facility, {"chain": chain, "tenant": number, "customer": customer})
    return {"tenant": number, "organisation": customer, "version": 1, "created": now}


def unlink(connection: Connection, by: Principal, chain: int, facility: str, tenant: str, seen: int) -> None:
    """The customer sees the tenant's shares no longer. Raises Unknown if it did not; Conflict at another version."""
    operating.require(connection, by, chain, facility, alone=True)
    of = _tenant(by, chain, facility, tenant)
    version = connection.scalar(select(_LINK.c.version).where(of))
    if version is None:
        raise Unknown(f"customer of tenant {tenant}")
    if version != seen:
        raise Conflict(f"the link is at version {version}, not {seen}", where=tenant, todo="Read it again.")
    connection.execute(delete(_LINK).where(of))
    actions.append(connection, by, "tenant unlinked", facility, {"chain": chain, "tenant": tenant})


def linked(
    connection: Connection, by: Principal, chain: int, facility: str, after: str, limit: int
) -> list[dict[str, Any]]:
    """The tenants of a facility that have a customer, by id. Raises Unknown as ``link``."""
    operating.require(connection, by, chain, facility)
    of = schema.organisation
    mine = (_LINK.c.organisation == by.organisation) & (_LINK.c.chain == chain) & (_LINK.c.facility == facility)
    query = select(_LINK, of.c.name).join(of, of.c.id == _LINK.c.customer).where(mine, _LINK.c.tenant > after)
    return [
        {"tenant": row.tenant, "organisation": row.name, "version": row.version, "created": row.created}
        for row in connection.execute(query.order_by(_LINK.c.tenant).limit(limit))
    ]


def listed(connection: Connection, by: Principal, after: int, limit: int) -> list[dict[str, Any]]:
    """The shares that an organisation may see, by number: a customer its own, an operator those that it brought."""
    query = select(_TABLE).where(_TABLE.c.id > after).order_by(_TABLE.c.id).limit(limit)
    if by.role == "customer":
        same = [_LINK.c[name] == _TABLE.c[name] for name in ("organisation", "chain", "facility", "tenant")]
        query = query.join(_LINK, same[0] & same[1] & same[2] & same[3]).where(_LINK.c.customer == by.organisation)
    else:
        query = query.where(_TABLE.c.organisation == by.organisation)
    rows = [dict(row) for row in connection.execute(query.where(by.scoped(_TABLE))).mappings()]
    held = allocations.splits(connection, ((row["chain"], row["facility"], row["month"]) for row in rows))
    return [_shown(row, held[row["chain"], row["facility"], row["month"]]) for row in rows]


def _shown(row: Mapping[str, Any], split: allocations.Split) -> dict[str, Any]:
    proof = TenantProof.from_json(row["proof"])
    part, whole, root = proof.share.share.amounts, proof.verify(), "0x" + proof.root.hex()
    return {
        **{name: row[name] for name in ("id", "chain", "facility", "version", "tenant")},
        "month": str(Month(row["month"])), "amounts": {name: getattr(part, name) for name in LANES},
        "totals": {name: getattr(whole, name) for name in LANES}, "proof": json.loads(row["proof"]),
        "committed": split.roots.get(row["version"]) == root, "current": split.version == row["version"],
        "claimed": split.claimed_by(row["tenant"]),
    }  # fmt: skip


def _tenant(by: Principal, chain: int, facility: str, tenant: str) -> Any:
    mine = (_LINK.c.organisation == by.organisation) & (_LINK.c.chain == chain)
    return mine & (_LINK.c.facility == facility) & (_LINK.c.tenant == tenant)


def _canonical(value: Any) -> bytes:
    try:
        return rfc8785.dumps(value)
    except (ValueError, TypeError) as error:  # numbers and texts that JSON cannot hold
        raise AllocationError(f"this is no allocation ({error})", where="allocation") from error
