"""The README's commands are executed, in their order, in a folder of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands() -> str:
    """Every line of the sh blocks but the make targets, which are what runs this test."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return "\n".join(line for line in lines if not line.startswith("make "))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the repository's data, and ``carbon-tokens`` on the path."""
    found = tmp_path_factory.mktemp("readme")
    for name in ("data", "verifier"):
        (found / name).symlink_to(ROOT / name)
    command = found / "bin" / "carbon-tokens"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m carbon_tokens.cli "$@"\n')
    command.chmod(0o755)
    return found


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
    }
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def journey(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(["bash", "-euo", "pipefail", "-c", commands()], folder)


def test_the_readme_shows_every_command_that_a_month_needs() -> None:
    shown = commands()
    for verb in (
        "deploy", "factors load", "facility add", "audit", "close", "source add", "issue", "transfer", "retire",
        "status", "claim", "prove", "verify", "factors show",
    ):  # fmt: skip
        assert f"carbon-tokens {verb}" in shown


def test_every_command_of_the_readme_succeeds(journey: subprocess.CompletedProcess[str]) -> None:
    assert journey.returncode == 0, f"{journey.stdout[-2000:]}\n{journey.stderr[-2000:]}"


def test_the_readmes_month_is_verified(journey: subprocess.CompletedProcess[str], folder: Path) -> None:
    assert "\nVERIFIED\n" in journey.stdout and "NOT VERIFIED" not in journey.stdout
    assert (folder / "proof.json").is_file()
    assert (folder / "shown" / "certificate.pdf").read_bytes().startswith(b"%PDF")
    assert "CONSISTENT, NOT CHECKED ON A CHAIN" in journey.stdout  # the stand-alone verifier


def test_the_readmes_python_runs_after_its_commands(journey: subprocess.CompletedProcess[str], folder: Path) -> None:
    assert journey.returncode == 0
    for block in blocks("python"):
        done = run([sys.executable, "-c", block], folder)
        assert done.returncode == 0, done.stderr


def test_the_readme_names_no_file_that_does_not_exist() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", README.read_text(encoding="utf-8"))
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing
