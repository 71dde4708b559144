"""The chains that a node follows, as they are written in a file.

[networks.us]                       # one table each; its name is what pages call the chain, unless `name` says more
name = "United States"
rpc = "https://rpc.example"         # or "env:NAME": the address stands in that variable, where it holds a key
deployments = "us/deployments"      # folder of <chain id>.json; paths are relative to the file

[networks.demo]
state = "demo/chain.db"             # the embedded chain of a state file; deployments are beside it unless stated
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon_tokens.errors import LedgerError

_ALLOWED = {"name", "rpc", "state", "deployments"}


@dataclass(frozen=True, slots=True)
class Network:
    """A chain to follow: the name that pages give it, its RPC address or state file, and where its deployments are."""

    name: str
    deployments: Path
    rpc: str | None = None
    state: Path | None = None


def read_networks(path: Path) -> list[Network]:
    """The networks of a file, in its order.

    Raises:
        LedgerError: no such file, none in it, or one that is not of the form above. Addresses are not repeated.
    """
    try:
        tables = tomllib.loads(path.read_text())["networks"]
        found = [_network(path, name, table) for name, table in tables.items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        todo = 'Write [networks.us] with rpc = "…" or state = "…", and deployments = "…".'
        raise LedgerError(f"not a file of networks ({type(error).__name__})", where=str(path), todo=todo) from None
    names = [each.name for each in found]
    if not names or len({*names}) < len(names):
        raise LedgerError("no network, or two of one name", where=str(path), todo="Give each a name of its own.")
    return found


def _network(path: Path, key: str, table: Mapping[str, Any]) -> Network:
    where = f"{path}: networks.{key}"
    if {*table} - _ALLOWED or not all(isinstance(each, str) and each for each in table.values()):
        raise LedgerError(f"only texts of the names {', '.join(sorted(_ALLOWED))}", where=where, todo="Correct it.")
    if ("rpc" in table) == ("state" in table):
        raise LedgerError("a network has either an rpc address or a state file", where=where, todo="Write one of both.")
    state = path.parent / table["state"] if "state" in table else None
    if state is None and "deployments" not in table:
        raise LedgerError("the deployments of an rpc address are missing", where=where, todo="Name their folder.")
    beside = state.parent / "deployments" if state else path.parent
    deployments = path.parent / table["deployments"] if "deployments" in table else beside
    return Network(str(table.get("name", key)), deployments, _address(where, table.get("rpc")), state)


def _address(where: str, said: str | None) -> str | None:
    if said is None or not said.startswith("env:"):
        return said
    found = os.environ.get(said[4:], "")
    if not found:
        raise LedgerError(f"the variable {said[4:]} is not set", where=where, todo="Put the RPC address into it.")
    return found
