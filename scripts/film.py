"""Makes docs/allocate.svg, a film of `carbon-tokens demo --allocate` in a terminal, from what the demo really prints.

    python scripts/film.py                    # runs the demo in a folder of its own
    python scripts/film.py --from said.txt    # uses what it printed before

Lines appear one after the other by CSS; where nothing is animated, all of them are there.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILM = ROOT / "docs" / "allocate.svg"
COMMAND = "carbon-tokens demo --allocate"

COLUMNS, WIDTH, LINE, TOP, LEFT = 118, 900, 17, 56, 20
PACE, TABLE_PACE = 0.7, 0.12  # s between lines
SHOWN = re.compile(  # steps of the film, of all that the demo says
    r"• (read |audit |close |retire |claim |restate |commit |share-|verify share|sums )"
)
TABLE = re.compile("[┏┃┡│├└]")
LONG = re.compile(r"0x([0-9a-f]{6})[0-9a-f]{20,}…?")
WORDS = (("[illustrative]", "#fbbf24"), ("[published]", "#60a5fa"), ("refused", "#f87171"), ("proven", "#4ade80"))
ALWAYS = {"VERIFIED": "#4ade80"}

STYLE = (
    "text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e2e8f0;"
    "white-space:pre}.d{fill:#94a3b8}"
    "g{animation:a .25s backwards}@keyframes a{from{opacity:0}}"
    "@media(prefers-reduced-motion:reduce){g{animation:none}}"
)


def main() -> None:
    """Writes the film."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, help="what the demo printed")
    parser.add_argument("--out", type=Path, default=FILM)
    given = parser.parse_args()
    said = given.source.read_text(encoding="utf-8") if given.source else run_demo()
    svg = film(said)
    given.out.write_text(svg, encoding="utf-8")
    print(f"{given.out.name}: {len(svg.encode()):,} bytes, {svg.count('<g ')} lines")


def run_demo() -> str:
    """What the demo prints on a new embedded chain."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "carbon_tokens.cli", "demo", "--allocate", "--out", f"{folder}/demo"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr or done.stdout)
    return done.stdout


def film(said: str) -> str:
    """The SVG of the demo's words. Exits if the demo did not come to its end."""
    lines = [f"$ {COMMAND}", *scenes(said.splitlines())]
    if lines[-1] != "VERIFIED":
        sys.exit("the demo did not end with VERIFIED")
    height = TOP + LINE * len(lines) + 12
    body, time = [], 0.4
    for number, line in enumerate(lines):
        body.append(f'<g style="animation-delay:{time:.2f}s">{_text(line, TOP + LINE * number)}</g>')
        time += TABLE_PACE if TABLE.match(line) or line.startswith(" ") else PACE
    return "\n".join([*_frame(height), *body, "</svg>", ""])


def scenes(lines: Iterable[str]) -> list[str]:
    """The steps to show, each with who did it and the gas, and the table of shares."""
    found: list[str] = []
    keep, shares = False, False
    for line in lines:
        if line.startswith("•"):
            keep = bool(SHOWN.match(line))
            found += textwrap.wrap(LONG.sub(r"0x\1…", line), COLUMNS, subsequent_indent="  ") if keep else []
        elif keep and (gas := re.fullmatch(r"    (.+?)  0x[0-9a-f]{64}  (gas [0-9,]+)", line)):
            found.append(f"    {gas[1]}  {gas[2]}")
            keep = False
        elif "shares: MWh" in line:
            shares = True
            found.append(line.strip())
        elif shares and TABLE.match(line):
            found.append(line.rstrip())
        elif line in ALWAYS:
            found.append(line)
    return found


def _frame(height: int) -> list[str]:
    dots = "".join(
        f'<circle cx="{LEFT + 18 * at}" cy="20" r="5.5" fill="{colour}"/>'
        for at, colour in enumerate(("#f87171", "#fbbf24", "#4ade80"))
    )
    title = "A month is audited, split among tenants, proven and claimed: what carbon-tokens demo --allocate prints"
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<title>{title}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#0f172a"/>{dots}',
    ]


def _text(line: str, y: int) -> str:
    """A line of text with its words coloured; who and gas are dim."""
    dim = ' class="d"' if line.startswith("    ") and not TABLE.match(line) else ""
    words = escape(line, quote=False)
    for word, colour in WORDS:
        words = words.replace(word, f'<tspan fill="{colour}">{word}</tspan>')
    if line in ALWAYS:
        words = f'<tspan fill="{ALWAYS[line]}" font-weight="bold">{line}</tspan>'
    return f'<text x="{LEFT}" y="{y}" xml:space="preserve"{dim}>{words}</text>'


if __name__ == "__main__":
    main()
