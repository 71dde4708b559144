"""What shares are made of, for all amounts: rows add up exactly, are bound to the leaf, and no other rows fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.allocation.shares import Amounts, Share, tenant_of
from carbon_tokens.allocation.shares.detail import Bound, Detail, bound
from carbon_tokens.errors import ShareNotProven

lanes = st.integers(0, 2**47)
amounts = st.builds(Amounts, lanes, lanes, lanes)
weights = st.lists(st.builds(Amounts, st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1,
                   max_size=8)  # fmt: skip


def made(total: Amounts, parts: list[Amounts]) -> tuple[Share, Bound]:
    share = Share(tenant_of("Acme"), total.energy_wh, total.location_g, total.market_g)
    rows = [(f"project {at // 2}", f"product {at}", each) for at, each in enumerate(parts)]
    ((salted, found),) = bound([share], {share.tenant: rows}, "MROW")
    assert found is not None
    return salted, found


@given(amounts, weights)
def test_rows_add_up_to_the_share_in_every_quantity_and_keep_its_tenant(total: Amounts, parts: list[Amounts]) -> None:
    share, found = made(total, parts)
    found.check(share)
    assert (share.tenant, share.amounts) == (tenant_of("Acme"), total)
    assert len(found.detail.rows) == len(parts)
    assert Detail.from_json(found.detail.to_json()) == found.detail


@given(amounts, weights)
def test_no_row_is_a_whole_unit_from_its_part_of_the_share(total: Amounts, parts: list[Amounts]) -> None:
    _, found = made(total, parts)
    whole = sum(each.location_g for each in parts)
    for row, part in zip(found.detail.rows, parts, strict=True):
        if whole:
            assert abs(row.amounts.location_g * whole - total.location_g * part.location_g) < whole


@given(amounts, weights, st.data())
def test_other_rows_or_another_secret_do_not_fit(total: Amounts, parts: list[Amounts], data: st.DataObject) -> None:
    share, found = made(total, parts)
    at = data.draw(st.integers(0, len(parts) - 1))
    rows = list(found.detail.rows)
    rows[at] = replace(rows[at], product=rows[at].product + "x")
    with pytest.raises(ShareNotProven, match="not those"):
        Bound(replace(found.detail, rows=tuple(rows)), found.secret).check(share)
    with pytest.raises(ShareNotProven, match="not those"):
        Bound(found.detail, bytes(32)).check(share)


def test_two_bindings_of_the_same_rows_have_other_salts() -> None:
    first, second = (made(Amounts(1, 2, 3), [Amounts(1, 1, 1)])[0].salt for _ in range(2))
    assert first != second
