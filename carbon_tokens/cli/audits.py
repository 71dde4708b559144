"""``audit``, ``close``, ``restate`` and ``disallow``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli import measured, signed_audits
from carbon_tokens.cli.energy import Pue
from carbon_tokens.cli.options import Amount, Facility, Hash, ReportingMonth, Token
from carbon_tokens.cli.run import Run, verb
from carbon_tokens.cli.signed_audits import answer
from carbon_tokens.cli.stating import restatement_of, statement_of
from carbon_tokens.periods import Month

if TYPE_CHECKING:
    from carbon_tokens.statements import Auditable

OptionalBills = Annotated[
    Path | None, typer.Option("--bills", help="Bills: CSV, .xlsx or UtilityAPI JSON.", exists=True, dir_okay=False)
]
MeterFile = Annotated[
    Path | None, typer.Option("--meter", help="A meter's hours: CSV or Green Button XML.", exists=True, dir_okay=False)
]
SiteToml = Annotated[
    Path | None,
    typer.Option("--site", help="A site's file, whose best sources set its hours.", exists=True, dir_okay=False),
]
Utility = Annotated[str, typer.Option("--utility", help="Utility of the --meter, where its file names none.")]
MeterName = Annotated[str, typer.Option("--meter-name", help="Name of the --meter, where its file has none.")]
MissingHours = Annotated[
    str, typer.Option("--missing", help="For hours that the --meter or --site misses: refuse, or their mean or max.")
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
ChoiceFile = Annotated[
    Path | None,
    typer.Option(
        "--factor", help="A choice of factors, as factors explain --out writes it.", exists=True, dir_okay=False
    ),
]
Scope1 = Annotated[int, typer.Option("--scope1-g", help="Direct emissions of the month, g CO2e.", min=0)]
Scope3 = Annotated[int, typer.Option("--scope3-g", help="Upstream emissions of the month, g CO2e.", min=0)]
Boundary = Annotated[str, typer.Option("--boundary", help="google-2024 or google-2026.")]
Notes = Annotated[list[str], typer.Option("--note", help="Remark in the document; may be repeated.")]
Sign = Annotated[Path | None, typer.Option("--sign", help="Sign only, and write the signed audits to this file.")]
Submit = Annotated[
    list[Path],
    typer.Option("--submit", help="Submit the signed audits of this file; once for each auditor.", exists=True),
]
Salts = Annotated[
    Path | None,
    typer.Option("--salts", help="Name files by salted hashes; NAME.salt in this folder, made where missing."),
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
    site: SiteToml = None,
    direct: Direct = None,
    statement: StatementFile = None,
    inputs: Inputs = None,
    pue: Pue = "1",
    year: Year = None,
    edition: Edition = None,
    workbook: Workbook = None,
    residual: Residual = None,
    factor: ChoiceFile = None,
    scope1_g: Scope1 = 0,
    scope3_g: Scope3 = 0,
    boundary: Boundary = "google-2024",
    note: Notes = [],  # noqa: B006
    salts: Salts = None,
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
    said = (bills, meter, site, direct, pue != "1", year, edition, workbook, residual, factor, scope1_g, scope3_g, note,
            salts)  # fmt: skip
    if (statement and any(said)) or (inputs and not statement):
        raise typer.BadParameter("a --statement says all of that itself; --inputs are the files behind one")
    documents: list[Auditable]
    if statement:
        documents = [statement_of(run, statement, facility, month, inputs)]
    else:
        readings, files = measured.readings(month, (bills, meter, site), (utility, meter_name, missing), pue)
        choice = measured.Choice(year, edition, workbook, residual, factor)
        energy = measured.statements(run, facility, month, (readings, files), choice, boundary, note)
        other = measured.other_scopes(facility, month, direct, (scope1_g, scope3_g), boundary, note)
        documents = [*energy, *other]
    if not documents:
        what = "give --bills, --meter, --site, --statement, --direct, --scope1-g or --scope3-g"
        raise typer.BadParameter(f"{what}; nothing touches the month otherwise")
    if bills:
        measured.warn_of_days_without_bills(run, bills, month)
    documents = measured.salted(documents, salts)
    if sign:
        signed_audits.sign(run, documents, sign, days)
    else:
        _audit(run, documents)


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
    factor: ChoiceFile = None,
    boundary: Boundary = "google-2024",
) -> None:
    """Replaces the totals of a month, which reopens its claims. Only an auditor.

    By new totals, or for a month that a fleet's statement stands for by the --statement of its new tables.
    """
    from carbon_tokens.ledger.documents import audit_of

    chosen = measured.Choice(year, edition, workbook, residual, factor)
    scopes = (scope1_g, scope3_g)
    document = restated(run, facility, month, reason, (statement, inputs), energy_wh, scopes, chosen, boundary)
    version = run.ledger.account(facility, month).version + 1
    run.documents.put(document)
    receipt = run.ledger.restate(audit_of(document, version))
    answer(run, [(receipt, document, version)])


def restated(
    run: Run, facility: int, month: Month, reason: str, stated: tuple[Path | None, Path | None], energy_wh: int | None,
    scopes: tuple[int, int], chosen: measured.Choice, boundary: str,
) -> Auditable:  # fmt: skip
    """The document of a restatement: by new totals, or by a fleet's statement and the files behind it.

    Args:
        stated: statement and its input files; energy_wh: else the new total, with scopes 1 and 3 in g.
        chosen: where the factor is from.
    """
    from carbon_tokens.statements import MethodReference, restate

    statement, inputs = stated
    if (statement is None) == (energy_wh is None) or (statement and any(scopes)) or (inputs and not statement):
        raise typer.BadParameter("give --energy-wh with scopes 1 and 3, or a --statement with its --inputs")
    if statement:
        document = statement_of(run, statement, facility, month, inputs)
        return restatement_of(document, reason, _replaced(run, facility, month), statement.name)
    factor, files = measured.factor(run, facility, month, chosen) if energy_wh else (None, [])
    return restate(
        _replaced(run, facility, month), reason, energy_wh=energy_wh or 0, scope1_g=scopes[0], scope3_g=scopes[1],
        factor=factor, method=MethodReference.shipped(boundary), quality="D", inputs=files,
    )  # fmt: skip


def _replaced(run: Run, facility: int, month: Month) -> list[Any]:
    """The documents that the account rests on now: the last restatement, or every audit, and audits after it."""
    from carbon_tokens.claims.proving import standing

    return standing(run.ledger, run.documents, facility, month)


def disallow(run: Run, facility: Facility, month: ReportingMonth, token: Token, amount: Amount, evidence: Hash) -> None:
    """Takes retired RECs or offsets that proved void out of an account. Only an auditor."""
    receipt = run.ledger.disallow(facility, month, token, amount, evidence)
    run.written(receipt, token=f"0x{token:064x}", amount=amount)
