"""What a region's rows add up to, METHOD (f): its own total, or in service mode what the SKUs' factors give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from carbon_tokens.errors import FleetError
from carbon_tokens.units import largest_remainder

if TYPE_CHECKING:
    from carbon_tokens.allocation.fleet.result import Region

_UG = 10**6  # in a gram
PUBLISHED = ("energy_wh", "scope2_location_g", "scope2_market_g")


def by_mode(
    mode: str, totals: pa.Table, regions: Sequence[Region], tables: Mapping[str, pa.Table]
) -> tuple[pa.Table, pa.Table, dict[str, int]]:
    """Totals of services and regions, what is published of each region, and g of its rows above its own.

    Raises:
        FleetError: an unknown mode.
    """
    own = {name: {each.region: getattr(each, name) for each in regions} for name in PUBLISHED}
    if mode == "regional":
        return totals, _table(own), dict.fromkeys(own["energy_wh"], 0)
    if mode != "service":
        raise FleetError(f"{mode!r} is neither regional nor service", where="sku_mode")
    moved = _by_service(totals, tables)
    published = {name: largest_remainder(sum(own[name].values()), _weights(moved, regions, name)) for name in PUBLISHED}
    residual = {
        region: grams - own["scope2_location_g"][region] for region, grams in published["scope2_location_g"].items()
    }
    return moved, _table(published), residual


def _table(published: Mapping[str, Mapping[str, int]]) -> pa.Table:
    regions = list(published["energy_wh"])
    return pa.table({"region": regions, **{name: [of[each] for each in regions] for name, of in published.items()}})


def _by_service(totals: pa.Table, tables: Mapping[str, pa.Table]) -> pa.Table:
    """One factor a SKU times the region's intensity: a service's total by intensity × list value, energy by value."""
    values = _values(tables)
    rows: list[dict[str, Any]] = []
    by_service: dict[str, list[dict[str, Any]]] = {}
    for row in totals.to_pylist():
        by_service.setdefault(row["service"], []).append(row)
    sold = {region for _, region in values}
    for service, places in by_service.items():
        bare = sorted(sold - {row["region"] for row in places})  # it may be sold where it has no energy
        places += [{"service": service, "region": each, "energy": 0, "location": 0} for each in bare]
        value = {row["region"]: values.get((service, row["region"]), 0) for row in places}
        rows += _moved(service, places, value)
    rows = [row for row in rows if row["energy"] or row["location"]]
    return pa.Table.from_pylist(rows, totals.schema)


def _moved(service: str, places: list[dict[str, Any]], value: Mapping[str, int]) -> list[dict[str, Any]]:
    if not sum(value.values()):
        return places  # nobody bought it anywhere: it stays where it is, and is unsold
    weight = {row["region"]: _intensity(row) * value[row["region"]] for row in places}
    energy = largest_remainder(sum(row["energy"] for row in places), value)
    location = largest_remainder(sum(row["location"] for row in places), weight if any(weight.values()) else value)
    return [
        {"service": service, "region": region, "energy": energy[region], "location": location[region]}
        for region in energy
    ]


def _intensity(row: Mapping[str, Any]) -> Fraction:
    """Of a service in a region; none where it has no energy."""
    return Fraction(row["location"], row["energy"]) if row["energy"] else Fraction(0)


def _values(tables: Mapping[str, pa.Table]) -> dict[tuple[str, str], int]:
    """List value sold, in 10^-18 USD, by service and region."""
    skus = {row["sku"]: row for row in tables["skus"].to_pylist()}
    values: dict[tuple[str, str], int] = {}
    usage = tables["customer_usage"].select(["sku", "region", "amount"])
    usage = usage.group_by(["sku", "region"]).aggregate([("amount", "sum")])
    for row in usage.to_pylist():
        if row["sku"] in skus:
            key = (skus[row["sku"]]["service"], row["region"])
            values[key] = values.get(key, 0) + skus[row["sku"]]["price"] * row["amount_sum"]
    return values


def _weights(moved: pa.Table, regions: Sequence[Region], name: str) -> dict[str, Fraction]:
    """Weights of the regions: what services moved there, and for market-based times its own ratio to location-based.

    What is moved into a region that has no location-based emissions of its own has the ratio of all regions.
    Where all weights are 0 (clean contracts, a clean grid) emissions follow location-based ones, else energy.
    """
    energy, location = (_sums(moved, regions, column) for column in ("energy", "location"))
    whole = sum((each.location for each in regions), Fraction(0))
    other = sum((each.market for each in regions), Fraction(0)) / whole if whole else Fraction(0)
    market = {
        each.region: location[each.region] * each.market / each.location
        if each.location
        else location[each.region] * other + each.market * _UG
        for each in regions
    }
    chosen = {
        "energy_wh": (energy,),
        "scope2_location_g": (location, energy),
        "scope2_market_g": (market, location, energy),
    }
    return next((weights for weights in chosen[name] if any(weights.values())), energy)


def _sums(moved: pa.Table, regions: Sequence[Region], column: str) -> dict[str, Fraction]:
    sums = moved.group_by("region").aggregate([(column, "sum")]).to_pydict()
    of = dict(zip(sums["region"], sums[f"{column}_sum"], strict=True))
    return {each.region: Fraction(of.get(each.region, 0)) for each in regions}
