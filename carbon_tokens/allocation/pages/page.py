"""A page of sections as HTML, without script, font or network: light or dark, wide or narrow, and on paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from carbon_tokens.allocation.pages.blocks import Block, Picture, Section, Table, Text, Totals

_STYLE = """
:root{color-scheme:light dark;--ink:#22303a;--soft:#51626d;--line:#d5dde2;--box:#f2f5f7;--page:#fff;--note:#7a4b1e}
@media(prefers-color-scheme:dark){:root{--ink:#e3e9ed;--soft:#a9b6bf;--line:#3a464e;--box:#222b31;--page:#14191d;
--note:#e5b583}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);margin:0}
main{max-width:960px;margin:0 auto;padding:1.5em 1em 3em}
h1{font-size:1.6em;line-height:1.2;margin:0 0 .5em}
h2{font-size:1.15em;margin:2.2em 0 .8em;padding-bottom:.2em;border-bottom:1px solid var(--line)}
p{max-width:46em;overflow-wrap:anywhere}
figure{margin:1em 0}figcaption,caption{text-align:left;color:var(--soft);font-size:.9em;padding:.3em 0}
svg{display:block;max-width:100%;height:auto}svg text{fill:var(--ink);font-family:system-ui,sans-serif}
.scroll{overflow-x:auto}.scroll:focus-visible{outline:2px solid #3b7ea1}
.small{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:1em}.small figure{margin:0}
table{border-collapse:collapse;width:100%;font-size:.9em;font-variant-numeric:tabular-nums}
th,td{padding:.3em .6em;text-align:right;vertical-align:top;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--soft);vertical-align:bottom}.w{text-align:left}
code{font-size:.85em;word-break:break-all}td code{display:inline-block;min-width:12rem}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:.8em;margin:1em 0}
dl div{background:var(--box);padding:.7em 1em}dt{font-size:.9em;color:var(--soft)}
dd{margin:0}dd b{display:block;font-size:1.2em;white-space:nowrap}dd small{color:var(--soft)}
.note{color:var(--note)}
@media(max-width:600px){.wide{min-width:620px;max-width:none}.small svg{width:100%}th,td{padding:.3em .4em}}
@media print{:root{--ink:#000;--soft:#333;--line:#999;--box:#fff;--page:#fff;--note:#000}main{max-width:none;padding:0}
h2{break-after:avoid}figure,tr,dl div{break-inside:avoid}dl div{border:1px solid var(--line)}
.scroll{overflow:visible}}
"""


def html(title: str, sections: Iterable[Section]) -> str:
    """The page. All that it says is text; nothing of it is read as markup, but pictures."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    head += f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    body = f"<main><h1>{escape(title)}</h1>{''.join(map(_section, sections))}</main>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    for small, blocks in groupby(section.blocks, lambda block: isinstance(block, Picture) and block.small):
        inner = "".join(map(_block, blocks))
        parts.append(f'<div class="small">{inner}</div>' if small else inner)
    return f"<section>{''.join(parts)}</section>"


def _block(block: Block) -> str:
    match block:
        case Text():
            return f'<p class="note">{escape(block.text)}</p>' if block.note else f"<p>{escape(block.text)}</p>"
        case Totals():
            return f"<dl>{''.join(_total(*each) for each in block.items)}</dl>"
        case Table():
            return _scrolled(_table(block), block.caption)
        case Picture():
            picture = block.svg if block.small else _scrolled(block.svg, block.caption)
            return f"<figure>{picture}<figcaption>{escape(block.caption)}</figcaption></figure>"


def _total(name: str, amount: str, note: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd><b>{escape(amount)}</b><small>{escape(note)}</small></dd></div>"


def _scrolled(inner: str, name: str) -> str:
    """What may be wider than a phone scrolls in itself, by keyboard too."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(name)}">{inner}</div>'


def _table(table: Table) -> str:
    def cells(row: Sequence[str]) -> str:
        return "".join(_cell(table, at, cell) for at, cell in enumerate(row))

    top = "".join(f'<th scope="col"{_left(table, at)}>{escape(each)}</th>' for at, each in enumerate(table.head))
    rows = "".join(f"<tr>{cells(row)}</tr>" for row in table.rows)
    return (
        f"<table><caption>{escape(table.caption)}</caption><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cell(table: Table, at: int, text: str) -> str:
    shown = f"<code>{escape(text)}</code>" if at == table.code else escape(text)
    if at == 0:
        return f'<th scope="row" class="w">{shown}</th>'
    return f"<td{_left(table, at)}>{shown}</td>"


def _left(table: Table, at: int) -> str:
    return ' class="w"' if at < table.words else ""
