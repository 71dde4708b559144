"""What files say of a source's month, kept as bills and hours from which statements are made.

A file is read by the readers of ``energy.files``; of it counts what is of the source's meter and of the month. A log of
a UPS or of servers is turned into a table of hours first, which statements name and anyone can read again without the
log's terms; the log stands beside it by its hash. Kept are the readings, not the file.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select

from carbon_tokens.energy import bills, files, hourly, logs, tables
from carbon_tokens.energy.bills import Bill
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.tables import Problem
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month
from carbon_tokens.service import actions, operating, schema, sources
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.reading import Unknown
from carbon_tokens.service.refusals import Conflict
from carbon_tokens.units import ceil

_TABLE = schema.energy_upload
_SHOWN = 200  # rejected rows in an answer
_TABLE_OF = ".hours.csv"  # ends the name of the table of hours that a log is turned into


@dataclass(frozen=True, slots=True)
class Kept:
    """The bills and hours of a source's month that one file gave, and the files that stand behind their own."""

    bills: tuple[Bill, ...]
    hours: tuple[Hour, ...]
    behind: tuple[tuple[str, str], ...] = ()  # name and sha-256 of the log that hours were made of
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """A file as it was read: what is kept of it, and what was left out."""

    name: str
    sha256: str
    kind: str
    rows: int
    energy_wh: int
    kept: Kept
    rejected: tuple[Problem, ...]
    warnings: tuple[str, ...]


def read(content: bytes, name: str, source: Mapping[str, Any], month: Month) -> Read:
    """What a file says of a source's month. It is CPU-bound: call it outside of a transaction.

    Raises:
        EnergyError: a file that its reader refuses, by file:row, or that has nothing of the meter in the month.
    """
    terms = sources.terms_of(json.loads(source["terms"]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        found = files.taken(path, terms=terms, utility=source["utility"], meter=source["meter"])
        mine, others = _mine(found, source)
        kept = _of_month(mine, source, month)
        if found.kind in logs.KINDS:
            kept = _as_table(kept, path, found.warnings)
    if not kept.bills and not any(hour.energy_wh is not None for hour in kept.hours):
        what = f"nothing in it is of meter {source['meter']} of {source['utility']} in {month}"
        left = "; ".join(f"{where}: {why}" for where, why in (*others, *found.rejected)[:20])
        raise EnergyError(f"{what} ({left})" if left else what, where=name, todo="Give the source and month of it.")
    energy = energy_of(kept, month)
    if energy >= tables.WH_LIMIT:
        raise EnergyError(f"{energy} Wh in {month} is more than any meter shows", where=name, todo="Check its unit.")
    rows = len(kept.bills) + sum(hour.energy_wh is not None for hour in kept.hours)
    digest = hashlib.sha256(content).hexdigest()
    rejected, warnings = (*found.rejected, *others), found.warnings
    return Read(name, digest, found.kind, rows, energy, kept, rejected, warnings)


def keep(connection: Connection, by: Principal, source: Mapping[str, Any], month: Month, taken: Read) -> dict[str, Any]:
    """Keeps what was read; the same file of the same source and month is kept once.

    Raises:
        Conflict: the source is retired, or another file of this name stands behind the facility's month already.
    """
    operating.require(connection, by, source["chain"], source["facility"], alone=True)
    held = sources.found(connection, by, source["chain"], source["facility"], source["id"])
    mine = (_TABLE.c.source == source["id"]) & (_TABLE.c.month == month.number)
    same = connection.execute(select(_TABLE).where(mine, _TABLE.c.sha256 == taken.sha256)).mappings().first()
    if same:
        return shown(dict(same), repeated=True)
    if held["retired"]:
        raise Conflict("the source is retired", where=str(source["id"]), todo="Add a new one.")
    _require_own_name(connection, source, month, taken)
    row = _row(source, month, taken)
    made = connection.execute(_TABLE.insert().values(**row)).inserted_primary_key
    found = {**row, "id": made[0]}  # type: ignore[index]
    detail = {"source": source["id"], "month": str(month), "sha256": taken.sha256, "energy_wh": taken.energy_wh}
    actions.append(connection, by, "energy uploaded", str(found["id"]), detail)
    return shown(found)


def listed(
    connection: Connection, by: Principal, chain: int, facility: str, month: Month | None, after: int, limit: int
) -> list[dict[str, Any]]:
    """The uploads of a facility's sources, by number. Raises Unknown if the organisation does not operate it."""
    operating.require(connection, by, chain, facility)
    shown_of = [column for column in _TABLE.c if column.name != "readings"]  # the most of a row by far
    query = select(*shown_of).join(schema.energy_source, schema.energy_source.c.id == _TABLE.c.source)
    query = query.where(_owned(by, chain, facility), _TABLE.c.id > after).order_by(_TABLE.c.id).limit(limit)
    query = query.where(_TABLE.c.month == month.number) if month else query
    return [dict(row) for row in connection.execute(query).mappings()]


def found(connection: Connection, by: Principal, chain: int, facility: str, number: int) -> dict[str, Any]:
    """An upload of the organisation's. Raises Unknown if there is none."""
    operating.require(connection, by, chain, facility)
    query = select(_TABLE).join(schema.energy_source, schema.energy_source.c.id == _TABLE.c.source)
    row = connection.execute(query.where(_owned(by, chain, facility), _TABLE.c.id == number)).mappings().first()
    if row is None:
        raise Unknown(f"upload {number} of facility {facility}")
    return dict(row)


def withdraw(connection: Connection, by: Principal, chain: int, facility: str, number: int) -> None:
    """Forgets an upload, so that no further statement counts it. Raises Unknown as ``found``."""
    row = found(connection, by, chain, facility, number)
    connection.execute(delete(_TABLE).where(_TABLE.c.id == number))
    actions.append(connection, by, "energy withdrawn", str(number), {"source": row["source"], "sha256": row["sha256"]})


def kept_of(connection: Connection, source: Mapping[str, Any], month: Month) -> list[Kept]:
    """What is kept of a source's month, upload by upload."""
    mine = (_TABLE.c.source == source["id"]) & (_TABLE.c.month == month.number)
    rows = connection.execute(select(_TABLE.c.readings).where(mine).order_by(_TABLE.c.id)).all()
    return [_loaded(json.loads(row.readings), source) for row in rows]


def table(row: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    """The table of hours that an upload's log was turned into. Raises Unknown for one of another kind."""
    kept = _loaded(json.loads(row["readings"]), source)
    if not kept.behind:
        raise Unknown(f"table of hours of upload {row['id']}, which is no log")
    return hourly.table_of(kept.hours)


def energy_of(kept: Kept, month: Month) -> int:
    """Wh of the month, rounded up; missing hours count nothing here."""
    known = sum((hour.energy_wh for hour in kept.hours if hour.energy_wh is not None), Fraction(0))
    return ceil(known) + sum(bills.split(bill)[month] for bill in kept.bills)


def shown(row: Mapping[str, Any], *, repeated: bool = False) -> dict[str, Any]:
    """An upload in the form of the API."""
    names = ("id", "source", "sha256", "kind", "rows", "hours", "energy_wh", "quality", "created")
    rejected = json.loads(row["rejected"])
    return {
        **{name: row[name] for name in names}, "month": str(Month(row["month"])), "file": row["name"],
        "rejected": [{"row": where, "reason": why} for where, why in rejected["shown"]],
        "rejected_rows": rejected["count"], "warnings": json.loads(row["warnings"]), "repeated": repeated,
        "derived": row["name"] + _TABLE_OF if row["kind"] in logs.KINDS else "",
    }  # fmt: skip


def _mine(found: files.Taken, source: Mapping[str, Any]) -> tuple[files.Taken, list[Problem]]:
    """The part of a file that is of the source's meter, and a line for each bill and each meter that is not."""
    number = bytes.fromhex(source["meter_id"][2:])
    others = [(bill.where, f"of meter {bill.meter} of {bill.utility}") for bill in found.bills
              if bill.meter_id != number]  # fmt: skip
    strangers = {hour.meter_id: hour for hour in reversed(found.hours) if hour.meter_id != number}
    others += [(f"{hour.file}:{hour.row}", f"hours of meter {hour.meter} of {hour.utility}")
               for hour in strangers.values()]  # fmt: skip
    taken = tuple(bill for bill in found.bills if bill.meter_id == number)
    return replace(found, bills=taken, hours=tuple(hour for hour in found.hours if hour.meter_id == number)), others


def _of_month(found: files.Taken, source: Mapping[str, Any], month: Month) -> Kept:
    named = {"utility": source["utility"], "meter": source["meter"]}
    spans = ((bill, *bills.period(bill)) for bill in found.bills)
    taken = (bill for bill, start, end in spans if start < month.end and month.start < end)
    hours = (hour for hour in found.hours if month.start <= hour.start < month.end)
    return Kept(tuple(replace(each, **named) for each in taken), tuple(replace(each, **named) for each in hours))


def _as_table(kept: Kept, log: Path, remarks: Sequence[str]) -> Kept:
    """The hours of a log as those of the table of hours that is made of it."""
    if not kept.hours:
        return kept
    made = log.with_name(log.name + _TABLE_OF)
    made.write_text(hourly.table_of(kept.hours), encoding="utf-8")
    behind = ((log.name, hashlib.sha256(log.read_bytes()).hexdigest()),)
    return Kept((), tuple(hourly.read(made)), behind, tuple(remarks))


def _row(source: Mapping[str, Any], month: Month, taken: Read) -> dict[str, Any]:
    kept = taken.kept
    grades = [bill.quality for bill in kept.bills] + [hour.quality for hour in kept.hours]
    rejected = {"count": len(taken.rejected), "shown": taken.rejected[:_SHOWN]}
    return {
        "source": source["id"], "month": month.number, "sha256": taken.sha256, "name": taken.name,
        "kind": taken.kind, "rows": taken.rows, "hours": sum(hour.complete for hour in kept.hours),
        "energy_wh": taken.energy_wh, "quality": max(grades), "rejected": json.dumps(rejected),
        "warnings": json.dumps(taken.warnings), "readings": json.dumps(_dumped(kept)), "created": int(time.time()),
    }  # fmt: skip


def _require_own_name(connection: Connection, source: Mapping[str, Any], month: Month, taken: Read) -> None:
    """Statements name their files within one folder: two contents of one name could not be compared there."""
    of, name = schema.energy_source, taken.name
    taken_by = (name, name + _TABLE_OF, name.removesuffix(_TABLE_OF))
    query = select(_TABLE.c.id).join(of, of.c.id == _TABLE.c.source).where(
        of.c.organisation == source["organisation"], of.c.chain == source["chain"],
        of.c.facility == source["facility"], _TABLE.c.month == month.number, _TABLE.c.name.in_(taken_by),
        _TABLE.c.sha256 != taken.sha256,
    )  # fmt: skip
    if connection.scalar(query.limit(1)) is not None:
        raise Conflict(f"another file of {month} has this name", where=name, todo="Give it another name.")


def _owned(by: Principal, chain: int, facility: str) -> Any:
    of = schema.energy_source
    return (of.c.organisation == by.organisation) & (of.c.chain == chain) & (of.c.facility == facility)


def _dumped(kept: Kept) -> dict[str, Any]:
    """In the form of JSON. All bills and hours of an upload are of one file."""
    first: Bill | Hour = kept.bills[0] if kept.bills else kept.hours[0]
    return {
        "file": first.file, "sha256": first.file_sha256, "behind": kept.behind, "notes": kept.notes,
        "bills": [[str(each.first), str(each.last), each.energy_wh, each.row, each.document_sha256, each.uri,
                   each.quality] for each in kept.bills],
        "hours": [[each.start, None if each.energy_wh is None else str(each.energy_wh), each.row, each.covered_s,
                   each.last_row, each.quality] for each in kept.hours],
    }  # fmt: skip


def _loaded(said: Mapping[str, Any], source: Mapping[str, Any]) -> Kept:
    named, file = (source["utility"], source["meter"]), (said["file"], said["sha256"])
    return Kept(tuple(_bills(said["bills"], named, file)), tuple(_hours(said["hours"], named, file)),
                tuple((name, digest) for name, digest in said["behind"]), tuple(said["notes"]))  # fmt: skip


def _bills(rows: Iterable[Any], named: tuple[str, str], file: tuple[str, str]) -> Iterable[Bill]:
    for first, last, energy, row, document, uri, quality in rows:
        days = date.fromisoformat(first), date.fromisoformat(last)
        yield Bill(*named, *days, energy, *file, row, document, uri, quality)


def _hours(rows: Iterable[Any], named: tuple[str, str], file: tuple[str, str]) -> Iterable[Hour]:
    for start, energy, row, covered, last_row, quality in rows:
        yield Hour(*named, start, None if energy is None else Fraction(energy), *file, row, covered, last_row, quality)
