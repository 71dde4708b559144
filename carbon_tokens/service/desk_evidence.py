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
from carbon_tokens.service.languages import later, say
from carbon_tokens.service.rendering import count, decimal
from carbon_tokens.statements import Auditable, FleetStatement, MethodReference, Restatement, Statement
from carbon_tokens.units import WH_PER_MWH

QUALITY = {
    "A": later("metered"),
    "B": later("modelled"),
    "C": later("by default coefficients"),
    "D": later("an estimate"),
}
KINDS = {Statement: later("Statement"), FleetStatement: later("Statement of a fleet"),
         Restatement: later("Restatement")}  # fmt: skip
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
        found.append(say("The month is closed: only a restatement changes it."))
    if place.account.version + 1 != first_version:
        found.append(say("The account is at version %(now)s; this was asked for when it was at version %(then)s. "
                         "Ask for it again.", now=place.account.version, then=first_version - 1))  # fmt: skip
    if month.start >= place.views.chain.time():
        found.append(say("The month has not begun."))
    return found


def history_looks(energy_wh: int, month: Month, months: Sequence[dict[str, Any]]) -> list[str]:
    """How the month's energy compares with the latest audited one before it, if that is out of the ordinary."""
    before = [each for each in months if each["energy_wh"] and each["month"] < str(month)]
    if not before or not energy_wh:
        return []
    last = before[-1]
    if last["energy_wh"] <= _JUMP * energy_wh <= _JUMP * _JUMP * last["energy_wh"]:
        return []
    return [say("Energy is %(times)s times that of %(month)s, the month audited before.",
                times=decimal(f"{energy_wh / last['energy_wh']:.2f}"), month=last["month"])]  # fmt: skip


def _paper(document: Auditable, place: Place, cursors: dict[str, int]) -> Paper:
    published, missing = _published(document, place)
    products = _products(document, published)
    stops = [missing] * bool(missing) + [
        say("Scope 2 %(basis)s is %(grams)s g by the chain's factor, stated are %(stated)s g.", basis=each.basis,
            grams=count(each.grams), stated=count(each.stated))
        for each in products if not each.agrees
    ]  # fmt: skip
    if place.views.account_of_evidence(document.evidence):
        stops.append(say("This document was audited before: it counts once."))
    looks = _method_looks(document) + _factor_looks(document, place)
    period = ""
    if not isinstance(document, Restatement) and document.end:
        period = say("%(first)s to %(last)s", first=_time(document.start), last=_time(document.end))
        _follow_meter(document, place, cursors, stops, looks)
    kind = say(KINDS[type(document)])
    quality = f"{document.quality}, {say(QUALITY[document.quality])}"
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
        release_name = f"{factor.dataset} {factor.year} {factor.edition}"
        return None, say("The chain has no factor of %(release)s for %(region)s.", release=release_name, region=region)
    if zone != place.facility.market_zone:
        return found, say("The release is of market %(zone)s, the facility of %(other)s.", zone=zone,
                          other=place.facility.market_zone)  # fmt: skip
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
        Product(say("location-based"), document.energy_wh, published.location, document.scope2_location_g),
        Product(say("residual mix"), document.energy_wh, residual, document.scope2_residual_g),
    )


def _method_looks(document: Auditable) -> list[str]:
    looks, method = [], document.method.method
    if document.quality in "CD":
        looks.append(say("Quality %(grade)s: %(words)s.", grade=document.quality, words=say(QUALITY[document.quality])))
    missing = getattr(document, "hours_missing", 0)
    if missing:
        rule = getattr(document, "missing", "") or getattr(getattr(document, "options", None), "missing_hours", "")
        looks.append(say("%(hours)s hours of the month have no reading; what stands for them: %(rule)s.", hours=missing,
                         rule=rule or say("nothing")))  # fmt: skip
    pue = getattr(document, "pue", "1")
    if pue != "1":
        looks.append(say("The meter's energy was multiplied by a PUE of %(pue)s.", pue=decimal(pue)))
    try:
        if MethodReference.shipped(document.method.boundary, document.method.method) != document.method:
            looks.append(say("Method %(method)s differs from the one of this node's version.", method=method))
    except CarbonTokensError:
        looks.append(say("Method %(method)s is unknown to this node's version.", method=method))
    if not any(each.kind != "factor" for each in document.inputs):
        looks.append(say("No file is named that the numbers rest on."))
    return looks


def _factor_looks(document: Auditable, place: Place) -> list[str]:
    factor = document.factor
    if factor is None:
        kind = isinstance(document, FleetStatement)
        hourly = say(
            "Scope 2 follows the grid by the hour: the chain cannot recompute it; `check` does, from the tables."
        )
        return [hourly] * kind
    looks = []
    if factor.region != place.facility.grid_region:
        looks.append(say("The factor is of %(region)s, the facility in %(other)s.", region=factor.region,
                         other=place.facility.grid_region))  # fmt: skip
    if not factor.residual_published:
        looks.append(say("The release states no residual mix: the location-based factor stands in for it."))
    return looks


def _follow_meter(
    document: Statement | FleetStatement, place: Place, cursors: dict[str, int], stops: list[str], looks: list[str]
) -> None:
    """Whether the meter's period begins where what was audited ends; earlier documents of the request count too."""
    meter, number = document.meter, document.meter_number
    until = cursors.get(meter) or place.views.audited_until(bytes.fromhex(meter[2:]))
    if document.start < until:
        stops.append(say("Meter %(meter)s is audited until %(time)s: this period counts already.", meter=number,
                         time=_time(until)))  # fmt: skip
    elif until and document.start > until:
        looks.append(say("Between %(first)s and %(last)s nothing of meter %(meter)s is audited.", first=_time(until),
                         last=_time(document.start), meter=number))  # fmt: skip
    elif not until and document.start > document.month.start:
        looks.append(say("The first reading of meter %(meter)s begins after the month does.", meter=number))
    if document.end > place.views.chain.time():
        stops.append(say("The period ends in the future."))
    if document.end < document.month.end:
        looks.append(say("The period ends %(time)s, before the month does.", time=_time(document.end)))
    cursors[meter] = document.end


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
