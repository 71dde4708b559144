"""Evidence of any bytes: it comes back as it was, and any change of it is noticed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

pytest.importorskip("pyrage", reason="sealing needs the extra `evidence`")
from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.errors import EvidenceError, EvidenceLost, EvidenceRefused
from carbon_tokens.evidence import cid_of, digest_of, open_store, sealing
from carbon_tokens.evidence.manifest import Archive, Manifest

NAMES = st.from_regex(sealing.NAME, fullmatch=True).filter(lambda name: name not in (".", ".."))
KEYS = [sealing.new_identity() for _ in range(3)]


@given(st.binary(max_size=5000), NAMES, st.sets(st.integers(0, 2), min_size=1))
def test_any_file_is_opened_by_each_reader_as_it_was_sealed(content: bytes, name: str, readers: set[int]) -> None:
    file = sealing.new(content, name)
    sealed = sealing.seal(file, [KEYS[each][1] for each in readers])
    for each in range(3):
        if each in readers:
            assert sealing.open_(sealed, [KEYS[each][0]], file.commitment) == file
        else:
            with pytest.raises(EvidenceRefused):
                sealing.open_(sealed, [KEYS[each][0]])


@given(st.binary(min_size=1, max_size=200), st.integers(0, 2**16), st.integers(0, 7))
def test_any_flipped_bit_of_a_kept_file_is_noticed_at_the_next_read(content: bytes, at: int, bit: int) -> None:
    """By the store, and, where somebody names the changed bytes by their own CID, by the encryption."""
    file = sealing.new(content, "bill.csv")
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(open_store(folder), Manifest(Path(folder) / "manifest.jsonl"))
        item = archive.put(file, [KEYS[0][1]], 0)
        place = Path(folder) / item.cid
        changed = bytearray(place.read_bytes())
        changed[at % item.size] ^= 1 << bit
        place.chmod(0o600)
        place.write_bytes(changed)
        with pytest.raises(EvidenceLost, match=item.cid):
            archive.open(item.cid, [KEYS[0][0]])
        assert [(each.cid, each.what) for each in archive.check()] == [(item.cid, "altered")]
    with pytest.raises(EvidenceError):
        sealing.open_(bytes(changed), [KEYS[0][0]], file.commitment)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_a_file_that_was_cut_is_noticed(content: bytes, length: int) -> None:
    sealed = sealing.seal(sealing.new(content, "bill.csv"), [KEYS[0][1]])
    with pytest.raises(EvidenceError):
        sealing.open_(sealed[: min(length, len(sealed) - 1)], [KEYS[0][0]])


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_commitment_binds_to_one_file(one: bytes, other: bytes) -> None:
    file = sealing.new(one, "bill.csv")
    assert (sealing.commitment_of(other, file.salt) == file.commitment) == (one == other)


@given(st.text(max_size=80))
def test_any_text_is_a_cid_of_one_digest_or_refused(text: str) -> None:
    try:
        digest = digest_of(text)
    except EvidenceRefused:
        return
    assert len(digest) == 32


@given(st.binary(max_size=100))
def test_a_cid_and_its_digest_are_one(content: bytes) -> None:
    assert len(digest_of(cid_of(content))) == 32 and len(cid_of(content)) == 59


@given(st.binary(max_size=400), st.integers(0, 600))
def test_a_manifest_with_any_bytes_put_in_is_refused_or_reads_as_before(added: bytes, at: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        manifest = Manifest(Path(folder) / "manifest.jsonl")
        for number in range(3):
            manifest.add("deleted", cid=str(number))
        records, content = manifest.records(), manifest.path.read_bytes()
        manifest.path.write_bytes(content[:at] + added + content[at:])
        try:
            found = manifest.records()
        except EvidenceLost:
            return
        assert found[:3] == records
