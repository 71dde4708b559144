"""The index of a chain: every event of a deployment once, in a database, with balances and accounts beside it.

Blocks are read in portions; each portion is one transaction, which holds the events, what they change, and the hash of
its last block. So a process that dies loses nothing and doubles nothing. Of the latest blocks every hash is kept: where
one is no longer on the chain, the index walks back to the last that is, takes back what came after it, and reads on.
Logs of those blocks must name the kept hashes, or the portion is read again: a reorganisation may happen in between.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select, tuple_

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.contracts import Contract
from carbon_tokens.ledger.deployments import Deployment
from carbon_tokens.ledger.rpc import NodeError
from carbon_tokens.service import accounts, database, schema
from carbon_tokens.service.decoding import Decoded, Decoder, Told

KEPT = 256  # of the latest blocks the hash of each is kept: reorganisations to this depth lose no more than they must
_MANY = 10_000  # logs a request; beyond, the next portion is smaller
_FIRST_SPAN, _LONGEST_SPAN = 50, 100_000  # blocks a request
_IDS = 400  # keys in one query
_ATTEMPTS = 5

Progress = Callable[[int, int], None]  # blocks done, of how many


class Moved(Exception):
    """The chain was reorganised while a portion was read."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a run did: events added and taken back, blocks rolled back, and the block that the index stands at."""

    block: int
    added: int = 0
    removed: int = 0
    rolled_back: int = 0


@dataclass(frozen=True, slots=True)
class _Portion:
    """Blocks that were read: their events, hashes to keep, and how many blocks to read next."""

    first: int
    until: int
    found: Decoded
    hashes: dict[int, str]
    span: int


class Indexer:
    """The index of one deployment on one chain.

    Raises:
        LedgerError: the database holds this chain with another deployment.
    """

    def __init__(self, engine: Engine, chain: Chain, deployments: Mapping[str, Deployment], name: str = "") -> None:
        self.engine, self.chain = engine, chain
        self._addresses = {each.name: each.address.lower() for each in deployments.values()}
        self._first = min(each.block for each in deployments.values())
        with engine.begin() as connection:
            self.id = self._registered(connection, name or f"chain {chain.id}")
        contracts = {each.address: Contract.load(each.name) for each in deployments.values()}
        self._decoder = Decoder(contracts, self.id)

    def sync(self, progress: Progress | None = None) -> Synced:
        """Brings the index to the head of the chain.

        Raises:
            LedgerError: no answer, or a chain that does not stand still for a portion.
        """
        total = Synced(self._first - 1)
        for _ in range(_ATTEMPTS):
            back = self._rolled_back()
            total = replace(total, block=back.block, removed=total.removed + back.removed,
                            rolled_back=total.rolled_back + back.rolled_back)  # fmt: skip
            try:
                for block, added in self._portions(back.block + 1, self.chain.block_number(), progress):
                    total = replace(total, block=block, added=total.added + added)
                return total
            except Moved:
                continue
        raise LedgerError(f"the chain changed {_ATTEMPTS} times while it was read", where=self.chain.where)

    def _registered(self, connection: Connection, name: str) -> int:
        table, contracts = schema.chain, json.dumps(self._addresses, sort_keys=True)
        database.alone(connection, f"chain {self.chain.genesis}")
        mine = (table.c.genesis == self.chain.genesis) & (table.c.chain_id == str(self.chain.id))
        found = connection.execute(select(table).where(mine)).first()
        if found is None:
            values = {"name": name, "chain_id": str(self.chain.id), "genesis": self.chain.genesis}
            made = connection.execute(table.insert().values(contracts=contracts, **values))
            return int(made.inserted_primary_key[0])  # type: ignore[index]
        if found.contracts != contracts:
            todo = "Give it a database of its own."
            raise LedgerError("the database holds another deployment on this chain", where=self.chain.where, todo=todo)
        return int(found.id)

    # ------------------------------------------------------------------------------------------------ going back
    def _rolled_back(self) -> Synced:
        """Takes back what is no longer on the chain, and says where the index stands."""
        with self.engine.begin() as connection:
            head, ancestor = self._head(connection), self._ancestor(connection)
            if head <= ancestor:
                return Synced(ancestor)
            self._same_chain()
            removed = self._take_back(connection, ancestor)
            return Synced(ancestor, 0, removed, head - ancestor)

    def _same_chain(self) -> None:
        """Before anything is taken back: a node that was replaced by one of another chain must not empty the index."""
        genesis = self._hashes([0]).get(0)
        if genesis != self.chain.genesis:
            todo = "Connect to the chain that was indexed, or give the other a database of its own."
            raise LedgerError("another chain answers at this address now", where=self.chain.where, todo=todo)

    def _head(self, connection: Connection) -> int:
        table = schema.block
        found = connection.scalar(select(func.max(table.c.number)).where(table.c.chain == self.id))
        return self._first - 1 if found is None else int(found)

    def _ancestor(self, connection: Connection) -> int:
        """The last block of the index that is on the chain; the one before the deployment if none is."""
        table = schema.block
        kept = select(table.c.number, table.c.hash).where(table.c.chain == self.id).order_by(table.c.number.desc())
        last, size = None, 1  # almost always the first one is
        while True:
            query = kept if last is None else kept.where(table.c.number < last)
            portion = connection.execute(query.limit(size)).all()
            if not portion:
                return self._first - 1
            now = self._hashes([number for number, _ in portion])
            for number, found in portion:
                if now.get(number) == found:
                    return int(number)
            last, size = portion[-1].number, 64

    def _take_back(self, connection: Connection, ancestor: int) -> int:
        table = schema.event
        after = (table.c.chain == self.id) & (table.c.block > ancestor)
        gone = [(row.name, json.loads(row.args), row.facility, row.month) for row in connection.execute(
            select(table.c.name, table.c.args, table.c.facility, table.c.month).where(after))]  # fmt: skip
        connection.execute(delete(table).where(after))
        blocks = schema.block
        connection.execute(delete(blocks).where((blocks.c.chain == self.id) & (blocks.c.number > ancestor)))
        self._move(connection, accounts.changes(((name, args) for name, args, *_ in gone), -1))
        keys = {(facility, month) for name, _, facility, month in gone if name in accounts.ACCOUNT_EVENTS}
        self._recount(connection, sorted(keys))
        return len(gone)

    def _recount(self, connection: Connection, keys: list[tuple[str, int]]) -> None:
        """Accounts again from all of their events."""
        table, totals = schema.event, {each: accounts.empty() for each in keys}
        for portion in database.portions(keys, _IDS):
            about = tuple_(table.c.facility, table.c.month).in_(portion)
            wanted = (table.c.chain == self.id) & table.c.name.in_(accounts.ACCOUNT_EVENTS) & about
            for row in connection.execute(select(table).where(wanted).order_by(table.c.block, table.c.log)):
                accounts.apply(totals[row.facility, row.month], row.name, json.loads(row.args))
        self._write_accounts(connection, totals)

    # ------------------------------------------------------------------------------------------------ going on
    def _portions(self, first: int, head: int, progress: Progress | None) -> Iterator[tuple[int, int]]:
        """Reads first..head; gives the last block of each portion that is written, and its number of events.

        While one portion is written the next one is read, by the one thread that asks the chain.
        """
        if first > head:
            return
        with ThreadPoolExecutor(1) as reader:
            following: Future[_Portion] | None = reader.submit(self._read, first, head, _FIRST_SPAN)
            while following:
                portion = following.result()
                ends = portion.until == head
                following = None if ends else reader.submit(self._read, portion.until + 1, head, portion.span)
                self._write(portion.first, portion.found, portion.hashes)
                yield portion.until, len(portion.found.rows)
                if progress:
                    progress(portion.until - first + 1, head - first + 1)

    def _read(self, first: int, head: int, span: int) -> _Portion:
        """The next portion, of at most ``span`` blocks. Raises Moved if its logs are of other blocks than it keeps."""
        while True:
            until = min(head, first + span - 1)
            try:
                with _uncollected():
                    logs = self._logs(first, until)
                    found = self._decoder.decoded(logs)
                break
            except NodeError:
                if span == 1:
                    raise
                span = max(1, span // 4)
        hashes = self._window(first, until, head)
        if any(hashes.get(number, of) != of for number, of in found.blocks):
            raise Moved
        following = max(1, span // 2) if len(logs) > _MANY else min(_LONGEST_SPAN, span * 2)
        return _Portion(first, until, found, hashes, following)

    def _logs(self, first: int, until: int) -> list[dict[str, Any]]:
        query = {"address": list(self._addresses.values()), "fromBlock": hex(first), "toBlock": hex(until)}
        found: list[dict[str, Any]] = self.chain.rpc.request("eth_getLogs", [query])
        return found

    def _window(self, first: int, until: int, head: int) -> dict[int, str]:
        """Hashes of the portion's last block, and of all that are among the latest."""
        return self._hashes(sorted({until, *range(max(first, head - KEPT + 1), until + 1)}))

    def _hashes(self, numbers: list[int]) -> dict[int, str]:
        answers = self.chain.rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in numbers])
        refused = next((each for each in answers if isinstance(each, NodeError)), None)
        if refused:
            raise refused
        return {number: str(each["hash"]) for number, each in zip(numbers, answers, strict=True) if each}

    def _write(self, first: int, found: Decoded, hashes: Mapping[int, str]) -> None:
        """One portion, in one transaction; refused if another process was there before.

        Raises:
            Moved: the block before it is not the one that the index ends with.
        """
        with self.engine.begin() as connection:
            connection.execute(select(schema.chain.c.id).where(schema.chain.c.id == self.id).with_for_update())
            if self._head(connection) != first - 1:
                raise Moved
            database.insert(connection, schema.event, found.rows)
            self._move(connection, accounts.changes((each.name, each.args) for each in found.told))
            self._advance(connection, found.told)
            database.insert(connection, schema.block, [(self.id, *each) for each in sorted(hashes.items())])
            self._forget(connection, max(hashes))

    def _advance(self, connection: Connection, told: Iterable[Told]) -> None:
        """Accounts with what a portion says of them."""
        events = dict[tuple[str, int], list[Told]]()
        for each in told:
            if each.name in accounts.ACCOUNT_EVENTS and each.facility and each.month is not None:
                events.setdefault((each.facility, each.month), []).append(each)
        table, totals = schema.account, {each: accounts.empty() for each in events}
        for portion in database.portions(sorted(events), _IDS):
            about = tuple_(table.c.facility, table.c.month).in_(portion)
            for found in connection.execute(select(table).where((table.c.chain == self.id) & about)).mappings():
                held = {name: int(found[name]) for name in accounts.empty()}
                totals[found["facility"], found["month"]] = held
        for key, happened in events.items():
            for each in happened:
                accounts.apply(totals[key], each.name, each.args)
        self._write_accounts(connection, totals)

    def _write_accounts(self, connection: Connection, totals: Mapping[tuple[str, int], accounts.Totals]) -> None:
        names = [column.name for column in schema.account.columns][3:]
        rows = [(self.id, *key, *(bool(each[name]) if name == "closed" else each[name] for name in names))
                for key, each in totals.items()]  # fmt: skip
        if rows:
            database.insert(connection, schema.account, rows, replace=names)

    def _move(self, connection: Connection, changes: Mapping[tuple[str, str], int]) -> None:
        """Adds changes to balances."""
        rows = [(self.id, token, holder, change) for (token, holder), change in changes.items()]
        rows.sort(key=itemgetter(1))  # neighbours in the table are written together
        database.insert(connection, schema.balance, rows, add="amount")

    def _forget(self, connection: Connection, last: int) -> None:
        """Of the blocks before the latest only the last of every KEPT remains."""
        table = schema.block
        old = (table.c.chain == self.id) & table.c.number.between(last - 8 * KEPT, last - 4 * KEPT)
        stays = select(func.max(table.c.number)).where(old).group_by(table.c.number // KEPT)
        connection.execute(delete(table).where(old & table.c.number.not_in(stays)))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles, of which logs make none: its walks through them cost more than to read them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
