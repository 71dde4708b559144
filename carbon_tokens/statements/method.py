"""The method of a statement: data with an id, a list of what is inside its boundary, and the hash of the file."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass

from carbon_tokens import data_files
from carbon_tokens.errors import StatementError
from carbon_tokens.statements.document import Part, hexadecimal, texts, words

BOUNDARIES = ("google-2024", "google-2026")
METHOD = "site-energy-2"  # site-energy-1 stays, for the documents that follow it
FLEET_METHOD = "fleet-allocation-1"


@dataclass(frozen=True, slots=True)
class MethodReference(Part):
    """Which method and boundary a document follows. The boundary's list stands in the document itself."""

    method: str
    boundary: str
    included: tuple[str, ...]
    excluded: tuple[str, ...]
    sha256: str  # of the method's file; 0x, 32 bytes

    def __post_init__(self) -> None:
        words("method", self.method)
        words("boundary", self.boundary)
        for name in ("included", "excluded"):
            texts(name, getattr(self, name))
        hexadecimal("sha256", self.sha256, 32)

    @classmethod
    def _load(cls, name: str, value: object) -> object:
        return texts(name, value) if name in ("included", "excluded") else value

    @classmethod
    def shipped(cls, boundary: str = BOUNDARIES[0], method: str = METHOD) -> MethodReference:
        """The reference to a method that is shipped in data/methodology, with the lists of its boundary.

        Raises:
            StatementError: the method has no such boundary.
            CarbonTokensError: no such method is shipped.
        """
        data = data_files.path("methodology", f"{method}.toml").read_bytes()
        boundaries = tomllib.loads(data.decode()).get("boundary") or _boundaries()
        if boundary not in boundaries:
            known = f"Boundaries: {', '.join(boundaries)}."
            raise StatementError(f"method {method} has no boundary {boundary!r}", where=f"{method}.toml", todo=known)
        lists = {name: tuple(boundaries[boundary][name]) for name in ("included", "excluded")}
        return cls(method, boundary, **lists, sha256="0x" + hashlib.sha256(data).hexdigest())


def _boundaries() -> dict[str, dict[str, tuple[str, ...]]]:
    """The boundaries that are files of their own, for a method that has none in its file."""
    from carbon_tokens.allocation.method.boundaries import Boundary

    found = (Boundary.shipped(name) for name in BOUNDARIES)
    return {each.boundary: {"included": each.included, "excluded": each.excluded} for each in found}
