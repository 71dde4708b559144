"""Audits that are signed apart from sending them: what an auditor signs, and what is sent of one or several of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon_tokens.cli.run import Run
from carbon_tokens.nesting import loads

if TYPE_CHECKING:
    from carbon_tokens.ledger import SignedMessage
    from carbon_tokens.statements import Auditable

_DAY = 86_400


def sign(run: Run, documents: list[Auditable], path: Path, days: int) -> None:
    """Signs the audits of documents at the account's present version, and writes them with the documents to a file."""
    from carbon_tokens.ledger import audits, signing
    from carbon_tokens.ledger.documents import audit_of

    version = run.ledger.account(int(documents[0].facility, 16), documents[0].month).version
    deadline = (run.chain.time() // _DAY + days + 1) * _DAY  # a midnight: auditors who sign on one day sign one message
    signed = run.ledger.sign(audits(*(audit_of(each, version + n) for n, each in enumerate(documents, 1))), deadline)
    for document in documents:
        run.documents.put(document)
    content = signing.to_json(signed) | {"documents": [document.to_json() for document in documents]}
    path.write_text(json.dumps(content, indent=1))
    auditor = signed.signatures[0].auditor
    said = {"file": str(path), "signed": len(documents), "auditor": auditor, "deadline": deadline}
    said["warnings"] = run.warnings
    run.answer(said, lambda out: out.print(f"{len(documents)} audits signed by {auditor} in {path}"))


def submit(run: Run, paths: list[Path]) -> None:
    """Sends what one auditor signed, or enough of a panel in a file each."""
    from carbon_tokens.ledger import merged

    found = [_signed(path) for path in paths]
    signed, documents = merged(*(message for message, _ in found)), found[0][1]
    for document in documents:
        run.documents.put(document)
    receipt = run.ledger.submit(signed)
    statements: Any = signed.message.args[0]
    answer(run, [(receipt, each, audit.version) for each, audit in zip(documents, statements, strict=True)])


def _signed(path: Path) -> tuple[SignedMessage, list[Auditable]]:
    """What was signed: the documents must be those whose hashes the auditor signed."""
    from carbon_tokens.errors import LedgerError, StatementError
    from carbon_tokens.ledger import signing
    from carbon_tokens.ledger.documents import audit_of
    from carbon_tokens.statements import read_auditable

    try:
        content = loads(path.read_text())
        signed = signing.from_json(content)
        documents = [read_auditable(each) for each in content["documents"]]
    except (ValueError, TypeError, KeyError, AttributeError, LedgerError) as error:
        raise StatementError("these are no signed audits", where=str(path), todo="Make them by --sign.") from error
    statements: Any = signed.message.args[0] if signed.message.action == "audit" else ()
    versions = [audit.version for audit in statements]
    if len(documents) != len(versions) or not versions or [*statements] != list(map(audit_of, documents, versions)):
        what = "the documents are not those that were signed"
        raise StatementError(what, where=str(path), todo="Make them by --sign.")
    return signed, documents


def answer(run: Run, receipts: list[Any]) -> None:
    """Answers audits or a restatement: receipt, document and version of each."""
    rows = [
        {"tx": receipt.tx, "gas_used": receipt.gas_used, "version": version, "energy_wh": document.energy_wh,
         "scope1_g": document.scope1_g, "scope2_location_g": document.scope2_location_g,
         "scope2_residual_g": document.scope2_residual_g, "scope3_g": document.scope3_g,
         "evidence": "0x" + document.evidence.hex()}
        for receipt, document, version in receipts
    ]  # fmt: skip
    lines = [f"version {row['version']}: {row['energy_wh']:,} Wh, transaction {row['tx']}" for row in rows]
    run.answer({"audits": rows, "warnings": run.warnings}, lambda out: out.print("\n".join(lines), soft_wrap=True))
