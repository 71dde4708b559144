"""What the report of an allocation says, in order: totals, flows, intensities, months, customers, and its grounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from carbon_tokens.allocation.fleet import grounds
from carbon_tokens.allocation.fleet.export import to_json
from carbon_tokens.allocation.fleet.history import MonthTotals
from carbon_tokens.allocation.fleet.result import Footprint
from carbon_tokens.allocation.pages.blocks import Block, Picture, Section, Table, Text, Totals, percent, tonnes
from carbon_tokens.allocation.pages.pictures import bars, heat_map, sankey
from carbon_tokens.allocation.shares import split

CUSTOMERS, CLUSTERS = 25, 6  # shown
_EPOCH = date(1970, 1, 1).toordinal()
_NG = 10**6  # ng/Wh in a g/kWh
_STEPS = ("meters", "regions", "services", "customers")


def title(content: dict[str, Any]) -> str:
    return f"Energy and emissions of customers, {content['month'] or 'a month'}"


def sections(footprint: Footprint, months: Sequence[MonthTotals] = ()) -> list[Section]:
    """The whole report.

    Args:
        months: this month and earlier ones, as ``history.months``; none are drawn where there are none.
    """
    content = to_json(footprint)
    made = [
        Section("Totals", [*_totals(footprint, content), *_notes(content)]),
        Section("Regions", list(_regions(footprint, content))),
        Section("Energy from meters to customers", list(_flows(footprint))),
        Section("Intensity of the grid by hour (UTC) and day, g CO2e/kWh", list(_maps(footprint))),
        Section(f"Customers{_of(content['customers'])}", [_customers(footprint)]),
    ]
    if months:
        made.insert(2, Section("Months", list(_months(months))))
    return [*made, *grounds.sections(footprint, content)]


def _totals(footprint: Footprint, content: dict[str, Any]) -> Iterator[Block]:
    totals = content["totals"]
    location, market = footprint.quality.location[""], footprint.quality.market[""]
    yield Totals(
        (
            ("Energy", f"{content['energy_wh'] / 1e6:,.3f} MWh", "at the meters of the site"),
            ("Gross, location-based", tonnes(totals["gross_location_g"]), grounds.band(location)),
            ("Gross, market-based", tonnes(totals["gross_market_g"]), grounds.band(market)),
            ("Net", tonnes(totals["net_g"]), "no offset is part of an allocation"),
        )
    )
    yield Text(
        "CO2e of scopes 1, 2 and 3. Net is gross market-based minus retired offsets; offsets are retired into the"
        " account of the facility, never here, and lower no gross total. The bands are of scope 2."
    )
    rows = [
        ("scope 1", content["scope1_g"], content["scope1_g"]),
        ("scope 2", content["statement_g"], sum(each.scope2_market_g for each in footprint.regions)),
        ("scope 3", content["scope3_g"], content["scope3_g"]),
        ("gross", totals["gross_location_g"], totals["gross_market_g"]),
    ]
    cells = [[name, tonnes(location_g), tonnes(market_g)] for name, location_g, market_g in rows]
    yield Table("The totals by scope", ("CO2e", "location-based", "market-based"), cells)


def _notes(content: dict[str, Any]) -> Iterable[Text]:
    flags, said = content["flags"], list[str]()
    if any(each["market_provisional"] for each in content["regions"].values()):
        said.append("Market-based emissions are provisional: by the factor of the year before.")
    if (share := float(flags["hourly_intensity_share"])) < 1:
        said.append(f"{percent(1 - share)} of the energy has the annual intensity of its zone, its hours are missing.")
    for name, what in (
        ("dyn_without_cpu_uwh", "dynamic energy of machines on which nobody computed"),
        ("overhead_without_it_uwh", "overhead of hours in which no machine drew energy"),
        ("unreserved_idle_uwh", "idle energy of clusters in which nobody reserves"),
        ("undelivered_uwh", "energy that has not reached an end user after the rounds"),
    ):
        if flags[name]:
            said.append(f"{flags[name] / 1e9:,.3f} kWh are {what}.")
    if flags["unsold"]:
        names = ", ".join(f"{each['service']} ({each['region']})" for each in flags["unsold"])
        said.append(f"Nobody bought, so overhead of the others: {names}.")
    if flags["sold_without_energy"]:
        names = ", ".join(f"{each['service']} ({each['region']})" for each in flags["sold_without_energy"])
        said.append(f"Sold, but without energy: {names}.")
    return [Text(each, note=True) for each in said]


def _regions(footprint: Footprint, content: dict[str, Any]) -> Iterator[Block]:
    groups = {each.region: (each.scope2_location_g, each.scope2_market_g) for each in footprint.regions}
    yield Picture(bars(groups, ("location-based", "market-based"), "Scope 2 of each region"), "Scope 2 of each region")
    rows = [
        [
            each.region, f"{each.energy_wh:,}", tonnes(each.scope2_location_g),
            grounds.band(footprint.quality.location[each.region]), tonnes(each.scope2_market_g),
            grounds.band(footprint.quality.market[each.region]), f"{content['regions'][each.region]['residual_g']:,}",
        ]
        for each in footprint.regions
    ]  # fmt: skip
    head = ("region", "Wh", "scope 2 location-based", "band", "market-based", "band", "residual of the SKU mode, g")
    yield Table("Scope 2 of each region, with its band", head, rows)


def _months(months: Sequence[MonthTotals]) -> Iterator[Block]:
    energy = {each.month: (each.energy_wh,) for each in months}
    totals = {each.month: (each.location_g, each.market_g, each.market_g) for each in months}
    names = ("location-based", "market-based", "net")
    yield Picture(bars(energy, ("",), "Energy by month, MWh", unit="MWh", places=3), "Energy by month")
    yield Picture(bars(totals, names, "The three totals by month, t CO2e"), "The three totals by month, CO2e")
    rows = [
        [each.month, each.digest, f"{each.energy_wh:,}", *map(tonnes, (each.location_g, each.market_g, each.market_g))]
        for each in months
    ]  # fmt: skip
    head = ("month", "sha-256 of its rows", "Wh", "gross location-based", "gross market-based", "net")
    yield Table("The months and the allocations they are of", head, rows, 2, 1)


def _flows(footprint: Footprint) -> Iterator[Block]:
    flows = _paths(footprint)
    if not flows:
        yield Text("No energy.")
        return
    caption = "Energy from the meters of clusters through regions and services to customers"
    yield Picture(sankey(flows, caption, _STEPS), f"{caption}, Wh")


def _paths(footprint: Footprint) -> dict[tuple[str, ...], int]:
    """Wh by cluster, region, service and customer. Which cluster serves whom is not kept: those of a region are laid
    beside its rows in order, which leaves every sum between two neighbors true."""
    meters = {each.cluster: each.energy_uwh for each in footprint.quality.clusters}
    by_region: dict[str, list[tuple[str, str, int]]] = {}
    columns = [footprint.rows.column(name).to_pylist() for name in ("region", "service", "customer", "energy_wh")]
    for region, service, customer, energy in zip(*columns, strict=True):
        by_region.setdefault(region, []).append((service or "(unsold)", customer, energy))
    clusters = {each.region: each.clusters for each in footprint.regions}
    flows: dict[tuple[str, ...], int] = {}
    for region, rows in by_region.items():
        weights = {each: meters[each] for each in clusters[region]}
        whole = sum(energy for *_, energy in rows)
        left = list(split(whole, weights).items()) if any(weights.values()) else [(region, whole)]
        for service, customer, energy in rows:
            for cluster, part in _taken(left, energy):
                path = (cluster, region, service, customer)
                flows[path] = flows.get(path, 0) + part
    return flows


def _taken(left: list[tuple[str, int]], energy: int) -> Iterator[tuple[str, int]]:
    """Takes an amount from the first of what is left."""
    while energy > 0 and left:
        cluster, has = left[0]
        part = min(has, energy)
        energy -= part
        left[0] = (cluster, has - part)
        if has == part:
            left.pop(0)
        yield cluster, part


def _maps(footprint: Footprint) -> Iterator[Block]:
    maps: dict[str, dict[tuple[int, int], float]] = {}
    columns = (footprint.hours.column(name).to_pylist() for name in ("cluster", "hour", "intensity"))
    for cluster, hour, intensity in zip(*columns, strict=True):
        if intensity >= 0:
            maps.setdefault(cluster, {})[_day(hour, footprint.month), hour % 24] = intensity / _NG
    for cluster in sorted(maps)[:CLUSTERS]:
        caption = f"{cluster}, up to {max(maps[cluster].values()):g}"
        yield Picture(heat_map(maps[cluster], f"Intensity of the grid of {cluster} by hour"), caption, small=True)
    if len(maps) > CLUSTERS:
        yield Text(f"{CLUSTERS} of {len(maps)} clusters.")


def _day(hour: int, month: str | None) -> int:
    """Day of the month, from 1; ``hour`` counts from 1970 where the month is known, else from its start."""
    return date.fromordinal(_EPOCH + hour // 24).day if month else hour // 24 + 1


def _of(customers: int) -> str:
    return f": the {CUSTOMERS} with most energy of {customers:,}" if customers > CUSTOMERS else ""


def _customers(footprint: Footprint) -> Table:
    names = ("energy_wh", "scope2_location_g", "scope2_market_g", "scope1_g", "scope3_g")
    sums = footprint.rows.group_by("customer").aggregate([(name, "sum") for name in names])
    order = [("energy_wh_sum", "descending"), ("customer", "ascending")]
    rows = sums.sort_by(order).slice(0, CUSTOMERS).to_pylist()
    cells = [[row["customer"], *(f"{row[f'{name}_sum']:,}" for name in names)] for row in rows]
    head = ("customer", "Wh", "scope 2 location-based, g", "market-based, g", "scope 1, g", "scope 3, g")
    return Table("Customers by energy", head, cells)
