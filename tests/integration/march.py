"""A facility, its factors, 1 MWh of energy and RECs of March 2024: what the tests of the ledger begin with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from carbon_tokens.ledger import Audit, Batch, Factor, Ledger, account
from carbon_tokens.ledger.ids import REC, meter_id, note, release_id
from carbon_tokens.periods import Month

Deploy = Callable[..., Ledger]

MARCH = Month.parse("2024-03")
METADATA = hashlib.sha256(b"a data center").digest()
RELEASE = release_id("eGRID", 2023, "rev1")


class Release:
    """A release as carbon_tokens.factors makes it, of two regions."""

    dataset, year, edition, file_sha256, rates, market_zone = "eGRID", 2023, "rev1", "11" * 32, (), "US"


FACTORS = [Factor("CAMX", 225_000), Factor("NYUP", 125_000, 200_000)]


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def by(ledger: Ledger, name: str) -> Ledger:
    return ledger.using(account(f"dev:{name}", ledger.chain))


def batches(count: int, first: int = 1, month: Month = MARCH) -> list[Batch]:
    numbers = range(first, first + count)
    return [Batch(digest(f"serial {n}"), 1_000_000, n, n, month.start, month.end) for n in numbers]


def audit_of(facility: int, bill: str = "bill", **changes: int | bytes) -> Audit:
    """1 MWh of CAMX in March 2024: 225 kg."""
    energy = (1_000_000, 0, 225_000, 225_000, 0, MARCH.start, MARCH.end)
    full = Audit(facility, MARCH.number, 1, *energy, meter_id("PG&E", "1"), RELEASE, digest(bill))
    return replace(full, **changes)  # type: ignore[arg-type]


def with_facility(ledger: Ledger) -> int:
    by(ledger, "publisher").publish_factors(Release, FACTORS)
    facility = by(ledger, "operator").add_facility("CAMX", "US", METADATA).id
    assert facility
    return facility


def rec_source(ledger: Ledger) -> int:
    source = by(ledger, "rec-issuer").add_source(REC, "NAR", note("W1"), "US", grid_region="CAMX", technology="wind").id
    assert source
    return source
