"""EIP-712 typed data: what an auditor signs offline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

DOMAIN_NAME, DOMAIN_VERSION = "carbon-tokens", "1"
_DOMAIN = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))


@dataclass(frozen=True, slots=True)
class TypedData:
    """A struct without nested or dynamic fields, in the domain of one contract on one chain."""

    chain_id: int
    contract: str
    name: str
    fields: tuple[tuple[str, str], ...]
    values: Mapping[str, int | bytes]

    def digest(self) -> bytes:
        """What is signed: keccak256(0x1901 ‖ domain separator ‖ hash of the struct)."""
        return keccak(b"\x19\x01" + self._domain() + self._struct())

    def message(self) -> dict[str, Any]:
        """The JSON form that nodes and wallets take (``eth_signTypedData_v4``)."""
        domain = {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": self.chain_id,
            "verifyingContract": self.contract,
        }
        types = {name: [{"name": n, "type": t} for n, t in fields] for name, fields in self._types().items()}
        values = {
            key: f"0x{value.hex()}" if isinstance(value, bytes) else str(value) for key, value in self.values.items()
        }
        return {"types": types, "primaryType": self.name, "domain": domain, "message": values}

    def _types(self) -> dict[str, tuple[tuple[str, str], ...]]:
        return {"EIP712Domain": _DOMAIN, self.name: self.fields}

    def _domain(self) -> bytes:
        values = (keccak(DOMAIN_NAME.encode()), keccak(DOMAIN_VERSION.encode()), self.chain_id, self.contract)
        head = _type_hash("EIP712Domain", _DOMAIN)
        return keccak(head + encode(["bytes32", "bytes32", "uint256", "address"], values))

    def _struct(self) -> bytes:
        body = encode([kind for _, kind in self.fields], [self.values[name] for name, _ in self.fields])
        return keccak(_type_hash(self.name, self.fields) + body)


def _type_hash(name: str, fields: tuple[tuple[str, str], ...]) -> bytes:
    return keccak(f"{name}({','.join(f'{kind} {field}' for field, kind in fields)})".encode())
