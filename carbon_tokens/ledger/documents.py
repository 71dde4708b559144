"""From documents to what the ledger takes: a statement or restatement as an audit, a certificate batch as a batch."""

from __future__ import annotations

from carbon_tokens.factors import Rate
from carbon_tokens.factors.chosen import FactorChoice
from carbon_tokens.ledger.ids import OFFSET, REC
from carbon_tokens.ledger.records import Audit, Batch, Factor
from carbon_tokens.statements import Auditable, CertificateBatch, Restatement

CLASSES = {"rec": REC, "offset": OFFSET}
_NONE = bytes(32)


def audit_of(document: Auditable, version: int) -> Audit:
    """What an auditor confirms of a document. ``version`` is the account's after it.

    A restatement names no meter: one that fills a meter's gap is made by hand. A fleet's statement names no release:
    its scope 2 is by the hour, which the chain cannot recompute.
    """
    release = bytes.fromhex(document.factor.release[2:]) if document.factor else _NONE
    meter, start, end = _NONE, 0, 0
    if not isinstance(document, Restatement):
        meter, start, end = bytes.fromhex(document.meter[2:]), document.start, document.end
    return Audit(
        facility=int(document.facility, 16),
        month=document.month.number,
        version=version,
        energy=document.energy_wh,
        scope1=document.scope1_g,
        scope2_location=document.scope2_location_g,
        scope2_residual=document.scope2_residual_g,
        scope3=document.scope3_g,
        start=start,
        end=end,
        meter=meter,
        release=release,
        evidence=document.evidence,
    )


def batch_of(document: CertificateBatch) -> Batch:
    """The batch that a registry's document describes."""
    serials, vintage = (document.serial_from, document.serial_thru), (document.vintage_start, document.vintage_end)
    return Batch(document.evidence, document.amount, *serials, *vintage)


def factor_of(choice: FactorChoice) -> Factor:
    """The row of a choice of factors that goes on chain."""
    return Factor(choice.region, choice.factor, choice.residual.factor if choice.residual else None)


def factors_of(rates: tuple[Rate, ...]) -> list[Factor]:
    """The rows of a release that go on chain: those with CO2e, with the residual mix where one is published."""
    usable = [rate for rate in rates if rate.co2e_lb_per_mwh is not None]
    return [Factor(rate.region, rate.factor, rate.residual.factor if rate.residual else None) for rate in usable]
