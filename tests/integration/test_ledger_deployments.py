"""A deployments file belongs to one chain, its code and its arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Chain, Ledger, account
from tests.integration.march import MARCH, Deploy


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
