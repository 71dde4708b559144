"""What a facility-month comes to, as integers that add up: Wh and g CO2e, gross, eliminated and consolidated.

GHG Protocol Corporate Standard, chapter 3: under operational control an organisation counts all of what it operates,
once; what moves between its own facilities is taken out when it consolidates. A share that a tenant claimed of a
provider's account is scope 3 of the tenant and was counted in full in the provider's account. Where the organisation
has both, the share is *eliminated*: it stays visible in the gross totals and is taken out of the consolidated ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over facility-months. Every field is an integer, so that any grouping comes to the same total.

    ``covered_wh`` is energy that retired RECs cover on the certificate's basis, never more than the energy;
    ``matched_wh`` and ``hourly_wh`` are matched and all energy of months on the hourly basis. ``graded_…_wh`` is energy
    by the quality of its document. ``shares_…`` are shares of other accounts, ``eliminated_…`` those of the
    organisation's own facilities.
    """

    months: int = 0
    energy_wh: int = 0
    covered_wh: int = 0
    recs_wh: int = 0
    renewable_wh: int = 0  # covered by RECs whose technology is known to be renewable
    hourly_wh: int = 0
    matched_wh: int = 0
    scope1_g: int = 0
    scope2_location_g: int = 0
    scope2_market_g: int = 0
    scope3_g: int = 0  # as stated, without claimed shares
    shares_location_g: int = 0
    shares_market_g: int = 0
    gross_location_g: int = 0
    gross_market_g: int = 0
    offsets_g: int = 0
    net_g: int = 0
    eliminated_location_g: int = 0
    eliminated_market_g: int = 0
    graded_a_wh: int = 0
    graded_b_wh: int = 0
    graded_c_wh: int = 0
    graded_d_wh: int = 0
    residual_wh: int = 0  # energy whose market-based factor is a published residual mix

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def consolidated_location_g(self) -> int:
        """Gross location-based without what the organisation's own facilities passed to each other."""
        return self.gross_location_g - self.eliminated_location_g

    @property
    def consolidated_market_g(self) -> int:
        return self.gross_market_g - self.eliminated_market_g

    @property
    def consolidated_net_g(self) -> int:
        return self.net_g - self.eliminated_market_g

    def grades(self) -> dict[str, int]:
        """Wh by the quality A to D that the documents state; restated months have their restatement's."""
        return {grade: getattr(self, f"graded_{grade.lower()}_wh") for grade in "ABCD"}

    def to_json(self) -> dict[str, int]:
        """Every sum by name, and what it comes to after elimination."""
        names = [each.name for each in fields(self)]
        names += ["consolidated_location_g", "consolidated_market_g", "consolidated_net_g"]
        return {name: getattr(self, name) for name in names}


def total(parts: Iterable[Figures]) -> Figures:
    """The sum; of nothing, zero."""
    found = Figures()
    for each in parts:
        found += each
    return found
