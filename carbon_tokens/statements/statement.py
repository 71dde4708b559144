"""A statement: one meter reading of one facility-month and its emissions. One statement is one audit.

The account's version is not part of it: the same reading stated twice is the same evidence, which the ledger refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from carbon_tokens.energy.hourly import POLICIES
from carbon_tokens.energy.meters import meter_id
from carbon_tokens.energy.site import QUALITIES, Reading, pue_factor
from carbon_tokens.errors import EnergyError, StatementError
from carbon_tokens.periods import Month
from carbon_tokens.statements.document import (
    INSTANT_BITS,
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
from carbon_tokens.statements.factor import FactorReference
from carbon_tokens.statements.method import MethodReference
from carbon_tokens.statements.totals import FACILITY_OCTETS, check_totals, facility_hex, scope2

KINDS = ("bills", "hourly", "site", "table", "factor", "document")
NO_METER = "0x" + 64 * "0"


@dataclass(frozen=True, slots=True)
class Input(Part):
    """A file that a document rests on, named relative to the folder of inputs.

    Raises:
        StatementError: a name that leaves the folder, an unknown kind, a hash or rows that cannot be.
    """

    name: str
    kind: str  # bills, hourly, site or table (of a fleet): totals are recomputed; factor: a choice of factors, which is
    # compared; document: only its hash is checked
    sha256: str  # 0x, 32 bytes
    first_row: int  # of the rows used, the header being row 1; 0: the whole file
    last_row: int

    def __post_init__(self) -> None:
        path = PurePosixPath(words("name", self.name))
        if path.is_absolute() or ".." in path.parts or "\\" in self.name or ":" in (path.parts or ":")[0]:
            raise StatementError(f"{self.name!r} leaves the folder of inputs", where="name")
        one_of("kind", self.kind, KINDS)
        hexadecimal("sha256", self.sha256, 32)
        if whole("first_row", self.first_row) > whole("last_row", self.last_row):
            raise StatementError("is below first_row", where="last_row")


@dataclass(frozen=True, slots=True)
class Statement(Document):
    """What is stated of a meter's period: Wh and g CO2e, how they came about, and from which files.

    Raises:
        StatementError: anything that could not be audited, e.g. scope 2 that is not energy x factor.
    """

    TYPE: ClassVar[str] = "carbon-tokens/statement/2"

    facility: str  # 0x, 27 bytes
    month: Month
    utility: str
    meter_number: str
    meter: str  # 0x, 32 bytes: energy.meter_id of both; zero without energy
    start: int  # UTC seconds, within the month
    end: int
    energy_wh: int
    scope1_g: int
    scope2_location_g: int
    scope2_residual_g: int
    scope3_g: int
    pue: str  # applied to what the meter says; "1": none
    hours_present: int  # of hourly data
    hours_missing: int
    missing: str  # what stands for a missing hour; empty for bills
    quality: str  # A to D
    factor: FactorReference | None
    method: MethodReference
    inputs: tuple[Input, ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        hexadecimal("facility", self.facility, FACILITY_OCTETS)
        for name in ("hours_present", "hours_missing"):
            whole(name, getattr(self, name))
        for name in ("utility", "meter_number"):
            words(name, getattr(self, name), empty=True)
        one_of("missing", self.missing, ("", *POLICIES))
        one_of("quality", self.quality, QUALITIES)
        self._check_pue()
        check_parts(self)
        check_totals(self)
        self._check_meter()

    def _check_pue(self) -> None:
        try:
            pue_factor(words("pue", self.pue))
        except EnergyError as error:
            raise StatementError(error.what, where="pue") from error

    def _check_meter(self) -> None:
        start, end = whole("start", self.start, INSTANT_BITS), whole("end", self.end, INSTANT_BITS)
        if self.meter == NO_METER:
            if self.energy_wh or start or end or self.utility or self.meter_number or self.factor:
                raise StatementError("energy, a period or a factor without a meter", where="meter")
            return
        if not self.factor:
            raise StatementError("a meter's energy needs an emission factor", where="factor")
        if not self.month.start <= start < end <= self.month.end:
            raise StatementError(f"{start} to {end} is empty or outside {self.month}", where="start")
        if self.meter != "0x" + meter_id(words("utility", self.utility), words("meter", self.meter_number)).hex():
            raise StatementError("is not the id of this utility and meter", where="meter")

    @classmethod
    def _load(cls, name: str, value: object) -> object:
        return load_part(name, value)


def build(
    reading: Reading,
    factor: FactorReference,
    *,
    facility: int | str,
    method: MethodReference,
    scope1_g: int = 0,
    scope3_g: int = 0,
    documents: Iterable[Input] = (),
    notes: Iterable[str] = (),
) -> Statement:
    """The statement of a reading. Scope 2 is its energy x the factor, rounded up (METHOD sections 4 and 8.1).

    Args:
        scope1_g: g CO2e of fuel and refrigerants that come with this reading.
        scope3_g: g CO2e upstream, e.g. the month's share of embodied emissions.
        documents: what else it rests on.

    Raises:
        StatementError: values that could not be audited.
    """
    first, last = reading.rows
    location, residual = scope2(reading.energy_wh, factor)
    source = Input(reading.file, reading.kind, "0x" + reading.source_file_sha256, first, last)
    return Statement(
        facility=facility_hex(facility),
        month=reading.month,
        utility=reading.utility,
        meter_number=reading.meter,
        meter="0x" + reading.meter_id.hex(),
        start=reading.start,
        end=reading.end,
        energy_wh=reading.energy_wh,
        scope1_g=scope1_g,
        scope2_location_g=location,
        scope2_residual_g=residual,
        scope3_g=scope3_g,
        pue=reading.pue,
        hours_present=reading.hours_present,
        hours_missing=reading.hours_missing,
        missing=reading.missing,
        quality=reading.quality,
        factor=factor,
        method=method,
        inputs=(source, *documents),
        notes=tuple(note for note in (reading.note, *notes) if note),
    )


def build_without_energy(
    facility: int | str,
    when: Month,
    *,
    method: MethodReference,
    quality: str,
    scope1_g: int = 0,
    scope3_g: int = 0,
    documents: Iterable[Input] = (),
    notes: Iterable[str] = (),
) -> Statement:
    """The statement of direct and upstream emissions alone, with no meter. Raises StatementError as ``build``."""
    return Statement(
        facility=facility_hex(facility),
        month=when,
        utility="",
        meter_number="",
        meter=NO_METER,
        start=0,
        end=0,
        energy_wh=0,
        scope1_g=scope1_g,
        scope2_location_g=0,
        scope2_residual_g=0,
        scope3_g=scope3_g,
        pue="1",
        hours_present=0,
        hours_missing=0,
        missing="",
        quality=quality,
        factor=None,
        method=method,
        inputs=tuple(documents),
        notes=tuple(notes),
    )


def check_parts(document: object) -> None:
    """Refuses a month, method, factor, inputs or notes of another type. Raises StatementError."""
    expected = {"month": Month, "method": MethodReference, "factor": (FactorReference, type(None))}
    for name, kind in expected.items():
        if not isinstance(getattr(document, name), kind):  # type: ignore[arg-type]
            raise StatementError(f"{getattr(document, name)!r} does not belong here", where=name)
    inputs, notes = getattr(document, "inputs", None), getattr(document, "notes", None)
    if not isinstance(inputs, tuple) or not all(isinstance(item, Input) for item in inputs):
        raise StatementError("is no tuple of inputs", where="inputs")
    if not isinstance(notes, tuple):
        raise StatementError("is no tuple of texts", where="notes")
    texts("notes", notes)


def load_part(name: str, value: object) -> object:
    """A field of a statement or restatement from JSON."""
    if name == "month":
        return month(name, value)
    if name == "factor":
        return FactorReference.from_object(value) if value is not None else None
    if name == "method":
        return MethodReference.from_object(value)
    if name == "inputs":
        return tuple(Input.from_object(item) for item in listed(name, value))
    return texts(name, value) if name in ("notes", "previous") else value
