"""The ledger: one method for every verb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.accounts import Signer
from carbon_tokens.ledger.allocating import AllocatingVerbs
from carbon_tokens.ledger.auditing import AuditingVerbs
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.contracts import text_bytes
from carbon_tokens.ledger.deploying import deploy_contracts
from carbon_tokens.ledger.deployments import Deployment, deployment_file, read_deployments
from carbon_tokens.ledger.ids import ANNUAL, REC, claim_id, facility_id, note, region_bytes, role_id
from carbon_tokens.ledger.issuing import IssuingRun, inputs_digest
from carbon_tokens.ledger.journal import Journal
from carbon_tokens.ledger.matching import MatchingVerbs
from carbon_tokens.ledger.pipeline import Progress
from carbon_tokens.ledger.publishing import FactorRelease, rows_to_publish
from carbon_tokens.ledger.records import Audit, Batch, Factor, IssueReport, Message, Receipt, Retirement, SignedMessage
from carbon_tokens.ledger.signing import sign
from carbon_tokens.ledger.writer import Writer
from carbon_tokens.periods import Month

HOME, DEPLOYMENTS = Path(".carbon-tokens"), Path("deployments")


class Ledger(AllocatingVerbs, AuditingVerbs, MatchingVerbs):
    """The contracts of one deployment and an account that writes.

    Every write is estimated first, so what the contract refuses is raised as ``Reverted`` before anything is sent; then
    signed, journaled and sent. It returns when it is mined. All may raise ``LedgerError`` (no funds, no answer).

    Args:
        signer: who writes; None: reading only.
        home: where journals are kept.
    """

    def __init__(
        self, chain: Chain, deployments: Mapping[str, Deployment], signer: Signer | None = None, *, home: Path = HOME
    ) -> None:
        super().__init__(chain, deployments)
        self.signer, self.home = signer, home
        self._journal: Journal | None = None

    def __repr__(self) -> str:
        return f"Ledger({self.chain!r}, signer={self.signer!r})"

    @classmethod
    def connect(
        cls, chain: Chain, signer: Signer | None = None, *, deployments: Path = DEPLOYMENTS, home: Path = HOME
    ) -> Ledger:
        """The ledger deployed on a chain. Raises LedgerError when there is none, or its code differs."""
        return cls(chain, read_deployments(deployment_file(deployments, chain.id), chain), signer, home=home)

    @classmethod
    def deploy(
        cls, chain: Chain, signer: Signer, *, admin: str | None = None, delay: int = 0,
        deployments: Path = DEPLOYMENTS, home: Path = HOME,
    ) -> Ledger:  # fmt: skip
        """Deploys the contracts that the deployments file does not hold yet, and writes it after each.

        Args:
            admin: first admin of EmissionFactors and CarbonTokens; the signer if None.
            delay: seconds before a new admin can accept.

        Raises:
            LedgerError: the file holds contracts with other constructor arguments.
            NonceError: another transaction of the signer came between CarbonTokens and the contracts that it names.
        """
        with open_journal(chain, home) as journal:
            writer = Writer(chain, signer, journal, {})
            path = deployment_file(deployments, chain.id)
            return cls(chain, deploy_contracts(writer, path, admin or signer.address, delay), signer, home=home)

    def using(self, signer: Signer) -> Ledger:
        """The same ledger with another account."""
        return Ledger(self.chain, self.deployments, signer, home=self.home)

    def close_files(self) -> None:
        """Closes the journal; the chain stays open."""
        if self._journal:
            self._journal.close()
            self._journal = None

    def _write(self, action: str, contract: str, function: str, *args: object) -> Receipt:
        signer = self._signer()
        self._journal = self._journal or open_journal(self.chain, self.home)
        decoders = {self.address(name).lower(): each for name, each in self.contracts.items()}
        writer = Writer(self.chain, signer, self._journal, decoders)
        return writer.write(action, self.address(contract), self.contracts[contract].encode(function, args))

    def _signer(self) -> Signer:
        if self.signer is None:
            raise LedgerError(
                "no account is given, so nothing can be written", where="account", todo="Name an account."
            )
        return self.signer

    # ------------------------------------------------------------------------------------------- roles and factors
    def grant_role(self, contract: str, role: str, address: str, market_zone: str = "") -> Receipt:
        """Grants a role of ``CarbonTokens`` or ``EmissionFactors``; ``AUDITOR_ROLE`` for a market zone. Only the admin.

        Held already: nothing is sent.
        """
        if self.has_role(contract, role, address, market_zone):
            return _existed("grant_role")
        return self._write("grant_role", contract, "grantRole", role_id(role, market_zone), address)

    def publish_factors(self, release: FactorRelease, factors: Sequence[Factor] | None = None) -> list[Receipt]:
        """Publishes a release in portions of at most 250 regions; what is published already is left out.

        Args:
            release: dataset, year, edition, sha256 of its file, and rates.
            factors: the rows; None: the release's own rates, without residual mix.

        Raises:
            LedgerError: a region is published with another factor.
        """
        head, portions = rows_to_publish(self, release, factors)
        return [self._write("publish_factors", "EmissionFactors", "publish", head, rows) for rows in portions]

    # ------------------------------------------------------------------------------------- facilities and sources
    def add_facility(self, grid_region: str, market_zone: str, metadata: bytes) -> Receipt:
        """Registers a facility of the signer; ``id`` of the receipt is its id. The same again: nothing is sent."""
        number = facility_id(self._signer().address, metadata)
        codes = region_bytes(grid_region), text_bytes(market_zone, 2, where="market zone")
        if self.call("CarbonTokens", "facilityOf", number)["owner"] != "0x" + 40 * "0":
            known = self.facility(number)
            if (known.grid_region, known.market_zone) != (grid_region, market_zone):
                raise LedgerError(
                    f"the facility 0x{number:054x} is registered in {known.grid_region}, {known.market_zone}",
                    where="facility",
                )
            return _existed("add_facility", number)
        return replace(self._write("add_facility", "CarbonTokens", "registerFacility", *codes, metadata), id=number)

    def add_source(
        self,
        token_class: int,
        registry: str,
        device: bytes,
        market_zone: str,
        *,
        grid_region: str = "",
        technology: str = "",
    ) -> Receipt:
        """Registers a device (``ids.REC``) or project (``ids.OFFSET``) of the signer; ``id`` is its number.

        Args:
            device: hash of the registry's own id of it; see ``ids.note``.

        Raises:
            LedgerError: it is registered with another class, market zone or grid region.
        """
        number = self.source_id(registry, device)
        if number:
            known = self.source(number)
            stands = known.token_class, known.market_zone, known.grid_region
            if stands != (token_class, market_zone, grid_region):
                what = "the source {} is registered with class {}, market zone {}, grid region {}"
                shown = ["REC" if known.token_class == REC else "OFFSET", *(each or "(none)" for each in stands[1:])]
                raise LedgerError(
                    what.format(number, *shown), where="source", todo="State the same, or another device."
                )
            return _existed("add_source", number)
        args = (
            token_class, text_bytes(registry, 12, where="registry"), device,
            text_bytes(market_zone, 2, where="market zone"),
            region_bytes(grid_region), text_bytes(technology, 10, where="technology"),
        )  # fmt: skip
        receipt = self._write("add_source", "CarbonTokens", "registerSource", *args)
        return replace(receipt, id=self.source_id(registry, device))

    def freeze(self, source: int, frozen: bool = True) -> Receipt:
        """Freezes a source, or lifts it. Only a registrar."""
        return self._write("freeze", "CarbonTokens", "setFrozen", source, frozen)

    # ------------------------------------------------------------------------------------------------------- audit
    def audit(self, audit: Audit) -> Receipt:
        """Adds an audited reading to an open month. Only an auditor who does not own the facility."""
        return self._write("audit", "CarbonTokens", "audit", audit)

    def sign(self, message: Message, deadline: int) -> SignedMessage:
        """Signs a message of ``signing`` for this chain, to be submitted until ``deadline`` (UTC seconds)."""
        return sign(self._signer(), message, deadline, chain_id=self.chain.id, contract=self.address("Auditors"))

    def submit(self, signed: SignedMessage) -> Receipt:
        """Submits a message with the signatures of one auditor or, where the facility has a panel, of enough of it.

        Anyone may. See ``signing.merged`` for signatures that stand apart.
        """
        message = signed.message
        args = (*message.args, signed.deadline, signed.signatures)
        return self._write(message.action, "Auditors", message.action, *args)

    def close(self, facility: int, month: Month, version: int | None = None) -> Receipt:
        """Declares a month complete as it stands. Only an auditor.

        Args:
            version: of the account's totals, see ``split_version``; None: the present one.
        """
        seen = self.split_version(facility, month) if version is None else version
        return self._write("close", "CarbonTokens", "close", facility, month.number, seen)

    def restate(self, audit: Audit) -> Receipt:
        """Replaces the totals of a month. Only an auditor."""
        return self._write("restate", "CarbonTokens", "restate", audit)

    def disallow(
        self, facility: int, month: Month, token: int, amount: int, evidence: bytes, version: int | None = None
    ) -> Receipt:
        """Takes void RECs (Wh) or offsets (g) out of an account. Only an auditor. ``version``: after it."""
        new = self.account(facility, month).version + 1 if version is None else version
        return self._write("disallow", "CarbonTokens", "disallow", facility, month.number, new, token, amount, evidence)

    # ----------------------------------------------------------------------------------- issue, transfer, retire
    def issue(
        self, source: int, batches: Sequence[Batch], to: str | None = None, *, per_transaction: int = 100,
        journal: Path | None = None, progress: Progress | None = None,
    ) -> IssueReport:  # fmt: skip
        """Issues batches of a source, each exactly once, however often the call is repeated or killed.

        Args:
            batches: in ascending order of serials.
            to: first holder; the signer if None.
            per_transaction: 1: ``issue``, more: ``issueBatch``; at most 250.
            journal: file of this run; None: one in ``home``, named by chain, contract and inputs.

        Raises:
            JournalError: the journal is of another chain, contract or inputs, or in use.
            Reverted: the contract refuses a batch.
        """
        signer = self._signer()
        holder = to or signer.address
        digest = inputs_digest(source, holder, batches)
        contract = self.address("CarbonTokens")
        binding = {"chain": str(self.chain.id), "genesis": self.chain.genesis, "contract": contract, "inputs": digest}
        path = (
            journal
            or self.home
            / "journal"
            / f"issue-{self.chain.id}-{self.chain.genesis[2:10]}-{contract[2:10]}-{digest[:16]}.db"
        )
        run = IssuingRun(self.chain, signer, contract, source, self.source(source), holder)
        with Journal(path, binding, exclusive=True) as file:
            return run.run(batches, file, per_transaction, progress)

    def transfer(self, to: str, tokens: Sequence[int], amounts: Sequence[int]) -> Receipt:
        """Transfers RECs (Wh) or offsets (g) of the signer."""
        who = self._signer().address
        if len(tokens) == len(amounts) == 1:
            return self._write("transfer", "CarbonTokens", "safeTransferFrom", who, to, tokens[0], amounts[0], b"")
        return self._write(
            "transfer", "CarbonTokens", "safeBatchTransferFrom", who, to, list(tokens), list(amounts), b""
        )

    def retire(
        self, facility: int, month: Month, tokens: Sequence[int], amounts: Sequence[int], *, beneficiary: str = "",
        purpose: str = "", version: int | None = None,
    ) -> Receipt:  # fmt: skip
        """Retires RECs (Wh) or offsets (g) of the signer into a facility-month, for ever.

        Args:
            beneficiary, purpose: text; above 32 bytes its hash is recorded.
            version: of the account as the holder has seen it; None: the present one.
        """
        seen = self.account(facility, month).version if version is None else version
        where = Retirement(facility, month.number, seen, note(beneficiary), note(purpose))
        if len(tokens) == len(amounts) == 1:
            return self._write("retire", "CarbonTokens", "retire", tokens[0], amounts[0], where)
        return self._write("retire", "CarbonTokens", "retireBatch", list(tokens), list(amounts), where)

    # ------------------------------------------------------------------------------------------------------- claim
    def claim(self, facility: int, first: Month, last: Month | None = None, basis: int = ANNUAL) -> Receipt:
        """Issues or renews the certificate of months first..last (None: one month) to the facility's owner.

        Anyone may. ``id`` of the receipt is the claim's id. ``basis``: ``ids.ANNUAL`` or ``ids.HOURLY``.
        """
        months = (first.number, (last or first).number)
        receipt = self._write("claim", "NetEmissions", "claim", facility, *months, basis)
        return replace(receipt, id=claim_id(facility, *months, basis))


def open_journal(chain: Chain, home: Path) -> Journal:
    """The journal of single writes on a chain."""
    binding = {"chain": str(chain.id), "genesis": chain.genesis}
    return Journal(home / "journal" / f"{chain.id}-{chain.genesis[2:10]}.db", binding)


def _existed(action: str, number: int | None = None) -> Receipt:
    return Receipt(action, "", 0, 0, (), id=number, existed=True)
