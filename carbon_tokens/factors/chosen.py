"""The choice of a site's emission factors as a file: what a statement names, and anyone can choose again.

It holds every candidate of the hierarchy (``choice``) with dataset, year, edition and the sha-256 of the file that the
number is from, and why it was taken or not. On chain it is a release of its own with one region, whose file hash is the
sha-256 of these bytes: location-based what was chosen for the place; market-based the supplier's factor or the residual
mix where one was chosen, else none, which the statement discloses.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import annual, area_files
from carbon_tokens.factors.choice import CHOSEN, Explanation
from carbon_tokens.factors.rate import DATASET
from carbon_tokens.nesting import loads
from carbon_tokens.units import factor_g_per_mwh

TYPE = "carbon-tokens/factor-choice/1"
_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,20})?")
_REGION = re.compile(r"[A-Za-z0-9_.-]{1,9}")
_ZONE = re.compile(r"[A-Z]{2}")
_SHA256 = re.compile(r"(0x)?[0-9a-f]{64}")
_ANNUAL = ("country", "supplier", "residual")
_EGRID = ("plant", "subregion", "ba", "state", "nerc")  # of a file that is given; the shipped release is no such file


@dataclass(frozen=True, slots=True)
class Chosen:
    """A rate that was chosen: exact g CO2e/MWh, where it is from, and the step of the hierarchy."""

    step: str
    region: str
    g_per_mwh: Decimal
    dataset: str
    year: int
    edition: str
    source: str
    file_sha256: str

    @property
    def factor(self) -> int:
        """g CO2e/MWh rounded up, the form that goes on chain."""
        return factor_g_per_mwh(self.g_per_mwh)


@dataclass(frozen=True, slots=True)
class FactorChoice:
    """The factors of one grid region that were chosen from several files, in the form of a published rate.

    Attributes:
        market_zone: of the facility, two letters; region: the facility's grid region on chain, at most 9 characters.
        residual: what stands for energy that no certificate covers: supplier or residual mix; None if neither is known.
        file_sha256: of the file of the choice, 64 hex digits.
    """

    market_zone: str
    region: str
    location: Chosen
    residual: Chosen | None
    file: str
    file_sha256: str

    @property
    def dataset(self) -> str:
        return self.location.dataset

    @property
    def year(self) -> int:
        return self.location.year

    @property
    def edition(self) -> str:
        """Names the file, so that two choices never share a release."""
        return f"choice {self.file_sha256[:16]}"

    @property
    def g_per_mwh(self) -> Decimal:
        return self.location.g_per_mwh

    @property
    def factor(self) -> int:
        return self.location.factor

    @property
    def rates(self) -> tuple[FactorChoice]:
        """Itself, as the one row of its release."""
        return (self,)

    def differences(self, folder: Path) -> list[str]:
        """What the files in a folder, by the name that the choice says, say against it, as sentences."""
        found: list[str] = []
        for each in (self.location, self.residual):
            path = folder / each.source if each and each.step in (*_ANNUAL, *_EGRID) else None
            if each and path and (Path(each.source).is_absolute() or ".." in Path(each.source).parts):
                found.append(f"{self.file} names {each.source}, which leaves the folder")
                continue
            if each and path and path.is_file():
                found += _difference(each, path)
        return found


def write(path: Path | str, found: Explanation, *, market_zone: str, region: str = "") -> FactorChoice:
    """Writes the choice for a site; the region is that of the location's factor, if it is not given.

    Raises:
        FactorError: no location-based factor, one that is by the hour, or a zone or region that the chain cannot hold.
        FileExistsError: the file is there: a choice is evidence and is never replaced.
    """
    location = found.chosen("location")
    if location is None or location.g_per_mwh is None:
        raise FactorError("no location-based factor was chosen", todo="Give a file that has one, or --wider.")
    if location.step == "hourly":
        todo = "State hours by a fleet's tables (state); or leave the hourly file out."
        raise FactorError(
            "a month's statement takes one factor, not one for each hour", where=location.source, todo=todo
        )
    content = {
        "type": TYPE,
        "market_zone": market_zone,
        "region": region or location.region,
        "place": asdict(found.place),
    }
    text = json.dumps({**content, **found.to_json()}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    choice = _parse(Path(path).name, text.encode())
    with Path(path).open("xb") as file:
        file.write(text.encode())
    return choice


def read(path: Path | str) -> FactorChoice:
    """A choice from its file.

    Raises:
        FactorError: no such file, or one whose chosen rates are not among its candidates.
    """
    path = Path(path)
    try:
        return _parse(path.name, path.read_bytes())
    except OSError as error:
        raise FactorError(f"this file cannot be read ({error.strerror})", where=path.name) from error


def _parse(name: str, data: bytes) -> FactorChoice:
    try:
        said = loads(data)
        if said["type"] != TYPE or not _ZONE.fullmatch(said["market_zone"]) or not _REGION.fullmatch(said["region"]):
            raise ValueError(f"type {said['type']!r}, market zone {said['market_zone']!r}, region {said['region']!r}")
        location, market = (_one(said, basis) for basis in ("location", "market"))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        todo = "Let factors explain --out write it: a zone of two letters, a region of at most 9 ASCII characters."
        raise FactorError(f"this is no choice of factors ({error})", where=name, todo=todo) from error
    residual = market if market and market.step != "location" else None
    digest = hashlib.sha256(data).hexdigest()
    if location is None:
        raise FactorError("no location-based factor was chosen", where=name)
    return FactorChoice(said["market_zone"], said["region"], location, residual, name, digest)


def _one(said: Mapping[str, Any], basis: str) -> Chosen | None:
    """The candidate of a basis that is chosen: one at most, and the one that the head names."""
    found = [each for each in said["candidates"] if (each["basis"], each["state"]) == (basis, CHOSEN)]
    if [said[basis]] != (found or [None]):
        raise ValueError(f"the {basis}-based factor is not the candidate that was chosen")
    if not found:
        return None
    one = found[0]
    texts = {key: one[key] for key in ("step", "region", "dataset", "edition", "source")}
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(one["year"], int):
        raise ValueError(f"the {basis}-based factor has no dataset, year or source")
    if not _RATE.fullmatch(one["g_per_mwh"]) or not _SHA256.fullmatch(one["file_sha256"]):
        raise ValueError(f"the {basis}-based factor has no rate or file")
    return Chosen(g_per_mwh=Decimal(one["g_per_mwh"]), year=one["year"], file_sha256=one["file_sha256"], **texts)


def _difference(chosen: Chosen, path: Path) -> list[str]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != chosen.file_sha256.removeprefix("0x"):
        return [f"{path.name} has sha-256 {digest}, the choice says {chosen.file_sha256}"]
    if chosen.step in _EGRID or chosen.dataset == DATASET:
        area = area_files.read(path, year=chosen.year).area(chosen.step.replace("country", "us"), chosen.region)
        said = area.to_rate("", "", "").g_per_mwh if area else None
    else:
        said = _annual(chosen, path)
    wrong = f"{path.name} says {said} g/MWh of {chosen.region}, not {chosen.g_per_mwh}"
    return [] if said == chosen.g_per_mwh else [wrong]


def _annual(chosen: Chosen, path: Path) -> Decimal | None:
    basis = {"country": "location"}.get(chosen.step, chosen.step)
    found = annual.of(annual.read(path, year=chosen.year, basis=basis), chosen.region, chosen.year, basis)
    return None if found is None else found.g_per_kwh * 1000
