"""(d) Location-based emissions: energy times the grid's average carbon intensity of the same hour.

    CF[service, hour] = energy[service, hour] x intensity[grid zone, hour]      [S; paper Eq. 6, P]

with average, consumption-based, generation-only intensities [S]. An hour without an intensity takes the annual factor
of the zone and is flagged [S: where hourly data is not available]; nothing is interpolated, and the share of energy
that had an hourly intensity is reported [I]. Days are 24 UTC hours and months are UTC months [S: days; I: the time
zone], so hours add up to days, days to months, and clusters of a region to the region (checks C5 and C6).

Energies are kWh and intensities g/kWh here, masses g; in general mass has the unit of their product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import TypeVar

from carbon_tokens.allocation.method.rationals import ONE, ZERO, Number, all_exact, exact, summed, total
from carbon_tokens.errors import MissingIntensity, PeriodError
from carbon_tokens.periods import Month

HOURLY, ANNUAL = "hourly", "annual"

Span = TypeVar("Span", date, Month)


@dataclass(frozen=True, slots=True)
class LocationBased:
    """Emissions of services at one place, by the hour. Hours are their first instants in UTC seconds."""

    grams: Mapping[str, Mapping[int, Fraction]]  # service -> hour -> g
    basis: Mapping[int, str]  # hour -> "hourly" or "annual": the intensity that was used
    hourly_share: Fraction  # of the energy, with an intensity of its own hour; 1 without energy

    @property
    def total(self) -> dict[str, Fraction]:
        """g of each service over all hours."""
        return {service: total(hours) for service, hours in self.grams.items()}

    def by_day(self) -> dict[date, dict[str, Fraction]]:
        """g by UTC day and service."""
        return self._by(lambda hour: datetime.fromtimestamp(hour, UTC).date())

    def by_month(self) -> dict[Month, dict[str, Fraction]]:
        """g by UTC month and service."""
        return self._by(Month.of)

    def _by(self, span: Callable[[int], Span]) -> dict[Span, dict[str, Fraction]]:
        sums: dict[Span, dict[str, Fraction]] = {}
        for service, hours in self.grams.items():
            for hour, mass in hours.items():
                sums[span(hour)] = summed(sums.get(span(hour), {}), {service: mass})
        return dict(sorted(sums.items()))


def location_based(
    energy: Mapping[str, Mapping[int, Number]], intensity: Mapping[int, Number], annual: Number | None = None
) -> LocationBased:
    """Emissions of the services of one grid zone, hour by hour.

    Args:
        energy: service -> hour -> kWh.
        intensity: hour -> g/kWh of the zone.
        annual: g/kWh of the zone's year for the hours that ``intensity`` lacks; None: there must be none.

    Raises:
        MissingIntensity: an hour of energy without an intensity, and no annual factor.
        PeriodError: an hour that does not begin on the hour.
        UnitError: an amount that is negative, not finite or a float.
    """
    services = {service: all_exact(hours, f"energy[{service!r}]") for service, hours in energy.items()}
    by_hour = summed(*services.values())
    factors = _factors(sorted(by_hour), all_exact(intensity, "intensity"), annual)
    grams = {
        service: {hour: amount * factors[hour] for hour, amount in hours.items()} for service, hours in services.items()
    }
    basis = {hour: HOURLY if hour in intensity else ANNUAL for hour in factors}
    hourly = sum((amount for hour, amount in by_hour.items() if basis[hour] == HOURLY), ZERO)
    return LocationBased(grams, basis, hourly / total(by_hour) if total(by_hour) else ONE)


def _factors(hours: list[int], intensity: Mapping[int, Fraction], annual: Number | None) -> dict[int, Fraction]:
    """g/kWh of each hour."""
    if odd := [hour for hour in hours if hour % 3600]:
        raise PeriodError(f"{odd[0]} is not the first instant of an hour", todo="Give hours in UTC seconds.")
    if annual is not None:
        return {**dict.fromkeys(hours, exact(annual, "annual")), **{h: intensity[h] for h in hours if h in intensity}}
    if missing := [hour for hour in hours if hour not in intensity]:
        first = datetime.fromtimestamp(missing[0], UTC)
        what = f"no carbon intensity for {len(missing)} of {len(hours)} hours, first {first:%Y-%m-%dT%H:%MZ}"
        raise MissingIntensity(what, where="intensity", todo="Add the hours, or give the zone's annual factor.")
    return {hour: intensity[hour] for hour in hours}
