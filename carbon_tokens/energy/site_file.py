"""A site in a file: where its energy is written down, in TOML beside the files it names (METHOD section 8).

    utility = "Example Power"            # the site's meter on chain: the one on its bills, where there is one
    meter = "hall 1"
    zone = "America/Chicago"             # of stamps without an offset, and of the days of bills

    [[meters]]                           # interval meters of the whole site, which add up
    file = "hall.xml"
    [[bills]]
    file = "bills.csv"
    [[ups]]                              # logs of UPS; all of a site's units add up
    file = "ups-a.csv"
    rating_w = 40000
    efficiency = "0.25=0.90,0.5=0.94,1=0.95"
    [cooling]                            # behind UPS logs: what carries the heat away, by the weather
    model = "chiller:120000:3"           # models.cooling
    free_below_c = 10
    weather = "weather.csv"              # hour_start_utc, outdoor_c
    auxiliary_of_it = 0.04
    [[servers]]                          # logs of utilisation or power; models.power
    file = "web.csv"
    model = "server:Cascade Lake"
    count = 20
    [[activity]]                         # the last tier: rows of ``activity``, which count the whole facility
    file = "activity.csv"
    [overhead]                           # of servers, and of UPS without [cooling]
    pue = 1.4                            # or file = "pue.csv": hour_start_utc, pue
    source = "annual report 2023"

The best tier that knows an hour sets it (``precedence``); the others are shown beside it. Every figure is read as it is
written, never through a binary float, and a key that is not known is refused.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any

from carbon_tokens.energy import bills, hourly, logs, models, series, tables
from carbon_tokens.energy.cooling import Cooling, facility_hours
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.local_time import zone_named
from carbon_tokens.energy.log_terms import Log, Terms
from carbon_tokens.energy.site import pue_factor
from carbon_tokens.energy.site_sources import ACTIVITY, METER, SERVERS, UPS, Billed, Source, total
from carbon_tokens.errors import CarbonTokensError, EnergyError

_LOG_KEYS = frozenset(("file", "kind", "format", "rating_w", "efficiency", "model", "count", "quality", "longest_s",
                       "period_s", "machine", "parts", "start"))  # fmt: skip
_KEYS = {
    "meters": frozenset(("file", "utility", "meter")),
    "bills": frozenset(("file",)),
    "ups": _LOG_KEYS,
    "servers": _LOG_KEYS,
    "activity": frozenset(("file",)),
    "cooling": frozenset(("model", "free_below_c", "weather", "auxiliary_of_it")),
    "overhead": frozenset(("pue", "file", "source")),
}
_LISTS = ("meters", "bills", "ups", "servers", "activity")


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A site's file, checked: its sources are read when they are needed.

    Attributes:
        lines: of the file; sha256: of its bytes, 64 hex digits.
        said: its tables by name, numbers as Decimal.
    """

    path: Path
    sha256: str
    lines: int
    utility: str
    meter: str
    zone: tzinfo
    zone_name: str
    said: Mapping[str, Any]

    def documents(self) -> dict[str, str]:
        """sha-256 of every file that it names, by name. Raises EnergyError for one that cannot be read."""
        return {name: _sha256(self._of(name)) for name in self._names()}

    def sources(self) -> list[Source]:
        """The tiers that it has hours of. Raises EnergyError for files or figures that are none."""
        return [source for source in (self._meters(), self._ups(), self._servers(), self._activity()) if source]

    def billed(self) -> list[Billed]:
        """Its bills; those of several meters over the same days are added up.

        Raises:
            EnergyError: bills of one meter that overlap, or files that are none.
        """
        found = [bill for each in self._tables("bills") for bill in bills.read(self._of(each["file"]))]
        tables.refuse(bills.overlaps(found))
        whole: dict[tuple[int, int], Billed] = {}
        for bill in (Billed.of(each, self.zone) for each in found):
            other = whole.get((bill.start, bill.end))
            energy, grade = (other.energy_wh, other.grade) if other else (0, "A")
            grade = max(grade, bill.grade)
            whole[bill.start, bill.end] = Billed(bill.start, bill.end, bill.energy_wh + energy, bill.where, grade)
        return list(whole.values())

    def _tables(self, name: str) -> list[dict[str, Any]]:
        return list(self.said.get(name, []))

    def _of(self, name: str) -> Path:
        """A file beside this one: who checks a stranger's site must not be led out of the folder."""
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise EnergyError(f"names {name}, which leaves its folder", where=self.path.name, todo="Put it beside.")
        return self.path.parent / name

    def _names(self) -> Iterator[str]:
        for name in _LISTS:
            yield from (each["file"] for each in self._tables(name))
        yield from (self.said[table][key] for table, key in (("cooling", "weather"), ("overhead", "file"))
                    if key in self.said.get(table, {}))  # fmt: skip

    def _meters(self) -> Source | None:
        several = [
            hourly.read(self._of(each["file"]), each.get("utility", self.utility), each.get("meter", self.meter))
            for each in self._tables("meters")
        ]
        found = _by_meter(hour for hours in several for hour in hours)
        return total(METER, found) if found else None

    def _logs(self, name: str) -> list[Log]:
        return [self._log(f"{name}[{at}]", each) for at, each in enumerate(self._tables(name))]

    def _log(self, where: str, given: Mapping[str, Any]) -> Log:
        path = self._of(given["file"])
        rating, pairs = given.get("rating_w"), given.get("efficiency", "")
        terms = Terms(
            zone=self.zone_name,
            form=str(given.get("format", Terms().form)),
            rating_w=None if rating is None else models.figure(str(rating), f"{where}.rating_w"),
            efficiencies=models.points(pairs, f"{where}.efficiency") if pairs else {},
            model=given.get("model", ""),
            count=int(given.get("count", 1)),
            quality=given.get("quality", ""),
            longest_s=int(given.get("longest_s", Terms().longest_s)),
            period_s=int(given["period_s"]) if "period_s" in given else None,
            machine=given.get("machine", ""),
            parts=given.get("parts", False),
            start=int(series.instant(given["start"])) if "start" in given else None,
        )
        kind = (
            "activity"
            if where.startswith("activity")
            else given.get("kind") or ("upslog" if "format" in given else logs.kind_of(path))
        )
        if not kind:
            raise EnergyError(f"{given['file']} is no log that is known here", where=f"{self.path.name}: {where}")
        return logs.read(path, kind, terms, self.utility, f"{self.meter}/{where}")

    def _ups(self) -> Source | None:
        found = self._logs("ups")
        if not found:
            return None
        if not self.said.get("cooling"):
            return self._raised(total(UPS, [each.ups.output if each.ups else each.hours for each in found]))
        units = [each.ups for each in found if each.ups]
        if len(units) < len(found):
            todo = "Give rating_w and efficiency of each, or a log with its input."
            raise EnergyError("cooling needs the losses of every UPS", where=self.path.name, todo=todo)
        model, share, outdoor = self._cooling()
        grade = max((hour.quality for each in found for hour in each.hours), default="")
        return Source(UPS, facility_hours(units, model, outdoor, auxiliary_of_it=share), grade)

    def _cooling(self) -> tuple[Cooling, Fraction, dict[int, Fraction]]:
        given = self.said["cooling"]
        for key in ("model", "weather"):
            if key not in given:
                raise EnergyError(f"[cooling] needs {key}", where=self.path.name)
        model = models.cooling(given["model"], given.get("free_below_c"))
        share = models.figure(str(given.get("auxiliary_of_it", 0)), "auxiliary_of_it")
        return model, share, _by_hour(self._of(given["weather"]), "outdoor_c", lambda text: models.figure(text, "°C"))

    def _servers(self) -> Source | None:
        found = self._logs("servers")
        hours = _by_meter(hour for each in found for hour in each.hours)
        return self._raised(total(SERVERS, hours)) if hours else None

    def _activity(self) -> Source | None:
        found = self._logs("activity")
        return total(ACTIVITY, [each.hours for each in found]) if found else None

    def _raised(self, source: Source) -> Source:
        """IT equipment raised to its facility by the PUE of each hour."""
        given = self.said.get("overhead", {})
        if ("pue" in given) == ("file" in given) or (given and not given.get("source")):
            todo = "Give pue, or file with hour_start_utc and pue; and source. A site that is nothing else: pue = 1."
            raise EnergyError("what the building adds to its IT equipment: [overhead]", where=self.path.name, todo=todo)
        if "pue" in given:
            factor = pue_factor(str(given["pue"]))
            by_hour = dict.fromkeys(source.hours, factor)
        else:
            by_hour = _by_hour(self._of(given["file"]), "pue", pue_factor)
        known = {at: energy * by_hour[at] for at, energy in source.hours.items() if at in by_hour}
        return Source(source.tier, known, source.graded)


def read(path: Path | str) -> SiteFile:
    """A site's file.

    Raises:
        EnergyError: no TOML, a key that is not known or of another type, a file outside of its folder, or no source.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        said = tomllib.loads(data.decode("utf-8-sig"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise EnergyError(f"this site's file cannot be read ({error})", where=path.name, todo="Give TOML.") from error
    _check(path.name, said)
    zone = zone_named(said["zone"])
    digest = hashlib.sha256(data).hexdigest()
    return SiteFile(path, digest, data.count(b"\n") + 1, said["utility"], said["meter"], zone, said["zone"], said)


def _check(name: str, said: Mapping[str, Any]) -> None:
    for key in ("utility", "meter", "zone"):
        if not isinstance(said.get(key), str) or not said[key].strip():
            raise EnergyError(f"needs a text {key}", where=name, todo="Zones are IANA names: America/Chicago, UTC.")
    if unknown := [key for key in said if key not in (*_KEYS, "utility", "meter", "zone")]:
        raise EnergyError(f"unknown key {unknown[0]!r}", where=name, todo=f"Known: {', '.join(_KEYS)}.")
    for table, keys in _KEYS.items():
        given = said.get(table, [] if table in _LISTS else {})
        listed = given if table in _LISTS else [given]
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            brackets = f"[[{table}]]" if table in _LISTS else f"[{table}]"
            raise EnergyError(f"{table} is no table", where=name, todo=f"Write {brackets}.")
        for each in listed:
            _check_table(f"{name}: {table}", each, keys, table in _LISTS)
        taken = [(each.get("file"), each.get("machine")) for each in listed if table in _LISTS]
        if len(set(taken)) < len(taken):
            todo = "Name each file once, or another machine of it."
            raise EnergyError("a file is counted twice", where=f"{name}: {table}", todo=todo)
    if not any(said.get(table) for table in _LISTS):
        raise EnergyError("a site without a source", where=name, todo="Name meters, bills, ups, servers or activity.")


def _check_table(where: str, given: Mapping[str, Any], keys: frozenset[str], needs_file: bool) -> None:
    if unknown := [key for key in given if key not in keys]:
        raise EnergyError(f"unknown key {unknown[0]!r}", where=where, todo=f"Known: {', '.join(sorted(keys))}.")
    if needs_file and "file" not in given:
        raise EnergyError("needs a file", where=where)
    for key, value in given.items():
        number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        kind = "number" if key in _NUMBERS else "true or false" if key == "parts" else "text"
        if not {"number": number, "true or false": isinstance(value, bool), "text": isinstance(value, str)}[kind]:
            raise EnergyError(f"{key} = {value!r} is no {kind}", where=where)
    for key in ("file", "weather"):
        held = PurePosixPath(given.get(key, "."))
        if held.is_absolute() or ".." in held.parts or "\\" in str(held):
            raise EnergyError(f"{given[key]!r} is outside of the site's folder", where=where)
    if any(key in given and given[key] % 1 for key in ("count", "longest_s", "period_s")):
        raise EnergyError("count, longest_s and period_s are whole numbers", where=where)


_NUMBERS = frozenset(("rating_w", "count", "longest_s", "period_s", "free_below_c", "auxiliary_of_it", "pue"))


def _by_meter(hours: Iterable[Hour]) -> list[list[Hour]]:
    """Hours meter by meter. Raises EnergyError naming every hour of a meter that is there twice."""
    found: dict[bytes, list[Hour]] = {}
    for hour in hours:
        found.setdefault(hour.meter_id, []).append(hour)
    tables.refuse([each for several in found.values() for each in hourly.repeated(several)])
    return list(found.values())


def _by_hour(path: Path, column: str, value: Callable[[str], Fraction]) -> dict[int, Fraction]:
    """A table of hour_start_utc and one value. Raises EnergyError naming every row that is none or repeats an hour."""
    table = tables.read(path, ("hour_start_utc", column))
    problems, found = list(table.problems), dict[int, Fraction]()
    for row in table.rows:
        try:
            at = hourly.start(row.cells["hour_start_utc"])
            if at in found:
                problems.append((row.where, "an hour that is there before"))
            found[at] = value(row.cells[column])
        except CarbonTokensError as error:
            problems.append((row.where, error.what))
    tables.refuse(problems)
    return found


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise EnergyError(f"this file cannot be read ({error.strerror})", where=path.name) from error
