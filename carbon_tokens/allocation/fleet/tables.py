"""Tables of a fleet from CSV, Parquet, Arrow or pandas: strict, exact, and the same whatever they came from.

CSV is read as text, so that 0.1 kWh is 100,000,000 µWh and not nearly so. A table is used whole or not at all; a cell
that is no amount is named by file and row. Unknown columns are refused: one may change what the others mean.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from carbon_tokens.allocation.fleet.columns import TABLES, Column
from carbon_tokens.allocation.fleet.store import Held, Stored
from carbon_tokens.errors import FleetError

_DECIMAL = pa.decimal256(50, 24)  # cells: 26 digits before the point, 24 behind
_NUMBER = r"^[0-9]{1,20}(\.[0-9]{1,24})?$"
_TOO_MUCH = "is more than can be counted"
_WHOLE = r"^[0-9]{1,9}$"
_HIDDEN = r"[\p{Cc}\p{Cf}]"  # control and format signs: two names that look the same would be two
_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}(:00(:00)?)?(Z|\+00:?00)$"


def read(source: Any, table: str, sha256: str | None = None) -> pa.Table:
    """A table of ``columns.TABLES`` with the columns and units that are used inside, rows in their order.

    Names become dictionaries, hours and amounts 64-bit integers.

    Args:
        source: path of a .csv or .parquet file, a pyarrow Table or RecordBatch, or a pandas DataFrame.
        sha256: of the file, if it must be the one that was hashed; 64 hex digits.

    Raises:
        FleetError: a file that cannot be read or has changed, missing, unknown or doubled columns, or a cell that is
            empty, no name, no hour or no amount, by file:row (the header of a CSV is row 1), the first of each column.
    """
    where, found = _load(source, table, sha256)
    known = TABLES[table]
    chosen = _columns(found, known, where)
    first = 2 if where.endswith(".csv") else 1
    made: dict[str, Any] = {}
    faults: list[FleetError] = []
    for each in known:
        try:
            made[each.name] = _converted(found, each, chosen.get(each.name), where, first)
        except FleetError as fault:
            faults.append(fault)
    if faults:
        raise _all(faults)
    return pa.table(made)


def _all(faults: list[FleetError]) -> FleetError:
    """The first fault of each column as one error."""
    if len(faults) == 1:
        return faults[0]
    others = "; ".join(f"{each.where}: {each.what}" for each in faults[1:])
    return FleetError(f"{faults[0].what}; {others}", where=faults[0].where, todo=faults[0].todo)


def empty(table: str) -> pa.Table:
    """The table without rows."""
    known = TABLES[table]
    return read(pa.table({next(iter(each.units)): pa.array([], pa.string()) for each in known}), table)


def _load(source: Any, table: str, sha256: str | None) -> tuple[str, pa.Table]:
    if isinstance(source, pa.RecordBatch):
        return table, pa.Table.from_batches([source])
    if isinstance(source, pa.Table):
        return table, source
    if not isinstance(source, (str, Path, Stored, Held)):
        return table, _of_pandas(source, table)
    file = Path(source) if isinstance(source, str) else source
    try:
        held = file if isinstance(file, Held) else Held.of(file)
        if sha256 not in (None, held.sha256):
            what, todo = "has changed since it was hashed", "Leave the files as they are while they are allocated."
            raise FleetError(what, where=held.name, todo=todo)
        return held.name, _parquet(held.content, table) if held.suffix == ".parquet" else _csv(held.content)
    except (OSError, pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise FleetError(f"cannot be read ({str(error).splitlines()[0]})", where=file.name) from error


def _of_pandas(frame: Any, table: str) -> pa.Table:
    """Raises FleetError: no DataFrame, or a column of several types, by row."""
    if not hasattr(frame, "iloc"):
        todo = "Give a path, a pyarrow Table or a pandas DataFrame."
        raise FleetError(f"{type(frame).__name__} is no table", where=table, todo=todo)
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        where, what = _odd(frame, table) or (table, f"cannot be used: {error}")
        raise FleetError(what, where=where, todo="Give each column one type: text, integers or decimals.") from error


def _odd(frame: Any, table: str) -> tuple[str, str] | None:
    """The first cell that is of another type than those above it, in columns of Python objects."""
    for column in [at for at, kind in enumerate(frame.dtypes) if getattr(kind, "kind", "") == "O"]:
        cells = frame.iloc[:, column]
        there = [(row, cell) for row, cell in enumerate(cells, start=1) if cell is not None and cell == cell]
        for row, cell in there:
            if type(cell) is not type(there[0][1]):
                what = f"{frame.columns[column]} {cell!r} is {type(cell).__name__}, not {type(there[0][1]).__name__}"
                return f"{table}:{row}", what
    return None


def _parquet(content: pa.Buffer, table: str) -> pa.Table:
    names = [name for each in TABLES[table] if each.kind == "name" for name in each.units]
    # its own columns: without partitioning a folder region=north is not one
    return pyarrow.parquet.read_table(pa.BufferReader(content), read_dictionary=names, partitioning=None)


def _csv(content: pa.Buffer) -> pa.Table:
    first = io.BytesIO(content).readline()
    header = [cell.strip() for cell in next(csv.reader([first.decode("utf-8-sig")]), [])]
    options = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False)
    return pyarrow.csv.read_csv(pa.BufferReader(content), convert_options=options)


def _columns(found: pa.Table, known: tuple[Column, ...], where: str) -> dict[str, tuple[str, int]]:
    """Column of the file and base units of one, by column inside."""
    names = {spelled: each.name for each in known for spelled in each.units}
    chosen: dict[str, tuple[str, int]] = {}
    faults = [f"unknown column {each!r}" for each in found.column_names if each not in names]
    for each in known:
        present = [(spelled, unit) for spelled, unit in each.units.items() if spelled in found.column_names]
        if len(present) > 1 or found.column_names.count(present[0][0] if present else "") > 1:
            faults.append(f"column {each.name} twice")
        elif present:
            chosen[each.name] = present[0]
        elif each.required:
            faults.append(f"missing column {' or '.join(each.units)}")
    if faults:
        columns = ", ".join(" or ".join(each.units) + ("" if each.required else " (optional)") for each in known)
        raise FleetError("; ".join(faults), where=f"{where}:1", todo=f"Columns: {columns}.")
    return chosen


def _converted(found: pa.Table, column: Column, chosen: tuple[str, int] | None, where: str, first: int) -> Any:
    if chosen is None:
        if column.kind == "name":
            ids = pa.repeat(pa.scalar(0, pa.int32()), found.num_rows)
            return pa.DictionaryArray.from_arrays(ids, pa.array([column.default]))
        return pa.repeat(pa.scalar(column.default, pa.int64()), found.num_rows)
    cells = found.column(chosen[0])
    if pa.types.is_duration(cells.type) or (column.kind != "hour" and pa.types.is_temporal(cells.type)):
        raise FleetError(f"{chosen[0]} is {cells.type}", where=where, todo="Give numbers of its unit.")
    try:
        return _convert(cells, Place(where, chosen[0], first), chosen[1], column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        what = f"{chosen[0]} ({cells.type}) cannot be used: {str(error).splitlines()[0]}"
        raise FleetError(what, where=where, todo="Give text, integers or decimals of its unit.") from error


def _convert(cells: Any, place: Place, unit: int, column: Column) -> Any:
    convert = {"name": _names, "hour": _hours, "amount": _amounts, "whole": _amounts}[column.kind]
    return convert(cells, place, unit, column)


class Place:
    """Where cells stand, for errors: file, column, and the number of the first row."""

    def __init__(self, where: str, column: str, first: int) -> None:
        self.where, self.column, self.first = where, column, first

    def refuse(self, bad: Any, cells: Any, what: str, todo: str) -> None:
        """Raises FleetError for the first row of which ``bad`` is true."""
        at = pc.index(bad, True).as_py()
        if at >= 0:
            shown = cells[at].as_py()
            raise FleetError(f"{self.column} {shown!r} {what}", where=f"{self.where}:{at + self.first}", todo=todo)


def _names(cells: Any, place: Place, unit: int, column: Column) -> Any:
    if not pa.types.is_dictionary(cells.type):
        if not (
            pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type) or pa.types.is_integer(cells.type)
        ):
            raise FleetError(f"{place.column} is {cells.type}", where=place.where, todo="Give names as text.")
        cells = pc.dictionary_encode(pc.cast(cells, pa.string()))
    encoded = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    if isinstance(encoded, pa.ChunkedArray):  # no rows
        encoded = pa.array([], pa.dictionary(pa.int32(), pa.string()))
    words = pc.utf8_normalize(pc.utf8_trim_whitespace(pc.cast(encoded.dictionary, pa.string())), form="NFC")
    if pc.any(hidden := pc.fill_null(pc.match_substring_regex(words, _HIDDEN), False)).as_py():
        place.refuse(pc.take(hidden, encoded.indices), encoded, "has a sign that is not seen", "Write it anew.")
    if len(pc.unique(words)) != len(words):  # "a" and "a " are one name, and must be one id
        encoded = pc.dictionary_encode(pc.take(words, encoded.indices))
        words = encoded.dictionary
    empty = pc.fill_null(pc.equal(words, ""), True)
    if encoded.null_count or (column.required and pc.any(empty).as_py()):  # seldom: no check of each row without need
        bad = pc.is_null(encoded)
        if column.required and len(words):
            bad = pc.or_(bad, pc.take(empty, pc.fill_null(encoded.indices, 0)))
        place.refuse(bad, encoded, "is no name", "Give each row a name.")
    return pa.DictionaryArray.from_arrays(pc.cast(encoded.indices, pa.int32()), words)


def _hours(cells: Any, place: Place, unit: int, column: Column) -> Any:
    """Hours as numbers: as given (0, 1, … of the month), or since 1970-01-01T00Z if instants are given."""
    todo = "Give the hour's start in UTC (2024-07-01T00:00Z), or its number in the month (0, 1, …)."
    if pa.types.is_timestamp(cells.type):
        if cells.type.tz not in ("UTC", "+00:00"):
            raise FleetError(f"{place.column} has the time zone {cells.type.tz}", where=place.where, todo=todo)
        seconds = pc.cast(pc.cast(cells, pa.timestamp("us", "UTC")), pa.int64())
        place.refuse(
            pc.fill_null(pc.not_equal(_modulo(seconds, 3_600_000_000), 0), True), cells, "is no full hour", todo
        )
        return pc.divide(seconds, 3_600_000_000)
    if pa.types.is_integer(cells.type):
        return _whole(cells, place, 2**40, "is no hour", todo)
    text = pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))
    whole, instant = (pc.fill_null(pc.match_substring_regex(text, each), False) for each in (_WHOLE, _INSTANT))
    place.refuse(pc.invert(pc.or_(whole, instant)), cells, "is no hour", todo)
    if pc.all(whole).as_py():
        return pc.cast(text, pa.int64())
    place.refuse(whole, cells, "is a number among instants", todo)
    date_and_hour = pc.replace_substring(pc.utf8_slice_codeunits(text, 0, 13), " ", "T")
    try:
        instants = pc.strptime(date_and_hour, "%Y-%m-%dT%H", "s")
    except pa.ArrowInvalid as error:
        raise FleetError(f"{place.column}: {error}", where=place.where, todo=todo) from error
    other = pc.not_equal(pc.strftime(instants, "%Y-%m-%dT%H"), date_and_hour)
    place.refuse(other, cells, "is no day of the calendar", todo)
    return pc.divide(pc.cast(instants, pa.int64()), 3600)


def _whole(cells: Any, place: Place, most: int, what: str, todo: str) -> Any:
    """Integers from 0 to ``most``; one pass where all is well."""
    least, greatest = (value.as_py() for value in pc.min_max(cells).values())
    if cells.null_count:
        place.refuse(pc.is_null(cells), cells, what, todo)
    if least is not None and least < 0:
        place.refuse(pc.less(cells, pa.scalar(0, cells.type)), cells, what, todo)
    if least is not None and greatest > most:
        place.refuse(pc.greater(cells, pa.scalar(most, cells.type)), cells, _TOO_MUCH, "Check the unit.")
    return cells if cells.type == pa.int64() else pc.cast(cells, pa.int64())


def _modulo(numbers: Any, divisor: int) -> Any:
    return pc.subtract(numbers, pc.multiply(pc.divide(numbers, divisor), divisor))


def _amounts(cells: Any, place: Place, unit: int, column: Column) -> Any:
    todo = "Write a number that is not negative, in digits with a decimal point and no separators."
    if pa.types.is_integer(cells.type):
        numbers = _whole(cells, place, column.most // unit, "is no amount", todo)
        return numbers if unit == 1 else pc.multiply(numbers, unit)
    if pa.types.is_floating(cells.type):
        cells = pc.cast(cells, pa.float64())
        place.refuse(pc.fill_null(pc.invert(pc.is_finite(cells)), True), cells, "is no finite number", todo)
        place.refuse(pc.less(cells, 0), cells, "is negative", todo)
        place.refuse(pc.greater(cells, column.most / unit), cells, _TOO_MUCH, "Check the unit.")
        exact = pc.multiply(cells, float(unit))
        decimals = pc.cast(pc.round(exact), _DECIMAL)
    elif pa.types.is_decimal(cells.type):
        place.refuse(pc.is_null(cells), cells, "is no amount", todo)
        place.refuse(pc.less(cells, pa.scalar(Decimal(0), cells.type)), cells, "is negative", todo)
        exact = pc.multiply(pc.cast(cells, _DECIMAL), pa.scalar(Decimal(unit), pa.decimal256(13, 0)))
        decimals = pc.round(exact)
    else:
        text = pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))
        place.refuse(
            pc.invert(pc.fill_null(pc.match_substring_regex(text, _NUMBER), False)), cells, "is no amount", todo
        )
        exact = pc.multiply(pc.cast(text, _DECIMAL), pa.scalar(Decimal(unit), pa.decimal256(13, 0)))
        decimals = pc.round(exact)
    if column.kind == "whole":
        place.refuse(pc.not_equal(exact, pc.round(exact)), cells, "is no whole number", "Give it in whole units.")
    place.refuse(pc.less(decimals, Decimal(0)), cells, "is negative", todo)
    place.refuse(pc.greater(decimals, Decimal(column.most)), cells, _TOO_MUCH, "Check the unit.")
    return pc.cast(decimals, pa.int64())
