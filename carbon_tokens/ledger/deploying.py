"""Deployment of the contracts in their order; a killed run goes on with the first that is missing."""

from __future__ import annotations

from pathlib import Path

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.contracts import Contract
from carbon_tokens.ledger.deployments import Deployment, code_hash, read_deployments, write_deployments
from carbon_tokens.ledger.writer import Writer


def deploy_contracts(writer: Writer, path: Path, admin: str, delay: int) -> dict[str, Deployment]:
    """EmissionFactors, CarbonTokens and NetEmissions; those in the file are kept.

    Raises:
        LedgerError: one in the file has other constructor arguments, or the file is of another chain.
    """
    found = read_deployments(path, writer.chain) if path.exists() else {}

    def deploy(name: str, *args: str | int) -> str:
        if name not in found:
            found[name] = _create(writer, name, args)
            write_deployments(path, writer.chain, found)
        elif found[name].args != args:
            raise LedgerError(
                f"{name} is deployed with the arguments {found[name].args}, not {args}",
                where=str(path),
                todo="Name another folder.",
            )
        return found[name].address

    factors = deploy("EmissionFactors", delay, admin)
    tokens = deploy("CarbonTokens", factors, delay, admin)
    deploy("NetEmissions", tokens)
    return found


def _create(writer: Writer, name: str, args: tuple[str | int, ...]) -> Deployment:
    receipt = writer.write(f"deploy {name}", "", Contract.load(name).creation(args))
    return Deployment(name, receipt.address, receipt.block, receipt.tx, code_hash(writer.chain, receipt.address), args)
