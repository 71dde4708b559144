"""Where the contracts are: ``deployments/<chain id>.json``, checked against the chain before it is believed.

The file states its format, chain id and genesis, and of each contract by its name: address, block and transaction of
its creation, hash of its code, constructor arguments. Format 2 holds the six contracts whose CarbonTokens names
Auditors and Allocations; files without a format are of the three contracts before, and are refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from eth_hash.auto import keccak

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.nesting import loads

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployed contract: address, block and transaction of its creation, hash of its code, its arguments."""

    name: str
    address: str
    block: int
    tx: str
    code_hash: str
    args: tuple[str | int, ...]


def deployment_file(folder: Path, chain_id: int) -> Path:
    """The file of a chain's deployments."""
    return folder / f"{chain_id}.json"


def write_deployments(path: Path, chain: Chain, deployments: Mapping[str, Deployment]) -> None:
    """Writes the file whole or not at all."""
    contracts = {name: asdict(deployment) for name, deployment in deployments.items()}
    head = {"format": FORMAT, "chain_id": chain.id, "genesis": chain.genesis}
    text = json.dumps({**head, "contracts": contracts}, indent=1) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    with draft.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_deployments(path: Path, chain: Chain) -> dict[str, Deployment]:
    """The deployments of a file, whose chain and code are those of the chain.

    Raises:
        LedgerError: no such file, not a deployments file, another format or chain, or other code at an address.
    """
    try:
        content = loads(path.read_text())
        found = {name: _deployment(fields) for name, fields in content["contracts"].items()}
        chain_id, genesis, written = content["chain_id"], content["genesis"], content.get("format", 1)
    except FileNotFoundError:
        raise LedgerError("nothing is deployed on this chain", where=str(path), todo="Deploy first.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as failure:
        raise LedgerError(f"not a deployments file: {failure}", where=str(path)) from failure
    if written != FORMAT:
        raise LedgerError(
            f"the file is of format {written}, of other contracts than this version's (format {FORMAT})",
            where=str(path),
            todo="Deploy into another folder, or use the version that deployed them.",
        )
    if (chain_id, genesis) != (chain.id, chain.genesis):
        what = f"the contracts were deployed on another chain {chain_id}" + (
            ", since restarted" if chain_id == chain.id else ""
        )
        raise LedgerError(what, where=str(path), todo="Deploy again, or connect to that chain.")
    for deployment in found.values():
        if code_hash(chain, deployment.address) != deployment.code_hash:
            raise LedgerError(f"{deployment.address} does not hold the code of {deployment.name}", where=str(path))
    return found


def code_hash(chain: Chain, address: str) -> str:
    """keccak256 of the code at an address."""
    return "0x" + keccak(chain.code(address)).hex()


def _deployment(fields: dict[str, object]) -> Deployment:
    args = fields.pop("args")
    if not isinstance(args, list):
        raise TypeError("args is no list")
    return Deployment(**fields, args=tuple(args))  # type: ignore[arg-type]
