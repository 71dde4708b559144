"""Blocks encoded again from what nodes give: known hashes, every type of transaction, refusals by name."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from eth_account import Account
from eth_hash.auto import keccak

from carbon_tokens.claims.bundle_blocks import Header, chain_id, logs
from carbon_tokens.claims.bundle_encoding import header, receipt, transaction
from carbon_tokens.errors import BundleError, NotInTree

ROOT_OF_NOTHING = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
# The first block of Ethereum's main network (Yellow Paper, appendix I).
MAINNET: dict[str, Any] = {
    "hash": "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3", "parentHash": "0x" + 64 * "0",
    "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347", "miner": "0x" + 40 * "0",
    "stateRoot": "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
    "transactionsRoot": ROOT_OF_NOTHING, "receiptsRoot": ROOT_OF_NOTHING, "logsBloom": "0x" + 512 * "0",
    "difficulty": "0x400000000", "number": "0x0", "gasLimit": "0x1388", "gasUsed": "0x0", "timestamp": "0x0",
    "extraData": "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa", "mixHash": "0x" + 64 * "0",
    "nonce": "0x0000000000000042", "baseFeePerGas": None,
}  # fmt: skip
KEY = "0x" + 64 * "1"
TO = "0x" + 40 * "3"
ACCESS = [{"address": TO, "storageKeys": ["0x" + 64 * "5"]}]
PRICES = {"maxFeePerGas": 9, "maxPriorityFeePerGas": 2}
COMMON = {"nonce": 7, "gas": 50_000, "to": TO, "value": 3, "data": "0x1234", "chainId": 1337}


def as_node(signed: Any, fields: dict[str, Any], kind: int) -> dict[str, Any]:
    """A signed transaction as a node gives it."""
    found = {name: hex(value) if isinstance(value, int) else value for name, value in fields.items()}
    found |= {"type": hex(kind), "input": found.pop("data"), "hash": "0x" + signed.hash.hex().removeprefix("0x")}
    return found | {name: hex(getattr(signed, name)) for name in ("v", "r", "s")}


def test_the_header_of_the_main_networks_first_block_has_the_hash_that_everybody_knows() -> None:
    encoded = header(MAINNET)
    assert "0x" + keccak(encoded).hex() == MAINNET["hash"]
    read = Header.of(encoded)
    assert (read.number, read.timestamp, read.hash) == (0, 0, MAINNET["hash"])


def test_a_header_with_another_hash_is_refused_by_name() -> None:
    with pytest.raises(BundleError, match=r"block 0: the header that the node gives has the hash 0x.* the block 0x"):
        header(MAINNET | {"gasLimit": "0x1389"})


@pytest.mark.parametrize("field", ["miner", "extraData", "number"])
def test_a_header_without_a_field_is_refused_by_name(field: str) -> None:
    with pytest.raises(BundleError, match=f"no header that can be read .*{field}"):
        header({name: value for name, value in MAINNET.items() if name != field})


def test_a_legacy_transaction_is_the_one_of_eip_155() -> None:
    raw = bytes.fromhex(
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe"
        "537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
    )
    fields = {
        "hash": "0x" + keccak(raw).hex(), "nonce": "0x9", "gasPrice": "0x4a817c800", "gas": "0x5208",
        "to": "0x" + 20 * "35", "value": "0xde0b6b3a7640000", "input": "0x", "v": "0x25",
        "r": "0x28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276",
        "s": "0x67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83",
    }  # fmt: skip
    assert transaction(fields) == raw and chain_id(raw) == 1


def test_a_legacy_transaction_from_before_eip_155_names_no_chain() -> None:
    signed = Account.sign_transaction({**COMMON, "gasPrice": 5, "chainId": None}, KEY)
    fields = {name: value for name, value in COMMON.items() if name != "chainId"} | {"gasPrice": 5}
    raw = transaction(as_node(signed, fields, 0))
    assert raw == bytes(signed.raw_transaction) and chain_id(raw) is None


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (0, {"gasPrice": 5}),
        (1, {"gasPrice": 5, "accessList": ACCESS}),
        (2, {**PRICES, "accessList": ACCESS}),
        (2, {**PRICES, "accessList": [], "to": None}),
    ],
)
def test_every_type_of_transaction_is_encoded_as_it_was_signed(kind: int, more: dict[str, Any]) -> None:
    fields = COMMON | more
    given = {name: value for name, value in fields.items() if value is not None}
    signed = Account.sign_transaction(given | ({"type": kind} if kind else {}), KEY)
    raw = transaction(as_node(signed, fields, kind))
    assert raw == bytes(signed.raw_transaction) and chain_id(raw) == 1337


def test_a_transaction_that_sets_code_is_encoded_with_its_authorizations() -> None:
    made = Account.sign_authorization({"chainId": 1337, "address": TO, "nonce": 1}, KEY)
    fields = COMMON | PRICES | {"accessList": [], "authorizationList": [made]}
    signed = Account.sign_transaction(fields | {"type": 4}, KEY)
    listed = {"chainId": "0x539", "address": TO, "nonce": "0x1", "r": hex(made.r), "s": hex(made.s)}
    node = as_node(signed, fields, 4) | {"authorizationList": [listed | {"yParity": hex(made.y_parity)}]}
    assert transaction(node) == bytes(signed.raw_transaction)


def test_a_transaction_with_blobs_is_encoded_with_their_hashes() -> None:
    blob = bytes((1,)) + bytes(31)
    items = [1337, 7, 2, 9, 50_000, bytes(20), 3, b"", [], 4, [blob], 1, 2, 3]
    raw = b"\x03" + rlp.encode(items)
    numbers = {"chainId": 1337, "nonce": 7, "gas": 50_000, "value": 3, "maxFeePerBlobGas": 4, "v": 1, "r": 2, "s": 3}
    fields = {name: hex(value) for name, value in (numbers | PRICES).items()} | {
        "type": "0x3", "to": "0x" + 40 * "0", "input": "0x", "accessList": [],
        "blobVersionedHashes": ["0x" + blob.hex()], "hash": "0x" + keccak(raw).hex(),
    }  # fmt: skip
    assert transaction(fields) == raw and chain_id(raw) == 1337


def test_a_transaction_of_a_type_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(BundleError, match="transaction 0xab: type 100 cannot be encoded"):
        transaction({"type": "0x64", "hash": "0xab"})


def test_a_transaction_with_another_hash_is_refused_by_name() -> None:
    signed = Account.sign_transaction({**COMMON, "gasPrice": 5}, KEY)
    with pytest.raises(BundleError, match="what the node gives of type 0 has the hash 0x"):
        transaction(as_node(signed, COMMON | {"gasPrice": 6}, 0))


def test_a_receipt_gives_back_its_logs() -> None:
    log = {"address": TO, "topics": ["0x" + 64 * "a"], "data": "0x1234"}
    fields = {
        "type": "0x2",
        "status": "0x1",
        "cumulativeGasUsed": "0x5208",
        "logsBloom": "0x" + 512 * "0",
        "logs": [log],
    }
    encoded = receipt(fields)
    assert encoded[0] == 2 and logs(encoded) == [log]
    assert logs(receipt(fields | {"type": "0x0", "status": "0x0", "logs": []})) == []


def test_a_receipt_from_before_byzantium_has_a_root_for_its_status() -> None:
    fields = {"root": "0x" + 64 * "7", "cumulativeGasUsed": "0x1", "logsBloom": "0x" + 512 * "0", "logs": []}
    assert rlp.decode(receipt(fields))[0] == bytes.fromhex(64 * "7")


def test_a_receipt_without_a_field_is_refused_by_name() -> None:
    with pytest.raises(BundleError, match="receipt of transaction 0xab: the node gives none that can be read"):
        receipt({"transactionHash": "0xab", "status": "0x1"})


@pytest.mark.parametrize("read", [Header.of, logs, chain_id])
@pytest.mark.parametrize("data", [b"\xc0", b"\xc3\x01\x02\x03", b"\x01\xc0", b"\x02\x01"])
def test_what_is_no_header_receipt_or_transaction_is_refused(read: Any, data: bytes) -> None:
    with pytest.raises(NotInTree):
        read(data)
