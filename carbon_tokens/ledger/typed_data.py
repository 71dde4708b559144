"""EIP-712 typed data: what auditors sign offline, with structs and arrays in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

DOMAIN_NAME, DOMAIN_VERSION = "carbon-tokens auditors", "1"  # of the contract Auditors
_DOMAIN = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))

Layout = tuple[tuple[str, str], ...]  # name and type of each field, in order


@dataclass(frozen=True, slots=True)
class TypedData:
    """A message in the domain of one contract on one chain.

    ``types`` are the layouts of the message's struct, named ``name``, and of the structs in it. ``values`` are the
    message's fields by name: integers, bytes, a mapping for a struct, a sequence for an array.
    """

    chain_id: int
    contract: str
    name: str
    types: Mapping[str, Layout]
    values: Mapping[str, Any]

    def digest(self) -> bytes:
        """What is signed: keccak256(0x1901 ‖ domain separator ‖ hash of the struct)."""
        return keccak(b"\x19\x01" + self._domain() + self.struct_hash())

    def struct_hash(self) -> bytes:
        """Hash of the message without its domain."""
        return self._struct(self.name, self.values)

    def message(self) -> dict[str, Any]:
        """The JSON form that nodes and wallets take (``eth_signTypedData_v4``)."""
        domain = {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": self.chain_id,
            "verifyingContract": self.contract,
        }
        layouts = {"EIP712Domain": _DOMAIN, **self.types}
        types = {name: [{"name": n, "type": t} for n, t in layout] for name, layout in layouts.items()}
        return {"types": types, "primaryType": self.name, "domain": domain, "message": _shown(self.values)}

    def _domain(self) -> bytes:
        values = (keccak(DOMAIN_NAME.encode()), keccak(DOMAIN_VERSION.encode()), self.chain_id, self.contract)
        head = keccak(_declared("EIP712Domain", _DOMAIN))
        return keccak(head + encode(["bytes32", "bytes32", "uint256", "address"], values))

    def _struct(self, name: str, values: Mapping[str, Any]) -> bytes:
        fields = b"".join(self._word(kind, values[field]) for field, kind in self.types[name])
        return keccak(keccak(self._type(name)) + fields)

    def _word(self, kind: str, value: Any) -> bytes:
        if kind.endswith("[]"):
            return keccak(b"".join(self._word(kind[:-2], item) for item in value))
        return self._struct(kind, value) if kind in self.types else encode([kind], [value])

    def _type(self, name: str) -> bytes:
        """The struct's declaration, then those of the structs in it by their names."""
        found = {name}
        waiting = [name]
        while waiting:
            kinds = {re.sub(r"\[\]$", "", kind) for _, kind in self.types[waiting.pop()]}
            waiting += (more := sorted(kinds & self.types.keys() - found))
            found |= set(more)
        return b"".join(_declared(each, self.types[each]) for each in (name, *sorted(found - {name})))


def signer_of(data: TypedData, signature: bytes) -> str:
    """The account that signed a message, 65 bytes r, s, v; "" for what is no signature."""
    from eth_keys.datatypes import Signature
    from eth_keys.exceptions import BadSignature
    from eth_utils.exceptions import ValidationError

    if len(signature) != 65 or signature[64] not in (27, 28):
        return ""
    try:
        key = Signature(signature[:64] + bytes([signature[64] - 27])).recover_public_key_from_msg_hash(data.digest())
    except (BadSignature, ValidationError):
        return ""
    return str(key.to_checksum_address())


def _declared(name: str, layout: Layout) -> bytes:
    return f"{name}({','.join(f'{kind} {field}' for field, kind in layout)})".encode()


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _shown(item) for name, item in value.items()}
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_shown(item) for item in value]
    return str(value)
