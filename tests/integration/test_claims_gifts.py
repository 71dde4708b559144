"""What others do to an account cannot take its proof away: odd certificates given to it, a restatement of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_tokens.claims import Documents, prove, verify
from carbon_tokens.claims.account_events import Confirmed
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.verifying import Verification, relies_on
from carbon_tokens.demo import Facts
from carbon_tokens.errors import ProofError
from carbon_tokens.factors import egrid
from carbon_tokens.ledger import Batch, Chain, Ledger, account
from carbon_tokens.ledger.contracts import code_text
from carbon_tokens.ledger.documents import audit_of, batch_of, factors_of
from carbon_tokens.ledger.ids import OFFSET, REC, note
from carbon_tokens.statements import CertificateBatch, Statement
from tests.integration.conftest import grant_roles

FACTS = Facts()
MONTH = FACTS.month
ODD = b"\xc3\xa9\xff NAR".ljust(12, b"\0")  # neither ASCII nor UTF-8


class World:
    """The demonstration's facility-month, audited and not closed, with offsets for all of it."""

    def __init__(self, folder: Path) -> None:
        self.state, self.folder = folder / "chain.db", folder
        self.chain = Chain.connect(state=self.state)
        self.admin = Ledger.deploy(self.chain, account("dev:admin", self.chain), deployments=folder, home=folder)
        grant_roles(self.admin)
        release = egrid.release(FACTS["factor"]["year"], FACTS["factor"]["edition"])
        self.by("publisher").publish_factors(release, factors_of(release.rates))
        self.documents = Documents(folder / "documents")
        metadata = self.documents.put(FACTS.description())
        self.facility = self.by("operator").add_facility("MROW", "US", metadata).id or 0
        self.audited: list[Statement] = FACTS.statements(self.facility)
        for number, document in enumerate(self.audited, 1):
            self.documents.put(document)
            self.by("auditor").audit(audit_of(document, number))
        self.given("offset-issuer", OFFSET, "VCS", Batch(b"o" * 32, 9_000_000, 1, 9, MONTH.start, MONTH.end))

    def by(self, name: str) -> Ledger:
        return self.admin.using(account(f"dev:{name}", self.chain))

    def given(self, issuer: str, kind: int, registry: str, batch: Batch) -> str:
        """A batch that its issuer issues and itself retires into the month; its token."""
        one = self.by(issuer)
        source = one.add_source(kind, registry, note("G1"), "US", grid_region="MROW" if kind == REC else "").id or 0
        (token,) = one.issue(source, [batch]).ids
        one.retire(self.facility, MONTH, [token], [batch.amount])
        return f"0x{token:064x}"

    def proved(self) -> tuple[Proof, Verification]:
        """Closes, claims, proves and verifies on the chain."""
        self.by("auditor").close(self.facility, MONTH)
        claim = self.by("operator").claim(self.facility, MONTH).id or 0
        proof = prove(self.admin, claim, self.folder / "proof.json", self.documents)
        return proof, verify(self.folder / "proof.json", inputs=FACTS.folder, state=self.state)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.admin.close_files()
    found.chain.close()


def test_a_gift_of_a_registry_whose_code_is_no_ascii_leaves_the_proof_verifiable(world: World) -> None:
    token = world.given("rec-issuer", REC, code_text(ODD), Batch(b"g" * 32, 1_000, 1, 1, MONTH.start, MONTH.end))
    proof, found = world.proved()
    assert found.verified, found.reasons
    (source,) = [each for each in proof.sources if each.token_class == "rec"]
    assert source.registry == "0x" + ODD.hex()
    assert token in [each.id for each in proof.tokens]


def test_a_gift_under_the_hash_of_another_document_has_none_and_says_so(world: World) -> None:
    """A statement of the facility, and a batch of another registry: both are at hand, neither is the gift's."""
    row = FACTS.certificates()[0]
    genuine: CertificateBatch = row.document
    world.documents.put(genuine)
    batch = Batch(world.audited[0].evidence, 1_000, 1, 1, MONTH.start, MONTH.end)
    gifts = [world.given("rec-issuer", REC, "OTHER", batch)]
    gifts.append(world.given("rec-issuer", REC, "THIRD", batch_of(genuine)))
    proof, found = world.proved()
    assert found.verified, found.reasons
    undocumented = relies_on(proof)["undocumented"]
    assert isinstance(undocumented, list) and set(gifts) <= set(undocumented)


def test_an_audit_under_the_hash_of_a_batch_lacks_its_document(world: World) -> None:
    genuine = FACTS.certificates()[0].document
    world.documents.put(genuine)
    (_, other) = world.audited
    world.by("auditor").audit(replace(audit_of(other, 3), evidence=genuine.evidence, scope1=1, scope3=0))
    with pytest.raises(ProofError, match=f"the document 0x{genuine.evidence.hex()} is not at hand"):
        world.proved()


def test_a_restatement_may_cite_a_period_that_it_replaces(world: World) -> None:
    document = FACTS.restatement(world.audited)
    world.documents.put(document)
    (power, _) = world.audited
    cited = {"meter": bytes.fromhex(power.meter[2:]), "start": power.start, "end": power.end}
    world.by("auditor").restate(replace(audit_of(document, 3), **cited))  # type: ignore[arg-type]
    proof, found = world.proved()
    assert found.verified, found.reasons
    meters = [event.meter for event in proof.months[0].events if isinstance(event, Confirmed)]
    assert meters.count(power.meter) == 2
