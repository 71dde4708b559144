"""US EPA's eGRID: the shipped releases, EPA's own workbooks, and the map file of its Power Profiler.

``data/egrid/rates.csv`` holds every usable release, one row per region, and ``areas.csv`` beside it the balancing
authorities and NERC regions, which are in no release: their codes are also those of states. ``editions.csv`` says
which editions of a year there are, which is the default (the newest complete one that is shipped), and which is refused
and why. A year or region that is missing is an error: nothing falls back to another year, to a state or to the nation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from carbon_tokens import data_files
from carbon_tokens.errors import FactorError
from carbon_tokens.factors import profiler, table, workbook
from carbon_tokens.factors.rate import DATASET, LEVELS, WIDER, Rate, Release, refuse_impossible
from carbon_tokens.units import decimal

RATE_COLUMNS = (
    *("dataset", "year", "edition", "level", "region", "name"),
    *("co2_lb_per_mwh", "ch4_lb_per_mwh", "n2o_lb_per_mwh", "co2e_lb_per_mwh", "grid_loss", "source"),
)
EDITION_COLUMNS = ("dataset", "year", "edition", "status", "default", "title", "note")
SOURCE_COLUMNS = (
    *("file", "row_or_scope", "fact", "publisher", "dataset", "edition"),
    *("source", "source_file_sha256", "licence", "note"),
)

_RATES = ("data/egrid/rates.csv", "data/egrid/areas.csv")

read_workbook = workbook.read
read_release = workbook.read_release
read_profiler = profiler.read_release


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition of a year's release: usable or refused (``note`` says why), and whether it is the year's default."""

    dataset: str
    year: int
    edition: str
    usable: bool
    default: bool
    title: str
    note: str

    def to_json(self) -> dict[str, object]:
        keys = ("dataset", "year", "edition", "usable", "default", "title", "note")
        return {key: getattr(self, key) for key in keys}


def rates(region: str, year: int, edition: str | None = None, level: str | None = None) -> Rate:
    """The published rates of a region: ``US``, a state (``CA``) or an eGRID subregion (``CAMX``).

    Args:
        region: case does not matter.
        year: the data year.
        edition: an edition of that year; the year's default if None, and the result says which.
        level: ``us``, ``state`` or ``subregion``; any of them if None (their region codes do not overlap); or ``ba``
            or ``nerc``.

    Raises:
        FactorError: no such year, edition, level or region, or a refused edition.
    """
    if level is not None and level not in LEVELS + WIDER:
        raise FactorError(f"{level!r} is no level", todo=f"Use {', '.join(LEVELS + WIDER)}.")
    found = release(year, edition)
    return _area(found, region, level) if level in WIDER else found.rate(region, level)


def editions(year: int | None = None) -> tuple[Edition, ...]:
    """The editions that are known, of one year or of all, refused ones included."""
    return tuple(one for one in _editions() if year in (None, one.year))


def release(year: int, edition: str | None = None) -> Release:
    """A shipped release; the year's default edition if none is named.

    Raises:
        FactorError: no such year or edition, or a refused edition, with the reason.
    """
    chosen = _chosen(year, edition)
    if not chosen.usable:
        usable = " or ".join(one.edition for one in editions(year) if one.usable)
        what = f"{chosen.dataset}{year} edition {chosen.edition} is refused: {chosen.note.rstrip('.')}"
        raise FactorError(what, todo=f"Use {usable}.")
    return _releases()[chosen.year, chosen.edition]


def subregions() -> frozenset[str]:
    """The codes of every eGRID subregion in the shipped releases."""
    return frozenset(rate.region for one in _releases().values() for rate in one.rates if rate.level == "subregion")


def source(source_id: str) -> dict[str, str]:
    """The row of ``data/SOURCES.csv`` that a rate's ``source`` names. Raises FactorError if there is none."""
    try:
        return _sources()[source_id]
    except KeyError:
        raise FactorError(f"no source {source_id!r}", where="SOURCES.csv", todo="Install the package again.") from None


def _area(found: Release, region: str, level: str) -> Rate:
    """A balancing authority or NERC region of the release's year and edition."""
    rows = [rate for rate in _areas() if (rate.year, rate.edition, rate.level) == (found.year, found.edition, level)]
    wanted = [rate for rate in rows if rate.region == " ".join(region.upper().split())]
    if not wanted:
        what = f"{DATASET}{found.year} edition {found.edition} has no {level} {region!r} here"
        todo = f"It has: {' '.join(rate.region for rate in rows)}." if rows else "Give EPA's workbook."
        raise FactorError(what, todo=todo)
    return wanted[0]


@cache
def _areas() -> tuple[Rate, ...]:
    rows = table.read(data_files.path("egrid", "areas.csv"), RATE_COLUMNS)
    return tuple(_rate(where, row) for where, row in rows)


def _chosen(year: int, edition: str | None) -> Edition:
    known = editions(year)
    if not known:
        years = ", ".join(map(str, sorted({one.year for one in editions()})))
        todo = f"Shipped are {years}; name one of them with --year, or read EPA's workbook of {year}."
        raise FactorError(f"no {DATASET} release of {year}", todo=todo)
    wanted = [one for one in known if (one.default if edition is None else one.edition == edition.lower())]
    if not wanted:
        todo = f"It has {', '.join(one.edition for one in known)}."
        raise FactorError(f"{DATASET}{year} has no edition {edition!r}", todo=todo)
    return wanted[0]


@cache
def _editions() -> tuple[Edition, ...]:
    found = []
    for where, row in table.read(data_files.path("egrid", "editions.csv"), EDITION_COLUMNS):
        if row["status"] not in ("usable", "refused"):
            raise FactorError(f"status {row['status']!r} is unknown", where=where, todo="Use usable or refused.")
        flags = row["status"] == "usable", row["default"] == "yes"
        found.append(Edition(row["dataset"], int(row["year"]), row["edition"], *flags, row["title"], row["note"]))
    return tuple(found)


@cache
def _sources() -> dict[str, dict[str, str]]:
    rows = (row for _, row in table.read(data_files.path("SOURCES.csv"), SOURCE_COLUMNS))
    scopes = ((row["row_or_scope"].partition("source="), row) for row in rows if row["file"] in _RATES)
    return {scope[2]: row for scope, row in scopes if scope[1]}


@cache
def _releases() -> dict[tuple[int, str], Release]:
    path = data_files.path("egrid", "rates.csv")
    rows: dict[tuple[int, str], list[Rate]] = {}
    for where, row in table.read(path, RATE_COLUMNS):
        rate = _rate(where, row)
        rows.setdefault((rate.year, rate.edition), []).append(rate)
    for found in rows.values():
        refuse_impossible(found, path.name)
    return {key: Release(DATASET, *key, lines_sha256(path, *key), tuple(found)) for key, found in rows.items()}


def lines_sha256(path: Path, year: int, edition: str) -> str:
    """sha256 of the header and a release's own lines of a table of rates, each ended by one line feed."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    own = [line for line in lines if line.startswith(f"{DATASET},{year},{edition},")]
    return hashlib.sha256("".join(f"{line}\n" for line in [header, *own]).encode()).hexdigest()


def _rate(where: str, row: dict[str, str]) -> Rate:
    co2, ch4, n2o, co2e, loss = (_decimal(row[column], where) for column in RATE_COLUMNS[6:11])
    if co2 is None or row["level"] not in LEVELS + WIDER:
        what = f"{row['region']} has no CO2 rate or no level"
        raise FactorError(what, where=where, todo="Install the package again.")
    origin = source(row["source"])["source_file_sha256"]
    key = row["dataset"], int(row["year"]), row["edition"], row["level"], row["region"], row["name"]
    return Rate(*key, co2, ch4, n2o, co2e, loss, row["source"], origin)


def _decimal(text: str, where: str) -> Decimal | None:
    return decimal(text, where=where) if text else None
