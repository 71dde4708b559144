"""Retirements of the two registries of North America that give them out as PDF: NAR and WREGIS.

A certificate of NAR has its values in the fields of a form, one form a page; fields of later pages have numbers behind
their names. A statement of WREGIS is a table that the account holder prints: its serials are those of a facility and
month, which number from 1.
"""

from __future__ import annotations

import re

from carbon_tokens.registries.entries import Found, Row, amount, month, us_day
from carbon_tokens.registries.pdf_sheet import COUNT, Sheet, first, plain
from carbon_tokens.registries.pdf_text import Document, Page
from carbon_tokens.registries.rec_forms import nar

_NAR_FIELD = re.compile(
    r"(?P<name>BeneficialOwner|AccountHolder|RetirementDate|RetirementReason|ProjectID|ProjectName|ProjectType"
    r"|SerialNumber|Quantity)[0-9]*"
)
_NAR_TOTAL = re.compile(rf"Total RECs Retired: *({COUNT})")
_NAR_CELLS = {
    "nar_id": "ProjectID", "project": "ProjectName", "type": "ProjectType", "serial": "SerialNumber",
    "quantity": "Quantity",
}  # fmt: skip
_WREGIS_ROW = re.compile(
    r"^(?P<year>20[0-9]{2}) (?P<month>[0-9]{1,2}) (?P<type>[A-Za-z][^\n]*?) (?P<facility>W[1-9][0-9]*)"
    rf" (?P<first>[0-9]{{1,15}}) (?P<last>[0-9]{{1,15}}) +(?P<quantity>{COUNT}) +(?P<state>[A-Z]{{2}})\b",
    re.MULTILINE,
)
_WREGIS_RETIRED = re.compile(r"^Retired [^\n]*?(?P<day>[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4})", re.MULTILINE)


def nar_sheets(document: Document) -> tuple[Sheet, ...]:
    """One sheet a page that has a form."""
    return tuple(_nar_sheet(page) for page in document.pages if page.fields)


def _nar_sheet(page: Page) -> Sheet:
    cells: dict[str, list[str]] = {}
    for name, value in page.fields:
        match = _NAR_FIELD.fullmatch(name)
        if match:
            cells.setdefault(match["name"], []).extend(line.strip() for line in value.splitlines() if line.strip())
    totals = tuple(match[1] for each in cells.get("Quantity", []) if (match := _NAR_TOTAL.fullmatch(each)))
    cells["Quantity"] = [each for each in cells.get("Quantity", []) if not _NAR_TOTAL.fullmatch(each)]
    common = {
        cell: " ".join(cells.get(name, []))
        for cell, name in (
            ("on_behalf_of", "BeneficialOwner"), ("reason", "RetirementReason"), ("retirement_date", "RetirementDate")
        )
    }  # fmt: skip
    columns = [cells.get(name, []) for name in _NAR_CELLS.values()]
    rows = max(map(len, columns))
    faults = [] if all(len(each) == rows for each in columns) else ["its lines do not have all of their fields"]
    if not common["retirement_date"]:
        faults.append("it states no day of the retirement")
    filled = [each + [""] * (rows - len(each)) for each in columns]
    lines = tuple({**dict(zip(_NAR_CELLS, line, strict=True)), **common} for line in zip(*filled, strict=True))
    return Sheet(lines, totals, tuple(faults))


def nar_line(row: Row) -> Found:
    """Fields of a line of a certificate: as of its table, whose quantities have no blanks."""
    return nar({**row, "quantity": plain(row["quantity"])})


def wregis_sheets(document: Document) -> tuple[Sheet, ...]:
    """One sheet: a line for each month of a facility, each of which a second line has to call retired."""
    text = document.text
    common = {
        "on_behalf_of": first(r"Name of Beneficiary:([^\n]+)", text),
        "use": first(r"Consumption Period:([^\n]+)", text), "purpose": first(r"Retirement Purpose:([^\n]+)", text),
    }  # fmt: skip
    rows = [match.groupdict() for match in _WREGIS_ROW.finditer(text)]
    days = [match["day"] for match in _WREGIS_RETIRED.finditer(text)]
    faults = () if len(days) == len(rows) else (f"it lists {len(rows)} months and calls {len(days)} of them retired",)
    lines = tuple(
        {**row, **common, "day": days[at] if at < len(days) else ""} for at, row in enumerate(rows)
    )  # fmt: skip
    totals = [first(rf"Total {unit}: *({COUNT})", text) for unit in ("RECs", "MWh")]
    return (Sheet(lines, tuple(filter(None, totals)), faults),)


def wregis_line(row: Row) -> Found:
    """Fields of a facility's month."""
    serials = f"{row['facility']}-{row['year']}-{int(row['month']):02}-{row['first']} to {row['last']}"
    retired = us_day(row["day"]) if row["day"] else "no day"
    return {
        "source": row["facility"], "name": row["facility"], "serials": serials, "serial_from": int(row["first"]),
        "serial_thru": int(row["last"]), "amount": amount(plain(row["quantity"])), **month(row["month"], row["year"]),
        "technology": row["type"].lower(), "place": row["state"], "beneficiary": row["on_behalf_of"],
        "details": f"retired {retired}; {row['purpose']}; period of use {row['use']}",
    }  # fmt: skip
