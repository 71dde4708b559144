"""What is inside the stated emissions, as data: ``data/methodology/google-*.toml``.

The source changed its boundary: the edition of 2026 counts refrigerants, losses of transmission and distribution, and
the extraction of fuels, which the edition of 2024 leaves out [S, S26]. Its release notes of 2024-08-14 already announce
them, for the data of July 2024, so that the edition of 2024 must speak of the time before [I]. Two totals can only be
compared within one boundary: its id, its lists and the hash of its file go into every document that states a total. A
change of a boundary is a new file with a new id, never an edit.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from carbon_tokens import data_files
from carbon_tokens.errors import AllocationError, UnknownKey

BOUNDARIES = ("google-2024", "google-2026")
SCOPES = ("scope 1", "scope 2", "scope 3")


@dataclass(frozen=True, slots=True)
class Boundary:
    """One edition of the source's boundary. Items read ``scope 1: fuel burnt on site``, in the order of the file."""

    boundary: str
    edition: str  # date or year of the source
    source: str
    included: tuple[str, ...]
    excluded: tuple[str, ...]
    sha256: str  # of the file; 0x, 32 bytes

    @classmethod
    def shipped(cls, boundary: str = BOUNDARIES[0]) -> Boundary:
        """A boundary that is shipped in data/methodology.

        Raises:
            UnknownKey: there is no such boundary.
            AllocationError: the file is no boundary of that id.
            CarbonTokensError: the file is missing.
        """
        if boundary not in BOUNDARIES:
            known = f"Boundaries: {', '.join(BOUNDARIES)}."
            raise UnknownKey(f"no boundary {boundary!r}", where="data/methodology", todo=known)
        return cls.read(boundary, data_files.path("methodology", f"{boundary}.toml").read_bytes())

    @classmethod
    def read(cls, boundary: str, data: bytes) -> Boundary:
        """A boundary from the bytes of its file.

        Raises:
            AllocationError: the file is no boundary of that id.
        """
        try:
            facts = tomllib.loads(data.decode())
            included, excluded = _items(facts["included"]), _items(facts["excluded"])
            stated, edition, source = facts["id"], str(facts["edition"]), facts["source"]
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise AllocationError(f"the file is no boundary: {error!r}", where=f"{boundary}.toml") from error
        if stated != boundary or set(included) & set(excluded):
            what = f"its id is {stated!r}, or an item is both included and excluded"
            raise AllocationError(what, where=f"{boundary}.toml")
        return cls(boundary, edition, source, included, excluded, "0x" + hashlib.sha256(data).hexdigest())


def _items(scopes: Mapping[str, list[str]]) -> tuple[str, ...]:
    if not set(scopes) <= set(SCOPES):
        raise ValueError(f"scopes are {', '.join(SCOPES)}")
    return tuple(f"{scope}: {item}" for scope in SCOPES for item in scopes.get(scope, []))
