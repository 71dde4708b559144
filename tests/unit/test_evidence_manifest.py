"""What is held as evidence: recorded for ever, kept until its date, checked byte by byte."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("pyrage", reason="sealing needs the extra `evidence`")

from carbon_tokens.errors import EvidenceError, EvidenceLost, EvidenceRefused
from carbon_tokens.evidence import open_store, sealing
from carbon_tokens.evidence.checks import Finding
from carbon_tokens.evidence.manifest import FIRST, Archive, Item, Manifest

ROOT = Path(__file__).resolve().parents[2]
BILL, LATER = b"PG&E,7,2021-04,5879757 Wh\n", int(time.time()) + 86_400


@dataclass
class Held:
    """An archive in a folder, an owner and an auditor."""

    folder: Path
    archive: Archive = field(init=False)
    owner: tuple[str, str] = field(default_factory=sealing.new_identity)
    auditor: tuple[str, str] = field(default_factory=sealing.new_identity)

    def __post_init__(self) -> None:
        self.archive = Archive(open_store(str(self.folder / "held")), Manifest(self.folder / "manifest.jsonl"))

    def put(self, until: int = LATER, content: bytes = BILL) -> Item:
        return self.archive.put(sealing.new(content, "april.csv"), [self.owner[1], self.auditor[1]], until)

    def file(self, cid: str) -> Path:
        return self.folder / "held" / cid

    @property
    def lines(self) -> list[bytes]:
        return (self.folder / "manifest.jsonl").read_bytes().splitlines()


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


def test_an_item_is_opened_by_its_readers_as_it_was_put(held: Held) -> None:
    item = held.put()
    for identity, _ in (held.owner, held.auditor):
        opened = held.archive.open(item.cid, [identity])
        assert (opened.content, opened.name, opened.commitment.hex()) == (BILL, "april.csv", item.commitment)
    assert held.archive.manifest.items() == {item.cid: item} and held.archive.check() == []


def test_a_record_holds_no_name_no_salt_and_no_plain_hash(held: Held) -> None:
    item = held.put()
    salt = held.archive.open(item.cid, [held.owner[0]]).salt
    (line,) = held.lines
    assert all(each not in line for each in (b"april", salt.hex().encode(), hashlib.sha256(BILL).hexdigest().encode()))


def test_each_record_holds_the_hash_of_the_line_before(held: Held) -> None:
    held.put(), held.put()
    first, second = held.lines
    assert json.loads(first)["previous"] == FIRST
    assert json.loads(second)["previous"] == hashlib.sha256(first).hexdigest()


@pytest.mark.parametrize("change", ["edit", "remove", "swap", "insert", "garbage"])
def test_a_manifest_that_was_changed_is_refused_by_row(held: Held, change: str) -> None:
    for _ in range(3):
        held.put()
    one, two, three = held.lines
    edited = one.replace(b'kept_until":1', b'kept_until":2')
    lines = {
        "edit": [edited, two, three], "remove": [one, three], "swap": [two, one, three],
        "insert": [one, one, two, three], "garbage": [one, b"x", two, three],
    }  # fmt: skip
    held.archive.manifest.path.write_bytes(b"".join(line + b"\n" for line in lines[change]))
    for call in (held.archive.manifest.items, held.put):
        with pytest.raises(EvidenceLost, match=r"manifest\.jsonl:\d: a record was changed"):
            call()


def test_a_line_that_was_left_half_is_no_record_and_the_next_takes_its_place(held: Held) -> None:
    item = held.put()
    path = held.archive.manifest.path
    whole = path.read_bytes()
    for half in (b"{", whole[:-1], whole[: len(whole) // 2]):
        path.write_bytes(whole + half)
        assert set(held.archive.manifest.items()) == {item.cid}
    other = held.put()
    assert set(held.archive.manifest.items()) == {item.cid, other.cid}


def test_evidence_is_not_deleted_before_its_date_and_its_deletion_is_recorded(held: Held) -> None:
    item = held.put()
    with pytest.raises(EvidenceRefused, match=f"{item.cid} is kept until 20"):
        held.archive.delete(item.cid)
    assert held.archive.check() == [] and len(held.lines) == 1
    held.archive.delete(item.cid, now=LATER)
    assert not held.file(item.cid).exists() and json.loads(held.lines[1])["event"] == "deleted"
    assert held.archive.manifest.items() == {}
    with pytest.raises(EvidenceRefused, match="is in no record"):
        held.archive.delete(item.cid)


def test_a_new_auditor_reads_another_copy_of_the_same_commitment_and_the_old_one_does_not(held: Held) -> None:
    item, (new, new_key) = held.put(), sealing.new_identity()
    copy = held.archive.reseal(item.cid, [held.owner[0]], [held.owner[1], new_key])
    assert copy.cid != item.cid and copy.replaces == item.cid
    assert (copy.commitment, copy.name_hash, copy.kept_until) == (item.commitment, item.name_hash, LATER)
    assert held.archive.open(copy.cid, [new]).content == BILL
    with pytest.raises(EvidenceError, match="cannot be opened"):
        held.archive.open(copy.cid, [held.auditor[0]])


def test_what_was_replaced_may_go_before_its_date_only_while_the_other_copy_stands(held: Held) -> None:
    item = held.put()
    copy = held.archive.reseal(item.cid, [held.owner[0]], [held.owner[1]])
    content = held.file(copy.cid).read_bytes()
    held.file(copy.cid).unlink()
    with pytest.raises(EvidenceRefused, match="is kept until"):
        held.archive.delete(item.cid)
    held.file(copy.cid).write_bytes(content)
    held.archive.delete(item.cid)
    with pytest.raises(EvidenceRefused, match="is kept until"):
        held.archive.delete(copy.cid)


def test_a_copy_that_is_kept_for_less_time_is_no_reason_to_delete(held: Held) -> None:
    item = held.put()
    file = held.archive.open(item.cid, [held.owner[0]])
    held.archive.put(file, [held.owner[1]], LATER - 1)
    with pytest.raises(EvidenceRefused, match="is kept until"):
        held.archive.delete(item.cid)


def test_a_check_names_what_is_missing_altered_and_unknown(held: Held) -> None:
    missing, altered, fine = held.put(), held.put(), held.put()
    held.file(missing.cid).unlink()
    held.file(altered.cid).chmod(0o600)
    held.file(altered.cid).write_bytes(held.file(fine.cid).read_bytes())
    unknown = held.archive.store.put(b"what nobody recorded")
    assert held.archive.check() == [Finding(missing.cid, "missing"), Finding(altered.cid, "altered"),
                                    Finding(unknown, "unknown")]  # fmt: skip
    held.archive.discard(unknown)
    assert len(held.archive.check()) == 2
    with pytest.raises(EvidenceRefused, match="is recorded"):
        held.archive.discard(fine.cid)


def test_records_that_are_added_at_once_follow_one_another(tmp_path: Path) -> None:
    code = ("import sys; from pathlib import Path; from carbon_tokens.evidence.manifest import Manifest\n"
            "for _ in range(50): Manifest(Path(sys.argv[1])).add('deleted', cid=sys.argv[2])")  # fmt: skip
    path = tmp_path / "manifest.jsonl"
    command = [sys.executable, "-c", code, str(path)]
    writers = [subprocess.Popen([*command, str(number)], cwd=ROOT) for number in range(3)]
    assert [each.wait() for each in writers] == [0, 0, 0]
    assert len(Manifest(path).records()) == 150


def test_the_manifest_is_its_owners_only(held: Held) -> None:
    held.put()
    assert held.archive.manifest.path.stat().st_mode & 0o777 == 0o600
