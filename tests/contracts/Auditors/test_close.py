from __future__ import annotations

import pytest
from actions import present
from records import MONTH


@pytest.fixture
def close(auditors, signed, deadline, stranger, facility):
    def send(by, version=1):
        values = (facility, MONTH, version)
        return auditors.close(*values, deadline, signed("Close", *values, by=by), {"from": stranger})

    return send


def test_a_panel_closes_a_month(act, auditors, close, submit, panel, digest_of, facility):
    submit(act.statement(), by=panel[:2])
    tx = close(panel[:2])
    assert act.account()["closed"] is True
    closed = {"facility": facility, "month": MONTH, "auditor": auditors, "version": 1}
    assert dict(tx.events["Closed"]) == closed
    assert tx.events["Attested"]["auditors"] == tuple(each.address for each in panel[:2])
    assert tx.events["Attested"]["digest"] == "0x" + digest_of("Close", facility, MONTH, 1).hex()


def test_fewer_than_the_quorum_close_nothing(act, refused, close, submit, panel, facility):
    submit(act.statement(), by=panel[:2])
    with refused("QuorumMissing", facility, 1, 2):
        close(panel[2:])


def test_a_signature_closes_the_version_that_it_names(act, refused, close, signers):
    act.audit()
    with refused("VersionMismatch", 1, 2):
        close(signers[:1], version=2)
    close(signers[:1])


def test_a_closed_month_is_not_closed_again(act, refused, close, signers, facility):
    act.audit()
    close(signers[:1])
    with refused("MonthIsClosed", facility, MONTH):
        close(signers[:1])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_facility_month_and_version_are_signed(act, auditors, refused, signed, signers, deadline, stranger, place):
    act.audit()
    values = (act.facility, MONTH, 1)
    theirs = signed("Close", *values, by=signers[:1])
    changed = [value + (at == place) for at, value in enumerate(values)]
    with refused("SignatureInvalid", signers[0].address):
        auditors.close(*changed, deadline, theirs, {"from": stranger})


def test_a_closing_after_its_deadline_is_refused(act, auditors, refused, signed, signers, stranger):
    act.audit()
    passed = present() - 1
    theirs = signed("Close", act.facility, MONTH, 1, by=signers[:1], until=passed)
    with refused("DeadlinePassed", passed):
        auditors.close(act.facility, MONTH, 1, passed, theirs, {"from": stranger})
