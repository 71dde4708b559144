"""From entries of registries to batches that can be issued, and a list of all others with the reason.

An entry is kept if its serials are as many as its MWh or t, its vintage is in order, no serial of it stands in another
entry of any file or in a table of what was issued before, and, for a REC whose quality criteria are given, all of them
are met. Of entries that overlap none is kept: which is right is for the registry to say. Nothing is dropped silently:
kept and rejected are all there were.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from carbon_tokens.errors import StatementError
from carbon_tokens.registries.criteria import Criteria
from carbon_tokens.registries.entries import BLOCKS, PER_UNIT, Entry, block, counted_in, entered
from carbon_tokens.statements import certificate_table
from carbon_tokens.statements.certificate import CertificateBatch
from carbon_tokens.statements.certificate_table import COLUMNS

REJECT_COLUMNS = ("where", "registry", "source", "serials", "amount", "why")
_MORE = ("name", "technology", "note")
_TOTALS = {"rec": "energy_wh", "offset": "mass_g"}


@dataclass(frozen=True, slots=True)
class Reject:
    """An entry that cannot be issued, and every reason why."""

    entry: Entry
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """Batches in the order of registry, source and serials, each with its entry; and the rejects in file order."""

    batches: tuple[tuple[CertificateBatch, Entry], ...]
    rejects: tuple[Reject, ...]
    criteria: Criteria | None = None

    def to_json(self) -> dict[str, Any]:
        """Counts, Wh of RECs and g of offsets, in all, by registry and by file; rejects by row and by reason."""
        sums: dict[str, dict[str, int]] = {}
        for batch, _ in self.batches:
            of = sums.setdefault(batch.registry, {"batches": 0, "energy_wh": 0, "mass_g": 0})
            of["batches"] += 1
            of[_TOTALS[batch.token_class]] += batch.amount
        reasons = Counter(why for each in self.rejects for why in dict.fromkeys(each.why))
        return {
            "batches": len(self.batches),
            "energy_wh": sum(of["energy_wh"] for of in sums.values()),
            "mass_g": sum(of["mass_g"] for of in sums.values()),
            "registries": {name: sums[name] for name in sorted(sums)},
            "files": self._files(),
            "criteria": self._criteria(),
            "reasons": {why: reasons[why] for why in sorted(reasons)},
            "rejected": [{"row": each.entry.where, "reason": "; ".join(each.why)} for each in self.rejects],
        }

    def _files(self) -> list[dict[str, Any]]:
        """What each file holds: its kind, its rows, and of them the batches and their Wh or g."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        kept = [(entry, batch.amount) for batch, entry in self.batches]
        for entry, amount in [*kept, *((each.entry, None) for each in self.rejects)]:
            total = _TOTALS[entry.token_class]
            blank = {"file": entry.file, "kind": entry.kind, "rows": 0, f"stated_{total}": 0, "batches": 0, total: 0}
            of = found.setdefault((entry.file, entry.file_sha256), blank)
            of["rows"] += 1
            of[f"stated_{total}"] += max(entry.amount, 0)
            of["batches"] += amount is not None
            of[total] += amount or 0
        return [{**found[key], "rejected": found[key]["rows"] - found[key]["batches"]} for key in sorted(found)]

    def _criteria(self) -> dict[str, Any] | None:
        """The answers for every device of a REC that was read, and whether its certificates may be applied."""
        entries = [*(entry for _, entry in self.batches), *(each.entry for each in self.rejects)]
        asked = {entry.source for entry in entries if entry.token_class == "rec" and not entry.faults}
        return self.criteria.to_json(sorted(asked)) if self.criteria else None


def check(entries: Sequence[Entry], criteria: Criteria | None = None, issued: Sequence[Entry] = ()) -> Checked:
    """Batches and rejects of all entries; together they are as many as the entries.

    Args:
        issued: what was issued before (``issued_before``); no serial of it is kept again.
    """
    overlaps = _overlaps([*entries, *issued])
    kept: list[tuple[CertificateBatch, Entry]] = []
    rejects = []
    for at, each in enumerate(entries):
        why = [*_faults(each, criteria), *overlaps.get(at, [])]
        batch = None
        if not why:
            try:
                batch = _batch(each)
            except StatementError as error:
                why.append(f"{error.where} {error.what}".strip())
        if batch:
            kept.append((batch, each))
        else:
            rejects.append(Reject(each, tuple(why)))
    order = sorted(kept, key=lambda pair: (pair[0].token_class, pair[0].registry, pair[0].source, pair[0].serial_from))
    return Checked(tuple(order), tuple(rejects), criteria)


def issued_before(path: Path | str) -> list[Entry]:
    """The serials of a table that was issued, whoever wrote it.

    Raises:
        EnergyError, StatementError: no such table, or one whose serials do not name their block.
    """
    found = []
    for row in certificate_table.read(path):
        file, _, number = row.where.rpartition(":")
        batch = row.document
        if batch.registry.upper() in BLOCKS and not block(batch.serials):
            what = f"{batch.serials!r} names no block of {batch.registry}: nothing can be held against it"
            raise StatementError(what, where=row.where, todo="Write the range as the registry does.")
        of = {name: getattr(batch, name) for name in ("source", "serials", "serial_from", "serial_thru", "amount")}
        found.append(entered("issued", batch.token_class, batch.registry, of, file, "", int(number)))
    return found


def _faults(entry: Entry, criteria: Criteria | None) -> Iterable[str]:
    yield from entry.faults
    if entry.faults:
        return
    if not entry.source:
        yield "no device or project"
    count = entry.serial_thru - entry.serial_from + 1
    if count < 1:
        yield f"the serials end ({entry.serial_thru}) before they start ({entry.serial_from})"
    elif count * PER_UNIT != entry.amount:
        unit = "MWh" if entry.token_class == "rec" else "t"
        yield f"{count} serials for {entry.amount / PER_UNIT:g} {unit}"
    if entry.vintage_end <= entry.vintage_start:
        yield "the vintage ends before it starts"
    if entry.token_class == "rec":
        yield from criteria.unmet(entry.source) if criteria else ()


def _overlaps(entries: Sequence[Entry]) -> dict[int, list[str]]:
    """For each entry the places of others with a serial of it, by position."""
    ranges: dict[tuple[str, str], list[int]] = {}
    for at, entry in enumerate(entries):
        if 0 <= entry.serial_from <= entry.serial_thru:
            ranges.setdefault(counted_in(entry.registry, entry.serials), []).append(at)
    found: dict[int, list[str]] = {}
    for members in ranges.values():
        members.sort(key=lambda at: (entries[at].serial_from, entries[at].serial_thru, at))
        farthest = members[0]
        for at in members[1:]:
            if entries[at].serial_from <= entries[farthest].serial_thru:
                found.setdefault(at, []).append(f"has serials of {entries[farthest].where}")
                found.setdefault(farthest, []).append(f"has serials of {entries[at].where}")
            if entries[at].serial_thru > entries[farthest].serial_thru:
                farthest = at
    return found


def _batch(entry: Entry) -> CertificateBatch:
    return CertificateBatch(
        entry.token_class, entry.registry, entry.numbered, entry.serials, entry.serial_from, entry.serial_thru,
        entry.amount, entry.vintage_start, entry.vintage_end, "0x" + entry.file_sha256,
    )  # fmt: skip


def write(checked: Checked, batches: Path, rejects: Path) -> None:
    """Writes the table that ``issue`` takes, and the rejects with their reasons.

    Raises:
        StatementError: one of the files exists.
    """
    for path, other in ((batches, rejects), (rejects, batches)):
        if path.exists() or path.absolute() == other.absolute():
            what = "this file exists" if path.exists() else "batches and rejects cannot be one file"
            raise StatementError(what, where=str(path), todo="Name another; nothing is overwritten.")
    with batches.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow((*COLUMNS, *_MORE))
        table.writerows(_row(batch, each, checked.criteria) for batch, each in checked.batches)
    with rejects.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(REJECT_COLUMNS)
        for each in checked.rejects:
            entry = each.entry
            table.writerow(
                (entry.where, entry.registry, entry.source, entry.serials, entry.amount, "; ".join(each.why))
            )


def _row(batch: CertificateBatch, of: Entry, criteria: Criteria | None) -> list[object]:
    values = {name: getattr(batch, name) for name in COLUMNS}
    for name in ("vintage_start", "vintage_end"):
        values[name] = f"{datetime.fromtimestamp(values[name], UTC):%Y-%m-%dT%H:%M:%SZ}"
    met = f"meets its quality criteria by {criteria.file}" if criteria and of.token_class == "rec" else ""
    retired = f"retired for {of.beneficiary}" if of.beneficiary else ""
    note = "; ".join(filter(None, (of.where, retired, of.details, met)))
    return [*(values[name] for name in COLUMNS), of.name, of.technology, " ".join(note.split())]
