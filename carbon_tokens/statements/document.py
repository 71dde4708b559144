"""The form that all documents share: frozen dataclasses of integers and texts, and their canonical JSON.

Reading is strict both ways: an unknown, missing or repeated field, a float or a wrong type is an error, never a guess,
because the hash of a document that was understood in two ways would prove nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, NoReturn, Self

import rfc8785

from carbon_tokens.errors import CarbonTokensError, StatementError
from carbon_tokens.nesting import too_deep
from carbon_tokens.periods import Month

GRAMS_BITS = WH_BITS = 48  # the ledger's integers
SERIAL_BITS = 64
INSTANT_BITS = 40
_SAFE = 2**53 - 1  # the largest integer of interoperable JSON


class Part:
    """A part of a document: a frozen dataclass whose fields are integers, texts, months, parts or tuples of them."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """A JSON object of integers, strings, booleans, lists and objects."""
        return {field.name: _dump(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_object(cls, value: object) -> Self:
        """The part that a parsed JSON object describes. Raises StatementError if it is not exactly one."""
        if not isinstance(value, Mapping):
            raise StatementError(f"{value!r} is no object", where=cls.__name__)
        names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        _exact(cls.__name__, names, value)
        return cls(**{name: cls._load(name, value[name]) for name in names})

    @classmethod
    def _load(cls, name: str, value: object) -> Any:
        """A field's value from JSON; classes with months, parts or tuples say how."""
        return value


class Document(Part):
    """A part that stands alone: it states its type, and has canonical bytes and an evidence hash."""

    __slots__ = ()
    TYPE: ClassVar[str]  # also separates the hashes of one kind of document from those of another

    def to_json(self) -> dict[str, Any]:
        """A JSON object that states its ``type``."""
        return {"type": self.TYPE, **super().to_json()}

    def canonical(self) -> bytes:
        """The document's one byte form (RFC 8785). Raises StatementError for text that is not Unicode."""
        try:
            return rfc8785.dumps(self.to_json())
        except (rfc8785.CanonicalizationError, UnicodeError) as error:
            raise StatementError(f"has no canonical form ({error})", where=type(self).__name__) from error

    @property
    def evidence(self) -> bytes:
        """sha-256 of the canonical bytes, 32 bytes: what the chain stores."""
        return hashlib.sha256(self.canonical()).digest()

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> Self:
        """The document in a JSON text, which need not be in canonical form, or in a parsed one.

        Raises:
            StatementError: another type, unknown, missing or repeated fields, floats, negative or impossible values.
        """
        value = parse(text) if isinstance(text, (str, bytes)) else dict(text)
        if not isinstance(value, dict) or value.get("type") != cls.TYPE:
            raise StatementError(f"this is no document of type {cls.TYPE}", where=cls.__name__)
        return cls.from_object({name: item for name, item in value.items() if name != "type"})


def parse(text: str | bytes) -> Any:
    """JSON without floats and without repeated names; bytes are UTF-8 without a mark. Raises StatementError."""
    try:
        text = text.decode() if isinstance(text, bytes) else text  # json.loads would guess other encodings
    except UnicodeDecodeError as error:
        raise StatementError(f"this is no JSON in UTF-8 ({error.reason})") from error
    if too_deep(text):
        raise StatementError("this is no document: it nests too deep")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=_float, parse_constant=_float)
    except (ValueError, RecursionError) as error:
        raise StatementError(f"this is no JSON ({error})") from error


def whole(name: str, value: object, bits: int = 53) -> int:
    """An integer from 0 to 2^bits - 1. Raises StatementError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise StatementError(f"{value!r} is no integer", where=name)
    if not 0 <= value < min(2**bits, _SAFE + 1):
        raise StatementError(f"{value} is negative or needs more than {bits} bits", where=name)
    return value


def hexadecimal(name: str, value: object, octets: int) -> str:
    """``0x`` and lower-case digits of that many bytes. Raises StatementError for anything else."""
    if not isinstance(value, str) or not re.fullmatch(f"0x[0-9a-f]{{{2 * octets}}}", value):
        raise StatementError(f"{value!r} is not 0x and {2 * octets} lower-case hex digits", where=name)
    return value


def words(name: str, value: object, *, empty: bool = False) -> str:
    """A text, which may be empty only if ``empty``. Raises StatementError for anything else."""
    if not isinstance(value, str) or not (value.strip() or empty):
        raise StatementError(f"{value!r} is no text" if not isinstance(value, str) else "is empty", where=name)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise StatementError(f"{value!r} is no Unicode text", where=name) from error
    return value


def one_of(name: str, value: object, choices: tuple[str, ...]) -> str:
    """One of a few words. Raises StatementError for anything else."""
    if value not in choices:
        raise StatementError(f"{value!r} is none of {', '.join(map(repr, choices))}", where=name)
    return str(value)


def texts(name: str, value: object) -> tuple[str, ...]:
    """A tuple of texts from a list or tuple. Raises StatementError for anything else."""
    return tuple(words(name, item) for item in listed(name, value))


def listed(name: str, value: object) -> tuple[Any, ...]:
    """A tuple from a list or tuple. Raises StatementError for anything else."""
    if not isinstance(value, (list, tuple)):
        raise StatementError(f"{value!r} is no list", where=name)
    return tuple(value)


def month(name: str, value: object) -> Month:
    """A Month from ``YYYY-MM``. Raises StatementError for anything else."""
    try:
        if isinstance(value, str) and str(found := Month.parse(value)) == value:
            return found
    except CarbonTokensError:
        pass
    raise StatementError(f"{value!r} is not a month YYYY-MM", where=name)


def _dump(value: Any) -> Any:
    if isinstance(value, Part):
        return value.to_json()
    if isinstance(value, tuple):
        return [_dump(item) for item in value]
    return str(value) if isinstance(value, Month) else value


def _exact(where: str, names: list[str], value: Mapping[str, object]) -> None:
    missing = [name for name in names if name not in value]
    unknown = [name for name in value if name not in names]
    if missing or unknown:
        faults = {"missing": missing, "unknown": unknown}
        found = "; ".join(f"{fault} field {', '.join(map(str, which))}" for fault, which in faults.items() if which)
        raise StatementError(found, where=where)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise StatementError("a field stands there twice", where=", ".join(sorted(found)))
    return found


def _float(text: str) -> NoReturn:
    raise StatementError(f"{text} is no integer", todo="Documents hold integers; rates are texts.")
