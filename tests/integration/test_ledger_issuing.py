"""Runs that issue many batches, each exactly once, on every chain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from carbon_tokens.errors import JournalError, LedgerError, Reverted
from carbon_tokens.ledger import Chain
from carbon_tokens.ledger.ids import REC, batch_id
from tests.integration.march import Deploy, batches, by, digest, rec_source


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
