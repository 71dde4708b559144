"""Electricity of a site: from bills and interval meters to readings, one meter and one UTC month each.

METHOD: the meter or bill sets the total (section 8.1), a bill that crosses a month's end is split by inclusive days,
and the parts add up to the bill exactly. Integers of Wh leave this package, never floats.
"""

from __future__ import annotations

from carbon_tokens.energy.meters import meter_id
from carbon_tokens.energy.site import QUALITIES, Reading, SiteEnergy, apply_pue

__all__ = ["QUALITIES", "Reading", "SiteEnergy", "apply_pue", "meter_id"]
