"""Allocations in the API: roots and totals for everybody, shares with their proofs for operator and tenant."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from carbon_tokens.ledger import Ledger
from carbon_tokens.periods import Month
from carbon_tokens.service import allocations, operating, shares
from carbon_tokens.service import answers_shares as forms
from carbon_tokens.service.answers import AfterEvent, AfterId, ChainNumber, FacilityId, Limit
from carbon_tokens.service.answers_facilities import AfterNumber
from carbon_tokens.service.api import NOT_FOUND, Here
from carbon_tokens.service.facilities import PLACE
from carbon_tokens.service.reading import LIMIT, described
from carbon_tokens.service.statements_api import page
from carbon_tokens.service.writing import KEYED, Key, Repeatable, Seen, on_chain, only, repeatable

router = APIRouter(prefix="/api/v1")


@router.get(PLACE + "/allocations", response_model=forms.AllocationsAnswer, responses=NOT_FOUND, tags=["shares"])
def committed(
    node: Here, chain: ChainNumber, facility: FacilityId, after: AfterEvent = "", limit: Limit = LIMIT
) -> Any:
    """The splits of a facility's accounts as the chain has them: roots, totals, and what was claimed of them."""
    node.reader.facility(chain, facility)
    with node.reader.engine.begin() as connection:
        rows = allocations.committed(connection, chain, facility, after, limit + 1)
    return page(rows, limit)


@router.post(
    PLACE + "/allocations/{month}/shares", status_code=201, response_model=forms.SharesTaken, responses=KEYED,
    tags=["shares"],
)  # fmt: skip
def upload(
    request: Request, node: Here, by: Key, chain: ChainNumber, facility: FacilityId, month: forms.MonthPath,
    body: forms.SharesUpload, key: Repeatable = "",
) -> Any:  # fmt: skip
    """Takes shares of a committed split, each verified against the root on chain. Only an operator."""
    only(by, "operator")
    with node.reader.engine.begin() as connection:
        operating.require(connection, by, chain, facility)
    with on_chain(node, chain) as follower:
        ledger = Ledger(follower.chain, follower.deployments)
    proofs = shares.proofs_of(ledger, body.model_dump())
    with on_chain(node, chain):  # not while the proofs are read and verified: others wait for the chain
        root = shares.root_of(ledger, proofs, (int(facility, 16), Month.parse(month)))
    for each in proofs:
        each.verify(root)

    def do(connection: Connection) -> Any:
        return shares.keep(connection, by, chain, facility, proofs, root)

    return repeatable(request, node, by, key, body.model_dump(), do)


@router.get("/shares", response_model=forms.SharesAnswer, responses=KEYED, tags=["shares"])
def listed(node: Here, by: Key, response: Response, after: AfterNumber = 0, limit: Limit = LIMIT) -> Any:
    """A customer's own shares, or those that an operator brought, over all chains, with proofs."""
    only(by, "operator", "customer")
    response.headers["Cache-Control"] = "no-store"
    names = {each["id"]: each["name"] for each in node.reader.chains()}
    with node.reader.engine.begin() as connection:
        rows = shares.listed(connection, by, after, limit + 1)
        for row in rows:
            row["network"] = names[row["chain"]]
            row["facility_name"] = described(connection, row["chain"], [row["facility"]])[row["facility"]]["name"]
    return page(rows, limit)


@router.post(PLACE + "/tenants", status_code=201, response_model=forms.TenantAnswer, responses=KEYED, tags=["shares"])
def link(
    request: Request, node: Here, by: Key, chain: ChainNumber, facility: FacilityId, body: forms.TenantLink,
    key: Repeatable = "",
) -> Any:  # fmt: skip
    """Lets a customer organisation see a tenant's shares. Only an operator."""
    only(by, "operator")

    def do(connection: Connection) -> Any:
        return shares.link(connection, by, chain, facility, body.tenant, body.organisation)

    return repeatable(request, node, by, key, body.model_dump(), do)


@router.get(PLACE + "/tenants", response_model=forms.Tenants, responses=KEYED, tags=["shares"])
def linked(
    node: Here, by: Key, chain: ChainNumber, facility: FacilityId, after: AfterId = "", limit: Limit = LIMIT
) -> Any:
    """The tenants of a facility that have a customer. Only an operator."""
    only(by, "operator")
    with node.reader.engine.begin() as connection:
        rows = shares.linked(connection, by, chain, facility, after, limit + 1)
    return {"items": rows[:limit], "next": rows[limit - 1]["tenant"] if len(rows) > limit else None}


@router.delete(PLACE + "/tenants/{tenant}", status_code=204, response_class=Response, responses=KEYED, tags=["shares"])
def unlink(node: Here, by: Key, chain: ChainNumber, facility: FacilityId, tenant: forms.TenantId, seen: Seen) -> None:
    """The customer sees the tenant's shares no longer. Only an operator."""
    only(by, "operator")
    with node.engine.begin() as connection:
        shares.unlink(connection, by, chain, facility, tenant, seen)
