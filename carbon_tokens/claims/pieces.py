"""What the parts of a proof are made of: forms that refuse what does not belong in a field, and places on the chain.

Ids, hashes and notes are ``0x`` texts and serials decimal texts, because they exceed the integers of JSON; everything
else is an integer: Wh, g, g/MWh, UTC seconds. Reading is strict, see ``statements.document``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar

from eth_utils.address import to_checksum_address

from carbon_tokens.errors import StatementError
from carbon_tokens.periods import Month
from carbon_tokens.statements.document import Part, hexadecimal, listed, whole, words

Form = Callable[[str, object], object]  # refuses a value of a field by StatementError


def address(name: str, value: object) -> str:
    """A checksummed address. Raises StatementError for anything else."""
    if hexadecimal(name, str(value).lower(), 20) and value != to_checksum_address(str(value)):
        raise StatementError(f"{value!r} is no checksummed address", where=name)
    return str(value)


def number_text(name: str, value: object) -> str:
    """A non-negative integer in decimal digits. Raises StatementError for anything else."""
    if not isinstance(value, str) or not re.fullmatch(r"0|[1-9][0-9]{0,19}", value):
        raise StatementError(f"{value!r} is no number in digits", where=name)
    return value


def signed(name: str, value: object) -> int:
    """An integer of either sign. Raises StatementError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**53:
        raise StatementError(f"{value!r} is no integer", where=name)
    return value


def flag(name: str, value: object) -> bool:
    """True or false. Raises StatementError for anything else."""
    if not isinstance(value, bool):
        raise StatementError(f"{value!r} is neither true nor false", where=name)
    return value


def addresses(name: str, value: object) -> tuple[str, ...]:
    """Checksummed addresses, ascending, each once. Raises StatementError for anything else."""
    found = tuple(address(name, each) for each in listed(name, value))
    if [int(each, 16) for each in found] != sorted({int(each, 16) for each in found}):
        raise StatementError("the addresses are not in ascending order, each once", where=name)
    return found


text: Form = words
text_or_none: Form = partial(words, empty=True)
hash32: Form = partial(hexadecimal, octets=32)
facility_hex: Form = partial(hexadecimal, octets=27)
instant: Form = partial(whole, bits=40)


class Piece(Part):
    """A part whose fields are checked by their forms.

    ``PARTS`` are objects, ``LISTS`` lists of objects, ``TUPLES`` lists of texts.
    """

    __slots__ = ()
    FORMS: ClassVar[dict[str, Form]]
    PARTS: ClassVar[dict[str, Any]] = {}
    LISTS: ClassVar[dict[str, Any]] = {}
    TUPLES: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name, form in self.FORMS.items():
            form(name, getattr(self, name))

    @classmethod
    def _load(cls, name: str, value: object) -> Any:
        if name in cls.PARTS:
            return cls.PARTS[name].from_object(value)
        if name in cls.LISTS:
            return tuple(cls.LISTS[name].from_object(item) for item in listed(name, value))
        return listed(name, value) if name in cls.TUPLES else value


@dataclass(frozen=True, slots=True)
class Place(Piece):
    """Where an event stands: transaction, block, and index of the log in the block."""

    FORMS: ClassVar[dict[str, Form]] = {"tx": hash32, "block": whole, "block_hash": hash32, "index": whole}

    tx: str
    block: int
    block_hash: str
    index: int


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of a part or of parsed JSON by their paths, e.g. ``months[0].account.version``."""
    if isinstance(value, Part):
        value = {each.name: getattr(value, each.name) for each in fields(value)}  # type: ignore[arg-type]
    if isinstance(value, dict):
        items = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        items = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
    else:
        return {path: str(value) if isinstance(value, Month) else value}
    return {place: leaf for name, item in items for place, leaf in leaves(item, name).items()}


def mapping(name: str, value: object) -> dict[str, Any]:
    """A JSON object. Raises StatementError for anything else."""
    if not isinstance(value, dict):
        raise StatementError(f"{value!r} is no object", where=name)
    return value
