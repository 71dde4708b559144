"""Audits by signature and by a panel, and for whom an auditor is accredited, on every chain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from carbon_tokens.errors import LedgerError, Reverted
from carbon_tokens.ledger import Chain, Ledger, Message, NodeAccount, audits, closing, disallowance, merged, restatement
from carbon_tokens.ledger.ids import role_id
from carbon_tokens.ledger.mnemonic import dev_address
from tests.integration.march import MARCH, METADATA, Deploy, audit_of, batches, by, digest, rec_source, with_facility


def test_a_signed_audit_counts_once_and_on_its_own_contract_only(chain: Chain, deploy: Deploy) -> None:
    first, second = deploy(chain), deploy(chain, "second")
    facility = with_facility(first)
    assert with_facility(second) == facility
    anyone = by(first, "anyone")
    signed = by(first, "auditor").sign(audits(audit_of(facility)), chain.time() + 3_600)
    with pytest.raises(Reverted) as elsewhere:
        by(second, "anyone").submit(signed)
    assert elsewhere.value.error == "SignatureInvalid"
    with pytest.raises(Reverted) as late:
        anyone.submit(by(first, "auditor").sign(audits(audit_of(facility)), chain.time() - 1))
    assert late.value.error == "DeadlinePassed"
    anyone.submit(signed)
    with pytest.raises(Reverted):
        anyone.submit(signed)
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
    assert here.address("Auditors") == there.address("Auditors")
    signed = by(here, "auditor").sign(audits(audit_of(facility)), 2**40)
    with pytest.raises(Reverted) as replay:
        by(there, "anyone").submit(signed)
    assert replay.value.error == "SignatureInvalid"
    by(here, "anyone").submit(signed)


def panelled(ledger: Ledger, facility: int, quorum: int, *names: str) -> list[Ledger]:
    """Gives a facility a panel of development accounts, which are auditors of its market, and returns them."""
    members = [by(ledger, name) for name in names]
    addresses = [str(each.signer.address) for each in members if each.signer]
    for address in addresses:
        ledger.grant_role("CarbonTokens", "AUDITOR_ROLE", address, "US")
    ordered = sorted(addresses, key=lambda each: int(each, 16))
    by(ledger, "registrar")._write("set_panel", "Auditors", "setPanel", facility, quorum, ordered)
    return members


def test_auditors_of_a_panel_sign_apart_and_count_together(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    facility = with_facility(ledger)
    members = panelled(ledger, facility, 2, "auditor", "auditor-2", "anyone")
    assert ledger.facility(facility).panelled
    without_energy = {"meter": bytes(32), "energy": 0, "scope2_location": 0, "scope2_residual": 0, "start": 0, "end": 0}
    message = audits(audit_of(facility), audit_of(facility, "more", version=2, scope1=9, **without_energy))
    deadline = chain.time() + 3_600
    with pytest.raises(Reverted) as alone:
        members[0].audit(audit_of(facility))
    assert alone.value.error == "PanelMissing"
    signed = [each.sign(message, deadline) for each in members]
    with pytest.raises(Reverted, match="1 of 2 auditors") as few:
        by(ledger, "operator").submit(signed[0])
    assert few.value.error == "QuorumMissing"
    receipt = by(ledger, "operator").submit(merged(signed[2], signed[0]))
    attested = [event for event in receipt.events if event.name == "Attested"]
    expected = sorted((str(members[n].signer.address) for n in (0, 2)), key=lambda each: int(each, 16))  # type: ignore[union-attr]
    assert [event.args["auditors"] for event in attested] == [expected, expected]
    assert (ledger.account(facility, MARCH).energy, ledger.account(facility, MARCH).version) == (1_000_000, 2)


def test_a_panel_closes_restates_and_disallows_by_its_signatures(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    facility = with_facility(ledger)
    members = panelled(ledger, facility, 2, "auditor", "auditor-2")
    deadline, anyone = chain.time() + 3_600, by(ledger, "anyone")

    def together(message: Message) -> None:
        anyone.submit(merged(*(each.sign(message, deadline) for each in members)))

    together(audits(audit_of(facility)))
    together(closing(facility, MARCH.number, 1))
    issuer, operator = by(ledger, "rec-issuer"), by(ledger, "operator")
    (token,) = issuer.issue(rec_source(ledger), batches(1), operator.signer.address).ids  # type: ignore[union-attr]
    operator.retire(facility, MARCH, [token], [1_000_000])
    together(disallowance(facility, MARCH.number, 2, token, 400_000, digest("void")))
    account_now = ledger.account(facility, MARCH)
    assert (account_now.closed, account_now.recs, account_now.version) == (True, 600_000, 2)
    changed = audit_of(facility, "again", version=3, energy=2_000_000, scope2_location=450_000, scope2_residual=450_000,
                       meter=bytes(32), start=0, end=0)  # fmt: skip
    together(restatement(changed))
    assert ledger.account(facility, MARCH).energy == 2_000_000


def test_an_auditor_is_accredited_for_one_market_zone(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain)
    facility = with_facility(ledger)
    stranger = by(ledger, "anyone")
    assert stranger.signer
    ledger.grant_role("CarbonTokens", "AUDITOR_ROLE", stranger.signer.address, "EU")
    assert ledger.has_role("CarbonTokens", "AUDITOR_ROLE", stranger.signer.address, "EU")
    assert not ledger.has_role("CarbonTokens", "AUDITOR_ROLE", stranger.signer.address, "US")
    for zone in ("US", "EU"):
        assert ledger.call("Auditors", "auditorRole", zone.encode()) == role_id("AUDITOR_ROLE", zone)
    with pytest.raises(Reverted, match="does not hold the role AUDITOR_ROLE of market zone US"):
        stranger.audit(audit_of(facility))
    for role, zone in (("AUDITOR_ROLE", ""), ("REGISTRAR_ROLE", "US")):
        with pytest.raises(LedgerError, match="market zone"):
            ledger.grant_role("CarbonTokens", role, stranger.signer.address, zone)


@pytest.mark.parametrize("kind", [pytest.param(k, marks=getattr(pytest.mark, k)) for k in ("anvil", "ganache")])
def test_an_unlocked_account_of_the_node_writes_and_signs(
    kind: str, request: pytest.FixtureRequest, deploy: Deploy
) -> None:
    chain = Chain.connect(request.getfixturevalue(kind))
    ledger = deploy(chain)
    facility = with_facility(ledger)
    auditor = ledger.using(NodeAccount(chain.rpc, "0x" + dev_address("auditor").hex()))
    for message in (audits(audit_of(facility), audit_of(facility, version=2)), closing(facility, MARCH.number, 1)):
        assert auditor.sign(message, 2**40) == by(ledger, "auditor").sign(message, 2**40)
    auditor.audit(audit_of(facility))
    assert ledger.account(facility, MARCH).version == 1
    stranger = ledger.using(NodeAccount(chain.rpc, "0x" + "12" * 20))
    with pytest.raises(LedgerError, match=r"does not sign|funds"):
        stranger.add_facility("CAMX", "US", METADATA)
