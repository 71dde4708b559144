"""Integer arithmetic on arrays that floats alone cannot do: the exact floor of a × b ÷ c in 64 bits.

Every engine that follows the same floors gives the same bits, whatever its threads and partitions: floats give another
total in every run, and a Merkle root needs the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from carbon_tokens.errors import FleetError

Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]

EXACT = 1 << 53  # integers below it are exact in a double
ONE = 1 << 40  # fractions are whole numbers of 2^-40


@contextmanager
def counted(where: str) -> Iterator[None]:
    """Says of which table the numbers are that do not fit: OverflowError becomes FleetError."""
    try:
        yield
    except OverflowError as error:
        raise FleetError(f"more than can be counted: {error}", where=where, todo="Check the units.") from error


def mul_div(a: Integers, b: Integers, c: Integers | int) -> Integers:
    """floor(a × b ÷ c) of integers a, b ≥ 0 and c > 0, exactly, although a × b does not fit in 64 bits.

    A double gives the quotient but for a unit in 2^50; the remainder, which is small, survives the overflow of a × b
    and says how many are missing. Shapes broadcast.

    Raises:
        OverflowError: a quotient that does not fit, or a divisor too great for its remainder.
    """
    divisor = np.asarray(c, dtype=np.int64)
    if not divisor.ndim and int(a.max(initial=0)) * int(b.max(initial=0)) < 1 << 63:
        return a * b // divisor
    estimate = np.floor(a.astype(np.float64) * b / divisor)
    units = 1 + (estimate.max() / (1 << 50) if estimate.size else 0)  # by which the estimate may be wrong
    if units * divisor.max(initial=1) >= 1 << 62 or units >= 1 << 12:
        raise OverflowError("a quotient does not fit in 64 bits")
    quotient = estimate.astype(np.int64)
    remainder: Integers = a * b - quotient * divisor  # modulo 2^64, and small
    if units >= 2:
        return quotient + remainder // divisor
    quotient += remainder >= divisor
    quotient -= remainder < 0
    return quotient


def weighted_counts(index: Integers, weights: Integers, size: int) -> Integers:
    """Sum of the weights by index, shape (size,): exact, although doubles are added.

    Raises:
        OverflowError: a sum that a double does not hold exactly.
    """
    sums = np.zeros(size)
    np.add.at(sums, index, weights.astype(np.float64))
    return whole(sums)


def whole(sums: Doubles) -> Integers:
    """Sums of integers from 0, made in doubles: exact, since a sum that was ever rounded is not below 2^53 any more.

    Raises:
        OverflowError: a sum that a double does not hold exactly.
    """
    if sums.max(initial=0) >= EXACT:
        raise OverflowError("a sum needs more than 53 bits")
    return sums.astype(np.int64)


def largest_remainder(total: int, weights: Integers) -> Integers:
    """An integer total split in proportion to weights, (n,), by Hamilton: floors, then one more to the greatest rests.

    ``units.largest_remainder`` for millions of rows; ties go to the first. Weights of 0 throughout share as equals.

    Raises:
        OverflowError: weights that add up to 2^62 or more.
    """
    if weights.sum(dtype=np.float64) >= 1 << 62:
        raise OverflowError("weights do not fit in 62 bits")
    whole = int(weights.sum())
    if not whole:
        weights, whole = np.ones_like(weights), len(weights)
    parts = mul_div(weights, np.asarray(total, np.int64), whole)
    remainders = weights * np.int64(total) - parts * np.int64(whole)  # modulo 2^64, and below the whole
    rest = total - int(parts.sum())
    if rest:
        edge = np.partition(remainders, len(parts) - rest)[len(parts) - rest]  # the least that still gets one
        above = remainders > edge
        parts += above
        parts[np.flatnonzero(remainders == edge)[: rest - np.count_nonzero(above)]] += 1
    return parts


def shared_out(total: Integers, weights: Integers) -> Integers:
    """Totals split along the last axis in proportion to weights, exactly: floors, and what they leave to the greatest.

    ``total`` has the shape of ``weights`` without its last axis; rows whose weights are all 0 get 0 and lose their
    total, so the caller looks for them first. Of equal greatest weights the first gets the rest.
    """
    whole = weights.sum(axis=-1)
    parts = mul_div(np.broadcast_to(total[..., None], weights.shape), weights, np.maximum(whole, 1)[..., None])
    rest = np.where(whole > 0, total - parts.sum(axis=-1), 0)
    greatest = np.expand_dims(weights.argmax(axis=-1), -1)
    np.put_along_axis(parts, greatest, np.take_along_axis(parts, greatest, -1) + rest[..., None], -1)
    return parts
