"""``certificate``: the sheet, picture and data that a data center shows its customers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.options import claim_number
from carbon_tokens.cli.run import Run, verb

if TYPE_CHECKING:
    from carbon_tokens.certificate import CertificateFacts
    from carbon_tokens.claims.proof import Proof
    from carbon_tokens.ledger import Chain

FORMATS = ("pdf", "svg", "png", "json")

ProofFile = Annotated[
    Path | None, typer.Argument(help="The proof or the bundle.", exists=True, dir_okay=False, metavar="PROOF")
]
Claim = Annotated[
    int | None,
    typer.Option("--claim", help="Id of the claim, to prove it first.", parser=claim_number, metavar="ID"),
]
Out = Annotated[Path, typer.Option("--out", help="Folder to write certificate.pdf, .svg, .png and .json into.")]
Formats = Annotated[str, typer.Option("--format", help="Which of pdf, svg, png and json, with commas between.")]
Url = Annotated[str, typer.Option("--url", help="Address of a node; the code leads to its page of the claim.")]
LanguageCode = Annotated[str, typer.Option("--language", help="en or de.")]


def register(app: typer.Typer) -> None:
    verb(app, "certificate", documents=True)(certificate)


def certificate(
    run: Run, proof: ProofFile = None, claim: Claim = None, out: Out = Path(), formats: Formats = "pdf,svg,png,json",
    url: Url = "", language: LanguageCode = "en",
) -> None:  # fmt: skip
    """Writes the certificate of a claim that holds: PDF/A with the proof inside, SVG, PNG and JSON.

    With --rpc, --state or the embedded chain of the current folder it says whether the claim holds now; without a
    chain, as of which block it held. A proof that does not verify, or a claim that ended, gets none.
    """
    from carbon_tokens.certificate import gather, marks
    from carbon_tokens.certificate.languages import language as language_of
    from carbon_tokens.errors import CertificateRefused

    wanted = _formats(formats)
    if (proof is None) == (claim is None):
        raise typer.BadParameter("Give a proof file or --claim, and not both.")
    chosen = language_of(language)
    found = _proved(run, claim, out) if claim is not None else _read(run, proof or Path())
    chain = run.chain if claim is not None else _chain(run, found)
    facts = gather(found, chain)
    if not facts.validity.valid:
        why, todo = "; ".join(facts.validity.reasons[:3]), "Claim it again, prove it, and write the certificate then."
        raise CertificateRefused(f"the claim does not hold now: {why}", where=found.claim.id, todo=todo)
    address = marks.address(facts, url)
    made = {each: _made(each, facts, found, url, chosen) for each in wanted}
    out.mkdir(parents=True, exist_ok=True)
    files = [_write(out / f"certificate.{name}", content) for name, content in made.items()]
    _answer(run, facts, files, address)


def _formats(text: str) -> list[str]:
    found = list(dict.fromkeys(each.strip() for each in text.split(",")))
    unknown = [each for each in found if each not in FORMATS]
    if unknown:
        raise typer.BadParameter(f"--format {', '.join(map(repr, unknown))}: known are {', '.join(FORMATS)}")
    return found


def _proved(run: Run, claim: int, out: Path) -> Proof:
    """The proof of a claim, written beside its certificate."""
    from carbon_tokens.claims import prove

    return prove(run.ledger, claim, out / "proof.json", run.documents)


def _read(run: Run, path: Path) -> Proof:
    """The proof in a file. A bundle's headers, receipts and trees are checked too, and --deployment is compared."""
    from carbon_tokens.claims import bundle, bundle_checks
    from carbon_tokens.claims.verifying import trust_check
    from carbon_tokens.errors import CertificateRefused

    found = bundle.read(path)
    checks = bundle_checks.checks(bundle_checks.Opened(found)) if isinstance(found, bundle.Bundle) else []
    proof = found.proof if isinstance(found, bundle.Bundle) else found
    if run.given_deployments:
        checks.append(trust_check(proof, run.given_deployments))
    reasons = [reason for check in checks for reason in check.reasons]
    if reasons:
        what, todo = "; ".join(reasons[:3]), "See `carbon-tokens verify`."
        raise CertificateRefused(f"it does not verify: {what}", where=str(path), todo=todo)
    return proof


def _chain(run: Run, proof: Proof) -> Chain | None:
    """The chain to ask: that of the options, or the embedded one of the current folder if the proof is of it."""
    from carbon_tokens.ledger.embedded import CHAIN_ID

    if run.rpc or run.given_state:
        return run.chain
    here = proof.chain.id == CHAIN_ID and run.state.is_file()
    return run.chain if here and run.chain.genesis == proof.chain.genesis else None


def _made(kind: str, facts: CertificateFacts, proof: Proof, url: str, language: Any) -> bytes:
    from carbon_tokens.certificate import setting

    if kind == "json":
        return facts.canonical()
    if kind == "pdf":
        return setting.pdf(facts, proof, url, language)
    return setting.svg(facts, url, language) if kind == "svg" else setting.png(facts, url, language)


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _answer(run: Run, facts: CertificateFacts, files: list[Path], address: str) -> None:
    held = facts.validity
    notes = [] if held.asked else ["no chain was asked whether the claim holds now; name one with --rpc"]
    content = {
        "claim_id": facts.claim.id, "asked": held.asked, "valid": held.valid, "block": held.block,
        "address": address, "files": [str(each) for each in files], "notes": notes,
    }  # fmt: skip
    lines = [*map(str, files), f"the code leads to {address}", *notes]
    run.answer(content, lambda out: out.print("\n".join(lines), soft_wrap=True))
