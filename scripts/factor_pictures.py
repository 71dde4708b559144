"""Pictures of emission factors and of certificates: eGRID, the hierarchy, a day of a grid, serial ranges."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

from carbon_tokens import registries
from carbon_tokens.factors import annual, choice
from carbon_tokens.factors import egrid as releases
from carbon_tokens.factors import hourly as intensities
from carbon_tokens.factors.choice import CHOSEN, Candidate, Place
from carbon_tokens.factors.hourly import Series
from carbon_tokens.registries import Entry
from scripts.drawing import SMALL, WIDTH, Axis, Picture, width_of
from scripts.source_pages import FOLDER, written

YEARS = {2018: "soft", 2021: "a", 2022: "c", 2023: "b"}  # of the releases that publish CO2e
STACK = (  # of a day's picture, from the ground up: EIA's code, its name, its color
    ("NUC", "nuclear", "e"), ("WAT", "hydro", "b"), ("WND", "wind", "a"), ("SUN", "sun", "c"), ("OTH", "other", "grid"),
    ("NG", "gas", "soft"), ("COL", "coal", "ink"),
)  # fmt: skip
CODES = ("WND", "SUN", "WAT", "OIL", "NG", "COL", "NUC", "OTH")


def egrid() -> Picture:
    """CO2e of each subregion by release."""
    found: dict[str, dict[int, float]] = {}
    means: dict[int, float] = {}
    for year in YEARS:
        for rate in releases.release(year).rates:
            if rate.co2e_lb_per_mwh is not None and rate.level == "us":
                means[year] = float(rate.g_per_mwh / 1000)
            elif rate.co2e_lb_per_mwh is not None and rate.level == "subregion":
                found.setdefault(rate.region, {})[year] = float(rate.g_per_mwh / 1000)
    ordered = sorted(found, key=lambda region: found[region][2023])
    picture = Picture(
        "CO2e of every eGRID subregion in four releases, kg/MWh",
        f"A row for each of {len(ordered)} subregions, from {ordered[0]} to {ordered[-1]}, with a dot for each year. "
        f"The mean of the United States in 2023, {means[2023]:.0f} kg/MWh, is a line through them; few rows are near "
        "it.",
        92 + 17 * len(ordered),
    )
    right, bottom = Axis(0, 850, 64, WIDTH - 20), 64 + 17 * len(ordered)
    for at, (year, kind) in enumerate(YEARS.items()):
        picture.dot(20 + 82 * at, 17, kind, 5)
        picture.text(30 + 82 * at, 22, str(year))
    for value in range(0, 801, 200):
        picture.line([(right.at(value), 52), (right.at(value), bottom)], "grid", thick=1)
        picture.note(right.at(value), bottom + 18, str(value), "soft", anchor="middle")
    mean = right.at(means[2023])
    picture.line([(mean, 46), (mean, bottom)], "d", thick=1.5, dashed=True)
    picture.note(mean, 42, f"US 2023: {means[2023]:.0f} kg/MWh", "d", anchor="middle")
    for at, region in enumerate(ordered):
        y, years = 62 + 17.0 * at, found[region]
        picture.note(58, y + 4, region, anchor="end")
        picture.line([(right.at(min(years.values())), y), (right.at(max(years.values())), y)], "grid", thick=3)
        for year, grams in years.items():
            picture.dot(right.at(grams), y, YEARS[year], 4)
    return picture


_TABLES = {
    "residual.csv": "residual_year,subregion,residual_lb_per_mwh\n2023,CAMX,455.2\n",
    "suppliers.csv": "psd_year,supplier_name,product,ghg_intensity_lb_co2e_per_mwh\n2023,Example Power,Mix,512.4\n",
    "hours.csv": "hour,g_per_kwh\n"
    + "".join(f"2023-04-01T{at:02d}:00Z,{230 - 9 * at + 9 * abs(at - 12)}\n" for at in range(24)),
}


def countries() -> Picture:
    """The hierarchy for a site in California with a supplier's and a residual mix, which are examples."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in _TABLES.items():
            (folder / file).write_text(content, encoding="utf-8")
        tables = [*annual.read(folder / "residual.csv"), *annual.read(folder / "suppliers.csv")]
        hours = [intensities.read(folder / "hours.csv", zone="CISO")]
    place = Place(zip="95054", state="CA", zone="CISO", supplier="Example Power")
    without = choice.explain(place, 2023, tables=tables)
    found = choice.explain(place, 2023, tables=tables, hourly=hours)
    picture = Picture(
        "Which factor a site has: every step of the hierarchy, the most specific first",
        "Two ladders for a site of ZIP 95054 in 2023. Location-based: hourly intensities, subregion CAMX, state, "
        "country. Market-based: supplier, residual mix, location-based. The first step with a number is taken.",
        430,
    )
    rows = {basis: [each for each in found.candidates if each.basis == basis] for basis in ("location", "market")}
    y = 24.0
    for basis, steps in rows.items():
        picture.text(14, y, f"{basis}-based, ZIP 95054 in 2023, kg CO2e/MWh", bold=True)
        for each in steps:
            y += 40
            _step(picture, each, y - 26)
        y += 48
    taken = without.chosen("location")
    if taken and taken.g_per_mwh is not None:
        said = f"without the hours, {taken.step} {taken.region} would be taken: {float(taken.g_per_mwh) / 1000:.1f}"
        picture.note(14, y - 14, said, "soft")
    picture.note(14, y + 8, "supplier, residual mix and hours: examples; subregion, state, country: eGRID2023", "soft")
    return picture


def _step(picture: Picture, each: Candidate, y: float) -> None:
    kg, kind = float(each.g_per_mwh or 0) / 1000, "a" if each.state == CHOSEN else "soft"
    picture.box(14, y, WIDTH - 28, 34, "a" if each.state == CHOSEN else "panel", faint=each.state == CHOSEN, round=4)
    picture.text(24, y + 22, f"{'→ ' if each.state == CHOSEN else ''}{each.step}", bold=each.state == CHOSEN)
    picture.note(128, y + 22, each.region)
    right = Axis(0, 420, 290, WIDTH - 74)
    picture.box(290, y + 9, right.at(kg) - 290, 16, kind, faint=each.state != CHOSEN)
    picture.note(right.at(kg) + 8, y + 22, f"{kg:.1f}", kind, bold=each.state == CHOSEN)


def _grid_day() -> tuple[list[dict[str, int]], Series]:
    """A day of a grid with sun and wind, MWh by fuel, as the form of EIA-930, and what follows from it."""
    rows = []
    for at in range(24):
        sun = max(0, 6200 - 170 * (at - 13) ** 2)
        wind = 3000 + 160 * abs(at - 13)
        coal, load = 1800, 20_500 + 260 * ((at * 5) % 9) + (2500 if 17 <= at < 22 else 0)
        gas = max(1500, load - sun - wind - coal - 2400 - 4000 - 500)
        rows.append({"WND": wind, "SUN": sun, "WAT": 2400, "OIL": 0, "NG": gas, "COL": coal, "NUC": 4000, "OTH": 500})
    lines = ["timestamp," + ",".join(CODES)]
    lines += [
        f"2021-04-01T{at:02d}:00:00+00:00," + ",".join(str(row[code]) for code in CODES) for at, row in enumerate(rows)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "eia930.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return rows, intensities.read(path, zone="EX")


def hourly() -> Picture:
    """Generation by fuel and the intensity of each hour."""
    rows, series = _grid_day()
    values = [float(hour.g_per_kwh) for hour in series.hours]
    mean = sum(values) / len(values)
    low, high = min(values), max(values)
    picture = Picture(
        "A day of a grid: generation by fuel, and the intensity of each hour",
        "Above, stacked generation of 24 hours: nuclear, hydro, wind, sun, other, gas, coal. Below, the intensity "
        f"that follows: from {low:.0f} g/kWh at noon to {high:.0f} in the evening, with a mean of {mean:.0f}.",
        456,
    )
    wide, up = (WIDTH - 76) / 24, Axis(0, 28, 216, 44)
    picture.text(14, 22, "GWh by fuel, hour by hour", bold=True)
    picture.grid(up, 56, WIDTH - 20, (0, 10, 20))
    for at, row in enumerate(rows):
        base = 0.0
        for code, _, kind in STACK:
            top = base + row[code] / 1000
            picture.box(56 + at * wide + 0.5, up.at(top), wide - 1, up.at(base) - up.at(top), kind)
            base = top
    x = 56.0
    for _, name, kind in STACK:
        picture.box(x, 228, 11, 11, kind)
        picture.note(x + 15, 238, name)
        x += 25 + width_of(name, SMALL)
    _intensity(picture, values, mean, wide)
    return picture


def _intensity(picture: Picture, values: list[float], mean: float, wide: float) -> None:
    up = Axis(0, 400, 420, 282)
    picture.text(14, 266, "g CO2e/kWh: Σ energy × intensity of the fuel ÷ Σ energy", bold=True)
    picture.grid(up, 56, WIDTH - 20, (0, 100, 200, 300, 400))
    picture.line(
        [(56 + (at + side) * wide, up.at(value)) for at, value in enumerate(values) for side in (0, 1)], "d", thick=2.5
    )
    picture.line([(56, up.at(mean)), (WIDTH - 20, up.at(mean))], "ink", thick=1.5, dashed=True)
    picture.note(62, up.at(mean) + 17, f"mean of the day {mean:.0f}")
    for pick, shift in ((min, 18), (max, -8)):
        value = pick(values)
        at = values.index(value)
        picture.text(56 + (at + 0.5) * wide, up.at(value) + shift, f"{value:.0f}", "d", anchor="middle", bold=True)
    for at in range(0, 25, 6):
        picture.note(56 + at * wide, 440, f"{at:02d}:00", "soft", anchor="middle")


def certificates() -> Picture:
    """The serial ranges of the page's file on a line, and what became of each."""
    with tempfile.TemporaryDirectory() as folder:
        entries = registries.read(written(FOLDER / "certificates.md", Path(folder))["nar.csv"])
    checked = registries.check(entries)
    reasons = {each.entry.row: each.why for each in checked.rejects}
    picture = Picture(
        "Serial ranges of one block: what is kept and what is rejected",
        "Four ranges on a line of serials 1 to 100. The first is kept. The second has 20 serials for 25 MWh. The "
        "third and fourth share serials 85 to 90, so that both are rejected.",
        86 + 58 * len(entries),
    )
    line = Axis(0, 100, 20, WIDTH - 20)
    picture.text(14, 24, entries[0].numbered.partition("/")[2], bold=True)
    for serial in range(0, 101, 20):
        picture.line([(line.at(serial), 38), (line.at(serial), 52 + 58 * len(entries))], "grid", thick=1)
        picture.note(line.at(serial), 70 + 58 * len(entries), str(serial or 1), "soft", anchor="middle")
    for at, entry in enumerate(entries):
        _range(picture, line, entry, reasons.get(entry.row, ()), 44 + 58.0 * at)
    return picture


def _range(picture: Picture, line: Axis, entry: Entry, why: tuple[str, ...], y: float) -> None:
    left, right = line.at(entry.serial_from - 1), line.at(entry.serial_thru)
    kind = "d" if why else "a"
    picture.box(left, y, right - left, 24, kind, faint=True, edge=kind, round=3)
    count = entry.serial_thru - entry.serial_from + 1
    words = f"{count} serials, {entry.amount // 1_000_000} MWh"
    inside = right - left > width_of(words, SMALL) + 8
    picture.note((left + right) / 2 if inside else left - 6, y + 17, words, anchor="middle" if inside else "end")
    verdict = "rejected: " + "; ".join(why) if why else "kept: as many serials as MWh, each once"
    end = left + width_of(verdict, SMALL) > WIDTH - 14
    picture.note(WIDTH - 14 if end else left, y + 41, verdict, kind, anchor="end" if end else "start")


def offsets() -> Picture:
    """What the serials of three registries say."""
    with tempfile.TemporaryDirectory() as name:
        paths = written(FOLDER / "offsets.md", Path(name))
        entries = [registries.read(paths[file])[0] for file in ("verra.csv", "acr.csv", "car.csv")]
    picture = Picture(
        "Serials of three registries, and what is read of them",
        "For Verra, ACR and CAR a serial in large letters, with the first and the last number of its range marked; "
        "below each, the source on the ledger, the count of serials, the quantity and the vintage.",
        28 + 112 * len(entries),
    )
    for at, entry in enumerate(entries):
        _serial(picture, entry, 14 + 112.0 * at)
    return picture


def _serial(picture: Picture, entry: Entry, y: float) -> None:
    picture.box(14, y, WIDTH - 28, 100, "panel", round=6)
    picture.text(24, y + 20, entry.registry, bold=True)
    ends = str(entry.serial_from), str(entry.serial_thru)
    head, _, tail = entry.serials.rpartition(ends[1])  # the range is the last such pair of numbers
    head, _, between = head.rpartition(ends[0])
    size = 13 if len(entry.serials) < 50 else 11.5
    picture.runs(24, y + 44, [(head, "soft"), (ends[0], "b"), (between, "soft"), (ends[1], "b"), (tail, "soft")], size)
    count = entry.serial_thru - entry.serial_from + 1
    days = (entry.vintage_end - entry.vintage_start) // 86_400
    tonnes = Fraction(entry.amount, 1_000_000)
    picture.note(
        24, y + 70, f"{entry.serial_thru:,} − {entry.serial_from:,} + 1 = {count:,} serials = {float(tonnes):,.0f} t"
    )
    picture.note(24, y + 90, f"source {entry.numbered}; vintage of {days} days", "soft")
