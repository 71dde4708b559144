"""Which global warming potentials are inside a published CO2e: the set of the release, never another one.

EPA's CO2e column is taken as it is printed, so the set is a fact about the release, not a choice. eGRID2018 to 2022 use
the 100-year potentials of IPCC's fourth assessment (AR4); eGRID2023 is the first that uses the fifth (AR5), as its
technical guide says. The tables agree: of the plants of 2018 that emit, 99 in 100 have CO2 + 25 CH4 + 298 N2O, and
every region of 2023 has CO2 + 28 CH4 + 265 N2O. Of releases before and after, which are not shipped, the set is not
stated here.
"""

from __future__ import annotations

from collections.abc import Mapping

# 100 years, CH4 and N2O: IPCC AR4 WG1 table 2.14; AR5 WG1 table 8.A.1 (without climate-carbon feedbacks).
POTENTIALS: Mapping[str, tuple[int, int]] = {"AR4": (25, 298), "AR5": (28, 265)}
UNSTATED = "unstated"
_EGRID = {**dict.fromkeys(range(2018, 2023), "AR4"), 2023: "AR5"}


def of_egrid(year: int) -> str:
    """``AR4``, ``AR5`` or ``unstated``, of the eGRID release of a data year."""
    return _EGRID.get(year, UNSTATED)
