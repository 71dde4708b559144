"""Rows of disclosure tables: a framework's data point, our wording of it, and what the proofs can say of it.

Values are consolidated (shares between the organisation's own facilities taken out). They are decimals of exact
integers (1 MWh = 10⁶ Wh, 1 t = 10⁶ g), rounded once at the third place and on the safe side: emissions up, instruments
and renewable energy down, energy half to even; the exact number stands beside. What the proofs do not know is said,
because 0 would be a statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

from carbon_tokens.portfolio.accounts import Account
from carbon_tokens.portfolio.figures import Figures, total
from carbon_tokens.portfolio.proofs import names
from carbon_tokens.portfolio.rollup import Portfolio

NOT_COVERED = "not covered by these proofs"
COLUMNS = ("year", "datapoint", "wording", "value", "unit", "exact", "rounding", "source proofs", "note")
_EXACT = Context(prec=60)
_ROUNDING = {ROUND_CEILING: "up", ROUND_FLOOR: "down", ROUND_HALF_EVEN: "half to even"}


@dataclass(frozen=True, slots=True)
class Row:
    """A data point of a year; ``value`` None: the proofs do not cover it."""

    year: int
    datapoint: str
    wording: str
    value: Decimal | None
    unit: str
    exact: str = ""
    rounding: str = ""
    proofs: tuple[str, ...] = ()
    note: str = ""
    text: str = ""  # instead of a value

    def cells(self) -> tuple[int | str | Decimal, ...]:
        """As ``COLUMNS``."""
        value = NOT_COVERED if self.value is None and not self.text else self.text or self.value
        shown = value if value is not None else ""
        head = (self.year, self.datapoint, self.wording, shown, self.unit)
        return *head, self.exact, self.rounding, "; ".join(self.proofs), self.note


@dataclass(frozen=True, slots=True)
class Year:
    """A year of a portfolio, and the rows that can be made of it."""

    portfolio: Portfolio
    year: int

    @property
    def accounts(self) -> list[Account]:
        return [each for each in self.portfolio.accounts if each.month.month.year == self.year]

    @property
    def figures(self) -> Figures:
        return total(each.figures for each in self.accounts)

    def tonnes(
        self, point: str, wording: str, grams: int, note: str = "", *, of: Sequence[Account] | None = None,
        down: bool = False,
    ) -> Row:  # fmt: skip
        """A mass, t CO2e; rounded up, credits down."""
        return self._rounded(point, wording, Decimal(grams), "t CO2e", ROUND_FLOOR if down else ROUND_CEILING, note, of)

    def megawatt_hours(
        self, point: str, wording: str, wh: int, note: str = "", *, of: Sequence[Account] | None = None,
        down: bool = False,
    ) -> Row:  # fmt: skip
        """An energy, MWh; renewable energy rounded down."""
        rounding = ROUND_FLOOR if down else ROUND_HALF_EVEN
        return self._rounded(point, wording, Decimal(wh), "MWh", rounding, note, of)

    def gigajoules(self, point: str, wording: str, wh: int, note: str = "") -> Row:
        """An energy, GJ: 1 Wh is 3,600 J."""
        return self._rounded(point, wording, Decimal(wh * 3600) / 1000, "GJ", ROUND_HALF_EVEN, note, None)

    def percent(self, point: str, wording: str, part: int, whole: int, note: str = "") -> Row:
        """A part of a whole, %, rounded down; not covered where there is no whole."""
        if not whole:
            return self.missing(point, wording, "%", note or "there is nothing that it could be a part of")
        value = _EXACT.divide(Decimal(100 * part), Decimal(whole)).quantize(Decimal("0.01"), ROUND_FLOOR)
        shown = f"{part} / {whole}"
        return Row(self.year, point, wording, value, "%", shown, "down at 0.01", names(self._held(None)), note)

    def missing(self, point: str, wording: str, unit: str, note: str = "") -> Row:
        """A data point that the proofs do not cover."""
        return Row(self.year, point, wording, None, unit, note=note)

    def words(self, point: str, wording: str, text: str, note: str = "") -> Row:
        """A data point that is a text."""
        return Row(self.year, point, wording, None, "", proofs=names(self._held(None)), note=note, text=text)

    def coverage(self) -> Row:
        """How many facility-months are behind the year, and which months of it each facility lacks."""
        lacking = [f"{name}: {', '.join(months)}" for name, months in lacking_months(self.portfolio, self.year).items()]
        count = Decimal(self.figures.months)
        note = f"no proof of {'; '.join(lacking)}" if lacking else "every facility has twelve months"
        allowed = [each.name for each in self.portfolio.findings if each.allowed]
        note = f"DOUBLE COUNTS ALLOWED, and in these values: {', '.join(allowed)}; {note}" if allowed else note
        wording = "Facility-months behind this year"
        return Row(self.year, "–", wording, count, "months", str(count), "exact", names(self._held(None)), note)

    def total_energy(self) -> tuple[int | None, str]:
        """All energy, Wh, where electricity is all there is: direct emissions show fuel, whose energy is not stated."""
        if self.figures.scope1_g:
            electricity = f"{Decimal(self.figures.energy_wh).scaleb(-6)} MWh"
            return (
                None,
                f"direct emissions show that fuel was burnt, whose energy is not stated; {electricity} is power",
            )
        return self.figures.energy_wh, "electricity alone: no direct emissions are stated"

    def _rounded(
        self, point: str, wording: str, millionths: Decimal, unit: str, rounding: str, note: str,
        of: Sequence[Account] | None,
    ) -> Row:  # fmt: skip
        exact = millionths.scaleb(-6, _EXACT)
        value = exact.quantize(Decimal("0.001"), rounding, _EXACT)
        said = f"{_ROUNDING[rounding]} at 0.001" if value != exact else "exact"
        return Row(self.year, point, wording, value, unit, _plain(exact), said, names(self._held(of)), note)

    def _held(self, of: Sequence[Account] | None) -> Iterable:  # type: ignore[type-arg]
        return (each.held for each in (self.accounts if of is None else of))


def lacking_months(portfolio: Portfolio, year: int) -> dict[str, list[str]]:
    """Months of a calendar year without a proof, by the facility's name; facilities with all twelve are left out."""
    from carbon_tokens.portfolio.rollup import facility_names

    called = facility_names(portfolio)
    found = {}
    for key, own in portfolio.facilities.items():
        present = {str(each.month.month) for each in own}
        lacks = [f"{year}-{month:02}" for month in range(1, 13) if f"{year}-{month:02}" not in present]
        if lacks:
            found[called[key]] = lacks
    return found


def _plain(value: Decimal) -> str:
    return format(value, "f")
