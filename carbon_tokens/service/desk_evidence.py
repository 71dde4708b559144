"""A document as an auditor reads it: its numbers beside what they rest on, and what the contract will make of them.

Scope 2 is recomputed as CarbonTokens does it, (energy x rate + 10^6 - 1) / 10^6 in whole grams, with the rate that the
chain publishes and not the one that the document quotes. Two kinds of remarks: what the contract will refuse
(``stops``), and what it cannot see and a person should (``looks``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from carbon_tokens.errors import CarbonTokensError, Reverted
from carbon_tokens.ledger.records import Account, Facility, Factor
from carbon_tokens.ledger.views import LedgerViews
from carbon_tokens.periods import Month
from carbon_tokens.statements import Auditable, FleetStatement, MethodReference, Restatement, Statement
from carbon_tokens.units import WH_PER_MWH

QUALITY = {"A": "metered", "B": "modelled", "C": "by default coefficients", "D": "an estimate"}
_JUMP = 2  # a month's energy against the audited one before: more than twice, or less than half, is worth a look


@dataclass(frozen=True, slots=True)
class Product:
    """One amount of scope 2: Wh x g/MWh, g by the contract's rule, and g as the document states them."""

    basis: str
    energy_wh: int
    rate: int
    stated: int

    @property
    def grams(self) -> int:
        """(Wh x g/MWh + 999,999) / 1,000,000, whole."""
        return (self.energy_wh * self.rate + WH_PER_MWH - 1) // WH_PER_MWH

    @property
    def agrees(self) -> bool:
        return self.grams == self.stated


@dataclass(frozen=True, slots=True)
class Paper:
    """A document with its evidence hash, period, recomputed scope 2 and remarks."""

    document: Auditable
    kind: str
    evidence: str
    period: str
    quality: str
    release_file: str  # sha-256 of the table that the chain's release was made of; "" without one
    products: tuple[Product, ...]
    stops: tuple[str, ...]
    looks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where documents are to be audited: the facility and its account as the chain has them."""

    views: LedgerViews
    facility: Facility
    account: Account


def papers(documents: Sequence[Auditable], place: Place) -> list[Paper]:
    """Documents of one facility-month, in the order in which the contract takes them.

    Raises:
        LedgerError: the chain does not answer.
    """
    cursors: dict[str, int] = {}
    return [_paper(each, place, cursors) for each in documents]


def account_stops(place: Place, first_version: int, month: Month) -> list[str]:
    """Why the contract would refuse anything for this facility-month at this version."""
    found = []
    if place.account.closed:
        found.append("The month is closed: only a restatement changes it.")
    if place.account.version + 1 != first_version:
        found.append(f"The account is at version {place.account.version}; this was asked for when it was at version "
                     f"{first_version - 1}. Ask for it again.")  # fmt: skip
    if month.start >= place.views.chain.time():
        found.append("The month has not begun.")
    return found


def history_looks(energy_wh: int, month: Month, months: Sequence[dict[str, Any]]) -> list[str]:
    """How the month's energy compares with the latest audited one before it, if that is out of the ordinary."""
    before = [each for each in months if each["energy_wh"] and each["month"] < str(month)]
    if not before or not energy_wh:
        return []
    last = before[-1]
    if last["energy_wh"] <= _JUMP * energy_wh <= _JUMP * _JUMP * last["energy_wh"]:
        return []
    return [f"Energy is {energy_wh / last['energy_wh']:.2f} times that of {last['month']}, the month audited before."]


def _paper(document: Auditable, place: Place, cursors: dict[str, int]) -> Paper:
    published, missing = _published(document, place)
    products = _products(document, published)
    stops = [missing] * bool(missing) + [
        f"Scope 2 {each.basis} is {each.grams:,} g by the chain's factor, stated are {each.stated:,} g."
        for each in products if not each.agrees
    ]  # fmt: skip
    if place.views.account_of_evidence(document.evidence):
        stops.append("This document was audited before: it counts once.")
    looks = _method_looks(document) + _factor_looks(document, place)
    period = ""
    if not isinstance(document, Restatement) and document.end:
        period = f"{_time(document.start)} to {_time(document.end)}"
        _follow_meter(document, place, cursors, stops, looks)
    kind = {Statement: "Statement", FleetStatement: "Statement of a fleet", Restatement: "Restatement"}[type(document)]
    quality = f"{document.quality}, {QUALITY[document.quality]}"
    hashes = "0x" + document.evidence.hex(), period, quality, _release_file(document, place)
    return Paper(document, kind, *hashes, products, tuple(stops), tuple(looks))


def _published(document: Auditable, place: Place) -> tuple[Factor | None, str]:
    """The chain's factor of the document's release for the facility's region; or why there is none."""
    factor = document.factor
    if factor is None:
        return None, ""
    region, release = place.facility.grid_region, bytes.fromhex(factor.release[2:])
    try:
        found, zone = place.views.factor(release, region), place.views.factor_zone(release, region)
    except Reverted:
        return None, f"The chain has no factor of {factor.dataset} {factor.year} {factor.edition} for {region}."
    if zone != place.facility.market_zone:
        return found, f"The release is of market {zone}, the facility of {place.facility.market_zone}."
    return found, ""


def _release_file(document: Auditable, place: Place) -> str:
    if document.factor is None:
        return ""
    found = place.views.release_file(bytes.fromhex(document.factor.release[2:]))
    return f"0x{found.hex()}" if any(found) else ""


def _products(document: Auditable, published: Factor | None) -> tuple[Product, ...]:
    if published is None:
        return ()
    residual = published.location if published.residual is None else published.residual
    return (
        Product("location-based", document.energy_wh, published.location, document.scope2_location_g),
        Product("residual mix", document.energy_wh, residual, document.scope2_residual_g),
    )


def _method_looks(document: Auditable) -> list[str]:
    looks = []
    if document.quality in "CD":
        looks.append(f"Quality {document.quality}: {QUALITY[document.quality]}.")
    missing = getattr(document, "hours_missing", 0)
    if missing:
        rule = getattr(document, "missing", "") or getattr(getattr(document, "options", None), "missing_hours", "")
        looks.append(f"{missing} hours of the month have no reading; what stands for them: {rule or 'nothing'}.")
    pue = getattr(document, "pue", "1")
    if pue != "1":
        looks.append(f"The meter's energy was multiplied by a PUE of {pue}.")
    try:
        if MethodReference.shipped(document.method.boundary, document.method.method) != document.method:
            looks.append(f"Method {document.method.method} differs from the one of this node's version.")
    except CarbonTokensError:
        looks.append(f"Method {document.method.method} is unknown to this node's version.")
    if not any(each.kind != "factor" for each in document.inputs):
        looks.append("No file is named that the numbers rest on.")
    return looks


def _factor_looks(document: Auditable, place: Place) -> list[str]:
    factor = document.factor
    if factor is None:
        kind = isinstance(document, FleetStatement)
        return [
            "Scope 2 follows the grid by the hour: the chain cannot recompute it; `check` does, from the tables."
        ] * kind
    looks = []
    if factor.region != place.facility.grid_region:
        looks.append(f"The factor is of {factor.region}, the facility in {place.facility.grid_region}.")
    if not factor.residual_published:
        looks.append("The release states no residual mix: the location-based factor stands in for it.")
    return looks


def _follow_meter(
    document: Statement | FleetStatement, place: Place, cursors: dict[str, int], stops: list[str], looks: list[str]
) -> None:
    """Whether the meter's period begins where what was audited ends; earlier documents of the request count too."""
    meter = document.meter
    until = cursors.get(meter) or place.views.audited_until(bytes.fromhex(meter[2:]))
    if document.start < until:
        stops.append(f"Meter {document.meter_number} is audited until {_time(until)}: this period counts already.")
    elif until and document.start > until:
        looks.append(f"Between {_time(until)} and {_time(document.start)} nothing of meter {document.meter_number} "
                     "is audited.")  # fmt: skip
    elif not until and document.start > document.month.start:
        looks.append(f"The first reading of meter {document.meter_number} begins after the month does.")
    if document.end > place.views.chain.time():
        stops.append("The period ends in the future.")
    if document.end < document.month.end:
        looks.append(f"The period ends {_time(document.end)}, before the month does.")
    cursors[meter] = document.end


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
