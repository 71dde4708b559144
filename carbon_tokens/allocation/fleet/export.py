"""A footprint on disk: our rows, the columns of Google's Carbon Footprint export, and shares for the chain.

    allocation.json          totals, options, boundary, hash of every input, digest of the rows, flags
    customers.csv, .parquet  a row for each customer, project, service and region: whole Wh and grams
    customers/NAME.csv       the rows of one customer, for it alone (if asked for)
    carbon_footprint.parquet the same rows under the names of Google's export (kg CO2e as exact decimals), so that
                             BigQuery and the tools that customers have for it can load them
    shares/REGION.csv        tenant, energy_wh, location_g, market_g: what ``commit --shares`` puts under a root

Source of the names: docs.cloud.google.com/carbon-footprint/docs/data-schema.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from carbon_tokens.allocation.fleet import bigquery, billed, quality
from carbon_tokens.allocation.fleet.result import PUBLISHED, Footprint
from carbon_tokens.errors import AllocationError

TYPE = "carbon-tokens/footprint/1"
MODEL = "carbon-tokens-1"  # our method's version, in the column of Google's
_PLACES = 21  # µWh × ng/Wh × a factor in millionths
_LONGEST = 200  # of a file name
_KG = pa.decimal128(38, 3)
_SHARE = {
    "energy_wh": ("energy_wh",),
    "location_g": ("scope1_g", "scope2_location_g", "scope3_g"),
    "market_g": ("scope1_g", "scope2_market_g", "scope3_g"),
}


def to_json(footprint: Footprint) -> dict[str, Any]:
    """The result without its rows. Emissions in g: exact ones as decimal text, published ones as integers."""
    f = footprint
    hours = f.hours
    energy = _total(hours, "energy")
    hourly = energy - _total(hours.filter(hours.column("annual")), "energy")
    beside, market = f.scope1_g + f.scope3_g, sum(each.scope2_market_g for each in f.regions)
    return {
        "type": TYPE,
        "month": f.month,
        "energy_wh": f.energy_wh,
        "location_g": _text(sum((each.location for each in f.regions), Fraction(0))),
        "market_g": _text(sum((each.market for each in f.regions), Fraction(0))),
        "statement_g": f.statement_g,
        "scope1_g": f.scope1_g,
        "scope3_g": f.scope3_g,
        "totals": {  # scopes 1, 2 and 3; net is gross market-based minus offsets, of which an allocation has none
            "gross_location_g": f.statement_g + beside,
            "gross_market_g": market + beside,
            "offsets_g": 0,
            "net_g": market + beside,
        },
        "regions": {
            each.region: {
                "energy_wh": each.energy_wh,
                "scope2_location_g": each.scope2_location_g,
                "scope2_market_g": each.scope2_market_g,
                "market_provisional": each.provisional,
                "residual_g": f.residual[each.region],
            }
            for each in f.regions
        },
        "rows": f.rows.num_rows,
        "customers": len(f.rows.column("customer").unique()),
        "digest": f.digest,
        "options": {
            "sku_mode": f.options.sku_mode,
            "missing_hours": f.options.missing_hours,
            "rounds": f.options.rounds,
        },
        "boundary": {
            "id": f.boundary.boundary,
            "sha256": f.boundary.sha256,
            "included": list(f.boundary.included),
            "excluded": list(f.boundary.excluded),
        },
        "flags": {
            "hourly_intensity_share": _ratio(hourly, energy),
            "dyn_without_cpu_uwh": _total(hours, "without_cpu"),
            "overhead_without_it_uwh": _total(hours, "without_it"),
            "unreserved_idle_uwh": _total(hours, "unreserved"),
            "by_activity_uwh": _total(hours, "by_activity"),
            "by_activity": _by_activity(hours),
            "undelivered_uwh": f.undelivered_uwh,
            "unsold": f.unsold.to_pylist(),
            "sold_without_energy": f.bare.to_pylist(),
        },
        "non_electric": {
            "grams": {name: _text(grams) for name, grams in f.non_electric.parts.items()},
            "scopes": {name: 1 if name in ("fuel", "scope1") else 3 for name in f.non_electric.parts},
            "years": f.non_electric.years,
        },
        "checks": [each.to_json() for each in f.checks],
        "billed": billed.content(f.billed),
        "quality": quality.content(f.quality),
        "inputs": f.inputs,
        "ignored": list(f.ignored),
    }


def _by_activity(hours: pa.Table) -> dict[str, dict[str, object]]:
    """By cluster, of what activity metrics decided: µWh and its share. It is the last tier, so grade D."""
    sums = hours.group_by("cluster").aggregate([("by_activity", "sum"), ("energy", "sum")]).to_pylist()
    return {
        row["cluster"]: {"energy_uwh": part, "share": _ratio(part, row["energy_sum"]), "grade": "D"}
        for row in sorted(sums, key=lambda row: str(row["cluster"]))
        if (part := row["by_activity_sum"])
    }


def written(content: dict[str, Any]) -> str:
    """allocation.json of ``to_json``."""
    return json.dumps(content, indent=1) + "\n"


def shares(footprint: Footprint, region: str) -> pa.Table:
    """What each customer of a region takes: tenant, energy_wh, location_g, market_g with scopes 1 and 3; sorted."""
    rows = footprint.rows.filter(pc.equal(footprint.rows.column("region"), region))
    columns = {name: _sum(rows, parts) for name, parts in _SHARE.items()}
    table = pa.table({"tenant": rows.column("customer"), **columns}).group_by("tenant")
    summed = table.aggregate([(name, "sum") for name in _SHARE]).rename_columns(["tenant", *_SHARE])
    return summed.sort_by("tenant")


def google_export(footprint: Footprint) -> pa.Table:
    """Rows under the names of Google's export; ours behind: energy_kwh, hourly_ci_share, quality, provisional."""
    rows, month = footprint.rows, footprint.month
    count = rows.num_rows
    kg = {name: _thousandths(rows.column(name)) for name in rows.column_names if name.endswith("_g")}
    scope2 = _struct({"location_based": kg["scope2_location_g"], "market_based": kg["scope2_market_g"]})
    total = {each: _thousandths(_sum(rows, _SHARE[f"{each}_g"])) for each in ("location", "market")}
    provisional = {each.region: each.provisional for each in footprint.regions}
    flags, regions = to_json(footprint)["flags"], rows.column("region").to_pylist()
    grades = {each.region: quality.worst(footprint.quality, each.region) for each in footprint.regions}
    return pa.table(
        {
            "usage_month": pa.array([f"{month}-01" if month else None] * count).cast(pa.date32()),
            "billing_account_id": rows.column("customer"),
            "project": _struct({"id": rows.column("project"), "number": rows.column("project")}),
            "service": _struct({"id": rows.column("service"), "description": rows.column("service")}),
            "location": _struct({"location": rows.column("region"), "region": rows.column("region")}),
            "carbon_model_version": pa.array([MODEL] * count),
            "carbon_footprint_kgCO2e": _struct({"scope1": kg["scope1_g"], "scope2": scope2, "scope3": kg["scope3_g"]}),
            "carbon_footprint_total_kgCO2e": _struct(
                {"location_based": total["location"], "market_based": total["market"]}
            ),
            "energy_kwh": _thousandths(rows.column("energy_wh")),
            "hourly_ci_share": pa.array([flags["hourly_intensity_share"]] * count),
            "quality": pa.array([grades[each] for each in regions], pa.string()),
            "provisional": pa.array([provisional[each] for each in regions]),
        }
    )


def write(footprint: Footprint, folder: Path | str, *, by_customer: bool = False) -> dict[str, Any]:
    """Writes the files into a new folder, whole or not at all; returns the content of allocation.json.

    Args:
        by_customer: also a file for each customer, with its rows only.

    Raises:
        AllocationError: the folder exists, or cannot be written.
    """
    folder, content = Path(folder), to_json(footprint)
    if folder.exists():
        raise AllocationError("exists already", where=str(folder), todo="Give a new folder.")
    draft = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "shares").mkdir(parents=True)
        (draft / "allocation.json").write_text(written(content), encoding="utf-8")
        published = footprint.rows.select(list(PUBLISHED))
        pyarrow.csv.write_csv(published, draft / "customers.csv", _CSV)
        pyarrow.parquet.write_table(footprint.rows, draft / "customers.parquet")
        export = google_export(footprint)
        pyarrow.parquet.write_table(export, draft / "carbon_footprint.parquet")
        pyarrow.csv.write_csv(bigquery.flat(export), draft / "carbon_footprint.csv", _CSV)
        (draft / "carbon_footprint.schema.json").write_text(bigquery.schema(export), encoding="utf-8")
        if by_customer:
            (draft / "customers").mkdir()
            for customer, rows in _by_customer(published):
                pyarrow.csv.write_csv(rows, draft / "customers" / f"{_file_name(customer)}.csv", _CSV)
        for each in footprint.regions:
            path = draft / "shares" / f"{_file_name(each.region)}.csv"
            pyarrow.csv.write_csv(shares(footprint, each.region), path, _CSV)
        draft.rename(folder)
    except OSError as error:
        raise AllocationError(f"cannot be written ({error.strerror})", where=str(folder)) from error
    return content


_CSV = pyarrow.csv.WriteOptions(quoting_style="needed")


def _by_customer(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Rows of each customer, which stay in their order."""
    sorted_rows = rows.sort_by([(name, "ascending") for name in ("customer", "region", "project", "service")])
    names = sorted_rows.column("customer").combine_chunks().dictionary_encode()
    starts = np.flatnonzero(np.diff(names.indices.to_numpy(), prepend=-1))
    for at, end in zip(starts, [*starts[1:], len(names)], strict=True):
        yield names[int(at)].as_py(), sorted_rows.slice(int(at), int(end - at))


def _file_name(name: str) -> str:
    """A name as a file can have it: quoted as in a URL, its hash where that is too long."""
    quoted = quote(name, safe=" ").strip(".") or "%2E"
    return quoted if len(quoted) <= _LONGEST else hashlib.sha256(name.encode()).hexdigest()


def _sum(rows: pa.Table, names: tuple[str, ...]) -> pa.ChunkedArray:
    column = rows.column(names[0])
    for name in names[1:]:
        column = pc.add_checked(column, rows.column(name))
    return column


def _thousandths(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """kg of g, kWh of Wh: exact decimals with three places."""
    return pc.multiply(column.cast(pa.decimal128(19, 0)), pa.scalar(Decimal("0.001"), pa.decimal128(4, 3))).cast(_KG)


def _struct(fields: dict[str, Any]) -> pa.Array:
    arrays = [each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in fields.values()]
    arrays = [each.cast(pa.string()) if pa.types.is_dictionary(each.type) else each for each in arrays]
    return pa.StructArray.from_arrays(arrays, names=list(fields))


def _total(table: pa.Table, column: str) -> int:
    return pc.sum(table.column(column)).as_py() or 0


def _ratio(part: int, whole: int) -> str:
    return str((Decimal(part) / Decimal(whole)).quantize(Decimal("0.000001")).normalize()) if whole else "1"


def _text(grams: Fraction) -> str:
    """Grams exactly: as decimal text where that ends, else as a/b."""
    digits = grams * 10**_PLACES
    if digits.denominator != 1:
        return f"{grams.numerator}/{grams.denominator}"
    whole, rest = divmod(digits.numerator, 10**_PLACES)
    return f"{whole}.{rest:0{_PLACES}d}".rstrip("0").rstrip(".")
