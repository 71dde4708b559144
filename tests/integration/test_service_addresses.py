"""A node behind a proxy: whose word about the client counts, and what links and QR codes say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
import requests

from carbon_tokens.ledger import Chain, Ledger
from tests.integration.march import Deploy
from tests.integration.served import Served

FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
          "Forwarded": "for=203.0.113.9;proto=https;host=evil.example"}  # fmt: skip


@pytest.fixture
def ledger(anvil: str, deploy: Deploy) -> Iterator[Ledger]:
    chain = Chain.connect(anvil)
    yield deploy(chain)
    chain.close()


def door(node: Served, headers: dict[str, str]) -> str:
    """The cookie of the page to sign in: for https alone or not."""
    return requests.get(f"{node.base}/sign-in", headers=headers, timeout=10).headers["set-cookie"]


@pytest.mark.parametrize(
    ("options", "plain", "forged"),
    [((), False, False), (("--forwarded-allow-ips", "10.9.8.7"), False, False),
     (("--forwarded-allow-ips", "127.0.0.1"), False, True), (("--public-url", "https://node.example"), True, True)],
    ids=["nobody", "another", "proxy", "public"],
)  # fmt: skip
def test_forwarded_headers_count_from_named_proxies_alone(
    ledger: Ledger, tmp_path: Path, options: tuple[str, ...], plain: bool, forged: bool
) -> None:
    """Not even from this machine itself; a public address says by itself that the node is reached by https."""
    node = Served(ledger, tmp_path / "first", f"sqlite:///{tmp_path / 'node.db'}", *options)
    node.start()
    try:
        assert ("Secure" in door(node, {})) is plain and ("Secure" in door(node, FORGED)) is forged
    finally:
        node.kill()
