"""The node's database: SQLite in a file, or PostgreSQL by its URL; Alembic brings its form up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from carbon_tokens.errors import LedgerError

_PRAGMAS = ("page_size=8192", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000",
            "cache_size=-16384")  # fmt: skip
READS = "reads_only"  # execution option of an engine whose transactions never write
_PORTION = 20_000  # rows in one call of the driver
_COPIED = 200  # rows from which on PostgreSQL's COPY is used
_CONNECTIONS = 10  # that a process keeps, and as many again while it needs them; requests beyond wait
_WAIT_S = 10  # for a connection, or for the one writer of SQLite


def connect(url: str) -> Engine:
    """The database behind a URL, brought up to date: sqlite:///node.db or postgresql+psycopg://user@host/name.

    Raises:
        LedgerError: no such URL, no answer, or a database of a later version. The URL, which may hold a password, is
            not repeated.
    """
    try:
        engine = create_engine(make_url(url), pool_size=_CONNECTIONS, max_overflow=_CONNECTIONS, pool_timeout=_WAIT_S,
                               pool_pre_ping=True)  # fmt: skip
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _sqlite)
            writers = _Writers()
            event.listen(engine, "begin", writers.begin)
            event.listen(engine, "commit", writers.end)
            event.listen(engine, "rollback", writers.end)
        upgrade(engine)
        return engine
    except (ArgumentError, ModuleNotFoundError, TypeError) as error:
        todo = "Write sqlite:///node.db or postgresql+psycopg://user@host/name."
        raise LedgerError(f"the address of the database is none ({type(error).__name__})", todo=todo) from None
    except SQLAlchemyError as error:
        raise LedgerError(f"the database does not answer ({type(error).__name__})", todo="Start it.") from None


def upgrade(engine: Engine) -> None:
    """Takes the steps that a database lacks, all or none."""
    config = Config()
    config.set_main_option("script_location", str(resources.files("carbon_tokens.service") / "migrations"))
    with engine.connect() as connection:
        _check_references(
            connection, False
        )  # SQLite alters a table by making it again, which would orphan what names it
        with connection.begin():
            alone(connection, "upgrade")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        _check_references(connection, True)


def _check_references(connection: Connection, wanted: bool) -> None:
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA foreign_keys={'ON' if wanted else 'OFF'}")
        if wanted and (orphans := driver.execute("PRAGMA foreign_key_check").fetchall()):
            raise LedgerError(f"{len(orphans)} rows name what is not there", where=str(orphans[0][0]))


def alone(connection: Connection, what: str) -> None:
    """Until the end of its transaction no other transaction goes on from here that names the same thing.

    SQLite has one writing transaction at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))


def insert(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], *, replace: Sequence[str] = (), add: str = ""
) -> None:
    """Inserts rows, values in the order of the table's columns.

    Args:
        replace: columns to write over where the key is there; add: a column to add to there.

    The driver is called directly: the generic path costs as much again as the insertion. PostgreSQL copies many rows,
    through a table of the transaction's own where some may be there already.
    """
    names = ", ".join(column.name for column in table.columns)
    upsert = _upsert(table, replace, add) if replace or add else ""
    if connection.dialect.name == "postgresql" and len(rows) >= _COPIED:
        target = f"incoming_{table.name}" if upsert else table.name
        if upsert:
            connection.exec_driver_sql(f"CREATE TEMP TABLE {target} (LIKE {table.name})")
        _copy(connection, target, names, rows)
        if upsert:
            connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {target}{upsert}")
            connection.exec_driver_sql(f"DROP TABLE {target}")
        return
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    text = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join([mark] * len(table.columns))}){upsert}"
    for portion in portions(rows, _PORTION):
        connection.exec_driver_sql(text, portion)


def _upsert(table: Table, replace: Sequence[str], add: str) -> str:
    keys = ", ".join(column.name for column in table.primary_key.columns)
    sets = [f"{name} = excluded.{name}" for name in replace]
    sets += [f"{add} = {table.name}.{add} + excluded.{add}"] * bool(add)
    return f" ON CONFLICT ({keys}) DO UPDATE SET {', '.join(sets)}"


def _copy(connection: Connection, target: str, names: str, rows: Iterable[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {target} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def portions(rows: Sequence[Any], size: int) -> Iterable[list[Any]]:
    """A sequence in pieces of at most a size."""
    return (list(rows[start : start + size]) for start in range(0, len(rows), size))


def _sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # this package begins its transactions itself
    for line in _PRAGMAS:
        connection.execute(f"PRAGMA {line}")


class _Writers:
    """SQLite's one writing transaction at a time, in turn: SQLite itself lets who waits sleep and try again, by chance.

    Raises:
        LedgerError: it was not this one's turn for too long.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def begin(self, connection: Connection) -> None:
        # A reader that becomes a writer would fail without waiting; one that only reads never waits for a writer.
        if connection.get_execution_options().get(READS):
            connection.exec_driver_sql("BEGIN")
            return
        if not self._turn.acquire(timeout=_WAIT_S):
            raise LedgerError("the database is busy", todo="Ask again later.")
        connection.info[READS] = False
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # other processes may write too
        except BaseException:
            self.end(connection)
            raise

    def end(self, connection: Connection) -> None:
        if connection.info.pop(READS, True) is False:
            self._turn.release()
