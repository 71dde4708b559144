"""A statement of a fleet: one region's month, allocated to customers, as one facility-month. It is one audit.

Its location-based emissions follow the grid hour by hour, so they are no energy x factor: they, and all other totals,
are recomputed from the fleet's tables, whose hashes stand here. Market-based it states the residual mix of *all* energy
(GHG Protocol Scope 2 Guidance, section 6.11): certificates are retired into the account on chain, which deducts them
there; a statement that deducted them before would let each count twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from carbon_tokens.energy.meters import meter_id
from carbon_tokens.energy.site import QUALITIES
from carbon_tokens.errors import StatementError
from carbon_tokens.periods import Month
from carbon_tokens.statements.document import (
    GRAMS_BITS,
    INSTANT_BITS,
    WH_BITS,
    Document,
    Part,
    hexadecimal,
    listed,
    month,
    one_of,
    texts,
    whole,
    words,
)
from carbon_tokens.statements.factor import exact_rate
from carbon_tokens.statements.method import MethodReference
from carbon_tokens.statements.statement import Input
from carbon_tokens.statements.totals import FACILITY_OCTETS, SCOPES
from carbon_tokens.units import WH_PER_MWH, ceil

MILLIONTHS = 1_000_000
SKU_MODES = ("regional",)  # in the other mode a region's customers do not add up to the region
MISSING_HOURS = ("refuse", "annual")
_PART = re.compile(r"[0-9]{1,3}(\.[0-9]{1,12})?")
TABLE = "table"  # kind of an input: the statement is recomputed from all of them


@dataclass(frozen=True, slots=True)
class FleetOptions(Part):
    """How the fleet was allocated, see ``carbon_tokens.allocation.fleet.Options``."""

    sku_mode: str
    missing_hours: str  # "annual": an hour without an intensity has that of the year
    rounds: int | None  # of passing on shared services; null: to the end
    bill_tolerance: str  # of meters against the tables' bills, as a part of what was billed

    def __post_init__(self) -> None:
        one_of("sku_mode", self.sku_mode, SKU_MODES)
        one_of("missing_hours", self.missing_hours, MISSING_HOURS)
        if self.rounds is not None and not whole("rounds", self.rounds):
            raise StatementError("0 rounds pass nothing on", where="rounds", todo="Leave them out for all.")
        if not isinstance(self.bill_tolerance, str) or not _PART.fullmatch(self.bill_tolerance):
            raise StatementError(f"{self.bill_tolerance!r} is no part in plain digits", where="bill_tolerance")


@dataclass(frozen=True, slots=True)
class FleetStatement(Document):
    """What is stated of a region of a fleet: Wh and g CO2e, how they came about, and from which tables.

    Raises:
        StatementError: anything that could not be audited, e.g. residual-mix emissions that are not energy x rate.
    """

    TYPE: ClassVar[str] = "carbon-tokens/fleet-statement/1"

    facility: str  # 0x, 27 bytes
    month: Month
    region: str  # of the fleet's tables
    grid_region: str  # of the facility on chain, where its energy is drawn
    utility: str
    meter_number: str
    meter: str  # 0x, 32 bytes: energy.meter_id of both
    start: int  # UTC seconds, within the month
    end: int
    energy_wh: int
    scope1_g: int
    scope2_location_g: int
    scope2_residual_g: int  # of all energy, before any certificate
    scope3_g: int
    residual_rate: str  # exact g/MWh; empty: none is given, and location-based emissions stand in
    hourly_share: int  # of the energy with an intensity of its own hour, in millionths, rounded down
    hours_present: int  # with energy of the region
    hours_missing: int  # others of the month
    quality: str  # A to D, of the energy
    options: FleetOptions
    method: MethodReference
    boundary_sha256: str  # of the boundary's file; 0x, 32 bytes
    rows_sha256: str  # of the rows of all customers and regions of the fleet; 0x, 32 bytes
    inputs: tuple[Input, ...]
    reason: str  # why it replaces others; empty: it replaces none
    previous: tuple[str, ...]  # evidence of every statement that it replaces; 0x, 32 bytes each
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        hexadecimal("facility", self.facility, FACILITY_OCTETS)
        for name in ("region", "grid_region"):
            words(name, getattr(self, name))
        for name in ("boundary_sha256", "rows_sha256"):
            hexadecimal(name, getattr(self, name), 32)
        one_of("quality", self.quality, QUALITIES)
        self._check_parts()
        self._check_totals()
        self._check_period()
        if self.meter != "0x" + meter_id(words("utility", self.utility), words("meter", self.meter_number)).hex():
            raise StatementError("is not the id of this utility and meter", where="meter")

    @property
    def factor(self) -> None:
        """There is none: scope 2 is by the hour."""
        return None

    def _check_parts(self) -> None:
        expected = {"month": Month, "options": FleetOptions, "method": MethodReference}
        for name, kind in (expected | dict.fromkeys(("inputs", "previous", "notes"), tuple)).items():
            if not isinstance(getattr(self, name), kind):
                raise StatementError(f"{getattr(self, name)!r} does not belong here", where=name)
        texts("notes", self.notes)
        for evidence in self.previous:
            hexadecimal("previous", evidence, 32)
        blank = not words("reason", self.reason, empty=not self.previous)
        if blank != (not self.previous):
            raise StatementError("whoever replaces statements says why and cites them", where="reason")
        names = [each.name for each in self.inputs if isinstance(each, Input) and each.kind == TABLE]
        if not names or len(names) < len(self.inputs) or names != sorted(set(names)):
            raise StatementError("are not the fleet's tables, each once, in the order of their names", where="inputs")

    def _check_totals(self) -> None:
        if not whole("energy_wh", self.energy_wh, WH_BITS):
            raise StatementError("a meter without energy states nothing", where="energy_wh")
        for name in SCOPES:
            whole(name, getattr(self, name), GRAMS_BITS)
        grams = residual_mix_g(self.energy_wh, self.residual_rate, self.scope2_location_g)
        if self.scope2_residual_g != grams:
            what = f"{self.scope2_residual_g} g is not the residual mix of all energy, {grams} g"
            raise StatementError(what, where="scope2_residual_g")
        if whole("hourly_share", self.hourly_share) > MILLIONTHS:
            raise StatementError("is above one", where="hourly_share")
        if self.hourly_share < MILLIONTHS and self.options.missing_hours == "refuse":
            raise StatementError("hours have the annual intensity, which options refuse", where="hourly_share")

    def _check_period(self) -> None:
        start, end = whole("start", self.start, INSTANT_BITS), whole("end", self.end, INSTANT_BITS)
        if not self.month.start <= start < end <= self.month.end or start % 3600 or end % 3600:
            raise StatementError(f"{start} to {end} is empty, outside {self.month} or of no full hours", where="start")
        present, missing = whole("hours_present", self.hours_present), whole("hours_missing", self.hours_missing)
        if present + missing != self.month.hours or not 0 < present <= (end - start) // 3600:
            raise StatementError(f"{present} and {missing} are not the hours of {self.month}", where="hours_present")

    @classmethod
    def _load(cls, name: str, value: object) -> object:
        if name == "month":
            return month(name, value)
        if name == "options":
            return FleetOptions.from_object(value)
        if name == "method":
            return MethodReference.from_object(value)
        if name == "inputs":
            return tuple(Input.from_object(item) for item in listed(name, value))
        return texts(name, value) if name in ("notes", "previous") else value


def residual_mix_g(energy_wh: int, rate: str, location_g: int) -> int:
    """Residual-mix emissions of all energy at a rate in g/MWh, rounded up once; location-based where there is none.

    Raises:
        StatementError: the rate is no number in plain digits.
    """
    if not words("residual_rate", rate, empty=True):
        return location_g
    return ceil(energy_wh * exact_rate("residual_rate", rate) / WH_PER_MWH)
