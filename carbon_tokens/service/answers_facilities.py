"""The forms of answers about an organisation's facilities: control, sources, energy data and statements."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import BaseModel, Field

MONTH = "^(19[7-9][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])$"
_FIGURE = "^[0-9]{1,12}([.][0-9]{1,12})?$"
_NAME = "^[^\\x00-\\x20\\x7f]([^\\x00-\\x1f\\x7f]{0,98}[^\\x00-\\x20\\x7f])?$"
SourceNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of a source of the facility.")]
UploadNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of an upload.")]
MonthQuery = Annotated[str, Query(pattern=MONTH, description="Reporting month, YYYY-MM.")]
AnyMonth = Annotated[
    str, Query(pattern=MONTH.replace("^(", "^((", 1).replace(")$", "))?$", 1), description="Only this month.")
]
AfterNumber = Annotated[int, Query(ge=0, le=2**31 - 1, description="The `next` of the page before.")]
AfterPlace = Annotated[str, Query(pattern="^([0-9]{1,9}-0x[0-9a-f]{54})?$", description="The `next` of before.")]
FileName = Annotated[str, Query(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="Name of the file.")]


class RecordAnswer(BaseModel):
    """A description with the hash that the chain has."""

    chain: int
    facility: str
    metadata: str
    description: dict[str, Any]


class ChallengeAnswer(BaseModel):
    """What the facility's owner signs (EIP-191 personal_sign): the message, unchanged."""

    nonce: str
    owner: str
    message: str
    expires: int


class ControlRequest(BaseModel):
    nonce: str = Field(pattern="^[0-9a-f]{32}$")
    signature: str = Field(
        pattern="^0x([0-9a-fA-F]{2}){1,4096}$", description="Of the message; 65 bytes, or what ERC-1271 takes."
    )


class ControlAnswer(BaseModel):
    chain: int
    facility: str
    organisation: str
    owner: str
    since: int


class OperatedAnswer(BaseModel):
    """A facility that the organisation operates, whatever chain it is on."""

    chain: int
    network: str
    id: str
    owner: str
    grid_region: str
    market_zone: str
    metadata: str
    name: str
    city: str
    since: int


class OperatedFacilities(BaseModel):
    items: list[OperatedAnswer]
    next: str | None


class SourceTerms(BaseModel):
    """What a log does not say of itself, as `energy read` takes it; nothing of it is assumed."""

    model_config = {"extra": "forbid"}
    zone: str = Field(default="", pattern="^[A-Za-z0-9_+/-]{0,64}$", description="IANA zone of times without offset.")
    rating_w: str = Field(default="", pattern=f"^$|{_FIGURE}", description="Rating of a UPS, W.")
    efficiencies: str = Field(default="", max_length=500, description="Of a UPS by load: 0.25=0.90,1=0.95")
    model: str = Field(default="", max_length=200, description="Of a server's power: linear:IDLE:MAX")
    count: int = Field(default=1, ge=1, le=1_000_000, description="Equal machines that a log stands for.")
    quality: Literal["", "A", "B", "C", "D"] = ""
    longest_s: int = Field(default=900, ge=1, le=86_400, description="A longer stretch without sample is a gap.")
    period_s: int | None = Field(default=None, ge=1, le=86_400, description="Seconds that a sample is the average of.")
    start: str = Field(
        default="", pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$",
        description="Of a file without times of its own.",
    )  # fmt: skip
    machine: str = Field(default="", max_length=100)
    parts: bool = False


class SourceRequest(BaseModel):
    """Where energy is measured: a utility's meter, a UPS, or servers by their logs."""

    model_config = {"extra": "forbid"}
    kind: Literal["meter", "ups", "servers"]
    utility: str = Field(pattern=_NAME, description="As on the bill; of UPS and servers who runs them.")
    meter: str = Field(pattern=_NAME, description="The meter's number as on its bills; of UPS and servers their name.")
    terms: SourceTerms = SourceTerms()


class SourceAnswer(BaseModel):
    id: int
    kind: str
    utility: str
    meter: str
    meter_id: str
    terms: dict[str, Any]
    version: int
    created: int
    retired: int | None


class Sources(BaseModel):
    items: list[SourceAnswer]
    next: int | None


class Rejected(BaseModel):
    row: str = Field(description="file:row")
    reason: str


class EnergyAnswer(BaseModel):
    """What a file says of a source's month; `hours` and `energy_wh` of that month only."""

    id: int
    source: int
    month: str
    file: str
    sha256: str
    kind: str
    rows: int = Field(description="bills, intervals or hours that count")
    hours: int
    energy_wh: int
    quality: str
    rejected: list[Rejected]
    rejected_rows: int
    warnings: list[str]
    derived: str = Field(description="File of hours that a log was turned into and that statements name; else empty.")
    created: int
    repeated: bool = Field(description="The same file was there before: it counts once.")


class Energy(BaseModel):
    items: list[EnergyAnswer]
    next: int | None


class FactorStated(BaseModel):
    """The factor of a statement. It is stated, not guessed: the region must be the facility's own."""

    model_config = {"extra": "forbid"}
    dataset: Literal["eGRID"] = "eGRID"
    year: int = Field(ge=1990, le=2100)
    edition: str = Field(pattern="^[A-Za-z0-9._ -]{1,40}$")
    region: str = Field(pattern="^[A-Za-z0-9_.-]{1,9}$")


class StatementRequest(BaseModel):
    """What is stated of a month: the energy of sources by a factor, and scopes 1 and 3."""

    model_config = {"extra": "forbid"}
    month: str = Field(pattern=MONTH)
    sources: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(default=[], max_length=100)
    factor: FactorStated | None = Field(default=None, description="Needed with sources.")
    missing: Literal["refuse", "mean", "max"] = Field(default="refuse", description="For hours without a value.")
    pue: str | None = Field(
        default=None, pattern="^[0-9]{1,3}([.][0-9]{1,12})?$",
        description="Total over IT energy. Of UPS and servers it must be stated; 1 is none.",
    )  # fmt: skip
    boundary: Literal["google-2024", "google-2026"] = "google-2024"
    scope1_g: int = Field(default=0, ge=0, lt=2**48)
    scope3_g: int = Field(default=0, ge=0, lt=2**48)
    notes: list[Annotated[str, Field(min_length=1, max_length=500)]] = Field(default=[], max_length=20)
    salts: dict[str, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(
        default={}, max_length=100,
        description="The salt of every file, by its name: then the documents name files by salted commitments, as the"
        " evidence store does. They are not kept.",
    )  # fmt: skip


class StatementsMade(BaseModel):
    """Documents as `POST …/audits` takes them, each with its evidence."""

    month: str
    energy_wh: int
    evidence: list[str]
    documents: list[dict[str, Any]]
    warnings: list[str]


class StatementAnswer(BaseModel):
    id: int
    month: str
    evidence: str
    created: int
    document: dict[str, Any]


class Statements(BaseModel):
    items: list[StatementAnswer]
    next: int | None
