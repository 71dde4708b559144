"""The commands of docs/evidence.md do what the page says, in a shell, in its order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyrage", reason="sealing needs the extra `evidence`")

from scripts.source_pages import commands, written

PAGE = Path(__file__).resolve().parents[2] / "docs" / "evidence.md"
_CHANCE = ((r"bafkrei[a-z2-7]{52}", "CID"), (r"0x[0-9a-f]{64}", "COMMITMENT"), (r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", "DAY"))
_END = "------ end of a command"


def plain(text: str) -> str:
    """A text without what is of chance: each run has salts, keys and a day of its own."""
    for pattern, name in _CHANCE:
        text = re.sub(pattern, name, text)
    return text


def test_every_command_prints_what_the_page_says(tmp_path: Path) -> None:
    written(PAGE, tmp_path)
    shown = commands(PAGE)
    script = "".join(f"{each.command}\necho '{_END}'\n" for each in shown)
    program = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{program}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash"], input=script, cwd=tmp_path, env=environment, text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    outputs = done.stdout.split(f"{_END}\n")[:-1]
    assert len(shown) > 12
    for each, output in zip(shown, outputs, strict=True):
        assert plain(output) == plain(each.output), each.command
