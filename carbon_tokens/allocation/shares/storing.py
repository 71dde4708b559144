"""An allocation on disk: a folder from which every proof can be made again.

``shares.secret.csv`` holds the shares with their salts. Whoever has it can find out every tenant's amounts, and without
it no proof can be made for a root that stands on chain: keep it secret, and keep it. ``details.secret.jsonl`` has, in
a line a tenant, what its share is made of and the secret behind its salt, if it was made with details (``detail``).
``allocation.json`` holds what the operator commits: account, version, depth, totals and root.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from carbon_tokens.allocation.shares.allocation import Allocation
from carbon_tokens.allocation.shares.detail import Bound, lines_of_details
from carbon_tokens.allocation.shares.merkle_sum import LANES, Progress
from carbon_tokens.allocation.shares.proof import octets, parse
from carbon_tokens.allocation.shares.share import Amounts
from carbon_tokens.allocation.shares.table import lines_of, read_shares
from carbon_tokens.errors import AllocationError

TYPE = "carbon-tokens/allocation/1"
HEADER, SHARES, DETAILS = "allocation.json", "shares.secret.csv", "details.secret.jsonl"
_NAMES = {"type", "audited_id", "version", "tenants", "depth", "root", *LANES}
_NONE: Mapping[bytes, Bound] = {}


@dataclass(frozen=True, slots=True)
class StoredAllocation:
    """An allocation and the account that it was made for: id of its audited token, and version."""

    allocation: Allocation
    audited_id: int
    version: int

    @property
    def root(self) -> bytes:
        """What is stored on chain, 32 bytes."""
        return self.allocation.root(self.audited_id, self.version)

    def to_json(self) -> dict[str, Any]:
        """What is committed; nothing of it is secret."""
        return {
            "type": TYPE,
            "audited_id": f"0x{self.audited_id:064x}",
            "version": self.version,
            "tenants": len(self.allocation),
            "depth": self.allocation.depth,
            "root": "0x" + self.root.hex(),
            **{name: getattr(self.allocation.totals, name) for name in LANES},
        }


def write(
    folder: Path | str, allocation: Allocation, audited_id: int, version: int, details: Mapping[bytes, Bound] = _NONE
) -> StoredAllocation:
    """Writes an allocation into a new folder that only its owner can read, whole or not at all.

    Args:
        details: what shares are made of, by tenant.

    Raises:
        AllocationError: the folder exists (salts of a committed root must not be lost), or cannot be written.
    """
    folder, stored = Path(folder), StoredAllocation(allocation, audited_id, version)
    header = rfc8785.dumps(stored.to_json()).decode()
    if folder.exists():
        raise AllocationError("exists already", where=str(folder), todo="Give a new folder; the old one keeps salts.")
    draft = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        _write(draft / SHARES, lines_of(allocation))
        if details:
            _write(draft / DETAILS, lines_of_details(details))
        _write(draft / HEADER, [header])
        draft.rename(folder)
    except OSError as error:
        raise AllocationError(f"cannot be written ({error.strerror})", where=str(folder)) from error
    return stored


def read(folder: Path | str, *, progress: Progress | None = None) -> StoredAllocation:
    """The allocation in a folder, with its tree built again and its root compared.

    Raises:
        AllocationError: a file is missing, unreadable or changed since it was written.
    """
    folder = Path(folder)
    try:
        header = parse((folder / HEADER).read_bytes(), TYPE, _NAMES)
    except OSError as error:
        raise AllocationError(f"cannot be read ({error.strerror})", where=str(folder / HEADER)) from error
    account, version = int.from_bytes(octets("audited_id", header["audited_id"])), header["version"]
    totals = Amounts(*(header[name] for name in LANES))
    shares = read_shares(folder / SHARES, salted=True)
    stored = StoredAllocation(Allocation(shares, totals, progress=progress), account, version)
    if wrong := [name for name, value in stored.to_json().items() if header[name] != value]:
        raise AllocationError(
            f"{SHARES} does not give the {', '.join(wrong)} of {HEADER}", where=str(folder), todo="Use the original."
        )
    return stored


def _write(path: Path, lines: Iterable[str]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
