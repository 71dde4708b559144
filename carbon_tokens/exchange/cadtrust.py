"""The offsets of a claim as retired units of the Climate Action Data Trust (open data model, version 1, table units).

    unitBlockStart, unitBlockEnd        first and last serial of the batch, as the registry numbers them
    unitCount, vintageYear              tonnes that were retired; year of the vintage's start
    unitStatus, unitStatusReason        Retired; into which account and claim
    unitOwner                           the claim's owner on the chain
    unitTags                            the registry's serials, token and document; that only a part of a block counts
    unitType, unitRegistryLink, countryJurisdictionOfOwner, correspondingAdjustment…    stated, for each project
    project: currentRegistry, projectId the registry and its own id, beside the unit: the other fields of the table
                                        projects belong to the registry
    warehouseUnitId, issuanceId, orgUid, timeStaged    not given: the warehouse sets them

A chain does not tell which serials of a batch were retired. Where only a part of one was, the caller must allow it, and
the unit's tags say so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from carbon_tokens.certificate import CertificateFacts
from carbon_tokens.certificate.grounds import InstrumentFacts
from carbon_tokens.errors import ExchangeRefused
from carbon_tokens.exchange.checked import device_name, valid
from carbon_tokens.exchange.stated import Stated

_NEEDED = (
    "unitType", "unitRegistryLink", "countryJurisdictionOfOwner", "correspondingAdjustmentDeclaration",
    "correspondingAdjustmentStatus",
)  # fmt: skip
_TONNE = 1_000_000


def units(facts: CertificateFacts, stated: Stated, *, partial: bool = False) -> list[dict[str, Any]]:
    """The retired units of a claim, a batch each.

    Args:
        stated: the tables ``cadtrust``, by ``REGISTRY:PROJECT``.
        partial: whether batches of which only a part was retired may be named by their whole block.

    Raises:
        ExchangeRefused: a field that is not stated, an amount that is no whole tonne, or a part of a block.
    """
    return list(valid("cadtrust", [_unit(facts, each, stated, partial) for each in facts.offsets]))


def _unit(facts: CertificateFacts, batch: InstrumentFacts, stated: Stated, partial: bool) -> dict[str, Any]:
    project = device_name(batch.device)
    name = f"{batch.registry}:{project}"
    if not batch.documented and project.startswith("0x"):
        what = "the registry's id of the project is not known: only its hash stands on the chain"
        raise ExchangeRefused(what, where=name, todo="Prove the claim where the registry's document is at hand.")
    if batch.amount % _TONNE:
        raise ExchangeRefused(f"{batch.amount} g are no whole tonnes, which units are", where=name)
    if batch.amount != batch.issued and not partial:
        what = f"{batch.amount // _TONNE} t of the block's {batch.issued // _TONNE} were retired, and not by serial"
        raise ExchangeRefused(what, where=name, todo="Allow parts of blocks (--partial); the tags then say so.")
    months = ", ".join(dict.fromkeys(str(each.month) for each in batch.retired))
    reason = f"Retired into facility {facts.facility.id}, {months}; claim {facts.claim.id} on eip155:{facts.chain.id}"
    tags = f"serials={batch.serials}; token={batch.token}; document-sha256={batch.evidence}"
    part = f"; part={batch.amount // _TONNE} of {batch.issued // _TONNE}" if batch.amount != batch.issued else ""
    unit = {
        "unitOwner": facts.claim.owner,
        "unitBlockStart": batch.serial_from,
        "unitBlockEnd": batch.serial_thru,
        "unitCount": batch.amount // _TONNE,
        "vintageYear": datetime.fromtimestamp(batch.vintage_start, UTC).year,
        "unitStatus": "Retired",
        "unitStatusReason": reason,
        "unitTags": tags + part,
        **stated.table("cadtrust", _NEEDED, ("marketplace", "marketplaceLink", "marketplaceIdentifier"), name),
    }
    return {"project": {"currentRegistry": batch.registry, "projectId": project}, "unit": unit}
