"""A certificate in the forms of others: W3C Verifiable Credential, PACT, EnergyTag granular certificates, CAD Trust.

Each module has a table of the standard's fields: what they are of ours, or whose word they are. A field that a standard
needs and a proof cannot say is taken from what the caller states (``stated``), and never made up.
"""

from __future__ import annotations

from carbon_tokens.exchange.cadtrust import units
from carbon_tokens.exchange.credential import Credential, credential, sign, verify
from carbon_tokens.exchange.energytag import bundles
from carbon_tokens.exchange.pact import footprint
from carbon_tokens.exchange.stated import Stated

__all__ = ["Credential", "Stated", "bundles", "credential", "footprint", "sign", "units", "verify"]
