"""A real facility-month goes from its electricity to a certificate that a second process verifies.

The facts are those of ``data/demo`` with their labels; no rule is bent for them. Every role has a key of its
own: public development keys, so it runs on local chains only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from carbon_tokens.claims import Documents, prove, write_certificate
from carbon_tokens.demo.facts import Facts
from carbon_tokens.demo.steps import Stage, Step, Tell, totals_json
from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.factors import egrid
from carbon_tokens.ledger import Chain, Ledger, Receipt, account, audits
from carbon_tokens.ledger.documents import CLASSES, audit_of, batch_of, factors_of
from carbon_tokens.ledger.events import read_events
from carbon_tokens.ledger.ids import AUDITOR_ROLE, note
from carbon_tokens.ledger.mnemonic import DEV_NAMES
from carbon_tokens.statements import Statement

ROLES = {
    "auditor": ("CarbonTokens", "AUDITOR_ROLE"),
    "rec-issuer": ("CarbonTokens", "REC_ISSUER_ROLE"),
    "offset-issuer": ("CarbonTokens", "OFFSET_ISSUER_ROLE"),
    "registrar": ("CarbonTokens", "REGISTRAR_ROLE"),
    "publisher": ("EmissionFactors", "PUBLISHER_ROLE"),
}
_FUNDS = 10**18  # wei that an empty development account gets from the node
_DAY = 86_400


class Demo:
    """One run of the demonstration.

    Args:
        chain: a local chain.
        chain_options: how a second process reaches it, as options of ``carbon-tokens verify``.
        out: a new folder for deployments, journals, documents, proofs and certificates.
        tell: is told every step and stage as it happens.
    """

    def __init__(self, chain: Chain, chain_options: Sequence[str], out: Path, tell: Tell) -> None:
        self.chain, self.chain_options, self.out, self._tell = chain, tuple(chain_options), out, tell
        self.facts = Facts()
        self.documents = Documents(out / "documents")
        self.steps: list[Step] = []
        self.stages: list[Stage] = []

    @cached_property
    def _ledger(self) -> Ledger:
        admin = account("dev:admin", self.chain)
        return Ledger.deploy(self.chain, admin, deployments=self.out / "deployments", home=self.out)

    def run(self) -> dict[str, object]:
        """The whole of it; what ``carbon-tokens demo --json`` prints.

        Raises:
            CarbonTokensError: any step that was refused.
        """
        self._fund()
        self._deploy()
        facility = self._register()
        audited = self._audit(facility)
        tokens = self._issue()
        self._retire(facility, tokens)
        claim = self._claim(facility, "claimed")
        first = self._prove(claim, "proof-1.json")
        verified = self._verify(first, expected=True)
        self._restate(facility, audited, claim)
        self._verify(first, expected=False)
        self._retire_more(facility, tokens)
        claim = self._claim(facility, "renewed")
        proof = self._prove(claim, "proof.json")
        verified = self._verify(proof, expected=True) and verified
        return self._result(claim, proof, verified)

    # ------------------------------------------------------------------------------------------------------ set-up
    def _fund(self) -> None:
        """A node with keys of its own pays for the development accounts, which it does not know."""
        poor = [name for name in DEV_NAMES if not self.chain.balance(account(f"dev:{name}", self.chain).address)]
        rich = self.chain.rpc.request("eth_accounts") if poor else []
        for name in poor if rich else []:
            to = account(f"dev:{name}", self.chain).address
            sent = {"from": rich[0], "to": to, "value": hex(_FUNDS)}
            self.chain.wait([self.chain.rpc.request("eth_sendTransaction", [sent])])

    def _deploy(self) -> None:
        deployed = self._ledger.deployments
        receipts = self.chain.wait([each.tx for each in deployed.values()])
        for each, mined in zip(deployed.values(), receipts, strict=True):
            self._say(Step(f"deploy {each.name} at {each.address}", "admin", each.tx, int(mined["gasUsed"], 16)))
        for name, (contract, role) in ROLES.items():
            zone = self.facts["facility"]["market_zone"] if role == AUDITOR_ROLE else ""
            receipt = self._ledger.grant_role(contract, role, account(f"dev:{name}", self.chain).address, zone)
            self._did(f"grant {role}{f' of market {zone}' if zone else ''} to {name}", "admin", receipt)
        wanted = self.facts["factor"]
        release = egrid.release(wanted["year"], wanted["edition"])
        what = f"publish {release.dataset}{release.year} {release.edition}, sha-256 {release.file_sha256[:12]}…"
        for receipt in self._as("publisher").publish_factors(release, factors_of(release.rates)):
            self._did(what, "publisher", receipt, "published")

    def _register(self) -> int:
        facts = self.facts["facility"]
        metadata = self.documents.put(self.facts.description())
        receipt = self._as("operator").add_facility(facts["grid_region"], facts["market_zone"], metadata)
        what, facility = f"add facility {facts['name']}, {facts['city']}, {facts['grid_region']}", receipt.id or 0
        self._did(what, "operator", receipt, "published")
        for row in self.facts.certificates():
            document, cells, issuer = row.document, row.cells, f"{row.document.token_class}-issuer"
            zone, region = cells["market_zone"] or facts["market_zone"], cells["grid_region"]
            added = self._as(issuer).add_source(
                CLASSES[document.token_class], document.registry, note(document.source), zone, grid_region=region,
                technology=cells["technology"],
            )  # fmt: skip
            what = f"add source {document.registry} {document.source}, {cells['name']}"
            self._did(what, issuer, added, "published")
        return facility

    # ------------------------------------------------------------------------------------------------------- audit
    def _audit(self, facility: int) -> list[Statement]:
        statements = self.facts.statements(facility)
        for each in self.facts.readings():
            self._say(Step(f"read {each.where}: {each.energy_wh:,} Wh in {each.month}; {each.note}", label="published"))
        auditor, deadline = self._as("auditor"), int(time.time()) + _DAY
        for version, statement in enumerate(statements, 1):
            self.documents.put(statement)
            audit = audit_of(statement, version)
            others = f"scope 1 {statement.scope1_g:,} g, scope 3 {statement.scope3_g:,} g"
            what = f"audit {statement.energy_wh:,} Wh, {others}"
            if version == 1:  # signed by the auditor, who needs neither gas nor a connection; submitted by the operator
                receipt = self._as("operator").submit(auditor.sign(audits(audit), deadline))
                self._did(f"{what}; signed by the auditor (EIP-712)", "operator", receipt, "published")
            else:
                self._did(what, "auditor", auditor.audit(audit), "illustrative")
        self._did(f"close {self.facts.month}", "auditor", auditor.close(facility, self.facts.month))
        return statements

    def _restate(self, facility: int, audited: list[Statement], claim: int) -> None:
        new = self.facts.restatement(audited)
        self.documents.put(new)
        version = self._ledger.account(facility, self.facts.month).version + 1
        receipt = self._as("auditor").restate(audit_of(new, version))
        self._did(f"restate to {new.energy_wh:,} Wh, scope 3 {new.scope3_g:,} g", "auditor", receipt, "illustrative")
        self._stage(facility, "restated", claim)

    # --------------------------------------------------------------------------------------- issue, transfer, retire
    def _issue(self) -> dict[str, int]:
        """Issues every batch and transfers the facility's part of it; the token of each class."""
        operator, found = account("dev:operator", self.chain).address, {}
        for row in self.facts.certificates():
            document, issuer = row.document, f"{row.document.token_class}-issuer"
            self.documents.put(document)
            ledger = self._as(issuer)
            source = ledger.source_id(document.registry, note(document.source))
            report = ledger.issue(source, [batch_of(document)])
            (token,) = report.ids
            what = f"issue {_amount(document.amount, document.token_class)}, {document.serials}"
            self._say(Step(what, issuer, self._issued_in(token), report.gas_used, "published"))
            part = int(row.cells["transfer_to_facility"])
            receipt = ledger.transfer(operator, [token], [part])
            what = f"transfer {_amount(part, document.token_class)} to the operator"
            self._did(what, issuer, receipt, "published" if document.token_class == "rec" else "illustrative")
            found[document.token_class] = token
        return found

    def _issued_in(self, token: int) -> str:
        contract, where = self._ledger.contracts["CarbonTokens"], self._ledger.address("CarbonTokens")
        first = self._ledger.deployments["CarbonTokens"].block
        (event,) = read_events(self.chain.rpc, contract, where, ("Issued",), first, about=[token])
        return event.tx

    def _retire(self, facility: int, tokens: dict[str, int]) -> None:
        facts = self.facts["retire"]
        amounts = {"rec": facts["recs_wh"], "offset": facts["offsets_g"]}
        what = " and ".join(_amount(amount, kind) for kind, amount in amounts.items())
        self._retirement(facility, [tokens[kind] for kind in amounts], list(amounts.values()), what)

    def _retire_more(self, facility: int, tokens: dict[str, int]) -> None:
        amount = self.facts["restatement"]["extra_offsets_g"]
        self._retirement(facility, [tokens["offset"]], [amount], f"{_amount(amount, 'offset')} more")

    def _retirement(self, facility: int, tokens: list[int], amounts: list[int], what: str) -> None:
        names = {"beneficiary": self.facts["facility"]["name"], "purpose": f"net emissions {self.facts.month}"}
        receipt = self._as("operator").retire(facility, self.facts.month, tokens, amounts, **names)
        self._did(f"retire {what} for {self.facts.month}", "operator", receipt, "illustrative")

    # ------------------------------------------------------------------------------------------------ claim and proof
    def _claim(self, facility: int, stage: str) -> int:
        receipt = self._as("operator").claim(facility, self.facts.month)
        claim = receipt.id or 0
        self._did(f"claim {self.facts.month}: the certificate of claim 0x{claim:064x}"[:72] + "…", "operator", receipt)
        self._stage(facility, stage, claim)
        path = write_certificate(self._ledger, claim, self.out / f"certificate{'' if stage == 'renewed' else '-1'}.svg")
        self._say(Step(f"write {path}"))
        return claim

    def _prove(self, claim: int, name: str) -> Path:
        path = self.out / name
        prove(self._ledger, claim, path, self.documents)
        self._say(Step(f"write {path}"))
        return path

    def _verify(self, proof: Path, *, expected: bool) -> bool:
        """Verifies as a second process, which has the file, the inputs and the chain, and nothing of this one.

        Raises:
            CarbonTokensError: the outcome is not the expected one.
        """
        command = [sys.executable, "-m", "carbon_tokens.cli", "verify", str(proof), "--json"]
        command += ["--inputs", str(self.facts.folder), *self.chain_options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
        try:
            found = json.loads(done.stdout)
            verified, reasons = found["verified"], found["reasons"]
        except (ValueError, KeyError) as error:
            said = done.stderr[-500:] or done.stdout
            raise CarbonTokensError(f"verify did not answer: {said}", where="verify") from error
        if verified is not expected or done.returncode != (0 if verified else 1):
            raise CarbonTokensError(f"verify says {verified}: {'; '.join(reasons)}", where=proof.name)
        checks = len(found["checks"])
        said = f"verified by {checks} checks" if verified else f"not verified: {reasons[0]}"
        self._say(Step(f"verify {proof.name} in a second process: {said}", "anyone"))
        return bool(verified)

    # ------------------------------------------------------------------------------------------------------- telling
    def _as(self, name: str) -> Ledger:
        return self._ledger.using(account(f"dev:{name}", self.chain))

    def _did(self, what: str, who: str, receipt: Receipt, label: str = "") -> None:
        self._say(Step(what, who, receipt.tx, receipt.gas_used, label))

    def _say(self, step: Step) -> None:
        self.steps.append(step)
        self._tell(step)

    def _stage(self, facility: int, name: str, claim: int) -> None:
        (status,) = self._ledger.status(facility, self.facts.month)
        stage = Stage(name, status, self._ledger.is_valid(claim))
        self.stages.append(stage)
        self._tell(stage)

    def _result(self, claim: int, proof: Path, verified: bool) -> dict[str, object]:
        last = self.stages[-1]
        sent = [step for step in self.steps if step.tx]
        return {
            "chain_id": self.chain.id,
            "contracts": {name: self._ledger.address(name) for name in self._ledger.deployments},
            "facility": f"0x{last.status.facility:054x}",
            "month": str(self.facts.month),
            **totals_json(last.status),
            "claim_id": f"0x{claim:064x}",
            "valid": last.valid,
            "verified": verified,
            "proof": str(proof),
            "certificate": str(self.out / "certificate.svg"),
            "inputs": str(self.facts.folder),
            "verify_options": list(self.chain_options),
            "stages": [{"stage": each.name, **totals_json(each.status), "valid": each.valid} for each in self.stages],
            "transactions": [
                {"step": each.what, "by": each.who, "tx": each.tx, "gas": each.gas, "label": each.label}
                for each in sent
            ],
            "gas_used": sum(step.gas for step in sent),
        }


def environment() -> dict[str, str]:
    """Ours, with this package findable however it was started."""
    package = str(Path(__file__).resolve().parents[2])
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))}


def _amount(amount: int, token_class: str) -> str:
    unit = "MWh of RECs" if token_class == "rec" else "t of offsets"
    return f"{amount / 1_000_000:g} {unit}"
