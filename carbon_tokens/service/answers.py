"""The forms of the API's answers. Energy in Wh, mass in g CO2e, times in ISO 8601; ids are 0x and hex digits."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, Field

FacilityId = Annotated[str, Path(pattern="^0x[0-9a-f]{54}$", description="The facility's id, 0x and 54 hex digits.")]
ClaimId = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="The claim's id, 0x and 64 hex digits.")]
Holder = Annotated[str, Path(pattern="^0x[0-9a-fA-F]{40}$", description="An address.")]
ChainNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of an indexed chain.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Rows of a page.")]
AfterId = Annotated[str, Query(pattern="^(0x[0-9a-f]{1,64})?$", description="The `next` of the page before.")]
AfterEvent = Annotated[str, Query(pattern="^([0-9]{1,18}-[0-9]{1,9})?$", description="The `next` of the page before.")]


class Problem(BaseModel):
    """RFC 9457: what is wrong, where, and what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    where: str = ""
    todo: str = ""


class ChainAnswer(BaseModel):
    """A chain that is indexed; `block` is where the index stands."""

    id: int
    name: str
    chain_id: str
    genesis: str
    contracts: dict[str, str]
    block: int | None


class FacilityAnswer(BaseModel):
    id: str
    owner: str
    grid_region: str
    market_zone: str
    metadata: str = Field(description="sha-256 of the facility's description")
    name: str = Field(default="", description="From the verified description, once its owner let it be operated here.")
    city: str = ""
    block: int
    tx: str


class Facilities(BaseModel):
    items: list[FacilityAnswer]
    next: str | None


class MonthAnswer(BaseModel):
    """An account: what was audited and retired, and the three totals, which always stand side by side."""

    month: str
    energy_wh: int
    scope1_g: int
    scope2_location_g: int
    scope2_residual_g: int
    scope3_g: int
    version: int
    closed: bool
    recs_wh: int
    offsets_g: int
    allocated_location_g: int
    allocated_market_g: int
    shares: int
    gross_location_g: int
    gross_market_g: int
    net_g: int


class EventAnswer(BaseModel):
    """What a contract said; numbers of more than 53 bits are text."""

    id: str
    block: int
    tx: str
    contract: str
    event: str
    month: str | None
    args: dict[str, Any]


class Events(BaseModel):
    items: list[EventAnswer]
    next: str | None


class HoldingAnswer(BaseModel):
    token: str
    cls: str = Field(alias="class", description="rec (Wh), offset (g), audited or allocated (g)")
    amount: int


class Holdings(BaseModel):
    items: list[HoldingAnswer]
    next: str | None


class ClaimSummary(BaseModel):
    id: str
    first: str
    last: str
    number: int
    block: int
    tx: str


class ClaimAnswer(BaseModel):
    """A certificate as the chain has it now."""

    id: str
    facility: str
    first: str
    last: str
    basis: str
    number: int
    claimed_at: str
    valid: bool
    certificate: dict[str, Any]


class CheckAnswer(BaseModel):
    depth: str = Field(description="offline: of the file alone; chain: compared with the chain")
    check: str
    ok: bool


class VerificationAnswer(BaseModel):
    """What a proof file is worth: every check with its result. `chain`: whether a followed chain was asked too."""

    verified: bool
    chain: bool
    reasons: list[str] = Field(description="why not")
    checks: list[CheckAnswer]


class Health(BaseModel):
    status: str
    chains: dict[str, str] = {}


Prefix = Annotated[str, Path(pattern="^[0-9a-f]{12}$", description="What is shown of a key: 12 hex digits.")]
RequestId = Annotated[str, Path(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="A request's id.")]
State = Annotated[str, Query(pattern="^(|requested|taken|signed|refused|withdrawn)$")]


class Me(BaseModel):
    organisation: str
    role: str
    key: str
    scope: list[str] = []


class KeyRequest(BaseModel):
    organisation: str = Field(pattern="^[^\\x00-\\x20\\x7f]([^\\x00-\\x1f\\x7f]{0,98}[^\\x00-\\x20\\x7f])?$")
    role: str = Field(pattern="^(admin|operator|auditor|issuer|customer)$")
    days: int = Field(default=90, ge=1, le=3650)
    scope: list[Annotated[str, Field(pattern="^[1-9][0-9]{0,8}(/0x[0-9a-f]{54})?$")]] = Field(
        default=[], max_length=100, description='Chains "1" and facilities "1/0x…" that it is limited to.'
    )


class NewKey(BaseModel):
    key: str = Field(description="Shown this once.")


class KeyAnswer(BaseModel):
    prefix: str
    organisation: str
    role: str
    created: int
    expires: int
    revoked: int | None
    scope: list[str]
    used: int | None = Field(description="When it was last used, to the minute; null: never.")
    replaced_by: str | None = Field(description="The key that it was rotated to.")


class Rotation(BaseModel):
    overlap_hours: int = Field(default=24, ge=0, le=720, description="Hours in which old and new key are both good.")


class RotatedKey(NewKey):
    old_until: int = Field(description="When the old key ends.")


class ActionAnswer(BaseModel):
    """A row of the append-only log; `hash` covers the row and the hash of the one before."""

    id: int
    at: int
    organisation: str
    key: str
    verb: str
    target: str
    detail: dict[str, Any]
    previous: str
    hash: str


class AuditRequest(BaseModel):
    documents: list[dict[str, Any]] = Field(
        min_length=1, max_length=100, description="Statements, as `state` writes them."
    )


class AuditAnswer(BaseModel):
    """A request for an audit; "audited" once the chain has its evidence."""

    id: str
    chain: int
    facility: str
    month: str
    state: str
    version: int
    organisation: str
    operates: bool = Field(description="Whether the owner of the facility made the organisation its operator here.")
    auditor: str
    reason: str
    deadline: int
    signatures: list[dict[str, str]]
    documents: list[dict[str, Any]]
    evidence: list[str]


class Refusal(BaseModel):
    reason: str = Field(min_length=1, max_length=2000)


class SignatureAnswer(BaseModel):
    signature: str = Field(pattern="^0x[0-9a-fA-F]{130}$")


class Transaction(BaseModel):
    """A call for a wallet to send."""

    chain_id: int
    to: str
    data: str
    value: str
