"""Earlier months beside this one: the allocation.json of each, which must be of the same boundary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon_tokens.allocation.fleet.export import TYPE
from carbon_tokens.errors import AllocationError, PeriodError
from carbon_tokens.nesting import loads
from carbon_tokens.periods import Month


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """A month's energy in Wh and its totals in g, with the digest of the rows below them."""

    month: str
    energy_wh: int
    location_g: int
    market_g: int
    digest: str

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> MonthTotals:
        """Of the content of allocation.json; gross totals are scopes 1, 2 and 3."""
        beside = content["scope1_g"] + content["scope3_g"]
        regions = content["regions"].values()
        location, market = (sum(each[f"scope2_{basis}_g"] for each in regions) for basis in ("location", "market"))
        return cls(content["month"], content["energy_wh"], location + beside, market + beside, content["digest"])


def months(content: Mapping[str, Any], earlier: Iterable[Path]) -> tuple[MonthTotals, ...]:
    """This month and the earlier ones, in order; nothing where no earlier ones are given.

    Args:
        earlier: folders that ``allocate --out`` wrote, or their allocation.json.

    Raises:
        AllocationError: a file that is no allocation of a month, a month given twice, or one of another boundary.
    """
    given = [(str(path), _read(path)) for path in earlier]
    if not given:
        return ()
    if content["month"] is None:
        todo = "Give hours as instants (2024-07-01T00:00Z)."
        raise AllocationError("this allocation has no month", where="--history", todo=todo)
    seen = {content["month"]: "this allocation"}
    for where, each in given:
        if each["boundary"]["id"] != content["boundary"]["id"]:
            what = f"is of boundary {each['boundary']['id']}, this month of {content['boundary']['id']}"
            raise AllocationError(what, where=where, todo="Allocate both with the same --boundary.")
        if each["month"] in seen:
            what = f"is of {each['month']}, as is {seen[each['month']]}"
            raise AllocationError(what, where=where, todo="Give each month once.")
        seen[each["month"]] = where
    return tuple(sorted((MonthTotals.of(each) for each in (content, *(c for _, c in given))), key=lambda m: m.month))


def _read(path: Path) -> dict[str, Any]:
    file = path / "allocation.json" if path.is_dir() else path
    todo = "Give a folder that allocate --out wrote."
    try:
        content = loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise AllocationError("is no allocation", where=str(path), todo=todo) from error
    try:
        if content["type"] != TYPE:
            raise ValueError(content["type"])
        Month.parse(content["month"])
        totals, _ = MonthTotals.of(content), content["boundary"]["id"]
        if min(totals.energy_wh, totals.location_g, totals.market_g) < 0 or not isinstance(totals.digest, str):
            raise ValueError("negative")
    except (KeyError, TypeError, ValueError, AttributeError, PeriodError) as error:
        raise AllocationError("is no allocation of a month", where=str(path), todo=todo) from error
    found: dict[str, Any] = content
    return found
