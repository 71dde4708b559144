"""The proof of one share: what a tenant keeps, and shows to whoever knows the root on chain."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import rfc8785

from carbon_tokens.allocation.shares import merkle_sum
from carbon_tokens.allocation.shares.merkle_sum import LANES, RECORD
from carbon_tokens.allocation.shares.share import Amounts, Share
from carbon_tokens.errors import AllocationError, ShareNotProven
from carbon_tokens.nesting import too_deep

TYPE = "carbon-tokens/share-proof/1"
_NAMES = {"type", "tenant", *LANES, "salt", "index", "siblings"}


@dataclass(frozen=True, slots=True)
class ShareProof:
    """A share, its place among the leaves, and the siblings from the leaf upwards (50 bytes a level).

    The first sibling is a neighbour's leaf: it shows that tenant's amounts, but neither who it is nor its salt.
    """

    share: Share
    index: int
    siblings: bytes = field(repr=False)

    @property
    def depth(self) -> int:
        """Levels between the leaf and the top."""
        return len(self.siblings) // RECORD

    def verify(self, root: bytes, audited_id: int, version: int) -> Amounts:
        """Checks that the share is part of the account whose root is on chain; gives the totals of the account.

        The root proves those totals as well, but only the chain says that they were audited.

        Raises:
            ShareNotProven: the proof does not lead to this root, of this account at this version.
        """
        try:
            top = merkle_sum.climb(merkle_sum.leaf(self.share.content()), self.index, self.siblings)
            found = merkle_sum.root(audited_id, version, self.depth, top)
        except AllocationError as error:
            raise ShareNotProven(error.what, where=error.where or "proof") from error
        if found != root:
            raise ShareNotProven(
                f"the share leads to the root 0x{found.hex()}, not to 0x{bytes(root).hex()}",
                todo="Check the facility, the month and the version; a restatement needs a new proof.",
            )
        return Amounts.unpacked(top[32:])

    def to_json(self) -> dict[str, Any]:
        """A JSON object of integers and strings that states its ``type``."""
        return {
            "type": TYPE,
            "tenant": _hex(self.share.tenant),
            **{name: getattr(self.share, name) for name in LANES},
            "salt": _hex(self.share.salt),
            "index": self.index,
            "siblings": _hex(self.siblings),
        }

    def canonical(self) -> bytes:
        """The proof's one byte form (RFC 8785)."""
        return rfc8785.dumps(self.to_json())

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> ShareProof:
        """The proof in a JSON text, which need not be canonical, or in a parsed one.

        Raises:
            AllocationError: another type, unknown, missing or repeated fields, floats, impossible values.
        """
        value = parse(text, TYPE, _NAMES) if isinstance(text, (str, bytes)) else expect(dict(text), TYPE, _NAMES)
        index, siblings = value["index"], octets("siblings", value["siblings"])
        if type(index) is not int or len(siblings) % RECORD or not 0 <= index < 1 << len(siblings) // RECORD:
            raise AllocationError(
                f"{index!r} is no place in a tree with {len(siblings)} bytes of siblings", where="index"
            )
        tenant, salt = (octets(name, value[name]) for name in ("tenant", "salt"))
        return cls(Share(tenant, **{name: value[name] for name in LANES}, salt=salt), index, siblings)


def parse(text: str | bytes, kind: str, names: set[str]) -> dict[str, Any]:
    """The JSON object of a type with exactly these fields, without floats. Raises AllocationError."""
    if too_deep(text):
        raise AllocationError("this is no document: it nests too deep", where=kind)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_float, parse_constant=_float)
    except (ValueError, RecursionError) as error:
        raise AllocationError(f"this is no JSON ({error})", where=kind) from error
    return expect(value, kind, names)


def expect(value: object, kind: str, names: set[str]) -> dict[str, Any]:
    """The same object, of that type and with exactly these fields. Raises AllocationError."""
    if not isinstance(value, dict) or value.get("type") != kind:
        raise AllocationError(f"this is no document of type {kind}")
    if wrong := sorted(value.keys() ^ names):
        raise AllocationError(f"missing or unknown field {', '.join(wrong)}", where=kind)
    return value


def octets(name: str, value: object) -> bytes:
    """The bytes that 0x and lower-case hex digits stand for. Raises AllocationError."""
    if not isinstance(value, str) or not re.fullmatch("0x(?:[0-9a-f]{2})*", value):
        raise AllocationError("is not 0x and lower-case hex digits", where=name)
    return bytes.fromhex(value[2:])


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise AllocationError("a field stands there twice", where=", ".join(sorted(found)))
    return found


def _float(text: str) -> NoReturn:
    raise AllocationError(f"{text} is no integer", todo="Amounts are whole Wh and g.")
