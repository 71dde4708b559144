"""``panel set``, ``show``, ``sign``, ``submit`` and ``revoke``; and ``supersede``.

``panel close``, ``restate`` and ``disallow`` begin a message, as ``audit --sign`` and ``hours match --sign`` do.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.audits import (
    Boundary,
    ChoiceFile,
    Edition,
    Energy,
    Inputs,
    Reason,
    Residual,
    Scope1,
    Scope3,
    StatementFile,
    Version,
    Workbook,
    Year,
    restated,
    totals_to_close,
)
from carbon_tokens.cli.measured import Choice
from carbon_tokens.cli.options import Amount, Facility, Hash, ReportingMonth, Token
from carbon_tokens.cli.run import Run, verb
from carbon_tokens.nesting import loads
from carbon_tokens.periods import Month

if TYPE_CHECKING:
    from carbon_tokens.ledger.records import Message, SignedMessage

panel = typer.Typer(help="Panels: k of n auditors audit a facility together.", no_args_is_help=True)

_DAY = 86_400

Quorum = Annotated[
    int, typer.Option("--quorum", help="How many of them must sign; 0 dissolves the panel.", min=0, max=32)
]
Members = Annotated[list[str], typer.Option("--member", help="Address of an auditor, or dev:NAME; may be repeated.")]
File = Annotated[Path, typer.Argument(help="Signed message.", exists=True, dir_okay=False, metavar="FILE")]
Files = Annotated[
    list[Path], typer.Argument(help="Signed messages of the auditors.", exists=True, dir_okay=False, metavar="FILE...")
]
NewFile = Annotated[Path, typer.Option("--out", help="File to write the signed message to.")]
CoSigned = Annotated[Path | None, typer.Option("--out", help="File to write to; the same file without it.")]
Deadline = Annotated[int, typer.Option("--days", help="Days that a signature is good for.", min=1)]


def register(app: typer.Typer) -> None:
    app.add_typer(panel, name="panel")
    verb(app, "supersede", writer="admin")(supersede)


@verb(panel, "set", writer="registrar")
def set_panel(run: Run, facility: Facility, quorum: Quorum, member: Members = []) -> None:  # noqa: B006
    """Lets --quorum of the members together audit a facility from now on. Only a registrar."""
    members = [run.address(each) for each in member]
    receipt = run.ledger.set_panel(facility, quorum, members)
    run.written(receipt, facility=f"0x{facility:054x}", quorum=quorum, members=list(run.ledger.panel(facility).members))


@verb(panel, "show")
def show(run: Run, facility: Facility) -> None:
    """A facility's panel."""
    run.ledger.facility(facility)
    found = run.ledger.panel(facility)
    content = {"facility": f"0x{facility:054x}", "quorum": found.quorum, "members": list(found.members)}
    said = (
        f"{found.quorum} of {len(found.members)}:" if found.quorum else "no panel: any one auditor of the market zone"
    )
    run.answer(content, lambda out: out.print("\n".join([said, *found.members]), soft_wrap=True))


@verb(panel, "close", writer="auditor")
def close(
    run: Run, facility: Facility, month: ReportingMonth, out: NewFile, version: Version = None, days: Deadline = 30
) -> None:
    """Signs that a month is complete, for others of the panel to sign too, and says at which totals."""
    from carbon_tokens.ledger import closing

    stands = totals_to_close(run, facility, month)["version"]
    message = closing(facility, month.number, stands if version is None else version)
    _require_current(run, message)
    _write(run, out, run.ledger.sign(message, deadline_of(run, days)), {})


@verb(panel, "restate", writer="auditor", documents=True)
def restate(
    run: Run,
    facility: Facility,
    month: ReportingMonth,
    reason: Reason,
    out: NewFile,
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
    days: Deadline = 30,
) -> None:
    """Signs new totals of a month, for others of the panel to sign too."""
    from carbon_tokens.ledger import restatement
    from carbon_tokens.ledger.documents import audit_of

    chosen = Choice(year, edition, workbook, residual, factor)
    scopes = (scope1_g, scope3_g)
    document = restated(run, facility, month, reason, (statement, inputs), energy_wh, scopes, chosen, boundary)
    version = run.ledger.account(facility, month).version + 1
    signed = run.ledger.sign(restatement(audit_of(document, version)), deadline_of(run, days))
    _write(run, out, signed, {"documents": [document.to_json()]})


@verb(panel, "disallow", writer="auditor")
def disallow(
    run: Run,
    facility: Facility,
    month: ReportingMonth,
    token: Token,
    amount: Amount,
    evidence: Hash,
    out: NewFile,
    days: Deadline = 30,
) -> None:
    """Signs that retired RECs or offsets are void, for others of the panel to sign too."""
    from carbon_tokens.ledger import disallowance

    version = run.ledger.account(facility, month).version + 1
    message = disallowance(facility, month.number, version, token, amount, evidence)
    _write(run, out, run.ledger.sign(message, deadline_of(run, days)), {})


@verb(panel, "sign", writer="auditor")
def sign(run: Run, file: File, out: CoSigned = None) -> None:
    """Adds the account's signature to a signed message: an audit, restatement, closing, disallowance or match."""
    signed, more = read_signed(file)
    _require_current(run, signed.message)
    _write(run, out or file, run.ledger.cosign(signed), more)


@verb(panel, "submit", writer="operator", documents=True)
def submit(run: Run, file: Files) -> None:
    """Submits a message with the signatures of all files; recorded if enough of the panel signed. Anyone may."""
    from carbon_tokens.ledger import merged

    found = [read_signed(each) for each in file]
    signed = merged(*(each for each, _ in found))
    if signed.message.action == "match":
        raise typer.BadParameter("a match needs its hours and certificates: use hours match --submit")
    for document in found[0][1].get("documents", []):
        _keep(run, signed, document, file[0])
    receipt = run.ledger.submit(signed)
    run.written(receipt, auditors=[each.auditor for each in signed.signatures], digest="0x" + _digest(run, signed))


@verb(panel, "revoke", writer="auditor")
def revoke(run: Run, file: File) -> None:
    """Takes back the account's signature of a message that was not submitted yet."""
    signed, _ = read_signed(file)
    run.written(run.ledger.revoke(signed), digest="0x" + _digest(run, signed))


def read_signed(path: Path) -> tuple[SignedMessage, dict[str, Any]]:
    """A signed message in a file, and what else the file holds, its documents. Raises LedgerError if it is none."""
    from carbon_tokens.errors import LedgerError
    from carbon_tokens.ledger.auditing import from_json

    try:
        content = loads(path.read_text())
        signed = from_json(content)
    except (LedgerError, ValueError, AttributeError) as failure:
        raise LedgerError("this is no signed message", where=str(path), todo="Make it by --sign.") from failure
    return signed, {name: value for name, value in content.items() if name == "documents"}


def _write(run: Run, path: Path, signed: SignedMessage, more: dict[str, Any]) -> None:
    from carbon_tokens.ledger import signing

    path.write_text(json.dumps(signing.to_json(signed) | more, indent=1))
    auditors = [each.auditor for each in signed.signatures]
    content: dict[str, Any] = {"file": str(path), "action": signed.message.action, "auditors": auditors}
    content |= {"deadline": signed.deadline, "digest": "0x" + _digest(run, signed)}
    lines = [f"{signed.message.action} signed by {len(auditors)} in {path}", *auditors]
    if signed.message.action == "close":
        state = totals_to_close(run, *_closed(signed.message))
        content |= state
        lines += [f"{name}: {value:,}" for name, value in state.items()]
    run.answer(content, lambda out: out.print("\n".join(lines), soft_wrap=True))


def _closed(message: Message) -> tuple[int, Month]:
    """Facility and month of a closing."""
    facility, month, _ = message.args
    assert isinstance(facility, int) and isinstance(month, int)
    return facility, Month(month)


def _require_current(run: Run, message: Message) -> None:
    """Refuses to sign the closing of totals that do not stand, so that what is printed is what is signed.

    Raises:
        LedgerError: the account is at another version.
    """
    from carbon_tokens.errors import LedgerError

    if message.action != "close":
        return
    facility, month = _closed(message)
    state = totals_to_close(run, facility, month)
    if state["version"] != message.args[2]:
        what = f"the totals of {month} are of version {state['version']}, not {message.args[2]}"
        raise LedgerError(what, where="version", todo="Check the present totals, then close their version.")


def deadline_of(run: Run, days: int) -> int:
    """When a signature made now for so many days ends, UTC seconds."""
    return (run.chain.time() // _DAY + days + 1) * _DAY  # a midnight: who signs on one day signs one message


def _digest(run: Run, signed: SignedMessage) -> str:
    return run.ledger.digest(signed).hex()


def _keep(run: Run, signed: SignedMessage, document: Any, path: Path) -> None:
    """Keeps a document whose hash was signed: a proof needs it later."""
    import rfc8785

    from carbon_tokens.errors import LedgerError
    from carbon_tokens.ledger.contracts import plain

    content = rfc8785.dumps(document)
    if hashlib.sha256(content).digest() not in _flat(plain(list(signed.message.args))):
        raise LedgerError("the documents are not those that were signed", where=str(path), todo="Let them sign again.")
    run.documents.put(content)


def _flat(value: Any) -> list[Any]:
    return [item for each in value for item in _flat(each)] if isinstance(value, (list, tuple)) else [value]


Contract = Annotated[str, typer.Argument(help="Allocations, HourlyMatching or NetEmissions.")]
By = Annotated[str, typer.Argument(help="Address of the contract that takes over.")]


def supersede(run: Run, contract: Contract, by: By) -> None:
    """Names the contract that takes over from another, once and for ever. Only the ledger's admin."""
    run.written(
        run.ledger.supersede(contract, run.address(by)), contract=contract, by=run.ledger.superseded_by(contract)
    )
