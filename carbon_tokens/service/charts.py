"""Charts of the pages: SVG without a script. Beside each stands a table with its numbers; it says what it is of.

Colours are those of the page's style, by class; a heat map is one path a class, so that 744 hours are few bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _FOOT, _TOP = 460, 220, 46, 22, 8
_CELL_W, _CELL_H, _HOURS, _MARGIN = 18, 10, 24, 30
CLASSES = 5  # of a heat map: none, less than a third, two thirds, less than all, all


def bars(months: Sequence[Mapping[str, int | str]], series: Sequence[str], about: str) -> str:
    """Values of months in groups of bars, in millions (t of g, MWh of Wh); "" without months.

    Args:
        months: each with "month" and the series' integers, which may be negative.
        series: names of the values, which are the bars' classes.
        about: what the chart is called.
    """
    if not months:
        return ""
    values = [[int(month[name]) for name in series] for month in months]
    top, low = max([1, *(max(each) for each in values)]), min([0, *(min(each) for each in values)])
    scale, group = (_HEIGHT - _FOOT - _TOP) / (top - low), (_WIDTH - _LEFT) / len(months)
    zero, width = _TOP + top * scale, min(28.0, group * 0.8 / len(series))
    marks = [_axis(step, zero, scale) for step in _steps(low, top)]
    for at, month in enumerate(months):
        x = _LEFT + at * group + (group - len(series) * width) / 2
        for order, value in enumerate(values[at]):
            y, height = zero - max(0, value) * scale, max(0.75, abs(value) * scale)
            marks.append(f'<rect class="bar {series[order]}" x="{x + order * width:.1f}" y="{y:.1f}" '
                         f'width="{max(1.0, width - 1):.1f}" height="{height:.1f}"/>')  # fmt: skip
        marks.append(_under(str(month["month"]), x + len(series) * width / 2, len(months)))
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(about)}"'
    return f'<svg class="chart" {box}>{"".join(marks)}</svg>'


def _under(month: str, x: float, count: int) -> str:
    text = month if count <= 6 else month[5:]
    return f'<text x="{x:.1f}" y="{_HEIGHT - 5}" text-anchor="middle">{escape(text)}</text>'


def _steps(low: int, top: int) -> list[int]:
    """Round values of the axis, zero among them."""
    step = 1
    while (top - low) / step > 5:
        step = step * 2 if str(step)[0] != "2" else step // 2 * 5
    return list(range(-(-low // step) * step, top + 1, step))


def _axis(value: int, zero: float, scale: float) -> str:
    y, text = zero - value * scale, f"{value / 1e6:g}".replace("-", "−")
    line = f'<line class="{"axis" if value == 0 else "grid"}" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'


def share_class(part: int, whole: int) -> int:
    """Which of the classes a share is in: 0 none, 4 all; an hour without consumption needs nothing."""
    return CLASSES - 1 if part >= whole else 0 if part == 0 else 1 + 3 * part // whole


def heat_map(matched: Sequence[int], consumed: Sequence[int], about: str) -> str:
    """Days from left to right, hours of the day (UTC) from top to bottom, coloured by the share that was matched."""
    days = len(consumed) // _HOURS
    paths = [""] * CLASSES
    for at, (part, whole) in enumerate(zip(matched, consumed, strict=True)):
        x, y = _MARGIN + at // _HOURS * _CELL_W, at % _HOURS * _CELL_H
        paths[share_class(part, whole)] += f"M{x} {y}h{_CELL_W - 1}v{_CELL_H - 1}h{1 - _CELL_W}z"
    bottom = _HOURS * _CELL_H
    texts = [f'<text x="{_MARGIN - 6}" y="{hour * _CELL_H + 9}" text-anchor="end">{hour:02}</text>'
             for hour in range(0, _HOURS, 6)]  # fmt: skip
    texts += [f'<text x="{_MARGIN + day * _CELL_W + 8}" y="{bottom + 14}" text-anchor="middle">{day + 1}</text>'
              for day in range(0, days, 5)]  # fmt: skip
    drawn = "".join(f'<path class="heat{order}" d="{path}"/>' for order, path in enumerate(paths) if path)
    box = f"0 0 {_MARGIN + days * _CELL_W} {bottom + 20}"
    return (
        f'<svg class="chart heat" viewBox="{box}" role="img" aria-label="{escape(about)}">{drawn}{"".join(texts)}</svg>'
    )
