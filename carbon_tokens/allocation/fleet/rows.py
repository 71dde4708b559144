"""What is done with each row of a partition, and nothing else: gathers, one product, one quotient, one sum.

Rows are taken in pieces so small that what is made of them stays in a core's cache and in memory that it already has:
fresh memory costs more than the arithmetic. Pieces do not change a bit, since all of it is exact.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from carbon_tokens.allocation.fleet.exact import EXACT, Doubles, Integers, mul_div

PIECE = 1 << 15  # rows


def pieces(table: pa.Table) -> list[pa.RecordBatch]:
    """The rows of a table in their order, ``PIECE`` at most in each; columns are not copied."""
    found: list[pa.RecordBatch] = table.to_batches(max_chunksize=PIECE)
    return found


def ids(piece: pa.RecordBatch, column: str) -> NDArray[np.int32]:
    """Index of each row's name in the dictionary of the column."""
    found: NDArray[np.int32] = piece.column(column).indices.to_numpy()
    return found


def slots(piece: pa.RecordBatch, first: Integers) -> Integers:
    """Slot of each row: ``first`` of its machine, by id, plus its hour."""
    found = first.take(ids(piece, "machine"))
    found += piece.column("hour").to_numpy()
    return found


class Shares:
    """floor(CPU × dynamic ÷ CPU of the machine-hour) by row; dynamic energy (µWh) and all CPU time (ms) by slot."""

    def __init__(self, dynamic: Integers, total: Integers) -> None:
        self._exact = dynamic, np.maximum(total, 1)
        self._doubles = tuple(each.astype(np.float64) for each in self._exact)
        self._most = int(dynamic.max(initial=0))

    def __call__(self, cpu: Integers, slot: Integers) -> Doubles:
        """The shares of a piece. Whole; exact below 2^53, and what is not is refused where it is added up."""
        if int(cpu.max(initial=0)) * self._most >= EXACT:
            return mul_div(cpu, *(each.take(slot) for each in self._exact)).astype(np.float64)
        dynamic, total = self._doubles  # a quotient of doubles below 2^53 has the right floor if the product is exact
        found = dynamic.take(slot)
        found *= cpu
        found /= total.take(slot)
        return np.floor(found, out=found)
