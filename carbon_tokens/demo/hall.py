"""A hall whose consumption is matched by the hour: real wind of a Texan month, and a load that is made up.

No storage node publishes its hours, and estimated hours are not matched; so the load is labelled illustrative, as the
certificate is, and only the wind is published (``data/demo/hall``).
"""

from __future__ import annotations

from pathlib import Path

from carbon_tokens.claims import Documents, prove
from carbon_tokens.demo.facts import Facts
from carbon_tokens.energy import Reading, hourly
from carbon_tokens.factors import egrid
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.documents import audit_of, factors_of
from carbon_tokens.ledger.hours import GranularCertificate, HourlyVector, read_hours
from carbon_tokens.ledger.ids import REC, note
from carbon_tokens.statements import MethodReference, build


class HallFacts(Facts):
    """The hall as ``hall.toml`` and the hours beside it state it."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder or Facts().folder / "hall", file="hall.toml")

    def readings(self) -> list[Reading]:
        power = self["electricity"]
        return hourly.readings(self.hours("electricity", power["utility"], power["meter"]), self.month, "refuse")

    def hours(self, section: str, utility: str, meter: str) -> list[hourly.Hour]:
        """The hours of a section's file."""
        return read_hours(self.folder / self[section]["file"], utility=utility, meter=meter)


class Hall:
    """Registers, audits, matches and claims the hall's month, with the accounts of the demonstration."""

    def __init__(self, chain: Chain, out: Path, ledger: Ledger, documents: Documents) -> None:
        self.chain, self.out, self._ledger, self.documents = chain, out, ledger, documents
        self.facts = HallFacts()

    def run(self) -> int:
        """The facility's id. Raises CarbonTokensError where a step is refused."""
        where, auditor, operator = self.facts["facility"], self._as("auditor"), self._as("operator")
        release = egrid.release(self.facts["factor"]["year"], self.facts["factor"]["edition"])
        self._as("publisher").publish_factors(release, factors_of(release.rates))
        metadata = self.documents.put(self.facts.description())
        facility = operator.add_facility(where["grid_region"], where["market_zone"], metadata).id or 0
        (reading,) = self.facts.readings()
        notes = [self.facts["electricity"]["note"]]
        factor, method = self.facts.factor(), MethodReference.shipped()
        statement = build(reading, factor, facility=facility, method=method, notes=notes)
        self.documents.put(statement)
        auditor.audit(audit_of(statement, 1))
        auditor.close(facility, self.facts.month)
        self._match(facility)
        claim = operator.claim(facility, self.facts.month).id or 0
        prove(self._ledger, claim, self.out / "proof-hall.json", self.documents)
        return facility

    def _match(self, facility: int) -> None:
        """Issues the wind by hour, retires it, and matches the hall's hours with it."""
        wind, power = self.facts["wind"], self.facts["electricity"]
        month, issuer, operator = self.facts.month, self._as("rec-issuer"), self._as("operator")
        generated = self.facts.hours("wind", wind["registry"], wind["device"])
        certificate = GranularCertificate(
            wind["registry"], note(wind["device"]), HourlyVector.of_generation(generated, month)
        )
        where = self.facts["facility"]
        source = issuer.add_source(
            REC, wind["registry"], note(wind["device"]), where["market_zone"], grid_region=where["grid_region"],
            technology=wind["technology"],
        )  # fmt: skip
        serials = (1, -(-certificate.amount // 1_000_000))
        holder = account("dev:operator", self.chain).address
        issuer.issue_granular(source.id or 0, certificate, serials, holder)
        certificate.write(self.out / "granular-certificate.json")
        operator.retire_granular(certificate, facility, beneficiary=where["name"])
        load = HourlyVector.of_consumption(self.facts.hours("electricity", power["utility"], power["meter"]), month)
        self._as("auditor").match_hours(facility, load, [certificate])

    def _as(self, name: str) -> Ledger:
        return self._ledger.using(account(f"dev:{name}", self.chain))
