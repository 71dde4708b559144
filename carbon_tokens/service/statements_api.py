"""Energy in the API: the sources of a facility, files of their energy, and the statements that follow."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy import Connection

from carbon_tokens.periods import Month
from carbon_tokens.service import answers_facilities as forms
from carbon_tokens.service import energy_data, sources, stating
from carbon_tokens.service.answers import ChainNumber, FacilityId, Limit
from carbon_tokens.service.api import Here
from carbon_tokens.service.facilities import PLACE, Content
from carbon_tokens.service.reading import LIMIT
from carbon_tokens.service.writing import KEYED, Key, Refused, Repeatable, Seen, only, repeatable

router = APIRouter(prefix="/api/v1")
FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file: bills, hours, Green Button XML, UtilityAPI JSON, logs of UPS and servers.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class OneEach:
    """One file at a time of each organisation is read: a reader can be busy for seconds."""

    def __init__(self) -> None:
        self._lock, self._busy = threading.Lock(), set[int]()

    @contextmanager
    def of(self, organisation: int) -> Iterator[None]:
        """Refuses (429) what comes while another file of the organisation is read."""
        with self._lock:
            if organisation in self._busy:
                raise Refused(429, "another file of the organisation is being read", **{"Retry-After": "1"})
            self._busy.add(organisation)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(organisation)


_ONE_EACH = OneEach()
SourceQuery = Annotated[int, Query(ge=1, le=2**31 - 1, description="Number of the source.")]


@router.post(PLACE + "/sources", status_code=201, response_model=forms.SourceAnswer, responses=KEYED, tags=["energy"])
def add_source(
    request: Request, node: Here, by: Key, chain: ChainNumber, facility: FacilityId, body: forms.SourceRequest,
    key: Repeatable = "",
) -> Any:  # fmt: skip
    """Adds a meter, a UPS or servers to a facility that the organisation operates. Only an operator."""
    only(by, "operator")

    def do(connection: Connection) -> Any:
        return sources.shown(sources.add(connection, by, chain, facility, body.model_dump()))

    return repeatable(request, node, by, key, body.model_dump(), do)


@router.get(PLACE + "/sources", response_model=forms.Sources, responses=KEYED, tags=["energy"])
def list_sources(
    node: Here, by: Key, chain: ChainNumber, facility: FacilityId, after: forms.AfterNumber = 0, limit: Limit = LIMIT
) -> Any:
    """The sources of a facility, retired ones too. Only an operator."""
    only(by, "operator")
    with node.reader.engine.begin() as connection:
        rows = sources.listed(connection, by, chain, facility, after, limit + 1)
    return page([sources.shown(row) for row in rows], limit)


@router.post(
    PLACE + "/sources/{source}/retirement", response_model=forms.SourceAnswer, responses=KEYED, tags=["energy"]
)
def retire_source(
    node: Here, by: Key, chain: ChainNumber, facility: FacilityId, source: forms.SourceNumber, seen: Seen
) -> Any:
    """Ends a source: it takes no more files. Only an operator."""
    only(by, "operator")
    with node.engine.begin() as connection:
        return sources.shown(sources.retire(connection, by, chain, facility, source, seen))


@router.post(
    PLACE + "/energy", status_code=201, response_model=forms.EnergyAnswer, responses=KEYED, tags=["energy"],
    openapi_extra=FILE_BODY,
)  # fmt: skip
def upload(
    request: Request, node: Here, by: Key, chain: ChainNumber, facility: FacilityId, source: SourceQuery,
    month: forms.MonthQuery, name: forms.FileName, content: Content, key: Repeatable = "",
) -> Any:  # fmt: skip
    """Takes a file of a source's month; its kind is recognised. Kept are its readings. Only an operator."""
    only(by, "operator")
    with node.reader.engine.begin() as connection:
        row = sources.found(connection, by, chain, facility, source)
    of = Month.parse(month)
    with _ONE_EACH.of(by.organisation):
        taken = energy_data.read(content, name, row, of)
    said = [source, month, name, hashlib.sha256(content).hexdigest()]
    return repeatable(request, node, by, key, said, lambda held: energy_data.keep(held, by, row, of, taken))


@router.get(PLACE + "/energy", response_model=forms.Energy, responses=KEYED, tags=["energy"])
def list_energy(
    node: Here, by: Key, chain: ChainNumber, facility: FacilityId, month: forms.AnyMonth = "",
    after: forms.AfterNumber = 0, limit: Limit = LIMIT,
) -> Any:  # fmt: skip
    """The files of energy of a facility, of one month or of all. Only an operator."""
    only(by, "operator")
    of = Month.parse(month) if month else None
    with node.reader.engine.begin() as connection:
        rows = energy_data.listed(connection, by, chain, facility, of, after, limit + 1)
    return page([energy_data.shown(row) for row in rows], limit)


@router.get(PLACE + "/energy/{upload}/hours", response_class=PlainTextResponse, responses=KEYED, tags=["energy"])
def hours(node: Here, by: Key, chain: ChainNumber, facility: FacilityId, upload: forms.UploadNumber) -> Any:
    """The table of hours that a log was turned into: the file that statements of it name. Only an operator."""
    only(by, "operator")
    with node.reader.engine.begin() as connection:
        row = energy_data.found(connection, by, chain, facility, upload)
        source = sources.found(connection, by, chain, facility, row["source"])
    return PlainTextResponse(energy_data.table(row, source), headers={"Cache-Control": "no-store"})


@router.delete(PLACE + "/energy/{upload}", status_code=204, response_class=Response, responses=KEYED, tags=["energy"])
def withdraw(node: Here, by: Key, chain: ChainNumber, facility: FacilityId, upload: forms.UploadNumber) -> None:
    """Forgets a file of energy; statements that were made stay. Only an operator."""
    only(by, "operator")
    with node.engine.begin() as connection:
        energy_data.withdraw(connection, by, chain, facility, upload)


@router.post(
    PLACE + "/statements", status_code=201, response_model=forms.StatementsMade, responses=KEYED, tags=["energy"]
)
def state(
    request: Request, node: Here, by: Key, chain: ChainNumber, facility: FacilityId, body: forms.StatementRequest,
    key: Repeatable = "",
) -> Any:  # fmt: skip
    """States a month from its sources; the documents go into POST …/audits as they are. Only an operator."""
    only(by, "operator")
    known = node.reader.facility(chain, facility)

    def do(connection: Connection) -> Any:
        return stating.state(connection, by, chain, known, body.model_dump())

    return repeatable(request, node, by, key, body.model_dump(), do)


@router.get(PLACE + "/statements", response_model=forms.Statements, responses=KEYED, tags=["energy"])
def list_statements(
    node: Here, by: Key, chain: ChainNumber, facility: FacilityId, month: forms.AnyMonth = "",
    after: forms.AfterNumber = 0, limit: Limit = LIMIT,
) -> Any:  # fmt: skip
    """The statements of a facility, of one month or of all. Only an operator."""
    only(by, "operator")
    of = Month.parse(month) if month else None
    with node.reader.engine.begin() as connection:
        return page(stating.listed(connection, by, chain, facility, of, after, limit + 1), limit)


def page(rows: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """At most ``limit`` rows, and the number after which the next page begins."""
    return {"items": rows[:limit], "next": rows[limit - 1]["id"] if len(rows) > limit else None}
