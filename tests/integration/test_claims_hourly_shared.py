"""A claim with all that a month can hold: a panel's signatures, shares of other accounts, the hourly basis.

Its proof verifies on every chain, and every field of it is caught when it is changed.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from carbon_tokens.allocation.shares import Allocation, Share, StoredAllocation, tenant_of_facility, tenant_of_name
from carbon_tokens.claims import Documents, bytecode, onchain, prove, verify
from carbon_tokens.claims.account_events import Closed
from carbon_tokens.claims.offline import checks as offline_checks
from carbon_tokens.claims.onchain import checks as chain_checks
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.verifying import input_check, relies_on
from carbon_tokens.demo import Facts
from carbon_tokens.errors import ProofError, Reverted, StatementError
from carbon_tokens.factors import egrid
from carbon_tokens.ledger import Batch, Chain, Ledger, Message, account, audits, closing, merged
from carbon_tokens.ledger.contracts import Contract
from carbon_tokens.ledger.documents import audit_of, factors_of
from carbon_tokens.ledger.hours import GranularCertificate, HourlyVector
from carbon_tokens.ledger.ids import HOURLY, OFFSET, REC, allocated_id, audited_id, note
from carbon_tokens.ledger.ledger import open_journal
from carbon_tokens.ledger.writer import Writer
from carbon_tokens.statements import MethodReference, build_without_energy
from tests.integration.conftest import CHAINS, grant_roles
from tests.integration.test_tampering import changed, leaves, other

FACTS = Facts()
MONTH = FACTS.month
SALT = b"s" * 32
Json = dict[str, Any]
# Hundreds of verifications: they ask the same of every chain, and this one answers at once.
EMBEDDED = pytest.mark.parametrize("world", ["embedded"], indirect=True)


class World:
    """A ledger, and a facility that claims the demonstration's month hour by hour, with a share of another's."""

    def __init__(self, chain: Chain, options: dict[str, Any], folder: Path) -> None:
        self.chain, self.options, self.folder = chain, options, folder
        self.documents = Documents(folder / "documents")
        signer = account("dev:admin", chain)
        self.admin = Ledger.deploy(chain, signer, deployments=folder, home=folder)
        grant_roles(self.admin)
        release = egrid.release(FACTS["factor"]["year"], FACTS["factor"]["edition"])
        self.by("publisher").publish_factors(release, factors_of(release.rates))
        self.facility, self.provider = self._facility("operator", "own"), self._facility("anyone", "provider")
        self.members = [self.by("auditor"), self.by("auditor-2")]
        self.by("registrar").set_panel(self.facility, 1, [self._address("auditor")])
        self.by("registrar").set_panel(self.facility, 2, [self._address("auditor"), self._address("auditor-2")])
        self._audit()
        self.share(1_000_000, version=1)
        self.together(closing(self.facility, MONTH.number, self.admin.split_version(self.facility, MONTH)))
        self.cover()
        self.claim = self.by("operator").claim(self.facility, MONTH, basis=HOURLY).id or 0
        self.path = folder / "proof.json"
        self.proof = prove(self.admin, self.claim, self.path, self.documents)
        self.content: Json = json.loads(self.path.read_text())

    def by(self, name: str) -> Ledger:
        return self.admin.using(account(f"dev:{name}", self.chain))

    def _address(self, name: str) -> str:
        return account(f"dev:{name}", self.chain).address

    def _facility(self, owner: str, text: str) -> int:
        metadata = self.documents.put(json.dumps({"name": text}).encode())
        return self.by(owner).add_facility("MROW", "US", metadata).id or 0

    def together(self, message: Message) -> None:
        """The panel's two auditors sign apart; anyone submits."""
        deadline = self.chain.time() + 86_400
        self.by("operator").submit(merged(*(each.sign(message, deadline) for each in self.members)))

    def _audit(self) -> None:
        statements = FACTS.statements(self.facility)
        for each in statements:
            self.documents.put(each)
        self.together(audits(*(audit_of(each, number) for number, each in enumerate(statements, 1))))
        self.together(closing(self.facility, MONTH.number, len(statements)))

    def share(self, grams: int, version: int) -> None:
        """The provider's month of that many g, of which three quarters are the facility's share."""
        statement = build_without_energy(
            self.provider, MONTH, method=MethodReference.shipped(), quality="D", scope1_g=grams, notes=[str(version)]
        )
        self.documents.put(statement)
        auditor, owner = self.by("auditor"), self.by("anyone")
        if version == 1:
            auditor.audit(audit_of(statement, 1))
            auditor.close(self.provider, MONTH)
        else:
            auditor.restate(replace(audit_of(statement, version), meter=bytes(32), start=0, end=0))
        totals = owner.totals_to_split(self.provider, MONTH)
        mine = grams * 3 // 4
        shares = [Share(tenant_of_facility(self.facility), 0, mine, mine, SALT)]
        shares.append(Share(tenant_of_name("another"), 0, grams - mine, grams - mine, SALT))
        split = Allocation(shares, totals.amounts)
        owner.commit(self.provider, MONTH, split, totals)
        stored = StoredAllocation(split, audited_id(self.provider, MONTH.number), totals.version)
        self.by("operator").claim_share(owner.tenant_proof(stored, tenant_of_facility(self.facility)))

    def cover(self) -> None:
        """RECs of every hour but those of the last day, offsets for the rest, and the match of the panel."""
        operator, issuer = self.by("operator"), self.by("rec-issuer")
        assert operator.signer
        energy = self.admin.account(self.facility, MONTH).energy
        consumption = HourlyVector(MONTH, (1,) * MONTH.hours).spread(energy)
        generation = HourlyVector(MONTH, (*consumption.hours[:-24], *(0,) * 24))
        certificate = GranularCertificate("NAR", b"d" * 32, generation)
        source = issuer.add_source(REC, "NAR", note("W1"), "US", grid_region="MROW").id or 0
        issuer.issue_granular(source, certificate, (1, 8), operator.signer.address)
        operator.retire_granular(certificate, self.facility)
        offsets = self.by("offset-issuer")
        project = offsets.add_source(OFFSET, "VCS", note("P1"), "US").id or 0
        batch = Batch(b"o" * 32, 9_000_000, 1, 9, MONTH.start, MONTH.end)
        (token,) = offsets.issue(project, [batch], operator.signer.address).ids
        operator.retire(self.facility, MONTH, [token], [4_000_000])
        deadline = self.chain.time() + 86_400
        signed = merged(*(each.sign_match(self.facility, consumption, deadline) for each in self.members))
        self.by("anyone").match_hours(self.facility, consumption, [certificate], signed)

    def reasons(self, content: Json) -> list[str]:
        """Why a proof that somebody changed and sealed again is refused, at all depths."""
        try:
            proof = Proof.from_json(content).sealed()
        except StatementError as error:
            return [str(error)]
        checks = [*offline_checks(proof), input_check(proof, FACTS.folder), *chain_checks(proof, self.chain)]
        return [reason for check in checks for reason in check.reasons]


@pytest.fixture(scope="module", params=CHAINS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp(f"claims-{request.param}")
    if request.param == "embedded":
        options: dict[str, Any] = {"state": folder / "chain.db"}
        chain = Chain.connect(**options)
    else:
        options = {"rpc": request.getfixturevalue(request.param)}
        chain = Chain.connect(options["rpc"])
    found = World(chain, options, folder)
    yield found
    found.admin.close_files()
    chain.close()


def test_the_proof_verifies_at_all_depths_and_against_the_trusted_contracts(world: World) -> None:
    found = verify(world.path, inputs=FACTS.folder, deployments=world.folder, **world.options)
    assert found.verified, found.reasons
    assert found.depths == {"offline": True, "inputs": True, "chain": True} and found.notes == ()


def test_the_totals_are_those_of_the_hand_calculation(world: World) -> None:
    """7,906,880 Wh in 720 hours are 10,981 Wh in each, 1 Wh more in 560 of them; the last 24 h are not matched."""
    (month,) = world.proof.months
    assert month.matching and world.proof.claim.basis == "hourly"
    unmatched = month.matching.unmatched_wh
    assert month.matching.matched_wh + unmatched == 7_906_880 and 24 * 10_981 <= unmatched <= 24 * 10_982
    location = 102_427 + 3_597_457 + 1_400_000 + 750_000
    market = 102_427 + 1_400_000 + 750_000 + -(-3_597_457 * unmatched // 7_906_880)
    assert (month.totals.gross_location_g, month.totals.gross_market_g) == (location, market)
    assert month.totals.net_g == market - 4_000_000
    assert (month.account.allocated_location_g, month.account.allocated_market_g) == (750_000, 750_000)
    owner = world.proof.facility.owner
    assert world.admin.balance(owner, allocated_id(world.facility, MONTH.number)) == 750_000
    assert world.admin.totals(world.facility, MONTH, HOURLY) == (location, market, market - 4_000_000)


def test_the_auditors_behind_their_contract_and_their_panel_are_named(world: World) -> None:
    trusted = relies_on(world.proof)
    members = sorted((str(each.signer.address) for each in world.members if each.signer), key=lambda one: int(one, 16))
    assert trusted["auditors"] == sorted(members)
    assert trusted["panels"] == [f"2 of 2: {', '.join(members)}"]
    assert trusted["hours"] == sorted(members)
    assert [panel.quorum for panel in world.proof.panels] == [1, 2]


def test_a_share_reopened_the_month_and_left_its_version(world: World) -> None:
    (month,) = world.proof.months
    kinds = [event.event for event in month.events if event.event in ("Audited", "Closed", "Allocated")]
    assert kinds[-3:] == ["Closed", "Allocated", "Closed"]
    assert (month.account.version, month.account.shares) == (len(kinds) - 3, 1)
    last = [event.version for event in month.events if isinstance(event, Closed)]
    assert last == [month.account.version, month.account.version | 1 << 16]
    assert world.proof.claim.versions == month.account.version


@EMBEDDED
def test_a_change_of_any_field_by_somebody_who_seals_the_file_again_is_found(world: World) -> None:
    paths = [path for path in leaves(world.content) if path != ("sha256",)]
    assert len(paths) > 250
    assert [path for path in paths if not world.reasons(changed(world.content, path, other))] == []


@EMBEDDED
def test_an_omitted_or_repeated_panel_event_or_signer_is_found(world: World) -> None:
    event = ("months", 0, "events", 0)
    for path in (("panels",), ("months", 0, "events"), (*event, "attested"), ("contracts",), ("panels", 1, "members")):
        place: Any = world.content
        for key in path:
            place = place[key]
        assert place, path
        for number in range(len(place)):
            omitted = changed(world.content, path, lambda items, n=number: items[:n] + items[n + 1 :])
            repeated = changed(world.content, path, lambda items, n=number: [*items, items[n]])
            assert world.reasons(omitted) and world.reasons(repeated), (path, number)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("claim", "basis"), "annual", "not of this facility, these months and this basis"),
        (("months", 0, "matching"), None, "belongs to the hourly basis"),
        (("months", 0, "matching", "version"), 1, "were matched at version 1"),
        (("months", 0, "matching", "matched_wh"), 7_906_880, "are matched and unmatched"),
        (("months", 0, "matching", "auditors"), [], "nobody confirmed the hours, which is not 2 of 2"),
        (("months", 0, "account", "shares"), 0, "shares is 0, its events come to 1"),
        (("months", 0, "account", "allocated_market_g"), 0, "allocated_market_g is 0, its events come to 750000"),
        (("months", 0, "events", 0, "attested"), [], "signed by 0 auditors"),
        (("factors", 0, "market_zone"), "EU", "of market EU, the facility of US"),
        (("panels",), [], "was given 2 panels until the claim"),
    ],
)
def test_the_reason_says_what_is_wrong(world: World, path: tuple[Any, ...], value: object, sentence: str) -> None:
    reasons = world.reasons(changed(world.content, path, lambda _: value))
    assert any(sentence in reason for reason in reasons), reasons


def test_a_share_that_is_left_out_with_its_sums_is_found_on_the_chain(world: World) -> None:
    """A forger who also lowers the totals gets past the arithmetic, and not past the chain."""
    content = copy.deepcopy(world.content)
    month = content["months"][0]
    (place,) = [n for n, event in enumerate(month["events"]) if event["event"] == "Allocated"]
    reclosed = [n for n, event in enumerate(month["events"]) if event["event"] == "Closed"][-1]
    for number in (reclosed, place):
        del month["events"][number]
    for name in ("allocated_location_g", "allocated_market_g", "shares"):
        month["account"][name] = 0
    for name in ("gross_location_g", "gross_market_g", "net_g"):
        month["totals"][name] -= 750_000
    proof = Proof.from_json(content).sealed()
    assert [reason for check in offline_checks(proof) for reason in check.reasons] == []
    assert any("allocated_location_g is 750000 on the chain, 0 here" in reason for reason in world.reasons(content))


def test_a_contract_that_names_another_in_the_place_of_one_of_this_deployment_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = onchain._views(world.proof, world.chain)
    assert list(bytecode.crossed(views)) == []
    monkeypatch.setattr(bytecode, "LINKS", (("CarbonTokens", "auditors", "Allocations"),))
    (fault,) = bytecode.crossed(views)
    assert fault.startswith(f"CarbonTokens takes {world.admin.address('Auditors')} for Allocations")


def test_a_contract_that_another_took_over_from_is_noted_and_its_claims_stay(world: World, tmp_path: Path) -> None:
    """Nearly last of this file: nothing new can be claimed afterwards."""
    names = ("CarbonTokens", "HourlyMatching")
    data = Contract.load("NetEmissions").creation([world.admin.address(name) for name in names])
    with open_journal(world.chain, tmp_path) as journal:
        writer = Writer(world.chain, account("dev:admin", world.chain), journal, {})
        successor = writer.write("deploy a successor", "", data).address
    world.admin.supersede("NetEmissions", successor)
    found = verify(world.path, inputs=FACTS.folder, **world.options)
    assert found.verified, found.reasons
    (noted,) = found.notes
    assert noted == f"NetEmissions is superseded by {successor}; what stands in it stays"
    with pytest.raises(Reverted, match="took over from this one") as refusal:
        world.by("operator").claim(world.facility, MONTH, basis=HOURLY)
    assert refusal.value.error == "SupersededBy"


def test_a_share_of_a_restated_account_replaces_the_earlier_and_breaks_the_proof(world: World, tmp_path: Path) -> None:
    """Last of this file: the month is open afterwards."""
    world.share(2_000_000, version=2)
    assert world.admin.account(world.facility, MONTH).allocated_location == 1_500_000
    found = verify(world.path, inputs=FACTS.folder, **world.options)
    assert not found.verified
    assert any("allocated_location_g is 1500000 on the chain, 750000 here" in reason for reason in found.reasons)
    assert any("closed is False on the chain, True here" in reason for reason in found.reasons)
    assert not any("it was changed since" in reason for reason in found.reasons)  # only auditors raise the version
    with pytest.raises(ProofError, match="does not hold now"):
        prove(world.admin, world.claim, tmp_path / "proof.json", world.documents)
