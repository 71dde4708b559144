"""The Brownie scripts, one after the other, on the chain of the test."""

from __future__ import annotations

import json

import brownie
import pytest

from carbon_tokens.claims import verify
from carbon_tokens.demo.facts import Facts
from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Chain, Ledger
from carbon_tokens.ledger.ids import claim_id
from scripts import brownie_chain, deploy, issue, load_factors, load_utility_data, prove, retire

CONTRACTS = {"EmissionFactors", "CarbonTokens", "Auditors", "Allocations", "HourlyMatching", "NetEmissions"}
SCRIPTS = (deploy, load_factors, load_utility_data, issue, retire, prove)


def run(folder):
    for script in SCRIPTS:
        script.main(str(folder))


def ledger(folder):
    return Ledger.connect(Chain.connect(brownie.web3.provider.endpoint_uri), deployments=folder / "deployments")


def facility(folder):
    with brownie_chain.Network(folder) as network:
        return network.facility


@pytest.fixture
def proven(tmp_path):
    """The folder after all six scripts."""
    run(tmp_path)
    return tmp_path


@pytest.fixture
def node_accounts(monkeypatch):
    """As if the development accounts had no funds, so that the node signs."""
    monkeypatch.setattr(brownie_chain.Network, "_has_development_accounts", False)


def test_the_six_scripts_prove_the_demos_month(proven, capsys):
    """The totals of data/demo/README.md."""
    month, number = Facts().month, facility(proven)
    (totals,) = ledger(proven).status(number, month)
    assert (totals.gross_location, totals.gross_market, totals.net) == (5_099_884, 1_502_427, -497_573)
    claim = ledger(proven).claim_of(claim_id(number, month.number, month.number))
    assert claim.valid and claim.number == 1
    chain = brownie.web3.eth.chain_id
    assert "<svg" in (proven / ".carbon-tokens" / f"proof-{chain}.svg").read_text()
    proof = proven / ".carbon-tokens" / f"proof-{chain}.json"
    assert verify(proof, rpc=brownie.web3.provider.endpoint_uri, inputs=Facts().folder).reasons == []


def test_the_deployments_are_written_by_chain_id(proven):
    (file,) = (proven / "deployments").iterdir()
    content = json.loads(file.read_text())
    assert file.name == f"{brownie.web3.eth.chain_id}.json"
    assert content["chain_id"] == brownie.web3.eth.chain_id
    assert set(content["contracts"]) == CONTRACTS
    assert all(brownie.web3.eth.get_code(each["address"]) for each in content["contracts"].values())


def test_every_script_says_what_it_did_by_which_transaction_and_gas(tmp_path, capsys):
    run(tmp_path)
    lines = [line for line in capsys.readouterr().out.splitlines() if "gas" in line]
    done = ("deploy", "grant", "publish", "add facility", "audit", "close", "add source", "issue", "transfer", "retire")
    assert all(any(line.startswith(what) for line in lines) for what in (*done, "claim"))
    receipts = [brownie.web3.eth.get_transaction_receipt(line.split(": ")[-1].split(",")[0]) for line in lines]
    assert all(f"gas {each['gasUsed']:,}" in line for line, each in zip(lines, receipts, strict=True))


def test_a_second_run_sends_nothing_and_says_that_all_existed(tmp_path, capsys):
    run(tmp_path)
    sent = capsys.readouterr().out.count(", gas ")
    head, proof = brownie.web3.eth.block_number, tmp_path / ".carbon-tokens" / f"proof-{brownie.web3.eth.chain_id}.json"
    before = proof.read_bytes()
    run(tmp_path)
    out = capsys.readouterr().out
    assert brownie.web3.eth.block_number == head
    assert out.count(": existed") == sent == 24 and ", gas " not in out
    assert proof.read_bytes() == before


def test_what_a_stopped_run_left_out_is_done_by_the_next(tmp_path, capsys):
    """The RECs are transferred and in part retired already; the rest is sent, and nothing is sent twice."""
    for script in SCRIPTS[:4]:
        script.main(str(tmp_path))
    with brownie_chain.Network(tmp_path) as network:
        rec = network.facts.certificates()[0]
        retire.transferred(network, rec)
        network.ledger("operator").retire(network.facility, network.facts.month, [retire.token(rec.document)], [1])
    capsys.readouterr()
    retire.main(str(tmp_path))
    out = capsys.readouterr().out
    assert out.count(": existed") == 1 and out.count(", gas ") == 2
    account = ledger(tmp_path).account(facility(tmp_path), Facts().month)
    assert (account.recs, account.offsets) == (8_000_000, 2_000_000)


def test_without_development_accounts_the_nodes_accounts_write_and_sign(tmp_path, node_accounts, capsys):
    run(tmp_path)
    assert "the auditor writes itself" not in capsys.readouterr().out
    number, month = facility(tmp_path), Facts().month
    with brownie_chain.Network(tmp_path) as network:
        assert network.account("operator").address == brownie.accounts[1].address
    assert ledger(tmp_path).is_valid(claim_id(number, month.number, month.number))


def test_an_auditor_whose_account_cannot_sign_writes_itself(tmp_path, monkeypatch, capsys):
    from carbon_tokens.ledger import KeyAccount

    def refuse(account, data):
        raise LedgerError("signs no typed data", where=account.address)

    for script in SCRIPTS[:2]:
        script.main(str(tmp_path))
    monkeypatch.setattr(KeyAccount, "sign_typed", refuse)
    monkeypatch.setattr("carbon_tokens.ledger.accounts.NodeAccount.sign_typed", refuse)
    load_utility_data.main(str(tmp_path))
    assert "the auditor writes itself" in capsys.readouterr().out
    assert ledger(tmp_path).account(facility(tmp_path), Facts().month).closed


def test_a_script_before_deploy_says_what_to_do(tmp_path):
    with pytest.raises(LedgerError, match=r"nothing is deployed on this chain\. Deploy first"):
        load_factors.main(str(tmp_path))


def test_a_network_with_too_few_accounts_is_named(tmp_path, node_accounts, monkeypatch):
    monkeypatch.setattr(brownie_chain, "accounts", brownie.accounts[:3])
    with pytest.raises(LedgerError, match="the network has 3 accounts, the scripts need 7"):
        deploy.main(str(tmp_path))


def test_deployments_of_a_restarted_chain_are_set_aside(tmp_path, capsys):
    chain = brownie.web3.eth.chain_id
    old = tmp_path / "deployments" / f"{chain}.json"
    old.parent.mkdir()
    old.write_text(json.dumps({"chain_id": chain, "genesis": "0x" + 64 * "7", "contracts": {}}))
    deploy.main(str(tmp_path))
    assert "the chain was restarted" in capsys.readouterr().out
    assert {file.name for file in old.parent.iterdir()} == {f"{chain}.json", f"{chain}.json.77777777"}
    assert ledger(tmp_path).address("NetEmissions")
