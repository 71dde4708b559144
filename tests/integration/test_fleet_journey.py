"""A fleet's month: state, audit, commit, prove. 3 regions, 40 services, 200 SKUs, 5,000 customers, each to the gram."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from carbon_tokens.allocation import fleet
from carbon_tokens.allocation.shares import Allocation, Amounts, StoredAllocation, shares_of, tenant_of_name
from carbon_tokens.allocation.shares.weights import read_weights
from carbon_tokens.errors import Reverted, ShareNotProven
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.documents import audit_of
from carbon_tokens.ledger.ids import audited_id, note
from carbon_tokens.periods import Month
from carbon_tokens.statements import FleetStatement, build_fleet, check

MONTH = Month.parse("2023-07")
REGIONS, SERVICES, SKUS, CUSTOMERS, HOURS, MACHINES = ("CAMX", "ERCT", "MROW"), 40, 200, 5_000, 24, 12
LANES = ("energy_wh", "location_g", "market_g")

Deploy = Callable[..., Ledger]
Rows = dict[str, dict[str, int]]


def tables() -> dict[str, pa.Table]:
    """A cluster in each region, four machines each, eight shared services that call others.

    Two regions have a residual mix, and one of them certificates of half its energy.
    """
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
        "residual_mix": _table("region g_per_kwh", [("CAMX", 430), ("MROW", 611)]),
        "instruments": _table("instrument region energy_wh", [("NAR-1", "CAMX", sum(drawn["CAMX", h] for h in hours))]),
    }


def _table(names: str, rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.table({name: [row[at] for row in rows] for at, name in enumerate(names.split())})


class Allocated:
    """The fleet's tables in a folder, allocated, and what that wrote."""

    def __init__(self, folder: Path) -> None:
        self.tables, self.out = folder / "tables", folder / "out"
        self.tables.mkdir()
        for name, table in tables().items():
            pyarrow.parquet.write_table(table, self.tables / f"{name}.parquet")
        self.footprint = fleet.allocate(self.tables)
        fleet.write(self.footprint, self.out)

    def statement(self, region: str, facility: int) -> FleetStatement:
        return build_fleet(
            self.footprint, region, facility=facility, utility="Utility", meter=f"{region}-1", quality="A"
        )

    def weights(self, region: str) -> Path:
        return self.out / "shares" / f"{region}.csv"

    def shares(self, region: str) -> Rows:
        """What ``allocate`` wrote for the customers of a region."""
        with self.weights(region).open(encoding="utf-8", newline="") as file:
            return {row["tenant"]: {lane: int(row[lane]) for lane in LANES} for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def allocated(tmp_path_factory: pytest.TempPathFactory) -> Allocated:
    return Allocated(tmp_path_factory.mktemp("fleet"))


class Site:
    """A region's facility, whose month is stated, audited as its document says, and closed."""

    def __init__(self, ledger: Ledger, allocated: Allocated, region: str) -> None:
        self.ledger, self._weights = ledger, allocated.weights(region)
        self.facility = self.by("operator").add_facility(region, "US", note(region)).id or 0
        self.statement = FleetStatement.from_json(allocated.statement(region, self.facility).canonical())
        self.by("auditor").audit(audit_of(self.statement, 1))
        self.by("auditor").close(self.facility, MONTH)

    def by(self, name: str) -> Ledger:
        return self.ledger.using(account(f"dev:{name}", self.ledger.chain))

    def commit(self) -> StoredAllocation:
        totals = self.ledger.totals_to_split(self.facility, MONTH)
        made = Allocation(shares_of(totals.amounts, read_weights(self._weights)), totals.amounts)
        self.by("operator").commit(self.facility, MONTH, made, totals)
        return StoredAllocation(made, audited_id(self.facility, MONTH.number), totals.version)


def test_a_fleets_month_is_stated_audited_committed_and_proven_by_its_customers(
    chain: Chain, deploy: Deploy, allocated: Allocated, tmp_path: Path
) -> None:
    ledger = deploy(chain, "fleet")
    on_chain, of_customers = dict.fromkeys(LANES, 0), dict.fromkeys(LANES[:2], 0)
    for region in REGIONS:
        site, rows = Site(ledger, allocated, region), allocated.shares(region)
        stated = site.statement
        direct = stated.scope1_g + stated.scope3_g
        whole = Amounts(stated.energy_wh, direct + stated.scope2_location_g, direct + stated.scope2_residual_g)
        assert ledger.totals_to_split(site.facility, MONTH).amounts == whole
        stored = site.commit()
        held = {each.tenant: each.amounts for each in stored.allocation}
        for name, row in rows.items():  # each customer has on chain what the allocation gave it
            amounts = held[tenant_of_name(name)]
            assert (amounts.energy_wh, amounts.location_g) == (row["energy_wh"], row["location_g"])
        for lane in LANES:
            on_chain[lane] += getattr(whole, lane)
            assert sum(getattr(each, lane) for each in held.values()) == getattr(whole, lane)
        for lane in of_customers:
            of_customers[lane] += sum(row[lane] for row in rows.values())
        for name in {"customer 7", "customer 4999", min(rows)} & rows.keys():
            ledger.tenant_proof(stored, tenant_of_name(name)).write(tmp_path / "share.json")
            share = TenantProof.read(tmp_path / "share.json")
            assert share.verify() == whole and ledger.share_of(share).current
            assert share.share.share.amounts == held[tenant_of_name(name)]
    found = allocated.footprint
    assert {lane: on_chain[lane] for lane in of_customers} == of_customers
    assert of_customers == {
        "energy_wh": found.energy_wh,
        "location_g": found.statement_g + found.scope1_g + found.scope3_g,
    }
    assert len(found.rows.column("customer").unique()) == CUSTOMERS


def test_the_statements_of_all_regions_follow_from_the_tables_and_deduct_no_certificate(allocated: Allocated) -> None:
    """Residual mix × all energy, also where the tables hold certificates of most of it."""
    stated = {region: allocated.statement(region, 1) for region in REGIONS}
    assert all(check(each, allocated.tables) == [] for each in stated.values())
    rates = {"CAMX": 430, "MROW": 611}
    for region, rate in rates.items():
        assert stated[region].scope2_residual_g == -(-stated[region].energy_wh * rate // 1000)
    assert stated["ERCT"].scope2_residual_g == stated["ERCT"].scope2_location_g
    market = {each.region: each.scope2_market_g for each in allocated.footprint.regions}
    assert market["CAMX"] < stated["CAMX"].scope2_residual_g / 2
    scopes = [sum(getattr(each, name) for each in stated.values()) for name in ("scope1_g", "scope3_g")]
    assert scopes == [40_000, 900_000]


def test_a_fleet_is_not_stated_twice_of_one_meter_and_time(chain: Chain, deploy: Deploy, allocated: Allocated) -> None:
    """Neither the same document, nor another wording of it, nor as another facility."""
    ledger = deploy(chain, "fleet twice")
    auditor = ledger.using(account("dev:auditor", chain))
    operator = ledger.using(account("dev:operator", chain))
    first, second = (operator.add_facility("CAMX", "US", note(name)).id or 0 for name in ("a", "b"))
    stated = allocated.statement("CAMX", first)
    auditor.audit(audit_of(stated, 1))
    reworded = replace(stated, notes=("once more",))
    for again, version in ((stated, 2), (reworded, 2), (allocated.statement("CAMX", second), 1)):
        with pytest.raises(Reverted) as refused:
            auditor.audit(audit_of(again, version))
        assert refused.value.error == "MeterPeriodUsed"
    other_meter = audit_of(replace(stated), 2)
    with pytest.raises(Reverted) as refused:
        auditor.audit(replace(other_meter, meter=note("another meter")))
    assert refused.value.error == "EvidenceUsed"


def test_a_customers_proof_of_one_region_proves_nothing_of_another(
    chain: Chain, deploy: Deploy, allocated: Allocated
) -> None:
    ledger = deploy(chain, "fleet2")
    first, second = (Site(ledger, allocated, region) for region in REGIONS[:2])
    stored = first.commit(), second.commit()
    held = [allocated.shares(region) for region in REGIONS[:2]]
    common = min(name for name in held[0] if name in held[1] and held[0][name] != held[1][name])
    one, other = (ledger.tenant_proof(each, tenant_of_name(common)) for each in stored)
    assert one.share.share.amounts != other.share.share.amounts
    swapped = TenantProof(one.chain_id, one.genesis, one.allocations, second.facility, MONTH, 1, other.root, one.share)
    with pytest.raises(ShareNotProven):
        swapped.verify()
