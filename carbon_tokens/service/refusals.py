"""Why a request of an organisation is not done, besides what contracts and documents are refused for."""

from __future__ import annotations

from carbon_tokens.errors import LedgerError


class Conflict(LedgerError):
    """Something is not in a state, or at a version, in which this can be done."""


class NotAcceptable(LedgerError):
    """A signature, key or file that is none, or not one that counts here."""
