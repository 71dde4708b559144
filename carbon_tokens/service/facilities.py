"""An organisation's facilities in the API: descriptions, the proof of who operates them, and the list of one's own."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from carbon_tokens.service import answers_facilities as forms
from carbon_tokens.service import describing, operating
from carbon_tokens.service.answers import ChainNumber, FacilityId, Limit
from carbon_tokens.service.api import Here
from carbon_tokens.service.reading import LIMIT, Unknown
from carbon_tokens.service.writing import KEYED, Key, Repeatable, on_chain, only, repeatable

router = APIRouter(prefix="/api/v1")
PLACE = "/chains/{chain}/facilities/{facility}"
JSON_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
}


async def content_of(request: Request) -> bytes:
    """The body as it came, whose hash counts."""
    return await request.body()


Content = Annotated[bytes, Depends(content_of)]


@router.get("/facilities", response_model=forms.OperatedFacilities, responses=KEYED, tags=["facilities"])
def operated(node: Here, by: Key, after: forms.AfterPlace = "", limit: Limit = LIMIT) -> Any:
    """The facilities that the organisation operates, over all chains."""
    number, _, facility = after.partition("-")
    with node.reader.engine.begin() as connection:
        rows = operating.operated(connection, by, (int(number or 0), facility), limit + 1)
    names = {each["id"]: each["name"] for each in node.reader.chains()}
    items = []
    for row in rows[:limit]:
        try:
            known = node.reader.facility(row.chain, row.facility)
        except Unknown:
            continue  # a reorganisation took it back
        items.append({"chain": row.chain, "network": names[row.chain], "since": row.since, **known})
    last = f"{rows[limit - 1].chain}-{rows[limit - 1].facility}" if len(rows) > limit else None
    return {"items": items, "next": last}


@router.post(
    PLACE + "/record", status_code=201, response_model=forms.RecordAnswer, responses=KEYED, tags=["facilities"],
    openapi_extra=JSON_BODY,
)  # fmt: skip
def record(
    request: Request, node: Here, by: Key, chain: ChainNumber, facility: FacilityId, content: Content,
    key: Repeatable = "",
) -> Any:  # fmt: skip
    """Takes the facility's description, if its sha-256 is the metadata on chain. Only an operator."""
    only(by, "operator")
    known = node.reader.facility(chain, facility)

    def do(connection: Connection) -> Any:
        return describing.record(connection, by, chain, known, content)

    return repeatable(request, node, by, key, hashlib.sha256(content).hexdigest(), do)


@router.post(
    PLACE + "/challenge", status_code=201, response_model=forms.ChallengeAnswer, responses=KEYED, tags=["facilities"]
)
def challenge(node: Here, by: Key, chain: ChainNumber, facility: FacilityId, response: Response) -> Any:
    """A text for the facility's owner to sign, good once and for an hour. Only an operator."""
    only(by, "operator")
    response.headers["Cache-Control"] = "no-store"
    known = node.reader.facility(chain, facility)
    with node.engine.begin() as connection:
        return operating.challenge(connection, by, chain, known)


@router.post(
    PLACE + "/control", status_code=201, response_model=forms.ControlAnswer, responses=KEYED, tags=["facilities"]
)
def control(
    request: Request, node: Here, by: Key, chain: ChainNumber, facility: FacilityId, body: forms.ControlRequest,
    key: Repeatable = "",
) -> Any:  # fmt: skip
    """The owner's signature of the challenge: from now on the organisation operates the facility. Only an operator."""
    only(by, "operator")
    known = node.reader.facility(chain, facility)
    signature = bytes.fromhex(body.signature[2:])
    with node.reader.engine.begin() as connection:
        message = operating.pending(connection, by, chain, facility, body.nonce)
    if message is not None:  # else it was used, perhaps by the same request
        with on_chain(node, chain) as follower:
            operating.require_signed(known, message, signature, follower.chain)

    def do(connection: Connection) -> Any:
        return operating.use(connection, by, chain, known, message, signature)

    return repeatable(request, node, by, key, body.model_dump(), do)


@router.delete(PLACE + "/control", status_code=204, response_class=Response, responses=KEYED, tags=["facilities"])
def give_up(node: Here, by: Key, chain: ChainNumber, facility: FacilityId) -> None:
    """The organisation operates the facility no longer. Only an operator."""
    only(by, "operator")
    with node.engine.begin() as connection:
        operating.give_up(connection, by, chain, facility)
