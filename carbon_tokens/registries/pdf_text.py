"""Text and form fields of a PDF, page by page, in the order in which the file draws them.

A registry's statement is a PDF with its figures as text, or in the fields of a form. What has neither is a scan: it is
refused, because reading figures off a picture is guessing. pypdf is the extra ``pdf``; without it this says so.
"""

from __future__ import annotations

import io
import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from carbon_tokens.errors import ExtraMissing, StatementError

_MOST_PAGES = 500
_DEEPEST = 8  # levels of a form's fields


@dataclass(frozen=True, slots=True)
class Page:
    """The filled lines of a page (``lines``), and the fields of its form: name, value."""

    text: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF's pages, and the program that made it, which tells a registry's document from a retyped one."""

    pages: tuple[Page, ...]
    producer: str

    @property
    def text(self) -> str:
        return "\n".join(page.text for page in self.pages)


def is_pdf(content: bytes) -> bool:
    """Whether a file says that it is a PDF, within its first 1,024 bytes as readers accept it."""
    return b"%PDF-" in content[:1024]


def read(content: bytes, name: str) -> Document:
    """The pages of a PDF.

    Raises:
        ExtraMissing: without the extra ``pdf``.
        StatementError: encrypted, damaged, longer than 500 pages, or a scan without any text.
    """
    try:
        import pypdf
    except ImportError as error:
        raise ExtraMissing("reading PDFs needs pypdf", where=name, todo="pip install carbon-tokens[pdf]") from error
    try:
        with _quiet():
            found = _document(pypdf.PdfReader(io.BytesIO(content), strict=True), name)
    except StatementError:
        raise
    except Exception as error:  # a parser of damaged bytes fails in more ways than it documents
        what = f"this PDF cannot be read ({type(error).__name__})"
        raise StatementError(what, where=name, todo="Download it from the registry again.") from error
    if not any(page.text.strip() or any(value for _, value in page.fields) for page in found.pages):
        todo = "Give the registry's own file, or its table; figures are not read off a picture."
        raise StatementError("this PDF has no text: it is a scan", where=name, todo=todo)
    return found


def _document(reader: Any, name: str) -> Document:
    if reader.is_encrypted:
        raise StatementError("this PDF is encrypted", where=name, todo="Save it without a password.")
    if len(reader.pages) > _MOST_PAGES:
        raise StatementError(f"this PDF has {len(reader.pages)} pages", where=name, todo="Give the statement alone.")
    made = reader.metadata or {}
    producer = " / ".join(filter(None, (str(made.get(key) or "").strip() for key in ("/Creator", "/Producer"))))
    return Document(tuple(_page(page) for page in reader.pages), producer)


def _page(page: Any) -> Page:
    widgets = [each.get_object() for each in page.get("/Annots") or []]
    fields = tuple(
        (_inherited(each, "/T"), _inherited(each, "/V")) for each in widgets if each.get("/Subtype") == "/Widget"
    )
    return Page(lines(page.extract_text()), fields)


def lines(text: str) -> str:
    """The filled lines of a text with single blanks and ligatures undone: one spelling, and no long runs of blanks."""
    found = (" ".join(line.split()) for line in unicodedata.normalize("NFKC", text).splitlines())
    return "\n".join(line for line in found if line)


def _inherited(widget: Any, key: str) -> str:
    """A field's value, which a widget may have from the field above it."""
    for _ in range(_DEEPEST):
        if key in widget:
            return unicodedata.normalize("NFKC", str(widget[key] or ""))
        if "/Parent" not in widget:
            break
        widget = widget["/Parent"].get_object()
    return ""


@contextmanager
def _quiet() -> Iterator[None]:
    """Without pypdf's remarks on stderr: what matters of them becomes an error."""
    logger = logging.getLogger("pypdf")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
