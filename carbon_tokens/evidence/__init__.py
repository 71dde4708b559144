"""Evidence behind audits: bills and logs, encrypted to those who may read them, under names that are their checks.

A file is sealed (``sealing``: age, with a salt, so that what is public confirms no guess), kept in a store under the
CID of the sealed bytes (``store``: a folder, S3, IPFS), and listed in a manifest (``manifest``: append-only, until when
it is kept, what it replaces). Every read checks the sha-256 again.
"""

from __future__ import annotations

from carbon_tokens.evidence.cid import cid_of, digest_of
from carbon_tokens.evidence.store import Store, open_store

__all__ = ["Store", "cid_of", "digest_of", "open_store"]
