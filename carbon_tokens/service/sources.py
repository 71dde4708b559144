"""Where a facility's energy is measured: a utility's meters, UPS, servers by their logs.

A source belongs to the organisation that operates the facility. One meter is one source of an organisation on a chain,
or its energy would count twice; what is retired takes no more files, and stays for what was stated by it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from carbon_tokens.energy import models, series
from carbon_tokens.energy.log_terms import Terms
from carbon_tokens.energy.meters import meter_id
from carbon_tokens.service import actions, database, operating, schema
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.reading import Unknown
from carbon_tokens.service.refusals import Conflict

KINDS = ("meter", "ups", "servers")
_TABLE = schema.energy_source


def add(connection: Connection, by: Principal, chain: int, facility: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    """A new source.

    Args:
        stated: kind, utility, meter and terms, as ``answers_facilities.SourceRequest`` has them.

    Raises:
        Unknown: the organisation does not operate the facility.
        Conflict: it has this meter as a source already.
        EnergyError: terms that are none, or names that are empty.
    """
    operating.require(connection, by, chain, facility)
    database.alone(connection, f"sources of {by.organisation}")
    terms_of(stated["terms"])
    number = "0x" + meter_id(stated["utility"], stated["meter"]).hex()
    same = (_TABLE.c.organisation == by.organisation) & (_TABLE.c.chain == chain) & (_TABLE.c.meter_id == number)
    held = connection.execute(select(_TABLE).where(same, _TABLE.c.retired.is_(None))).first()
    if held:
        what = f"this meter is source {held.id} of facility {held.facility}: its energy would count twice"
        raise Conflict(what, where="meter", todo="Use that source, or retire it first.")
    row = {
        "chain": chain, "facility": facility, "organisation": by.organisation, "kind": stated["kind"],
        "utility": stated["utility"], "meter": stated["meter"], "meter_id": number,
        "terms": json.dumps(stated["terms"]), "version": 1, "created": int(time.time()), "retired": None,
    }  # fmt: skip
    made = connection.execute(_TABLE.insert().values(**row)).inserted_primary_key
    found = {**row, "id": made[0]}  # type: ignore[index]
    detail = {"facility": facility, "kind": stated["kind"], "meter_id": number}
    actions.append(connection, by, "source added", str(found["id"]), detail)
    return found


def found(connection: Connection, by: Principal, chain: int, facility: str, number: int) -> dict[str, Any]:
    """A source of the organisation's at a facility that it operates. Raises Unknown if there is none."""
    operating.require(connection, by, chain, facility)
    query = select(_TABLE).where(_of(by, chain, facility), _TABLE.c.id == number)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise Unknown(f"source {number} of facility {facility}")
    return dict(row)


def listed(
    connection: Connection, by: Principal, chain: int, facility: str, after: int, limit: int
) -> list[dict[str, Any]]:
    """The sources of a facility by number, retired ones too. Raises Unknown as ``found``."""
    operating.require(connection, by, chain, facility)
    query = select(_TABLE).where(_of(by, chain, facility), _TABLE.c.id > after).order_by(_TABLE.c.id).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def retire(connection: Connection, by: Principal, chain: int, facility: str, number: int, seen: int) -> dict[str, Any]:
    """Ends a source. Raises Unknown as ``found``; Conflict if it is retired or changed since it was seen."""
    row = found(connection, by, chain, facility, number)
    made = {"retired": int(time.time()), "version": row["version"] + 1}
    wanted = (_TABLE.c.id == number) & (_TABLE.c.version == seen) & _TABLE.c.retired.is_(None)
    if connection.execute(update(_TABLE).where(wanted).values(**made)).rowcount != 1:
        state = "retired" if row["retired"] else f"at version {row['version']}, not {seen}"
        raise Conflict(f"the source is {state}", where=str(number), todo="Read it again.")
    actions.append(connection, by, "source retired", str(number), {"facility": facility})
    return {**row, **made}


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A source in the form of the API."""
    names = ("id", "kind", "utility", "meter", "meter_id", "version", "created", "retired")
    return {name: row[name] for name in names} | {"terms": json.loads(row["terms"])}


def terms_of(stated: Mapping[str, Any]) -> Terms:
    """What a log does not say of itself, from the form of the API.

    Raises:
        EnergyError: a zone, figure, model or start that is none.
    """
    terms = Terms(
        zone=stated["zone"],
        rating_w=models.figure(stated["rating_w"], "terms.rating_w") if stated["rating_w"] else None,
        efficiencies=models.points(stated["efficiencies"], "terms.efficiencies") if stated["efficiencies"] else {},
        model=stated["model"],
        count=stated["count"],
        quality=stated["quality"],
        longest_s=stated["longest_s"],
        period_s=stated["period_s"],
        start=int(series.instant(stated["start"])) if stated["start"] else None,
        machine=stated["machine"],
        parts=stated["parts"],
    )
    if terms.zone:
        terms.tzinfo  # noqa: B018  # raises for a zone that does not exist
    if terms.model:
        models.power(terms.model)
    return terms


def _of(by: Principal, chain: int, facility: str) -> Any:
    return (_TABLE.c.organisation == by.organisation) & (_TABLE.c.chain == chain) & (_TABLE.c.facility == facility)
