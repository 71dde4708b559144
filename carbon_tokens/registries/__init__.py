"""Certificates and offsets as registries publish them, made into checked batches that can be issued.

``read`` understands the downloads (``forms``); ``check`` keeps what can be issued and lists the rest with reasons.
"""

from __future__ import annotations

from carbon_tokens.registries.checking import Checked, Reject, check, issued_before, write
from carbon_tokens.registries.criteria import CRITERIA, Criteria
from carbon_tokens.registries.entries import Entry
from carbon_tokens.registries.forms import KINDS, read

__all__ = ["CRITERIA", "KINDS", "Checked", "Criteria", "Entry", "Reject", "check", "issued_before", "read", "write"]
