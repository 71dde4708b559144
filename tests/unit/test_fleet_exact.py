"""Integer arithmetic of the fleet engine against Python's own integers, and its reallocation against the exact one."""

from __future__ import annotations

import random
from fractions import Fraction as F

import numpy as np
import pytest

from carbon_tokens.allocation.fleet.exact import ONE, mul_div, shared_out, weighted_counts
from carbon_tokens.allocation.fleet.reallocation import Reallocation, build
from carbon_tokens.allocation.method import closure, rounds
from carbon_tokens.errors import CarbonTokensError, ClosedLoop, FractionsAboveOne

CHANCE = random.Random(20240701)
NAMES = ("a", "b", "c", "d", "e", "f", "keeps")


def integers(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def of_any_size(bits: int) -> int:
    """A number of up to so many bits, as often small as great, and often at an edge."""
    edge = 1 << CHANCE.randint(0, bits)
    return max(0, min((1 << bits) - 1, CHANCE.choice([0, edge - 1, edge, edge + 1, CHANCE.randrange(edge + 1)])))


def test_mul_div_is_the_floor_of_the_exact_quotient() -> None:
    """Thousands of triples whose quotient is below 2^50, the greatest factor 2^62."""
    triples = [(of_any_size(62), of_any_size(62), 1 + of_any_size(60)) for _ in range(30_000)]
    fit = [each for each in triples if each[0] * each[1] // each[2] < 1 << 49]
    assert len(fit) > 5_000
    found = mul_div(*(integers(list(column)) for column in zip(*fit, strict=True)))
    assert found.tolist() == [a * b // c for a, b, c in fit]


def test_mul_div_is_exact_for_quotients_above_50_bits_too() -> None:
    triples = [(of_any_size(62), of_any_size(40), 1 + of_any_size(40)) for _ in range(30_000)]
    fit = [each for each in triples if each[0] * each[1] // each[2] < 1 << 60]
    assert max(a * b // c for a, b, c in fit) > 1 << 58
    found = mul_div(*(integers(list(column)) for column in zip(*fit, strict=True)))
    assert found.tolist() == [a * b // c for a, b, c in fit]


@pytest.mark.parametrize(
    "a, b, c",
    [
        (1 << 62, 1 << 62, 1),
        ((1 << 63) - 1, (1 << 63) - 1, 1 << 60),
        ((1 << 63) - 1, 1, 1),
        (1 << 62, 1 << 61, (1 << 61) + 1),
        (1 << 53, 1 << 53, 1 << 43),
    ],
)
def test_mul_div_refuses_what_it_cannot_hold(a: int, b: int, c: int) -> None:
    with pytest.raises(OverflowError, match="64 bits"):
        mul_div(integers([a]), integers([b]), integers([c]))


def test_mul_div_of_nothing_is_nothing() -> None:
    assert mul_div(integers([]), integers([]), 7).tolist() == []


def test_mul_div_broadcasts() -> None:
    found = mul_div(integers([10, 20])[:, None], integers([3, 5, 7]), 4)
    assert found.tolist() == [[7, 12, 17], [15, 25, 35]]


def test_weighted_counts_are_exact_up_to_53_bits() -> None:
    index = [CHANCE.randrange(7) for _ in range(5000)]
    weights = [of_any_size(40) for _ in index]
    wanted = [sum(w for at, w in zip(index, weights, strict=True) if at == cell) for cell in range(8)]
    assert weighted_counts(integers(index), integers(weights), 8).tolist() == wanted
    assert weighted_counts(integers([0, 0]), integers([(1 << 53) - 2, 1]), 1).tolist() == [(1 << 53) - 1]


@pytest.mark.parametrize("weights", [[1 << 53], [(1 << 52) + 1, 1 << 52], [(1 << 53) - 1, 1], [1 << 62, 1]])
def test_weighted_counts_refuse_a_sum_that_a_double_does_not_hold(weights: list[int]) -> None:
    with pytest.raises(OverflowError, match="53 bits"):
        weighted_counts(integers([0] * len(weights)), integers(weights), 1)


def test_shared_out_is_floors_and_the_rest_to_the_first_greatest() -> None:
    for _ in range(300):
        weights = [of_any_size(44) for _ in range(CHANCE.randint(1, 6))]
        total, whole = of_any_size(48), sum(weights)
        found = shared_out(np.array(total, np.int64), integers(weights)).tolist()
        wanted = [total * weight // max(whole, 1) for weight in weights]
        wanted[weights.index(max(weights))] += total - sum(wanted) if whole else 0
        assert found == wanted
        assert sum(found) == (total if whole else 0)


def test_shared_out_works_along_the_last_axis() -> None:
    found = shared_out(integers([10, 7]), np.array([[1, 1, 1], [0, 0, 0]], np.int64))
    assert found.tolist() == [[4, 3, 3], [0, 0, 0]]


# Reallocation


def leaking(most: F = F(1, 2)) -> dict[str, dict[str, F]]:
    """Six services that pass on ``most`` at most, to each other, in loops, and to themselves."""
    found = {}
    for name in NAMES[:6]:
        users = CHANCE.sample(NAMES, CHANCE.randint(1, 4))
        parts = [F(CHANCE.randint(0, 97)) for _ in users]
        found[name] = {user: most * part / max(sum(parts), 1) for user, part in zip(users, parts, strict=True)}
    return found


def ends_of(made: Reallocation, name: str) -> dict[str, F]:
    """Where a unit at a service ends, by service."""
    amounts = [F(0)] * len(NAMES)
    at = NAMES.index(name)
    if at not in made.passing:
        amounts[at] = F(1)
    else:
        amounts = [F(int(part), ONE) for part in made.ends[list(made.passing).index(at)]]
    return dict(zip(NAMES, amounts, strict=True))


def test_rows_of_the_matrix_add_up_to_one_exactly() -> None:
    for _ in range(30):
        made = build(leaking(F(99, 100)), NAMES)
        assert set(made.ends.sum(axis=1).tolist()) <= {ONE}
        assert (made.ends >= 0).all()


def test_the_matrix_is_the_exact_closure_within_2_to_minus_38() -> None:
    """Half of everything is kept on each visit: two visits at most, each with a few fractions rounded to 2^-40."""
    for _ in range(30):
        given = leaking()
        made = build(given, NAMES)
        for name in NAMES:
            exact = closure({name: F(1)}, given).final
            assert all(abs(part - exact.get(user, 0)) <= F(1, 1 << 38) for user, part in ends_of(made, name).items())


def test_the_matrix_loses_a_visit_s_rounding_for_each_visit() -> None:
    """Where a hundredth is kept there are 100 visits at most, each with up to 5 parts wrong by 2^-40."""
    for _ in range(30):
        given = leaking(F(99, 100))
        made = build(given, NAMES)
        for name in NAMES:
            exact = closure({name: F(1)}, given).final
            bound = F(500, 1 << 40)
            assert all(abs(part - exact.get(user, 0)) <= bound for user, part in ends_of(made, name).items())


@pytest.mark.parametrize("number", [0, 1, 2, 5, 30])
def test_rounds_are_those_of_the_reference(number: int) -> None:
    """Also what is undelivered after them, which is the next round's."""
    for _ in range(6):
        given = leaking()
        made = build(given, NAMES, number)
        assert set(made.ends.sum(axis=1).tolist()) <= {ONE}
        for name in NAMES:
            exact = rounds({name: F(1)}, given, number)
            found = ends_of(made, name)
            assert all(abs(found[user] - exact.energy.get(user, 0)) <= F(1, 1 << 38) for user in NAMES)
            if NAMES.index(name) in made.passing:
                late = F(int(made.undelivered[list(made.passing).index(NAMES.index(name))]), ONE)
                assert abs(late - sum(exact.undelivered.values())) <= F(1, 1 << 38)


def test_what_is_left_of_amounts_is_what_the_reference_has_not_delivered() -> None:
    amounts = {name: CHANCE.randrange(10**12) for name in NAMES}
    for number in (0, 1, 3):
        given = leaking()
        left = build(given, NAMES, number).left(integers(list(amounts.values())))
        wanted = sum(rounds(amounts, given, number).undelivered.values(), F(0))
        assert abs(int(left) - wanted) <= 1 + F(7 * 10**12, 1 << 38)


def test_after_all_rounds_nothing_is_left() -> None:
    assert build(leaking(), NAMES).left(integers([10**12] * len(NAMES))) == 0


def test_amounts_passed_on_keep_their_sum_and_are_within_a_floor_a_pair() -> None:
    for _ in range(20):
        given, amounts = leaking(), {name: of_any_size(44) for name in NAMES}
        found = build(given, NAMES)(integers(list(amounts.values())))
        exact = closure(amounts, given).final
        assert int(found.sum()) == sum(amounts.values())
        bound = len(NAMES) ** 2 + F(sum(amounts.values()), 1 << 38)
        assert all(abs(int(each) - exact[name]) <= bound for each, name in zip(found, NAMES, strict=True))


def test_a_service_that_nobody_serves_passes_through() -> None:
    made = build({}, NAMES)
    assert made(integers([1, 2, 3, 4, 5, 6, 7])).tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_a_loop_that_keeps_a_billionth_still_ends() -> None:
    """Two services that keep a billionth and pass the rest to each other share the energy in halves, nearly."""
    almost = 1 - F(1, 10**9)
    made = build({"a": {"b": almost}, "b": {"a": almost}}, NAMES)
    for name in ("a", "b"):
        exact = closure({name: F(1)}, {"a": {"b": almost}, "b": {"a": almost}}).final
        assert all(abs(part - exact.get(user, 0)) < F(1, 10**6) for user, part in ends_of(made, name).items())


def test_a_loop_that_hardly_leaks_is_exact_or_refused() -> None:
    """One keeps 5, the other 7 in 10^12: five twelfths and seven; 5 and 8 in 2^40 would be five thirteenths."""
    given = {"a": {"b": 1 - F(5, 10**12)}, "b": {"a": 1 - F(7, 10**12)}}
    try:
        made = build(given, NAMES)
    except CarbonTokensError:
        return
    exact = closure({"a": F(1)}, given).final
    assert all(abs(part - exact.get(user, 0)) < F(1, 10**6) for user, part in ends_of(made, "a").items())


def test_a_loop_that_leaks_less_than_a_unit_is_refused_by_name() -> None:
    almost = 1 - F(1, 10**18)
    with pytest.raises(CarbonTokensError):
        build({"a": {"b": almost}, "b": {"a": almost}}, NAMES)


def test_closed_loops_and_fractions_above_one_are_refused() -> None:
    with pytest.raises(ClosedLoop, match="a, b"):
        build({"a": {"b": F(1)}, "b": {"a": F(1)}}, NAMES)
    with pytest.raises(FractionsAboveOne, match="'a'"):
        build({"a": {"b": F(2, 3), "c": F(2, 3)}}, NAMES)
