"""Retirements of renewable energy certificates as tables: NAR and I-REC.

nar      certificates of retirement of the North American Renewables Registry
i-rec    redemption statements of the I-REC registry, 16-digit serials; a part of a certificate has six decimals
"""

from __future__ import annotations

import re

from carbon_tokens.registries.entries import (
    Found,
    Row,
    amount,
    day,
    disagreements,
    form,
    matched,
    month,
    span,
    vintage,
)

NAR = re.compile(
    r"NAR-REC-(?P<generator>[1-9][0-9]*)-(?P<state>[A-Z]{2})-(?P<month>[0-9]{2})-(?P<year>[0-9]{4})-[1-9][0-9]*"
    r"-(?P<first>[0-9]{1,16}) TO (?P<last>[0-9]{1,16})"
)
_IREC = re.compile(r"(?P<number>[0-9]{4}(-[0-9]{4}){3})(\.(?P<part>[0-9]{6}))?")
_PARTS = ("000000", "999999")  # first and last millionth of a certificate


def nar(row: Row) -> Found:
    """Fields of a line of a certificate of retirement, of its table or its PDF."""
    match = matched(NAR, row["serial"], "serial range of NAR")
    device = row["nar_id"].upper()
    return {
        "source": device, "name": row["project"], **span(match), "amount": amount(row["quantity"]),
        **month(match["month"], match["year"]), "technology": row["type"].lower(), "place": match["state"],
        "beneficiary": row["on_behalf_of"],
        "details": "; ".join(filter(None, (row.get("retirement_date", ""), row.get("reason", "")))),
        "faults": disagreements(device=(f"GEN{match['generator']}", device)),
    }  # fmt: skip


def _irec(row: Row) -> Found:
    if row["n_ranges"] != "1":
        raise ValueError(f"{row['n_ranges']} ranges of serials in one row: give a row to each")
    days = [day(each) for each in row["production_dates"].split(";")]
    return {
        "source": " ".join(row["device_row"].split()), "name": row["device_row"], "place": row["location"],
        **irec_span(row["from_id"], row["to_id"], row["volume_MWh"]), **vintage(min(days), max(days)),
        "technology": "", "beneficiary": row["beneficiary"], "details": row.get("verify_url", ""),
    }  # fmt: skip


def irec_span(first: str, last: str, stated: str) -> Found:
    """Serials and amount of a range of I-REC, from the first millionth of a certificate to the last of another.

    A certificate of which a part was redeemed keeps its number here, so that nobody has its other part as a whole.

    Raises:
        ValueError: no serials of I-REC, or no amount.
    """
    start, end = (matched(_IREC, each, "serial of I-REC") for each in (first, last))
    numbers = [int(each["number"].replace("-", "")) for each in (start, end)]
    parts = (start["part"] or _PARTS[0], end["part"] or _PARTS[1])
    text = f"{start[0]} to {end[0]} ({numbers[0]} to {numbers[1]})"
    found: Found = {"serials": text, "serial_from": numbers[0], "serial_thru": numbers[1], "amount": amount(stated)}
    if parts == _PARTS:
        return found
    why = f"{first} to {last} cuts a certificate into parts: less than a MWh has no serial of its own"
    return {**found, "faults": (why,)}


FORMS = (
    form("nar", "rec", "NAR", "nar_id|serial|quantity|on_behalf_of|project|type", nar),
    form("i-rec", "rec", "I-REC", "from_id|to_id|volume_MWh|production_dates|device_row|n_ranges", _irec),
)
