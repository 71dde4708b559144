"""What every store of evidence does, and how one is opened by its address.

    folder/of/evidence                                     a local folder
    s3://bucket/prefix?endpoint=https://host&region=name   any S3-compatible store; keys as boto3 finds them
    ipfs://host:5001                                       the HTTP API of an IPFS node (kubo); ipfss:// by TLS

Addresses stand in histories of shells and in errors, so that keys in them are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, urlsplit

from carbon_tokens.errors import EvidenceLost, EvidenceRefused
from carbon_tokens.evidence.cid import cid_of

_OPTIONS = {"s3": {"endpoint", "region"}, "ipfs": set[str](), "ipfss": set[str](), "file": set[str]()}
_FORMS = "Write a folder, s3://bucket/prefix?endpoint=https://host, or ipfs://host:5001; keys go into the environment."


class Store(Protocol):
    """Bytes under the CID of their sha-256, each written once.

    All methods raise EvidenceError when the store does not answer, and EvidenceRefused for what is no CID.
    """

    @property
    def name(self) -> str:
        """What errors call it, without keys."""
        ...

    def put(self, content: bytes) -> str:
        """Keeps bytes and gives their CID; they stand there when it returns. What is there already is checked.

        Raises:
            EvidenceLost: other bytes stand under this CID.
        """
        ...

    def get(self, cid: str) -> bytes:
        """The bytes. Raises EvidenceLost if they are missing or altered."""
        ...

    def has(self, cid: str) -> bool:
        """Whether something stands under this CID."""
        ...

    def delete(self, cid: str) -> None:
        """Removes it; nothing happens if it is not there."""
        ...

    def names(self) -> Iterator[str]:
        """The CIDs of all that it holds, in no order."""
        ...


def open_store(uri: str) -> Store:
    """The store at an address. Raises EvidenceRefused for an address that is none or has keys in it."""
    if "://" not in uri:
        return _folder(uri)
    parts = _split(uri)
    if parts.scheme == "file":
        return _folder(parts.path)
    if parts.scheme == "s3":
        from carbon_tokens.evidence.s3 import S3

        options = dict(parse_qsl(parts.query))
        return S3(parts.netloc, parts.path.strip("/"), options.get("endpoint", ""), options.get("region", ""))
    from carbon_tokens.evidence.ipfs import Ipfs

    return Ipfs(f"{'https' if parts.scheme == 'ipfss' else 'http'}://{parts.netloc}")


def checked(content: bytes, cid: str, store: str) -> bytes:
    """The bytes, if they are those of the CID. Raises EvidenceLost."""
    if cid_of(content) == cid:
        return content
    todo = "Bring it back from a copy: put the same file again, or restore the store."
    raise EvidenceLost(f"{cid} is altered: its {len(content):,} bytes are others", where=store, todo=todo)


def missing(cid: str, store: str) -> EvidenceLost:
    """The error for evidence that is not there."""
    return EvidenceLost(f"{cid} is missing", where=store, todo="Bring it back from a copy, or look in another store.")


def _folder(path: str) -> Store:
    from carbon_tokens.evidence.folder import Folder

    if not path.strip():
        raise EvidenceRefused("the address of the store is empty", todo=_FORMS)
    return Folder(Path(path))


def _split(uri: str) -> SplitResult:
    """The parts of an address. What is refused is not repeated: it may hold a key."""
    kind = uri.partition("://")[0]
    kind = kind.lower() if kind.isalnum() and len(kind) < 10 else "…"
    if kind not in _OPTIONS:
        raise EvidenceRefused(f"{kind}:// is no store that can be opened", todo=_FORMS)
    try:
        parts = urlsplit(uri)
        named, endpoint = parse_qsl(parts.query, keep_blank_values=True), dict(parse_qsl(parts.query)).get("endpoint")
        sound = not endpoint or urlsplit(endpoint).scheme in ("http", "https")
        _ = parts.port if kind != "s3" else None
    except ValueError:
        raise EvidenceRefused(f"the address of the {kind} store is none", todo=_FORMS) from None
    if "@" in uri or "#" in uri or {name for name, _ in named} - _OPTIONS[kind]:
        raise EvidenceRefused(f"keys, or options that it has not, in the address of the {kind} store", todo=_FORMS)
    if not sound or (kind != "file" and (not parts.netloc or (":" in parts.netloc and kind == "s3"))):
        raise EvidenceRefused(f"the address of the {kind} store is none", todo=_FORMS)
    return parts._replace(scheme=kind)
