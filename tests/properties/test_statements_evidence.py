"""Canonical bytes and evidence: one document, one hash, and back."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.energy import Reading
from carbon_tokens.errors import StatementError
from carbon_tokens.factors.rate import Rate
from carbon_tokens.periods import Month
from carbon_tokens.statements import (
    CertificateBatch,
    FactorReference,
    MethodReference,
    Restatement,
    Statement,
    build,
    restate,
)

METHOD = MethodReference.shipped()
GRAMS = st.integers(0, 2**48 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda text: bool(text.strip())
)
HEX = st.binary(min_size=32, max_size=32).map(lambda octets: "0x" + octets.hex())
RATES = st.decimals(0, 5000, places=3, allow_nan=False)
NAMES = st.text("abcXYZ019 _", min_size=1, max_size=8).filter(lambda text: bool(text.strip()))


@st.composite
def factors(draw: st.DrawFn) -> FactorReference:
    values = (draw(RATES), None, None, draw(RATES), None, draw(TEXT), draw(HEX)[2:])
    return FactorReference.of(Rate(draw(TEXT), draw(st.integers(1990, 2100)), draw(TEXT), "", draw(TEXT), "", *values))


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    month = Month(draw(st.integers(0, 1500)))
    start = draw(st.integers(month.start, month.end - 1))
    reading = Reading(
        draw(NAMES),
        draw(NAMES),
        start,
        draw(st.integers(start + 1, month.end)),
        draw(st.integers(0, 10**12)),
        draw(st.sampled_from(["bills", "hourly"])),
        "b.csv",
        draw(HEX)[2:],
        (2, draw(st.integers(2, 900))),
        draw(st.sampled_from("ABCD")),
    )
    return build(
        reading,
        draw(factors()),
        facility=draw(st.integers(0, 2**216 - 1)),
        method=METHOD,
        scope1_g=draw(GRAMS),
        scope3_g=draw(GRAMS),
        notes=draw(st.lists(TEXT, max_size=2)),
    )


@st.composite
def batches(draw: st.DrawFn) -> CertificateBatch:
    first = draw(st.integers(0, 2**40))
    last = first + draw(st.integers(0, 10**6))
    start = draw(st.integers(0, 2**39))
    return CertificateBatch(
        draw(st.sampled_from(["rec", "offset"])),
        draw(TEXT),
        draw(TEXT),
        f"{draw(NAMES)}-{first} to {last}",
        first,
        last,
        draw(st.integers(1, (last - first + 1) * 1_000_000)),
        start,
        start + draw(st.integers(1, 10**8)),
        draw(HEX),
    )


@given(statements())
def test_canonical_bytes_are_read_back_to_the_same_statement(statement: Statement) -> None:
    again = Statement.from_json(statement.canonical())
    assert again == statement and again.canonical() == statement.canonical()


@given(statements(), st.randoms(use_true_random=False))
def test_the_order_of_fields_in_a_json_text_changes_no_evidence(statement: Statement, random: object) -> None:
    items = list(statement.to_json().items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert Statement.from_json(json.dumps(dict(items))).evidence == statement.evidence


@given(statements(), GRAMS, GRAMS)
def test_a_restatement_is_read_back_and_differs_from_what_it_replaces(
    statement: Statement, scope1: int, scope3: int
) -> None:
    again = restate(
        [statement],
        "late bill",
        energy_wh=statement.energy_wh,
        scope1_g=scope1,
        scope3_g=scope3,
        factor=statement.factor,
        method=METHOD,
        quality="B",
    )
    assert Restatement.from_json(again.canonical()) == again
    assert again.evidence != statement.evidence
    assert again.scope2_location_g == statement.scope2_location_g


@given(batches())
def test_a_batch_is_read_back_from_its_canonical_bytes(batch: CertificateBatch) -> None:
    assert CertificateBatch.from_json(batch.canonical()) == batch


@given(batches(), st.data())
def test_any_single_field_of_a_batch_changes_its_evidence_or_is_refused(
    batch: CertificateBatch, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([field.name for field in fields(CertificateBatch)]))
    other = getattr(data.draw(batches()), name)
    _changes_the_evidence(batch, name, other)


@given(statements(), statements(), st.data())
def test_any_single_field_of_a_statement_changes_its_evidence_or_is_refused(
    statement: Statement, other: Statement, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([field.name for field in fields(Statement)]))
    _changes_the_evidence(statement, name, getattr(other, name))


@given(statements(), st.data())
def test_every_leaf_of_a_statements_json_is_bound_by_its_evidence(statement: Statement, data: st.DataObject) -> None:
    """Change any number or text anywhere inside: another hash, or no statement at all."""
    value = statement.to_json()
    leaves = list(_leaves(value))
    path = data.draw(st.sampled_from(leaves))
    holder: Any = value
    for key in path[:-1]:
        holder = holder[key]
    old = holder[path[-1]]
    new = data.draw(
        st.one_of(st.integers(0, 2**48), TEXT, st.booleans()).filter(
            lambda item: item != old or type(item) is not type(old)
        )
    )
    holder[path[-1]] = new
    try:
        changed = Statement.from_json(json.dumps(value))
    except StatementError:
        return
    assert changed.evidence != statement.evidence


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Any:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif value is not None:
        yield path


def _changes_the_evidence(document: Any, name: str, value: object) -> None:
    try:
        changed = replace(document, **{name: value})
    except StatementError:
        return
    assert (changed.evidence == document.evidence) == (changed == document)


@given(RATES)
def test_the_integer_factor_is_never_below_the_rate(rate: Decimal) -> None:
    factor = FactorReference.of(Rate("d", 2020, "e", "", "R", "", rate, None, None, rate, None, "", "ab" * 32))
    assert 0 <= factor.location_g_per_mwh - Decimal(factor.location_rate) < 1
