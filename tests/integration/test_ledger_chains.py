"""The same calls, results and errors on the embedded chain, on Anvil and on Ganache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_tokens.errors import JournalError, LedgerError, Reverted
from carbon_tokens.ledger import Audit, Batch, Chain, Factor, Ledger, NodeAccount, NonceError, account
from carbon_tokens.ledger.ids import (
    OFFSET,
    REC,
    audited_id,
    batch_id,
    claim_id,
    facility_id,
    meter_id,
    note,
    release_id,
)
from carbon_tokens.ledger.journal import FAILED, MINED, REFUSED, REPLACED
from carbon_tokens.ledger.ledger import open_journal
from carbon_tokens.ledger.mnemonic import dev_address
from carbon_tokens.ledger.transactions import Transaction
from carbon_tokens.ledger.writer import Writer
from carbon_tokens.periods import Month

Deploy = Callable[..., Ledger]

MARCH = Month.parse("2024-03")
METADATA = hashlib.sha256(b"a data center").digest()
RELEASE = release_id("eGRID", 2023, "rev1")


class Release:
    """A release as carbon_tokens.factors makes it, of two regions."""

    dataset, year, edition, file_sha256, rates = "eGRID", 2023, "rev1", "11" * 32, ()


FACTORS = [Factor("CAMX", 225_000), Factor("NYUP", 125_000, 200_000)]


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def by(ledger: Ledger, name: str) -> Ledger:
    return ledger.using(account(f"dev:{name}", ledger.chain))


def batches(count: int, first: int = 1, month: Month = MARCH) -> list[Batch]:
    numbers = range(first, first + count)
    return [Batch(digest(f"serial {n}"), 1_000_000, n, n, month.start, month.end) for n in numbers]


def audit_of(facility: int, bill: str = "bill", **changes: int | bytes) -> Audit:
    """1 MWh of CAMX in March 2024: 225 kg."""
    energy = (1_000_000, 0, 225_000, 225_000, 0, MARCH.start, MARCH.end)
    full = Audit(facility, MARCH.number, 1, *energy, meter_id("PG&E", "1"), RELEASE, digest(bill))
    return replace(full, **changes)  # type: ignore[arg-type]


def with_facility(ledger: Ledger) -> int:
    by(ledger, "publisher").publish_factors(Release, FACTORS)
    facility = by(ledger, "operator").add_facility("CAMX", "US", METADATA).id
    assert facility
    return facility


def rec_source(ledger: Ledger) -> int:
    source = by(ledger, "rec-issuer").add_source(REC, "NAR", note("W1"), "US", grid_region="CAMX", technology="wind").id
    assert source
    return source


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
        "AccessControlUnauthorizedAccount": lambda: operator.audit(audit_of(facility)),
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


def test_a_signed_audit_counts_once_and_on_its_own_contract_only(chain: Chain, deploy: Deploy) -> None:
    first, second = deploy(chain), deploy(chain, "second")
    facility = with_facility(first)
    assert with_facility(second) == facility
    anyone = by(first, "anyone")
    signed = by(first, "auditor").sign_audit(audit_of(facility), chain.time() + 3_600)
    with pytest.raises(Reverted) as elsewhere:
        by(second, "anyone").submit_audit(signed)
    assert elsewhere.value.error == "SignatureInvalid"
    with pytest.raises(Reverted) as late:
        anyone.submit_audit(by(first, "auditor").sign_audit(audit_of(facility), chain.time() - 1))
    assert late.value.error == "SignatureExpired"
    anyone.submit_audit(signed)
    with pytest.raises(Reverted):
        anyone.submit_audit(signed)
    assert first.account(facility, MARCH).energy == 1_000_000
    assert second.account(facility, MARCH).energy == 0


@pytest.mark.anvil
def test_a_signature_of_one_chain_is_void_on_another(
    tmp_path: Path, deploy: Deploy, start_node: Callable[..., str]
) -> None:
    here = deploy(Chain.connect(state=tmp_path / "chain.db"))
    there = deploy(Chain.connect(start_node("anvil", chain_id=4242)), "there")
    facility = with_facility(here)
    assert with_facility(there) == facility
    assert here.address("CarbonTokens") == there.address("CarbonTokens")
    signed = by(here, "auditor").sign_audit(audit_of(facility), 2**40)
    with pytest.raises(Reverted) as replay:
        by(there, "anyone").submit_audit(signed)
    assert replay.value.error == "SignatureInvalid"
    by(here, "anyone").submit_audit(signed)


def test_an_issuing_run_is_repeated_without_effect(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    issuer, source = by(ledger, "rec-issuer"), rec_source(ledger)
    first = issuer.issue(source, batches(12), per_transaction=5)
    again = issuer.issue(source, batches(12), per_transaction=1)
    more = issuer.issue(source, batches(14), per_transaction=1)
    assert [(r.issued, r.skipped, r.transactions) for r in (first, again, more)] == [(12, 0, 3), (0, 12, 0), (2, 12, 2)]
    assert len(set(more.ids)) == len(list(ledger.events("CarbonTokens", ["Issued"]))) == 14
    record = ledger.batch(more.ids[0])
    assert record and (record.source, record.amount) == (source, 1_000_000)
    assert ledger.source(source).next_serial == 15


def test_overlapping_serials_and_foreign_sources_are_refused(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    issuer, source = by(ledger, "rec-issuer"), rec_source(ledger)
    issuer.issue(source, batches(3))
    overlapping = [replace(batches(1)[0], evidence=digest("another document"), serial_from=3, serial_thru=4)]
    for per_transaction in (1, 100):
        with pytest.raises(Reverted) as refusal:
            issuer.issue(source, overlapping, per_transaction=per_transaction)
        assert refusal.value.error == "SerialRangeInvalid"
    with pytest.raises(Reverted) as foreign:
        by(ledger, "operator").issue(source, batches(1, first=9))
    assert foreign.value.error == "NotIssuer"
    with pytest.raises(LedgerError, match=r"batch 2: .*not above those before"):
        issuer.issue(source, [*batches(1, first=9), *batches(1, first=8)])
    with pytest.raises(LedgerError, match=r"batch 2: .*occurs twice"):
        issuer.issue(source, [*batches(1, first=9), *batches(1, first=9)])


def test_a_run_with_a_batch_that_the_contract_refuses_sends_nothing_and_names_it(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    issuer, source = by(ledger, "rec-issuer"), rec_source(ledger)
    what = batches(6)
    what[3] = replace(what[3], amount=1_000_001)
    for per_transaction in (1, 100):
        with pytest.raises(Reverted, match=f"{batch_id(REC, 'NAR', what[3].evidence):#x}") as refusal:
            issuer.issue(source, what, per_transaction=per_transaction)
        assert refusal.value.error == "AmountExceedsSerials"
    assert list(ledger.events("CarbonTokens", ["Issued"])) == []


def test_a_journal_of_other_inputs_is_refused(chain: Chain, deploy: Deploy, tmp_path: Path) -> None:
    ledger = deploy(chain)
    issuer, source = by(ledger, "rec-issuer"), rec_source(ledger)
    issuer.issue(source, batches(2), journal=tmp_path / "run.db")
    with pytest.raises(JournalError, match="another inputs"):
        issuer.issue(source, batches(3), journal=tmp_path / "run.db")
    second = deploy(chain, "second")
    assert rec_source(second) == source
    with pytest.raises(JournalError, match="another contract"):
        by(second, "rec-issuer").issue(source, batches(2), journal=tmp_path / "run.db")


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


def test_deploying_again_keeps_the_contracts_and_refuses_other_arguments(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    home, admin = ledger.home, account("dev:admin", chain)
    again = Ledger.deploy(chain, admin, deployments=home, home=home)
    assert again.deployments == ledger.deployments == Ledger.connect(chain, deployments=home).deployments
    with pytest.raises(LedgerError, match="another folder"):
        Ledger.deploy(chain, admin, delay=7, deployments=home, home=home)


def test_deployments_of_another_chain_are_refused(tmp_path: Path, deploy: Deploy) -> None:
    ledger = deploy(Chain.connect(state=tmp_path / "a.db"))
    other = Chain.connect(state=tmp_path / "b.db")
    with pytest.raises(LedgerError, match=r"another chain .*since restarted"):
        Ledger.connect(other, deployments=ledger.home)
    with pytest.raises(LedgerError, match="nothing is deployed"):
        Ledger.connect(other, deployments=tmp_path)


def test_deployments_with_other_code_are_refused(tmp_path: Path, deploy: Deploy) -> None:
    ledger = deploy(Chain.connect(state=tmp_path / "a.db"))
    (file,) = ledger.home.glob("*.json")
    file.write_text(file.read_text().replace(ledger.address("NetEmissions"), ledger.address("EmissionFactors")))
    with pytest.raises(LedgerError, match="does not hold the code of NetEmissions"):
        Ledger.connect(ledger.chain, deployments=ledger.home)


def test_a_wrong_chain_id_is_refused(chain: Chain) -> None:
    with pytest.raises(LedgerError, match=f"this is chain {chain.id}, not chain 1"):
        Chain(chain.rpc, 1)
    assert Chain(chain.rpc, chain.id).genesis == chain.genesis


def test_without_an_account_nothing_is_written(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    reader = Ledger.connect(chain, deployments=ledger.home)
    with pytest.raises(LedgerError, match="no account is given"):
        reader.claim(1, MARCH)


@pytest.mark.parametrize("kind", [pytest.param(k, marks=getattr(pytest.mark, k)) for k in ("anvil", "ganache")])
def test_an_unlocked_account_of_the_node_writes_and_signs(
    kind: str, request: pytest.FixtureRequest, deploy: Deploy
) -> None:
    chain = Chain.connect(request.getfixturevalue(kind))
    ledger = deploy(chain)
    facility = with_facility(ledger)
    auditor = ledger.using(NodeAccount(chain.rpc, "0x" + dev_address("auditor").hex()))
    signed = auditor.sign_audit(audit_of(facility), 2**40)
    assert signed == by(ledger, "auditor").sign_audit(audit_of(facility), 2**40)
    auditor.audit(audit_of(facility))
    assert ledger.account(facility, MARCH).version == 1
    stranger = ledger.using(NodeAccount(chain.rpc, "0x" + "12" * 20))
    with pytest.raises(LedgerError, match=r"does not sign|funds"):
        stranger.add_facility("CAMX", "US", METADATA)


def planned(ledger: Ledger, nonce_offset: int) -> tuple[str, str, bytes]:
    """A registration signed and journaled but never sent, as a kill just before sending leaves it."""
    chain, operator = ledger.chain, account("dev:operator", ledger.chain)
    data = ledger.contracts["CarbonTokens"].encode("registerFacility", (b"CAMX".ljust(10, b"\0"), b"US", METADATA))
    with open_journal(chain, ledger.home) as journal:
        writer = Writer(chain, operator, journal, {})
        key = writer.key(ledger.address("CarbonTokens"), data)
        tx = Transaction(
            chain.id, chain.nonce(operator.address) + nonce_offset, 300_000, chain.fees(),
            bytes.fromhex(ledger.address("CarbonTokens")[2:]), data,
        )  # fmt: skip
        entry = writer.entry("add_facility", key, tx)
        journal.plan([entry])
    return entry.hash, operator.address, data


def states(ledger: Ledger) -> dict[str, str]:
    with open_journal(ledger.chain, ledger.home) as journal:
        return {tx: outcome.state for tx, outcome in journal.outcomes().items()}


def test_a_write_killed_before_it_was_sent_is_sent_by_the_same_write(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    tx, _, _ = planned(ledger, 0)
    assert by(ledger, "operator").add_facility("CAMX", "US", METADATA).tx == tx
    assert states(ledger)[tx] == MINED


def test_a_write_whose_nonce_another_transaction_used_is_written_anew(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    tx, address, _ = planned(ledger, 0)
    by(ledger, "operator").add_facility("NYUP", "US", digest("another site"))
    assert chain.nonce(address) > 0
    receipt = by(ledger, "operator").add_facility("CAMX", "US", METADATA)
    assert receipt.tx != tx
    assert states(ledger)[tx] == REPLACED
    assert ledger.facility(receipt.id or 0).grid_region == "CAMX"


def test_a_missing_nonce_is_named_instead_of_waited_for(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    planned(ledger, 2)
    with pytest.raises(NonceError, match=r"nonces \d+ to \d+ of 0x.* are missing"):
        by(ledger, "operator").add_facility("CAMX", "US", METADATA)


def test_an_account_without_funds_is_told_so(chain: Chain, deploy: Deploy) -> None:
    from eth_keys.datatypes import PrivateKey

    from carbon_tokens.ledger import KeyAccount

    ledger = deploy(chain)
    poor = ledger.using(KeyAccount(PrivateKey(b"\x07" * 32)))
    with pytest.raises(LedgerError, match=r"funds|cannot pay"):
        poor.add_facility("CAMX", "US", METADATA)
    assert set(states(ledger).values()) <= {MINED, FAILED, REFUSED}


@pytest.mark.anvil
def test_development_accounts_are_refused_on_a_chain_that_is_not_local(
    anvil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain.connect(anvil)
    monkeypatch.setitem(chain.__dict__, "is_local", False)
    with pytest.raises(LedgerError, match="development accounts are public"):
        account("dev:admin", chain)


@pytest.mark.ganache
def test_a_chain_without_a_base_fee_gets_legacy_transactions(start_node: Callable[..., str]) -> None:
    chain = Chain.connect(start_node("ganache", fork="berlin"))
    assert chain.fees().legacy
    me = account("dev:anyone", chain)
    signed = me.sign_transaction(Transaction(chain.id, 0, 21_000, chain.fees(), b"\x01" * 20, b"", 1))
    (receipt,) = chain.wait([chain.rpc.request("eth_sendRawTransaction", ["0x" + signed.raw.hex()])])
    assert receipt["status"] == "0x1"
