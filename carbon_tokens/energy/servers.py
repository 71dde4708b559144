"""Power of servers and accelerators from their utilisation (METHOD section 8.4).

With u the utilisation, 0 to 1, and P in W:

    linear          P = P_idle + u (P_max − P_idle)
    table           linear between measured points, as SPECpower_ssj2008 publishes them at 0, 10 … 100 % load
    share of TDP    the table of Teads: 0.12, 0.32, 0.75, 1.02 × TDP at 0, 10, 50, 100 %
    logarithmic     P = a ln(b (u + c)) + d with u in per cent (Boavizta's CPU profiles)

Power may not fall with load, so idle is the least that a server draws; a model that says otherwise is refused when it
is made. Numbers are exact (``exact``: no floats), but the logarithm is a binary float inside, rounded once to 1 µW.
A grade says what the parameters are: B measured on the unit itself, C published coefficients (METHOD section 7).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from carbon_tokens.energy.exact import Number, exact, made_exact
from carbon_tokens.errors import EnergyError, UnitError

TEADS: Mapping[
    Fraction, Fraction
] = {  # share of TDP by load; Teads' dataset as the Impact Framework's manifests hold it
    Fraction(0): Fraction("0.12"),
    Fraction("0.1"): Fraction("0.32"),
    Fraction("0.5"): Fraction("0.75"),
    Fraction(1): Fraction("1.02"),
}
SPECPOWER_LOADS = tuple(Fraction(tenth, 10) for tenth in range(11))
_LIMIT_W = 10**9  # of one machine; more is a wrong unit


class PowerModel(Protocol):
    """Anything that knows its power at a utilisation."""

    def power_w(self, utilisation: Number) -> Fraction:
        """W at a utilisation from 0 to 1. Raises UnitError outside of it."""
        ...


@dataclass(frozen=True, slots=True)
class Linear:
    """Idle and maximum power in W.

    Raises:
        EnergyError: a negative or endless power, or a maximum below idle.
    """

    idle_w: Fraction
    max_w: Fraction

    def __post_init__(self) -> None:
        made_exact(self, "idle_w", "max_w")
        _check_power((self.idle_w, self.max_w), "linear model")

    def power_w(self, utilisation: Number) -> Fraction:
        return self.idle_w + share(utilisation) * (self.max_w - self.idle_w)


@dataclass(frozen=True, slots=True)
class Table:
    """Measured points (load 0 to 1, W), ascending from 0 to 1; between them power is linear.

    Raises:
        EnergyError: fewer than two points, loads that do not rise from 0 to 1, or power that falls with load.
    """

    points: tuple[tuple[Fraction, Fraction], ...]

    def __post_init__(self) -> None:
        points = tuple((exact(load, "load"), exact(watts, "power")) for load, watts in self.points)
        object.__setattr__(self, "points", points)
        loads = [load for load, _ in self.points]
        if len(loads) < 2 or loads[0] != 0 or loads[-1] != 1 or any(a >= b for a, b in pairwise(loads)):
            raise EnergyError("a table's loads must rise from 0 to 1", todo="Give loads as shares: 50 % is 0.5.")
        _check_power(tuple(watts for _, watts in self.points), "table")

    def power_w(self, utilisation: Number) -> Fraction:
        load = share(utilisation)
        for (low, low_w), (high, high_w) in pairwise(self.points):
            if load <= high:
                return low_w + (load - low) / (high - low) * (high_w - low_w)
        raise UnitError(f"utilisation {float(load):g} is above 1")  # not reached: share() refuses it


@dataclass(frozen=True, slots=True)
class Logarithmic:
    """a ln(b (u + c)) + d, u in per cent: the form of Boavizta's profiles; floats inside.

    Raises:
        EnergyError: parameters that are not finite, whose power falls with load, or is negative at idle.
    """

    a: float
    b: float
    c: float
    d: float

    def __post_init__(self) -> None:
        values = (self.a, self.b, self.c, self.d)
        if not all(math.isfinite(value) for value in values) or self.a < 0 or self.b <= 0 or self.c <= 0:
            raise EnergyError(f"{values} are no parameters of a ln(b (u + c)) + d that rises with load")
        _check_power((self.power_w(0), self.power_w(1)), "logarithmic model")

    def power_w(self, utilisation: Number) -> Fraction:
        value = self.a * math.log(self.b * (float(100 * share(utilisation)) + self.c)) + self.d
        return Fraction(round(value * 1_000_000), 1_000_000)


def table(points: Mapping[Number, Number]) -> Table:
    """A table from points {load: W}, in any order. Raises EnergyError as Table does."""
    return Table(tuple(sorted((exact(load, "load"), exact(watts, "power")) for load, watts in points.items())))


def specpower(watts: tuple[Number, ...]) -> Table:
    """The table of a SPECpower_ssj2008 result: active idle, then 10 % to 100 %, eleven values in W.

    Raises:
        EnergyError: not eleven values, or as Table does.
    """
    if len(watts) != len(SPECPOWER_LOADS):
        raise EnergyError(f"{len(watts)} values are no SPECpower table", todo="Give idle, 10 %, 20 % … 100 %: eleven.")
    return table(dict(zip(SPECPOWER_LOADS, watts, strict=True)))


def of_tdp(tdp_w: Number, shares: Mapping[Fraction, Fraction] = TEADS) -> Table:
    """The table of a CPU of which only the thermal design power (W) is known: shares of it by load.

    Raises:
        EnergyError: a TDP of 0 or less, or as Table does.
    """
    if exact(tdp_w, "TDP") <= 0:
        raise EnergyError(f"a thermal design power of {tdp_w} W")
    return table({load: exact(tdp_w, "TDP") * part for load, part in shares.items()})


def several(model: Linear, count: int) -> Linear:
    """``count`` equal threads, sockets or machines as one. Raises EnergyError for a count below 1."""
    if count < 1:
        raise EnergyError(f"a count of {count} machines or threads")
    return Linear(model.idle_w * count, model.max_w * count)


def energy_wh(model: PowerModel, utilisation: Number, hours: Number) -> Fraction:
    """Wh at a constant utilisation (0 to 1) over hours. Raises UnitError for negative hours or another utilisation."""
    if (time := exact(hours, "time")) < 0:
        raise UnitError(f"negative time {hours} h")
    return model.power_w(utilisation) * time


def share(utilisation: Number) -> Fraction:
    """A utilisation as a share from 0 to 1. Raises UnitError for anything else."""
    value = exact(utilisation, "utilisation")
    if not 0 <= value <= 1:
        todo = "Give a share from 0 to 1 as Decimal or Fraction: 40 % is 0.4."
        raise UnitError(f"{utilisation!s} is no utilisation", todo=todo)
    return value


def _check_power(watts: tuple[Fraction, ...], what: str) -> None:
    if any(each < 0 or each > _LIMIT_W for each in watts):
        raise EnergyError(f"the {what} has a power below 0 or above 1 GW", todo="Check the unit: W.")
    if any(after < before for before, after in pairwise(watts)):
        raise EnergyError(f"the power of the {what} falls as its load rises", todo="Check the order of the points.")
