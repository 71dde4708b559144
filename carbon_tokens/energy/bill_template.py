"""The form in which a data center types its bills: an Excel workbook that refuses what the reader would, or a CSV.

The columns, their order and their meaning are those of ``bills``; a filled form is read by ``bills.read``.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from carbon_tokens.energy.bills import COLUMNS, OPTIONAL
from carbon_tokens.energy.site import QUALITIES
from carbon_tokens.errors import ExtraMissing

ROWS = 1000  # that the form checks; more can be typed
SHEET = "bills"
MEANINGS = {
    "meter": "Number of the meter, as on the bill.",
    "utility": "Name of the utility, as on the bill.",
    "from": "First day of the bill, inclusive.",
    "thru": "Last day of the bill, inclusive. If the bill names the day of the reading, the day before it.",
    "kwh": "Energy drawn, kWh. Feed-in is not subtracted.",
    "sha256": "Optional: sha-256 of the scanned bill, 64 hex digits.",
    "uri": "Optional: where the scanned bill can be found.",
    "quality": "Optional: A metered, B modelled, C default coefficients, D estimate; A if empty.",
}
_EARLIEST, _LATEST = date(1970, 1, 1), date(9998, 12, 31)


def csv() -> str:
    """The header of the CSV form."""
    return ",".join(COLUMNS + OPTIONAL) + "\n"


def write(path: Path | str) -> None:
    """Writes the workbook: a sheet of bills, whose cells accept only what ``bills.read`` does, and one of meanings.

    The same bytes each time.

    Raises:
        ExtraMissing: without the extra ``excel``.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise ExtraMissing("writing workbooks needs XlsxWriter", todo="pip install 'carbon-tokens[excel]'") from error
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": "Electricity bills", "created": datetime(2000, 1, 1)})
        sheet, bold = book.add_worksheet(SHEET), book.add_format({"bold": True})
        formats = {"from": "yyyy-mm-dd", "thru": "yyyy-mm-dd", "kwh": "0.###"}
        checks = _checks()
        for column, name in enumerate(COLUMNS + OPTIONAL):
            sheet.set_column(column, column, 16, book.add_format({"num_format": formats.get(name, "@")}))
            sheet.write(0, column, name, bold)
            sheet.write_comment(0, column, MEANINGS[name])
            if name in checks:
                sheet.data_validation(1, column, ROWS, column, checks[name])
        sheet.freeze_panes(1, 0)
        notes = book.add_worksheet("meanings")
        notes.set_column(1, 1, 90)
        for row, (name, meaning) in enumerate(MEANINGS.items()):
            notes.write(row, 0, name, bold)
            notes.write(row, 1, meaning)


def _checks() -> dict[str, dict[str, Any]]:
    """What a cell of each column accepts, in the words of Excel's data validation."""
    day: dict[str, Any] = {"validate": "date", "criteria": "between", "minimum": _EARLIEST, "maximum": _LATEST}
    faults: dict[str, dict[str, Any]] = {
        "from": day,
        "thru": {"validate": "custom", "value": "=AND(ISNUMBER(D2),D2>=C2)"},
        "kwh": {"validate": "decimal", "criteria": ">=", "value": 0},
        "sha256": {"validate": "length", "criteria": "between", "minimum": 64, "maximum": 66},
        "quality": {"validate": "list", "source": list(QUALITIES)},
    }
    return {name: {**fault, "error_title": name, "error_message": MEANINGS[name]} for name, fault in faults.items()}
