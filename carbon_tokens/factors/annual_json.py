"""Annual intensities as JSON: each form is an object by country or zone, told by what its entries hold.

    ember-json                co2.js's table of Ember: country_code, year, emissions_intensity_gco2_per_kwh
    electricity-maps-yearly   Electricity Maps' year by zone: carbonIntensity {value, unit}; the file states no year
    codecarbon-mix            CodeCarbon's table of Our World in Data: iso_code, year, carbon_intensity in g/kWh
    codecarbon-usa            CodeCarbon's states of eGRID: regionCode, emissions, with ``_unit`` and ``_source``

CodeCarbon's table of Canada holds shares of fuels and no intensity, so it is no table of factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from carbon_tokens.errors import FactorError
from carbon_tokens.nesting import loads

NAMES = ("ember-json", "electricity-maps-yearly", "codecarbon-mix", "codecarbon-usa")
Numbered = Iterable[tuple[int, dict[str, str]]]
_EMBER = ("country_code", "year", "emissions_intensity_gco2_per_kwh")
_MIX = ("iso_code", "year", "carbon_intensity")
_UNIT = "gCO2eq/kWh"


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of region, value and, where the form has it, year; their numbers count the entries from 1."""

    name: str
    dated: bool
    rows: list[tuple[int, dict[str, str]]]


def rows(file: str, text: str) -> Found | None:
    """The entries of a known form as rows; None for another.

    Raises:
        FactorError: no JSON object of objects, another unit than the form's, or an entry of another form.
    """
    try:
        content = loads(text, parse_float=str, parse_int=str, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        raise FactorError(f"this is no table of countries as JSON ({error})", where=file) from error
    if not isinstance(content, dict) or not content:
        return None
    if not all(isinstance(each, dict) for each in content.values()):
        raise FactorError("this is no table of countries as JSON: an entry is no object", where=file)
    first = next(iter(content.values()))
    if set(_EMBER) <= set(first):
        return Found("ember-json", True, _flat(file, content, _EMBER))
    if set(_MIX) <= set(first):
        return Found("codecarbon-mix", True, _flat(file, content, _MIX))
    if "carbonIntensity" in first:
        return Found("electricity-maps-yearly", False, _zones(file, content))
    if "_unit" in content:
        return Found("codecarbon-usa", True, _states(file, content))
    if {"total", "coal", "hydro"} <= set(first):
        raise FactorError("these are shares of fuels without an intensity", where=file, todo="No factor follows.")
    return None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, refused if it names a key twice: the second would silently win."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice")
    return found


def _flat(
    file: str, content: Mapping[str, Mapping[str, Any]], keys: tuple[str, ...]
) -> list[tuple[int, dict[str, str]]]:
    region, year, value = keys
    return [
        (at, {"region": _text(file, at, each, region), "year": _text(file, at, each, year),
              "value": _text(file, at, each, value)})
        for at, each in enumerate(content.values(), start=1)
    ]  # fmt: skip


def _zones(file: str, content: Mapping[str, Mapping[str, Any]]) -> list[tuple[int, dict[str, str]]]:
    found = []
    for at, (zone, each) in enumerate(content.items(), start=1):
        intensity = each.get("carbonIntensity")
        if not isinstance(intensity, dict) or intensity.get("unit") != _UNIT:
            raise FactorError(f"{zone} has no carbonIntensity in {_UNIT}", where=f"{file}:{at}")
        found.append((at, {"region": zone, "value": _text(file, at, intensity, "value")}))
    return found


def _states(file: str, content: Mapping[str, Mapping[str, Any]]) -> list[tuple[int, dict[str, str]]]:
    unit, year = content["_unit"].get("emissions"), content.get("_source", {}).get("year", "")
    if unit != "lbs/MWh" or not isinstance(year, str):
        raise FactorError(f"the emissions are in {unit!r}, of the year {year!r}", where=file, todo="Give lbs/MWh.")
    states = [(name, each) for name, each in content.items() if not name.startswith("_")]
    found = []
    for at, (_, each) in enumerate(states, start=1):
        region = _text(file, at, each, "regionCode").upper()
        found.append((at, {"region": region, "year": year, "value": _text(file, at, each, "emissions")}))
    return found


def _text(file: str, at: int, entry: Mapping[str, Any], key: str) -> str:
    """A value as text, empty for null. Raises FactorError where it is absent, a list or an object."""
    value = entry.get(key, ...)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FactorError(f"the entry has no {key}", where=f"{file}:{at}", todo="Give the table as it is published.")
    return value.strip()
