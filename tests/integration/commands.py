"""Commands as a user types them, and what they answer."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from carbon_tokens import data_files
from carbon_tokens.cli import app

DEMO = data_files.path("demo")
MONTH = ("--month", "2021-04")

Json = dict[str, Any]

_runner = CliRunner()


def run(*arguments: object, code: int = 0) -> Any:
    """Runs a command, which must end with this exit code."""
    done = _runner.invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


def answer(*arguments: object, code: int = 0) -> Json:
    """The one JSON object that a command prints with ``--json``."""
    done = run(*arguments, "--json", code=code)
    assert done.stdout.count("\n") == 1, done.stdout
    found: Json = json.loads(done.stdout)
    return found
