"""Verification of a proof by somebody who trusts neither the one who wrote it nor this package's other commands.

Three depths. *Offline*: everything in the file is recomputed. *Inputs*: the statements are taken again from the bills
and meter files. *Chain*: the contracts' code, every event, the accounts and the certificate are read from the chain.
Offline and inputs alone cannot tell whether the chain ever held these events, so what was not checked is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from carbon_tokens.claims import account, offline, onchain, panel_checks
from carbon_tokens.claims import proof as proofs
from carbon_tokens.claims.account_events import Confirmed
from carbon_tokens.claims.checks import Check
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.records import MonthPart
from carbon_tokens.errors import ProofError
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

    ``notes`` are what is no fault, but should be known of the chain.
    """

    checks: tuple[Check, ...]
    proof: Proof | None = None
    notes: tuple[str, ...] = ()

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
        return head | ({"relies_on": relies_on(self.proof)} if self.proof else {})


def verify(
    path: Path | str,
    rpc: str | None = None,
    inputs: Path | str | None = None,
    *,
    state: Path | str | None = None,
    deployments: Path | None = None,
) -> Verification:
    """Verifies a proof file.

    Args:
        rpc: URL of a node of the chain.
        inputs: folder of the files that the statements rest on.
        state: state file of the embedded chain, in place of ``rpc``.
        deployments: folder of ``<chain id>.json``, which names the contracts that the verifier trusts.

    Raises:
        ProofError: the file does not exist or cannot be read.
        LedgerError: the chain does not answer.
    """
    if not Path(path).is_file():
        raise ProofError("there is no such file", where=str(path), todo="Check the path.")
    try:
        proof = proofs.read(path)
    except ProofError as error:
        return Verification((Check("offline", "the file is a proof", (str(error),)),))
    checks = offline.checks(proof)
    if deployments is not None:
        checks.append(trust_check(proof, deployments))
    if inputs is not None:
        checks.append(input_check(proof, Path(inputs)))
    if rpc is not None or state is not None:
        found, notes = _chain_checks(proof, rpc, None if state is None else Path(state))
        return Verification((*checks, *found), proof, notes)
    return Verification(tuple(checks), proof)


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


def _chain_checks(proof: Proof, rpc: str | None, state: Path | None) -> tuple[list[Check], tuple[str, ...]]:
    if state is not None and not state.is_file():
        raise ProofError("there is no such state file", where=str(state), todo="Check --state, or give --rpc.")
    chain = Chain.connect(rpc, state=state)
    try:
        return onchain.checks(proof, chain), onchain.notes(proof, chain)
    finally:
        chain.close()
