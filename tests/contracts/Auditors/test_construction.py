from __future__ import annotations

import brownie


def test_the_ledger_names_its_auditors_and_allocations(tokens, auditors, allocations):
    assert (tokens.auditors(), tokens.allocations()) == (auditors, allocations)
    assert auditors.ledger() == allocations.ledger() == tokens


def test_a_contract_that_the_ledger_does_not_name_is_not_deployed(
    Auditors, Allocations, tokens, auditors, allocations, admin
):
    """As if another transaction had taken the address that the ledger was told."""
    for contract, named in ((Auditors, auditors), (Allocations, allocations)):
        with brownie.reverts(f"LedgerOfOthers: {named.address.lower()}"):
            contract.deploy(tokens, {"from": admin})


def test_nobody_but_the_auditors_contract_requires_a_panel(
    tokens, refused, auditors, facility, admin, registrar, auditor
):
    for caller in (admin, registrar, auditor):
        with refused("NotContract", caller, auditors):
            tokens.requirePanel(facility, True, {"from": caller})


def test_the_contracts_take_no_ether_and_hold_none(auditors, allocations, stranger):
    for contract in (auditors, allocations):
        with brownie.reverts():
            stranger.transfer(contract, 1)
        assert contract.balance() == 0
