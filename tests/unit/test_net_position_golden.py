"""One facility-month, instruments against emissions: the cases of golden 10 by the arithmetic of ``claims.account``.

The table carries the numbers of the case (MWh, kg/MWh, kg); on the ledger they are Wh and g. Where the case says that a
surplus is left over, the ledger says the same in its own terms: it lets anyone retire more than is needed (or a gift
of 1 Wh could block the owner), covers nothing with it, and shows an offset above what is left as a net below 0.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from carbon_tokens.claims import account
from carbon_tokens.claims.account_events import AmountPart, Retired
from carbon_tokens.claims.pieces import Place
from carbon_tokens.claims.records import AccountPart, TokenPart
from carbon_tokens.periods import Month
from carbon_tokens.units import emissions_g, factor_g_per_mwh, floor

HASH, WHO = "0x" + 64 * "a", "0x" + 40 * "0"
AT = Place(HASH, 1, HASH, 0)
REC, OFFSET = "0x02" + 62 * "0", "0x03" + 62 * "0"


def month(recs_mwh: int = 0, offsets_kg: int = 0, **changes: int) -> AccountPart:
    """100 MWh at 400 (grid) and 450 (residual mix) kg/MWh, 1,000 kg of scope 1, 5,000 kg of scope 3."""
    amounts = {
        "energy_wh": 100_000_000, "scope1_g": 1_000_000, "scope2_location_g": 40_000_000,
        "scope2_residual_g": 45_000_000, "scope3_g": 5_000_000,
    }  # fmt: skip
    retired = {"recs_wh": recs_mwh * 1_000_000, "offsets_g": offsets_kg * 1_000}
    return AccountPart(**(amounts | retired | changes), version=1, closed=True)


# RECs MWh, offsets kg: gross location-based, gross market-based, net, kg
CASES = [
    pytest.param(60, 24_000, 46_000, 24_000, 0, id="60 of 100 MWh matched"),
    pytest.param(100, 6_000, 46_000, 6_000, 0, id="all electricity matched"),
    pytest.param(120, 6_000, 46_000, 6_000, 0, id="RECs above the load: the surplus covers nothing"),
    pytest.param(100, 7_000, 46_000, 6_000, -1_000, id="offset above what is left: 1,000 kg are unused"),
    pytest.param(0, 0, 46_000, 51_000, 51_000, id="nothing retired: the residual mix of all of it"),
]


@pytest.mark.parametrize("recs, offsets, location, market, net", CASES)
def test_the_net_position_of_a_month(recs: int, offsets: int, location: int, market: int, net: int) -> None:
    found = account.totals(month(recs, offsets))
    assert (found.gross_location_g, found.gross_market_g, found.net_g) == (location * 1000, market * 1000, net * 1000)


def test_against_location_based_emissions_the_same_offsets_leave_22_tonnes() -> None:
    found = month(60, 24_000)
    assert account.totals(found).gross_location_g - found.offsets_g == 22_000_000


def test_scope_2_of_60_matched_mwh_is_that_of_the_other_40_at_the_residual_mix() -> None:
    direct = 1_000_000 + 5_000_000
    assert account.totals(month(60)).gross_market_g - direct == 18_000_000
    assert account.totals(month(120)).gross_market_g - direct == 0


def test_recs_lower_neither_scope_1_nor_scope_3() -> None:
    """100 MWh of RECs in a month without electricity: kWh and kg are never exchanged."""
    dark = {"energy_wh": 0, "scope2_location_g": 0, "scope2_residual_g": 0}
    assert account.totals(month(100, **dark)).gross_market_g == 6_000_000
    assert account.totals(month(100)).gross_location_g == account.totals(month()).gross_location_g


def test_offsets_cover_no_electricity() -> None:
    """24 t of offsets leave gross market-based as it is: only RECs take energy out of the residual mix."""
    assert account.totals(month(0, 24_000)).gross_market_g == account.totals(month()).gross_market_g


@pytest.mark.parametrize("token, stated", [(OFFSET, {"recs_wh": 5}), (REC, {"offsets_g": 5})])
def test_an_offset_that_is_offered_as_a_rec_or_a_rec_as_an_offset_is_a_fault(
    token: str, stated: dict[str, int]
) -> None:
    amounts = {"recs_wh": 0, "offsets_g": 0} | stated
    event = Retired(event="Retired", holder=WHO, **amounts, beneficiary=HASH, purpose=HASH,
                    tokens=(AmountPart(token, 5),), at=AT)  # fmt: skip
    assert account.replay([event]).faults


@pytest.mark.parametrize("year, fits", [("2020", False), ("2021", True), ("2022", False)])
def test_a_rec_of_another_calendar_year_is_a_fault(year: str, fits: bool) -> None:
    vintage = Month.parse(f"{year}-06")
    token = TokenPart(REC, 1, HASH, 1, "1", "1", vintage.start, vintage.end, None, AT)
    assert (not list(account.vintage_faults(token, Month.parse("2021-04")))) is fits


def test_gross_rounds_up_and_instruments_round_down() -> None:
    """1.5 kWh at 453.59237 g/kWh are 680.388555 g: 681 on chain; 0.0000015 MWh of a REC are 1.5 Wh: 1 on chain."""
    assert Fraction("1.5") * Fraction("453.59237") == Fraction("680.388555")
    assert emissions_g(1_500, factor_g_per_mwh(Decimal("453.59237") * 1000)) == 681
    assert floor(Decimal("0.0000015") * 1_000_000) == 1
    assert account.totals(month(energy_wh=1_500, scope2_residual_g=681, recs_wh=1)).gross_market_g == 6_000_000 + 681
