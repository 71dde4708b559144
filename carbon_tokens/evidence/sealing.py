"""Sealed evidence: encrypted by age to those who may read it, with a salt that makes its commitment say nothing.

    envelope   = version (1 byte) · salt (32) · length of the name (2) · name (UTF-8) · file
    sealed     = age(envelope) to X25519 recipients (https://age-encryption.org/v1)
    commitment = sha-256(salt · sha-256(file))
    name hash  = sha-256("name" · salt · name)

A bill is guessable: a utility, a meter, a round amount. Its plain hash on a chain would confirm a guess; the commitment
confirms none without the salt, which only readers get, and still binds to one file. The salt stays when the file is
sealed to others, so that the commitment on chain stays true. The length of the sealed bytes tells that of the file.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from carbon_tokens.errors import EvidenceLost, EvidenceRefused, ExtraMissing

RECIPIENT = "^age1[02-9ac-hj-np-z]{58}$"  # bech32 of an X25519 public key
SALT = 32
SALT_SUFFIX = ".salt"  # of the file beside another one that holds the other's salt, 64 hex digits
NAME = "^[^\\x00-\\x1f\\x7f/\\\\]{1,100}$"
MOST = 20  # recipients; each adds some 100 bytes
_VERSION = b"\x01"
_HEADER = b"age-encryption.org/v1\n-> "


@dataclass(frozen=True, slots=True)
class Opened:
    """A file with the salt of its commitment. Who has both can prove the file to others, and confirm guesses."""

    content: bytes
    name: str
    salt: bytes

    @property
    def commitment(self) -> bytes:
        """32 bytes that may be public."""
        return commitment_of(self.content, self.salt)

    @property
    def name_hash(self) -> bytes:
        """32 bytes that may be public."""
        return hashlib.sha256(b"name" + self.salt + self.name.encode()).digest()


def new(content: bytes, name: str, salt: bytes | None = None) -> Opened:
    """A file with a salt, a new one if none is given. Raises EvidenceRefused for a name that is none of a file."""
    if not _is_name(name):
        raise EvidenceRefused("the name of the file is none", todo="1 to 100 characters without a slash.")
    return Opened(content, name, salt or secrets.token_bytes(SALT))


def commitment_of(content: bytes, salt: bytes) -> bytes:
    """sha-256(salt · sha-256(file)), 32 bytes."""
    return commitment_of_hash(hashlib.sha256(content).digest(), salt)


def commitment_of_hash(digest: bytes, salt: bytes) -> bytes:
    """The commitment of a file by its sha-256, 32 bytes."""
    return hashlib.sha256(salt + digest).digest()


def seal(file: Opened, recipients: Sequence[str]) -> bytes:
    """The file encrypted to all recipients (age1…), each of whom can open it alone.

    Raises:
        EvidenceRefused: no recipients, too many, or one that is no age public key.
    """
    if not 1 <= len(set(recipients)) <= MOST:
        raise EvidenceRefused(f"{len(set(recipients))} recipients", todo=f"Name 1 to {MOST} of them: age1….")
    keys = [_recipient(each) for each in dict.fromkeys(recipients)]
    name = file.name.encode()
    envelope = _VERSION + file.salt + len(name).to_bytes(2, "big") + name + file.content
    return bytes(_age().encrypt(envelope, keys))


def open_(sealed: bytes, identities: Sequence[str], commitment: bytes | None = None) -> Opened:
    """The file of sealed bytes, by one of some identities (AGE-SECRET-KEY-1…).

    Raises:
        EvidenceRefused: it is not sealed to any of them, or is no envelope of evidence.
        EvidenceLost: it is not the file that was committed to.
    """
    age = _age()
    keys = [_identity(each) for each in identities]
    try:
        found = _of(age.decrypt(sealed, keys))
    except age.DecryptError as error:
        todo = "Use an identity of one of its recipients."
        raise EvidenceRefused(f"the evidence cannot be opened ({error})", todo=todo) from None
    if commitment is not None and found.commitment != commitment:
        what = "it opens to another file than the one that its commitment names"
        raise EvidenceLost(what, where="0x" + commitment.hex())
    return found


def _of(envelope: bytes) -> Opened:
    """What an envelope holds. Raises EvidenceRefused."""
    start = len(_VERSION) + SALT
    at = start + 2
    end = at + int.from_bytes(envelope[start:at], "big")
    if envelope[:1] != _VERSION or end > len(envelope):
        raise EvidenceRefused("what was encrypted is no envelope of evidence of version 1")
    try:
        name = envelope[at:end].decode()
    except UnicodeDecodeError:
        name = ""
    if not _is_name(name):
        raise EvidenceRefused("the name in the envelope is none of a file")
    return Opened(envelope[end:], name, envelope[len(_VERSION) : start])


def _is_name(name: str) -> bool:
    return bool(re.fullmatch(NAME, name)) and name not in (".", "..")


def is_sealed(content: bytes) -> bool:
    """Whether bytes begin as an age file does. What is inside, only a recipient can tell."""
    return content.startswith(_HEADER)


def new_identity() -> tuple[str, str]:
    """A secret identity (AGE-SECRET-KEY-1…) and its public key (age1…)."""
    found = _age().x25519.Identity.generate()
    return str(found), str(found.to_public())


def public_key(identity: str) -> str:
    """The public key of an identity. Raises EvidenceRefused for one that is none."""
    return str(_identity(identity).to_public())


def check_recipient(text: str) -> str:
    """A public key as it came. Raises EvidenceRefused for one that is none."""
    return str(_recipient(text))


def _recipient(text: str) -> Any:
    age = _age()
    try:
        return age.x25519.Recipient.from_str(text)
    except age.RecipientError:
        if text.upper().startswith("AGE-SECRET-KEY-"):
            raise EvidenceRefused("a secret identity stands where a public key should") from None
        raise EvidenceRefused(f"{text[:80]!r} is no age public key", todo="It has the form age1….") from None


def _identity(text: str) -> Any:
    age = _age()
    try:
        return age.x25519.Identity.from_str(text.strip())
    except age.IdentityError:  # not repeated: it may be a secret with a letter wrong
        raise EvidenceRefused("an identity is none", todo="It has the form AGE-SECRET-KEY-1….") from None


def _age() -> Any:
    try:
        import pyrage
    except ModuleNotFoundError as error:
        raise ExtraMissing("sealed evidence needs pyrage", todo="pip install 'carbon-tokens[evidence]'") from error
    return pyrage
