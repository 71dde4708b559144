"""What a UPS draws for what it delivers (METHOD section 8.2).

With R the rating in W and x = P_out / R:

    P_in = P_out + R (l0 + l1 x + l2 x²)        η(x) = x / (x + l0 + l1 x + l2 x²)

no-load, linear and square loss as shares of the rating (the form of pvlib's transformer, and of Rasmussen's "Electrical
efficiency modeling for data centers"). The l's are at least 0, so the loss never falls as the load rises. "98 % at full
load, 85 % at 20 %", as one vendor's note has it, would be a loss of 3.5 % of the rating at 20 % and of 2.0 % at full
load: it is refused. Units of a redundant string each carry part of the load, low on their curve, so the curve is
evaluated for each unit.

On battery (OB) a UPS draws nothing; what recharges the battery afterwards is in an input that is measured, and in the
utility's meter, but not in an input that is modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise

from carbon_tokens.energy import series, tables
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.series import LONGEST_S, Sample
from carbon_tokens.errors import EnergyError

Number = Decimal | Fraction | int
OVERLOAD = Fraction(5, 4)  # of the rating; what more says is in another unit
TERMS = ("no_load", "linear", "square")
_POWERS = {"no_load": 0, "linear": 1, "square": 2}


@dataclass(frozen=True, slots=True)
class LossCurve:
    """Losses as shares of the rating.

    Raises:
        EnergyError: a share below 0, by which a loss would be negative or fall with load, or one of 1 or more.
    """

    no_load: Fraction
    linear: Fraction
    square: Fraction

    def __post_init__(self) -> None:
        for term, share in self.coefficients.items():
            if not 0 <= share < 1:
                todo = "Losses are shares of the rating from 0 to 1 and may not fall as the load rises."
                raise EnergyError(f"a {term.replace('_', '-')} loss of {float(share):g}", todo=todo)

    @property
    def coefficients(self) -> dict[str, Fraction]:
        return {term: getattr(self, term) for term in TERMS}

    def loss(self, load: Number) -> Fraction:
        """Loss as a share of the rating at a load, a share of it too. Raises EnergyError for a load of another unit."""
        x = _load(load)
        return self.no_load + x * (self.linear + x * self.square)

    def efficiency(self, load: Number) -> Fraction:
        """Output over input, above 0 to 1 under load, 0 without. Raises EnergyError as ``loss`` does."""
        drawn = _load(load) + self.loss(load)
        return _load(load) / drawn if drawn else Fraction(1)


@dataclass(frozen=True, slots=True)
class Fit:
    """A curve and by load the residual: fitted minus given loss, as a share of the rating; and the given losses."""

    curve: LossCurve
    residuals: Mapping[Fraction, Fraction]

    @property
    def worst(self) -> Fraction:
        """The largest residual, without its sign."""
        return max(abs(each) for each in self.residuals.values())


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
        if self.rating_w <= 0:
            raise EnergyError(f"UPS {self.name} has a rating of {self.rating_w} W".replace("  ", " "))

    def loss_w(self, output_w: Number) -> Fraction:
        """W lost at an output in W. Raises EnergyError without a curve, and for outputs below 0 or beyond overload."""
        if self.curve is None:
            todo = "Give its efficiencies at 25, 50, 75 and 100 %, or a log with its input."
            raise EnergyError(f"UPS {self.name} has no loss curve".replace("  ", " "), todo=todo)
        return self.rating_w * self.curve.loss(Fraction(output_w) / self.rating_w)

    def input_w(self, output_w: Number) -> Fraction:
        """W drawn at an output in W. Raises EnergyError as ``loss_w`` does."""
        return Fraction(output_w) + self.loss_w(output_w)


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
        """W drawn: nothing on battery, as logged, else by the unit's curve; None where the output is unknown too."""
        if self.on_battery:
            return Fraction(0)
        if self.input_w is not None:
            return self.input_w
        output = self.output(unit)
        return None if output is None else unit.input_w(output)


@dataclass(frozen=True, slots=True)
class UpsEnergy:
    """Hours of input and output of one unit, and Wh that its battery delivered while on battery."""

    input: tuple[Hour, ...]
    output: tuple[Hour, ...]
    battery_wh: Fraction

    @property
    def input_wh(self) -> Fraction:
        return _sum(self.input)

    @property
    def output_wh(self) -> Fraction:
        return _sum(self.output)

    @property
    def loss_wh(self) -> Fraction:
        """Input minus what of the output came from it."""
        return self.input_wh - (self.output_wh - self.battery_wh)


def fit(efficiencies: Mapping[Number, Number]) -> Fit:
    """The curve nearest to efficiencies {load: η}, by exact least squares of the losses under l ≥ 0.

    Each loss x (1/η − 1) is a row of normal equations, solved in fractions. Of the sets of terms whose solution has no
    negative share the one with the least sum of squares is taken: with the residuals, that is what can be said.

    Raises:
        EnergyError: fewer than two points, loads or efficiencies outside (0, 1], or losses that fall with load.
    """
    losses = _losses(efficiencies)
    found: list[tuple[Fraction, int, Fit]] = []
    for order, terms in enumerate(_sets(len(losses))):
        solved = _solve(terms, losses)
        if solved is not None and all(0 <= share < 1 for share in solved.values()):
            curve = LossCurve(**{term: solved.get(term, Fraction(0)) for term in TERMS})
            residuals = {load: curve.loss(load) - loss for load, loss in losses.items()}
            found.append((sum((each**2 for each in residuals.values()), Fraction(0)), order, Fit(curve, residuals)))
    if not found:
        raise EnergyError("no curve of losses that are shares of the rating fits these efficiencies")
    return min(found, key=lambda each: each[:2])[2]


def string_input_w(total_w: Number, units: Sequence[Unit]) -> Fraction:
    """W drawn by units that share a load in proportion to their ratings, each on its own curve.

    Raises:
        EnergyError: no unit, a unit without a curve, or a load beyond what they carry.
    """
    if not units:
        raise EnergyError("a string of no units")
    ratings = sum((unit.rating_w for unit in units), Fraction(0))
    return sum((unit.input_w(Fraction(total_w) * unit.rating_w / ratings) for unit in units), Fraction(0))


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
    drawn_h, given_h = (tuple(series.hours(side, **named)) for side in sides[:2])
    made = UpsEnergy(drawn_h, given_h, sum((each.energy_wh for each in sides[2]), Fraction(0)))
    if made.loss_wh < 0 and len(sides[0]) == len(sides[1]):
        what = f"{float(made.output_wh):,.0f} Wh out of {float(made.input_wh):,.0f} Wh in"
        raise EnergyError(what, where=file, todo="Check which column is the input, and both units.")
    return made


def _within(sample: UpsSample, unit: Unit) -> Fraction | None:
    if {"OL", "OB"} <= set(sample.status.split()):
        raise EnergyError(f"status {sample.status!r} is on line and on battery")
    output = sample.output(unit)
    if output is not None:
        _load(output / unit.rating_w)
    return output


def _load(load: Number) -> Fraction:
    if not 0 <= load <= OVERLOAD:
        todo = "A load is a share of the rating, up to 1.25: check both units."
        raise EnergyError(f"a load of {float(load):.4g} of the rating", todo=todo)
    return Fraction(load)


def _losses(efficiencies: Mapping[Number, Number]) -> dict[Fraction, Fraction]:
    """Loss by load, ascending."""
    if len(efficiencies) < 2:
        raise EnergyError("a loss curve needs efficiencies at two loads or more")
    losses: dict[Fraction, Fraction] = {}
    for load, efficiency in sorted(efficiencies.items()):
        if not (0 < load <= 1 and 0 < efficiency <= 1):
            todo = "Give both as shares: 95 % at half load is 0.95 at 0.5."
            raise EnergyError(f"an efficiency of {efficiency} at a load of {load}", todo=todo)
        losses[Fraction(load)] = Fraction(load) * (1 / Fraction(efficiency) - 1)
    ordered = list(losses.items())
    for (low, before), (high, after) in pairwise(ordered):
        if after < before:
            what = f"the loss falls from {float(before):.2%} of the rating at a load of {float(low):.0%}"
            todo = "No UPS does that: give measured or certified efficiencies."
            raise EnergyError(f"{what} to {float(after):.2%} at {float(high):.0%}", todo=todo)
    return losses


def _sets(points: int) -> list[tuple[str, ...]]:
    """Sets of terms that so many points can determine; of equal fits no-load and square come first, as in pvlib."""
    pairs = [("no_load", "square"), ("no_load", "linear"), ("linear", "square")]
    return ([TERMS] if points > 2 else []) + pairs + list(combinations(TERMS, 1))


def _solve(terms: Sequence[str], losses: Mapping[Fraction, Fraction]) -> dict[str, Fraction] | None:
    """Least squares in fractions: the normal equations by elimination; None if they do not determine the terms."""
    powers = [_POWERS[term] for term in terms]
    rows = [
        [sum((x ** (p + q) for x in losses), Fraction(0)) for q in powers]
        + [sum((x**p * loss for x, loss in losses.items()), Fraction(0))]
        for p in powers
    ]
    for at in range(len(rows)):
        pivot = next((row for row in range(at, len(rows)) if rows[row][at]), None)
        if pivot is None:
            return None
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for other in range(len(rows)):
            if other != at:
                rows[other] = [a - rows[other][at] * b for a, b in zip(rows[other], rows[at], strict=True)]
    return dict(zip(terms, (row[-1] for row in rows), strict=True))


def _sum(hours: Iterable[Hour]) -> Fraction:
    return sum((hour.energy_wh or Fraction(0) for hour in hours), Fraction(0))
