"""``issue``, ``transfer`` and ``retire``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carbon_tokens.cli.options import Amounts, Facility, ReportingMonth, Tokens
from carbon_tokens.cli.run import Run, verb

if TYPE_CHECKING:
    from carbon_tokens.ledger import IssueReport
    from carbon_tokens.statements.certificate_table import CertificateRow

Table = Annotated[Path, typer.Argument(help="CSV of certificates, one batch a row.", exists=True, dir_okay=False)]
Holder = Annotated[str | None, typer.Option("--to", help="First holder; the issuer without it.")]
PerTransaction = Annotated[int, typer.Option("--per-transaction", help="Batches in one transaction.", min=1, max=250)]
Receiver = Annotated[str, typer.Option("--to", help="Address of the new holder, or dev:NAME.")]
Beneficiary = Annotated[str, typer.Option("--beneficiary", help="On whose behalf.")]
Purpose = Annotated[str, typer.Option("--purpose", help="What for.")]


def register(app: typer.Typer) -> None:
    verb(app, "issue", writer="issuer", documents=True)(issue)
    verb(app, "transfer", writer="issuer")(transfer)
    verb(app, "retire", writer="operator")(retire)


def issue(run: Run, file: Table, to: Holder = None, per_transaction: PerTransaction = 100) -> None:
    """Issues every batch of a table exactly once, however often it is repeated. Only the sources' issuer."""
    from carbon_tokens.statements.certificate_table import read

    rows = read(file)
    classes = {row.document.token_class for row in rows}
    if len(classes) > 1:
        raise typer.BadParameter("the table holds RECs and offsets: give one table for each issuer")
    run.play(f"{classes.pop()}-issuer")
    reports = [_issue(run, source, part, to, per_transaction) for source, part in _by_source(run, rows).items()]
    ids = [f"0x{number:064x}" for report in reports for number in report.ids]
    sums = {
        name: sum(getattr(each, name) for each in reports) for name in ("issued", "skipped", "transactions", "gas_used")
    }
    lines = [f"{sums['issued']} issued, {sums['skipped']} stood on the chain already; gas {sums['gas_used']:,}", *ids]
    run.answer({"tokens": ids, **sums}, lambda out: out.print("\n".join(lines), soft_wrap=True))


def _by_source(run: Run, rows: list[CertificateRow]) -> dict[int, list[CertificateRow]]:
    """The rows of each source in ascending order of serials."""
    from carbon_tokens.errors import StatementError
    from carbon_tokens.ledger.ids import note

    found: dict[int, list[CertificateRow]] = {}
    for row in sorted(rows, key=lambda row: row.document.serial_from):
        document = row.document
        number = run.ledger.source_id(document.registry, note(document.source))
        if not number:
            what = f"{document.registry} {document.source} is no registered source"
            raise StatementError(what, where=row.where, todo="Add it: carbon-tokens source add.")
        found.setdefault(number, []).append(row)
    return found


def _issue(run: Run, source: int, rows: list[CertificateRow], to: str | None, per_transaction: int) -> IssueReport:
    from rich.progress import Progress

    from carbon_tokens.ledger.documents import batch_of

    for row in rows:
        run.documents.put(row.document)
    holder = run.address(to) if to else None
    shown = run.progress
    with Progress(console=shown, transient=True, disable=not shown.is_terminal) as bar:
        task = bar.add_task(f"issuing from source {source}", total=len(rows))
        return run.ledger.issue(
            source, [batch_of(row.document) for row in rows], holder, per_transaction=per_transaction,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip


def transfer(run: Run, to: Receiver, token: Tokens, amount: Amounts) -> None:
    """Transfers RECs or offsets of the account."""
    _paired(run, token, amount)
    receipt = run.ledger.transfer(run.address(to), token, amount)
    run.written(receipt, to=run.address(to), tokens=[f"0x{each:064x}" for each in token], amounts=amount)


def retire(
    run: Run, facility: Facility, month: ReportingMonth, token: Tokens, amount: Amounts, beneficiary: Beneficiary = "",
    purpose: Purpose = "",
) -> None:  # fmt: skip
    """Retires RECs (Wh) or offsets (g) of the account into a facility-month, for ever."""
    _paired(None, token, amount)
    receipt = run.ledger.retire(facility, month, token, amount, beneficiary=beneficiary, purpose=purpose)
    run.written(receipt, month=str(month), tokens=[f"0x{each:064x}" for each in token], amounts=amount)


def _paired(run: Run | None, tokens: list[int], amounts: list[int]) -> None:
    """As many amounts as tokens; and the issuer of the first token's class as default account, if a Run is given."""
    if len(tokens) != len(amounts):
        raise typer.BadParameter(f"{len(tokens)} --token and {len(amounts)} --amount: give one amount for each token")
    if run:
        run.play("offset-issuer" if tokens[0] >> 248 == 3 else "rec-issuer")
