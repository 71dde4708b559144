"""Pages for people: facilities, a facility's months, a certificate, and a proof to verify. They need no JavaScript."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Request, Response, UploadFile
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from carbon_tokens.ledger.ids import HOURLY
from carbon_tokens.nesting import loads
from carbon_tokens.periods import Month
from carbon_tokens.service import answers as forms
from carbon_tokens.service.api import node_of, verified
from carbon_tokens.service.charts import bars
from carbon_tokens.service.node import Node

_FOLDER = Path(str(resources.files("carbon_tokens.service") / "templates"))
_TEMPLATES = Jinja2Templates(
    env=Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
)
FIRST = 100  # facilities of a chain, and events of a facility, that a page shows
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
Here = Annotated[Node, Depends(node_of)]


def wanted(request: Request) -> bool:
    """Whether a person asks, rather than a program."""
    return not request.url.path.startswith(("/api/", "/health/", "/metrics", "/openapi.json"))


def not_found(request: Request, what: str) -> Response:
    """The page for what is not there."""
    return _page(request, "not_found.html", status=404, what=what)


def tonnes(grams: int) -> str:
    """g as t, to the gram, with signs as people write them."""
    sign = "−" if grams < 0 else ""
    return f"{sign}{abs(grams) // 1_000_000:,}.{abs(grams) % 1_000_000:06d}"


def megawatt_hours(watt_hours: int) -> str:
    """Wh as MWh, to the Wh."""
    return f"{watt_hours // 1_000_000:,}.{watt_hours % 1_000_000:06d}"


_TEMPLATES.env.filters |= {"t": tonnes, "mwh": megawatt_hours}


@router.get("/")
def home(request: Request, node: Here) -> Response:
    """Every chain with its facilities."""
    chains = node.reader.chains()
    found = [(chain, node.reader.facilities(chain["id"], limit=FIRST).items) for chain in chains]
    return _page(request, "home.html", chains=found)


@router.get("/chains/{chain}/facilities/{facility}")
def facility(request: Request, node: Here, chain: forms.ChainNumber, facility: forms.FacilityId) -> Response:
    """A facility's months: gross and net side by side, and what is missing for neutrality."""
    months = node.reader.months(chain, facility)
    return _page(
        request, "facility.html", chain=chain, facility=node.reader.facility(chain, facility), months=months,
        claims=node.reader.claims(chain, facility), history=asdict(node.reader.events(chain, facility, limit=FIRST)),
        chart=bars(months), missing=[_missing(each) for each in months],
    )  # fmt: skip


@router.get("/chains/{chain}/claims/{claim}")
def certificate(request: Request, node: Here, chain: forms.ChainNumber, claim: forms.ClaimId) -> Response:
    """A certificate as it stands now."""
    found, stated = node.claim(chain, int(claim, 16))
    about = f"0x{found.facility:054x}"
    months = [each for each in node.reader.months(chain, about)
              if str(Month(found.first)) <= each["month"] <= str(Month(found.last))]  # fmt: skip
    return _page(
        request, "certificate.html", chain=chain, claim=found, id=claim, stated=stated, months=months,
        facility=node.reader.facility(chain, about), basis="hourly" if found.basis == HOURLY else "annual",
        first=str(Month(found.first)), last=str(Month(found.last)),
        claimed_at=f"{datetime.fromtimestamp(found.time, UTC):%Y-%m-%d %H:%M} UTC",
    )  # fmt: skip


@router.get("/verify")
def verify_page(request: Request) -> Response:
    """Where a proof is put in."""
    return _page(request, "verify.html", result=None, fault="")


@router.post("/verify")
def verify_result(request: Request, node: Here, proof: Annotated[UploadFile, File()]) -> Response:
    """What a proof is worth."""
    try:
        body = loads(proof.file.read())
        if not isinstance(body, dict):
            raise ValueError("a list or a number")
    except (ValueError, json.JSONDecodeError) as error:
        return _page(request, "verify.html", status=422, result=None, fault=f"This is no proof file: {error}.")
    return _page(request, "verify.html", result=verified(node, body), fault="")


def _missing(month: dict[str, Any]) -> dict[str, Any]:
    """What it would take for net ≤ 0: RECs for energy that none covers, offsets for what is left then."""
    uncovered = max(0, month["energy_wh"] - month["recs_wh"])
    rest = month["gross_market_g"] - month["offsets_g"]
    return {"uncovered_wh": uncovered, "offsets_g": max(0, rest), "neutral": rest <= 0, "open": not month["closed"]}


def _page(request: Request, name: str, status: int = 200, **content: Any) -> Response:
    return _TEMPLATES.TemplateResponse(request, name, content, status_code=status)
