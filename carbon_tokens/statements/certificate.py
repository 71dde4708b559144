"""A batch of RECs or offsets as its registry states it; the hash of it is the evidence with which it is issued.

There is no free text in it, so that one serial range of a registry has one document and cannot be issued twice under
another wording.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from carbon_tokens.errors import StatementError
from carbon_tokens.statements.document import (
    INSTANT_BITS,
    SERIAL_BITS,
    WH_BITS,
    Document,
    hexadecimal,
    one_of,
    whole,
    words,
)

CLASSES = ("rec", "offset")
PER_SERIAL = 1_000_000  # 1 MWh in Wh, 1 t in g


@dataclass(frozen=True, slots=True)
class CertificateBatch(Document):
    """Serials of one device or project and vintage.

    Raises:
        StatementError: a range that ends before it starts or is not in the registry's text, more than 1 MWh or 1 t for
            each serial, an empty vintage.
    """

    TYPE: ClassVar[str] = "carbon-tokens/certificate-batch/1"

    token_class: str  # "rec" or "offset"
    registry: str  # e.g. "NAR"
    source: str  # the registry's id of the device or project
    serials: str  # as the registry writes the range
    serial_from: int
    serial_thru: int  # inclusive
    amount: int  # Wh of RECs, g CO2e of offsets
    vintage_start: int  # UTC seconds
    vintage_end: int  # first instant after the vintage
    document_sha256: str  # of the registry's document; 0x, 32 bytes

    def __post_init__(self) -> None:
        one_of("token_class", self.token_class, CLASSES)
        for name in ("registry", "source", "serials"):
            words(name, getattr(self, name))
        hexadecimal("document_sha256", self.document_sha256, 32)
        self._check_serials()
        if whole("vintage_start", self.vintage_start, INSTANT_BITS) >= whole(
            "vintage_end", self.vintage_end, INSTANT_BITS
        ):
            raise StatementError("the vintage is empty", where="vintage_end")

    def _check_serials(self) -> None:
        first = whole("serial_from", self.serial_from, SERIAL_BITS)
        last = whole("serial_thru", self.serial_thru, SERIAL_BITS)
        if last < first:
            raise StatementError("is below serial_from", where="serial_thru")
        runs = {digits.lstrip("0") or "0" for digits in re.findall(r"[0-9]+", self.serials)}  # of any length
        if not {str(first), str(last)} <= runs:
            raise StatementError(f"{first} to {last} is not in {self.serials!r}", where="serials")
        if not 0 < whole("amount", self.amount, WH_BITS) <= (last - first + 1) * PER_SERIAL:
            raise StatementError(f"{self.amount} is nothing or more than 1 MWh or 1 t for each serial", where="amount")
