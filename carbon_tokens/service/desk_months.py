"""An operator's desk: the months of its facilities, and what is missing until each can be claimed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.ids import OFFSET, REC, class_of
from carbon_tokens.ledger.records import Facility
from carbon_tokens.ledger.views import LedgerViews
from carbon_tokens.periods import Month
from carbon_tokens.service import operating, quotas
from carbon_tokens.service.answers import ChainNumber, FacilityId
from carbon_tokens.service.desk_seat import At, Seat, router, shown
from carbon_tokens.service.languages import say
from carbon_tokens.service.node import Node
from carbon_tokens.service.reading import LIMIT, Unknown
from carbon_tokens.service.rendering import Here
from carbon_tokens.service.writing import on_chain, only

MonthPath = Annotated[str, Path(pattern="^[0-9]{4}-[0-9]{2}$")]
_TOKENS = 50  # of a class, that a page asks the chain about
routes = router()


@routes.get("/desk/months")
def listed(request: Request, node: Here, seat: At) -> Response:
    """The months of every facility that the organisation operates."""
    only(seat.by, "operator")
    found = []
    for chain, facility in _operated(node, seat):
        try:
            known = node.reader.facility(chain, facility)
        except Unknown:
            continue  # a reorganisation took it back
        months = [each | {"gap": gap(each)} for each in node.reader.months(chain, facility)]
        found.append({"chain": chain, **known, "months": months[::-1]})
    return shown(request, "desk_months.html", seat, facilities=found, kept=_kept(node, seat),
                 quota=request.app.state.quota)  # fmt: skip


@routes.get("/desk/chains/{chain}/facilities/{facility}/months/{month}")
def month(
    request: Request, node: Here, seat: At, chain: ChainNumber, facility: FacilityId, month: MonthPath,
    holder: Annotated[str, Query(pattern="^(0x[0-9a-fA-F]{40})?$")] = "",
) -> Response:  # fmt: skip
    """A month: what is missing, and what a holder can retire into it."""
    only(seat.by, "operator")
    return of_month(request, node, seat, (chain, facility, Month.parse(month)), holder)


def of_month(request: Request, node: Node, seat: Seat, at: tuple[int, str, Month], holder: str = "") -> Response:
    """The page of a month. Raises Unknown if the organisation does not operate the facility."""
    chain, facility, when = at
    with node.reader.engine.begin() as connection:
        operating.require(connection, seat.by, chain, facility)
    known = node.reader.facility(chain, facility)
    account = next((each for each in node.reader.months(chain, facility) if each["month"] == str(when)), None)
    if account is None:
        raise Unknown(f"audited month {when} of this facility")
    who = holder or known["owner"]
    with on_chain(node, chain) as follower:
        views = follower.views
        rules = views.facility(int(facility, 16))
        held = [_token(views, each, rules, when) for each in _held(node, chain, who)]
    return shown(
        request, "desk_month.html", seat, chain=chain, facility=known, month=account, gap=gap(account), holder=who,
        held=held, claims=node.reader.claims(chain, facility),
    )  # fmt: skip


def gap(month: dict[str, Any]) -> dict[str, Any]:
    """What it takes until a month can be claimed: Wh that no REC covers, g above zero, and whether it is closed."""
    rest = max(0, month["net_g"])
    uncovered = max(0, month["energy_wh"] - month["recs_wh"])
    return {
        "uncovered_wh": uncovered,
        "rest_g": rest,
        "open": not month["closed"],
        "none": not rest and month["closed"],
    }


def _kept(node: Node, seat: Seat) -> quotas.Amount | None:
    """What the organisation keeps of evidence; none for a key with a scope, to which that is not shown."""
    if seat.by.scope:
        return None
    with node.reader.engine.begin() as connection:
        return quotas.used(connection, seat.by.organisation)


def _operated(node: Node, seat: Seat) -> list[tuple[int, str]]:
    with node.reader.engine.begin() as connection:
        rows = operating.operated(connection, seat.by, (0, ""), LIMIT)
    return [(row.chain, row.facility) for row in rows]


def _held(node: Node, chain: int, who: str) -> list[dict[str, Any]]:
    """The RECs, then the offsets of an account: a page of tokens after the last id of the class before."""
    before = [f"0x{kind - 1:02x}{'f' * 62}" for kind in (REC, OFFSET)]
    pages = [node.reader.holdings(chain, who, after, _TOKENS).items for after in before]
    return [each for kind, page in zip((REC, OFFSET), pages, strict=True) for each in page
            if class_of(int(each["token"], 16)) == kind]  # fmt: skip


def _token(views: LedgerViews, holding: dict[str, Any], facility: Facility, month: Month) -> dict[str, Any]:
    """What is held of a batch, and why it cannot be retired into the month; "" if it can (see CarbonTokens._retire)."""
    token = int(holding["token"], 16)
    batch = views.batch(token)
    if batch is None:
        raise LedgerError("a token is held that was never issued", where=holding["token"])
    source = views.source(batch.source)
    first, last = Month(batch.vintage_start), Month(batch.vintage_start + batch.vintage_months)
    january = month.number - month.number % 12
    fault = say("its source is frozen") if source.frozen else ""
    if class_of(token) == REC and source.market_zone != facility.market_zone:
        fault = say("it is of market %(zone)s", zone=source.market_zone)
    elif class_of(token) == REC and not (first.number <= january + 11 and last.number >= january):
        fault = say("its vintage is not of %(year)s", year=month.year)
    elif class_of(token) == OFFSET and first.number > month.number:
        fault = say("its vintage begins after the month")
    vintage = str(first) if first == last else say("%(first)s to %(last)s", first=first, last=last)
    return {**holding, "registry": source.registry, "source": batch.source, "vintage": vintage, "fault": fault,
            "rec": class_of(token) == REC}  # fmt: skip
