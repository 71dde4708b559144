"""Pictures of sources of energy: bills, Green Button, meters, UPS."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import bills as billing
from carbon_tokens.energy import green_button as espi
from carbon_tokens.energy import reconciliation
from carbon_tokens.energy import ups as power_supply
from carbon_tokens.energy.bills import Bill
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.loss_curve import Fit, fit
from carbon_tokens.energy.ups import Unit, UpsEnergy, UpsSample
from carbon_tokens.periods import Month
from scripts.drawing import WIDTH, Axis, Picture
from scripts.source_pages import FOLDER, written

EFFICIENCIES = {Fraction(load): Fraction(share) for load, share in
                (("0.25", "0.92"), ("0.5", "0.945"), ("0.75", "0.95"), ("1", "0.948"))}  # fmt: skip
APRIL = Month.parse("2021-04").start


def bills() -> Picture:
    """Days of bills over months, and what each month gets."""
    with tempfile.TemporaryDirectory() as folder:
        found = billing.read(written(FOLDER / "bills.md", Path(folder))["bills.csv"])
    picture = Picture(
        "Bills by their days, and the energy of each month",
        "Three bills of one meter lie over the months January to April. Each is split at the ends of months in "
        "proportion to its days. Three days in March are in no bill.",
        252,
    )
    months = [Month.parse(f"2021-{number:02d}") for number in range(1, 5)]
    days = Axis(months[0].start, months[-1].end, 14, WIDTH - 14)
    for month in months:
        x, wide = days.at(month.start), days.at(month.end) - days.at(month.start)
        picture.box(x, 34, wide - 3, 204, "panel", round=4)
        picture.text(x + wide / 2, 52, str(month), "soft", anchor="middle")
        readings = billing.readings(found, month)
        total = sum(each.energy_wh for each in readings)
        covered = billing.days_covered(found, month)["Example Power", "M-1"]
        picture.text(x + wide / 2, 196, f"{total / 1000:,.0f} kWh", anchor="middle", bold=True)
        grade = max(each.quality for each in readings)
        said = f"{covered} of {month.hours // 24} days, {grade}"
        picture.note(x + wide / 2, 214, said, "soft", anchor="middle")
    for at, bill in enumerate(found):
        _bill(picture, days, bill, 64 + 34 * at)
    for gap in billing.gaps(found):
        x, end = (days.at(billing.period(_spanning(found[0], gap.first, gap.last))[side]) for side in (0, 1))
        picture.box(x, 64, end - x, 96, "d", faint=True)
        said = f"no bill: {(gap.last - gap.first).days + 1} days"
        picture.note(end + 6, 96, said, "d")
    picture.text(14, 22, "meter M-1", bold=True)
    return picture


def _spanning(bill: Bill, first: date, last: date) -> Bill:
    return Bill(bill.utility, bill.meter, first, last, 0, bill.file, bill.file_sha256, bill.row)


def _bill(picture: Picture, days: Axis, bill: Bill, y: float) -> None:
    start, end = (days.at(each) for each in billing.period(bill))
    picture.box(start, y, end - start, 26, "b", faint=True, edge="b", round=3)
    for month, energy in billing.split(bill).items():
        left, right = max(start, days.at(month.start)), min(end, days.at(month.end))
        picture.note((left + right) / 2, y + 17, f"{energy / 1000:,.0f}", anchor="middle")


_FEED = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:e="http://naesb.org/espi">
<entry><link rel="self" href="/UsagePoint/1"/><content>
<e:UsagePoint><e:ServiceCategory><e:kind>0</e:kind></e:ServiceCategory></e:UsagePoint></content></entry>
<entry><link rel="self" href="/UsagePoint/2"/><content>
<e:UsagePoint><e:ServiceCategory><e:kind>1</e:kind></e:ServiceCategory></e:UsagePoint></content></entry>
{meters}
<entry><link rel="self" href="/UsagePoint/1/UsageSummary/1"/><content><e:UsageSummary><e:overallConsumptionLastPeriod>
<e:uom>72</e:uom><e:value>2400</e:value></e:overallConsumptionLastPeriod></e:UsageSummary></content></entry>
</feed>"""
_METER = """<entry><link rel="self" href="/UsagePoint/1/MeterReading/{at}"/>
<link rel="related" href="/ReadingType/{at}"/>
<content><e:MeterReading/></content></entry>
<entry><link rel="self" href="/ReadingType/{at}"/><content><e:ReadingType><e:flowDirection>{flow}</e:flowDirection>
<e:uom>{uom}</e:uom></e:ReadingType></content></entry>
<entry><link rel="self" href="/UsagePoint/1/MeterReading/{at}/IntervalBlock/1"/><content><e:IntervalBlock>{readings}
</e:IntervalBlock></content></entry>"""
_READING = """<e:IntervalReading><e:ReadingQuality><e:quality>{quality}</e:quality></e:ReadingQuality><e:timePeriod>
<e:duration>3600</e:duration><e:start>{start}</e:start></e:timePeriod><e:value>{value}</e:value></e:IntervalReading>"""


def green_button() -> Picture:
    """The tree of a file, and what its parts count as."""
    found = _feed()
    delivered, received = found.channels
    grades = ", ".join(sorted({each.quality for each in delivered.intervals}))
    said = {where.rpartition(":")[2]: what for where, what in (*found.left_out, *found.rejected)}
    gas, power, forecast = (next(each for each in said.values() if word in each) for word in ("gas", "(W)", "forecast"))
    rows = [
        (0, "feed", "", "soft"),
        (1, "UsagePoint 1: ServiceKind 0, electricity", "", "soft"),
        (2, "MeterReading: Wh, flow 1", _sums(delivered, f"hours ({grades})"), "a"),
        (3, "ReadingQuality 0: valid", "grade A", "a"),
        (3, "ReadingQuality 8: estimated", "grade B", "b"),
        (3, "ReadingQuality 12", forecast.partition(" (")[0] + ": left out", "d"),
        (2, "MeterReading: Wh, flow 19", _sums(received, f"{received.flow}, apart"), "c"),
        (2, "MeterReading: uom 38", power.partition(" is ")[2].partition(" (")[0] + ": left out", "d"),
        (2, "UsageSummary", f"{float(found.summaries[0].last_wh or 0):,.0f} Wh, to compare", "c"),
        (1, "UsagePoint 2: ServiceKind 1", gas.rpartition(" is ")[2].partition(" (")[0] + ": left out", "d"),
    ]
    picture = Picture(
        "What of a Green Button file counts as electricity",
        "A tree of two usage points. Of the one with electricity the delivered energy becomes hours, received energy "
        "stays apart, power and forecasts are left out, the summary is for comparison. The other one is gas and is "
        "left out.",
        44 + 31 * len(rows),
    )
    picture.text(14, 24, "in the file", "soft")
    picture.text(WIDTH - 14, 24, "counts as", "soft", anchor="end")
    for at, (depth, name, counts, kind) in enumerate(rows):
        x, y = 14 + 22.0 * depth, 38 + 31.0 * at
        if depth:
            above = max(before for before in range(at) if rows[before][0] < depth)
            picture.line([(x - 12, 38 + 31 * above + 25), (x - 12, y + 12), (x, y + 12)], "grid", thick=1.5)
        picture.box(x, y, WIDTH - 14 - x, 25, "panel" if not counts else kind, faint=bool(counts), round=4)
        picture.note(x + 8, y + 17, name)
        if counts:
            picture.note(WIDTH - 22, y + 17, counts, kind, anchor="end", bold=True)
    return picture


def _feed() -> espi.GreenButton:
    def meter(at: int, flow: int, uom: int, values: Sequence[tuple[int, int]]) -> str:
        readings = [_READING.format(start=APRIL + 3600 * hour, value=value, quality=quality)
                    for hour, (value, quality) in enumerate(values)]  # fmt: skip
        return _METER.format(at=at, flow=flow, uom=uom, readings="\n".join(readings))

    meters = meter(1, 1, 72, [(800, 0), (780, 0), (820, 8), (790, 12)]), meter(2, 19, 72, [(0, 0), (150, 0)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "meter.xml"
        path.write_text(_FEED.format(meters="\n".join([*meters, meter(3, 1, 38, [(800, 0)])])), encoding="utf-8")
        return espi.read(path)


def _sums(channel: espi.Channel, words: str) -> str:
    return f"{len(channel.intervals)} × {float(channel.energy_wh):,.0f} Wh: {words}".replace("× ", "intervals, ")


def meters() -> Picture:
    """Two days of a meter with a gap that their bill fills."""
    gap, values = range(19, 26), [32 + (each * 5) % 9 + (8 if 8 <= each % 24 < 18 else 0) for each in range(48)]
    hours = [Hour("u", "m", APRIL + 3600 * at, Fraction(1000 * value), "hall.csv", "", at + 2)
             for at, value in enumerate(values) if at not in gap]  # fmt: skip
    bill = Bill("u", "m", date(2021, 4, 1), date(2021, 4, 2), 1_790_000, "bills.csv", "", 2)
    (compared,), settled = reconciliation.reconcile([bill], hours)
    picture = Picture(
        "A meter with a gap, and the bill of its days",
        "Forty-eight hourly bars. The meter's hours stand as they are; what is left of the bill lies evenly on the "
        "seven hours without a reading, so that all hours add up to the bill.",
        262,
    )
    up, wide = Axis(0, 60, 210, 50), (WIDTH - 72) / 48
    picture.grid(up, 44, WIDTH - 28, (0, 20, 40, 60))
    metered = {hour.start for hour in hours}
    for hour in settled:
        x = 44 + (hour.start - APRIL) / 3600 * wide
        top = up.at(float((hour.energy_wh or 0) / 1000))
        kind = "a" if hour.start in metered else "b"
        picture.box(x + 1, top, wide - 2, 210 - top, kind, faint=kind == "b", edge=kind if kind == "b" else "")
    picture.note(14, 22, "kWh", "soft")
    said = f"bill {bill.energy_wh / 1000:,.0f} kWh = meter {float(compared.metered_wh) / 1000:,.0f} + "
    picture.text(52, 22, said + f"{float(-compared.difference_wh) / 1000:,.0f} kWh on the gap", bold=True)
    for at in range(0, 49, 12):
        picture.note(44 + at * wide, 228, f"{at % 24:02d}:00", "soft", anchor="middle")
    picture.box(52, 240, 12, 12, "a")
    picture.note(70, 251, f"the meter's hours ({float(compared.coverage):.0%} of the time)")
    picture.box(320, 240, 12, 12, "b", faint=True, edge="b")
    picture.note(338, 251, "the rest of the bill")
    return picture


def ups() -> Picture:
    """The fitted loss curve, and a day with an outage."""
    found, day = fit(EFFICIENCIES), _ups_day()  # type: ignore[arg-type]
    terms = ", ".join(
        f"{name.replace('_', '-')} {float(share):.2%}" for name, share in found.curve.coefficients.items()
    )
    picture = Picture(
        "Losses of a UPS by its load, and a day of its input and output",
        "Above, the loss as a share of the rating from no load to full load, a curve through four measured "
        f"efficiencies: {terms}. Below, a day by the hour: the input lies above the output but while the UPS runs on "
        "battery.",
        452,
    )
    _curve(picture, found)
    _profile(picture, day)
    return picture


def _curve(picture: Picture, found: Fit) -> None:
    load, loss = Axis(0, 1, 58, WIDTH - 30), Axis(0, 6, 190, 44)
    picture.text(14, 22, "loss, % of the rating, by load", bold=True)
    picture.grid(loss, 58, WIDTH - 30, (0, 2, 4, 6))
    points = [(load.at(at / 50), loss.at(100 * float(found.curve.loss(Fraction(at, 50))))) for at in range(51)]
    picture.line(points, "b")
    for share, efficiency in EFFICIENCIES.items():
        lost = 100 * float(share * (1 / efficiency - 1))
        picture.dot(load.at(float(share)), loss.at(lost), "a", 5)
        picture.note(load.at(float(share)) - 8, loss.at(lost) - 9, f"{float(efficiency):.1%}", "a", anchor="end")
        picture.note(load.at(float(share)), 206, f"{float(share):.0%}", "soft", anchor="middle")
    picture.note(70, 226, f"● given efficiencies; the fit is within {float(found.worst):.2%} of the rating", "soft")


def _ups_day() -> UpsEnergy:
    """Samples a quarter of an hour apart; from 13:00 to 13:30 on battery."""
    samples = []
    for at in range(97):
        hour, watts = at / 4, Fraction(3300 + 140 * ((at * 7) % 5) + (1900 if 32 <= at < 76 else 0))
        status = "OB" if 13 <= hour < 13.5 else "OL"
        samples.append(UpsSample(Fraction(APRIL + 900 * at), at + 2, watts, status=status))
    unit = Unit(Fraction(10_000), fit(EFFICIENCIES).curve)  # type: ignore[arg-type]
    return power_supply.energy(samples, unit, utility="u", meter="m", file="ups.csv", sha256="")


def _profile(picture: Picture, day: UpsEnergy) -> None:
    time, up = Axis(0, 24, 58, WIDTH - 30), Axis(0, 6, 400, 268)
    picture.text(14, 250, "a day, kWh by the hour", bold=True)
    picture.grid(up, 58, WIDTH - 30, (0, 2, 4, 6))
    for hours, kind in ((day.output, "a"), (day.input, "b")):
        kwh = [float((hour.energy_wh or 0) / 1000) for hour in hours]
        steps = [(time.at(at + side), up.at(value)) for at, value in enumerate(kwh) for side in (0, 1)]
        picture.line(steps, kind, thick=2.5)
    picture.box(time.at(13), 268, time.at(13.5) - time.at(13), 132, "d", faint=True)
    picture.note(time.at(13.5) + 6, 392, f"on battery {float(day.battery_wh):,.0f} Wh", "d")
    for at in range(0, 25, 6):
        picture.note(time.at(at), 416, f"{at:02d}:00", "soft", anchor="middle")
    picture.text(70, 438, f"input {float(day.input_wh) / 1000:,.1f} kWh", "b", bold=True)
    picture.text(214, 438, f"output {float(day.output_wh) / 1000:,.1f} kWh", "a", bold=True)
    picture.text(384, 438, f"losses {float(day.loss_wh) / 1000:,.1f} kWh", "soft", bold=True)
