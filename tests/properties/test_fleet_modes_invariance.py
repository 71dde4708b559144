"""What must not matter in service mode and with rounds either; and hours, CPU time and customers cut in two."""

from __future__ import annotations

import random
from fractions import Fraction as F

import pytest
from hypothesis import HealthCheck, given, settings

from carbon_tokens.allocation.fleet import Footprint, Options, allocate
from tests.fleet_oracle import exact_footprint
from tests.fleets import Fleet, Row, changed, fleets, footprint, tables

MOST = settings.default.max_examples if settings.default else 100
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
seldom = settings(max_examples=max(5, MOST // 20), deadline=None, suppress_health_check=SLOW)

SERVICE, ROUNDS = Options("service", "annual"), Options("regional", "annual", 2)
BOTH = pytest.mark.parametrize("options", [SERVICE, ROUNDS], ids=["service mode", "two rounds"])
PUBLISHED = ("energy_wh", "scope2_location_g", "scope2_market_g", "scope1_g", "scope3_g")
Key = tuple[str, ...]


def found(fleet: Fleet, options: Options) -> Footprint:
    return allocate(tables(fleet), options)


def weights(of: Footprint, *keys: str) -> dict[Key, tuple[int, int, int]]:
    """µWh, µg and number of rows by some of the keys; not of what nobody bought."""
    sums: dict[Key, tuple[int, int, int]] = {}
    for row in of.rows.to_pylist():
        if row["customer"] != "_unsold":
            key = tuple(row[name] for name in keys)
            uwh, ug, count = sums.get(key, (0, 0, 0))
            sums[key] = (uwh + row["energy_uwh"], ug + row["location_ug"], count + 1)
    return sums


def shuffled(fleet: Fleet) -> Fleet:
    chance = random.Random(7)
    return {name: chance.sample(cells, len(cells)) for name, cells in fleet.items()}


def sales_in_two_rows(fleet: Fleet) -> Fleet:
    half = changed(fleet, "customer_usage", lambda row: {**row, "amount": str(F(row["amount"]) / 2 * 1.0)})
    return {**fleet, "customer_usage": half["customer_usage"] * 2}


def doubled_sku(fleet: Fleet) -> Fleet:
    """A second SKU of the same service and price takes every other sale of the first."""
    first = fleet["skus"][0]
    sold = [{**row, "sku": "other"} if at % 2 and row["sku"] == first["sku"] else row
            for at, row in enumerate(fleet["customer_usage"])]  # fmt: skip
    return {**fleet, "skus": [*fleet["skus"], {**first, "sku": "other"}], "customer_usage": sold}


def prices_in_another_money(fleet: Fleet) -> Fleet:
    """All list prices times four: shares follow their ratios."""
    return changed(fleet, "skus", lambda row: {**row, "list_price_usd": str(F(row["list_price_usd"]) * 4 * 1.0)})


def unused_service(fleet: Fleet) -> Fleet:
    return {**fleet, "skus": [*fleet["skus"], {"sku": "idle", "service": "unused", "list_price_usd": "3"}]}


def user_of_nothing(fleet: Fleet) -> Fleet:
    """A service without CPU time on every machine, without reservations, and without use of shared services."""
    hours = [{"machine": row["machine"], "hour": row["hour"]} for row in fleet["machine_hours"]]
    cpu = [*fleet["cpu_usage"], *({**each, "service": "zzz", "cpu_s": "0"} for each in hours)]
    providers = sorted({row["provider"] for row in fleet["service_usage"]})
    used = [{"provider": name, "user": "zzz", "amount": "0"} for name in providers]
    return {**fleet, "cpu_usage": cpu, "service_usage": [*fleet["service_usage"], *used]}


CHANGES = (shuffled, sales_in_two_rows, doubled_sku, prices_in_another_money, unused_service, user_of_nothing)


@BOTH
@seldom
@given(fleet=fleets())
def test_the_published_rows_stay_the_same(options: Options, fleet: Fleet) -> None:
    before = found(fleet, options).digest
    assert [change.__name__ for change in CHANGES if found(change(fleet), options).digest != before] == []


@BOTH
@seldom
@given(fleet=fleets())
def test_a_customer_with_zero_use_gets_nothing_and_takes_nothing(options: Options, fleet: Fleet) -> None:
    nobody = {**fleet["customer_usage"][0], "customer": "nobody", "amount": "0"}
    before = found(fleet, options)
    after = found({**fleet, "customer_usage": [*fleet["customer_usage"], nobody]}, options)
    keys = ("customer", "project", "service", "region", *PUBLISHED)
    rows = [{name: row[name] for name in keys} for row in after.rows.to_pylist() if row["customer"] != "nobody"]
    assert rows == before.rows.select(list(keys)).to_pylist()
    assert not [row for row in after.rows.to_pylist() if row["customer"] == "nobody" and any(row[n] for n in PUBLISHED)]


@BOTH
@seldom
@given(fleet=fleets())
def test_one_customer_gets_the_totals(options: Options, fleet: Fleet) -> None:
    alone = changed(fleet, "customer_usage", lambda row: {**row, "customer": "one", "project": ""})
    got = found(alone, options)
    for name in PUBLISHED[:3]:
        assert sum(got.rows.column(name).to_pylist()) == sum(getattr(region, name) for region in got.regions)
    one, all_of_them = weights(got, "service", "region"), weights(found(fleet, options), "service", "region")
    for key in {*one, *all_of_them}:
        (uwh, ug, _), (sum_uwh, sum_ug, count) = one.get(key, (0, 0, 0)), all_of_them.get(key, (0, 0, 0))
        assert 0 <= uwh - sum_uwh < max(1, count) and 0 <= ug - sum_ug < max(1, count)


@seldom
@given(fleets())
def test_a_market_factor_of_1_leaves_location_based_emissions_in_service_mode(fleet: Fleet) -> None:
    plain = changed({**fleet, "instruments": [], "residual_mix": []}, "regions", lambda r: {**r, "market_factor": "1"})
    got = found(plain, SERVICE)
    assert sum(got.rows.column("scope2_market_g").to_pylist()) == sum(got.rows.column("scope2_location_g").to_pylist())
    for row in got.rows.to_pylist():
        assert abs(row["scope2_market_g"] - row["scope2_location_g"]) <= 1


@seldom
@given(fleets())
def test_a_row_of_cpu_time_in_two_rows_changes_nothing_but_floors(fleet: Fleet) -> None:
    """Whole seconds in one row and what is left in another: CPU time counts in ms."""
    half = [int(F(row["cpu_s"]) / 2) for row in fleet["cpu_usage"]]
    one = [{**row, "cpu_s": str(part)} for row, part in zip(fleet["cpu_usage"], half, strict=True)]
    other = [{**row, "cpu_s": f"{(F(row['cpu_s']) - part) * 1.0:.3f}"}
             for row, part in zip(fleet["cpu_usage"], half, strict=True)]  # fmt: skip
    close(fleet, {**fleet, "cpu_usage": [*one, *other]})


@seldom
@given(fleets())
def test_an_hour_cut_in_two_of_half_its_energy_changes_nothing_but_floors(fleet: Fleet) -> None:
    """Energy, time and meters of each hour by half in this one and in one that the fleet did not have."""

    def halves(of: str, *columns: str) -> list[Row]:
        half = [{**row, **{name: f"{F(row[name]) / 2 * 1.0:.6f}" for name in columns}} for row in fleet[of]]
        return [*half, *({**row, "hour": str(int(row["hour"]) + 100)} for row in half)]

    whole = all(int(row["on_s"]) % 2 == 0 for row in fleet["machine_hours"])
    odd = any(round(F(row["facility_wh"]) * 10**6) % 2 for row in fleet["facility_hours"])
    if whole and not odd:
        parts = {"machine_hours": halves("machine_hours", "energy_wh"), "cpu_usage": halves("cpu_usage")}
        on = [{**row, "on_s": str(int(row["on_s"]) // 2)} for row in parts["machine_hours"]]
        meters = {"facility_hours": halves("facility_hours", "facility_wh"), "machine_hours": on}
        later = [{**row, "hour": str(int(row["hour"]) + 100)} for row in fleet["carbon_intensity"]]
        close(fleet, {**fleet, **parts, **meters, "carbon_intensity": [*fleet["carbon_intensity"], *later]})


@seldom
@given(fleets())
def test_a_customer_in_two_gets_together_what_it_got(fleet: Fleet) -> None:
    """Half of each sale under another name: together the same but for a floor a row."""
    half = changed(fleet, "customer_usage", lambda row: {**row, "amount": str(F(row["amount"]) / 2 * 1.0)})
    twin = [{**row, "customer": f"{row['customer']} twin"} for row in half["customer_usage"]]
    before, after = footprint(fleet), footprint({**fleet, "customer_usage": [*half["customer_usage"], *twin]})
    assert before.regions == after.regions
    one, two = (weights(each, "service", "region") for each in (before, after))
    for key in {*one, *two}:
        (uwh, ug, count), (other_uwh, other_ug, others) = one.get(key, (0, 0, 0)), two.get(key, (0, 0, 0))
        assert abs(uwh - other_uwh) <= count + others and abs(ug - other_ug) <= count + others


def close(fleet: Fleet, other: Fleet) -> None:
    """Regions as they were, and every row within what floors may do to both."""
    before, after = footprint(fleet), footprint(other)
    assert before.regions == after.regions
    slack = [exact_footprint(each).slack for each in (fleet, other)]
    keys = ("customer", "project", "service", "region")
    one, two = (weights(each, *keys) for each in (before, after))
    for key in {*one, *two}:
        (uwh, ug, _), (other_uwh, other_ug, _) = one.get(key, (0, 0, 0)), two.get(key, (0, 0, 0))
        assert abs(uwh - other_uwh) <= sum(each[key[3]][0] for each in slack)
        assert abs(ug - other_ug) <= sum(each[key[3]][1] for each in slack)
