"""``status``, ``claim``, ``prove`` and ``verify``."""

from __future__ import annotations

import re
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
BundleFile = Annotated[
    Path | None, typer.Option("--bundle", help="Also write a bundle, which verifies offline against a block hash.")
]
BundleInputs = Annotated[
    Path | None,
    typer.Option(
        "--inputs", help="Folder of the files it rests on, to put into the bundle.", exists=True, file_okay=False
    ),
]
BundleShares = Annotated[
    list[Path] | None,
    typer.Option(
        "--share", help="A tenant's share to put into the bundle; may be repeated.", exists=True, dir_okay=False
    ),
]
Head = Annotated[
    int | None, typer.Option("--head", help="Number of the block to which the bundle's headers go on.", min=0)
]
ProofFile = Annotated[
    Path, typer.Argument(help="The proof or the bundle.", exists=True, dir_okay=False, metavar="PROOF")
]
BlockHashes = Annotated[
    list[str] | None,
    typer.Option(
        "--block-hash", help="Hash of a block that you trust: a bundle must lead to it. May be repeated.", metavar="HEX"
    ),
]
Recompute = Annotated[
    bool, typer.Option("--recompute", help="Take the statements again from the bundle's own input files.")
]
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


def prove(
    run: Run, claim_id: ClaimId, out: Output = Path("proof.json"), certificate: Svg = None, bundle: BundleFile = None,
    inputs: BundleInputs = None, share: BundleShares = None, head: Head = None,
) -> None:  # fmt: skip
    """Writes the proof of a claim that holds, one JSON file; with --bundle also what authenticates it offline.

    A bundle holds block headers, transactions and receipts with their Merkle proofs, and with --inputs the input files,
    so that verify works against the hash of one block, without a node.
    """
    from carbon_tokens.claims import prove as write
    from carbon_tokens.claims import write_certificate

    if bundle is None and (inputs or share or head is not None):
        raise typer.BadParameter("--inputs, --share and --head are of a bundle: name its file with --bundle")
    with run.progress.status("reading the chain"):
        proof = write(run.ledger, claim_id, out, run.documents)
    content: dict[str, Any] = {"proof": str(out), "sha256": proof.sha256, "claim_id": proof.claim.id}
    if certificate:
        write_certificate(run.ledger, claim_id, certificate)
    content["certificate"] = str(certificate) if certificate else ""
    lines = [str(out), f"sha-256 {proof.sha256}"]
    if bundle:
        content |= _bundled(run, proof, bundle, inputs, share or [], head)
        lines += [f"{bundle}, {content['bytes']:,} bytes, rests on"]
        lines += [f"  block {each['number']} {each['hash']}" for each in content["blocks"]]
    run.answer(content, lambda console: console.print("\n".join(lines), soft_wrap=True))


def _bundled(
    run: Run, proof: Proof, path: Path, inputs: Path | None, shares: list[Path], head: int | None
) -> dict[str, Any]:
    """Writes the bundle; says on which block hashes it rests."""
    from carbon_tokens.claims.bundle_checks import Opened, untrusted
    from carbon_tokens.claims.bundling import bundle as write
    from carbon_tokens.ledger.allocating import TenantProof

    tenants = [TenantProof.read(each) for each in shares]
    with run.progress.status("reading blocks"):
        made = write(run.ledger, proof, path, inputs=inputs, shares=tenants, head=head)
    blocks = [{"number": header.number, "hash": header.hash} for header in untrusted(Opened(made))]
    held = sum(entry.content is not None for entry in made.inputs)
    size = {"bytes": path.stat().st_size, "headers": len(made.headers), "inputs": held, "shares": len(made.shares)}
    return {"bundle": str(path), "bundle_sha256": made.sha256, **size, "blocks": blocks}


def verify(
    run: Run, proof: ProofFile, inputs: Inputs = None, block_hash: BlockHashes = None, recompute: Recompute = False
) -> None:
    """Verifies a proof or a bundle: offline; with --inputs against the files; with --rpc or --state against the chain.

    A bundle leads every event to the hash of a block: name the one that you trust with --block-hash. With --recompute
    its own input files are used. Without --rpc and --state, the embedded chain of the state file in the current folder
    or beside the proof is used, if the proof is of an embedded chain and there is one; not with --block-hash. The
    contracts must be those of --deployment; without it, those of the current folder's deployments on the same chain, if
    there are any: whom to trust is the one thing that a proof cannot say. What was not checked is said.
    """
    from carbon_tokens.claims import verify as check

    hashes = [_block_hash(each) for each in block_hash or ()]
    run.refused = {"verified": False, "reasons": ["it could not be checked"]}
    state = None if run.rpc else run.given_state or (None if hashes else _near(proof))
    trusted = run.given_deployments or _own_deployments(proof)
    wanted: dict[str, Any] = {"block_hashes": hashes, "recompute": recompute}
    found = check(proof, run.rpc, inputs, state=state, deployments=trusted, **wanted)
    chain = run.rpc or (str(state) if state else None)
    brought = state is not None and not run.given_state and state != STATE
    notes = _notes(found, chain, brought, trusted)
    content = found.to_json() | {"proof": str(proof), "chain": chain, "notes": notes}
    run.answer(content, lambda out: _show(found, notes, bool(hashes), out))
    if not found.verified:
        raise typer.Exit(REFUSED)


def _block_hash(text: str) -> str:
    if not re.fullmatch(r"0x[0-9a-fA-F]{64}", text):
        raise typer.BadParameter(f"{text!r} is no block hash: give 0x and 64 hex digits")
    return text.lower()


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
    from carbon_tokens.claims.bundle import proof_in
    from carbon_tokens.errors import ProofError

    try:
        return proof_in(path)
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


def _show(found: Verification, notes: list[str], trusted: bool, out: Any) -> None:
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
    for number, block in found.blocks:
        out.print(f"rests on block {number} {block}", soft_wrap=True)
    passed = "CONSISTENT, NOT CHECKED ON A CHAIN" if found.depths["chain"] is None else "VERIFIED"
    if trusted and found.depths["chain"] is None:
        passed = "CONSISTENT WITH THE TRUSTED BLOCKS"
    out.print(passed if found.verified else "NOT VERIFIED")


def _joined(whom: object) -> str:
    if isinstance(whom, dict):
        return ", ".join(f"{name} {address}" for name, address in whom.items())
    return ", ".join(whom) if isinstance(whom, list) else str(whom)
