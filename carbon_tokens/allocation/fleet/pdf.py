"""The report as PDF/A-3b, which carries allocation.json inside: the same allocation gives the same bytes.

Typst sets it from ``report.typ`` with its own fonts and dates it at the end of the month, so that neither machine nor
day changes a byte.
Its extra is ``report``. PDF/A-3b is ISO 19005-3: a document for archives that may hold the data it shows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from carbon_tokens.allocation.fleet import chapters
from carbon_tokens.allocation.fleet.blocks import Block, Picture, Section
from carbon_tokens.allocation.fleet.export import to_json, written
from carbon_tokens.allocation.fleet.history import MonthTotals
from carbon_tokens.allocation.fleet.result import Footprint
from carbon_tokens.errors import AllocationError, ExtraMissing
from carbon_tokens.periods import Month


def pdf(footprint: Footprint, months: Sequence[MonthTotals] = ()) -> bytes:
    """The PDF. Its content is that of ``report.html``.

    Args:
        months: this month and earlier ones, as ``history.months``.

    Raises:
        ExtraMissing: typst is not installed.
    """
    try:
        import typst
    except ImportError as error:
        todo = "pip install 'carbon-tokens[report]'"
        raise ExtraMissing("a PDF needs typst, which is not installed", where="report.pdf", todo=todo) from error
    content = to_json(footprint)
    said = {
        "title": chapters.title(content),
        "digest": content["digest"],
        "sections": [_section(each) for each in chapters.sections(footprint, months)],
    }
    dated = Month.parse(content["month"]).end if content["month"] else 0  # a PDF/A must have a date
    template = resources.files("carbon_tokens.allocation.fleet").joinpath("report.typ").read_bytes()
    inputs = {"report": json.dumps(said, ensure_ascii=False), "allocation": written(content)}
    made: bytes = typst.compile(
        template, format="pdf", ignore_system_fonts=True, sys_inputs=inputs, pdf_standards=["a-3b"], timestamp=dated
    )
    return made


def write(footprint: Footprint, path: Path | str, months: Sequence[MonthTotals] = ()) -> None:
    """Writes the PDF. Raises ExtraMissing as ``pdf``, AllocationError if it cannot be written."""
    made = pdf(footprint, months)
    try:
        Path(path).write_bytes(made)
    except OSError as error:
        raise AllocationError(f"cannot be written ({error.strerror})", where=str(path)) from error


def _section(section: Section) -> dict[str, Any]:
    return {"title": section.title, "blocks": [_block(each) for each in section.blocks]}


def _block(block: Block) -> dict[str, Any]:
    said = {"kind": type(block).__name__.lower(), **asdict(block)}
    if isinstance(block, Picture):  # in a page it needs no name space, as a file it does
        said["svg"] = block.svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return said
