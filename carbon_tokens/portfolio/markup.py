"""Pieces of HTML: every text is escaped here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_SUM = ' class="sum"'
Cell = str


def section(title: str, *parts: str) -> str:
    """A titled section; empty where all its parts are."""
    inner = "".join(parts)
    return f"<section><h2>{escape(title)}</h2>{inner}</section>" if inner else ""


def paragraph(text: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f"<p{style}>{escape(text)}</p>" if text else ""


def items(texts: Iterable[str]) -> str:
    """A list; empty without texts."""
    found = "".join(f"<li>{escape(each)}</li>" for each in texts)
    return f"<ul>{found}</ul>" if found else ""


def tiles(found: Iterable[tuple[str, str, str]]) -> str:
    """Amounts in large type: name, amount, and a note."""
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd><b>{escape(amount)}</b><small>{escape(note)}</small></dd></div>"
        for name, amount, note in found
    )
    return f"<dl>{shown}</dl>"


def figure(svg: str, caption: str) -> str:
    """A chart with what it shows; what is wider than a phone scrolls in itself, by keyboard too."""
    if not svg:
        return ""
    wide = svg.replace("<svg ", '<svg class="wide" ', 1)
    return f"<figure>{_scrolled(wide, caption)}<figcaption>{escape(caption)}</figcaption></figure>"


def table(
    caption: str, head: Sequence[str], rows: Sequence[Sequence[Cell]], *, words: int = 1, code: int = -1,
    last_is_sum: bool = False, kind: str = "",
) -> str:  # fmt: skip
    """A table of texts whose first column names the row; empty without rows.

    Args:
        words: how many columns from the left are words, not amounts.
        code: the column that holds hashes.
        last_is_sum: whether the last row is the sum of the others.
        kind: a class of the style.
    """
    if not rows:
        return ""
    top = "".join(f'<th scope="col"{_left(at, words)}>{escape(each)}</th>' for at, each in enumerate(head))
    body = "".join(
        f"<tr{_SUM if last_is_sum and line == len(rows) - 1 else ''}>{_cells(row, words, code)}</tr>"
        for line, row in enumerate(rows)
    )
    inner = f"<caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    style = f' class="{kind}"' if kind else ""
    return _scrolled(f"<table{style}>{inner}</table>", caption)


def _cells(row: Sequence[Cell], words: int, code: int) -> str:
    found = []
    for at, text in enumerate(row):
        shown = f"<code>{escape(text)}</code>" if at == code and text else escape(text)
        found.append(f'<th scope="row" class="w">{shown}</th>' if at == 0 else f"<td{_left(at, words)}>{shown}</td>")
    return "".join(found)


def _left(at: int, words: int) -> str:
    return ' class="w"' if at < words else ""


def _scrolled(inner: str, name: str) -> str:
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(name)}">{inner}</div>'
