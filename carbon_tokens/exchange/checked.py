"""Documents of others against JSON Schemas of their standards, which are written here from the published texts."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from carbon_tokens.certificate.wording import FORBIDDEN
from carbon_tokens.errors import ExchangeRefused, ExtraMissing

SPACE = uuid.UUID("8d0f6b52-5d0e-5ad6-9f43-3c1f6f0f2b7a")  # of the names that are derived from ours


def valid(name: str, value: Any) -> Any:
    """The value, if the schema of that name has nothing against it.

    Raises:
        ExchangeRefused: what the schema refuses, by its place.
        ExtraMissing: jsonschema is not installed.
    """
    faults = sorted(_validator(name).iter_errors(value), key=lambda each: [str(part) for part in each.path])
    if faults:
        where = "/".join(map(str, faults[0].path)) or name
        raise ExchangeRefused(f"{faults[0].message[:300]}", where=f"{name}: {where}", todo="Correct what is stated.")
    return value


def honest(value: Any) -> Any:
    """The value, if no text in it makes a claim that no certificate may make (``wording.FORBIDDEN``).

    Raises:
        ExchangeRefused: one does, by its words.
    """
    for text in _texts(value):
        if found := FORBIDDEN.search(text):
            todo = "Say what was retired for which facility and months."
            raise ExchangeRefused(f"{found[0]!r} is a claim that this cannot support", where="text", todo=todo)
    return value


def named(*parts: object) -> str:
    """A UUID (version 5) derived from parts: the same each time."""
    return str(uuid.uuid5(SPACE, "\n".join(map(str, parts))))


def instant(seconds: int) -> str:
    """UTC seconds as RFC 3339."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def device_name(device: str) -> str:
    """A device's or project's id as its registry writes it: short ones stand on the chain as they are, in 32 bytes."""
    if not re.fullmatch("0x[0-9a-f]{64}", device):
        return device
    text = bytes.fromhex(device[2:]).rstrip(b"\0")
    return text.decode() if text.isascii() and text.decode("ascii").isprintable() and text else device


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from _texts(each)


@cache
def _validator(name: str) -> Any:
    try:
        import jsonschema
    except ModuleNotFoundError as error:
        todo = "pip install 'carbon-tokens[exchange]'"
        raise ExtraMissing("checking against a schema needs jsonschema", where="exchange", todo=todo) from error
    text = resources.files("carbon_tokens.exchange").joinpath("schemas", f"{name}.json").read_text("utf-8")
    schema = json.loads(text)
    kind = jsonschema.Draft202012Validator
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)
