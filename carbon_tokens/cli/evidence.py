"""``evidence``: files behind audits, sealed to those who may read them, in a folder, S3 or IPFS."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.run import HOME, REFUSED, Run, verb
from carbon_tokens.errors import EvidenceRefused, ExtraMissing

if TYPE_CHECKING:
    from carbon_tokens.evidence.manifest import Archive, Item

app = typer.Typer(
    help="Evidence: seal files to readers, keep, check, open and delete them.", no_args_is_help=True
)  # fmt: skip

StoreUri = Annotated[
    str, typer.Option("--store", help="A folder, s3://bucket/prefix?endpoint=URL, or ipfs://host:5001.", metavar="URI")
]
ManifestFile = Annotated[
    Path | None, typer.Option("--manifest", help="Records of what is held.  [default: in the folder, or by the store]")
]
To = Annotated[list[str], typer.Option("--to", help="A reader's public key; may be repeated.", metavar="age1…")]
Identity = Annotated[Path, typer.Option("--identity", help="File of a secret key (mode 0600).", metavar="FILE")]
Days = Annotated[int, typer.Option("--days", help="Days that it must be kept.", min=0, max=36_500)]
Given = Annotated[Path, typer.Argument(help="The file.", metavar="FILE")]
Cid = Annotated[str, typer.Argument(help="The name of the sealed file: bafkrei….", metavar="CID")]
Out = Annotated[Path | None, typer.Option("--out", help="Where it goes; its own name in this folder without it.")]
Stray = Annotated[bool, typer.Option("--unknown", help="Remove what is in no record, as check lists it.")]
OfNode = Annotated[str, typer.Option("--database", help="URL of a node's database, whose records count.")]
WithSalt = Annotated[
    bool, typer.Option("--salt", help="Also write its salt, to FILE.salt, as verify --inputs reads it.")
]
KEEP_DAYS = 3650
HELD = str(HOME / "evidence")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="evidence")


@verb(app, "key", options=())
def key(run: Run, identity: Identity) -> None:
    """The public key of an identity, which is made where there is none; give it to those who seal for you."""
    from carbon_tokens.evidence import sealing

    made = not identity.exists()
    if made:
        secret, public = sealing.new_identity()
        identity.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(identity, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"# public key: {public}\n{secret}\n")
    public = sealing.public_key(_secret(identity))
    run.answer({"public_key": public, "identity": str(identity), "made": made},
               lambda out: out.print(public, soft_wrap=True, markup=False))  # fmt: skip


@verb(app, "put", options=())
def put(
    run: Run, file: Given, to: To, store: StoreUri = HELD, manifest: ManifestFile = None, days: Days = KEEP_DAYS
) -> None:
    """Seals a file to its readers and keeps it. Its commitment may be public: it confirms no guess of the file.

    The salt is that of FILE.salt, if it is there (as audit --salts makes it): the commitment is then the statement's.
    """
    from carbon_tokens.evidence import sealing
    from carbon_tokens.statements import salts

    archive = _archive(store, manifest)
    salt = salts.read(file.with_name(file.name + sealing.SALT_SUFFIX))
    item = archive.put(sealing.new(file.read_bytes(), file.name, salt), to, int(time.time()) + days * 86_400)
    _kept(run, item)


@verb(app, "get", options=())
def get(
    run: Run, cid: Cid, identity: Identity, store: StoreUri = HELD, manifest: ManifestFile = None, out: Out = None,
    salt: WithSalt = False,
) -> None:  # fmt: skip
    """Opens a sealed file, after its bytes and its commitment are checked. An existing file is not written over."""
    from carbon_tokens.evidence.sealing import SALT_SUFFIX

    found = _archive(store, manifest).open(cid, [_secret(identity)])
    place = out or Path(found.name)
    _write(place, found.content)
    if salt:
        _write(place.with_name(place.name + SALT_SUFFIX), found.salt.hex().encode() + b"\n")
    content = {"file": str(place), "size": len(found.content), "salt": found.salt.hex(),
               "sha256": hashlib.sha256(found.content).hexdigest(), "commitment": found.commitment.hex()}  # fmt: skip
    said = f"{place}: {len(found.content):,} bytes, as committed to"
    run.answer(content, lambda shown: shown.print(said, soft_wrap=True, markup=False))


@verb(app, "list", options=())
def list_(run: Run, store: StoreUri = HELD, manifest: ManifestFile = None) -> None:
    """What is held, by the records."""
    items = list(_archive(store, manifest).manifest.items().values())
    lines = [f"{each.cid} {each.size:,} bytes, {_readers(each)}, until {_day(each.kept_until)}"
             + (f", replaces {each.replaces}" if each.replaces else "") for each in items]  # fmt: skip
    run.answer({"items": [asdict(each) for each in items]},
               lambda out: out.print("\n".join(lines) or "nothing is held", soft_wrap=True, markup=False))  # fmt: skip


@verb(app, "check", options=())
def check(run: Run, store: StoreUri = HELD, manifest: ManifestFile = None, database: OfNode = "") -> None:
    """Reads every byte that is held, and names what is missing, altered or unknown; with --database, of a node."""
    from carbon_tokens.evidence import open_store
    from carbon_tokens.evidence.checks import findings

    cids = _of_node(database) if database else list(_archive(store, manifest).manifest.items())
    found, count = findings(open_store(store), cids), len(cids)
    lines = [f"{each.cid} {each.what}" for each in found] or [f"{count} held, each as it was put"]
    content = {"held": count, "findings": [asdict(each) for each in found]}
    run.answer(content, lambda out: out.print("\n".join(lines), soft_wrap=True, markup=False))
    if found:
        raise typer.Exit(REFUSED)


@verb(app, "reencrypt", options=())
def reencrypt(
    run: Run, cid: Cid, identity: Identity, to: To, store: StoreUri = HELD, manifest: ManifestFile = None
) -> None:
    """Seals a file to other readers: another CID, the same commitment. The copy before stays until it is deleted."""
    _kept(run, _archive(store, manifest).reseal(cid, [_secret(identity)], to))


@verb(app, "delete", options=())
def delete(run: Run, cid: Cid, store: StoreUri = HELD, manifest: ManifestFile = None, unknown: Stray = False) -> None:
    """Deletes a file after its date, or before if another copy of it is held that long. The record of it stays."""
    archive = _archive(store, manifest)
    (archive.discard if unknown else archive.delete)(cid)
    run.answer({"deleted": cid}, lambda out: out.print(f"{cid} is deleted", soft_wrap=True, markup=False))


def _write(place: Path, content: bytes) -> None:
    """A new file that only its owner reads. Raises EvidenceRefused if it is there."""
    try:
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            written.write(content)
    except FileExistsError:
        raise EvidenceRefused(f"{place} is there already", todo="Name another file with --out.") from None


def _archive(uri: str, manifest: Path | None) -> Archive:
    from carbon_tokens.evidence import open_store
    from carbon_tokens.evidence.folder import Folder
    from carbon_tokens.evidence.manifest import Archive, Manifest

    store = open_store(uri)
    by_name = HOME / f"evidence-{hashlib.sha256(store.name.encode()).hexdigest()[:8]}.jsonl"
    default = store.path / "manifest.jsonl" if isinstance(store, Folder) else by_name
    return Archive(store, Manifest(manifest or default))


def _of_node(database: str) -> list[str]:
    try:
        from carbon_tokens.service import database as databases
        from carbon_tokens.service import keeping
    except ModuleNotFoundError as error:
        raise ExtraMissing(f"a node needs {error.name}", todo="pip install 'carbon-tokens[node]'") from error
    with databases.connect(database).begin() as connection:
        return keeping.recorded(connection)


def _secret(path: Path) -> str:
    """The first identity of a file. Raises EvidenceRefused if others may read the file, or it has none."""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise EvidenceRefused("others may read this identity", where=str(path), todo=f"chmod 600 {path}")
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.strip() and not line.startswith("#"):
            return line.strip()
    raise EvidenceRefused("there is no identity in it", where=str(path), todo="Make one: carbon-tokens evidence key.")


def _kept(run: Run, item: Item) -> None:
    lines = [item.cid, f"  commitment: 0x{item.commitment}", f"  {_readers(item)}, until {_day(item.kept_until)}"]
    content: dict[str, Any] = asdict(item)
    run.answer(content, lambda out: out.print("\n".join(lines), soft_wrap=True, markup=False))


def _readers(item: Item) -> str:
    return f"{len(item.recipients)} reader{'s' if len(item.recipients) > 1 else ''}"


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
