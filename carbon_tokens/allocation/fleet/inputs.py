"""A fleet's tables in a folder (or in memory), and the hash of every file, so that a result names what it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa

from carbon_tokens.allocation.fleet import tables
from carbon_tokens.allocation.fleet.columns import BY_MACHINE, PARTITIONED, REQUIRED, TABLES
from carbon_tokens.allocation.fleet.store import Stored, is_uri, listed
from carbon_tokens.errors import FleetError

_SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Part:
    """One partition, of whole cluster-hours: where its machine-hours and its CPU time come from."""

    name: str
    power: Any
    usage: Any

    def read(self) -> tuple[pa.Table, pa.Table]:
        """Machine-hours and CPU time. Raises FleetError as ``tables.read``."""
        return tables.read(self.power, "machine_hours"), tables.read(self.usage, "cpu_usage")

    @property
    def sha256(self) -> str | None:
        """Of both files; None if they are no files."""
        files = [each for each in (self.power, self.usage) if isinstance(each, (str, Path, Stored))]
        return " ".join(map(_sha256, files)) if len(files) == 2 else None


@dataclass(frozen=True, slots=True)
class Inputs:
    """Small tables, read; partitions, not read yet; sha-256 of each file, 64 hex digits, by name; files not read."""

    tables: dict[str, pa.Table]
    parts: tuple[Part, ...]
    sha256: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()  # of the folder: .csv and .parquet files that are no table

    @classmethod
    def of(cls, source: Path | str | Mapping[str, Any]) -> Inputs:
        """The tables of a folder (a path, or the URI of an object store), or given by name.

        A folder has one .csv or .parquet file a table. Instead of ``machine_hours`` and ``cpu_usage`` it may have
        folders of these names with Parquet files, one of each name in both: a region and day, say.

        Raises:
            FleetError: a missing or unknown table, or one that cannot be read.
        """
        found, ignored = _given(source)
        where = str(source) if isinstance(source, (str, Path)) else "tables"
        if unknown := sorted(set(found) - set(TABLES)):
            known = ", ".join(sorted(TABLES))
            raise FleetError(f"table {unknown[0]!r} is unknown", where=where, todo=f"Tables: {known}.")
        optional = BY_MACHINE if "activity" in found and not set(BY_MACHINE) & set(found) else ()
        if missing := [name for name in REQUIRED if name not in found and name not in optional]:
            raise FleetError(f"no table {', '.join(missing)}", where=where, todo="Give CSV or Parquet.")
        small = {name: tables.read(each, name) for name, each in found.items() if name not in PARTITIONED}
        small |= {"machines": tables.empty("machines")} if optional else {}
        parts = () if optional else _parts(found["machine_hours"], found["cpu_usage"])
        return cls(small, parts, _hashes(found.values()), ignored)


def _given(source: Path | str | Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Tables by name, and files of the folder that are none."""
    if is_uri(source):
        return _in_store(str(source))
    if isinstance(source, (str, Path)):
        found = _in_folder(Path(source))
        files = [each.name for each in Path(source).iterdir() if each.is_file()]
        return dict(found), _others(files, found)
    return dict(source), ()


def _in_store(folder: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The same of an object store: a file a table, and the files of each folder of partitions."""
    files = [each for each in listed(folder) if not any(part.startswith((".", "_")) for part in each.place.split("/"))]
    top = {each.name: each for each in files if each.place == each.name}
    found: dict[str, Any] = {}
    for name in TABLES:
        parts = tuple(each for each in files if each.place.startswith(f"{name}/")) if name in PARTITIONED else ()
        present = [top[f"{name}{suffix}"] for suffix in _SUFFIXES if f"{name}{suffix}" in top] + [parts] * bool(parts)
        if len(present) > 1:
            raise FleetError(f"table {name} is there twice", where=folder, todo="Keep one of them.")
        if present:
            found[name] = present[0]
    return found, _others(list(top), found)


def _in_folder(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise FleetError("is no folder", where=str(folder), todo="Give the folder of the fleet's tables.")
    found: dict[str, Path] = {}
    for name in TABLES:
        candidates = [folder / name, *(folder / f"{name}{suffix}" for suffix in _SUFFIXES)]
        present = [each for each in candidates if (each.is_dir() if not each.suffix else each.is_file())]
        if len(present) > 1:
            raise FleetError(f"table {name} is there twice", where=str(folder), todo="Keep one of them.")
        if present:
            found[name] = present[0]
    return found


def _others(files: Iterable[str], tables: Iterable[str]) -> tuple[str, ...]:
    """Files by other names or endings, which may be misspelled tables."""
    read = {f"{name}{suffix}" for name in tables for suffix in _SUFFIXES}
    others = (each for each in files if each not in read)
    return tuple(sorted(each for each in others if _like_a_table(PurePath(each))))


def _like_a_table(file: PurePath) -> bool:
    return file.suffix.lower() in _SUFFIXES or file.name.split(".")[0].lower() in TABLES


def _parts(power: Any, usage: Any) -> tuple[Part, ...]:
    folders = [isinstance(each, tuple) or (isinstance(each, Path) and each.is_dir()) for each in (power, usage)]
    if not any(folders):
        return (Part(_name(power), power, usage),)
    if not all(folders):
        raise FleetError("one is a folder and one is not", where="machine_hours, cpu_usage", todo="Give two folders.")
    first, second = (_partitions(each) for each in (power, usage))
    if odd := sorted(set(first) ^ set(second)):
        raise FleetError(f"{odd[0]} is in one folder only", where="machine_hours, cpu_usage")
    if not first:
        raise FleetError("there is no Parquet file in it", where=str(power))
    return tuple(Part(each, first[each], second[each]) for each in sorted(first))


def _partitions(folder: Path | tuple[Stored, ...]) -> dict[str, Path | Stored]:
    """The files of a folder of partitions by their place in it: Parquet, all of them, and links are not followed."""
    if isinstance(folder, tuple):
        if other := [each.place for each in folder if each.suffix != ".parquet"]:
            raise FleetError(f"{other[0]} is no Parquet file", where=folder[0].folder, todo="Keep *.parquet only.")
        return {each.place.partition("/")[2]: each for each in folder}
    found: dict[str, Path | Stored] = {}
    for each in folder.rglob("*"):
        if each.name.startswith((".", "_")):  # what Spark and others leave beside the files
            continue
        if each.is_symlink() or (each.is_file() != (each.suffix == ".parquet")):
            what = f"{each.relative_to(folder)} is no Parquet file"
            raise FleetError(what, where=str(folder), todo="Keep files *.parquet only, in folders that are no links.")
        if each.is_file():
            found[str(each.relative_to(folder))] = each
    return found


def _name(power: Any) -> str:
    return power.name if isinstance(power, (Path, Stored)) else "machine_hours"


def _hashes(sources: Iterable[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in sources:
        given = Path(source) if isinstance(source, str) else source
        if isinstance(given, Stored):
            found[given.place] = given.sha256
        elif isinstance(given, Path) and given.is_file():
            found[given.name] = _sha256(given)
        elif isinstance(given, tuple) or (isinstance(given, Path) and given.is_dir()):
            folder = given.name if isinstance(given, Path) else given[0].place.partition("/")[0]
            found |= {f"{folder}/{place}": _sha256(each) for place, each in _partitions(given).items()}
    return dict(sorted(found.items()))


def _sha256(file: Path | Stored | str) -> str:
    if isinstance(file, Stored):
        return file.sha256
    with Path(file).open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
