"""The organisations of the demonstration on a node: their API keys, and what their facilities are called.

Names are illustrative, and the wallets are public development keys: it is for looking at, on one's own machine. Done
once a database: a key is shown once, and written to a file that only its user reads.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey
from sqlalchemy import Connection, select

from carbon_tokens.ledger import Ledger
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.mnemonic import dev_key
from carbon_tokens.periods import Month
from carbon_tokens.service import audits, describing, keys, operating, schema, shares
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.node import Follower, Node

DAYS = 90
FILE = "keys.json"


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who has a key, in which role, and with which development wallets."""

    name: str
    role: str
    wallets: tuple[str, ...]


OPERATOR = Organisation("Prairie Data", "operator", ("operator",))
CUSTOMER = Organisation("Tenant A", "customer", ("broker",))
ORGANISATIONS = (
    OPERATOR,
    Organisation("Plains Audit", "auditor", ("auditor",)),
    Organisation("Kansas Certificates", "issuer", ("rec-issuer", "offset-issuer")),
    CUSTOMER,
    Organisation("This node", "admin", ("admin",)),
)


def organisations(node: Node, folder: Path, facilities: dict[str, str]) -> dict[str, str]:
    """Keys by organisation, made where there are none; empty where the database has them.

    Args:
        folder: of the demonstration, with its documents and shares; the keys are written into it.
        facilities: ids of the demonstration's, by "node", "hall" and "tenant".
    """
    follower = next(each for each in node.followers.values() if each.network.deployments == folder / "deployments")
    follower.sync()
    with node.engine.begin() as connection:
        table = schema.organisation
        if connection.scalar(select(table.c.id).where(table.c.name == OPERATOR.name)) is not None:
            return {}
        made = {each.name: keys.add(connection, each.name, each.role, DAYS) for each in ORGANISATIONS}
        owners = {"node": OPERATOR, "hall": OPERATOR, "tenant": CUSTOMER}
        for name, facility in facilities.items():
            by = _principal(connection, made[owners[name].name])
            _operate(connection, by, owners[name].wallets[0], node, follower, facility, folder)
        by = _principal(connection, made[OPERATOR.name])
        _shares(connection, by, follower, facilities["node"], folder)
        _statements(connection, by, follower.indexer.id, folder)
        with follower.lock:
            documents = json.loads((folder / "to-audit.json").read_text())
            audits.request(connection, by, follower.indexer.id, follower.views, documents)
    _write(folder / FILE, made)
    return made


def _principal(connection: Connection, key: str) -> Principal:
    found = keys.principal(connection, key)
    assert found is not None
    return found


def _operate(
    connection: Connection, by: Principal, wallet: str, node: Node, follower: Follower, facility: str, folder: Path
) -> None:
    """Describes a facility and proves who operates it, as its owner does: by signing the node's challenge."""
    chain = follower.indexer.id
    known = node.reader.facility(chain, facility)
    document = folder / "documents" / f"{known['metadata'][2:]}.json"
    describing.record(connection, by, chain, known, document.read_bytes())
    asked = operating.challenge(connection, by, chain, known)
    signature = _personal(dev_key(wallet), asked["message"])
    operating.prove(connection, by, chain, known, asked["nonce"], signature, follower.chain)


def _personal(key: PrivateKey, text: str) -> bytes:
    """The signature of a text as wallets make it (EIP-191)."""
    message = text.encode()
    digest = keccak(b"\x19Ethereum Signed Message:\n" + str(len(message)).encode() + message)
    signature = key.sign_msg_hash(digest).to_bytes()
    return signature[:64] + bytes([signature[64] + 27])


def _shares(connection: Connection, by: Principal, follower: Follower, facility: str, folder: Path) -> None:
    """The shares of every tenant, of which the customer sees its own."""
    proofs = {each.stem: TenantProof.read(each) for each in sorted(folder.glob("share-*.json"))}
    ledger, (one, *_) = Ledger(follower.chain, follower.deployments), proofs.values()
    root = shares.root_of(ledger, list(proofs.values()), (one.facility, one.month))
    for each in proofs.values():
        each.verify(root)
    shares.keep(connection, by, follower.indexer.id, facility, proofs.values(), root)
    mine = f"share-{CUSTOMER.name.lower().replace(' ', '-')}"
    shares.link(connection, by, follower.indexer.id, facility, "0x" + proofs[mine].tenant.hex(), CUSTOMER.name)


def _statements(connection: Connection, by: Principal, chain: int, folder: Path) -> None:
    """The documents behind the audits, as if the operator had stated them here."""
    for path in sorted((folder / "documents").glob("*.json")):
        said = json.loads(path.read_text())
        if not {"facility", "month", "quality"} <= said.keys():
            continue  # a certificate, or a facility's description
        values = {
            "facility": said["facility"],
            "month": Month.parse(said["month"]).number,
            "document": path.read_text(),
        }
        row = {
            "organisation": by.organisation,
            "chain": chain,
            "evidence": "0x" + path.stem,
            "created": int(time.time()),
        }
        connection.execute(schema.statement.insert().values(**values, **row))


def _write(path: Path, made: dict[str, str]) -> None:
    """The keys with their roles and wallets, for nobody but this user."""
    said = {
        each.name: {"role": each.role, "key": made[each.name], "wallets": [f"dev:{name}" for name in each.wallets]}
        for each in ORGANISATIONS
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        json.dump(said, file, indent=1)
