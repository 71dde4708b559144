"""Charts of the pages: SVG without a script, which read as text too."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _FOOT = 640, 200, 8, 22
_SERIES = (("gross_location_g", "gross, location-based"), ("gross_market_g", "gross, market-based"), ("net_g", "net"))


def bars(months: Sequence[dict[str, Any]]) -> str:
    """Gross and net of months side by side, as SVG; "" without months. Colours are those of the page's style."""
    if not months:
        return ""
    top = max([1, *(each[name] for each in months for name, _ in _SERIES)])
    low = min([0, *(each["net_g"] for each in months)])
    height = _HEIGHT - _FOOT
    scale, group = height / (top - low), (_WIDTH - 2 * _LEFT) / len(months)
    zero, width = top * scale, min(40.0, group / 4)
    marks = []
    for at, month in enumerate(months):
        x = _LEFT + at * group + (group - 3 * width) / 2
        for order, (name, _) in enumerate(_SERIES):
            value = month[name]
            y = zero - max(0, value) * scale
            marks.append(
                f'<rect class="bar {name[:-2]}" x="{x + order * width:.1f}" y="{y:.1f}" width="{width - 2:.1f}" '
                f'height="{max(1.0, abs(value) * scale):.1f}"/>'
            )
        marks.append(
            f'<text x="{x + 1.5 * width:.1f}" y="{_HEIGHT - 5}" text-anchor="middle">{escape(month["month"])}</text>'
        )
    said = "; ".join(
        f"{each['month']}: " + ", ".join(f"{label} {each[name] / 1e6:.3f} t" for name, label in _SERIES)
        for each in months
    )
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(said)}">'
        f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{zero:.1f}" y2="{zero:.1f}"/>{"".join(marks)}</svg>'
    )
