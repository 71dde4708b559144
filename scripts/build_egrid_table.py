"""Builds data/egrid/*.csv and its rows of data/SOURCES.csv from EPA's published tables.

    python -m scripts.build_egrid_table SHARED/egrid --profiler 2019=FILE.json --profiler 2021=FILE.json
        [--out data] [--workbook FILE.xlsx[=EDITION] ...]

The same input gives the same bytes. Every number is copied as the text of its source file, never through a float. The
JSON files are those of scripts/egrid_plans.py: ``git show COMMIT:app/data/subregion.json`` in USEPA/power-profiler.

To add next year's release: append ``--workbook egrid2024_data_rev1.xlsx`` (``=rev1`` if its name does not say so). Its
rates are added, and it becomes the default edition of its year; commit the CSVs it writes. A release whose CO2e is
below its CO2 is listed as refused, with the reason, and none of its rates is written.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import areas, profiler
from carbon_tokens.factors.egrid import EDITION_COLUMNS, RATE_COLUMNS, SOURCE_COLUMNS, read_release
from carbon_tokens.factors.layouts import CODES, INTERCONNECTS, SHEETS, US_NAME, Sheet
from carbon_tokens.factors.rate import DATASET, Rate, refuse_impossible, text
from carbon_tokens.factors.zips import NAME_COLUMNS, UTILITY_COLUMNS, ZIP_COLUMNS
from scripts.egrid_plans import AREAS, PLANS, Origin, Plan

PUBLISHER = "US EPA"
LICENCE = "public domain (US federal government)"
Row = dict[str, str]
ZIP_FACTS = {
    "zip_subregions": "subregions of every ZIP",
    "zip_utilities": "utilities of the ZIPs in two or more subregions",
    "utilities": "names of those utilities by EIA number",
}


def rows_of(file: Path) -> list[Row]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def losses(file: Path) -> dict[str, str]:
    """Grid gross loss per interconnect, a fraction in the digits of the file (``5.12%`` is written ``0.0512``)."""
    found = {}
    for row in rows_of(file):
        printed = row["GGRSLOSS"] if "GGRSLOSS" in row else row["Grid Gross Loss Rate (%)"]
        fraction = Decimal(printed[:-1]).scaleb(-2) if printed.endswith("%") else Decimal(printed)
        region = (row["REGION"] if "REGION" in row else row["Region"]).upper()
        found["U.S." if region == "US" else region] = format(fraction, "f")
    return found


def full_rows(root: Path, origin: Origin) -> Iterator[Row]:
    sheet: Sheet = next(one for one in SHEETS if one.level == origin.layout)
    loss = losses((root / origin.file).with_name("ggl.csv"))
    for row in rows_of(root / origin.file):
        region = row[sheet.region] if sheet.region else "US"
        yield {
            "level": sheet.level,
            "region": region,
            "name": row[sheet.title] if sheet.title else US_NAME if region == "US" else "",
            **{f"{gas}_lb_per_mwh": row[sheet.prefix + code] for gas, code in CODES.items()},
            "grid_loss": loss.get(INTERCONNECTS.get(region, ""), ""),
        }


def other_rows(root: Path, origin: Origin) -> Iterator[Row]:
    for row in rows_of(root / origin.file):
        national = row["SUBRGN"] in ("National", "US Average")
        yield {
            "level": "us" if national else "subregion",
            "region": "US" if national else row["SUBRGN"],
            "name": US_NAME if national else row["SRNAME"],
            "co2_lb_per_mwh": row["CO2_lb_per_MWh"],
            "ch4_lb_per_mwh": row.get("CH4_lb_per_MWh", ""),
            "n2o_lb_per_mwh": row.get("N2O_lb_per_MWh", ""),
            "co2e_lb_per_mwh": row.get("CO2e_lb_per_MWh", ""),
            "grid_loss": row.get("grid_gross_loss_fraction", ""),
        }


def json_rows(path: Path, year: int) -> Iterator[Row]:
    for rate in profiler.read_release(path, year).rates:
        yield {column: cell(rate, column) for column in RATE_COLUMNS[3:11]}


def read_rows(root: Path, year: int, origin: Origin) -> Iterator[Row]:
    if origin.layout == "json":
        return json_rows(root / origin.file, year)
    return (full_rows if origin.layout in ("us", "state", "subregion") else other_rows)(root, origin)


def release_rows(root: Path, plan: Plan) -> list[Row]:
    """The rates of a plan in the order of its files. Raises FactorError if they are impossible."""
    found = []
    for origin in plan.origins:
        head = {"dataset": DATASET, "year": str(plan.year), "edition": plan.edition, "source": origin.id}
        found += [{**head, **row} for row in read_rows(root, plan.year, origin)]
    refuse_impossible(map(as_rate, found), plan.origins[0].file)
    return found


def as_rate(row: Row) -> Rate:
    ch4, n2o, co2e, loss = (Decimal(row[column]) if row[column] else None for column in RATE_COLUMNS[7:11])
    key = row["dataset"], int(row["year"]), row["edition"], row["level"], row["region"], row["name"]
    return Rate(*key, Decimal(row["co2_lb_per_mwh"]), ch4, n2o, co2e, loss, row["source"], "")


def with_maps(plans: Iterable[Plan], given: Mapping[int, Path]) -> list[Plan]:
    """The plans with the paths of the Power Profiler's JSON files, each read once so that a wrong file stops here.

    Raises:
        FactorError: a year that no plan wants, or a planned file that is not given or not readable.
    """
    wanted = {plan.year: plan for plan in plans if plan.origins[0].layout == "json"}
    if set(wanted) != set(given):
        years = ", ".join(map(str, sorted(set(wanted) ^ set(given))))
        todo = f"Give --profiler YEAR=FILE.json for {', '.join(map(str, sorted(wanted)))} and no other year."
        raise FactorError(f"Power Profiler files missing or not planned: {years}", where="--profiler", todo=todo)
    for year, path in given.items():
        profiler.read_release(path, year)
    maps = {year: replace(wanted[year].origins[0], file=str(path.resolve())) for year, path in given.items()}
    return [replace(plan, origins=(maps[plan.year],)) if plan in wanted.values() else plan for plan in plans]


def profiler_argument(text: str) -> tuple[int, Path]:
    year, _, path = text.partition("=")
    return int(year), Path(path)


def edition_row(plan: Plan, status: str, note: str) -> Row:
    default = "yes" if plan.default else "no"
    values = (DATASET, str(plan.year), plan.edition, status, default, plan.title, note)
    return dict(zip(EDITION_COLUMNS, values, strict=True))


def source_row(file: str, scope: str, fact: str, edition: str, published: str, content: Path, note: str) -> Row:
    digest = hashlib.sha256(content.read_bytes()).hexdigest()
    values = (file, scope, fact, PUBLISHER, DATASET, edition, published, digest, LICENCE, note)
    return dict(zip(SOURCE_COLUMNS, values, strict=True))


def build_releases(root: Path, plans: Sequence[Plan]) -> tuple[list[Row], list[Row], list[Row]]:
    """(rates, editions, sources) of the plans."""
    rates, editions, sources = [], [], []
    for plan in plans:
        try:
            rates += release_rows(root, plan)
            editions.append(edition_row(plan, "usable", plan.note))
        except FactorError as error:
            editions.append(edition_row(plan, "refused", f"{error.what.removeprefix('refused: ')}. {plan.note}"))
        target = f"data/egrid/{'rates' if editions[-1]['status'] == 'usable' else 'editions'}.csv"
        fact = "annual total output emission rates, lb/MWh"
        for one in plan.origins:
            scope, label = f"source={one.id}", f"{plan.year} {plan.edition}"
            sources.append(source_row(target, scope, fact, label, one.published, root / one.file, one.note))
    return rates, editions, sources


def build_areas(root: Path) -> tuple[list[Row], list[Row]]:
    """(rates, sources) of balancing authorities and NERC regions; what generated nothing has no rate."""
    rates, sources = [], []
    for year, edition, origin in AREAS:
        level = next(one for one in areas.LEVELS if one.level == origin.layout)
        head = {"dataset": DATASET, "year": str(year), "edition": edition, "level": level.level, "source": origin.id}
        for row in rows_of(root / origin.file):
            if Decimal(row[level.prefix + areas.GENERATION]) > 0:
                gases = {f"{gas}_lb_per_mwh": row[level.prefix + code] for gas, code in CODES.items()}
                rates.append({**head, "region": row[level.region], "name": row[level.name], **gases, "grid_loss": ""})
        label, fact = f"{year} {edition}", "annual total output emission rates, lb/MWh"
        scope, file = f"source={origin.id}", root / origin.file
        sources.append(source_row("data/egrid/areas.csv", scope, fact, label, origin.published, file, origin.note))
    refuse_impossible(map(as_rate, rates), "areas.csv")
    return rates, sources


def build_workbook(argument: str) -> tuple[list[Row], Row, Row]:
    """(rates, edition, source) of one workbook of EPA's, ``FILE.xlsx`` or ``FILE.xlsx=EDITION``."""
    name, _, edition = argument.partition("=")
    release = read_release(name, edition or None)
    origin = f"egrid{release.year}-{release.edition}"
    rates = [{column: cell(rate, column) for column in RATE_COLUMNS} | {"source": origin} for rate in release.rates]
    title = f"eGRID{release.year} {release.edition}, {Path(name).name}"
    plan = Plan(release.year, release.edition, True, title, "", ())
    fact = "annual total output emission rates, lb/MWh"
    published = f"epa.gov/egrid: {Path(name).name}"
    label = f"{release.year} {release.edition}"
    source = source_row("data/egrid/rates.csv", f"source={origin}", fact, label, published, Path(name), "")
    return rates, edition_row(plan, "usable", ""), source


def cell(rate: Rate, column: str) -> str:
    value = getattr(rate, column)
    return text(value) or "" if isinstance(value, Decimal) or value is None else str(value)


def add_workbook(tables: tuple[list[Row], list[Row], list[Row]], argument: str) -> None:
    rates, editions, sources = tables
    new, edition, source = build_workbook(argument)
    for one in editions:
        if one["year"] == edition["year"]:
            if one["edition"] == edition["edition"]:
                raise FactorError(f"edition {one['edition']} of {one['year']} is there already", where=argument)
            one["default"] = "no"
    rates += new
    editions.append(edition)
    sources.append(source)


def build_zips(root: Path) -> tuple[dict[str, tuple[tuple[str, ...], list[Row]]], list[Row]]:
    """({table: (columns, rows)}, sources) of the ZIP tables; utilities are kept for the ZIPs that they decide."""
    file = root / "zip" / "zip_utility_subregion_2023.csv"
    per_zip: dict[str, list[Row]] = {}
    for row in rows_of(file):
        per_zip.setdefault(row["zip"], []).append(row)
    regions = {code: sorted({row["SUBRGN"] for row in rows}) for code, rows in sorted(per_zip.items())}
    zips = [{"zip": code, "subregions": " ".join(found)} for code, found in regions.items()]
    deciding = [row for code, found in regions.items() if len(found) > 1 for row in per_zip[code]]
    utilities = [dict(zip(UTILITY_COLUMNS, utility_cells(row), strict=True)) for row in deciding]
    names = {int(row["eiaid"]): " ".join(row["UtilName"].split()) for row in deciding}
    named = [dict(zip(NAME_COLUMNS, (str(number), names[number]), strict=True)) for number in sorted(names)]
    tables = {
        "zip_subregions": (ZIP_COLUMNS, zips),
        "zip_utilities": (UTILITY_COLUMNS, utilities),
        "utilities": (NAME_COLUMNS, named),
    }
    return tables, [zip_source(name, fact, file) for name, fact in ZIP_FACTS.items()]


def zip_source(name: str, fact: str, file: Path) -> Row:
    published = "github.com/USEPA/power-profiler commit f42a47a958: app/data/zip.csv"
    return source_row(f"data/egrid/{name}.csv", "all rows", fact, "2023", published, file, "")


def utility_cells(row: Row) -> tuple[str, ...]:
    return row["zip"], row["eiaid"], row["SUBRGN"], row["Predominant Utility"]


def write(file: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def merge_sources(file: Path, own: list[Row]) -> list[Row]:
    """Our rows first; rows about anything but data/egrid/ belong to others and stay as they are."""
    kept = rows_of(file) if file.exists() else []
    return own + [row for row in kept if not re.match(r"data/egrid/", row["file"])]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("egrid", type=Path, help="folder with 2018v2/, 2023rev1/, power_profiler/, epa_hub/ and zip/")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "data")
    parser.add_argument("--profiler", action="append", default=[], type=profiler_argument, metavar="YEAR=FILE.json")
    parser.add_argument("--workbook", action="append", default=[], metavar="FILE.xlsx[=EDITION]")
    options = parser.parse_args(arguments)
    tables = build_releases(options.egrid, with_maps(PLANS, dict(options.profiler)))
    for argument in options.workbook:
        add_workbook(tables, argument)
    zips, zip_sources = build_zips(options.egrid)
    area_rates, area_sources = build_areas(options.egrid)
    write(options.out / "egrid" / "rates.csv", RATE_COLUMNS, tables[0])
    write(options.out / "egrid" / "areas.csv", RATE_COLUMNS, area_rates)
    write(options.out / "egrid" / "editions.csv", EDITION_COLUMNS, tables[1])
    for name, (columns, rows) in zips.items():
        write(options.out / "egrid" / f"{name}.csv", columns, rows)
    sources = options.out / "SOURCES.csv"
    write(sources, SOURCE_COLUMNS, merge_sources(sources, [*tables[2], *area_sources, *zip_sources]))


if __name__ == "__main__":
    main()
