"""Recomputing a statement from its input files, by somebody who does not trust who wrote it."""

from __future__ import annotations

from pathlib import Path

from carbon_tokens.energy import Reading, apply_pue, bills, hourly, site_file, site_month
from carbon_tokens.errors import CarbonTokensError, EnergyError
from carbon_tokens.factors import chosen
from carbon_tokens.statements import salts
from carbon_tokens.statements.auditable import Auditable
from carbon_tokens.statements.factor import FactorReference
from carbon_tokens.statements.fleet import FleetStatement
from carbon_tokens.statements.fleet_stating import differences
from carbon_tokens.statements.method import MethodReference
from carbon_tokens.statements.statement import NO_METER, Input, Statement


def check(statement: Auditable, inputs_dir: Path | str) -> list[str]:
    """Differences between a document and its input files, as sentences; an empty list if there are none.

    Every file's hash is compared, plain or with its salt (``salts``); a statement's reading is taken again from its
    bills, hours or site, and compared in meter, period, energy, hours and quality. That scope 2 follows from energy and
    factor was checked when it was read. A choice of factors is compared with the factor, and with its tables that lie
    there. A fleet is allocated again, and every total, the period and the rows are compared; its tables are in the
    folder, or in one of it that is named by the month, where several months are checked.

    Raises:
        ExtraMissing: a fleet is to be allocated, and what does that is not installed.
    """
    folder = Path(inputs_dir)
    if isinstance(statement, FleetStatement) and (folder / str(statement.month)).is_dir():
        folder /= str(statement.month)
    files = [salts.difference(item, folder / item.name) for item in statement.inputs]
    found = (
        [each for each in files if each]
        + _method_differences(statement.method)
        + _choice_differences(statement, folder)
    )
    if isinstance(statement, FleetStatement):
        return found + differences(statement, folder)
    if isinstance(statement, Statement) and statement.meter != NO_METER:
        measured = [item for item in statement.inputs if item.kind not in ("document", "factor")]
        if not measured:
            return [*found, "no input file shows the energy"]
        found += _reading_differences(statement, measured[0], folder / measured[0].name)
    return found


def _method_differences(method: MethodReference) -> list[str]:
    try:
        shipped = MethodReference.shipped(method.boundary, method.method)
    except CarbonTokensError as error:
        return [str(error)]
    return [] if shipped == method else [f"method {method.method} differs from the one of this version"]


def _choice_differences(statement: Auditable, folder: Path) -> list[str]:
    """A choice of factors against the statement that names it, and the tables beside it against the choice."""
    found: list[str] = []
    for item in statement.inputs:
        if item.kind == "factor":
            try:
                choice = chosen.read(folder / item.name)
                found += choice.differences(folder)
                if isinstance(statement, FleetStatement) or FactorReference.of(choice) != statement.factor:
                    found.append(f"{item.name} is not the choice of the statement's factor")
            except CarbonTokensError as error:
                found.append(str(error))
    return found


def _reading_differences(statement: Statement, item: Input, path: Path) -> list[str]:
    try:
        taken = [reading for reading in _read(statement, item.kind, path) if _is_meant(reading, statement)]
        if not taken:
            return [f"{item.name} has no reading of this meter and period"]
        reading = taken[0] if statement.pue == "1" else apply_pue(taken[0], statement.pue, "as stated")
    except CarbonTokensError as error:
        return [str(error)]
    hidden = item.kind == "site" and reading.note not in statement.notes  # what its other sources say
    return [
        f"{name} is {getattr(statement, name)}, {item.name} gives {getattr(reading, name)}"
        for name in ("energy_wh", "hours_present", "hours_missing", "quality")
        if getattr(statement, name) != getattr(reading, name)
    ] + [f"the notes leave out: {reading.note}"] * hidden


def _read(statement: Statement, kind: str, path: Path) -> list[Reading]:
    if kind == "bills":
        return bills.readings(bills.read(path), statement.month)
    if kind == "site":
        return [_site_reading(statement, path)]
    hours = hourly.read(path, statement.utility, statement.meter_number)
    return hourly.readings(hours, statement.month, statement.missing)


def _is_meant(reading: Reading, statement: Statement) -> bool:
    stated = (statement.meter, statement.start, statement.end)
    return ("0x" + reading.meter_id.hex(), reading.start, reading.end) == stated


def _site_reading(statement: Statement, path: Path) -> Reading:
    """The reading of a site's file, if it names no other files than the statement."""
    site = site_file.read(path)
    stated = {item.name: item for item in statement.inputs}
    for name, digest in site.documents().items():
        if name not in stated or salts.hash_difference(stated[name], bytes.fromhex(digest), path.parent / name):
            raise EnergyError(f"names {name}, which the statement does not", where=path.name)
    return site_month.of(site, statement.month, statement.missing or "refuse").reading
