"""The stand-alone verifier, the specification's second reader, against the package: one verdict on every file.

The corpus is made from good claims of every kind, see ``tests.corpus_claims`` and ``tests.corpus``.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from carbon_tokens.claims import verify
from tests.corpus import NEEDS_THE_TABLE, Tampered, documented, edged, swapped, tampered
from tests.corpus_claims import Good, good

VERIFIER = Path(__file__).resolve().parents[2] / "verifier" / "verify.py"
PAGE = VERIFIER.with_name("claimed.py")
STRIDES = {"demo": 1, "hours": 1, "months": 3, "fleet": 3, "disallowed": 4, "hours bundle": 3, "months bundle": 7}
TABLE = "every factor is the published one of the facility's region"


def standalone(path: Path = VERIFIER) -> ModuleType:
    """A verifier's file as a module, without its folder on the path."""
    spec = importlib.util.spec_from_file_location(f"standalone_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Verdicts:
    """What the package and the stand-alone verifier say of a file: reasons, none if it is good."""

    file: Tampered
    package: tuple[str, ...]
    alone: tuple[str, ...]
    table_only: bool  # of the package's reasons: all are differences from the table of published factors

    @property
    def agree(self) -> bool:
        """One verdict, but for the table that the stand-alone verifier says it does not have."""
        return bool(self.package) == bool(self.alone) or (self.table_only and self.file.field in NEEDS_THE_TABLE)


@pytest.fixture(scope="module")
def goods(tmp_path_factory: pytest.TempPathFactory) -> list[Good]:
    return good(tmp_path_factory.mktemp("corpus") / "good")


@pytest.fixture(scope="module")
def verdicts(goods: list[Good], tmp_path_factory: pytest.TempPathFactory) -> list[Verdicts]:
    path, alone = tmp_path_factory.mktemp("tampered") / "file.json", standalone()
    hashes = {each.name: [each.block_hash] if each.is_bundle else [] for each in goods}
    return [_verdicts(each, hashes[each.good], path, alone) for each in corpus(goods)]


def corpus(goods: list[Good]) -> Iterator[Tampered]:
    """Every value of two proofs, many of the other files, and members of other bundles; all of them take minutes."""
    for each in goods:
        if each.name in STRIDES:
            yield from tampered(each, breadth=1, stride=STRIDES[each.name])
    yield from swapped([each for each in goods if each.is_bundle])


def _verdicts(file: Tampered, hashes: list[str], path: Path, alone: ModuleType) -> Verdicts:
    path.write_bytes(file.data)
    found = verify(path, block_hashes=hashes)
    checks, _ = alone.verify(file.data, hashes)
    failed = {check.name for check in found.checks if check.reasons}
    return Verdicts(
        file, tuple(found.reasons), tuple(each for _, faults in checks for each in faults), failed == {TABLE}
    )


def test_every_good_file_passes_both_verifiers_with_the_same_checks(goods: list[Good], tmp_path: Path) -> None:
    alone = standalone()
    for each in goods:
        hashes = [each.block_hash] if each.is_bundle else []
        (tmp_path / "good.json").write_bytes(each.data)
        found, (checks, _) = verify(tmp_path / "good.json", block_hashes=hashes), alone.verify(each.data, hashes)
        assert found.verified, found.reasons
        assert [name for name, faults in checks if faults] == []
        assert {name for name, _ in checks} == {check.name for check in found.checks}
    assert len(goods) == 10


def test_both_verifiers_give_one_verdict_on_thousands_of_tampered_files(verdicts: list[Verdicts]) -> None:
    differing = [(each.file.name, each.package[:2], each.alone[:2]) for each in verdicts if not each.agree]
    assert differing == []
    assert len(verdicts) > 2_500


def test_every_tampering_with_the_seals_left_is_named(verdicts: list[Verdicts]) -> None:
    unsealed = [each for each in verdicts if not each.file.resealed]
    assert len(unsealed) > 1_000
    assert [each.file.name for each in unsealed if not each.package or not each.alone] == []


def test_what_a_forger_changes_unseen_is_what_the_specification_says_that_only_the_chain_knows(
    verdicts: list[Verdicts],
) -> None:
    """A field outside of the documented ones would be one that the formulas forgot."""
    of_proofs, of_bundles = documented()
    for is_bundle, known in ((False, of_proofs), (True, of_bundles)):
        files = [each for each in verdicts if ("bundle" in each.file.good) == is_bundle and each.file.resealed]
        unseen = Counter(re.sub(r".*\.at\.", "at.", each.file.field) for each in files if not each.alone)
        assert set(unseen) <= known, set(unseen) - known
        part = sum(unseen.values()) / len(files)
        assert part < 0.01 if is_bundle else 0.05 < part < 0.3, unseen


def test_at_the_edges_of_every_form_both_accept_and_refuse_the_same(goods: list[Good], tmp_path: Path) -> None:
    """Names that leave the folder, texts of spaces only, numbers beyond a form: what may stand where."""
    alone = standalone()
    found = [
        _verdicts(each, [], tmp_path / "file.json", alone)
        for one in goods
        if one.name in ("hours", "fleet")
        for each in edged(one)
    ]
    assert [(each.file.name, each.package[:2], each.alone[:2]) for each in found if not each.agree] == []
    assert len(found) > 800 and sum(not each.alone for each in found) > 50


def test_members_of_another_bundle_are_found(verdicts: list[Verdicts]) -> None:
    moved = [each for each in verdicts if each.file.change.startswith("that of ")]
    assert len(moved) > 50
    assert {each.file.field for each in moved if not each.alone} <= {"shares", "code"}


def test_the_verifier_needs_nothing_but_its_file_and_python(goods: list[Good], tmp_path: Path) -> None:
    """Isolated, without site-packages, in a folder that holds the verifier and the file and nothing else."""
    shutil.copy(VERIFIER, tmp_path / "verify.py")
    bundle = next(each for each in goods if each.name == "hours bundle")
    (tmp_path / "bundle.json").write_bytes(bundle.data)
    done = alone_in(tmp_path, "bundle.json", "--block-hash", bundle.block_hash)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "CONSISTENT WITH THE TRUSTED BLOCKS"
    assert alone_in(tmp_path, "bundle.json").stdout.splitlines()[-1] == "CONSISTENT, NOT CHECKED ON A CHAIN"
    refused = alone_in(tmp_path, "bundle.json", "--block-hash", "0x" + 64 * "1")
    assert refused.returncode == 1 and refused.stdout.splitlines()[-1] == "NOT VERIFIED"
    assert "no header of the bundle has the trusted hash" in refused.stdout


def test_texts_of_a_file_cannot_steer_the_terminal_or_write_lines_of_their_own(
    goods: list[Good], tmp_path: Path
) -> None:
    shutil.copy(VERIFIER, tmp_path / "verify.py")
    content = json.loads(goods[0].data)
    content["facility"]["description"] = "\x1b[2J\nCONSISTENT WITH THE TRUSTED BLOCKS\n\u202e\u2028"
    (tmp_path / "proof.json").write_text(json.dumps(content))
    done = alone_in(tmp_path, "proof.json")
    assert done.returncode == 1 and done.stdout.splitlines()[-1] == "NOT VERIFIED"
    assert not {"\x1b", "\u202e", "\u2028"} & set(done.stdout)
    assert "CONSISTENT WITH THE TRUSTED BLOCKS" not in done.stdout.splitlines()


@pytest.mark.parametrize(("name", "changed_file"), [("demo", "electricity.csv"), ("months", "fuel.csv.salt")])
def test_input_files_are_compared_plain_and_with_their_salts(
    goods: list[Good], tmp_path: Path, name: str, changed_file: str
) -> None:
    """The demonstration names its files by their hashes, the two months theirs by a salted commitment."""
    shutil.copy(VERIFIER, tmp_path / "verify.py")
    bundle = next(each for each in goods if each.name == f"{name} bundle").content
    (tmp_path / "proof.json").write_text(json.dumps(bundle["proof"]))
    for entry in bundle["inputs"]:
        (tmp_path / "inputs").mkdir(exist_ok=True)
        (tmp_path / "inputs" / entry["name"]).write_bytes(base64.b64decode(entry["content"]))
    done = alone_in(tmp_path, "proof.json", "--inputs", "inputs")
    assert done.returncode == 0, done.stdout
    file = tmp_path / "inputs" / changed_file
    file.write_bytes(b"0" + file.read_bytes()[1:] if file.read_bytes()[:1] != b"0" else b"1" + file.read_bytes()[1:])
    done = alone_in(tmp_path, "proof.json", "--inputs", "inputs")
    assert done.returncode == 1 and f"{changed_file.removesuffix('.salt')} has sha-256" in done.stdout
    assert not verify(tmp_path / "proof.json", inputs=tmp_path / "inputs").verified


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "[]",
            "{",
            "null",
            "7",
            '"x"',
            '{"type":"carbon-tokens/proof/3"}',
            '{"type":1.5}',
            '{"type":NaN}',
            "[" * 5000,
        ),
        '{"type":"carbon-tokens/proof/2","type":"carbon-tokens/proof/2"}',
        "\ufeff{}",
    ],
)
def test_what_is_no_proof_is_refused_by_both_with_a_reason(text: str, tmp_path: Path) -> None:
    (tmp_path / "file.json").write_text(text, encoding="utf-8")
    checks, proof = standalone().verify(text.encode())
    assert proof is None and checks[0][1]
    assert not verify(tmp_path / "file.json").verified


def test_a_text_that_never_ends_is_refused_at_once_by_both(tmp_path: Path) -> None:
    """A search that began again at each quotation mark took 17 s for 80 kB, and hours for this."""
    data = ("[]" * 101 + '"' + '\\"' * 1_000_000).encode()
    (tmp_path / "file.json").write_bytes(data)
    begun = time.monotonic()
    assert standalone().verify(data)[1] is None and not verify(tmp_path / "file.json").verified
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_good_proof_in_another_encoding_is_refused_by_both(goods: list[Good], tmp_path: Path, encoding: str) -> None:
    data = goods[0].data.decode().encode(encoding)
    (tmp_path / "file.json").write_bytes(data)
    assert standalone().verify(data)[1] is None
    assert not verify(tmp_path / "file.json").verified


def alone_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "verify.py", *arguments]
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)


def test_one_page_follows_every_bundles_claim_to_the_trusted_block(goods: list[Good], tmp_path: Path) -> None:
    page, bundles = standalone(PAGE), [each for each in goods if each.is_bundle]
    assert len(bundles) >= 5 and len(PAGE.read_text().splitlines()) <= 160
    for each in bundles:
        claim, months = each.content["proof"]["claim"], each.content["proof"]["months"]
        first, *_ = page.proven(each.content, each.block_hash)
        assert claim["id"] in first and f"{months[0]['month']} to {months[-1]['month']}, {claim['basis']}" in first
    (tmp_path / "claimed.py").write_bytes(PAGE.read_bytes())
    (tmp_path / "bundle.json").write_bytes(bundles[0].data)
    words = [sys.executable, "-I", "-S", "claimed.py", "bundle.json", "--block-hash"]
    done = subprocess.run([*words, bundles[0].block_hash], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "NetEmissions 0x" in done.stdout, done.stderr
    done = subprocess.run([*words, "0x" + 64 * "0"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "NOT PROVEN" in done.stderr


def test_one_page_finds_every_header_node_and_field_that_leads_elsewhere(goods: list[Good]) -> None:
    page, tried = standalone(PAGE), 0
    for each in (one for one in goods if one.name in ("demo bundle", "fleet bundle")):
        for change in _elsewhere(each):
            made = json.loads(each.data)
            change(made)
            with pytest.raises((ValueError, KeyError, IndexError, TypeError)):
                page.proven(made, each.block_hash)
            tried += 1
    assert tried > 80


def _elsewhere(bundle: Good) -> Iterator[Callable[[Any], object]]:
    """Changes of what the page rests on: a nibble of each header and node, the claim, addresses, code and order."""
    block = bundle.content["proof"]["claim"]["at"]["block"]

    def flipped(text: str) -> str:
        return text[:-2] + f"{int(text[-2:], 16) ^ 1:02x}"

    for at in range(len(bundle.content["headers"])):
        yield lambda made, at=at: made["headers"].__setitem__(at, flipped(made["headers"][at]))
        if at > 0:
            yield lambda made, at=at: made["headers"].pop(at)
    for name, entries in (("receipts", bundle.content["receipts"]), ("code", bundle.content["code"])):
        for at, entry in enumerate(entries):
            for node in range(len(entry["nodes"]) if entry["block"] == block or name == "code" else 0):
                yield lambda made, name=name, at=at, node=node: made[name][at]["nodes"].__setitem__(
                    node, flipped(made[name][at]["nodes"][node])
                )
    for at in range(len(bundle.content["code"])):
        yield lambda made, at=at: made["proof"]["contracts"][at].update(code_hash="0x" + 64 * "1")
    yield lambda made: made["proof"]["claim"].update(id=flipped(made["proof"]["claim"]["id"]))
    yield lambda made: made["proof"]["contracts"][-1].update(address="0x" + 40 * "1")
    yield lambda made: made["proof"]["claim"]["at"].update(index=made["proof"]["claim"]["at"]["index"] + 1)
    yield lambda made: made["proof"]["claim"]["at"].update(block=block - 1)
