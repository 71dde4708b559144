"""A page of sections as PDF/A-3b, with a file inside: the same content gives the same bytes.

Typst sets it from ``page.typ`` with its own fonts, and it is dated by who calls, so that neither machine nor day
changes a byte. Its extra is ``report``. PDF/A-3b is ISO 19005-3: for archives, and it may hold the data that it shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from carbon_tokens.allocation.pages.blocks import Block, Picture, Section
from carbon_tokens.errors import ExtraMissing


@dataclass(frozen=True, slots=True)
class Attached:
    """The data that a page shows, as a JSON file inside it."""

    name: str
    content: str
    about: str


def pdf(title: str, digest: str, sections: Iterable[Section], attached: Attached, dated: int) -> bytes:
    """The PDF.

    Args:
        digest: sha-256 of what it shows, 64 hex digits, in its foot.
        dated: UTC seconds; a PDF/A must have a date.

    Raises:
        ExtraMissing: typst is not installed.
    """
    try:
        import typst
    except ImportError as error:
        todo = "pip install 'carbon-tokens[report]'"
        raise ExtraMissing("a PDF needs typst, which is not installed", where="PDF", todo=todo) from error
    said = {"title": title, "digest": digest, "sections": [_section(each) for each in sections]}
    template = resources.files("carbon_tokens.allocation.pages").joinpath("page.typ").read_bytes()
    inputs = {"report": json.dumps(said, ensure_ascii=False), "attached": json.dumps(asdict(attached))}
    made: bytes = typst.compile(
        template, format="pdf", ignore_system_fonts=True, sys_inputs=inputs, pdf_standards=["a-3b"], timestamp=dated
    )
    return made


def _section(section: Section) -> dict[str, Any]:
    return {"title": section.title, "blocks": [_block(each) for each in section.blocks]}


def _block(block: Block) -> dict[str, Any]:
    said = {"kind": type(block).__name__.lower(), **asdict(block)}
    if isinstance(block, Picture):  # in a page it needs no name space, as a file it does
        said["svg"] = block.svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return said
