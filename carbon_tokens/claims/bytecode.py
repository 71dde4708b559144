"""Whether the code at an address is the code of this package's contracts, whose immutables are written into it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources

from eth_abi.abi import encode
from eth_hash.auto import keccak
from eth_utils.address import to_canonical_address

from carbon_tokens.ledger.typed_data import DOMAIN_NAME, DOMAIN_VERSION
from carbon_tokens.ledger.views import LedgerViews

# Which contract holds the address of which other as an immutable, and the function that gives it.
LINKS = (
    ("CarbonTokens", "factors", "EmissionFactors"),
    ("CarbonTokens", "auditors", "Auditors"),
    ("CarbonTokens", "allocations", "Allocations"),
    ("Auditors", "ledger", "CarbonTokens"),
    ("Allocations", "ledger", "CarbonTokens"),
    ("HourlyMatching", "ledger", "CarbonTokens"),
    ("HourlyMatching", "auditors", "Auditors"),
    ("NetEmissions", "ledger", "CarbonTokens"),
    ("NetEmissions", "hourly", "HourlyMatching"),
)
_PUSH1, _PUSH32 = 0x60, 0x7F


@cache
def compiled(contract: str) -> bytes:
    """The deployed code of a contract as compiled; immutables are 32 zero bytes."""
    text = resources.files("carbon_tokens.artifacts").joinpath(f"{contract}.json").read_text()
    return bytes.fromhex(json.loads(text)["deployedBytecode"].removeprefix("0x"))


def placeholders(code: bytes) -> Iterator[int]:
    """Offsets of the immutables in compiled code: zero operands of PUSH32 (for 0 itself the compiler writes PUSH0)."""
    position = 0
    while position < len(code):
        opcode = code[position]
        if opcode == _PUSH32 and not any(code[position + 1 : position + 33]):
            yield position + 1
        position += 1 + (opcode - _PUSH1 + 1 if _PUSH1 <= opcode <= _PUSH32 else 0)


def differences(contract: str, code: bytes, expected: set[bytes]) -> Iterator[str]:
    """Why code is not the contract's with immutables among the expected words, as sentences."""
    blank = bytearray(code)
    for offset in placeholders(compiled(contract)):
        word = code[offset : offset + 32]
        if word not in expected:
            yield f"the code of {contract} holds 0x{word.hex()} where it must hold a constant of this deployment"
        blank[offset : offset + 32] = bytes(32)
    if bytes(blank) != compiled(contract):
        yield f"the code of {contract} on the chain is not the code of this package"


def immutables(contract: str, views: LedgerViews) -> set[bytes]:
    """The words that a contract of this deployment may hold as immutables."""
    words = {_word(views.address(name)) for holder, _, name in LINKS if holder == contract}
    return words | (_eip712(views.chain.id, views.address(contract)) if contract == "Auditors" else set())


def crossed(views: LedgerViews) -> Iterator[str]:
    """Contracts that take another one for one of this deployment: equal words do not tell their places apart."""
    for holder, function, name in LINKS:
        if (found := views.call(holder, function)) != views.address(name):
            yield f"{holder} takes {found} for {name}, which is at {views.address(name)}"


def _eip712(chain_id: int, address: str) -> set[bytes]:
    """What OpenZeppelin's EIP712 keeps: chain id, own address, hashes and short strings of name and version, domain."""
    names = [DOMAIN_NAME.encode(), DOMAIN_VERSION.encode()]
    kind = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    hashes = [keccak(name) for name in names]
    types = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
    domain = keccak(encode(types, [kind, *hashes, chain_id, to_canonical_address(address)]))
    short = [name.ljust(31, b"\0") + bytes((len(name),)) for name in names]
    return {chain_id.to_bytes(32, "big"), _word(address), domain, *hashes, *short}


def _word(address: str) -> bytes:
    return to_canonical_address(address).rjust(32, b"\0")
