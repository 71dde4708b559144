"""Deploys the contracts, grants every role to its actor and writes ``deployments/<chain id>.json``.

``brownie run deploy --network anvil`` (or ``ganache-cli``); see brownie_chain.py for the chain.
"""

from __future__ import annotations

import json

from carbon_tokens.demo.run import ROLES
from carbon_tokens.ledger import Ledger
from carbon_tokens.ledger.deployments import deployment_file
from carbon_tokens.ledger.ids import AUDITOR_ROLE
from scripts.brownie_chain import Network, report


def main(folder: str = ".") -> None:
    with Network(folder) as network:
        set_aside_deployments_of_a_restarted_chain(network)
        head = network.chain.block_number()
        folders = {"deployments": network.deployments, "home": network.home}
        ledger = Ledger.deploy(network.chain, network.account("admin"), **folders)
        receipts = network.chain.wait([each.tx for each in ledger.deployments.values()])
        for each, receipt in zip(ledger.deployments.values(), receipts, strict=True):
            done = f"{each.tx}, gas {int(receipt['gasUsed'], 16):,}" if each.block > head else "existed"
            print(f"deploy {each.name} at {each.address}: {done}")
        admin = network.ledger("admin")
        for actor, (contract, role) in ROLES.items():
            zone = network.facts["facility"]["market_zone"] if role == AUDITOR_ROLE else ""
            receipt = admin.grant_role(contract, role, network.account(actor).address, zone)
            report(f"grant {role}{f' of market {zone}' if zone else ''} to {actor}", receipt)
        print(f"wrote {deployment_file(network.deployments, network.chain.id)}")


def set_aside_deployments_of_a_restarted_chain(network: Network) -> None:
    """A restarted development chain holds nothing of the file of its id; the file stays, named by its old genesis."""
    path = deployment_file(network.deployments, network.chain.id)
    genesis = (
        json.loads(path.read_text())["genesis"] if network.chain.is_local and path.exists() else network.chain.genesis
    )
    if genesis != network.chain.genesis:
        print(f"the chain was restarted: its old deployments are in {path.rename(f'{path}.{genesis[2:10]}')}")
