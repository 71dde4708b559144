"""Names as numbers: dense, in the order of the names, so that what is grouped and sorted by them need not see them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon_tokens.allocation.fleet.exact import Integers


class Numbering:
    """The names of each kind (a column: customer, sku …) in all tables, in the order of their UTF-8 bytes."""

    def __init__(self, tables: Mapping[str, pa.Table], kinds: tuple[str, ...]) -> None:
        self._words = {kind: _sorted(tables, kind) for kind in kinds}

    def numbered(self, table: pa.Table) -> pa.Table:
        """The table with the number of each name instead of the name, int32."""
        columns = {name: self._numbers(name, table.column(name)) for name in table.column_names}
        return pa.table(columns)

    def _numbers(self, kind: str, column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
        if kind not in self._words:
            return column
        names = column.combine_chunks().dictionary_encode()
        if not len(names):
            return pa.array([], pa.int32())
        return pc.take(pc.index_in(pc.cast(names.dictionary, pa.string()), self._words[kind]), names.indices)

    def named(self, table: pa.Table) -> pa.Table:
        """The table with names again, as text."""
        columns = {
            name: pc.take(self._words[name], table.column(name)) if name in self._words else table.column(name)
            for name in table.column_names
        }
        return pa.table(columns)

    def name(self, kind: str, number: int) -> str:
        word: str = self._words[kind][number].as_py()
        return word


def _sorted(tables: Mapping[str, pa.Table], kind: str) -> pa.Array:
    columns = [table.column(kind) for table in tables.values() if kind in table.column_names]
    found = pa.concat_arrays([pc.cast(pc.unique(each), pa.string()) for each in columns])
    words = pc.unique(found)
    return pc.take(words, pc.array_sort_indices(words))


def runs(numbers: Integers) -> list[slice]:
    """Where each run of equal numbers begins and ends."""
    starts = np.flatnonzero(np.diff(numbers, prepend=-1)).tolist()
    return [slice(start, end) for start, end in zip(starts, [*starts[1:], len(numbers)], strict=bool(starts))]
