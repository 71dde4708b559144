"""Evidence in an IPFS node that is not ours: a peer of IPFS' own JavaScript parts (ipfs_peer.mjs), which hashes each
block that it reads, or one whose API is at CARBON_TOKENS_IPFS (http://host:5001), for example kubo.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from carbon_tokens.errors import EvidenceError, EvidenceLost
from carbon_tokens.evidence import Store, cid_of, open_store
from tests.integration.peers import started
from tests.ports import free_port

UNIXFS = Path(__file__).resolve().parents[2] / "node_modules" / "ipfs-unixfs-importer"


@dataclass(frozen=True)
class Peer:
    """An IPFS node: where its API is, and its folder where the node is of this test's own."""

    address: str
    folder: Path | None = None

    def ask(self, what: str, **given: Any) -> requests.Response:
        return requests.post(f"{self.address}/api/v0/{what}", params={"cid-base": "base32", **given}, timeout=30)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    there = os.environ.get("CARBON_TOKENS_IPFS", "")
    if there or not UNIXFS.exists():
        if not there:
            pytest.skip("ipfs-unixfs-importer is not installed: run npm ci")
        yield Peer(there)
        return
    port, folder = free_port(), tmp_path_factory.mktemp("ipfs")
    process = started(["node", str(Path(__file__).with_name("ipfs_peer.mjs")), str(port), str(folder)], port)
    try:
        yield Peer(f"http://127.0.0.1:{port}", folder)
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def ipfs(peer: Peer) -> Store:
    return open_store(f"ipfs://{peer.address.removeprefix('http://')}")


@pytest.mark.parametrize("size", [0, 1000, 1 << 20, (1 << 20) + 1, 5_000_000])
def test_an_ipfs_node_keeps_and_lists_files_of_any_size(peer: Peer, ipfs: Store, size: int) -> None:
    """Of one block its own name for the file is ours, and the root of a larger one is pinned; until it is deleted."""
    content = os.urandom(size)
    cid = ipfs.put(content)
    assert ipfs.put(content) == cid == cid_of(content) and ipfs.get(cid) == content
    assert ipfs.has(cid) and cid in set(ipfs.names())
    root = peer.ask("files/stat", arg=f"/carbon-tokens-evidence/{cid}", hash="true").json()["Hash"]
    assert (root == cid) == (size <= 1 << 20) and root.startswith("bafybei" if size > 1 << 20 else "bafkrei")
    assert peer.ask("cat", arg=root).content == content and root in peer.ask("pin/ls", arg=root).text
    ipfs.delete(cid)
    ipfs.delete(cid)
    assert not ipfs.has(cid) and cid not in set(ipfs.names()) and not peer.ask("pin/ls", arg=root).ok
    with pytest.raises(EvidenceLost, match="is missing"):
        ipfs.get(cid)


def test_a_name_in_an_ipfs_node_that_leads_to_other_bytes_is_altered_evidence(peer: Peer, ipfs: Store) -> None:
    real, other = os.urandom(1000), os.urandom(1000)
    cid, its = cid_of(real), ipfs.put(other)
    peer.ask("files/cp", arg=[f"/ipfs/{its}", f"/carbon-tokens-evidence/{cid}"])
    with pytest.raises(EvidenceLost, match=f"{cid} is altered"):
        ipfs.get(cid)


def test_a_block_that_was_altered_on_an_ipfs_nodes_disk_is_refused_by_its_cid_and_never_given(
    peer: Peer, ipfs: Store
) -> None:
    """A leaf in the middle of a DAG: the node hashes what it reads."""
    if peer.folder is None:
        pytest.skip("the node at CARBON_TOKENS_IPFS keeps its blocks elsewhere")
    before = set((peer.folder / "blocks").iterdir())
    content = os.urandom(3 << 20)
    cid = ipfs.put(content)
    leaf = min(set((peer.folder / "blocks").iterdir()) - before, key=lambda each: -each.stat().st_size)
    leaf.write_bytes(os.urandom(leaf.stat().st_size))
    said = peer.ask("cat", arg=peer.ask("files/stat", arg=f"/carbon-tokens-evidence/{cid}").json()["Hash"])
    assert said.status_code == 500 and f"different hash than requested: {leaf.name}" in said.text
    with pytest.raises(EvidenceError, match="does not do cat"):
        ipfs.get(cid)
    with pytest.raises(EvidenceError, match="does not do cat"):
        ipfs.put(content)


def test_an_ipfs_node_that_does_not_answer_is_named() -> None:
    store = open_store(f"ipfs://127.0.0.1:{free_port()}")
    with pytest.raises(EvidenceError, match="does not do files/stat"):
        store.put(b"x")
