"""Signing is compared with eth-account, an independent implementation, byte by byte."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account as EthAccount
from eth_account.messages import encode_typed_data
from eth_keyfile import create_keyfile_json
from eth_keys import keys
from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import (
    Audit,
    KeyAccount,
    Message,
    NodeAccount,
    SignedMessage,
    account,
    audits,
    closing,
    disallowance,
    merged,
    restatement,
)
from carbon_tokens.ledger.mnemonic import DEV_NAMES, MNEMONIC, dev_address, dev_key
from carbon_tokens.ledger.signing import from_json, to_json, typed_data
from carbon_tokens.ledger.signing import sign as sign_message
from carbon_tokens.ledger.transactions import Fees, Transaction, sign, signer_of

SECRET = bytes.fromhex("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318")
KEY = keys.PrivateKey(SECRET)
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
AUDIT = Audit(7, 650, 1, 10**6, 0, 225_000, 300_000, 5, 1_709_251_200, 1_711_929_600, b"m" * 32, b"r" * 32, b"e" * 32)

number = st.integers(0, 2**64 - 1)


@given(number, number, number, number, st.binary(max_size=300), st.sampled_from([b"", b"\x01" * 20]))
def test_a_fee_market_transaction_is_signed_as_eth_account_signs_it(
    nonce: int, gas: int, fee: int, value: int, data: bytes, to: bytes
) -> None:
    mine = sign(KEY, Transaction(31337, nonce, gas, Fees(fee, fee // 2), to, data, value))
    fields = {"chainId": 31337, "nonce": nonce, "gas": gas, "maxFeePerGas": fee, "maxPriorityFeePerGas": fee // 2}
    theirs = EthAccount.sign_transaction({**fields, "value": value, "data": data, "to": to, "type": 2}, SECRET)
    assert mine.raw == bytes(theirs.raw_transaction)
    assert mine.hash == bytes(theirs.hash)


@given(number, number, st.binary(max_size=100))
def test_a_legacy_transaction_is_signed_as_eth_account_signs_it(nonce: int, fee: int, data: bytes) -> None:
    mine = sign(KEY, Transaction(1337, nonce, 21_000, Fees(fee, 0, legacy=True), b"\x02" * 20, data))
    fields = {"chainId": 1337, "nonce": nonce, "gas": 21_000, "gasPrice": fee, "value": 0, "data": data}
    assert mine.raw == bytes(EthAccount.sign_transaction({**fields, "to": b"\x02" * 20}, SECRET).raw_transaction)


MESSAGES = {
    "one audit": audits(AUDIT),
    "two audits": audits(AUDIT, replace(AUDIT, version=2)),
    "restate": restatement(AUDIT),
    "close": closing(7, 650, 3),
    "disallow": disallowance(7, 650, 4, 2**250 + 1, 1_000, b"v" * 32),
}


def unhexed(value: object) -> object:
    """The hashes of a message as bytes, as eth-account takes them."""
    if isinstance(value, dict):
        return {name: unhexed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [unhexed(item) for item in value]
    return bytes.fromhex(value[2:]) if isinstance(value, str) and value.startswith("0x") else value


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_an_offline_signature_is_that_of_eth_account_for_the_message_that_wallets_show(message: Message) -> None:
    shown = typed_data(message, 2_000_000_000, chain_id=5, contract=CONTRACT).message()
    signed = sign_message(KeyAccount(KEY), message, 2_000_000_000, chain_id=5, contract=CONTRACT)
    shown["message"] = unhexed(shown["message"])
    theirs = EthAccount.sign_message(encode_typed_data(full_message=shown), SECRET)
    assert [each.signature for each in signed.signatures] == [bytes(theirs.signature)]
    assert [each.auditor for each in signed.signatures] == [EthAccount.from_key(SECRET).address]


def test_the_declarations_of_the_messages_are_those_of_the_contract() -> None:
    source = (Path(__file__).resolve().parents[2] / "contracts" / "Auditors.sol").read_text()
    declared = re.findall(r'"((?:Audit|Restate|Close|Disallow|Statement)\(.*?\))"', source)
    assert len(declared) == 5
    used = b"".join(typed_data(each, 1, chain_id=5, contract=CONTRACT)._type(name) for each, name in (
        (MESSAGES["one audit"], "Audit"), (MESSAGES["restate"], "Restate"), (MESSAGES["close"], "Close"),
        (MESSAGES["disallow"], "Disallow"),
    )).decode()  # fmt: skip
    assert all(each in used for each in declared)


def test_a_signature_differs_for_another_chain_contract_deadline_and_message() -> None:
    def signature(message: Message = MESSAGES["close"], deadline: int = 1, **where: object) -> bytes:
        place = {"chain_id": 5, "contract": CONTRACT} | where
        return sign_message(KeyAccount(KEY), message, deadline, **place).signatures[0].signature  # type: ignore[arg-type]

    others = [signature(chain_id=6), signature(contract="0x" + 40 * "1"), signature(deadline=2)]
    others += [signature(message) for message in MESSAGES.values()]
    assert len({signature(), *others}) == 3 + len(MESSAGES)


def by(number: int, message: Message = MESSAGES["close"], deadline: int = 9) -> SignedMessage:
    return sign_message(
        KeyAccount(keys.PrivateKey(number.to_bytes(32, "big"))), message, deadline, chain_id=5, contract=CONTRACT
    )


def test_signatures_of_several_auditors_are_merged_in_ascending_order_each_once() -> None:
    found = merged(by(3), by(1), merged(by(2), by(1)))
    order = [int(each.auditor, 16) for each in found.signatures]
    assert order == sorted(order) and len(set(order)) == 3
    assert (found.message, found.deadline) == (MESSAGES["close"], 9)


def test_signatures_of_different_messages_or_deadlines_are_not_merged() -> None:
    with pytest.raises(LedgerError, match="different messages"):
        merged(by(1), by(2, closing(7, 650, 4)))
    with pytest.raises(LedgerError, match="good until 9 and until 10"):
        merged(by(1), by(2, deadline=10))
    forged = replace(by(1), signatures=(replace(by(1).signatures[0], signature=b"x" * 65),))
    with pytest.raises(LedgerError, match="signed twice"):
        merged(by(1), forged)
    with pytest.raises(LedgerError, match="no signed message"):
        merged()
    with pytest.raises(LedgerError, match="nothing to audit"):
        audits()


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_signed_message_is_written_and_read_without_a_change(message: Message) -> None:
    signed = merged(by(1, message), by(2, message))
    assert from_json(json.loads(json.dumps(to_json(signed)))) == signed


@pytest.mark.parametrize(
    "change",
    [{"action": "mint"}, {"args": []}, {"args": [1]}, {"deadline": None}, {"signatures": [{}]}, {"args": "0x"}],
)
def test_what_is_no_signed_message_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(LedgerError, match="no signed message"):
        from_json(to_json(by(1)) | change)
    with pytest.raises(LedgerError, match="no signed message"):
        from_json({})


def test_the_development_accounts_are_those_of_the_published_mnemonic() -> None:
    EthAccount.enable_unaudited_hdwallet_features()
    for index, name in enumerate(DEV_NAMES):
        theirs = EthAccount.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
        assert dev_address(name) == bytes.fromhex(theirs.address[2:])


def test_an_unknown_development_account_is_refused_with_the_known_names() -> None:
    with pytest.raises(LedgerError, match=r"nobody.*operator"):
        dev_key("nobody")


def test_a_keystore_opens_with_its_password_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(create_keyfile_json(SECRET, b"right", iterations=2, kdf="pbkdf2")))
    address = KEY.public_key.to_checksum_address()
    assert account(f"keystore:{file}", password=lambda: "right").address == address
    monkeypatch.setenv("CARBON_TOKENS_PASSWORD", "right")
    assert account(f"keystore:{file}").address == address
    with pytest.raises(LedgerError, match=r"key\.json: wrong password"):
        account(f"keystore:{file}", password=lambda: "wrong")


@pytest.mark.parametrize("content", ["{}", "no json", '{"version": 1}', '{"version": 3, "crypto": 5}'])
def test_a_file_that_is_no_keystore_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "key.json").write_text(content)
    with pytest.raises(LedgerError, match=r"key\.json"):
        account(f"keystore:{tmp_path / 'key.json'}", password=lambda: "x")


def test_a_key_comes_from_a_variable_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "0x" + SECRET.hex())
    (tmp_path / "key").write_text(SECRET.hex() + "\n")
    assert account("env:SOME_KEY").address == account(f"file:{tmp_path / 'key'}").address == KeyAccount(KEY).address


def test_a_key_appears_in_no_text_error_or_pickle_of_its_account(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = KeyAccount(KEY)
    shown = f"{mine!r} {mine} {[mine]} {getattr(mine, '__dict__', {})}"
    assert SECRET.hex() not in shown
    assert str(int.from_bytes(SECRET, "big")) not in shown
    with pytest.raises(TypeError):
        pickle.dumps(mine)
    monkeypatch.setenv("BAD_KEY", SECRET.hex() + "ff")
    with pytest.raises(LedgerError) as failure:
        account("env:BAD_KEY")
    assert SECRET.hex()[:16] not in str(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__


@pytest.mark.parametrize("spec", ["", "0x1234", "dev:admin", "node:0x" + 40 * "1", "ledger:0"])
def test_an_account_that_is_not_named_in_a_known_form_is_refused_with_the_forms(spec: str) -> None:
    with pytest.raises(LedgerError, match="keystore:FILE"):
        account(spec)


FEES = [Fees(30, 2), Fees(30, 0, legacy=True)]


@pytest.mark.parametrize("fees", FEES)
@pytest.mark.parametrize("data", [b"", b"\x00", b"\x7f", b"\x80", b"x" * 55, b"y" * 56, b"z" * 70_000])
def test_the_signer_of_a_transaction_is_found_in_its_bytes(fees: Fees, data: bytes) -> None:
    key = dev_key("operator")
    tx = Transaction(31337, 7, 90_000, fees, bytes.fromhex("11" * 20), data)
    assert signer_of(tx, sign(key, tx).raw) == key.public_key.to_checksum_address()


@pytest.mark.parametrize("fees", FEES)
def test_the_bytes_of_another_transaction_are_no_signature_of_this_one(fees: Fees) -> None:
    key, tx = dev_key("operator"), Transaction(31337, 7, 90_000, fees, bytes.fromhex("11" * 20), b"data")
    raw = sign(key, tx).raw
    for name, value in (("nonce", 8), ("gas", 1), ("to", bytes(20)), ("data", b"date"), ("value", 1), ("chain_id", 1)):
        with pytest.raises(ValueError, match=r"another|signature"):
            signer_of(replace(tx, **{name: value}), raw)  # type: ignore[arg-type]
    for wrong in (b"", b"\x02", raw[:-1], raw + b"\x00", b"\xde\xad\xbe\xef", b"\x02\xc0", b"\x02" + bytes(300)):
        with pytest.raises(ValueError, match=r"signed transaction|another|signature"):
            signer_of(tx, wrong)


class Answers:
    """A remote signer that answers what it was made with."""

    where = "a signer"

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def request(self, method: str, params: object = ()) -> object:
        return self.answer


@pytest.mark.parametrize("answer", [None, 7, {"x": 1}, "zz", "0x02deadbeef", "0x", ["0x"], {"raw": None}])
def test_what_a_remote_signer_answers_is_checked(answer: object) -> None:
    tx = Transaction(31337, 7, 90_000, FEES[0], bytes.fromhex("11" * 20), b"data")
    remote = NodeAccount(Answers(answer), "0x" + "22" * 20)  # type: ignore[arg-type]
    with pytest.raises(LedgerError, match="no signature of"):
        remote.sign_transaction(tx)


def test_a_remote_signer_that_signs_with_another_key_is_refused() -> None:
    tx = Transaction(31337, 7, 90_000, FEES[0], bytes.fromhex("11" * 20), b"data")
    raw = "0x" + sign(dev_key("auditor"), tx).raw.hex()
    remote = NodeAccount(Answers(raw), dev_key("operator").public_key.to_checksum_address())  # type: ignore[arg-type]
    with pytest.raises(LedgerError, match="no signature of"):
        remote.sign_transaction(tx)
