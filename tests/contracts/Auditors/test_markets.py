"""Auditors of two regions on one ledger: each with the facilities of its market and the datasets published for it."""

from __future__ import annotations

import pytest
from records import MONTH, MWH, auditor_role, code, document, emissions, month_start, release_id
from signing import SIGNERS

EUROPEAN_RATES = 363_000, 724_000  # g/MWh


@pytest.fixture(scope="module")
def european_auditor(tokens, admin, tenant):
    tokens.grantRole(auditor_role("EU"), tenant, {"from": admin})
    return tenant


@pytest.fixture(scope="module")
def european_facility(tokens, operator):
    args = (code("DE", 9), code("EU", 2), document("hall in Frankfurt"))
    return tokens.registerFacility(*args, {"from": operator}).events["FacilityRegistered"]["facility"]


@pytest.fixture(scope="module")
def european_release(factors, publisher):
    """It also states a rate for CAMX: a code alone does not tell a market."""
    name = ("AIB residual mix", 2023, "1")
    rows = [(code(region, 9), *EUROPEAN_RATES, True) for region in ("DE", "CAMX")]
    factors.publish((*name, document("aib_2023.csv"), code("EU", 2)), rows, {"from": publisher})
    return release_id(*name)


@pytest.fixture
def european(act, european_facility, european_release):
    """A statement about the European facility with the European dataset."""

    def statement(**given):
        energy = given.get("energy", MWH)
        rates = dict(zip(("scope2_location", "scope2_residual"), EUROPEAN_RATES, strict=True))
        scope2 = {name: emissions(energy, rate) for name, rate in rates.items()}
        fixed = {"facility": european_facility, "version": 1, "energy": energy, "meter": document("meter in Frankfurt")}
        return act.statement(**(fixed | scope2 | {"release": european_release} | given))

    return statement


def unauthorised(auditor, zone):
    return "AccessControlUnauthorizedAccount", auditor, auditor_role(zone)


def test_each_auditor_audits_its_market_with_its_dataset(
    act, tokens, european, european_auditor, european_facility, auditor
):
    act.audit()
    tokens.audit(european(), {"from": european_auditor})
    assert tokens.accountOf(european_facility, MONTH)["scope2Location"] == 363_000
    assert act.account()["scope2Location"] == 100 * 194_123


def test_a_us_auditor_does_not_write_about_a_european_facility(
    tokens, refused, european, european_auditor, european_facility, auditor
):
    with refused(*unauthorised(auditor, "EU")):
        tokens.audit(european(), {"from": auditor})
    tokens.audit(european(), {"from": european_auditor})
    with refused(*unauthorised(auditor, "EU")):
        tokens.close(european_facility, MONTH, 1, {"from": auditor})
    with refused(*unauthorised(auditor, "EU")):
        tokens.restate(european(version=2), {"from": auditor})
    with refused(*unauthorised(auditor, "EU")):
        tokens.disallow(european_facility, MONTH, 2, 1, 1, document("ruling"), {"from": auditor})


def test_a_european_auditor_does_not_write_about_a_us_facility(act, tokens, refused, european_auditor, facility):
    with refused(*unauthorised(european_auditor, "US")):
        tokens.audit(act.statement(), {"from": european_auditor})
    act.audit()
    with refused(*unauthorised(european_auditor, "US")):
        tokens.close(facility, MONTH, 1, {"from": european_auditor})
    with refused(*unauthorised(european_auditor, "US")):
        tokens.restate(act.statement(), {"from": european_auditor})


def test_a_us_dataset_is_refused_for_a_european_facility(
    factors, publisher, tokens, refused, european, european_auditor
):
    """Even where it states a rate for the region."""
    rows = [(code("DE", 9), 1, 1, True)]
    factors.publish(("eGRID", 2023, "abroad", document("abroad.csv"), code("US", 2)), rows, {"from": publisher})
    smuggled = european(release=release_id("eGRID", 2023, "abroad"), scope2_location=1, scope2_residual=1)
    with refused("DatasetOfOtherMarket", code("US", 2), code("EU", 2)):
        tokens.audit(smuggled, {"from": european_auditor})


def test_a_european_dataset_is_refused_for_a_us_facility(act, refused, european_release):
    with refused("DatasetOfOtherMarket", code("EU", 2), code("US", 2)):
        act.audit(release=european_release, scope2_location=36_300_000, scope2_residual=72_400_000)


def test_a_signature_counts_in_the_market_of_its_auditor_only(
    act, tokens, refused, european, european_facility, facility, submit, signers, admin
):
    tokens.grantRole(auditor_role("EU"), SIGNERS[3].address, {"from": admin})
    with refused("QuorumMissing", european_facility, 0, 1):
        submit(european(), by=signers[:1])
    with refused("QuorumMissing", facility, 0, 1):
        submit(act.statement(), by=SIGNERS[3:])
    order = sorted([signers[0], SIGNERS[3]], key=lambda each: each.address.lower())
    tx = submit(european(), act.statement(), by=order)
    counted = [each["auditors"] for each in tx.events["Attested"]]
    assert counted == [(SIGNERS[3].address,), (signers[0].address,)]


def test_recs_of_one_market_cover_nothing_in_the_other(
    act, tokens, refused, european, european_auditor, european_facility
):
    tokens.audit(european(), {"from": european_auditor})
    rec = act.recs(MWH, vintage_start=month_start(MONTH), vintage_end=month_start(MONTH + 1))
    with refused("MarketZoneMismatch", rec, code("US", 2), code("EU", 2)):
        act.retire(rec, MWH, facility=european_facility, version=1)


def test_an_auditor_of_both_markets_serves_both(act, tokens, european, auditor, admin):
    tokens.grantRole(auditor_role("EU"), auditor, {"from": admin})
    act.audit()
    tokens.audit(european(), {"from": auditor})
