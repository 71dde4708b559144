"""Emission factors in the API: which one a site has and why, and what each chain has of a release. No key is needed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from carbon_tokens.errors import CarbonTokensError, FactorError, Reverted
from carbon_tokens.factors import choice, egrid
from carbon_tokens.service import answers
from carbon_tokens.service.api import NOT_FOUND, Here
from carbon_tokens.service.node import Follower
from carbon_tokens.service.reading import Unknown
from carbon_tokens.statements import release_id

router = APIRouter(prefix="/api/v1")
_CODE = "^[A-Za-z0-9]{0,9}$"
Year = Annotated[int, Query(ge=1990, le=2100, description="Data year.")]
Edition = Annotated[str, Query(pattern="^[A-Za-z0-9._-]{0,40}$", description="Revision; the year's default without.")]
REFUSED: dict[int | str, dict[str, Any]] = {422: {"model": answers.Problem}}


class ExplanationAnswer(BaseModel):
    """What `factors explain --json` says: every candidate of the hierarchy, and which one is taken on each basis."""

    year: int
    location: dict[str, Any] | None
    market: dict[str, Any] | None
    candidates: list[dict[str, Any]]


class PublishedAnswer(BaseModel):
    """What a chain has of a release and region; `agrees`: file hash and number are those of this answer."""

    chain: int
    network: str
    published: bool
    agrees: bool
    file_sha256: str = ""
    location_g_per_mwh: int | None = None
    residual_g_per_mwh: int | None = None
    failure: str = Field(default="", description="Why the chain did not say.")


class FactorAnswer(BaseModel):
    """A region's published rate, the id of its release, and whether it is on the chains that this node follows."""

    rate: dict[str, Any]
    release: str = Field(description="Id on chain, 0x and 64 hex digits.")
    release_file_sha256: str
    location_g_per_mwh: int | None = Field(description="As it goes on chain; null where there is no CO2e.")
    chains: list[PublishedAnswer]


@router.get("/factors", response_model=ExplanationAnswer, responses=REFUSED, tags=["factors"])
def explain(
    year: Year,
    zip_: Annotated[str, Query(alias="zip", pattern="^([0-9]{5}(-[0-9]{4})?)?$")] = "",
    utility: Annotated[int | None, Query(ge=1, le=10**6, description="EIA number of the utility on the bill.")] = None,
    subregion: Annotated[str, Query(pattern=_CODE)] = "",
    state: Annotated[str, Query(pattern="^[A-Za-z]{0,2}$")] = "",
    ba: Annotated[str, Query(pattern=_CODE, description="Balancing authority.")] = "",
    nerc: Annotated[str, Query(pattern=_CODE)] = "",
    edition: Edition = "",
    wider: bool = False,
) -> Any:
    """Which factor a site in the US has, and why; null where the hierarchy takes none."""
    place = choice.Place("US", state, zip_, utility, subregion, "", "", ba, nerc)
    return choice.explain(place, year, edition=edition or None, wider=wider).to_json()


@router.get("/factors/{dataset}/{year}/{region}", response_model=FactorAnswer, responses=NOT_FOUND, tags=["factors"])
def factor(
    node: Here,
    dataset: Annotated[str, Path(pattern="^[A-Za-z0-9._-]{1,20}$")],
    year: Annotated[int, Path(ge=1990, le=2100)],
    region: Annotated[str, Path(pattern="^[A-Za-z0-9]{1,9}$")],
    edition: Edition = "",
) -> Any:
    """A region's rate in a release, and whether it is published on the chains that this node follows."""
    if dataset.lower() != "egrid":
        raise Unknown(f"dataset {dataset}")
    try:
        release = egrid.release(year, edition or None)
        rate = release.rate(region)
    except FactorError as error:
        raise Unknown(f"such factor: {error}") from error
    number = release_id(release.dataset, release.year, release.edition)
    whole = None if rate.co2e_lb_per_mwh is None else rate.factor
    chains = [_published(each, number, release.file_sha256, rate.region, whole) for each in node.followers.values()]
    return {
        "rate": rate.to_json(), "release": "0x" + number.hex(), "release_file_sha256": "0x" + release.file_sha256,
        "location_g_per_mwh": whole, "chains": chains,
    }  # fmt: skip


def _published(follower: Follower, release: bytes, file: str, region: str, factor: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {"chain": follower.indexer.id, "network": follower.network.name,
                             "published": False, "agrees": False}  # fmt: skip
    try:
        with follower.lock:
            views = follower.views
            held = views.release_file(release)
            on_chain = views.factor(release, region)
    except Reverted:
        return found  # the release states none for the region
    except CarbonTokensError as error:
        return found | {"failure": error.what}
    agrees = (held.hex(), on_chain.location) == (file.removeprefix("0x"), factor)
    numbers = {"location_g_per_mwh": on_chain.location, "residual_g_per_mwh": on_chain.residual}
    return found | {"published": True, "agrees": agrees, "file_sha256": "0x" + held.hex(), **numbers}
