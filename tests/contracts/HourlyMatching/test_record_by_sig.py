from __future__ import annotations

import pytest
from actions import present
from eth_utils import keccak
from hours import flat, packed
from records import MONTH, auditor_role
from signing import OUTSIDER, SIGNERS, message, signatures


@pytest.fixture(scope="module")
def panel(tokens, auditors, facility, admin, registrar):
    """Two of three auditors audit the facility."""
    for each in SIGNERS[:3]:
        tokens.grantRole(auditor_role("US"), each.address, {"from": admin})
    auditors.setPanel(facility, 2, [each.address for each in SIGNERS[:3]], {"from": registrar})
    return SIGNERS[:3]


@pytest.fixture
def month(act, auditors, panel, load, stranger):
    """The month's energy, audited by the panel."""
    statement, deadline = act.statement(energy=sum(load)), present() + 3_600
    signed = signatures(message(auditors, "Audit", [statement], deadline), *panel[:2])
    auditors.audit([statement], deadline, signed, {"from": stranger})


@pytest.fixture
def record(act, hourly, auditors, facility, load, stranger):
    """A stranger submits a match with these auditors' signatures; ``given`` stands in place of what they signed."""

    def send(*certificates, by, deadline=None, matching=None, **given):
        until = deadline or present() + 3_600
        values = {"facility": facility, "month": MONTH, "version": 1, "consumption": packed(load)}
        signed = {"matching": matching or hourly.address} | values | {"consumption": keccak(values["consumption"])}
        proof = signatures(message(auditors, "Match", *signed.values(), until), *by)
        facility_, month_, version, consumption = (values | given).values()
        args = (facility_, month_, version, consumption, certificates, until, proof)
        return hourly.recordBySig(*args, {"from": stranger})

    return send


def test_a_panel_records_a_match(act, hourly, granular, retire, record, month, panel, solar):
    certificate = granular(solar)
    retire(certificate)
    tx = record(certificate, by=panel[:2])
    event = tx.events["Matched"]
    assert (event["matching"]["matched"], event["ids"]) == (24_800_000, (certificate.id,))
    assert event["auditors"] == tuple(each.address for each in panel[:2])


def test_fewer_than_the_quorum_or_others_record_nothing(record, refused, month, panel, facility):
    with refused("QuorumMissing", facility, 1, 2):
        record(by=panel[:1])
    order = sorted([panel[0], OUTSIDER], key=lambda each: each.address.lower())
    with refused("QuorumMissing", facility, 1, 2):
        record(by=order)


def test_with_a_panel_no_auditor_records_alone(hourly, refused, month, load, facility, auditor):
    with refused("NotAuditor", auditor):
        hourly.record(facility, MONTH, 1, packed(load), [], {"from": auditor})


def test_consumption_version_and_month_are_signed(act, auditors, record, refused, month, panel, load, stranger):
    """Of two months that are audited alike, restated to the same energy."""
    shifted = packed([load[0] + 1, load[1] - 1, *load[2:]])
    march = act.statement(month=MONTH + 2, energy=sum(load))
    restated, until = act.statement(energy=sum(load)), present() + 3_600
    proof = signatures(message(auditors, "Audit", [march], until), *panel[:2])
    auditors.audit([march], until, proof, {"from": stranger})
    for given in ({"consumption": shifted}, {"month": MONTH + 2}):
        with refused("SignatureInvalid", panel[0].address):
            record(by=panel[:2], **given)
    proof = signatures(message(auditors, "Restate", restated, until), *panel[:2])
    auditors.restate(restated, until, proof, {"from": stranger})
    with refused("SignatureInvalid", panel[0].address):
        record(by=panel[:2], version=2)


def test_the_signature_is_for_one_hourly_matching_contract(
    HourlyMatching, tokens, record, refused, month, panel, admin
):
    """A successor of the same ledger asks the same auditors; what was signed for it counts nothing here."""
    second = HourlyMatching.deploy(tokens, {"from": admin})
    with refused("SignatureInvalid", panel[0].address):
        record(by=panel[:2], matching=second.address)
    record(by=panel[:2])


def test_a_match_after_its_deadline_is_refused(record, refused, month, panel):
    passed = present() - 1
    with refused("DeadlinePassed", passed):
        record(by=panel[:2], deadline=passed)


def test_a_signed_match_that_is_submitted_again_does_not_undo_a_better_one(
    granular, retire, record, refused, month, panel
):
    """What is signed is the consumption: certificates that were retired since make the same signature worth more."""
    certificate = granular(flat(100_000))
    retire(certificate)
    record(by=panel[:2])
    record(certificate, by=panel[:2])
    for again, value in (((), 0), ((certificate,), 74_400_000)):
        with refused("MatchNotHigher", 74_400_000, value):
            record(*again, by=panel[:2])
