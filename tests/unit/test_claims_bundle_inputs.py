"""Input files of a bundle: salted ones with their salts, choices of factors with their tables, and no other file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from carbon_tokens.claims import bundle_inputs
from carbon_tokens.claims.account_events import Confirmed
from carbon_tokens.claims.bundle import InputEntry
from carbon_tokens.claims.pieces import Place
from carbon_tokens.claims.records import AccountPart, MonthPart, TotalsPart
from carbon_tokens.errors import BundleError
from carbon_tokens.evidence.sealing import commitment_of_hash
from carbon_tokens.periods import Month
from carbon_tokens.statements import Input, MethodReference, build_without_energy
from carbon_tokens.statements.statement import NO_METER

FACILITY, MONTH = 7, Month.parse("2021-04")
SALT = bytes(range(32))
AUDITOR = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"


def sha(content: bytes) -> str:
    return "0x" + hashlib.sha256(content).hexdigest()


def months_of(*inputs: Input) -> tuple[MonthPart]:
    """A month with one audit, whose document names these inputs."""
    document = build_without_energy(FACILITY, MONTH, method=MethodReference.shipped(), quality="D", documents=inputs)
    at = Place(NO_METER, 1, NO_METER, 0)
    evidence = "0x" + document.evidence.hex()
    audit = Confirmed("Audited", AUDITOR, (), 1, 0, 0, 0, 0, 0, 0, 0, NO_METER, NO_METER, evidence, document, at)
    account = AccountPart(0, 0, 0, 0, 0, 1, True, 0, 0)
    return (MonthPart(MONTH, (audit,), account, None, TotalsPart(0, 0, 0)),)


def faults(months: tuple[MonthPart], entries: tuple[InputEntry, ...]) -> list[str]:
    return list(bundle_inputs.faults(months, entries))


@pytest.fixture
def bill(tmp_path: Path) -> bytes:
    (tmp_path / "bill.csv").write_bytes(b"a bill\n")
    (tmp_path / "bill.csv.salt").write_text(SALT.hex() + "\n")
    (tmp_path / "diary.txt").write_text("of nobody's business")
    return b"a bill\n"


def test_a_plain_input_stands_alone_and_no_other_file_of_the_folder(bill: bytes, tmp_path: Path) -> None:
    months = months_of(Input("bill.csv", "document", sha(bill), 0, 0))
    (entry,) = bundle_inputs.entries(months, tmp_path)
    assert (entry.name, entry.octets) == ("bill.csv", bill) and faults(months, (entry,)) == []


def test_a_salted_input_brings_its_salt_and_is_opened_by_it(bill: bytes, tmp_path: Path) -> None:
    commitment = "0x" + commitment_of_hash(hashlib.sha256(bill).digest(), SALT).hex()
    months = months_of(Input("bill.csv", "document", commitment, 0, 0))
    entries = bundle_inputs.entries(months, tmp_path)
    assert [each.name for each in entries] == ["bill.csv", "bill.csv.salt"] and faults(months, entries) == []
    assert any("not given as that" in fault for fault in faults(months, entries[:1]))
    (closed,) = bundle_inputs.entries(months, None)
    assert (closed.sha256, closed.content) == (commitment, None) and faults(months, (closed,)) == []


def test_another_salt_opens_nothing(bill: bytes, tmp_path: Path) -> None:
    commitment = "0x" + commitment_of_hash(hashlib.sha256(bill).digest(), SALT).hex()
    (tmp_path / "bill.csv.salt").write_text(SALT[::-1].hex())
    with pytest.raises(BundleError, match=r"bill.csv has sha-256 .* a document names"):
        bundle_inputs.entries(months_of(Input("bill.csv", "document", commitment, 0, 0)), tmp_path)


def test_a_choice_of_factors_brings_the_tables_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "mix.csv").write_bytes(b"mix")
    (tmp_path / "other.csv").write_bytes(b"not what the choice read")
    sources = {"mix.csv": sha(b"mix"), "other.csv": sha(b"other"), "../out.csv": sha(b"out"), "gone.csv": sha(b"")}
    candidates = [{"source": name, "file_sha256": digest[2:]} for name, digest in sources.items()]
    choice = json.dumps({"candidates": [*candidates, {"source": None}]}).encode()
    (tmp_path / "choice.json").write_bytes(choice)
    months = months_of(Input("choice.json", "factor", sha(choice), 0, 0))
    entries = bundle_inputs.entries(months, tmp_path)
    assert [each.name for each in entries] == ["choice.json", "mix.csv"] and faults(months, entries) == []
    assert any("mix.csv" in fault and "named by no document" in fault for fault in faults(months, entries[1:]))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"candidates": 3}', b'{"candidates": [3]}', b"\xff", b"[" * 10_000])
def test_what_is_no_choice_names_no_table(content: bytes) -> None:
    assert list(bundle_inputs.chosen_tables(content)) == []


def test_files_that_are_too_large_together_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_inputs, "MOST_CONTENT", 8)
    (tmp_path / "bill.csv").write_bytes(b"1234567")
    with pytest.raises(BundleError, match="12 bytes in base64, more than 8"):
        bundle_inputs.entries(months_of(Input("bill.csv", "document", sha(b"1234567"), 0, 0)), tmp_path)
