"""Twelve months of the node of ``data/demo``, and a hall's month by the hour, on one chain: what a node is shown with.

The energy and the RECs of the year are published, what is done with them is illustrative (``data/demo/year.toml``).
Most months are claimed; one was restated and renewed, one restated and not renewed, one has too few RECs, and of the
last one the scopes 1 and 3 still wait for their audit.
"""

from __future__ import annotations

import json
import time
import tomllib
from fractions import Fraction
from itertools import groupby
from typing import Any

from carbon_tokens.claims import prove
from carbon_tokens.demo.allocating import CLAIMANT, METERED, AllocatedDemo
from carbon_tokens.demo.facts import Facts
from carbon_tokens.demo.hall import Hall
from carbon_tokens.ledger import audits
from carbon_tokens.ledger.documents import audit_of
from carbon_tokens.periods import Month
from carbon_tokens.statements import MethodReference, Statement, restate
from carbon_tokens.units import ceil

_DAY = 86_400
Statements = dict[Month, list[Statement]]


class YearDemo(AllocatedDemo):
    """One run of the year; see ``Demo`` for its arguments."""

    def run(self) -> dict[str, object]:
        """Every month of the plan, the split of April among tenants, and the hall.

        Returns the facilities' ids, each with what it is, and the claims' ids, by month.

        Raises:
            CarbonTokensError: any step that was refused.
        """
        plan = self._plan()
        self._fund()
        self._deploy()
        facility = self._register()
        tokens = self._issue()
        statements = self._audit_year(facility, plan)
        self._retire_year(facility, statements, tokens, plan)
        claims = self._claim_year(facility, plan)
        self._april(facility, statements[self.facts.month], tokens)
        self._never_renewed(facility, statements, plan["restated"])
        home = self._add_tenant()
        self._share(facility, home)
        hall = Hall(self.chain, self.out, self._ledger, self.documents).run()
        return {
            "facilities": {"node": f"0x{facility:054x}", "tenant": f"0x{home:054x}", "hall": f"0x{hall:054x}"},
            "claims": {span: f"0x{claim:064x}" for span, claim in claims.items()},
        }

    def _plan(self) -> dict[str, dict[str, Any]]:
        return tomllib.loads((self.facts.folder / "year.toml").read_text(encoding="utf-8"))

    # ------------------------------------------------------------------------------------------------------- audit
    def _audit_year(self, facility: int, plan: dict[str, dict[str, Any]]) -> Statements:
        """Audits quarter by quarter, each under one signature, and closes all but the open month.

        Of that one the statement without energy is left for the auditor, in to-audit.json.
        """
        months, last = span(plan["year"]["first"], plan["year"]["last"]), Month.parse(plan["open"]["month"])
        found = {month: Facts(self.facts.folder, month).statements(facility) for month in months}
        found[last], waiting = found[last][:1], found[last][1:]
        (self.out / "to-audit.json").write_text(json.dumps([each.to_json() for each in waiting]))
        auditor, operator = self._as("auditor"), self._as("operator")
        for _, quarter in groupby(months, key=lambda month: month.number // 3):
            stated = [audit_of(each, version) for month in quarter for version, each in enumerate(found[month], 1)]
            signed = auditor.sign(audits(*stated), int(time.time()) + _DAY)
            self._did(f"audit {len(stated)} statements under one signature", "operator", operator.submit(signed))
        for statement in (each for statements in found.values() for each in statements):
            self.documents.put(statement)
        for month in months:
            if month != last:
                self._did(f"close {month}", "auditor", auditor.close(facility, month))
        return found

    # ------------------------------------------------------------------------------------------- retire and claim
    def _retire_year(
        self, facility: int, statements: Statements, tokens: dict[str, int], plan: dict[str, dict[str, Any]]
    ) -> None:
        short, offsets = plan["short"], plan["year"]["offsets_g"]
        for month, stated in statements.items():
            if month == self.facts.month or str(month) == plan["open"]["month"]:
                continue
            amounts = {"rec": sum(each.energy_wh for each in stated), "offset": offsets}
            if str(month) == short["month"]:
                amounts = {"rec": short["recs_wh"]}
            said = ", ".join(f"{amount:,} of {kind}" for kind, amount in amounts.items())
            names = {"beneficiary": self.facts["facility"]["name"], "purpose": f"net emissions {month}"}
            receipt = self._as("operator").retire(
                facility, month, [tokens[kind] for kind in amounts], list(amounts.values()), **names
            )
            self._did(f"retire {said} for {month}", "operator", receipt, "illustrative")

    def _claim_year(self, facility: int, plan: dict[str, dict[str, Any]]) -> dict[str, int]:
        """Claims as planned, each with its proof."""
        found = {}
        for stated in plan["year"]["claims"]:
            first, last = (Month.parse(each) for each in (stated.split() * 2)[:2])
            receipt = self._as("operator").claim(facility, first, last)
            found[stated] = receipt.id or 0
            prove(self._ledger, found[stated], self.out / f"proof-{stated.replace(' ', '-to-')}.json", self.documents)
            self._did(f"claim {stated}", "operator", receipt)
        return found

    def _april(self, facility: int, audited: list[Statement], tokens: dict[str, int]) -> None:
        """As in ``Demo``: claimed, restated, renewed; proof-1.json is of the claim before, proof.json of it now."""
        self._retire(facility, tokens)
        claim = self._claim(facility, "claimed")
        self._prove(claim, "proof-1.json")
        self._restate(facility, audited, claim)
        self._retire_more(facility, tokens)
        self._prove(self._claim(facility, "renewed"), "proof.json")

    def _never_renewed(self, facility: int, statements: Statements, new: dict[str, Any]) -> None:
        month = Month.parse(new["month"])
        audited, facts = statements[month], Facts(self.facts.folder, month)
        energy = sum(each.energy_wh for each in audited)
        statement = restate(
            audited, new["reason"], energy_wh=ceil(energy * Fraction(new["energy_factor"])),
            scope1_g=sum(each.scope1_g for each in audited), scope3_g=new["scope3_g"], factor=facts.factor(),
            method=MethodReference.shipped(), quality="D", inputs=audited[-1].inputs,
        )  # fmt: skip
        self.documents.put(statement)
        version = self._ledger.account(facility, month).version + 1
        receipt = self._as("auditor").restate(audit_of(statement, version))
        self._did(f"restate {month} to {statement.energy_wh:,} Wh", "auditor", receipt, "illustrative")

    # ------------------------------------------------------------------------------------------------------ tenants
    def _share(self, facility: int, home: int) -> None:
        """April among the tenants, each with the proof of its share; one claims its own."""
        tenants = self._tenants(facility, home)
        stored = self._split(facility, tenants, self._ledger.totals_to_split(facility, self.facts.month))
        proofs = {name: self._prove_share(stored, tenants[name], name) for name in METERED}
        self._claim_share(proofs[CLAIMANT], home)


def span(first: str, last: str) -> list[Month]:
    """The months from first to last, both among them."""
    return [Month(number) for number in range(Month.parse(first).number, Month.parse(last).number + 1)]
