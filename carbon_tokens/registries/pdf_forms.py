"""Retirement statements that registries give out as PDF, told by their words.

    nar      certificate of retirement of NAR
    wregis   retirement of WREGIS, as its account holders print it
    go       cancellation of guarantees of origin: Energinet's form, and Statnett's
    i-rec    redemption statement of the I-REC registry

Every form states its total beside its rows. Where they differ no row of it counts: one may not have been understood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carbon_tokens.errors import StatementError
from carbon_tokens.registries.entries import PER_UNIT, Found, Row, amount, faults_of, understood
from carbon_tokens.registries.pdf_american import nar_line, nar_sheets, wregis_line, wregis_sheets
from carbon_tokens.registries.pdf_go import energinet_sheets, go_line, statnett_sheets
from carbon_tokens.registries.pdf_irec import irec_line, irec_sheets
from carbon_tokens.registries.pdf_sheet import Sheet, plain
from carbon_tokens.registries.pdf_text import Document


@dataclass(frozen=True, slots=True)
class DocumentForm:
    """A statement of a registry, told by words that all stand in it."""

    kind: str
    registry: str
    words: tuple[str, ...]
    sheets: Callable[[Document], tuple[Sheet, ...]]
    fields: Callable[[Row], Found]


FORMS = (
    DocumentForm("nar", "NAR", ("North American Renewables Registry", "Certificate of Retirement"), nar_sheets,
                 nar_line),
    DocumentForm("wregis", "WREGIS", ("WREGIS", "Facility ID", "Retirement Purpose"), wregis_sheets, wregis_line),
    DocumentForm("go", "EECS", ("Transaction Type:", "Certificate Number (From - To)", "GSRN"), energinet_sheets,
                 go_line),
    DocumentForm("go", "EECS", ("Cancellation Statement", "Certificate Bundles cancelled", "GSRN"), statnett_sheets,
                 go_line),
    DocumentForm("i-rec", "I-REC", ("Redemption Statement has been produced for", "I-REC Certificates"), irec_sheets,
                 irec_line),
)  # fmt: skip


def found(document: Document, name: str, kind: str) -> tuple[DocumentForm, list[Found]]:
    """The form of a statement, and what it says in each of its rows.

    Raises:
        StatementError: a document of another kind, or one without rows.
    """
    text = " ".join(document.text.split())
    form = next((each for each in FORMS if kind in ("", each.kind) and all(word in text for word in each.words)), None)
    if form is None:
        known = f"Known: {', '.join(dict.fromkeys(each.kind for each in FORMS))}."
        what = f"this PDF is no statement of kind {kind}" if kind else "no known statement of a registry"
        raise StatementError(what, where=name, todo=known)
    rows = [_made(row, document) for sheet in form.sheets(document) for row in _checked(form, sheet)]
    if not rows:
        raise StatementError(f"no certificate is found in this statement of kind {form.kind}", where=name,
                             todo="Give the registry's table of it.")  # fmt: skip
    return form, rows


def _made(row: Found, document: Document) -> Found:
    """The row with the program that made the document: a registry's own, or one that anybody has."""
    said = [row.get("details", ""), f"made with {document.producer}" if document.producer else ""]
    return {**row, "details": "; ".join(str(each) for each in said if each)}


def _checked(form: DocumentForm, sheet: Sheet) -> list[Found]:
    rows = [understood(form.fields, row) for row in sheet.rows]
    amounts = [each.get("amount", -1) for each in rows]
    total = sum(each for each in amounts if isinstance(each, int) and each >= 0)
    faults = [f"the statement has {each} MWh in all, its rows {total / PER_UNIT:g}"
              for each in dict.fromkeys(sheet.totals) if amount(plain(each)) != total]  # fmt: skip
    if not sheet.totals:
        faults.append("the statement has no total that its rows could be held against")
    whole = (*sheet.faults, *faults)
    return [{**row, "faults": (*faults_of(row), *whole)} for row in rows]
