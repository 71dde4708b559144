"""From services to customers, METHOD (f) and (g), and to whole Wh and grams by largest remainder.

A service's energy and emissions in a region follow the list value of what was used there of its SKUs:
    weight of a row = floor(emissions of the service in the region × value of the row ÷ value of all)     [µg, µWh]
and each published total of a region is apportioned once over its rows: floors, then a unit to the greatest remainders,
ties by region, customer, project and service. All of it in integers, so their sum is the total.

A service with energy but without sales in a region has no rows: its part falls to the region's other rows in
proportion, and is reported as unsold. A region without any sales has one row, of the customer ``_unsold``.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from carbon_tokens.allocation.fleet.exact import counted, largest_remainder
from carbon_tokens.allocation.fleet.names import Numbering, runs
from carbon_tokens.errors import FleetError, NotConserved

UNSOLD = "_unsold"
KEYS = ("customer", "project", "service", "region")
REGIONAL = ("energy_wh", "scope2_location_g", "scope2_market_g")  # totals of a region
WORLDWIDE = ("scope1_g", "scope3_g")

_VALUES = """
create table valued as
select customer, project, service, u.region as region, sum((price::hugeint * amount) // 1000000000) as value
from customer_usage u join skus using (sku) group by all
"""

_ROWS = """
create table weighed as
with sums as (select service, region, sum(value) as whole from valued group by all having whole > 0),
sold as (
  select customer, project, v.service, v.region,
    (t.energy::hugeint * value // whole)::bigint as energy_uwh,
    (t.location::hugeint * value // whole)::bigint as location_ug
  from valued v join sums s using (service, region) join totals t using (service, region)
)
select * from sold
union all
select n.customer, n.project, n.service, t.region, sum(energy)::bigint, sum(location)::bigint from totals t, nobody n
where t.region not in (select region from sold where energy_uwh > 0) group by all having sum(energy) > 0
"""

_SORTED = """
select customer, project, service, region, energy_uwh, location_ug from weighed
order by region, customer, project, service
"""


_NOBODY = pa.table({"customer": [UNSOLD], "project": [""], "service": [""]})


@dataclass(frozen=True, slots=True)
class Split:
    """Rows of customers, and what has no customer: (service, region, energy_uwh, location_ug) of services unsold."""

    rows: pa.Table
    unsold: pa.Table
    bare: pa.Table  # service, region of what was sold where the service has no energy: no rows, no emissions


def split(totals: pa.Table, published: pa.Table, worldwide: dict[str, int], skus: pa.Table, usage: pa.Table) -> Split:
    """Rows by customer, project, service and region that add up to what is published.

    Args:
        totals: service, region, energy (µWh), location (µg).
        published: region and the whole numbers of ``REGIONAL``.
        worldwide: whole grams of ``WORLDWIDE``, split over all rows by energy.
        skus: sku, service, price (10^-12 USD); usage: customer, project, sku, region, amount (10^-6).

    Returns:
        The keys, ``REGIONAL`` and ``WORLDWIDE`` as whole numbers, and energy_uwh and location_ug, from which they come;
        sorted by region, customer, project, service.

    Raises:
        FleetError: a SKU or region of the usage that is unknown, a SKU twice, sales beyond 128 bits.
        NotConserved: C9 or C11.
    """
    tables = {"totals": totals, "published": published, "skus": skus, "customer_usage": usage, "nobody": _NOBODY}
    numbering = Numbering(tables, (*KEYS, "sku"))
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, numbering.numbered(table))
        _known(connection, numbering)
        try:
            connection.execute(_VALUES)
            connection.execute(_ROWS)
            unsold, bare = (numbering.named(connection.sql(each).to_arrow_table()) for each in (_UNSOLD, _BARE))
            weighed = connection.sql(_SORTED).to_arrow_table()
        except duckdb.OutOfRangeException as error:
            what = f"more sales than can be counted: {error}"
            raise FleetError(what, where="customer_usage", todo="Check the units of usage and price.") from error
    with counted("customer_usage"):
        rows = numbering.named(_apportioned(weighed, numbering.numbered(published), worldwide))
    if not rows.num_rows and any(worldwide.values()):
        raise FleetError(
            "there is no energy to share scope 1 and 3 by", where="nonelectric", todo="Leave the table out."
        )
    _check(rows, published, worldwide)
    return Split(rows, unsold, bare)


_UNSOLD = """
select service, region, energy as energy_uwh, location as location_ug from totals t
where energy > 0 and not exists (select 1 from weighed w where w.service = t.service and w.region = t.region)
order by region, service
"""


_BARE = """
select distinct service, region from valued v
where not exists (select 1 from totals t where t.service = v.service and t.region = v.region)
order by region, service
"""


def _known(connection: duckdb.DuckDBPyConnection, numbering: Numbering) -> None:
    questions = {
        "SKU {!r} is unknown": "select sku from customer_usage where sku not in (select sku from skus) limit 1",
        "region {!r} is unknown": "select region from customer_usage "
        "where region not in (select region from published) limit 1",
        "SKU {!r} stands in two rows": "select sku from skus group by sku having count(*) > 1 limit 1",
        f"customer {{!r}} is the name of what nobody bought ({UNSOLD})": "select customer from customer_usage "
        "where customer = (select customer from nobody) limit 1",
    }
    for what, question in questions.items():
        if found := connection.execute(question).fetchone():
            name = numbering.name(question.split()[1], found[0])
            raise FleetError(what.format(name), where="customer_usage, skus", todo="Give each one row of its table.")


def _apportioned(weighed: pa.Table, published: pa.Table, worldwide: dict[str, int]) -> pa.Table:
    """Whole Wh and grams of rows that are sorted by region. Where all emissions are 0, they would follow energy."""
    energy, location = (weighed.column(name).to_numpy() for name in ("energy_uwh", "location_ug"))
    regions = weighed.column("region").to_numpy()
    whole = {name: np.zeros(len(regions), np.int64) for name in REGIONAL}
    totals = {row["region"]: row for row in published.to_pylist()}
    for place in runs(regions):
        emitting = location[place] if location[place].any() else energy[place]
        for quantity in REGIONAL:
            weights = energy[place] if quantity == "energy_wh" else emitting
            whole[quantity][place] = largest_remainder(totals[regions[place.start]][quantity], weights)
    if len(regions):
        whole |= {name: largest_remainder(total, energy) for name, total in worldwide.items()}
    keys = {name: weighed.column(name) for name in KEYS}
    empty = {name: np.zeros(0, np.int64) for name in WORLDWIDE}
    return pa.table({**keys, **empty, **whole, "energy_uwh": energy, "location_ug": location}).select(
        [*KEYS, *REGIONAL, *WORLDWIDE, "energy_uwh", "location_ug"]
    )


def _check(rows: pa.Table, published: pa.Table, worldwide: dict[str, int]) -> None:
    """C9 and C11: the rows of a region add up to what is published of it, those of the world likewise."""
    sums = rows.group_by("region").aggregate([(name, "sum") for name in REGIONAL]).to_pylist()
    found = {row["region"]: [row[f"{name}_sum"] for name in REGIONAL] for row in sums}
    for row in published.to_pylist():
        wanted = [row[name] for name in REGIONAL]
        if found.get(row["region"], [0] * len(wanted)) != wanted:
            raise NotConserved(
                f"rows add up to {found.get(row['region'])}, not {wanted}", where=row["region"], check="C9"
            )
    for name in WORLDWIDE:
        if (total := int(rows.column(name).to_numpy().sum())) != worldwide[name]:
            raise NotConserved(f"rows add up to {total}, not {worldwide[name]}", where=name, check="C11")
