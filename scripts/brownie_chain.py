"""What the Brownie scripts share: the chain behind the active network, an account for every role, and the report.

The scripts run in this order: deploy, load_factors, load_utility_data, issue, retire, prove. Each one does what is
still missing and says ``existed`` of the rest, so any of them may be run again. They keep nothing but
``deployments/<chain id>.json`` and the ledger's journals; everything else follows from ``data/demo`` and the chain.

Brownie attaches to a node that listens on the network's port (brownie-config.yaml), and starts one that ends with the
script where there is none. A chain that lives across the scripts is therefore started first, by hand:

    npx anvil --port 27411 --hardfork shanghai --prune-history
    npx ganache --port 27412 --chain.hardfork shanghai --database.dbPath build/tmp/ganache

and then ``brownie run deploy --network anvil`` or ``--network ganache-cli``. ``npx ganache`` cannot be the network's
own command: Brownie looks for the version of the first word, which is npx.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from brownie import accounts, web3

from carbon_tokens.demo.facts import Facts
from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Chain, Ledger, Receipt, Signer, account
from carbon_tokens.ledger.ids import facility_id

ACTORS = ("admin", "operator", "auditor", "rec-issuer", "offset-issuer", "publisher", "registrar")


class Network:
    """The active network, its actors and the demo's facts.

    Args:
        folder: where ``deployments`` and the journals are.

    Raises:
        LedgerError: the network has neither funded development accounts nor enough accounts of its own.
    """

    def __init__(self, folder: str | Path = ".") -> None:
        self.url = web3.provider.endpoint_uri
        self.chain = Chain.connect(self.url, chain_id=web3.eth.chain_id)
        self.deployments, self.home = Path(folder) / "deployments", Path(folder) / ".carbon-tokens"
        self.facts = Facts()
        self._opened: list[Ledger] = []

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        for ledger in self._opened:
            ledger.close_files()
        self.chain.close()

    def account(self, actor: str) -> Signer:
        """The development account of that name where those are funded, else the node's account in its place."""
        if self._has_development_accounts:
            return account(f"dev:{actor}", self.chain)
        place = ACTORS.index(actor)
        if place >= len(accounts):
            what = f"the network has {len(accounts)} accounts, the scripts need {len(ACTORS)}"
            raise LedgerError(what, where=self.chain.rpc.where, todo="Unlock more, or load them into Brownie.")
        return account(f"node:{accounts[place].address}", self.chain)

    @cached_property
    def _has_development_accounts(self) -> bool:
        return self.chain.is_local and all(
            self.chain.balance(account(f"dev:{actor}", self.chain).address) for actor in ACTORS
        )

    def ledger(self, actor: str) -> Ledger:
        """The deployed ledger, written by an actor. Raises LedgerError when nothing is deployed."""
        found = Ledger.connect(self.chain, self.account(actor), deployments=self.deployments, home=self.home)
        self._opened.append(found)
        return found

    @property
    def facility(self) -> int:
        """Id of the demo's facility, owned by the operator."""
        return facility_id(self.account("operator").address, hashlib.sha256(self.facts.description()).digest())


def report(what: str, receipts: Receipt | Sequence[Receipt]) -> None:
    """Prints what was done by which transaction, or that it existed (no receipt: all of it did)."""
    found = [receipts] if isinstance(receipts, Receipt) else receipts
    sent = [f"{each.tx}, gas {each.gas_used:,}" for each in found if not each.existed]
    print(f"{what}: {'; '.join(sent) or 'existed'}")


def existed(action: str) -> Receipt:
    """The receipt of what stood on the chain already."""
    return Receipt(action, "", 0, 0, (), existed=True)
