"""Names of evidence: CIDv1 of raw bytes by sha-256, so that the name is the check.

    CID = "b" + base32(0x01 · 0x55 · 0x12 · 0x20 · sha-256)     (version 1 · raw · sha2-256 · 32 bytes)

in lower case without padding (multiformats/cid, multibase "b"): 59 characters that begin with bafkrei. The sha-256 is
what ``sha256sum`` says of the file. IPFS gives this CID to a file of one block; larger ones have a tree's CID there.
"""

from __future__ import annotations

import base64
import hashlib
import re

from carbon_tokens.errors import EvidenceRefused

PATTERN = "^bafkrei[a-z2-7]{52}$"
_PREFIX = bytes((0x01, 0x55, 0x12, 0x20))


def cid_of(content: bytes) -> str:
    """The CID of some bytes."""
    return cid_of_digest(hashlib.sha256(content).digest())


def cid_of_digest(digest: bytes) -> str:
    """The CID of bytes with this sha-256."""
    return "b" + base64.b32encode(_PREFIX + digest).decode().rstrip("=").lower()


def digest_of(cid: str) -> bytes:
    """The sha-256 in a CID. Raises EvidenceRefused for one of another form."""
    if re.fullmatch(PATTERN, cid):
        found = base64.b32decode(cid[1:].upper() + "======")
        if cid_of_digest(found[len(_PREFIX) :]) == cid:  # base32 has bits to spare: one name a content
            return found[len(_PREFIX) :]
    raise EvidenceRefused(f"{cid[:80]!r} is no CID of raw bytes by sha-256", todo="It has the form bafkrei….")
