"""Hypothesis profiles: `make properties` runs the default one, `make test-long` long, and bounded when CI is set.

The first two draw the same examples each time, so that a change is judged by itself; long looks for new ones.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("default", deadline=None, max_examples=100, derandomize=True)
settings.register_profile("bounded", deadline=None, max_examples=200, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2_000)  # 10,000 remember 7 GB of trees
settings.load_profile("default")
