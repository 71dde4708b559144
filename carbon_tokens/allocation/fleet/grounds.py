"""What a report rests on: coverage, grades and intervals, meters against bills, checks, boundary, and every source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from carbon_tokens.allocation.fleet.provenance import GRADES, UNDECLARED
from carbon_tokens.allocation.fleet.quality import Interval
from carbon_tokens.allocation.fleet.result import Footprint
from carbon_tokens.allocation.pages.blocks import Block, Section, Table, Text, kwh, percent
from carbon_tokens.periods import Month

_GRADES = "A metered, B modelled with measured parameters, C default coefficients, D estimate"


def sections(footprint: Footprint, content: dict[str, Any]) -> list[Section]:
    boundary = content["boundary"]
    counted = [
        Text(f"Inside: {'; '.join(boundary['included'])}."),
        Text(f"Outside: {'; '.join(boundary['excluded'])}."),
        Text(f"sha-256 of the list: {boundary['sha256']}"),
    ]
    return [
        Section("Meters against bills (C3)", list(_billed(footprint))),
        Section("Coverage", [_coverage(footprint)]),
        Section("Grades and uncertainty", list(_quality(footprint))),
        Section("Checks", list(_checks(content))),
        Section("Scopes 1 and 3", list(_non_electric(content))),
        Section(f"What is counted: {boundary['id']}", counted),
        Section("Where it comes from", list(_sources(footprint, content))),
    ]


def band(interval: Interval) -> str:
    """±, or what is missing for it."""
    if interval.off is None:
        return "band not declared" if interval.grams else "none"
    part = f"± {percent(interval.relative)}" if interval.relative is not None else f"± {interval.off:,.0f} g"
    return f"{part} (of what is declared)" if interval.undeclared else part


def _billed(footprint: Footprint) -> Iterator[Block]:
    billed = footprint.billed
    if billed is None:
        yield Text("No bills were given: the energy of the meters is not compared with what was billed.", note=True)
        return
    if not billed.comparisons:
        yield Text("No bill covers a day of this month.", note=True)
    rows = [
        [
            " ".join(each.place), ", ".join(each.meters), kwh(each.billed_uwh), kwh(each.metered_uwh),
            kwh(each.unmetered_uwh), "–" if each.difference is None else percent(float(each.difference)),
            f"{each.days} of {billed.days}", f"{each.hours} of {each.all_hours}",
        ]
        for each in billed.comparisons
    ]  # fmt: skip
    if len(rows) > 1:
        whole = [sum(getattr(each, f"{name}_uwh") for each in billed.comparisons) for name in ("billed", "metered")]
        part = percent(billed.unmetered_uwh / whole[0]) if whole[0] else "–"
        rows.append(["all", "", *map(kwh, whole), kwh(billed.unmetered_uwh), part, "", ""])
    head = (
        "place",
        "meters",
        "billed, kWh",
        "metered, kWh",
        "_unmetered, kWh",
        "of billed",
        "days billed",
        "hours metered",
    )
    if rows:
        yield Table("Billed and metered energy of the days that are billed", head, rows, 2)
    yield Text(
        f"_unmetered is billed minus metered; at most {percent(float(billed.tolerance))} of what was billed passes."
        " A bill that crosses the month's end counts by its days, both ends inclusive."
    )
    if billed.unbilled:
        named = ", ".join(f"{cluster} ({kwh(energy)} kWh)" for cluster, energy in billed.unbilled.items())
        yield Text(f"Without a bill of this month: {named}.", note=True)
    if billed.elsewhere:
        yield Text(f"Bills of other months, not used: {billed.elsewhere}.")


def _coverage(footprint: Footprint) -> Table:
    month = Month.parse(footprint.month) if footprint.month else None
    of = f" of {(month.end - month.start) // 3600}" if month else ""
    cells: dict[str, list[int]] = {}  # hours, µWh of hours with machines, µWh by activity
    columns = (footprint.hours.column(name).to_pylist() for name in ("cluster", "energy", "machines", "by_activity"))
    for cluster, energy, machines, activity in zip(*columns, strict=True):
        cell = cells.setdefault(cluster, [0, 0, 0])
        for at, amount in enumerate((1, energy if machines else 0, activity)):
            cell[at] += amount
    rows = []
    for each in footprint.quality.clusters:
        count, *parts = cells.get(each.cluster, [0, 0, 0])
        shares = [part / each.energy_uwh if each.energy_uwh else None for part in (each.hourly_uwh, *parts)]
        shown = ["–" if share is None else percent(share) for share in shares]
        rows.append([each.cluster, each.region, f"{count}{of}", *shown])
    head = ("cluster", "region", "hours with a meter", "hourly intensity", "machine data", "by activity metrics")
    return Table("Hours, and shares of the energy that data cover", head, rows, 2)


def _quality(footprint: Footprint) -> Iterator[Block]:
    quality = footprint.quality
    names = [*GRADES, UNDECLARED]
    rows = [
        [table, *(percent(float(shares[name])) if name in shares else "–" for name in names)]
        for table, shares in quality.grades.items()
    ]
    yield Table("Share of the energy by the grade of each table that it rests on", ("table", *names), rows)
    yield Text(f"Grades: {_GRADES}.")
    if quality.location[""].off is None and quality.market[""].off is None:
        yield Text("No band is declared (table sources, column uncertainty), so there is no interval.", note=True)
        return
    yield Text(
        "First order: u² = Σ over meters (share·u)² + Σ over common factors (Σ over clusters share·u)². Meters err by"
        " themselves; the intensity of the grid, the market factor, the residual mix and certificates are common"
        " factors, which add up linearly. Bands are relative, as declared by table sources."
    )
    intervals = []
    for basis, of in (("location-based", quality.location), ("market-based", quality.market)):
        for region, each in of.items():
            off = "–" if each.off is None else f"± {each.off:,.1f}"
            intervals.append([f"{region or 'all'}, {basis}", f"{float(each.grams):,.1f}", off, band(each)])
    yield Table("Scope 2 with its interval", ("region and basis", "scope 2, g", "band, g", "relative"), intervals)
    if missing := sorted(
        {name for of in (quality.location, quality.market) for each in of.values() for name in each.undeclared}
    ):
        yield Text(f"Not declared, so in no interval: {', '.join(missing)}.", note=True)
    said = "not declared" if quality.split is None else f"at most ± {percent(quality.split)}"
    without = f" Not declared: {', '.join(quality.split_undeclared)}." if quality.split_undeclared else ""
    yield Text(
        "Watts of idle machines and prices move emissions between customers and change no total. Their band of a"
        f" customer's share besides: {said}.{without}"
    )


def _non_electric(content: dict[str, Any]) -> Iterator[Block]:
    parts, years = content["non_electric"]["grams"], content["non_electric"]["years"]
    if not parts:
        yield Text("Nothing is given of scopes 1 and 3, which is not to say that there is nothing.", note=True)
        return
    yield Table("What they come of in this month", ("what", "g"), [[name, grams] for name, grams in parts.items()])
    if years:
        yield Text(f"Annual amounts are of {', '.join(f'{year} ({name})' for name, year in years.items())}.")


def _checks(content: dict[str, Any]) -> Iterator[Block]:
    rows = [
        [each["check"], each["says"], _numbers(each["numbers"]), "holds" if each["holds"] else "DOES NOT HOLD"]
        for each in content["checks"]
    ]
    yield Table("Made once more on what is published", ("check", "it says that", "compared", "result"), rows, 4)


def _numbers(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in numbers.items()) or "–"


def _sources(footprint: Footprint, content: dict[str, Any]) -> Iterator[Block]:
    quality = footprint.quality
    zones = [
        [
            each.cluster, each.zone or "–",
            f"annual for {percent(each.annual_uwh / each.energy_uwh)}" if each.annual_uwh else "hourly", each.market,
        ]
        for each in quality.clusters
    ]  # fmt: skip
    yield Table("Factors of each cluster", ("cluster", "zone", "intensity", "market-based"), zones, 4)
    if quality.sources:
        rows = [
            [
                f"{each.table} {each.cluster}".rstrip(), " ".join(filter(None, (each.dataset, each.release, each.url))),
                each.grade, UNDECLARED if each.band is None else f"± {percent(each.band / 10**6)}",
            ]
            for each in quality.sources
        ]  # fmt: skip
        yield Table("Sources as declared", ("table", "dataset and release", "grade", "band"), rows, 3)
    else:
        yield Text("Sources are not declared: there is no table sources.", note=True)
    options = content["options"].items()
    chosen = ", ".join(f"{name.replace('_', ' ')} {'all' if value is None else value}" for name, value in options)
    yield Text(f"Options: {chosen}. Rows: {content['rows']:,}. sha-256 of the rows: {content['digest']}")
    if content["ignored"]:
        yield Text(f"Not read, no table of a fleet: {', '.join(content['ignored'])}.", note=True)
    files = [[name, digest] for name, digest in content["inputs"].items()]
    if files:
        yield Table("Files that were read", ("file", "sha-256"), files, 2, 1)
