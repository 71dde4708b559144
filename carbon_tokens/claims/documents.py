"""Documents by their hash: a folder in which every file is named by the sha-256 of its bytes.

The commands keep the statements, certificate batches and facility descriptions there that a proof needs later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from carbon_tokens.errors import ProofError
from carbon_tokens.statements.document import Document


class Documents:
    """Documents in memory, and those of a folder if one is named."""

    def __init__(self, folder: Path | None = None, given: Iterable[Document | bytes] = ()) -> None:
        self.folder = folder
        contents = (each.canonical() if isinstance(each, Document) else each for each in given)
        self._known = {hashlib.sha256(content).digest(): content for content in contents}

    def put(self, document: Document | bytes) -> bytes:
        """Keeps a document and returns its hash, 32 bytes."""
        content = document.canonical() if isinstance(document, Document) else document
        evidence = hashlib.sha256(content).digest()
        self._known[evidence] = content
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._path(self.folder, evidence).write_bytes(content)
        return evidence

    def get(self, evidence: bytes) -> bytes | None:
        """The bytes with this hash; None if they are not at hand.

        Raises:
            ProofError: the folder's file of that name holds other bytes.
        """
        if evidence in self._known or not self.folder:
            return self._known.get(evidence)
        path = self._path(self.folder, evidence)
        if not path.is_file():
            return None
        content = path.read_bytes()
        if hashlib.sha256(content).digest() != evidence:
            raise ProofError("its bytes do not have the hash in its name", where=str(path), todo="Restore the file.")
        return content

    @staticmethod
    def _path(folder: Path, evidence: bytes) -> Path:
        return folder / f"{evidence.hex()}.json"
