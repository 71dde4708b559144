from __future__ import annotations

import pytest
from actions import LOCATION, RESIDUAL
from records import LANE, MONTH, MWH, code, document, emissions, market_based, month_start, release_id

KG = 1_000  # g


@pytest.fixture
def totals(net, facility):
    def read(month=MONTH):
        return net.netOf(facility, month)

    return read


def test_an_empty_month_has_no_emissions(totals):
    assert totals() == (0, 0, 0)


def test_the_three_totals_stand_side_by_side(act, totals):
    act.audit(scope1=7, scope3=11)
    gross = (100 * LOCATION + 18, 100 * RESIDUAL + 18)
    assert totals() == (*gross, gross[1])
    act.retire(act.offsets(5), 5)
    assert totals() == (*gross, gross[1] - 5)


# ---------------------------------------------------------------------------------------------------------------- RECs
def test_recs_lower_market_based_scope_2_only(act, totals):
    act.audit(scope1=7, scope3=11)
    act.retire(act.recs(40 * MWH), 40 * MWH)
    assert totals() == (100 * LOCATION + 18, 60 * RESIDUAL + 18, 60 * RESIDUAL + 18)


def test_recs_never_lower_scope_1_or_3(act, totals):
    act.audit(act.direct(scope1=7, scope3=11))
    act.retire(act.recs(MWH), MWH)
    assert totals() == (18, 18, 18)


def test_recs_above_the_load_cover_nothing_more(act, totals):
    act.audit(scope1=7)
    act.retire(act.recs(100 * MWH), 100 * MWH)
    covered = totals()
    act.retire(act.recs(20 * MWH), 20 * MWH)
    assert totals() == covered == (100 * LOCATION + 7, 7, 7)


@pytest.mark.parametrize("missing", [1, 0])
def test_the_last_watt_hour_without_a_rec_counts_rounded_up(act, totals, missing):
    act.audit(energy=1_500)
    act.retire(act.recs(1_500), 1_500 - missing)
    assert totals()[1] == missing


@pytest.mark.parametrize("energy, recs", [(3, 1), (3, 2), (1_500, 999), (999_999, 7), (100 * MWH, 33_333_333)])
def test_the_energy_without_recs_has_the_residual_mix_rounded_up(act, totals, energy, recs):
    act.audit(energy=energy)
    act.retire(act.recs(recs), recs)
    assert totals()[1] == market_based(emissions(energy, RESIDUAL), energy, recs)


def test_the_largest_amounts_do_not_overflow(act, net, facility):
    full = LANE - 1
    act.audit(energy=full, scope1=full, scope3=full, scope2_location=full, scope2_residual=full, release=bytes(32))
    assert net.netOf(facility, MONTH) == (3 * full, 3 * full, 3 * full)
    act.retire(act.recs(1), 1)
    assert net.netOf(facility, MONTH)[1] == 2 * full + full - 1
    token = act.offsets(full, serial_thru=2**40)
    act.retire(token, full)
    more = act.offsets(full, serial_thru=2**41)
    act.retire(more, full)
    assert net.netOf(facility, MONTH)[2] == full - 1


# ------------------------------------------------------------------------------------------------------------- offsets
def test_offsets_never_lower_gross(act, totals):
    act.audit(scope1=7)
    before = totals()
    act.retire(act.offsets(10**9), 10**9)
    assert totals() == (before[0], before[1], before[1] - 10**9)


def test_net_may_fall_below_zero(act, totals):
    act.retire(act.offsets(5), 5)
    assert totals() == (0, 0, -5)


def test_offsets_cover_no_energy_and_recs_no_tonnes(act, totals):
    """The same number of either class: only its own lane falls."""
    act.audit()
    act.retire(act.offsets(100 * MWH), 100 * MWH)
    assert totals() == (100 * LOCATION, 100 * RESIDUAL, 100 * RESIDUAL - 100 * MWH)


# ----------------------------------------------------------------------------------------------------------- changes
def test_months_are_separate(act, totals):
    act.audit()
    act.retire(act.offsets(5), 5, month=MONTH + 1)
    assert (totals()[2], totals(MONTH + 1)[2]) == (100 * RESIDUAL, -5)


def test_a_restatement_and_a_disallowance_show_at_once(act, totals):
    rec, offset = act.neutral()
    assert totals()[2] == 0
    act.restate(scope1=1_000_001)
    assert totals()[2] == 1
    act.disallow(offset, 9)
    assert totals()[2] == 10
    act.disallow(rec, 100 * MWH)
    assert totals() == (100 * LOCATION + 1_000_001, 100 * RESIDUAL + 1_000_001, 100 * RESIDUAL + 10)


# ------------------------------------------------------------------------- golden cases: 400 and 450 kg/MWh, 1 and 5 t
@pytest.fixture
def golden(act, factors, publisher, tokens):
    """100 MWh at 400 (residual mix 450) kg/MWh, 1,000 kg of scope 1 and 5,000 kg of scope 3."""
    rows = [(code("CAMX", 9), 400 * KG, 450 * KG, True)]
    factors.publish(("golden", 2023, "1", document("golden.csv"), code("US", 2)), rows, {"from": publisher})
    act.audit(
        energy=100 * MWH, scope1=1_000 * KG, scope3=5_000 * KG, release=release_id("golden", 2023, "1"),
        scope2_location=40_000 * KG, scope2_residual=45_000 * KG,
    )  # fmt: skip
    return act


def test_golden_60_of_100_mwh_matched(golden, totals):
    golden.retire(golden.recs(60 * MWH), 60 * MWH)
    golden.retire(golden.offsets(24_000 * KG), 24_000 * KG)
    assert totals() == (46_000 * KG, 24_000 * KG, 0)


def test_golden_all_electricity_matched(golden, totals):
    golden.retire(golden.recs(100 * MWH), 100 * MWH)
    golden.retire(golden.offsets(6_000 * KG), 6_000 * KG)
    assert totals() == (46_000 * KG, 6_000 * KG, 0)


def test_golden_recs_above_the_load(golden, totals):
    golden.retire(golden.recs(120 * MWH), 120 * MWH)
    assert totals()[1] == 6_000 * KG


def test_golden_offset_above_what_is_left(golden, totals):
    """The unused 1,000 kg show as net below zero; nothing else takes them."""
    golden.retire(golden.recs(100 * MWH), 100 * MWH)
    golden.retire(golden.offsets(7_000 * KG), 7_000 * KG)
    assert totals() == (46_000 * KG, 6_000 * KG, -1_000 * KG)


def test_golden_rounding(act, factors, publisher, totals):
    """1.5 kWh at 453.59237 g/kWh are 680.388555 g: 681 g on chain, where the rate is 453,593 g/MWh; 1 Wh is a REC."""
    rows = [(code("CAMX", 9), 453_593, 453_593, True)]
    factors.publish(("golden", 2023, "2", document("golden 2.csv"), code("US", 2)), rows, {"from": publisher})
    release = release_id("golden", 2023, "2")
    act.audit(energy=1_500, release=release, scope2_location=681, scope2_residual=681)
    assert totals() == (681, 681, 681)
    act.retire(act.recs(1), 1)
    assert totals()[1] == 681  # 680.546


def test_golden_a_rec_of_another_market_or_year_is_refused(golden, refused, tokens, rec_issuer, operator):
    old = golden.recs(MWH, vintage_start=month_start(MONTH - 1), vintage_end=month_start(MONTH))
    with refused("VintageMismatch", old, MONTH):
        golden.retire(old, MWH)
