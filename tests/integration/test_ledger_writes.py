"""Single writes: killed, repeated, without funds or nonce, and on chains of other rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Chain, Ledger, NonceError, account
from carbon_tokens.ledger.journal import FAILED, MINED, REFUSED, REPLACED
from carbon_tokens.ledger.ledger import open_journal
from carbon_tokens.ledger.transactions import Transaction
from carbon_tokens.ledger.writer import Writer
from tests.integration.march import METADATA, Deploy, by, digest


def planned(ledger: Ledger, nonce_offset: int) -> tuple[str, str, bytes]:
    """A registration signed and journaled but never sent, as a kill just before sending leaves it."""
    chain, operator = ledger.chain, account("dev:operator", ledger.chain)
    data = ledger.contracts["CarbonTokens"].encode("registerFacility", (b"CAMX".ljust(9, b"\0"), b"US", METADATA))
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
