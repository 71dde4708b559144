"""A proof: one JSON file that says why a facility's months are neutral, complete enough to be recomputed offline.

``sha256`` is the hash of the rest in canonical form. It shows a damaged file at once; it proves nothing against who
recomputes it. Against that stand the documents' hashes, the formulas and the chain, see ``verifying``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import rfc8785

from carbon_tokens.claims.pieces import Piece, hash32
from carbon_tokens.claims.records import (
    ChainPart,
    ClaimPart,
    ContractPart,
    FacilityPart,
    MonthPart,
    PanelPart,
    ReleasePart,
    SourcePart,
    TokenPart,
)
from carbon_tokens.errors import ProofError, StatementError
from carbon_tokens.statements import FactorReference
from carbon_tokens.statements.document import Document, parse

EARLIER = ("carbon-tokens/proof/1",)  # formats that are not read any more


@dataclass(frozen=True, slots=True)
class Proof(Document):
    """What ``prove`` writes and ``verify`` reads.

    Format 2: six contracts, market zone of the factors, basis of the claim and match of the hours, claimed shares,
    panels and the auditors behind their contract.

    Raises:
        StatementError: a missing, unknown or malformed field.
    """

    TYPE: ClassVar[str] = "carbon-tokens/proof/2"

    chain: ChainPart
    contracts: tuple[ContractPart, ...]
    facility: FacilityPart
    panels: tuple[PanelPart, ...]
    releases: tuple[ReleasePart, ...]
    factors: tuple[FactorReference, ...]
    sources: tuple[SourcePart, ...]
    tokens: tuple[TokenPart, ...]
    months: tuple[MonthPart, ...]
    claim: ClaimPart
    sha256: str

    def __post_init__(self) -> None:
        hash32("sha256", self.sha256)

    @classmethod
    def _load(cls, name: str, value: object) -> Any:
        return _Parts._load(name, value)

    def digest(self) -> str:
        """sha-256 of the proof without its own hash, 0x and 64 digits."""
        content = {name: item for name, item in self.to_json().items() if name != "sha256"}
        return "0x" + hashlib.sha256(rfc8785.dumps(content)).hexdigest()

    def sealed(self) -> Proof:
        """The proof with its hash."""
        return replace(self, sha256=self.digest())

    def address(self, contract: str) -> str:
        """Address of a contract by name. Raises ProofError when the proof does not name it."""
        found = [each.address for each in self.contracts if each.name == contract]
        if len(found) != 1:
            raise ProofError(f"the proof names {len(found)} addresses of {contract}", where="contracts")
        return found[0]


class _Parts(Piece):
    """How the fields of a proof are read."""

    PARTS: ClassVar[dict[str, Any]] = {"chain": ChainPart, "facility": FacilityPart, "claim": ClaimPart}
    LISTS: ClassVar[dict[str, Any]] = {
        "contracts": ContractPart, "panels": PanelPart, "releases": ReleasePart, "factors": FactorReference,
        "sources": SourcePart, "tokens": TokenPart, "months": MonthPart,
    }  # fmt: skip


def read(path: Path | str) -> Proof:
    """The proof in a file.

    Raises:
        ProofError: the file cannot be read, or what it holds is no proof, or one of an earlier format.
    """
    path = Path(path)
    try:
        value = parse(path.read_bytes())
        _refuse_earlier(value, path)
        return Proof.from_json(value if isinstance(value, dict) else {})
    except OSError as error:
        raise ProofError(f"cannot be read: {type(error).__name__}", where=str(path), todo="Check the path.") from error
    except StatementError as error:
        raise ProofError(f"this is no proof: {error}", where=path.name, todo="Ask for the original file.") from error


def _refuse_earlier(value: object, path: Path) -> None:
    """Raises ProofError for a proof of the format before: it is of other contracts, and of a ledger of its own."""
    if isinstance(value, dict) and value.get("type") in EARLIER:
        raise ProofError(
            f"this is a proof of the format {value['type']}, which this version does not read",
            where=path.name,
            todo="Verify it with the version that wrote it, or prove the claim again on the present contracts.",
        )


def write(proof: Proof, path: Path | str) -> Path:
    """Writes a proof in canonical form, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(proof.canonical())
    return draft.replace(path)
