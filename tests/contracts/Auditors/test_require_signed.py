"""What other rules ask: did enough auditors of the facility sign this, and may this one audit it alone."""

from __future__ import annotations

import pytest
from records import MONTH, auditor_role, document
from signing import OUTSIDER, SIGNERS, digest, message, signatures, struct_hash

CONSUMPTION = document("a month of hours")


@pytest.fixture
def asked(auditors, hourly, facility, deadline):
    """The message that HourlyMatching asks for, and the question."""
    signable = message(auditors, "Match", hourly.address, facility, MONTH, 1, CONSUMPTION, deadline)

    def ask(*by, until=deadline, of=facility):
        return auditors.requireSigned(of, struct_hash(signable), until, signatures(signable, *by))

    return signable, ask


def test_enough_signatures_give_the_digest_and_the_auditors_who_count(asked, signers):
    """Not the fourth, who signed but is no auditor."""
    signable, ask = asked
    assert ask(signers[0]) == ("0x" + digest(signable).hex(), (signers[0].address,))
    counted = tuple(each.address for each in signers)
    assert ask(*SIGNERS) == ("0x" + digest(signable).hex(), counted)


def test_a_panel_is_asked_for_its_quorum(asked, refused, panel, facility):
    signable, ask = asked
    with refused("QuorumMissing", facility, 1, 2):
        ask(panel[1])
    assert ask(*panel[1:]) == ("0x" + digest(signable).hex(), tuple(each.address for each in panel[1:]))


def test_outsiders_order_deadline_and_the_facility_are_checked(asked, refused, signers, facility, deadline):
    ask = asked[1]
    with refused("QuorumMissing", facility, 0, 1):
        ask(OUTSIDER)
    with refused("SignaturesUnordered", signers[1].address, signers[0].address):
        ask(signers[1], signers[0])
    with refused("DeadlinePassed", 1):
        ask(signers[0], until=1)
    with refused("QuorumMissing", facility + 1, 0, 1):
        ask(signers[0], of=facility + 1)


def test_who_may_audit_alone(auditors, tokens, facility, auditor, operator, stranger, admin, signers, registrar):
    assert auditors.mayAudit(facility, auditor) and auditors.mayAudit(facility, signers[0].address)
    tokens.grantRole(auditor_role("US"), operator, {"from": admin})
    tokens.grantRole(auditor_role("EU"), stranger, {"from": admin})
    for who in (operator, stranger, admin, SIGNERS[3].address, auditors):
        assert not auditors.mayAudit(facility, who)
    assert not auditors.mayAudit(facility + 1, auditor)
    auditors.setPanel(facility, 1, [auditor], {"from": registrar})
    assert not auditors.mayAudit(facility, auditor)
