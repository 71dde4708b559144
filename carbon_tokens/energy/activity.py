"""Activity as energy, where nothing was measured: the last tier, always grade D (METHOD sections 8.4, 8.5).

A CSV of rows ``what, amount, unit, from, thru``, with days inclusive as on bills; optional ``copies``, ``load``,
``watt_hours``, ``watts`` and ``source``:

    what = a name of data/power/rates.csv (HDD, SSD, memory, network …)   amount × copies × the published Wh of a unit
    what = u-rack            amount U · watts of a U · load (0 to 1) · hours               both are the caller's
    any other what           amount × the caller's own watt_hours of a unit, with its source

    Wh = Σ amount · rate        spread evenly over the hours of its days

A rate is never assumed: a row names a published one or brings its own with its source, and every line says its formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import coefficients, tables
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.local_time import days
from carbon_tokens.energy.series import HOUR_S, HOURS_LIMIT, number
from carbon_tokens.energy.servers import share
from carbon_tokens.errors import CarbonTokensError, EnergyError

COLUMNS = ("what", "amount", "unit", "from", "thru")
OPTIONAL = ("copies", "load", "watt_hours", "watts", "source")
RACK, RACK_UNIT = "u-rack", "U"
GRADE = "D"


@dataclass(frozen=True, slots=True)
class Activity:
    """A row: exact Wh over [start, end) in UTC seconds, the formula and where the rate is from."""

    what: str
    start: int
    end: int
    energy_wh: Fraction
    formula: str
    source: str
    file: str
    file_sha256: str
    row: int

    @property
    def where(self) -> str:
        return f"{self.file}:{self.row}"


def read(path: Path | str, zone: tzinfo = UTC) -> list[Activity]:
    """The rows of a log, in the order of the file; days are those of a zone.

    Raises:
        EnergyError: naming by file:row every row without a rate, in another unit than its rate's, or that is none.
    """
    table = tables.read(path, COLUMNS, OPTIONAL)
    problems, found = list(table.problems), list[Activity]()
    for row in table.rows:
        missing = list(tables.empty_cells(row, COLUMNS))
        problems += missing
        try:
            if not missing:
                found.append(_activity(row, table, zone))
        except CarbonTokensError as error:
            problems.append((row.where, error.what))
    tables.refuse(problems)
    return found


def hours(found: Sequence[Activity], *, utility: str, meter: str) -> list[Hour]:
    """The UTC hours that activities touch, by time; Σ hours = Σ activities, exactly. Grade D.

    Raises:
        EnergyError: no activity, more than thirty years, or no name of utility or meter.
    """
    if not found:
        raise EnergyError("no activity")
    energy, covered = dict[int, Fraction](), dict[int, int]()
    if max(each.end for each in found) - min(each.start for each in found) > HOURS_LIMIT * HOUR_S:
        raise EnergyError("more than thirty years", where=found[0].file)
    for each in found:
        for at in range(each.start // HOUR_S * HOUR_S, each.end, HOUR_S):
            seconds = min(at + HOUR_S, each.end) - max(at, each.start)
            energy[at] = energy.get(at, Fraction(0)) + each.energy_wh * seconds / (each.end - each.start)
            covered[at] = max(covered.get(at, 0), seconds)
    first, rows = found[0], [each.row for each in found]
    read = (first.file, first.file_sha256, min(rows))
    made = [Hour(utility, meter, at, energy[at], *read, covered[at], max(rows), GRADE) for at in sorted(energy)]
    _ = made[0].meter_id  # both need a name
    return made


def _activity(row: tables.Row, table: tables.Table, zone: tzinfo) -> Activity:
    cells = {name: row.cells.get(name, "") for name in (*COLUMNS, *OPTIONAL)}
    start, end = _period(cells, zone)
    energy, formula, source = _rated(cells, Fraction(end - start, HOUR_S))
    if energy >= tables.WH_LIMIT:
        raise EnergyError(f"{float(energy):.3g} Wh are more than the ledger holds")
    return Activity(cells["what"], start, end, energy, formula, source, table.name, table.sha256, row.number)


def _period(cells: dict[str, str], zone: tzinfo) -> tuple[int, int]:
    try:
        first, last = (date.fromisoformat(cells[name]) for name in ("from", "thru"))
    except ValueError as error:
        raise EnergyError(f"{cells['from']!r} to {cells['thru']!r} are no dates; write YYYY-MM-DD") from error
    if not 1970 <= first.year <= last.year < 9999 or last < first or last - first > timedelta(days=11_000):
        raise EnergyError(f"{first} to {last} is no period")
    start, end = days(first, last, zone)
    if end <= start:
        raise EnergyError(f"{first} to {last} never was in this zone")
    return start, end


def _rated(cells: dict[str, str], period_h: Fraction) -> tuple[Fraction, str, str]:
    """Wh, their formula and the rate's source."""
    amount, what, unit = number(cells["amount"], "amount"), cells["what"], cells["unit"]
    copies = number(cells["copies"], "number of copies") if cells["copies"] else Fraction(1)
    own, published = cells["watt_hours"], what in coefficients.names("rates")
    if what == RACK:
        return _rack(cells, amount, period_h)
    if cells["watts"] or cells["load"]:
        raise EnergyError(f"watts and load are of {RACK}")
    if copies < 1 or copies % 1:
        raise EnergyError(f"{cells['copies']} copies")
    if own and (published or not cells["source"]):
        raise EnergyError(f"{what} has a published rate" if published else "watt_hours of one's own need a source")
    if not own and not published:
        known = ", ".join(coefficients.names("rates"))
        raise EnergyError(f"{what!r} has no published rate ({known}); give watt_hours and source")
    if published:
        rate = coefficients.rate(what)
        if unit != rate.unit:
            raise EnergyError(f"{what} is in {rate.unit}, not in {unit}")
        watt_hours, source = rate.watt_hours, rate.source
    else:
        watt_hours, source = number(own, "rate in Wh"), cells["source"]
    times = f" × {copies} copies" if copies != 1 else ""
    return amount * copies * watt_hours, f"{cells['amount']} {unit}{times} × {float(watt_hours):g} Wh", source


def _rack(cells: dict[str, str], amount: Fraction, period_h: Fraction) -> tuple[Fraction, str, str]:
    if cells["unit"] != RACK_UNIT or not cells["watts"] or not cells["load"] or not cells["source"]:
        raise EnergyError(f"a {RACK} needs the unit {RACK_UNIT}, watts of a U at full load, load (0 to 1) and source")
    if cells["watt_hours"] or cells["copies"]:
        raise EnergyError(f"a {RACK} has watts and load, not watt_hours or copies")
    watts, load = number(cells["watts"], "power"), share(number(cells["load"], "load"))
    formula = f"{cells['amount']} U × {cells['watts']} W × {cells['load']} × {float(period_h):g} h"
    return amount * watts * load * period_h, formula, cells["source"]
