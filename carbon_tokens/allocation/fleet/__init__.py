"""A fleet's month allocated to customers at any size: the method in integers over tables.

    footprint  allocate(): from tables to the published rows of customers
    result     what comes of it, and its hash
    columns    the tables and their columns, as data
    export     the result on disk: rows, Google's export, shares for the chain
    runners    in this process, a pool of processes, Spark; and the days that did not change are kept
    twin       the whole method once more as one Ibis expression (``relations``), to the same digest

numpy, pyarrow, duckdb and scipy come with the extra ``fleet``.
"""

from __future__ import annotations

from carbon_tokens.allocation.fleet.columns import TABLES
from carbon_tokens.allocation.fleet.export import google_export, shares, to_json, write
from carbon_tokens.allocation.fleet.footprint import allocate
from carbon_tokens.allocation.fleet.result import Footprint, Options, Region
from carbon_tokens.allocation.fleet.runners import Kept, Processes, Spark, in_process

__all__ = [
    "allocate",
    "Options",
    "Footprint",
    "Region",
    "in_process",
    "Processes",
    "Spark",
    "Kept",
    "TABLES",
    "to_json",
    "write",
    "shares",
    "google_export",
]
