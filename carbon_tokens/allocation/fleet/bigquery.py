"""Google's export for BigQuery: its schema as JSON for ``bq load``, and flat columns for CSV.

BigQuery reads the Parquet file as it is. A CSV has no records, so a field of one has the name of both: ``project.id``.
Source of the types: docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet (decimals by precision).
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa


def schema(table: pa.Table) -> str:
    """The schema as ``bq load --schema`` takes it: name, type and mode of each field, records with their fields."""
    return json.dumps([_field(each) for each in table.schema], indent=1) + "\n"


def flat(table: pa.Table) -> pa.Table:
    """The table with records as columns of dotted names, however deep."""
    while any(pa.types.is_struct(each.type) for each in table.schema):
        table = table.flatten()
    dictionaries = [at for at, each in enumerate(table.schema) if pa.types.is_dictionary(each.type)]
    for at in dictionaries:
        table = table.set_column(at, table.schema.field(at).name, table.column(at).cast(pa.string()))
    return table


def _field(field: pa.Field) -> dict[str, Any]:
    found: dict[str, Any] = {"name": field.name, "type": _type(field.type), "mode": "NULLABLE"}
    if pa.types.is_struct(field.type):
        found["fields"] = [_field(field.type.field(at)) for at in range(field.type.num_fields)]
    return found


def _type(kind: pa.DataType) -> str:
    if pa.types.is_struct(kind):
        return "RECORD"
    if pa.types.is_decimal(kind):
        return "NUMERIC" if kind.precision - kind.scale <= 29 and kind.scale <= 9 else "BIGNUMERIC"
    if pa.types.is_date(kind):
        return "DATE"
    return "BOOLEAN" if pa.types.is_boolean(kind) else "STRING"
