"""What a UPS draws for what it delivers (METHOD section 8.2).

P_in = P_out + the loss at its load, by the unit's curve (``loss_curve``), unless its input is measured. Units of a
redundant string each carry part of the load, low on their curve, so the curve is evaluated for each unit.

On battery (OB) a UPS draws nothing; what recharges the battery afterwards is in an input that is measured, and in the
utility's meter, but not in an input that is modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from carbon_tokens.energy import series, tables
from carbon_tokens.energy.exact import Number, exact, made_exact
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.loss_curve import LossCurve, load_share
from carbon_tokens.energy.series import LONGEST_S, Sample
from carbon_tokens.errors import EnergyError


@dataclass(frozen=True, slots=True)
class Unit:
    """A UPS: rating in W, and its curve unless its input is measured.

    Raises:
        EnergyError: a rating of 0 or less.
    """

    rating_w: Fraction
    curve: LossCurve | None = None
    name: str = ""

    def __post_init__(self) -> None:
        made_exact(self, "rating_w")
        if self.rating_w <= 0:
            raise EnergyError(f"UPS {self.name} has a rating of {self.rating_w} W".replace("  ", " "))

    def loss_w(self, output_w: Number) -> Fraction:
        """W lost at an output in W. Raises EnergyError without a curve, and for outputs below 0 or beyond overload."""
        if self.curve is None:
            todo = "Give its efficiencies at 25, 50, 75 and 100 %, or a log with its input."
            raise EnergyError(f"UPS {self.name} has no loss curve".replace("  ", " "), todo=todo)
        return self.rating_w * self.curve.loss(exact(output_w, "output") / self.rating_w)

    def input_w(self, output_w: Number) -> Fraction:
        """W drawn at an output in W. Raises EnergyError as ``loss_w`` does."""
        return exact(output_w, "output") + self.loss_w(output_w)


@dataclass(frozen=True, slots=True)
class UpsSample:
    """What a UPS says at an instant; each value is None where it says nothing. Power in W, load as a share."""

    at: Fraction  # UTC seconds
    row: int
    output_w: Fraction | None = None
    input_w: Fraction | None = None
    load: Fraction | None = None
    status: str = ""  # NUT's words, apart by spaces: OL on line, OB on battery, LB, BYPASS …

    @property
    def on_battery(self) -> bool:
        return "OB" in self.status.split()

    def output(self, unit: Unit) -> Fraction | None:
        """W delivered: as logged, else load × rating."""
        return self.output_w if self.output_w is not None or self.load is None else self.load * unit.rating_w

    def drawn(self, unit: Unit) -> Fraction | None:
        """W drawn: nothing on battery, as logged, else by the unit's curve; None where neither is known."""
        if self.on_battery:
            return Fraction(0)
        if self.input_w is not None:
            return self.input_w
        output = self.output(unit)
        return None if output is None or unit.curve is None else unit.input_w(output)


@dataclass(frozen=True, slots=True)
class UpsEnergy:
    """Hours of one unit: what it drew, what it delivered, and of that what came from its battery."""

    input: tuple[Hour, ...]
    output: tuple[Hour, ...]
    battery: tuple[Hour, ...]

    @property
    def input_wh(self) -> Fraction:
        return _sum(self.input)

    @property
    def output_wh(self) -> Fraction:
        return _sum(self.output)

    @property
    def battery_wh(self) -> Fraction:
        return _sum(self.battery)

    @property
    def loss_wh(self) -> Fraction:
        """Input minus what of the output came from it."""
        return self.input_wh - (self.output_wh - self.battery_wh)


def string_input_w(total_w: Number, units: Sequence[Unit]) -> Fraction:
    """W drawn by units that share a load in proportion to their ratings, each on its own curve.

    Raises:
        EnergyError: no unit, a unit without a curve, or a load beyond what they carry.
    """
    if not units:
        raise EnergyError("a string of no units")
    ratings = sum((unit.rating_w for unit in units), Fraction(0))
    return sum((unit.input_w(exact(total_w, "load") * unit.rating_w / ratings) for unit in units), Fraction(0))


def energy(
    samples: Iterable[UpsSample],
    unit: Unit,
    *,
    utility: str,
    meter: str,
    file: str,
    sha256: str,
    longest_s: int = LONGEST_S,
) -> UpsEnergy:
    """Hours of one unit from its samples at irregular times; those of several units add up hour by hour.

    Args:
        longest_s: a longer stretch without a sample is a gap (``series``); ``hourly.readings`` fills or refuses it.

    Raises:
        EnergyError: naming by file:row an output beyond the rating and samples that contradict each other; more output
            than input over the whole, which are then exchanged or in other units.
    """
    samples, problems = list(samples), list[tables.Problem]()
    if samples and unit.curve is None and all(each.input_w is None for each in samples):
        unit.loss_w(0)  # says that one of the two is needed
    inputs, outputs, battery = list[Sample](), list[Sample](), list[Sample]()
    for each in samples:
        try:
            drawn, given = each.drawn(unit), _within(each, unit)
        except EnergyError as error:
            problems.append((f"{file}:{each.row}", error.what))
            continue
        inputs.append(Sample(each.at, drawn, each.row))
        outputs.append(Sample(each.at, given, each.row))
        battery.append(Sample(each.at, given if each.on_battery else Fraction(0), each.row))
    tables.refuse(problems)
    sides = [series.stretches(side, file=file, longest_s=longest_s) for side in (inputs, outputs, battery)]
    named = {"utility": utility, "meter": meter, "file": file, "sha256": sha256}
    made = UpsEnergy(*(tuple(series.hours(side, **named)) for side in sides))
    if made.loss_wh < 0 and len(sides[0]) == len(sides[1]):
        what = f"{float(made.output_wh):,.0f} Wh out of {float(made.input_wh):,.0f} Wh in"
        raise EnergyError(what, where=file, todo="Check which column is the input, and both units.")
    return made


def _within(sample: UpsSample, unit: Unit) -> Fraction | None:
    if {"OL", "OB"} <= set(sample.status.split()):
        raise EnergyError(f"status {sample.status!r} is on line and on battery")
    output = sample.output(unit)
    if output is not None:
        load_share(output / unit.rating_w)
    return output


def _sum(hours: Iterable[Hour]) -> Fraction:
    return sum((hour.energy_wh or Fraction(0) for hour in hours), Fraction(0))
