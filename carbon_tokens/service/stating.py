"""Statements of a facility-month from what is kept of its sources, by a factor that is stated.

They are the documents that ``carbon-tokens audit`` makes of the same files (``statements.measured``), so an auditor who
holds the files recomputes them with ``check``. Meters, UPS and servers measure one energy at different places: sources
of one kind add up, sources of two would count it twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from carbon_tokens.energy import Reading, apply_pue, bills, hourly
from carbon_tokens.errors import StatementError
from carbon_tokens.periods import Month
from carbon_tokens.service import actions, energy_data, operating, schema, sources
from carbon_tokens.service.keys import Principal
from carbon_tokens.statements import FactorReference, Input, Statement, measured, salts

_TABLE = schema.statement


def state(
    connection: Connection, by: Principal, chain: int, facility: Mapping[str, Any], stated: Mapping[str, Any]
) -> dict[str, Any]:
    """The statements of a month, kept by their evidence.

    Args:
        facility: as ``reading.Reader.facility`` gives it.
        stated: as ``answers_facilities.StatementRequest`` has it.

    Raises:
        Unknown: a facility that the organisation does not operate, or a source that is none of its.
        StatementError, EnergyError, FactorError: what cannot be stated, by file:row where it is of a file; salts that
            leave one of the files out.
    """
    operating.require(connection, by, chain, facility["id"], alone=True)
    month = Month.parse(stated["month"])
    wanted = [sources.found(connection, by, chain, facility["id"], each) for each in dict.fromkeys(stated["sources"])]
    pue = _pue(wanted, stated["pue"])
    reference = _factor(facility, stated, month) if wanted else None
    made, warnings = list[Statement](), list[str]()
    for source in wanted:
        found, behind, remarks = _readings(connection, source, month, stated["missing"])
        raised = [each if pue == "1" else apply_pue(each, pue, "as stated") for each in found]
        given = {"facility": facility["id"], "boundary": stated["boundary"], "files": behind}
        notes = [*remarks, *stated["notes"]]
        made += measured.of_readings(raised, reference, notes=notes, **given)  # type: ignore[arg-type]
        warnings += _warnings(connection, source, month)
    scopes = stated["scope1_g"], stated["scope3_g"]
    made += measured.of_other_scopes(facility["id"], month, (), scopes, stated["boundary"], stated["notes"])
    if not made:
        raise StatementError("nothing is stated", where="sources", todo="Name sources, or give scope 1 or 3.")
    if stated["salts"]:
        known = {name: bytes.fromhex(salt) for name, salt in stated["salts"].items()}
        made = [salts.salted(each, known) for each in made]
    _keep(connection, by, chain, made)
    return {
        "month": str(month), "energy_wh": sum(each.energy_wh for each in made), "warnings": warnings,
        "evidence": ["0x" + each.evidence.hex() for each in made], "documents": [each.to_json() for each in made],
    }  # fmt: skip


def listed(
    connection: Connection, by: Principal, chain: int, facility: str, month: Month | None, after: int, limit: int
) -> list[dict[str, Any]]:
    """The statements of a facility, by number. Raises Unknown if the organisation does not operate it."""
    operating.require(connection, by, chain, facility)
    of = (_TABLE.c.organisation == by.organisation) & (_TABLE.c.chain == chain) & (_TABLE.c.facility == facility)
    query = select(_TABLE).where(of, _TABLE.c.id > after).order_by(_TABLE.c.id).limit(limit)
    query = query.where(_TABLE.c.month == month.number) if month else query
    return [
        {"id": row["id"], "month": str(Month(row["month"])), "evidence": row["evidence"], "created": row["created"],
         "document": json.loads(row["document"])}
        for row in connection.execute(query).mappings()
    ]  # fmt: skip


def _pue(wanted: Sequence[Mapping[str, Any]], stated: str | None) -> str:
    kinds = sorted({each["kind"] for each in wanted})
    if len(kinds) > 1:
        todo = "Name sources of one kind."
        raise StatementError(f"sources of {' and '.join(kinds)} measure one energy twice", where="sources", todo=todo)
    if stated is None and kinds and kinds != ["meter"]:
        what = "of UPS and servers the PUE must be stated: what they measure is not the whole facility"
        raise StatementError(what, where="pue", todo="State total over IT energy, 1 for none.")
    return stated or "1"


def _factor(facility: Mapping[str, Any], stated: Mapping[str, Any], month: Month) -> FactorReference:
    wanted = stated["factor"]
    if wanted is None:
        raise StatementError("energy needs an emission factor", where="factor", todo="State region, year, edition.")
    if wanted["region"] != facility["grid_region"]:
        what = f"the factor is of {wanted['region']}, the facility is in {facility['grid_region']}"
        raise StatementError(what, where="factor.region", todo="State the factor of the facility's own grid region.")
    found, _ = measured.factor(wanted["region"], month, year=wanted["year"], edition=wanted["edition"])
    if found.market_zone != facility["market_zone"]:
        what = f"the release is for market zone {found.market_zone}, the facility is in {facility['market_zone']}"
        raise StatementError(what, where="factor.dataset")
    return found


def _readings(
    connection: Connection, source: Mapping[str, Any], month: Month, missing: str
) -> tuple[list[Reading], list[Input], list[str]]:
    """The readings of a source's month, the files behind their own, and what those files' readers had to say."""
    kept = energy_data.kept_of(connection, source, month)
    billed = [bill for each in kept for bill in each.bills]
    hours = [hour for each in kept for hour in each.hours]
    named = f"source {source['id']}, meter {source['meter']}"
    if billed and hours:
        files = ", ".join(sorted({bill.file for bill in billed} | {hour.file for hour in hours}))
        what = f"{named} has bills and hours of {month} ({files}), which would count its energy twice"
        raise StatementError(what, where="sources", todo="Withdraw one of the files.")
    if not billed and not hours:
        raise StatementError(f"{named} has no energy of {month}", where="sources", todo="Send a file of it first.")
    found = bills.readings(billed, month) if billed else hourly.readings(hours, month, missing)
    behind = [Input(name, "document", "0x" + digest, 0, 0) for each in kept for name, digest in each.behind]
    return found, behind, [said for each in kept for said in each.notes]


def _warnings(connection: Connection, source: Mapping[str, Any], month: Month) -> list[str]:
    """What an auditor will ask about: days without bills, hours without a value."""
    kept = energy_data.kept_of(connection, source, month)
    found, days = [], (month.end - month.start) // 86_400
    for covered in bills.days_covered((bill for each in kept for bill in each.bills), month).values():
        found += [f"meter {source['meter']} has bills for {covered} of {days} days of {month}"] * (covered < days)
    hours = [hour for each in kept for hour in each.hours]
    complete = sum(hour.complete for hour in hours)
    if hours and complete < month.hours:
        found.append(f"meter {source['meter']} has {complete} of {month.hours} hours of {month}")
    return found


def _keep(connection: Connection, by: Principal, chain: int, made: Sequence[Statement]) -> None:
    for each in made:
        evidence = "0x" + each.evidence.hex()
        same = (_TABLE.c.organisation == by.organisation) & (_TABLE.c.chain == chain) & (_TABLE.c.evidence == evidence)
        if connection.scalar(select(_TABLE.c.id).where(same)) is not None:
            continue
        values = {"facility": each.facility, "month": each.month.number, "document": json.dumps(each.to_json())}
        row = {"organisation": by.organisation, "chain": chain, "evidence": evidence, "created": int(time.time())}
        connection.execute(_TABLE.insert().values(**row, **values))
        actions.append(
            connection, by, "statement made", evidence, {"facility": each.facility, "month": str(each.month)}
        )
