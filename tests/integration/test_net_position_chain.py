"""Golden 10 on the embedded chain: the same month, its instruments and refusals, computed by the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_tokens.errors import Reverted
from carbon_tokens.ledger import Batch, Chain, Factor, Ledger, account
from carbon_tokens.ledger.ids import OFFSET, REC, note
from carbon_tokens.periods import Month
from tests.integration.conftest import grant_roles
from tests.integration.march import MARCH, METADATA, Release, audit_of, by, digest

MWH, KG = 1_000_000, 1_000


class World:
    """100 MWh of March 2024 at 400 and 450 kg/MWh, audited; who asks for an instrument gets it and retires it."""

    def __init__(self, folder: Path) -> None:
        self.chain = Chain.connect(state=folder / "chain.db")
        self.ledger = Ledger.deploy(self.chain, account("dev:admin", self.chain), deployments=folder, home=folder)
        grant_roles(self.ledger)
        factors = [Factor("CAMX", 400_000, 450_000), Factor("NYUP", 453_593)]  # 453.59237 kg/MWh, rounded up
        by(self.ledger, "publisher").publish_factors(Release, factors)
        self.facility = self.registered("CAMX", METADATA)
        bill = replace(
            audit_of(self.facility), energy=100 * MWH, scope1=1_000 * KG, scope2_location=40_000 * KG,
            scope2_residual=45_000 * KG, scope3=5_000 * KG,
        )  # fmt: skip
        by(self.ledger, "auditor").audit(bill)

    def registered(self, region: str, metadata: bytes) -> int:
        found = by(self.ledger, "operator").add_facility(region, "US", metadata).id
        assert found
        return found

    def issued(self, issuer: str, kind: int, amount: int, market: str = "US", vintage: Month = MARCH) -> int:
        """A batch of its own document and source, held by its issuer."""
        one = by(self.ledger, issuer)
        name = f"{kind} {market} {vintage} {amount}"
        source = one.add_source(kind, "NAR", note(name), market, grid_region="CAMX" if kind == REC else "").id
        serials = -(-amount // MWH)
        (token,) = one.issue(source or 0, [Batch(digest(name), amount, 1, serials, vintage.start, vintage.end)]).ids
        return int(token)

    def retire(self, issuer: str, kind: int, amount: int, **of: object) -> int:
        token = self.issued(issuer, kind, amount, **of)  # type: ignore[arg-type]
        by(self.ledger, issuer).retire(self.facility, MARCH, [token], [amount])
        return token

    def totals(self) -> tuple[int, int, int]:
        (found,) = self.ledger.status(self.facility, MARCH)
        return found.gross_location, found.gross_market, found.net

    def refused(self, issuer: str, kind: int, amount: int, error: str, **of: object) -> None:
        token, before = self.issued(issuer, kind, amount, **of), self.totals()  # type: ignore[arg-type]
        with pytest.raises(Reverted) as raised:
            by(self.ledger, issuer).retire(self.facility, MARCH, [token], [amount])
        assert (raised.value.error, self.totals()) == (error, before)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.ledger.close_files()
    found.chain.close()


def test_the_contracts_come_to_the_net_position_of_each_case(world: World) -> None:
    """60 of 100 MWh, 24 t: net 0, and 22 t against location-based; then all matched; then 20 MWh and 1 t too many."""
    world.retire("rec-issuer", REC, 60 * MWH)
    assert world.totals() == (46_000 * KG, 24_000 * KG, 24_000 * KG)
    world.retire("offset-issuer", OFFSET, 6_000 * KG)
    world.retire("offset-issuer", OFFSET, 18_000 * KG)
    assert world.totals() == (46_000 * KG, 24_000 * KG, 0)
    assert world.totals()[0] - world.ledger.account(world.facility, MARCH).offsets == 22_000 * KG
    by(world.ledger, "auditor").close(world.facility, MARCH)
    assert by(world.ledger, "operator").claim(world.facility, MARCH).id
    world.retire("rec-issuer", REC, 40 * MWH)
    assert world.totals() == (46_000 * KG, 6_000 * KG, -18_000 * KG)
    world.retire("rec-issuer", REC, 20 * MWH)
    (status,) = world.ledger.status(world.facility, MARCH)
    assert (status.covered, status.gross_market) == (100 * MWH, 6_000 * KG)
    world.retire("offset-issuer", OFFSET, 1_000 * KG)
    assert world.totals() == (46_000 * KG, 6_000 * KG, -19_000 * KG)


def test_a_rec_of_another_market_or_year_is_refused_and_changes_nothing(world: World) -> None:
    world.refused("rec-issuer", REC, 60 * MWH, "MarketZoneMismatch", market="FR")
    world.refused("rec-issuer", REC, 60 * MWH, "VintageMismatch", vintage=Month.parse("2023-12"))
    world.refused("rec-issuer", REC, 60 * MWH, "VintageMismatch", vintage=Month.parse("2025-01"))


def test_an_offset_of_a_later_month_is_refused_and_changes_nothing(world: World) -> None:
    world.refused("offset-issuer", OFFSET, 6_000 * KG, "VintageMismatch", vintage=Month.parse("2024-04"))


def test_kilowatt_hours_and_kilograms_are_never_exchanged(world: World) -> None:
    """1,000 MWh of RECs leave scope 1 and 3, 6 t; 51 t of offsets leave gross as it was."""
    world.retire("rec-issuer", REC, 1_000 * MWH)
    assert world.totals() == (46_000 * KG, 6_000 * KG, 6_000 * KG)
    world.retire("offset-issuer", OFFSET, 51_000 * KG)
    assert world.totals()[:2] == (46_000 * KG, 6_000 * KG)


def test_a_net_of_one_gram_is_not_claimed(world: World) -> None:
    world.retire("rec-issuer", REC, 60 * MWH)
    world.retire("offset-issuer", OFFSET, 24_000 * KG - 1)
    by(world.ledger, "auditor").close(world.facility, MARCH)
    with pytest.raises(Reverted) as raised:
        by(world.ledger, "operator").claim(world.facility, MARCH)
    assert raised.value.error == "NetAboveZero"


def test_one_and_a_half_kilowatt_hours_are_681_grams_and_no_other_number_is_audited(world: World) -> None:
    """1,500 Wh at 453,593 g/MWh are 680.3895 g, rounded up; a REC of 1 Wh leaves 1,499 of 1,500 parts of it, 681."""
    small = world.registered("NYUP", digest("a small site"))
    bill = replace(
        audit_of(small, "small"), energy=1_500, scope2_location=681, scope2_residual=681, meter=digest("another meter")
    )
    for grams in (680, 682):
        with pytest.raises(Reverted) as raised:
            by(world.ledger, "auditor").audit(replace(bill, scope2_location=grams))
        assert raised.value.error == "Scope2Mismatch"
    by(world.ledger, "auditor").audit(bill)
    token = world.issued("rec-issuer", REC, 1)
    by(world.ledger, "rec-issuer").retire(small, MARCH, [token], [1])
    (status,) = world.ledger.status(small, MARCH)
    assert (status.covered, status.gross_location, status.gross_market) == (1, 681, 681)
