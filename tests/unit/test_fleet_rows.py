"""What is done with each row, and names as numbers: the quick ways give what Python's own integers and order give."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from carbon_tokens import units
from carbon_tokens.allocation.fleet import rows, tables
from carbon_tokens.allocation.fleet.exact import EXACT, largest_remainder, mul_div, whole
from carbon_tokens.allocation.fleet.names import Numbering, runs
from carbon_tokens.allocation.fleet.result import PUBLISHED, digest

CHANCE = random.Random(20240702)


def integers(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


@pytest.mark.parametrize("bits", [20, 26, 27, 31, 40])
def test_shares_of_rows_are_exact_floors_whether_their_products_fit_a_double_or_not(bits: int) -> None:
    dynamic = [CHANCE.randrange(1 << bits) for _ in range(50)]
    slot = [CHANCE.randrange(50) for _ in range(5000)]
    cpu = [CHANCE.randrange(1 << bits) for _ in slot]
    total = [sum(each for each, at in zip(cpu, slot, strict=True) if at == machine) for machine in range(50)]
    found = rows.Shares(integers(dynamic), integers(total))(integers(cpu), integers(slot))
    assert found.tolist() == [each * dynamic[at] // max(total[at], 1) for each, at in zip(cpu, slot, strict=True)]


def test_the_only_service_of_a_machine_gets_all_of_its_dynamic_energy() -> None:
    dynamic = integers([CHANCE.randrange(1 << 45) for _ in range(1000)])
    cpu = integers([1 + CHANCE.randrange(1 << 40) for _ in range(1000)])
    assert rows.Shares(dynamic, cpu)(cpu, np.arange(1000)).tolist() == dynamic.tolist()


def test_pieces_are_all_rows_in_their_order_and_none_is_too_long() -> None:
    table = pa.concat_tables([pa.table({"hour": np.arange(at, at + 40_000)}) for at in (0, 40_000, 80_000)])
    found = rows.pieces(table)
    assert max(map(len, found)) <= rows.PIECE
    assert np.array_equal(np.concatenate([each.column("hour").to_numpy() for each in found]), np.arange(120_000))
    assert rows.pieces(table.slice(0, 0)) == []


def test_the_largest_remainders_are_those_of_the_reference_also_where_they_tie() -> None:
    for _ in range(3000):
        most = CHANCE.choice([1, 2, 5, 10**6, 10**15])
        weights = [CHANCE.randint(0, most) for _ in range(CHANCE.randint(1, 12))]
        total = CHANCE.choice([0, 1, 7, CHANCE.randrange(10**12)])
        keyed = {f"{at:02}": weight for at, weight in enumerate(weights if any(weights) else [1] * len(weights))}
        wanted = units.largest_remainder(total, keyed)
        assert largest_remainder(total, integers(weights)).tolist() == [wanted[key] for key in keyed]


def test_sums_made_in_doubles_are_refused_once_they_may_have_been_rounded() -> None:
    assert whole(np.array([0.0, EXACT - 1])).tolist() == [0, EXACT - 1]
    with pytest.raises(OverflowError, match="53 bits"):
        whole(np.array([1.0, EXACT]))


def test_a_product_that_fits_is_divided_by_one_number_as_integers_are() -> None:
    a, b = [CHANCE.randrange(1 << 32) for _ in range(5000)], [CHANCE.randrange(1 << 31) for _ in range(5000)]
    for divisor in (1, 3600, 10**9, (1 << 62) - 1):
        wanted = [each * other // divisor for each, other in zip(a, b, strict=True)]
        assert mul_div(integers(a), integers(b), divisor).tolist() == wanted


# Names as numbers

WORDS = ["é", "e", "z", "", "Z", "中", "𝄞", "\uffee", "_unsold", "a b", "a"]


def test_numbers_stand_in_the_order_of_the_names_in_utf_8() -> None:
    tables = {"one": pa.table({"sku": WORDS[:5]}), "two": pa.table({"sku": pa.array(WORDS[3:]).dictionary_encode()})}
    numbering = Numbering(tables, ("sku",))
    found = {
        name: number
        for table in tables.values()
        for name, number in zip(
            table.column("sku").to_pylist(), numbering.numbered(table).column("sku").to_pylist(), strict=True
        )
    }
    assert sorted(found, key=lambda name: found[name]) == sorted(WORDS, key=str.encode)
    assert [numbering.name("sku", number) for number in found.values()] == list(found)


def test_names_come_back_from_their_numbers_and_other_columns_are_left_alone() -> None:
    table = pa.table({"sku": [CHANCE.choice(WORDS) for _ in range(100)], "amount": list(range(100))})
    numbering = Numbering({"only": table}, ("sku",))
    assert numbering.named(numbering.numbered(table)).equals(table)
    assert numbering.numbered(table.slice(0, 0)).num_rows == 0


def test_runs_are_where_a_number_begins_and_ends() -> None:
    assert runs(integers([0, 0, 2, 1, 1, 1])) == [slice(0, 2), slice(2, 3), slice(3, 6)]
    assert runs(integers([])) == []


def test_the_digest_is_of_lengths_and_bytes_of_names_and_of_numbers_column_by_column() -> None:
    """Also of rows that are a part of a longer table, in several chunks."""
    keys = {name: [CHANCE.choice(WORDS) for _ in range(40)] for name in PUBLISHED[:4]}
    numbers = {name: [CHANCE.randrange(1 << 60) for _ in range(40)] for name in PUBLISHED[4:]}
    table = pa.concat_tables([pa.table(keys | numbers)] * 2).slice(7, 60)
    wanted = hashlib.sha256()
    for name in PUBLISHED:
        column = table.column(name).to_pylist()
        if name in keys:
            texts = [each.encode() for each in column]
            content = b"".join(len(each).to_bytes(8, "little") for each in texts) + b"".join(texts)
        else:
            content = b"".join(each.to_bytes(8, "little") for each in column)
        wanted.update(f"{name}\n".encode() + content)
    assert digest(table) == wanted.hexdigest()


def test_a_folder_named_like_a_column_and_its_value_adds_no_column(tmp_path: Path) -> None:
    """Arrow reads a folder region=north as a column unless told not to."""
    place = tmp_path / "region=north" / "1.parquet"
    place.parent.mkdir()
    pyarrow.parquet.write_table(pa.table({"machine": ["m"], "hour": [0], "energy_wh": [5]}), place)
    assert tables.read(place, "machine_hours").column("energy").to_pylist() == [5_000_000]
