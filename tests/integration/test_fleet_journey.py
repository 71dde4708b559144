"""A fleet's month: state, audit, commit, prove. 3 regions, 40 services, 200 SKUs, 5,000 customers, each to the gram."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from carbon_tokens.allocation.fleet import Footprint, allocate, shares
from carbon_tokens.allocation.shares import Allocation, Amounts, Share, StoredAllocation, tenant_of_name
from carbon_tokens.errors import ShareNotProven
from carbon_tokens.ledger import Audit, Chain, Ledger, account
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.ids import audited_id, meter_id, note
from carbon_tokens.periods import Month

MONTH = Month.parse("2023-07")
REGIONS, SERVICES, SKUS, CUSTOMERS, HOURS, MACHINES = ("CAMX", "ERCT", "MROW"), 40, 200, 5_000, 24, 12

Deploy = Callable[..., Ledger]


def fleet() -> dict[str, pa.Table]:
    """A cluster in each region, four machines each, eight shared services that call others."""
    chance = random.Random("fleet journey")
    hours = range(MONTH.start // 3600, MONTH.start // 3600 + HOURS)
    machines = [(f"m{at}", REGIONS[at % 3]) for at in range(MACHINES)]
    power = {(name, hour): chance.randint(200, 900) for name, _ in machines for hour in hours}
    drawn = {(region, hour): 0 for region in REGIONS for hour in hours}
    for name, region in machines:
        for hour in hours:
            drawn[region, hour] += power[name, hour]
    callers = [(f"s{p}", f"s{chance.randrange(8, SERVICES)}", chance.randint(1, 9)) for p in range(8)]
    sold = [(f"k{sku}", f"s{sku % SERVICES}", chance.randint(1, 900) / 1000) for sku in range(SKUS)]
    usage = [
        (f"customer {c}", "p", f"k{chance.randrange(SKUS)}", region, chance.randint(1, 1000))
        for c in range(CUSTOMERS)
        for region in chance.sample(REGIONS, 2)
    ]
    return {
        "regions": _table("cluster region", [(each, each) for each in REGIONS]),
        "machines": _table("machine cluster idle_w", [(*each, 150) for each in machines]),
        "machine_hours": _table("machine hour energy_wh", [(*at, energy) for at, energy in power.items()]),
        "cpu_usage": _table(
            "machine hour service cpu_s",
            [(*at, f"s{s}", chance.randint(1, 9000)) for at in power for s in chance.sample(range(SERVICES), 6)],
        ),
        "facility_hours": _table("cluster hour facility_wh", [(*at, energy * 5 // 4) for at, energy in drawn.items()]),
        "carbon_intensity": _table("cluster hour g_per_kwh", [(*at, chance.uniform(90, 700)) for at in drawn]),
        "service_usage": _table("provider user amount", [*callers, *((f"s{p}", "_ext", 5) for p in range(8))]),
        "skus": _table("sku service list_price_usd", sold),
        "customer_usage": _table("customer project sku region amount", usage),
        "nonelectric": _table("scope kg", [("scope1", 40), ("scope3", 900)]),
    }


def _table(names: str, rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.table({name: [row[at] for row in rows] for at, name in enumerate(names.split())})


@pytest.fixture(scope="module")
def footprint() -> Footprint:
    return allocate(fleet())


class Site:
    """A region's facility, audited to the totals of the fleet and closed."""

    def __init__(self, ledger: Ledger, footprint: Footprint, region: str) -> None:
        self.ledger, self.rows = ledger, shares(footprint, region).to_pylist()
        (place,) = (each for each in footprint.regions if each.region == region)
        of_region = [row for row in footprint.rows.to_pylist() if row["region"] == region]
        scope1, scope3 = (sum(row[name] for row in of_region) for name in ("scope1_g", "scope3_g"))
        self.whole = Amounts(place.energy_wh, *(scope1 + place.scope2_location_g + scope3,) * 2)
        self.facility = self.by("operator").add_facility(region, "US", note(region)).id or 0
        grams = (scope1, place.scope2_location_g, place.scope2_market_g, scope3)
        meter = (MONTH.start, MONTH.end, meter_id("Utility", region))
        audit = Audit(
            self.facility, MONTH.number, 1, place.energy_wh, *grams, *meter, bytes(32), note(footprint.digest + region)
        )
        self.by("auditor").audit(audit)
        self.by("auditor").close(self.facility, MONTH)

    def by(self, name: str) -> Ledger:
        return self.ledger.using(account(f"dev:{name}", self.ledger.chain))

    def commit(self) -> StoredAllocation:
        totals = self.ledger.totals_to_split(self.facility, MONTH)
        given = [
            Share(tenant_of_name(row["tenant"]), row["energy_wh"], row["location_g"], row["market_g"])
            for row in self.rows
        ]
        made = Allocation(given, totals.amounts)
        self.by("operator").commit(self.facility, MONTH, made, totals)
        return StoredAllocation(made, audited_id(self.facility, MONTH.number), totals.version)


def test_a_fleets_month_is_stated_audited_committed_and_proven_by_its_customers(
    chain: Chain, deploy: Deploy, footprint: Footprint, tmp_path: Path
) -> None:
    ledger = deploy(chain, "fleet")
    on_chain = dict.fromkeys(("energy_wh", "location_g", "market_g"), 0)
    for region in REGIONS:
        site = Site(ledger, footprint, region)
        assert ledger.totals_to_split(site.facility, MONTH).amounts == site.whole
        stored = site.commit()
        for name in ("customer 7", "customer 4999", site.rows[0]["tenant"]):
            (row,) = [each for each in site.rows if each["tenant"] == name] or [None]
            if row is None:
                continue  # it bought nothing in this region
            proof = ledger.tenant_proof(stored, tenant_of_name(name))
            proof.write(tmp_path / "share.json")
            held = TenantProof.read(tmp_path / "share.json")
            assert held.verify() == site.whole and ledger.share_of(held).current
            assert held.share.share.amounts == Amounts(row["energy_wh"], row["location_g"], row["market_g"])
        for lane in on_chain:
            on_chain[lane] += sum(row[lane] for row in site.rows)
    gross = footprint.statement_g + footprint.scope1_g + footprint.scope3_g
    assert on_chain == {"energy_wh": footprint.energy_wh, "location_g": gross, "market_g": gross}
    assert len(footprint.rows.column("customer").unique()) == CUSTOMERS


def test_a_customers_proof_of_one_region_proves_nothing_of_another(
    chain: Chain, deploy: Deploy, footprint: Footprint
) -> None:
    ledger = deploy(chain, "fleet2")
    first, second = (Site(ledger, footprint, region) for region in REGIONS[:2])
    stored = first.commit(), second.commit()
    held = [{row["tenant"]: row["location_g"] for row in each.rows} for each in (first, second)]
    common = min(name for name in held[0] if held[1].get(name, held[0][name]) != held[0][name])
    one, other = (ledger.tenant_proof(each, tenant_of_name(common)) for each in stored)
    assert one.share.share.amounts != other.share.share.amounts
    swapped = TenantProof(one.chain_id, one.genesis, one.allocations, second.facility, MONTH, 1, other.root, one.share)
    with pytest.raises(ShareNotProven):
        swapped.verify()
