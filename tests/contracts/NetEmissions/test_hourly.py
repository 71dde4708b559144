"""Claims on the hourly basis: only what HourlyMatching found matched covers energy."""

from __future__ import annotations

import base64
import json

import brownie
import pytest
from actions import LOCATION, REGISTRY, RESIDUAL
from hours import Granular, flat, packed
from records import ANNUAL, HOURLY, MONTH, MWH, REC, claim_id, market_based, month_start

LOAD = flat(100_000)
ENERGY = sum(LOAD)


@pytest.fixture
def certificate(act, tokens, hourly, operator):
    """Granular RECs of 50 kWh in every hour, retired into the account as it stands."""
    generation = packed(flat(50_000))
    granular = Granular(REGISTRY, act.evidence(), generation)
    vintage = {"vintage_start": month_start(MONTH), "vintage_end": month_start(MONTH + 1)}
    act.issue(REC, act.batch(REC, granular.amount, evidence=granular.evidence, **vintage))
    tokens.setApprovalForAll(hourly, True, {"from": operator})
    hourly.retire(granular, act.retirement(), {"from": operator})
    return granular


@pytest.fixture
def record(act, hourly, facility, auditor):
    def send(*certificates):
        version = act.account()["version"]
        return hourly.record(facility, MONTH, version, packed(LOAD), certificates, {"from": auditor})

    return send


@pytest.fixture
def claim(net, facility, stranger):
    return lambda basis=HOURLY: net.claim(facility, MONTH, MONTH, basis, {"from": stranger})


@pytest.fixture
def half(act, certificate, record):
    """A closed month, half of its energy matched, all of it covered annually."""
    act.audit(energy=ENERGY)
    act.close()
    act.retire(act.recs(ENERGY), ENERGY)
    record(certificate)


def test_hourly_net_counts_matched_energy_only(net, half, facility):
    residual = market_based(-(-ENERGY * RESIDUAL // MWH), ENERGY, ENERGY // 2)
    location = -(-ENERGY * LOCATION // MWH)
    assert net.hourlyNetOf(facility, MONTH) == (location, residual, residual)
    assert net.netOf(facility, MONTH) == (location, 0, 0)


def test_an_annual_claim_holds_where_an_hourly_one_is_refused(act, net, half, claim, refused, facility):
    residual = net.hourlyNetOf(facility, MONTH)[2]
    claim(ANNUAL)
    with refused("NetAboveZero", facility, MONTH, residual):
        claim()
    act.retire(act.offsets(residual), residual)
    claim()
    assert net.isValid(claim_id(facility, MONTH, MONTH, HOURLY)) and net.isValid(claim_id(facility, MONTH, MONTH))


def test_certificates_of_the_two_bases_stand_side_by_side(act, net, half, claim, facility, operator):
    residual = net.hourlyNetOf(facility, MONTH)[2]
    act.retire(act.offsets(residual), residual)
    for basis in (ANNUAL, HOURLY):
        claim(basis)
    assert net.balanceOf(operator) == 2
    assert net.claimOf(claim_id(facility, MONTH, MONTH, HOURLY))[:4] == (facility, MONTH, MONTH, HOURLY)


def test_without_a_match_of_the_account_as_it_stands_there_is_no_hourly_net(
    act, net, certificate, record, claim, refused, facility
):
    act.audit(energy=ENERGY)
    act.close()
    for ask in (lambda: net.hourlyNetOf(facility, MONTH), claim):
        with refused("HoursNotMatched", facility, MONTH):
            ask()
    record(certificate)
    net.hourlyNetOf(facility, MONTH)
    act.restate(energy=ENERGY, scope1=1)
    with refused("HoursNotMatched", facility, MONTH):
        net.hourlyNetOf(facility, MONTH)


def test_a_restatement_ends_an_hourly_claim_until_its_hours_are_matched_again(
    act, net, half, certificate, record, claim, refused, facility
):
    residual = net.hourlyNetOf(facility, MONTH)[2]
    act.retire(act.offsets(residual + 9), residual + 9)
    claim()
    act.restate(energy=ENERGY, scope1=9)
    number = claim_id(facility, MONTH, MONTH, HOURLY)
    assert not net.isValid(number)
    with refused("HoursNotMatched", facility, MONTH):
        claim()
    record(certificate)
    assert not net.isValid(number)
    claim()
    assert net.isValid(number)


def test_a_month_without_energy_needs_no_match(act, net, claim, facility):
    act.audit(act.direct(scope1=5))
    act.close()
    act.retire(act.offsets(5), 5)
    claim()
    assert net.hourlyNetOf(facility, MONTH) == (5, 5, 0)
    assert net.isValid(claim_id(facility, MONTH, MONTH, HOURLY))


def test_the_certificate_says_that_it_is_hour_by_hour(act, net, half, claim, facility):
    residual = net.hourlyNetOf(facility, MONTH)[2]
    act.retire(act.offsets(residual), residual)
    claim()
    uri = net.tokenURI(claim_id(facility, MONTH, MONTH, HOURLY))
    content = json.loads(base64.b64decode(uri.split(",", 1)[1]))
    values = {each["trait_type"]: each["value"] for each in content["attributes"]}
    assert (values["basis"], values["covered_wh"], values["gross_market_g"]) == ("hourly", ENERGY // 2, residual)
    image = base64.b64decode(content["image"].split(",", 1)[1]).decode()
    assert "2024-01, hour by hour - valid" in image and "of it matched by the hour with RECs" in image


def test_the_certificate_of_hours_that_are_not_matched_now_counts_no_recs(act, net, half, claim, facility):
    """A match of another version covers nothing."""
    residual = net.hourlyNetOf(facility, MONTH)[2]
    act.retire(act.offsets(residual), residual)
    claim()
    act.restate(energy=ENERGY)
    uri = net.tokenURI(claim_id(facility, MONTH, MONTH, HOURLY))
    content = json.loads(base64.b64decode(uri.split(",", 1)[1]))
    values = {each["trait_type"]: each["value"] for each in content["attributes"]}
    whole = -(-ENERGY * RESIDUAL // MWH)
    assert (values["valid"], values["covered_wh"], values["gross_market_g"]) == ("no", 0, whole)


def test_the_matches_of_another_ledger_serve_no_certificates(
    CarbonTokens, HourlyMatching, NetEmissions, tokens, hourly, factors, auditors, allocations, admin
):
    other = CarbonTokens.deploy(factors, auditors, allocations, 0, admin, {"from": admin})
    assert hourly.ledger() == tokens
    with brownie.reverts(f"MatchesOfAnotherLedger: {tokens.address.lower()}"):
        NetEmissions.deploy(other, hourly, {"from": admin})
    assert NetEmissions.deploy(other, HourlyMatching.deploy(other, {"from": admin}), {"from": admin}).ledger() == other


def test_a_basis_that_does_not_exist_is_refused(net, facility, stranger):
    """Solidity refuses it before any of our code runs, and without a name."""
    with brownie.reverts():
        net.claim(facility, MONTH, MONTH, 2, {"from": stranger})
