"""The certificate of a claim: its facts, and the sheet, picture and data that a facility shows with them.

>>> facts = gather(claims.proof.read("proof.json"), chain)
>>> facts.totals.net_g <= 0
True
"""

from __future__ import annotations

from carbon_tokens.certificate.facts import CertificateFacts
from carbon_tokens.certificate.gathering import gather

__all__ = ["CertificateFacts", "gather"]
