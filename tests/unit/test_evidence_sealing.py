"""Sealed evidence: who may read it can, nobody else, and what is public of it confirms no guess."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pyrage", reason="sealing needs the extra `evidence`")
import pyrage

from carbon_tokens.errors import EvidenceError, EvidenceRefused
from carbon_tokens.evidence import cid_of, digest_of, sealing
from carbon_tokens.evidence.cid import cid_of_digest

BILL = b"PG&E,7,2021-04,5879757 Wh\n"


def keys(count: int) -> list[tuple[str, str]]:
    return [sealing.new_identity() for _ in range(count)]


def test_a_cid_is_the_one_that_ipfs_gives_to_the_same_bytes() -> None:
    """Published: the CID of "hello world" with raw leaves, and of nothing."""
    assert cid_of(b"hello world") == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    assert cid_of(b"") == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


def test_a_cid_holds_the_sha_256_that_everyone_computes() -> None:
    assert digest_of(cid_of(BILL)) == hashlib.sha256(BILL).digest()
    assert cid_of_digest(digest_of(cid_of(BILL))) == cid_of(BILL)


@pytest.mark.parametrize(
    "text",
    ["", "bafkrei", "../../etc/passwd", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG", cid_of(BILL).upper(),
     cid_of(BILL) + "a", "bafybei" + "a" * 52, cid_of(BILL)[:-1] + "\n"],
)  # fmt: skip
def test_another_form_is_no_name_of_evidence(text: str) -> None:
    with pytest.raises(EvidenceRefused, match="is no CID"):
        digest_of(text)


def test_bits_to_spare_do_not_give_the_same_bytes_a_second_name() -> None:
    """The last of 58 letters has two bits that mean nothing; only zeros count."""
    cid = cid_of(BILL)
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    second = cid[:-1] + letters[letters.index(cid[-1]) + 1]
    with pytest.raises(EvidenceRefused):
        digest_of(second)


def test_each_of_several_recipients_opens_it_alone_and_nobody_else() -> None:
    (one, one_key), (two, two_key), (other, _) = keys(3)
    file = sealing.new(BILL, "april.csv")
    sealed = sealing.seal(file, [one_key, two_key])
    for identity in (one, two):
        assert sealing.open_(sealed, [identity], file.commitment) == file
    assert sealing.open_(sealed, [other, two]) == file
    with pytest.raises(EvidenceError, match="cannot be opened"):
        sealing.open_(sealed, [other])


def test_nothing_of_the_file_its_name_or_its_salt_stands_in_the_sealed_bytes() -> None:
    file = sealing.new(BILL, "april.csv")
    sealed = sealing.seal(file, [keys(1)[0][1]])
    assert all(part not in sealed for part in (BILL[:8], b"april", file.salt[:8]))
    assert sealing.is_sealed(sealed) and not sealing.is_sealed(BILL)


def test_who_guesses_the_bill_cannot_confirm_it_by_what_is_public() -> None:
    """The commitment of the same bill differs each time, and neither it nor the CID follows from the bill alone."""
    (_, key), seen = keys(1)[0], set[bytes]()
    for _ in range(3):
        file = sealing.new(BILL, "april.csv")
        seen |= {file.commitment, file.name_hash, digest_of(cid_of(sealing.seal(file, [key])))}
    assert len(seen) == 9 and not seen & {hashlib.sha256(BILL).digest(), hashlib.sha256(b"april.csv").digest()}


def test_a_commitment_is_the_hash_of_the_salt_and_of_the_files_hash() -> None:
    file = sealing.new(BILL, "april.csv")
    assert file.commitment == hashlib.sha256(file.salt + hashlib.sha256(BILL).digest()).digest()
    assert sealing.commitment_of(BILL + b" ", file.salt) != file.commitment


def test_a_file_that_is_not_the_committed_one_is_refused() -> None:
    identity, key = keys(1)[0]
    file = sealing.new(BILL, "april.csv")
    forged = sealing.seal(replace(file, content=BILL.replace(b"5", b"4")), [key])
    with pytest.raises(EvidenceError, match="another file than the one"):
        sealing.open_(forged, [identity], file.commitment)


@pytest.mark.parametrize("envelope", [b"", b"\x01", b"\x02" + bytes(40), b"\x01" + bytes(32) + b"\xff\xff" + b"x",
                                      b"\x01" + bytes(32) + b"\0\x03a/b", b"\x01" + bytes(32) + b"\0\x02\xff\xfe",
                                      b"\x01" + bytes(32) + b"\0\x02..", b"\x01" + bytes(34)])  # fmt: skip
def test_what_another_program_encrypted_is_no_evidence(envelope: bytes) -> None:
    identity, key = keys(1)[0]
    sealed = pyrage.encrypt(envelope, [pyrage.x25519.Recipient.from_str(key)])
    with pytest.raises(EvidenceError, match="envelope"):
        sealing.open_(sealed, [identity])


@pytest.mark.parametrize("name", ["", "a/b", "..", ".", "a\\b", "a\nb", "\0", "x" * 101])
def test_a_name_that_is_no_files_is_refused(name: str) -> None:
    with pytest.raises(EvidenceRefused, match="name"):
        sealing.new(BILL, name)


@pytest.mark.parametrize("count", [0, sealing.MOST + 1])
def test_evidence_has_at_least_one_reader_and_not_too_many(count: int) -> None:
    with pytest.raises(EvidenceRefused, match="recipients"):
        sealing.seal(sealing.new(BILL, "a"), [key for _, key in keys(count)])


def test_a_secret_in_the_place_of_a_public_key_is_refused_and_not_repeated() -> None:
    identity, _ = keys(1)[0]
    for call in (
        lambda: sealing.seal(sealing.new(BILL, "a"), [identity]),
        lambda: sealing.open_(b"", [identity + "A"]),
    ):
        with pytest.raises(EvidenceRefused) as caught:
            call()
        assert identity[20:40] not in str(caught.value)


def test_a_public_key_with_a_letter_wrong_is_refused() -> None:
    _, key = keys(1)[0]
    wrong = key[:-1] + ("q" if key[-1] != "q" else "p")
    with pytest.raises(EvidenceRefused, match="is no age public key"):
        sealing.check_recipient(wrong)


@pytest.mark.skipif(not shutil.which("age"), reason="the program `age` is not installed")
def test_the_program_age_opens_it(tmp_path: Path) -> None:
    identity, key = keys(1)[0]
    (tmp_path / "key").write_text(identity + "\n")
    (tmp_path / "sealed").write_bytes(sealing.seal(sealing.new(BILL, "april.csv"), [key]))
    done = subprocess.run(["age", "-d", "-i", tmp_path / "key", tmp_path / "sealed"], capture_output=True, check=True)
    assert done.stdout.endswith(BILL)
