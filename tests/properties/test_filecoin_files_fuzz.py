"""Damaged files of the Filecoin project: each is read or refused by a named error."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.errors import CarbonTokensError, EnergyError, StatementError
from examples.filecoin import published
from examples.filecoin.published import Redemption
from tests import filecoin_files as small

VALUES = ("", " ", "-1", "1e9", "NaN", "0", "٣", "9" * 400, "-0.0", "\n", "2021-02-30", "0000-00-00", "1,5", '"')


def text(rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def damaged(data: st.DataObject, whole: str) -> bytes:
    """A table after a few changes: a piece cut out, doubled or moved, a letter or a cell replaced, lines swapped."""
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, max(len(whole) - 1, 0)))
        end = min(len(whole), start + data.draw(st.integers(1, 80)))
        way = data.draw(st.sampled_from(["cut", "double", "letter", "cell", "line"]))
        if way == "cut":
            whole = whole[:start] + whole[end:]
        elif way == "double":
            whole = whole[:end] + whole[start:end] + whole[end:]
        elif way == "letter":
            whole = whole[:start] + data.draw(st.characters()) + whole[start + 1 :]
        elif way == "cell":
            cells = whole.split(",")
            cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(st.sampled_from(VALUES))
            whole = ",".join(cells)
        else:
            lines = whole.split("\n")
            at, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
            lines[at], lines[other] = lines[other], lines[at]
            whole = "\n".join(lines)
    return whole.encode("utf-8", "surrogatepass")


def written(folder: str, content: bytes) -> Path:
    path = Path(folder) / "table.csv"
    path.write_bytes(content)
    return path


@given(st.data())
def test_a_damaged_plan_is_read_or_refused_by_a_named_error(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = published.bounds(written(folder, damaged(data, text(small.plan_rows()))))
        except EnergyError:
            return
    assert all(each.energy_wh >= 0 and each.first <= each.last and each.node for each in found)
    assert len({each.batch for each in found}) == len(found)


@given(st.data())
def test_a_damaged_summary_is_read_or_refused_by_a_named_error(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = published.sums(written(folder, damaged(data, text(small.summary_rows()))))
        except EnergyError:
            return
    assert all(each.energy_wh >= 0 and each.node for each in found)


@given(st.data())
def test_a_damaged_table_of_statements_gives_each_row_a_redemption_or_what_is_wrong(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = published.redemptions(written(folder, damaged(data, text(small.statement_rows()))))
        except StatementError:
            return
    for each in found.values():
        assert each.first <= each.last and each.node if isinstance(each, Redemption) else each


@given(st.data())
def test_a_folder_of_damaged_files_is_understood_or_refused_by_a_named_error(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = small.folder(Path(folder) / "data")
        name = data.draw(st.sampled_from(["redemptions.csv", "statements.csv", "summary.csv"]))
        (whole / name).write_bytes(damaged(data, (whole / name).read_text()))
        try:
            small.planned(whole, small.factors(Path(folder) / "countries.csv"), Path(folder) / "out")
        except CarbonTokensError:
            return


@given(st.integers(0, 10**9), st.integers(0, 999_999))
def test_a_bound_is_what_is_written_rounded_up_to_a_watt_hour(wh: int, millionth: int) -> None:
    mwh = f"{wh // 10**6}.{wh % 10**6:06d}{millionth:06d}"
    rows = [[1, "f01", "CN-BJ", "2021-04-01", "2021-04-30", "1", mwh]]
    with tempfile.TemporaryDirectory() as folder:
        (found,) = published.bounds(written(folder, text(small.plan_rows(rows)).encode()))
    assert found.energy_wh == wh + bool(millionth)
