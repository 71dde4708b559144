"""The kernel and the twin, a numpy implementation and one Ibis expression, agree on every integer of a small fleet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet
import pytest

ibis = pytest.importorskip("ibis", reason="the twin needs the extra `twin`")

from carbon_tokens.allocation.fleet import footprint, relations, result, twin  # noqa: E402
from carbon_tokens.allocation.fleet.inputs import Inputs  # noqa: E402
from carbon_tokens.allocation.fleet.result import Options  # noqa: E402
from carbon_tokens.errors import FleetError, MissingIntensity, NotConserved  # noqa: E402

# Oslo has two building sectors, reservations and a machine of billing's own; Turin has no reservations. In Oslo no
# machine runs in hour 3 (overhead only, and the annex has no meter then); in Turin nobody computes in hour 1, and in
# hour 2 web and video tie.
FLEET = {
    "regions": """cluster,region,zone,market_factor
        oslo,north,NO,0.25
        turin,south,IT,0.8
        pisa,south,IT,1""",
    "machines": """machine,cluster,idle_w,class,owner,sector
        o1,oslo,95,shared,,hall
        o2,oslo,110,shared,,hall
        o3,oslo,80,dedicated,billing,annex
        t1,turin,100,shared,,
        t2,turin,100,shared,,
        p1,pisa,60,dedicated,batch,""",
    "machine_hours": """machine,hour,energy_wh,on_s
        o1,0,211.337,3600
        o1,1,187.001,3600
        o1,2,90.5,3600
        o2,0,260.04,3600
        o2,1,131.7,2400
        o3,0,143.21,3600
        o3,2,80.000001,3600
        t1,0,222.222,3600
        t1,1,130.13,3600
        t1,2,180,3600
        t2,0,199.999999,3600
        t2,2,180,3600
        p1,0,77.7,3600
        p1,1,66.6,3600""",
    "cpu_usage": """machine,hour,service,cpu_ms
        o1,0,web,1801003
        o1,0,search,700001
        o1,0,web,13
        o1,1,storage,911
        o1,1,web,2000003
        o2,0,storage,1200007
        o2,0,auth,77
        o2,1,search,3
        o3,0,billing,51
        o3,0,web,49
        t1,0,video,600011
        t1,0,auth,31337
        t1,2,web,500
        t2,0,archive,123457
        t2,0,adhoc,99
        t2,0,dns,1001
        t2,2,video,500
        p1,0,video,17""",
    "allocations": """cluster,service,resource,amount
        oslo,web,cpu,40
        oslo,web,ram,256.5
        oslo,search,ram,100
        oslo,storage,disk,77.7""",
    "unit_watts": """resource,watts_per_unit
        cpu,3.3
        ram,0.392
        disk,0.65""",
    "facility_hours": """cluster,sector,hour,facility_wh
        oslo,hall,0,533.017
        oslo,hall,1,360.36
        oslo,hall,2,100
        oslo,hall,3,41.000003
        oslo,annex,0,200.2
        oslo,annex,1,9.9
        oslo,annex,2,99.123457
        turin,,0,470.47
        turin,,1,151.515
        turin,,2,400.400001
        turin,,3,7.1
        pisa,,0,88.8
        pisa,,1,70.000007
        pisa,,2,0
        pisa,,3,0""",
    "carbon_intensity": """zone,hour,g_per_kwh
        NO,0,28.25
        NO,1,31
        NO,2,29.999999
        NO,3,0
        IT,0,391.2
        IT,1,402.7
        IT,2,377.123456
        IT,3,350""",
    # storage and auth use each other, storage also itself; batch and web use dns alike
    "service_usage": """provider,user,amount
        storage,web,70
        storage,video,20.5
        storage,auth,3
        storage,storage,4
        storage,batch,2.5
        auth,web,1
        auth,storage,2
        auth,billing,1
        dns,batch,1
        dns,web,1""",
    # nobody bought search; the tier of video is free, and nothing else of video was bought in the south
    "skus": """sku,service,list_price_usd
        web-req,web,0.0000037
        web-pro,web,0.02
        bill-doc,billing,0.11
        vid-free,video,0
        vid-hour,video,0.35
        batch-core,batch,0.041
        archive-gb,archive,0.004""",
    "customer_usage": """customer,project,sku,region,amount
        acme,shop,web-req,north,10000000.5
        acme,shop,web-req,south,333333
        acme,blog,web-pro,north,12
        acme,blog,vid-free,south,500
        bolt,,web-pro,north,12
        bolt,,web-pro,south,7
        bolt,,bill-doc,north,1001
        cato,,batch-core,south,64.25
        cato,,archive-gb,south,1000
        cato,,vid-hour,north,3
        dora,,vid-free,south,1
        dora,,web-req,north,0.25""",
    "residual_mix": """region,g_per_kwh
        south,512.9""",
    "instruments": """instrument,region,energy_wh,g_per_kwh
        ppa,south,300,11""",
    "nonelectric": """scope,g
        scope1,100.5
        scope3,12345""",
}


def written(folder: Path, **changed: str) -> Path:
    """The tables of FLEET as files, some of them changed."""
    for name, text in (FLEET | changed).items():
        (folder / f"{name}.csv").write_text("\n".join(line.strip() for line in text.splitlines()) + "\n")
    return folder


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="module")
def prepared(fleet: Path) -> tuple[twin.Prepared, dict[str, Any]]:
    inputs = Inputs.of(fleet)
    return twin.prepare(inputs), twin.large(inputs)


@pytest.mark.parametrize("options", [Options(), Options(sku_mode="service")], ids=["regional", "service"])
def test_kernel_and_twin_give_the_same_rows_and_the_same_digest(fleet: Path, options: Options) -> None:
    """Two implementations that share no code of the heavy stage agree on every unit of energy and mass."""
    kernel, rows = footprint.allocate(fleet, options), twin.allocate(fleet, options)
    assert rows.equals(kernel.rows)
    assert result.digest(rows) == kernel.digest
    assert rows.num_rows > 5


def test_the_twin_reads_every_partition(fleet: Path, tmp_path: Path) -> None:
    """Machine-hours of two Parquet files, with other services in each, are the same fleet."""
    split = written(tmp_path)
    for name in ("machine_hours", "cpu_usage"):
        whole = pa.csv.read_csv(split / f"{name}.csv")
        (split / f"{name}.csv").unlink()
        (split / name).mkdir()
        north = pa.compute.starts_with(whole["machine"], "o")
        for part, rows in (("north", whole.filter(north)), ("south", whole.filter(pa.compute.invert(north)))):
            pa.parquet.write_table(rows, split / name / f"{part}.parquet")
    whole_fleet = footprint.allocate(fleet).rows
    assert twin.allocate(split).equals(whole_fleet)
    assert footprint.allocate(split).rows.equals(whole_fleet)


def test_a_service_that_computes_in_no_table_of_the_fleet_comes_last_where_dynamic_energy_ties(tmp_path: Path) -> None:
    """The rest of the pool goes to the first of equal services: those of the fleet's tables come before others."""
    usage = FLEET["cpu_usage"].replace("t1,2,web,500", "t1,2,aaa,500").replace("t2,2,video,500", "t2,2,web,500")
    folder = written(tmp_path, cpu_usage=usage)
    assert twin.allocate(folder).equals(footprint.allocate(folder).rows)


def test_the_expression_is_lower_case_and_compiles_for_spark(prepared: tuple[twin.Prepared, dict[str, Any]]) -> None:
    """No operation of one engine alone, and no two columns that differ only in case, which gave wrong sums."""
    made = twin.expression(*prepared, Options(), ibis.duckdb.connect())
    text = ibis.to_sql(made, dialect="pyspark")
    names = set(re.findall("`([^`]+)`", str(text)))
    assert "`machine`" in text and all(name == name.lower() for name in names)
    assert "HUGEINT" not in text and "QUALIFY" not in text


def test_the_twin_refuses_a_largest_remainder_outside_its_rows(prepared: tuple[twin.Prepared, dict[str, Any]]) -> None:
    """0 ≤ rest ≤ n is asserted by itself: without it a wrong total went through, as sums followed it."""
    first, _ = prepared
    rows = pa.table(
        {name: [1] for name in relations.QUANTITIES}
        | {f"{name}_left": [0] for name in relations.QUANTITIES}
        | {"region": ["north"], "rows_region": [1], "rows_world": [1], "allocated": [_metered(first)]}
    )
    rows = _with_sums(rows, first)
    twin.check(rows, first)
    for name in ("scope1_g_left", "energy_wh_left"):
        for left in (-1, 2):
            bad = rows.set_column(rows.column_names.index(name), name, pa.array([left]))
            with pytest.raises(NotConserved, match=f"rest of {left}"):
                twin.check(bad, first)


def _metered(prepared: twin.Prepared) -> int:
    return sum(region.energy_uwh for region in prepared.regions)


def _with_sums(rows: pa.Table, prepared: twin.Prepared) -> pa.Table:
    for name in relations.QUANTITIES:
        rows = rows.set_column(rows.column_names.index(name), name, pa.array([twin.wanted(name, prepared)]))
    return rows


def test_the_twin_refuses_energy_that_is_not_what_the_meters_show(
    prepared: tuple[twin.Prepared, dict[str, Any]],
) -> None:
    """A meter's row that the expression does not see is missing in what it allocates: C2."""
    first, heavy = prepared
    meters = first.given["meters"]
    fewer = {**first.given, "meters": meters.filter(meters.hour != 3)}
    changed = twin.Prepared(fewer, first.regions, first.worldwide, first.inputs)
    with pytest.raises(NotConserved, match="are allocated") as caught:
        twin.run(changed, heavy)
    assert caught.value.check == "C2"


def test_the_twin_refuses_an_hour_of_energy_without_an_intensity(tmp_path: Path) -> None:
    """As the kernel does: an hour is not free of carbon because nobody knows it."""
    folder = written(tmp_path, carbon_intensity=FLEET["carbon_intensity"].replace("IT,2,377.123456", "FR,2,60"))
    with pytest.raises(MissingIntensity, match="without an intensity"):
        twin.allocate(folder)


def test_the_twin_refuses_list_values_that_64_bits_do_not_hold(tmp_path: Path) -> None:
    """10^10 USD are 10^19 of the units of its values; the kernel counts in 128 bits and goes on."""
    dear = {"skus": FLEET["skus"].replace("video,0.35", "video,4000000")}
    sold = FLEET["customer_usage"].replace("vid-hour,north,3", "vid-hour,north,2500")
    folder = written(tmp_path, **dear, customer_usage=sold)
    assert footprint.allocate(folder).rows.num_rows > 5
    with pytest.raises(FleetError, match="more than can be counted in the twin"):
        twin.allocate(folder)
    fits = written(tmp_path, **dear)
    assert twin.allocate(fits).equals(footprint.allocate(fits).rows)


_GREAT = 2**63 - 1
EXTREMES = [
    (0, _GREAT, 1), (1, 1, 1), (1, 1, _GREAT), (_GREAT, 1, 1 + _GREAT // 2), (_GREAT, _GREAT, _GREAT),
    (_GREAT - 1, _GREAT, _GREAT), (2**62, 2**62, 2**62 + 1), (2**53 + 1, 2**53 - 1, 2**53),
    (10**18, 10**18, 3 * 10**17), (10**15 - 1, 10**12 + 7, 10**9),
    (2**61 - 1, 2**60 + 3, 2**60 + 1), (_GREAT, 2**40 - 1, 2**40), (3, 2**61, 7),
]  # fmt: skip


def test_the_relational_floor_of_a_b_over_c_is_exact() -> None:
    """At the edges of 64 bits, around whole quotients, and a unit beside them; with the remainder."""
    cases = [(a, b, c) for a, b, c in EXTREMES if a * b // c < 2**62]
    for c in (3, 2**40, 2**53 + 1, 10**18 + 9):
        for quotient in (1, 2**31, 2**52 + 1, 2**61 + 1):
            b = max(1, quotient * c // 2**62 + 1)
            exact = quotient * c // b
            cases += [(a, b, c) for a in (exact - 1, exact, exact + 1) if 0 <= a <= _GREAT and a * b // c < 2**62]
    assert len(cases) > 40
    table = ibis.memtable(
        pa.table({name: list(column) for name, column in zip("abc", zip(*cases, strict=True), strict=True)})
    )
    found = ibis.duckdb.connect().to_pyarrow(relations.divided(table, q=("a", "b", "c"))).to_pylist()
    assert [(row["a"], row["b"], row["c"]) for row in found] == cases
    for row in found:
        assert (row["q"], int(row["q_over"])) == divmod(row["a"] * row["b"], row["c"])


def test_the_rest_of_what_is_shared_out_goes_to_the_greatest_and_of_equals_to_the_first() -> None:
    """10 by 3, 3 and 1 is 4, 4 and 1, and the unit left goes to the first name of the two greatest."""
    table = ibis.memtable(
        pa.table({"place": ["p"] * 3, "name": ["b", "a", "c"], "total": [10] * 3, "weight": [3, 3, 1]})
    )
    shared = relations.shared_out(table, "weight", ["place"], ["name"], part="total").order_by("name")
    found = ibis.duckdb.connect().to_pyarrow(shared)
    assert dict(zip(found["name"].to_pylist(), found["part"].to_pylist(), strict=True)) == {"a": 5, "b": 4, "c": 1}
