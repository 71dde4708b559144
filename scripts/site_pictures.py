"""Pictures of a site: which source counts, cooling by the weather, a day of several tiers,
servers, fuels and refrigerants."""

from __future__ import annotations

from fractions import Fraction

from carbon_tokens.energy import coefficients, files
from carbon_tokens.energy import servers as models
from carbon_tokens.energy.cooling import Chiller, ConstantCop, Cooling, FreeCooling, LinearCop
from carbon_tokens.energy.precedence import SiteHour, settle
from carbon_tokens.energy.servers import Linear, Table
from carbon_tokens.energy.site_sources import ACTIVITY, BEST_GRADE, BILL, METER, SERVERS, TIERS, UPS, Billed, Source
from carbon_tokens.factors import direct as scope1
from carbon_tokens.periods import Month
from scripts.drawing import WIDTH, Axis, Picture

APRIL = Month.parse("2021-04").start
SYSTEM = "20170829-00780"  # of SPECpower: a two-socket server
THREADS = ("EPYC 3rd Gen", "EPYC 2nd Gen", "Sapphire Rapids", "Cascade Lake", "Haswell", "Sandy Bridge")
_MONTH = {"GB h": 720, "TB h": 720, "GB": 100}  # units of thirty days: one held, or a hundred moved
_PER = {"GB h": "1 GB", "TB h": "1 TB", "GB": "100 GB"}
COLORS = {"A": "a", "B": "b", "C": "c", "D": "d"}
KINDS = {  # of files, by the tier that they feed
    METER: ("green-button", "utility-api", "hourly"),
    BILL: ("bills", "utility-api"),
    UPS: ("ups-csv", "upslog", "ups-sequence", "upsc", "snmp"),
    SERVERS: ("utilisation", "gpu-log", "prometheus", "bitbrains", "cluster-average"),
    ACTIVITY: ("activity",),
}
WORDS = {
    METER: ("interval meter", "sets its hours"),
    BILL: ("bill", "sets the sum of its days; what is below shapes it"),
    UPS: ("UPS log + cooling model", "sets hours without both"),
    SERVERS: ("servers + power model + PUE", "sets hours without all of these; C by published figures"),
    ACTIVITY: ("activity metrics", "the last resort"),
}


def tiers() -> Picture:
    """The ladder of sources, with what feeds each and its best grade."""
    picture = Picture(
        "Five tiers of sources for a site's hour, the best first",
        "A ladder. An interval meter sets its hours, a bill the sum of its days, then UPS logs with a model of "
        "cooling, then servers with a power model and a PUE, then activity metrics. Grades fall from A to D.",
        52 + 80 * len(TIERS),
    )
    picture.text(14, 24, "the best that knows an hour sets it", bold=True)
    picture.note(WIDTH - 14, 24, "best grade", "soft", anchor="end")
    for at, tier in enumerate(TIERS):
        x, y, kind = 14 + 18.0 * at, 38 + 80.0 * at, COLORS[BEST_GRADE[tier]]
        picture.box(x, y, WIDTH - 14 - x, 72, kind, faint=True, round=6)
        name, does = WORDS[tier]
        picture.text(x + 10, y + 21, name, bold=True)
        shown = [each for each in KINDS[tier] if each in files.KINDS]
        picture.note(x + 10, y + 61, ", ".join(shown), "soft")
        picture.note(x + 10, y + 41, does)
        picture.text(WIDTH - 26, y + 42, BEST_GRADE[tier], kind, anchor="end", size=20, bold=True)
    return picture


def cooling() -> Picture:
    """COP by outdoor temperature."""
    heat, chiller = Fraction(60_000), Chiller(Fraction(120_000))
    models: list[tuple[str, str, Cooling]] = [
        ("chiller of 120 kW, 60 kW of heat", "b", chiller),
        ("5 − 0.1 (T − 25)", "a", LinearCop()),
        ("constant 3", "soft", ConstantCop(Fraction(3))),
    ]
    picture = Picture(
        "COP by outdoor temperature: a chiller, a straight line, a constant",
        "Three lines from minus 10 to 40 degrees. The chiller's COP falls above 15 degrees and the line everywhere; "
        "neither ever rises as it gets warmer. Below 8 degrees free cooling needs no compressor.",
        300,
    )
    warm, up = Axis(-10, 40, 44, WIDTH - 34), Axis(0, 9, 220, 44)
    picture.text(14, 22, "heat carried out per electricity used (COP)", bold=True)
    free = FreeCooling(chiller, Fraction(8))
    without = [celsius for celsius in range(-10, 41) if free.power_w(heat, celsius) == 0]
    picture.box(warm.at(without[0]), 44, warm.at(without[-1] + 1) - warm.at(without[0]), 176, "a", faint=True)
    picture.note(warm.at(without[0]) + 8, 210, "free cooling below 8 °C", "a")
    picture.grid(up, 44, WIDTH - 34, (0, 3, 6, 9))
    for at, (words, kind, model) in enumerate(models):
        points = [(warm.at(each), up.at(float(heat / model.power_w(heat, each)))) for each in range(-10, 41)]
        picture.line(points, kind, thick=2.5, dashed=kind == "soft")
        x = (14, 262, 430)[at]
        picture.box(x, 262, 14, 5, kind)
        picture.note(x + 20, 270, words)
    for celsius in range(-10, 41, 10):
        picture.note(warm.at(celsius), 238, f"{celsius} °C", "soft", anchor="middle")
    return picture


def _day() -> list[SiteHour]:
    """A day: the meter to 8 o'clock, a bill to 14, a UPS from 6 to 18, servers from 10, activity all day."""
    load = [40 + (each * 5) % 7 + (14 if 8 <= each < 19 else 0) for each in range(24)]
    at = [APRIL + 3600 * each for each in range(24)]
    known = {
        METER: {at[each]: Fraction(1000 * load[each]) for each in range(0, 8)},
        UPS: {at[each]: Fraction(960 * load[each]) for each in range(6, 18)},
        SERVERS: {at[each]: Fraction(1120 * load[each] + 900 * (each % 3)) for each in range(10, 23)},
        ACTIVITY: {each: Fraction(46_000) for each in at},
    }
    bill = Billed(APRIL, APRIL + 14 * 3600, 1000 * sum(load[:14]) + 9_000)
    sources = [Source(tier, hours) for tier, hours in known.items()]
    return settle(APRIL, APRIL + 86_400, sources, [bill])


def precedence() -> Picture:
    """The day, hour by hour, in the colors of its grades."""
    hours = _day()
    picture = Picture(
        "A day in which the best source changes",
        "Twenty-four hourly bars. The meter sets the first hours, the bill the next with the shape of the UPS log, "
        "then the UPS log itself, then servers, then activity. Marks show what lower tiers would have said.",
        330,
    )
    up, wide = Axis(0, 80, 218, 66), (WIDTH - 76) / 24
    picture.text(14, 22, "kWh of each hour, by the tier that set it", bold=True)
    picture.grid(up, 44, WIDTH - 32, (0, 20, 40, 60, 80))
    for at, hour in enumerate(hours):
        x = 44 + at * wide
        top, kind = up.at(hour.energy_wh / 1000), COLORS[hour.grade]
        picture.box(x + 1.5, top, wide - 3, 218 - top, kind, faint=True, edge=kind)
        for tier, energy in hour.others.items():
            y = up.at(float(energy / 1000))
            picture.line(
                [(x + 3, y), (x + wide - 3, y)], "ink" if tier == UPS else "soft", thick=2 if tier == UPS else 1.2
            )
    first = 0
    for at in range(1, 25):
        if at == 24 or (hours[at].tier, hours[at].shaped_by) != (hours[first].tier, hours[first].shaped_by):
            _band(picture, hours[first], 44 + first * wide, (at - first) * wide)
            first = at
    for at in range(0, 25, 6):
        picture.note(44 + at * wide, 236, f"{at:02d}:00", "soft", anchor="middle")
    _legend(picture, hours)
    return picture


def _band(picture: Picture, hour: SiteHour, x: float, wide: float) -> None:
    kind = COLORS[hour.grade]
    picture.box(x + 1.5, 34, wide - 3, 22, kind, faint=True)
    words = {ACTIVITY: "", UPS: "UPS "}.get(hour.tier, f"{hour.tier} ") + hour.grade
    picture.note(x + wide / 2, 50, words, kind, anchor="middle", bold=True)


def _legend(picture: Picture, hours: list[SiteHour]) -> None:
    said = {tier: sum(hour.tier == tier for hour in hours) for tier in TIERS}
    picture.note(14, 266, ", ".join(f"{count} h {tier}" for tier, count in said.items() if count))
    total = sum(hour.energy_wh for hour in hours)
    billed = sum(hour.energy_wh for hour in hours[:14])
    picture.note(
        14, 288, f"{total / 1000:,.0f} kWh; the bill of the first 14 hours is {billed / 1000:,.0f} of them, to the Wh"
    )
    picture.note(14, 310, "marks: what lower tiers say of the hour; the UPS (thick) shapes the bill", "soft")


def direct() -> Picture:
    """t CO2e of a thousand litres or cubic metres of fuel, and of one kilogram of each refrigerant."""
    fuels = [("diesel", 1000, "l"), ("gasoline", 1000, "l"), ("gas", 1000, "m3"), ("biodiesel", 1000, "l")]
    rows = [(f"1,000 {unit.replace('m3', 'm³')} {name}", scope1.emissions("fuel", name, Fraction(amount), unit), "c")
            for name, amount, unit in fuels]  # fmt: skip
    leaks = {name: scope1.emissions("refrigerant", name, Fraction(1), "kg") for name in scope1.refrigerants()}
    rows += [(f"1 kg {name}", found, "e") for name, found in sorted(leaks.items(), key=lambda each: each[1].grams)]
    picture = Picture(
        "Scope 1: a thousand litres of fuel and one kilogram of refrigerants, t CO2e",
        f"Horizontal bars, from {float(rows[0][1].grams) / 1e6:.1f} t for a thousand litres of diesel to "
        f"{float(rows[-1][1].grams) / 1e6:.1f} t for one kilogram of SF6.",
        66 + 24 * len(rows),
    )
    right = Axis(0, 24, 150, WIDTH - 70)
    picture.text(14, 22, "t CO2e, GWPs of AR5", bold=True)
    for at, (words, found, kind) in enumerate(rows):
        y, tonnes = 36.0 + 24 * at, float(found.grams) / 1e6
        picture.note(142, y + 13, words, anchor="end")
        picture.box(150, y, max(1, right.at(tonnes) - 150), 17, kind)
        apart = float(found.biogenic) / 1e6
        picture.note(right.at(tonnes) + 6, y + 13, f"{tonnes:.3f}" + (f"; biogenic {apart:.3f} apart" if apart else ""))
    bottom = 36 + 24 * len(rows) + 18
    picture.box(14, bottom - 11, 12, 12, "c")
    picture.note(32, bottom, "burnt")
    picture.box(90, bottom - 11, 12, 12, "e")
    picture.note(108, bottom, "leaked")
    return picture


def servers() -> Picture:
    """A real server's table and its line, and the errors over all systems that are shipped."""
    real = coefficients.system(SYSTEM)
    picture = Picture(
        "Power of a server by load: measured, by a line, by a table of three points",
        "Above, eleven measured points of one SPECpower system; the straight line from idle to full load and a table "
        "with one point between. Below, the range of errors of both over all systems that are shipped, in per cent of "
        "the measured power.",
        452,
    )
    load, watts = Axis(0, 1, 58, WIDTH - 30), Axis(0, 500, 190, 44)
    picture.text(14, 22, "W by load, one two-socket server", bold=True)
    picture.grid(watts, 58, WIDTH - 30, (0, 250, 500))
    line, coarse = _line(real), _coarse(real)
    for model, kind, dashed in ((line, "c", False), (coarse, "b", True)):
        points = [(load.at(at / 20), watts.at(float(model.power_w(Fraction(at, 20))))) for at in range(21)]
        picture.line(points, kind, dashed=dashed)
    for share, power in real.points:
        picture.dot(load.at(float(share)), watts.at(float(power)), "a")
    picture.note(70, 208, "● measured", "a")
    picture.note(160, 208, "— line, idle to full load", "c")
    picture.note(330, 208, "- - table of 0, 50, 100 %", "b")
    _errors(picture, load)
    return picture


def _errors(picture: Picture, load: Axis) -> None:
    error = Axis(-40, 40, 400, 258)
    picture.text(14, 238, "error over 23 systems, % of the measured power", bold=True)
    picture.grid(error, 58, WIDTH - 30, (-40, -20, 0, 20, 40))
    systems = [coefficients.system(name) for name in coefficients.names("specpower")]
    for make, kind, dashed in ((_line, "c", False), (_coarse, "b", True)):
        lows, means, highs = [], [], []
        for at in range(0, 11):
            share = Fraction(at, 10)
            found = [100 * float(make(real).power_w(share) / real.power_w(share) - 1) for real in systems]
            x = load.at(at / 10)
            lows.append((x, error.at(min(found))))
            highs.append((x, error.at(max(found))))
            means.append((x, error.at(sum(found) / len(found))))
        picture.area(highs, lows, kind)
        picture.line(means, kind, dashed=dashed)
    for at in range(0, 11, 2):
        picture.note(load.at(at / 10), 416, f"{10 * at} %", "soft", anchor="middle")
    picture.note(70, 438, "bands: least to greatest; lines: mean over the systems", "soft")


def _line(real: Table) -> Linear:
    return Linear(real.power_w(0), real.power_w(1))


def _coarse(real: Table) -> Table:
    loads = (Fraction(0), Fraction(1, 2), Fraction(1))
    return models.table({load: real.power_w(load) for load in loads})


def activity() -> Picture:
    """kWh of one unit of activity over thirty days."""
    rows = [(f"{_PER.get(rate.unit, rate.unit)} {name}", Fraction(0), rate.energy_wh(_MONTH[rate.unit]), "c")
            for name, rate in ((name, coefficients.rate(name)) for name in coefficients.names("rates"))]  # fmt: skip
    threads = [(name, coefficients.threads(name)) for name in THREADS]
    rows += [(f"1 thread, {name}", model.idle_w * 720, model.max_w * 720, "e") for name, model in threads]
    picture = Picture(
        "Energy of one unit of activity over thirty days, kWh",
        f"Bars of {len(coefficients.names('rates'))} published rates for storage, memory and network, and spans of "
        f"{len(threads)} kinds of hardware threads from idle to full load. The longest is "
        f"{float(max(high for _, _, high, _ in rows)) / 1000:.1f} kWh.",
        70 + 24 * len(rows),
    )
    right = Axis(0, 7.8, 262, WIDTH - 60)
    picture.text(14, 22, "kWh in 30 days: one unit, or 100 GB moved", bold=True)
    for at, (name, low, high, kind) in enumerate(rows):
        y, start, end = 36.0 + 24 * at, right.at(float(low) / 1000), right.at(float(high) / 1000)
        picture.note(254, y + 13, name, anchor="end")
        picture.box(start, y, max(1.5, end - start), 17, kind)
        picture.note(
            end + 6,
            y + 13,
            f"{float(low) / 1000:.2f} to {float(high) / 1000:.2f}" if low else f"{float(high) / 1000:.2f}",
        )
    picture.note(14, 54 + 24 * len(rows), "threads: idle to full load, by microarchitecture", "soft")
    return picture
