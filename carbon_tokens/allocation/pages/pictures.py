"""Pictures of a footprint as SVG: flows of energy, intensity of the grid by the hour, and bars. No script, no font.

Text has a color of its own, for print; a page overrides it, light or dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

OTHERS = "others"
_COLORS = ("#3b7ea1", "#5a9367", "#b5763a", "#8767a8", "#b25560", "#3f8f8a", "#8a7f3f", "#6577b5")
_WIDTH, _HEIGHT, _BAR, _GAP, _MARGIN, _SHOWN = 920, 460, 14, 6, 130, 10
_TEXT = 'fill="#33424d" font-size="12" font-family="Libertinus Serif, sans-serif"'
_LINE = 13  # of a label, which bars that are thinner must leave room for

Path = tuple[str, ...]
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Node:
    left: float
    top: float
    height: float
    color: str


def sankey(flows: Mapping[Path, int], title: str, heads: Sequence[str] = ()) -> str:
    """Amounts along paths of equal length, as columns of bars with ribbons between them; empty text without any.

    The smallest of a column are drawn as one bar, so that it can be read; none is left out of the widths.

    Args:
        heads: what each column is, written above it.
    """
    flows = _merged(flows)
    if not flows:
        return ""
    columns = len(next(iter(flows)))
    sums = [_sums((path[at], amount) for path, amount in flows.items()) for at in range(columns)]
    nodes = _placed(sums)
    used = dict.fromkeys([(side, key) for side in (0, 1) for key in nodes], 0.0)
    scale = _scale(sums[0])
    parts = []
    for (start, end), amount in _links(flows, nodes):
        thick = amount * scale
        parts.append(_ribbon(nodes[start], nodes[end], used[1, start], used[0, end], thick))
        used[1, start] += thick
        used[0, end] += thick
    for column, of_column in enumerate(sums):
        parts += [_bar(nodes[column, name], name, amount, column == columns - 1) for name, amount in of_column.items()]
    bottom = max(node.top + node.height for node in nodes.values()) + _GAP
    parts += [_head(nodes, at, head, last=at == columns - 1) for at, head in enumerate(heads)]
    return _svg(_WIDTH, max(bottom, 2 * _LINE), title, parts, ' class="wide"')


def _head(nodes: Mapping[Key, _Node], column: int, text: str, last: bool) -> str:
    left = next(node.left for (at, _), node in nodes.items() if at == column)
    x, anchor = (left + _BAR, "end") if last else (left, "start")
    return f'<text x="{x:.1f}" y="{_LINE - 1}" text-anchor="{anchor}" font-weight="bold">{escape(text)}</text>'


def _merged(flows: Mapping[Path, int]) -> dict[Path, int]:
    """Paths with all but the greatest names of each column as OTHERS."""
    flows = {path: amount for path, amount in flows.items() if amount > 0}
    columns = range(len(next(iter(flows), ())))
    shown = [set(list(_sums((path[at], amount) for path, amount in flows.items()))[:_SHOWN]) for at in columns]
    return _sums(
        (tuple(n if n in s else OTHERS for n, s in zip(path, shown, strict=True)), a) for path, a in flows.items()
    )


def _sums(amounts: Iterable[tuple[object, int]]) -> dict:  # type: ignore[type-arg]
    """Sums by key, the greatest first, OTHERS last."""
    sums: dict[object, int] = {}
    for key, amount in amounts:
        sums[key] = sums.get(key, 0) + amount
    return dict(sorted(sums.items(), key=lambda item: (item[0] == OTHERS, -item[1], item[0])))


def _scale(column: Mapping[str, int]) -> float:
    return (_HEIGHT - _LINE * (_SHOWN + 3)) / sum(column.values())


def _placed(sums: Sequence[Mapping[str, int]]) -> dict[Key, _Node]:
    nodes: dict[Key, _Node] = {}
    step = (_WIDTH - 2 * _MARGIN - _BAR) / max(1, len(sums) - 1)
    for column, of_column in enumerate(sums):
        top = 2.0 * _LINE
        for at, (name, amount) in enumerate(of_column.items()):
            height = amount * _scale(of_column)
            color = "#8d99a0" if name == OTHERS else _COLORS[at % len(_COLORS)]
            nodes[column, name] = _Node(_MARGIN + column * step, top, height, color)
            top += max(height + _GAP, _LINE)
    return nodes


def _links(flows: Mapping[Path, int], nodes: Mapping[Key, _Node]) -> list[tuple[tuple[Key, Key], int]]:
    pairs = (
        (((at, path[at]), (at + 1, path[at + 1])), amount)
        for path, amount in flows.items()
        for at in range(len(path) - 1)
    )
    return sorted(_sums(pairs).items(), key=lambda link: [(key[0], nodes[key].top) for key in link[0]])


def _ribbon(start: _Node, end: _Node, out: float, into: float, thick: float) -> str:
    x0, x1, y0, y1 = start.left + _BAR, end.left, start.top + out, end.top + into
    mid = (x0 + x1) / 2
    path = f"M{x0:.1f},{y0:.1f}C{mid:.1f},{y0:.1f} {mid:.1f},{y1:.1f} {x1:.1f},{y1:.1f}v{thick:.2f}"
    path += f"C{mid:.1f},{y1 + thick:.1f} {mid:.1f},{y0 + thick:.1f} {x0:.1f},{y0 + thick:.1f}z"
    return f'<path d="{path}" fill="{start.color}" opacity=".35"/>'


def _bar(node: _Node, name: str, amount: int, last: bool) -> str:
    x, anchor = (node.left + _BAR + 6, "start") if last else (node.left - 6, "end")
    label = escape(name if len(name) <= 18 else name[:17] + "…")
    text = f'<text x="{x:.1f}" y="{node.top + node.height / 2 + 4:.1f}" text-anchor="{anchor}">{label}</text>'
    shape = f'<rect x="{node.left:.1f}" y="{node.top:.1f}" width="{_BAR}" height="{max(node.height, 0.5):.2f}"'
    return f'{shape} fill="{node.color}"><title>{escape(name)}: {amount:,} Wh</title></rect>' + text


def heat_map(values: Mapping[tuple[int, int], float], title: str) -> str:
    """Values by (day, hour of the day) as a grid, pale to dark from 0 to the greatest; hours without one stay white."""
    days = sorted({day for day, _ in values})
    most = max(values.values(), default=0) or 1
    cell, left, top = 15, 34, 16
    parts = [f'<text x="{left + hour * cell}" y="11">{hour:02d}</text>' for hour in range(0, 24, 6)]
    for row, day in enumerate(days):
        parts.append(f'<text x="{left - 6}" y="{top + row * cell + 11}" text-anchor="end">{day}</text>')
        for hour in range(24):
            if (day, hour) in values:
                value = values[day, hour]
                shape = f'<rect x="{left + hour * cell}" y="{top + row * cell}" width="{cell - 1}" height="{cell - 1}"'
                parts.append(f'{shape} fill="{_shade(value / most)}"><title>{value:g} g/kWh</title></rect>')
    under = top + len(days) * cell + 8
    parts += _legend(left, under, most)
    return _svg(left + 24 * cell, under + 16, title, parts)


def _legend(left: int, top: int, most: float) -> Iterable[str]:
    """The shades from 0 to the greatest as a strip."""
    yield f'<text x="{left}" y="{top + 11}">0</text>'
    for at in range(10):
        x = left + 14 + 14 * at
        yield f'<path d="M{x},{top}h14v14h-14z" fill="{_shade(at / 9)}"/>'
    yield f'<text x="{left + 160}" y="{top + 11}">{most:g} g/kWh</text>'


def _shade(part: float) -> str:
    """From pale sand to dark rust."""
    ends = ((250, 243, 224), (122, 44, 22))
    return "#" + "".join(f"{round(low + (high - low) * part):02x}" for low, high in zip(*ends, strict=True))


def bars(
    values: Mapping[str, Sequence[int]], names: Sequence[str], title: str, *, unit: str = "t", places: int = 6
) -> str:
    """For each key a group of horizontal bars, one a name, all on one scale; amounts in millionths of the unit.

    Each bar says its amount and name, so that the picture can be read without its colors.
    """
    most = max((amount for group in values.values() for amount in group), default=0) or 1
    height, left, width, parts, y = 18, 110, 150, list[str](), 0
    for key, group in values.items():
        label = escape(key if len(key) <= 16 else key[:15] + "…")
        parts.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{label}</text>')
        for at, (name, amount) in enumerate(zip(names, group, strict=True)):
            size = max(1.0, width * amount / most)
            parts.append(f'<rect x="{left}" y="{y}" width="{size:.1f}" height="{height - 4}" fill="{_COLORS[at]}"/>')
            said = f"{amount / 1e6:,.{places}f} {unit} {escape(name)}"
            parts.append(f'<text x="{left + size + 6:.1f}" y="{y + 12}">{said}</text>')
            y += height
        y += 10
    return _svg(left + width + 190, y, title, parts)


def _svg(width: float, height: float, title: str, parts: Iterable[str], more: str = "") -> str:
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    head = f'<svg{more} {size} role="img" aria-label="{escape(title)}"><g {_TEXT}>'
    return head + "".join(parts) + "</g></svg>"
