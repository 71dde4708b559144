"""24/7: granular certificates issued, retired and matched with consumption hour by hour, on real contracts."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_tokens.energy.hourly import Hour
from carbon_tokens.errors import LedgerError, Reverted
from carbon_tokens.ledger import Audit, Chain, Ledger, account
from carbon_tokens.ledger.auditing import from_json
from carbon_tokens.ledger.hours import GranularCertificate, HourlyVector, read_hours
from carbon_tokens.ledger.ids import HOURLY, REC, audited_id, meter_id, note
from carbon_tokens.ledger.signing import merged, to_json
from carbon_tokens.periods import Month

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared"))
SHAPES = SHARED / "data" / "hourly_grid" / "eia930_ERCO_2022_generation_and_ci.csv"

MONTH = Month.parse("2022-07")
LOAD = 10_000_000  # Wh in every hour: 10 MW
SUN = 30_000_000  # Wh from 6 to 18 h UTC, and none at night
ENERGY = LOAD * 744

Deploy = Callable[..., Ledger]


class Site:
    """A closed month of a facility in ERCT whose load is constant, and a solar plant in the same grid region."""

    def __init__(self, ledger: Ledger, consumption: HourlyVector, zone: str = "ERCT") -> None:
        self.ledger, self.consumption = ledger, consumption
        self.facility = self.by("operator").add_facility(zone, "US", note("24/7 site")).id or 0
        energy = consumption.total
        statement = Audit(self.facility, MONTH.number, 1, energy, 0, energy, energy, 0, MONTH.start, MONTH.end,
                          meter_id("Utility", "24/7"), bytes(32), note("hours"))  # fmt: skip
        self.by("auditor").audit(statement)
        self.by("auditor").close(self.facility, MONTH)

    def by(self, name: str) -> Ledger:
        return self.ledger.using(account(f"dev:{name}", self.ledger.chain))

    def issue(self, generation: HourlyVector, name: str = "plant", region: str = "ERCT") -> GranularCertificate:
        issuer = self.by("rec-issuer")
        source = issuer.add_source(REC, "NAR", note(name), "US", grid_region=region, technology="solar").id or 0
        certificate = GranularCertificate("NAR", note(f"document of {name}"), generation)
        serials = (1, -(-certificate.amount // 1_000_000))
        operator = account("dev:operator", self.ledger.chain).address
        assert issuer.issue_granular(source, certificate, serials, operator).ids == (certificate.id,)
        return certificate


def by_day() -> HourlyVector:
    return HourlyVector(MONTH, tuple(SUN if 6 <= at % 24 < 18 else 0 for at in range(744)))


@pytest.fixture
def site(chain: Chain, deploy: Deploy) -> Site:
    return Site(deploy(chain, "hourly"), HourlyVector(MONTH, (LOAD,) * 744))


def test_the_contract_and_the_package_give_a_certificate_the_same_token(site: Site) -> None:
    certificate = GranularCertificate("NAR", note("document"), by_day())
    struct = (b"NAR".ljust(12, b"\0"), certificate.document, certificate.generation.packed())
    assert site.ledger.call("HourlyMatching", "idOf", struct) == certificate.id
    assert bytes(site.ledger.call("HourlyMatching", "evidenceOf", *struct[1:])) == certificate.evidence


def test_the_journey_from_generation_by_hour_to_a_score(site: Site, tmp_path: Path) -> None:
    """By hand: the sun covers 12 of 24 hours whole, so half of the energy is matched, though more was generated."""
    certificate = site.issue(by_day())
    certificate.write(tmp_path / "granular.json")
    held = GranularCertificate.read(tmp_path / "granular.json")
    assert held == certificate and held.amount == 31 * 12 * SUN > ENERGY

    operator = site.by("operator")
    receipts = operator.retire_granular(held, site.facility, beneficiary="site")
    assert [each.action for each in receipts] == ["approve_matching", "retire_granular"]
    assert site.ledger.account_of_granular(held) == audited_id(site.facility, MONTH.number)
    assert site.ledger.account(site.facility, MONTH).recs == held.amount

    site.by("auditor").match_hours(site.facility, site.consumption, [held])
    found = site.ledger.matching(site.facility, MONTH)
    assert (found.matched, found.unmatched, found.score) == (ENERGY // 2, ENERGY // 2, 500_000)
    assert found.current and site.consumption.matched([held.generation]) == found.matched
    (annual,) = site.ledger.status(site.facility, MONTH)
    hourly = site.ledger.call("NetEmissions", "hourlyNetOf", site.facility, MONTH.number)
    assert annual.gross_market == 0 and hourly["grossMarket"] == ENERGY // 2  # declared at 1 g/Wh

    with pytest.raises(Reverted) as refused:
        operator.claim(site.facility, MONTH, basis=HOURLY)
    assert refused.value.error == "NetAboveZero"


def test_a_second_certificate_is_retired_without_another_approval_and_raises_the_match(site: Site) -> None:
    sun = site.issue(by_day())
    night = site.issue(HourlyVector(MONTH, tuple(0 if 6 <= at % 24 < 18 else LOAD for at in range(744))), "wind")
    operator, auditor = site.by("operator"), site.by("auditor")
    operator.retire_granular(sun, site.facility)
    auditor.match_hours(site.facility, site.consumption, [sun])
    assert [each.action for each in operator.retire_granular(night, site.facility)] == ["retire_granular"]
    auditor.match_hours(site.facility, site.consumption, [sun, night])
    assert site.ledger.matching(site.facility, MONTH).score == 1_000_000
    operator.claim(site.facility, MONTH, basis=HOURLY)


def test_a_certificate_is_retired_once_and_whole(site: Site) -> None:
    certificate = site.issue(by_day())
    with pytest.raises(LedgerError, match="holds 0 Wh"):
        site.by("broker").retire_granular(certificate, site.facility)
    operator = site.by("operator")
    operator.retire_granular(certificate, site.facility)
    with pytest.raises(Reverted) as twice:
        operator.retire_granular(certificate, site.facility)
    assert twice.value.error == "AlreadyRetired"


def test_a_certificate_of_another_grid_region_is_not_deliverable(site: Site) -> None:
    far = site.issue(by_day(), "far", region="CAMX")
    with pytest.raises(Reverted) as refused:
        site.by("operator").retire_granular(far, site.facility)
    assert refused.value.error == "GridRegionMismatch"


def test_hours_that_were_changed_after_the_issue_are_another_certificate(site: Site) -> None:
    certificate = site.issue(by_day())
    site.by("operator").retire_granular(certificate, site.facility)
    moved = HourlyVector(MONTH, (*certificate.generation.hours[12:], *certificate.generation.hours[:12]))
    with pytest.raises(Reverted) as refused:
        site.by("auditor").match_hours(site.facility, site.consumption, [replace(certificate, generation=moved)])
    assert refused.value.error == "NotRetiredHere"


def test_consumption_that_is_not_the_audited_energy_is_refused(site: Site) -> None:
    certificate = site.issue(by_day())
    site.by("operator").retire_granular(certificate, site.facility)
    less = replace(site.consumption, hours=(LOAD - 1, *site.consumption.hours[1:]))
    with pytest.raises(Reverted) as refused:
        site.by("auditor").match_hours(site.facility, less, [certificate])
    assert refused.value.error == "ConsumptionNotEnergy"
    site.by("auditor").match_hours(site.facility, less.spread(ENERGY), [certificate])


def test_a_match_is_signed_by_a_panel_and_recorded_by_anyone(site: Site) -> None:
    certificate = site.issue(by_day())
    site.by("operator").retire_granular(certificate, site.facility)
    second = account("dev:auditor-2", site.ledger.chain)
    site.ledger.grant_role("CarbonTokens", "AUDITOR_ROLE", second.address, "US")
    first = account("dev:auditor", site.ledger.chain).address
    site.by("registrar").set_panel(site.facility, 2, [first, second.address])
    with pytest.raises(Reverted) as alone:
        site.by("auditor").match_hours(site.facility, site.consumption, [certificate])
    assert alone.value.error == "NotAuditor"

    deadline = site.ledger.chain.time() + 86_400
    one = site.by("auditor").sign_match(site.facility, site.consumption, deadline)
    assert from_json(to_json(one)) == one
    anyone = site.by("anyone")
    with pytest.raises(Reverted) as early:
        anyone.match_hours(site.facility, site.consumption, [certificate], one)
    assert early.value.error == "QuorumMissing"
    both = merged(one, site.ledger.using(second).sign_match(site.facility, site.consumption, deadline))
    with pytest.raises(LedgerError, match="another contract, facility"):
        anyone.match_hours(site.facility, replace(site.consumption, hours=(*by_day().hours,)), [certificate], both)
    anyone.match_hours(site.facility, site.consumption, [certificate], both)
    assert site.ledger.matching(site.facility, MONTH).score == 500_000
    with pytest.raises(Reverted) as worse:
        anyone.match_hours(site.facility, site.consumption, [], both)
    assert worse.value.error == "MatchNotHigher"


# ---------------------------------------------------------------------------------------- the shapes of a real month
def _real(folder: Path, column: str) -> list[Hour]:
    """July 2022 of ERCOT's ``column`` as the tidy CSV of hours, MW taken as kWh, so that a plant's month fits."""
    with SHAPES.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["timestamp"].startswith("2022-07")]
    path = folder / f"{column}.csv"
    lines = [f"{row['timestamp'][:13].replace(' ', 'T')}:00Z,{int(row[column]) * 1000}" for row in rows]
    path.write_text("\n".join(["hour_start_utc,energy_wh", *lines]) + "\n")
    return read_hours(path, utility="EIA-930", meter=column)


@pytest.mark.skipif(not SHAPES.is_file(), reason="no shared data: set CARBON_TOKENS_SHARED")
def test_wind_and_sun_of_a_real_texan_july_are_matched_as_plain_arithmetic_says(
    chain: Chain, deploy: Deploy, tmp_path: Path
) -> None:
    wind = HourlyVector.of_generation(_real(tmp_path, "WND"), MONTH)
    sun = HourlyVector.of_generation(_real(tmp_path, "SUN"), MONTH)
    site = Site(deploy(chain, "real"), HourlyVector(MONTH, (LOAD,) * 744))
    certificates = [site.issue(wind, "wind"), site.issue(sun, "sun")]
    for each in certificates:
        site.by("operator").retire_granular(each, site.facility)
    site.by("auditor").match_hours(site.facility, site.consumption, certificates)
    with SHAPES.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["timestamp"].startswith("2022-07")]
    matched = sum(min(LOAD, 1000 * (int(row["WND"]) + int(row["SUN"]))) for row in rows)
    found = site.ledger.matching(site.facility, MONTH)
    assert (found.matched, found.score) == (matched, matched * 1_000_000 // ENERGY)
    assert 0 < found.score < 1_000_000 < 1_000_000 * (wind.total + sun.total) // ENERGY
