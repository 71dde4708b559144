"""The losses of a UPS by its load, and a curve of them from its efficiencies (METHOD section 8.2).

With R the rating in W and x = P_out / R:

    P_in = P_out + R (l0 + l1 x + l2 x²)        η(x) = x / (x + l0 + l1 x + l2 x²)

no-load, linear and square loss as shares of the rating (the form of pvlib's transformer, and of Rasmussen's "Electrical
efficiency modeling for data centers"). The l's are at least 0, so the loss never falls as the load rises. "98 % at full
load, 85 % at 20 %", as one vendor's note has it, would be a loss of 3.5 % of the rating at 20 % and of 2.0 % at full
load: it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

from carbon_tokens.energy.exact import Number, exact, made_exact
from carbon_tokens.errors import EnergyError

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
        made_exact(self, *TERMS)
        for term, share in self.coefficients.items():
            if not 0 <= share < 1:
                todo = "Losses are shares of the rating from 0 to 1 and may not fall as the load rises."
                raise EnergyError(f"a {term.replace('_', '-')} loss of {float(share):g}", todo=todo)

    @property
    def coefficients(self) -> dict[str, Fraction]:
        return {term: getattr(self, term) for term in TERMS}

    def loss(self, load: Number) -> Fraction:
        """Loss as a share of the rating at a load, a share of it too. Raises EnergyError for a load of another unit."""
        x = load_share(load)
        return self.no_load + x * (self.linear + x * self.square)

    def efficiency(self, load: Number) -> Fraction:
        """Output over input, above 0 to 1 under load, 0 without. Raises EnergyError as ``loss`` does."""
        drawn = load_share(load) + self.loss(load)
        return load_share(load) / drawn if drawn else Fraction(1)


@dataclass(frozen=True, slots=True)
class Fit:
    """A curve and by load the residual: fitted minus given loss, as a share of the rating; and the given losses."""

    curve: LossCurve
    residuals: Mapping[Fraction, Fraction]

    @property
    def worst(self) -> Fraction:
        """The largest residual, without its sign."""
        return max(abs(each) for each in self.residuals.values())


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


def load_share(load: Number) -> Fraction:
    """A load as a share of the rating. Raises EnergyError below 0 and beyond overload."""
    if not 0 <= (share := exact(load, "load")) <= OVERLOAD:
        todo = "A load is a share of the rating, up to 1.25: check both units."
        raise EnergyError(f"a load of {float(load):.4g} of the rating", todo=todo)
    return share


def _losses(efficiencies: Mapping[Number, Number]) -> dict[Fraction, Fraction]:
    """Loss by load, ascending."""
    if len(efficiencies) < 2:
        raise EnergyError("a loss curve needs efficiencies at two loads or more")
    losses: dict[Fraction, Fraction] = {}
    given = {exact(load, "load"): exact(each, "efficiency") for load, each in efficiencies.items()}
    for load, efficiency in sorted(given.items()):
        if not (0 < load <= 1 and 0 < efficiency <= 1):
            todo = "Give both as shares: 95 % at half load is 0.95 at 0.5."
            raise EnergyError(f"an efficiency of {efficiency} at a load of {load}", todo=todo)
        losses[load] = load * (1 / efficiency - 1)
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
