"""Every field of a proof, changed: no change survives verification."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from carbon_tokens.claims import verify
from carbon_tokens.claims.offline import checks as offline_checks
from carbon_tokens.claims.onchain import checks as chain_checks
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.verifying import input_check, relies_on
from carbon_tokens.errors import StatementError
from carbon_tokens.ledger import Chain
from carbon_tokens.ledger.ids import release_id
from tests.integration.journey import run_demo

Json = dict[str, Any]


class Proved:
    """A proof of the demonstration, its chain, and its inputs."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "chain.db"
        chain = Chain.connect(state=self.state)
        found = run_demo(chain, ["--state", str(self.state)], folder)
        chain.close()
        self.path, self.inputs = Path(str(found["proof"])), Path(str(found["inputs"]))
        self.content: Json = json.loads(self.path.read_text())
        self.chain = Chain.connect(state=self.state)

    def reasons(self, content: Json) -> list[str]:
        """Why a proof that somebody changed and sealed again is refused, at all depths."""
        try:
            proof = Proof.from_json(content).sealed()
        except StatementError as error:
            return [str(error)]
        checks = [*offline_checks(proof), input_check(proof, self.inputs), *chain_checks(proof, self.chain)]
        return [reason for check in checks for reason in check.reasons]


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proved]:
    found = Proved(tmp_path_factory.mktemp("tampering"))
    yield found
    found.chain.close()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path
    else:
        for key, item in items:
            yield from leaves(item, (*path, key))


def other(value: Any) -> Any:
    """Another value of the same form, so that the change is not found by its form alone."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value is None:
        return "x"
    if value.startswith("0x"):
        found = value[:-1] + format((int(value[-1], 16) + 1) % 16, "x")
        return to_checksum_address(found) if len(value) == 42 else found
    return value[:-1] + str((int(value[-1]) + 1) % 10) if value[-1:].isdigit() else value + "x"


def changed(content: Json, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Json:
    found = copy.deepcopy(content)
    place = found
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = change(place[path[-1]])
    return found


def test_the_proof_as_it_is_verifies_at_all_depths(proved: Proved) -> None:
    found = verify(proved.path, inputs=proved.inputs, state=proved.state)
    assert found.verified and not found.reasons
    assert found.depths == {"offline": True, "inputs": True, "chain": True}
    assert proved.reasons(proved.content) == []


def test_a_change_of_any_field_is_found_offline(proved: Proved, tmp_path: Path) -> None:
    paths = list(leaves(proved.content))
    assert len(paths) > 250
    for path in paths:
        file = tmp_path / "changed.json"
        file.write_text(json.dumps(changed(proved.content, path, other)))
        found = verify(file)
        assert not found.verified and found.reasons, path


def test_a_change_of_any_field_by_somebody_who_seals_the_file_again_is_found(proved: Proved) -> None:
    survivors = [
        path
        for path in leaves(proved.content)
        if path != ("sha256",) and not proved.reasons(changed(proved.content, path, other))
    ]
    assert survivors == []


def test_a_missing_or_added_field_is_found(proved: Proved) -> None:
    for path in [(), ("claim",), ("months", 0), ("months", 0, "events", 0), ("tokens", 0), ("facility", "at")]:
        place: Any = proved.content
        for key in path:
            place = place[key]
        for name in list(place):
            content = changed(proved.content, (*path, name), lambda value: value)
            holder: Any = content
            for key in path:
                holder = holder[key]
            del holder[name]
            if name != "sha256":
                assert proved.reasons(content), (path, name)
        content = copy.deepcopy(proved.content)
        holder = content
        for key in path:
            holder = holder[key]
        holder["note"] = "added"
        assert proved.reasons(content), path


def test_an_omitted_or_repeated_event_source_or_token_is_found(proved: Proved) -> None:
    lists = [
        ("months", 0, "events"),
        ("tokens",),
        ("sources",),
        ("factors",),
        ("releases",),
        ("contracts",),
        ("months",),
    ]
    for path in lists:
        place: Any = proved.content
        for key in path:
            place = place[key]
        for number in range(len(place)):
            omitted = changed(proved.content, path, lambda items, n=number: items[:n] + items[n + 1 :])
            assert proved.reasons(omitted), (path, number, "omitted")
            repeated = changed(proved.content, path, lambda items, n=number: [*items, items[n]])
            assert proved.reasons(repeated), (path, number, "repeated")


def test_two_events_in_the_wrong_order_are_found(proved: Proved) -> None:
    swapped = changed(proved.content, ("months", 0, "events"), lambda events: [events[1], events[0], *events[2:]])
    assert any("order of the chain" in reason for reason in proved.reasons(swapped))


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (("chain", "id"), "the proof is of chain"),
        (("chain", "genesis"), "begins with"),
        (("contracts", 1, "code_hash"), "the code of CarbonTokens has hash"),
        (("facility", "at", "tx"), "there is no FacilityRegistered event in transaction"),
        (("months", 0, "events", 0, "at", "block_hash"), "on the chain"),
        (("months", 0, "events", 0, "energy_wh"), "energy_wh was audited as 7906881, the document says 7906880"),
        (("months", 0, "events", 0, "document", "scope2_location_g"), "is not energy x factor"),
        (("months", 0, "account", "offsets_g"), "its events come to 3000000"),
        (("months", 0, "totals", "net_g"), "net_g is -760066, the account comes to -760067"),
        (("claim", "versions"), "add up to"),
    ],
)
def test_the_reason_says_what_is_wrong(proved: Proved, path: tuple[Any, ...], sentence: str) -> None:
    reasons = proved.reasons(changed(proved.content, path, other))
    assert any(sentence in reason for reason in reasons), reasons


def test_a_file_that_is_no_proof_is_refused_with_a_reason(tmp_path: Path) -> None:
    for content in ("", "[]", "{", '{"type": "carbon-tokens/proof/3"}', '{"type": 1.5}'):
        file = tmp_path / "proof.json"
        file.write_text(content)
        found = verify(file)
        assert not found.verified and "this is no proof" in found.reasons[0]


def test_a_proof_of_an_earlier_format_is_refused_by_its_name(proved: Proved, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proved.content | {"type": "carbon-tokens/proof/1"}))
    found = verify(file)
    assert not found.verified and "the format carbon-tokens/proof/1" in found.reasons[0]
    assert "version that wrote it" in found.reasons[0]


def test_changed_inputs_are_found(proved: Proved, tmp_path: Path) -> None:
    shutil.copytree(proved.inputs, tmp_path, dirs_exist_ok=True)
    assert verify(proved.path, inputs=tmp_path).verified
    table = tmp_path / "electricity.csv"
    table.write_text(table.read_text().replace("47704.84", "47704.85"))
    found = verify(proved.path, inputs=tmp_path)
    assert not found.verified and any("electricity.csv" in reason for reason in found.reasons)
    assert found.depths == {"offline": True, "inputs": False, "chain": None}


def test_a_factor_that_only_its_publisher_vouches_for_is_named(proved: Proved) -> None:
    proof = Proof.from_json(proved.content)
    assert relies_on(proof)["factors"] == ["eGRID2021 power-profiler MROW (as published)"]
    number = "0x" + release_id("eGRID", 2021, "invented").hex()
    invented = replace(proof, factors=(replace(proof.factors[0], edition="invented", release=number),))
    (named,) = relies_on(invented)["factors"]  # type: ignore[misc]
    assert named.startswith("eGRID2021 invented MROW (not in this package: the publisher's word")
