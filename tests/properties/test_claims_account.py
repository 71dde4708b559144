"""Properties of the totals: the same as the contract's integer formula, and monotonic where they must be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.claims.account import replay, totals
from carbon_tokens.claims.account_events import AmountPart, Retired
from carbon_tokens.claims.pieces import Place
from carbon_tokens.claims.records import AccountPart

LANE = st.integers(0, 2**48 - 1)
COVER = st.integers(0, 2**52)
HASH, WHO = "0x" + 64 * "a", "0x" + 40 * "0"


@st.composite
def accounts(draw: st.DrawFn) -> AccountPart:
    amounts = [draw(LANE) for _ in range(5)]
    return AccountPart(*amounts, draw(st.integers(1, 2**15 - 1)), True, draw(COVER), draw(COVER))


@given(accounts())
def test_the_totals_are_the_contracts_integers(account: AccountPart) -> None:
    """InventorySlots.totals of contracts/libraries/Slots.sol, in its own integer arithmetic."""
    market, energy, recs = account.scope2_residual_g, account.energy_wh, account.recs_wh
    if recs != 0:
        market = (market * (energy - recs) + energy - 1) // energy if recs < energy else 0
    direct = account.scope1_g + account.scope3_g
    found = totals(account)
    assert found.gross_market_g == market + direct
    assert found.gross_location_g == direct + account.scope2_location_g
    assert found.net_g == found.gross_market_g - account.offsets_g


@given(accounts(), st.integers(1, 2**48))
def test_more_recs_never_raise_a_total_and_never_lower_the_location_based_one(account: AccountPart, more: int) -> None:
    changed = AccountPart(
        **{name: getattr(account, name) for name in account.FORMS} | {"recs_wh": account.recs_wh + more}
    )
    before, after = totals(account), totals(changed)
    assert after.gross_market_g <= before.gross_market_g and after.net_g <= before.net_g
    assert after.gross_location_g == before.gross_location_g
    assert after.gross_market_g >= account.scope1_g + account.scope3_g


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 2**40)), max_size=20))
def test_retirements_add_up_by_class(amounts: list[tuple[bool, int]]) -> None:
    events = [
        Retired(
            event="Retired",
            holder=WHO,
            recs_wh=amount if is_rec else 0,
            offsets_g=0 if is_rec else amount,
            beneficiary=HASH,
            purpose=HASH,
            tokens=(AmountPart(f"0x{2 if is_rec else 3:02x}{62 * '0'}", amount),),
            at=Place(HASH, number, HASH, 0),
        )
        for number, (is_rec, amount) in enumerate(amounts)
    ]
    state = replay(events)
    assert not state.faults
    assert state.account().recs_wh == sum(amount for is_rec, amount in amounts if is_rec)
    assert state.account().offsets_g == sum(amount for is_rec, amount in amounts if not is_rec)
