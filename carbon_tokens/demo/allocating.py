"""The demonstration goes on: its month is split among tenants, who prove their shares; one claims its own.

The weights are illustrative. Everything else follows from them and from the account by the package and the contracts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import rfc8785

from carbon_tokens.allocation.shares import (
    Allocation,
    Amounts,
    StoredAllocation,
    shares_of,
    tenant_of_facility,
    tenant_of_name,
    write,
)
from carbon_tokens.demo.run import Demo, environment
from carbon_tokens.demo.steps import Step
from carbon_tokens.errors import CarbonTokensError, Reverted
from carbon_tokens.ledger.allocating import AccountTotals, TenantProof
from carbon_tokens.ledger.ids import audited_id

OWN = "Operator"  # keeps a share too: what it uses itself
METERED = {"Tenant A": 3_000, "Tenant B": 2_500, "Tenant C": 1_500, OWN: 1_000}  # kWh, illustrative
CLAIMANT, CLAIMANT_ACCOUNT = "Tenant A", "broker"  # has a facility of its own on chain; the others are names


class AllocatedDemo(Demo):
    """``Demo``, and after it the split of its month. Two tenants are known to nobody but by the hash of their names."""

    def run(self) -> dict[str, object]:
        """As ``Demo.run``, with ``allocation`` in its result.

        Raises:
            CarbonTokensError: any step that was refused, or a second claim that was not.
        """
        found = super().run()
        facility = int(str(found["facility"]), 16)
        home = self._add_tenant()
        tenants = self._tenants(facility, home)
        totals = self._ledger.totals_to_split(facility, self.facts.month)
        stored = self._split(facility, tenants, totals)
        proofs = {name: self._prove_share(stored, tenant, name) for name, tenant in tenants.items()}
        self._verify_share(self.out / _file(CLAIMANT))
        self._claim_share(proofs[CLAIMANT], home)
        self._claim_again(proofs[CLAIMANT])
        return found | {"allocation": self._shares(proofs, totals, home)}

    def _add_tenant(self) -> int:
        metadata = self.documents.put(rfc8785.dumps({"name": f"{CLAIMANT}, its servers in Lincoln"}))
        facts = self.facts["facility"]
        receipt = self._as(CLAIMANT_ACCOUNT).add_facility(facts["grid_region"], facts["market_zone"], metadata)
        self._did(f"add a facility of {CLAIMANT}", CLAIMANT, receipt, "illustrative")
        return receipt.id or 0

    def _tenants(self, facility: int, home: int) -> dict[str, bytes]:
        """The 32 bytes of each tenant: a facility's id where there is one, else the hash of its name."""
        found = {name: tenant_of_name(name) for name in METERED}
        return found | {CLAIMANT: tenant_of_facility(home), OWN: tenant_of_facility(facility)}

    def _split(self, facility: int, tenants: dict[str, bytes], totals: AccountTotals) -> StoredAllocation:
        month = self.facts.month
        weights = dict(sorted((tenants[name], kwh) for name, kwh in METERED.items()))
        allocation = Allocation(shares_of(totals.amounts, weights), totals.amounts)
        stored = write(self.out / "allocation", allocation, audited_id(facility, month.number), totals.version)
        receipt = self._as("operator").commit(facility, month, allocation, totals)
        what = f"commit {_said(totals.amounts)} among {len(METERED)} by metered kWh"
        self._did(what, "operator", receipt, "illustrative")
        return stored

    def _prove_share(self, stored: StoredAllocation, tenant: bytes, name: str) -> TenantProof:
        """A tenant's proof from its file, checked offline and on chain."""
        path = self.out / _file(name)
        self._ledger.tenant_proof(stored, tenant).write(path)
        proof = TenantProof.read(path)
        totals = proof.verify()
        found = self._as(CLAIMANT_ACCOUNT).share_of(proof)
        if found.totals != totals or not found.current:
            raise CarbonTokensError("the chain proves another share than the file", where=path.name)
        self._say(Step(f"{path.name}: {_said(found.amounts)}; proven offline and on chain"))
        return proof

    def _verify_share(self, path: Path) -> None:
        """As a second process, which has the file and the chain, and nothing of this one."""
        command = [sys.executable, "-m", "carbon_tokens.cli", "share", "verify", str(path), "--json"]
        command += [*self.chain_options, "--deployment", str(self.out / "deployments")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
        try:
            found = json.loads(done.stdout)
        except ValueError as error:
            raise CarbonTokensError(f"share verify did not answer: {done.stderr[-500:]}", where=path.name) from error
        if not (found["verified"] and found.get("chain_checked")):
            raise CarbonTokensError(f"share verify says {found}", where=path.name)
        self._say(Step(f"verify {path.name} in a second process: verified", "anyone"))

    def _claim_share(self, proof: TenantProof, home: int) -> None:
        ledger = self._as(CLAIMANT_ACCOUNT)
        receipt = ledger.claim_share(proof, into=home)
        own = ledger.account(home, self.facts.month)
        what = f"claim the share: scope 3 of {CLAIMANT}'s own account is {own.allocated_location:,} g location-based, "
        self._did(f"{what}{own.allocated_market:,} g market-based", CLAIMANT, receipt)

    def _claim_again(self, proof: TenantProof) -> None:
        try:
            self._as(CLAIMANT_ACCOUNT).claim_share(proof)
        except Reverted as refusal:
            if refusal.error != "ShareAlreadyClaimed":
                raise
            self._say(Step(f"claim it again: refused, {refusal.what}", CLAIMANT))
        else:
            raise CarbonTokensError("a second claim of the same share was accepted", where="claim_share")

    def _shares(self, proofs: dict[str, TenantProof], totals: AccountTotals, home: int) -> dict[str, object]:
        """Each tenant's share, their sums, and the account's totals, which the sums must equal."""
        shares = {name: _json(proof.share.share.amounts) for name, proof in proofs.items()}
        sums = {key: sum(each[key] for each in shares.values()) for key in _json(totals.amounts)}
        if sums != _json(totals.amounts):
            raise CarbonTokensError(f"the shares add up to {sums}, the account is {_json(totals.amounts)}")
        self._say(Step(f"sums of all shares equal the account: {_said(Amounts(**sums))}"))
        own = self._ledger.account(home, self.facts.month)
        return {
            "version": totals.version,
            "shares": shares,
            "sums": sums,
            "account": _json(totals.amounts),
            "equal": True,
            "claimed_by": CLAIMANT,
            "claimant_scope3_location_g": own.allocated_location,
            "claimant_scope3_market_g": own.allocated_market,
        }


def _file(name: str) -> str:
    return f"share-{name.lower().replace(' ', '-')}.json"


def _said(amounts: Amounts) -> str:
    return f"{amounts.energy_wh:,} Wh, {amounts.location_g:,} g location-based, {amounts.market_g:,} g market-based"


def _json(amounts: Amounts) -> dict[str, int]:
    return {"energy_wh": amounts.energy_wh, "location_g": amounts.location_g, "market_g": amounts.market_g}
