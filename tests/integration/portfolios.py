"""Small worlds for the tests of portfolios: a ledger on an embedded chain, facilities, their months, and proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import rfc8785

from carbon_tokens.allocation.shares import Allocation, shares_of, tenant_of_facility, tenant_of_name, write
from carbon_tokens.claims import Documents, prove
from carbon_tokens.demo.hall import Hall
from carbon_tokens.energy import Reading
from carbon_tokens.factors import egrid
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.documents import CLASSES, audit_of, batch_of, factors_of
from carbon_tokens.ledger.ids import BASES, audited_id, note
from carbon_tokens.periods import Month
from carbon_tokens.statements import (
    CertificateBatch,
    FactorReference,
    MethodReference,
    Restatement,
    Statement,
    build,
    restate,
)
from tests.integration.conftest import grant_roles

REGIONS = ("MROW", "ERCT", "CAMX")
T = 1_000_000


def reading(month: Month, wh: int, meter: str, file: str = "", row: int = 2, quality: str = "B") -> Reading:
    """A whole month of a meter, from a row of a bill."""
    name = file or f"{meter}.csv"
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Reading("Prairie Power", meter, month.start, month.end, wh, "bills", name, digest, (row, row), quality)


def batch(
    registry: str, device: str, first: int, count: int, year: int, *, kind: str = "rec", document: str = ""
) -> CertificateBatch:
    """Serials of a device, one MWh or t each, with a vintage of a year."""
    start, end = Month.parse(f"{year}-01").start, Month.parse(f"{year + 1}-01").start
    serials = f"{registry}-{device}-{first} to {first + count - 1}"
    digest = "0x" + hashlib.sha256((document or serials).encode()).hexdigest()
    return CertificateBatch(kind, registry, device, serials, first, first + count - 1, count * T, start, end, digest)


class World:
    """A deployed ledger on a chain of its own; proofs go into ``proofs``."""

    def __init__(self, folder: Path, proofs: Path, year: int = 2021) -> None:
        self.state, self.proofs = folder / "chain.db", proofs
        self.folder, self._sources = folder, dict[tuple[str, str, str], int]()
        folder.mkdir(parents=True)
        self.chain = Chain.connect(state=self.state)
        self.documents = Documents(folder / "documents")
        admin = account("dev:admin", self.chain)
        self.ledger = Ledger.deploy(self.chain, admin, deployments=folder / "deployments", home=folder)
        grant_roles(self.ledger)
        release = egrid.release(year, "power-profiler")
        rates = tuple(each for each in release.rates if each.region in REGIONS)
        self.by("publisher").publish_factors(release, factors_of(rates))
        self._factors = {each.region: FactorReference.of(each) for each in rates}

    def close(self) -> None:
        self.ledger.close_files()
        self.chain.close()

    def by(self, name: str) -> Ledger:
        return self.ledger.using(account(f"dev:{name}", self.chain))

    def facility(self, name: str, region: str = "MROW", owner: str = "operator") -> int:
        metadata = self.documents.put(rfc8785.dumps({"name": name}))
        return self.by(owner).add_facility(region, "US", metadata).id or 0

    def statement(
        self, facility: int, taken: Reading, region: str = "MROW", *, scope1_g: int = 0, scope3_g: int = 0
    ) -> Statement:
        method = MethodReference.shipped()
        factor = self._factors[region]
        return build(taken, factor, facility=facility, method=method, scope1_g=scope1_g, scope3_g=scope3_g)

    def audit(self, document: Statement | Restatement) -> None:
        """Puts a statement or restatement on the ledger, and closes the month if it is open."""
        self.documents.put(document)
        facility, auditor = int(document.facility, 16), self.by("auditor")
        version = self.ledger.account(facility, document.month).version + 1
        if isinstance(document, Restatement):
            auditor.restate(audit_of(document, version))
        else:
            auditor.audit(audit_of(document, version))
            auditor.close(facility, document.month)

    def issue(self, document: CertificateBatch, technology: str = "wind", holder: str = "operator") -> int:
        self.documents.put(document)
        issuer = self.by(f"{document.token_class}-issuer")
        key = (document.token_class, document.registry, document.source)
        if key not in self._sources:
            kind, device = CLASSES[document.token_class], note(document.source)
            added = issuer.add_source(kind, document.registry, device, "US", grid_region="MROW", technology=technology)
            self._sources[key] = added.id or 0
        report = issuer.issue(self._sources[key], [batch_of(document)], account(f"dev:{holder}", self.chain).address)
        return report.ids[0]

    def retire(self, facility: int, month: Month, tokens: dict[int, int], owner: str = "operator") -> None:
        self.by(owner).retire(facility, month, list(tokens), list(tokens.values()))

    def claim(
        self, facility: int, first: Month, last: Month, file: str, owner: str = "operator", basis: str = "annual"
    ) -> Path:
        """Claims and proves months."""
        claim = self.by(owner).claim(facility, first, last, BASES[basis]).id or 0
        prove(self.ledger, claim, self.proofs / file, self.documents)
        return self.proofs / file

    def neutral(self, document: Statement, tokens: dict[int, int], file: str, owner: str = "operator") -> Path:
        """A month from its statement to its proof."""
        facility, month = int(document.facility, 16), document.month
        self.audit(document)
        self.retire(facility, month, tokens, owner)
        return self.claim(facility, month, month, file, owner)

    def restated(self, documents: Sequence[Statement], wh: int, reason: str) -> None:
        """Restates a month to another energy."""
        first = documents[0]
        scopes = {name: sum(getattr(each, name) for each in documents) for name in ("scope1_g", "scope3_g")}
        method, factor = MethodReference.shipped(), first.factor
        self.audit(restate(documents, reason, energy_wh=wh, factor=factor, method=method, quality="C", **scopes))

    def hall(self, offsets: int, file: str) -> Path:
        """The hall of the demonstration, whose hours are matched, claimed by the hour."""
        hall = Hall(self.chain, self.folder, self.ledger, self.documents)
        facility, month = hall.run(), hall.facts.month
        self.retire(facility, month, {offsets: 40 * T})
        return self.claim(facility, month, month, file, basis="hourly")

    def share(self, provider: int, tenant: int, month: Month, parts: tuple[int, int]) -> None:
        """Splits a month between a tenant (of broker) and a name, and claims the tenant's part into its account."""
        totals = self.ledger.totals_to_split(provider, month)
        weights = {tenant_of_facility(tenant): parts[0], tenant_of_name("Somebody Ltd"): parts[1]}
        allocation = Allocation(shares_of(totals.amounts, dict(sorted(weights.items()))), totals.amounts)
        where = self.folder / f"split-{month}"
        stored = write(where, allocation, audited_id(provider, month.number), totals.version)
        self.by("operator").commit(provider, month, allocation, totals)
        proof = self.by("broker").tenant_proof(stored, tenant_of_facility(tenant))
        self.by("broker").claim_share(proof, into=tenant)


def renamed(document: Statement, utility: str) -> Statement:
    """The same rows of the same file under another utility's name, which makes it another meter."""
    from carbon_tokens.energy.meters import meter_id

    meter = "0x" + meter_id(utility, document.meter_number).hex()
    return replace(document, utility=utility, meter=meter)
