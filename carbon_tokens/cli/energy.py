"""``energy``: what files of electricity and of fuels hold, before anything of them is audited."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.options import ReportingMonth
from carbon_tokens.cli.run import Run, verb
from carbon_tokens.periods import Month

if TYPE_CHECKING:
    from carbon_tokens.energy import Reading

app = typer.Typer(help="Electricity from bills and meters, fuels and refrigerants.", no_args_is_help=True)

Files = Annotated[
    list[Path],
    typer.Argument(
        help="Bills, hours, Green Button XML, UtilityAPI JSON, logs of UPS and servers.", exists=True, dir_okay=False
    ),
]
Kind = Annotated[str, typer.Option("--kind", help="Kind of file; recognised from its content without it.")]
Zone = Annotated[str, typer.Option("--zone", help="Time zone of a log without offsets, e.g. America/Chicago.")]
LogFormat = Annotated[str, typer.Option("--format", help="Format string of an upslog that is not the default.")]
Rating = Annotated[str, typer.Option("--rating", help="Rating of a UPS, W.")]
Efficiency = Annotated[
    str, typer.Option("--efficiency", help="A UPS's efficiencies by load: 0.25=0.90,0.5=0.94,1=0.95")
]
Model = Annotated[str, typer.Option("--model", help="Model of a server's power: linear:IDLE:MAX; see energy model.")]
Count = Annotated[int, typer.Option("--count", help="Equal machines that a log stands for.", min=1)]
Quality = Annotated[str, typer.Option("--quality", help="Grade A to D, where you know better than the kind's own.")]
Longest = Annotated[int, typer.Option("--longest", help="Seconds beyond which a stretch without sample is a gap.")]
Period = Annotated[int | None, typer.Option("--period", help="Seconds that a sample is the average of.", min=1)]
Machine = Annotated[str, typer.Option("--machine", help="Of a file of several machines, the one that is meant.")]
Parts = Annotated[bool, typer.Option("--parts", help="Let a server's packages and memory stand for it: grade C.")]
Start = Annotated[str, typer.Option("--start", help="Start of a file without times of its own: YYYY-MM-DDTHH:MM:SSZ.")]
Bills = Annotated[
    Path, typer.Option("--bills", help="Bills: CSV, .xlsx or UtilityAPI JSON.", exists=True, dir_okay=False)
]
Pue = Annotated[str, typer.Option("--pue", help="PUE to apply, if the meter is of IT equipment; 1: none.")]
Log = Annotated[Path, typer.Argument(help="CSV: kind, name, amount, unit, from, thru.", exists=True, dir_okay=False)]
Boundary = Annotated[str, typer.Option("--boundary", help="google-2024 or google-2026, which counts refrigerants.")]
Workbook = Annotated[Path, typer.Argument(help="The workbook to write; one that is there is refused.")]
Hours = Annotated[Path, typer.Option("--meter", help="Hours or Green Button XML.", exists=True, dir_okay=False)]
Utility = Annotated[str, typer.Option("--utility", help="Name of the utility, where the file has none.")]
Named = Annotated[str, typer.Option("--meter-name", help="Name of the meter, where the file has none.")]
Tolerance = Annotated[str, typer.Option("--tolerance", help="Of the difference, as a part of the bill.")]
Beyond = Annotated[str, typer.Option("--beyond", help="What sets the total beyond it: refuse, bill or meter.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="energy")


@verb(app, "read", options=())
def read(
    run: Run, files: Files, kind: Kind = "", zone: Zone = "", log_format: LogFormat = "", rating: Rating = "",
    efficiency: Efficiency = "", model: Model = "", count: Count = 1, quality: Quality = "", longest: Longest = 900,
    period: Period = None, start: Start = "", machine: Machine = "", parts: Parts = False,
) -> None:  # fmt: skip
    """What each file holds: rows, hours, Wh, from when to when, how good it is, and what is left out."""
    from carbon_tokens.energy import files as forms
    from carbon_tokens.energy import models, series
    from carbon_tokens.energy.log_terms import Terms

    terms = Terms(
        zone=zone,
        rating_w=models.figure(rating, "--rating") if rating else None,
        efficiencies=models.points(efficiency, "--efficiency") if efficiency else {},
        model=model,
        count=count,
        quality=quality,
        longest_s=longest,
        period_s=period,
        start=int(series.instant(start)) if start else None,
        machine=machine,
        parts=parts,
        **({"form": log_format} if log_format else {}),
    )
    kind = kind or ("upslog" if log_format else "")
    found = [_content(forms.content(file, kind, terms)) for file in files]
    content: dict[str, Any] = {"files": found} | (found[0] if len(found) == 1 else {})
    run.answer(
        content, lambda out: out.print("\n".join(line for each in found for line in _lines(each)), soft_wrap=True)
    )


def _lines(each: dict[str, Any]) -> list[str]:
    counts = f"{each['rows']:,} rows, {each['hours']:,} hours, {each['energy_wh']:,} Wh"
    span = f"{each['start']} to {each['end']}, quality {each['quality']}" if each["start"] else "nothing that counts"
    left = [f"  left out, {row['row']}: {row['reason']}" for row in each["rejected"]]
    return [f"{each['file']}: {each['kind']}, {counts}, {span}", *left, *(f"  {said}" for said in each["warnings"])]


def _content(found: Any) -> dict[str, Any]:
    rejected = [{"row": where, "reason": what} for where, what in found.rejected]
    return {**asdict(found), "rejected": rejected}


@verb(app, "month", options=())
def month(run: Run, bills: Bills, month: ReportingMonth, pue: Pue = "1") -> None:
    """What the bills say of a month, in Wh, each with its place in the file and its quality."""
    found = readings_of_bills(bills, month, pue)
    rows = [
        {"utility": each.utility, "meter": each.meter, "start": each.start, "end": each.end, "where": each.where,
         "energy_wh": each.energy_wh, "quality": each.quality, "note": each.note}
        for each in found
    ]  # fmt: skip
    total = sum(each.energy_wh for each in found)
    lines = [
        f"{each.where} {each.utility} {each.meter}: {each.energy_wh:,} Wh {each.quality} {each.note}" for each in found
    ]
    content = {"month": str(month), "energy_wh": total, "readings": rows}
    run.answer(content, lambda out: out.print("\n".join([*lines, f"{month}: {total:,} Wh"]), soft_wrap=True))


def readings_of_bills(path: Path, month: Month, pue: str) -> list[Reading]:
    """The month's readings of bills, with a PUE applied where one is given."""
    from carbon_tokens.energy import apply_pue, bills

    found = bills.readings(bills.read(path), month)
    return found if pue == "1" else [apply_pue(each, pue, "as stated") for each in found]


@verb(app, "direct", options=())
def direct(run: Run, file: Log, month: ReportingMonth, boundary: Boundary = "google-2024") -> None:
    """Scope 1 of a month from a log of fuels and refrigerants, row by row with its formula."""
    from carbon_tokens.energy import direct_log
    from carbon_tokens.statements import MethodReference
    from carbon_tokens.statements.direct import scope1

    found = scope1(direct_log.read(file), month, MethodReference.shipped(boundary))
    lines = [
        f"{each.where}: {float(each.amount):g} {each.unit} {each.name}, {float(each.grams):,.1f} g = {each.formula}"
        + (f", outside of {boundary}" if each.outside else "")
        for each in found.lines
    ]
    lines.append(f"{month}: scope 1 {found.grams:,} g CO2e by GWPs of AR5")
    lines.append(f"biogenic CO2, which is no part of it: {found.biogenic_g:,} g")
    run.answer(found.to_json(), lambda out: out.print("\n".join(lines), soft_wrap=True))


@verb(app, "template", options=())
def template(run: Run, file: Workbook) -> None:
    """An Excel workbook for bills, whose cells accept only what can be read."""
    from carbon_tokens.energy import bill_template

    if file.exists():
        raise typer.BadParameter(f"{file} exists")
    bill_template.write(file)
    run.answer({"file": str(file)}, lambda out: out.print(str(file), soft_wrap=True))


@verb(app, "reconcile", options=())
def reconcile(
    run: Run, bills: Bills, meter: Hours, utility: Utility = "", meter_name: Named = "", tolerance: Tolerance = "0.02",
    beyond: Beyond = "refuse",
) -> None:  # fmt: skip
    """Each bill against the meter's hours of its period; refused where they differ by more than the tolerance."""
    from carbon_tokens.energy import bills as billing
    from carbon_tokens.energy import hourly
    from carbon_tokens.energy.reconciliation import reconcile as compared
    from carbon_tokens.units import decimal

    hours = hourly.read(meter, utility, meter_name)
    found, _ = compared(billing.read(bills), hours, tolerance=decimal(tolerance, where="--tolerance"), beyond=beyond)
    rows = [
        {"row": each.bill.where, "billed_wh": each.bill.energy_wh, "metered_wh": float(each.metered_wh),
         "coverage": float(each.coverage), "difference_wh": float(each.difference_wh)}
        for each in found
    ]  # fmt: skip
    run.answer({"bills": rows}, lambda out: out.print("\n".join(map(str, found)), soft_wrap=True))
