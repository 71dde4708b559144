"""The forms of answers about evidence: what is held of it, and to whom it can be sealed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, Field

from carbon_tokens.evidence.cid import PATTERN
from carbon_tokens.evidence.sealing import RECIPIENT

_ORGANISATION = "[^\\x00-\\x20\\x7f]([^\\x00-\\x1f\\x7f]{0,98}[^\\x00-\\x20\\x7f])?"
Cid = Annotated[str, Path(pattern=PATTERN, description="The name of a sealed file: bafkrei….")]
Auditor = Annotated[
    str, Query(pattern=f"^({_ORGANISATION})?$", description="An auditor organisation: may read it too.")
]
NewAuditor = Annotated[
    str, Query(pattern=f"^{_ORGANISATION}$", description="The auditor organisation that may read it.")
]
Days = Annotated[int, Query(ge=1, le=36_500, description="Days that it must be kept.")]
Commitment = Annotated[
    str, Query(pattern="^(0x[0-9a-f]{64})?$", description="Of a body that comes sealed; without it the node seals it.")
]


class EvidenceKey(BaseModel):
    public_key: str = Field(
        pattern=RECIPIENT, description="An age public key (X25519); the node never sees the secret."
    )


class EvidenceKeyAnswer(EvidenceKey):
    organisation: str
    changed: int


class EvidenceAnswer(BaseModel):
    """A sealed file. `commitment`: sha-256(salt · sha-256(file)); the salt is in the envelope, for its readers."""

    cid: str
    commitment: str
    organisation: str
    auditor: str
    size: int = Field(description="Of the sealed bytes.")
    sealed_by: str = Field(description="node, or client: what a client sealed, and to whom, only its readers can tell.")
    kept_until: int
    replaces: str
    created: int


class EvidencePage(BaseModel):
    items: list[EvidenceAnswer]
    next: int | None


class QuotaAnswer(BaseModel):
    """What an organisation may keep of evidence, sealed, and what it keeps."""

    bytes: int
    files: int
    bytes_used: int
    files_used: int
