"""Reading the map file of EPA's Power Profiler (``subregion.json``), which carries eGRID's rates of one year.

It is GeoJSON: the shapes of subregions and of the nation state their rates, the shapes of states state none. It has CO2
and, from eGRID2021 on, CO2e, but neither CH4 nor N2O. Older files do not say of which year they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from carbon_tokens.errors import FactorError
from carbon_tokens.factors.layouts import US_NAME
from carbon_tokens.factors.rate import DATASET, Rate, Release, refuse_impossible
from carbon_tokens.nesting import loads

EDITION = "power-profiler"
_AS_PUBLISHED = "Give app/data/subregion.json as EPA publishes it."


def read_release(path: Path | str, year: int | None = None) -> Release:
    """The rates of a Power Profiler, lb/MWh to the digit of the file; grid loss as a fraction.

    Args:
        path: ``subregion.json``.
        year: the eGRID data year, if the file does not state it.

    Raises:
        FactorError: no such file, no rates, a unit other than lb/MWh, a region with two rates, a year that is stated
            nowhere or contradicts the file, or a CO2e below CO2.
    """
    path = Path(path)
    content = _content(path)
    shapes = [shape for shape in _shapes(path.name, content) if "emissionFactor" in shape]
    stated = _year(path.name, shapes, year)
    digest = hashlib.sha256(content).hexdigest()
    rates = tuple(_rate(shape, stated, path.name, digest) for shape in shapes)
    regions = [rate.region for rate in rates]
    if len(set(regions)) < len(regions):
        twice = sorted({region for region in regions if regions.count(region) > 1})
        raise FactorError(f"{', '.join(twice)} has two rates", where=path.name, todo=_AS_PUBLISHED)
    refuse_impossible(rates, path.name)
    return Release(DATASET, stated, EDITION, digest, rates)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FactorError(f"this file cannot be read ({error})", where=path.name, todo="Check the path.") from error


def _shapes(file: str, content: bytes) -> list[Mapping[str, object]]:
    try:
        # Decimals keep the digits of the file; a float would not.
        features = loads(content, parse_float=Decimal, parse_int=Decimal)["features"]
        return [dict(feature["properties"]) for feature in features]
    except (ValueError, KeyError, TypeError) as error:
        raise FactorError(f"this is no Power Profiler map ({error!r})", where=file, todo=_AS_PUBLISHED) from error


def _year(file: str, shapes: list[Mapping[str, object]], given: int | None) -> int:
    if not shapes:
        raise FactorError("no shape states a rate", where=file, todo=_AS_PUBLISHED)
    stated = {str(shape["dataYear"]) for shape in shapes if "dataYear" in shape}
    years = sorted(stated | ({str(given)} if given is not None else set()))
    if len(years) == 1 and re.fullmatch(r"20[0-9]{2}", years[0]):
        return int(years[0])
    faults = "the file does not state its year", f"{years[:1]} is no year", f"contradicting years: {', '.join(years)}"
    todo = "Give the eGRID data year that EPA published it for."
    raise FactorError(faults[min(len(years), 2)], where=file, todo=todo)


def _rate(shape: Mapping[str, object], year: int, file: str, digest: str) -> Rate:
    where = f"{file}:{shape.get('name')}"
    printed = _mapping(shape["emissionFactor"], where)
    co2 = _pounds(printed, "co2EmissionRate", where)
    co2e = _pounds(printed, "co2eEmissionRate", where) if "co2eEmissionRate" in printed else None
    region, name = _words(shape, "name", where), _words(shape, "fullName", where)
    level = "us" if region == "National" else "subregion"
    region, name = ("US", US_NAME) if level == "us" else (region, name)
    loss = _number(_mapping(shape.get("gridLoss"), where), where)
    return Rate(DATASET, year, EDITION, level, region, name, co2, None, None, co2e, loss, file, digest)


def _pounds(printed: Mapping[str, object], name: str, where: str) -> Decimal:
    rate = _mapping(printed.get(name), where)
    if rate.get("units") != "lb/MWh":
        raise FactorError(f"{name} is in {rate.get('units')!r}, not in lb/MWh", where=where, todo=_AS_PUBLISHED)
    return _number(rate, where)


def _number(holder: Mapping[str, object], where: str) -> Decimal:
    value = holder.get("value")
    if not isinstance(value, Decimal) or value < 0:
        raise FactorError(f"{value!r} is no rate", where=where, todo=_AS_PUBLISHED)
    return value


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise FactorError(f"{value!r} holds no rate", where=where, todo=_AS_PUBLISHED)
    return value


def _words(shape: Mapping[str, object], key: str, where: str) -> str:
    value = shape.get(key)
    if not isinstance(value, str) or not value.strip():
        raise FactorError(f"{key} is missing", where=where, todo=_AS_PUBLISHED)
    return value
