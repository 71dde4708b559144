"""One interface, several kinds of store: a folder and two S3 servers that are not ours; test_evidence_ipfs has IPFS."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("boto3", reason="S3 needs the extra `evidence`")
import boto3

from carbon_tokens.errors import EvidenceError, EvidenceLost, EvidenceRefused
from carbon_tokens.evidence import Store, cid_of, open_store, sealing
from carbon_tokens.evidence.manifest import Archive, Manifest
from tests.integration.peers import started
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
S3RVER = ROOT / "node_modules" / "s3rver" / "bin" / "s3rver.js"
SECRET = "S3RVER"  # the key that s3rver takes; moto takes any


@dataclass(frozen=True)
class Kind:
    """A store, and how its bytes are changed behind its back."""

    store: Store
    address: str
    folder: Path | None = None

    def alter(self, cid: str, content: bytes) -> None:
        if self.folder:
            (self.folder / cid).chmod(0o600)
            (self.folder / cid).write_bytes(content)
            return
        client(self.address).put_object(Bucket="evidence", Key=f"held/{cid}", Body=content)


def client(address: str) -> Any:
    return boto3.client("s3", endpoint_url=f"http://{address}", region_name="us-east-1")


@pytest.fixture(autouse=True, scope="module")
def keys() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, SECRET)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of two S3 servers with a bucket ``evidence``: moto knows conditions and checksums, s3rver neither."""
    ports, data = [free_port(), free_port()], str(tmp_path_factory.mktemp("s3"))
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(ports[0])]
    processes = [started(command, ports[0], MOTO_S3_DEFAULT_MAX_KEYS="10")]
    if S3RVER.exists():
        command = ["node", str(S3RVER), "-d", data, "-a", "127.0.0.1", "-p", str(ports[1])]
        processes.append(started([*command, "--configure-bucket", "evidence"], ports[1]))
    found = dict(zip(("moto", "s3rver"), (f"127.0.0.1:{port}" for port in ports), strict=True))
    client(found["moto"]).create_bucket(Bucket="evidence")
    try:
        yield found
    finally:
        for process in processes:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(params=["folder", "moto", "s3rver"])
def kind(request: pytest.FixtureRequest, tmp_path: Path, servers: dict[str, str]) -> Kind:
    if request.param == "folder":
        return Kind(open_store(str(tmp_path / "held")), "", tmp_path / "held")
    if request.param == "s3rver" and not S3RVER.exists():
        pytest.skip("s3rver is not installed: run npm ci")
    address = servers[request.param]
    return Kind(open_store(f"s3://evidence/held?endpoint=http://{address}&region=us-east-1"), address)


def some(size: int = 1000) -> bytes:
    return os.urandom(size)


def test_what_is_put_is_got_and_listed_until_it_is_deleted(kind: Kind) -> None:
    store, contents = kind.store, [b"", some(), some(300_000)]
    cids = [store.put(each) for each in contents]
    assert cids == [cid_of(each) for each in contents]
    assert [store.get(cid) for cid in cids] == contents and set(cids) <= set(store.names())
    store.delete(cids[1])
    store.delete(cids[1])
    assert [store.has(cid) for cid in cids] == [True, False, True] and cids[1] not in set(store.names())


def test_what_is_missing_is_named_with_its_store(kind: Kind) -> None:
    cid = cid_of(some())
    with pytest.raises(EvidenceLost, match=f"{cid} is missing") as caught:
        kind.store.get(cid)
    assert caught.value.where == kind.store.name and caught.value.todo


def test_what_was_altered_is_named_and_never_given(kind: Kind) -> None:
    content = some()
    cid = kind.store.put(content)
    kind.alter(cid, content[:-1] + bytes((content[-1] ^ 1,)))
    with pytest.raises(EvidenceLost, match=f"{cid} is altered"):
        kind.store.get(cid)
    with pytest.raises(EvidenceLost, match=f"{cid} is altered"):
        kind.store.put(content)  # what is there stays there, and is not said to be kept


def test_the_same_bytes_are_kept_once(kind: Kind) -> None:
    content = some()
    cids = {kind.store.put(content) for _ in range(3)}
    assert len(cids) == 1 and list(kind.store.names()).count(cid_of(content)) == 1


@pytest.mark.parametrize("cid", ["../../etc/passwd", "", "held", "bafkrei" + "0" * 52])
def test_what_is_no_cid_reaches_no_store(kind: Kind, cid: str) -> None:
    for call in (kind.store.get, kind.store.has, kind.store.delete):
        with pytest.raises(EvidenceRefused, match="is no CID"):
            call(cid)


def test_more_than_a_page_of_evidence_is_listed_whole(servers: dict[str, str]) -> None:
    """The server lists ten at a time."""
    store = open_store(f"s3://evidence/many?endpoint=http://{servers['moto']}")
    assert len({store.put(bytes((number,))) for number in range(35)} & set(store.names())) == 35


def test_the_store_itself_compares_the_sha_256_and_writes_nothing_twice(servers: dict[str, str]) -> None:
    """Seen from outside: the object has the checksum that the put stated, and a second put of its key is refused."""
    store, content = open_store(f"s3://evidence/held?endpoint=http://{servers['moto']}"), some()
    cid, direct = store.put(content), client(servers["moto"])
    head = direct.head_object(Bucket="evidence", Key=f"held/{cid}", ChecksumMode="ENABLED")
    assert base64.b64decode(head["ChecksumSHA256"]) == hashlib.sha256(content).digest()
    with pytest.raises(direct.exceptions.ClientError, match="PreconditionFailed"):
        direct.put_object(Bucket="evidence", Key=f"held/{cid}", Body=b"x", IfNoneMatch="*")


def test_a_store_that_does_not_answer_or_has_no_such_bucket_is_named_without_keys(servers: dict[str, str]) -> None:
    for address in (f"127.0.0.1:{free_port()}", servers["moto"]):
        store = open_store(f"s3://nothing/held?endpoint=http://{address}")
        for call in (lambda store=store: store.put(b"x"), lambda store=store: list(store.names())):
            with pytest.raises(EvidenceError, match="does not answer") as caught:
                call()
            assert "s3://nothing/held" in str(caught.value) and SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://AKIA:hidden@evidence/held", "s3://evidence/held?access_key=AKIA&secret_key=hidden",
        "s3://evidence/held?endpoint=http://AKIA:hidden@host", "ipfs://user:hidden@host:5001", "ipfs://host?token=hidden",
        "S3://AKIA:of/hidden@evidence", "https://AKIA:hidden@host/evidence", "s3://evidence:hidden/held", "s3://", "",
        "ipfs://", "gopher://hidden", "s3://evidence/?endpoint=hidden", "ipfs://host:hidden", "hidden AKIA://x", "s3://[hidden",
    ],
)  # fmt: skip
def test_keys_in_an_address_and_what_is_no_address_are_refused_and_not_shown(uri: str) -> None:
    with pytest.raises(EvidenceRefused) as caught:
        open_store(uri)
    assert "hidden" not in str(caught.value) and "AKIA" not in str(caught.value)


_PUT = """
import sys
from carbon_tokens.evidence import open_store
store, at = open_store(sys.argv[1]), 0
while True:
    print(store.put(bytes((at % 251,)) * 3_000_000 + at.to_bytes(4, "big")), flush=True)
    at += 1
"""


def test_who_is_killed_in_the_middle_of_a_put_leaves_only_whole_files_and_all_that_was_said_to_be_kept(
    tmp_path: Path,
) -> None:
    """kill -9 at ten moments; what the process had printed stands, and nothing under a CID is less than whole."""
    said, address = list[str](), str(tmp_path / "held")
    for moment in range(10):
        process = subprocess.Popen([sys.executable, "-c", _PUT, address], stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert process.stdout
        said.append(process.stdout.readline().strip())
        time.sleep(0.0017 * moment)
        process.send_signal(signal.SIGKILL)
        said += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.wait()
    store = open_store(address)
    assert set(said) <= set(store.names()) and len(set(said)) >= 1
    for cid in store.names():
        store.get(cid)


def test_many_can_put_at_once(kind: Kind) -> None:
    """Different files and the same ones, in eight threads."""
    contents = [some(2000) for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        cids = list(pool.map(kind.store.put, contents * 3))
    assert cids == [cid_of(each) for each in contents] * 3
    assert all(kind.store.get(cid) == content for cid, content in zip(cids, contents * 3, strict=True))


def test_parts_of_who_was_killed_are_no_evidence_and_are_removed_later(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    old, new = tmp_path / ".incoming-old", tmp_path / ".incoming-new"
    for each in (old, new):
        each.write_bytes(b"half")
    os.utime(old, (0, 0))
    cid = store.put(b"x")
    assert list(store.names()) == [cid] and new.exists() and not old.exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="cannot be written"):
        open_store(str(tmp_path / "file")).put(b"x")


_ARCHIVE = """
import sys
from pathlib import Path
from carbon_tokens.evidence import open_store, sealing
from carbon_tokens.evidence.manifest import Archive, Manifest
archive = Archive(open_store(sys.argv[1]), Manifest(Path(sys.argv[1]) / "manifest.jsonl"))
while True:
    print(archive.put(sealing.new(bytes(100_000), "x"), [sys.argv[2]], 2**40).cid, flush=True)
"""


def test_who_is_killed_between_store_and_manifest_leaves_records_of_all_that_was_said_and_at_most_strays(
    tmp_path: Path,
) -> None:
    """kill -9 at ten moments. A stray is sealed bytes that no record names; it is found and can be removed."""
    said, (_, key) = list[str](), sealing.new_identity()
    for moment in range(10):
        command = [sys.executable, "-c", _ARCHIVE, str(tmp_path), key]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert process.stdout
        said.append(process.stdout.readline().strip())
        time.sleep(0.0023 * moment)
        process.send_signal(signal.SIGKILL)
        said += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.wait()
    archive = Archive(open_store(str(tmp_path)), Manifest(tmp_path / "manifest.jsonl"))
    assert set(said) <= set(archive.manifest.items()) and len(set(said)) >= 10
    assert {each.what for each in archive.check()} <= {"unknown"}
