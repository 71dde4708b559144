"""Tables in an object store: files by URI, read whole, so that what is hashed and what is parsed are the same bytes.

Any file system of Arrow will do (s3://, gs://, abfs://, hdfs://). A store's endpoint goes into the URI
(``s3://bucket/fleet?endpoint_override=store.example:9000``), keys into the environment (AWS_ACCESS_KEY_ID …), because a
URI stands in results, errors and histories of shells.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs

from carbon_tokens.errors import FleetError


def is_uri(source: object) -> bool:
    return isinstance(source, str) and "://" in source


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of a store: the URI of the folder, and its place below it. Workers open it by these texts."""

    folder: str
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
            raise FleetError(f"cannot be read ({_said(error)})", where=self.place) from error

    @property
    def sha256(self) -> str:
        """Of its bytes, 64 hex digits."""
        return hashlib.sha256(self.read()).hexdigest()


def listed(folder: str) -> list[Stored]:
    """All files of a folder of a store, those below it too, by place.

    Raises:
        FleetError: keys in the URI, no such store or folder, no access, nothing in it.
    """
    system, base = _opened(folder)
    try:
        found = system.get_file_info(pyarrow.fs.FileSelector(base, recursive=True))
    except OSError as error:
        raise FleetError(f"cannot be listed ({_said(error)})", where=folder) from error
    files = [each.path.removeprefix(f"{base}/") for each in found if each.type == pyarrow.fs.FileType.File]
    if not files:
        raise FleetError("there is nothing in it", where=folder, todo="Give the folder of the fleet's tables.")
    return [Stored(folder, each) for each in sorted(files)]


@cache
def _opened(folder: str) -> tuple[Any, str]:
    """The file system of a URI, and the folder on it."""
    if urlsplit(folder).username or urlsplit(folder).password:
        bare = folder.replace(urlsplit(folder).netloc, urlsplit(folder).netloc.rpartition("@")[2])
        todo = "Give them in the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        raise FleetError("keys in a URI are seen by others", where=bare, todo=todo)
    try:
        system, base = pyarrow.fs.FileSystem.from_uri(folder)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise FleetError(f"is no store that can be opened ({_said(error)})", where=folder) from error
    return system, base.rstrip("/")


def _said(error: Exception) -> str:
    return str(error).splitlines()[0]
