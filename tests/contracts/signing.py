"""What auditors sign off chain (EIP-712), written down from the text of IAuditors alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brownie import chain
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils import keccak
from records import document

_STATEMENT = (
    "uint256 facility", "uint32 month", "uint16 version", "uint256 energy", "uint256 scope1", "uint256 scope2Location",
    "uint256 scope2Residual", "uint256 scope3", "uint256 start", "uint256 end", "bytes32 meter", "bytes32 release",
    "bytes32 evidence",
)  # fmt: skip
_MESSAGES = {
    "Audit": ("Statement[] statements", "uint256 deadline"),
    "Restate": ("Statement statement", "uint256 deadline"),
    "Close": ("uint256 facility", "uint32 month", "uint32 version", "uint256 deadline"),
    "Disallow": (
        "uint256 facility", "uint32 month", "uint16 version", "uint256 id", "uint256 amount", "bytes32 evidence",
        "uint256 deadline",
    ),
    "Match": (
        "address matching", "uint256 facility", "uint32 month", "uint16 version", "bytes32 consumption",
        "uint256 deadline",
    ),
}  # fmt: skip

# Auditors who never send a transaction, in ascending order of their addresses, and somebody who is none.
SIGNERS = sorted(
    (Account.from_key(document(f"key {n} of an auditor")) for n in range(4)), key=lambda a: a.address.lower()
)
OUTSIDER = Account.from_key(document("key of a stranger"))


def _fields(declared: Sequence[str]) -> list[dict[str, str]]:
    return [dict(zip(("type", "name"), each.split(), strict=True)) for each in declared]


def _struct(declared: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    return {each.split()[1]: value for each, value in zip(declared, values, strict=True)}


def message(auditors: Any, kind: str, *values: Any, **domain: Any) -> SignableMessage:
    """A message of the Auditors contract; ``domain`` changes fields of its EIP-712 domain."""
    fixed = {"name": "carbon-tokens auditors", "version": "1", "chainId": chain.id, "verifyingContract": str(auditors)}
    types = {kind: _fields(_MESSAGES[kind])}
    content = _struct(_MESSAGES[kind], values)
    if kind == "Audit":
        content["statements"] = [_struct(_STATEMENT, each) for each in content["statements"]]
    if kind == "Restate":
        content["statement"] = _struct(_STATEMENT, content["statement"])
    if "Statement" in _MESSAGES[kind][0]:
        types["Statement"] = _fields(_STATEMENT)
    return encode_typed_data(fixed | domain, types, content)


def digest(signed: SignableMessage) -> bytes:
    """What is signed: EIP-191, version 0x01."""
    return keccak(b"\x19" + signed.version + signed.header + signed.body)


def signatures(signed: SignableMessage, *signers: Any) -> list[tuple[str, bytes]]:
    """The auditors' signatures as the contract takes them."""
    return [(each.address, bytes(each.sign_message(signed).signature)) for each in signers]


def struct_hash(signed: SignableMessage) -> bytes:
    """The EIP-712 hash of the message without its domain."""
    return signed.body
