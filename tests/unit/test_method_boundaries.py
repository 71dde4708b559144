"""Boundaries as data, and the names that the package of the method gives."""

from __future__ import annotations

import csv
import hashlib
import inspect
import tomllib
from types import ModuleType

import pytest

from carbon_tokens import data_files
from carbon_tokens.allocation import method
from carbon_tokens.allocation.method import BOUNDARIES, Boundary
from carbon_tokens.errors import AllocationError, UnknownKey

ADDED = {
    "scope 1: refrigerants",
    "scope 3: transmission and distribution losses",
    "scope 3: extraction and processing of fuels",
}


@pytest.mark.parametrize("name", BOUNDARIES)
def test_a_boundary_carries_its_id_its_lists_and_the_hash_of_its_file(name) -> None:
    made = Boundary.shipped(name)
    data = data_files.path("methodology", f"{name}.toml").read_bytes()
    assert (made.boundary, made.sha256) == (name, "0x" + hashlib.sha256(data).hexdigest())
    assert made.included[0] == "scope 1: fuel burnt on site"
    assert "scope 2: electricity" in made.included
    assert "scope 3: end of life of equipment" in made.excluded


def test_the_edition_of_2026_counts_three_sources_that_the_one_of_2024_leaves_out() -> None:
    old, new = (Boundary.shipped(name) for name in BOUNDARIES)
    assert (old.edition, new.edition) == ("2024", "2026-04-08")
    assert set(new.included) - set(old.included) == set(old.excluded) - set(new.excluded) == ADDED
    assert {*old.included, *old.excluded} == {*new.included, *new.excluded}


@pytest.mark.parametrize("name", BOUNDARIES)
@pytest.mark.parametrize("method", ["site-energy-1", "site-energy-2"])
def test_statements_of_a_sites_energy_use_the_same_boundary_in_the_same_words(name, method) -> None:
    stated = tomllib.loads(data_files.path("methodology", f"{method}.toml").read_text("utf-8"))["boundary"][name]
    made = Boundary.shipped(name)
    assert (list(made.included), list(made.excluded)) == (stated["included"], stated["excluded"])


def test_an_unknown_boundary_is_refused() -> None:
    with pytest.raises(UnknownKey, match="google-2024, google-2026"):
        Boundary.shipped("../site-energy-1")


@pytest.mark.parametrize(
    "change",
    [
        (b'"google-2024"', b'"google-2026"'),
        (b"[included]", b"[include]"),
        (b'"scope 2" =', b'"scope 4" ='),
        (b'"refrigerants"', b'"fuel burnt on site"'),
        (b"= [", b"= ["[:-1]),
        (b"fuel", b"\xff"),
    ],
)
def test_a_file_that_is_no_boundary_of_its_id_is_refused(change) -> None:
    data = data_files.path("methodology", "google-2024.toml").read_bytes()
    with pytest.raises(AllocationError, match=r"google-2024\.toml"):
        Boundary.read("google-2024", data.replace(*change))


def test_every_boundary_has_its_source_row() -> None:
    with data_files.path("SOURCES.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    for name in BOUNDARIES:
        assert rows[f"data/methodology/{name}.toml"]["edition"] == Boundary.shipped(name).edition


def test_the_method_gives_every_name_of_its_steps_and_no_other() -> None:
    """``__all__`` is what the modules define in public, without the exact-number words behind them."""
    modules = [value for value in vars(method).values() if isinstance(value, ModuleType)]
    steps = [module for module in modules if module.__name__.startswith(method.__name__ + ".")]
    own = {
        name
        for module in steps
        for name, value in vars(module).items()
        if (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == module.__name__
        if not name.startswith("_") and not module.__name__.endswith("rationals")
    }
    assert len(set(method.__all__)) == len(method.__all__)
    assert own <= set(method.__all__), own - set(method.__all__)
    constants = {"Number", "UNALLOCATED", "EXTERNAL", "HOURLY", "ANNUAL", "UNSOLD", "BOUNDARIES"}
    assert set(method.__all__) - own == constants
