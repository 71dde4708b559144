"""Deployment of the contracts in their order; a killed run goes on with the first that is missing.

CarbonTokens names Auditors and Allocations, which are created right after it: their addresses follow from the deployer
and its next two nonces (CREATE: keccak256(rlp(deployer, nonce)), Ethereum Yellow Paper, section 7). So these three are
sent with the nonces that were counted on, or not at all.
"""

from __future__ import annotations

from pathlib import Path

from eth_hash.auto import keccak
from eth_utils.address import to_canonical_address, to_checksum_address

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.contracts import Contract
from carbon_tokens.ledger.deployments import Deployment, code_hash, read_deployments, write_deployments
from carbon_tokens.ledger.journal import MINED, Entry
from carbon_tokens.ledger.settle import NonceError
from carbon_tokens.ledger.transactions import integer, rlp
from carbon_tokens.ledger.writer import Writer

_FOLLOWERS = ("Auditors", "Allocations")  # of CarbonTokens, in the order of their nonces
Args = tuple[str | int, ...]


def deploy_contracts(writer: Writer, path: Path, admin: str, delay: int) -> dict[str, Deployment]:
    """The six contracts: EmissionFactors, CarbonTokens, Auditors, Allocations, HourlyMatching, NetEmissions.

    Those in the file are kept. A transaction that the journal holds is resumed, so that a run killed between
    CarbonTokens and the two that it names goes on with the same ledger.

    Raises:
        LedgerError: one in the file has other constructor arguments, or the file is of another chain.
        NonceError: another transaction took a nonce that CarbonTokens counted on, or another account goes on.
    """
    deployment = _Run(writer, path)
    factors = deployment.deploy("EmissionFactors", (delay, admin))
    tokens = deployment.ledger(factors, delay, admin)
    for name in _FOLLOWERS:
        deployment.follower(name, tokens)
    hourly = deployment.deploy("HourlyMatching", (tokens,))
    deployment.deploy("NetEmissions", (tokens, hourly))
    return deployment.found


def create_address(deployer: str, nonce: int) -> str:
    """Address of the contract that an account creates with a nonce."""
    return to_checksum_address(keccak(rlp([to_canonical_address(deployer), integer(nonce)]))[12:])


class _Run:
    """One deployment into one file, which is written after each contract."""

    def __init__(self, writer: Writer, path: Path) -> None:
        self._writer, self._path = writer, path
        self.found = read_deployments(path, writer.chain) if path.exists() else {}

    def deploy(self, name: str, args: Args, nonce: int | None = None) -> str:
        """Address of a contract with these arguments, created now (with this nonce, if one is given) or before."""
        if name not in self.found:
            receipt = self._writer.write(f"deploy {name}", "", Contract.load(name).creation(args), nonce)
            self._keep(name, args, receipt.address, receipt.block, receipt.tx)
        elif self.found[name].args != args:
            raise LedgerError(
                f"{name} is deployed with the arguments {self.found[name].args}, not {args}",
                where=str(self._path),
                todo="Name another folder.",
            )
        return self.found[name].address

    def ledger(self, factors: str, delay: int, admin: str) -> str:
        """CarbonTokens with the addresses that Auditors and Allocations will have."""
        if "CarbonTokens" in self.found:
            followers = self.found["CarbonTokens"].args[1:3]
            return self.deploy("CarbonTokens", (factors, *followers, delay, admin))
        sender = self._writer.signer.address

        def args(nonce: int) -> Args:
            return (factors, create_address(sender, nonce + 1), create_address(sender, nonce + 2), delay, admin)

        for entry in self._begun("CarbonTokens"):
            if entry.key == self._key("CarbonTokens", args(entry.nonce)) and self._resumed(entry, args(entry.nonce)):
                return self.found["CarbonTokens"].address
        nonce = self._writer.chain.nonce(sender, "pending")
        return self.deploy("CarbonTokens", args(nonce), nonce)

    def follower(self, name: str, tokens: str) -> None:
        """Auditors or Allocations, at the address that CarbonTokens names. Raises NonceError if it can no longer be."""
        expected = self.found["CarbonTokens"].args[1 + _FOLLOWERS.index(name)]
        if name in self.found:
            self.deploy(name, (tokens,))
            return
        for entry in self._begun(name):
            if create_address(entry.sender, entry.nonce) == expected and self._resumed(entry, (tokens,)):
                return
        sender = self._writer.signer.address
        nonce = self._writer.chain.nonce(sender, "pending")
        if create_address(sender, nonce) != expected:
            raise NonceError(
                f"CarbonTokens {tokens} names {name} at {expected}, which nonce {nonce} of {sender} does not create: "
                "another transaction took its nonce, or another account deployed CarbonTokens",
                where=str(self._path),
                todo="Go on with that account; or deploy all into another folder, and let nothing else send meanwhile.",
            )
        self.deploy(name, (tokens,), nonce)

    def _begun(self, name: str) -> list[Entry]:
        """Creations of the contract in the journal that are mined or have no outcome yet, the last first."""
        ended = self._writer.journal.outcomes()
        return [
            entry
            for entry in reversed(self._writer.journal.entries())
            if (entry.action, entry.sender) == (f"deploy {name}", self._writer.signer.address)
            and (entry.hash not in ended or ended[entry.hash].state == MINED)
        ]

    def _key(self, name: str, args: Args) -> str:
        return self._writer.key("", Contract.load(name).creation(args))

    def _resumed(self, entry: Entry, args: Args) -> bool:
        """Brings a creation in the journal to its end; whether the contract stands."""
        name = entry.action.removeprefix("deploy ")
        receipt = self._writer.resume(entry, Contract.load(name).creation(args))
        if receipt is not None:
            self._keep(name, args, receipt.address, receipt.block, receipt.tx)
        return receipt is not None

    def _keep(self, name: str, args: Args, address: str, block: int, tx: str) -> None:
        chain = self._writer.chain
        self.found[name] = Deployment(name, address, block, tx, code_hash(chain, address), args)
        write_deployments(self._path, chain, self.found)
