"""A facility's page: its dashboard, its certificates and its history."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from carbon_tokens.service import answers as forms
from carbon_tokens.service.charts import bars, heat_map
from carbon_tokens.service.dashboard import Dashboard, Match, dashboard
from carbon_tokens.service.languages import chosen
from carbon_tokens.service.rendering import Here, page

SHOWN = 12  # months in a chart; the table has them all
EVENTS = 100  # that a page shows
EMISSIONS = ("gross_location_g", "gross_market_g", "net_g")
ENERGY = ("energy_wh", "recs_wh")
HoursOf = Annotated[str, Query(pattern="^([0-9]{4}-[0-9]{2})?$", description="The month whose hours are drawn.")]
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/chains/{chain}/facilities/{facility}")
def facility(
    request: Request, node: Here, chain: forms.ChainNumber, facility: forms.FacilityId, hours: HoursOf = ""
) -> Response:
    """A facility's months: gross and net side by side, and what is missing for neutrality."""
    found = dashboard(node, chain, facility, hours)
    say = chosen(request.headers.get("accept-language", "")).gettext
    return page(
        request, "facility.html", chain=chain, network=_network(node, chain), board=found, facility=found.facility,
        history=asdict(node.reader.events(chain, facility, limit=EVENTS)), charts=_charts(found, say),
        heat={each.month: _heat(each, say) for each in found.matches if each.hours},
    )  # fmt: skip


def _network(node: Any, chain: int) -> str:
    return next(str(each["name"]) for each in node.reader.chains() if each["id"] == chain)


def _charts(board: Dashboard, say: Any) -> dict[str, Markup]:
    """The charts of the last months; their numbers stand in the table beside."""
    months = [line.account for line in board.lines[-SHOWN:]]
    about = {
        "emissions": say("Gross location-based, gross market-based and net emissions by month, t CO2e"),
        "energy": say("Energy and retired RECs by month, MWh"),
    }  # fmt: skip
    series = {"emissions": EMISSIONS, "energy": ENERGY}
    return {name: Markup(bars(months, names, about[name])) for name, names in series.items()}


def _heat(match: Match, say: Any) -> Markup:
    assert match.hours is not None
    about = say("Share of each hour's consumption that was matched, days across, hours of the day down")
    return Markup(heat_map(match.hours.matched, match.hours.consumed, f"{match.month}: {about}"))
