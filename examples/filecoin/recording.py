"""The plan on a chain: contracts, factors, nodes, audits, certificates, retirements, claims.

The roles are those of the demonstration: public development keys, so this is for local chains. One account, the
operator, stands for all nodes, as the project's buyer did: it owns their facilities, receives the certificates and
retires each for its node, whose name is the beneficiary. What is many is signed and sent in batches by the pipeline
with which ``issue`` works; nothing is sent whose refusal is known.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import rfc8785

from carbon_tokens.claims import Documents
from carbon_tokens.energy import Reading, bills
from carbon_tokens.energy.bills import Bill
from carbon_tokens.errors import LedgerError, Reverted
from carbon_tokens.factors.chosen import FactorChoice
from carbon_tokens.ledger import Chain, Ledger, Status, account, audits
from carbon_tokens.ledger.documents import audit_of, batch_of, factor_of
from carbon_tokens.ledger.ids import ANNUAL, AUDITOR_ROLE, REC, claim_id, facility_id, note, region_bytes
from carbon_tokens.ledger.journal import Journal
from carbon_tokens.ledger.pipeline import Job, Pipeline
from carbon_tokens.ledger.records import Retirement
from carbon_tokens.periods import Month
from carbon_tokens.statements import FactorReference, Input, MethodReference, Statement, build
from examples.filecoin.planning import Energy, Lot, Plan, device_area
from examples.filecoin.published import Bound

UTILITY = "Filecoin node, published upper bound"
PURPOSE = "Filecoin redemption {}"
_SIGNED = 50  # statements under one signature
_MOVED = 100  # tokens in one transfer
_TOLD = 200  # done between two words of progress
_DAY = 86_400
_MARGIN = 4  # a quarter more gas than the first of its kind was estimated to need

_T = TypeVar("_T")

Progress = Callable[[str, int, int], None]  # what, done, of
Choices = dict[tuple[str, int], FactorChoice]  # by country (alpha-3) and year


def write_bills(path: Path, published: Sequence[Bound]) -> list[Bill]:
    """The bounds as a table of bills of quality D, which every verifier can read; the bills in the bounds' order."""
    with path.open("x", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow((*bills.COLUMNS, "sha256", "quality"))
        for each in published:
            kwh, wh = divmod(each.energy_wh, bills.WH_PER_KWH)
            table.writerow((each.node, UTILITY, each.first, each.last, f"{kwh}.{wh:03d}", each.file_sha256, "D"))
    return bills.read(path)


class Recording:
    """One deployment on a local chain, on which a plan is carried out step by step.

    Args:
        chain: a local chain.
        out: folder of deployments, journals and documents.
        progress: is told what is being done, how many of it are done, and of how many.
    """

    def __init__(self, chain: Chain, out: Path, progress: Progress) -> None:
        self.chain, self.out, self._progress = chain, out, progress
        self.documents = Documents(out / "documents")
        self._operator = account("dev:operator", chain)
        self._ledgers: dict[str, Ledger] = {}
        self._runs = 0
        self._issued: list[int] = []
        self.ledger = Ledger.deploy(
            chain, account("dev:admin", chain), deployments=out / "deployments", home=out / "journals"
        )

    def _as(self, name: str) -> Ledger:
        if name not in self._ledgers:
            self._ledgers[name] = self.ledger.using(account(f"dev:{name}", self.chain))
        return self._ledgers[name]

    # ------------------------------------------------------------------------------------------------------ set-up
    def grant(self, zones: Iterable[str]) -> None:
        """Gives every role its account; the auditor's is of each market."""
        for name, contract, role in (
            ("rec-issuer", "CarbonTokens", "REC_ISSUER_ROLE"), ("publisher", "EmissionFactors", "PUBLISHER_ROLE"),
        ):  # fmt: skip
            self.ledger.grant_role(contract, role, account(f"dev:{name}", self.chain).address)
        for zone in sorted(zones):
            self.ledger.grant_role("CarbonTokens", AUDITOR_ROLE, account("dev:auditor", self.chain).address, zone)

    def publish(self, choices: Iterable[FactorChoice]) -> None:
        """Publishes every chosen factor as a release of its own."""
        for choice in choices:
            self._as("publisher").publish_factors(choice, [factor_of(choice)])

    def register(self, energy: Sequence[Energy]) -> dict[str, int]:
        """Registers every node as a facility; ids by node."""
        found: dict[str, int] = {}
        calls = []
        for each in energy:
            bound = each.bound
            if bound.node in found:
                continue
            described = {"name": f"Filecoin node {bound.node}", "country": bound.country, "location": bound.location}
            metadata = self.documents.put(rfc8785.dumps(described))
            found[bound.node] = facility_id(self._operator.address, metadata)
            region = region_bytes(each.country)
            calls.append(("", "CarbonTokens", "registerFacility", (region, each.zone.encode(), metadata)))
        self._send("operator", "register nodes", calls)
        return found

    # ------------------------------------------------------------------------------------------------------- audit
    def audit(
        self, energy: Sequence[tuple[Energy, Bill]], facilities: dict[str, int], choices: Choices, inputs: list[Input]
    ) -> None:
        """Audits every node's months, many under one signature of the auditor, and closes them."""
        statements: list[Statement] = []
        for at, (each, bill) in enumerate(energy, 1):
            readings = [reading for month in each.months for reading in bills.readings([bill], month)]
            node = facilities[each.bound.node]
            statements += [self._statement(each, reading, node, choices, inputs) for reading in readings]
            self._progress("write statements", at, len(energy))
        statements.sort(key=lambda each: each.start)  # what a meter is audited for only moves forward
        deadline, auditor, calls = int(time.time()) + _DAY, self._as("auditor"), []
        for part in _portions(statements, _SIGNED):
            signed = auditor.sign(audits(*(audit_of(each, 1) for each in part)), deadline)
            args = (*signed.message.args, signed.deadline, signed.signatures)
            calls.append((str(len(part)), "Auditors", "audit", args))
        self._send("operator", "audit months", calls, _SIGNED, len(statements))
        closing = [("", "CarbonTokens", "close", (int(each.facility, 16), each.month.number, 1)) for each in statements]
        self._send("auditor", "close months", closing)

    def _statement(
        self, energy: Energy, reading: Reading, facility: int, choices: Choices, inputs: list[Input]
    ) -> Statement:
        choice = choices[energy.country, reading.month.year]
        factor = Input(choice.file, "factor", "0x" + choice.file_sha256, 0, 0)
        bound = energy.bound
        said = f"{bound.where}: an upper bound of {bound.node} for {bound.first} to {bound.last}"
        statement = build(
            reading, FactorReference.of(choice), facility=facility, method=MethodReference.shipped(),
            documents=[factor, *inputs], notes=[said],
        )  # fmt: skip
        self.documents.put(statement)
        return statement

    # ---------------------------------------------------------------------------------------- issue, transfer, retire
    def issue(self, plan: Plan, zone: Callable[[str], str]) -> dict[str, int]:
        """Issues every accepted batch once and transfers all to the operator; tokens by the row of their statement."""
        issuer, found, done = self._as("rec-issuer"), dict[str, int](), 0
        by_source: dict[str, list[Lot]] = {}
        for lot in sorted(plan.lots, key=lambda lot: lot.batch.serial_from):
            self.documents.put(lot.batch)
            by_source.setdefault(lot.batch.source, []).append(lot)
        for source, lots in by_source.items():
            registry, technology = lots[0].batch.registry, "wind" if " Wind " in source else ""
            market = zone(device_area(source))
            receipt = issuer.add_source(REC, registry, note(source), market, technology=technology)
            report = issuer.issue(receipt.id or 0, [batch_of(lot.batch) for lot in lots])
            found |= {lot.where: token for lot, token in zip(lots, report.ids, strict=True)}
            done += len(lots)
            self._progress("issue batches", done, len(plan.lots))
        amounts = {found[lot.where]: lot.batch.amount for lot in plan.lots}
        self._issued = list(amounts)
        moves = [
            ("", "CarbonTokens", "safeBatchTransferFrom",
             (issuer.signer.address, self._operator.address, part, [amounts[token] for token in part], b""))
            for part in _portions(list(amounts), _MOVED) if issuer.signer
        ]  # fmt: skip
        self._send("rec-issuer", "transfer batches", moves, _MOVED, len(amounts))
        return found

    def retire(self, plan: Plan, facilities: dict[str, int], tokens: dict[str, int]) -> None:
        """Retires the certificates of every lot that may be, month by month, for its node."""
        calls = []
        for lot in plan.lots:
            for month, amount in lot.months.items():
                where = self._retirement(lot, facilities[lot.node], month)
                calls.append(("", "CarbonTokens", "retire", (tokens[lot.where], amount, where)))
        self._send("operator", "retire certificates", calls)

    def refusal(self, lot: Lot, facility: int, token: int) -> str:
        """What the contract answers to the retirement of a lot that the plan leaves out; empty if it would accept it.

        Nothing is sent.
        """
        month = Month.of(lot.batch.vintage_start)
        data = self._encode("CarbonTokens", "retire", (token, lot.batch.amount, self._retirement(lot, facility, month)))
        try:
            self.chain.call(self.ledger.address("CarbonTokens"), data, sender=self._operator.address)
        except Reverted as refused:
            return refused.error
        return ""

    def _retirement(self, lot: Lot, facility: int, month: Month) -> Retirement:
        batch = lot.bound.batch if lot.bound else 0
        version = self.ledger.account(facility, month).version if lot.why else 1
        return Retirement(facility, month.number, version, note(lot.node), note(PURPOSE.format(batch)))

    # ------------------------------------------------------------------------------------------------------- claim
    def statuses(self, energy: Sequence[Energy], facilities: dict[str, int]) -> dict[tuple[str, Month], Status]:
        """The totals of every audited month, as the contracts compute them."""
        found: dict[tuple[str, Month], Status] = {}
        for at, each in enumerate(energy, 1):
            node = each.bound.node
            for month, status in zip(each.months, self.ledger.status(facilities[node], each.months), strict=True):
                found[node, month] = status
            self._progress("read nets", at, len(energy))
        return found

    def claim(self, energy: Sequence[Energy], facilities: dict[str, int]) -> list[int]:
        """Claims the months of each bound together; ids in the order given."""
        months = [(facilities[each.bound.node], min(each.months).number, max(each.months).number) for each in energy]
        calls = [(str(last - first), "NetEmissions", "claim", (facility, first, last, ANNUAL))
                 for facility, first, last in months]  # fmt: skip
        self._send("operator", "claim certificates", calls)
        return [claim_id(*each) for each in months]

    def held(self) -> int:
        """Wh of issued certificates that the operator holds, none of it retired."""
        contract, who = self.ledger.contracts["CarbonTokens"], self._operator.address
        datas = [contract.encode("balanceOf", (who, token)) for token in self._issued]
        answers = self.chain.calls(self.ledger.address("CarbonTokens"), datas)
        failed = next((each for each in answers if isinstance(each, LedgerError)), None)
        if failed:
            raise failed
        return sum(int.from_bytes(each, "big") for each in answers if isinstance(each, bytes))

    def valid(self, claims: Iterable[int]) -> bool:
        """Whether every one of the claims holds."""
        return all(self.ledger.is_valid(claim) for claim in claims)

    # ----------------------------------------------------------------------------------------------------- sending
    def _encode(self, contract: str, function: str, args: tuple[object, ...]) -> bytes:
        return self.ledger.contracts[contract].encode(function, args)

    def _send(
        self, who: str, what: str, calls: Sequence[tuple[str, str, str, tuple[object, ...]]], each: int = 1,
        of: int | None = None,
    ) -> None:  # fmt: skip
        """Sends calls of one function, (size, contract, function, arguments); of each size the first is estimated.

        Raises:
            Reverted: the contract refuses one; those before it stand.
        """
        if not calls:
            return
        signer, contract, total = account(f"dev:{who}", self.chain), calls[0][1], of or len(calls)
        address, gas, jobs = self.ledger.address(contract), dict[str, int](), []
        for number, (size, _, function, args) in enumerate(calls):
            data = self._encode(contract, function, args)
            if size not in gas:
                used = self.chain.estimate(address, data, signer.address)
                gas[size] = used + used // _MARGIN
            jobs.append(Job((number,), data, gas[size]))
        self._runs += 1
        self._progress(what, 0, total)
        binding = {"chain": str(self.chain.id), "genesis": self.chain.genesis, "run": what}
        with Journal(self.out / "journals" / f"{self._runs:02d}.db", binding, exclusive=True) as journal:
            pipeline = Pipeline(self.chain, signer, journal, address, what)
            for part in _portions(jobs, max(1, _TOLD // each)):
                for job, (_, receipt) in zip(part, pipeline.send(part), strict=True):
                    if receipt is None or not int(receipt["status"], 16):
                        self.chain.call(address, job.data, sender=signer.address)
                        raise LedgerError(f"call {job.items[0]} failed, and would succeed now", where=what)
                self._progress(what, min((part[-1].items[0] + 1) * each, total), total)


def _portions(items: Sequence[_T], size: int) -> list[Sequence[_T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
