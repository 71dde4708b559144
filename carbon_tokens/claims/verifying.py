"""Verification of a proof or bundle by somebody who trusts neither its writer nor this package's other commands.

Three depths. *Offline*: everything in the file is recomputed. *Inputs*: the statements are taken again from the bills
and meter files. *Chain*: the contracts' code, every event, the accounts and the certificate are read from the chain.
Offline and inputs alone cannot tell whether the chain ever held these events, so what was not checked is said; but a
bundle leads every event to the hash of a block, and who trusts that needs no chain to know that it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from carbon_tokens.claims import account, bundle_chain, bundle_checks, bundle_inputs, offline, onchain, panel_checks
from carbon_tokens.claims import bundle as bundles
from carbon_tokens.claims.account_events import Confirmed
from carbon_tokens.claims.bundle import Bundle
from carbon_tokens.claims.bundle_checks import Opened
from carbon_tokens.claims.checks import Check
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.records import MonthPart
from carbon_tokens.errors import BundleError, ProofError
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.deployments import deployment_file
from carbon_tokens.nesting import loads
from carbon_tokens.statements import FactorReference, FleetStatement
from carbon_tokens.statements import check as check_inputs

DEPTHS = ("offline", "inputs", "chain")
TRUSTED = "the contracts are the trusted ones"


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: verified only if no check of any depth that was asked for has a reason against it.

    ``notes`` are what is no fault, but should be known. ``blocks`` are the hashes on which a bundle rests, by number.
    """

    checks: tuple[Check, ...]
    proof: Proof | None = None
    notes: tuple[str, ...] = ()
    blocks: tuple[tuple[int, str], ...] = ()

    @property
    def verified(self) -> bool:
        return bool(self.checks) and not self.reasons

    @property
    def reasons(self) -> list[str]:
        """Why not, as sentences."""
        return [reason for check in self.checks for reason in check.reasons]

    @property
    def depths(self) -> dict[str, bool | None]:
        """For each depth whether it passed; None: not asked for."""
        made = {depth: [check for check in self.checks if check.depth == depth] for depth in DEPTHS}
        return {depth: not any(each.reasons for each in found) if found else None for depth, found in made.items()}

    def to_json(self) -> dict[str, object]:
        """``verified``, ``reasons``, the depths, every check, and on whom the proof relies."""
        checks = [{"depth": each.depth, "check": each.name, "ok": not each.reasons} for each in self.checks]
        head = {"verified": self.verified, "reasons": self.reasons, "depths": self.depths, "checks": checks}
        blocks = {"blocks": [{"number": number, "hash": each} for number, each in self.blocks]} if self.blocks else {}
        return head | blocks | ({"relies_on": relies_on(self.proof)} if self.proof else {})


def verify(
    path: Path | str,
    rpc: str | None = None,
    inputs: Path | str | None = None,
    *,
    state: Path | str | None = None,
    deployments: Path | None = None,
    block_hashes: Sequence[str] = (),
    recompute: bool = False,
) -> Verification:
    """Verifies a proof or a bundle.

    Args:
        rpc: URL of a node of the chain.
        inputs: folder of the files that the statements rest on.
        state: state file of the embedded chain, in place of ``rpc``.
        deployments: folder of ``<chain id>.json``, which names the contracts that the verifier trusts.
        block_hashes: of blocks that the verifier trusts, 0x and 64 digits: a bundle must lead to them.
        recompute: takes the statements again from the bundle's own input files.

    Raises:
        ProofError: the file does not exist or cannot be read; or only a bundle can be verified so.
        LedgerError: the chain does not answer.
    """
    if not Path(path).is_file():
        raise ProofError("there is no such file", where=str(path), todo="Check the path.")
    try:
        found = bundles.read(path)
    except ProofError as error:
        return Verification((Check("offline", "the file is a proof", (str(error),)),))
    proof, opened = (found.proof, Opened(found)) if isinstance(found, Bundle) else (found, None)
    if opened is None and (block_hashes or recompute):
        todo = "Ask for the bundle (carbon-tokens prove --bundle), or leave --block-hash and --recompute out."
        raise ProofError("this is a proof, which holds neither headers nor input files", where=str(path), todo=todo)
    checks = offline.checks(proof) + (bundle_checks.checks(opened, block_hashes) if opened else [])
    notes = bundle_notes(opened, bool(block_hashes or rpc), bool(rpc or state)) if opened else ()
    if deployments is not None:
        checks.append(trust_check(proof, deployments))
    if inputs is not None:
        checks.append(input_check(proof, Path(inputs)))
    if opened and recompute:
        checks.append(recomputed(opened.bundle))
    if rpc is not None or state is not None:
        more, said = _chain_checks(proof, opened, rpc, None if state is None else Path(state))
        checks, notes = [*checks, *more], (*notes, *said)
    blocks = tuple((header.number, header.hash) for header in bundle_checks.untrusted(opened)) if opened else ()
    return Verification(tuple(checks), proof, notes, blocks)


def bundle_notes(opened: Opened, compared: bool, on_chain: bool) -> tuple[str, ...]:
    """What of a bundle was not checked. A state file compares no blocks: it may come with the bundle."""
    closed = sum(entry.content is None for entry in opened.bundle.inputs)
    said = {
        "block hashes not compared with trusted ones; name the block that you trust with --block-hash": not compared,
        "the contracts' code is not in the bundle: their addresses alone are proven": (
            not opened.bundle.code and not on_chain
        ),
        f"{closed} input files are in the bundle by their hash only": closed > 0,
    }
    return tuple(note for note, holds in said.items() if holds)


def recomputed(bundle: Bundle) -> Check:
    """The statements taken again from the bundle's own files, in a folder of their own that is removed afterwards."""
    name = "every statement follows from the bundle's own input files"
    taken = [event.document for month in bundle.proof.months for event in _with_files(month)]
    needed = {(item.name, item.sha256) for document in taken for item in document.inputs}
    missing = [each.name for each in bundle.inputs if each.content is None and (each.name, each.sha256) in needed]
    if missing:
        what = f"the bundle holds only the hash of {', '.join(missing)}: take the statements again with --inputs"
        return Check("inputs", name, (what,))
    try:
        with bundle_inputs.unpacked(bundle) as folder:
            return Check("inputs", name, input_check(bundle.proof, Path(folder)).reasons)
    except BundleError as error:
        return Check("inputs", name, (str(error),))


def input_check(proof: Proof, folder: Path) -> Check:
    """Depth two: every document's files have their hashes, and its totals follow from them.

    A fleet's statement that was replaced is not recomputed: its tables were replaced with it.
    """
    found = [
        f"{month.month}, version {event.version}: {difference}"
        for month in proof.months
        for event in _with_files(month)
        for difference in check_inputs(event.document, folder)
    ]
    return Check("inputs", "every statement follows from its input files", tuple(found))


def _with_files(month: MonthPart) -> list[Confirmed]:
    standing = account.standing(month.events)
    confirmed = [each for each in month.events if isinstance(each, Confirmed)]
    return [each for each in confirmed if each in standing or not isinstance(each.document, FleetStatement)]


def trust_check(proof: Proof, folder: Path) -> Check:
    """Whether the proof is of the contracts that the verifier trusts: a forger could deploy the same code again."""
    path = deployment_file(folder, proof.chain.id)
    try:
        content = loads(path.read_text())
        trusted = {name: fields["address"] for name, fields in content["contracts"].items()}
        genesis = content["genesis"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProofError("no deployments of this chain", where=str(path), todo="Correct --deployment.") from error
    if genesis != proof.chain.genesis:
        other = f"the proof is of the chain that begins with {proof.chain.genesis}, trusted is {genesis}"
        return Check("offline", TRUSTED, (other,))
    foreign = tuple(
        f"{each.name} is at {each.address}, trusted is {trusted.get(each.name)}"
        for each in proof.contracts
        if trusted.get(each.name) != each.address
    )
    return Check("offline", TRUSTED, foreign)


def relies_on(proof: Proof) -> dict[str, object]:
    """Whom a reader has to trust: nobody can compute whether an auditor or issuer told the truth.

    ``auditors`` are those who signed where the Auditors contract called the ledger; ``panels``: how many of whom had
    to; ``hours``: who confirmed the consumption by hour; ``undocumented``: tokens without their registry's document;
    ``fleets``: statements whose scope 2 is by the hour, from tables.
    """
    audited = [event for _, event in panel_checks.audited(proof)]
    documents = [event.document for month in proof.months for event in account.standing(month.events)]
    matched = [month.matching for month in proof.months if month.matching]
    panels = [panel_checks.panel_of(proof, event) for event in (*audited, *matched)]
    return {
        "chain_id": proof.chain.id,
        "contracts": {each.name: each.address for each in proof.contracts},
        "auditors": sorted({who for event in audited for who in event.attested or (event.auditor,)}),
        "panels": list(dict.fromkeys(panel_checks.named(panel) for panel in panels if panel)),
        "hours": sorted({who for each in matched for who in each.auditors}),
        "issuers": sorted({source.issuer for source in proof.sources}),
        "undocumented": [token.id for token in proof.tokens if token.document is None],
        "factors": [_source_of(factor) for factor in proof.factors],
        "fleets": [_tables_of(each) for each in documents if isinstance(each, FleetStatement)],
    }


def _source_of(factor: FactorReference) -> str:
    """A factor, and whether its rates were compared with a published table or are the publisher's word."""
    name = f"{factor.dataset}{factor.year} {factor.edition} {factor.region}"
    compared = "as published" if offline.is_shipped(factor) else "not in this package: the publisher's word"
    residual = "; its residual mix: the publisher's word" if factor.residual_published else ""
    return f"{name} ({compared}{residual})"


def _tables_of(statement: FleetStatement) -> str:
    """What of a fleet's scope 2 is the word of its tables: the chain cannot recompute it, who has the tables can."""
    share = f"{statement.hourly_share / 10_000:g} % of its energy by the hour"
    residual = "its residual mix" if statement.residual_rate else "no residual mix, location-based instead"
    return f"{statement.month} {statement.region}: the tables behind its statement ({share}; {residual})"


def _chain_checks(
    proof: Proof, opened: Opened | None, rpc: str | None, state: Path | None
) -> tuple[list[Check], tuple[str, ...]]:
    if state is not None and not state.is_file():
        raise ProofError("there is no such state file", where=str(state), todo="Check --state, or give --rpc.")
    chain = Chain.connect(rpc, state=state)
    try:
        checks, notes = onchain.checks(proof, chain), onchain.notes(proof, chain)
        blocks, said = bundle_chain.checks(opened, chain) if opened and not checks[0].reasons else ([], ())
        return [*checks, *blocks], (*notes, *said)
    finally:
        chain.close()
