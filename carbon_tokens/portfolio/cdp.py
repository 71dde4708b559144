"""CDP corporate questionnaire (2024, full), module 7: emissions and energy that proofs of electricity can fill.

Numbers of questions and columns follow the questionnaire of 2024 (7.5, 7.6, 7.7, 7.8, 7.16, 7.17.2, 7.20.2, 7.30.1,
7.30.14, 7.30.16, 7.79.1) and were not compared with its printed form; wording is ours. CDP renumbers between cycles:
compare with the form that is answered. Market zones stand where CDP asks for a country or area; only the US one is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from carbon_tokens.portfolio.accounts import Account
from carbon_tokens.portfolio.disclosure import Row, Year
from carbon_tokens.portfolio.figures import Figures, total
from carbon_tokens.portfolio.rollup import Portfolio, facility_names

_FORM = "zone of the market, not always a country"


def rows(portfolio: Portfolio) -> Iterator[Row]:
    """The rows of every year, in the order of the questionnaire."""
    for number in portfolio.years:
        year = Year(portfolio, number)
        if year.accounts:
            yield year.coverage()
            yield from _base_year(year)
            yield from _totals(year)
            yield from _by_zone(year)
            yield from _by_facility(year)
            yield from _energy(year)
            yield from _credits(year)


def _base_year(year: Year) -> Iterator[Row]:
    base = year.portfolio.base_year
    found = Year(year.portfolio, base)
    names = ("scope 1", "scope 2, location-based", "scope 2, market-based")
    if not found.accounts:
        for name in names:
            yield year.missing("7.5.2", f"Base year emissions, {name}", "t CO2e", f"no proof of the base year {base}")
        return
    note = f"base year {base}, {found.figures.months} facility-months"
    changed = [str(each.account.month.month) for each in year.portfolio.restated() if each.account in found.accounts]
    note += f"; restated: {', '.join(changed)}" if changed else ""
    sums = (found.figures.scope1_g, found.figures.scope2_location_g, found.figures.scope2_market_g)
    for name, grams in zip(names, sums, strict=True):
        yield year.tonnes("7.5.2", f"Base year emissions, {name}", grams, note, of=found.accounts)


def _totals(year: Year) -> Iterator[Row]:
    all_of = year.figures
    yield year.tonnes("7.6.1", "Gross scope 1 emissions", all_of.scope1_g)
    yield year.tonnes("7.7.1", "Gross scope 2 emissions, location-based", all_of.scope2_location_g)
    yield year.tonnes("7.7.2", "Gross scope 2 emissions, market-based", all_of.scope2_market_g, _residual(all_of))
    stated = all_of.scope3_g + all_of.shares_location_g - all_of.eliminated_location_g
    note = "statements name no category: put it into those of the documents; shares location-based"
    yield year.tonnes("7.8.2", "Scope 3 emissions as stated and claimed, of no category", stated, note)
    yield year.missing("7.8", "Scope 3 emissions by category 1 to 15", "t CO2e")


def _residual(figures: Figures) -> str:
    uncovered = figures.energy_wh - figures.covered_wh
    if uncovered and figures.residual_wh < figures.energy_wh:
        return "no residual mix is published for part of the energy: the location-based factor stands in for it"
    return ""


def _by_zone(year: Year) -> Iterator[Row]:
    for zone, own, sums in _grouped(year, lambda each: each.facility.market_zone):
        yield year.tonnes("7.16.1", f"Scope 1 emissions, {zone}", sums.scope1_g, _FORM, of=own)
        yield year.tonnes("7.16.2", f"Scope 2, location-based, {zone}", sums.scope2_location_g, _FORM, of=own)
        yield year.tonnes("7.16.3", f"Scope 2, market-based, {zone}", sums.scope2_market_g, _FORM, of=own)


def _by_facility(year: Year) -> Iterator[Row]:
    called = facility_names(year.portfolio)
    for name, own, sums in _grouped(year, lambda each: called[each.key[:2]]):
        where = f"grid region {own[0].facility.grid_region}; facility {own[0].facility.id}"
        yield year.tonnes("7.17.2.2", f"Scope 1 emissions, {name}", sums.scope1_g, where, of=own)
        yield year.tonnes("7.20.2.2", f"Scope 2, location-based, {name}", sums.scope2_location_g, where, of=own)
        yield year.tonnes("7.20.2.3", f"Scope 2, market-based, {name}", sums.scope2_market_g, where, of=own)


def _energy(year: Year) -> Iterator[Row]:
    all_of = year.figures
    power = "purchased electricity"
    yield year.missing("7.30.1.4", "Consumption of fuel", "MWh")
    other = "RECs of other or unstated technologies cover the rest of what is covered"
    note = other if all_of.renewable_wh < all_of.covered_wh else ""
    yield year.megawatt_hours("7.30.1.2", f"Renewable {power}", all_of.renewable_wh, note, down=True)
    rest = all_of.energy_wh - all_of.renewable_wh
    yield year.megawatt_hours("7.30.1.3", f"Non-renewable {power}", rest, "not covered by RECs of a renewable source")
    yield year.megawatt_hours("7.30.1.4", f"Consumption of {power}", all_of.energy_wh)
    everything, why = year.total_energy()
    if everything is None:
        yield year.missing("7.30.1.4", "Total energy consumption", "MWh", why)
    else:
        yield year.megawatt_hours("7.30.1.4", "Total energy consumption", everything, why)
    for zone, own, sums in _grouped(year, lambda each: each.facility.market_zone):
        note = f"{_technologies(own)}; {_FORM}"
        wording = f"Low-carbon electricity by retired certificates, {zone}"
        yield year.megawatt_hours("7.30.14.5", wording, sums.covered_wh, note, of=own, down=True)
        yield year.megawatt_hours("7.30.16.1", f"Consumption of {power}, {zone}", sums.energy_wh, _FORM, of=own)


def _technologies(own: list[Account]) -> str:
    sums: dict[str, int] = {}
    for each in own:
        for _, source, amount in each.tokens():
            if source.token_class == "rec":
                kind = source.technology or "technology not stated"
                sums[kind] = sums.get(kind, 0) + amount
    return "retired: " + (", ".join(f"{name} {wh:,} Wh" for name, wh in sorted(sums.items())) or "none")


def _credits(year: Year) -> Iterator[Row]:
    found: dict[str, int] = {}
    for each in year.accounts:
        for token, source, amount in each.tokens():
            if source.token_class == "offset":
                project = token.document.source if token.document else f"source {source.device[:10]}…"
                key = f"{source.registry} {project}"
                found[key] = found.get(key, 0) + amount
    for project, grams in sorted(found.items()):
        yield year.tonnes("7.79.1.4", f"Credits retired of project {project}", grams, down=True)
    if not found:
        yield year.missing(
            "7.79.1.4", "Credits retired of projects", "t CO2e", "no offset is retired in these accounts"
        )


def _grouped(year: Year, key: Callable[[Account], str]) -> Iterator[tuple[str, list[Account], Figures]]:
    groups: dict[str, list[Account]] = {}
    for each in year.accounts:
        groups.setdefault(key(each), []).append(each)
    for name in sorted(groups):
        yield name, groups[name], total(each.figures for each in groups[name])
