"""Files of a fleet, here or in an object store: read whole, so that the bytes that are hashed are those parsed.

Any file system of Arrow will do (s3://, gs://, abfs://, hdfs://, or one that is handed over as a ``Store``). A store's
endpoint goes into the URI (``s3://bucket/fleet?endpoint_override=store.example:9000``), keys into the environment
(AWS_ACCESS_KEY_ID …), because a URI stands in results, errors and histories of shells.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs

from carbon_tokens.errors import FleetError

_SECRET = re.compile(r"([?&][^=&]*(?:key|secret|token|password|sas)[^=&]*=)[^&]*", re.IGNORECASE)
_KEYS = re.compile(
    r"(?<=://)[^?@]*:[^?]*@"
)  # a secret may have slashes in it, so it is no part of the host for a parser


def is_uri(source: object) -> bool:
    return isinstance(source, str) and "://" in source


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of a pyarrow file system that the caller has opened, with keys of its own; workers get a copy of it."""

    system: Any
    folder: str

    def __str__(self) -> str:
        return f"{self.system.type_name}://{self.folder}"


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of a store: the folder (its URI, which workers open themselves, or a Store), and its place below it."""

    folder: str | Store
    place: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.place).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.place).suffix

    def read(self) -> pa.Buffer:
        """The whole file. Raises FleetError if it is gone or must not be read."""
        system, base = _opened(self.folder)
        try:
            with system.open_input_stream(f"{base}/{self.place}") as stream:
                return pa.py_buffer(stream.read())
        except OSError as error:
            raise FleetError(f"cannot be read ({_said(error, self.folder)})", where=self.place) from error


@dataclass(frozen=True, slots=True)
class Held:
    """A file's bytes in memory."""

    name: str
    content: pa.Buffer

    @classmethod
    def of(cls, file: Path | Stored) -> Held:
        """Raises FleetError, or OSError of a local file."""
        return cls(file.name, file.read() if isinstance(file, Stored) else pa.py_buffer(file.read_bytes()))

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    @property
    def sha256(self) -> str:
        """64 hex digits."""
        return hashlib.sha256(self.content).hexdigest()


def listed(folder: str | Store) -> list[Stored]:
    """All files of a folder of a store, those below it too, by place.

    Raises:
        FleetError: keys in the URI, no such store or folder, no access, nothing in it.
    """
    system, base = _opened(folder)
    try:
        found = system.get_file_info(pyarrow.fs.FileSelector(base, recursive=True))
    except OSError as error:
        raise FleetError(f"cannot be listed ({_said(error, folder)})", where=shown(folder)) from error
    files = [each.path.removeprefix(f"{base}/") for each in found if each.type == pyarrow.fs.FileType.File]
    if not files:
        raise FleetError("there is nothing in it", where=shown(folder), todo="Give the folder of the fleet's tables.")
    return [Stored(folder, each) for each in sorted(files)]


def shown(folder: object) -> str:
    """A folder as it may be written down: without what may be a key."""
    return _SECRET.sub(r"\1…", _KEYS.sub("…@", str(folder)))


def _opened(folder: str | Store) -> tuple[Any, str]:
    """The file system, and the folder on it. Raises FleetError: keys in the URI, or no such kind of store."""
    return (folder.system, folder.folder.rstrip("/")) if isinstance(folder, Store) else _of_uri(folder)


@cache
def _of_uri(folder: str) -> tuple[Any, str]:
    if shown(folder) != folder or (folder.lower().startswith("s3:") and urlsplit(folder).username):
        where = re.sub(r"(?<=://)[^/?]*@", "…@", shown(folder))
        todo = "Give them in the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for s3."
        raise FleetError("keys in a URI are seen by others", where=where, todo=todo)
    try:
        system, base = pyarrow.fs.FileSystem.from_uri(folder)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise FleetError(f"is no store that can be opened ({_said(error, folder)})", where=folder) from error
    return system, base.rstrip("/")


def _said(error: Exception, folder: object) -> str:
    return str(error).splitlines()[0].replace(str(folder), shown(folder))
