"""How long eGRID's sheet of plants takes to load, beside the reader alone, the unzipping and openpyxl.

The workbook has 12,000 × 150 cells under EPA's short codes: the plants of 2018 with their own values, repeated under
other numbers, with a column for the year and ten more at the end. ``ours`` is ``area_files.read``: every rate, the
generation, the unit of the resource mix, and the rejected rows. Each run is a process of its own; seconds are the
median of the runs from the file to its rows, without imports; peak memory is the process's. Exits 1 below a goal.

    python benchmarks/plants.py SHARED/egrid/2018v2/plant.csv [--runs 3] [--json]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROWS, COLUMNS = 12_000, 150
SHEET = "PLNT18"
GOALS = {"openpyxl": 7.0}  # at least so many times quicker than
WITHIN = {"calamine": 1.5}  # at most so many times the seconds of


def make(plants: Path, target: Path) -> None:
    """Writes the workbook. The values are those of the table; numbers become numbers."""
    import xlsxwriter

    with plants.open(newline="", encoding="utf-8-sig") as file:
        header, *rows = csv.reader(file)
    rows = [row for row in rows if row[header.index("ORISPL")]]
    more = [f"EXTRA{number}" for number in range(COLUMNS - len(header) - 1)]
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
        sheet = book.add_worksheet(SHEET)
        sheet.write_row(0, 0, [f"Long name of {code}" for code in ("YEAR", *header, *more)])
        sheet.write_row(1, 0, ["YEAR", *header, *more])
        for number in range(ROWS):
            cells: list[str | float] = [2018, *map(value, rows[number % len(rows)])]
            cells[1 + header.index("ORISPL")] = 100_000 + number
            cells += cells[1 + header.index("PLNGENAN") :][: len(more)]
            sheet.write_row(number + 2, 0, [cell if cell != "" else None for cell in cells])


def value(text: str) -> str | float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text


def ours(path: Path) -> int:
    from carbon_tokens.factors import area_files

    found = area_files.read(path)
    return len(found.areas) + len(found.rejected)


def calamine(path: Path) -> int:
    from python_calamine import CalamineWorkbook

    return len(CalamineWorkbook.from_path(path).get_sheet_by_name(SHEET).to_python(skip_empty_area=False)) - 2


def unzip(path: Path) -> int:
    import zipfile

    with zipfile.ZipFile(path) as book:
        return book.read("xl/worksheets/sheet1.xml").count(b"<row ") - 2


def openpyxl(path: Path) -> int:
    from openpyxl import load_workbook

    return sum(1 for _ in load_workbook(path, read_only=True)[SHEET].iter_rows(values_only=True)) - 2


READERS: dict[str, Callable[[Path], int]] = {
    "unzip": unzip, "calamine": calamine, "ours": ours, "openpyxl": openpyxl,
}  # fmt: skip


def one(name: str, path: Path) -> None:
    """A run in a process of its own: seconds and peak memory, as JSON."""
    import resource

    import openpyxl  # noqa: F401  imported before the clock, as the others
    import python_calamine  # noqa: F401

    from carbon_tokens.factors import area_files  # noqa: F401

    start = time.perf_counter()
    rows = READERS[name](path)
    seconds = time.perf_counter() - start
    assert rows == ROWS, f"{name} has {rows} rows"
    print(json.dumps({"s": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def measured(name: str, path: Path, runs: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--reader", name, str(path)]
    found = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(runs)]
    return {key: statistics.median(each[key] for each in found) for key in ("s", "mb")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plants", type=Path, help="plant.csv of eGRID2018, or with --reader the workbook")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.reader:
        one(options.reader, options.plants)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "egrid2018_data_v2.xlsx"
        make(options.plants, path)
        found = {name: measured(name, path, options.runs) for name in READERS}
        size = path.stat().st_size
    seconds = found["ours"]["s"]
    ratios = {name: each["s"] / seconds for name, each in found.items()}
    missed = [name for name, least in GOALS.items() if ratios[name] < least]
    missed += [name for name, most in WITHIN.items() if 1 / ratios[name] > most]
    if options.json:
        print(json.dumps({"bytes": size, "load": os.getloadavg()[0], "readers": found, "missed": missed}))
    else:
        print(f"{ROWS:,} × {COLUMNS}, {size / 1e6:.1f} MB, median of {options.runs}, load {os.getloadavg()[0]:.1f}")
        for name, each in found.items():
            print(f"{name:9} {each['s']:6.2f} s {each['mb']:5.0f} MB  {each['s'] / seconds:5.2f} × ours")
        print("missed: " + ", ".join(missed) if missed else "goals met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
