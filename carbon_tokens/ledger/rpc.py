"""JSON-RPC over HTTP, and what every node of this package can do: one request, or many in one body.

Batches go out as own HTTP bodies over one session, because web3.py refuses ``eth_sendRawTransaction`` in its batches.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from carbon_tokens.errors import LedgerError, NoAnswer

Call = tuple[str, Sequence[object]]

_TRIES = 5
BATCH_CALLS = 200
BATCH_BYTES = 1_500_000  # anvil refuses bodies above about 2 MB


class NodeError(LedgerError):
    """A node refused a request; ``code`` and ``data`` are those of its JSON-RPC error (``data`` holds revert bytes)."""

    def __init__(self, what: str, *, where: str = "", todo: str = "", code: int = 0, data: bytes | None = None) -> None:
        super().__init__(what, where=where, todo=todo)
        self.code, self.data = code, data


class Rpc(Protocol):
    """A chain reached by JSON-RPC: a node behind a URL or the embedded chain."""

    where: str

    def request(self, method: str, params: Sequence[object] = ()) -> Any:
        """The result of one call. Raises NodeError when the node refuses it."""

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results of many calls in their order; a refused one stands as the NodeError it would have raised."""

    def close(self) -> None:
        """Frees the connection or the file."""


class HttpRpc:
    """A node behind an http(s) URL; ``where`` names it without user, password, path or query, which may be secret."""

    def __init__(self, url: str, timeout: float = 30.0) -> None:
        import requests  # costs 0.2 s, which commands on the embedded chain need not pay
        from urllib3.exceptions import HTTPError

        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise LedgerError("the RPC address is no http(s) URL", where="--rpc", todo="Write http://127.0.0.1:8545.")
        port = f":{parts.port}" if parts.port else ""
        self.where = f"{parts.scheme}://{parts.hostname}{port}"
        self._timeout, self._failures = timeout, (requests.RequestException, HTTPError)
        self._session = requests.Session()
        # Proxies, certificates and credentials of the environment are looked up once, and not for each request.
        try:
            blank = requests.Request("POST", url, {"Content-Type": "application/json"})
            self._blank = self._session.prepare_request(blank)
            self._settings = self._session.merge_environment_settings(self._blank.url, {}, True, None, None)
        except requests.RequestException as failure:
            raise LedgerError(f"the RPC address is no URL ({type(failure).__name__})", where="--rpc") from None

    def __repr__(self) -> str:
        return f"HttpRpc({self.where})"

    def request(self, method: str, params: Sequence[object] = ()) -> Any:
        for _ in range(_TRIES):
            reply = self._post(_body(1, method, params))
            if not _overtaken(reply):
                break
        if not isinstance(reply, dict):
            raise LedgerError("the answer is not JSON-RPC", where=self.where)
        return _result(reply, self.where, raising=True)

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        results: list[Any] = []
        for bodies in _portions(calls):
            reply = self._post(f"[{','.join(bodies)}]")
            if not isinstance(reply, list):
                raise LedgerError("the node does not answer JSON-RPC batches", where=self.where)
            by_id = {int(answer["id"]): answer for answer in reply if answer.get("id") is not None}
            if len(by_id) != len(bodies):
                raise LedgerError(f"{len(by_id)} answers to a batch of {len(bodies)} calls", where=self.where)
            results.extend(_result(by_id[number], self.where, raising=False) for number in range(len(bodies)))
        return results

    def close(self) -> None:
        self._session.close()

    def _post(self, body: str) -> Any:
        try:
            request = self._blank.copy()
            request.prepare_body(body.encode(), None)
            with self._session.send(request, timeout=self._timeout, allow_redirects=False, **self._settings) as reply:
                return _parsed(reply.raw.read(decode_content=True))  # in one piece: reply.content joins 10 kB at a time
        except self._failures as failure:
            # Not chained: the text of requests' exceptions holds the URL with its key.
            raise NoAnswer(
                f"no answer ({type(failure).__name__})", where=self.where, todo="Start the node or correct the address."
            ) from None
        except ValueError:
            raise NoAnswer(f"the answer is no JSON (HTTP {reply.status_code})", where=self.where) from None


def _parsed(content: bytes) -> Any:
    """JSON; by orjson where the extra `node` brought it, which gives the same at several times the speed."""
    try:
        import orjson
    except ModuleNotFoundError:
        return json.loads(content)
    return orjson.loads(content)


def _body(number: int, method: str, params: Sequence[object]) -> str:
    call = {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
    return json.dumps(call, separators=(",", ":"))


def _portions(calls: Sequence[Call]) -> Iterator[list[str]]:
    bodies: list[str] = []
    size = 0
    for method, params in calls:
        body = _body(len(bodies), method, params)
        if bodies and (len(bodies) == BATCH_CALLS or size + len(body) > BATCH_BYTES):
            yield bodies
            bodies, size = [], 0
            body = _body(0, method, params)
        bodies.append(body)
        size += len(body)
    if bodies:
        yield bodies


def _overtaken(reply: object) -> bool:
    """Whether a node that keeps no old states (anvil --prune-history) mined a block while it looked "latest" up."""
    error = reply.get("error") if isinstance(reply, dict) else None
    return isinstance(error, dict) and str(error.get("message")).startswith("BlockOutOfRangeError")


def _result(reply: dict[str, Any], where: str, *, raising: bool) -> Any:
    error = reply.get("error")
    if not error:
        return reply.get("result")
    failure = NodeError(
        str(error.get("message", error)),
        where=where,
        code=int(error.get("code") or 0),
        data=revert_data(error.get("data")),
    )
    if raising:
        raise failure
    return failure


def revert_data(data: object) -> bytes | None:
    """The revert bytes in the ``data`` of a JSON-RPC error: a hex text (Anvil, geth, Ganache's eth_call), or an object
    with ``result`` (Ganache's eth_estimateGas) or ``data``; None when the error is no revert."""
    if isinstance(data, dict):
        data = data.get("result", data.get("data"))
    if isinstance(data, str) and data.startswith("0x"):
        return bytes.fromhex(data[2:])
    return None
