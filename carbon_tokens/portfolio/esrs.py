"""ESRS E1-5, E1-6 and E1-7: data points of EFRAG's list (IG 3, of the first set of standards, Regulation 2023/2772).

Ids are those of the list; wording is ours. The simplified standards that EFRAG proposed in 2025 regroup data points:
compare with the set that applies to the reporter.
"""

from __future__ import annotations

from collections.abc import Iterator

from carbon_tokens.portfolio.disclosure import Row, Year
from carbon_tokens.portfolio.rollup import Portfolio


def rows(portfolio: Portfolio) -> Iterator[Row]:
    """The rows of every year, in the order of the list."""
    for number in portfolio.years:
        year = Year(portfolio, number)
        if year.accounts:
            yield year.coverage()
            yield from _energy(year)
            yield from _emissions(year)
            yield from _instruments(year)
            yield from _credits(year)


def _energy(year: Year) -> Iterator[Row]:
    sums = year.figures
    everything, why = year.total_energy()
    if everything is None:
        yield year.missing("E1-5_01", "Total energy consumption of own operations", "MWh", why)
    else:
        yield year.megawatt_hours("E1-5_01", "Total energy consumption of own operations", everything, why)
    grid = "the mix of what no certificate covers is the grid's, which proofs do not split"
    yield year.missing("E1-5_02", "Energy from fossil sources", "MWh", grid)
    yield year.missing("E1-5_03", "Energy from nuclear sources", "MWh", grid)
    yield year.missing("E1-5_05", "Energy from renewable sources", "MWh", "fuels are not stated; electricity: E1-5_07")
    yield year.missing("E1-5_06", "Renewable fuels", "MWh")
    note = "covered by retired certificates of a renewable source"
    yield year.megawatt_hours(
        "E1-5_07", "Purchased electricity from renewable sources", sums.renewable_wh, note, down=True
    )
    yield year.missing("E1-5_08", "Self-generated renewable energy without fuel", "MWh")
    if everything is None:
        yield year.missing("E1-5_09", "Renewable part of total energy", "%", why)
    else:
        yield year.percent("E1-5_09", "Renewable part of total energy", sums.renewable_wh, everything, why)
    yield year.missing("E1-5_10 to E1-5_13", "Fuels by kind", "MWh")
    yield year.missing("E1-5_14", "Purchased electricity from fossil sources", "MWh", grid)
    yield year.missing("E1-5_16, E1-5_17", "Energy production", "MWh")


def _emissions(year: Year) -> Iterator[Row]:
    sums = year.figures
    yield year.tonnes("E1-6_07", "Gross scope 1 emissions", sums.scope1_g)
    yield year.missing("E1-6_08", "Part of scope 1 under emission trading schemes", "%")
    yield year.tonnes("E1-6_09", "Gross scope 2 emissions, location-based", sums.scope2_location_g)
    yield year.tonnes("E1-6_10", "Gross scope 2 emissions, market-based", sums.scope2_market_g)
    location = sums.scope3_g + sums.shares_location_g - sums.eliminated_location_g
    market = sums.scope3_g + sums.shares_market_g - sums.eliminated_market_g
    note = "as stated, without categories; claimed shares {}, those between own facilities taken out"
    yield year.tonnes("E1-6_11", "Gross scope 3 emissions", location, note.format("location-based"))
    if market != location:
        yield year.tonnes("E1-6_11", "Gross scope 3 emissions", market, note.format("market-based"))
    yield year.tonnes("E1-6_12", "Total emissions, location-based", sums.consolidated_location_g)
    yield year.tonnes("E1-6_13", "Total emissions, market-based", sums.consolidated_market_g)
    yield year.missing("E1-6_17", "Biogenic CO2 apart from scope 1", "t CO2")


def _instruments(year: Year) -> Iterator[Row]:
    sums = year.figures
    note = "electricity that retired certificates cover, of all electricity"
    yield year.percent("E1-6_18", "Part of contractual instruments, scope 2", sums.covered_wh, sums.energy_wh, note)
    kinds = sorted({
        f"{source.registry} {source.technology or 'technology not stated'}"
        for each in year.accounts
        for _, source, _ in each.tokens()
        if source.token_class == "rec"
    })  # fmt: skip
    if kinds:
        yield year.words("E1-6_19", "Types of contractual instruments", f"certificates: {', '.join(kinds)}")
    else:
        yield year.missing("E1-6_19", "Types of contractual instruments", "", "no certificate is retired")
    yield year.missing("E1-6_20 to E1-6_22", "Instruments bundled with energy, and unbundled", "%")
    yield year.missing("E1-6_30, E1-6_31", "Emissions by net revenue", "t CO2e/EUR")


def _credits(year: Year) -> Iterator[Row]:
    yield year.missing("E1-7_01 to E1-7_09", "Removals and storage", "t CO2e")
    by_registry: dict[str, int] = {}
    for each in year.accounts:
        for _, source, amount in each.tokens():
            if source.token_class == "offset":
                by_registry[source.registry] = by_registry.get(source.registry, 0) + amount
    offsets = year.figures.offsets_g
    note = "retired on the ledger; that the standard is a recognised one is the reporter's judgement"
    if offsets:
        yield year.tonnes("E1-7_10", "Carbon credits cancelled", offsets, note, down=True)
    else:
        yield year.missing("E1-7_10", "Carbon credits cancelled", "t CO2e", "no offset is retired in these accounts")
    yield year.missing("E1-7_11", "Carbon credits planned to be cancelled", "t CO2e")
    yield year.missing("E1-7_13, E1-7_14", "Parts of reduction and removal projects", "%")
    for registry, grams in sorted(by_registry.items()):
        yield year.percent("E1-7_16", f"Part of credits of {registry}", grams, offsets)
