"""``audit``, ``close``, ``restate`` and ``disallow``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli import signed_audits
from carbon_tokens.cli.energy import Pue, readings_of_bills
from carbon_tokens.cli.options import Amount, Facility, Hash, ReportingMonth, Token
from carbon_tokens.cli.run import Run, verb
from carbon_tokens.cli.signed_audits import answer
from carbon_tokens.cli.stating import restatement_of, statement_of
from carbon_tokens.periods import Month

if TYPE_CHECKING:
    from carbon_tokens.energy import Reading
    from carbon_tokens.statements import Auditable, FactorReference, Input

OptionalBills = Annotated[
    Path | None, typer.Option("--bills", help="Bills: CSV, .xlsx or UtilityAPI JSON.", exists=True, dir_okay=False)
]
MeterFile = Annotated[
    Path | None, typer.Option("--meter", help="A meter's hours: CSV or Green Button XML.", exists=True, dir_okay=False)
]
Utility = Annotated[str, typer.Option("--utility", help="Utility of the --meter, where its file names none.")]
MeterName = Annotated[str, typer.Option("--meter-name", help="Name of the --meter, where its file has none.")]
MissingHours = Annotated[
    str, typer.Option("--missing", help="For hours that the --meter misses: refuse, or their mean or max.")
]
Direct = Annotated[
    Path | None,
    typer.Option("--direct", help="Log of fuels and refrigerants, for scope 1.", exists=True, dir_okay=False),
]
StatementFile = Annotated[
    Path | None,
    typer.Option("--statement", help="Statement of a fleet, as state writes it.", exists=True, dir_okay=False),
]
Inputs = Annotated[
    Path | None,
    typer.Option("--inputs", help="Files that the statement must follow from.", exists=True, file_okay=False),
]
Year = Annotated[int | None, typer.Option("--year", help="Data year of the factor; the month's year without it.")]
Edition = Annotated[str | None, typer.Option("--edition", help="Edition of the release.")]
Workbook = Annotated[Path | None, typer.Option("--workbook", help="EPA's workbook instead of a shipped release.")]
Residual = Annotated[Path | None, typer.Option("--residual", help="CSV of residual-mix rates.")]
Scope1 = Annotated[int, typer.Option("--scope1-g", help="Direct emissions of the month, g CO2e.", min=0)]
Scope3 = Annotated[int, typer.Option("--scope3-g", help="Upstream emissions of the month, g CO2e.", min=0)]
Boundary = Annotated[str, typer.Option("--boundary", help="google-2024 or google-2026.")]
Notes = Annotated[list[str], typer.Option("--note", help="Remark in the document; may be repeated.")]
Sign = Annotated[Path | None, typer.Option("--sign", help="Sign only, and write the signed audits to this file.")]
Submit = Annotated[
    list[Path],
    typer.Option("--submit", help="Submit the signed audits of this file; once for each auditor.", exists=True),
]
Version = Annotated[
    int | None,
    typer.Option("--version", help="Version of the totals that were checked; refused if they changed since.", min=1),
]
Deadline = Annotated[int, typer.Option("--days", help="Full days (UTC) that a signature is good for.", min=1)]


def register(app: typer.Typer) -> None:
    verb(app, "audit", writer="auditor", documents=True)(audit)
    verb(app, "close", writer="auditor")(close)
    verb(app, "restate", writer="auditor", documents=True)(restate)
    verb(app, "disallow", writer="auditor")(disallow)


def audit(
    run: Run,
    facility: Facility,
    month: ReportingMonth,
    bills: OptionalBills = None,
    meter: MeterFile = None,
    utility: Utility = "",
    meter_name: MeterName = "",
    missing: MissingHours = "refuse",
    direct: Direct = None,
    statement: StatementFile = None,
    inputs: Inputs = None,
    pue: Pue = "1",
    year: Year = None,
    edition: Edition = None,
    workbook: Workbook = None,
    residual: Residual = None,
    scope1_g: Scope1 = 0,
    scope3_g: Scope3 = 0,
    boundary: Boundary = "google-2024",
    note: Notes = [],  # noqa: B006
    sign: Sign = None,
    submit: Submit = [],  # noqa: B006
    days: Deadline = 30,
) -> None:
    """Audits a month: each reading of bills or of a meter with its scope 2, scopes 1 and 3 apart. Only an auditor.

    With --statement it audits what that document states; with --inputs only if it follows from these files.

    With --sign the auditor signs and sends nothing; with --submit anyone sends what one auditor, or enough of a
    facility's panel, signed. Auditors of a panel sign on one day, or count --days so that they end on one.
    """
    if submit:
        signed_audits.submit(run, submit)
        return
    said = (bills, meter, direct, pue != "1", year, edition, workbook, residual, scope1_g, scope3_g, note)
    if (statement and any(said)) or (inputs and not statement):
        raise typer.BadParameter("a --statement says all of that itself; --inputs are the files behind one")
    documents: list[Auditable]
    if statement:
        documents = [statement_of(run, statement, facility, month, inputs)]
    else:
        readings = _readings(month, bills, (meter, utility, meter_name, missing), pue)
        factor = _factor(run, facility, month, year, edition, workbook, residual) if bills or meter else None
        burnt, log = _direct(direct, month)
        documents = _statements(facility, month, readings, factor, boundary, scope1_g + burnt, scope3_g, note, log)
    if not documents:
        what = "give --bills, --meter, --statement, --direct, --scope1-g or --scope3-g"
        raise typer.BadParameter(f"{what}; nothing touches the month otherwise")
    if bills:
        _warn_of_days_without_bills(run, bills, month)
    if sign:
        signed_audits.sign(run, documents, sign, days)
    else:
        _audit(run, documents)


def _readings(month: Month, bills: Path | None, metered: tuple[Path | None, str, str, str], pue: str) -> list[Reading]:
    """Of bills or of a meter's hours: both would count the same energy twice."""
    from carbon_tokens.energy import apply_pue, hourly

    meter, utility, name, missing = metered
    if bills and meter:
        raise typer.BadParameter("give --bills or --meter; energy reconcile compares them")
    if bills:
        return readings_of_bills(bills, month, pue)
    found = hourly.readings(hourly.read(meter, utility, name), month, missing) if meter else []
    return found if pue == "1" else [apply_pue(each, pue, "as stated") for each in found]


def _direct(path: Path | None, month: Month) -> tuple[int, list[Input]]:
    """Grams of scope 1 in a log of fuels and refrigerants, and the log as what the statement rests on."""
    from carbon_tokens.energy import direct_log
    from carbon_tokens.statements import Input
    from carbon_tokens.statements.direct import scope1

    if path is None:
        return 0, []
    uses = direct_log.read(path)
    return scope1(uses, month).grams, [Input(path.name, "document", "0x" + uses[0].file_sha256, 0, 0)]


def _warn_of_days_without_bills(run: Run, path: Path, month: Month) -> None:
    from carbon_tokens.energy import bills

    days = (month.end - month.start) // 86_400
    for (_, meter), covered in bills.days_covered(bills.read(path), month).items():
        if covered < days:
            run.warn(f"{month}: meter {meter} has bills for {covered} of {days} days")


def _factor(
    run: Run, facility: int, month: Month, year: int | None, edition: str | None, workbook: Path | None,
    table: Path | None,
) -> FactorReference:  # fmt: skip
    from carbon_tokens.factors import egrid, residual
    from carbon_tokens.statements import FactorReference

    release = egrid.read_release(workbook, edition) if workbook else egrid.release(year or month.year, edition)
    release = release.with_residual(residual.read(table, release.year)) if table else release
    return FactorReference.of(release.rate(run.ledger.facility(facility).grid_region))


def _statements(
    facility: int, month: Month, readings: list[Reading], factor: FactorReference | None, boundary: str, scope1_g: int,
    scope3_g: int, notes: list[str], documents: list[Input],
) -> list[Auditable]:  # fmt: skip
    from carbon_tokens.statements import MethodReference, build, build_without_energy

    method = MethodReference.shipped(boundary)
    found: list[Auditable] = [
        build(each, factor, facility=facility, method=method, notes=notes) for each in readings if factor
    ]
    if scope1_g or scope3_g:
        found.append(
            build_without_energy(
                facility,
                month,
                method=method,
                quality="D",
                scope1_g=scope1_g,
                scope3_g=scope3_g,
                documents=documents,
                notes=notes,
            )
        )
    return found


def _audit(run: Run, documents: list[Auditable]) -> None:
    from carbon_tokens.ledger.documents import audit_of

    ledger, kept = run.ledger, run.documents
    receipts = []
    for number, document in enumerate(documents, 1):
        kept.put(document)  # before it is audited: a proof needs it even if this process dies now
        version = ledger.account(int(document.facility, 16), document.month).version + 1
        with run.progress.status(f"auditing {number} of {len(documents)}"):
            receipts.append((ledger.audit(audit_of(document, version)), document, version))
    answer(run, receipts)


def close(run: Run, facility: Facility, month: ReportingMonth, version: Version = None) -> None:
    """Declares a month complete at a version of its totals, and says which. Only an auditor."""
    state = totals_to_close(run, facility, month)
    meant = state["version"] if version is None else version
    run.written(run.ledger.close(facility, month, meant), facility=f"0x{facility:054x}", month=str(month), **state)


def totals_to_close(run: Run, facility: int, month: Month) -> dict[str, int]:
    """What closing a month confirms: the version of its totals, energy and gross emissions, read at one block."""
    block = hex(run.chain.block_number())
    (status,) = run.ledger.status(facility, month, block=block)
    version = run.ledger.split_version(facility, month, block=block)
    gross = {"gross_location_g": status.gross_location, "gross_market_g": status.gross_market}
    return {"version": version, "energy_wh": status.energy, **gross}


Energy = Annotated[int | None, typer.Option("--energy-wh", help="New total, Wh.", min=0)]
Reason = Annotated[str, typer.Option("--reason", help="Why the totals change.")]


def restate(
    run: Run,
    facility: Facility,
    month: ReportingMonth,
    reason: Reason,
    energy_wh: Energy = None,
    statement: StatementFile = None,
    inputs: Inputs = None,
    scope1_g: Scope1 = 0,
    scope3_g: Scope3 = 0,
    year: Year = None,
    edition: Edition = None,
    workbook: Workbook = None,
    residual: Residual = None,
    boundary: Boundary = "google-2024",
) -> None:
    """Replaces the totals of a month, which reopens its claims. Only an auditor.

    By new totals, or for a month that a fleet's statement stands for by the --statement of its new tables.
    """
    from carbon_tokens.ledger.documents import audit_of

    chosen = (year, edition, workbook, residual)
    scopes = (scope1_g, scope3_g)
    document = restated(run, facility, month, reason, (statement, inputs), energy_wh, scopes, chosen, boundary)
    version = run.ledger.account(facility, month).version + 1
    run.documents.put(document)
    receipt = run.ledger.restate(audit_of(document, version))
    answer(run, [(receipt, document, version)])


def restated(
    run: Run, facility: int, month: Month, reason: str, stated: tuple[Path | None, Path | None], energy_wh: int | None,
    scopes: tuple[int, int], chosen: tuple[int | None, str | None, Path | None, Path | None], boundary: str,
) -> Auditable:  # fmt: skip
    """The document of a restatement: by new totals, or by a fleet's statement and the files behind it.

    Args:
        stated: statement and its input files; energy_wh: else the new total, with scopes 1 and 3 in g.
        chosen: year, edition, workbook and residual mix of the factor.
    """
    from carbon_tokens.statements import MethodReference, restate

    statement, inputs = stated
    if (statement is None) == (energy_wh is None) or (statement and any(scopes)) or (inputs and not statement):
        raise typer.BadParameter("give --energy-wh with scopes 1 and 3, or a --statement with its --inputs")
    if statement:
        document = statement_of(run, statement, facility, month, inputs)
        return restatement_of(document, reason, _replaced(run, facility, month), statement.name)
    factor = _factor(run, facility, month, *chosen) if energy_wh else None
    return restate(
        _replaced(run, facility, month), reason, energy_wh=energy_wh or 0, scope1_g=scopes[0], scope3_g=scopes[1],
        factor=factor, method=MethodReference.shipped(boundary), quality="D",
    )  # fmt: skip


def _replaced(run: Run, facility: int, month: Month) -> list[Any]:
    """The documents that the account rests on now: the last restatement, or every audit, and audits after it."""
    from carbon_tokens.claims.proving import standing

    return standing(run.ledger, run.documents, facility, month)


def disallow(run: Run, facility: Facility, month: ReportingMonth, token: Token, amount: Amount, evidence: Hash) -> None:
    """Takes retired RECs or offsets that proved void out of an account. Only an auditor."""
    receipt = run.ledger.disallow(facility, month, token, amount, evidence)
    run.written(receipt, token=f"0x{token:064x}", amount=amount)
