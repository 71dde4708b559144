"""The forms of prepared transactions. Energy in Wh, mass in g CO2e; tokens are 0x and 64 hex digits."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from carbon_tokens.service.answers_facilities import MONTH

_ADDRESS = "^0x[0-9a-fA-F]{40}$"
_TEXT = "^[^\\x00-\\x1f\\x7f]*$"
TransactionHash = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="A transaction's hash.")]
Issuer = Annotated[str, Path(pattern=_ADDRESS, description="Address of an issuer.")]
Facility = Annotated[str, Field(pattern="^0x[0-9a-f]{54}$", description="The facility's id, 0x and 54 hex digits.")]
Token = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]
Amount = Annotated[int, Field(ge=1, lt=2**48, description="Wh of RECs, g of offsets.")]
Address = Annotated[str, Field(pattern=_ADDRESS)]
Reporting = Annotated[str, Field(pattern=MONTH, description="Reporting month, YYYY-MM.")]
Code = Annotated[str, Field(pattern="^[A-Za-z0-9._-]{0,12}$")]


class Sent(BaseModel):
    """A transaction to prepare; `from` is the wallet that will send it."""

    sender: Address = Field(alias="from", description="The wallet that will send it.")


class FacilityBody(Sent):
    grid_region: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,9}$")]
    market_zone: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    description: str = Field(min_length=1, max_length=100_000, description="Its sha-256 becomes the metadata on chain.")


class SourceBody(Sent):
    token_class: Literal["rec", "offset"] = Field(alias="class")
    registry: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,12}$")]
    device: str = Field(min_length=1, max_length=200, pattern=_TEXT, description="The registry's own id of it.")
    market_zone: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    grid_region: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{0,9}$")] = ""
    technology: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{0,10}$")] = ""


class IssueBody(Sent):
    table: str = Field(min_length=1, max_length=5_000_000, description="CSV of certificates, one batch a row.")
    to: Annotated[str, Field(pattern="^(0x[0-9a-fA-F]{40})?$", description="First holder; the issuer without it.")] = ""


class TransferBody(Sent):
    to: Address
    tokens: list[Token] = Field(min_length=1, max_length=100)
    amounts: list[Amount] = Field(min_length=1, max_length=100)


class RetireBody(Sent):
    facility: Facility
    month: Reporting
    tokens: list[Token] = Field(min_length=1, max_length=100)
    amounts: list[Amount] = Field(min_length=1, max_length=100)
    beneficiary: str = Field(default="", max_length=500, pattern=_TEXT)
    purpose: str = Field(default="", max_length=500, pattern=_TEXT)


class ClaimBody(Sent):
    facility: Facility
    first: Reporting
    last: Annotated[str, Field(pattern=f"^$|{MONTH}", description="Last month; the first without it.")] = ""
    basis: Literal["annual", "hourly"] = "annual"


class CloseBody(Sent):
    facility: Facility
    month: Reporting


class ShareBody(Sent):
    proof: dict[str, Any] = Field(description="A tenant's proof, as `share prove` writes it.")


class CallAnswer(BaseModel):
    """A call for eth_sendTransaction."""

    action: str
    sender: str = Field(alias="from")
    to: str
    data: str
    value: str
    gas: str


class PreparedAnswer(BaseModel):
    """What a wallet sends, in this order; no calls where the chain has it already."""

    chain_id: int
    calls: list[CallAnswer]
    summary: str
    effects: dict[str, Any]
    sent: list[dict[str, str]] | None = Field(default=None, description="Hash and bytes of what the node signed.")


class StateAnswer(BaseModel):
    """Where a transaction stands: unknown, pending, mined, or failed with the reason."""

    state: Literal["unknown", "pending", "mined", "failed"]
    block: int | None = None
    confirmations: int = 0
    gas_used: int | None = None
    reason: str = ""


class StatusAnswer(BaseModel):
    """A facility-month as the contracts have it now, and what is missing until it can be claimed."""

    month: str
    energy_wh: int
    recs_wh: int
    offsets_g: int
    gross_location_g: int
    gross_market_g: int
    net_g: int
    closed: bool
    version: int
    missing: dict[str, Any]


class BatchAnswer(BaseModel):
    """A batch that was issued: of its amount `held` is in accounts, the rest is retired."""

    token: str
    cls: str = Field(alias="class")
    source: int
    registry: str
    amount: int
    held: int
    retired: int
    serial_from: str
    serial_thru: str
    vintage_start: int
    vintage_end: int
    block: int
    tx: str


class Batches(BaseModel):
    items: list[BatchAnswer]
    next: str | None
