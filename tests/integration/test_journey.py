"""The journey from electricity to a verified proof on every chain, and what breaks a proof afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from carbon_tokens.claims import Documents, prove, verify
from carbon_tokens.demo import Facts
from carbon_tokens.errors import ProofError, Reverted
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.documents import audit_of
from carbon_tokens.periods import Month
from carbon_tokens.statements import MethodReference, build_without_energy
from tests.integration.conftest import CHAINS
from tests.integration.journey import BY_HAND, FIELDS, Json, answered, command, run_demo

FACTS = Facts()


class Place:
    """A chain, how a second process reaches it, and the demonstration that ran there."""

    def __init__(self, chain: Chain, options: list[str], folder: Path) -> None:
        self.chain, self.options, self.folder = chain, options, folder
        self.demo: Json = run_demo(chain, options, folder)
        self.proof = Path(self.demo["proof"])
        self.claim = int(self.demo["claim_id"], 16)
        self.facility = int(self.demo["facility"], 16)

    @property
    def where(self) -> dict[str, str]:
        return {self.options[0].removeprefix("--"): self.options[1]}

    def ledger(self, name: str) -> Ledger:
        signer = account(f"dev:{name}", self.chain)
        return Ledger.connect(self.chain, signer, deployments=self.folder / "deployments", home=self.folder)


@pytest.fixture(scope="module", params=CHAINS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp(f"journey-{request.param}")
    state = folder / "chain.db"
    if request.param == "embedded":
        chain, options = Chain.connect(state=state), ["--state", str(state)]
    else:
        url = request.getfixturevalue(request.param)
        chain, options = Chain.connect(url), ["--rpc", url]
    yield Place(chain, options, folder)
    chain.close()


def test_every_chain_gives_the_totals_of_the_hand_calculation(place: Place) -> None:
    stages = {stage["stage"]: tuple(stage[name] for name in FIELDS) for stage in place.demo["stages"]}
    assert stages == BY_HAND
    assert place.demo["verified"] is True and place.demo["valid"] is True


def test_the_proof_verifies_in_a_process_that_shares_nothing_but_the_chain(place: Place, tmp_path: Path) -> None:
    shutil.copy(place.proof, tmp_path / "proof.json")
    shutil.copytree(FACTS.folder, tmp_path / "inputs")
    done = command("verify", "proof.json", "--inputs", "inputs", *place.options, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert answered(done)["depths"] == {"offline": True, "inputs": True, "chain": True}


def test_certificates_that_a_stranger_retires_afterwards_break_no_proof(place: Place) -> None:
    ledger = place.ledger("offset-issuer")
    operator = account("dev:operator", place.chain).address
    token = int(_offset(place), 16)
    stranger = place.ledger("anyone")
    place.ledger("operator").transfer(stranger.signer.address, [token], [1])  # type: ignore[union-attr]
    stranger.retire(place.facility, FACTS.month, [token], [1], purpose="a gift")
    assert verify(place.proof, inputs=FACTS.folder, **place.where).verified
    assert ledger.balance(operator, token) > 0


def test_a_proof_of_another_deployment_is_refused_by_who_names_the_contracts_they_trust(
    place: Place, tmp_path: Path
) -> None:
    admin = account("dev:admin", place.chain)
    forged = Ledger.deploy(place.chain, admin, deployments=tmp_path / "deployments", home=tmp_path)
    forged.close_files()
    found = verify(place.proof, deployments=tmp_path / "deployments", **place.where)
    assert not found.verified and any("trusted is" in reason for reason in found.reasons)
    assert verify(place.proof, deployments=place.folder / "deployments", **place.where).verified


def test_a_proof_is_not_written_without_the_documents(place: Place, tmp_path: Path) -> None:
    with pytest.raises(ProofError, match=r"the document 0x[0-9a-f]{64} is not at hand"):
        prove(place.ledger("anyone"), place.claim, tmp_path / "proof.json", Documents())
    assert not (tmp_path / "proof.json").exists()


def test_a_proof_of_several_months_verifies(place: Place, tmp_path: Path) -> None:
    """May and June 2021 without energy, each covered by its own offsets, in one claim."""
    may, june = Month.parse("2021-05"), Month.parse("2021-06")
    documents, token = Documents(place.folder / "documents"), int(_offset(place), 16)
    for month in (may, june):
        statement = build_without_energy(
            place.facility, month, method=MethodReference.shipped(), quality="D", scope1_g=1_000
        )
        documents.put(statement)
        place.ledger("auditor").audit(audit_of(statement, 1))
        place.ledger("auditor").close(place.facility, month)
    place.ledger("operator").retire(place.facility, may, [token], [1_000])
    with pytest.raises(Reverted, match="1000 g above zero"):
        place.ledger("operator").claim(place.facility, may, june)
    place.ledger("operator").retire(place.facility, june, [token], [1_000])
    claim = place.ledger("operator").claim(place.facility, may, june).id or 0
    proof = prove(place.ledger("anyone"), claim, tmp_path / "proof.json", documents)
    assert [str(month.month) for month in proof.months] == ["2021-05", "2021-06"]
    assert verify(tmp_path / "proof.json", inputs=FACTS.folder, **place.where).verified


def test_a_disallowed_retirement_breaks_the_proof_and_further_retirement_mends_it(place: Place, tmp_path: Path) -> None:
    """Last of this file: the month's account is not the demonstration's any more."""
    token = int(_offset(place), 16)
    place.ledger("auditor").disallow(place.facility, FACTS.month, token, 1_000_000, b"\x01" * 32)
    found = verify(place.proof, **place.where)
    assert not found.verified
    assert any("net emissions are now 239932 g, above zero" in reason for reason in found.reasons)
    with pytest.raises(ProofError, match="does not hold now"):
        prove(place.ledger("anyone"), place.claim, tmp_path / "proof.json", Documents(place.folder / "documents"))
    operator = place.ledger("operator")
    operator.retire(place.facility, FACTS.month, [token], [1_000_000])
    operator.claim(place.facility, FACTS.month)
    prove(operator, place.claim, tmp_path / "proof.json", Documents(place.folder / "documents"))
    assert verify(tmp_path / "proof.json", inputs=FACTS.folder, **place.where).verified


def test_a_proof_is_refused_on_another_chain(place: Place, tmp_path: Path) -> None:
    other = Chain.connect(state=tmp_path / "other.db")
    other.close()
    found = verify(place.proof, state=tmp_path / "other.db")
    assert not found.verified and found.depths["chain"] is False
    assert "the proof is of" in found.reasons[0]


@pytest.mark.anvil
def test_a_node_that_does_not_know_the_development_accounts_pays_for_them(
    start_node: Callable[..., str], tmp_path: Path
) -> None:
    words = "candy maple cake sugar pudding cream honey rich smooth crumble sweet treat"
    url = start_node("anvil", "--mnemonic", words)
    chain = Chain.connect(url)
    assert chain.balance(account("dev:operator", chain).address) == 0
    assert run_demo(chain, ["--rpc", url], tmp_path)["verified"] is True


def _offset(place: Place) -> str:
    from carbon_tokens.claims.proof import read

    return next(token.id for token in read(place.proof).tokens if token.id.startswith("0x03"))
