"""From entries of registries to batches that can be issued, and a list of all others with the reason.

An entry is kept if its serials are as many as its MWh or t, its vintage is in order, no serial of it stands in another
entry of any file, and, for a REC whose quality criteria are given, all of them are met. Of entries that overlap none is
kept: which is right is for the registry to say. Nothing is dropped silently: kept and rejected are all there were.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from carbon_tokens.errors import StatementError
from carbon_tokens.registries.criteria import Criteria
from carbon_tokens.registries.forms import PER_UNIT, Entry
from carbon_tokens.statements.certificate import CertificateBatch
from carbon_tokens.statements.certificate_table import COLUMNS

REJECT_COLUMNS = ("where", "registry", "source", "serials", "amount", "why")
_MORE = ("name", "technology", "note")


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

    def to_json(self) -> dict[str, Any]:
        """Counts, Wh of RECs and g of offsets, in all and by registry; rejects by row and counted by reason."""
        sums: dict[str, dict[str, int]] = {}
        for batch, _ in self.batches:
            of = sums.setdefault(batch.registry, {"batches": 0, "energy_wh": 0, "mass_g": 0})
            of["batches"] += 1
            of["energy_wh" if batch.token_class == "rec" else "mass_g"] += batch.amount
        reasons = sorted({why for each in self.rejects for why in each.why})
        return {
            "batches": len(self.batches),
            "energy_wh": sum(of["energy_wh"] for of in sums.values()),
            "mass_g": sum(of["mass_g"] for of in sums.values()),
            "registries": {name: sums[name] for name in sorted(sums)},
            "reasons": {why: sum(why in each.why for each in self.rejects) for why in reasons},
            "rejected": [{"row": each.entry.where, "reason": "; ".join(each.why)} for each in self.rejects],
        }


def check(entries: Sequence[Entry], criteria: Criteria | None = None) -> Checked:
    """Batches and rejects of all entries; together they are as many as the entries."""
    overlaps = _overlaps(entries)
    kept: list[tuple[CertificateBatch, Entry]] = []
    rejects = []
    for at, entry in enumerate(entries):
        why = [*_faults(entry, criteria), *overlaps.get(at, [])]
        batch = None
        if not why:
            try:
                batch = _batch(entry)
            except StatementError as error:
                why.append(f"{error.where} {error.what}".strip())
        if batch:
            kept.append((batch, entry))
        else:
            rejects.append(Reject(entry, tuple(why)))
    order = sorted(kept, key=lambda pair: (pair[0].token_class, pair[0].registry, pair[0].source, pair[0].serial_from))
    return Checked(tuple(order), tuple(rejects))


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
            ranges.setdefault((entry.registry, entry.series), []).append(at)
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
    for path in (batches, rejects):
        if path.exists():
            raise StatementError("this file exists", where=str(path), todo="Name another; nothing is overwritten.")
    with batches.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow((*COLUMNS, *_MORE))
        table.writerows(_row(batch, entry) for batch, entry in checked.batches)
    with rejects.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(REJECT_COLUMNS)
        for each in checked.rejects:
            entry = each.entry
            table.writerow(
                (entry.where, entry.registry, entry.source, entry.serials, entry.amount, "; ".join(each.why))
            )


def _row(batch: CertificateBatch, entry: Entry) -> list[object]:
    values = {name: getattr(batch, name) for name in COLUMNS}
    for name in ("vintage_start", "vintage_end"):
        values[name] = f"{datetime.fromtimestamp(values[name], UTC):%Y-%m-%dT%H:%M:%SZ}"
    note = f"{entry.where}; retired for {entry.beneficiary}" if entry.beneficiary else entry.where
    return [*(values[name] for name in COLUMNS), entry.name, entry.technology, note]
