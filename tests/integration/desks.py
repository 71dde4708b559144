"""A node with a key of each role, and browsers that sign in to its private pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.service import database, keys, schema
from carbon_tokens.service.app import create
from carbon_tokens.service.keys import ROLES
from carbon_tokens.service.node import Network, Node
from tests.integration.conftest import grant_roles
from tests.integration.march import rec_source, with_facility

HTTP, HTTPS = "http://node.test", "https://node.test"


class Place:
    """A node beside an embedded chain with one facility, and a key of each role."""

    def __init__(self, node: Node, facility: int, path: Path) -> None:
        self.node, self.facility, self.path = node, facility, path
        self.app = create(node)
        with node.engine.begin() as connection:
            self.keys = {role: keys.add(connection, f"The {role}", role, 30) for role in ROLES}

    def browser(self, url: str = HTTP) -> TestClient:
        return TestClient(self.app, base_url=url, raise_server_exceptions=False, follow_redirects=False)

    def seated(self, role: str, url: str = HTTP) -> TestClient:
        browser = self.browser(url)
        answer = sign_in(browser, self.keys[role])
        assert answer.status_code == 303 and answer.headers["location"] == "/desk", answer.text
        return browser

    def verbs(self) -> list[str]:
        with self.node.engine.begin() as connection:
            return list(connection.scalars(select(schema.action.c.verb).order_by(schema.action.c.id)))


def form_of(page: str) -> str:
    """The token in a page's form."""
    found = re.search(r'name="form" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def sign_in(browser: TestClient, key: str, **more: str) -> Any:
    return browser.post("/sign-in", data={"key": key, "form": form_of(browser.get("/sign-in").text), **more})


def cookie(answer: Any, name: str) -> str:
    """The Set-Cookie line of a name."""
    (found,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{name}=")]
    return str(found)


def served(folder: Path) -> Iterator[tuple[Node, int, Path]]:
    """A node, the facility on its chain, and its folder."""
    chain = Chain.connect(state=folder / "chain.db")
    home = folder / "deployments"
    ledger = Ledger.deploy(chain, account("dev:admin", chain), deployments=home, home=home)
    grant_roles(ledger)
    facility = with_facility(ledger)
    rec_source(ledger)
    ledger.close_files()
    chain.close()
    engine = database.connect(f"sqlite:///{folder / 'node.db'}")
    node = Node(engine, [Network("test", home, state=folder / "chain.db")], every_s=5)
    node.start()
    yield node, facility, folder
    node.stop()
