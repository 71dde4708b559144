"""How far a fleet's totals may be off (METHOD section 7), from the bands that ``sources`` declares.

First order, in grams, for a region and for all of them:

    u² = Σ_c (g_c·u_c)²  +  Σ_k (Σ_c g_k,c·u_k,c)²

with c the meters, which err independently of each other, and k the factors that clusters have in common, each of which
adds up linearly over them: the grid's intensity (hourly, annual), last year's market factor, the residual mix, the
certificates. g is what the total changes if the input changes by its whole self, so that for location-based emissions
both g_c and g_k,c are those of the cluster; market-based with a residual mix, a Wh more adds a Wh at the residual mix.

Watts of idle machines and prices move emissions between customers and change no total: a customer's share has besides
at most sqrt(u_idle² + u_price²), both taken with their whole share. What is not declared has no band here, is named,
and is never replaced by a number; where nothing is declared there is no interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pyarrow as pa

from carbon_tokens.allocation.fleet.provenance import (
    FG,
    MILLION,
    Cluster,
    Found,
    Source,
    Tables,
    clusters_of,
    declared,
    inputs_of,
    rows_of,
    shares_by_grade,
    source_of,
)

Part = tuple[str, str, Fraction]  # table, cluster, grams that the total changes by with the whole of it


@dataclass(frozen=True, slots=True)
class Interval:
    """Grams, and what they may be off by to first order; None where no band is declared. Inputs without a band."""

    grams: Fraction
    off: float | None
    undeclared: tuple[str, ...]

    @property
    def relative(self) -> float | None:
        return self.off / float(self.grams) if self.off is not None and self.grams else None


@dataclass(frozen=True, slots=True)
class Quality:
    """Sources, clusters, shares of the energy by grade for each table, and intervals by region ("" is the total)."""

    sources: tuple[Source, ...]
    clusters: tuple[Cluster, ...]
    grades: dict[str, dict[str, Fraction]]
    location: dict[str, Interval]
    market: dict[str, Interval]
    split: float | None  # relative, of a customer's share besides
    split_undeclared: tuple[str, ...]


def assess(given: Tables, hours: pa.Table) -> Quality:
    """Grades, provenance and intervals of a month.

    Args:
        given: tables of ``columns.TABLES``; without ``sources`` everything is not declared.
        hours: by cluster and hour: energy (µWh), intensity (ng/Wh), annual, as ``Footprint.hours``.

    Raises:
        FleetError: a source of a table or cluster that is not given, of an unknown grade, or given twice, by row.
    """
    clusters = clusters_of(given, hours)
    sources = declared(given, {each.cluster for each in clusters})
    find = {(each.table, each.cluster): each for each in sources}
    grades = {name: shares_by_grade(name, clusters, find) for name in inputs_of(given)}
    places = {"": clusters} | {
        region: [each for each in clusters if each.region == region]
        for region in sorted({each.region for each in clusters})
    }
    location = {name: _interval(_by_location(of), find) for name, of in places.items()}
    market = {name: _interval(_by_market(of, given), find) for name, of in places.items()}
    split, missing = _split(given, find)
    return Quality(sources, tuple(clusters), grades, location, market, split, missing)


def _by_location(clusters: Iterable[Cluster]) -> tuple[Fraction, list[Part]]:
    parts: list[Part] = []
    for each in clusters:
        parts.append(("facility_hours", each.cluster, each.location))
        parts += [("carbon_intensity", each.cluster, each.hourly), ("annual_intensity", each.cluster, each.annual)]
    return sum((each.location for each in clusters), Fraction(0)), parts


def _by_market(clusters: Iterable[Cluster], given: Tables) -> tuple[Fraction, list[Part]]:
    mixes = {row["region"]: row["intensity"] for row in rows_of(given, "residual_mix")}
    by_region: dict[str, list[Cluster]] = {}
    for each in clusters:
        by_region.setdefault(each.region, []).append(each)
    grams, parts = Fraction(0), list[Part]()
    for region, own in by_region.items():
        found = _with_instruments(region, own, mixes[region], given) if region in mixes else _by_factor(own, given)
        grams += found[0]
        parts += found[1]
    return grams, parts


def _by_factor(clusters: Iterable[Cluster], given: Tables) -> tuple[Fraction, list[Part]]:
    factors = {row["cluster"]: row["market_factor"] for row in rows_of(given, "regions")}
    grams, parts = Fraction(0), list[Part]()
    for each in clusters:
        factor = Fraction(factors[each.cluster], MILLION) if factors[each.cluster] >= 0 else None
        one = Fraction(1) if factor is None else factor
        scaled = _by_location([each])
        grams += scaled[0] * one
        parts += [(table, cluster, mass * one) for table, cluster, mass in scaled[1]]
        if factor is not None:
            parts.append(("regions", each.cluster, scaled[0] * one))
    return grams, parts


def _with_instruments(
    region: str, clusters: Sequence[Cluster], residual: int, given: Tables
) -> tuple[Fraction, list[Part]]:
    """As ``market.market_based``: retired energy at its certificates, the rest at the residual mix."""
    energy = sum(each.energy_uwh for each in clusters)
    retired = [row for row in rows_of(given, "instruments") if row["region"] == region]
    held = sum(row["energy"] for row in retired)
    matched = min(energy, held)
    certified = Fraction(sum(row["energy"] * row["intensity"] for row in retired) * matched, (held or 1) * FG)
    rest = Fraction((energy - matched) * residual, FG)
    parts: list[Part] = [("instruments", "", certified), ("residual_mix", "", rest)]
    for each in clusters:  # a Wh more is at the residual mix, or, where more is retired than used, at the certificates
        marginal = Fraction(residual, FG) if energy > held else certified / (matched or 1)
        parts.append(("facility_hours", each.cluster, marginal * each.energy_uwh))
    return certified + rest, parts


def _interval(total: tuple[Fraction, list[Part]], find: Found) -> Interval:
    """Root of the sum of squares: each meter by itself, each common factor as its sum over clusters."""
    grams, parts = total
    terms: dict[tuple[str, str], Fraction] = {}
    undeclared: dict[str, None] = {}
    for table, cluster, mass in parts:
        if not mass:
            continue
        source = source_of(find, table, cluster)
        if source is None or source.band is None:
            undeclared[f"{table} {cluster}".strip()] = None
            continue
        key = (table, cluster) if table == "facility_hours" else (table, "")
        terms[key] = terms.get(key, Fraction(0)) + mass * Fraction(source.band, MILLION)
    off = math.sqrt(sum(each * each for each in terms.values())) if terms else None
    return Interval(grams, off, tuple(undeclared))


def _split(given: Tables, find: Found) -> tuple[float | None, tuple[str, ...]]:
    """The band of idle watts and of prices together, at most."""
    bands, missing = list[int](), list[str]()
    for table in ("machines", "skus"):
        declared = [source.band for (name, _), source in find.items() if name == table and source.band is not None]
        if declared:
            bands.append(max(declared))
        else:
            missing.append(table)
    off = math.sqrt(sum(band * band for band in bands)) / MILLION if bands else None
    return off, tuple(missing)


def worst(quality: Quality, region: str) -> str | None:
    """The worst grade of a region's meters; None where one is not declared."""
    find = {(each.table, each.cluster): each for each in quality.sources}
    of = [source_of(find, "facility_hours", each.cluster) for each in quality.clusters if each.region == region]
    return max((each.grade for each in of if each), default=None) if all(of) else None


def content(quality: Quality) -> dict[str, Any]:
    """As JSON; parts as decimal text, grams as decimal text with three places."""
    names = ("table", "cluster", "dataset", "release", "url", "grade")
    return {
        "sources": [
            {name: getattr(each, name) for name in names}
            | {"uncertainty": None if each.band is None else f"{each.band / MILLION:g}"}
            for each in quality.sources
        ],
        "grades": {table: {g: f"{float(s):.6f}" for g, s in of.items()} for table, of in quality.grades.items()},
        "clusters": [
            {
                "cluster": each.cluster,
                "region": each.region,
                "zone": each.zone,
                "energy_uwh": each.energy_uwh,
                "annual_uwh": each.annual_uwh,
                "market": each.market,
            }
            for each in quality.clusters
        ],
        "location": _by_place(quality.location),
        "market": _by_place(quality.market),
        "split": {
            "uncertainty": None if quality.split is None else f"{quality.split:.6f}",
            "not_declared": list(quality.split_undeclared),
        },
    }


def _by_place(intervals: Mapping[str, Interval]) -> dict[str, Any]:
    regions = {name: _said(each) for name, each in intervals.items() if name}
    return {"total": _said(intervals[""]), "regions": regions}


def _said(interval: Interval) -> dict[str, Any]:
    relative = interval.relative
    return {
        "uncertainty_g": None if interval.off is None else f"{interval.off:.3f}",
        "uncertainty": None if relative is None else f"{relative:.6f}",
        "not_declared": list(interval.undeclared),
    }
