"""Which editions of eGRID the builder tabulates, from which files, and where EPA or others published those."""

from __future__ import annotations

from dataclasses import dataclass

_MAP = "github.com/USEPA/power-profiler commit {}: app/data/subregion.json"


@dataclass(frozen=True)
class Origin:
    """One file of a release: how it is laid out and where it was published."""

    id: str
    layout: str  # us, state, subregion (official short codes), profiler, hub (both CSV) or json (the Power Profiler's)
    file: str  # relative to the builder's folder; empty for json, whose path is an argument of the builder
    published: str
    note: str


@dataclass(frozen=True)
class Plan:
    """One edition: its files, and whether it is the default of its year."""

    year: int
    edition: str
    default: bool
    title: str
    note: str
    origins: tuple[Origin, ...]


def _full(folder: str, year: int, edition: str, published: str, note: str) -> tuple[Origin, ...]:
    levels = ("us", "state", "subregion")
    start = f"egrid{year}-{edition}"
    return tuple(
        Origin(f"{start}-{level}", level, f"{folder}/{level}.csv", published.format(level), note) for level in levels
    )


def _profiler(name: str, commit: str, note: str) -> tuple[Origin, ...]:
    file = f"power_profiler/power_profiler_{name}.csv"
    return (Origin(f"power-profiler-{name}", "profiler", file, _MAP.format(commit), note),)


def _json(name: str, commit: str, note: str) -> tuple[Origin, ...]:
    return (Origin(f"power-profiler-{name}", "json", "", _MAP.format(commit), note),)


_CSV = "JSON re-tabulated as CSV."
_2018 = _full(
    *("2018v2", 2018, "v2", "github.com/USEPA/egrid-explorer commit aa2125c79b: src/assets/data/csv, {}"),
    "Rows of 2018; grid gross loss of the interconnect, per cent written as a fraction.",
)
_2023 = _full(
    *("2023rev1", 2023, "rev1"),
    "github.com/Elisabeth-Ashley-Abt-Global/egrid-api commit fa459c1825: egrid-main/egrid-2023, table {}",
    "RDS re-tabulated as CSV under EPA's short codes; grid gross loss of the interconnect.",
)
_HUB = Origin(
    *("hub-2024", "hub", "epa_hub/table6_egrid2022_subregion.csv"),
    "github.com/Vishnu-2012/SupplyChain-CO2-Analysis commit 4a2be7c551: data",
    "ghg-emission-factors-hub-2024.xlsx of EPA; its Table 6 re-tabulated as CSV.",
)
# fmt: off
# Balancing authorities and NERC regions: a table of their own, for the codes are also those of states and subregions.
AREAS = (
    (2018, "v2", Origin("egrid2018-v2-nerc", "nerc", "2018v2/nerc.csv", _2018[0].published.replace(", us", ", nerc"),
                        "Rows of 2018.")),
    *((2023, "rev1", Origin(f"egrid2023-rev1-{level}", level, f"2023rev1/{level}.csv",
                            _2023[0].published.removesuffix("us") + level,
                            "RDS re-tabulated as CSV under EPA's short codes." + note))
      for level, note in (("ba", " City of Homestead generated nothing and is left out."), ("nerc", ""))),
)
PLANS = (
    Plan(2018, "v2", True, "eGRID2018 v2, full tables", "No Puerto Rico before 2019.", _2018),
    Plan(2018, "power-profiler", False, "Power Profiler of eGRID2018", "One decimal; CO2 only, no CO2e.",
         _profiler("2018", "26a1875e", _CSV)),
    Plan(2019, "power-profiler", True, "Power Profiler of eGRID2019", "CO2 only, no CO2e: no factor follows from it.",
         _json("2019", "d2d91336", "The file does not state its year; EPA's commits of June 2021 do: 2019.")),
    Plan(2020, "power-profiler", True, "Power Profiler of eGRID2020", "CO2 only, no CO2e: no factor follows from it.",
         _profiler("2020", "57b9b609", _CSV)),
    Plan(2021, "power-profiler", True, "Power Profiler of eGRID2021", "Rates of subregions and the US; none of states.",
         _json("2021", "61efbfe6", "Read from EPA's JSON itself.")),
    Plan(2022, "power-profiler", True, "Power Profiler of eGRID2022", "The only edition of 2022 here that has CO2e.",
         _profiler("2022", "afce916f", _CSV)),
    Plan(2022, "hub-2024", False, "EPA GHG Emission Factors Hub 2024, Table 6 (eGRID2022)",
         "CO2, CH4 and N2O, no CO2e.", (_HUB,)),
    Plan(2023, "rev1", True, "eGRID2023 rev1, full tables", "EPA revised it later (rev2); not shipped here.", _2023),
    Plan(2023, "power-profiler-v1", False, "Power Profiler of eGRID2023, first version", "Corrected by EPA in rev2.",
         _profiler("2023v1", "f42f155c", f"{_CSV} Refused: no row of it is shipped.")),
)
# fmt: on
