"""Keccak-256 by the fastest library that is installed; all give the same bytes.

Microseconds a hash of 101 bytes, one core: tiny-keccak 0.4, pycryptodome 4.2 (always there, with eth-hash). The extra
``fast`` brings tiny-keccak, which has wheels for Linux, macOS and Windows.
"""

from __future__ import annotations

from collections.abc import Callable

Keccak = Callable[[bytes], bytes]

_OF_NOTHING = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")


def _tiny_keccak() -> Keccak:
    from tiny_keccak import keccak256

    return keccak256  # type: ignore[no-any-return, unused-ignore]


def _pycryptodome() -> Keccak:
    from Crypto.Hash.keccak import new  # what eth_hash.auto comes to, without two calls on the way

    return lambda data: new(data=data, digest_bytes=32).digest()


def installed() -> dict[str, Keccak]:
    """The libraries that are installed and compute keccak-256, fastest first; each is asked for a known hash."""
    found = {}
    for name, load in {"tiny-keccak": _tiny_keccak, "pycryptodome": _pycryptodome}.items():
        try:
            if (keccak := load())(b"") == _OF_NOTHING:
                found[name] = keccak
        except ImportError:
            continue
    return found


_INSTALLED = installed()
if not _INSTALLED:
    raise ImportError("no keccak-256 is installed: install eth-hash[pycryptodome] or carbon-tokens[fast]")

LIBRARY, keccak256 = next(iter(_INSTALLED.items()))
