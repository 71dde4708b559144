"""Logs of the contracts as rows: events of words and arrays of words are cut out of their hex text.

A general decoder costs 20 µs an event and more. Events with text in them go the general way. Integers of more than 53
bits become text, so that any reader of JSON keeps their digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode

from carbon_tokens.ledger.contracts import Contract, EventType, abi_type

Log = Mapping[str, Any]
Read = Callable[[str], Any]  # of a word of 64 hex digits
_SAFE_BITS = 53
_WORD = 64  # hex digits


@dataclass(frozen=True, slots=True)
class Row:
    """An event: where it stands, the contract's name and its own, and its arguments in the form of JSON."""

    block: int
    log: int
    block_hash: str
    tx: str
    contract: str
    name: str
    args: dict[str, Any]


class Decoder:
    """Decodes logs of several contracts, by their addresses."""

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self._kinds = {
            (address.lower(), "0x" + topic.hex()): (contract.name, event.name, _arguments(event))
            for address, contract in contracts.items()
            for topic, event in contract.events.items()
        }

    def rows(self, logs: Iterable[Log]) -> list[Row]:
        """The events among logs; what these contracts do not know is passed over."""
        found = []
        for log in logs:
            topics = log["topics"]
            kind = self._kinds.get((log["address"].lower(), topics[0])) if topics else None
            if kind:
                contract, name, arguments = kind
                at = (int(log["blockNumber"], 16), int(log["logIndex"], 16), log["blockHash"], log["transactionHash"])
                found.append(Row(*at, contract, name, arguments(topics, log["data"])))
        return found


def _arguments(event: EventType) -> Callable[[Sequence[str], str], dict[str, Any]]:
    indexed = [(each["name"], _word(abi_type(each))) for each in event.indexed]
    words = _flat(event.data)
    if words is None:
        return _general(event, indexed)
    places = [(path, read, array, 2 + _WORD * at) for at, (path, read, array) in enumerate(words)]

    def fixed(topics: Sequence[str], data: str) -> dict[str, Any]:
        found = {name: read(topic[2:]) for (name, read), topic in zip(indexed, topics[1:], strict=True)}
        for path, read, array, start in places:
            word = data[start : start + _WORD]
            value = _array(data, int(word, 16), read) if array else read(word)
            if len(path) == 1:
                found[path[0]] = value
            else:
                found.setdefault(path[0], {})[path[1]] = value
        return found

    return fixed


def _general(event: EventType, indexed: Sequence[tuple[str, Read]]) -> Callable[[Sequence[str], str], dict[str, Any]]:
    types = [abi_type(each) for each in event.data]

    def decoded(topics: Sequence[str], data: str) -> dict[str, Any]:
        values = decode(types, bytes.fromhex(data[2:]))
        rest = {each["name"]: _plain(each, value) for each, value in zip(event.data, values, strict=True)}
        return {name: read(topic[2:]) for (name, read), topic in zip(indexed, topics[1:], strict=True)} | rest

    return decoded


def _array(data: str, offset: int, read: Read) -> list[Any]:
    """The words of an array that begins, with its length, at an offset in bytes."""
    start = 2 + 2 * offset + _WORD
    count = int(data[start - _WORD : start], 16)
    return [read(data[at : at + _WORD]) for at in range(start, start + count * _WORD, _WORD)]


def _flat(entries: Iterable[Mapping[str, Any]]) -> list[tuple[tuple[str, ...], Read, bool]] | None:
    """Path, reader and whether it is an array of each word of arguments, structs opened once; None for other forms."""
    found: list[tuple[tuple[str, ...], Read, bool]] = []
    for entry in entries:
        kind = str(entry["type"])
        if kind == "tuple":
            inner = _flat(entry["components"])
            if inner is None or any(len(path) > 1 or array for path, _, array in inner):
                return None
            found += [((entry["name"], *path), read, False) for path, read, _ in inner]
        elif re.fullmatch(r"(u?int[0-9]+|bytes[0-9]+|address|bool)(\[\])?", kind):
            found.append(((entry["name"],), _word(kind.removesuffix("[]")), kind.endswith("[]")))
        else:
            return None
    return found


def _word(kind: str) -> Read:
    """The reader of a word of 64 hex digits."""
    if kind == "address":
        return lambda word: "0x" + word[24:]
    if kind == "bool":
        return lambda word: word[-1] == "1"
    if kind.startswith("uint"):
        if int(kind[4:]) <= _SAFE_BITS:
            return lambda word: int(word, 16)
        return lambda word: str(int(word, 16))
    if re.fullmatch("bytes[0-9]+", kind):
        digits = 2 * int(kind[5:])
        return lambda word: "0x" + word[:digits]
    return lambda word: "0x" + word  # what stands in a topic as its hash


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
    return str(value) if kind.startswith("uint") and int(kind[4:]) > _SAFE_BITS else value
