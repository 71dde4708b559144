"""``state``, and the statements that ``audit`` takes from files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carbon_tokens.cli import fleet, measured
from carbon_tokens.cli.options import Facility, OptionalMonth
from carbon_tokens.cli.run import Run, verb
from carbon_tokens.periods import Month

if TYPE_CHECKING:
    from carbon_tokens.statements import Auditable, FleetStatement

Region = Annotated[str, typer.Option("--region", help="The region of the tables that is the facility.")]
Utility = Annotated[str, typer.Option("--utility", help="Whose meter the region is behind.")]
Meter = Annotated[str, typer.Option("--meter", help="The meter's number, as on its bills: it counts once for a time.")]
Place = Annotated[str, typer.Option("--grid-region", help="The facility's grid region; the region's name without it.")]
Grade = Annotated[
    str, typer.Option("--quality", help="Grade of the meters, A to D; without it what the table sources declares.")
]
Notes = Annotated[list[str], typer.Option("--note", help="Remark in the document; may be repeated.")]
Salts = Annotated[
    Path | None,
    typer.Option("--salts", help="Name tables by salted hashes; NAME.salt in this folder, made where missing."),
]
Out = Annotated[Path, typer.Option("--out", help="File of the statement; its sha-256 is the evidence.", dir_okay=False)]


def register(app: typer.Typer) -> None:
    verb(app, "state", options=())(state)


def state(
    run: Run, folder: fleet.Folder, region: Region, facility: Facility, utility: Utility, meter: Meter,
    out: Out = Path("statement.json"), month: OptionalMonth = None, grid_region: Place = "", quality: Grade = "",
    missing_hours: fleet.Missing = fleet.MissingHours.refuse, rounds: fleet.Rounds = None,
    bill_tolerance: fleet.Tolerance = "0.02",
    boundary: fleet.Boundary = fleet.BoundarySet.google_2024, workers: fleet.Workers = 1, keep: fleet.Keep = None,
    note: Notes = [],  # noqa: B006
    salts: Salts = None,
) -> None:  # fmt: skip
    """States a region of a fleet as the month of a facility: allocates, and writes what an auditor checks.

    Market-based it states the residual mix of all energy: certificates are deducted where they are retired, on chain.
    """
    from carbon_tokens.statements import FleetOptions, build_fleet
    from carbon_tokens.statements.fleet_stating import allocated

    options = FleetOptions("regional", missing_hours.value, rounds, bill_tolerance)
    with run.bar("allocating") as progress:
        footprint = allocated(folder, options, boundary.value, workers=workers, keep=keep, progress=progress)
    made = build_fleet(
        footprint, region, facility=facility, utility=utility, meter=meter, month=month, grid_region=grid_region,
        quality=quality, notes=note,
    )  # fmt: skip
    (made,) = measured.salted([made], salts)
    _warn_of_hours(run, made)
    out.write_bytes(made.canonical())
    content = {"statement": str(out), "evidence": "0x" + made.evidence.hex(), "month": str(made.month)}
    names = ("region", "energy_wh", "scope1_g", "scope2_location_g", "scope2_residual_g", "scope3_g", "hourly_share")
    content |= {name: getattr(made, name) for name in names} | {"warnings": run.warnings}
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in content.items() if name != "warnings"]
    run.answer(content, lambda console: console.print("\n".join(lines), soft_wrap=True))


def statement_of(run: Run, path: Path, facility: int, month: Month, inputs: Path | None) -> Auditable:
    """The statement in a file, for the account that the auditor names.

    Raises:
        StatementError: it is of another account or grid region, or does not follow from the files in ``inputs``.
    """
    from carbon_tokens.errors import StatementError
    from carbon_tokens.statements import FleetStatement, check, read_auditable

    document = read_auditable(path.read_bytes())
    where = path.name
    if getattr(document, "previous", ()):
        raise StatementError("this is a restatement", where=where, todo="Audit statements; restate the totals.")
    if (int(document.facility, 16), document.month) != (facility, month):
        what = f"the statement is of facility {document.facility}, {document.month}"
        raise StatementError(what, where=where, todo="Name its facility and month, or ask for the one of this account.")
    if isinstance(document, FleetStatement):
        _require_place(run, document, where)
        _warn_of_hours(run, document)
    if inputs is None:
        run.warn("the statement was not compared with its input files: give --inputs")
    elif faults := check(document, inputs):
        raise StatementError("; ".join(faults), where=where, todo="Ask for the files that it was made of.")
    return document


def restatement_of(
    statement: Auditable, reason: str, replaced: Iterable[Auditable], where: str
) -> FleetStatement:  # fmt: skip
    """The statement in place of those that the account rests on. Raises StatementError if it is of no fleet."""
    from carbon_tokens.errors import StatementError
    from carbon_tokens.statements import FleetStatement, restate_fleet

    if not isinstance(statement, FleetStatement):
        raise StatementError("this is no statement of a fleet", where=where, todo="Give --energy-wh instead.")
    return restate_fleet(replaced, reason, statement)


def _require_place(run: Run, document: FleetStatement, where: str) -> None:
    from carbon_tokens.errors import StatementError

    place = run.ledger.facility(int(document.facility, 16)).grid_region
    if place != document.grid_region:
        what = f"the statement is of grid region {document.grid_region}, the facility is in {place}"
        raise StatementError(what, where=where, todo="State the facility's own region, see --grid-region.")


def _warn_of_hours(run: Run, document: FleetStatement) -> None:
    if document.hours_missing:
        hours = f"{document.hours_present} of {document.month.hours} hours"
        run.warn(f"{document.month}: the tables of {document.region} have energy for {hours}")
