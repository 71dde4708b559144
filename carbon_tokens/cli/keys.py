"""``key``: who may act on a node, changing their keys, and the log of what was done there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.index import Database
from carbon_tokens.cli.run import REFUSED, Run, verb
from carbon_tokens.errors import ExtraMissing, LedgerError

if TYPE_CHECKING:
    from sqlalchemy import Engine

app = typer.Typer(help="API keys of a node: add, list, rotate, revoke, and the log of actions.", no_args_is_help=True)

Organisation = Annotated[str, typer.Option("--organisation", help="Whose key it is; made where there is none.")]
Role = Annotated[str, typer.Option("--role", help="admin, operator, auditor, issuer or customer.")]
Days = Annotated[int, typer.Option("--days", help="Days that the key is good for.", min=1, max=3650)]
Scope = Annotated[
    list[str], typer.Option("--scope", help="Limit it to a chain (1) or a facility (1/0x…); may be repeated.")
]
Overlap = Annotated[
    int, typer.Option("--overlap", help="Hours in which the old key and the new one are good.", min=0, max=720)
]
Prefix = Annotated[str, typer.Argument(help="What key list shows of it: 12 hex digits.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="key")


@verb(app, "add", options=())
def add(
    run: Run, organisation: Organisation, role: Role, days: Days = 90, scope: Scope = [],  # noqa: B006
    database: Database = "sqlite:///node.db",
) -> None:  # fmt: skip
    """A new key, which is shown this once: the node keeps only its hash."""
    from carbon_tokens.service import keys

    with _engine(database).begin() as connection:
        made = keys.add(connection, organisation, role, days, scope=scope)
    content = {"key": made, "organisation": organisation, "role": role, "days": days, "scope": scope}
    run.answer(content, lambda out: out.print(f"{made}\nIt is not shown again.", soft_wrap=True, markup=False))


@verb(app, "list", options=())
def list_(run: Run, database: Database = "sqlite:///node.db") -> None:
    """Every key without its secret."""
    from carbon_tokens.service import keys

    with _engine(database).begin() as connection:
        found = keys.listed(connection)
    lines = [_line(each) for each in found]
    run.answer({"keys": found}, lambda out: out.print("\n".join(lines) or "no keys", soft_wrap=True, markup=False))


@verb(app, "rotate", options=())
def rotate(run: Run, prefix: Prefix, overlap: Overlap = 24, database: Database = "sqlite:///node.db") -> None:
    """A new key in the place of one, shown this once; both are good for the overlap, then the new one alone."""
    from carbon_tokens.service import keys
    from carbon_tokens.service.reading import Unknown

    try:
        with _engine(database).begin() as connection:
            made, until = keys.rotate(connection, prefix, overlap)
    except Unknown as error:
        raise LedgerError(f"there is no {error}", todo="See key list.") from None
    said = f"{made}\nIt is not shown again. {prefix} is good until {_minute(until)} UTC."
    run.answer({"key": made, "old_until": until}, lambda out: out.print(said, soft_wrap=True, markup=False))


@verb(app, "revoke", options=())
def revoke(run: Run, prefix: Prefix, database: Database = "sqlite:///node.db") -> None:
    """Ends a key at once."""
    from carbon_tokens.service import keys

    with _engine(database).begin() as connection:
        keys.revoke(connection, prefix)
    run.answer({"revoked": prefix}, lambda out: out.print(f"{prefix} is revoked"))


@verb(app, "log", options=())
def log(run: Run, database: Database = "sqlite:///node.db") -> None:
    """Checks that the log of actions is as it was written: every row, and none missing between."""
    from sqlalchemy import func, select

    from carbon_tokens.service import actions, schema

    table = schema.action
    with _engine(database).begin() as connection:
        faults = actions.faults(connection)
        count = connection.scalar(select(func.count()).select_from(table))
        last = connection.scalar(select(table.c.hash).order_by(table.c.id.desc()).limit(1)) or actions.FIRST
    content = {"actions": count, "last_hash": last, "faults": faults}
    said = [f"{count} actions, the last hash is {last}", *faults]
    run.answer(content, lambda out: out.print("\n".join(said), soft_wrap=True, markup=False))
    if faults:
        raise typer.Exit(REFUSED)


def _line(key: dict[str, Any]) -> str:
    """A key in words."""
    parts = [f"{key['prefix']} {key['role']:8} {key['organisation']}", f"until {_day(key['expires'])}"]
    parts += [f"only {' '.join(key['scope'])}"] if key["scope"] else []
    parts += [f"last used {_minute(key['used'])} UTC" if key["used"] else "never used"]
    parts += [f"replaced by {key['replaced_by']}"] if key["replaced_by"] else []
    parts += [f"revoked {_day(key['revoked'])}"] if key["revoked"] else []
    return ", ".join(parts)


def _engine(database: str) -> Engine:
    try:
        from carbon_tokens.service import database as databases
    except ModuleNotFoundError as error:
        raise ExtraMissing(f"a node needs {error.name}", todo="pip install 'carbon-tokens[node]'") from error
    return databases.connect(database)


def _day(seconds: Any) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _minute(seconds: Any) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
