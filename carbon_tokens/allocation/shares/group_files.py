"""A confidential group on disk: a new folder that only its owner can read, written whole or not at all.

``group.secret.csv`` holds every member's share, salt and blinding, in the order of the tree: whoever has it can open
all of them. ``shares.csv`` is what ``commit --shares`` takes: the tenants that stand by themselves, and the group.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from carbon_tokens.allocation.shares.confidential import Group, Member
from carbon_tokens.allocation.shares.merkle_sum import Progress
from carbon_tokens.allocation.shares.share import Share, tenant_of
from carbon_tokens.allocation.shares.table import COLUMNS, SALTED
from carbon_tokens.errors import AllocationError

SECRET, SHARES = "group.secret.csv", "shares.csv"
_COLUMNS = [*SALTED, "blinding"]
_AMOUNT, _HASH = re.compile("[0-9]{1,15}"), re.compile("0x[0-9a-f]{64}")


def write(folder: Path, group: Group, plain: Sequence[Share]) -> None:
    """Writes a group, and the shares to commit, into a new folder.

    Raises:
        AllocationError: the folder exists (its blindings must not be lost), or cannot be written.
    """
    if folder.exists():
        raise AllocationError("exists already", where=str(folder), todo="Give a new folder; the old one keeps secrets.")
    draft = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        rows = ((*_row(each.share), f"0x{each.share.salt.hex()}", f"0x{each.blinding:064x}") for each in group.members)
        _write(draft / SECRET, _COLUMNS, rows)
        own = (f"0x{group.tenant.hex()}", group.amounts.energy_wh, group.amounts.location_g, group.amounts.market_g)
        _write(draft / SHARES, COLUMNS, [*map(_row, plain), own])
        draft.rename(folder)
    except OSError as error:
        raise AllocationError(f"cannot be written ({error.strerror})", where=str(folder)) from error


def read(folder: Path, *, progress: Progress | None = None) -> Group:
    """The group in a folder, its tree built again.

    Raises:
        AllocationError: no such file, or a row that is no member, by file:row.
        DuplicateTenant: a tenant in two rows.
    """
    path = folder / SECRET
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AllocationError(f"cannot be read ({error})", where=str(path)) from error
    if rows[:1] != [_COLUMNS]:
        raise AllocationError(f"the columns are not {', '.join(_COLUMNS)}", where=f"{path.name}:1")
    return Group([_member(path.name, row, cells) for row, cells in enumerate(rows[1:], 2)], progress=progress)


def _member(name: str, row: int, cells: Sequence[str]) -> Member:
    forms = (None, *[_AMOUNT] * 3, _HASH, _HASH)
    sound = len(cells) == len(forms)
    if not sound or not all(form is None or form.fullmatch(cell) for form, cell in zip(forms, cells, strict=True)):
        raise AllocationError("this is no member of a group", where=f"{name}:{row}", todo="Restore the file.")
    try:
        energy, location, market = map(int, cells[1:4])
        share = Share(tenant_of(cells[0]), energy, location, market, bytes.fromhex(cells[4][2:]))
        return Member(share, int(cells[5], 16))
    except AllocationError as error:
        raise AllocationError(str(error), where=f"{name}:{row}") from error


def _row(share: Share) -> tuple[str, int, int, int]:
    return f"0x{share.tenant.hex()}", share.energy_wh, share.location_g, share.market_g


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
