"""Green Button / ESPI files as a flat list of resources with their links and lines (NAESB REQ.21, Atom RFC 4287).

An ESPI file is an Atom feed; each entry carries one resource or several (usage point, meter reading, reading type,
interval block …) and names its neighbours by links: ``self``, ``up`` and ``related``. Nothing else ties an interval to
its meter and its unit, so the links decide, not the order in the file. Elements are told by their namespace, whatever
prefix a utility gives it. The file is read as a stream by a parser that refuses entities and DTDs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

from carbon_tokens.errors import EnergyError
from carbon_tokens.nesting import LIMIT

ATOM = "http://www.w3.org/2005/Atom"
ESPI = "http://naesb.org/espi"
_HOST = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*")


@dataclass(slots=True)
class Node:
    """One ESPI element: its local name, line, text without blanks around it, and its children."""

    name: str
    line: int
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, *path: str) -> list[Node]:
        """The elements at a path of names below this one, in the order of the file."""
        found = [self]
        for name in path:
            found = [child for node in found for child in node.children if child.name == name]
        return found

    def first(self, *path: str) -> Node | None:
        return next(iter(self.all(*path)), None)

    def content(self, *path: str) -> str:
        """Text of the first element at a path; "" if there is none."""
        node = self.first(*path)
        return node.text if node else ""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the feed and the links of its entry; addresses are without host and outer slashes."""

    node: Node
    address: str = ""
    up: str = ""
    related: frozenset[str] = frozenset()
    title: str = ""

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def line(self) -> int:
        return self.node.line

    def id_of(self, collection: str) -> str:
        """What follows a collection's name in this resource's address: "01" in …/UsagePoint/01/MeterReading/05."""
        for address in (self.address, self.up):
            parts = address.split("/")
            if collection in parts[:-1]:
                return parts[parts.index(collection) + 1]
        return ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A file's resources in its order, and the sha-256 of its bytes (64 hex digits)."""

    file: str
    sha256: str
    resources: tuple[Resource, ...]

    def of(self, *names: str) -> list[Resource]:
        return [each for each in self.resources if each.name in names]


def read(path: Path | str) -> Feed:
    """The resources of an ESPI file.

    Raises:
        EnergyError: no file, no XML, XML with entities or a DTD, nested too deep, or without any ESPI resource; with
            file:line.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EnergyError(f"this file cannot be read ({error.strerror})", where=path.name) from error
    resources = tuple(_parse(data, path.name))
    return Feed(path.name, hashlib.sha256(data).hexdigest(), resources)


def is_xml(head: bytes) -> bool:
    """Whether a file that starts so is XML rather than a table; a table starts with the name of a column."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" or head[:2] in (b"\xff\xfe", b"\xfe\xff")


def _parse(data: bytes, name: str) -> list[Resource]:
    parser = create_parser(forbid_dtd=True)
    handler = _Handler(name, parser.getLineNumber)
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(handler)
    try:
        parser.feed(data)
        parser.close()
    except DefusedXmlException as error:
        what = f"the file declares {type(error).__name__.removesuffix('Forbidden')}s, which Green Button files do not"
        raise EnergyError(what, where=f"{name}:{parser.getLineNumber()}") from error
    except (SAXException, ValueError, LookupError) as error:  # the last two: a declared encoding that is none
        reason = error.getMessage() if isinstance(error, SAXException) else str(error)
        todo = "Download the file again; nothing of it was used."
        raise EnergyError(
            f"this is no well-formed XML ({reason})", where=f"{name}:{handler.line}", todo=todo
        ) from error
    if not handler.resources:
        what, todo = "this file has no Green Button (ESPI) resource", "Give the XML that the utility lets you download."
        raise EnergyError(what, where=f"{name}:{handler.root_line}", todo=todo)
    return handler.resources


class _Handler(ContentHandler):
    """Builds the tree of one entry at a time and keeps its resources."""

    def __init__(self, file: str, line: Callable[[], int | None]) -> None:
        super().__init__()
        self.file, self.resources, self.root_line = file, list[Resource](), 0
        self._line_of = line
        self._open: list[Node] = []  # ESPI elements that are open
        self._text: list[str] = []
        self._depth = 0
        self._links: dict[str, set[str]] = {}  # of the open entry, by their relation
        self._title = ""
        self._content: list[Node] = []  # resources of the open entry

    @property
    def line(self) -> int:
        return self._line_of() or 1

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: AttributesNSImpl) -> None:
        space, local = name
        self._depth += 1
        self._text, self.root_line = [], self.root_line or self.line
        if self._depth > LIMIT:
            raise EnergyError(f"the XML nests deeper than {LIMIT} levels", where=f"{self.file}:{self.line}")
        if space == ESPI:
            self._open.append(Node(local, self.line))
        elif space == ATOM and local == "entry":
            self._begin()
        elif space == ATOM and local == "link":
            values: dict[Any, str] = dict(attrs.items())
            self._links.setdefault(values.get((None, "rel"), ""), set()).add(address(values.get((None, "href"), "")))

    def characters(self, content: str) -> None:
        self._text.append(content)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:
        space, local = name
        self._depth -= 1
        if space == ESPI:
            self._close()
        elif space == ATOM and local == "title":
            self._title = "".join(self._text).strip()
        elif space == ATOM and local == "entry":
            self._end()
        self._text = []

    def endDocument(self) -> None:
        self._end()  # a resource that stands without a feed or an entry

    def _close(self) -> None:
        node = self._open.pop()
        node.text = "".join(self._text).strip()
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._content.append(node)

    def _begin(self) -> None:
        self._end()
        self._links, self._title = {}, ""

    def _end(self) -> None:
        up, own = sorted(self._links.get("up", ())), sorted(self._links.get("self", ()))
        for node in self._content:
            self.resources.append(
                Resource(
                    node,
                    address=own[0] if own else "",
                    up=up[0] if up else "",
                    related=frozenset(self._links.get("related", ())),
                    title=self._title,
                )
            )
        self._content, self._links, self._title = [], {}, ""


def address(href: str) -> str:
    """A link without host and outer slashes, so that absolute and relative ones of a file compare equal."""
    return _HOST.sub("", href.strip()).strip("/")


def owner(child: Resource, parents: list[Resource], collection: str, file: str) -> Resource | None:
    """The parent that a resource belongs to: named by a link of the parent, else by the address it lies under, else by
    the id in its address, else the only one there is; None if there are no parents.

    Raises:
        EnergyError: several parents claim it, or none does.
    """
    if not parents:
        return None
    for rule in (_linked, _under, _same_id):
        found = {parent.address or parent.line: parent for parent in parents if rule(parent, child, collection)}
        if len(found) == 1:
            return next(iter(found.values()))
        if len(found) > 1:
            listed = ", ".join(f"line {parent.line}" for parent in found.values())
            raise EnergyError(f"{child.name} belongs to several {collection}s: {listed}", where=f"{file}:{child.line}")
    if len(parents) == 1 and not (child.id_of(collection) and parents[0].id_of(collection)):
        return parents[0]
    raise EnergyError(f"{child.name} belongs to no {collection} of the file", where=f"{file}:{child.line}",
                      todo="Ask the utility for a file whose links lead to its resources.")  # fmt: skip


def _linked(parent: Resource, child: Resource, _: str) -> bool:
    return bool(({child.address, child.up} - {""}) & parent.related)


def _under(parent: Resource, child: Resource, _: str) -> bool:
    return bool(parent.address) and any(each.startswith(parent.address + "/") for each in (child.address, child.up))


def _same_id(parent: Resource, child: Resource, collection: str) -> bool:
    return child.id_of(collection) != "" and child.id_of(collection) == parent.id_of(collection)


def whole_number(node: Node, path: tuple[str, ...], problems: list[tuple[str, str]], file: str) -> int | None:
    """The integer at a path below a node; None, and a problem, if there is none. Blanks around it and a fraction of
    zeros do not count: utilities write " 0 " and 1293868800.0."""
    found = node.first(*path)
    text = found.text if found else ""
    match = re.fullmatch(r"([+-]?[0-9]{1,18})(\.0*)?", text)
    if match:
        return int(match[1])
    line = found.line if found else node.line
    what = f"{path[-1]} {text!r} is no whole number" if found else f"{node.name} without {path[-1]}"
    problems.append((f"{file}:{line}", what))
    return None
