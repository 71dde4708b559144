"""Pages for people, which need no JavaScript: the facilities, and whatever the other pages are put together from.

The pages of a facility, of a certificate with its verification, and of an organisation stand in modules of their own.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from carbon_tokens.service import certificate_pages, facility_pages, organisation_pages
from carbon_tokens.service.node import Node
from carbon_tokens.service.overview import latest
from carbon_tokens.service.rendering import Here, megawatt_hours, page, tonnes

__all__ = ["Here", "megawatt_hours", "not_found", "page", "router", "tonnes", "wanted"]

FIRST = 100  # facilities of a chain that the first page shows
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
for each in (facility_pages, certificate_pages, organisation_pages):
    router.include_router(each.router)


def wanted(request: Request) -> bool:
    """Whether a person asks, rather than a program."""
    return not request.url.path.startswith(("/api/", "/health/", "/metrics", "/openapi.json"))


def not_found(request: Request, what: str) -> Response:
    """The page for what is not there."""
    return page(request, "not_found.html", status=404, what=what)


@router.get("/")
def home(request: Request, node: Here) -> Response:
    """Every chain with its facilities."""
    return page(request, "home.html", chains=[_chain(node, chain) for chain in node.reader.chains()])


def _chain(node: Node, chain: dict[str, Any]) -> dict[str, Any]:
    found = node.reader.facilities(chain["id"], limit=FIRST)
    with node.reader.engine.begin() as connection:
        last = latest(connection, chain["id"], [each["id"] for each in found.items])
    return {
        "chain": chain,
        "facilities": [each | last[each["id"]] for each in found.items],
        "more": found.next is not None,
    }
