"""A fleet in an object store: the same digest and hashes as from the folder, on a real S3 server of this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from carbon_tokens.allocation.fleet import Kept, Processes, allocate, in_process
from carbon_tokens.allocation.fleet.inputs import Part
from carbon_tokens.allocation.fleet.model import Fleet
from carbon_tokens.cli import app
from carbon_tokens.errors import FleetError
from tests.fleets import SMALL, written_by_hour

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "node_modules" / "s3rver" / "bin" / "s3rver.js"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small fleet in files, two partitions."""
    return written_by_hour(SMALL, tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an S3 server with the bucket ``fleets``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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

    def counting(fleet: Fleet, parts: list[Part]):  # type: ignore[no-untyped-def]
        ran.extend(part.name for part in parts)
        return in_process(fleet, parts)

    digests = {allocate(source, runner=Kept(tmp_path, counting)).digest for _ in range(2)}
    assert len(digests) == 1 and sorted(ran) == ["0.parquet", "1.parquet"]


def test_the_command_takes_the_address_of_a_store(stored: str, folder: Path) -> None:
    done = CliRunner().invoke(app, ["allocate", stored, "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout)["digest"] == allocate(folder).digest


def test_keys_in_an_address_are_refused_and_not_shown(server: str) -> None:
    with pytest.raises(FleetError, match="keys in a URI") as caught:
        allocate(f"s3://AKIA:hidden@fleets/small?endpoint_override={server}&scheme=http")
    assert "hidden" not in str(caught.value) and "AKIA" not in str(caught.value)


@pytest.mark.parametrize(
    ("folder", "bucket", "what"),
    [("small", "elsewhere", "NO_SUCH_BUCKET"), ("nothing", "fleets", "does not exist")],
)
def test_a_bucket_or_folder_that_is_not_there_is_named(server: str, folder: str, bucket: str, what: str) -> None:
    with pytest.raises(FleetError, match=what):
        allocate(uri(server, folder, bucket))


def test_a_table_that_vanishes_is_named(server: str, folder: Path) -> None:
    source = put(server, folder, "vanishing")

    def without(fleet: Fleet, parts: list[Part]):  # type: ignore[no-untyped-def]
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
