"""The quality criteria of the GHG Protocol's Scope 2 Guidance (chapter 7): a certificate meets all, or is not applied.

The issuer states them for each device in a CSV: source and the columns of ``CRITERIA``, yes, no or n/a. What is about
another kind of instrument (a supplier's rate, a direct contract) may be n/a; the others are yes or no.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon_tokens.energy import tables
from carbon_tokens.errors import StatementError

CRITERIA = {
    "conveys_rate": "conveys the direct GHG emission rate of the electricity",
    "only_claim": "is the only instrument that carries the claim to that rate",
    "tracked_and_retired": "is tracked and retired or cancelled by or for the reporting company",
    "vintage": "is issued and retired as close as possible to the period of use",
    "same_market": "is of the market in which the electricity is used",
    "supplier_rate": "a supplier's rate: of delivered electricity, with certificates retired for its customers",
    "direct_contract": "a direct contract or on-site supply: every instrument is transferred, none issued to others",
    "residual_mix": "a residual mix is available, or its absence is disclosed",
}
_ONLY_OTHERS = ("supplier_rate", "direct_contract")


@dataclass(frozen=True, slots=True)
class Criteria:
    """The answers for each source. ``of`` gives the criteria that a source does not meet."""

    answers: dict[str, dict[str, str]]
    file: str
    file_sha256: str

    @classmethod
    def read(cls, path: Path | str) -> Criteria:
        """Raises StatementError for a row that is no answer, a source twice, or EnergyError for no such table."""
        table = tables.read(path, ("source", *CRITERIA))
        tables.refuse(list(table.problems))
        answers: dict[str, dict[str, str]] = {}
        for row in table.rows:
            source = row.cells["source"]
            for name in CRITERIA:
                allowed = ("yes", "no", "n/a") if name in _ONLY_OTHERS else ("yes", "no")
                if row.cells[name] not in allowed:
                    what = f"{name} is {row.cells[name]!r}"
                    raise StatementError(what, where=row.where, todo=f"Answer {' or '.join(allowed)}.")
            if source in answers:
                raise StatementError(f"source {source!r} stands there twice", where=row.where)
            answers[source] = {name: row.cells[name] for name in CRITERIA}
        return cls(answers, table.name, table.sha256)

    def unmet(self, source: str) -> list[str]:
        """The criteria that are answered with no; all of them if nothing is said of the source."""
        if source not in self.answers:
            return ["its quality criteria are not stated"]
        return [f"not met: {CRITERIA[name]}" for name, answer in self.answers[source].items() if answer == "no"]

    def to_json(self, devices: list[str]) -> dict[str, Any]:
        """For each device eight booleans, those not met by name, and whether its certificates may be applied.

        A criterion of another kind of instrument is met by asking nothing; ``not_applicable`` names it. A device that
        the file does not name has no answers and is not applied; ``unused`` are the file's other sources.
        """
        found = {each: self._answers(self.answers.get(each, {})) for each in devices}
        unused = sorted(set(self.answers) - set(devices))
        return {"file": self.file, "sha256": self.file_sha256, "sources": found, "unused": unused}

    def _answers(self, answers: dict[str, str]) -> dict[str, Any]:
        met = {name: answers.get(name, "no") != "no" for name in CRITERIA}
        return {
            "stated": bool(answers), **met, "applied": all(met.values()),
            "not_met": [name for name, value in met.items() if not value],
            "not_applicable": [name for name, answer in answers.items() if answer == "n/a"],
        }  # fmt: skip
