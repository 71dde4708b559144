"""A bundle: one JSON file with a proof and what authenticates it offline against the hash of one block.

The format is specified in docs/proof-format.md, section 5, so that it can be read without this package. Here is its
form; what it must satisfy is in ``bundle_checks``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import rfc8785

from carbon_tokens.claims import proof as proofs
from carbon_tokens.claims.pieces import Form, Piece, Place, hash32, mapping, text
from carbon_tokens.claims.proof import Proof
from carbon_tokens.errors import AllocationError, PeriodError, ProofError, StatementError
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.statements.document import Document, listed, parse, whole
from carbon_tokens.statements.statement import Input

_HEX = re.compile("0x(?:[0-9a-f]{2})+")


def octets(name: str, value: object) -> bytes:
    """The bytes of ``0x`` and lower-case hex digits. Raises StatementError for anything else."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise StatementError("is not 0x and lower-case hex digits", where=name)
    return bytes.fromhex(value[2:])


@dataclass(frozen=True, slots=True)
class TreeEntry(Piece):
    """A transaction or receipt: its block, its index there, and the nodes of its path that none before it has."""

    FORMS: ClassVar[dict[str, Form]] = {"block": whole, "index": whole}
    TUPLES: ClassVar[tuple[str, ...]] = ("nodes",)

    block: int
    index: int
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeEntry(Piece):
    """The account of a contract at a block: the nodes of its path under the state root."""

    FORMS: ClassVar[dict[str, Form]] = {"name": text, "block": whole}
    TUPLES: ClassVar[tuple[str, ...]] = ("nodes",)

    name: str
    block: int
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputEntry(Piece):
    """A file that documents rest on, by its name in the folder of inputs; ``content`` in base64, None: its hash only.

    ``sha256`` is the file's where there is content, else what the document says, which may be a salted commitment.

    Raises:
        StatementError: a name that leaves the folder, or what is no hash or base64.
    """

    FORMS: ClassVar[dict[str, Form]] = {"sha256": hash32}

    name: str
    sha256: str
    content: str | None

    def __post_init__(self) -> None:
        super(InputEntry, self).__post_init__()
        if any(part in ("", ".") for part in str(text("name", self.name)).split("/")) or not self.name.isprintable():
            raise StatementError(f"{self.name!r} is no plain path", where="name")
        Input(self.name, "document", self.sha256, 0, 0)  # refuses names that leave the folder
        _ = self.octets

    @property
    def octets(self) -> bytes | None:
        """The file's bytes."""
        if self.content is None:
            return None
        try:
            return base64.b64decode(self.content, validate=True)
        except (binascii.Error, ValueError, TypeError) as error:
            raise StatementError(f"is no base64 ({error})", where=self.name) from error


@dataclass(frozen=True, slots=True)
class ShareEntry(Piece):
    """A tenant's file as it got it, and the place of the event by which the operator committed the split."""

    FORMS: ClassVar[dict[str, Form]] = {}
    PARTS: ClassVar[dict[str, Any]] = {"at": Place}

    at: Place
    share: Mapping[str, Any]

    def __post_init__(self) -> None:
        self.tenant_proof()

    def tenant_proof(self) -> TenantProof:
        """The share as it is verified. Raises StatementError if it is none."""
        try:
            return TenantProof.from_json(mapping("share", self.share))
        except (AllocationError, PeriodError) as error:
            raise StatementError(f"is no tenant's proof: {error}", where="share") from error


@dataclass(frozen=True, slots=True)
class Bundle(Document):
    """What ``bundle`` writes and ``verify`` reads.

    Raises:
        StatementError: a missing, unknown or malformed field.
    """

    TYPE: ClassVar[str] = "carbon-tokens/bundle/1"

    proof: Proof
    headers: tuple[str, ...]
    transactions: tuple[TreeEntry, ...]
    receipts: tuple[TreeEntry, ...]
    code: tuple[CodeEntry, ...]
    inputs: tuple[InputEntry, ...]
    shares: tuple[ShareEntry, ...]
    sha256: str

    def __post_init__(self) -> None:
        hash32("sha256", self.sha256)
        for number, header in enumerate(self.headers):
            octets(f"headers[{number}]", header)
        for name in ("transactions", "receipts", "code"):
            for number, entry in enumerate(getattr(self, name)):
                for node in entry.nodes:
                    octets(f"{name}[{number}].nodes", node)

    @classmethod
    def _load(cls, name: str, value: object) -> Any:
        if name == "proof":
            return Proof.from_json(mapping(name, value))
        if name in _LISTS:
            return tuple(_LISTS[name].from_object(item) for item in listed(name, value))
        return listed(name, value) if name == "headers" else value

    def digest(self) -> str:
        """sha-256 of the bundle without its own hash, 0x and 64 digits."""
        content = {name: item for name, item in self.to_json().items() if name != "sha256"}
        return "0x" + hashlib.sha256(rfc8785.dumps(content)).hexdigest()

    def sealed(self) -> Bundle:
        """The bundle with its hash."""
        return replace(self, sha256=self.digest())

    @property
    def places(self) -> tuple[tuple[str, Place], ...]:
        """Every place that its proof and its shares name, by its path in the file."""
        shares = ((f"shares[{number}]", entry.at) for number, entry in enumerate(self.shares))
        return (*places(self.proof), *shares)

    @property
    def last(self) -> int:
        """Number of the last block that a place names."""
        return max(place.block for _, place in self.places)


_LISTS: dict[str, Any] = {
    "transactions": TreeEntry, "receipts": TreeEntry, "code": CodeEntry, "inputs": InputEntry, "shares": ShareEntry,
}  # fmt: skip


def places(proof: Proof) -> Iterator[tuple[str, Place]]:
    """Where the events of a proof stand, by their paths in it."""
    yield "facility", proof.facility.at
    for name in ("panels", "sources", "tokens"):
        for number, item in enumerate(getattr(proof, name)):
            yield f"{name}[{number}]", item.at
    for number, month in enumerate(proof.months):
        for place, event in enumerate(month.events):
            yield f"months[{number}].events[{place}]", event.at
        if month.matching:
            yield f"months[{number}].matching", month.matching.at
    yield "claim", proof.claim.at


def read(path: Path | str) -> Bundle | Proof:
    """The bundle in a file, or the proof if that is what it is.

    Raises:
        ProofError: the file cannot be read, or what it holds is neither, or a proof of an earlier format.
    """
    path = Path(path)
    try:
        value = parse(path.read_bytes())
    except (OSError, StatementError):
        value = None  # which the reader of proofs says
    if not isinstance(value, dict) or not str(value.get("type")).startswith("carbon-tokens/bundle/"):
        return proofs.read(path)
    try:
        return Bundle.from_json(value)
    except StatementError as error:
        raise ProofError(f"this is no bundle: {error}", where=path.name, todo="Ask for the original file.") from error


def proof_in(path: Path | str) -> Proof:
    """The proof that a file is or, a bundle, holds. Raises ProofError as ``read``."""
    found = read(path)
    return found.proof if isinstance(found, Bundle) else found


def write(bundle: Bundle, path: Path | str) -> Path:
    """Writes a bundle in canonical form, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(bundle.canonical())
    return draft.replace(path)
