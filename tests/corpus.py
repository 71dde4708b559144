"""Tampered proofs and bundles, made systematically from good ones: every value changed in every way that fits it.

Each change is made twice: with the seals left as they were, and by a forger who recomputes them, and the hashes of the
documents too. What a forger reaches without being found stands in section 9 of the specification: no file can tell.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from carbon_tokens.claims.records import CLASSES
from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.ids import batch_id
from tests.corpus_claims import Good, Json

Where = tuple[str | int, ...]
GONE = object()
CHOICES = {
    "bills": "site", "table": "factor", "document": "bills", "A": "B", "B": "C", "D": "C", "annual": "hourly",
    "hourly": "annual", "refuse": "mean", "rec": "offset", "offset": "rec", "": "mean", "Audited": "Restated",
    "Restated": "Audited",
}  # fmt: skip


@dataclass(frozen=True)
class Twice:
    """A field's value that stands there twice."""

    value: Any


@dataclass(frozen=True)
class Tampered:
    """A file that somebody changed at a path; ``resealed`` if they recomputed the hashes."""

    good: str
    path: Where
    change: str
    resealed: bool
    data: bytes

    @property
    def name(self) -> str:
        where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path)
        return f"{self.good}{where}: {self.change}{', sealed again' if self.resealed else ''}"

    @property
    def field(self) -> str:
        """The path without indices, in the proof: what a class of changes is named by."""
        keys = [str(key) for key in self.path if not isinstance(key, int)]
        return ".".join(keys[1:] if keys[:1] == ["proof"] else keys)


def dumped(value: Any) -> str:
    """JSON in which a field can stand twice."""
    if isinstance(value, dict):
        pairs = [(key, each) for key, item in value.items() for each in _each(item)]
        return "{" + ",".join(f"{json.dumps(key)}:{dumped(each)}" for key, each in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dumped, value)) + "]"
    return json.dumps(value)


def _each(item: Any) -> tuple[Any, ...]:
    return (item.value, item.value) if isinstance(item, Twice) else (item,)


def places(value: Any, path: Where = ()) -> Iterator[tuple[Where, Any]]:
    """Every value inside of a value with its path, leaves and others."""
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield (*path, key), item
        yield from places(item, (*path, key))


def changes(value: Any, in_list: bool) -> Iterator[tuple[str, Any]]:
    """What can be done to a value, by its type; ``GONE`` removes it."""
    kinds: list[tuple[type, Callable[[Any], Iterator[tuple[str, Any]]]]] = [
        (bool, _of_flag), (int, _of_number), (str, _of_text), (list, _of_list), (dict, _of_object),
    ]  # fmt: skip
    nothing = iter([("text for null", "x"), ("number for null", 1)])
    yield from next((find(value) for kind, find in kinds if isinstance(value, kind)), nothing)
    yield "removed", GONE
    if not in_list:
        yield "doubled", Twice(value)
    yield "another type", 7 if isinstance(value, str | bool | list | dict) else "7"


def _of_flag(value: bool) -> Iterator[tuple[str, Any]]:
    yield "turned", not value
    yield "number for flag", int(value)


def _of_number(value: int) -> Iterator[tuple[str, Any]]:
    yield "one more", value + 1
    yield "one less", value - 1
    yield "a fraction", value + 0.5
    yield "a flag", bool(value)
    yield "digits as text", str(value)
    yield "beyond 2^53", 2**53 + value


def _of_text(value: str) -> Iterator[tuple[str, Any]]:
    if re.fullmatch("0x[0-9a-fA-F]+", value):
        for at in (2, len(value) // 2, len(value) - 1):
            found = value[:at] + format(int(value[at], 16) ^ 1, "x") + value[at + 1 :]
            yield f"digit {at} flipped", to_checksum_address(found) if len(value) == 42 else found
        yield "another case", value[:2] + value[2:].swapcase()
        yield "digits cut", value[:-2]
        return
    yield "other text", value + "x"
    if value[-1:].isdigit():
        yield "other digit", value[:-1] + str((int(value[-1]) + 1) % 10)
    yield "empty", "" if value else " "
    if value in CHOICES:
        yield "another choice", CHOICES[value]
    yield "a lone surrogate", value + "\ud800"


def _of_list(value: list[Any]) -> Iterator[tuple[str, Any]]:
    if value:
        yield "last left out", value[:-1]
        yield "first repeated", [value[0], *value]
        yield "emptied", []
    if len(value) > 1:
        yield "two swapped", [value[1], value[0], *value[2:]]


def _of_object(value: Json) -> Iterator[tuple[str, Any]]:
    yield "a field added", value | {"note": "added"}
    yield "null for object", None


def changed(value: Any, path: Where, new: Any) -> Any:
    """A copy with another value at a path; what is not on the path is shared."""
    if not path:
        return new
    found = copy.copy(value)
    if path[1:] or new is not GONE:
        found[path[0]] = changed(value[path[0]], path[1:], new)
    else:
        del found[path[0]]
    return found


def resealed(content: Json) -> Json:
    """What a forger makes of it: documents' hashes and tokens' ids recomputed wherever they stand, then the seals."""
    if not isinstance(content.get("sha256"), str):
        return content  # the forger removed or doubled it
    proof = content.get("proof", content)
    if isinstance(proof, dict):
        proof = _documented(proof)
        if isinstance(proof.get("sha256"), str):
            proof["sha256"] = seal(proof)
        content = content | {"proof": proof} if "proof" in content else proof
    return content | {"sha256": seal(content)}


def _documented(proof: Json) -> Json:
    if any(isinstance(each, Twice) for _, each in places(proof)):
        return proof
    text = json.dumps(proof)
    for old, new in _renamed(proof):
        text = text.replace(old, new) if isinstance(old, str) and len(old) == 66 else text
    found: Json = json.loads(text)
    return found


def _renamed(proof: Json) -> Iterator[tuple[str, str]]:
    """Old and new hashes of documents that were changed, and of tokens behind them."""
    try:
        for month in proof["months"]:
            for event in month["events"]:
                if isinstance(event.get("document"), dict):
                    yield event["evidence"], sha256(event["document"])
        sources = {source["number"]: source for source in proof["sources"]}
        for token in proof["tokens"]:
            if isinstance(token["document"], dict):
                kind, registry = (sources[token["source"]][name] for name in ("token_class", "registry"))
                new = sha256(token["document"])
                yield token["id"], f"0x{batch_id(CLASSES[kind], registry, bytes.fromhex(new[2:])):064x}"
                yield token["evidence"], new
    except (KeyError, TypeError, AttributeError, ValueError, LedgerError):
        return


def seal(content: Json) -> str:
    return sha256({name: value for name, value in content.items() if name != "sha256"})


def sha256(value: Any) -> str:
    """Of the canonical form of integers and texts."""
    plain = json.loads(dumped(value))
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "0x" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def tampered(good: Good, breadth: int = 99, stride: int = 1) -> Iterator[Tampered]:
    """Every value of a good file, changed by a forger in so many of the ways that fit it, in turn, and once as found.

    With a stride only every so many-th value.
    """
    for number, (path, value) in enumerate(places(good.content)):
        if number % stride:
            continue
        ways = list(changes(value, isinstance(path[-1], int)))
        for turn in range(min(breadth, len(ways))):
            change, new = ways[(number // stride + turn) % len(ways)]
            content = changed(good.content, path, new)
            if content == good.content:
                continue  # digits without letters have no case
            forged = resealed(content)
            if forged not in (content, good.content):
                yield Tampered(good.name, path, change, True, dumped(forged).encode())
            if not turn:
                yield Tampered(good.name, path, change, False, dumped(content).encode())


def swapped(bundles: list[Good]) -> Iterator[Tampered]:
    """Members of one bundle in another, and sealed again."""
    for one in bundles:
        for other in bundles:
            for name in one.content:
                if other is not one and name not in ("type", "sha256") and one.content[name] != other.content[name]:
                    content = resealed(one.content | {name: other.content[name]})
                    yield Tampered(one.name, (name,), f"that of {other.name}", True, dumped(content).encode())


NEEDS_THE_TABLE = frozenset({"releases.file_sha256"})


def documented() -> tuple[frozenset[str], frozenset[str]]:
    """Fields that a forger changes unseen, in a proof and in a bundle: the specification's own list of them."""
    page = Path(__file__).resolve().parents[1] / "docs" / "proof-format.md"
    section = page.read_text("utf-8").split("## 9. ")[1].split("## 10. ")[0]
    proof, bundle = section.split("In a bundle")
    rows = "\n".join(line for line in proof.splitlines() if line.startswith("|"))
    return _names(rows), _names(bundle)


def _names(text: str) -> frozenset[str]:
    found = re.findall(r"`([a-z0-9_.]+)(?:\[\])?`", text)
    return frozenset(re.sub(r"^document\.", "months.events.document.", name) for name in found)


# Values at the edge of a form, by the last names of the paths that they are put at: some pass, some do not.
EDGES: dict[str, tuple[Any, ...]] = {
    "name": (
        *(".", "./", "./a", "a//b", "a/./b", "/a", "a\\b", "c:/a", "a:b", "a/c:d", "../a", "a/..", "a..b"),
        *(" ", "\x1c", "ä", "\ud83d\ude00", "a\x7f", "a\nb"),
    ),
    "notes": (
        *([" "], ["\x1c"], ["\x85"], ["\u200b"], ["\ufeff"], ["\u2003"], ["\u0000"], ["a\u2028b", '"\\/']),
        *([""], [[]], ["\ud800"], ["\ud83d\ude00"]),
    ),
    "utility": (None, 0, False, [], "x", " "),
    "pue": (
        *("1", "1.0", "001", "1.", ".5", "0.999999999999", "999.000000000001", "1.0000000000001", "1000"),
        *("\u0661", "1\n"),
    ),
    "hours_present": (0, -0.0, 2**53 - 1, 2**53, -1, 2**64),
    "serials": ("9" * 5000, "0" * 5000, "\u0661"),
    "vintage_start": (0, 2**40 - 1, 2**40),
    "vintage_end": (0, 1, 2**40 - 1, 253_402_300_800, 253_402_300_801, 2**40),
    "month": ("2021-4", "2021-04 ", "\u0662021-04", "2021-13", "1969-12", "9999-12", "10000-01"),
    "serial_from": ("00", "01", "0", "-1", "99999999999999999999", "100000000000000000000", "1\n"),
    "description": (" ", "\u0000", "ä", "\ud800"),
    "technology": ("", " ", "\u00e9", "0x" + 20 * "0"),
    "registry": ("0x" + 24 * "0", "0x" + 24 * "a", "thirteenchars", "\u00e9", "NAR\u0000"),
    "residual_rate": ("0", "0.0", "1.", "", " ", "00000000000001"),
    "rounds": (None, 0, 1, True, "1"),
    "quality": ("A", "E", "", ["A"], None),
    "attested": ([], ["0x0000000000000000000000000000000000000000"], None, {}),
    "quorum": (0, 1, 255, 2**53 - 1),
    "event": ("Audited", "Minted", ["Audited"], None, 1, "__proto__", "constructor"),
    "type": ("", "constructor", ["carbon-tokens/statement/2"], None),
}  # fmt: skip


def edged(good: Good) -> Iterator[Tampered]:
    """Every edge of a form at every place of its name, sealed again: what passes must pass everywhere."""
    for path, _ in places(good.content):
        for number, edge in enumerate(EDGES.get(str(path[-1]), ())):
            forged = resealed(changed(good.content, path, edge))
            if forged != good.content:
                text = dumped(forged).replace(":-0.0", ":-0")  # an integer in JSON, if an odd one
                yield Tampered(good.name, path, f"edge {number}", True, text.encode())
