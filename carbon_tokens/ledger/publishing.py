"""Publishing of emission factors: which rows of a release are still missing on the chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.contracts import text_bytes
from carbon_tokens.ledger.ids import region_bytes, release_id
from carbon_tokens.ledger.records import Factor
from carbon_tokens.ledger.views import LedgerViews

ROWS = 250  # a transaction

Row = tuple[bytes, int, int, bool]
Head = tuple[str, int, str, bytes, bytes]


class FactorRate(Protocol):
    """A rate of a region: ``factor`` in g/MWh, rounded up."""

    @property
    def region(self) -> str: ...

    @property
    def factor(self) -> int: ...


class FactorRelease(Protocol):
    """A release as ``carbon_tokens.factors`` makes it."""

    @property
    def dataset(self) -> str: ...

    @property
    def year(self) -> int: ...

    @property
    def edition(self) -> str: ...

    @property
    def file_sha256(self) -> str: ...

    @property
    def market_zone(self) -> str: ...

    @property
    def rates(self) -> Sequence[FactorRate]: ...


def rows_to_publish(
    views: LedgerViews, release: FactorRelease, factors: Sequence[Factor] | None = None
) -> tuple[Head, list[list[Row]]]:
    """The release's head and its missing rows in portions.

    Raises:
        LedgerError: a region occurs twice, or is published with another factor.
    """
    rows = [Factor(rate.region, rate.factor) for rate in release.rates] if factors is None else list(factors)
    regions = [row.region for row in rows]
    twice = next((region for region in regions if regions.count(region) > 1), None)
    if twice:
        raise LedgerError(
            f"the region {twice} occurs twice", where=f"{release.dataset} {release.year} {release.edition}"
        )
    known = views.factors(release_id(release.dataset, release.year, release.edition), regions)
    for row in rows:
        if row.region in known and known[row.region] != row:
            raise LedgerError(
                f"{row.region} is published with {known[row.region].location} g/MWh, not {row.location}",
                where=f"{release.dataset} {release.year} {release.edition}",
                todo="Factors are never edited: publish a new edition.",
            )
    missing = [_row(row) for row in rows if row.region not in known]
    file, zone = bytes.fromhex(release.file_sha256.removeprefix("0x")), release.market_zone
    head = (release.dataset, release.year, release.edition, file, text_bytes(zone, 2, where="market zone"))
    return head, [missing[start : start + ROWS] for start in range(0, len(missing), ROWS)]


def _row(factor: Factor) -> Row:
    return region_bytes(factor.region), factor.location, factor.residual or 0, factor.residual is not None
