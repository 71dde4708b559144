"""``factors``: what EPA published, and its publication on chain."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.options import ReportingMonth
from carbon_tokens.cli.run import REFUSED, Run, verb

if TYPE_CHECKING:
    from carbon_tokens.factors import Rate, Release
    from carbon_tokens.factors.choice import Explanation

app = typer.Typer(
    help="Emission factors: list, show, read a workbook, load a release onto the chain.", no_args_is_help=True
)

Region = Annotated[str, typer.Option("--region", help="US, a state or an eGRID subregion, e.g. CAMX.")]
Year = Annotated[int, typer.Option("--year", help="Data year of the release.")]
Level = Annotated[
    str | None, typer.Option("--level", help="us, state, subregion, ba or nerc; the last two must be named.")
]
OptionalYear = Annotated[int | None, typer.Option("--year", help="Only this data year.")]
Edition = Annotated[str | None, typer.Option("--edition", help="Revision; the year's default without it.")]
Revision = Annotated[
    str | None, typer.Option("--edition", help="Revision, or newest; without it the only one, or the year's default.")
]
Files = Annotated[list[Path], typer.Argument(help="Files of emission factors.", exists=True, dir_okay=False)]
Kind = Annotated[str, typer.Option("--kind", help="egrid, hourly, annual, cloud, utilities or zips; else recognised.")]
LoadWorkbook = Annotated[
    Path | None, typer.Option("--workbook", help="EPA's workbook instead of a shipped release.", exists=True)
]
Residual = Annotated[
    Path | None,
    typer.Option("--residual", help="CSV of residual-mix rates: year, region, residual_lb_per_mwh, source."),
]


class Counted(StrEnum):
    generation = "generation"
    lifecycle = "lifecycle"


Downloaded = Annotated[
    Path, typer.Argument(help="Download of Electricity Maps, EIA-930 or ENTSO-E.", exists=True, dir_okay=False)
]
Zone = Annotated[str, typer.Option("--zone", help="Grid zone, where the file names none, or several.")]
Boundary = Annotated[Counted, typer.Option("--boundary", help="What the intensities count.")]
HourlyOut = Annotated[Path | None, typer.Option("--out", help="CSV to write; one that is there is replaced.")]

Zip = Annotated[str, typer.Option("--zip", help="ZIP code of the site.")]
Utility = Annotated[int | None, typer.Option("--utility", help="EIA number of the utility, for ZIPs that need it.")]
Subregion = Annotated[str, typer.Option("--subregion", help="eGRID subregion instead of a ZIP.")]
State = Annotated[str, typer.Option("--state", help="State, e.g. CA.")]
Country = Annotated[str, typer.Option("--country", help="Country, as the file of countries calls it.")]
Supplier = Annotated[str, typer.Option("--supplier", help="Supplier on the bill, as its file calls it.")]
Balancing = Annotated[str, typer.Option("--ba", help="Balancing authority, e.g. CISO.")]
Nerc = Annotated[str, typer.Option("--nerc", help="NERC region, e.g. WECC.")]
Plant = Annotated[str, typer.Option("--plant", help="EPA's number of a plant that feeds the site by a direct line.")]
EgridFiles = Annotated[
    list[Path],
    typer.Option("--egrid", help="EPA's workbook or a level's CSV, before what is shipped; repeatable.", exists=True),
]
Sales = Annotated[
    Path | None,
    typer.Option("--sales", help="CSV of the utility's retail sales by state, for --utility alone.", exists=True),
]
HourlyFiles = Annotated[list[Path], typer.Option("--hourly", help="Hourly intensities; repeatable.", exists=True)]
Tables = Annotated[
    list[Path],
    typer.Option("--table", help="Annual factors: countries, suppliers, residual mixes; repeatable.", exists=True),
]
TableYear = Annotated[int | None, typer.Option("--table-year", help="Year of tables that state none.")]
Choice = Annotated[
    Path | None,
    typer.Option("--choice", help="A site's choice, as factors explain --out writes it.", exists=True, dir_okay=False),
]
ChoiceOut = Annotated[Path | None, typer.Option("--out", help="File of the choice to write, for load and audit.")]
MarketZone = Annotated[str, typer.Option("--market-zone", help="The facility's market zone, two letters.")]
GridRegion = Annotated[str, typer.Option("--region", help="The facility's grid region; the factor's without it.")]
Wider = Annotated[bool, typer.Option("--wider", help="Take a wider place where the site's own has no number.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="factors")


@verb(app, "list", options=())
def list_(run: Run, year: OptionalYear = None) -> None:
    """The editions of every release that are known, refused ones with the reason."""
    from carbon_tokens.factors import egrid

    editions = egrid.editions(year)

    def show(out: Any) -> None:
        for one in editions:
            state = "refused" if not one.usable else "default" if one.default else "usable"
            out.print(f"{one.dataset}{one.year} {one.edition:18} {state:8} {one.note}", soft_wrap=True)

    run.answer({"editions": [one.to_json() for one in editions]}, show)


@verb(app, "show", options=())
def show(run: Run, region: Region, year: Year, edition: Edition = None, level: Level = None) -> None:
    """The published rates of a region, in lb/MWh as printed and in g/MWh exactly."""
    from carbon_tokens.factors import egrid

    rate = egrid.rates(region, year, edition, level)
    run.answer(rate.to_json(), lambda out: _print([rate], out))


@verb(app, "read", options=())
def read(
    run: Run, files: Files, kind: Kind = "", edition: Edition = None, year: TableYear = None, zone: Zone = ""
) -> None:
    """What files of factors hold: EPA's workbooks, hourly intensities, countries, suppliers, residual mixes."""
    from carbon_tokens.factors import files as forms

    found = [forms.content(file, kind, edition=edition, year=year, zone=zone) for file in files]
    content: dict[str, Any] = {"files": found} | (found[0] if len(found) == 1 else {})
    run.answer(content, lambda out: _print_files(found, out))


def _print_files(found: list[dict[str, Any]], out: Any) -> None:
    for each in found:
        said = {
            name: value
            for name, value in each.items()
            if name not in ("file", "rates", "rejected", "regions" if each["kind"] == "hourly" else "")
            and value not in (None, "", {})
        }
        said |= {"rejected": len(each["rejected"])} if each["rejected"] else {}
        out.print(f"{each['file']}: " + ", ".join(f"{name} {value}" for name, value in said.items()), soft_wrap=True)
        for rejected in each["rejected"][:20]:
            out.print(f"  {rejected['row']}: {rejected['reason']}", soft_wrap=True, markup=False)
        for rate in each.get("rates", [])[:60]:
            out.print(f"  {rate['level']:10} {rate['region']:5} {rate['co2e_lb_per_mwh'] or '–':>9} lb CO2e/MWh")


@verb(app, "load", writer="publisher")
def load(
    run: Run,
    year: OptionalYear = None,
    edition: Edition = None,
    workbook: LoadWorkbook = None,
    residual: Residual = None,
    choice: Choice = None,
) -> None:
    """Publishes a release on chain: every region that has CO2e. What is published already is left out.

    With --choice it is the release of one site, chosen from several files.
    """
    from carbon_tokens.factors import chosen
    from carbon_tokens.ledger.documents import factor_of, factors_of
    from carbon_tokens.statements import release_id

    if choice and any((year, edition, workbook, residual)):
        raise typer.BadParameter("a --choice says all of that itself")
    release: Release | chosen.FactorChoice
    if choice:
        release = chosen.read(choice)
        rows = [factor_of(release)]
    else:
        release = _release(year, edition, workbook, residual)
        rows = factors_of(release.rates)
    with run.progress.status(f"publishing {len(rows)} regions"):
        receipts = run.ledger.publish_factors(release, rows)
    number = "0x" + release_id(release.dataset, release.year, release.edition).hex()
    content = {"release": number, "dataset": release.dataset, "year": release.year, "edition": release.edition}
    content |= {"market_zone": release.market_zone, "file_sha256": release.file_sha256, "regions": len(rows)}
    content |= {"transactions": [each.tx for each in receipts], "gas_used": sum(each.gas_used for each in receipts)}
    name = f"{release.dataset}{release.year} {release.edition}"
    said = f"{name}: {len(rows)} regions, {len(receipts)} transaction{'s' * (len(receipts) != 1)}\n{number}"
    run.answer(content, lambda out: out.print(said, soft_wrap=True))


@verb(app, "hourly", options=())
def hourly(
    run: Run, file: Downloaded, month: ReportingMonth, zone: Zone = "", boundary: Boundary = Counted.generation,
    out: HourlyOut = None,
) -> None:  # fmt: skip
    """A publisher's hourly intensities of a month, as the table ``carbon_intensity`` of ``allocate``."""
    from carbon_tokens.factors import hourly as intensities

    series = intensities.read(file, boundary=boundary.value, zone=zone)
    content, rows = series.to_json(month), series.rows(month)
    if not rows:
        raise typer.BadParameter(f"{file.name} has no hour of {month}")
    if out:
        lines = ["zone,hour,g_per_kwh", *(",".join(row) for row in rows)]
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in content.items() if value != {}]
    run.answer(
        content | ({"out": str(out)} if out else {}), lambda shown: shown.print("\n".join(lines), soft_wrap=True)
    )


@verb(app, "explain", options=())
def explain(
    run: Run, year: Year, zip_: Zip = "", utility: Utility = None, subregion: Subregion = "", state: State = "",
    country: Country = "US", zone: Zone = "", supplier: Supplier = "", edition: Revision = None,
    ba: Balancing = "", nerc: Nerc = "", plant: Plant = "", egrid: EgridFiles = [], sales: Sales = None,  # noqa: B006
    hourly_file: HourlyFiles = [], table: Tables = [], table_year: TableYear = None, wider: Wider = False,  # noqa: B006
    out: ChoiceOut = None, market_zone: MarketZone = "US", region: GridRegion = "",
) -> None:  # fmt: skip
    """Which factor a site has, location- and market-based, and why: every step of the hierarchy.

    With --out the choice is a file: factors load --choice publishes it, audit --factor states by it.
    """
    from carbon_tokens.factors import annual, area_files, choice, chosen, utilities
    from carbon_tokens.factors import hourly as intensities

    if sales and utility is None:
        raise typer.BadParameter("--sales are those of a --utility")
    place = choice.Place(country, state, zip_, utility, subregion, zone, supplier, ba, nerc, plant)
    files = [area_files.read(path, year=table_year) for path in egrid]
    sold = utilities.sales(sales, utility, year) if sales and utility is not None else None
    given = [row for path in table for row in annual.read(path, year=table_year)]
    series = [intensities.read(path, zone=zone) for path in hourly_file]
    found = choice.explain(
        place, year, edition=edition, hourly=series, tables=given, files=files, sales=sold, wider=wider
    )
    if out:
        if out.exists():
            raise typer.BadParameter(f"{out} exists")
        chosen.write(out, found, market_zone=market_zone, region=region)
    run.answer(found.to_json() | ({"out": str(out)} if out else {}), lambda shown: _explain(found, shown))
    if not found.chosen("location"):
        raise typer.Exit(REFUSED)


def _explain(found: Explanation, out: Any) -> None:
    from rich.table import Table

    for basis in ("location", "market"):
        table = Table(title=f"{basis}-based factor of {found.year}, the most specific first")
        for name in ("", "step", "region", "g CO2e/MWh", "dataset", "why"):
            table.add_column(name, justify="right" if name.startswith("g ") else "left")
        for each in (one for one in found.candidates if one.basis == basis):
            number = "" if each.g_per_mwh is None else f"{each.g_per_mwh:,.3f}"
            mark = {"chosen": "→"}.get(each.state, "")
            dataset = f"{each.dataset} {each.year or ''} {each.edition}".strip()
            table.add_row(mark, each.step, each.region, number, dataset, each.reason)
        out.print(table)
    sets = {f"{each.dataset}{each.year} {each.edition}": each.gwp for each in found.candidates if each.gwp}
    for release, potentials in sets.items():
        out.print(f"{release}: CO2e by the global warming potentials of {potentials}", soft_wrap=True)


def _release(year: int | None, edition: str | None, workbook: Path | None, table: Path | None) -> Release:
    from carbon_tokens.factors import egrid, residual

    if (workbook is None) == (year is None):
        raise typer.BadParameter("give --year of a shipped release, or --workbook")
    release = egrid.read_release(workbook, edition) if workbook else egrid.release(year or 0, edition)
    return release.with_residual(residual.read(table, release.year)) if table else release


def _print(rates: list[Rate], out: Any) -> None:
    from rich.table import Table

    first = rates[0]
    table = Table(title=f"{first.release} {first.edition}, annual total output emission rates")
    for name in ("level", "region", "CO2 lb/MWh", "CO2e lb/MWh", "CO2e g/MWh", "factor g/MWh", "source"):
        table.add_column(name)
    for rate in rates:
        found = rate.to_json()
        keys = ("level", "region", "co2_lb_per_mwh", "co2e_lb_per_mwh", "co2e_g_per_mwh", "factor_g_per_mwh", "source")
        table.add_row(*("–" if found[key] is None else str(found[key]) for key in keys))
    out.print(table)
