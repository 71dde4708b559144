"""The chain as a web3.py provider, for users who want web3.py's own API beside the ledger."""

from __future__ import annotations

from typing import Any, cast

from web3 import Web3
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from carbon_tokens.ledger.rpc import NodeError, Rpc


class _Provider(JSONBaseProvider):
    def __init__(self, rpc: Rpc) -> None:
        super().__init__()
        self._rpc = rpc

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        try:
            return cast(RPCResponse, {"jsonrpc": "2.0", "id": 1, "result": self._rpc.request(method, params)})
        except NodeError as refusal:
            data = {"data": "0x" + refusal.data.hex()} if refusal.data is not None else {}
            return cast(
                RPCResponse,
                {"jsonrpc": "2.0", "id": 1, "error": {"code": refusal.code, "message": refusal.what, **data}},
            )

    def is_connected(self, show_traceback: bool = False) -> bool:
        return True


def web3_of(rpc: Rpc) -> Web3:
    """A Web3 object over a chain of this package."""
    return Web3(_Provider(rpc))
