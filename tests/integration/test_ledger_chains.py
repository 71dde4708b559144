"""The same calls, results and errors on the embedded chain, on Anvil and on Ganache."""

from __future__ import annotations

import pytest

from carbon_tokens.errors import LedgerError, Reverted
from carbon_tokens.ledger import Chain, Factor
from carbon_tokens.ledger.ids import OFFSET, audited_id, claim_id, facility_id, meter_id, note, release_id
from tests.integration.march import (
    FACTORS,
    MARCH,
    METADATA,
    RELEASE,
    Deploy,
    Release,
    audit_of,
    batches,
    by,
    digest,
    rec_source,
    with_facility,
)


def test_a_month_goes_from_audit_to_certificate_and_back(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    facility = with_facility(ledger)
    operator, auditor = by(ledger, "operator"), by(ledger, "auditor")
    assert facility == facility_id(operator.signer.address, METADATA)  # type: ignore[union-attr]
    receipt = auditor.audit(audit_of(facility))
    assert [event.name for event in receipt.events] == ["TransferSingle", "Audited"]
    statement = receipt.events[1].args["statement"]
    assert isinstance(statement, dict) and statement["energy"] == 1_000_000
    assert receipt.events[0].args["id"] == audited_id(facility, MARCH.number)
    auditor.close(facility, MARCH)
    (status,) = operator.status(facility, MARCH)
    assert (status.gross_location, status.gross_market, status.net, status.closed) == (225_000, 225_000, 225_000, True)
    issuer = by(ledger, "rec-issuer")
    report = issuer.issue(rec_source(ledger), batches(2), operator.signer.address)  # type: ignore[union-attr]
    operator.retire(facility, MARCH, report.ids, [400_000, 600_000], beneficiary="us", purpose="March")
    (status,) = operator.status(facility, MARCH)
    assert (status.gross_location, status.gross_market, status.net, status.covered) == (225_000, 0, 0, 1_000_000)
    claim = by(ledger, "anyone").claim(facility, MARCH)
    assert claim.id == claim_id(facility, MARCH.number, MARCH.number)
    assert ledger.claim_of(claim.id).valid
    assert ledger.certificate_owner(claim.id) == operator.signer.address  # type: ignore[union-attr]
    assert ledger.certificate(claim.id)["image"].startswith("data:image/svg+xml")
    auditor.disallow(facility, MARCH, report.ids[0], 400_000, digest("void"))
    assert not ledger.is_valid(claim.id)
    assert ledger.status(facility, MARCH)[0].net == 90_000


def test_an_offset_covers_what_recs_do_not_and_renews_the_claim(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    facility = with_facility(ledger)
    operator, auditor, issuer = (by(ledger, name) for name in ("operator", "auditor", "offset-issuer"))
    auditor.audit(audit_of(facility, scope1=1_000))
    auditor.close(facility, MARCH)
    source = issuer.add_source(OFFSET, "VCS", note("project 1"), "US").id
    assert source
    (offset,) = issuer.issue(source, batches(1)).ids
    issuer.transfer(operator.signer.address, [offset], [300_000])  # type: ignore[union-attr]
    operator.retire(facility, MARCH, [offset], [225_999])
    with pytest.raises(Reverted, match=r"net emissions of 2024-03 are 1 g above zero") as refusal:
        operator.claim(facility, MARCH)
    assert refusal.value.error == "NetAboveZero"
    operator.retire(facility, MARCH, [offset], [1])
    assert ledger.claim_of(operator.claim(facility, MARCH).id or 0).number == 1


def test_errors_are_the_same_sentences_on_every_chain(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    facility = with_facility(ledger)
    operator, auditor = by(ledger, "operator"), by(ledger, "auditor")
    before = chain.nonce(auditor.signer.address)  # type: ignore[union-attr]
    refusals = {
        "AccessControlUnauthorizedAccount": lambda: by(ledger, "anyone").audit(audit_of(facility)),
        "SelfAudit": lambda: operator.audit(audit_of(facility)),
        "FactorUnknown": lambda: auditor.audit(audit_of(facility, release=b"\x01" * 32)),
        "Scope2Mismatch": lambda: auditor.audit(audit_of(facility, scope2_location=224_999)),
        "VersionMismatch": lambda: auditor.audit(audit_of(facility, version=2)),
        "PeriodOutsideMonth": lambda: auditor.audit(audit_of(facility, end=MARCH.end + 1)),
        "MonthNotAudited": lambda: auditor.close(facility, MARCH, 0),
        "MonthOpen": lambda: operator.claim(facility, MARCH),
        "FacilityUnknown": lambda: auditor.audit(audit_of(facility + 1)),
    }
    for name, attempt in refusals.items():
        with pytest.raises(Reverted) as refusal:
            attempt()
        assert refusal.value.error == name
        assert refusal.value.todo
    assert chain.nonce(auditor.signer.address) == before  # type: ignore[union-attr]


def test_one_bill_is_audited_once_however_it_is_presented(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    facility = with_facility(ledger)
    auditor = by(ledger, "auditor")
    auditor.audit(audit_of(facility))
    with pytest.raises(Reverted) as same:
        auditor.audit(audit_of(facility, version=2))
    assert same.value.error in ("EvidenceUsed", "MeterPeriodUsed")
    for changes in ({}, {"start": MARCH.end - 1}):
        with pytest.raises(Reverted) as scanned:
            auditor.audit(audit_of(facility, "scanned again", version=2, **changes))
        assert scanned.value.error == "MeterPeriodUsed"
    with pytest.raises(Reverted) as other_meter:
        auditor.audit(audit_of(facility, version=2, meter=meter_id("PG&E", "2")))
    assert other_meter.value.error == "EvidenceUsed"
    assert ledger.account(facility, MARCH).energy == 1_000_000


def test_a_release_of_another_market_is_refused(chain: Chain, deploy: Deploy) -> None:
    class European(Release):
        edition, market_zone = "eu", "EU"

    ledger = deploy(chain)
    facility = with_facility(ledger)
    publisher = by(ledger, "publisher")
    publisher.publish_factors(European, FACTORS)
    release = release_id("eGRID", 2023, "eu")
    assert (ledger.factor_zone(release, "CAMX"), ledger.factor_zone(RELEASE, "CAMX")) == ("EU", "US")
    with pytest.raises(Reverted, match="the release is of market EU, the facility of US") as refusal:
        by(ledger, "auditor").audit(audit_of(facility, release=release))
    assert refusal.value.error == "DatasetOfOtherMarket"
    with pytest.raises(Reverted) as other:
        European.market_zone = "GB"
        publisher.publish_factors(European, [*FACTORS, Factor("ERCT", 1)])
    assert other.value.error == "ReleaseMarketDiffers"


def test_a_region_code_has_nine_bytes_at_most(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    assert by(ledger, "operator").add_facility("NINEBYTES", "US", METADATA).id
    for attempt in (
        lambda: by(ledger, "operator").add_facility("TENBYTES10", "US", METADATA),
        lambda: by(ledger, "publisher").publish_factors(Release, [Factor("TENBYTES10", 1)]),
        lambda: ledger.factor(RELEASE, "TENBYTES10"),
    ):
        with pytest.raises(LedgerError, match="grid region: 'TENBYTES10' does not fit into 9 ASCII characters"):
            attempt()


def test_what_is_content_is_added_once(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    facility = with_facility(ledger)
    assert by(ledger, "publisher").publish_factors(Release, FACTORS) == []
    again = by(ledger, "operator").add_facility("CAMX", "US", METADATA)
    assert (again.id, again.existed, again.tx) == (facility, True, "")
    assert rec_source(ledger) == rec_source(ledger)
    with pytest.raises(LedgerError, match=r"published with 225000 g/MWh, not 1"):
        by(ledger, "publisher").publish_factors(Release, [Factor("CAMX", 1)])
    with pytest.raises(LedgerError, match=r"registered in CAMX"):
        by(ledger, "operator").add_facility("NYUP", "US", METADATA)
    assert ledger.factors(RELEASE, ["CAMX", "NYUP", "AKGD"]) == {row.region: row for row in FACTORS}


def test_factors_are_published_in_portions_of_at_most_250(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    rows = [Factor(f"R{number}", number + 1) for number in range(260)]
    publisher = by(ledger, "publisher")
    receipts = publisher.publish_factors(Release, rows[:255])
    assert [len(receipt.events) for receipt in receipts] == [251, 5]
    assert all(receipt.gas_used < 16_777_216 for receipt in receipts)
    assert len(publisher.publish_factors(Release, rows)) == 1
    assert len(ledger.factors(RELEASE, [row.region for row in rows])) == 260
