"""The name of a meter on chain."""

from __future__ import annotations

import hashlib
import unicodedata

import rfc8785

from carbon_tokens.errors import EnergyError


def meter_id(utility: str, meter: str) -> bytes:
    """32 bytes that stand for a utility's meter: sha-256 of the canonical JSON of both names.

    JSON keeps the two apart, so ("volume4", "2") is not ("volume", "42"). Case, width and spacing do not count: a bill
    that is typed or scanned again names the same meter, whose period can then not be audited twice.

    Raises:
        EnergyError: an empty name.
    """
    names = {"utility": normal(utility), "meter": normal(meter)}
    empty = [key for key, name in names.items() if not name]
    if empty:
        raise EnergyError(f"the {empty[0]} has no name", todo="Give the utility's and the meter's name as on the bill.")
    return hashlib.sha256(rfc8785.dumps(names)).digest()


def normal(name: str) -> str:
    """The form of a name that is compared: Unicode NFKC, case folded, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())
