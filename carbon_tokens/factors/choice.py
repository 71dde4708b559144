"""Which emission factor a site has, and why: every candidate of a stated hierarchy, and what became of it.

Location-based (METHOD 8.1, GHG Protocol Scope 2 Guidance, table 6.2): what the grid emits where the site is, the most
specific first:

    a plant that feeds it by a direct line · hourly intensities of its grid zone · its eGRID subregion (by ZIP) · its
    balancing authority · its state · the states of its utility, by retail sales · its NERC region · its country

Plant, balancing authority, utility and NERC region are steps where they are given; eGRID's rates are those of the
caller's files or of the shipped release (``picking``).

Market-based (table 6.3), for what no certificate covers (certificates are retired on chain and counted there):

    the supplier's factor · the residual mix · the location-based factor, and the residual mix is disclosed as absent

A residual mix never answers for the location. A step that could be taken but has no number of the year is passed over
with the reason; no other year and no wider place stands in unless the caller allows it (``wider``), which is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import annual, egrid, picking, zips
from carbon_tokens.factors.annual import Annual
from carbon_tokens.factors.area_files import Areas
from carbon_tokens.factors.hourly import Series
from carbon_tokens.factors.utilities import Sales
from carbon_tokens.periods import Month

CHOSEN, LESS, MISSING = "chosen", "less specific", "not available"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site is and who supplies it; what is not known is empty.

    ``country`` is a code or name as in the file of countries; US sites need a ZIP, a subregion or a state.
    """

    country: str = "US"
    state: str = ""
    zip: str = ""
    eia_utility: int | None = None
    subregion: str = ""
    zone: str = ""  # of hourly intensities
    supplier: str = ""
    ba: str = ""  # balancing authority, e.g. CISO
    nerc: str = ""  # NERC region, e.g. WECC
    plant: str = ""  # EPA's number (ORISPL) of a plant that feeds the site by a direct line


@dataclass(frozen=True, slots=True)
class Candidate:
    """A step of the hierarchy for a site: what it would be, or why there is none."""

    basis: str  # location or market
    step: str  # plant, hourly, subregion, ba, state, utility, nerc, country, supplier, residual, location
    region: str
    state: str  # CHOSEN, LESS or MISSING
    reason: str
    g_per_mwh: Decimal | None = None
    dataset: str = ""
    year: int | None = None
    edition: str = ""
    source: str = ""
    file_sha256: str = ""
    gwp: str = ""  # the set of warming potentials inside eGRID's CO2e: AR4, AR5 or unstated; empty for others

    def to_json(self) -> dict[str, object]:
        number = None if self.g_per_mwh is None else format(self.g_per_mwh.normalize(), "f")
        keys = ("basis", "step", "region", "state", "reason", "dataset", "year", "edition", "source", "file_sha256")
        return {**{key: getattr(self, key) for key in keys}, "gwp": self.gwp or None, "g_per_mwh": number}


@dataclass(frozen=True, slots=True)
class Explanation:
    """All candidates, both bases, in the order of the hierarchy."""

    place: Place
    year: int
    candidates: tuple[Candidate, ...]

    def chosen(self, basis: str) -> Candidate | None:
        """The candidate that the hierarchy takes; None if no step has a number."""
        return next((each for each in self.candidates if (each.basis, each.state) == (basis, CHOSEN)), None)

    def to_json(self) -> dict[str, object]:
        """A JSON object; g/MWh as text."""
        picked = {basis: self.chosen(basis) for basis in ("location", "market")}
        return {
            "year": self.year,
            **{basis: each.to_json() if each else None for basis, each in picked.items()},
            "candidates": [each.to_json() for each in self.candidates],
        }


def explain(
    place: Place,
    year: int,
    *,
    edition: str | None = None,
    hourly: Sequence[Series] = (),
    tables: Sequence[Annual] = (),
    files: Sequence[Areas] = (),
    sales: Sales | None = None,
    wider: bool = False,
) -> Explanation:
    """The candidates for a site and year, and which one the hierarchy takes.

    Args:
        edition: of the eGRID release, or ``newest``; the year's default if None.
        hourly: hourly intensities that the user has; tables: annual factors that the user has, of all files.
        files: of eGRID that the user has; sales: the utility's retail sales.
        wider: take a state or country although the site's subregion is known but has no number of the year.

    Raises:
        FactorError: a ZIP that does not exist, or in several subregions without the utility on the bill.
    """
    subregion = place.subregion.upper() or (zips.subregion(place.zip, place.eia_utility) if place.zip else "")
    location = _decided(_location(place, subregion, year, edition, hourly, tables, files, sales), wider)
    taken = next((each for each in location if each.state == CHOSEN), None)
    market = _decided(_market(place, subregion, year, tables, taken), True)
    return Explanation(place, year, (*location, *market))


def _location(
    place: Place, subregion: str, year: int, edition: str | None, hourly: Sequence[Series], tables: Sequence[Annual],
    files: Sequence[Areas], sales: Sales | None,
) -> Iterable[Candidate]:  # fmt: skip
    us = place.country.upper() in ("US", "USA", "UNITED STATES")
    if us and place.plant:
        yield _egrid("plant", place.plant, year, edition, files)
    yield _hourly(place.zone, year, hourly)
    if not us:
        yield _annual("location", "country", place.country, year, tables, "location")
        return
    for step, region in (("subregion", subregion), ("ba", place.ba), ("state", place.state.upper())):
        if region or step != "ba":
            yield _egrid(step, region, year, edition, files)
    if sales is not None:
        yield _utility(place, year, edition, files, sales)
    if place.nerc:
        yield _egrid("nerc", place.nerc, year, edition, files)
    yield _egrid("country", "US", year, edition, files)


def _hourly(zone: str, year: int, given: Sequence[Series]) -> Candidate:
    if not given:
        return _none("location", "hourly", zone, "no hourly intensities given")
    found = [each for each in given if not zone or each.zone == zone]
    if not found:
        return _none("location", "hourly", zone, f"the files given are of {', '.join(each.zone for each in given)}")
    return _mean(found[0], year)


def _mean(series: Series, year: int) -> Candidate:
    start, end = (_instant(each) for each in (year, year + 1))
    inside = [hour.g_per_kwh for hour in series.hours if start <= hour.start < end]
    if not inside:
        return _none("location", "hourly", series.zone, f"{series.file} has no hour of {year}")
    missing = (end - start) // 3600 - len(inside)
    mean = sum(inside, Fraction(0)) * 1000 / len(inside)
    grams = Decimal(mean.numerator) / Decimal(mean.denominator)
    reason = f"{len(inside)} hours of {year}, {missing} missing; shown is their mean, used is each hour's own"
    return Candidate(
        "location", "hourly", series.zone, LESS, reason, round(grams, 3), series.form, year, series.boundary,
        series.file, series.file_sha256,
    )  # fmt: skip


def _instant(year: int) -> int:
    return Month.parse(f"{year}-01").start


def _egrid(step: str, region: str, year: int, edition: str | None, files: Sequence[Areas]) -> Candidate:
    if not region:
        return _none("location", step, "", f"no {step} given")
    try:
        rate, said = picking.rate("us" if step == "country" else step, region, year, edition, files)
        grams = rate.g_per_mwh
    except FactorError as error:
        return _none("location", step, region, f"{error.what}. {error.todo}".strip())
    reason = f"{rate.co2e_lb_per_mwh} lb CO2e/MWh, annual total output rate" + (f", {said}" if said else "")
    return Candidate(
        "location", step, rate.region, LESS, reason, grams, rate.dataset, rate.year, rate.edition, rate.source,
        rate.file_sha256, rate.gwp or "",
    )  # fmt: skip


def _utility(place: Place, year: int, edition: str | None, files: Sequence[Areas], sales: Sales) -> Candidate:
    """The states of a utility by its retail sales: for a site of which nothing nearer is known."""
    name = f"EIA {place.eia_utility}"
    try:
        rates = {state: picking.rate("state", state, year, edition, files)[0] for state in sales.shares}
        grams = retail_weighted(sales.shares, lambda state: rates[state].g_per_mwh)
    except FactorError as error:
        return _none("location", "utility", name, f"{error.what}. {error.todo}".strip())
    first = next(iter(rates.values()))
    shares = ", ".join(f"{state} {float(share):.1%}" for state, share in sales.shares.items())
    reason = f"states' rates by retail sales: {shares}; {sales.file}, sha-256 {sales.file_sha256}"
    return Candidate(
        "location", "utility", name, LESS, reason, round(grams, 12), first.dataset, year, first.edition, first.source,
        first.file_sha256, first.gwp or "",
    )  # fmt: skip


def _market(
    place: Place, subregion: str, year: int, tables: Sequence[Annual], location: Candidate | None
) -> Iterable[Candidate]:
    if place.supplier:
        yield _annual("market", "supplier", place.supplier, year, tables, "supplier")
    else:
        yield _none("market", "supplier", "", "no supplier given")
    residual = _annual("market", "residual", subregion or place.country, year, tables, "residual")
    yield residual
    if location:
        disclosed = "the location-based factor stands in: no residual mix is at hand, which the statement discloses"
        reason = disclosed if residual.state == MISSING else "comes after the residual mix"
        yield replace(location, basis="market", step="location", state=LESS, reason=reason)
    else:
        yield _none("market", "location", "", "there is no location-based factor either")


def _annual(basis: str, step: str, region: str, year: int, tables: Sequence[Annual], kind: str) -> Candidate:
    if not region:
        return _none(basis, step, "", "no place given")
    if not any(each.basis == kind for each in tables):
        return _none(basis, step, region, f"no file of {_KINDS[kind]} given")
    several = annual.matching(tables, region, year, kind)
    if not several:
        years = sorted({each.year for each in tables if each.basis == kind and each.region.upper() == region.upper()})
        known = f"; it has {years[0]} to {years[-1]}" if years else ""
        return _none(basis, step, region, f"no number of {region} {year} in the file of {_KINDS[kind]}{known}")
    found, others = several[0], sorted({each.file for each in several[1:]})
    reason = f"{found.g_per_kwh.normalize():f} g/kWh in {found.where}" + (f", {found.note}" if found.note else "")
    reason += f"; also in {', '.join(others)}" if others else ""
    return Candidate(
        basis, step, found.region, LESS, reason, found.g_per_kwh * 1000, found.form, year, "", found.file,
        found.file_sha256,
    )  # fmt: skip


_KINDS = {"location": "countries", "supplier": "suppliers", "residual": "residual mixes"}


_PLACES = ("plant", "subregion", "ba", "state", "utility", "nerc")


def _none(basis: str, step: str, region: str, reason: str) -> Candidate:
    return Candidate(basis, step, region, MISSING, reason)


def _decided(candidates: Iterable[Candidate], wider: bool) -> list[Candidate]:
    """The first with a number is chosen; a wider place only if the narrower one is not known, or if that is allowed."""
    found: list[Candidate] = []
    taken = blocked = False
    for each in candidates:
        if each.state == MISSING:
            blocked |= each.step in _PLACES and bool(each.region)
        elif not taken and blocked and not wider:
            each = replace(each, reason=f"{each.reason}; not taken, because it is wider than the site's own region")
        elif not taken:
            each, taken = replace(each, state=CHOSEN), True
        found.append(each)
    return found


def retail_weighted(shares: Mapping[str, Fraction], rates: Callable[[str], Decimal]) -> Decimal:
    """lb/MWh of a utility in several states: Σ share of its retail sales × the state's rate (METHOD 8.1).

    For sites of which only the utility is known; a site's own subregion wins over it.

    Raises:
        FactorError: shares that do not add up to 1.
    """
    if sum(shares.values()) != 1 or any(share < 0 for share in shares.values()):
        raise FactorError("the shares of retail sales do not add up to 1", todo="Give the part of each state.")
    mean = sum((share * Fraction(rates(state)) for state, share in shares.items()), Fraction(0))
    return Decimal(mean.numerator) / Decimal(mean.denominator)


def retail_weighted_rate(shares: Mapping[str, Fraction], year: int, edition: str | None = None) -> Decimal:
    """Exact g/MWh of eGRID's states weighted by retail sales. Raises FactorError as ``egrid.rates``."""

    def rate(state: str) -> Decimal:
        return egrid.rates(state, year, edition, "state").g_per_mwh

    return retail_weighted(shares, rate)
