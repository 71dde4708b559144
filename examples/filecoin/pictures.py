"""The energy of the nodes as bars, by what is proven of it and why not: one SVG without script or font.

The bar on top is all energy. Below, one bar a node on a scale of its own, the greatest first, the others as one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from examples.filecoin.outcome import Node, Outcome, ordered, summed
from examples.filecoin.planning import DIFFERS, FACTOR, MARKET, MISSING, OUTSIDE, REJECTED, SHORT, UNPLANNED
from examples.filecoin.shown import percent

PROVEN = "proven"
COLORS = {
    PROVEN: "#4d8f5f", OUTSIDE: "#e0b354", MARKET: "#8767a8", FACTOR: "#6577b5", DIFFERS: "#3f8f8a",
    UNPLANNED: "#8a7f3f", REJECTED: "#b5763a", MISSING: "#c9d1d6", SHORT: "#b25560",
}  # fmt: skip
SHOWN = 24  # nodes with a bar
_WIDTH, _LEFT, _BARS, _ROW, _LINE, _EDGE = 920, 150, 490, 20, 18, 24
_TEXT = 'fill="#33424d" font-size="12" font-family="Libertinus Serif, sans-serif"'


def nodes(found: Outcome, shown: int = SHOWN) -> str:
    """The picture of an outcome."""
    parts = [
        _text(_EDGE, 30, "What is proven of the electricity of Filecoin's nodes", size=18),
        _text(_EDGE, 50, f"{len(found.nodes)} nodes, {_mwh(found.total.energy_wh)} MWh (published upper bounds), "
                         f"{percent(found.total.proven_wh, found.total.energy_wh)} proven"),
    ]  # fmt: skip
    y = 66
    parts += _segments(found.total, y, _EDGE, _WIDTH - 2 * _EDGE, 26, found.total.energy_wh)
    y += 48
    for why, wh in parts_of(found.total).items():
        parts.append(f'<rect x="{_EDGE}" y="{y - 10}" width="12" height="12" fill="{COLORS[why]}"/>')
        parts.append(_text(_EDGE + 92, y, _mwh(wh), end=True))
        parts.append(_text(_EDGE + 100, y, "MWh"))
        parts.append(_text(_EDGE + 176, y, percent(wh, found.total.energy_wh), end=True))
        parts.append(_text(_EDGE + 192, y, why))
        y += _LINE
    y += 24
    parts += _heads(y)
    for node in found.nodes[:shown]:
        y += _ROW
        parts += _row(node, y, found.nodes[0].energy_wh)
    y += 12
    for line in _last(found, shown):
        y += _LINE
        parts.append(_text(_EDGE, y, line))
    return _svg(y + 20, parts)


def parts_of(node: Node) -> dict[str, int]:
    """Wh that are proven, and those that are not by reason, in one order; nothing that is zero."""
    return {PROVEN: node.proven_wh} | ordered(node.reasons) if node.proven_wh else ordered(node.reasons)


def _heads(y: int) -> Iterator[str]:
    yield _text(_EDGE, y, "node, place", bold=True)
    yield _text(_WIDTH - _EDGE - 150, y, "MWh", end=True, bold=True)
    yield _text(_WIDTH - _EDGE - 80, y, "proven", end=True, bold=True)
    yield _text(_WIDTH - _EDGE, y, "net t CO2e", end=True, bold=True)


def _row(node: Node, y: int, most: int) -> Iterator[str]:
    yield _text(_EDGE, y, f"{node.node}, {node.location}")
    yield from _segments(node, y - 12, _LEFT, _BARS, 15, most)
    yield _text(_WIDTH - _EDGE - 150, y, _mwh(node.energy_wh), end=True)
    yield _text(_WIDTH - _EDGE - 80, y, percent(node.proven_wh, node.energy_wh), end=True)
    yield _text(_WIDTH - _EDGE, y, f"{node.net_g / 1e6:,.0f}" if node.months else "?", end=True)


def _segments(node: Node, y: int, left: int, width: int, height: int, most: int) -> Iterator[str]:
    """A bar in its parts, whose widths add up to the node's part of the greatest."""
    x = float(left)
    for why, wh in parts_of(node).items():
        wide = width * wh / most if most else 0
        said = escape(f"{node.node}: {_mwh(wh)} MWh {why}")
        shape = f'<rect x="{x:.2f}" y="{y}" width="{wide:.2f}" height="{height}" fill="{COLORS[why]}"'
        yield f"{shape}><title>{said}</title></rect>"
        x += wide


def _last(found: Outcome, shown: int) -> Iterator[str]:
    if rest := found.nodes[shown:]:
        others = summed(rest, "others")
        yield (f"{len(rest)} more nodes: {_mwh(others.energy_wh)} MWh, {percent(others.proven_wh, others.energy_wh)} "
               f"proven, net {others.net_g / 1e6:,.0f} t CO2e")  # fmt: skip
    if found.without_period:
        wh = sum(each.energy_wh for each in found.without_period)
        yield f"{len(found.without_period)} nodes that are not drawn: {_mwh(wh)} MWh published without a period"
    total: Mapping[str, int] = {"counted": found.total.counted_wh, "surplus": found.total.surplus_wh}
    kept = sum(found.total.not_retired.values())
    yield (f"Certificates: {_mwh(found.total.issued_wh)} MWh issued = {_mwh(total['counted'])} that cover energy + "
           f"{_mwh(total['surplus'])} more than the energy + {_mwh(kept)} not retired")  # fmt: skip
    yield "Net: by the contracts' rule, by which a certificate of the same calendar year and market counts."


def _mwh(wh: int) -> str:
    """MWh with so many places that small nodes do not read as nothing."""
    return f"{wh / 1e6:,.0f}" if wh >= 10_000_000 or not wh else f"{wh / 1e6:,.3f}"


def _text(x: float, y: float, text: str, *, end: bool = False, bold: bool = False, size: int = 0) -> str:
    more = (
        ' text-anchor="end"' * end + ' font-weight="bold"' * (bold or bool(size)) + f' font-size="{size}"' * bool(size)
    )
    return f'<text x="{x:.0f}" y="{y:.0f}"{more}>{escape(text)}</text>'


def _svg(height: int, parts: list[str]) -> str:
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="What is proven, by node">'
    return f'{head}<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/><g {_TEXT}>{"".join(parts)}</g></svg>\n'
