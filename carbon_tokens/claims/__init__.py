"""Claims that anybody can check: ``prove`` writes one file, ``verify`` believes nothing in it.

>>> prove(ledger, claim_id, "proof.json", Documents(folder))
>>> verify("proof.json", rpc="http://127.0.0.1:8545", inputs="bills").verified

A bundle (``bundling``) also holds what authenticates the proof offline, against the hash of a block:

>>> verify("bundle.json", block_hashes=["0x…"], recompute=True).verified
"""

from __future__ import annotations

from carbon_tokens.claims.certificate import write_certificate
from carbon_tokens.claims.checks import Check
from carbon_tokens.claims.documents import Documents
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.proving import prove
from carbon_tokens.claims.verifying import Verification, verify

__all__ = ["prove", "verify", "Verification", "Check", "Proof", "Documents", "write_certificate"]
