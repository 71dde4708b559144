"""Artifacts, calldata and errors."""

from __future__ import annotations

import re
import string
from dataclasses import astuple
from pathlib import Path

import pytest
from eth_abi import encode
from eth_hash.auto import keccak

from carbon_tokens.errors import LedgerError, Reverted
from carbon_tokens.ledger import Audit, Batch
from carbon_tokens.ledger.contracts import NAMES, Contract, abi_type, reverted, text_bytes
from carbon_tokens.ledger.ids import region_bytes, role_id
from carbon_tokens.ledger.issuing import inputs_digest, issue_data, pack_batch
from carbon_tokens.ledger.reasons import _REASONS, sentence
from carbon_tokens.ledger.rpc import HttpRpc, _portions, revert_data

INTERFACES = Path(__file__).resolve().parents[2] / "contracts" / "interfaces"
HOLDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def own_errors() -> dict[str, list[str]]:
    """name → argument names of the errors that our interfaces declare."""
    texts = (file.read_text() for file in INTERFACES.glob("I*.sol"))
    found = [match for text in texts for match in re.findall(r"\berror (\w+)\(([^)]*)\)", text)]
    return {name: [arg.split()[-1] for arg in args.split(",") if arg.strip()] for name, args in found}


def test_every_error_of_our_interfaces_has_a_sentence_and_says_what_to_do() -> None:
    assert len(own_errors()) > 30
    missing = [name for name in own_errors() if not all(_REASONS.get(name, ("", "")))]
    assert missing == []


def test_sentences_name_no_argument_that_the_error_does_not_have() -> None:
    for name, arguments in own_errors().items():
        used = {field for _, field, _, _ in string.Formatter().parse(_REASONS[name][0]) if field}
        assert used <= set(arguments), name


def test_a_custom_error_is_read_in_words_with_its_values() -> None:
    selectors = {entry["name"]: selector for selector, entry in Contract.load("NetEmissions").errors.items()}
    error = reverted(selectors["NetAboveZero"] + encode(["uint256"] * 3, [7, 650, 1]), where="claim")
    assert (error.error, error.args_) == ("NetAboveZero", (7, 650, 1))
    assert str(error) == (
        "claim: net emissions of 2024-03 are 1 g above zero. Retire offsets, or RECs for uncovered energy."
    )


def test_a_missing_role_is_named() -> None:
    data = keccak(b"AccessControlUnauthorizedAccount(address,bytes32)")[:4]
    error = reverted(data + encode(["address", "bytes32"], [HOLDER, role_id("AUDITOR_ROLE", "EU")]))
    assert f"{HOLDER} does not hold the role AUDITOR_ROLE of market zone EU" in str(error)
    error = reverted(data + encode(["address", "bytes32"], [HOLDER, role_id("REGISTRAR_ROLE")]))
    assert f"{HOLDER} does not hold the role REGISTRAR_ROLE" in str(error)


def test_texts_panics_and_unknown_errors_are_read_too() -> None:
    assert "refused: too late" in str(reverted(bytes.fromhex("08c379a0") + encode(["string"], ["too late"])))
    assert "code 0x11" in str(reverted(bytes.fromhex("4e487b71") + encode(["uint256"], [0x11])))
    assert "unknown error 0xdeadbeef" in str(reverted(bytes.fromhex("deadbeef")))
    assert "out of gas" in str(reverted(b""))
    assert isinstance(reverted(b""), Reverted)


def test_ids_are_shown_in_hex_and_small_numbers_in_digits() -> None:
    facility, token = 0xAB << 196, 1 << 248
    assert sentence("FacilityUnknown", {"facility": facility})[0] == f"no facility 0x{facility:054x} is registered"
    assert f"0x{token:064x}" in sentence("BatchUnknown", {"id": token})[0]
    assert sentence("SourceUnknown", {"source": 3})[0] == "no source 3 is registered"


def test_a_missing_factor_names_the_command_that_publishes_it() -> None:
    assert "carbon-tokens factors load --year YEAR" in sentence("FactorUnknown", {"region": b"CAMX"})[1]


def test_an_error_without_a_sentence_shows_its_name_and_values() -> None:
    assert sentence("Strange", {"a": 1, "b": b"\x01"}) == ("the contract refused: Strange(a=1, b=0x01)", "")


@pytest.mark.parametrize(
    "data",
    ["0xdeadbeef", {"result": "0xdeadbeef", "reason": None}, {"data": "0xdeadbeef"}],
    ids=["anvil and ganache call", "ganache estimate", "hardhat"],
)
def test_revert_bytes_are_found_where_each_chain_puts_them(data: object) -> None:
    assert revert_data(data) == bytes.fromhex("deadbeef")


@pytest.mark.parametrize("data", [None, "Reverted", 5, {}])
def test_an_error_without_revert_bytes_has_none(data: object) -> None:
    assert revert_data(data) is None


def test_a_struct_has_the_fields_of_the_contract_in_its_order() -> None:
    camel = {"Audit": ("audit", 0, Audit), "Batch": ("issue", 2, Batch)}
    for function, position, kind in camel.values():
        entry = next(each for each in Contract.load("CarbonTokens").abi if each.get("name") == function)
        names = [
            re.sub(r"[A-Z]", lambda m: "_" + m[0].lower(), part["name"])
            for part in entry["inputs"][position]["components"]
        ]
        assert names == list(kind.__dataclass_fields__)


def batches(count: int) -> list[Batch]:
    return [Batch(keccak(bytes([n])), 10**6 + n, n, n + 5, 1_709_251_200, 1_711_929_600) for n in range(1, count + 1)]


@pytest.mark.parametrize("count", [1, 2, 250])
def test_calldata_packed_by_hand_is_that_of_eth_abi(count: int) -> None:
    function, what = ("issue", batches(1)[0]) if count == 1 else ("issueBatch", batches(count))
    entry = next(each for each in Contract.load("CarbonTokens").abi if each.get("name") == function)
    types = [abi_type(each) for each in entry["inputs"]]
    plain = astuple(what) if isinstance(what, Batch) else [astuple(each) for each in what]
    signature = f"{function}({','.join(types)})".encode()
    assert issue_data(9, HOLDER, batches(count)) == keccak(signature)[:4] + encode(types, [9, HOLDER, plain])


def test_a_number_that_does_not_fit_its_type_is_refused_before_it_is_packed() -> None:
    with pytest.raises(LedgerError, match=str(2**256)):
        pack_batch(Batch(b"e" * 32, 1, 1, 2**256, 0, 1))
    with pytest.raises(LedgerError, match="-1"):
        pack_batch(Batch(b"e" * 32, -1, 1, 1, 0, 1))


def test_the_digest_of_a_run_changes_with_each_of_its_inputs() -> None:
    base = inputs_digest(1, HOLDER, batches(2))
    assert len({base, inputs_digest(2, HOLDER, batches(2)), inputs_digest(1, "0x" + 40 * "1", batches(2))}) == 3
    assert inputs_digest(1, HOLDER, batches(3)) != base


def test_an_argument_of_the_wrong_type_is_refused_with_the_function() -> None:
    with pytest.raises(LedgerError, match=r"CarbonTokens\.close"):
        Contract.load("CarbonTokens").encode("close", (1, 2, 1 << 32))


def test_a_code_that_is_too_long_or_not_ascii_is_refused() -> None:
    assert region_bytes("CAMX") == b"CAMX\0\0\0\0\0"
    for text in ("CAMXCAMXCA", "é"):
        with pytest.raises(LedgerError, match=r"grid region: .* does not fit into 9 ASCII characters"):
            region_bytes(text)
    with pytest.raises(LedgerError, match="registry"):
        text_bytes("THIRTEENBYTES", 12, where="registry")


def test_an_artifact_that_is_missing_is_refused_by_name() -> None:
    with pytest.raises(LedgerError, match=r"Allotments\.json"):
        Contract.load("Allotments")
    assert all(Contract.load(name).bytecode for name in NAMES)


def test_batches_stay_below_two_hundred_calls_and_two_megabytes_a_body() -> None:
    portions = list(_portions([("eth_sendRawTransaction", ["0x" + "ab" * 20_000])] * 250))
    assert sum(len(portion) for portion in portions) == 250
    assert all(len(portion) <= 200 and sum(map(len, portion)) < 2_000_000 for portion in portions)
    assert [len(each) for each in _portions([("eth_chainId", [])] * 450)] == [200, 200, 50]


def test_a_secret_in_an_rpc_address_appears_in_no_text_or_error() -> None:
    rpc = HttpRpc("http://user:hunter2@127.0.0.1:9/v3/topsecret?key=apikey", timeout=0.5)
    with pytest.raises(LedgerError, match=r"http://127\.0\.0\.1:9") as failure:
        rpc.request("eth_chainId")
    assert failure.value.__cause__ is None
    shown = f"{rpc!r} {failure.value}"
    assert not any(secret in shown for secret in ("hunter2", "topsecret", "apikey", "user"))


@pytest.mark.parametrize("url", ["127.0.0.1:8545", "ftp://x", "http://", ""])
def test_an_address_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(LedgerError, match="no http"):
        HttpRpc(url)


def test_a_meter_has_one_id_in_energy_and_ledger() -> None:
    """Two would let one period of a meter count twice: once audited from bills, once by hand."""
    from carbon_tokens import energy
    from carbon_tokens.ledger import ids

    assert ids.meter_id("Utility", "M 1") == energy.meter_id("utility", "m  1")
