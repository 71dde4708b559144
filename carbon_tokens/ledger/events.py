"""Events of the contracts, read by raw ``eth_getLogs`` in bounded block ranges.

web3.py's event machinery costs about 0.4 ms an event and asks for the whole range at once, which nodes limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from eth_abi.abi import decode
from eth_utils.address import to_checksum_address

from carbon_tokens.ledger.contracts import Contract, EventType, abi_type, named
from carbon_tokens.ledger.records import Event
from carbon_tokens.ledger.rpc import NodeError, Rpc

_SPAN = 1_000  # blocks a request, to begin with
_FEW = 2_000  # logs a request below which the next range is twice as long


def read_events(
    rpc: Rpc, contract: Contract, address: str, names: Iterable[str] = (), first: int = 0, last: int | None = None,
    *, about: Iterable[int] = (),
) -> Iterator[Event]:  # fmt: skip
    """The events of a contract in the blocks first..last (None: the head), in the order of the chain.

    Args:
        names: only these events; none: all.
        about: only those whose first indexed argument is one of these numbers; none: all.

    Raises:
        NodeError: the node refuses even a range of one block.
    """
    end = int(rpc.request("eth_blockNumber"), 16) if last is None else last
    wanted = [event for event in contract.events.values() if not names or event.name in names]
    topics = [["0x" + event.topic.hex() for event in wanted]]
    if numbers := [f"0x{number:064x}" for number in about]:
        topics.append(numbers)
    span = _SPAN
    while first <= end:
        until = min(end, first + span - 1)
        query = {"address": address, "fromBlock": hex(first), "toBlock": hex(until), "topics": topics}
        try:
            logs = rpc.request("eth_getLogs", [query])
        except NodeError:
            if span == 1:
                raise
            span = max(1, span // 4)
            continue
        yield from decode_logs(logs, {address.lower(): contract})
        first = until + 1
        span = span * 2 if len(logs) < _FEW else span


def decode_logs(logs: Iterable[Mapping[str, Any]], contracts: Mapping[str, Contract]) -> Iterator[Event]:
    """The events among raw logs; ``contracts`` by lower-case address. Logs of other contracts are passed over."""
    for log in logs:
        contract = contracts.get(str(log["address"]).lower())
        kind = contract.events.get(bytes.fromhex(log["topics"][0][2:])) if contract and log["topics"] else None
        if kind:
            yield Event(
                kind.name,
                _arguments(kind, log),
                to_checksum_address(log["address"]),
                int(log["blockNumber"], 16),
                log["transactionHash"],
                int(log["logIndex"], 16),
            )


def _arguments(kind: EventType, log: Mapping[str, Any]) -> dict[str, object]:
    topics = [bytes.fromhex(topic[2:]) for topic in log["topics"][1:]]
    args = {
        each["name"]: named(each, _topic(abi_type(each), topic))
        for each, topic in zip(kind.indexed, topics, strict=True)
    }
    values = decode([abi_type(each) for each in kind.data], bytes.fromhex(log["data"][2:]))
    return args | {each["name"]: named(each, value) for each, value in zip(kind.data, values, strict=True)}


def _topic(form: str, topic: bytes) -> object:
    """An indexed argument; strings, bytes, arrays and structs stand in their topic as a hash only."""
    hashed = form in ("string", "bytes") or form.endswith(("]", ")"))
    return topic if hashed else decode([form], topic)[0]
