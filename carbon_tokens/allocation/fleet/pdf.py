"""The report as PDF/A-3b with allocation.json inside, see ``pages.printed``. It is dated at the month's end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from carbon_tokens.allocation.fleet import chapters
from carbon_tokens.allocation.fleet.export import to_json, written
from carbon_tokens.allocation.fleet.history import MonthTotals
from carbon_tokens.allocation.fleet.result import Footprint
from carbon_tokens.allocation.pages import printed
from carbon_tokens.errors import AllocationError
from carbon_tokens.periods import Month


def pdf(footprint: Footprint, months: Sequence[MonthTotals] = ()) -> bytes:
    """The PDF. Its content is that of ``report.html``.

    Args:
        months: this month and earlier ones, as ``history.months``.

    Raises:
        ExtraMissing: typst is not installed.
    """
    content = to_json(footprint)
    inside = printed.Attached("allocation.json", written(content), "The allocation that this report shows")
    dated = Month.parse(content["month"]).end if content["month"] else 0
    sections = chapters.sections(footprint, months)
    return printed.pdf(chapters.title(content), content["digest"], sections, inside, dated)


def write(footprint: Footprint, path: Path | str, months: Sequence[MonthTotals] = ()) -> None:
    """Writes the PDF. Raises ExtraMissing as ``pdf``, AllocationError if it cannot be written."""
    made = pdf(footprint, months)
    try:
        Path(path).write_bytes(made)
    except OSError as error:
        raise AllocationError(f"cannot be written ({error.strerror})", where=str(path)) from error
