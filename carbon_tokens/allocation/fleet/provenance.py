"""Where a fleet's numbers come from and how good they are (METHOD section 7).

The table ``sources`` says of an input table, or of a table's rows of one cluster, its dataset, release, grade and
relative band: A metered, B modelled from logs with measured parameters, C default coefficients, D estimate. Grades are
weighted by the energy that rests on the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pyarrow as pa

from carbon_tokens.allocation.fleet.columns import PARTITIONED, TABLES
from carbon_tokens.errors import FleetError
from carbon_tokens.units import ceil

GRADES = ("A", "B", "C", "D")
UNDECLARED = "not declared"
MILLION = 10**6  # bands and factors are in millionths
FG = 10**15  # µWh × ng/Wh in a gram
_RELATIVE = re.compile(r"0(\.[0-9]{1,12})?|1(\.0+)?")
_OWN = ("sources", "bills")  # tables that are no input of a total

Tables = Mapping[str, pa.Table]
Found = Mapping[tuple[str, str], "Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """A row of ``sources``; ``band`` is relative in millionths, None where it is not declared."""

    table: str
    cluster: str
    dataset: str
    release: str
    url: str
    grade: str
    band: int | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster: µWh by hourly and by annual intensity, grams, and the market-based basis."""

    cluster: str
    region: str
    zone: str
    hourly_uwh: int
    annual_uwh: int
    hourly: Fraction  # g
    annual: Fraction  # g
    market: str

    @property
    def energy_uwh(self) -> int:
        return self.hourly_uwh + self.annual_uwh

    @property
    def location(self) -> Fraction:
        return self.hourly + self.annual


def declared(given: Tables, clusters: set[str]) -> tuple[Source, ...]:
    """The rows of ``sources`` by table and cluster. Raises FleetError as ``quality.assess``."""
    found: dict[tuple[str, str], Source] = {}
    for number, row in enumerate(given["sources"].to_pylist() if "sources" in given else [], start=2):
        source = _source(row, given, clusters, f"sources:{number}")
        if (source.table, source.cluster) in found:
            what = f"the source of {source.table} {source.cluster}".rstrip()
            raise FleetError(f"{what} stands twice", where=f"sources:{number}", todo="Give each once.")
        found[source.table, source.cluster] = source
    return tuple(found[key] for key in sorted(found))


def _source(row: Mapping[str, Any], given: Tables, clusters: set[str], where: str) -> Source:
    table, cluster, grade = row["table"], row["cluster"], row["grade"]
    if table not in TABLES or table not in inputs_of(given):
        raise FleetError(f"table {table!r} is not given", where=where, todo="Name a table of this fleet.")
    if cluster and cluster not in clusters:
        raise FleetError(f"cluster {cluster!r} is unknown", where=where, todo="Clusters: those of table regions.")
    if grade not in GRADES:
        raise FleetError(f"grade {grade!r} is unknown", where=where, todo="A metered, B modelled, C default, D guess.")
    return Source(table, cluster, row["dataset"], row["release"], row["url"], grade, _band(row["uncertainty"], where))


def _band(text: str, where: str) -> int | None:
    """Millionths, rounded up; None for an empty cell."""
    if not text:
        return None
    if not _RELATIVE.fullmatch(text):
        todo = "Give a relative band, 0.02 for 2 %, or leave the cell empty: not declared."
        raise FleetError(f"uncertainty {text!r} is no band from 0 to 1", where=where, todo=todo)
    return ceil(Fraction(text) * MILLION)


def inputs_of(given: Tables) -> list[str]:
    """Tables that totals or shares rest on; the partitioned ones are not among those that are given."""
    return [name for name in TABLES if name not in _OWN and (name in given or name in PARTITIONED)]


def clusters_of(given: Tables, hours: pa.Table) -> list[Cluster]:
    """Energy and grams of each cluster by hourly and by annual intensity, exactly, in the order of their names."""
    sums: dict[tuple[str, bool], list[int]] = {}
    columns = (hours.column(name).to_pylist() for name in ("cluster", "annual", "energy", "intensity"))
    for cluster, annual, energy, intensity in zip(*columns, strict=True):
        cell = sums.setdefault((cluster, bool(annual)), [0, 0])
        cell[0] += energy
        cell[1] += energy * intensity if energy else 0
    found = []
    for row in sorted(given["regions"].to_pylist(), key=lambda row: str(row["cluster"])):
        (hourly, by_hour), (annual, by_year) = (sums.get((row["cluster"], each), [0, 0]) for each in (False, True))
        grams = Fraction(by_hour, FG), Fraction(by_year, FG)
        found.append(Cluster(row["cluster"], row["region"], row["zone"], hourly, annual, *grams, _basis(row, given)))
    return found


def _basis(row: Mapping[str, Any], given: Tables) -> str:
    """What the market-based emissions of a cluster rest on."""
    mixes = {each["region"]: each["intensity"] for each in rows_of(given, "residual_mix")}
    if row["region"] in mixes:
        count = sum(each["region"] == row["region"] for each in rows_of(given, "instruments"))
        return f"{count} retired instruments, residual mix {mixes[row['region']] / MILLION:g} g/kWh"
    if row["market_factor"] >= 0:
        return f"factor {row['market_factor'] / MILLION:g} of the year before (provisional)"
    return "no factor is given: the location-based one stands in"


def rows_of(given: Tables, name: str) -> list[dict[str, Any]]:
    """Rows of a table; none where it is not given."""
    rows: list[dict[str, Any]] = given[name].to_pylist() if name in given else []
    return rows


def shares_by_grade(table: str, clusters: Sequence[Cluster], find: Found) -> dict[str, Fraction]:
    """Shares of the energy by the grade of a table that it rests on."""
    weights = {each.cluster: _weight(table, each) for each in clusters}
    whole = sum(weights.values())
    shares: dict[str, Fraction] = {}
    for cluster, weight in weights.items():
        source = source_of(find, table, cluster)
        grade = source.grade if source else UNDECLARED
        if weight:
            shares[grade] = shares.get(grade, Fraction(0)) + Fraction(weight, whole)
    return dict(sorted(shares.items()))


def _weight(table: str, cluster: Cluster) -> int:
    if table == "carbon_intensity":
        return cluster.hourly_uwh
    return cluster.annual_uwh if table == "annual_intensity" else cluster.energy_uwh


def source_of(find: Found, table: str, cluster: str) -> Source | None:
    """The source of a table's rows of a cluster, else of the whole table."""
    return find.get((table, cluster)) or find.get((table, ""))
