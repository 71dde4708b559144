"""(e) Market-based emissions: what contracts for carbon-free energy (CFE) change.

The source scales location-based emissions of a region by a factor from the *previous* year's clean share, renewed once
a year [S]: a picture of last year. The exact ratio is not published; both readings are here [I]:

    A (default)  f = 1 - min(1, CFE / E)                      what of last year's energy was not covered
    B            f = max(0, E - CFE) x EF_residual / (E x EF_location)      market-based over location-based total

They agree if the uncovered energy has the location's factor; where the residual mix is dirtier, B is larger and may
exceed 1. CFE is capped at the load: a surplus covers nothing. A region that bought nothing, or had no energy last year,
has f = 1. Both are always provisional: a claim about a year uses instruments *retired* for that year and market,

    MB = sum_i matched_i x EF_i + (E - sum of matched) x EF_residual,      sum of matched <= E   (check C7),

where instruments for more than the load are matched in proportion, so that their order cannot matter [I].

Hour by hour, contracted energy counts up to the load of its own hour, and the grid's clean share on the rest:

    CFE score = sum over hours [matched + (load - matched) x grid's clean share] / sum of load.

kWh of certificates never lower scope 1 or 3; offsets are no part of this step. Energies in any one unit, factors in g
per that unit (g/kWh with kWh).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from carbon_tokens.allocation.method.rationals import (
    ONE,
    ZERO,
    Number,
    all_exact,
    exact,
    fraction_of_one,
    shares_of,
    total,
)
from carbon_tokens.errors import DuplicateKey, InstrumentRefused, MissingIntensity, NothingToShareBy


@dataclass(frozen=True, slots=True)
class ScalingFactor:
    """A region's factor from location-based to market-based emissions, out of another year's data."""

    factor: Fraction
    unmatched: Fraction  # carbon-free energy above the load, which covers nothing
    reading: str  # "A" or "B"

    @property
    def provisional(self) -> bool:
        """Always: it says what the year before was like."""
        return True

    def scale(self, location_g: Number) -> Fraction:
        """Market-based g of location-based g."""
        return exact(location_g, "location_g") * self.factor


@dataclass(frozen=True, slots=True)
class RetiredInstrument:
    """Energy certificates that were retired for a year's load in a market zone."""

    instrument: str
    market_zone: str
    year: int
    energy: Number
    g_per_unit: Number = 0  # of the certified energy, g/kWh

    def __post_init__(self) -> None:
        exact(self.energy, f"energy of {self.instrument}")
        exact(self.g_per_unit, f"factor of {self.instrument}")


@dataclass(frozen=True, slots=True)
class MarketBased:
    """Emissions of a year's load after its retired instruments: final, not a picture of another year."""

    grams: Fraction
    matched: Mapping[str, Fraction]  # energy by instrument; at most the load in all
    unmatched: Fraction  # energy of instruments above the load, which covers nothing
    coverage: Fraction  # matched over load; 0 without load


@dataclass(frozen=True, slots=True)
class HourlyMatch:
    """Contracted carbon-free energy against the load of its own hours. Hours are keys of any kind of clock."""

    matched: Mapping[int, Fraction]
    excess: Mapping[int, Fraction]  # contracted above the load of the hour, which covers nothing
    matched_share: Fraction  # of the load, hour by hour
    annual_share: Fraction  # of the load if the hours did not count, at most 1
    cfe_score: Fraction
    grams: Fraction  # the rest of the load at the residual factor


def scaling_factor(energy: Number, clean: Number) -> ScalingFactor:
    """Reading A: the share of last year's energy of a region that carbon-free energy did not cover.

    Raises:
        UnitError: an amount that is negative, not finite or a float.
    """
    load, cfe = exact(energy, "energy"), exact(clean, "clean")
    matched = min(load, cfe)
    return ScalingFactor((load - matched) / load if load else ONE, cfe - matched, "A")


def scaling_factor_of_totals(energy: Number, clean: Number, residual: Number, location: Number) -> ScalingFactor:
    """Reading B: last year's market-based over location-based total of a region, by annual factors.

    Raises:
        NothingToShareBy: energy at a location factor of zero, to which there is no ratio.
        UnitError: an amount that is negative, not finite or a float.
    """
    by_energy = scaling_factor(energy, clean)
    rest, place = exact(residual, "residual"), exact(location, "location")
    if not exact(energy, "energy"):
        return ScalingFactor(ONE, by_energy.unmatched, "B")
    if not place:
        raise NothingToShareBy("no ratio to a location factor of zero", where="location", todo="Use reading A.")
    return ScalingFactor(by_energy.factor * rest / place, by_energy.unmatched, "B")


def market_based(
    load: Number, instruments: Sequence[RetiredInstrument], residual: Number, *, market_zone: str, year: int
) -> MarketBased:
    """Emissions of a year's load: matched energy at its certificates' factors, the rest at the residual mix.

    Raises:
        DuplicateKey: an instrument that is given twice.
        InstrumentRefused: an instrument of another market zone or year.
        UnitError: an amount that is negative, not finite or a float.
    """
    _check(instruments, market_zone, year)
    whole = exact(load, "load")
    offered = {each.instrument: exact(each.energy, "energy") for each in instruments}
    used = min(whole, total(offered))
    matched = {name: share * used for name, share in shares_of(offered).items()}
    certified = sum((matched[i.instrument] * exact(i.g_per_unit, "g_per_unit") for i in instruments if matched), ZERO)
    grams = certified + (whole - used) * exact(residual, "residual")
    return MarketBased(grams, matched, total(offered) - used, used / whole if whole else ZERO)


def hourly_match(
    load: Mapping[int, Number],
    contracted: Mapping[int, Number],
    grid_clean: Mapping[int, Number],
    residual: Number,
) -> HourlyMatch:
    """24/7 matching: contracted energy capped at the load of each hour, the grid's clean share on the rest.

    Args:
        load: hour -> energy.
        contracted: hour -> carbon-free energy under contract; hours without any may be left out.
        grid_clean: hour -> share of the grid's energy that is carbon-free, 0 to 1, for each hour of load.
        residual: g per unit of energy that is not matched.

    Raises:
        MissingIntensity: an hour of load without the grid's clean share.
        NothingToShareBy: no load in any hour.
        UnitError: an amount that is negative, not finite or a float; a clean share above 1.
    """
    loads, offers = all_exact(load, "load"), all_exact(contracted, "contracted")
    if missing := sorted(set(loads) - set(grid_clean)):
        what = f"no clean share of the grid for {len(missing)} hours, first {missing[0]}"
        raise MissingIntensity(what, where="grid_clean")
    whole = total(loads)
    if not whole:
        raise NothingToShareBy("there is no load to match", where="load")
    matched = {hour: min(amount, offers.get(hour, ZERO)) for hour, amount in loads.items()}
    excess = {hour: offers.get(hour, ZERO) - matched.get(hour, ZERO) for hour in {**loads, **offers}}
    clean = {hour: fraction_of_one(grid_clean[hour], f"grid_clean[{hour}]") for hour in loads}
    from_grid = sum((clean[hour] * (loads[hour] - matched[hour]) for hour in loads), ZERO)
    return HourlyMatch(
        matched,
        excess,
        matched_share=total(matched) / whole,
        annual_share=min(ONE, total(offers) / whole),
        cfe_score=(total(matched) + from_grid) / whole,
        grams=(whole - total(matched)) * exact(residual, "residual"),
    )


def _check(instruments: Sequence[RetiredInstrument], market_zone: str, year: int) -> None:
    counts = Counter(each.instrument for each in instruments)
    if twice := sorted(name for name, count in counts.items() if count > 1):
        raise DuplicateKey(f"instruments are given twice: {', '.join(twice)}", where="instruments")
    for each in instruments:
        if (each.market_zone, each.year) != (market_zone, year):
            what = f"it is of {each.market_zone} {each.year}, the load of {market_zone} {year}"
            raise InstrumentRefused(what, where=f"instrument {each.instrument}")
