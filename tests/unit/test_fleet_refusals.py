"""Bad input of a fleet gives an error that says what, where and what to do: never a number, never a bare exception."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from carbon_tokens.allocation.fleet import Options, allocate, in_process
from carbon_tokens.allocation.fleet.inputs import Part
from carbon_tokens.errors import (
    AllocationError,
    CarbonTokensError,
    ClosedLoop,
    FleetError,
    FractionsAboveOne,
    MeterBelowMachines,
    MissingIntensity,
    UnknownKey,
)
from tests.fleets import SMALL, rows, tables

Given = dict[str, Any]
Change = Callable[[Given], Given]
Case = tuple[str, Change, type[CarbonTokensError], tuple[str, ...]]


def column(table: str, name: str, values: Any) -> Change:
    """A column of a table replaced by other values, which may be of another type."""

    def change(given: Given) -> Given:
        old = given[table]
        at = old.column_names.index(name) if name in old.column_names else old.num_columns
        made = old.remove_column(at) if at < old.num_columns else old
        return {**given, table: made.add_column(at, name, pa.array(values))}

    return change


def cell(table: str, name: str, value: str, row: int = 0) -> Change:
    """One cell of a table of text."""

    def change(given: Given) -> Given:
        cells = given[table].column(name).to_pylist()
        return column(table, name, [*cells[:row], value, *cells[row + 1 :]])(given)

    return change


def more(table: str, **row: str) -> Change:
    """One more row: the last one with other cells."""

    def change(given: Given) -> Given:
        cells = given[table].to_pylist()
        return {**given, table: pa.Table.from_pylist([*cells, {**cells[-1], **row}])}

    return change


def instead(**texts: str | None) -> Change:
    """Tables replaced, added or left out."""
    made = {name: None if text is None else pa.Table.from_pylist(rows(text)) for name, text in texts.items()}
    return lambda given: {name: each for name, each in {**given, **made}.items() if each is not None}


def without_rows(table: str) -> Change:
    return lambda given: {**given, table: given[table].slice(0, 0)}


def renamed(table: str, name: str, other: str) -> Change:
    def change(given: Given) -> Given:
        names = [other if each == name else each for each in given[table].column_names]
        return {**given, table: given[table].rename_columns(names)}

    return change


def twice(table: str, name: str, other: str) -> Change:
    return lambda given: {**given, table: given[table].append_column(other, given[table].column(name))}


def both(*changes: Change) -> Change:
    def change(given: Given) -> Given:
        for each in changes:
            given = each(given)
        return given

    return change


ENERGY = ("machine_hours", "energy_wh")
HOURS = [0, 0, 0, 1, 1, 1]


def of_energy(values: list[Any], kind: pa.DataType | None = None) -> Change:
    return column(*ENERGY, pa.array([*values, *[100] * (6 - len(values))], kind))


def instants(*hours: str) -> Change:
    """Meters and machines of cluster B only, at instants."""
    meters = " ".join(f"B,{hour},900" for hour in hours)
    return instead(facility_hours=f"cluster,hour,facility_wh {meters}")


AMOUNTS: list[Case] = [
    (f"energy {text!r}", cell(*ENERGY, text, 1), FleetError, ("machine_hours:2", "energy_wh", repr(text), "digits"))
    for text in ("-1", "-0.0", "NaN", "nan", "inf", "Infinity", "", " ", "1,000", "1_000", "1e3", "1E3", "+5", "0x10",
                 "1.2.3", ".5", "5.", "5 kWh", "٣", "1" * 21, "0." + "1" * 25, "−5")
]  # fmt: skip
AMOUNTS += [
    ("float nan", of_energy([1.0, float("nan")]), FleetError, ("machine_hours:2", "energy_wh", "finite")),
    ("float inf", of_energy([float("inf")]), FleetError, ("machine_hours:1", "finite")),
    ("float below 0", of_energy([-1.0]), FleetError, ("machine_hours:1", "negative")),
    ("float a little below 0", of_energy([-1e-9]), FleetError, ("machine_hours:1", "negative")),
    ("float 1e30", of_energy([1e30]), FleetError, ("machine_hours:1", "energy_wh")),
    ("float 1e305", of_energy([1e305]), FleetError, ("machine_hours:1", "energy_wh")),
    ("float missing", of_energy([1.0, None]), FleetError, ("machine_hours:2", "energy_wh")),
    ("integer below 0", of_energy([-1]), FleetError, ("machine_hours:1", "-1")),
    ("integer missing", of_energy([1, None]), FleetError, ("machine_hours:2", "energy_wh")),
    ("integer too great", of_energy([2**62]), FleetError, ("machine_hours:1", "more than can be counted")),
    ("unsigned too great", of_energy([2**63], pa.uint64()), FleetError, ("machine_hours:1", "energy_wh")),
    ("text too great", cell(*ENERGY, "9" * 20), FleetError, ("machine_hours:1", "more than can be counted")),
    ("truth values", column(*ENERGY, [True] * 6), FleetError, ("machine_hours", "energy_wh")),
    ("dates", column(*ENERGY, [datetime(2024, 7, 1)] * 6), FleetError, ("machine_hours", "energy_wh")),
    ("nothing", column(*ENERGY, pa.nulls(6)), FleetError, ("machine_hours:1", "energy_wh")),
    ("negative price", cell("skus", "list_price_usd", "-0.01"), FleetError, ("skus:1", "list_price_usd")),
    ("negative use", cell("customer_usage", "amount", "-3", 2), FleetError, ("customer_usage:3", "amount")),
    ("negative CPU", cell("cpu_usage", "cpu_s", "-3", 2), FleetError, ("cpu_usage:3", "cpu_s")),
    ("negative intensity", cell("carbon_intensity", "g_per_kwh", "-1"), FleetError, ("carbon_intensity:1",)),
    ("negative meter", cell("facility_hours", "facility_wh", "-1"), FleetError, ("facility_hours:1",)),
    ("empty name", cell("cpu_usage", "service", ""), FleetError, ("cpu_usage:1", "service", "no name")),
    ("name of blanks", cell("machines", "machine", "  "), FleetError, ("machines:1", "machine", "no name")),
    ("name missing", column("skus", "sku", ["w", None]), FleetError, ("skus:2", "no name")),
    ("name a float", column("skus", "sku", [1.0, 2.0]), FleetError, ("skus", "sku", "text")),
]  # fmt: skip

TIMES: list[Case] = [
    (f"hour {text!r}", cell("machine_hours", "hour", text), FleetError, ("machine_hours:1", "hour", repr(text), "UTC"))
    for text in ("-1", "1.5", "", "noon", "2024-07-01T00:30Z", "2024-07-01T00:00+02:00", "2024-07-01", "01.07.2024 00")
]
TIMES += [
    ("month 13", column("machine_hours", "hour", ["2024-13-01T00Z"] * 6), FleetError, ("hour", "UTC")),
    ("number among instants", cell("machine_hours", "hour", "2024-07-01T00Z"), FleetError, ("machine_hours:2", "hour")),
    ("no time zone", column("machine_hours", "hour", [datetime(2024, 7, 1)] * 6), FleetError, ("hour", "UTC")),
    ("float hours", column("machine_hours", "hour", [0.5] * 6), FleetError, ("machine_hours:1", "hour")),
    ("hour below 0", column("machine_hours", "hour", [-1, *HOURS[1:]]), FleetError, ("machine_hours:1", "no hour")),
    ("hour without meter", cell("machine_hours", "hour", "9"), FleetError, ("machine_hours", "hour 9", "no meter")),
    ("two months", instants("2024-07-31T23Z", "2024-08-01T00Z"), FleetError, ("not of one month", "facility_hours")),
    ("hour 744", more("facility_hours", hour="744"), FleetError, ("0 to 744", "one month", "facility_hours")),
    ("clocks differ", instants("2024-07-01T00Z"), FleetError, ("carbon_intensity", "another clock")),
]  # fmt: skip

KEYS: list[Case] = [
    ("machine-hour twice", more("machine_hours"), FleetError, ("machine_hours", "two rows", "b1", "hour 1")),
    ("meter hour twice", more("facility_hours"), FleetError, ("facility_hours, row 5", "'B'", "hour 1", "two rows")),
    ("machine twice", more("machines"), FleetError, ("machine 'b1'", "two rows", "machines")),
    ("cluster twice", more("regions"), FleetError, ("cluster 'B'", "two rows", "regions")),
    ("SKU twice", more("skus"), FleetError, ("SKU 'd'", "two rows")),
    ("intensity twice", more("carbon_intensity"), FleetError, ("carbon_intensity, row 5", "hour 1", "'B'")),
    ("resource twice", more("unit_watts"), FleetError, ("unit_watts", "'ram'")),
    ("cost twice", instead(service_charges="provider,user,usd web,db,1", service_costs="service,usd web,2 web,9"),
     FleetError, ("service_costs", "'web'")),
    ("residual mix twice", instead(residual_mix="region,g_per_kwh r1,5 r1,6"), FleetError, ("'r1'", "twice")),
    ("fraction twice", instead(reallocation="from,to,fraction web,db,0.1 web,db,0.2"), FleetError,
     ("'web' to 'db'", "twice", "reallocation")),
    ("unknown machine", cell("machine_hours", "machine", "zz"), FleetError, ("machine 'zz'", "unknown")),
    ("CPU of an unknown machine", cell("cpu_usage", "machine", "zz"), FleetError, ("machine 'zz'",)),
    ("unknown cluster of a machine", cell("machines", "cluster", "Z"), FleetError, ("cluster 'Z'", "unknown")),
    ("unknown cluster of a meter", more("facility_hours", cluster="Z"), FleetError, ("cluster 'Z'", "facility_hours")),
    ("unknown cluster that reserves", more("allocations", cluster="Z"), FleetError, ("cluster 'Z'", "allocations")),
    ("unknown cluster of an intensity", more("carbon_intensity", cluster="Z"), FleetError,
     ("'Z'", "carbon_intensity")),
    ("unknown resource", more("allocations", resource="gpu"), FleetError, ("resource 'gpu'", "allocations")),
    ("unknown SKU", more("customer_usage", sku="zz"), FleetError, ("SKU 'zz'", "unknown", "customer_usage")),
    ("unknown region", more("customer_usage", region="r9"), FleetError, ("region 'r9'", "unknown", "customer_usage")),
    ("unknown region of an instrument", instead(residual_mix="region,g_per_kwh r1,5",
     instruments="instrument,region,energy_wh i,r9,5"), FleetError, ("'r9'", "instruments")),
    ("unknown region of a residual mix", instead(residual_mix="region,g_per_kwh r9,5"), FleetError,
     ("'r9'", "residual_mix")),
    ("instrument twice", instead(residual_mix="region,g_per_kwh r1,5",
     instruments="instrument,region,energy_wh i,r1,5 i,r1,5"), FleetError,
     ("instrument 'i'", "two rows", "instruments")),
    ("machine-hour twice by a blank", both(more("machine_hours", machine="b1 "), cell("facility_hours", "facility_wh",
     "9000", 3)), FleetError, ("machine 'b1'", "two rows", "hour 1")),
    ("unknown scope", instead(nonelectric="scope,kg scope2,5"), FleetError, ("scope 'scope2'", "scope1, scope3")),
    ("unknown class", cell("machines", "class", "leased"), FleetError, ("machines, row 1", "'leased'", "dedicated")),
    ("dedicated to nobody", cell("machines", "class", "dedicated"), FleetError, ("machines, row 1", "owner")),
    ("shared with an owner", cell("machines", "owner", "web"), FleetError, ("machines, row 1", "'web'")),
    ("intensity of nothing", both(renamed("carbon_intensity", "cluster", "zone"), cell("carbon_intensity", "zone", "")),
     FleetError, ("carbon_intensity, row 1", "cluster or the zone")),
]  # fmt: skip

SENSE: list[Case] = [
    ("CPU without energy in the hour", lambda given: {**given, "machine_hours": given["machine_hours"].slice(0, 5)},
     FleetError, ("CPU time", "energy")),
    ("CPU in an hour without any energy", both(more("cpu_usage", hour="5"), more("facility_hours", hour="5")),
     FleetError, ("CPU time", "energy")),
    ("meter below machines", cell("facility_hours", "facility_wh", "399"), MeterBelowMachines,
     ("0.399 kWh", "0.4", "cluster A", "hour 0", "overhead")),
    ("no meter", instead(facility_hours="cluster,hour,facility_wh A,0,500 A,1,330 B,1,120"), MeterBelowMachines,
     ("cluster B", "hour 0", "nothing")),
    ("no intensity", lambda given: {**given, "carbon_intensity": given["carbon_intensity"].slice(0, 3)},
     MissingIntensity, ("cluster B", "hour 1", "annual")),
    ("no intensities", lambda given: {n: t for n, t in given.items() if n != "carbon_intensity"}, MissingIntensity,
     ("cluster A", "hour 0")),
    ("on for two hours", cell("machine_hours", "on_s", "7200"), FleetError, ("on_s", "'7200'", "machine_hours:1")),
    ("closed loop", instead(reallocation="from,to,fraction web,db,1 db,web,1"), ClosedLoop, ("db, web", "keep")),
    ("loop of oneself", instead(reallocation="from,to,fraction web,web,1"), ClosedLoop, ("web", "keep")),
    ("fraction above 1", instead(reallocation="from,to,fraction web,db,1.01"), FractionsAboveOne, ("'web'", "101/100")),
    ("row above 1", instead(reallocation="from,to,fraction web,db,0.6 web,x,0.5"), FractionsAboveOne, ("11/10",)),
    ("passed on in two ways", instead(reallocation="from,to,fraction web,db,0.6",
     service_usage="provider,user,amount web,db,1"), FleetError, ("'web'", "two ways")),
    ("charges without costs", instead(service_charges="provider,user,usd web,db,1"), UnknownKey, ("'web'", "cost")),
    ("loop that leaks nothing to speak of", instead(service_usage="provider,user,amount web,db,1000000000000 "
     "web,_ext,0.000001 db,web,1000000000000 db,_ext,0.000001"), AllocationError, ("reallocation",)),
    ("market factor above 1", cell("regions", "market_factor", "1.5"), FleetError, ("cluster 'A'", "above 1")),
    ("market factor above 1, not used", both(cell("regions", "market_factor", "1.5"),
     instead(residual_mix="region,g_per_kwh r1,5")), FleetError, ("cluster 'A'", "above 1")),
    ("instruments without residual mix", instead(instruments="instrument,region,energy_wh i,r1,5"), FleetError,
     ("'r1'", "no residual mix")),
    ("no meters", without_rows("facility_hours"), FleetError, ("facility_hours", "no rows")),
    ("no machine-hours", without_rows("machine_hours"), FleetError, ("machine_hours", "no rows")),
    ("reservations without watts", instead(unit_watts=None), FleetError, ("unit_watts",)),
]  # fmt: skip

SHAPES: list[Case] = [
    ("unknown column", twice("skus", "sku", "colour"), FleetError, ("skus:1", "'colour'", "Columns")),
    ("misspelled column", renamed("skus", "list_price_usd", "price"), FleetError, ("'price'", "list_price_usd")),
    ("missing column", lambda g: {**g, "skus": g["skus"].drop_columns(["sku"])}, FleetError, ("missing", "sku")),
    ("column twice", twice("skus", "sku", "sku"), FleetError, ("skus:1", "column sku twice")),
    ("two units", twice("machine_hours", "energy_wh", "energy_kwh"), FleetError, ("machine_hours:1", "energy twice")),
    ("unknown table", lambda g: {**g, "meters": g["skus"]}, FleetError, ("'meters'", "facility_hours")),
    ("missing table", instead(regions=None), FleetError, ("no table regions", "CSV")),
]  # fmt: skip

GREAT: list[Case] = [
    ("machine of 10 TWh", both(cell(*ENERGY, "10000000000"), cell("facility_hours", "facility_wh", "10000000500")),
     CarbonTokensError, ("machine_hours",)),
    ("CPU time of 10^13 s", cell("cpu_usage", "cpu_s", "10000000000000"), CarbonTokensError, ("cpu_usage",)),
    ("meters beyond 63 bits", both(*(more("facility_hours", cluster="A", sector=s, hour="0",
     facility_wh="4500000000000") for s in ("s", "t", "u"))), FleetError, ("facility_hours",)),
    ("sales beyond 127 bits", both(column("skus", "list_price_usd", ["4000000"] * 2),
     column("customer_usage", "amount", ["4000000000000"] * 4), cell("facility_hours", "facility_wh", "4000000000000"),
     *(more("customer_usage", project=str(at)) for at in range(40))), CarbonTokensError, ("customer_usage",)),
    ("intensity beyond 63 bits", both(column("carbon_intensity", "g_per_kwh", ["4000000000000"] * 4),
     column("facility_hours", "facility_wh", ["4000000000"] * 4)), CarbonTokensError, ()),
    ("meters of 62 bits", column("facility_hours", "facility_wh", ["4000000000000"] * 4), CarbonTokensError, ()),
]  # fmt: skip

CASES = [pytest.param(*case, id=name) for name, *case in (*AMOUNTS, *TIMES, *KEYS, *SENSE, *SHAPES, *GREAT)]


def test_the_fleet_of_these_tests_is_allocated_as_it_is() -> None:
    assert allocate(tables(SMALL)).energy_wh == 1210


@pytest.mark.parametrize("change, kind, words", CASES)
def test_it_is_refused_by_name_and_says_what_where_and_what_to_do(
    change: Change, kind: type[CarbonTokensError], words: tuple[str, ...]
) -> None:
    with pytest.raises(kind) as raised:
        allocate(change(tables(SMALL)))
    assert raised.value.what and raised.value.where and raised.value.todo
    assert not [word for word in words if word not in str(raised.value)], str(raised.value)


@pytest.mark.parametrize(
    "options, words",
    [
        (Options(sku_mode="global"), ("'global'", "sku_mode")),
        (Options(missing_hours="zero"), ("'zero'", "missing_hours")),
        (Options(missing_hours="annual"), ("annual_intensity",)),
        (Options(boundary="google-1999"), ("'google-1999'", "google-2024")),
        (Options(rounds=-1), ("rounds", "-1")),
    ],
)
def test_an_option_that_means_nothing_is_refused(options: Options, words: tuple[str, ...]) -> None:
    with pytest.raises(CarbonTokensError) as raised:
        allocate(tables(SMALL), options)
    assert not [word for word in words if word not in str(raised.value)]


def test_a_cluster_hour_in_two_partitions_is_refused() -> None:
    given = tables(SMALL)
    power, usage = given["machine_hours"], given["cpu_usage"]
    parts = [Part("one", power.slice(0, 1), usage.slice(0, 2)), Part("two", power.slice(1), usage.slice(2))]
    with pytest.raises(FleetError, match=r"cluster A, hour 0 is in two partitions.*one file"):
        allocate(given, runner=lambda fleet, _: in_process(fleet, parts))
