"""``python -m carbon_tokens.cli``: the same as ``carbon-tokens``."""

from __future__ import annotations

from carbon_tokens.cli import app

app(prog_name="carbon-tokens")
