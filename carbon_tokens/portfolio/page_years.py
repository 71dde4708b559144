"""What a portfolio's page says of its years: charts, the score by the hour, the base year and restatements."""

from __future__ import annotations

from collections.abc import Sequence

from carbon_tokens.claims.account import totals
from carbon_tokens.portfolio import charts
from carbon_tokens.portfolio.amounts import change, percent, tonnes
from carbon_tokens.portfolio.figures import Figures
from carbon_tokens.portfolio.markup import figure, paragraph, section, table
from carbon_tokens.portfolio.rollup import Portfolio, facility_names

_EMISSIONS = (("location", "location"), ("market", "market"), ("net", "net"))
_ENERGY = (("energy", "energy"), ("recs", "covered"))


def years(portfolio: Portfolio) -> str:
    """Bars and a table by year, and whether they can be compared."""
    sums = {year: portfolio.year(year) for year in portfolio.years}
    mass = {str(year): _masses(each) for year, each in sums.items()}
    power = {
        str(year): [each.energy_wh, each.covered_wh] if each.months else [None, None] for year, each in sums.items()
    }
    rows = []
    for year, each in sums.items():
        before = sums.get(year - 1, Figures())
        cells = [
            tonnes(each.consolidated_location_g),
            change(before.consolidated_location_g, each.consolidated_location_g),
        ]
        cells += [tonnes(each.consolidated_market_g), tonnes(each.consolidated_net_g)]
        cells += [tonnes(each.energy_wh), change(before.energy_wh, each.energy_wh), str(each.months)]
        rows.append([str(year), *cells] if each.months else [str(year), *["no proof"] * 6, "0"])
    head = ("year", "location-based t", "change", "market-based t", "net t", "energy MWh", "change", "facility-months")
    return section(
        "Year over year",
        figure(charts.bars(mass, _EMISSIONS, "Emissions by year, t CO2e", "t"),
               "t CO2e: location-based, market-based, and net of offsets, by year"),
        figure(charts.bars(power, _ENERGY, "Energy by year, MWh", "MWh"), "MWh: energy, and what retired RECs cover"),
        table("Years, consolidated, t CO2e and MWh", head, rows),
        paragraph(_comparable(portfolio), "note"),
    )  # fmt: skip


def _masses(sums: Figures) -> Sequence[int | None]:
    if not sums.months:
        return [None, None, None]
    return [sums.consolidated_location_g, sums.consolidated_market_g, sums.consolidated_net_g]


def _comparable(portfolio: Portfolio) -> str:
    """Whether years can be compared: each has the same facilities' months."""
    present = {
        year: {
            (each.key[:2], each.month.month.number % 12) for each in portfolio.accounts if each.month.month.year == year
        }
        for year in portfolio.years
    }
    if len(set(map(frozenset, present.values()))) <= 1:
        return ""
    return "The years do not hold the same facilities' months: a change between them is not like for like."


def hourly(portfolio: Portfolio) -> str:
    """The CFE score of the years with months on the hourly basis."""
    rows = []
    for year in portfolio.years:
        sums = portfolio.year(year)
        if sums.hourly_wh:
            part = percent(sums.matched_wh, sums.hourly_wh)
            of = percent(sums.hourly_wh, sums.energy_wh)
            rows.append([str(year), part, tonnes(sums.matched_wh), tonnes(sums.hourly_wh), of])
    head = ("year", "CFE score", "matched MWh", "energy of these months MWh", "part of the year's energy")
    note = "Only energy of months that are claimed by the hour; certificates of the same hour and grid region."
    return section("Matched by the hour", table("CFE score by year", head, rows), paragraph(note)) if rows else ""


def base_year(portfolio: Portfolio) -> str:
    """The base year, and every restated month with what it changed."""
    called, rows = facility_names(portfolio), []
    for each in portfolio.restated():
        before, after = totals(each.before).gross_location_g, totals(each.after).gross_location_g
        of_year = portfolio.year(each.account.month.month.year).gross_location_g
        moved = percent(abs(after - before), of_year)
        names = (str(each.account.month.month), called[each.account.key[:2]], "; ".join(each.reasons))
        rows.append([*names, tonnes(before), tonnes(after), tonnes(after - before), moved])
    head = ("month", "facility", "reason", "before t", "after t", "change t", "of its year")
    base = portfolio.base_year
    said = f"The base year is {base}. "
    if base not in {each.month.month.year for each in portfolio.accounts}:
        said += "No proof is of it."
    elif any(each.account.month.month.year == base for each in portfolio.restated()):
        said += (
            "It was restated: its totals here are the new ones. Years compared with it before must be compared anew."
        )
    else:
        said += "None of its months was restated."
    note = (
        "A change above the organisation's own threshold asks for a recalculated base year (GHG Protocol, chapter 5)."
    )
    caption = "Restated months, gross location-based as audited"
    return section("Base year and restatements", paragraph(said), table(caption, head, rows, words=3),
                   paragraph(note if rows else ""))  # fmt: skip
