"""Published coefficients of power, for equipment that nobody measured: grade C (METHOD sections 8.4, 8.5).

Each table in data/power is a few cited figures, whose release stands in the row and in data/SOURCES.csv:

    threads       idle and full-load W of a hardware thread, by microarchitecture (Cloud Carbon Footprint)
    servers       the same of a whole server
    accelerators  the same of a card; derived from TDP by its publisher
    profiles      logarithmic profiles (Boavizta)
    specpower     eleven-point tables of single systems (SPECpower_ssj2008): if it is the same system
    rates         Wh of memory, storage (allocated bytes × copies) and network
    embodied      kg CO2e of making a server and its parts: scope 3, never turned into kWh

A name that a table does not hold is an error that lists what it holds: nothing falls back to an average in silence.
``UTILISATION`` and ``PUE`` are the defaults that have to be asked for where nothing is known (LBNL 2016; Uptime 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from carbon_tokens import data_files
from carbon_tokens.energy import tables
from carbon_tokens.energy.exact import Number, exact
from carbon_tokens.energy.servers import SPECPOWER_LOADS, Linear, Logarithmic, Table, several, specpower
from carbon_tokens.errors import EnergyError

UTILISATION = Fraction(1, 2)
PUE = Fraction("1.58")
_COLUMNS = {
    "threads": ("architecture", "idle_w", "max_w", "refused", "source"),
    "servers": ("architecture", "idle_w", "max_w", "source"),
    "accelerators": ("accelerator", "idle_w", "max_w", "source"),
    "profiles": ("profile", "a", "b", "c", "d", "source"),
    "specpower": ("result", "system", "processor", *(f"w{int(100 * load)}" for load in SPECPOWER_LOADS)),
    "embodied": ("part", "unit", "kg", "note", "source"),
    "rates": ("what", "unit", "watt_hours", "note", "source"),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """Wh of one unit: of a GB or TB for an hour, or of a GB that is moved."""

    what: str
    unit: str
    watt_hours: Fraction
    note: str
    source: str

    def energy_wh(self, amount: Number, copies: int = 1) -> Fraction:
        """Wh of an amount in the rate's unit, held ``copies`` times. Raises EnergyError for less than one copy or 0."""
        if (held := exact(amount, self.what)) < 0 or copies < 1:
            raise EnergyError(f"{amount} {self.unit} of {self.what} in {copies} copies")
        return self.watt_hours * held * copies


def threads(architecture: str, count: int = 1) -> Linear:
    """The power of hardware threads (vCPUs) of a microarchitecture.

    Raises:
        EnergyError: an unknown microarchitecture, one whose published figure contradicts its source, no thread.
    """
    row = _row("threads", architecture)
    if row["refused"]:
        todo = "Give idle and full-load power of the server itself."
        raise EnergyError(f"{architecture}: {row['refused']}, so its published figure is refused", todo=todo)
    return several(_linear(row), count)


def server(architecture: str) -> Linear:
    """The power of a whole server. Raises EnergyError for an unknown microarchitecture."""
    return _linear(_row("servers", architecture))


def accelerator(name: str, count: int = 1) -> Linear:
    """The power of accelerator cards by their utilisation. Raises EnergyError for an unknown one, or no card."""
    return several(_linear(_row("accelerators", name)), count)


def profile(name: str) -> Logarithmic:
    """A logarithmic profile of a CPU. Raises EnergyError for an unknown one."""
    row = _row("profiles", name)
    return Logarithmic(*(float(row[column]) for column in "abcd"))


def system(result: str) -> Table:
    """The table of a SPECpower_ssj2008 result, by its number. Raises EnergyError for one that is not shipped."""
    row = _row("specpower", result)
    return specpower(tuple(Fraction(row[column]) for column in _COLUMNS["specpower"][3:]))


def rate(what: str) -> Rate:
    """The energy of memory, storage or network. Raises EnergyError for another thing."""
    row = _row("rates", what)
    return Rate(row["what"], row["unit"], Fraction(row["watt_hours"]), row["note"], row["source"])


def embodied_kg(part: str) -> Fraction:
    """kg CO2e of making a server, or one more of a part. Raises EnergyError for another part."""
    return Fraction(_row("embodied", part)["kg"])


def names(table: str) -> tuple[str, ...]:
    """What a table holds. Raises EnergyError for a table that is none of them."""
    return tuple(_rows(table))


def source(table: str, name: str) -> str:
    """The release that a figure is of. Raises EnergyError for an unknown table or name."""
    row = _row(table, name)
    return row.get("source") or f"SPECpower_ssj2008 result {row['result']}"


def _linear(row: dict[str, str]) -> Linear:
    return Linear(Fraction(row["idle_w"]), Fraction(row["max_w"]))


def _row(table: str, name: str) -> dict[str, str]:
    rows = _rows(table)
    if name not in rows:
        raise EnergyError(f"{name!r} is not in the table of {table}", todo=f"It holds {', '.join(rows)}.")
    return rows[name]


@cache
def _rows(table: str) -> dict[str, dict[str, str]]:
    if table not in _COLUMNS:
        raise EnergyError(f"{table!r} is none of the tables {', '.join(_COLUMNS)}")
    found = tables.read(data_files.path("power", f"{table}.csv"), _COLUMNS[table])
    tables.refuse(list(found.problems))
    return {row.cells[_COLUMNS[table][0]]: row.cells for row in found.rows}
