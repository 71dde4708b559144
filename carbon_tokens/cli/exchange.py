"""``exchange``: a certificate in the forms of others, and credentials verified."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.run import Run, verb

if TYPE_CHECKING:
    from carbon_tokens.certificate import CertificateFacts
    from carbon_tokens.claims.proof import Proof
    from carbon_tokens.exchange import Stated

app = typer.Typer(help="A claim as credential, PACT, EnergyTag or CAD Trust data.", no_args_is_help=True)

ProofFile = Annotated[Path, typer.Argument(help="The proof or bundle.", exists=True, dir_okay=False, metavar="PROOF")]
Out = Annotated[Path, typer.Option("--out", help="File to write.", dir_okay=False)]
StatedFile = Annotated[
    Path | None,
    typer.Option("--stated", help="TOML of what a proof cannot say (see docs).", exists=True, dir_okay=False),
]
Key = Annotated[
    Path | None, typer.Option("--key", help="Private key in PEM; without it nobody signs.", exists=True, dir_okay=False)
]
PublicKey = Annotated[
    Path | None, typer.Option("--key", help="The issuer's public key in PEM.", exists=True, dir_okay=False)
]
Issuer = Annotated[str, typer.Option("--issuer", help="A DID; without it the did:jwk of the key.")]
Basis = Annotated[str, typer.Option("--basis", help="location or market: which gross total is the footprint.")]
Partial = Annotated[bool, typer.Option("--partial", help="Name whole blocks of which a part was retired.")]
Generation = Annotated[
    list[Path], typer.Option("--generation", help="A granular certificate's file; may be repeated.", exists=True)
]
Credential = Annotated[
    Path, typer.Argument(help="The credential: a token, or JSON.", exists=True, dir_okay=False, metavar="CREDENTIAL")
]
WithProof = Annotated[
    Path | None, typer.Option("--proof", help="The claim's proof, to compare.", exists=True, dir_okay=False)
]
NewKey = Annotated[Path, typer.Argument(help="New file.", metavar="FILE")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="exchange")


@verb(app, "key", options=())
def key(run: Run, file: NewKey) -> None:
    """Makes a new Ed25519 key in a file that only its owner reads, and says its DID."""
    from carbon_tokens.errors import ExchangeRefused
    from carbon_tokens.exchange.credential import issuer_of, new_key

    pem = new_key()
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            written.write(pem)
    except FileExistsError:
        raise ExchangeRefused("there is a file already", where=str(file), todo="Name another one.") from None
    did = issuer_of(pem)
    run.answer({"key": str(file), "issuer": did}, lambda out: out.print(did, soft_wrap=True, markup=False))


@verb(app, "credential", options=())
def credential(run: Run, proof: ProofFile, out: Out, key: Key = None, issuer: Issuer = "") -> None:
    """Writes a W3C Verifiable Credential: a signed token (vc+jwt), or with no --key plain JSON that nobody signed."""
    from carbon_tokens.exchange import credential as made
    from carbon_tokens.exchange import sign
    from carbon_tokens.exchange.credential import issuer_of

    if key is None and not issuer:
        raise typer.BadParameter("give --key, or --issuer for a credential that nobody signs")
    pem = key.read_bytes() if key else b""
    content = made(_facts(proof), issuer or issuer_of(pem))
    out.write_text(sign(content, pem) + "\n" if key else _text(content))
    if key is None:
        run.warn("not signed: nobody vouches for it")
    said = {"file": str(out), "id": content["id"], "issuer": content["issuer"], "signed": bool(key)}
    run.answer(said | {"warnings": run.warnings}, lambda shown: shown.print(str(out), soft_wrap=True))


@verb(app, "verify", options=())
def verify(run: Run, credential: Credential, proof: WithProof = None, key: PublicKey = None) -> None:
    """Verifies a credential: its signature and form, and with --proof every fact in it."""
    from carbon_tokens.exchange import verify as verified

    run.refused = {"verified": False}
    found = verified(
        credential.read_text(), key=key.read_bytes() if key else None, proof=_read(proof) if proof else None
    )
    if proof is None:
        run.warn("its facts were not compared with a proof: give --proof")
    if not found.issuer:
        run.warn("nobody signed it")
    claim = found.facts.claim.id
    content = {"verified": True, "issuer": found.issuer, "algorithm": found.algorithm, "claim_id": claim,
               "compared_with_proof": proof is not None, "warnings": run.warnings}  # fmt: skip
    run.answer(content, lambda out: out.print(f"claim {claim}\nsigned by {found.issuer or 'nobody'}", soft_wrap=True))


@verb(app, "pact", options=())
def pact(run: Run, proof: ProofFile, out: Out, stated: StatedFile = None, basis: Basis = "location") -> None:
    """Writes a PACT ProductFootprint (3.0) of the facility's operation over the months, gross of offsets."""
    from carbon_tokens.exchange import footprint

    _written(run, out, footprint(_facts(proof), _stated(stated), basis))


@verb(app, "energytag", options=())
def energytag(run: Run, proof: ProofFile, out: Out, generation: Generation, stated: StatedFile = None) -> None:
    """Writes EnergyTag granular certificate bundles of a claim by the hour, an hour of a batch each."""
    from carbon_tokens.exchange import bundles
    from carbon_tokens.ledger.hours import GranularCertificate

    _written(run, out, bundles(_facts(proof), map(GranularCertificate.read, generation), _stated(stated)))


@verb(app, "cadtrust", options=())
def cadtrust(run: Run, proof: ProofFile, out: Out, stated: StatedFile = None, partial: Partial = False) -> None:
    """Writes a claim's offsets as retired units of the Climate Action Data Trust."""
    from carbon_tokens.exchange import units

    _written(run, out, units(_facts(proof), _stated(stated), partial=partial))


def _written(run: Run, out: Path, content: Any) -> None:
    out.write_text(_text(content))
    count = len(content) if isinstance(content, list) else 1
    run.answer({"file": str(out), "records": count}, lambda shown: shown.print(f"{out}: {count}", soft_wrap=True))


def _text(content: Any) -> str:
    import json

    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _facts(path: Path) -> CertificateFacts:
    from carbon_tokens.certificate import gather

    return gather(_read(path))


def _read(path: Path) -> Proof:
    """The proof in a file, or in the bundle that it is."""
    from carbon_tokens.claims import bundle

    found = bundle.read(path)
    return found.proof if isinstance(found, bundle.Bundle) else found


def _stated(path: Path | None) -> Stated:
    from carbon_tokens.exchange import Stated as Said

    return Said.read(path) if path else Said()
