"""(f) From a service's emissions to its SKUs, the units that customers buy.

Three things are stated [S]: at one place footprints of a service's SKUs are in proportion to their list prices; between
places footprints of one SKU are in proportion to carbon intensity; the sum over SKUs is the total of the service with
its part of the overhead. With list price p, usage U[s,r], carbon CF[r], energy P[r], intensity c[r] = CF[r] / P[r] and
total T = CF + OH, where OH is carbon that is mapped to no service, the only factors with all three are [I]

    service mode    k[s,r] = L p[s] c[r],      L = T / sum over s,r of p c U      (L in kWh per unit of money)

They move carbon between regions: ``residual`` says how much. Shares of a facility must add up to the facility, so the
default keeps each region's total instead and gives up the second statement [I]:

    regional mode   k[s,r] = p[s] T[r] / V[r],      V[r] = sum over s of p U,  T[r] = CF[r] T / CF

Energy per unit is p P[r] / V[r] (regional) or p times all P over all V (service; paper Eq. 10 [P]). List prices are one
a SKU: where a price differs by region, the reference price of the SKU's family is to be given [I].

Edges [I]: carbon of a place where nothing is sold at a price is in ``unsold`` (the row ``_unsold``), overhead for a
second pass; a SKU without a price is listed as ``unpriced`` and gets nothing unless a floor price is given. Known limit
[P]: a customer cannot lower its number by using a SKU more efficiently, nor by moving work to cleaner hours of a month.

Energies in any one unit (say kWh), masses in g, prices in any one money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from carbon_tokens.allocation.method.rationals import ZERO, Number, all_exact, exact, scaled, total
from carbon_tokens.errors import NothingToShareBy, UnknownKey

UNSOLD = "_unsold"
REGIONAL, SERVICE = "regional", "service"

SkuRegion = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ServiceMonth:
    """One service in one month: what it sold at list price, used and emitted.

    Raises:
        UnknownKey: usage of a SKU without a price or in a region without energy and carbon; regions of energy and
            of carbon that differ.
        UnitError: an amount that is negative, not finite or a float.
    """

    prices: Mapping[str, Number]  # SKU -> list price of a unit
    usage: Mapping[SkuRegion, Number]  # (SKU, region) -> units, all customers
    energy: Mapping[str, Number]  # region -> energy
    carbon: Mapping[str, Number]  # region -> g
    overhead: Number = 0  # g mapped to no service, this service's part, in proportion to its carbon
    floor_price: Number = 0  # stands in for a list price of zero

    def __post_init__(self) -> None:
        for name in ("prices", "usage", "energy", "carbon"):
            all_exact(getattr(self, name), name)
        exact(self.overhead, "overhead")
        exact(self.floor_price, "floor_price")
        if odd := sorted(set(self.energy) ^ set(self.carbon)):
            raise UnknownKey(f"regions with only one of energy and carbon: {', '.join(odd)}", where="energy, carbon")
        for sku, region in self.usage:
            if sku not in self.prices or region not in self.carbon:
                missing = f"price of {sku!r}" if sku not in self.prices else f"carbon of region {region!r}"
                raise UnknownKey(f"no {missing}", where=f"usage[{sku!r}, {region!r}]")

    @property
    def unpriced(self) -> tuple[str, ...]:
        """SKUs whose list price is zero, sorted."""
        return tuple(sorted(sku for sku, price in self.prices.items() if not price))

    def price(self, sku: str) -> Fraction:
        """List price of a unit, or the floor price if it is zero."""
        return exact(self.prices[sku] or self.floor_price, "price")

    def value(self) -> dict[str, Fraction]:
        """V: list value of what each region sold."""
        return self.weighted(dict.fromkeys(self.carbon, Fraction(1)))

    def weighted(self, weight: Mapping[str, Fraction]) -> dict[str, Fraction]:
        """List value by region, times a weight of the region."""
        sums = dict.fromkeys(self.carbon, ZERO)
        for (sku, region), units in self.usage.items():
            sums[region] += self.price(sku) * weight[region] * exact(units, "usage")
        return sums

    def totals(self) -> dict[str, Fraction]:
        """T: g of each region with its part of the overhead.

        Raises:
            NothingToShareBy: overhead, but no carbon to spread it by.
        """
        carbon, overhead = all_exact(self.carbon, "carbon"), exact(self.overhead, "overhead")
        if overhead and not total(carbon):
            raise NothingToShareBy("overhead of a service that emits nothing", where="overhead")
        return scaled(carbon, 1 + overhead / total(carbon)) if overhead else carbon

    def intensity(self) -> dict[str, Fraction]:
        """c: g per unit of energy in each region, 0 where there is neither.

        Raises:
            NothingToShareBy: carbon without energy.
        """
        energy, carbon = all_exact(self.energy, "energy"), all_exact(self.carbon, "carbon")
        if odd := sorted(region for region in carbon if carbon[region] and not energy[region]):
            raise NothingToShareBy(f"carbon without energy in {', '.join(odd)}", where="energy")
        return {region: carbon[region] / energy[region] if energy[region] else ZERO for region in carbon}


@dataclass(frozen=True, slots=True)
class SkuFactors:
    """What a unit of each SKU stands for in each region. Factors x usage + ``unsold`` is the total (check C8)."""

    mode: str
    grams: Mapping[SkuRegion, Fraction]  # g a unit
    energy: Mapping[SkuRegion, Fraction]  # energy a unit
    residual: Mapping[str, Fraction]  # region -> g charged above the region's own total; adds up to 0
    unsold: Mapping[str, Fraction]  # region -> g that no sale can carry
    unsold_energy: Mapping[str, Fraction]
    unpriced: tuple[str, ...]  # SKUs with a list price of zero
    energy_per_price: Fraction | None = None  # L of the service mode


def regional_factors(month: ServiceMonth) -> SkuFactors:
    """Factors that keep the total of each region (the default).

    Raises:
        NothingToShareBy: overhead, but no carbon to spread it by.
    """
    value, totals, energy = month.value(), month.totals(), all_exact(month.energy, "energy")
    per_price = {region: (totals[region] / v, energy[region] / v) for region, v in value.items() if v}
    none = (ZERO, ZERO)
    return SkuFactors(
        REGIONAL,
        grams={key: month.price(key[0]) * per_price.get(key[1], none)[0] for key in month.usage},
        energy={key: month.price(key[0]) * per_price.get(key[1], none)[1] for key in month.usage},
        residual=dict.fromkeys(totals, ZERO),
        unsold=_positive({region: mass for region, mass in totals.items() if region not in per_price}),
        unsold_energy=_positive({region: used for region, used in energy.items() if region not in per_price}),
        unpriced=month.unpriced,
    )


def service_factors(month: ServiceMonth) -> SkuFactors:
    """Factors in proportion to price and to carbon intensity; only the total over all regions is kept.

    Raises:
        NothingToShareBy: carbon without energy in a region; overhead, but no carbon to spread it by.
    """
    totals, intensity, energy = month.totals(), month.intensity(), all_exact(month.energy, "energy")
    weighted, value = month.weighted(intensity), total(month.value())
    rate = total(totals) / total(weighted) if total(weighted) else None
    per_price = total(energy) / value if value else ZERO
    return SkuFactors(
        SERVICE,
        grams={(s, r): month.price(s) * intensity[r] * (rate or ZERO) for s, r in month.usage},
        energy={(s, r): month.price(s) * per_price for s, r in month.usage},
        residual={r: weighted[r] * rate - totals[r] if rate is not None else ZERO for r in totals},
        unsold={} if rate is not None else _positive(totals),
        unsold_energy={} if value else _positive(energy),
        unpriced=month.unpriced,
        energy_per_price=rate,
    )


def _positive(parts: Mapping[str, Fraction]) -> dict[str, Fraction]:
    return {key: part for key, part in parts.items() if part}
