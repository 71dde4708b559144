"""How an operator brings a facility to its desk: the facility's owner signs a text in a wallet (see ``operating``)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request, Response

from carbon_tokens.service import operating
from carbon_tokens.service.desk_seat import At, By, ChainForm, FacilityForm, moved, router, shown
from carbon_tokens.service.rendering import Here
from carbon_tokens.service.writing import on_chain, only

routes = router()


@routes.get("/desk/facilities/new")
def new(request: Request, node: Here, seat: At) -> Response:
    """Where a facility is named."""
    only(seat.by, "operator")
    return shown(request, "desk_facility_new.html", seat, chains=node.reader.chains())


@routes.post("/desk/facilities/challenge")
def challenge(request: Request, node: Here, seat: By, chain: ChainForm, facility: FacilityForm) -> Response:
    """The text that the owner signs; loading it again makes another, and the one before counts no longer."""
    only(seat.by, "operator")
    known = node.reader.facility(chain, facility)
    with node.engine.begin() as connection:
        made = operating.challenge(connection, seat.by, chain, known)
    place = next(each for each in node.reader.chains() if each["id"] == chain)
    return shown(request, "desk_control.html", seat, challenge=made, facility=known, chain=place)


@routes.post("/desk/facilities/control")
def control(
    node: Here, seat: By, chain: ChainForm, facility: FacilityForm,
    nonce: Annotated[str, Form(pattern="^[0-9a-f]{32}$")],
    signature: Annotated[str, Form(pattern="^0x([0-9a-fA-F]{2}){1,5000}$")],
) -> Response:  # fmt: skip
    """The owner's signature: the organisation operates the facility from now on."""
    only(seat.by, "operator")
    known, given = node.reader.facility(chain, facility), bytes.fromhex(signature[2:])
    with node.reader.engine.begin() as connection:
        message = operating.pending(connection, seat.by, chain, facility, nonce)
    if message is not None:
        with on_chain(node, chain) as follower:
            operating.require_signed(known, message, given, follower.chain)
    with node.engine.begin() as connection:
        operating.use(connection, seat.by, chain, known, message, given)
    return moved("/desk/months")
