"""Reading a registry's download: its kind is recognised from its content, and each of its rows becomes an entry.

The kinds stand with the families of their forms: tables of RECs (``rec_forms``), of retired and of issued offsets
(``offset_forms``, ``issuance_forms``) and of the Filecoin project (``filecoin_forms``), and PDFs (``pdf_forms``).
What is wrong with a row is written into its entry and decided later, so that no row is lost.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from carbon_tokens.errors import StatementError
from carbon_tokens.registries import (
    filecoin_forms,
    issuance_forms,
    offset_forms,
    pdf_forms,
    pdf_text,
    rec_forms,
)
from carbon_tokens.registries.entries import Entry, Form, entered, understood

_TABLES = (*rec_forms.FORMS, *offset_forms.FORMS, *issuance_forms.FORMS, *filecoin_forms.FORMS)
KINDS = tuple(dict.fromkeys(each.kind for each in (*_TABLES, *pdf_forms.FORMS)))
_PROJECTS = (
    {"Crediting Period Start Date", "Proponent"},
    {"Compliance Program ID (ARB or Ecology)"},
    {"protocol_slug"},
)

Numbered = list[tuple[int, list[str]]]  # rows by the line on which each begins


def read(path: Path | str, kind: str = "", *, name: str = "") -> list[Entry]:
    """The entries of a registry's download, one a row, in the order of the file.

    Args:
        kind: one of ``KINDS``, if it is not to be recognised.
        name: what the file is called in every place that is named; its own name without.

    Raises:
        ExtraMissing: a PDF, without the extra ``pdf``.
        StatementError: no readable CSV or PDF, no known form, another form than the kind that is stated, or no rows.
    """
    path = Path(path)
    name = name or path.name
    if kind and kind not in KINDS:
        raise StatementError(f"{kind!r} is no kind of download", where=name, todo=f"Known: {', '.join(KINDS)}.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StatementError(f"this file cannot be read ({error.strerror})", where=name) from error
    digest = hashlib.sha256(content).hexdigest()
    if pdf_text.is_pdf(content):
        form, rows = pdf_forms.found(pdf_text.read(content, name), name, kind)
        return [entered(form.kind, "rec", form.registry, row, name, digest, at) for at, row in enumerate(rows, 1)]
    header, numbered = _table(content, name)
    return list(_entries(_form(header, name, kind), header, numbered, name, digest))


def _table(content: bytes, name: str) -> tuple[list[str], Numbered]:
    """The header, whose cells are in one line each, and the rows below it."""
    try:
        numbered = list(_numbered(content.decode("utf-8-sig")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise StatementError(f"this is no readable CSV ({error})", where=name, todo="Give UTF-8.") from error
    header = [" ".join(cell.split()) for cell in numbered[0][1]] if numbered else []
    return header, numbered[1:]


def _numbered(text: str) -> Iterator[tuple[int, list[str]]]:
    """Filled rows with the line on which each begins."""
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip() for cell in cells]
        line = reader.line_num + 1


def _form(header: list[str], name: str, kind: str) -> Form:
    columns, where = set(header), f"{name}:1"
    form = next((each for each in _TABLES if kind in ("", each.kind) and each.header <= columns), None)
    if form is None and kind:
        wanted = [sorted(each.header - columns) for each in _TABLES if each.kind == kind]
        missing = " or ".join(", ".join(each) for each in wanted) or "it is a PDF"
        raise StatementError(f"this is no download of kind {kind}", where=where, todo=f"Missing: {missing}.")
    if form is None and any(each <= columns for each in _PROJECTS):
        what = "this is a registry's list of projects, not of certificates"
        raise StatementError(what, where=where, todo="Give its retirements.")
    if form is None:
        raise StatementError("no known download of a registry", where=where, todo=f"Known: {', '.join(KINDS)}.")
    twice = sorted({each for each in header if each and header.count(each) > 1})
    if twice:
        raise StatementError(f"repeated column {', '.join(map(repr, twice))}", where=where, todo="Keep one of them.")
    return form


def _entries(form: Form, header: list[str], numbered: Numbered, name: str, digest: str) -> Iterator[Entry]:
    if not numbered:
        raise StatementError("this download has no rows", where=name)
    for at, cells in numbered:
        if len(cells) == len(header):
            found = understood(form.fields, dict(zip(header, cells, strict=True)))
        else:
            found = {"faults": (f"{len(cells)} cells under {len(header)} columns",)}
        yield entered(form.kind, form.token_class, form.registry, found, name, digest, at)
