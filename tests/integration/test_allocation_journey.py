"""An account is split among tenants, proven, claimed, restated and split again, on real contracts of every chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_tokens.allocation.shares import (
    Allocation,
    Amounts,
    Share,
    StoredAllocation,
    shares_of,
    split,
    tenant_of_facility,
    tenant_of_name,
)
from carbon_tokens.errors import AllocationError, LedgerError, Reverted, ShareNotProven, SharesNotEqualTotal
from carbon_tokens.ledger import Audit, Batch, Chain, Ledger, account
from carbon_tokens.ledger.allocating import Claimed, TenantProof
from carbon_tokens.ledger.ids import REC, audited_id, meter_id, note, totals_version
from carbon_tokens.periods import Month

MONTH = Month.parse("2023-07")
ENERGY, SCOPE1, SCOPE2, RESIDUAL, SCOPE3 = 10_000_000, 100_000, 4_000_000, 4_500_000, 300_000
RECS = 2_500_000
# By hand: location 100,000 + 4,000,000 + 300,000; market 100,000 + 4,500,000 x 7.5/10 + 300,000.
WHOLE = Amounts(10_000_000, 4_400_000, 3_775_000)
WEIGHTS = {"tenant": 5, "other": 3, "house": 2}

Deploy = Callable[..., Ledger]


class World:
    """A closed month of the operator's, covered in part, and a tenant with a facility of its own."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.names = ledger, dict[str, bytes]()
        self.facility = self.by("operator").add_facility("CAMX", "US", note("split site")).id or 0
        self.home = self.by("broker").add_facility("ERCT", "US", note("tenant's own site")).id or 0
        self.names = {"tenant": tenant_of_facility(self.home), "other": tenant_of_name("Other Ltd")}
        self.names["house"] = tenant_of_facility(self.facility)
        self.audit()
        self.retire()
        self.by("auditor").close(self.facility, MONTH)

    def by(self, name: str) -> Ledger:
        return self.ledger.using(account(f"dev:{name}", self.ledger.chain))

    def audit(self) -> None:
        self.by("auditor").audit(self.statement(1, ENERGY, meter_id("Utility", "7"), MONTH.start, MONTH.end))

    def statement(self, version: int, energy: int, meter: bytes = bytes(32), start: int = 0, end: int = 0) -> Audit:
        """Scope 2 declared by another published method, so that its amounts can be chosen."""
        figures = (energy, SCOPE1, SCOPE2, RESIDUAL, SCOPE3)
        return Audit(self.facility, MONTH.number, version, *figures, start, end, meter, bytes(32), note(f"v{version}"))

    def retire(self) -> None:
        issuer = self.by("rec-issuer")
        source = issuer.add_source(REC, "NAR", note("wind 9"), "US", grid_region="CAMX", technology="wind").id or 0
        batch = Batch(note("batch"), 3_000_000, 1, 3, MONTH.start, MONTH.end)
        (token,) = issuer.issue(source, [batch], account("dev:operator", self.ledger.chain).address).ids
        self.by("operator").retire(self.facility, MONTH, [token], [RECS])

    def allocation(self, weights: dict[str, int] = WEIGHTS) -> StoredAllocation:
        totals = self.ledger.totals_to_split(self.facility, MONTH)
        found = Allocation(shares_of(totals.amounts, {self.names[n]: w for n, w in weights.items()}), totals.amounts)
        return StoredAllocation(found, audited_id(self.facility, MONTH.number), totals.version)

    def split(self, weights: dict[str, int] = WEIGHTS) -> StoredAllocation:
        stored = self.allocation(weights)
        self.by("operator").commit(self.facility, MONTH, stored.allocation)
        return stored

    def proof(self, stored: StoredAllocation, name: str = "tenant") -> TenantProof:
        return self.ledger.tenant_proof(stored, self.names[name])


@pytest.fixture
def world(chain: Chain, deploy: Deploy) -> World:
    return World(deploy(chain, "journey"))


def test_the_totals_to_split_are_the_audited_totals_with_the_recs_retired(world: World) -> None:
    totals = world.ledger.totals_to_split(world.facility, MONTH)
    assert (totals.amounts, totals.recs, totals.version) == (WHOLE, RECS, 1)


def test_the_journey_from_the_split_to_the_claim_of_the_restated_share(world: World, tmp_path: Path) -> None:
    stored = world.split()
    proof = world.proof(stored)
    proof.write(tmp_path / "share.json")
    held = TenantProof.read(tmp_path / "share.json")
    assert held == proof and held.verify() == WHOLE

    tenant = world.by("broker")
    found = tenant.share_of(held)
    assert found.totals == WHOLE and found.current and found.claimed == Claimed(0, 0, 0, 0)
    assert found.amounts == Amounts(5_000_000, 2_200_000, 1_887_500)
    tenant.claim_share(held, into=world.home)
    own = tenant.account(world.home, MONTH)
    assert (own.allocated_location, own.allocated_market, own.closed) == (2_200_000, 1_887_500, False)
    assert tenant.claimed(world.facility, MONTH) == Claimed(1, 5_000_000, 2_200_000, 1_887_500)

    with pytest.raises(Reverted) as twice:
        tenant.claim_share(held)
    assert twice.value.error == "ShareAlreadyClaimed"

    world.by("auditor").restate(replace(world.statement(2, ENERGY), scope3=500_000))
    with pytest.raises(Reverted) as stale:
        tenant.claim_share(held)
    assert stale.value.error == "ShareNotProven"
    assert tenant.share_of(held).current is False

    again = world.proof(world.split({"tenant": 4, "other": 4, "house": 2}))
    tenant.claim_share(again)
    new = again.share.share.amounts
    assert new == Amounts(4_000_000, 1_840_000, 1_590_000)  # 4/10 of 10,000,000, 4,600,000 and 3,975,000
    own = tenant.account(world.home, MONTH)
    assert (own.allocated_location, own.allocated_market) == (new.location_g, new.market_g)
    assert tenant.claimed(world.facility, MONTH, again.tenant) == Claimed(2, *astuple(new))


def test_a_claimed_share_reopens_the_month_and_flows_on_in_its_next_split(world: World) -> None:
    """A landlord passes 1,000,000 g on to the operator, whose tenants then share it: 4,400,000 + 1,000,000 g."""
    landlord, operator = world.by("broker"), world.by("operator")
    upstream = replace(world.statement(1, 0), facility=world.home, scope1=1_000_000, evidence=note("landlord"))
    upstream = replace(upstream, scope2_location=0, scope2_residual=0, scope3=0)
    world.by("auditor").audit(upstream)
    world.by("auditor").close(world.home, MONTH)
    totals = world.ledger.totals_to_split(world.home, MONTH)
    given = Allocation([Share(tenant_of_facility(world.facility), *astuple(totals.amounts))], totals.amounts)
    landlord.commit(world.home, MONTH, given, totals)
    account_id = audited_id(world.home, MONTH.number)
    operator.claim_share(world.ledger.tenant_proof(StoredAllocation(given, account_id, totals.version), 0))

    with pytest.raises(AllocationError, match="not closed"):
        world.ledger.totals_to_split(world.facility, MONTH)
    world.by("auditor").close(world.facility, MONTH)
    assert world.ledger.account(world.facility, MONTH).version == 1
    found = world.ledger.share_of(world.proof(world.split()))
    assert world.ledger.split_version(world.facility, MONTH) == totals_version(1, 1) and found.current
    assert found.totals == Amounts(ENERGY, WHOLE.location_g + 1_000_000, WHOLE.market_g + 1_000_000)


def astuple(amounts: Amounts) -> tuple[int, int, int]:
    return amounts.energy_wh, amounts.location_g, amounts.market_g


def test_shares_that_miss_the_totals_are_refused_by_how_much(world: World) -> None:
    location = WHOLE.location_g - 7
    short = Allocation(
        [Share(bytes(31) + b"\1", ENERGY, location, WHOLE.market_g)], replace(WHOLE, location_g=location)
    )
    with pytest.raises(SharesNotEqualTotal) as refused:
        world.by("operator").commit(world.facility, MONTH, short)
    assert refused.value.differences == {"location_g": -7} and "location_g by -7" in refused.value.what
    assert not any(world.ledger.root_of(world.facility, MONTH, 1))


def test_only_the_owner_commits_and_only_once_a_version(world: World) -> None:
    stored = world.allocation()
    with pytest.raises(Reverted) as stranger:
        world.by("anyone").commit(world.facility, MONTH, stored.allocation)
    assert stranger.value.error == "NotOwner"
    world.by("operator").commit(world.facility, MONTH, stored.allocation)
    with pytest.raises(Reverted) as again:
        world.by("operator").commit(world.facility, MONTH, world.allocation({"tenant": 1}).allocation)
    assert again.value.error == "AllocationExists"
    assert world.ledger.root_of(world.facility, MONTH, 1) == stored.root


def test_a_gift_of_recs_does_not_change_a_split_under_way(world: World) -> None:
    totals = world.ledger.totals_to_split(world.facility, MONTH)
    issuer = world.by("rec-issuer")
    source = issuer.source_id("NAR", note("wind 9"))
    (token,) = issuer.issue(source, [Batch(note("gift"), 1_000_000, 4, 4, MONTH.start, MONTH.end)]).ids
    stored = world.allocation()
    issuer.retire(world.facility, MONTH, [token], [1_000_000])
    with pytest.raises(SharesNotEqualTotal):
        world.by("operator").commit(world.facility, MONTH, stored.allocation)
    world.by("operator").commit(world.facility, MONTH, stored.allocation, totals)
    assert world.ledger.share_of(world.proof(stored)).totals == WHOLE


def test_an_open_month_is_not_split(world: World) -> None:
    with pytest.raises(AllocationError, match="not closed"):
        world.ledger.totals_to_split(world.facility, Month.parse("2023-08"))


def test_a_share_is_claimed_by_its_tenant_only(world: World) -> None:
    stored = world.split()
    with pytest.raises(Reverted) as stranger:
        world.by("anyone").claim_share(world.proof(stored))
    assert stranger.value.error == "NotOwner"
    with pytest.raises(AllocationError, match="not of 0x"):
        world.by("broker").claim_share(world.proof(stored), into=world.facility)
    with pytest.raises(AllocationError, match="is a name"):
        world.by("broker").claim_share(world.proof(stored, "other"))
    with pytest.raises(Reverted) as own:
        world.by("operator").claim_share(world.proof(stored, "house"))
    assert own.value.error == "OwnShare"


def test_every_share_is_proven_and_together_they_are_the_account(world: World) -> None:
    stored = world.split()
    found = [world.ledger.share_of(world.proof(stored, name)).amounts for name in WEIGHTS]
    assert [sum(column) for column in zip(*map(astuple, found), strict=True)] == list(astuple(WHOLE))
    energies = split(WHOLE.energy_wh, {world.names[name]: weight for name, weight in WEIGHTS.items()})
    assert [each.energy_wh for each in found] == [energies[world.names[name]] for name in WEIGHTS]


@pytest.mark.parametrize("field", ["energy_wh", "location_g", "market_g"])
def test_a_share_with_another_amount_is_not_proven(world: World, field: str) -> None:
    proof = world.proof(world.split())
    share = proof.share.share
    forged = replace(proof, share=replace(proof.share, share=replace(share, **{field: getattr(share, field) - 1})))
    with pytest.raises(ShareNotProven):
        world.ledger.share_of(forged)
    with pytest.raises(Reverted):
        world.by("broker").claim_share(forged)


def test_a_proof_of_a_split_that_nobody_committed_is_not_proven(world: World) -> None:
    with pytest.raises(ShareNotProven, match="no split"):
        world.ledger.share_of(world.proof(world.allocation()))


def test_a_proof_of_another_contract_is_refused(world: World) -> None:
    proof = replace(world.proof(world.split()), allocations=world.ledger.address("CarbonTokens"))
    with pytest.raises(LedgerError, match="the proof is of"):
        world.ledger.share_of(proof)


def test_a_proof_of_another_chain_of_the_same_number_is_refused_and_told_by_its_genesis(world: World) -> None:
    proof = replace(world.proof(world.split()), genesis="0x" + "22" * 32)
    with pytest.raises(LedgerError, match=f"genesis {proof.genesis}, not of .* genesis {world.ledger.chain.genesis}"):
        world.ledger.share_of(proof)


# ---------------------------------------------------------------------------------------------------------- successor
def test_a_superseded_contract_takes_no_split_and_keeps_what_stands_in_it(world: World) -> None:
    stored = world.split()
    successor = world.ledger.address("NetEmissions")  # any contract: what takes over is the admin's word
    world.by("admin").supersede("Allocations", successor)
    assert world.ledger.superseded_by("Allocations") == successor
    world.by("auditor").restate(world.statement(2, ENERGY))
    with pytest.raises(Reverted) as refused:
        world.by("operator").commit(world.facility, MONTH, world.allocation().allocation)
    assert refused.value.error == "SupersededBy"
    assert world.ledger.share_of(world.proof(stored)).current is False


def test_the_ledger_itself_is_never_superseded(world: World) -> None:
    with pytest.raises(LedgerError, match="never superseded"):
        world.by("admin").supersede("CarbonTokens", world.ledger.address("NetEmissions"))
