"""A footprint as one HTML page, see ``pages.page``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from carbon_tokens.allocation.fleet import chapters
from carbon_tokens.allocation.fleet.export import to_json
from carbon_tokens.allocation.fleet.history import MonthTotals
from carbon_tokens.allocation.fleet.result import Footprint
from carbon_tokens.allocation.pages import page
from carbon_tokens.errors import AllocationError


def html(footprint: Footprint, months: Sequence[MonthTotals] = ()) -> str:
    """The page. It says what is provisional, what stood in for what, what nobody bought, and what is not declared.

    Args:
        months: this month and earlier ones, as ``history.months``.
    """
    return page.html(chapters.title(to_json(footprint)), chapters.sections(footprint, months))


def write(footprint: Footprint, path: Path | str, months: Sequence[MonthTotals] = ()) -> None:
    """Writes the page. Raises AllocationError if it cannot be written."""
    try:
        Path(path).write_text(html(footprint, months), encoding="utf-8")
    except OSError as error:
        raise AllocationError(f"cannot be written ({error.strerror})", where=str(path)) from error
