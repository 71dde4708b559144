"""Logs of the contracts as rows of the index: events of words are cut out of their hex text, column by column.

A general decoder costs 20 µs an event and more. All logs of one event stand in one list, so that each of its arguments
is one pass over it; structs and arrays of words are cut log by log, and events with text in them go the general way.
Integers of more than 53 bits become text, so that any reader of JSON keeps their digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import orjson
from eth_abi.abi import decode

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.contracts import Contract, EventType, abi_type
from carbon_tokens.service import accounts

Log = Mapping[str, Any]
Args = dict[str, Any]
Read = Callable[[Iterable[str]], list[Any]]  # of words of 64 hex digits
Row = tuple[int, int, int, str, str, str, str | None, int | None, str]  # of the table event, in its order
_SAFE_BITS = 53
_WORD = 64  # hex digits
_ZEROS = "0" * 48  # with which most numbers begin
_ABOUT = ("facility", "month", "statement", "matching")  # arguments that say what an event is about


@dataclass(frozen=True, slots=True)
class Told:
    """An event that moves tokens or changes an account, with its arguments as JSON has them."""

    block: int
    log: int
    name: str
    facility: str | None
    month: int | None
    args: Args


@dataclass(frozen=True, slots=True)
class Decoded:
    """What logs say, in the chain's order: rows, what moves tokens or changes accounts, blocks as (number, hash)."""

    rows: list[Row] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    blocks: set[tuple[int, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Kind:
    """An event of a contract: its arguments in all of its logs, whether some say what it is about, and if it counts.

    ``texts``: the arguments as JSON at once, where nothing else is needed of them.
    """

    contract: str
    name: str
    arguments: Callable[[Sequence[Log]], list[Args]]
    about: bool
    counts: bool
    texts: Callable[[Sequence[Log]], list[str]] | None


class Decoder:
    """Decodes logs of several contracts, by their addresses, as rows of the chain of a number."""

    def __init__(self, contracts: Mapping[str, Contract], chain: int) -> None:
        self._chain = chain
        self._kinds = {
            (address.lower(), "0x" + topic.hex()): _kind(contract.name, event)
            for address, contract in contracts.items()
            for topic, event in contract.events.items()
        }

    def decoded(self, logs: Iterable[Log]) -> Decoded:
        """The events among logs; what these contracts do not know is passed over.

        Raises:
            LedgerError: a log that is not of its event's form.
        """
        groups: dict[tuple[str, str], list[Log]] = {}
        for log in logs:
            if log["topics"]:
                groups.setdefault((log["address"], log["topics"][0]), []).append(log)
        found = Decoded()
        for (address, topic), group in groups.items():
            kind = self._kinds.get((address.lower(), topic))
            if kind:
                self._add(found, kind, group)
        found.rows.sort()  # by chain, block and log, which no two share
        found.told.sort(key=lambda each: (each.block, each.log))
        return found

    def _add(self, found: Decoded, kind: _Kind, group: Sequence[Log]) -> None:
        try:
            args = [] if kind.texts else kind.arguments(group)
            texts = kind.texts(group) if kind.texts else [orjson.dumps(each).decode() for each in args]
        except (ValueError, IndexError) as error:
            raise LedgerError(f"a log is not of the form of {kind.name}", where=kind.contract) from error
        blocks = [int(log["blockNumber"], 16) for log in group]
        places = [int(log["logIndex"], 16) for log in group]
        found.blocks.update(zip(blocks, [log["blockHash"] for log in group], strict=True))
        abouts = [accounts.key(kind.name, each) for each in args] if kind.about else [(None, None)] * len(group)
        facilities, months = zip(*abouts, strict=True)
        found.rows.extend(zip(
            repeat(self._chain), blocks, places, [log["transactionHash"] for log in group], repeat(kind.contract),
            repeat(kind.name), facilities, months, texts,
        ))  # fmt: skip
        if kind.counts:
            found.told.extend(map(Told, blocks, places, repeat(kind.name), facilities, months, args))


def _kind(contract: str, event: EventType) -> _Kind:
    about = any(each["name"] in _ABOUT for each in (*event.indexed, *event.data))
    counts = event.name in (*accounts.ACCOUNT_EVENTS, *accounts.TRANSFERS)
    indexed, words = [(each["name"], abi_type(each)) for each in event.indexed], _flat(event.data)
    if words is None or any(len(path) > 1 or array for path, _, array in words):
        one = _general(event, indexed) if words is None else _nested(indexed, words)
        return _Kind(contract, event.name, lambda group: [one(each["topics"], each["data"]) for each in group],
                     about, counts, None)  # fmt: skip
    named = [*indexed, *((path[0], kind) for path, kind, _ in words)]
    columns, names = _columns(len(indexed), [kind for _, kind in named]), [name for name, _ in named]
    form = "{" + ",".join(f'"{name}":' + ("%s" if _is_number(kind) else '"%s"') for name, kind in named) + "}"
    plain = not about and not counts and named and all(kind != "bool" for _, kind in named)
    return _Kind(
        contract, event.name, lambda group: [dict(zip(names, each, strict=True)) for each in columns(group)], about,
        counts, (lambda group: [form % each for each in columns(group)]) if plain else None,
    )  # fmt: skip


def _columns(indexed: int, kinds: Sequence[str]) -> Callable[[Sequence[Log]], Iterable[tuple[Any, ...]]]:
    """The values of events of words alone, the first in topics: one pass over all of the logs for each argument."""
    readers, size = [_words(kind) for kind in kinds], 2 + _WORD * (len(kinds) - indexed)

    def cut(group: Sequence[Log]) -> Iterable[tuple[Any, ...]]:
        topics, datas = [log["topics"] for log in group], [log["data"] for log in group]
        if any(len(each) != 1 + indexed for each in topics) or any(len(each) != size for each in datas):
            raise ValueError("more or fewer words")
        words = [[each[at][2:] for each in topics] for at in range(1, 1 + indexed)]
        words += [[each[at : at + _WORD] for each in datas] for at in range(2, size, _WORD)]
        columns = [read(each) for read, each in zip(readers, words, strict=True)]
        return zip(*columns, strict=True) if columns else [()] * len(group)

    return cut


def _nested(
    indexed: Sequence[tuple[str, str]], words: Sequence[tuple[tuple[str, ...], str, bool]]
) -> Callable[[Sequence[str], str], Args]:
    topic_words = _topics(indexed)
    places = [(path, _words(kind), array, 2 + _WORD * at) for at, (path, kind, array) in enumerate(words)]

    def fixed(topics: Sequence[str], data: str) -> Args:
        if len(data) < 2 + _WORD * len(places):
            raise ValueError("fewer words")
        found = topic_words(topics)
        for path, read, array, start in places:
            word = data[start : start + _WORD]
            value = _array(data, int(word, 16), read) if array else read([word])[0]
            if len(path) == 1:
                found[path[0]] = value
            else:
                found.setdefault(path[0], {})[path[1]] = value
        return found

    return fixed


def _topics(indexed: Sequence[tuple[str, str]]) -> Callable[[Sequence[str]], Args]:
    readers = [(name, _words(kind)) for name, kind in indexed]
    return lambda topics: {
        name: read([topic[2:]])[0] for (name, read), topic in zip(readers, topics[1:], strict=True)
    }  # fmt: skip


def _general(event: EventType, indexed: Sequence[tuple[str, str]]) -> Callable[[Sequence[str], str], Args]:
    topic_words = _topics(indexed)
    types = [abi_type(each) for each in event.data]

    def decoded(topics: Sequence[str], data: str) -> Args:
        values = decode(types, bytes.fromhex(data[2:]))
        rest = {each["name"]: _plain(each, value) for each, value in zip(event.data, values, strict=True)}
        return topic_words(topics) | rest

    return decoded


def _array(data: str, offset: int, read: Read) -> list[Any]:
    """The words of an array that begins, with its length, at an offset in bytes."""
    start = 2 + 2 * offset + _WORD
    count = int(data[start - _WORD : start], 16)
    if len(data) < start + count * _WORD:
        raise ValueError("an array that is longer than its log")
    return read([data[at : at + _WORD] for at in range(start, start + count * _WORD, _WORD)])


def _flat(entries: Iterable[Mapping[str, Any]]) -> list[tuple[tuple[str, ...], str, bool]] | None:
    """Path, type and whether it is an array of each word of arguments, structs opened once; None for other forms."""
    found: list[tuple[tuple[str, ...], str, bool]] = []
    for entry in entries:
        kind = str(entry["type"])
        if kind == "tuple":
            inner = _flat(entry["components"])
            if inner is None or any(len(path) > 1 or array for path, _, array in inner):
                return None
            found += [((entry["name"], *path), each, False) for path, each, _ in inner]
        elif re.fullmatch(r"(u?int[0-9]+|bytes[0-9]+|address|bool)(\[\])?", kind):
            found.append(((entry["name"],), kind.removesuffix("[]"), kind.endswith("[]")))
        else:
            return None
    return found


def _is_number(kind: str) -> bool:
    """Whether JSON has a type as a number: what any reader keeps every digit of."""
    return kind.startswith("uint") and kind[4:].isdecimal() and int(kind[4:]) <= _SAFE_BITS


def _words(kind: str) -> Read:
    """The reader of words of 64 hex digits, which hold values of a type."""
    if kind == "address":
        return lambda words: ["0x" + word[24:] for word in words]
    if kind == "bool":
        return lambda words: [word[-1] == "1" for word in words]
    if kind.startswith("uint"):
        if _is_number(kind):
            return lambda words: [int(word, 16) for word in words]
        return lambda words: [str(int(word[48:] if word.startswith(_ZEROS) else word, 16)) for word in words]
    digits = 2 * int(kind[5:]) if re.fullmatch("bytes[0-9]+", kind) else _WORD  # else a topic that is a hash
    return lambda words: ["0x" + word[:digits] for word in words]


def _plain(entry: Mapping[str, Any], value: Any) -> Any:
    """A decoded value in the form of JSON."""
    kind = str(entry["type"])
    if kind.endswith("[]"):
        return [_plain({**entry, "type": kind[:-2]}, each) for each in value]
    if kind == "tuple":
        return {part["name"]: _plain(part, each) for part, each in zip(entry["components"], value, strict=True)}
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if kind == "address":
        return str(value).lower()
    return str(value) if kind.startswith("uint") and not _is_number(kind) else value
