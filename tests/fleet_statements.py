"""The demonstration's fleet as tests of its statements take it: its figures, its tables changed, and its statement."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from carbon_tokens import data_files
from carbon_tokens.allocation import fleet
from carbon_tokens.periods import Month
from carbon_tokens.statements import FleetStatement, build_fleet

DEMO = data_files.path("demo", "fleet")
APRIL = Month.parse("2021-04")
ENERGY, SCOPE1, LOCATION, SCOPE3 = 36_807, 400, 14_137, 6_500  # Wh and g of its one day in Lincoln
TABLES = sorted(path.stem for path in DEMO.iterdir())
WHO: dict[str, Any] = {"facility": 7, "utility": "LES", "meter": "4711"}

Change = Callable[[list[dict[str, str]]], object]


def state(
    folder: Path = DEMO, region: str = "MROW", options: fleet.Options | None = None, **more: Any
) -> FleetStatement:
    """The statement of a region of the tables in a folder."""
    return build_fleet(fleet.allocate(folder, options or fleet.Options()), region, **(WHO | more))


def certified(folder: Path) -> Path:
    """The demonstration's tables, a residual mix, and certificates of all its energy."""
    shutil.copytree(DEMO, folder)
    (folder / "instruments.csv").write_text(f"instrument,region,energy_wh,g_per_kwh\nNAR-1,MROW,{ENERGY},0\n")
    (folder / "residual_mix.csv").write_text("region,g_per_kwh\nMROW,512.3456\n")
    return folder


def rewrite(path: Path, change: Change) -> None:
    """The table with its rows changed in place."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
