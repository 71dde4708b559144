"""An organisation's page: its facilities over every network that this node follows, and what they come to together.

An address is whatever owns facilities on chain; a name is of an organisation that proved to operate them here.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from carbon_tokens.service.overview import combined, operators, owned, proven
from carbon_tokens.service.reading import LIMIT, Unknown
from carbon_tokens.service.rendering import Here, page

Owner = Annotated[str, Path(min_length=1, max_length=100, description="An address, or an organisation's name.")]
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/organisations/{owner:path}")
def organisation(request: Request, node: Here, owner: Owner) -> Response:
    """Facilities of an owner's address, or of an organisation by its name, by network and in all."""
    if not owner.isprintable():
        raise Unknown("organisation of this name")
    address = bool(_ADDRESS.fullmatch(owner))
    with node.reader.engine.begin() as connection:
        places = owned(connection, owner) if address else proven(connection, owner)
        names = operators(connection, places)
    if not places:
        raise Unknown(f"facility that {owner} owns")
    facilities = [(chain, node.reader.facility(chain, facility)) for chain, facility in places]
    networks = {each["id"]: each["name"] for each in node.reader.chains()}
    return page(
        request, "organisation.html", owner=owner.lower() if address else owner, address=address, names=names,
        facilities=facilities, networks=networks, years=combined(node, places), more=len(places) >= LIMIT,
    )  # fmt: skip
