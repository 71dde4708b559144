"""A certificate's page, with its QR code and a box for its proof; and the page where any proof is verified."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import segno
from fastapi import APIRouter, File, Form, Path, Request, Response, UploadFile
from fastapi.responses import HTMLResponse

from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.ledger.ids import HOURLY
from carbon_tokens.ledger.records import Claim
from carbon_tokens.ledger.views import data_uri
from carbon_tokens.nesting import loads
from carbon_tokens.periods import Month
from carbon_tokens.service import answers as forms
from carbon_tokens.service import certificate_files
from carbon_tokens.service.api import verified
from carbon_tokens.service.node import Node
from carbon_tokens.service.rendering import Here, page

Compared = Annotated[str, Form(pattern="^(|[0-9]{1,10}/0x[0-9a-f]{64})$")]
_KEPT = 256
_drawn: dict[tuple[str, int, str], tuple[Claim, dict[str, Any]]] = {}
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
router.include_router(certificate_files.router)


@router.get("/chains/{chain}/claims/{claim}")
def certificate(request: Request, node: Here, chain: forms.ChainNumber, claim: forms.ClaimId) -> Response:
    """A certificate as it stands now, every field in words."""
    try:
        found, stated = _claim(node, chain, int(claim, 16))
    except CarbonTokensError as error:
        return page(request, "no_answer.html", 503, what=error.what)
    about = f"0x{found.facility:054x}"
    address = f"{str(getattr(request.app.state, 'public_url', '') or request.base_url).rstrip('/')}{request.url.path}"
    code = segno.make(address, error="m", micro=False).svg_data_uri(scale=4, border=3, dark="#000", light="#fff")
    return page(
        request, "certificate.html", chain=chain, claim=found, id=claim, stated=stated, code=code, address=address,
        facility=node.reader.facility(chain, about), months=_months(node, chain, about, found),
        network=next(each for each in node.reader.chains() if each["id"] == chain),
        first=str(Month(found.first)), last=str(Month(found.last)),
        basis="hourly" if found.basis == HOURLY else "annual", kinds=certificate_files.kinds(),
        claimed_at=f"{datetime.fromtimestamp(found.time, UTC):%Y-%m-%d %H:%M} UTC",
    )  # fmt: skip


@router.get("/chains/{chain}/claims/{claim}/contract.{kind}")
def drawn(
    node: Here, chain: forms.ChainNumber, claim: forms.ClaimId, kind: Annotated[str, Path(pattern="^(svg|json)$")]
) -> Response:
    """What the contract itself says of a certificate now: its picture, or all of its data."""
    stated = _claim(node, chain, int(claim, 16))[1]
    content = data_uri(stated["image"]) if kind == "svg" else json.dumps(stated, ensure_ascii=False)
    headers = {"Content-Disposition": f'attachment; filename="contract.{kind}"'}
    return Response(content, media_type=certificate_files.KINDS[kind], headers=headers)


def _claim(node: Node, chain: int, claim: int) -> tuple[Claim, dict[str, Any]]:
    """A certificate as its chain has it at its head; the contract draws it anew only when the head is another."""
    follower = node.follower(chain)
    with follower.lock:
        head = follower.chain.rpc.request("eth_getBlockByNumber", ["latest", False])
    key = (follower.chain.genesis, claim, str(head["hash"]))
    found = _drawn.get(key)
    if found is None:
        found = node.claim(chain, claim)  # its head is this one or a later one
        if len(_drawn) >= _KEPT:
            _drawn.clear()
        _drawn[key] = found
    return found


def _months(node: Node, chain: int, facility: str, claim: Claim) -> list[dict[str, Any]]:
    """The accounts of the certificate's months as they stand now."""
    first, last = str(Month(claim.first)), str(Month(claim.last))
    return [each for each in node.reader.months(chain, facility) if first <= each["month"] <= last]


@router.get("/verify")
def verify_page(request: Request) -> Response:
    """Where a proof is put in."""
    return page(request, "verify.html", result=None, fault="", compared="", other="")


@router.post("/verify")
def verify_result(
    request: Request, node: Here, proof: Annotated[UploadFile, File()], compared: Compared = ""
) -> Response:
    """What a proof is worth; and where it was put in on a certificate's page, whether it is of that certificate.

    Args:
        compared: chain and claim of that certificate, N/0x….
    """
    shown: dict[str, Any] = {"result": None, "fault": "", "compared": compared, "other": ""}
    try:
        body = loads(proof.file.read())
        if not isinstance(body, dict):
            raise ValueError("a list or a number")
    except (ValueError, json.JSONDecodeError) as error:
        return page(request, "verify.html", status=422, **shown | {"fault": str(error)})
    try:
        result = verified(node, body)
    except CarbonTokensError as error:
        return page(request, "no_answer.html", 503, what=error.what)
    return page(request, "verify.html", **shown | {"result": result, "other": _other(node, body, compared)})


def _other(node: Node, body: dict[str, Any], compared: str) -> str:
    """Why a proof is not of the certificate that it was put in for: "claim", "chain", or "" if it is of it."""
    if not compared:
        return ""
    chain, _, claim = compared.partition("/")
    genesis = {str(each["id"]): each["genesis"] for each in node.reader.chains()}.get(chain)
    stated, place = body.get("claim"), body.get("chain")
    if not isinstance(stated, dict) or stated.get("id") != claim:
        return "claim"
    return "" if isinstance(place, dict) and place.get("genesis") == genesis else "chain"
