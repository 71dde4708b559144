"""Retirements of offsets as tables; each states its serials, and a row of another kind says why it cannot be issued.

verra              transactions of the Verra registry, and its report of a sub-account
acr                retirements of the American Carbon Registry
acr-cancellations  its cancellations: a credit that goes on elsewhere, or none any more; neither is a retirement
car                retirements of the Climate Action Reserve (as in the Berkeley Voluntary Registry Offsets Database)
isometric          retirements of the Isometric registry: no serials, so that nothing of it can be issued
"""

from __future__ import annotations

import re

from carbon_tokens.registries.entries import (
    Found,
    Row,
    amount,
    day,
    disagreements,
    european_day,
    faults_of,
    form,
    matched,
    span,
    us_day,
    vintage,
    year,
)

_NUMBERS = r"-(?P<first>[0-9]{1,16}) TO (?P<last>[0-9]{1,16})"
_VERRA = re.compile(
    r"[0-9]+-(?P<first>[0-9]{1,16})-(?P<last>[0-9]{1,16})-(VCS-)?VCU-[0-9]+-[A-Z]+-[A-Z]{2}-[0-9]+-(?P<project>[0-9]+)"
    r"-(?P<start>[0-9]{8})-(?P<end>[0-9]{8})-[01]"
)
_ACR = re.compile(r"ACR-[A-Z]{2}-(?P<project>[1-9][0-9]*)-(?P<year>[0-9]{4})-[1-9][0-9]*" + _NUMBERS)
_CAR = re.compile(
    r"CAR-[1-9][0-9]*-[A-Z]{2}-(?P<project>[1-9][0-9]*)-[0-9A-Z]+-[0-9A-Z]+-[A-Z]{2}-(?P<year>[0-9]{4})-[1-9][0-9]*"
    + _NUMBERS
)


def _verra(row: Row) -> Found:
    retired = row["Retirement/Cancellation Date"]
    if retired:
        day(retired)
    start, end = day(row["Vintage Start"]), day(row["Vintage End"])
    match = matched(_VERRA, row["Serial Number"], "serial range of Verra")
    faults = () if retired else ("still active in the registry: retire it there first",)
    return {
        "source": f"VCS{match['project']}", "name": row["Name"], **span(match),
        "amount": amount(row["Quantity Issued"]), **vintage(start, end), "technology": row["Methodology"],
        "place": row["Country/Area"], "beneficiary": row["Retirement Beneficiary"],
        "details": row.get("Retirement Details", ""),
        "faults": (*faults, *disagreements(
            project=(match["project"], row["ID"]),
            vintage=(f"{match['start']} to {match['end']}", f"{start:%d%m%Y} to {end:%d%m%Y}"),
        )),
    }  # fmt: skip


def _verra_report(row: Row) -> Found:
    match = matched(_VERRA, row["Serial Number"], "serial range of Verra")
    first, _, last = row["Vintage"].partition("-")
    start, end = european_day(first), european_day(last)
    return {
        "source": f"VCS{match['project']}", "name": row["Project Name"], **span(match),
        "amount": amount(row["Quantity of Credits"]), **vintage(start, end), "technology": row["Project Type"],
        "place": "", "beneficiary": row["Sub-Account Name"],
        "faults": disagreements(
            project=(match["project"], row["Project ID"]),
            vintage=(f"{match['start']} to {match['end']}", f"{start:%d%m%Y} to {end:%d%m%Y}"),
        ),
    }  # fmt: skip


def _acr(row: Row) -> Found:
    match = matched(_ACR, row["Credit Serial Numbers"], "serial range of ACR")
    start, end = (us_day(row[f"Vintage Assignment Period {each} Date"]) for each in ("Start", "End"))
    return {
        "source": row["Project ID"], "name": row["Project Name"], **span(match),
        "amount": amount(row["Quantity of Credits"]), **vintage(start, end), "technology": row["Project Type"],
        "place": row["Project Site Country"], "beneficiary": row.get("Retired on Behalf of", ""),
        "details": row.get("Purpose of Retirement", ""),
        "faults": disagreements(
            project=(f"ACR{match['project']}", row["Project ID"]), vintage=(match["year"], f"{end.year}")
        ),
    }  # fmt: skip


def _acr_cancellation(row: Row) -> Found:
    found = _acr(row)
    why = f"cancelled, not retired ({row['Cancellation Type']}): nobody retired it on anybody's behalf"
    return {**found, "details": row["Cancellation Type"], "faults": (why, *faults_of(found))}


def _car(row: Row) -> Found:
    match = matched(_CAR, row["Offset Credit Serial Numbers"], "serial range of CAR")
    return {
        "source": row["Project ID"], "name": row["Project Name"], **span(match),
        "amount": amount(row["Quantity of Offset Credits"]), **year(row["Vintage"]),
        "technology": row["Project Type"], "place": row["Project Site Country"],
        "beneficiary": row["Retirement Reason Details"], "details": row.get("Retirement Reason", ""),
        "faults": disagreements(
            project=(f"CAR{match['project']}", row["Project ID"]),
            vintage=(match["year"], row["Vintage"].removesuffix(".0")),
        ),
    }  # fmt: skip


def _isometric(row: Row) -> Found:
    return {
        "source": row["project_id"], "name": row["project_id"], "serials": row["retirement_id"],
        "amount": isometric_amount(row), "beneficiary": row["beneficiary.name"],
        "faults": ("the download states no serials, so nothing shows that two batches are not the same credits",),
    }  # fmt: skip


def isometric_amount(row: Row) -> int:
    """g of a batch of Isometric, which states it in credits (t) and in kg. Raises ValueError if they differ."""
    stated = amount(row["credit_batch_size_total.credits"])
    kilograms = row.get("credit_batch_size_total.credit_kgs", "")
    if kilograms and amount(kilograms, 1000) != stated:
        raise ValueError(f"{row['credit_batch_size_total.credits']} credits are not {kilograms} kg")
    return stated


FORMS = (
    form("verra", "offset", "Verra", "Serial Number|Quantity Issued|Vintage Start|Vintage End|ID", _verra),
    form("verra", "offset", "Verra", "Serial Number|Quantity of Credits|Vintage|Project ID|Sub-Account Name",
         _verra_report),
    form("acr", "offset", "ACR", "Credit Serial Numbers|Vintage Assignment Period Start Date|Retired on Behalf of",
         _acr),
    form("acr-cancellations", "offset", "ACR",
         "Credit Serial Numbers|Vintage Assignment Period Start Date|Cancellation Type", _acr_cancellation),
    form("car", "offset", "CAR", "Offset Credit Serial Numbers|Quantity of Offset Credits|Retirement Reason Details",
         _car),
    form("isometric", "offset", "Isometric", "retirement_id|credit_batch_size_total.credits|project_id", _isometric),
)  # fmt: skip
