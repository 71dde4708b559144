"""A small canvas for the pictures of docs: SVG with its own ground, for light and dark pages, readable on a phone.

A drawing is 560 px wide with letters of 14 px, so that on a page of 358 px they are 9 px high. Colors are classes; what
they stand for is said in words beside them. A text that would leave the canvas is an error: nobody would see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Literal

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

WIDTH, SIZE, SMALL = 560, 14, 12.5
FAINT = 0.2  # opacity of a color over the ground
LIGHT = {
    "ground": "#ffffff", "panel": "#f1f5f9", "ink": "#0f172a", "soft": "#475569", "grid": "#cbd5e1",
    "a": "#065f46", "b": "#1d4ed8", "c": "#92400e", "d": "#991b1b", "e": "#6d28d9",
}  # fmt: skip
DARK = {
    "ground": "#0f172a", "panel": "#1e293b", "ink": "#f1f5f9", "soft": "#b6c2d3", "grid": "#475569",
    "a": "#34d399", "b": "#7cb0ff", "c": "#fbbf24", "d": "#fca5a5", "e": "#c4b5fd",
}  # fmt: skip
_WIDE, _NARROW, _MEAN = "MWm@%—→", "iljtfr.,:;|!'I()[] ·-/", 0.56  # of Helvetica's letters, in shares of their size


def width_of(words: str, size: float = SIZE, bold: bool = False) -> float:
    """About how wide words are, px."""
    shares = (0.9 if each in _WIDE else 0.31 if each in _NARROW else _MEAN for each in words)
    return size * sum(shares) * (1.06 if bold else 1)


class Picture:
    """A drawing with a title and a description for those who do not see it."""

    def __init__(self, title: str, description: str, height: int) -> None:
        self.title, self.description, self.height = title, description, height
        self._parts: list[str] = []

    def text(
        self, x: float, y: float, words: str, kind: str = "ink", *, anchor: Anchor = "start", size: float = SIZE,
        bold: bool = False,
    ) -> None:  # fmt: skip
        """Words on a base line. Raises ValueError for words that leave the drawing."""
        wide = width_of(words, size, bold)
        left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        if left < 0 or left + wide > WIDTH or not size * 0.7 <= y <= self.height - 2:
            raise ValueError(f"{words!r} leaves the drawing {self.title!r}: {left:.0f} to {left + wide:.0f}, {y:.0f}")
        more = f' text-anchor="{anchor}"' if anchor != "start" else ""
        more += f' font-size="{size:g}"' if size != SIZE else ""
        more += ' font-weight="bold"' if bold else ""
        self._parts.append(f'<text class="f-{kind}" x="{x:.1f}" y="{y:.1f}"{more}>{escape(words)}</text>')

    def note(
        self, x: float, y: float, words: str, kind: str = "ink", *, anchor: Anchor = "start", bold: bool = False
    ) -> None:
        """Small words."""
        self.text(x, y, words, kind, anchor=anchor, size=SMALL, bold=bold)

    def runs(self, x: float, y: float, runs: Sequence[tuple[str, str]], size: float = SIZE) -> None:
        """One text of several colors; what is not soft is underlined. Raises ValueError as ``text`` does."""
        if x + width_of("".join(words for words, _ in runs), size) > WIDTH:
            raise ValueError(f"{runs} leaves the drawing {self.title!r}")
        marked = {True: "", False: ' font-weight="bold" text-decoration="underline"'}
        spans = (f'<tspan class="f-{kind}"{marked[kind == "soft"]}>{escape(words)}</tspan>' for words, kind in runs)
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}">{"".join(spans)}</text>')

    def box(
        self, x: float, y: float, wide: float, high: float, kind: str, *, faint: bool = False, round: float = 0,
        dashed: bool = False, edge: str = "",
    ) -> None:  # fmt: skip
        """A filled rectangle; faint: its color over the ground; with an edge of another kind."""
        more = f' rx="{round:g}"' if round else ""
        more += f' fill-opacity="{FAINT:g}"' if faint else ""
        more += ' stroke-dasharray="4 3"' if dashed else ""
        classes = f"f-{kind}" + (f" e-{edge}" if edge else "")
        shape = f'x="{x:.1f}" y="{y:.1f}" width="{max(wide, 0):.1f}" height="{max(high, 0):.1f}"'
        self._parts.append(f'<rect class="{classes}" {shape}{more}/>')

    def line(self, points: Iterable[Point], kind: str, *, thick: float = 2, dashed: bool = False) -> None:
        """A line through points."""
        more = ' stroke-dasharray="5 4"' if dashed else ""
        self._parts.append(f'<path class="s-{kind}" d="{_path(points)}" stroke-width="{thick:g}"{more}/>')

    def area(self, above: Sequence[Point], below: Sequence[Point], kind: str) -> None:
        """What lies between two lines over the same places."""
        around = _path([*above, *reversed(below)])
        self._parts.append(f'<path class="f-{kind}" fill-opacity="{FAINT:g}" d="{around}z"/>')

    def dot(self, x: float, y: float, kind: str, radius: float = 4) -> None:
        self._parts.append(f'<circle class="f-{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>')

    def grid(self, axis: Axis, left: float, right: float, values: Iterable[float], unit: str = "") -> None:
        """Horizontal lines with their values on the left."""
        for value in values:
            y = axis.at(value)
            self.line([(left, y), (right, y)], "grid", thick=1)
            self.note(left - 6, y + 4, f"{value:g}{unit}", "soft", anchor="end")

    def svg(self) -> str:
        """The file's text."""
        size = f'viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" height="{self.height}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t d"'
        font = f'font-family="Helvetica,Arial,sans-serif" font-size="{SIZE}"'
        said = f'<title id="t">{escape(self.title)}</title><desc id="d">{escape(self.description)}</desc>'
        ground = f'<rect class="ground" width="{WIDTH}" height="{self.height}" rx="8"/>'
        return "\n".join([f"{head} {font}>", said, f"<style>{_style()}</style>", ground, *self._parts, "</svg>"]) + "\n"


class Axis:
    """From a value to a place, linear."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def _path(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _style() -> str:
    return f"{_classes(LIGHT)}@media(prefers-color-scheme:dark){{{_classes(DARK)}}}"


def _classes(colors: dict[str, str]) -> str:
    ground = f".ground{{fill:{colors['ground']}}}"
    kinds = [(name, color) for name, color in colors.items() if name != "ground"]
    fills = "".join(f".f-{name}{{fill:{color}}}" for name, color in [*kinds, ("ground", colors["ground"])])
    strokes = "".join(f".s-{name}{{stroke:{color};fill:none}}.e-{name}{{stroke:{color}}}" for name, color in kinds)
    return ground + fills + strokes
