"""A site's month: its hours by the best source of each, what the others say, and the reading that is audited."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from carbon_tokens.energy.precedence import FILLED, Gap, SiteHour, energy_by_grade, gaps, settle
from carbon_tokens.energy.site import Reading
from carbon_tokens.energy.site_file import SiteFile
from carbon_tokens.periods import Month
from carbon_tokens.units import ceil

COLUMNS = ("hour_start_utc", "energy_wh", "tier", "grade", "shaped_by", "others_wh")


@dataclass(frozen=True, slots=True)
class SiteMonth:
    """Every hour of the month, by tier how far the others are from it, and the month as one reading of the site."""

    month: Month
    hours: tuple[SiteHour, ...]
    gaps: Mapping[str, Gap]
    reading: Reading

    @property
    def hours_by_tier(self) -> dict[str, int]:
        """How many hours each tier set."""
        found: dict[str, int] = {}
        for hour in self.hours:
            found[hour.tier] = found.get(hour.tier, 0) + 1
        return found

    def to_json(self) -> dict[str, object]:
        """A JSON object: Wh, by grade and tier, gaps, and the hours."""
        said = {
            tier: {"hours": gap.hours, "set_wh": gap.set_wh, "said_wh": round(float(gap.said_wh), 3),
                   "difference": None if gap.difference is None else round(float(gap.difference), 6)}
            for tier, gap in self.gaps.items()
        }  # fmt: skip
        return {
            "month": str(self.month),
            "energy_wh": self.reading.energy_wh,
            "quality": self.reading.quality,
            "energy_wh_by_grade": energy_by_grade(self.hours),
            "hours_by_tier": self.hours_by_tier,
            "hours_missing": self.reading.hours_missing,
            "missing": self.reading.missing,
            "gaps": said,
            "hours": [dict(zip(COLUMNS, row, strict=True)) for row in self._rows()],
        }

    def to_csv(self) -> str:
        """The hours as a CSV, one row each."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(
            [*row[:-1], " ".join(f"{tier}={wh:g}" for tier, wh in row[-1].items())] for row in self._rows()
        )
        return out.getvalue()

    def _rows(self) -> list[tuple[str, int, str, str, str, dict[str, float]]]:
        return [
            (f"{datetime.fromtimestamp(hour.start, UTC):%Y-%m-%dT%H:00Z}", hour.energy_wh, hour.tier, hour.grade,
             hour.shaped_by, {tier: round(float(wh), 3) for tier, wh in hour.others.items()})
            for hour in self.hours
        ]  # fmt: skip


def of(site: SiteFile, month: Month, missing: str = "refuse") -> SiteMonth:
    """The month of a site.

    Args:
        missing: hours that no source knows: "refuse", or "mean" or "max" of the others, grade D.

    Raises:
        EnergyError: files that cannot be read, or hours that no source knows under "refuse".
        NotReconciled: a meter that shows more than a bill of which it covers a part.
    """
    billed = [bill for bill in site.billed() if bill.start < month.end and bill.end > month.start]
    hours = settle(month.start, month.end, site.sources(), billed, missing=missing)
    absent = sum(hour.tier == FILLED for hour in hours)
    return SiteMonth(month, tuple(hours), gaps(hours), _reading(site, month, hours, absent, missing))


def _reading(site: SiteFile, month: Month, hours: list[SiteHour], absent: int, missing: str) -> Reading:
    tiers = dict.fromkeys(hour.tier for hour in hours)
    parts = [f"{sum(hour.tier == tier for hour in hours)} hours by {tier}" for tier in tiers if tier != FILLED]
    parts += [f"{absent} hours that no source knows, each as the {missing} of the others"] if absent else []
    parts += [
        f"{tier} says {ceil(gap.said_wh)} Wh of {gap.hours} hours set to {gap.set_wh} Wh"
        for tier, gap in gaps(hours).items()
    ]
    grades = [f"{grade} {energy} Wh" for grade, energy in energy_by_grade(hours).items()]
    return Reading(
        utility=site.utility,
        meter=site.meter,
        start=month.start,
        end=month.end,
        energy_wh=sum(hour.energy_wh for hour in hours),
        kind="site",
        file=site.path.name,
        source_file_sha256=site.sha256,
        rows=(1, site.lines),
        quality=max(hour.grade for hour in hours),
        note=f"{', '.join(parts)}; {', '.join(grades)}",
        hours_present=len(hours) - absent,
        hours_missing=absent,
        missing=missing,
    )
