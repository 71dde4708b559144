"""Issuances of offsets as tables. Nothing of them can be issued here: a batch needs the evidence of its retirement.

    acr-issuances        American Carbon Registry
    car-issuances        Climate Action Reserve, as in the Berkeley Voluntary Registry Offsets Database
    vcs-issuances        Verra's program, as in the same database: one row a vintage, none of its serials
    arb-issuances        offset credits of the California Air Resources Board
    isometric-issuances  Isometric registry

They are read all the same, row by row with their t, so that what was issued can be held against what was retired.
"""

from __future__ import annotations

from datetime import date

from carbon_tokens.registries.entries import NOT_RETIRED, Found, Row, amount, day, form, us_day, vintage, year
from carbon_tokens.registries.offset_forms import isometric_amount

_FAULTS = (NOT_RETIRED,)


def _acr(row: Row) -> Found:
    return {
        "source": row["Project ID"], "name": row["Project Name"], "amount": amount(row["Total Credits Issued"]),
        **vintage(us_day(row["ReportingPeriodBegin"]), us_day(row["ReportingPeriodEnd"])),
        "technology": row["Project Type"], "place": row["Project Site Country"],
        "faults": (*_FAULTS, *_parts(row, "Total Credits Issued", "Credits Issued to Project",
                                     "Credits Issued to Buffer Pool")),
    }  # fmt: skip


def _car(row: Row) -> Found:
    return {
        "source": row["Project ID"], "name": row["Project Name"], **year(row["Vintage"]),
        "amount": amount(row["Total Offset Credits Issued"]), "technology": row["Project Type"],
        "place": row["Project Site Country"], "faults": _FAULTS,
    }  # fmt: skip


def _vcs(row: Row) -> Found:
    if row["VCS + ID"] != f"VCS{row['Project ID']}":
        raise ValueError(f"the project is {row['VCS + ID']} and {row['Project ID']}")
    return {
        "source": row["VCS + ID"], "name": row["Project Name"], "amount": amount(row["Credits Issued"]),
        **year(row["Vintage Year"]), "faults": _FAULTS,
    }  # fmt: skip


def _arb(row: Row) -> Found:
    return {
        "source": row["CARB Project ID"], "name": row["Offset Project Name"], "serials": row["CARB Issuance ID"],
        "amount": amount(row["ARB Offset Credits Issued"]), "technology": row["Project Type"], "place": row["State"],
        **vintage(_arb_day(row["Reporting Period Start Date"]), _arb_day(row["Reporting Period End Date"])),
        "faults": ("issued, not retired by these rows: their sums of what is retired name no serial",),
    }  # fmt: skip


def _arb_day(text: str) -> date:
    return day(text.removesuffix(" 00:00:00"))


def _isometric(row: Row) -> Found:
    return {
        "source": row["project_id"], "name": row["supplier.organisation.name"], "serials": row["id"],
        "amount": isometric_amount(row),
        "faults": (*_FAULTS, *_parts(row, "credit_batch_size_total.credits", "supplier_credit_batch_size_total.credits",
                                     "buffer_pool_credit_batch_size_total.credits")),
    }  # fmt: skip


def _parts(row: Row, whole: str, *parts: str) -> tuple[str, ...]:
    """A fault if the parts that a row states do not add up to its whole."""
    stated = [row.get(name, "") for name in parts]
    if not any(stated) or sum(amount(each) for each in stated if each) == amount(row[whole]):
        return ()
    return (f"{whole} {row[whole]} is not {' + '.join(stated)}",)


FORMS = (
    form("acr-issuances", "offset", "ACR", "Total Credits Issued|ReportingPeriodBegin|ReportingPeriodEnd|Project ID",
         _acr),
    form("car-issuances", "offset", "CAR", "Total Offset Credits Issued|Vintage|Project ID|Canceled for ARB Compliance",
         _car),
    form("vcs-issuances", "offset", "Verra", "Unique Vintages|VCS + ID|Vintage Year|Credits Issued", _vcs),
    form("arb-issuances", "offset", "ARB", "CARB Issuance ID|CARB Project ID|ARB Offset Credits Issued|"
         "Reporting Period Start Date|Reporting Period End Date", _arb),
    form("isometric-issuances", "offset", "Isometric", "id|issued_at|project_id|credit_batch_size_total.credits",
         _isometric),
)  # fmt: skip
