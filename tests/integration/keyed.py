"""A node beside a chain, with keys of every role and wallets that the node never sees."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from carbon_tokens.ledger import Ledger, account
from carbon_tokens.service import database, keys
from carbon_tokens.service.app import create
from carbon_tokens.service.limits import Limiter
from carbon_tokens.service.node import Network, Node
from tests.integration.march import with_facility

HEAD = "token_class,registry,source,serials,serial_from,serial_thru,amount,vintage_start,vintage_end,document_sha256"


def table(first: int = 1, count: int = 2, source: str = "W1") -> str:
    """RECs of March 2024, one MWh each."""
    rows = [
        f"rec,NAR,{source},NAR-{n},{n},{n},1000000,2024-03-01T00:00:00Z,2024-04-01T00:00:00Z,"
        + "0x" + hashlib.sha256(f"REC {source} {n}".encode()).hexdigest()
        for n in range(first, first + count)
    ]  # fmt: skip
    return "\n".join([HEAD, *rows, ""])


class Place:
    """A node on Anvil with keys of every role, and wallets that the node never sees."""

    def __init__(self, ledger: Ledger, folder: Path, url: str = "") -> None:
        self.ledger, self.facility = ledger, with_facility(ledger)
        engine = database.connect(url or f"sqlite:///{folder / 'node.db'}")
        self.node = Node(engine, [Network("test", folder / "first", rpc=ledger.chain.where)], every_s=0.1)
        with engine.begin() as connection:
            self.keys = {role: keys.add(connection, f"The {role}", role, 30) for role in keys.ROLES}
        app = create(self.node)
        app.state.limiter = Limiter(rate=10_000, burst=10_000)
        self.client = TestClient(app, raise_server_exceptions=False)

    @property
    def id(self) -> str:
        return f"0x{self.facility:054x}"

    def wallet(self, name: str) -> str:
        return account(f"dev:{name}", self.ledger.chain).address

    def prepare(self, role: str, kind: str, wallet: str, headers: Any = None, **body: Any) -> Any:
        given = {"Authorization": f"Bearer {self.keys[role]}", **(headers or {})}
        content = {"from": self.wallet(wallet), **body}
        return self.client.post(f"/api/v1/chains/1/transactions/{kind}", json=content, headers=given)

    def sent(self, answer: Any) -> list[dict[str, Any]]:
        """Sends what was prepared, as a wallet does; the transactions' states afterwards."""
        assert answer.status_code == 201, answer.text
        done = []
        for call in answer.json()["calls"]:
            sent = {name: call[name] for name in ("from", "to", "data", "value", "gas")}
            number = self.ledger.chain.rpc.request("eth_sendTransaction", [sent])
            self.ledger.chain.wait([number])
            done.append(self.client.get(f"/api/v1/chains/1/transactions/{number}").json())
        return done

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/chains/1{path}")

    def issued(self) -> list[dict[str, Any]]:
        """Two RECs of the issuer, by the API."""
        device = {"class": "rec", "registry": "NAR", "device": "W1", "market_zone": "US", "grid_region": "CAMX"}
        self.sent(self.prepare("issuer", "source", "rec-issuer", **device))
        answer = self.prepare("issuer", "issue", "rec-issuer", table=table())
        assert [each["state"] for each in self.sent(answer)] == ["mined"]
        return list(answer.json()["effects"]["tokens"])

    def synced(self) -> None:
        self.node.followers[1].sync()
