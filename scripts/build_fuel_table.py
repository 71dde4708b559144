"""Builds data/direct/fuels.csv from EPA's GHG Emission Factors Hub (a workbook), every number as its file stores it.

    python -m scripts.build_fuel_table ghg-emission-factors-hub-2024.xlsx [--out data/direct/fuels.csv]

Table 1, stationary combustion: fuels by short ton, standard cubic foot and gallon. CO2 of biomass is biogenic and is
reported apart. The same workbook gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineWorkbook

from carbon_tokens.factors.direct import FUEL_COLUMNS

SOURCE = "hub-2024"


def rows(cells: Sequence[Sequence[object]]) -> Iterator[dict[str, str]]:
    """The fuels of Table 1: a row of units, a heading of the group, then fuels."""
    unit, group, inside = "", "", False
    for row in cells:
        filled = [cell for cell in row if cell != ""]
        head = str(filled[0]).strip() if filled else ""
        if head == "Table 1":
            inside = True
        elif inside and head.startswith(("Notes", "Table 2")):
            return
        elif inside and head.startswith("mmBtu per"):
            unit = head.removeprefix("mmBtu per ")
        elif inside and len(filled) == 1:
            group = head
        elif inside and unit and len(filled) == 8:
            yield _fuel(head, unit, group, filled[1:])


def _fuel(name: str, unit: str, group: str, numbers: Sequence[object]) -> dict[str, str]:
    heat, _, _, _, co2, ch4, n2o = (format(Decimal(repr(number)).normalize(), "f") for number in numbers)
    biogenic = "yes" if group.startswith("Biomass") else "no"
    values = (" ".join(name.split()), unit, heat, co2, ch4, n2o, biogenic, SOURCE)
    return dict(zip(FUEL_COLUMNS, values, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workbook", type=Path)
    parser.add_argument("--out", type=Path, default=Path("data/direct/fuels.csv"))
    options = parser.parse_args()
    sheet = CalamineWorkbook.from_path(str(options.workbook)).get_sheet_by_index(0)
    with options.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FUEL_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows(sheet.to_python()))


if __name__ == "__main__":
    main()
