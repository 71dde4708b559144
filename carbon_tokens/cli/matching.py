"""``hours issue``, ``hours retire``, ``hours match`` and ``hours show``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.certificates import Beneficiary, Holder, Purpose
from carbon_tokens.cli.options import Facility, ReportingMonth
from carbon_tokens.cli.panels import deadline_of, read_signed
from carbon_tokens.cli.run import Run, verb
from carbon_tokens.periods import Month

if TYPE_CHECKING:
    from carbon_tokens.ledger.hours import GranularCertificate, HourlyVector
    from carbon_tokens.ledger.records import SignedMessage
    from carbon_tokens.statements.certificate_table import CertificateRow

hours = typer.Typer(
    help="24/7: granular certificates, and consumption matched with them by hour.", no_args_is_help=True
)

Table = Annotated[
    Path, typer.Argument(help="CSV of certificates, one row: a month of RECs.", exists=True, dir_okay=False)
]
Generation = Annotated[
    Path,
    typer.Option(
        "--generation", help="CSV of hours: hour_start_utc, energy_wh or power_w.", exists=True, dir_okay=False
    ),
]
Consumption = Annotated[
    Path, typer.Argument(help="CSV of hours: hour_start_utc, energy_wh or power_w.", exists=True, dir_okay=False)
]
Spread = Annotated[
    bool, typer.Option("--spread", help="Scale the hours to the certificate's amount or the audited energy.")
]
Written = Annotated[Path, typer.Option("--out", help="File of the granular certificate, for its holders.")]
Granular = Annotated[
    Path, typer.Argument(help="The granular certificate.", exists=True, dir_okay=False, metavar="FILE")
]
Granulars = Annotated[
    list[Path],
    typer.Option("--certificate", help="A granular certificate retired there; may be repeated.", exists=True),
]
Sign = Annotated[Path | None, typer.Option("--sign", help="Sign only, and write the signature to this file.")]
Signed = Annotated[
    list[Path],
    typer.Option("--submit", help="Record it with the signatures of this file; may be repeated.", exists=True),
]
Deadline = Annotated[int, typer.Option("--days", help="Days that a signature is good for.", min=1)]


def register(app: typer.Typer) -> None:
    app.add_typer(hours, name="hours")


@verb(hours, "issue", writer="rec-issuer", documents=True)
def issue(
    run: Run, file: Table, generation: Generation, out: Written, to: Holder = None, spread: Spread = False
) -> None:
    """Issues a month of RECs as a granular certificate, whose generation by hour nobody can change afterwards."""
    row = _row(file)
    certificate = _certificate(row, generation, spread)
    source = _source(run, row)
    run.documents.put(row.document)
    certificate.write(out)  # before it is issued: without its hours it can never be retired
    serials = (row.document.serial_from, row.document.serial_thru)
    report = run.ledger.issue_granular(source, certificate, serials, run.address(to) if to else None)
    content = {"token": f"0x{certificate.id:064x}", "amount_wh": certificate.amount, "certificate": str(out)}
    content |= {"issued": report.issued, "skipped": report.skipped, "gas_used": report.gas_used}
    done = f"issued, gas {report.gas_used:,}" if report.issued else "stood on the chain already"
    lines = [f"0x{certificate.id:064x}: {certificate.amount:,} Wh, {done}", str(out)]
    run.answer(content, lambda console: console.print("\n".join(lines), soft_wrap=True))


def _row(file: Path) -> CertificateRow:
    from carbon_tokens.statements.certificate_table import read

    rows = read(file)
    if len(rows) != 1 or rows[0].document.token_class != "rec":
        raise typer.BadParameter("a granular certificate is one row of RECs: give a table of that one")
    return rows[0]


def _certificate(row: CertificateRow, generation: Path, spread: bool) -> GranularCertificate:
    from carbon_tokens.errors import StatementError
    from carbon_tokens.ledger.hours import GranularCertificate, HourlyVector, read_hours

    document = row.document
    month = Month.of(document.vintage_start)
    if (month.start, month.end) != (document.vintage_start, document.vintage_end):
        raise StatementError(
            "the vintage is no whole UTC month", where=row.where, todo="Only a month has hours to match."
        )
    found = HourlyVector.of_generation(read_hours(generation, utility=document.registry, meter=document.source), month)
    found = found.spread(document.amount) if spread else found
    if found.total != document.amount:
        what = f"{generation.name} holds {found.total:,} Wh of {month}, the certificate {document.amount:,} Wh"
        raise StatementError(what, where=row.where, todo="Correct one of them, or scale the hours by --spread.")
    return GranularCertificate(document.registry, document.evidence, found)


def _source(run: Run, row: CertificateRow) -> int:
    from carbon_tokens.errors import StatementError
    from carbon_tokens.ledger.ids import note

    document = row.document
    number = run.ledger.source_id(document.registry, note(document.source))
    if not number:
        what = f"{document.registry} {document.source} is no registered source"
        raise StatementError(what, where=row.where, todo="Add it: carbon-tokens source add.")
    return number


@verb(hours, "retire", writer="operator")
def retire(run: Run, file: Granular, facility: Facility, beneficiary: Beneficiary = "", purpose: Purpose = "") -> None:
    """Retires a whole granular certificate into the account of its month, for ever; the contract fetches it."""
    from carbon_tokens.ledger.hours import GranularCertificate

    certificate = GranularCertificate.read(file)
    *approved, receipt = run.ledger.retire_granular(certificate, facility, beneficiary=beneficiary, purpose=purpose)
    run.written(
        receipt, token=f"0x{certificate.id:064x}", amount_wh=certificate.amount,
        month=str(certificate.generation.month), approval=[each.tx for each in approved],
    )  # fmt: skip


@verb(hours, "match", writer="auditor")
def match(
    run: Run,
    facility: Facility,
    month: ReportingMonth,
    consumption: Consumption,
    certificate: Granulars = [],  # noqa: B006
    spread: Spread = False,
    sign: Sign = None,
    submit: Signed = [],  # noqa: B006
    days: Deadline = 30,
) -> None:
    """Matches an account's consumption by hour with the granular certificates retired into it. Only an auditor.

    With --sign the auditor signs and sends nothing; with --submit anyone records what one auditor, or enough of a
    facility's panel, signed.
    """
    from carbon_tokens.ledger.hours import GranularCertificate

    vector = _consumption(run, facility, month, consumption, spread)
    if sign:
        _sign(run, facility, vector, sign, days)
        return
    receipt = run.ledger.match_hours(facility, vector, [*map(GranularCertificate.read, certificate)], _signed(submit))
    run.written(receipt, **_match(run, facility, month))


def _consumption(run: Run, facility: int, month: Month, path: Path, spread: bool) -> HourlyVector:
    from carbon_tokens.errors import EnergyError
    from carbon_tokens.ledger.hours import HourlyVector, read_hours

    found = HourlyVector.of_consumption(read_hours(path, utility="site", meter=path.stem), month)
    energy = run.ledger.account(facility, month).energy
    found = found.spread(energy) if spread else found
    if found.total != energy:
        what = f"the hours of {month} add up to {found.total:,} Wh, the audited energy is {energy:,} Wh"
        raise EnergyError(what, where=path.name, todo="Correct one of them, or scale the hours by --spread.")
    return found


def _sign(run: Run, facility: int, vector: HourlyVector, path: Path, days: int) -> None:
    from carbon_tokens.ledger import signing

    deadline = deadline_of(run, days)
    signed = run.ledger.sign_match(facility, vector, deadline)
    path.write_text(json.dumps(signing.to_json(signed), indent=1))
    said = {"file": str(path), "auditor": signed.signatures[0].auditor, "deadline": deadline}
    run.answer(said, lambda out: out.print(f"match signed by {said['auditor']} in {path}", soft_wrap=True))


def _signed(paths: list[Path]) -> SignedMessage | None:
    from carbon_tokens.ledger import merged

    return merged(*(read_signed(path)[0] for path in paths)) if paths else None


@verb(hours, "show")
def show(run: Run, facility: Facility, month: ReportingMonth) -> None:
    """The match of an account, and its 24/7 CFE score."""
    run.ledger.facility(facility)
    content = {"facility": f"0x{facility:054x}", "month": str(month), **_match(run, facility, month)}
    state = "the account moved on since" if content["version"] and not content["current"] else ""
    figures = f"{content['matched_wh']:,} Wh matched, {content['unmatched_wh']:,} Wh not"
    said = f"{figures}: CFE score {content['score']} {state}".rstrip()
    run.answer(content, lambda out: out.print(said, soft_wrap=True))


def _match(run: Run, facility: int, month: Month) -> dict[str, Any]:
    found = run.ledger.matching(facility, month)
    return {
        "version": found.version, "matched_wh": found.matched, "unmatched_wh": found.unmatched,
        "score_millionths": found.score, "score": f"{found.score / 10_000:.4f} %", "current": found.current,
    }  # fmt: skip
