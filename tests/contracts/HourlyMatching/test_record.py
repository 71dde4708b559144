from __future__ import annotations

import random

import pytest
from actions import REGISTRY
from hours import Granular, ascending, data_hash, flat, hours_of, matched, packed
from records import MONTH, MWH, audited_id, code, document, month_start
from splits import Split, share

NONE = "0x" + 64 * "0"


@pytest.fixture
def matching(hourly, facility):
    return lambda month=MONTH: hourly.matchingOf(audited_id(facility, month))


# --------------------------------------------------------------------------------------------------- what a match is
def test_load_and_generation_are_matched_hour_by_hour(
    hourly, granular, retire, record, audited, load, solar, matching, facility, auditor
):
    """As much is generated in eight hours by day as is consumed in sixteen: a third of the load is matched."""
    certificate = granular(solar)
    retire(certificate)
    tx = record(certificate)
    data = "0x" + data_hash(load, [certificate.id]).hex()
    assert matching() == (1, 24_800_000, 49_600_000, 333_333, data)
    assert dict(tx.events["Matched"]) == {
        "facility": facility, "month": MONTH, "matching": matching(), "ids": (certificate.id,),
        "auditors": (auditor,),
    }  # fmt: skip


def test_certificates_are_added_up_before_they_are_matched(granular, retire, record, audited, load, matching):
    """Two of 70 kWh match a load of 100 kWh wholly, not 140 kWh of it."""
    certificates = ascending(granular(flat(70_000)), granular(flat(70_000)))
    for each in certificates:
        retire(each)
    record(*certificates)
    assert matching()[1:4] == (74_400_000, 0, 1_000_000)


def test_without_certificates_nothing_is_matched(record, audited, matching):
    record()
    assert matching()[:4] == (1, 0, 74_400_000, 0)


def test_a_month_without_energy_is_wholly_matched(act, record, matching):
    act.audit(energy=0)
    record(consumption=flat(0))
    assert matching()[:4] == (1, 0, 0, 1_000_000)


@pytest.mark.parametrize("seed", [1, 2])
def test_any_hours_are_matched_as_one_by_one(act, granular, retire, record, matching, seed):
    draw = random.Random(seed)
    hours = range(744)
    load = [draw.choice((0, 1, draw.randrange(2**31))) for _ in hours]
    supplies = [[draw.choice((0, 1, draw.randrange(2**29))) for _ in hours] for _ in range(3)]
    act.audit(energy=sum(load))
    certificates = ascending(*(granular(each) for each in supplies))
    for each in certificates:
        retire(each)
    record(*certificates, consumption=load)
    expected = matched(load, *supplies)
    assert matching()[1:4] == (expected, sum(load) - expected, expected * 10**6 // sum(load))


def test_february_has_its_own_hours(act, granular, retire, record, matching):
    month = MONTH + 1
    load = flat(10, month)
    act.audit(month=month, energy=sum(load))
    certificate = granular(flat(3, month), month=month)
    retire(certificate, month=month)
    record(certificate, consumption=load, month=month)
    assert matching(month)[1:3] == (3 * hours_of(month), 7 * hours_of(month))


# ------------------------------------------------------------------------------------------------ better and later ones
def test_an_auditor_who_records_himself_replaces_any_match(granular, retire, record, audited, solar, matching):
    """A higher one, the same again and a lower one: he corrects what was wrong."""
    first, second = granular(solar), granular(flat(100_000))
    for each in (first, second):
        retire(each)
    record(first)
    record(*ascending(first, second))
    assert matching()[1] == 74_400_000
    for certificates, expected in (([first], 24_800_000), ([first], 24_800_000), ([], 0)):
        record(*certificates)
        assert matching()[1] == expected


def test_a_match_of_a_restated_account_may_be_lower(act, granular, retire, record, audited, solar, matching):
    certificate = granular(solar)
    retire(certificate)
    record(certificate)
    act.restate(energy=50_000 * 744)
    record(certificate, consumption=flat(50_000))
    assert matching()[:3] == (2, 50_000 * 248, 50_000 * 496)


# ------------------------------------------------------------------------------------------------------------ refusals
def test_the_hours_add_up_to_the_audited_energy(record, refused, audited, load):
    for off in (-1, 1):
        changed = [load[0] + off, *load[1:]]
        with refused("ConsumptionNotEnergy", 74_400_000 + off, 74_400_000):
            record(consumption=changed)


def test_a_certificate_that_was_retired_elsewhere_does_not_count(
    act, granular, retire, record, refused, audited, solar, facility
):
    """Not retired at all, by the ledger's own function, or into another month."""
    never, plainly = granular(solar), granular(solar)
    act.retire(plainly.id, plainly.amount)
    for certificate in (never, plainly):
        with refused("NotRetiredHere", certificate.id, audited_id(facility, MONTH)):
            record(certificate)
    with refused("NotRetiredHere", never.id, audited_id(facility, MONTH + 6)):
        record(never, month=MONTH + 6, version=0)


def test_the_generation_is_the_one_the_certificate_was_issued_with(
    granular, retire, record, refused, audited, solar, facility
):
    certificate = granular(solar)
    retire(certificate)
    better = certificate._replace(generation=packed(flat(100_000)))
    with refused("NotRetiredHere", better.id, audited_id(facility, MONTH)):
        record(better)


def test_each_certificate_stands_once_and_in_order(granular, retire, record, refused, audited):
    one, two = ascending(granular(flat(1)), granular(flat(2)))
    for each in (one, two):
        retire(each)
    with refused("CertificatesUnordered", one.id, one.id):
        record(one, one)
    with refused("CertificatesUnordered", two.id, one.id):
        record(two, one)


def test_a_certificate_of_which_anything_was_disallowed_does_not_count(
    act, granular, retire, record, refused, audited, solar, matching, facility
):
    """Which of its hours proved void is not known. The others count on."""
    void, sound = granular(solar), granular(flat(10))
    for each in (void, sound):
        retire(each)
    act.disallow(void.id, 1)
    with refused("CertificateDisallowed", void.id, audited_id(facility, MONTH)):
        record(*ascending(void, sound))
    record(sound)
    assert matching()[1] == 7_440


def test_more_generation_than_recs_are_left_does_not_count(act, granular, retire, record, refused, audited, solar):
    """Another REC was disallowed that was never retired here."""
    certificate = granular(solar)
    retire(certificate)
    act.disallow(act.recs(1), 1)
    with refused("GenerationNotRetired", certificate.amount, certificate.amount - 1):
        record(certificate)


def test_an_account_that_moved_on_is_not_matched_as_it_was(act, record, refused, audited, load):
    act.restate(energy=sum(load), scope1=1)
    for given in (0, 1, 3):
        with refused("VersionNotCurrent", 2, given):
            record(version=given)


@pytest.mark.parametrize("count", [0, 696, 743, 745])
def test_consumption_has_the_hours_of_its_month(record, refused, audited, count):
    with refused("HoursInvalid", count, 744):
        record(consumption=[1] * count)


def test_generation_has_the_hours_of_its_month(record, refused, audited):
    with refused("HoursInvalid", 743, 744):
        record(Granular(REGISTRY, document("short"), packed([1] * 743)))


@pytest.mark.parametrize("place", [0, 7, 743])
def test_an_hour_of_consumption_of_the_whole_lane_is_refused(act, record, refused, place):
    load = [2**31 if at == place else 0 for at in range(744)]
    act.audit(energy=2**31)
    with refused("HourTooLarge"):
        record(consumption=load)


def test_a_sum_of_generation_of_the_whole_lane_is_refused_and_one_below_is_matched(
    act, granular, retire, record, refused, matching
):
    load = [2**31 - 1, *[0] * 743]
    act.audit(energy=sum(load))
    half, other, less = ([2**30 - off, *[0] * 743] for off in (0, 0, 1))
    certificates = [granular(each) for each in (half, other, less)]
    for each in certificates:
        retire(each)
    with refused("HourTooLarge"):
        record(*ascending(*certificates[:2]), consumption=load)
    record(*ascending(certificates[0], certificates[2]), consumption=load)
    assert matching()[1:4] == (2**31 - 1, 0, 1_000_000)


@pytest.mark.parametrize("actor", ["admin", "operator", "rec_issuer", "stranger"])
def test_nobody_but_an_auditor_of_the_facility_records_a_match(request, record, refused, audited, actor):
    caller = request.getfixturevalue(actor)
    with refused("NotAuditor", caller):
        record(sender=caller)


def test_what_was_retired_into_a_superseded_contract_is_matched_on(
    hourly, granular, retire, record, audited, solar, matching, factors, admin
):
    certificate = granular(solar)
    retire(certificate)
    hourly.supersede(factors, {"from": admin})
    record(certificate)
    assert matching()[:2] == (1, 24_800_000)


def test_a_claimed_share_leaves_the_match_of_the_audited_hours(
    tokens, allocations, act, record, audited, matching, facility, operator, tenant
):
    """A match is of a version that counts what auditors do."""
    record()
    args = (code("CAMX", 9), code("US", 2), document("a data center in which the operator is a tenant"))
    other = tokens.registerFacility(*args, {"from": tenant}).events["FacilityRegistered"]["facility"]
    act.audit(act.direct(facility=other, version=1, scope1=70))
    tokens.close(other, MONTH, 1, {"from": act.auditor})
    one = Split(share(facility, 0, 70, 70))
    allocations.commit(other, MONTH, 1, 0, 0, one.top, {"from": tenant})
    allocations.claim(other, MONTH, one.shares[0], 0, b"", {"from": operator})
    assert (act.account()["version"], act.account()["shares"], act.account()["closed"]) == (1, 1, False)
    assert matching()[0] == 1
    record(version=1)


def test_what_was_never_matched_reads_as_nothing(hourly, matching):
    assert matching() == (0, 0, 0, 0, NONE)
    assert hourly.accountOf(1) == 0


def test_a_certificate_counts_in_the_month_it_was_retired_into_only(
    granular, retire, record, refused, solar, facility, act
):
    """Retired into January, it is not part of the December before."""
    certificate = granular(solar)
    retire(certificate)
    start = month_start(MONTH - 1)
    act.audit(month=MONTH - 1, energy=MWH, start=start)
    with refused("NotRetiredHere", certificate.id, audited_id(facility, MONTH - 1)):
        record(certificate, month=MONTH - 1, consumption=[MWH, *[0] * 743], version=1)
