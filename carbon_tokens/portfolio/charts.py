"""Charts of a portfolio as SVG without a script: bars by year, parts of a whole, and the months that proofs cover.

Colours are the page's, by class; every bar carries its value, and its name where there is room, so that the picture
can be read without colours. The exact numbers stand in the table beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

WIDTH = 720
_HEIGHT, _TOP, _FOOT, _LEFT, _LABEL = 260, 18, 44, 56, 16
_NAMED = 21  # bars under which there is room for names
_CELL, _ROW, _NAME = 15, 22, 190


def bars(years: Mapping[str, Sequence[int | None]], names: Sequence[tuple[str, str]], about: str, unit: str) -> str:
    """Groups of bars, one group a year, amounts in millionths of the unit; None is no bar.

    Args:
        names: of each bar of a group, its class and what it is called.
    """
    amounts = [value for group in years.values() for value in group if value is not None]
    if not amounts:
        return ""
    top, low = max(1, *amounts), min(0, *amounts)
    foot = _FOOT + (_LABEL if low < 0 else 0)  # values of bars below zero stand under them
    scale, group = (_HEIGHT - _TOP - foot) / (top - low), (WIDTH - _LEFT) / len(years)
    zero, width = _TOP + top * scale, min(64.0, group * 0.84 / len(names))
    parts = [_line(value, zero - value * scale, unit) for value in _steps(low, top)]
    many = len(years) * len(names) > _NAMED
    for at, (year, values) in enumerate(years.items()):
        left = _LEFT + at * group + (group - len(names) * width) / 2
        for order, value in enumerate(values):
            if value is not None:
                parts += _bar(left + order * width, width, value, zero, scale, names[order], many)
        parts.append(_text(left + len(names) * width / 2, _HEIGHT - 6, year, "middle", " year"))
    return _svg(WIDTH, _HEIGHT, about, parts)


def _bar(
    x: float, width: float, value: int, zero: float, scale: float, name: tuple[str, str], many: bool
) -> Iterable[str]:
    y, height = zero - max(0, value) * scale, max(0.75, abs(value) * scale)
    kind, called = name
    title = f"<title>{escape(called)}: {value / 1e6:,.6f}</title>"
    yield f'<rect class="{kind}" x="{x + 1:.1f}" y="{y:.1f}" width="{max(1.0, width - 2):.1f}" height="{height:.1f}">'
    yield f"{title}</rect>"
    if not many:
        above = y - 4 if value >= 0 else y + height + 12
        yield _text(x + width / 2, above, _short(value), "middle")
        yield _text(x + width / 2, _HEIGHT - 24, called, "middle", " quiet")


def _short(value: int) -> str:
    """Millionths to three figures, the sign a minus."""
    amount = abs(value) / 1e6
    shown = f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"
    return f"−{shown}" if value < 0 else shown


def parts(amounts: Mapping[str, tuple[str, int]], about: str) -> str:
    """Parts of a whole as one bar; each with its class and amount, by name. Empty without an amount."""
    whole = sum(amount for _, amount in amounts.values())
    if not whole:
        return ""
    found, x = list[str](), 0.0
    for name, (kind, amount) in amounts.items():
        width = amount / whole * WIDTH
        if not amount:
            continue
        title = f"<title>{escape(name)}: {amount / whole:.1%}</title>"
        found.append(f'<rect class="{kind}" x="{x:.1f}" y="0" width="{width:.1f}" height="26">{title}</rect>')
        if width > 12 * len(name):
            found.append(_text(x + width / 2, 46, name, "middle"))
        x += width
    return _svg(WIDTH, 52, about, found)


def months(rows: Mapping[str, Sequence[bool | None]], first: str, about: str) -> str:
    """A square for each month of each facility: covered, missing, or before and after its proofs (None).

    Args:
        first: month ``YYYY-MM`` of the first column.
    """
    if not rows:
        return ""
    count = max(len(cells) for cells in rows.values())
    year, month = int(first[:4]), int(first[5:]) - 1
    found = []
    for at in range(count):
        if (month + at) % 12 == 0 or at == 0:
            found.append(_text(_NAME + at * _CELL, 12, str(year + (month + at) // 12), "start", " quiet"))
    for row, (name, cells) in enumerate(rows.items()):
        y = 20 + row * _ROW
        found.append(_text(_NAME - 8, y + 12, name if len(name) <= 26 else name[:25] + "…", "end"))
        for at, cell in enumerate(cells):
            kind = "none" if cell is None else "covered" if cell else "missing"
            found.append(f'<rect class="{kind}" x="{_NAME + at * _CELL}" y="{y}" width="13" height="16"/>')
    return _svg(max(_NAME + count * _CELL + 40, 420), 20 + len(rows) * _ROW, about, found)


def _steps(low: int, top: int) -> list[int]:
    """Round values of the axis, zero among them, at most six."""
    step = 1
    while (top - low) / step > 5:
        step = step * 2 if str(step)[0] != "2" else step // 2 * 5
    return list(range(-(-low // step) * step, top + 1, step))


def _line(value: int, y: float, unit: str) -> str:
    text = f"{value / 1e6:,g}".replace("-", "−")
    mark = f'<line class="{"axis" if value == 0 else "grid"}" x1="{_LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return mark + _text(_LEFT - 6, y + 4, f"{text} {unit}" if value == 0 else text, "end", " quiet")


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    style = f' class="{kind.strip()}"' if kind else ""
    return f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width: float, height: float, about: str, drawn: Iterable[str]) -> str:
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<svg {size} role="img" aria-label="{escape(about)}">{"".join(drawn)}</svg>'
