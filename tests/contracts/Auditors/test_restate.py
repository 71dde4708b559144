from __future__ import annotations

import pytest
from actions import present
from records import MONTH, MWH


@pytest.fixture
def restate(auditors, signed, deadline, stranger):
    def send(statement, by):
        return auditors.restate(statement, deadline, signed("Restate", statement, by=by), {"from": stranger})

    return send


def test_a_panel_restates_a_month(act, auditors, restate, submit, panel, digest_of):
    submit(act.statement(), by=panel[:2])
    statement = act.statement(energy=90 * MWH, scope1=5)
    tx = restate(statement, panel[1:])
    assert (act.account()["energy"], act.account()["scope1"], act.account()["version"]) == (90 * MWH, 5, 2)
    assert tx.events["Restated"]["auditor"] == auditors
    assert tx.events["Attested"]["auditors"] == tuple(each.address for each in panel[1:])
    assert tx.events["Attested"]["digest"] == "0x" + digest_of("Restate", statement).hex()


def test_fewer_than_the_quorum_restate_nothing(act, refused, restate, submit, panel, facility):
    submit(act.statement(), by=panel[:2])
    with refused("QuorumMissing", facility, 1, 2):
        restate(act.statement(), panel[:1])


def test_without_a_panel_one_auditors_signature_restates(act, restate, signers):
    act.audit()
    restate(act.statement(scope1=1), signers[2:])
    assert act.account()["scope1"] == 1


def test_a_signed_restatement_counts_once(act, refused, restate, signers):
    act.audit()
    statement = act.statement(scope1=1)
    restate(statement, signers[:1])
    with refused("EvidenceUsed", statement.evidence):
        restate(statement, signers[:1])


def test_the_signature_of_an_audit_restates_nothing(act, auditors, refused, signed, signers, deadline, stranger):
    act.audit()
    statement = act.statement(scope1=1)
    with refused("SignatureInvalid", signers[0].address):
        auditors.restate(statement, deadline, signed("Audit", [statement], by=signers[:1]), {"from": stranger})


def test_a_restatement_after_its_deadline_is_refused(act, auditors, refused, signed, signers, stranger):
    act.audit()
    statement, passed = act.statement(), present() - 1
    with refused("DeadlinePassed", passed):
        theirs = signed("Restate", statement, by=signers[:1], until=passed)
        auditors.restate(statement, passed, theirs, {"from": stranger})


def test_a_month_that_was_never_audited_is_not_restated_by_signature(act, refused, restate, signers, facility):
    with refused("MonthNotAudited", facility, MONTH):
        restate(act.statement(), signers[:1])
