"""Contracts as this package ships them: ABI and bytecode, calldata, results and errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from carbon_tokens.errors import LedgerError, Reverted
from carbon_tokens.ledger.reasons import sentence

_ERROR_TEXT = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventType:
    """An event of a contract: the ABI entries of its indexed and of its other arguments, in their order."""

    name: str
    topic: bytes
    indexed: tuple[Entry, ...]
    data: tuple[Entry, ...]


class Contract:
    """The ABI and bytecode of one contract."""

    def __init__(self, name: str, abi: Sequence[Entry], bytecode: bytes = b"") -> None:
        self.name, self.abi, self.bytecode = name, abi, bytecode

    def __repr__(self) -> str:
        return f"Contract({self.name})"

    @classmethod
    @cache
    def load(cls, name: str) -> Contract:
        """A contract from the artifacts of this package.

        Raises:
            LedgerError: there is no such artifact.
        """
        file = resources.files("carbon_tokens.artifacts").joinpath(f"{name}.json")
        if not file.is_file():
            raise LedgerError(
                "no such artifact", where=f"carbon_tokens/artifacts/{name}.json", todo="Run scripts/compile.py."
            )
        artifact = json.loads(file.read_text())
        return cls(name, artifact["abi"], bytes.fromhex(artifact["bytecode"].removeprefix("0x")))

    @cached_property
    def functions(self) -> dict[str, tuple[bytes, list[str], Sequence[Entry]]]:
        """name → selector, types of the inputs, ABI entries of the outputs."""
        return {
            entry["name"]: (_selector(entry), _types(entry["inputs"]), entry["outputs"])
            for entry in self.abi
            if entry["type"] == "function"
        }

    @cached_property
    def errors(self) -> dict[bytes, Entry]:
        """The custom errors by selector."""
        return {_selector(entry): entry for entry in self.abi if entry["type"] == "error"}

    @cached_property
    def events(self) -> dict[bytes, EventType]:
        """The events by topic."""
        found = [_event_type(entry) for entry in self.abi if entry["type"] == "event" and not entry.get("anonymous")]
        return {event.topic: event for event in found}

    def creation(self, args: Sequence[object]) -> bytes:
        """The data of the transaction that creates the contract."""
        inputs: Sequence[Entry] = next((entry["inputs"] for entry in self.abi if entry["type"] == "constructor"), [])
        return self.bytecode + self._encoded("constructor", _types(inputs), args)

    def encode(self, function: str, args: Sequence[object]) -> bytes:
        """Calldata of a call; dataclasses stand for structs. Raises LedgerError when an argument does not fit."""
        selector, inputs, _ = self.functions[function]
        return selector + self._encoded(function, inputs, args)

    def decode(self, function: str, output: bytes) -> Any:
        """The result of a call: one value, or several by name (without names: a tuple); structs are dicts too.

        Raises:
            LedgerError: the output is not of this function: another contract, or none, is at the address.
        """
        outputs = self.functions[function][2]
        try:
            values = abi_decode(_types(outputs), output)
        except DecodingError as failure:
            raise LedgerError(
                f"{function} of {self.name} gave no result: not this contract", todo="Check the address."
            ) from failure
        results = [named(each, value) for each, value in zip(outputs, values, strict=True)]
        names = [each["name"] for each in outputs]
        if len(results) == 1:
            return results[0]
        return dict(zip(names, results, strict=True)) if all(names) else tuple(results)

    def _encoded(self, function: str, types: Sequence[str], args: Sequence[object]) -> bytes:
        try:
            return abi_encode(types, [plain(arg) for arg in args])
        except (EncodingError, TypeError, ValueError, OverflowError) as failure:
            raise LedgerError(f"an argument does not fit: {failure}", where=f"{self.name}.{function}") from failure


def plain(value: object) -> Any:
    """Dataclasses as tuples of their fields, in depth: the form in which eth-abi takes structs."""
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(plain(getattr(value, field.name)) for field in fields(value))
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def text_bytes(text: str, size: int, *, where: str = "") -> bytes:
    """A code as ``bytesN``: ASCII, filled with zeros on the right, or the form that ``code_text`` gives other bytes.

    Raises:
        LedgerError: it is longer, or neither.
    """
    if re.fullmatch(f"0x[0-9a-f]{{{2 * size}}}", text):
        return bytes.fromhex(text[2:])
    data = text.encode()
    if len(data) > size or not text.isascii():
        raise LedgerError(f"{text!r} does not fit into {size} ASCII characters", where=where)
    return data.ljust(size, b"\0")


def code_text(code: bytes) -> str:
    """A code of the chain as text; bytes that are none, as 0x and all their digits, so that nothing is lost.

    Anybody who registers a facility or source chooses its codes; no code of ASCII is as long as such digits.
    """
    text = code.rstrip(b"\0").decode("ascii", "replace")
    plain = text.isascii() and text.isprintable() and text == text.strip()
    return text if plain else f"0x{code.hex()}"


def reverted(data: bytes, *, where: str = "") -> Reverted:
    """The error that revert bytes tell, whichever chain they come from.

    All contracts of the package are searched, because errors of a called contract pass through the caller.
    """
    selector, body = data[:4], data[4:]
    if selector == _ERROR_TEXT:
        text = str(abi_decode(["string"], body)[0])
        return Reverted(f"the contract refused: {text}", where=where, error="Error", args_=(text,))
    if selector == _PANIC:
        code = int.from_bytes(body, "big")
        return Reverted(f"the contract panicked with code {code:#x}", where=where, error="Panic", args_=(code,))
    entry = _all_errors().get(selector)
    if entry is None:
        what = f"unknown error 0x{data.hex()}" if data else "no reason given (out of gas, or not this contract)"
        return Reverted(f"the contract refused: {what}", where=where, error=f"0x{selector.hex()}" if data else "")
    values = abi_decode(_types(entry["inputs"]), body)
    args = tuple(named(each, value) for each, value in zip(entry["inputs"], values, strict=True))
    names = [each["name"] or f"arg{number}" for number, each in enumerate(entry["inputs"])]
    what, todo = sentence(entry["name"], dict(zip(names, args, strict=True)))
    return Reverted(what, where=where, todo=todo, error=entry["name"], args_=args)


# In the order of their deployment.
NAMES = ("EmissionFactors", "CarbonTokens", "Auditors", "Allocations", "HourlyMatching", "NetEmissions")


@cache
def _all_errors() -> dict[bytes, Entry]:
    return {selector: entry for name in NAMES for selector, entry in Contract.load(name).errors.items()}


def _selector(entry: Entry) -> bytes:
    return keccak(_signature(entry))[:4]


def _signature(entry: Entry) -> bytes:
    return f"{entry['name']}({','.join(_types(entry['inputs']))})".encode()


def _types(inputs: Sequence[Entry]) -> list[str]:
    return [abi_type(each) for each in inputs]


def named(each: Entry, value: Any) -> Any:
    """A decoded value: structs as dicts by field name, addresses with their checksum, arrays as lists."""
    if each["type"].endswith("[]"):
        return [named({**each, "type": each["type"][:-2]}, item) for item in value]
    if each["type"] == "address":
        return to_checksum_address(value)
    if each["type"] != "tuple":
        return value
    return {part["name"]: named(part, item) for part, item in zip(each["components"], value, strict=True)}


def abi_type(each: Entry) -> str:
    """The canonical type of an ABI entry; structs are tuples."""
    kind = str(each["type"])
    return kind.replace("tuple", f"({','.join(_types(each['components']))})", 1) if kind.startswith("tuple") else kind


def _event_type(entry: Entry) -> EventType:
    indexed = tuple(each for each in entry["inputs"] if each["indexed"])
    data = tuple(each for each in entry["inputs"] if not each["indexed"])
    return EventType(entry["name"], keccak(_signature(entry)), indexed, data)
