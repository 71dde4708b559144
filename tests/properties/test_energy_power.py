"""Properties of power models, UPS curves, integration, cooling and precedence."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction as F
from itertools import pairwise
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from carbon_tokens.energy import (
    coefficients,
    cooling,
    loss_curve,
    series,
    servers,
    ups,
    ups_logs,
    ups_states,
    utilisation,
)
from carbon_tokens.energy.loss_curve import LossCurve
from carbon_tokens.energy.precedence import FILLED, settle
from carbon_tokens.energy.series import Sample, Stretch
from carbon_tokens.energy.site_sources import ACTIVITY, BILL, METER, SERVERS, UPS, Billed, Source
from carbon_tokens.errors import CarbonTokensError, NotReconciled

H = 3600
shares = st.fractions(0, 1, max_denominator=1000)
watts = st.fractions(0, 10**6, max_denominator=100)
small = st.fractions(0, F(1, 5), max_denominator=10_000)
curves = st.builds(LossCurve, small, small, small)
tables = st.lists(watts, min_size=2, max_size=11).map(
    lambda each: servers.Table(tuple((F(at, len(each) - 1), power) for at, power in enumerate(sorted(each))))
)
linears = st.tuples(watts, watts).map(lambda pair: servers.Linear(min(pair), max(pair)))
models = linears | tables | st.sampled_from([coefficients.profile("Xeon Platinum"), servers.of_tdp(205)])
runs = st.lists(st.tuples(st.integers(1, 5000), watts), min_size=2, max_size=20)  # s until the next sample, W
starts = st.integers(0, 4_000_000_000)


@given(models, shares, shares)
def test_energy_rises_with_load(model: servers.PowerModel, one: F, other: F) -> None:
    assert model.power_w(min(one, other)) <= model.power_w(max(one, other))
    assert model.power_w(0) <= model.power_w(one) <= model.power_w(1)


@given(tables, shares)
def test_a_table_stays_between_the_points_around_a_load(model: servers.Table, load: F) -> None:
    below = max(power for at, power in model.points if at <= load)
    above = min(power for at, power in model.points if at >= load)
    assert below <= model.power_w(load) <= above


@given(linears, shares)
def test_two_points_as_a_table_are_the_linear_model(model: servers.Linear, load: F) -> None:
    assert servers.table({0: model.idle_w, 1: model.max_w}).power_w(load) == model.power_w(load)


@given(models, shares, st.integers(1, 1000))
def test_hours_and_decimals_are_units_and_change_nothing(model: servers.PowerModel, load: F, hours: int) -> None:
    assert servers.energy_wh(model, load, hours) == sum(servers.energy_wh(model, load, 1) for _ in range(hours))
    tenths = F(round(10 * load), 10)
    assert model.power_w(Decimal(round(10 * load)) / 10) == model.power_w(tenths)


@given(curves, st.fractions(F(1, 1000), 1, max_denominator=1000))
def test_efficiency_is_above_0_and_at_most_1_and_loss_does_not_fall(curve: LossCurve, load: F) -> None:
    assert 0 < curve.efficiency(load) <= 1
    assert curve.loss(load) >= curve.loss(load / 2) >= curve.loss(0) >= 0


@given(curves)
def test_the_efficiencies_of_a_curve_give_it_back(curve: LossCurve) -> None:
    found = loss_curve.fit({F(at, 4): curve.efficiency(F(at, 4)) for at in range(1, 5)})
    assert found.curve == curve and found.worst == 0


@given(st.lists(st.fractions(F(1, 2), 1, max_denominator=1000), min_size=4, max_size=4))
def test_a_fit_is_a_valid_curve_or_the_efficiencies_are_refused(etas: Sequence[F]) -> None:
    losses = [F(at, 4) * (1 / eta - 1) for at, eta in enumerate(etas, 1)]
    falls = any(after < before for before, after in pairwise(losses))
    try:
        found = loss_curve.fit({F(at, 4): eta for at, eta in enumerate(etas, 1)})
    except CarbonTokensError:
        assert falls or max(losses) > F(1, 2)
    else:
        assert not falls and all(share >= 0 for share in found.curve.coefficients.values())
        near = [found.curve.loss(F(at, 4)) - loss for at, loss in enumerate(losses, 1)]
        constant = [sum(losses, F(0)) / 4 - loss for loss in losses]
        assert sum(each**2 for each in near) <= sum(each**2 for each in constant)  # no worse than the mean loss


@given(curves, watts, st.integers(2, 6))
def test_a_string_of_equal_units_draws_what_each_draws_at_its_part(curve: LossCurve, load: F, count: int) -> None:
    unit = ups.Unit(F(10**6), curve)
    assert ups.string_input_w(load, [unit] * count) == count * unit.input_w(load / count) >= load


def samples(start: int, run: Sequence[tuple[int, F]]) -> list[Sample]:
    found, at = list[Sample](), F(start)
    for row, (seconds, power) in enumerate(run, 2):
        found.append(Sample(at, power, row))
        at += seconds
    return found


def hours_of(given: Sequence[Sample]) -> dict[int, tuple[F | None, int]]:
    made = series.stretches(given, file="f", longest_s=5000)
    found = series.hours(made, utility="u", meter="m", file="f", sha256="0" * 64)
    return {hour.start: (hour.energy_wh, hour.covered_s) for hour in found}


@given(starts, runs)
def test_hours_hold_the_integral_and_the_seconds_of_the_samples(start: int, run: Sequence[tuple[int, F]]) -> None:
    found = hours_of(samples(start, run))
    assert sum(energy or 0 for energy, _ in found.values()) == sum((s * w / H for s, w in run[:-1]), F(0))
    assert sum(covered for _, covered in found.values()) == sum(seconds for seconds, _ in run[:-1])
    assert all(at % H == 0 and 0 < covered <= H for at, (_, covered) in found.items())


@given(starts, runs, st.data())
def test_splitting_a_sample_in_two_conserves_every_hour(
    start: int, run: Sequence[tuple[int, F]], data: st.DataObject
) -> None:
    given = samples(start, run)
    at = data.draw(st.integers(0, len(run) - 2))
    when = given[at].at + data.draw(st.fractions(0, run[at][0], max_denominator=7))
    split = [*given, Sample(when, given[at].watts, 99)] if when < given[at + 1].at else given
    assert hours_of(split) == hours_of(given)


@given(starts, runs, st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_count(start: int, run: Sequence[tuple[int, F]], random: object) -> None:
    given = samples(start, run)
    shuffled = list(given)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert hours_of(shuffled) == hours_of(given)


@given(starts, runs, st.integers(2, 50))
def test_power_times_k_is_energy_times_k(start: int, run: Sequence[tuple[int, F]], k: int) -> None:
    once, times = hours_of(samples(start, run)), hours_of(samples(start, [(s, k * w) for s, w in run]))
    assert times == {at: (k * (energy or 0), covered) for at, (energy, covered) in once.items()}


@given(starts, runs)
def test_whole_watt_hours_are_within_one_of_the_exact_ones_and_add_up(start: int, run: Sequence[tuple[int, F]]) -> None:
    exact = {at: energy or F(0) for at, (energy, _) in hours_of(samples(start, run)).items()}
    found = series.rounded(exact)
    assert sum(found.values()) == -(-sum(exact.values(), F(0)) // 1)
    assert all(abs(found[at] - exact[at]) < 2 for at in exact)


@given(st.integers(0, 10**6), st.integers(1, 20_000), watts)
def test_a_stretch_is_its_hours(start: int, seconds: int, power: F) -> None:
    stretch = Stretch(F(start, 7), F(start, 7) + seconds, power, 1)
    found = series.hours([stretch], utility="u", meter="m", file="f", sha256="0" * 64)
    assert sum((hour.energy_wh or F(0) for hour in found), F(0)) == stretch.energy_wh == power * seconds / H


@given(st.fractions(0, F(5, 10), max_denominator=100), st.integers(-40, 41), st.integers(-40, 41), st.integers(2, 20))
def test_cooling_never_costs_less_on_a_hotter_day(load: F, one: int, other: int, evaporator: int) -> None:
    chiller = cooling.Chiller(F(10**6), evaporator_c=F(evaporator))
    cool, hot = min(one, other), max(one, other)
    for model in (chiller, cooling.LinearCop(), cooling.ConstantCop(F(3)), cooling.FreeCooling(chiller, F(12))):
        assert 0 <= model.power_w(load * 10**6, cool) <= model.power_w(load * 10**6, hot)


@given(st.fractions(F(1, 100), F(5, 10), max_denominator=100), st.integers(-40, 41), watts, watts)
def test_a_facility_draws_what_its_parts_draw(load: F, outdoor: int, loss: F, auxiliary: F) -> None:
    chiller = cooling.Chiller(F(10**8))
    site = cooling.facility(load * 10**6, loss, chiller, outdoor, auxiliary_w=auxiliary)
    assert site.total == site.it + site.ups_loss + site.cooling + site.auxiliary and site.pue >= 1


energies = st.none() | st.fractions(0, 10**6, max_denominator=1000)
tiers = st.lists(energies, min_size=12, max_size=12)
cuts = st.lists(st.integers(1, 12 * H - 1), max_size=4, unique=True).map(sorted)


def sources_of(rows: Sequence[Sequence[F | None]]) -> list[Source]:
    return [
        Source(tier, {at * H: wh for at, wh in enumerate(row) if wh is not None})
        for tier, row in zip((METER, UPS, SERVERS, ACTIVITY), rows, strict=True)
    ]


@given(st.lists(tiers, min_size=4, max_size=4), cuts, st.data())
def test_bills_are_conserved_and_every_hour_is_set_by_its_best_source(
    rows: Sequence[Sequence[F | None]], cuts: Sequence[int], data: st.DataObject
) -> None:
    """Bills of any seconds, one after the other: whole, unless the meter covers all of them."""
    edges = [0, *cuts, 12 * H]
    bills = [Billed(*edge, data.draw(st.integers(0, 10**9))) for edge in pairwise(edges)]
    sources = sources_of(rows)
    meter = sources[0].hours
    alone = [bill for bill in bills if all(at * H in meter for at in range(bill.start // H, -(-bill.end // H)))]
    try:
        found = settle(0, 12 * H, sources, bills)
    except NotReconciled:
        assume(False)
        raise
    exact = sum((bill.share(at) * wh for bill in alone for at, wh in meter.items()), F(0))
    billed = sum(bill.energy_wh for bill in bills if bill not in alone)
    total = sum(hour.energy_wh for hour in found)
    assert billed + exact <= total < billed + exact + len(alone) + 1
    assert {hour.tier for hour in found} <= {METER, BILL}
    assert all(hour.tier == METER for hour in found if hour.start in meter)


@given(st.lists(tiers, min_size=4, max_size=4), st.integers(1, 12 * H), st.integers(0, 10**9))
def test_without_a_meter_a_bill_is_conserved_whatever_shapes_it(
    rows: Sequence[Sequence[F | None]], end: int, energy: int
) -> None:
    sources = sources_of([[None] * 12, *rows[1:]])
    until = -(-end // H) * H
    whole = settle(0, until, sources, [Billed(0, until, energy)])
    assert sum(hour.energy_wh for hour in whole) == energy
    assert {hour.tier for hour in whole} == {BILL}


@given(st.lists(tiers, min_size=4, max_size=4), st.sampled_from(["mean", "max"]))
def test_hours_are_whole_in_order_and_filled_only_where_nothing_is_known(
    rows: Sequence[Sequence[F | None]], policy: str
) -> None:
    known = {at * H for row in rows for at, wh in enumerate(row) if wh is not None}
    assume(known)
    found = settle(0, 12 * H, sources_of(rows), missing=policy)
    assert [hour.start for hour in found] == list(range(0, 12 * H, H))
    assert {hour.start for hour in found if hour.tier != FILLED} == known
    best = {at * H: tier for tier, row in reversed(list(zip((METER, UPS, SERVERS, ACTIVITY), rows, strict=True)))
            for at, wh in enumerate(row) if wh is not None}  # fmt: skip
    assert all(hour.tier == best.get(hour.start, FILLED) for hour in found)
    exact = sum((next(row[hour.start // H] for row in rows if row[hour.start // H] is not None) or F(0)
                 for hour in found if hour.tier != FILLED), F(0))  # fmt: skip
    assert exact <= sum(hour.energy_wh for hour in found if hour.tier != FILLED) < exact + 4


lines = st.text(max_size=60) | st.sampled_from(
    ["20221019 220747 100 NA 13 [OL] NA NA", "ups.load: 13", "ups.status: OB", "TIMER 60",
     "1.3.6.1.2.1.33.1.4.4.1.4.1|2|310",
     ".1.3.6.1.4.1.534.1.4.1.0 = INTEGER: 25", "timestamp,output_w", "2024-06-01T00:00:00Z,5", "timestamp,utilisation",
     "name\ttimestamp\tpowerave\tutilave", "n\t2024-06-01 00:00:00.000\t5\t50", "(1 rows affected)", "\ufeff", "1e99,1"]
)  # fmt: skip
READERS = (
    ups_logs.read_upslog, ups_logs.read_csv, ups_states.read_dump, ups_states.read_sequence, ups_states.read_walk,
    utilisation.read_csv, lambda path: utilisation.read_gpu_log(path, series.UTC),
)  # fmt: skip


@given(
    st.lists(lines, max_size=6).map("\n".join).map(lambda text: text.encode("utf-8", "replace"))
    | st.binary(max_size=200)
)
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any"
        path.write_bytes(data)
        for reader in READERS:
            try:
                assert reader(path) is not None
            except CarbonTokensError as error:
                assert str(error)
