"""Named development accounts, derived from the mnemonic that Anvil and Hardhat publish: worthless outside local chains.

BIP-39 seed, BIP-32 derivation along m/44'/60'/0'/0/i, as every wallet does it.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache
from typing import TYPE_CHECKING

from carbon_tokens.errors import LedgerError

if TYPE_CHECKING:
    from eth_keys.datatypes import PrivateKey

MNEMONIC = "test test test test test test test test test test test junk"
DEV_NAMES = (
    "admin", "operator", "auditor", "rec-issuer", "offset-issuer", "publisher", "registrar", "auditor-2", "broker",
    "anyone",
)  # fmt: skip
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HARDENED = 0x80000000


def dev_key(name: str) -> PrivateKey:
    """The private key of a development account.

    Raises:
        LedgerError: there is no account of that name.
    """
    if name not in DEV_NAMES:
        raise LedgerError(
            f"no development account {name!r}", where="account", todo=f"Use one of {', '.join(DEV_NAMES)}."
        )
    return _key(DEV_NAMES.index(name))


def dev_address(name: str) -> bytes:
    """The 20-byte address of a development account. Raises LedgerError as ``dev_key``."""
    return dev_key(name).public_key.to_canonical_address()


@cache
def _key(index: int) -> PrivateKey:
    from eth_keys.datatypes import PrivateKey

    secret, code = _parent()
    return PrivateKey(_child(secret, code, index)[0])


@cache
def _parent() -> tuple[bytes, bytes]:
    seed = hashlib.pbkdf2_hmac("sha512", MNEMONIC.encode(), b"mnemonic", 2048)
    digest = hmac.new(b"Bitcoin seed", seed, hashlib.sha512).digest()
    node = digest[:32], digest[32:]
    for step in (44 + _HARDENED, 60 + _HARDENED, _HARDENED, 0):
        node = _child(*node, step)
    return node


def _child(secret: bytes, code: bytes, step: int) -> tuple[bytes, bytes]:
    from eth_keys.datatypes import PrivateKey

    own = b"\0" + secret if step >= _HARDENED else PrivateKey(secret).public_key.to_compressed_bytes()
    digest = hmac.new(code, own + step.to_bytes(4, "big"), hashlib.sha512).digest()
    number = (int.from_bytes(digest[:32], "big") + int.from_bytes(secret, "big")) % _ORDER
    return number.to_bytes(32, "big"), digest[32:]
