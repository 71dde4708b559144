"""``status``, ``claim``, ``prove`` and ``verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.options import ClaimId, Facility, ReportingMonth, Thru
from carbon_tokens.cli.run import REFUSED, STATE, Run, verb
from carbon_tokens.nesting import loads
from carbon_tokens.periods import Month

if TYPE_CHECKING:
    from carbon_tokens.claims import Verification
    from carbon_tokens.claims.proof import Proof

Output = Annotated[Path, typer.Option("--out", help="File to write the proof to.")]
Svg = Annotated[Path | None, typer.Option("--certificate", help="Also write the certificate's SVG to this file.")]
BasisName = Annotated[
    str, typer.Option("--basis", help="annual: every retired REC covers energy; hourly: only what was matched by hour.")
]
ProofFile = Annotated[Path, typer.Argument(help="The proof.", exists=True, dir_okay=False, metavar="PROOF")]
Inputs = Annotated[
    Path | None, typer.Option("--inputs", help="Folder of the files it rests on.", exists=True, file_okay=False)
]


def register(app: typer.Typer) -> None:
    verb(app, "status")(status)
    verb(app, "claim", writer="operator")(claim)
    verb(app, "prove", documents=True)(prove)
    verb(app, "verify")(verify)


def status(run: Run, facility: Facility, month: ReportingMonth, thru: Thru = None) -> None:
    """The three totals side by side, and what is missing to a claim."""
    from carbon_tokens.cli.shown import millionths, missing, totals_table
    from carbon_tokens.demo.steps import totals_json

    months = [Month(number) for number in range(month.number, (thru or month).number + 1)]
    run.ledger.facility(facility)  # an unknown facility is an error, not an empty account
    statuses = run.ledger.status(facility, months)
    rows = [{"month": str(Month(each.month)), **totals_json(each), "missing": missing(each)} for each in statuses]

    def show(out: Any) -> None:
        out.print(totals_table(statuses))
        for each in statuses:
            found = missing(each)
            if each.allocated_location or each.allocated_market:
                shares = f"{millionths(each.allocated_location)} t and {millionths(each.allocated_market)} t"
                out.print(f"{Month(each.month)}: of gross location-based and market-based, {shares} are claimed shares")
            out.print(f"{Month(each.month)}: " + (f"missing: {'; '.join(found)}" if found else "can be claimed"))

    run.answer({"facility": f"0x{facility:054x}", "months": rows}, show)


def claim(run: Run, facility: Facility, month: ReportingMonth, thru: Thru = None, basis: BasisName = "annual") -> None:
    """Issues or renews the certificate; refused unless every month is closed and net is not above zero."""
    from carbon_tokens.ledger.ids import BASES

    if basis not in BASES:
        raise typer.BadParameter(f"--basis {basis!r} is none of {', '.join(BASES)}")
    receipt = run.ledger.claim(facility, month, thru, BASES[basis])
    number = receipt.id or 0
    run.written(receipt, claim_id=f"0x{number:064x}", basis=basis, valid=run.ledger.is_valid(number))


def prove(run: Run, claim_id: ClaimId, out: Output = Path("proof.json"), certificate: Svg = None) -> None:
    """Writes the proof of a claim that holds, one JSON file."""
    from carbon_tokens.claims import prove as write
    from carbon_tokens.claims import write_certificate

    with run.progress.status("reading the chain"):
        proof = write(run.ledger, claim_id, out, run.documents)
    if certificate:
        write_certificate(run.ledger, claim_id, certificate)
    content = {"proof": str(out), "sha256": proof.sha256, "claim_id": proof.claim.id}
    content["certificate"] = str(certificate) if certificate else ""
    run.answer(content, lambda console: console.print(f"{out}\nsha-256 {proof.sha256}", soft_wrap=True))


def verify(run: Run, proof: ProofFile, inputs: Inputs = None) -> None:
    """Verifies a proof: offline; with --inputs against the files; with --rpc or --state against the chain.

    Without either, the embedded chain of the state file in the current folder or beside the proof is used, if the proof
    is of an embedded chain and there is one. The contracts must be those of --deployment; without it, those of the
    current folder's deployments on the same chain, if there are any: whom to trust is the one thing that a proof cannot
    say. What was not checked is said.
    """
    from carbon_tokens.claims import verify as check

    run.refused = {"verified": False, "reasons": ["it could not be checked"]}
    state = None if run.rpc else run.given_state or _near(proof)
    trusted = run.given_deployments or _own_deployments(proof)
    found = check(proof, run.rpc, inputs, state=state, deployments=trusted)
    chain = run.rpc or (str(state) if state else None)
    brought = state is not None and not run.given_state and state != STATE
    notes = _notes(found, chain, brought, trusted)
    content = found.to_json() | {"proof": str(proof), "chain": chain, "notes": notes}
    run.answer(content, lambda out: _show(found, notes, out))
    if not found.verified:
        raise typer.Exit(REFUSED)


def _near(path: Path) -> Path | None:
    """The state file of an embedded chain in the current folder, or beside the proof."""
    from carbon_tokens.ledger.embedded import CHAIN_ID

    proof = _readable(path)
    if proof is None or proof.chain.id != CHAIN_ID:
        return None
    return next((each for each in (path.parent / STATE.name, STATE) if each.is_file()), None)


def _own_deployments(path: Path) -> Path | None:
    """The current folder's deployments, if they are on the chain of the proof."""
    from carbon_tokens.ledger.deployments import deployment_file

    proof = _readable(path)
    for folder in (Path("deployments"), STATE.parent / "deployments"):
        try:
            text = deployment_file(folder, proof.chain.id).read_text() if proof else ""
            if proof and loads(text).get("genesis") == proof.chain.genesis:
                return folder
        except (OSError, ValueError, AttributeError):
            continue
    return None


def _readable(path: Path) -> Proof | None:
    from carbon_tokens.claims.proof import read
    from carbon_tokens.errors import ProofError

    try:
        return read(path)
    except ProofError:
        return None  # which verify then gives as the reason


def _notes(found: Verification, chain: str | None, brought: bool, trusted: Path | None) -> list[str]:
    """What a reader must know besides the checks."""
    notes = [f"not checked: {depth}" for depth, state in found.depths.items() if state is None] + list(found.notes)
    if brought:
        notes.append(f"the chain {chain} lies beside the proof: whoever made the proof may have made it")
    if trusted is None:
        notes.append("contracts not compared with trusted ones; name those that you trust with --deployment")
    return notes


def _show(found: Verification, notes: list[str], out: Any) -> None:
    from carbon_tokens.claims.verifying import relies_on

    for check in found.checks:
        out.print(f"{'ok  ' if not check.reasons else 'FAIL'} {check.depth:8} {check.name}", soft_wrap=True)
        for reason in check.reasons:
            out.print(f"       {reason}", soft_wrap=True)
    for name, whom in (relies_on(found.proof) if found.proof else {}).items():
        if whom:
            out.print(f"relies on {name}: {_joined(whom)}", soft_wrap=True)
    for note in notes:
        out.print(note, soft_wrap=True)
    consistent = "CONSISTENT, NOT CHECKED ON A CHAIN" if found.depths["chain"] is None else "VERIFIED"
    out.print(consistent if found.verified else "NOT VERIFIED")


def _joined(whom: object) -> str:
    if isinstance(whom, dict):
        return ", ".join(f"{name} {address}" for name, address in whom.items())
    return ", ".join(whom) if isinstance(whom, list) else str(whom)
