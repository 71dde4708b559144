"""Salted hashes of the files that a document names, for a document that becomes public while its files stay private.

A bill is guessable (a utility, a meter, a round amount): its plain sha-256 in a public document would confirm a guess.
A document may name a file by the commitment of ``evidence.sealing`` instead, sha-256(salt · sha-256(file)). The salt,
64 hex digits, stands in ``NAME.salt`` beside the file ``NAME``, and goes to whoever may check the file. The document,
and with it the evidence hash on chain, has the same form either way. A choice of factors is public and keeps its hash.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from carbon_tokens.errors import StatementError
from carbon_tokens.evidence.sealing import SALT, SALT_SUFFIX, commitment_of_hash
from carbon_tokens.statements.auditable import Auditable
from carbon_tokens.statements.statement import Input

Kind = TypeVar("Kind", bound=Auditable)
_PLAIN = ("factor",)  # kinds of inputs that are public


def salted(document: Kind, salts: Mapping[str, bytes]) -> Kind:
    """The document with commitments in place of the hashes of its files.

    Args:
        salts: 32 bytes for every file that is not public, by its name in the document.

    Raises:
        StatementError: a file without a salt.
    """
    return replace(document, inputs=tuple(_salted(item, salts) for item in document.inputs))


def kept(document: Auditable, folder: Path) -> dict[str, bytes]:
    """The salts of a document's files in a folder; new ones are written there for files without one, mode 0600.

    Raises:
        StatementError: a salt that is none, or cannot be written.
    """
    names = [item.name for item in document.inputs if item.kind not in _PLAIN]
    return {name: read(folder / (name + SALT_SUFFIX)) or _made(folder / (name + SALT_SUFFIX)) for name in names}


def read(path: Path) -> bytes | None:
    """The salt in a file; None if there is no file. Raises StatementError for a file that holds none."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StatementError(f"cannot be read ({type(error).__name__})", where=path.name) from error
    if not re.fullmatch(rf"[0-9a-f]{{{2 * SALT}}}\n?", text):
        todo = "Ask for the salt that the document was made with."
        raise StatementError(f"is no salt: {2 * SALT} hex digits", where=path.name, todo=todo)
    return bytes.fromhex(text.strip())


def difference(item: Input, path: Path) -> str:
    """Why a file is not the one that a document names, as a sentence; empty if it is, plainly or by its salt."""
    try:
        digest = hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return f"{item.name} cannot be read"
    return hash_difference(item, digest, path)


def hash_difference(item: Input, digest: bytes, path: Path) -> str:
    """As ``difference``, for a file whose sha-256 is known."""
    try:
        salt = read(path.with_name(path.name + SALT_SUFFIX))
    except StatementError as error:
        return str(error)
    if item.sha256 in ("0x" + digest.hex(), salt and "0x" + commitment_of_hash(digest, salt).hex()):
        return ""
    known = f" and with its salt the commitment 0x{commitment_of_hash(digest, salt).hex()}" if salt else ""
    said = f"{item.name} has sha-256 0x{digest.hex()}{known}, the statement says {item.sha256}"
    return said if salt else f"{said}; if that is a commitment, {item.name}{SALT_SUFFIX} is missing"


def _salted(item: Input, salts: Mapping[str, bytes]) -> Input:
    if item.kind in _PLAIN:
        return item
    if item.name not in salts:
        raise StatementError("there is no salt of this file", where=item.name, todo="Give one for every file.")
    return replace(item, sha256="0x" + commitment_of_hash(bytes.fromhex(item.sha256[2:]), salts[item.name]).hex())


def _made(path: Path) -> bytes:
    salt = secrets.token_bytes(SALT)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(salt.hex() + "\n")
    except OSError as error:
        raise StatementError(f"the salt cannot be written ({error.strerror})", where=str(path)) from error
    return salt
