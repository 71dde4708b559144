"""A node beside a chain with two facilities of described owners, and clients with the keys of seven organisations."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import rfc8785
from eth_account import Account
from eth_account.messages import encode_defunct
from fastapi.testclient import TestClient

from carbon_tokens.factors import egrid
from carbon_tokens.ledger import Chain, Factor, Ledger, account
from carbon_tokens.ledger.mnemonic import MNEMONIC
from carbon_tokens.service import database, keys
from carbon_tokens.service.app import create
from carbon_tokens.service.limits import Limiter
from carbon_tokens.service.node import Network, Node
from tests.integration.conftest import emptied, grant_roles
from tests.integration.march import by

FACTOR = {"year": 2023, "edition": "rev1", "region": "CAMX"}
ROLES = {"admin": "admin", "operator": "operator", "rival": "operator", "auditor": "auditor", "issuer": "issuer",
         "customer": "customer", "stranger": "customer"}  # fmt: skip


def description(name: str) -> dict[str, str]:
    return {"name": name, "city": "Fresno", "postal_code": "93650", "grid_region": "CAMX", "market_zone": "US"}


@cache
def wallets() -> dict[str, Any]:
    """The development accounts' wallets by address, by a library that is not ours."""
    Account.enable_unaudited_hdwallet_features()
    found = (Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{at}") for at in range(12))
    return {each.address: each for each in found}


class Operated:
    """The node, its chain, and what an organisation does on it. ``kept``: URL of an empty database, SQLite without."""

    def __init__(self, url: str, folder: Path, name: str = "Hall", kept: str = "") -> None:
        self.chain, self.folder, self.kept = Chain.connect(url), folder, kept
        home = folder / "first"
        self.ledger = Ledger.deploy(self.chain, account("dev:admin", self.chain), deployments=home, home=home)
        grant_roles(self.ledger)
        release = egrid.release(2023, "rev1")
        by(self.ledger, "publisher").publish_factors(release, [Factor("CAMX", release.rate("CAMX").factor)])
        self.described = {who: description(f"{name} of the {who}") for who in ("operator", "broker")}
        self.facility, self.others = (self._registered(who) for who in ("operator", "broker"))
        engine = database.connect(kept or f"sqlite:///{folder / 'node.db'}")
        self.node = Node(engine, [Network("test", home, rpc=url)], every_s=0.1)
        with engine.begin() as connection:
            self.keys = {who: keys.add(connection, f"The {who}", role, 30) for who, role in ROLES.items()}
        app = create(self.node)
        app.state.limiter = Limiter(rate=1e6, burst=10**6)
        self.client = TestClient(app, raise_server_exceptions=False)

    def close(self) -> None:
        """Frees the chain, the files and the database."""
        self.ledger.close_files()
        self.chain.close()
        self.node.engine.dispose()
        if self.kept:
            emptied(self.kept)

    def _registered(self, who: str) -> str:
        metadata = hashlib.sha256(rfc8785.dumps(self.described[who])).digest()
        return f"0x{by(self.ledger, who).add_facility('CAMX', 'US', metadata).id or 0:054x}"

    def at(self, path: str = "", facility: str = "") -> str:
        return f"/chains/1/facilities/{facility or self.facility}{path}"

    def ask(self, who: str, method: str, path: str, body: Any = None, content: bytes | None = None, **head: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in head.items()}
        headers = ({"Authorization": f"Bearer {self.keys[who]}"} if who else {}) | named
        given: dict[str, Any] = {"content": content} if content is not None else {"json": body}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **given)

    def done(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The answer of a request that succeeds."""
        answer = self.ask(who, method, path, body, **more)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def signed(self, challenge: dict[str, Any], who: str = "operator", message: str = "") -> dict[str, str]:
        """A body of ``…/control``: what a wallet makes of a challenge."""
        text = encode_defunct(text=message or challenge["message"])
        wallet = wallets()[account(f"dev:{who}", self.chain).address]
        signature = wallet.sign_message(text).signature.hex().removeprefix("0x")
        return {"nonce": challenge["nonce"], "signature": "0x" + signature}

    def control(self, who: str = "operator", owner: str = "operator", facility: str = "") -> Any:
        """Lets an organisation operate a facility, by its owner's wallet."""
        challenge = self.done(who, "POST", self.at("/challenge", facility))
        return self.done(who, "POST", self.at("/control", facility), self.signed(challenge, owner))

    def record(self, who: str = "operator", of: str = "operator", facility: str = "") -> Any:
        document = rfc8785.dumps(self.described[of])
        return self.done(who, "POST", self.at("/record", facility), content=document)

    def source(self, meter: str, kind: str = "meter", utility: str = "PG&E", **terms: Any) -> int:
        body = {"kind": kind, "utility": utility, "meter": meter, "terms": terms}
        return int(self.done("operator", "POST", self.at("/sources"), body)["id"])

    def send(self, source: int, month: str, name: str, text: str | bytes, who: str = "operator", **head: str) -> Any:
        content = text.encode() if isinstance(text, str) else text
        path = self.at(f"/energy?source={source}&month={month}&name={name}")
        return self.ask(who, "POST", path, content=content, **head)

    def state(self, month: str, sources: list[int], **more: Any) -> Any:
        body = {"month": month, "sources": sources, "factor": FACTOR} | more
        return self.ask("operator", "POST", self.at("/statements"), body)

    def stated(self, name: str, meter: str, **more: Any) -> Any:
        """The statements of one meter's full March, from a file of its hours."""
        source = self.source(meter)
        assert self.send(source, "2024-03", name, hours(744)).status_code == 201
        answer = self.state("2024-03", [source], **more)
        assert answer.status_code == 201, answer.text
        return answer.json()


def hours(count: int) -> str:
    """A CSV of the first hours of March 2024, 1 kWh each."""
    rows = [f"2024-03-{at // 24 + 1:02}T{at % 24:02}:00Z,1000" for at in range(count)]
    return "\n".join(["hour_start_utc,energy_wh", *rows]) + "\n"
