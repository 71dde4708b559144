"""The public address of a node and the proxies that it believes: what is one, in one form, and what is none."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from carbon_tokens.errors import LedgerError
from carbon_tokens.service import addresses


@pytest.mark.parametrize(
    ("given", "known"),
    [("", ""), ("https://node.example", "https://node.example"), ("https://Node.Example:8443/", "https://node.example:8443"),
     ("https://192.0.2.7", "https://192.0.2.7"), ("https://[2001:db8::7]:444", "https://[2001:db8::7]:444"),
     ("http://localhost:8080", "http://localhost:8080"), ("http://127.0.0.1:1/", "http://127.0.0.1:1")],
)  # fmt: skip
def test_a_public_address_has_one_form(given: str, known: str) -> None:
    assert addresses.public(given) == known


@pytest.mark.parametrize(
    "given",
    ["node.example", "http://node.example", "https://", "https://a:b@node.example", "https://node.example/path",
     "https://node.example/?", "https://node.example?x=1", "https://node.example#x", "https://node.example:0",
     "https://node.example:99999", "https://no de.example", "https://node.example\"><script>", "javascript:alert(1)",
     "https://node..example", "https://-node.example", "ftp://node.example", "https://[x]", "//node.example",
     "https://@node.example", "https://node.example#"],
)  # fmt: skip
def test_what_is_no_public_address_is_refused(given: str) -> None:
    with pytest.raises(LedgerError, match="public address is none"):
        addresses.public(given)


@pytest.mark.parametrize(
    ("given", "known"), [("", ""), (" 10.0.0.5 , 10.1.0.0/16,", "10.0.0.5,10.1.0.0/16"), ("*", "*"), ("::1", "::1")]
)
def test_proxies_are_addresses_and_networks(given: str, known: str) -> None:
    assert addresses.proxies(given) == known


@pytest.mark.parametrize("given", ["proxy.example", "10.0.0.0/99", "10.0.0.5;10.0.0.6", "10.0.0.5/8"])
def test_what_is_no_proxy_is_refused(given: str) -> None:
    with pytest.raises(LedgerError, match="no IP address or network"):
        addresses.proxies(given)
