"""``allocate`` and ``report``: a fleet's month from its tables to its customers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.run import Run, verb
from carbon_tokens.cli.shown import millionths

if TYPE_CHECKING:
    from carbon_tokens.allocation.fleet import Footprint


class SkuMode(StrEnum):
    regional = "regional"
    service = "service"


class MissingHours(StrEnum):
    refuse = "refuse"
    annual = "annual"


class BoundarySet(StrEnum):
    google_2024 = "google-2024"
    google_2026 = "google-2026"


def _source(text: str) -> str:
    """A folder that exists, or the URI of one in an object store, which is opened when it is read."""
    if "://" not in text and not Path(text).is_dir():
        raise typer.BadParameter(f"{text!r} is no folder")
    return text


Folder = Annotated[
    str, typer.Argument(callback=_source, help="Folder of the fleet's tables, or its URI (s3://bucket/folder).")
]
Out = Annotated[Path | None, typer.Option("--out", help="New folder for customers, Google's export and shares.")]
ByCustomer = Annotated[bool, typer.Option("--by-customer", help="Also a file for each customer; with --out.")]
Page = Annotated[
    Path, typer.Option("--out", help="The report: .html or .pdf; one that is there is replaced.", dir_okay=False)
]
History = Annotated[
    list[Path],
    typer.Option("--history", help="What allocate --out wrote of an earlier month; repeatable.", exists=True),
]
Mode = Annotated[
    SkuMode, typer.Option("--sku-mode", help="regional keeps each region's total, service one factor a SKU.")
]
Missing = Annotated[
    MissingHours, typer.Option("--missing-hours", help="Hours without an intensity: refuse, or take the annual one.")
]
Rounds = Annotated[
    int | None, typer.Option("--rounds", min=1, help="Pass shared services on so many times; without it to the end.")
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes that share the partitions.")]
Keep = Annotated[
    Path | None, typer.Option("--keep", help="Folder where partitions are kept; those that did not change are not run.")
]
Boundary = Annotated[BoundarySet, typer.Option("--boundary", help="What is counted.")]
Tolerance = Annotated[
    str, typer.Option("--bill-tolerance", help="Meters may differ from bills by this part of what was billed.")
]
_TWO_PERCENT = "0.02"


Chosen = tuple[SkuMode, MissingHours, int | None, BoundarySet, str]


def register(parent: typer.Typer) -> None:
    verb(parent, "allocate", options=())(allocate)
    verb(parent, "report", options=())(report)


def allocate(
    run: Run, folder: Folder, out: Out = None, sku_mode: Mode = SkuMode.regional,
    missing_hours: Missing = MissingHours.refuse, rounds: Rounds = None, boundary: Boundary = BoundarySet.google_2024,
    workers: Workers = 1, keep: Keep = None, by_customer: ByCustomer = False, bill_tolerance: Tolerance = _TWO_PERCENT,
) -> None:  # fmt: skip
    """Allocates a fleet's energy and emissions from machine-hours to customers, by Google's published method."""
    found = _allocated(run, folder, (sku_mode, missing_hours, rounds, boundary, bill_tolerance), workers, keep)
    from carbon_tokens.allocation import fleet

    content = fleet.write(found, out, by_customer=by_customer) if out else fleet.to_json(found)
    run.answer(content, lambda console: _show(content, found, console))


def _allocated(run: Run, folder: str, chosen: Chosen, workers: int, keep: Path | None) -> Footprint:
    try:
        from carbon_tokens.allocation import fleet
    except ImportError as error:
        raise typer.BadParameter(f"{error.name} is missing: pip install 'carbon-tokens[fleet]'") from error

    sku_mode, missing_hours, rounds, boundary, tolerance = chosen
    part = _part(tolerance)
    options = fleet.Options(sku_mode.value, missing_hours.value, rounds, boundary.value, bill_tolerance=part)
    runner = fleet.Processes(workers) if workers > 1 else fleet.in_process
    with run.bar("allocating") as progress:
        return fleet.allocate(folder, options, runner=fleet.Kept(keep, runner) if keep else runner, progress=progress)


def _part(text: str) -> Decimal:
    try:
        part = Decimal(text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"--bill-tolerance {text!r} is no part; write 0.02 for 2 %") from error
    if not part.is_finite() or part < 0:
        raise typer.BadParameter(f"--bill-tolerance {text!r} is no part; write 0.02 for 2 %")
    return part


def report(
    run: Run, folder: Folder, out: Page = Path("report.html"), history: History = [],  # noqa: B006
    sku_mode: Mode = SkuMode.regional, missing_hours: Missing = MissingHours.refuse, rounds: Rounds = None,
    boundary: Boundary = BoundarySet.google_2024, workers: Workers = 1, keep: Keep = None,
    bill_tolerance: Tolerance = _TWO_PERCENT,
) -> None:  # fmt: skip
    """Allocates, and writes the result as one HTML page or PDF: totals, flows, months, customers, what it rests on."""
    if (form := out.suffix.lower()) not in (".html", ".htm", ".pdf"):
        raise typer.BadParameter(f"--out {out.name}: write .html or .pdf")
    found = _allocated(run, folder, (sku_mode, missing_hours, rounds, boundary, bill_tolerance), workers, keep)
    from carbon_tokens.allocation import fleet
    from carbon_tokens.allocation.fleet import history as earlier
    from carbon_tokens.allocation.fleet import pdf
    from carbon_tokens.allocation.fleet import report as page

    months = earlier.months(fleet.to_json(found), history)
    (pdf if form == ".pdf" else page).write(found, out, months)
    answer = {"report": str(out), "digest": found.digest, "months": [each.month for each in months]}
    run.answer(answer, lambda console: console.print(str(out), soft_wrap=True))


def _show(content: dict[str, Any], found: Any, console: Any) -> None:
    from rich.table import Table

    table = Table(title=f"Energy and emissions allocated to {content['customers']} customers, CO2e")
    table.add_column("region")
    for name in ("energy\nMWh", "scope 2 location-based\nt", "scope 2 market-based\nt"):
        table.add_column(name, justify="right")
    for region, each in content["regions"].items():
        table.add_row(region, *(millionths(each[k]) for k in ("energy_wh", "scope2_location_g", "scope2_market_g")))
    console.print(table)
    console.print(f"scope 1 {content['scope1_g']:,} g, scope 3 {content['scope3_g']:,} g, by electricity")
    flags = content["flags"]
    console.print(f"energy with an hourly intensity: {float(flags['hourly_intensity_share']):.2%}")
    if any(each["market_provisional"] for each in content["regions"].values()):
        console.print("market-based: PROVISIONAL, by the factor of the year before")
    if flags["unsold"]:
        console.print(f"{len(flags['unsold'])} services that nobody bought are overhead of the others")
    if flags["sold_without_energy"]:
        named = ", ".join(f"{each['service']} in {each['region']}" for each in flags["sold_without_energy"][:5])
        console.print(f"sold, but without energy: {named}: are the services of these SKUs spelled as elsewhere?")
    if content["ignored"]:
        console.print(f"not read, no table of a fleet: {', '.join(content['ignored'])}", soft_wrap=True)
    console.print(f"rows {content['rows']:,}, sha-256 {content['digest']}", soft_wrap=True)
