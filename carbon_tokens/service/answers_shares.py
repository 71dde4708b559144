"""The forms of answers about allocations: what the chain has for everybody, and shares for those that they are of."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field

from carbon_tokens.service.answers_facilities import MONTH

_NAME = "^[^\\x00-\\x20\\x7f]([^\\x00-\\x1f\\x7f]{0,98}[^\\x00-\\x20\\x7f])?$"
MonthPath = Annotated[str, Path(pattern=MONTH, description="Reporting month, YYYY-MM.")]
TenantId = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="The tenant, 0x and 64 hex digits.")]
MOST = 10_000  # shares in one upload


class AmountsAnswer(BaseModel):
    energy_wh: int
    location_g: int
    market_g: int


class ClaimedAnswer(AmountsAnswer):
    """What was claimed, at a version of the account's totals."""

    version: int


class AllocationAnswer(BaseModel):
    """A split as it stands on chain: its root and totals, and nothing of the shares."""

    id: str
    month: str
    version: int
    root: str
    depth: int
    totals: AmountsAnswer
    recs_wh: int
    current: bool = Field(description="The account still stands at this version.")
    claimed: AmountsAnswer
    block: int
    tx: str


class AllocationsAnswer(BaseModel):
    items: list[AllocationAnswer]
    next: str | None


class SharesUpload(BaseModel):
    """Proofs as `share prove` writes them; or the two files of the folder that `commit` writes."""

    model_config = {"extra": "forbid"}
    proofs: list[dict[str, Any]] = Field(default=[], max_length=MOST)
    allocation: dict[str, Any] | None = Field(default=None, description="allocation.json")
    shares: str = Field(default="", description="shares.secret.csv")


class SharesTaken(BaseModel):
    """How many shares were verified against the root on chain and kept."""

    month: str
    version: int
    root: str
    added: int
    repeated: int


class TenantLink(BaseModel):
    """Which customer organisation sees a tenant's shares."""

    model_config = {"extra": "forbid"}
    tenant: str = Field(min_length=1, max_length=200, description="Facility id, 32 bytes in hex, or the tenant's name.")
    organisation: str = Field(pattern=_NAME, description="An organisation with a key of role customer.")


class TenantAnswer(BaseModel):
    tenant: str
    organisation: str
    version: int
    created: int


class Tenants(BaseModel):
    items: list[TenantAnswer]
    next: str | None


class ShareAnswer(BaseModel):
    """A tenant's share with its proof, and what the index of the chain says of it."""

    id: int
    chain: int
    network: str
    facility: str
    facility_name: str
    month: str
    version: int
    tenant: str
    amounts: AmountsAnswer
    totals: AmountsAnswer
    proof: dict[str, Any] = Field(description="The file that `share verify` and `share claim` take.")
    committed: bool = Field(description="The root of the proof stands on chain.")
    current: bool = Field(description="The account still stands at the proof's version.")
    claimed: ClaimedAnswer | None = Field(description="What the tenant claimed last of this account.")


class SharesAnswer(BaseModel):
    items: list[ShareAnswer]
    next: int | None
