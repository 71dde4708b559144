"""Cooling, and the power of a facility from its UPS (METHOD section 8.3).

All that IT equipment and UPS turn into heat has to be carried out:

    Q = IT + UPS loss          P_cool = Q / COP(T) + fans and pumps          P_facility = UPS input + P_cool + auxiliary

COP is heat moved per electricity used, T the outdoor temperature in °C. Models: a constant; a line, max(1, 5.0 − 0.1 (T
− 25)) (figures of HewlettPackard/dc-rl's dc_config.json); and the electric chiller of BLAST and EnergyPlus:

    Δ     = (T_cond − 35) / 2.778 − (T_evap − 6.67)
    cap   = a0 + a1 Δ + a2 Δ²       available over nominal capacity      a = 0.944836, −0.0570088, 0.00185486
    full  = b0 + b1 cap + b2 cap²   power ratio at full load             b = 2.333, −1.975, 0.6121
    part  = c0 + c1 x + c2 x²       x = Q / available capacity           c = 0.03303, 0.6852, 0.2818
    P     = part · full · available capacity / rated COP

Design temperatures stand in Δ each with its own: T_cond against 35 °C, T_evap against 6.67 °C. With their difference in
it instead, as one published tool has it, the COP rises with heat. Two bounds keep the fitted curves to where they hold:
Δ between −7.5 and 15, beyond which the parabolas turn and a colder day would cost more; and x of 0.15 or more, below
which a chiller cycles, running at 0.15 for the share of the time that it needs. Numbers are exact (``exact``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from carbon_tokens.energy.exact import Number, exact, made_exact
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.ups import UpsEnergy
from carbon_tokens.errors import EnergyError

_CAPACITY = (Fraction("0.944836"), Fraction("-0.0570088"), Fraction("0.00185486"))
_FULL_LOAD = (Fraction("2.333"), Fraction("-1.975"), Fraction("0.6121"))
_PART_LOAD = (Fraction("0.03303"), Fraction("0.6852"), Fraction("0.2818"))
_DESIGN_CONDENSER_C, _RISE, _DESIGN_EVAPORATOR_C = Fraction(35), Fraction("2.778"), Fraction("6.67")
_DELTA = (Fraction("-7.5"), Fraction(15))
_LEAST_PART_LOAD = Fraction("0.15")
_HIGHEST_COP, _WARMEST_AIR_C = 30, 32  # beyond, cooling would cost next to nothing, by a wrong unit or on purpose
_OUTDOOR_C = (-90, 60)  # what has been measured on earth; beyond, the unit is not °C


class Cooling(Protocol):
    """Anything that knows the electricity it needs for heat."""

    def power_w(self, heat_w: Number, outdoor_c: Number) -> Fraction:
        """W of electricity for W of heat. Raises EnergyError for negative heat or a temperature that is none."""
        ...


@dataclass(frozen=True, slots=True)
class ConstantCop:
    """One COP whatever the weather. Raises EnergyError for a COP of 0 or less."""

    cop: Fraction

    def __post_init__(self) -> None:
        made_exact(self, "cop")
        _possible(self.cop, "COP")

    def power_w(self, heat_w: Number, outdoor_c: Number) -> Fraction:
        return _heat(heat_w, outdoor_c) / self.cop


@dataclass(frozen=True, slots=True)
class LinearCop:
    """max(least, nominal − slope · (T − nominal_c)): falls with the outdoor temperature.

    Raises:
        EnergyError: a COP of 0 or less, or a slope below 0, by which the COP would rise with heat.
    """

    nominal: Fraction = Fraction(5)
    slope: Fraction = Fraction(1, 10)
    nominal_c: Fraction = Fraction(25)
    least: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        made_exact(self, "nominal", "slope", "nominal_c", "least")
        _possible(self.nominal, "COP")
        _possible(self.least, "least COP")
        if self.slope < 0:
            raise EnergyError("a negative slope: this COP would rise with heat", todo="Give the loss of COP per °C.")

    def cop(self, outdoor_c: Number) -> Fraction:
        falling = self.nominal - self.slope * (_celsius(outdoor_c) - self.nominal_c)
        return min(Fraction(_HIGHEST_COP), max(self.least, falling))

    def power_w(self, heat_w: Number, outdoor_c: Number) -> Fraction:
        return _heat(heat_w, outdoor_c) / self.cop(outdoor_c)


@dataclass(frozen=True, slots=True)
class Chiller:
    """The electric chiller above; air-cooled: the condenser takes in outdoor air.

    Raises:
        EnergyError: a capacity or COP of 0 or less, or an evaporator's temperature that is none.
    """

    capacity_w: Fraction  # nominal
    rated_cop: Fraction = Fraction(3)
    evaporator_c: Fraction = _DESIGN_EVAPORATOR_C  # chilled water that leaves

    def __post_init__(self) -> None:
        made_exact(self, "capacity_w", "rated_cop", "evaporator_c")
        _positive(self.capacity_w, "capacity")
        _possible(self.rated_cop, "rated COP")
        _celsius(self.evaporator_c)

    def available_w(self, outdoor_c: Number) -> Fraction:
        """The heat that it can move at an outdoor temperature."""
        return self.capacity_w * self._capacity_ratio(outdoor_c)

    def power_w(self, heat_w: Number, outdoor_c: Number) -> Fraction:
        """As Cooling; raises EnergyError also for more heat than the chiller can move."""
        heat, ratio = _heat(heat_w, outdoor_c), self._capacity_ratio(outdoor_c)
        if (load := heat / (available := self.capacity_w * ratio)) > 1:
            what = (
                f"{float(heat):,.0f} W of heat, at {float(outdoor_c):g} °C the chiller moves {float(available):,.0f} W"
            )
            raise EnergyError(what, todo="Give the capacity of all chillers that run.")
        running = min(Fraction(1), load / _LEAST_PART_LOAD)  # share of the time, while it cycles
        part = _quadratic(_PART_LOAD, max(load, _LEAST_PART_LOAD)) * running
        return part * _quadratic(_FULL_LOAD, ratio) * available / self.rated_cop

    def cop(self, heat_w: Number, outdoor_c: Number) -> Fraction:
        """Heat moved per electricity. Raises EnergyError also for no heat."""
        _positive(heat := exact(heat_w, "heat"), "heat")
        return heat / self.power_w(heat_w, outdoor_c)

    def _capacity_ratio(self, outdoor_c: Number) -> Fraction:
        rise = (_celsius(outdoor_c) - _DESIGN_CONDENSER_C) / _RISE
        delta = rise - (self.evaporator_c - _DESIGN_EVAPORATOR_C)
        return _quadratic(_CAPACITY, min(max(delta, _DELTA[0]), _DELTA[1]))


@dataclass(frozen=True, slots=True)
class FreeCooling:
    """No compressor below an outdoor temperature (°C), the model above it."""

    model: Cooling
    below_c: Fraction

    def __post_init__(self) -> None:
        made_exact(self, "below_c")
        if self.below_c > _WARMEST_AIR_C:
            todo = f"Servers take in air of {_WARMEST_AIR_C} °C at most (ASHRAE, class A1)."
            raise EnergyError(f"free cooling below {float(self.below_c):g} °C", todo=todo)

    def power_w(self, heat_w: Number, outdoor_c: Number) -> Fraction:
        heat = _heat(heat_w, outdoor_c)
        return Fraction(0) if _celsius(outdoor_c) < self.below_c else self.model.power_w(heat, outdoor_c)


@dataclass(frozen=True, slots=True)
class FacilityPower:
    """Where the power of a facility goes, in W, or its energy of an hour, in Wh."""

    it: Fraction
    ups_loss: Fraction
    cooling: Fraction
    auxiliary: Fraction

    @property
    def ups_input(self) -> Fraction:
        return self.it + self.ups_loss

    @property
    def total(self) -> Fraction:
        return self.ups_input + self.cooling + self.auxiliary

    @property
    def pue(self) -> Fraction:
        """Raises EnergyError without IT power."""
        _positive(self.it, "IT power")
        return self.total / self.it


def facility(
    it_w: Number,
    ups_loss_w: Number,
    model: Cooling,
    outdoor_c: Number,
    *,
    auxiliary_w: Number = 0,
    fans_and_pumps_w: Number = 0,
) -> FacilityPower:
    """The facility around its IT equipment, whose power is the UPS's output.

    Raises:
        EnergyError: a negative power, or as the model does.
    """
    given = {"IT": it_w, "UPS loss": ups_loss_w, "auxiliary": auxiliary_w, "fans and pumps": fans_and_pumps_w}
    powers = {name: exact(watts, name) for name, watts in given.items()}
    for name, watts in powers.items():
        if watts < 0:
            raise EnergyError(f"negative power: {name} {watts} W")
    it, loss, auxiliary, fans = powers.values()
    return FacilityPower(it, loss, model.power_w(it + loss, outdoor_c) + fans, auxiliary)


def facility_hours(
    units: Sequence[UpsEnergy], model: Cooling, outdoor_c: Mapping[int, Number], *, auxiliary_of_it: Number = 0
) -> dict[int, Fraction]:
    """Wh of a facility behind its UPS units by start of the UTC hour, in the hours that all units' logs cover whole.

    Wh of an hour are its mean W. While a unit runs on battery it draws nothing, but its load is heat all the same.

    Args:
        outdoor_c: mean outdoor temperature by hour, °C.
        auxiliary_of_it: lights, pumps and the like as a share of IT energy.

    Raises:
        EnergyError: no unit, an hour without a temperature, a negative share, or as the model does.
    """
    if not units or exact(auxiliary_of_it, "auxiliary") < 0:
        raise EnergyError(f"{len(units)} UPS units with auxiliary energy of {auxiliary_of_it} × IT")
    drawn, given, battery = (
        _summed([getattr(unit, side) for unit in units]) for side in ("input", "output", "battery")
    )
    hours = sorted(drawn.keys() & given.keys() & battery.keys())
    if missing := [at for at in hours if at not in outdoor_c]:
        what = f"{len(missing)} hours without an outdoor temperature, the first at {missing[0]} s"
        raise EnergyError(what, todo="Give one for each hour of the log.")
    found: dict[int, Fraction] = {}
    for at in hours:
        heat = max(given[at], drawn[at] + battery[at])  # losses, and in a measured input what recharges the battery
        found[at] = drawn[at] + model.power_w(heat, outdoor_c[at]) + exact(auxiliary_of_it) * given[at]
    return found


def _summed(several: Sequence[Sequence[Hour]]) -> dict[int, Fraction]:
    """Wh by hour, of the hours that all know whole."""
    known = [{hour.start: hour.energy_wh for hour in hours if hour.complete} for hours in several]
    common = set.intersection(*(set(each) for each in known))
    return {at: sum((each[at] or Fraction(0) for each in known), Fraction(0)) for at in common}


def _heat(heat_w: Number, outdoor_c: Number) -> Fraction:
    _celsius(outdoor_c)
    if (heat := exact(heat_w, "heat")) < 0:
        raise EnergyError(f"negative heat {heat_w} W")
    return heat


def _celsius(temperature: Number) -> Fraction:
    celsius = exact(temperature, "temperature")
    if not _OUTDOOR_C[0] <= celsius <= _OUTDOOR_C[1]:
        raise EnergyError(f"{temperature} °C is no outdoor temperature", todo="Give °C: 86 °F is 30 °C.")
    return celsius


def _possible(cop: Fraction, what: str) -> None:
    _positive(cop, what)
    if cop > _HIGHEST_COP:
        todo = f"No chiller has a COP above {_HIGHEST_COP}; without one it is free cooling."
        raise EnergyError(f"a {what} of {float(cop):g}", todo=todo)


def _positive(value: Fraction, what: str) -> None:
    if value <= 0:
        raise EnergyError(f"a {what} of {value} is not above 0")


def _quadratic(coefficients: tuple[Fraction, Fraction, Fraction], x: Fraction) -> Fraction:
    constant, linear, square = coefficients
    return constant + x * (linear + x * square)
