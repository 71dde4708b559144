"""Evidence in a local folder, one file of mode 0400 each, named by its CID.

A file is written beside its place, brought to the disk (fsync), and linked to its name, which a link never takes from
another file: whoever is killed in between leaves either nothing under the name or the whole file. The folder is brought
to the disk as well, so that what ``put`` said is true after a power failure.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from carbon_tokens.errors import EvidenceError
from carbon_tokens.evidence.cid import cid_of, digest_of
from carbon_tokens.evidence.store import checked, missing

_PART = ".incoming-"
_LEFT_S = 3600  # after which a part that nobody finished is removed


class Folder:
    """A folder as a store of evidence; made, for its owner only, by the first ``put``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return f"folder {self.path}"

    def put(self, content: bytes) -> str:
        cid = cid_of(content)
        if self.has(cid):
            self.get(cid)
            return cid
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            self._write(content, self.path / cid)
        except OSError as error:
            raise EvidenceError(f"{cid} cannot be written ({error.strerror})", where=self.name) from error
        return cid

    def get(self, cid: str) -> bytes:
        digest_of(cid)  # nothing else becomes a path
        try:
            return checked((self.path / cid).read_bytes(), cid, self.name)
        except FileNotFoundError:
            raise missing(cid, self.name) from None
        except OSError as error:
            raise EvidenceError(f"{cid} cannot be read ({error.strerror})", where=self.name) from error

    def has(self, cid: str) -> bool:
        digest_of(cid)
        return (self.path / cid).is_file()

    def delete(self, cid: str) -> None:
        digest_of(cid)
        try:
            (self.path / cid).unlink(missing_ok=True)
            if self.path.is_dir():
                _to_disk(self.path)
        except OSError as error:
            raise EvidenceError(f"{cid} cannot be deleted ({error.strerror})", where=self.name) from error

    def names(self) -> Iterator[str]:
        if self.path.is_dir():
            yield from (each.name for each in self.path.iterdir() if each.name.startswith("bafkrei"))

    def _write(self, content: bytes, place: Path) -> None:
        number, part = tempfile.mkstemp(prefix=_PART, dir=self.path)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), 0o400)
                os.fsync(file.fileno())
            try:
                os.link(part, place)
            except FileExistsError:  # another wrote the same meanwhile
                checked(place.read_bytes(), place.name, self.name)
        finally:
            Path(part).unlink()
        _to_disk(self.path)

    def _sweep(self) -> None:
        """Removes what was left by those who were killed while they wrote."""
        for part in self.path.glob(f"{_PART}*"):
            with suppress(FileNotFoundError):  # its writer is done with it
                if part.stat().st_mtime < time.time() - _LEFT_S:
                    part.unlink()


def _to_disk(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
