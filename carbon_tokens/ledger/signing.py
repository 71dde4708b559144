"""Audits signed offline: the auditor needs neither a connection nor funds, and anyone may submit the signature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from carbon_tokens.ledger.accounts import Signer
from carbon_tokens.ledger.contracts import Contract
from carbon_tokens.ledger.records import Audit, SignedAudit
from carbon_tokens.ledger.typed_data import TypedData


def sign_audit(signer: Signer, audit: Audit, deadline: int, *, chain_id: int, contract: str) -> SignedAudit:
    """Signs an audit for one CarbonTokens contract on one chain, valid until ``deadline`` (UTC seconds)."""
    signature = signer.sign_typed(audit_data(audit, deadline, chain_id=chain_id, contract=contract))
    return SignedAudit(audit, signer.address, deadline, signature)


def audit_data(audit: Audit, deadline: int, *, chain_id: int, contract: str) -> TypedData:
    """What is signed: the fields of the contract's struct in its order, and the deadline."""
    components = _components()
    values: list[Any] = [getattr(audit, field.name) for field in fields(audit)]
    values.append(deadline)
    layout = (*((part["name"], part["type"]) for part in components), ("deadline", "uint256"))
    named = {name: value for (name, _), value in zip(layout, values, strict=True)}
    return TypedData(chain_id, contract, "Statement", layout, named)


def _components() -> Sequence[Any]:
    entry = next(each for each in Contract.load("CarbonTokens").abi if each.get("name") == "auditBySig")
    components: Sequence[Any] = entry["inputs"][0]["components"]
    return components
