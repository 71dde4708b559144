"""From a fleet's allocation to the statement of one of its regions, and that statement again from the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from carbon_tokens.energy.meters import meter_id
from carbon_tokens.errors import CarbonTokensError, ExtraMissing, StatementError
from carbon_tokens.periods import Month
from carbon_tokens.statements.fleet import MILLIONTHS, TABLE, FleetOptions, FleetStatement, residual_mix_g
from carbon_tokens.statements.method import FLEET_METHOD, MethodReference
from carbon_tokens.statements.statement import Input
from carbon_tokens.statements.totals import facility_hex

METERS = "facility_hours"

if TYPE_CHECKING:
    from carbon_tokens.allocation.fleet import Footprint, Region
    from carbon_tokens.statements.auditable import Auditable

_HOUR = 3600
_SAID = ("facility", "utility", "meter_number", "quality", "grid_region", "notes")  # by whoever states, not by tables


def build_fleet(
    footprint: Footprint,
    region: str,
    *,
    facility: int | str,
    utility: str,
    meter: str,
    grid_region: str = "",
    month: Month | None = None,
    quality: str = "",
    notes: Iterable[str] = (),
) -> FleetStatement:
    """The statement of a region of a fleet as the month of a facility, Wh and g CO2e (METHOD sections 3d, 3e, 3h).

    Scopes 1 and 3 are those of the region's rows. Certificates among the tables are not deducted: see ``fleet``.

    Args:
        footprint: of ``allocation.fleet.allocate``, from files.
        utility: whose meter the region is behind.
        meter: its number; a later bill of the same meter and time will be refused on chain.
        grid_region: of the facility on chain; the region's name if empty.
        month: needed where the tables number the hours of the month; else the tables say it.
        quality: of the energy that the fleet's meters show, A to D; empty: the worst that the tables declare of them.

    Raises:
        StatementError: an unknown region or one without energy, another month, tables that are no files, a grade
            that is not declared or another, or an allocation whose customers do not add up to the region.
    """
    place = _place(footprint, region)
    found = _month(footprint, month)
    scope1, scope3 = _direct(footprint, region)
    chosen = footprint.options
    tolerance = format(chosen.bill_tolerance, "f")
    rate = _rate(place)
    return FleetStatement(
        facility=facility_hex(facility),
        month=found,
        region=region,
        grid_region=grid_region or region,
        utility=utility,
        meter_number=meter,
        meter="0x" + meter_id(utility, meter).hex(),
        energy_wh=place.energy_wh,
        scope1_g=scope1,
        scope2_location_g=place.scope2_location_g,
        scope2_residual_g=residual_mix_g(place.energy_wh, rate, place.scope2_location_g),
        scope3_g=scope3,
        residual_rate=rate,
        **_hours(footprint, place, found),
        quality=_quality(footprint, place, quality),
        options=FleetOptions(chosen.sku_mode, chosen.missing_hours, chosen.rounds, tolerance),
        method=MethodReference.shipped(footprint.options.boundary, FLEET_METHOD),
        boundary_sha256=footprint.boundary.sha256,
        rows_sha256="0x" + footprint.digest,
        inputs=tuple(Input(name, TABLE, "0x" + digest, 0, 0) for name, digest in sorted(footprint.inputs.items())),
        reason="",
        previous=(),
        notes=tuple(notes),
    )


def restate_fleet(replaced: Iterable[Auditable], reason: str, statement: FleetStatement) -> FleetStatement:
    """The statement in place of earlier ones, for new tables of the same region and meter: it is the whole account.

    Raises:
        StatementError: no reason, nothing to replace, or a document that states anything else than this region.
    """
    documents = tuple(replaced)
    same = ("facility", "month", "region", "meter")
    for each in documents:
        if not isinstance(each, FleetStatement) or any(getattr(each, n) != getattr(statement, n) for n in same):
            what = "the account also rests on what is no statement of this region and meter"
            raise StatementError(what, where="previous", todo="Restate the totals of all of it.")
    return replace(statement, reason=reason, previous=tuple("0x" + each.evidence.hex() for each in documents))


def differences(statement: FleetStatement, folder: Path) -> list[str]:
    """What differs when the fleet is allocated again from the tables in a folder, as sentences.

    Raises:
        ExtraMissing: what allocates a fleet is not installed.
    """
    try:
        again = _again(statement, folder)
    except ExtraMissing:
        raise
    except CarbonTokensError as error:
        return [str(error)]
    said, found = statement.to_json(), again.to_json()
    said["method"], found["method"] = statement.method.method, again.method.method  # its hash is compared elsewhere
    added = sorted({each.name for each in again.inputs} - {each.name for each in statement.inputs})
    return [f"{name} is no table of the statement" for name in added] + [
        f"{name} is {said[name]}, the tables give {found[name]}"
        for name in said
        if name != "inputs" and said[name] != found[name]
    ]


def allocated(
    folder: Path | str, options: FleetOptions, boundary: str, *, workers: int = 1, keep: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Footprint:  # fmt: skip
    """The fleet in a folder or store, allocated by so many processes.

    Raises ExtraMissing, or as ``allocation.fleet.allocate``.

    Args:
        keep: folder where partitions are kept, so that those that did not change are not run.
    """
    try:
        from carbon_tokens.allocation import fleet
    except ImportError as error:
        todo = "Run pip install 'carbon-tokens[fleet]'."
        raise ExtraMissing(f"a fleet cannot be allocated without {error.name}", where="fleet", todo=todo) from error
    tolerance = Decimal(options.bill_tolerance)
    chosen = fleet.Options(options.sku_mode, options.missing_hours, options.rounds, boundary, bill_tolerance=tolerance)
    runner = fleet.Processes(workers) if workers > 1 else fleet.in_process
    return fleet.allocate(folder, chosen, runner=fleet.Kept(keep, runner) if keep else runner, progress=progress)


def _again(statement: FleetStatement, folder: Path) -> FleetStatement:
    footprint = allocated(folder, statement.options, statement.method.boundary)
    said: dict[str, Any] = {name: getattr(statement, name) for name in _SAID}
    meter = said.pop("meter_number")
    again = build_fleet(footprint, statement.region, meter=meter, month=statement.month, **said)
    return replace(again, reason=statement.reason, previous=statement.previous)


def _place(footprint: Footprint, region: str) -> Region:
    found = {each.region: each for each in footprint.regions}
    if region not in found:
        raise StatementError(f"region {region!r} is unknown", where="region", todo=f"Regions: {', '.join(found)}.")
    if not found[region].energy_wh:
        raise StatementError(f"region {region!r} has no energy in this month", where="region")
    if footprint.options.sku_mode != "regional":
        todo = "Allocate with the SKU mode regional: shares of a facility add up to it."
        raise StatementError("customers of a region do not add up to it", where="sku_mode", todo=todo)
    _require_files(footprint)
    return found[region]


def _require_files(footprint: Footprint) -> None:
    """Refuses tables that were in memory, or files under other names: nobody could check the statement from them."""
    from carbon_tokens.allocation.fleet.columns import BY_MACHINE, REQUIRED

    files = {PurePosixPath(name).parts[0].split(".")[0] for name in footprint.inputs}
    optional = BY_MACHINE if "activity" in files and not files & set(BY_MACHINE) else ()
    if absent := [name for name in REQUIRED if name not in files and name not in optional]:
        what = f"of {', '.join(absent)} there is no file of that name, so nobody could check the statement"
        raise StatementError(what, where="inputs", todo="Allocate from a folder of the tables.")


def _quality(footprint: Footprint, place: Region, given: str) -> str:
    """The worst grade of the meters of a region's clusters, as the table ``sources`` declares them."""
    grades = {(each.table, each.cluster): each.grade for each in footprint.quality.sources}
    whole = grades.get((METERS, ""), "")
    declared = [grades.get((METERS, cluster), whole) for cluster in place.clusters]
    worst = max(declared)  # A is the best, and what is not declared is before it
    if not given and not all(declared):
        todo = f"Declare {METERS} in the table sources, or name the grade."
        raise StatementError("the tables do not grade the energy of all meters", where="quality", todo=todo)
    if given and (given < worst or (all(declared) and given != worst)):
        raise StatementError(f"{given!r} is stated, the tables declare {worst}", where="quality")
    return given or worst


def _month(footprint: Footprint, given: Month | None) -> Month:
    stated = Month.parse(footprint.month) if footprint.month else None
    if stated is None and given is None:
        raise StatementError("the tables number their hours and do not say of which", where="month", todo="Name it.")
    if stated and given and stated != given:
        raise StatementError(f"the tables are of {stated}, not of {given}", where="month")
    return stated or given or Month(0)


def _direct(footprint: Footprint, region: str) -> tuple[int, int]:
    """Scopes 1 and 3 of a region's rows, g."""
    import pyarrow.compute as pc

    rows = footprint.rows.filter(pc.equal(footprint.rows.column("region"), region))
    scope1, scope3 = (pc.sum(rows.column(name)).as_py() or 0 for name in ("scope1_g", "scope3_g"))
    return scope1, scope3


def _hours(footprint: Footprint, place: Region, month: Month) -> dict[str, int]:
    """Period, hours with energy, and the share of it with an intensity of its own hour. µWh inside."""
    import pyarrow as pa
    import pyarrow.compute as pc

    hours = footprint.hours
    of_region = pc.is_in(hours.column("cluster").cast(pa.string()), pa.array(place.clusters, pa.string()))
    used = hours.filter(pc.and_(of_region, pc.greater(hours.column("energy"), 0)))
    own = used.filter(pc.invert(used.column("annual")))
    hourly, whole = (pc.sum(each.column("energy")).as_py() or 0 for each in (own, used))
    numbers = used.column("hour").unique().to_pylist()
    base = 0 if footprint.month else month.start
    return {
        "start": base + min(numbers) * _HOUR,
        "end": base + (max(numbers) + 1) * _HOUR,
        "hours_present": len(numbers),
        "hours_missing": month.hours - len(numbers),
        "hourly_share": hourly * MILLIONTHS // whole,
    }


def _rate(place: Region) -> str:
    """The residual mix in g/MWh; empty if none is given. Tables have it in ng/Wh, thousandths of that."""
    if place.residual_mix is None:
        return ""
    whole, rest = divmod(place.residual_mix, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")
