"""Opening salted commitments: files that proofs name only by ``sha-256(salt · sha-256(file))``.

Two proofs of one private bill with two salts have nothing in common that a reader could see. Who has the files with
their salts beside them (``statements.salts``) can open both commitments to the file's own hash and compare that.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from carbon_tokens.evidence.sealing import SALT_SUFFIX, commitment_of_hash
from carbon_tokens.statements import salts


def openings(folder: Path) -> dict[str, str]:
    """sha-256 of every file below a folder that has a salt beside it, by its commitment; both 0x and 64 digits.

    Raises:
        StatementError: a salt that is none.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.rglob(f"*{SALT_SUFFIX}")):
        file, salt = path.with_name(path.name.removesuffix(SALT_SUFFIX)), salts.read(path)
        if salt and file.is_file():
            digest = hashlib.sha256(file.read_bytes()).digest()
            found["0x" + commitment_of_hash(digest, salt).hex()] = "0x" + digest.hex()
    return found
