"""The node's database: SQLite in a file, or PostgreSQL by its URL; Alembic brings its form up to date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from carbon_tokens.errors import LedgerError

READS = "reads_only"  # execution option of an engine whose transactions never write
_PORTION = 20_000  # rows in one call of the driver


def connect(url: str) -> Engine:
    """The database behind a URL, brought up to date: sqlite:///node.db or postgresql+psycopg://user@host/name.

    Raises:
        LedgerError: no such URL, no answer, or a database of a later version. The URL, which may hold a password, is
            not repeated.
    """
    try:
        engine = create_engine(make_url(url))
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _sqlite)
            event.listen(engine, "begin", _immediate)
        upgrade(engine)
        return engine
    except (ArgumentError, ModuleNotFoundError) as error:
        todo = "Write sqlite:///node.db or postgresql+psycopg://user@host/name."
        raise LedgerError(f"the address of the database is none ({type(error).__name__})", todo=todo) from None
    except SQLAlchemyError as error:
        raise LedgerError(f"the database does not answer ({type(error).__name__})", todo="Start it.") from None


def upgrade(engine: Engine) -> None:
    """Takes the steps that a database lacks, all or none."""
    config = Config()
    config.set_main_option("script_location", str(resources.files("carbon_tokens.service") / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def insert(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], *, replace: Sequence[str] = (), add: str = ""
) -> None:
    """Inserts rows, values in the order of the table's columns.

    Args:
        replace: columns to write over where the key is there; add: a column to add to there.

    The driver is called directly: the generic path costs as much again as the insertion.
    """
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    names = [column.name for column in table.columns]
    text = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"
    if replace or add:
        keys = ", ".join(column.name for column in table.primary_key.columns)
        sets = [f"{name} = excluded.{name}" for name in replace]
        sets += [f"{add} = {table.name}.{add} + excluded.{add}"] * bool(add)
        text += f" ON CONFLICT ({keys}) DO UPDATE SET {', '.join(sets)}"
    for portion in portions(rows, _PORTION):
        connection.exec_driver_sql(text, portion)


def portions(rows: Sequence[Any], size: int) -> Iterable[list[Any]]:
    """A sequence in pieces of at most a size."""
    return (list(rows[start : start + size]) for start in range(0, len(rows), size))


def _sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # this package begins its transactions itself
    for line in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {line}")


def _immediate(connection: Connection) -> None:
    # A reader that becomes a writer would fail without waiting; one that only reads never waits for a writer.
    reads = connection.get_execution_options().get(READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
