"""A node that was overtaken by its own next block is asked again; what it refuses stays refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from carbon_tokens.ledger.rpc import HttpRpc, NodeError

OVERTAKEN = {"code": -32602, "message": "BlockOutOfRangeError: block height is 503 but requested was 502"}
REFUSED = {"code": -32000, "message": "nonce too low"}


class Node:
    """A server on this machine that gives prepared answers in their order, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.asked = 0
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                answer = node.answers[min(node.asked, len(node.answers) - 1)]
                node.asked += 1
                body = json.dumps({"jsonrpc": "2.0", "id": 1, **answer}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def rpc(self) -> HttpRpc:
        return HttpRpc(f"http://127.0.0.1:{self.server.server_port}")


@pytest.fixture
def node() -> Iterator[Node]:
    found = Node()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_a_read_that_the_next_block_overtook_is_asked_again(node: Node) -> None:
    node.answers = [{"error": OVERTAKEN}, {"error": OVERTAKEN}, {"result": "0x7"}]
    assert node.rpc.request("eth_getTransactionCount", ["0x0", "latest"]) == "0x7" and node.asked == 3


def test_a_node_that_is_always_overtaken_is_an_error_in_the_end(node: Node) -> None:
    node.answers = [{"error": OVERTAKEN}]
    with pytest.raises(NodeError, match="BlockOutOfRangeError"):
        node.rpc.request("eth_getTransactionCount", ["0x0", "latest"])
    assert node.asked == 5


def test_a_refusal_is_not_asked_again(node: Node) -> None:
    node.answers = [{"error": REFUSED}, {"result": "0x7"}]
    with pytest.raises(NodeError, match="nonce too low"):
        node.rpc.request("eth_sendRawTransaction", ["0x"])
    assert node.asked == 1
