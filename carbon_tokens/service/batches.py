"""An issuer's batches from the index: what was issued, what accounts still hold, and what is retired."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, tuple_

from carbon_tokens.ledger.contracts import code_text
from carbon_tokens.service import accounts, schema
from carbon_tokens.service.reading import Page, Reader

_CLASSES = {2: "rec", 3: "offset"}


def of_issuer(reader: Reader, chain: int, issuer: str, after: str, limit: int) -> Page:
    """The batches of the sources that an address registered, in the order of the chain.

    Args:
        after: the ``next`` of the page before, block-log; "" for the first.
    """
    table = schema.event
    with reader.engine.begin() as connection:
        sources = _sources(connection, chain, issuer)
        if not sources:
            return Page([], None)
        # Arguments are compact JSON, see ``decoding``: a source's number ends with a comma.
        named = or_(*(table.c.args.like(f'%"source":{number},%') for number in sources))
        wanted = (table.c.chain == chain) & (table.c.name == "Issued") & named
        if after:
            wanted &= tuple_(table.c.block, table.c.log) > tuple_(*(int(part) for part in after.split("-")))
        rows = connection.execute(
            select(table).where(wanted).order_by(table.c.block, table.c.log).limit(limit + 1)
        ).all()
        kept = rows[:limit]
        minted, held = _minted(connection, chain, kept), _held(connection, chain, kept)
    items = [_shown(row, sources, minted, held) for row in kept]
    return Page(items, f"{kept[-1].block}-{kept[-1].log}" if len(rows) > limit else None)


def _sources(connection: Connection, chain: int, issuer: str) -> dict[int, dict[str, Any]]:
    """Sources by number that an address registered."""
    table = schema.event
    wanted = (table.c.chain == chain) & (table.c.name == "SourceRegistered")
    found = (json.loads(text) for text in connection.scalars(select(table.c.args).where(wanted)))
    return {int(args["source"]): args for args in found if args["issuer"].lower() == issuer.lower()}


def _token(row: Row[Any]) -> str:
    return f"0x{int(json.loads(row.args)['id']):064x}"


def _minted(connection: Connection, chain: int, rows: Iterable[Row[Any]]) -> dict[str, int]:
    """Amounts by token, from the transfers of nobody that stand beside the issuing."""
    table = schema.event
    blocks = sorted({row.block for row in rows})
    wanted = (table.c.chain == chain) & table.c.block.in_(blocks) & table.c.name.in_(accounts.TRANSFERS)
    found: dict[str, int] = {}
    for name, text in connection.execute(select(table.c.name, table.c.args).where(wanted)):
        args = json.loads(text)
        if args["from"] == accounts.NOBODY:
            for token, _, amount in accounts.movements(name, args):
                found[token] = found.get(token, 0) + amount
    return found


def _held(connection: Connection, chain: int, rows: Iterable[Row[Any]]) -> dict[str, int]:
    table = schema.balance
    tokens = [_token(row) for row in rows]
    query = select(table.c.token, func.sum(table.c.amount)).where(table.c.chain == chain, table.c.token.in_(tokens))
    return {token: int(amount) for token, amount in connection.execute(query.group_by(table.c.token))}


def _shown(
    row: Row[Any], sources: dict[int, dict[str, Any]], minted: dict[str, int], held: dict[str, int]
) -> dict[str, Any]:
    args, token = json.loads(row.args), _token(row)
    amount, left = minted[token], held.get(token, 0)
    registry = code_text(bytes.fromhex(sources[args["source"]]["registry"][2:]))
    return {
        "token": token, "class": _CLASSES[int(token[2:4], 16)], "source": args["source"], "registry": registry,
        "amount": amount, "held": left, "retired": amount - left, "serial_from": str(args["serialFrom"]),
        "serial_thru": str(args["serialThru"]), "vintage_start": int(args["vintageStart"]),
        "vintage_end": int(args["vintageEnd"]), "block": row.block, "tx": row.tx,
    }  # fmt: skip
