"""What an allocation gives: totals of regions, the rows of customers, what was chosen, and the hash of it all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon_tokens.allocation.fleet import customers
from carbon_tokens.allocation.fleet.billed import TOLERANCE, Billed
from carbon_tokens.allocation.fleet.non_electric import Worldwide
from carbon_tokens.allocation.fleet.quality import Quality
from carbon_tokens.allocation.method.boundaries import Boundary
from carbon_tokens.units import ceil

PUBLISHED = (*customers.KEYS, *customers.REGIONAL, *customers.WORLDWIDE)  # columns of a row that is published

_UWH = 10**6  # in a Wh


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller chose; written into the result.

    Attributes:
        sku_mode: "regional" keeps the total of each region, "service" one factor a SKU and intensity everywhere.
        missing_hours: "refuse", or "annual": hours without an intensity have the annual one.
        rounds: of passing on the energy of shared services; None is all of them.
        boundary: id of the list of what is counted.
        bill_tolerance: of meters against bills, as a part of what was billed (C3).
    """

    sku_mode: str = "regional"
    missing_hours: str = "refuse"
    rounds: int | None = None
    boundary: str = "google-2024"
    bill_tolerance: Decimal = TOLERANCE


@dataclass(frozen=True, slots=True)
class Region:
    """Totals of a region: exact, and as published (gross rounded up). Its clusters; ng/Wh of its residual mix."""

    region: str
    energy_uwh: int
    location: Fraction  # scope 2, g
    market: Fraction  # scope 2, g
    provisional: bool  # market-based by the factor of the year before
    clusters: tuple[str, ...] = ()
    residual_mix: int | None = None

    @property
    def energy_wh(self) -> int:
        return ceil(Fraction(self.energy_uwh, _UWH))

    @property
    def scope2_location_g(self) -> int:
        return ceil(self.location)

    @property
    def scope2_market_g(self) -> int:
        return ceil(self.market)


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the method (C1 to C12): what it says, and the integers that were compared."""

    check: str
    says: str
    numbers: dict[str, int]
    holds: bool

    def to_json(self) -> dict[str, object]:
        return {"check": self.check, "says": self.says, "numbers": self.numbers, "holds": self.holds}


@dataclass(frozen=True, slots=True, eq=False)
class Footprint:
    """A fleet's month, allocated.

    Attributes:
        rows: customer, project, service, region, energy_wh, scope2_location_g, scope2_market_g, scope1_g, scope3_g, and
            energy_uwh and location_ug, from which they come.
        unsold: service, region, energy_uwh, location_ug of services that nobody bought there.
        bare: service, region of sales where the service has no energy.
        hours: by cluster and hour, as ``kernel.Cells.hours``; days: by cluster, day and service, before reallocation.
        residual: by region, g of the rows minus g of the region (service mode; else 0).
        inputs: sha-256 of each file by its name; ignored: tables in the folder that are no table of a fleet.
        undelivered_uwh: energy that has not reached an end user (with rounds).
        non_electric: what scope 1 and 3 come of; checks: C1 to C12, in order.
        billed: meters against bills (C3), None without bills; quality: sources, grades, intervals.
    """

    regions: tuple[Region, ...]
    rows: pa.Table
    unsold: pa.Table
    bare: pa.Table
    hours: pa.Table
    days: pa.Table
    residual: dict[str, int]
    scope1_g: int
    scope3_g: int
    non_electric: Worldwide
    undelivered_uwh: int
    options: Options
    boundary: Boundary
    inputs: dict[str, str]
    ignored: tuple[str, ...]
    month: str | None
    quality: Quality
    billed: Billed | None = None
    checks: tuple[Check, ...] = ()

    @property
    def energy_wh(self) -> int:
        return sum(each.energy_wh for each in self.regions)

    @property
    def statement_g(self) -> int:
        """Scope 2 location-based as published: the sum over regions of what is rounded up there."""
        return sum(each.scope2_location_g for each in self.regions)

    @property
    def digest(self) -> str:
        """``digest`` of the rows."""
        return digest(self.rows)


def digest(rows: pa.Table) -> str:
    """sha-256 of published rows, column by column: the same on every engine, machine and version."""
    found = hashlib.sha256()
    for name in PUBLISHED:
        found.update(f"{name}\n".encode())
        column = rows.column(name)
        if name in customers.KEYS:
            texts = column.cast(pa.large_string()).combine_chunks()
            found.update(pc.binary_length(texts).to_numpy(zero_copy_only=False).astype("<i8").tobytes())
            found.update(_utf8(texts))
        else:
            found.update(column.to_numpy().astype("<i8").tobytes())
    return found.hexdigest()


def _utf8(texts: pa.LargeStringArray) -> memoryview | bytes:
    """The bytes of all texts without a break, as Arrow keeps them."""
    if not len(texts):
        return b""
    _, ends, content = texts.buffers()
    first, last = np.frombuffer(ends, np.int64)[[texts.offset, texts.offset + len(texts)]]
    return memoryview(content)[first:last]
