"""``carbon-tokens evidence``: its answers, its refusals, and what it never writes over or shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyrage", reason="sealing needs the extra `evidence`")
from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.evidence import cid_of


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bill.csv").write_text("a,b\n1,2\n")


def said(*words: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["evidence", *words, "--json"])
    assert done.exit_code == code, done.output
    return dict(json.loads(done.stdout))


def refused(*words: str, code: int = 1) -> str:
    error = said(*words, code=code)["error"]
    return f"{error['what']} {error['where']} {error['todo']}"


def key(name: str = "me.key") -> str:
    return str(said("key", "--identity", name)["public_key"])


def put(*words: str) -> str:
    return str(said("put", "bill.csv", "--to", key(), *words)["cid"])


def test_an_identity_is_made_once_for_its_owner_only_and_its_secret_is_not_printed() -> None:
    first = said("key", "--identity", "me.key")
    assert said("key", "--identity", "me.key") == first | {"made": False}
    assert Path("me.key").stat().st_mode & 0o777 == 0o600
    assert "SECRET" in Path("me.key").read_text() and "SECRET" not in json.dumps(first)


def test_an_identity_that_others_may_read_is_refused() -> None:
    cid = put()
    Path("me.key").chmod(0o640)
    assert "others may read" in refused("get", cid, "--identity", "me.key", "--out", "x")


@pytest.mark.parametrize("content", ["", "# nothing\n", "AGE-SECRET-KEY-1HIDDEN\n", "\0\0"])
def test_a_file_that_is_no_identity_is_refused_and_not_shown(content: str) -> None:
    Path("no.key").write_text(content)
    Path("no.key").chmod(0o600)
    assert "HIDDEN" not in refused("key", "--identity", "no.key")


def test_what_is_got_is_the_file_and_nothing_is_written_over() -> None:
    cid = put()
    assert "is there already" in refused("get", cid, "--identity", "me.key")
    Path("bill.csv").rename("kept.csv")
    said("get", cid, "--identity", "me.key")
    assert Path("bill.csv").read_text() == Path("kept.csv").read_text()


def test_a_reader_is_needed_and_must_be_a_public_key() -> None:
    assert CliRunner().invoke(app, ["evidence", "put", "bill.csv"]).exit_code == 2
    assert "is no age public key" in refused("put", "bill.csv", "--to", "age1x")


def test_a_file_of_another_folder_is_in_no_record() -> None:
    cid = put()
    for verb in (["get", cid, "--identity", "me.key"], ["delete", cid], ["delete", cid_of(b"")], ["delete", "x"]):
        assert refused(*verb, "--store", "elsewhere")


def test_deletion_waits_for_the_date_and_then_leaves_a_record() -> None:
    cid, other = put(), put("--days", "0")
    assert "is kept until" in refused("delete", cid)
    assert said("delete", other) == {"deleted": other}
    assert [each["cid"] for each in said("list")["items"]] == [cid]
    lines = Path(".carbon-tokens/evidence/manifest.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert events == ["kept", "kept", "deleted"]


def test_a_check_ends_with_1_and_names_what_is_wrong() -> None:
    cid = put()
    assert said("check") == {"held": 1, "findings": []}
    Path(".carbon-tokens/evidence", cid).unlink()
    assert said("check", code=1)["findings"] == [{"cid": cid, "what": "missing"}]


def test_what_is_in_no_record_can_be_removed_and_what_is_in_one_cannot() -> None:
    cid, stray = put(), cid_of(b"stray")
    Path(".carbon-tokens/evidence", stray).write_bytes(b"stray")
    assert said("check", code=1)["findings"] == [{"cid": stray, "what": "unknown"}]
    said("delete", stray, "--unknown")
    assert "is recorded" in refused("delete", cid, "--unknown")
    assert said("check")["findings"] == []


def test_a_manifest_can_stand_elsewhere_than_what_it_records() -> None:
    cid = put("--manifest", "records.jsonl")
    assert said("list", "--manifest", "records.jsonl")["items"][0]["cid"] == cid and said("list")["items"] == []


def test_a_store_that_does_not_answer_ends_with_3() -> None:
    assert "IPFS node" in refused("put", "bill.csv", "--to", key(), "--store", "ipfs://127.0.0.1:9", code=3)
    assert "keys" in refused("put", "bill.csv", "--to", key(), "--store", "s3://a:b@c")


def test_a_node_with_keys_in_the_address_of_its_store_does_not_start() -> None:
    pytest.importorskip("fastapi", reason="the node needs the extra `node`")
    done = CliRunner().invoke(app, ["serve", "--evidence", "s3://AKIA:hidden@bucket/evidence"])
    assert done.exit_code == 1 and "keys" in done.output and "hidden" not in done.output
