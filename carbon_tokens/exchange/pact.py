"""A PACT ProductFootprint (PACT Technical Specifications 3.0, data model ProductFootprint and CarbonFootprint).

The product is the operation of the facility over the claim's months; its declared unit is all hours of them, so that
the footprint is the audited gross total itself and nothing is divided. Offsets are never in it, and no product claim
follows from it: what a customer bought of the operation is its share, which has a proof of its own.

    declaredUnitOfMeasurement, declaredUnitAmount    hour, the hours of the period
    productMassPerDeclaredUnit, fossilCarbonContent  0: an operation has no mass
    pcfExcluding…, pcfIncludingBiogenicUptake        gross, location- or market-based as chosen, in kg; equal:
                                                     an operation takes up no biogenic carbon
    fossilGhgEmissions                               the part that the caller states as fossil, in percent
    referencePeriodStart, referencePeriodEnd         first and last instant of the period, the last exclusive
    secondaryEmissionFactorSources                   the factors of the statements
    boundaryProcessesDescription                     what the boundary includes and leaves out
    geography…                                       stated, or none: then the footprint counts as global
    companyName, companyIds, product…                stated
    ipccCharacterizationFactors, crossSectoralStandards, exemptedEmissionsPercent    stated
    primaryDataShare, packaging…, ccs…Included       stated, or not given
    verification, dqi                                not given: PACT's own rules for them were not applied
"""

from __future__ import annotations

import hashlib
import re
import uuid
from decimal import Decimal
from typing import Any

from carbon_tokens.certificate import CertificateFacts
from carbon_tokens.errors import ExchangeRefused
from carbon_tokens.exchange.checked import instant, valid
from carbon_tokens.exchange.stated import Stated

SPECIFICATION = "3.0.0"
BASES = ("location", "market")
_COMPANY = ("companyName", "companyIds", "productDescription", "productIds", "productNameCompany")
_CARBON = ("ipccCharacterizationFactors", "crossSectoralStandards", "exemptedEmissionsPercent")
_PLACES = ("geographyCountry", "geographyCountrySubdivision", "geographyRegionOrSubregion")
_MORE = (
    "productClassifications", "exemptedEmissionsDescription", "allocationRulesDescription", "primaryDataShare",
    "packagingEmissionsIncluded", "ccsTechnologicalCO2CaptureIncluded",
)  # fmt: skip


def footprint(facts: CertificateFacts, stated: Stated, basis: str) -> dict[str, Any]:
    """The ProductFootprint of a claim.

    Args:
        stated: the table ``pact``; ``fossilPercent`` of it says how much of the emissions is fossil.
        basis: ``location`` or ``market``: which gross total is the footprint.

    Raises:
        ExchangeRefused: a field that is not stated or not of the standard's form.
    """
    if basis not in BASES:
        raise ExchangeRefused(f"{basis!r} is none of {', '.join(BASES)}", where="basis")
    said = stated.table("pact", (*_COMPANY, *_CARBON, "fossilPercent"), (*_PLACES, *_MORE))
    total = facts.totals.gross_location_g if basis == "location" else facts.totals.gross_market_g
    percent = _percent("fossilPercent", said["fossilPercent"])
    if not _percent("exemptedEmissionsPercent", said["exemptedEmissionsPercent"]) and any(
        each.excluded for each in facts.boundaries
    ):
        todo = "State an estimate of what the boundary leaves out."
        raise ExchangeRefused(
            "0 is stated, and the boundary excludes sources", where="exemptedEmissionsPercent", todo=todo
        )
    made: dict[str, Any] = {
        "id": _id(facts.proof_sha256, basis, *sorted(map(str, said.items()))),
        "specVersion": SPECIFICATION,
        "created": instant(facts.claim.time),
        "status": "Active",
        "comment": _comment(facts, basis),
        **{name: said[name] for name in (*_COMPANY, "productClassifications") if name in said},
        "pcf": {
            "declaredUnitOfMeasurement": "hour",
            "declaredUnitAmount": str((facts.end - facts.start) // 3600),
            "productMassPerDeclaredUnit": "0",
            "referencePeriodStart": instant(facts.start),
            "referencePeriodEnd": instant(facts.end),
            "pcfExcludingBiogenicUptake": _kg(Decimal(total)),
            "pcfIncludingBiogenicUptake": _kg(Decimal(total)),
            "fossilGhgEmissions": _kg(Decimal(total) * percent / 100),
            "fossilCarbonContent": "0",
            "boundaryProcessesDescription": _boundary(facts),
            **_sources(facts),
            **{name: said[name] for name in (*_CARBON, *_PLACES, *_MORE[1:]) if name in said},
        },
    }
    return dict(valid("pact", made))


def _comment(facts: CertificateFacts, basis: str) -> str:
    place = f"claim {facts.claim.id} of NetEmissions {facts.contract('NetEmissions')} on chain eip155:{facts.chain.id}"
    return (
        f"Audited gross {basis}-based emissions of facility {facts.facility.id}; offsets are not in it. Proven by "
        f"{place}, proof with sha-256 {facts.proof_sha256}. Valid only while that claim holds, which the chain says."
    )


def _boundary(facts: CertificateFacts) -> str:
    return "; ".join(
        f"{each.boundary} ({each.method}): {', '.join(each.included)}; "
        f"not in it: {', '.join(each.excluded) or 'nothing'}"
        for each in facts.boundaries
    )


def _sources(facts: CertificateFacts) -> dict[str, Any]:
    found = [{"name": f"{each.dataset}{each.year} {each.region}", "version": each.edition} for each in facts.factors]
    return {"secondaryEmissionFactorSources": found} if found else {}


def _percent(name: str, value: object) -> Decimal:
    found = Decimal(str(value)) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,9})?", str(value)) else Decimal(-1)
    if not 0 <= found <= 100:
        raise ExchangeRefused(f"{value!r} is no percentage", where=name, todo="State 0 to 100.")
    return found


def _id(*parts: str) -> str:
    """A UUID of version 4, as PACT asks for, from what it identifies: the same each time."""
    return str(uuid.UUID(bytes=hashlib.sha256("\n".join(parts).encode()).digest()[:16], version=4))


def _kg(grams: Decimal) -> str:
    return format((grams / 1000).normalize(), "f")
