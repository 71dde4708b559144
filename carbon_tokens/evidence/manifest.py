"""What is held as evidence and until when: one JSON record an event, added and never changed.

    kept      cid, commitment, name hash, recipients, size, kept until, and the CID that it replaces, if any
    deleted   cid

Each record has the sha-256 of the line before it, so that a change or a gap is seen by whoever has the last hash; 64
zeros stand in the first one. Records hold no name and no salt. A record is one line that ends with its line feed: a
last line without one is what somebody who was killed left, it was never said to be kept, and the next record takes its
place. A file is deleted after its date only, or while the same file is held, for no shorter time, under another CID.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from carbon_tokens.errors import EvidenceLost, EvidenceRefused
from carbon_tokens.evidence import sealing
from carbon_tokens.evidence.checks import Finding, fault, findings
from carbon_tokens.evidence.cid import digest_of
from carbon_tokens.evidence.sealing import Opened
from carbon_tokens.evidence.store import Store

FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Item:
    """A sealed file that is held. ``kept_until``: UTC seconds; hashes: 64 hex digits; ``size``: of the sealed bytes."""

    cid: str
    commitment: str
    name_hash: str
    recipients: tuple[str, ...]
    size: int
    kept_until: int
    replaces: str = ""


class Manifest:
    """A file of records. It is read whole; one process at a time adds to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def items(self) -> dict[str, Item]:
        """What is held, by CID. Raises EvidenceLost as ``records``."""
        found = dict[str, Item]()
        for each in self.records():
            if each["event"] == "kept":
                found[each["cid"]] = _item(each)
            else:
                found.pop(each["cid"], None)
        return found

    def item(self, cid: str) -> Item:
        """What is held under a CID. Raises EvidenceRefused if nothing is."""
        digest_of(cid)
        found = self.items().get(cid)
        if found is None:
            raise EvidenceRefused(f"{cid} is in no record of what is held", where=str(self.path))
        return found

    def records(self) -> list[dict[str, Any]]:
        """All records in order. Raises EvidenceLost by file:row if one was changed or is missing."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        return self._read(content)

    def add(self, event: str, **values: Any) -> None:
        """Adds a record, which is on the disk when this returns. Raises EvidenceLost as ``records``."""
        with self._alone() as file:
            content = file.read()
            kept = content[: content.rfind(b"\n") + 1]
            self._read(kept)
            previous = _hash(kept[:-1].rpartition(b"\n")[2]) if kept else FIRST
            file.truncate(len(kept))
            file.seek(len(kept))
            record = {"event": event, "at": int(time.time()), **values, "previous": previous}
            file.write(json.dumps(record, sort_keys=True, separators=(",", ":")).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _alone(self) -> Iterator[BinaryIO]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(number, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _read(self, content: bytes) -> list[dict[str, Any]]:
        found, previous = list[dict[str, Any]](), FIRST
        for row, line in enumerate(content.split(b"\n")[:-1], 1):
            record = _record(line)
            if record is None or record["previous"] != previous:
                todo = "Restore it from a copy: what follows cannot be trusted."
                raise EvidenceLost("a record was changed or is missing", where=f"{self.path}:{row}", todo=todo)
            found.append(record)
            previous = _hash(line)
        return found


class Archive:
    """A store and the manifest of what it holds."""

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.store, self.manifest = store, manifest

    def put(self, file: Opened, recipients: Sequence[str], kept_until: int, replaces: str = "") -> Item:
        """Seals a file, keeps it, and records it. Raises EvidenceError as ``sealing.seal`` and the store do."""
        sealed = sealing.seal(file, recipients)
        cid = self.store.put(sealed)
        item = Item(cid, file.commitment.hex(), file.name_hash.hex(), tuple(dict.fromkeys(recipients)), len(sealed),
                    kept_until, replaces)  # fmt: skip
        self.manifest.add("kept", **asdict(item))
        return item

    def open(self, cid: str, identities: Sequence[str]) -> Opened:
        """The file of a record. Raises EvidenceError if it is not held, altered, or not to be opened."""
        item = self.manifest.item(cid)
        return sealing.open_(self.store.get(cid), identities, bytes.fromhex(item.commitment))

    def reseal(self, cid: str, identities: Sequence[str], recipients: Sequence[str]) -> Item:
        """The same file for other recipients, who replace those before: another CID, the same commitment and date.

        The bytes before stay until they are deleted; who could read them may have a copy of them anyway.
        """
        item = self.manifest.item(cid)
        return self.put(self.open(cid, identities), recipients, item.kept_until, cid)

    def delete(self, cid: str, now: int | None = None) -> None:
        """Removes a file and records it. Raises EvidenceRefused before its date if no other copy of it is held."""
        item, now = self.manifest.item(cid), int(time.time()) if now is None else now
        if now < item.kept_until and not any(not fault(self.store, each.cid) for each in self._others(item)):
            day = datetime.fromtimestamp(item.kept_until, UTC)
            what = f"{cid} is kept until {day:%Y-%m-%d}"
            raise EvidenceRefused(what, where=self.store.name, todo="Delete it after that day.")
        self.manifest.add("deleted", cid=cid)  # first: a record without its file would look like a loss
        self.store.delete(cid)

    def discard(self, cid: str) -> None:
        """Removes what is in no record: whoever put it was killed before. Raises EvidenceRefused if it is in one."""
        digest_of(cid)
        if cid in self.manifest.items():
            raise EvidenceRefused(f"{cid} is recorded", where=self.store.name, todo="Delete it by its date.")
        self.store.delete(cid)

    def check(self) -> list[Finding]:
        """Reads all that is held; none if every byte is as it was put, and nothing else is there."""
        return findings(self.store, self.manifest.items())

    def _others(self, item: Item) -> list[Item]:
        return [
            each for each in self.manifest.items().values()
            if each.cid != item.cid and each.commitment == item.commitment and each.kept_until >= item.kept_until
        ]  # fmt: skip


def _item(record: dict[str, Any]) -> Item:
    values: dict[str, Any] = {name: record[name] for name in Item.__slots__}
    return Item(**values | {"recipients": tuple(record["recipients"])})


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    sound = isinstance(found, dict) and found.get("event") in ("kept", "deleted") and "cid" in found
    whole = sound and "previous" in found and (found["event"] == "deleted" or set(Item.__slots__) <= set(found))
    return found if whole else None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
