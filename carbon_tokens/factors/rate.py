"""One published emission rate, and a release of them.

A rate is kept in lb/MWh to the digit that EPA publishes. CO2e is EPA's own column, never recomputed from the gases: the
warming potentials changed between releases and the printed CH4 and N2O carry too few digits. g/MWh follow exactly
(1 lb = 453.59237 g) and are rounded up once, to the integer that goes on chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import gwp
from carbon_tokens.factors.residual import Residual
from carbon_tokens.units import factor_g_per_mwh, lb_per_mwh_to_g_per_mwh

DATASET = "eGRID"
MARKET_ZONE = "US"  # of the facilities that eGRID is for
LEVELS = ("us", "state", "subregion")  # of a release: their codes do not overlap
WIDER = ("ba", "nerc")  # balancing authorities and NERC regions, whose codes are also those of states and subregions
UNSTATED = "unstated"  # the edition of a workbook that does not say which revision it is
GASES = ("co2", "ch4", "n2o", "co2e")


@dataclass(frozen=True, slots=True)
class Rate:
    """Annual total output emission rates of one region, lb/MWh; None where the release publishes none."""

    dataset: str
    year: int
    edition: str
    level: str  # us, state or subregion; outside a release also ba, nerc or plant
    region: str  # US, a state's postal code, a subregion's acronym, or EPA's code at another level
    name: str
    co2_lb_per_mwh: Decimal
    ch4_lb_per_mwh: Decimal | None
    n2o_lb_per_mwh: Decimal | None
    co2e_lb_per_mwh: Decimal | None
    grid_loss: Decimal | None  # grid gross loss, a fraction of generation
    source: str  # the id of its row in data/SOURCES.csv, or the name of the file
    file_sha256: str  # of the file that it was read from
    residual: Residual | None = None
    market_zone: str = MARKET_ZONE

    @property
    def g_per_mwh(self) -> Decimal:
        """Exact g CO2e/MWh. Raises FactorError if this release publishes no CO2e for the region."""
        if self.co2e_lb_per_mwh is None:
            raise FactorError(
                f"{self.release} edition {self.edition} publishes CO2 but no CO2e for {self.region}",
                where=self.source,
                todo="CO2 alone understates the emissions; choose an edition or a year with CO2e.",
            )
        return lb_per_mwh_to_g_per_mwh(self.co2e_lb_per_mwh)

    @property
    def factor(self) -> int:
        """g CO2e/MWh rounded up, the form that goes on chain. Raises FactorError as ``g_per_mwh`` does."""
        return factor_g_per_mwh(self.g_per_mwh)

    @property
    def release(self) -> str:
        """The release as EPA names it, e.g. ``eGRID2023``."""
        return f"{self.dataset}{self.year}"

    @property
    def revision(self) -> str | None:
        """``rev1``, ``v2`` …; None if the edition is no numbered revision or does not state one."""
        return self.edition if re.fullmatch(r"(rev|v)\d+", self.edition) else None

    @property
    def gwp(self) -> str | None:
        """The set of warming potentials inside the CO2e: AR4, AR5 or unstated; None where there is no CO2e."""
        return None if self.co2e_lb_per_mwh is None else gwp.of_egrid(self.year)

    @property
    def residual_published(self) -> bool:
        return self.residual is not None

    def to_json(self) -> dict[str, object]:
        """A JSON object: decimals as strings, ``factor_g_per_mwh`` an int, null for what is not published."""
        keys = ("dataset", "release", "year", "edition", "revision", "market_zone", "level", "region", "name")
        pounds: dict[str, Decimal | None] = {gas: getattr(self, f"{gas}_lb_per_mwh") for gas in GASES}
        grams = {gas: None if rate is None else lb_per_mwh_to_g_per_mwh(rate) for gas, rate in pounds.items()}
        return {
            **{key: getattr(self, key) for key in keys},
            **{f"{gas}_lb_per_mwh": text(rate) for gas, rate in pounds.items()},
            **{f"{gas}_g_per_mwh": text(rate) for gas, rate in grams.items()},
            "factor_g_per_mwh": None if self.co2e_lb_per_mwh is None else self.factor,
            "gwp": self.gwp,
            "grid_loss": text(self.grid_loss),
            **self._residual_json(),
            "source": self.source,
            "file_sha256": self.file_sha256,
        }

    def _residual_json(self) -> dict[str, object]:
        return {
            "residual_published": self.residual_published,
            "residual_lb_per_mwh": text(self.residual.residual_lb_per_mwh) if self.residual else None,
            "residual_factor_g_per_mwh": self.residual.factor if self.residual else None,
            "residual_source": self.residual.source if self.residual else None,
        }


@dataclass(frozen=True, slots=True)
class Release:
    """All rates of one edition of one year, for facilities of a market zone.

    ``file_sha256`` is the hash of what they were read from.

    For a workbook that is its sha256. For a shipped release it is the sha256 of the header and the release's own lines
    of ``data/egrid/rates.csv``, so that it stays the same when later releases are added to that table.
    """

    dataset: str
    year: int
    edition: str
    file_sha256: str
    rates: tuple[Rate, ...]
    market_zone: str = MARKET_ZONE

    def rate(self, region: str, level: str | None = None) -> Rate:
        """The rate of a region. Raises FactorError if the release has none for it."""
        wanted = region.strip().upper()
        found = [rate for rate in self.rates if rate.region == wanted and level in (None, rate.level)]
        if not found:
            regions = " ".join(rate.region for rate in self.rates if level in (None, rate.level))
            what = f"{self.dataset}{self.year} edition {self.edition} has no {level or 'region'} {region!r}"
            raise FactorError(what, todo=f"It has: {regions}." if regions else "It has no rate of this level.")
        return found[0]

    def with_residual(self, residuals: Mapping[str, Residual]) -> Release:
        """This release with residual-mix rates joined; a region that has none keeps ``residual_published`` False.

        Raises:
            FactorError: a residual of another year, or of a region that this release does not hold.
        """
        for region, residual in residuals.items():
            if residual.year != self.year:
                what = f"the residual mix of {region} is of {residual.year}, the release of {self.year}"
                raise FactorError(what, where=residual.source, todo="Join a residual mix of the same year.")
            self.rate(region)
        return replace(self, rates=tuple(replace(rate, residual=residuals.get(rate.region)) for rate in self.rates))

    def to_json(self) -> dict[str, object]:
        """A JSON object with every rate."""
        keys = ("dataset", "year", "edition", "market_zone", "file_sha256")
        return {**{key: getattr(self, key) for key in keys}, "rates": [rate.to_json() for rate in self.rates]}


def text(number: Decimal | None) -> str | None:
    """A decimal in plain digits, never in exponent form."""
    return None if number is None else format(number, "f")


def refuse_impossible(rates: Iterable[Rate], where: str) -> None:
    """Refuses a release whose CO2e is below its CO2: no greenhouse gas has a negative warming potential.

    EPA's Power Profiler published such a table for eGRID2023 (first version), so this happens.

    Raises:
        FactorError: naming the file, the first such region with both numbers, and the others.
    """
    wrong = [rate for rate in rates if rate.co2e_lb_per_mwh is not None and rate.co2e_lb_per_mwh < rate.co2_lb_per_mwh]
    if wrong:
        first, more = wrong[0], f"; likewise {', '.join(rate.region for rate in wrong[1:])}" if wrong[1:] else ""
        numbers = f"CO2e {text(first.co2e_lb_per_mwh)} lb/MWh is below CO2 {text(first.co2_lb_per_mwh)} lb/MWh"
        what = f"refused: {first.region} {numbers}{more}"
        raise FactorError(what, where=where, todo="Use a revision that EPA corrected.")
