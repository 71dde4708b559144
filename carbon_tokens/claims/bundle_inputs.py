"""The input files of a bundle: those that documents name, and no other; and the statements recomputed from them.

Files are unpacked only into a folder of one's own: a name in a bundle is a stranger's, and must not leave that folder.
"""

from __future__ import annotations

import base64
import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from carbon_tokens.claims.account_events import Confirmed
from carbon_tokens.claims.bundle import Bundle, InputEntry
from carbon_tokens.claims.checks import Faults
from carbon_tokens.claims.records import MonthPart
from carbon_tokens.errors import BundleError, StatementError
from carbon_tokens.evidence.sealing import SALT, SALT_SUFFIX, commitment_of_hash
from carbon_tokens.nesting import loads
from carbon_tokens.statements import FleetStatement

MOST_CONTENT = 64 << 20  # characters of base64
_SALT = re.compile(rf"[0-9a-f]{{{2 * SALT}}}\n?")


@dataclass(frozen=True, slots=True)
class NamedInput:
    """An input as a document of the proof names it; ``folder`` is that of its month where several months have one."""

    name: str
    sha256: str
    kind: str
    folder: str  # "" or "YYYY-MM/"

    @property
    def names(self) -> tuple[str, ...]:
        """Where it may stand in the folder of inputs."""
        return tuple(dict.fromkeys((self.folder + self.name, self.name)))


def named(months: Iterable[MonthPart]) -> tuple[NamedInput, ...]:
    """Every input of every document of a proof's months, each once."""
    found: dict[NamedInput, None] = {}
    for month in months:
        for event in month.events:
            if isinstance(event, Confirmed):
                folder = f"{month.month}/" if isinstance(event.document, FleetStatement) else ""
                inputs = event.document.inputs
                found |= {NamedInput(item.name, item.sha256, item.kind, folder): None for item in inputs}
    return tuple(found)


def faults(months: Iterable[MonthPart], entries: Sequence[InputEntry]) -> Faults:
    """Files that are not what documents name, that none names, and named ones without an entry."""
    order = [(entry.name, entry.sha256) for entry in entries]
    if order != sorted(set(order)):
        yield "the inputs are not in the order of name and sha-256, each once"
    contents: dict[str, bytes] = {}
    for entry in entries:
        content = entry.octets
        if content is None:
            continue
        if entry.name in contents:
            yield f"{entry.name} is given twice with content"
        if (digest := "0x" + hashlib.sha256(content).hexdigest()) != entry.sha256:
            yield f"{entry.name} has sha-256 {digest}, its entry says {entry.sha256}"
        contents[entry.name] = content
    yield from _unmatched(named(months), entries, contents)


def _unmatched(wanted: Sequence[NamedInput], entries: Sequence[InputEntry], contents: Mapping[str, bytes]) -> Faults:
    used: set[InputEntry] = set()
    for item in wanted:
        fitting = [each for each in entries if each.name in item.names and fits(item, each, contents)]
        if not fitting:
            yield f"{item.name} with sha-256 {item.sha256} is named by a document and not given as that"
        used.update(fitting)
    salts = {entry.name + SALT_SUFFIX for entry in used}
    tables = {pair for item in wanted if item.kind == "factor" for pair in chosen_tables(contents.get(item.name))}
    for entry in entries:
        of_choice = (entry.name, entry.sha256) in tables
        if entry not in used and not of_choice and not (entry.name in salts and entry.content is not None):
            yield f"{entry.name} with sha-256 {entry.sha256} is named by no document"


def fits(item: NamedInput, entry: InputEntry, contents: Mapping[str, bytes]) -> bool:
    """Whether an entry is the named input: by its hash or, where the file is given, by its salt beside it."""
    if entry.sha256 == item.sha256:
        return True
    salt = salt_of(contents.get(entry.name + SALT_SUFFIX))
    if entry.content is None or salt is None:
        return False
    return "0x" + commitment_of_hash(bytes.fromhex(entry.sha256[2:]), salt).hex() == item.sha256


def salt_of(content: bytes | None) -> bytes | None:
    """The 32 bytes in a file of salt; None for what is none."""
    text = (content or b"").decode("ascii", "replace")
    return bytes.fromhex(text.strip()) if _SALT.fullmatch(text) else None


def chosen_tables(content: bytes | None) -> Iterator[tuple[str, str]]:
    """Names and hashes of the tables that a choice of factors names."""
    try:
        candidates = loads(content or b"{}").get("candidates", [])
        for each in candidates:
            name, digest = each.get("source"), each.get("file_sha256")
            if isinstance(name, str) and isinstance(digest, str):
                yield name, "0x" + digest.removeprefix("0x")
    except (ValueError, TypeError, AttributeError):
        return


def unpack(bundle: Bundle, folder: Path) -> None:
    """Writes the files whose content the bundle holds into a folder of one's own.

    Raises:
        BundleError: a name that leaves the folder, or that is a file and a folder at once.
    """
    root = folder.resolve()
    for entry in bundle.inputs:
        content = entry.octets
        if content is None:
            continue
        path = (root / entry.name).resolve()
        if not path.is_relative_to(root) or path == root:
            raise BundleError(f"{entry.name!r} leaves the folder", where="inputs", todo="Do not trust this bundle.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            what = f"{entry.name!r} cannot be written ({error.strerror})"
            raise BundleError(what, where="inputs", todo="A bundle's names must be those of plain files.") from error


def unpacked(bundle: Bundle) -> tempfile.TemporaryDirectory[str]:
    """A folder of its own with the bundle's files, removed when the context ends. Raises BundleError as ``unpack``."""
    folder = tempfile.TemporaryDirectory(prefix="bundle-")
    try:
        unpack(bundle, Path(folder.name))
    except BundleError:
        folder.cleanup()
        raise
    return folder


def entries(months: Iterable[MonthPart], folder: Path | None) -> tuple[InputEntry, ...]:
    """The entries of every input that the documents name: with content from a folder, or by their hashes only.

    Raises:
        BundleError: a file of the folder is not what any document names; or all together are above 64 MiB.
    """
    found: dict[tuple[str, str], InputEntry] = {}
    others: dict[str, str] = {}
    for item in named(months):
        given = _given(item, folder) if folder else {}
        if given and fits(item, given[next(iter(given))], {name: each.octets or b"" for name, each in given.items()}):
            found |= {(each.name, each.sha256): each for each in given.values()}
        else:
            found[item.name, item.sha256] = InputEntry(item.name, item.sha256, None)
            others |= {each.name: f"{each.sha256}, a document names {item.sha256}" for each in list(given.values())[:1]}
    contents = {each.name for each in found.values() if each.content is not None}
    if wrong := [f"{name} has sha-256 {said}" for name, said in others.items() if name not in contents]:
        raise BundleError("; ".join(wrong), where=str(folder), todo="Give the files that were audited, or no --inputs.")
    if (size := sum(len(each.content or "") for each in found.values())) > MOST_CONTENT:
        what = f"the input files are {size} bytes in base64, more than {MOST_CONTENT}"
        raise BundleError(
            what, where=str(folder), todo="Leave --inputs out, and hand the files over beside the bundle."
        )
    return tuple(found[key] for key in sorted(found))


def _given(item: NamedInput, folder: Path) -> dict[str, InputEntry]:
    """The file of an input, its salt if that is needed, and the tables of a choice of factors, from a folder."""
    inside = item.folder if item.folder and (folder / item.folder).is_dir() else ""
    first = _entry(folder, inside + item.name)
    if first is None:
        return {}
    given = {first.name: first}
    salt = _entry(folder, first.name + SALT_SUFFIX) if first.sha256 != item.sha256 else None
    tables = list(chosen_tables(first.octets)) if item.kind == "factor" else []
    for each in (salt, *(_entry(folder, name) for name, _ in tables if _plain(name))):
        if each and (each is salt or (each.name, each.sha256) in tables):
            given[each.name] = each
    return given


def _plain(name: str) -> bool:
    try:
        InputEntry(name, "0x" + 64 * "0", None)
    except StatementError:
        return False
    return True


def _entry(folder: Path, name: str) -> InputEntry | None:
    try:
        content = (folder / name).read_bytes()
    except OSError:
        return None
    return InputEntry(name, "0x" + hashlib.sha256(content).hexdigest(), base64.b64encode(content).decode())
