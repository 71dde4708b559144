"""(h) Emissions that no kWh causes: equipment, buildings, fuel, travel.

What was emitted to make equipment is spread over 48 months from its entry into service, what was emitted to build over
240 [S]; afterwards it is nothing, whether the machine runs or not. A cohort counts in the months m with

    0 <= m - in_service < months.

Fuel burnt on site (scope 1) is a twelfth of the year's total each month; business travel and commuting are the
company's, times the data centers' share of its employees, a twelfth each month [S: the sources; I: the twelfths]. The
sum is world-wide, without geography, and customers share it by their electricity (step g) [S]; their parts add up to it
(check C10). Lifetimes are parameters: others use 48 to 72 months for equipment, and up to 600 for buildings.

Masses in any one unit, g or kg; months are UTC calendar months.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from carbon_tokens.allocation.method.rationals import ZERO, Number, all_exact, exact, shares_of, total
from carbon_tokens.errors import FractionsAboveOne, NothingToShareBy, UnitError
from carbon_tokens.periods import Month

EQUIPMENT_MONTHS, FACILITY_MONTHS = 48, 240


@dataclass(frozen=True, slots=True)
class Cohort:
    """Machines of one kind that entered service in one month.

    Raises:
        UnitError: a negative or inexact amount; a life of no months.
    """

    cohort: str
    count: int
    mass_each: Number
    in_service: Month
    months: int = EQUIPMENT_MONTHS

    def __post_init__(self) -> None:
        exact(self.count, f"count of {self.cohort}")
        _spread(self.mass_each, self.months, self.cohort)

    def mass(self, month: Month) -> Fraction:
        """Mass that the month carries."""
        each = _spread(self.mass_each, self.months, self.cohort)
        return each * self.count if _counts(month, self.in_service, self.months) else ZERO


@dataclass(frozen=True, slots=True)
class Facility:
    """A building, and what was emitted to construct it.

    Raises:
        UnitError: a negative or inexact amount; a life of no months.
    """

    facility: str
    mass_built: Number
    in_service: Month
    months: int = FACILITY_MONTHS

    def __post_init__(self) -> None:
        _spread(self.mass_built, self.months, self.facility)

    def mass(self, month: Month) -> Fraction:
        """Mass that the month carries."""
        part = _spread(self.mass_built, self.months, self.facility)
        return part if _counts(month, self.in_service, self.months) else ZERO


@dataclass(frozen=True, slots=True)
class NonElectric:
    """Non-electric emissions of a month, of everybody or of one customer."""

    equipment: Fraction
    facilities: Fraction
    fuel: Fraction
    travel: Fraction

    @property
    def scope1(self) -> Fraction:
        return self.fuel

    @property
    def scope3(self) -> Fraction:
        return self.equipment + self.facilities + self.travel

    @property
    def total(self) -> Fraction:
        return self.scope1 + self.scope3

    def share(self, part: Fraction) -> NonElectric:
        """``part`` of each."""
        return NonElectric(self.equipment * part, self.facilities * part, self.fuel * part, self.travel * part)


def monthly_fuel(annual: Number) -> Fraction:
    """A twelfth of the year's fuel emissions. Raises UnitError."""
    return exact(annual, "fuel") / 12


def monthly_travel(company_annual: Number, staff: int, employees: int) -> Fraction:
    """A twelfth of the company's travel and commuting, times the share of data-center staff in its employees.

    Raises:
        FractionsAboveOne: more staff than employees.
        NothingToShareBy: no employees.
        UnitError: an amount that is negative, not finite or a float.
    """
    part, whole = exact(staff, "staff"), exact(employees, "employees")
    if part > whole:
        raise FractionsAboveOne(f"{staff} staff of {employees} employees", where="staff")
    if not whole:
        raise NothingToShareBy("a company without employees", where="employees")
    return exact(company_annual, "travel") * part / whole / 12


def non_electric_emissions(
    month: Month, cohorts: Sequence[Cohort], facilities: Sequence[Facility], fuel: Fraction, travel: Fraction
) -> NonElectric:
    """Non-electric emissions of a month, world-wide.

    Args:
        fuel: of the month, see ``monthly_fuel``.
        travel: of the month, see ``monthly_travel``.
    """
    return NonElectric(
        sum((cohort.mass(month) for cohort in cohorts), ZERO),
        sum((facility.mass(month) for facility in facilities), ZERO),
        exact(fuel, "fuel"),
        exact(travel, "travel"),
    )


def by_electricity(emissions: NonElectric, electricity: Mapping[str, Number]) -> dict[str, NonElectric]:
    """Each customer's part, in proportion to its electricity (or to its electricity ratio).

    Raises:
        NothingToShareBy: emissions, but no customer with electricity.
        UnitError: an amount that is negative, not finite or a float.
    """
    weights = all_exact(electricity, "electricity")
    if emissions.total and not total(weights):
        raise NothingToShareBy("no customer has electricity", where="electricity")
    return {customer: emissions.share(part) for customer, part in shares_of(weights).items()}


def _spread(mass: Number, months: int, where: str) -> Fraction:
    if exact(months, f"months of {where}") == 0:
        raise UnitError("a life of no months", where=where)
    return exact(mass, f"mass of {where}") / months


def _counts(month: Month, in_service: Month, months: int) -> bool:
    return 0 <= month.number - in_service.number < months
