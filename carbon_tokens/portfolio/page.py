"""A portfolio as one HTML page without script, font or network: totals, years, facilities, months, and what was found.

Beside every chart stands a table with its exact numbers; charts are for the eye.
"""

from __future__ import annotations

from html import escape

from carbon_tokens.periods import Month
from carbon_tokens.portfolio import charts
from carbon_tokens.portfolio.accounts import Account
from carbon_tokens.portfolio.amounts import percent, tonnes
from carbon_tokens.portfolio.disclosure import lacking_months
from carbon_tokens.portfolio.figures import total
from carbon_tokens.portfolio.findings import DOUBLE, KINDS
from carbon_tokens.portfolio.markup import figure, items, paragraph, section, table, tiles
from carbon_tokens.portfolio.page_years import base_year, hourly, years
from carbon_tokens.portfolio.proofs import Ledger
from carbon_tokens.portfolio.rollup import Portfolio, facility_names
from carbon_tokens.portfolio.style import STYLE

_SHOWN = 200  # findings on the page; all of them are in the JSON
_BELOW = (
    "Net below zero: more offsets were retired than these months needed. That is no removal, and covers nothing else."
)


def html(portfolio: Portfolio) -> str:
    """The page."""
    sections = (
        years,
        hourly,
        base_year,
        _facilities,
        _months,
        _consolidation,
        _findings,
        _quality,
        _replaced,
        _proofs,
    )
    title = escape(f"{portfolio.organisation or 'Portfolio'}: energy and emissions")
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    head += f"<title>{title}</title><style>{STYLE}</style>"
    body = f"<h1>{title}</h1>{_head(portfolio)}{''.join(each(portfolio) for each in sections)}"
    return f'<!doctype html><html lang="en"><head>{head}</head><body><main>{body}</main></body></html>\n'


def _head(portfolio: Portfolio) -> str:
    sums, facilities = portfolio.total, len(portfolio.facilities)
    first, last = (end(each.month.month for each in portfolio.accounts) for end in (min, max))
    chains = len({each.held.ledger for each in portfolio.accounts})
    counts = [_count(facilities, "facility"), _count(sums.months, "facility-month"), _count(chains, "ledger")]
    allowed = [each for each in portfolio.findings if each.severity == DOUBLE]
    eliminated = sums.eliminated_location_g or sums.eliminated_market_g
    note = "after shares between own facilities were taken out" if eliminated else "gross"
    return "".join((
        paragraph(f"{first} to {last}: {', '.join(counts)}. Operational control, as far as these proofs go.", "lead"),
        paragraph(f"{_count(len(allowed), 'double count')} {'was' if len(allowed) == 1 else 'were'} allowed by whoever "
                  "made this, and are in the totals.", "bad")
        if allowed else "",
        tiles((
            ("Location-based", f"{tonnes(sums.consolidated_location_g)} t", note),
            ("Market-based", f"{tonnes(sums.consolidated_market_g)} t", note),
            ("Net", f"{tonnes(sums.consolidated_net_g)} t", f"after {tonnes(sums.offsets_g)} t of offsets"),
            ("Energy", f"{tonnes(sums.energy_wh)} MWh", f"{percent(sums.covered_wh, sums.energy_wh)} covered by RECs"),
        )),
        paragraph(_BELOW if sums.consolidated_net_g < 0 else ""),
        items(each for each in portfolio.notes if not each.startswith(("eliminated", "not eliminated", "kept"))),
    ))  # fmt: skip


def _facilities(portfolio: Portfolio) -> str:
    called = facility_names(portfolio)
    rows = []
    for key, own in _by_name(portfolio):
        sums, where = total(each.figures for each in own), own[0].facility
        amounts = (sums.consolidated_location_g, sums.consolidated_market_g, sums.consolidated_net_g, sums.energy_wh)
        place = f"{where.grid_region}, {where.market_zone}"
        rows.append([called[key], place, str(key[0].chain), *map(tonnes, amounts), str(sums.months)])
    sums = portfolio.total
    amounts = (sums.consolidated_location_g, sums.consolidated_market_g, sums.consolidated_net_g, sums.energy_wh)
    rows.append(["all", "", "", *map(tonnes, amounts), str(sums.months)])
    head = (
        "facility",
        "grid region, market",
        "chain",
        "location-based t",
        "market-based t",
        "net t",
        "energy MWh",
        "months",
    )
    return section("Facilities", table("Facilities, consolidated", head, rows, words=3, last_is_sum=True))


def _months(portfolio: Portfolio) -> str:
    called, facilities, missing = facility_names(portfolio), dict(_by_name(portfolio)), portfolio.missing()
    first, last = (end(each.month.month for each in portfolio.accounts) for end in (min, max))
    span = [Month(number) for number in range(first.number, last.number + 1)]
    squares = {}
    for key, own in facilities.items():
        present = {each.month.month for each in own}
        squares[called[key]] = [
            month in present if min(present) <= month <= max(present) else None for month in span
        ]  # fmt: skip
    rows = [
        [called[key], _span(own[0].month.month, own[-1].month.month), str(len(own)),
         ", ".join(str(each) for each in missing.get(key, [])) or "none"]
        for key, own in facilities.items()
    ]  # fmt: skip
    caption = "Months with a proof (filled), months missing between a facility's first and last (outlined)"
    years = [f"{year}: {len(lacking_months(portfolio, year))} of {len(facilities)} facilities lack months of it"
             for year in portfolio.years if lacking_months(portfolio, year)]  # fmt: skip
    return section(
        "Coverage of months",
        figure(charts.months(squares, str(first), "Months with a proof, by facility"), caption),
        table("Months by facility", ("facility", "from, to", "months", "missing between"), rows, words=4),
        items(years),
    )


def _consolidation(portfolio: Portfolio) -> str:
    sums = portfolio.total
    if not (sums.shares_location_g or sums.shares_market_g):
        return ""
    taken = tonnes(-sums.eliminated_market_g)
    rows = [
        ["gross: every account in full", tonnes(sums.gross_location_g), tonnes(sums.gross_market_g),
         tonnes(sums.net_g)],
        ["eliminated: shares between own facilities", tonnes(-sums.eliminated_location_g), taken, taken],
        ["consolidated", tonnes(sums.consolidated_location_g), tonnes(sums.consolidated_market_g),
         tonnes(sums.consolidated_net_g)],
    ]  # fmt: skip
    said = [each for each in portfolio.notes if each.startswith(("eliminated", "not eliminated", "kept"))]
    head = ("t CO2e", "location-based", "market-based", "net")
    return section("Consolidation", table("Gross and consolidated", head, rows, last_is_sum=True), items(said))


def _findings(portfolio: Portfolio) -> str:
    rows = [
        [each.name, _severity(each.severity), each.what, " and ".join(map(str, each.spots))]
        for each in portfolio.findings[:_SHOWN]
    ]
    more = len(portfolio.findings) - len(rows)
    said = f"Looked for over all proofs: {', '.join(KINDS.values())}."
    none = "Nothing counts twice." if not rows else f"{more} more stand in portfolio.json." if more else ""
    head = ("finding", "severity", "what", "where")
    return section(
        "Counted twice?", paragraph(said), paragraph(none), table("Findings", head, rows, words=4, kind="said")
    )


def _severity(severity: str) -> str:
    return "double count, allowed" if severity == DOUBLE else severity


def _quality(portfolio: Portfolio) -> str:
    sums = portfolio.total
    grades = sums.grades()
    rows = [[grade, tonnes(wh), percent(wh, sums.energy_wh)] for grade, wh in grades.items()]
    rows.append(["all", tonnes(sums.energy_wh), percent(sums.energy_wh, sums.energy_wh)])
    caption = "Energy by the quality that its documents state, from A, the best, to D"
    mix = f"Energy with a published residual mix: {percent(sums.residual_wh, sums.energy_wh)}. "
    mix += "Statements carry grades, no intervals: what the energy is uncertain by is in the files behind them."
    drawn = charts.parts({grade: (grade.lower(), wh) for grade, wh in grades.items()}, "Energy by quality")
    head = ("quality", "energy MWh", "part")
    return section(
        "Quality", figure(drawn, caption), table("Quality of energy", head, rows, last_is_sum=True), paragraph(mix)
    )


def _replaced(portfolio: Portfolio) -> str:
    rows = [
        [str(each.new.month.month), each.old.held.file, each.new.held.file, str(each.old.month.account.version),
         str(each.new.month.account.version), tonnes(each.old.figures.gross_location_g),
         tonnes(each.new.figures.gross_location_g)]
        for each in portfolio.replaced
    ]  # fmt: skip
    head = ("month", "proof", "replaced by", "version", "now", "location-based t", "now t")
    return section("Replaced certificates", table("Months of two certificates, counted once", head, rows, words=3))


def _proofs(portfolio: Portfolio) -> str:
    said = {True: "holds now", False: "does not hold", None: "not asked"}
    rows = [
        [each.file, _span(each.proof.claim.first, each.proof.claim.last), each.proof.claim.basis,
         f"{each.proof.chain.id}, {each.proof.chain.genesis[:10]}…", said[each.valid_now], each.proof.sha256]
        for each in sorted(portfolio.held, key=lambda each: each.file)
    ]  # fmt: skip
    head = ("file", "months", "basis", "chain", "on its chain", "sha-256")
    return section("Proofs", table("The proofs behind this page", head, rows, words=6, code=5, kind="files"))


def _by_name(portfolio: Portfolio) -> list[tuple[tuple[Ledger, str], list[Account]]]:
    called = facility_names(portfolio)
    return sorted(portfolio.facilities.items(), key=lambda item: (called[item[0]].casefold(), item[0]))


def _span(first: Month, last: Month) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _count(number: int, of: str) -> str:
    many = f"{of[:-1]}ies" if of.endswith("y") else f"{of}s"
    return f"{number} {of if number == 1 else many}"
