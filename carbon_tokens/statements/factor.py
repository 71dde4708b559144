"""The emission factor of a statement: which release and region, the exact rates, and the integers that go on chain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from carbon_tokens.errors import StatementError
from carbon_tokens.statements.document import Part, hexadecimal, whole, words
from carbon_tokens.units import ceil

_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,20})?")


def release_id(dataset: str, year: int, edition: str) -> bytes:
    """The id of a release on chain, 32 bytes: keccak-256 of the ABI encoding of its name, as EmissionFactors has it."""
    return keccak(encode(["string", "uint16", "string"], [dataset, year, edition]))


class Rated(Protocol):
    """A number of a region: exact g/MWh, and rounded up as it goes on chain."""

    @property
    def g_per_mwh(self) -> Decimal: ...

    @property
    def factor(self) -> int: ...


class Published(Rated, Protocol):
    """A rate of a region in a release: of a dataset (``factors.Rate``), or a choice of several (``FactorChoice``)."""

    @property
    def dataset(self) -> str: ...

    @property
    def year(self) -> int: ...

    @property
    def edition(self) -> str: ...

    @property
    def market_zone(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def file_sha256(self) -> str: ...

    @property
    def residual(self) -> Rated | None: ...


@dataclass(frozen=True, slots=True)
class FactorReference(Part):
    """g CO2e/MWh of a grid region in a release.

    Where the release states no residual mix the location rate stands in for it (GHG Protocol Scope 2 hierarchy) and
    ``residual_published`` is false, which discloses the absence.

    Raises:
        StatementError: integers that are not the rates rounded up, or a release id of another name.
    """

    dataset: str
    year: int
    edition: str
    market_zone: str  # of the facilities and auditors that the release is for
    region: str
    release: str  # 0x, 32 bytes
    file_sha256: str  # 0x, 32 bytes: the file behind the release
    location_rate: str  # exact g/MWh
    location_g_per_mwh: int  # rounded up
    residual_published: bool
    residual_rate: str  # exact g/MWh; empty if none is published
    residual_g_per_mwh: int

    def __post_init__(self) -> None:
        for name in ("dataset", "edition", "market_zone", "region"):
            words(name, getattr(self, name))
        whole("year", self.year, 16)
        for name in ("location_g_per_mwh", "residual_g_per_mwh"):
            whole(name, getattr(self, name))
        words("residual_rate", self.residual_rate, empty=True)
        hexadecimal("file_sha256", self.file_sha256, 32)
        if self.release != "0x" + release_id(self.dataset, self.year, self.edition).hex():
            raise StatementError(f"is not the id of {self.dataset} {self.year} {self.edition}", where="release")
        if not isinstance(self.residual_published, bool):
            raise StatementError(f"{self.residual_published!r} is neither true nor false", where="residual_published")
        self._check_rates()

    def _check_rates(self) -> None:
        residual = _rounded("residual_rate", self.residual_rate) if self.residual_published else self.location_g_per_mwh
        if self.location_g_per_mwh != _rounded("location_rate", self.location_rate):
            raise StatementError("is not location_rate rounded up", where="location_g_per_mwh")
        if self.residual_g_per_mwh != residual or (self.residual_rate and not self.residual_published):
            raise StatementError("is neither the residual rate nor stands in for it", where="residual_g_per_mwh")

    @classmethod
    def of(cls, rate: Published) -> FactorReference:
        """The reference to a published rate. Raises FactorError if the release has no CO2e for the region."""
        residual = rate.residual
        return cls(
            dataset=rate.dataset,
            year=rate.year,
            edition=rate.edition,
            market_zone=rate.market_zone,
            region=rate.region,
            release="0x" + release_id(rate.dataset, rate.year, rate.edition).hex(),
            file_sha256="0x" + rate.file_sha256.removeprefix("0x"),
            location_rate=format(rate.g_per_mwh, "f"),
            location_g_per_mwh=rate.factor,
            residual_published=residual is not None,
            residual_rate=format(residual.g_per_mwh, "f") if residual else "",
            residual_g_per_mwh=residual.factor if residual else rate.factor,
        )


def exact_rate(name: str, text: object) -> Fraction:
    """A rate from its text, g/MWh. Raises StatementError for anything but plain digits with a decimal point."""
    if not isinstance(text, str) or not _RATE.fullmatch(text):
        raise StatementError(f"{text!r} is no rate in plain digits", where=name)
    return Fraction(text)


def _rounded(name: str, text: object) -> int:
    return ceil(exact_rate(name, text))
