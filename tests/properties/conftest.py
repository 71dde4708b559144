"""Hypothesis profiles: `make properties` runs the default one, `make test-long` long, and bounded when CI is set."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("default", deadline=None, max_examples=100)
settings.register_profile("bounded", deadline=None, max_examples=200)
settings.register_profile("long", deadline=None, max_examples=2_000)  # 10,000 remember 7 GB of trees
settings.load_profile("default")
