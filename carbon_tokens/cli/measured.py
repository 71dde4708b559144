"""What ``audit`` and ``restate`` take from files: readings of energy, the factor, scopes 1 and 3."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from carbon_tokens.cli.energy import readings_of_bills
from carbon_tokens.cli.run import Run
from carbon_tokens.periods import Month

if TYPE_CHECKING:
    from carbon_tokens.energy import Reading
    from carbon_tokens.statements import Auditable, FactorReference, Input, Statement

Kind = TypeVar("Kind", bound="Auditable")


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a factor is from: a shipped release or EPA's workbook, with residual mixes; or the file of a choice."""

    year: int | None = None
    edition: str | None = None
    workbook: Path | None = None
    residual: Path | None = None
    file: Path | None = None


def readings(
    month: Month, given: tuple[Path | None, Path | None, Path | None], named: tuple[str, str, str], pue: str
) -> tuple[list[Reading], list[Input]]:
    """Of bills, of a meter's hours or of a site, and the files behind the site: two would count energy twice."""
    from carbon_tokens.energy import apply_pue, hourly, site_file, site_month
    from carbon_tokens.statements import Input

    bills, meter, site = given
    utility, name, missing = named
    if sum(each is not None for each in given) > 1:
        raise typer.BadParameter("give --bills, --meter or --site; energy reconcile compares the first two")
    if bills:
        return readings_of_bills(bills, month, pue), []
    if site:
        if pue != "1":
            raise typer.BadParameter("a --site says its PUE itself, under [overhead]")
        read = site_file.read(site)
        files = [Input(path, "document", "0x" + digest, 0, 0) for path, digest in sorted(read.documents().items())]
        return [site_month.of(read, month, missing).reading], files
    found = hourly.readings(hourly.read(meter, utility, name), month, missing) if meter else []
    return [each if pue == "1" else apply_pue(each, pue, "as stated") for each in found], []


def factor(run: Run, facility: int, month: Month, choice: Choice) -> tuple[FactorReference, list[Input]]:
    """The factor of a facility's grid region, and the file of the choice where there is one."""
    from carbon_tokens.statements import measured

    if choice.file and any((choice.year, choice.edition, choice.workbook, choice.residual)):
        raise typer.BadParameter("the --factor says year, edition and residual mix itself")
    stated = {name: getattr(choice, name) for name in ("year", "edition", "workbook", "residual", "file")}
    return measured.factor(run.ledger.facility(facility).grid_region, month, **stated)


def statements(
    run: Run, facility: int, month: Month, read: tuple[list[Reading], list[Input]], choice: Choice, boundary: str,
    notes: list[str],
) -> list[Statement]:  # fmt: skip
    """A statement of each reading, with the files that stand behind it."""
    from carbon_tokens.statements import measured

    found, files = read
    if not found:
        return []
    reference, chosen = factor(run, facility, month, choice)
    given = {"facility": facility, "boundary": boundary, "notes": notes}
    return measured.of_readings(found, reference, files=[*files, *chosen], **given)  # type: ignore[arg-type]


def other_scopes(
    facility: int, month: Month, log: Path | None, scopes: tuple[int, int], boundary: str, notes: list[str]
) -> list[Statement]:
    """A statement of scopes 1 and 3, g CO2e, with what a log of fuels and refrigerants adds; none without any."""
    from carbon_tokens.energy import direct_log
    from carbon_tokens.statements import measured

    return measured.of_other_scopes(facility, month, direct_log.read(log) if log else (), scopes, boundary, notes)


def salted(documents: list[Kind], folder: Path | None) -> list[Kind]:
    """The documents with salted hashes of their files, if a folder of salts is named."""
    from carbon_tokens.statements import salts

    return [salts.salted(each, salts.kept(each, folder)) for each in documents] if folder else documents


def warn_of_days_without_bills(run: Run, path: Path, month: Month) -> None:
    """Says which meters' bills do not cover the month."""
    from carbon_tokens.energy import bills

    days = (month.end - month.start) // 86_400
    for (_, meter), covered in bills.days_covered(bills.read(path), month).items():
        if covered < days:
            run.warn(f"{month}: meter {meter} has bills for {covered} of {days} days")
