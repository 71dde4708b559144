"""A fleet's tables in a folder (or in memory), and the hash of every file, so that a result names what it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from carbon_tokens.allocation.fleet import tables
from carbon_tokens.allocation.fleet.columns import BY_MACHINE, PARTITIONED, REQUIRED, TABLES
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
        paths = [each for each in (self.power, self.usage) if isinstance(each, (str, Path))]
        return " ".join(_sha256(Path(each)) for each in paths) if len(paths) == 2 else None


@dataclass(frozen=True, slots=True)
class Inputs:
    """Small tables, read; partitions, not read yet; sha-256 of each file, 64 hex digits, by name; files not read."""

    tables: dict[str, pa.Table]
    parts: tuple[Part, ...]
    sha256: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()  # of the folder: .csv and .parquet files that are no table

    @classmethod
    def of(cls, source: Path | str | Mapping[str, Any]) -> Inputs:
        """The tables of a folder, or given by name.

        A folder has one .csv or .parquet file a table. Instead of ``machine_hours`` and ``cpu_usage`` it may have
        folders of these names with Parquet files, one of each name in both: a region and day, say.

        Raises:
            FleetError: a missing or unknown table, or one that cannot be read.
        """
        found = _in_folder(Path(source)) if isinstance(source, (str, Path)) else dict(source)
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
        ignored = _others(Path(source), set(found)) if isinstance(source, (str, Path)) else ()
        return cls(small, parts, _hashes(found.values()), ignored)


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


def _others(folder: Path, tables: set[str]) -> tuple[str, ...]:
    """Files by other names or endings, which may be misspelled tables."""
    files = (each for each in folder.iterdir() if each.is_file() and each.name not in _read(tables))
    named = (each for each in files if each.suffix.lower() in _SUFFIXES or each.name.split(".")[0].lower() in TABLES)
    return tuple(sorted(each.name for each in named))


def _read(tables: set[str]) -> set[str]:
    return {f"{name}{suffix}" for name in tables for suffix in _SUFFIXES}


def _parts(power: Any, usage: Any) -> tuple[Part, ...]:
    folders = [isinstance(each, Path) and each.is_dir() for each in (power, usage)]
    if not any(folders):
        return (Part(_name(power), power, usage),)
    if not all(folders):
        raise FleetError("one is a folder and one is not", where="machine_hours, cpu_usage", todo="Give two folders.")
    names = [_partitions(folder) for folder in (power, usage)]
    if odd := sorted(names[0] ^ names[1]):
        raise FleetError(f"{odd[0]} is in one folder only", where="machine_hours, cpu_usage")
    if not names[0]:
        raise FleetError("there is no Parquet file in it", where=str(power))
    return tuple(Part(str(each), power / each, usage / each) for each in sorted(names[0]))


def _partitions(folder: Path) -> set[Path]:
    """The files of a folder of partitions: Parquet, all of them, and links are not followed."""
    found = set()
    for each in folder.rglob("*"):
        if each.name.startswith((".", "_")):  # what Spark and others leave beside the files
            continue
        if each.is_symlink() or (each.is_file() != (each.suffix == ".parquet")):
            what = f"{each.relative_to(folder)} is no Parquet file"
            raise FleetError(what, where=str(folder), todo="Keep files *.parquet only, in folders that are no links.")
        found |= {each.relative_to(folder)} if each.is_file() else set()
    return found


def _name(power: Any) -> str:
    return power.name if isinstance(power, Path) else "machine_hours"


def _hashes(sources: Any) -> dict[str, str]:
    paths = [Path(each) for each in sources if isinstance(each, (str, Path))]
    files = [(path.name, path) for path in paths if path.is_file()]
    files += [
        (f"{path.name}/{each.relative_to(path)}", each)
        for path in paths
        if path.is_dir()
        for each in path.rglob("*.parquet")
    ]
    return {name: _sha256(path) for name, path in sorted(files)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
