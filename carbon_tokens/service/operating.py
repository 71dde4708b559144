"""Which organisation operates a facility, by proof: its owner on chain signs a challenge of this node.

A facility's id is made of its owner and its description's hash, so neither changes. The challenge is a text that a
person can read in the wallet (EIP-191, ``personal_sign``); it names this node, the chain, the facility and the
organisation, and counts once and for an hour, so that a signature serves nobody and nothing else. As in ``Auditors`` an
account with code signs by ERC-1271 only, any other by its key.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak
from eth_keys.datatypes import Signature
from eth_utils.address import to_checksum_address
from sqlalchemy import Connection, Row, delete, select, tuple_

from carbon_tokens.errors import Reverted
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.service import actions, database, schema
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.reading import Unknown
from carbon_tokens.service.refusals import Conflict, NotAcceptable

LASTS_S = 3600
_ERC1271 = bytes.fromhex("1626ba7e")  # isValidSignature(bytes32,bytes), and what it answers
Place = tuple[int, str]  # number of an indexed chain, and a facility's id


def node_name(connection: Connection) -> str:
    """The name that this node gave itself at random, once: it stands in every challenge."""
    database.alone(connection, "node identity")
    table = schema.node_identity
    found: str | None = connection.scalar(select(table.c.name).where(table.c.id == 1))
    if found is None:
        found = f"node-{secrets.token_hex(8)}"
        connection.execute(table.insert().values(id=1, name=found))
    return found


def challenge(connection: Connection, by: Principal, chain: int, facility: Mapping[str, Any]) -> dict[str, Any]:
    """A text for the facility's owner to sign; the one before it for the same organisation no longer counts.

    Args:
        facility: as ``reading.Reader.facility`` gives it.
    """
    by.require(chain, facility["id"])
    database.alone(connection, f"facility {chain} {facility['id']} of {by.organisation}")
    table, now = schema.control_challenge, int(time.time())
    same = (table.c.organisation == by.organisation) & (table.c.chain == chain) & (table.c.facility == facility["id"])
    connection.execute(delete(table).where(same | (table.c.expires <= now)))
    nonce, of = secrets.token_hex(16), schema.chain
    place = connection.execute(select(of.c.chain_id, of.c.genesis).where(of.c.id == chain)).one()
    until = datetime.fromtimestamp(now + LASTS_S, UTC)
    message = "\n".join((
        "An organisation is to operate a facility on a carbon-tokens node.", "",
        f"Organisation: {_printed(by.name)}", f"Facility: {facility['id']}",
        f"Chain: {place.chain_id}, genesis {place.genesis}", f"Node: {node_name(connection)}",
        f"Nonce: {nonce}", f"Valid until: {until:%Y-%m-%dT%H:%M:%SZ}", "",
        "Signing sends no transaction and moves nothing.",
    ))  # fmt: skip
    values = {"chain": chain, "facility": facility["id"], "organisation": by.organisation, "expires": now + LASTS_S}
    connection.execute(table.insert().values(nonce=nonce, message=message, **values))
    return {"nonce": nonce, "owner": to_checksum_address(facility["owner"]), "message": message,
            "expires": now + LASTS_S}  # fmt: skip


def prove(
    connection: Connection, by: Principal, chain: int, facility: Mapping[str, Any], nonce: str, signature: bytes,
    on_chain: Chain,
) -> dict[str, Any]:  # fmt: skip
    """``pending``, ``require_signed`` and ``use`` in one: where nobody minds that a transaction waits for the chain."""
    message = pending(connection, by, chain, facility["id"], nonce)
    if message is not None:
        require_signed(facility, message, signature, on_chain)
    return use(connection, by, chain, facility, message, signature)


def pending(connection: Connection, by: Principal, chain: int, facility: str, nonce: str) -> str | None:
    """The text of a challenge of this organisation and facility; None if there is none, or it was used or is over."""
    table = schema.control_challenge
    place = (table.c.organisation == by.organisation) & (table.c.chain == chain) & (table.c.facility == facility)
    found: str | None = connection.scalar(
        select(table.c.message).where(place & (table.c.nonce == nonce) & (table.c.expires > time.time()))
    )
    return found


def require_signed(facility: Mapping[str, Any], message: str, signature: bytes, on_chain: Chain) -> None:
    """Raises NotAcceptable if a text was not signed by the facility's owner. It asks the chain."""
    owner = to_checksum_address(facility["owner"])
    if not signed(owner, message, signature, on_chain):
        raise NotAcceptable(f"this is no signature of the challenge by {owner}", where="signature",
                            todo="Sign the message as it stands, with the facility's owner.")  # fmt: skip


def use(
    connection: Connection, by: Principal, chain: int, facility: Mapping[str, Any], message: str | None,
    signature: bytes,
) -> dict[str, Any]:  # fmt: skip
    """The organisation operates the facility from now on, because its owner signed the challenge; that uses it.

    Args:
        message: of ``pending``, whose signature ``require_signed`` found right.

    Raises:
        Conflict: there is no such challenge any more.
    """
    by.require(chain, facility["id"])
    database.alone(connection, f"facility {chain} {facility['id']} of {by.organisation}")
    table = schema.control_challenge
    mine = (table.c.organisation == by.organisation) & (table.c.message == message)
    if message is None or connection.execute(delete(table).where(mine)).rowcount != 1:
        raise Conflict("this challenge is none, was used, or is over", where="nonce", todo="Ask for another one.")
    owner = to_checksum_address(facility["owner"])
    return _controlled(connection, by, (chain, facility["id"]), owner, message, signature)


def _controlled(
    connection: Connection, by: Principal, at: Place, owner: str, message: str, signature: bytes
) -> dict[str, Any]:
    table = schema.facility_control
    held = _control(by.organisation, *at)
    since = connection.scalar(select(table.c.since).where(held))
    if since is None:
        since = int(time.time())
        proof = {"owner": owner, "message": message, "signature": "0x" + signature.hex()}
        connection.execute(table.insert().values(chain=at[0], facility=at[1], organisation=by.organisation,
                                                 since=since, **proof))  # fmt: skip
        actions.append(connection, by, "facility operated", at[1], {"chain": at[0], "owner": owner})
    return {"chain": at[0], "facility": at[1], "organisation": by.name, "owner": owner, "since": since}


def give_up(connection: Connection, by: Principal, chain: int, facility: str) -> None:
    """The organisation operates the facility no longer; what it stated stays. Raises Unknown if it did not."""
    require(connection, by, chain, facility, alone=True)
    connection.execute(delete(schema.facility_control).where(_control(by.organisation, chain, facility)))
    actions.append(connection, by, "facility given up", facility, {"chain": chain})


def operates(connection: Connection, organisation: int, chain: int, facility: str) -> bool:
    """Whether the owner of a facility made an organisation its operator."""
    table = schema.facility_control
    return connection.scalar(select(table.c.since).where(_control(organisation, chain, facility))) is not None


def require(connection: Connection, by: Principal, chain: int, facility: str, *, alone: bool = False) -> None:
    """Raises Unknown where the organisation does not operate the facility: what others keep of it is not said.

    Args:
        alone: until the transaction ends no other one of the organisation changes what it keeps of the facility.
    """
    if alone:
        database.alone(connection, f"facility {chain} {facility} of {by.organisation}")
    by.require(chain, facility)
    if not operates(connection, by.organisation, chain, facility):
        raise Unknown(f"facility {facility} that {by.name} operates")


def operated(connection: Connection, by: Principal, after: Place, limit: int) -> list[Row[Any]]:
    """The facilities that an organisation operates, of a key's scope, by chain and id: chain, facility and since."""
    table = schema.facility_control
    beyond = tuple_(table.c.chain, table.c.facility) > after
    query = select(table.c.chain, table.c.facility, table.c.since).where(
        table.c.organisation == by.organisation, beyond, by.scoped(table)
    )
    return list(connection.execute(query.order_by(table.c.chain, table.c.facility).limit(limit)))


def signed(owner: str, message: str, signature: bytes, chain: Chain) -> bool:
    """Whether an account signed a text: by its key, or, where it has code, by ERC-1271."""
    text = message.encode()
    digest = keccak(b"\x19Ethereum Signed Message:\n" + str(len(text)).encode() + text)
    if chain.code(owner):
        return _by_contract(owner, digest, signature, chain)
    return _recovered(signature, digest) == owner


def _by_contract(owner: str, digest: bytes, signature: bytes, chain: Chain) -> bool:
    try:
        answer = chain.call(owner, _ERC1271 + encode(["bytes32", "bytes"], [digest, signature]))
    except Reverted:
        return False
    return answer == _ERC1271.ljust(32, b"\0")


def _recovered(signature: bytes, digest: bytes) -> str:
    """The account that signed; "" for what is no signature."""
    if len(signature) != 65:
        return ""
    recovered = signature[64] - 27 if signature[64] >= 27 else signature[64]
    try:
        key = Signature(signature[:64] + bytes([recovered])).recover_public_key_from_msg_hash(digest)
    except Exception:  # eth-keys raises several kinds for what is no point of the curve
        return ""
    return to_checksum_address(key.to_canonical_address())


def _printed(name: str) -> str:
    """A name without characters that would break the line or turn the text around."""
    return "".join(each if each.isprintable() else "?" for each in name)


def _control(organisation: int, chain: int, facility: str) -> Any:
    table = schema.facility_control
    return (table.c.organisation == organisation) & (table.c.chain == chain) & (table.c.facility == facility)
