"""A fleet's tables in a folder (or in memory), and the hash of every file, so that a result names what it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa

from carbon_tokens.allocation.fleet import tables
from carbon_tokens.allocation.fleet.columns import BY_MACHINE, PARTITIONED, REQUIRED, TABLES
from carbon_tokens.allocation.fleet.store import Held, Store, Stored, is_uri, listed, shown
from carbon_tokens.errors import FleetError
from carbon_tokens.evidence.sealing import SALT_SUFFIX

_SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Part:
    """One partition, of whole cluster-hours: where its machine-hours and its CPU time come from."""

    name: str
    power: Any
    usage: Any
    hashes: tuple[str, str] | None = None  # of both files, when they were listed

    def read(self) -> tuple[pa.Table, pa.Table]:
        """Machine-hours and CPU time. Raises FleetError as ``tables.read``."""
        power, usage = self.hashes or (None, None)
        return tables.read(self.power, "machine_hours", power), tables.read(self.usage, "cpu_usage", usage)

    @property
    def sha256(self) -> str | None:
        """Of both files; None if they are no files."""
        return " ".join(self.hashes) if self.hashes else None


@dataclass(frozen=True, slots=True)
class Inputs:
    """Small tables, read; partitions, not read yet; sha-256 of each file, 64 hex digits, by name; files not read."""

    tables: dict[str, pa.Table]
    parts: tuple[Part, ...]
    sha256: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()  # of the folder: .csv and .parquet files that are no table

    @classmethod
    def of(cls, source: Path | str | Store | Mapping[str, Any]) -> Inputs:
        """The tables of a folder (a path, the URI of an object store, or a Store), or given by name.

        A folder has one .csv or .parquet file a table. Instead of ``machine_hours`` and ``cpu_usage`` it may have
        folders of these names with Parquet files, one of each name in both: a region and day, say.

        Raises:
            FleetError: a missing or unknown table, or one that cannot be read.
        """
        found, ignored = _given(source)
        where = shown(source) if isinstance(source, (str, Path, Store)) else "tables"
        if unknown := sorted(set(found) - set(TABLES)):
            known = ", ".join(sorted(TABLES))
            raise FleetError(f"table {unknown[0]!r} is unknown", where=where, todo=f"Tables: {known}.")
        optional = BY_MACHINE if "activity" in found and not set(BY_MACHINE) & set(found) else ()
        if missing := [name for name in REQUIRED if name not in found and name not in optional]:
            raise FleetError(f"no table {', '.join(missing)}", where=where, todo="Give CSV or Parquet.")
        held = {name: _held(each) for name, each in found.items() if name not in PARTITIONED}
        small = {name: tables.read(each, name) for name, each in held.items()}
        small |= {"machines": tables.empty("machines")} if optional else {}
        parts = () if optional else _parts(found["machine_hours"], found["cpu_usage"])
        hashes = {_place(found[name]): each.sha256 for name, each in held.items() if isinstance(each, Held)}
        return cls(small, parts, dict(sorted({**hashes, **_of_parts(parts, found)}.items())), ignored)


def _given(source: Path | str | Store | Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Tables by name, and files of the folder that are none."""
    if isinstance(source, Store) or (isinstance(source, str) and is_uri(source)):
        return _in_store(source)
    if isinstance(source, (str, Path)):
        found = _in_folder(Path(source))
        files = [each.name for each in Path(source).iterdir() if each.is_file()]
        return dict(found), _others(files, found)
    return {name: Path(each) if isinstance(each, str) else each for name, each in source.items()}, ()


def _in_store(folder: str | Store) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The same of an object store: a file a table, and the files of each folder of partitions."""
    files = [each for each in listed(folder) if not any(part.startswith((".", "_")) for part in each.place.split("/"))]
    top = {each.name: each for each in files if each.place == each.name}
    found: dict[str, Any] = {}
    for name in TABLES:
        parts = tuple(each for each in files if each.place.startswith(f"{name}/")) if name in PARTITIONED else ()
        present = [top[f"{name}{suffix}"] for suffix in _SUFFIXES if f"{name}{suffix}" in top] + [parts] * bool(parts)
        if len(present) > 1:
            raise FleetError(f"table {name} is there twice", where=shown(folder), todo="Keep one of them.")
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
    known = file.suffix.lower() in _SUFFIXES or file.name.split(".")[0].lower() in TABLES
    return known and file.suffix != SALT_SUFFIX


def _parts(power: Any, usage: Any) -> tuple[Part, ...]:
    folders = [isinstance(each, tuple) or (isinstance(each, Path) and each.is_dir()) for each in (power, usage)]
    if not any(folders):
        return (Part(_name(power), power, usage, _sha256(power, usage)),)
    if not all(folders):
        raise FleetError("one is a folder and one is not", where="machine_hours, cpu_usage", todo="Give two folders.")
    first, second = (_partitions(each) for each in (power, usage))
    if odd := sorted(set(first) ^ set(second)):
        raise FleetError(f"{odd[0]} is in one folder only", where="machine_hours, cpu_usage")
    if not first:
        raise FleetError("there is no Parquet file in it", where=str(power))
    return tuple(Part(each, first[each], second[each], _sha256(first[each], second[each])) for each in sorted(first))


def _partitions(folder: Path | tuple[Stored, ...]) -> dict[str, Path | Stored]:
    """The files of a folder of partitions by their place in it: Parquet, all of them, and links are not followed."""
    if isinstance(folder, tuple):
        folder = tuple(each for each in folder if each.suffix != SALT_SUFFIX)
        if other := [each.place for each in folder if each.suffix != ".parquet"]:
            raise FleetError(
                f"{other[0]} is no Parquet file", where=shown(folder[0].folder), todo="Keep *.parquet only."
            )
        return {each.place.partition("/")[2]: each for each in folder}
    found: dict[str, Path | Stored] = {}
    for each in folder.rglob("*"):
        if each.name.startswith((".", "_")) or each.suffix == SALT_SUFFIX:  # left there by Spark, others, and audits
            continue
        if each.is_symlink() or (each.is_file() != (each.suffix == ".parquet")):
            what = f"{each.relative_to(folder)} is no Parquet file"
            raise FleetError(what, where=str(folder), todo="Keep files *.parquet only, in folders that are no links.")
        if each.is_file():
            found[str(each.relative_to(folder))] = each
    return found


def _name(power: Any) -> str:
    return power.name if isinstance(power, (Path, Stored)) else "machine_hours"


def _held(source: Any) -> Any:
    """A file in memory, so that what is hashed is what is parsed; anything else as it is. Raises FleetError."""
    if not isinstance(source, (Path, Stored)):
        return source
    try:
        return Held.of(source)
    except OSError as error:
        raise FleetError(f"cannot be read ({error.strerror})", where=source.name) from error


def _sha256(power: Any, usage: Any) -> tuple[str, str] | None:
    first, second = _held(power), _held(usage)
    return (first.sha256, second.sha256) if isinstance(first, Held) and isinstance(second, Held) else None


def _place(file: Path | Stored) -> str:
    return file.place if isinstance(file, Stored) else file.name


def _of_parts(parts: tuple[Part, ...], found: Mapping[str, Any]) -> dict[str, str]:
    """sha-256 of the files of partitions, by their place in the folder."""
    made: dict[str, str] = {}
    for part in parts:
        for name, file, sha256 in zip(PARTITIONED, (part.power, part.usage), part.hashes or (), strict=False):
            whole = isinstance(found[name], Path) and found[name].is_dir()
            made[f"{found[name].name}/{part.name}" if whole else _place(file)] = sha256
    return made
