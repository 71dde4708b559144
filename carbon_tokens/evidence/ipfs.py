"""Evidence in IPFS, by the HTTP API of a node (/api/v0, as kubo has it).

``add`` with raw leaves and blocks of 1 MiB gives a file of one block the CID of its sha-256, which is ours; a larger
one gets the CID of a tree. Its node pins the root, and a link from our name to it stands in the node's own folders
(MFS, /carbon-tokens-evidence), by which it is found again. Whoever has the CID can ask for the file: it must be sealed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests

from carbon_tokens.errors import EvidenceError
from carbon_tokens.evidence.cid import cid_of, digest_of
from carbon_tokens.evidence.store import checked, missing

BLOCK = 1 << 20  # bytes: the largest block that nodes exchange is 2 MiB
_FOLDER = "/carbon-tokens-evidence"
_ADDED = {
    "cid-version": "1",
    "raw-leaves": "true",
    "pin": "true",
    "chunker": f"size-{BLOCK}",
    "cid-base": "base32",
    "quieter": "true",
}
_GONE = ("does not exist", "not found", "not pinned")  # the API says why in words only
_SECONDS = (5, 60)


class Ipfs:
    """An IPFS node as a store of evidence. ``address``: http://host:5001."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    @property
    def name(self) -> str:
        return f"IPFS at {urlsplit(self._address).netloc}"

    def put(self, content: bytes) -> str:
        cid = cid_of(content)
        if self._root(cid):
            self.get(cid)
            return cid
        answer = self._ask("add", _ADDED, content)
        if answer is None:
            raise EvidenceError("the IPFS node adds nothing", where=self.name)
        root = str(json.loads(answer.text.splitlines()[-1])["Hash"])
        if len(content) <= BLOCK and root != cid:
            raise EvidenceError(f"the IPFS node calls {cid} {root[:80]}", where=self.name, todo="Use another node.")
        self._ask("files/mkdir", {"arg": _FOLDER, "parents": "true", "cid-version": "1"})
        self._ask("files/cp", {"arg": [f"/ipfs/{root}", f"{_FOLDER}/{cid}"]}, allowed=("already has entry",))
        return cid

    def get(self, cid: str) -> bytes:
        root = self._root(cid)
        found = self._ask("cat", {"arg": root}, allowed=_GONE) if root else None
        if found is None:
            raise missing(cid, self.name)
        return checked(found.content, cid, self.name)

    def has(self, cid: str) -> bool:
        return bool(self._root(cid))

    def delete(self, cid: str) -> None:
        root = self._root(cid)
        if root:
            self._ask("files/rm", {"arg": f"{_FOLDER}/{cid}"})
            self._ask("pin/rm", {"arg": root}, allowed=_GONE)

    def names(self) -> Iterator[str]:
        found = self._ask("files/ls", {"arg": _FOLDER}, allowed=_GONE)
        entries = (found.json().get("Entries") or []) if found else []
        yield from (str(each["Name"]) for each in entries if str(each["Name"]).startswith("bafkrei"))

    def _root(self, cid: str) -> str:
        """The CID that the node has for one of ours; "" for none."""
        digest_of(cid)
        found = self._ask(
            "files/stat", {"arg": f"{_FOLDER}/{cid}", "hash": "true", "cid-base": "base32"}, allowed=_GONE
        )
        return str(found.json()["Hash"]) if found else ""

    def _ask(
        self, what: str, given: dict[str, Any], content: bytes | None = None, allowed: tuple[str, ...] = ()
    ) -> requests.Response | None:
        """An answer of the node; None for an error that is allowed. Raises EvidenceError for others."""
        files = None if content is None else {"file": ("evidence", content, "application/octet-stream")}
        address = f"{self._address}/api/v0/{what}"
        try:
            answer = requests.post(address, params=given, files=files, timeout=_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise self._failed(what, type(error).__name__) from None
        if answer.ok:
            return answer
        if any(words in answer.text for words in allowed):
            return None
        raise self._failed(what, f"status {answer.status_code}")

    def _failed(self, what: str, why: str) -> EvidenceError:
        return EvidenceError(
            f"the IPFS node does not do {what} ({why})", where=self.name, todo="Start it, or look there."
        )
