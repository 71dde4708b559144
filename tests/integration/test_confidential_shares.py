"""Confidential shares: members prove what is theirs against the audited total, and read nothing of one another."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from typer.testing import CliRunner

from carbon_tokens.allocation.shares import Amounts, pedersen, tenant_of
from carbon_tokens.cli import app
from carbon_tokens.errors import AllocationError, CarbonTokensError, ShareNotProven
from carbon_tokens.ledger import Chain
from carbon_tokens.ledger.confidential import ConfidentialProof

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
MONTH = "2021-04"
OPERATOR, AUDITOR = ("--account", "dev:operator"), ("--account", "dev:auditor")
WEIGHTS = {"Acme": 310, "Birch": 250, "Cedar": 205, "Dune": 170, "Elm": 65}


def run(*words: object) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refused(*words: object) -> str:
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert done.exit_code in (1, 3), done.output
    return str(json.loads(done.stdout))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a closed month that is split: Birch by itself, the others a group, which an auditor checked."""
    home = tmp_path_factory.mktemp("confidential")
    rows = [f"{name},{weight}" for name, weight in WEIGHTS.items()]
    (home / "weights.csv").write_text("\n".join(["tenant,weight", *rows]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        run("deploy", "--dev-roles", "--account", "dev:admin")
        run("factors", "load", "--year", 2021, "--account", "dev:publisher")
        facility = run("facility", "add", "--name", "Lincoln 1", "--zip", "68508", *OPERATOR)["facility"]
        place = ("--facility", facility, "--month", MONTH)
        run("audit", *place, "--bills", DEMO / "electricity.csv", *AUDITOR)
        run("close", *place, *AUDITOR)
        run("confidential", "group", *place, "--weights", "weights.csv", "--open", "Birch", "--out", "group")
        run("commit", *place, "--shares", "group/shares.csv", "--out", "split", *OPERATOR)
        both = ("--group", "group", "--allocation", "split")
        run("confidential", "check", *both, "--out", "checked.json", *AUDITOR)
        run("confidential", "prove", *both, "--checked", "checked.json", "--out", "proofs")
    return home


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(home)
    return home


def proof_of(name: str) -> Path:
    return Path("proofs") / f"{tenant_of(name).hex()}.json"


def test_every_member_proves_its_share_on_the_chain_and_all_shares_add_up_to_what_was_audited(here: Path) -> None:
    found = {name: run("confidential", "verify", proof_of(name)) for name in WEIGHTS if name != "Birch"}
    assert all(each["chain_checked"] and each["current"] for each in found.values())
    run("share", "prove", "--allocation", "split", "--tenant", "Birch", "--out", "birch.json")
    found["Birch"] = run("share", "verify", "birch.json")
    for lane in ("energy_wh", "location_g", "market_g"):
        assert sum(each["share"][lane] for each in found.values()) == found["Acme"]["totals"][lane] > 0
    assert found["Acme"]["share"]["energy_wh"] == round(7_906_880 * 0.31)
    assert found["Acme"]["checked"]["members"] == 4


def test_a_members_file_holds_no_amount_of_another_member_nor_sums_of_some(here: Path) -> None:
    amounts = {name: json.loads(proof_of(name).read_text())["energy_wh"] for name in WEIGHTS if name != "Birch"}
    text = proof_of("Acme").read_text()
    proof = ConfidentialProof.read(proof_of("Acme"))
    names = sorted(set(amounts) - {"Acme"})
    for first in names:
        for other in names:
            hidden = amounts[first] + (amounts[other] if other != first else 0)
            assert str(hidden) not in text
            assert hidden.to_bytes(6) not in proof.opening.siblings + proof.group.share.siblings


def test_without_the_chain_a_proof_is_consistent_and_with_another_chain_it_is_refused(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = proof_of("Acme").resolve()
    monkeypatch.chdir(tmp_path)
    assert not run("confidential", "verify", path)["chain_checked"]
    run("deploy", "--dev-roles", "--account", "dev:admin")
    assert "genesis" in refused("confidential", "verify", path)


def _more(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, int):
        return value + 1
    return value[:-1] + ("0" if value[-1] != "0" else "1")


@pytest.mark.parametrize(
    "name",
    ["tenant", "energy_wh", "location_g", "market_g", "salt", "blinding", "index", "siblings", "group_blinding"],
)
def test_a_changed_field_of_a_members_own_part_is_refused(here: Path, name: str) -> None:
    content = json.loads(proof_of("Acme").read_text())
    content[name] = _more(content[name])
    with pytest.raises((ShareNotProven, AllocationError)):
        ConfidentialProof.from_json(content).verify()


@pytest.mark.parametrize("name", ["members", "auditor", "auditors", "signature"])
def test_a_changed_word_of_the_auditor_is_refused(here: Path, name: str) -> None:
    content = json.loads(proof_of("Acme").read_text())
    stranger = "0x000000000000000000000000000000000000dEaD"
    content["checked"][name] = stranger if name.startswith("auditor") else _more(content["checked"][name])
    with pytest.raises(ShareNotProven):
        ConfidentialProof.from_json(content).verify()


@pytest.mark.parametrize("name", ["tenant", "energy_wh", "salt"])
def test_a_changed_group_is_refused(here: Path, name: str) -> None:
    content = json.loads(proof_of("Acme").read_text())
    content["group"]["share"][name] = _more(content["group"]["share"][name])
    with pytest.raises(ShareNotProven):
        ConfidentialProof.from_json(content).verify()


def test_one_members_path_does_not_prove_anothers_share(here: Path) -> None:
    acme, cedar = (json.loads(proof_of(name).read_text()) for name in ("Acme", "Cedar"))
    for name in ("index", "siblings"):
        cedar[name] = acme[name]
    with pytest.raises(ShareNotProven):
        ConfidentialProof.from_json(cedar).verify()


def _grown(rows: list[list[str]]) -> None:
    rows[1][1] = str(int(rows[1][1]) + 1)


def _negative(rows: list[list[str]]) -> None:
    rows[1][1] = str(-int(rows[1][1]))


def _doubled(rows: list[list[str]]) -> None:
    rows.append(rows[1])


@pytest.mark.parametrize(
    ("change", "said"),
    [(_grown, "another group"), (_negative, "group.secret.csv:2"), (_doubled, "twice")],
)
def test_an_auditor_does_not_sign_a_group_with_a_member_changed_negative_or_doubled(
    here: Path, tmp_path: Path, change: Callable[[list[list[str]]], None], said: str
) -> None:
    folder = tmp_path / "group"
    shutil.copytree("group", folder)
    path = folder / "group.secret.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    words = ("--group", folder, "--allocation", "split", "--out", tmp_path / "checked.json", *AUDITOR)
    assert said in refused("confidential", "check", *words)
    assert not (tmp_path / "checked.json").exists()


def test_only_an_auditor_of_the_market_signs_and_the_owner_never(here: Path, tmp_path: Path) -> None:
    words = ("--group", "group", "--allocation", "split", "--out", tmp_path / "checked.json", "--account")
    assert "owns the facility" in refused("confidential", "check", *words, "dev:operator")
    assert "no auditor of market zone US" in refused("confidential", "check", *words, "dev:rec-issuer")


def test_the_word_of_somebody_who_is_no_auditor_does_not_pass_on_chain(here: Path, tmp_path: Path) -> None:
    from carbon_tokens.ledger.confidential import _typed

    proof = ConfidentialProof.read(proof_of("Acme"))
    assert proof.checked
    stranger = Account.create()
    content = proof.to_json()
    typed = _typed(proof.group, proof.checked.auditors, 4).message()
    signed = Account.sign_typed_data(stranger.key, full_message=typed)  # by a library that is not ours
    content["checked"] |= {"auditor": stranger.address, "signature": "0x" + signed.signature.hex()}
    ConfidentialProof.from_json(content).verify()
    (tmp_path / "forged.json").write_text(json.dumps(content))
    assert "is no auditor" in refused("confidential", "verify", tmp_path / "forged.json")


def test_the_chains_precompiles_compute_the_same_commitment(here: Path) -> None:
    """EIP-196: 7 multiplies, 6 adds."""
    chain = Chain.connect(state=Path(".carbon-tokens/chain.db"))
    scalars = (7_906_880, 3_597_457, 2**48 - 1, pedersen.ORDER - 12_345)
    total = bytes(64)
    for name, scalar in zip(pedersen.NAMES, scalars, strict=True):
        part = chain.call(f"0x{7:040x}", pedersen.encoded(pedersen.generator(name)) + scalar.to_bytes(32))
        total = chain.call(f"0x{6:040x}", total + part)
    chain.close()
    (found,) = pedersen.commitments([(Amounts(*scalars[:3]), scalars[3])])
    assert pedersen.encoded(found) == total


def test_a_restated_month_needs_a_new_split(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(home, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    facility = run("confidential", "verify", proof_of("Acme"))["facility"]
    place = ("--facility", facility, "--month", MONTH)
    run("restate", *place, "--energy-wh", 8_000_000, "--year", 2021, "--reason", "a late bill", *AUDITOR)
    assert not run("confidential", "verify", proof_of("Acme"))["current"]


def test_a_tenant_that_is_no_member_has_no_proof(here: Path) -> None:
    words = ("--group", "group", "--allocation", "split", "--out", "none.json", "--tenant", "Birch")
    assert "no member of the group" in refused("confidential", "prove", *words)
    assert issubclass(ShareNotProven, CarbonTokensError)
