"""(g) From SKUs to customers: footprint = factor of a unit x units used.

    F[customer, project, product, region] = sum over the product's SKUs of  k[s,r] U[customer, project, s, r]

and electricity in the same way by energy per unit [S: by SKU, region and month; I: the keys]. If the usage is all the
usage that the factors were made of, the sum over customers and of the rows ``_unsold`` is the service's total, in each
region too in regional mode (check C9). The electricity ratio of a customer, its energy over that of all customers, is
what divides non-electric emissions (step h) [S].

Linear in usage; energies and masses have the units of the factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from carbon_tokens.allocation.method.rationals import ZERO, Number, exact, shares_of, summed
from carbon_tokens.allocation.method.skus import UNSOLD, SkuFactors, SkuRegion
from carbon_tokens.errors import DuplicateKey, NothingToShareBy, UnknownKey


@dataclass(frozen=True, slots=True)
class Usage:
    """Units of a SKU that a project used in a region in the month. Rows of one key add up."""

    customer: str
    project: str
    sku: str
    region: str
    amount: Number

    def __post_init__(self) -> None:
        exact(self.amount, f"usage of {self.sku} by {self.customer}")


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """What a footprint is of."""

    customer: str
    project: str
    product: str
    region: str


@dataclass(frozen=True, slots=True)
class Footprint:
    """Electricity and location-based emissions."""

    energy: Fraction
    grams: Fraction

    def __add__(self, other: Footprint) -> Footprint:
        return Footprint(self.energy + other.energy, self.grams + other.grams)


NOTHING = Footprint(ZERO, ZERO)


def usage_by_sku(rows: Iterable[Usage]) -> dict[SkuRegion, Fraction]:
    """U of step (f): units by SKU and region, all customers together."""
    return summed(*({(row.sku, row.region): exact(row.amount, "amount")} for row in rows))


def footprints(rows: Sequence[Usage], products: Mapping[str, SkuFactors]) -> dict[Line, Footprint]:
    """Footprints by customer, project, product and region; carbon that no sale carries is of customer ``_unsold``.

    Args:
        products: product (service) -> factors of its SKUs.

    Raises:
        DuplicateKey: a SKU of two products.
        UnknownKey: usage of a SKU in a region for which there is no factor.
    """
    product_of = _product_of(products)
    lines: dict[Line, Footprint] = {}
    for row in rows:
        key = (row.sku, row.region)
        if key not in product_of:
            raise UnknownKey(f"no factor of {row.sku!r} in {row.region!r}", where=f"usage of {row.customer}")
        line, factors = Line(row.customer, row.project, product_of[key], row.region), products[product_of[key]]
        units = exact(row.amount, "amount")
        lines[line] = lines.get(line, NOTHING) + Footprint(factors.energy[key] * units, factors.grams[key] * units)
    return {**lines, **_unsold(products)}


def total_by(lines: Mapping[Line, Footprint], *names: str) -> dict[tuple[str, ...], Footprint]:
    """Footprints added up by some of customer, project, product and region; by none: one sum under ``()``."""
    sums: dict[tuple[str, ...], Footprint] = {}
    for line, footprint in lines.items():
        key = tuple(getattr(line, name) for name in names)
        sums[key] = sums.get(key, NOTHING) + footprint
    return sums


def electricity_ratio(lines: Mapping[Line, Footprint]) -> dict[str, Fraction]:
    """Energy of each customer over that of all of them; ``_unsold`` is no customer.

    Raises:
        NothingToShareBy: no customer used any energy.
    """
    customers = {key[0]: sums.energy for key, sums in total_by(lines, "customer").items() if key[0] != UNSOLD}
    if ratio := shares_of(customers):
        return ratio
    raise NothingToShareBy("no customer used any energy", where="footprints")


def _product_of(products: Mapping[str, SkuFactors]) -> dict[SkuRegion, str]:
    owners: dict[str, str] = {}
    for product, factors in products.items():
        for sku, _ in factors.grams:
            if owners.setdefault(sku, product) != product:
                raise DuplicateKey(f"SKU {sku!r} is of {owners[sku]!r} and of {product!r}", where="products")
    return {key: product for product, factors in products.items() for key in factors.grams}


def _unsold(products: Mapping[str, SkuFactors]) -> dict[Line, Footprint]:
    return {
        Line(UNSOLD, "", product, region): Footprint(
            factors.unsold_energy.get(region, ZERO), factors.unsold.get(region, ZERO)
        )
        for product, factors in products.items()
        for region in sorted({*factors.unsold, *factors.unsold_energy})
    }
