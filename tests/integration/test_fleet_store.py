"""A fleet in an object store: the same digest and hashes as from the folder, on a real S3 server of this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.fs
import pytest
import requests
from typer.testing import CliRunner

from carbon_tokens.allocation.fleet import Kept, Processes, allocate, in_process
from carbon_tokens.allocation.fleet.cells import Cells
from carbon_tokens.allocation.fleet.inputs import Part
from carbon_tokens.allocation.fleet.model import Fleet
from carbon_tokens.allocation.fleet.store import Store, Stored, shown
from carbon_tokens.cli import app
from carbon_tokens.errors import FleetError
from tests.fleets import SMALL, written_by_hour
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "node_modules" / "s3rver" / "bin" / "s3rver.js"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small fleet in files, two partitions."""
    return written_by_hour(SMALL, tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an S3 server with the bucket ``fleets``."""
    port = free_port()
    data = str(tmp_path_factory.mktemp("s3"))
    command = ["node", str(SERVER), "-d", data, "-a", "127.0.0.1", "-p", str(port), "--configure-bucket", "fleets"]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        started.terminate()
        started.wait(timeout=30)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "S3RVER")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def put(server: str, folder: Path, into: str) -> str:
    """The folder's files into the bucket; the URI of what they are in."""
    for file in folder.rglob("*"):
        if file.is_file():
            place = file.relative_to(folder).as_posix()
            assert requests.put(f"http://{server}/fleets/{into}/{place}", data=file.read_bytes(), timeout=30).ok
    return uri(server, into)


def uri(server: str, folder: str, bucket: str = "fleets") -> str:
    return f"s3://{bucket}/{folder}?endpoint_override={server}&scheme=http&region=us-east-1"


@pytest.fixture(scope="module")
def stored(server: str, folder: Path) -> str:
    return put(server, folder, "small")


def test_a_fleet_in_a_store_is_the_fleet_in_its_folder(stored: str, folder: Path) -> None:
    there, here = allocate(stored), allocate(folder)
    assert there.digest == here.digest and there.inputs == here.inputs and there.ignored == ()


def test_workers_open_their_own_partitions_in_the_store(stored: str, folder: Path) -> None:
    assert allocate(stored, runner=Processes(2)).rows.equals(allocate(folder).rows)


def test_what_did_not_change_in_the_store_is_not_run_again(server: str, folder: Path, tmp_path: Path) -> None:
    source, ran = put(server, folder, "kept"), list[str]()

    def counting(fleet: Fleet, parts: Sequence[Part]) -> Iterator[Cells]:
        ran.extend(part.name for part in parts)
        return in_process(fleet, parts)

    digests = {allocate(source, runner=Kept(tmp_path, counting)).digest for _ in range(2)}
    assert len(digests) == 1 and sorted(ran) == ["0.parquet", "1.parquet"]


def test_the_command_takes_the_address_of_a_store(stored: str, folder: Path) -> None:
    done = CliRunner().invoke(app, ["allocate", stored, "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout)["digest"] == allocate(folder).digest


@pytest.mark.parametrize(
    "address",
    [
        "s3://AKIA:hidden@fleets/small?scheme=http",
        "S3://AKIA:hidden@fleets/small",
        "s3://AKIA%3Ahidden@fleets/small",
        "s3://AKIA:of/hidden@fleets/small",  # keys of AWS have slashes in them
        "s3://AKIA:of#hidden+1@fleets/small",
        "s3://AKIA:80/hidden@fleets/small",
        "s3://fleets/small?access_key=AKIA&secret_key=hidden",
        "abfs://fleets@store.dfs.example/small?client_secret=hidden",
    ],
)
def test_keys_in_an_address_are_refused_and_not_shown(address: str) -> None:
    with pytest.raises(FleetError, match="keys in a URI") as caught:
        allocate(address)
    assert "hidden" not in str(caught.value) and "AKIA" not in str(caught.value)


def test_an_azure_container_before_its_account_is_no_key() -> None:
    assert shown("abfs://fleets@store.dfs.example/small") == "abfs://fleets@store.dfs.example/small"


def test_a_file_system_that_the_caller_opened_will_do(server: str, stored: str, folder: Path) -> None:
    keys = {"access_key": "S3RVER", "secret_key": "S3RVER", "region": "us-east-1"}
    store = Store(pyarrow.fs.S3FileSystem(endpoint_override=server, scheme="http", **keys), "fleets/small")
    for runner in (in_process, Processes(2)):
        assert allocate(store, runner=runner).digest == allocate(folder).digest


def test_no_access_is_named(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    with pytest.raises(FleetError, match=r"cannot be listed .*INVALID_ACCESS_KEY_ID"):
        allocate(stored.replace("/small?", "/small/?"))  # another address: file systems are opened once each


def test_a_partition_that_changes_after_it_was_hashed_is_refused_and_not_kept(
    server: str, folder: Path, tmp_path: Path
) -> None:
    """Else the result would state the hash of bytes that it did not use, and Kept would give it for ever."""
    source, place = put(server, folder, "changing"), "cpu_usage/1.parquet"

    def changing(fleet: Fleet, parts: Sequence[Part]) -> Iterator[Cells]:
        other = (folder / "cpu_usage" / "0.parquet").read_bytes()
        requests.put(f"http://{server}/fleets/changing/{place}", data=other, timeout=30)
        return in_process(fleet, parts)

    with pytest.raises(FleetError, match=r"1\.parquet: has changed since it was hashed"):
        allocate(source, runner=Kept(tmp_path, changing))
    put(server, folder, "changing")
    assert allocate(source, runner=Kept(tmp_path)).digest == allocate(folder).digest


def test_a_partition_is_read_once_to_be_hashed_and_once_to_be_run(
    stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, read = list[str](), Stored.read

    def remembering(file: Stored) -> pa.Buffer:
        reads.append(file.place)
        return read(file)

    monkeypatch.setattr(Stored, "read", remembering)
    for expected in (2, 1):
        reads.clear()
        allocate(stored, runner=Kept(tmp_path))
        assert reads.count("cpu_usage/0.parquet") == expected and reads.count("skus.parquet") == 1


@pytest.mark.parametrize(
    ("folder", "bucket", "what"),
    [("small", "elsewhere", "NO_SUCH_BUCKET"), ("nothing", "fleets", "does not exist")],
)
def test_a_bucket_or_folder_that_is_not_there_is_named(server: str, folder: str, bucket: str, what: str) -> None:
    with pytest.raises(FleetError, match=what):
        allocate(uri(server, folder, bucket))


def test_a_table_that_vanishes_is_named(server: str, folder: Path) -> None:
    source = put(server, folder, "vanishing")

    def without(fleet: Fleet, parts: Sequence[Part]) -> Iterator[Cells]:
        requests.delete(f"http://{server}/fleets/vanishing/cpu_usage/1.parquet", timeout=30)
        return in_process(fleet, parts)

    with pytest.raises(FleetError, match=r"cpu_usage/1\.parquet: cannot be read"):
        allocate(source, runner=without)


def test_what_is_no_parquet_file_among_the_partitions_is_refused(server: str, folder: Path) -> None:
    source = put(server, folder, "mixed")
    requests.put(f"http://{server}/fleets/mixed/cpu_usage/2.csv", data=b"a,b\n", timeout=30)
    with pytest.raises(FleetError, match=r"cpu_usage/2\.csv is no Parquet file"):
        allocate(source)


def test_an_unknown_kind_of_store_is_refused() -> None:
    with pytest.raises(FleetError, match="no store that can be opened"):
        allocate("gopher://fleets/small")
