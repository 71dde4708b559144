"""The public part of the REST API, version 1: reading, and the verification of proofs. It needs no key."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from carbon_tokens.claims import bundle as bundles
from carbon_tokens.claims.verifying import verify
from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.ledger.ids import HOURLY
from carbon_tokens.periods import Month
from carbon_tokens.service import answers as forms
from carbon_tokens.service.node import Node
from carbon_tokens.service.reading import LIMIT, Page

router = APIRouter(prefix="/api/v1")


def node_of(request: Request) -> Node:
    """The node that answers."""
    node: Node = request.app.state.node
    return node


Here = Annotated[Node, Depends(node_of)]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": forms.Problem}}
PROBLEMS: dict[int | str, dict[str, Any]] = {code: {"model": forms.Problem} for code in (400, 411, 413, 503)}


@router.get("/chains", response_model=list[forms.ChainAnswer], tags=["chains"])
def chains(node: Here) -> Any:
    """The chains that this node follows."""
    return node.reader.chains()


@router.get("/chains/{chain}/facilities", response_model=forms.Facilities, responses=NOT_FOUND, tags=["facilities"])
def facilities(node: Here, chain: forms.ChainNumber, after: forms.AfterId = "", limit: forms.Limit = LIMIT) -> Any:
    """The facilities of a chain, by id."""
    return _of(node.reader.facilities(chain, after, limit))


@router.get(
    "/chains/{chain}/facilities/{facility}", response_model=forms.FacilityAnswer, responses=NOT_FOUND,
    tags=["facilities"],
)  # fmt: skip
def facility(node: Here, chain: forms.ChainNumber, facility: forms.FacilityId) -> Any:
    """A facility."""
    return node.reader.facility(chain, facility)


@router.get(
    "/chains/{chain}/facilities/{facility}/months", response_model=list[forms.MonthAnswer], responses=NOT_FOUND,
    tags=["facilities"],
)  # fmt: skip
def months(node: Here, chain: forms.ChainNumber, facility: forms.FacilityId) -> Any:
    """A facility's months: audited, retired, gross and net."""
    return node.reader.months(chain, facility)


@router.get(
    "/chains/{chain}/facilities/{facility}/events", response_model=forms.Events, responses=NOT_FOUND,
    tags=["facilities"],
)  # fmt: skip
def events(
    node: Here, chain: forms.ChainNumber, facility: forms.FacilityId, after: forms.AfterEvent = "",
    limit: forms.Limit = LIMIT,
) -> Any:  # fmt: skip
    """What happened to a facility, in the order of the chain."""
    return _of(node.reader.events(chain, facility, after, limit))


@router.get(
    "/chains/{chain}/facilities/{facility}/claims", response_model=list[forms.ClaimSummary], responses=NOT_FOUND,
    tags=["claims"],
)  # fmt: skip
def claims(node: Here, chain: forms.ChainNumber, facility: forms.FacilityId) -> Any:
    """The claims of a facility, the latest first."""
    return node.reader.claims(chain, facility)


@router.get("/chains/{chain}/claims/{claim}", response_model=forms.ClaimAnswer, responses=NOT_FOUND, tags=["claims"])
def claim(node: Here, chain: forms.ChainNumber, claim: forms.ClaimId) -> Any:
    """A certificate as the chain has it at this moment."""
    found, certificate = node.claim(chain, int(claim, 16))
    return {
        "id": claim,
        "facility": f"0x{found.facility:054x}",
        "first": str(Month(found.first)),
        "last": str(Month(found.last)),
        "basis": "hourly" if found.basis == HOURLY else "annual",
        "number": found.number,
        "claimed_at": datetime.fromtimestamp(found.time, UTC).isoformat().replace("+00:00", "Z"),
        "valid": found.valid,
        "certificate": certificate,
    }


@router.get(
    "/chains/{chain}/holders/{holder}/tokens", response_model=forms.Holdings, responses=NOT_FOUND, tags=["tokens"]
)
def holdings(
    node: Here, chain: forms.ChainNumber, holder: forms.Holder, after: forms.AfterId = "", limit: forms.Limit = LIMIT
) -> Any:
    """What an address holds."""
    return _of(node.reader.holdings(chain, holder, after, limit))


@router.post("/verify", response_model=forms.VerificationAnswer, responses=PROBLEMS, tags=["verification"])
def verification(node: Here, body: dict[str, Any]) -> Any:
    """Verifies a proof or a bundle: by itself, and on its chain where this node follows it.

    Whoever trusts nobody runs `carbon-tokens verify` at home: this node could lie.
    """
    return verified(node, body)


def verified(node: Node, body: dict[str, Any]) -> dict[str, Any]:
    """The checks of a proof, of its chain too where the node follows it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "proof.json"
        path.write_text(json.dumps(body))
        place = _place(path)
        follower = next(
            (each for each in node.followers.values() if (each.chain.id, each.chain.genesis) == place), None
        )
        if follower is None:
            found = verify(path)
        else:
            with follower.lock:
                network = follower.network
                found = verify(path, network.rpc, state=network.state, deployments=network.deployments)
    said = found.to_json()
    return {name: said[name] for name in ("verified", "reasons", "checks")} | {"chain": follower is not None}


def _place(path: Path) -> tuple[int, str]:
    try:
        chain = bundles.proof_in(path).chain
        return chain.id, chain.genesis
    except CarbonTokensError:
        return -1, ""  # verify says what is wrong with it


def _of(page: Page) -> dict[str, Any]:
    return {"items": page.items, "next": page.next}
