"""Good claims of every kind, as proofs and as bundles: what the corpus of the verifiers is made from.

All stand on two embedded chains: the demonstration (restated and renewed, its month split among tenants), two months in
one claim, a fleet's month, a disallowance; and a month with a panel, claimed shares and hours that were matched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon_tokens.claims import Documents, bundling, prove
from carbon_tokens.claims import proof as proofs
from carbon_tokens.demo import AllocatedDemo, Facts
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.documents import audit_of
from carbon_tokens.periods import Month
from carbon_tokens.statements import Input, MethodReference, build_without_energy, salts
from tests.fleet_statements import APRIL, state
from tests.fleet_statements import DEMO as FLEET
from tests.integration.test_claims_hourly_shared import World

FACTS = Facts()
MAY, JUNE = Month.parse("2021-05"), Month.parse("2021-06")
Json = dict[str, Any]


@dataclass(frozen=True)
class Good:
    """A file that verifies, and the hash of its last block."""

    name: str
    content: Json
    block_hash: str

    @property
    def data(self) -> bytes:
        """The file."""
        return json.dumps(self.content).encode()

    @property
    def is_bundle(self) -> bool:
        return str(self.content["type"]).startswith("carbon-tokens/bundle")


class Demonstrated:
    """The demonstration's chain, and what is claimed there afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.chain = folder, Chain.connect(state=folder / "chain.db")
        found = AllocatedDemo(self.chain, ["--state", str(folder / "chain.db")], folder, lambda _: None).run()
        self.path, self.documents = Path(str(found["proof"])), Documents(folder / "documents")
        self.facility, self.claim = int(str(found["facility"]), 16), int(str(found["claim_id"]), 16)
        tokens = proofs.read(self.path).tokens
        self.offset = next(int(token.id, 16) for token in tokens if token.id.startswith("0x03"))

    def by(self, name: str) -> Ledger:
        signer = account(f"dev:{name}", self.chain)
        return Ledger.connect(self.chain, signer, deployments=self.folder / "deployments", home=self.folder)

    def good(self) -> Iterator[Good]:
        shares = [TenantProof.read(path) for path in sorted(self.folder.glob("share-*.json"))]
        yield from pair("demo", self.by("anyone"), self.path, inputs=FACTS.folder, shares=shares)
        self._months()
        yield from self._proven("months", self.facility, (MAY, JUNE), inputs=self.folder / "salted")
        yield from self._proven("fleet", self._fleet(), (APRIL,), inputs=FLEET)
        self.by("auditor").disallow(self.facility, FACTS.month, self.offset, 1_000_000, b"\x01" * 32)
        self.by("operator").retire(self.facility, FACTS.month, [self.offset], [1_000_000])
        yield from self._proven("disallowed", self.facility, (FACTS.month,), inputs=FACTS.folder)

    def _months(self) -> None:
        """Statements that name their private file by a salted commitment."""
        (self.folder / "salted").mkdir()
        (self.folder / "salted" / "fuel.csv").write_bytes(b"litres\n1\n")
        fuel = Input("fuel.csv", "document", "0x" + hashlib.sha256(b"litres\n1\n").hexdigest(), 0, 0)
        for month in (MAY, JUNE):
            plain = build_without_energy(
                self.facility, month, method=MethodReference.shipped(), quality="D", scope1_g=1_000, documents=[fuel]
            )
            statement = salts.salted(plain, salts.kept(plain, self.folder / "salted"))
            self._audited(statement, month, self.facility)
            self.by("operator").retire(self.facility, month, [self.offset], [1_000])

    def _fleet(self) -> int:
        metadata = self.documents.put(b"a fleet's site")
        facility = self.by("operator").add_facility("MROW", "US", metadata).id or 0
        self._audited(state(facility=facility), APRIL, facility)
        self.by("operator").retire(facility, APRIL, [self.offset], [50_000])
        return facility

    def _audited(self, statement: Any, month: Month, facility: int) -> None:
        self.documents.put(statement)
        self.by("auditor").audit(audit_of(statement, 1))
        self.by("auditor").close(facility, month)

    def _proven(self, name: str, facility: int, months: tuple[Month, ...], **more: Any) -> Iterator[Good]:
        claim = self.by("operator").claim(facility, months[0], months[-1]).id or 0
        path = self.folder / f"{name}.json"
        prove(self.by("anyone"), claim, path, self.documents)
        return pair(name, self.by("anyone"), path, **more)


def pair(name: str, ledger: Ledger, path: Path, **more: Any) -> Iterator[Good]:
    """A proof and its bundle."""
    proof = proofs.read(path)
    made = bundling.bundle(ledger, proof, path.with_name(f"{name}-bundle.json"), **more)
    yield Good(name, json.loads(path.read_text()), proof.claim.at.block_hash)
    last = max(made.places, key=lambda place: place[1].block)[1].block_hash
    yield Good(f"{name} bundle", json.loads(path.with_name(f"{name}-bundle.json").read_text()), last)


def good(folder: Path) -> list[Good]:
    """Every good file; takes some seconds."""
    (folder / "demo").mkdir(parents=True)
    (folder / "hours").mkdir()
    demo = Demonstrated(folder / "demo")
    found = list(demo.good())
    demo.chain.close()
    chain = Chain.connect(state=folder / "hours" / "chain.db")
    world = World(chain, {"state": folder / "hours" / "chain.db"}, folder / "hours")
    found += pair("hours", world.admin, world.path, inputs=FACTS.folder)
    chain.close()
    return found
