"""From readings, a factor and a log of fuels to the statements of a month: what ``audit`` and a node state alike.

Energy is stated reading by reading, each with its scope 2 (METHOD 8.1); scopes 1 and 3 stand in a document apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from carbon_tokens.energy import Reading
from carbon_tokens.energy.direct_log import Use
from carbon_tokens.errors import StatementError
from carbon_tokens.factors import chosen, egrid
from carbon_tokens.factors import residual as residuals
from carbon_tokens.periods import Month
from carbon_tokens.statements.direct import scope1
from carbon_tokens.statements.factor import FactorReference
from carbon_tokens.statements.method import MethodReference
from carbon_tokens.statements.statement import Input, Statement, build, build_without_energy


def factor(
    region: str, month: Month, *, year: int | None = None, edition: str | None = None, workbook: Path | None = None,
    residual: Path | None = None, file: Path | None = None,
) -> tuple[FactorReference, list[Input]]:  # fmt: skip
    """The factor of a grid region, and the file of the choice where there is one.

    Args:
        year: of a shipped release, the month's own without it; workbook: of EPA, instead; residual: CSV of its mixes.
        file: of a choice of factors, which says all of that itself.

    Raises:
        FactorError: no such release or region.
        StatementError: a choice for another region.
    """
    if file:
        picked = chosen.read(file)
        if picked.region != region:
            what = f"the choice is of {picked.region}, the facility is in {region}"
            raise StatementError(what, where=file.name, todo="Choose for the facility's region.")
        return FactorReference.of(picked), [Input(file.name, "factor", "0x" + picked.file_sha256, 0, 0)]
    release = egrid.read_release(workbook, edition) if workbook else egrid.release(year or month.year, edition)
    if residual:
        release = release.with_residual(residuals.read(residual, release.year))
    return FactorReference.of(release.rate(region)), []


def of_readings(
    readings: Iterable[Reading], reference: FactorReference, *, facility: int | str, boundary: str,
    files: Sequence[Input] = (), notes: Sequence[str] = (),
) -> list[Statement]:  # fmt: skip
    """A statement of each reading. ``files`` are what else stands behind them. Raises StatementError as ``build``."""
    method = MethodReference.shipped(boundary)
    return [build(each, reference, facility=facility, method=method, documents=files, notes=notes)
            for each in readings]  # fmt: skip


def of_other_scopes(
    facility: int | str, month: Month, uses: Sequence[Use], scopes: tuple[int, int], boundary: str,
    notes: Sequence[str] = (),
) -> list[Statement]:  # fmt: skip
    """A statement of scopes 1 and 3, g CO2e, with what fuels and refrigerants add; none without any.

    Args:
        uses: the rows of one log (``direct_log.read``).

    Raises:
        FactorError: a fuel, refrigerant or unit without a factor, by file:row.
    """
    method, burnt, files, said = MethodReference.shipped(boundary), 0, list[Input](), list(notes)
    if uses:
        found = scope1(uses, month, method)
        burnt, files = found.grams, [Input(uses[0].file, "document", "0x" + uses[0].file_sha256, 0, 0)]
        said += [found.note] * bool(found.note)
    scope1_g, scope3_g = scopes[0] + burnt, scopes[1]
    if not scope1_g and not scope3_g:
        return []
    return [build_without_energy(facility, month, method=method, quality="D", scope1_g=scope1_g, scope3_g=scope3_g,
                                 documents=files, notes=said)]  # fmt: skip
