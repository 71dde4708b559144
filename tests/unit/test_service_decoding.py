"""Logs become rows: every event of every contract as a general decoder reads it, and nothing that is not its form."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="the node needs the extra `node`")
from eth_abi.abi import encode

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.contracts import Contract, EventType, abi_type
from carbon_tokens.service.decoding import Decoder

NAMES = ("CarbonTokens", "EmissionFactors", "NetEmissions", "Allocations", "HourlyMatching", "Auditors")
ADDRESS = "0x" + "Ab" * 20
EVENTS = [(name, topic, event) for name in NAMES for topic, event in Contract.load(name).events.items()]


def drawn(entry: dict[str, Any], pick: random.Random) -> Any:
    """A value of an ABI type: small and large numbers, text and lists."""
    kind = str(entry["type"])
    if kind.endswith("[]"):
        return [drawn({**entry, "type": kind[:-2]}, pick) for _ in range(pick.randrange(4))]
    if kind == "tuple":
        return tuple(drawn(each, pick) for each in entry["components"])
    if entry["name"] == "facility":
        return pick.getrandbits(216)  # in a word of 256
    if kind.startswith("uint"):
        return pick.getrandbits(pick.choice([1, 8, min(52, int(kind[4:])), int(kind[4:])])) & (2 ** int(kind[4:]) - 1)
    if kind == "address":
        return "0x" + pick.randbytes(20).hex()
    if kind == "bool":
        return bool(pick.getrandbits(1))
    return 'a "text", ü\n' * pick.randrange(3) if kind == "string" else pick.randbytes(int(kind[5:]))


def said(entry: dict[str, Any], value: Any) -> Any:
    """The same in the form of JSON."""
    kind = str(entry["type"])
    if kind.endswith("[]"):
        return [said({**entry, "type": kind[:-2]}, each) for each in value]
    if kind == "tuple":
        return {each["name"]: said(each, part) for each, part in zip(entry["components"], value, strict=True)}
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value) if kind.startswith("uint") and int(kind[4:]) > 53 else value


def log_of(topic: bytes, event: EventType, values: dict[str, Any], place: int) -> dict[str, Any]:
    topics = ["0x" + encode([abi_type(each)], [values[each["name"]]]).hex() for each in event.indexed]
    data = encode([abi_type(each) for each in event.data], [values[each["name"]] for each in event.data])
    return {"address": ADDRESS, "topics": ["0x" + topic.hex(), *topics], "data": "0x" + data.hex(),
            "blockNumber": hex(place // 3), "logIndex": hex(place % 3), "blockHash": hex(place // 3),
            "transactionHash": "0x1"}  # fmt: skip


@pytest.mark.parametrize(("name", "topic", "event"), EVENTS, ids=[f"{name}-{event.name}" for name, _, event in EVENTS])
def test_every_event_is_read_as_it_was_written(name: str, topic: bytes, event: EventType) -> None:
    pick, entries = random.Random(name + event.name), (*event.indexed, *event.data)
    written = [{each["name"]: drawn(each, pick) for each in entries} for _ in range(40)]
    logs = [log_of(topic, event, values, place) for place, values in enumerate(written)]
    pick.shuffle(logs)
    found = Decoder({ADDRESS: Contract.load(name)}, 7).decoded(logs)
    assert [json.loads(row[8]) for row in found.rows] == [
        {each["name"]: said(each, values[each["name"]]) for each in entries} for values in written
    ]
    assert [row[:6] for row in found.rows] == [(7, at // 3, at % 3, "0x1", name, event.name) for at in range(40)]
    assert found.blocks == {(at // 3, hex(at // 3)) for at in range(40)}
    about = {row[6] for row in found.rows}
    facility = any(each["name"] in ("facility", "statement") for each in entries)
    assert all(re.fullmatch("0x[0-9a-f]{54}", str(each)) for each in about) if facility else about == {None}
    assert all(told.args == json.loads(row[8]) for told, row in zip(found.told, found.rows, strict=False))


@pytest.mark.parametrize("cut", [slice(0, -64), slice(0, -2)])
@pytest.mark.parametrize("name", ["Issued", "TransferBatch", "Audited"])
def test_a_log_that_is_too_short_is_refused_by_the_name_of_its_event(name: str, cut: slice) -> None:
    _, topic, event = next(each for each in EVENTS if each[2].name == name)
    pick = random.Random(3)
    log = log_of(topic, event, {each["name"]: drawn(each, pick) for each in (*event.indexed, *event.data)}, 0)
    log["data"] = log["data"][cut]
    with pytest.raises(LedgerError, match=name):
        Decoder({ADDRESS: Contract.load("CarbonTokens")}, 1).decoded([log])


def test_logs_of_others_are_passed_over() -> None:
    log = {"address": "0x" + "9" * 40, "topics": ["0x" + "1" * 64], "data": "0x"}
    found = Decoder({ADDRESS: Contract.load("CarbonTokens")}, 1).decoded([log, {**log, "topics": []}])
    assert found.rows == [] and found.told == []
