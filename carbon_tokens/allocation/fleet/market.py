"""Market-based totals of a region, METHOD (e): by what was retired for the period, or by last year's factor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

import pyarrow as pa

from carbon_tokens.errors import FleetError

_WHOLE = 10**6  # factors are in millionths
_FG = 10**15  # µWh × ng/Wh in a gram


def market_based(
    region: str, energy_uwh: int, location: Mapping[str, Fraction], tables: Mapping[str, pa.Table]
) -> tuple[Fraction, bool]:
    """Scope 2 market-based of a region in g, and whether it is provisional.

    With ``residual_mix`` for the region: retired energy at the factor of its certificates, up to the energy of the
    region (what is above it covers nothing), the rest at the residual mix. Otherwise the location-based emissions of
    each cluster times its ``market_factor``, which is of the year before, and 1 where none is given.

    Raises:
        FleetError: instruments of a region without a residual mix, or one given twice.
    """
    _check(tables)
    residual = _of(region, tables, "residual_mix")
    instruments = _of(region, tables, "instruments")
    if len(residual) > 1 or (instruments and not residual):
        what = "stands twice" if residual else "has instruments, but no residual mix"
        raise FleetError(f"region {region!r} {what}", where="residual_mix", todo="Give one row a region.")
    if not residual:
        return _by_factor(location, tables["regions"])
    retired = sum(each["energy"] for each in instruments)
    matched = min(energy_uwh, retired)
    certified = sum(each["energy"] * each["intensity"] for each in instruments)
    share = Fraction(matched, retired) if retired else Fraction(0)
    rest = (energy_uwh - matched) * residual[0]["intensity"]
    return (certified * share + rest) / _FG, False


def _of(region: str, tables: Mapping[str, pa.Table], name: str) -> list[dict[str, int]]:
    rows = tables[name].to_pylist() if name in tables else []
    return [row for row in rows if row["region"] == region]


def _check(tables: Mapping[str, pa.Table]) -> None:
    """Refuses market factors above 1, regions that do not exist and instruments given twice, used or not."""
    regions = tables["regions"].to_pylist()
    if beyond := sorted(row["cluster"] for row in regions if row["market_factor"] > _WHOLE):
        raise FleetError(f"cluster {beyond[0]!r} has a market factor above 1", where="regions", todo="Give 0 to 1.")
    counts = Counter(tables["instruments"].column("instrument").to_pylist() if "instruments" in tables else [])
    if twice := sorted(each for each, count in counts.items() if count > 1):
        todo = "A retired instrument counts once; give its whole energy in one row."
        raise FleetError(f"instrument {twice[0]!r} stands in two rows", where="instruments", todo=todo)
    known = {row["region"] for row in regions}
    for name in ("instruments", "residual_mix"):
        if unknown := [row["region"] for row in (tables[name].to_pylist() if name in tables else [])
                       if row["region"] not in known]:  # fmt: skip
            raise FleetError(f"region {unknown[0]!r} is unknown", where=name, todo="Regions: those of table regions.")


def _by_factor(location: Mapping[str, Fraction], regions: pa.Table) -> tuple[Fraction, bool]:
    factors = dict(zip(*(regions.column(name).to_pylist() for name in ("cluster", "market_factor")), strict=True))
    given = {cluster: factors[cluster] for cluster in location if factors[cluster] >= 0}
    scaled = (grams * Fraction(given.get(cluster, _WHOLE), _WHOLE) for cluster, grams in location.items())
    return sum(scaled, Fraction(0)), bool(given)
