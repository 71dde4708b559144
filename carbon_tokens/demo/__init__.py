"""The demonstration on the real data of ``data/demo``: see ``run``."""

from __future__ import annotations

from carbon_tokens.demo.allocating import AllocatedDemo
from carbon_tokens.demo.facts import Facts
from carbon_tokens.demo.run import Demo
from carbon_tokens.demo.steps import Stage, Step, totals_json
from carbon_tokens.demo.year import YearDemo

__all__ = ["AllocatedDemo", "Demo", "Facts", "Stage", "Step", "YearDemo", "totals_json"]
