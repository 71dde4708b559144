"""The fleet engine comes to what the exact reference comes to but for its floors, and changes as it must."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_tokens.allocation.fleet import Footprint, reallocation
from carbon_tokens.allocation.fleet.inputs import Inputs
from carbon_tokens.allocation.fleet.model import Fleet as Model
from carbon_tokens.allocation.method import Line
from carbon_tokens.units import ceil
from tests.fleet_oracle import Exact, exact_footprint
from tests.fleets import Fleet, Row, by_hour, changed, fleets, footprint, tables

MOST = settings.default.max_examples if settings.default else 100
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
often = settings(max_examples=max(20, MOST // 5), deadline=None, suppress_health_check=SLOW)
seldom = settings(max_examples=max(5, MOST // 20), deadline=None, suppress_health_check=SLOW)

KEYS = ("customer", "project", "service", "region")
PUBLISHED = ("energy_wh", "scope2_location_g", "scope2_market_g")
Key = tuple[str, ...]


def by_key(found: Footprint, column: str) -> dict[Key, int]:
    cells = found.rows.to_pylist()
    return {tuple(row[name] for name in KEYS): row[column] for row in cells}


def near(one: dict[Key, int], other: dict[Key, int], slack: dict[str, F], times: int = 1) -> None:
    """The µWh of ``other`` are ``times`` those of ``one`` but for ``slack`` of the region; absent rows have 0."""
    for key in {*one, *other}:
        if key[0] != "_unsold":
            assert abs(other.get(key, 0) - times * one.get(key, 0)) <= slack[key[3]], key


def slack_of(*of: Fleet) -> dict[str, F]:
    """µWh by which rows of several answers may differ from each other."""
    exact = [exact_footprint(each) for each in of]
    return {region: sum((each.slack[region][0] for each in exact), F(0)) for region in exact[0].slack}


def exact_row(exact: Exact, row: Row) -> tuple[F, F]:
    """µWh and µg of a row, with all energy of the region in that of nobody."""
    if row["customer"] == "_unsold":
        kwh, grams, _ = exact.regions[row["region"]]
        return kwh * 10**9, grams * 10**6
    found = exact.rows[Line(*(row[name] for name in KEYS))]
    return found.energy * 10**9, found.grams * 10**6


@often
@given(fleets())
def test_regions_are_exact_and_every_row_is_within_the_bound_of_its_floors(fleet: Fleet) -> None:
    exact, found = exact_footprint(fleet), footprint(fleet)
    for region in found.regions:
        kwh, location, market = exact.regions[region.region]
        assert (F(region.energy_uwh, 10**9), region.location, region.market) == (kwh, location, market)
    for row in found.rows.to_pylist():
        uwh, ug = exact_row(exact, row)
        assert abs(row["energy_uwh"] - uwh) <= exact.slack[row["region"]][0]
        assert abs(row["location_ug"] - ug) <= exact.slack[row["region"]][1]
    there = set(by_key(found, "energy_uwh"))
    for line, parts in exact.rows.items():
        if line.customer != "_unsold" and (line.customer, line.project, line.product, line.region) not in there:
            assert parts.energy * 10**9 <= exact.slack[line.region][0]


@often
@given(fleets())
def test_whole_numbers_add_up_to_the_total_rounded_up_and_are_the_exact_apportionment_within_one(fleet: Fleet) -> None:
    """W the sum of exact weights w of a region of k rows: n - T w / W is below 1 but for T slack (k + 1) / W."""
    exact, found = exact_footprint(fleet), footprint(fleet)
    for region in found.regions:
        kwh, location, market = exact.regions[region.region]
        own = [row for row in found.rows.to_pylist() if row["region"] == region.region]
        totals = (ceil(kwh * 1000), ceil(location), ceil(market))
        assert tuple(sum(row[name] for row in own) for name in PUBLISHED) == (totals if kwh else (0, 0, 0))
        weights = [exact_row(exact, row) for row in own]
        carbon = 1 if sum(row["location_ug"] for row in own) else 0  # else emissions follow energy
        for name, total, by in zip(PUBLISHED, totals, (0, carbon, carbon), strict=True):
            whole = sum((weight[by] for weight in weights), F(0))
            wrong = exact.slack[region.region][by] * (len(own) + 1)
            for row, weight in zip(own, weights, strict=True):
                if whole > wrong:
                    assert abs(row[name] - total * weight[by] / whole) < 1 + total * wrong / (whole - wrong)


@often
@given(fleets())
def test_scope_1_and_3_add_up_to_the_world_rounded_up_by_energy(fleet: Fleet) -> None:
    found = footprint(fleet)
    given_g = {row["scope"]: F(row["g"]) for row in fleet["nonelectric"]}
    whole = sum(by_key(found, "energy_uwh").values())
    for scope in ("scope1", "scope3"):
        parts = by_key(found, f"{scope}_g")
        assert sum(parts.values()) == ceil(given_g[scope])
        for key, energy in by_key(found, "energy_uwh").items():
            assert abs(parts[key] - F(ceil(given_g[scope]) * energy, whole)) < 1


@seldom
@given(fleets())
def test_service_mode_moves_grams_between_regions_and_keeps_their_sum(fleet: Fleet) -> None:
    found, regional = footprint(fleet, sku_mode="service"), footprint(fleet)
    assert found.regions == regional.regions
    assert sum(found.residual.values()) == 0
    for name in PUBLISHED:
        assert sum(by_key(found, name).values()) == sum(getattr(region, name) for region in found.regions)


# What changes as it must


@seldom
@given(fleets(), st.sampled_from([3, 1000]))
def test_k_times_all_energy_is_k_times_every_footprint(fleet: Fleet, k: int) -> None:
    much = fleet
    for name, column in (("machine_hours", "energy_wh"), ("machines", "idle_w"), ("facility_hours", "facility_wh"),
                         ("instruments", "energy_wh")):  # fmt: skip
        much = changed(much, name, lambda row, c=column: {**row, c: f"{F(row[c]) * k * 1.0:.6f}"})  # type: ignore[misc]
    one, many = footprint(fleet), footprint(much)
    for before, after in zip(one.regions, many.regions, strict=True):
        assert after.energy_uwh == k * before.energy_uwh
        assert (after.location, after.market) == (k * before.location, k * before.market)
    slack = {region: each + (k - 1) * slack_of(fleet)[region] for region, each in slack_of(fleet, much).items()}
    near(by_key(one, "energy_uwh"), by_key(many, "energy_uwh"), slack, k)


def cut(fleet: Fleet, machine: str) -> Fleet:
    """A machine as two of half its energy, half its idle power and half of the CPU time of each service."""

    def halves(of: str, *columns: str) -> list[Row]:
        own = [row for row in fleet[of] if row["machine"] == machine]
        half = [{**row, **{c: f"{F(row[c]) / 2 * 1.0:.6f}" for c in columns}} for row in own]
        rest = [row for row in fleet[of] if row["machine"] != machine]
        return [*rest, *half, *({**row, "machine": "other"} for row in half)]

    parts = {"machines": halves("machines", "idle_w"), "machine_hours": halves("machine_hours", "energy_wh")}
    return {**fleet, **parts, "cpu_usage": halves("cpu_usage")}


@seldom
@given(fleets())
def test_a_machine_cut_in_two_changes_nothing(fleet: Fleet) -> None:
    two = cut(fleet, fleet["machines"][0]["machine"])
    one, other = footprint(fleet), footprint(two)
    assert one.regions == other.regions
    near(by_key(one, "energy_uwh"), by_key(other, "energy_uwh"), slack_of(fleet, two))


@seldom
@given(fleets())
def test_names_are_only_names(fleet: Fleet) -> None:
    """Other names in the same order: every number stays, ties too."""
    kept = {"class", "resource", "metric", "scope", "hour"}
    numbers = {"energy_wh", "on_s", "cpu_s", "amount", "idle_w", "facility_wh", "g_per_kwh", "fraction", "usd", "g"}
    kept |= numbers | {"market_factor", "list_price_usd", "watts_per_unit", "wh_per_unit"}

    def renamed(row: Row) -> Row:
        return {name: value if name in kept or value in ("", "_ext") else f"x{value}" for name, value in row.items()}

    other = footprint({name: [renamed(row) for row in cells] for name, cells in fleet.items()})
    before = {tuple("x" + part if part and not part.startswith("_") else part for part in key): wh
              for key, wh in by_key(footprint(fleet), "energy_wh").items()}  # fmt: skip
    assert by_key(other, "energy_wh") == before


@seldom
@given(fleets())
def test_a_customer_with_zero_use_gets_nothing_and_takes_nothing(fleet: Fleet) -> None:
    nobody = {**fleet["customer_usage"][0], "customer": "nobody", "amount": "0"}
    before, after = footprint(fleet), footprint({**fleet, "customer_usage": [*fleet["customer_usage"], nobody]})
    for name in (*PUBLISHED, "scope1_g", "scope3_g"):
        cells = by_key(after, name)
        assert not any(number for key, number in cells.items() if key[0] == "nobody")
        assert {key: n for key, n in cells.items() if key[0] != "nobody"} == by_key(before, name)


def energy_of(found: Footprint, service: str) -> int:
    """µWh of a service before reallocation, all clusters."""
    cells = found.days.to_pylist()
    return sum(row["energy"] for row in cells if row["service"] == service)


@seldom
@given(fleets().filter(lambda fleet: bool(fleet["cpu_usage"])), st.sampled_from(["0.001", "5", "1000000"]))
def test_more_cpu_time_never_lowers_a_share(fleet: Fleet, more: str) -> None:
    first, *rest = fleet["cpu_usage"]
    raised = {**fleet, "cpu_usage": [{**first, "cpu_s": str(float(first["cpu_s"]) + float(more))}, *rest]}
    before, after = (energy_of(footprint(each), first["service"]) for each in (fleet, raised))
    assert after >= before - sum(slack_of(fleet, raised).values())


@seldom
@given(fleets())
def test_without_overhead_the_sectors_do_not_matter(fleet: Fleet) -> None:
    """A PUE of 1 is the identity, so that one room is as good as two, and the meters show the machines."""
    cluster = {row["machine"]: row["cluster"] for row in fleet["machines"]}
    sector = {row["machine"]: row["sector"] for row in fleet["machines"]}

    def meters(sectors: dict[str, str]) -> list[Row]:
        drawn: dict[tuple[str, str, str], F] = {}
        for row in fleet["machine_hours"]:
            key = (cluster[row["machine"]], sectors[row["machine"]], row["hour"])
            drawn[key] = drawn.get(key, F(0)) + F(row["energy_wh"])
        names = ("cluster", "sector", "hour", "facility_wh")
        return [dict(zip(names, (*key, f"{uwh * 1.0:.6f}"), strict=True)) for key, uwh in drawn.items()]

    none = {**fleet, "nonelectric": []}
    two = {**none, "facility_hours": meters(sector)}
    joined = changed(none, "machines", lambda row: {**row, "sector": ""})
    one = {**joined, "facility_hours": meters(dict.fromkeys(sector, ""))}
    found = footprint(two)
    assert found.digest == footprint(one).digest
    drawn = sum(F(row["energy_wh"]) for row in fleet["machine_hours"])
    assert sum(region.energy_uwh for region in found.regions) == drawn * 10**6


@seldom
@given(fleets())
def test_one_customer_gets_what_all_of_them_got(fleet: Fleet) -> None:
    alone = footprint(changed(fleet, "customer_usage", lambda row: {**row, "customer": "one", "project": ""}))
    together = footprint(fleet)
    for name in ("energy_uwh", "location_ug"):
        for key, amount in by_key(alone, name).items():
            parts = [n for other, n in by_key(together, name).items() if other[2:] == key[2:]]
            assert 0 <= amount - sum(parts) < max(1, len(parts))
    for region in alone.regions:
        own = [row for row in alone.rows.to_pylist() if row["region"] == region.region]
        assert sum(row["scope2_location_g"] for row in own) == region.scope2_location_g
        assert {row["customer"] for row in own if row["energy_uwh"]} <= {"one"} or own[0]["customer"] == "_unsold"


@seldom
@given(fleets())
def test_a_market_factor_of_1_leaves_location_based_emissions(fleet: Fleet) -> None:
    plain = changed({**fleet, "instruments": [], "residual_mix": []}, "regions", lambda r: {**r, "market_factor": "1"})
    found = footprint(plain)
    assert [region.market for region in found.regions] == [region.location for region in found.regions]
    assert by_key(found, "scope2_market_g") == by_key(found, "scope2_location_g")


@seldom
@given(fleets().filter(lambda fleet: bool(fleet["carbon_intensity"])))
def test_an_hour_without_its_intensity_changes_that_hour_only(fleet: Fleet) -> None:
    gone, *kept = fleet["carbon_intensity"]
    before, after = footprint(fleet), footprint({**fleet, "carbon_intensity": kept})
    zone = {row["cluster"]: row["zone"] for row in fleet["regions"]}

    def touched(row: dict[str, str]) -> bool:
        here = gone.get("cluster") == row["cluster"] or gone.get("zone") == zone[row["cluster"]]
        return here and str(row["hour"]) == gone["hour"]

    for one, other in zip(before.hours.to_pylist(), after.hours.to_pylist(), strict=True):
        assert one == other if not touched(one) else (not one["annual"], other["annual"]) == (True, True)
    assert by_key(before, "energy_wh") == by_key(after, "energy_wh")


@seldom
@given(fleets())
def test_emissions_before_or_after_reallocation_are_the_same(fleet: Fleet) -> None:
    """Energy of each hour passed on, then times its intensity; or emissions of the month passed on.

    Each pass is within a floor and a rest for each pair of services of the exact one, and so is each hour's in µg.
    """
    inputs = Inputs.of(tables(fleet))
    model = Model.of(inputs.tables, missing_hours="annual")
    services = tuple(sorted({*model.services, "guest"}))
    passing = reallocation.build(reallocation.fractions(inputs.tables), services)
    months, hours, number = np.zeros((len(model.clusters), len(services)), np.int64), 0, len(services)
    after = np.full((len(model.clusters), number), F(0))
    for cells in by_hour(model, inputs.parts):
        intensity = {row["cluster"]: F(row["intensity"], 10**9) for row in cells.hours.to_pylist()}
        energy = np.zeros((len(model.clusters), number), np.int64)
        for row in cells.services.to_pylist():
            at = (model.clusters.index(row["cluster"]), services.index(row["service"]))
            energy[at], months[at] = row["energy"], months[at] + row["location"]
        for cluster, (name, ends) in enumerate(zip(model.clusters, passing(energy), strict=True)):
            after[cluster] += np.array([int(each) * intensity.get(name, F(0)) for each in ends])
        hours += 1
    before = passing(months)
    greatest = F(int(model.intensity.max()), 10**9)
    assert np.abs(before - after).max() <= (number**2 + number) * (1 + hours * (1 + greatest)) + 1
