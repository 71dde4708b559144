"""The pages of docs/sources: the files that they show, the commands that they run, and what these print.

A file stands in a block under a heading that is its name; a ``console`` block holds commands behind ``$`` and their
output. ``tests/docs/test_sources.py`` compares it; this writes what is printed now into the pages, to be read before it
is kept:

    python -m scripts.source_pages [PAGE.md …]
"""

from __future__ import annotations

import contextlib
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from carbon_tokens.cli import app

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "sources"
_FILE = re.compile(r"^### `([^`\n]+)`\n(?:(?!```|#)[^\n]*\n)*```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Shown(NamedTuple):
    """A command of a page and what it prints there."""

    command: str
    output: str


def files(page: Path) -> dict[str, str]:
    """Text by name, in the order of the page."""
    return dict(_FILE.findall(page.read_text(encoding="utf-8")))


def written(page: Path, folder: Path) -> dict[str, Path]:
    """The files of a page, written into a folder."""
    for name, content in files(page).items():
        (folder / name).write_text(content, encoding="utf-8")
    return {name: folder / name for name in files(page)}


def commands(page: Path) -> list[Shown]:
    """The commands of a page, in its order."""
    return [each for block in _CONSOLE.findall(page.read_text(encoding="utf-8")) for each in _of_block(block)]


def said(command: str) -> tuple[str, int]:
    """What a command prints in this folder, stdout and stderr, and its exit code."""
    program, *words = shlex.split(command)
    if program != "carbon-tokens":
        raise ValueError(f"{command!r} is no command of this package")
    done = CliRunner().invoke(app, words, prog_name="carbon-tokens")
    return "".join(f"{line.rstrip()}\n" for line in done.output.splitlines()), done.exit_code


def renewed(page: Path) -> str:
    """The page with what its commands print now."""

    def block(found: re.Match[str]) -> str:
        shown = "".join(f"$ {each.command}\n{said(each.command)[0]}" for each in _of_block(found[1]))
        return f"```console\n{shown}```"

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        written(page, Path(folder))
        return _CONSOLE.sub(block, page.read_text(encoding="utf-8"))


def _of_block(block: str) -> Iterator[Shown]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield Shown(command, output)


def main() -> None:
    """Writes the pages that are named, or all."""
    for page in [FOLDER / name for name in sys.argv[1:]] or sorted(FOLDER.glob("*.md")):
        content = renewed(page)
        changed = content != page.read_text(encoding="utf-8")
        page.write_text(content, encoding="utf-8")
        print(f"{page.name}: {'changed' if changed else 'as it was'}")


if __name__ == "__main__":
    main()
