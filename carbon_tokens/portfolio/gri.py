"""GRI 302-1 (Energy 2016) and 305-1, 305-2, 305-3, 305-5 (Emissions 2016): what proofs of electricity can fill.

Letters are those of the requirements; wording is ours. GRI 102 (Climate Change 2025) and GRI 103 (Energy 2025) replace
these from 2027 on; the amounts asked for are the same. 302-1-e is asked for in joules.
"""

from __future__ import annotations

from collections.abc import Iterator

from carbon_tokens.portfolio.disclosure import Row, Year
from carbon_tokens.portfolio.rollup import Portfolio

CONTROL = "operational control, as far as the facilities whose proofs were given go"


def rows(portfolio: Portfolio) -> Iterator[Row]:
    """The rows of every year, in the order of the standards."""
    for number in portfolio.years:
        year = Year(portfolio, number)
        if year.accounts:
            yield year.coverage()
            yield from _energy(year)
            yield from _direct(year)
            yield from _indirect(year)
            yield from _others(year)


def _energy(year: Year) -> Iterator[Row]:
    yield year.missing("302-1-a", "Fuel from non-renewable sources", "GJ")
    yield year.missing("302-1-b", "Fuel from renewable sources", "GJ")
    yield year.megawatt_hours("302-1-c-i", "Electricity consumption", year.figures.energy_wh)
    for point, what in (("ii", "Heating"), ("iii", "Cooling"), ("iv", "Steam")):
        yield year.missing(f"302-1-c-{point}", f"{what} consumption", "MWh")
    yield year.missing("302-1-d", "Energy sold", "MWh")
    everything, why = year.total_energy()
    if everything is None:
        yield year.missing("302-1-e", "Total energy consumption", "GJ", why)
    else:
        yield year.gigajoules("302-1-e", "Total energy consumption", everything, why)
    yield year.words("302-1-f", "Methods used", ", ".join(methods(year)))


def _direct(year: Year) -> Iterator[Row]:
    yield year.tonnes("305-1-a", "Gross direct (scope 1) emissions", year.figures.scope1_g)
    yield year.missing("305-1-b", "Gases in the calculation", "")
    yield year.missing("305-1-c", "Biogenic CO2", "t CO2")
    yield from _base(year, "305-1-d", (("scope 1", "scope1_g"),))
    yield year.words(
        "305-1-e", "Emission factors used", ", ".join(factors(year)), "of electricity; fuels: the documents"
    )
    yield year.words("305-1-f", "Consolidation approach", CONTROL)


def _indirect(year: Year) -> Iterator[Row]:
    yield year.tonnes("305-2-a", "Gross scope 2 emissions, location-based", year.figures.scope2_location_g)
    yield year.tonnes("305-2-b", "Gross scope 2 emissions, market-based", year.figures.scope2_market_g)
    yield year.missing("305-2-c", "Gases in the calculation", "")
    two = ("scope 2 location-based", "scope2_location_g"), ("scope 2 market-based", "scope2_market_g")
    yield from _base(year, "305-2-d", two)
    yield year.words("305-2-e", "Emission factors used", ", ".join(factors(year)))
    yield year.words("305-2-f", "Consolidation approach", CONTROL)


def _others(year: Year) -> Iterator[Row]:
    sums = year.figures
    grams = sums.scope3_g + sums.shares_location_g - sums.eliminated_location_g
    note = f"claimed shares location-based; {sums.eliminated_location_g:,} g between own facilities are taken out"
    yield year.tonnes("305-3-a", "Gross other indirect (scope 3) emissions", grams, note)
    yield year.missing("305-3-d", "Scope 3 categories", "")
    base = Year(year.portfolio, year.portfolio.base_year).figures
    change = sums.consolidated_location_g - base.consolidated_location_g
    why = f"a change from the base year is not the result of an initiative; location-based it is {change:,} g"
    yield year.missing("305-5-a", "Reduction as the result of initiatives", "t CO2e", why)
    yield year.tonnes("305-5 (offsets)", "Offsets, apart from reductions", sums.offsets_g, "retired", down=True)


def _base(year: Year, point: str, names: tuple[tuple[str, str], ...]) -> Iterator[Row]:
    found = Year(year.portfolio, year.portfolio.base_year)
    for said, name in names:
        wording, note = f"Base year emissions, {said}", f"base year {found.year}"
        if found.accounts:
            yield year.tonnes(point, wording, getattr(found.figures, name), note, of=found.accounts)
        else:
            yield year.missing(point, wording, "t CO2e", f"no proof of the {note}")


def methods(year: Year) -> list[str]:
    """Methods of the year's documents, by name."""
    found = {event.document.method.method for each in year.accounts for event in each.confirmed}
    return sorted(found)


def factors(year: Year) -> list[str]:
    """Releases and regions of the year's emission factors, by name."""
    return sorted({
        f"{each.dataset} {each.year} {each.edition} {each.region}"
        for account in year.accounts
        for event in account.confirmed
        if (each := event.document.factor)
    })  # fmt: skip
