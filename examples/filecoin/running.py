"""The example from the published files to a verified proof."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carbon_tokens import registries
from carbon_tokens.claims import Verification, prove, verify, write_certificate
from carbon_tokens.energy.bills import Bill
from carbon_tokens.errors import LedgerError, StatementError
from carbon_tokens.factors import annual, choice, chosen
from carbon_tokens.ledger import Chain
from carbon_tokens.statements import Input
from examples.filecoin import planning, published, recording
from examples.filecoin.outcome import Outcome, Statuses, outcome
from examples.filecoin.planning import COUNTRIES, MARKET, Energy, Plan, Redeemed, Rules
from examples.filecoin.published import Bound
from examples.filecoin.recording import Choices, Progress, Recording


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller gives; ``markets``: areas that are no market of their own, and the zone that they are of."""

    data: Path
    factors: Path
    out: Path
    criteria: Path | None = None
    markets: Mapping[str, str] = field(default_factory=dict)
    rpc: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run.

    Attributes:
        choices: the factors, by country and year; missing: why a grid and year has none.
        refused: Wh that the contract refuses to retire, by its error.
        proof: of the greatest claim that is proven in its period, or of the greatest; None without a claim.
    """

    options: Options
    outcome: Outcome
    choices: Choices
    missing: Mapping[str, str]
    refused: Mapping[str, int]
    proof: Path | None
    verification: Verification | None
    blocks: int
    seconds: float

    def lines(self) -> list[str]:
        """What was chosen, and where things are."""
        said = [f"{each.region} {each.year}: {each.g_per_mwh / 1000} g/kWh, {each.dataset}, {each.location.source}; "
                f"no residual mix is known, so it stands in" for each in self.choices.values()]  # fmt: skip
        said += [f"{place}: {why}" for place, why in self.missing.items()]
        if self.options.criteria is None:
            said.append(
                "The eight quality criteria of the devices are stated by nobody: give --criteria to apply them."
            )
        for area, zone in self.options.markets.items():
            said.append(f"{area} is taken for a part of market {zone}, as --market says.")
        said.append(
            "Every role is played by a public test key: no auditor has confirmed these bounds, and none is implied."
        )
        out = self.options.out
        said.append(f"{out / 'nodes.csv'}, {out / 'nodes.svg'}; {self.blocks} blocks in {self.seconds:.0f} s")
        if self.verification:
            said += [f"proof {self.proof}", "VERIFIED" if self.verification.verified else "NOT VERIFIED"]
        return said

    def to_json(self) -> dict[str, Any]:
        """A JSON object: the outcome, what was chosen, and the proof."""
        factors = {
            f"{country} {year}": {
                "g_per_mwh": each.factor, "dataset": each.dataset, "file": each.location.source,
                "file_sha256": each.location.file_sha256,
            }
            for (country, year), each in self.choices.items()
        }  # fmt: skip
        return self.outcome.to_json() | {
            "factors": factors, "factors_missing": dict(self.missing), "markets": dict(self.options.markets),
            "criteria": str(self.options.criteria) if self.options.criteria else None,
            "refused_by_contract": dict(self.refused),
            "proof": str(self.proof) if self.proof else None,
            "verified": self.verification.verified if self.verification else None,
            "depths": self.verification.depths if self.verification else None,
            "csv": str(self.options.out / "nodes.csv"), "picture": str(self.options.out / "nodes.svg"),
            "blocks": self.blocks, "seconds": round(self.seconds, 1),
        }  # fmt: skip


def run(options: Options, progress: Progress) -> Result:
    """Everything, in a new folder.

    Raises:
        CarbonTokensError: files that cannot be used, a refusal of a contract, or sums that do not agree.
    """
    started = time.monotonic()
    if options.out.is_dir() and any(options.out.iterdir()):
        todo = "Name a new folder with --out; nothing is overwritten."
        raise StatementError("this folder holds something already", where=str(options.out), todo=todo)
    files = published.find(options.data)
    bounds, without_period = published.bounds(files.plan), published.sums(files.summary) if files.summary else []
    tables, said = annual.read(options.factors), read(files, options.criteria)
    inputs = options.out / "inputs"
    inputs.mkdir(parents=True)
    bills = recording.write_bills(inputs / "bounds.csv", bounds)
    for path in (files.plan, options.factors):
        shutil.copyfile(path, inputs / path.name)
    choices, missing = choose(bounds, tables, options.markets, inputs)
    plan = planning.plan(list(zip(bounds, bills, strict=True)), *said, rules(choices, options.markets))
    chain = Chain.connect(options.rpc, state=None if options.rpc else options.out / "chain.db")
    try:
        recorder = Recording(chain, options.out, progress)
        facilities, refused = _record(recorder, plan, bills, choices, _document(inputs / files.plan.name), options)
        statuses = recorder.statuses([each for each in plan.energy if not each.why], facilities)
        claimed = neutral(plan, statuses)
        claims = recorder.claim(claimed, facilities)
        found = outcome(plan, statuses, _rates(choices), claimed, without_period)
        if recorder.held() != found.total.issued_wh - found.total.retired_wh or not recorder.valid(claims):
            raise LedgerError("the chain does not hold what the plan says", where=chain.where)
        proof, verification = _prove(recorder, claimed, claims, options)
        blocks = chain.block_number()
    finally:
        chain.close()
    return Result(options, found, choices, missing, refused, proof, verification, blocks, time.monotonic() - started)


def neutral(plan: Plan, statuses: Statuses) -> list[Energy]:
    """The bounds with energy of which no month has net emissions."""
    return [
        each
        for each in plan.energy
        if not each.why
        and each.bound.energy_wh
        and all(statuses[each.bound.node, month].net <= 0 for month in each.months)
    ]


def choose(
    bounds: Sequence[Bound], tables: Sequence[annual.Annual], markets: Mapping[str, str], folder: Path
) -> tuple[Choices, dict[str, str]]:
    """The factor of every grid and year, each choice written into the folder; and why where there is none."""
    choices: Choices = {}
    missing: dict[str, str] = {}
    wanted = {(each.area, year) for each in bounds for year in range(each.first.year, each.last.year + 1)}
    for area, year in sorted(wanted):
        country = COUNTRIES.get(area, "")
        found = choice.explain(choice.Place(country=country or area), year, tables=tables)
        if not country or found.chosen("location") is None:
            why = [each.reason for each in found.candidates if each.basis == "location"][-1]
            missing[f"{area} {year}"] = why if country else "the code of this country is not known here"
            continue
        path = folder / f"factor-{country}-{year}.json"
        choices[country, year] = chosen.write(path, found, market_zone=markets.get(area, area), region=country)
    return choices, missing


def read(files: published.Found, criteria: Path | None = None) -> tuple[registries.Checked, Redeemed]:
    """All statements as ``certificates read`` checks them, and by file and row whom they were redeemed for.

    Raises:
        StatementError: statements or criteria that cannot be read.
    """
    entries = [entry for path in files.statements for entry in registries.read(path)]
    stated = registries.Criteria.read(criteria) if criteria else None
    redeemed = {
        (path.name, row): each for path in files.statements for row, each in published.redemptions(path).items()
    }
    return registries.check(entries, stated), redeemed


def rules(choices: Choices, markets: Mapping[str, str]) -> Rules:
    """The rules of a plan with these factors and markets."""
    areas = {country: area for area, country in COUNTRIES.items()}
    return Rules(markets, frozenset((areas[country], year) for country, year in choices))


def _record(
    recorder: Recording, plan: Plan, bills: Sequence[Bill], choices: Choices, document: Input, options: Options
) -> tuple[dict[str, int], dict[str, int]]:
    """Facilities by node, and the Wh that the contract refuses to retire by its error."""
    known = [(each, bill) for each, bill in zip(plan.energy, bills, strict=True) if not each.why]
    recorder.grant({each.zone for each, _ in known})
    recorder.publish(choices.values())
    facilities = recorder.register([each for each, _ in known])
    recorder.audit(known, facilities, choices, [document])
    tokens = recorder.issue(plan, lambda area: options.markets.get(area, area))
    recorder.retire(plan, facilities, tokens)
    refused: dict[str, int] = {}
    for lot in plan.lots:
        if lot.why == MARKET and lot.node in facilities:
            error = recorder.refusal(lot, facilities[lot.node], tokens[lot.where])
            refused[error] = refused.get(error, 0) + lot.batch.amount
    if "" in refused:
        raise LedgerError("the contract would accept certificates of another market", where="retire")
    return facilities, refused


def _rates(choices: Choices) -> dict[tuple[str, int], int]:
    """g/MWh of energy without a certificate: the residual mix where it is known, else the grid's."""
    return {key: (each.residual or each).factor for key, each in choices.items()}


def _document(path: Path) -> Input:
    return Input(path.name, "document", "0x" + hashlib.sha256(path.read_bytes()).hexdigest(), 0, 0)


def _prove(
    recorder: Recording, claimed: Sequence[Energy], claims: Sequence[int], options: Options
) -> tuple[Path | None, Verification | None]:
    """Proves the greatest claim and verifies it: offline, against its inputs, and on the chain."""
    if not claims:
        return None, None

    def rank(pair: tuple[Energy, int]) -> tuple[bool, int]:
        return all(lot.in_period for lot in pair[0].lots), pair[0].bound.energy_wh

    _, claim = max(zip(claimed, claims, strict=True), key=rank)
    path, out = options.out / "proof.json", options.out
    prove(recorder.ledger, claim, path, recorder.documents)
    write_certificate(recorder.ledger, claim, out / "certificate.svg")
    state = None if options.rpc else out / "chain.db"
    return path, verify(path, options.rpc, out / "inputs", state=state, deployments=out / "deployments")
