"""What is wrong in a store: every byte is read again, and what it holds is compared with what it should hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from carbon_tokens.errors import EvidenceError, EvidenceLost
from carbon_tokens.evidence.store import Store


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one CID: missing, altered, unknown (held but in no record), or not answered."""

    cid: str
    what: str


def findings(store: Store, cids: Collection[str]) -> list[Finding]:
    """What is wrong with these, and what else the store holds; none if every byte is as it was put, and nothing more.

    Raises:
        EvidenceError: the store does not list what it holds.
    """
    found = [Finding(cid, why) for cid in cids if (why := fault(store, cid))]
    return found + [Finding(cid, "unknown") for cid in sorted(set(store.names()) - set(cids))]


def fault(store: Store, cid: str) -> str:
    """What is wrong with what stands under a CID: "" if nothing is."""
    try:
        store.get(cid)
    except EvidenceLost:
        return "altered" if store.has(cid) else "missing"
    except EvidenceError as error:
        return f"not answered: {error.what}"
    return ""
