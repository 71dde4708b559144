from __future__ import annotations

import pytest
from actions import present
from records import MONTH, MWH, document

RULING = document("ruling")


@pytest.fixture
def token(act, submit, panel):
    """RECs that are retired into an audited account; the facility has a panel."""
    submit(act.statement(), by=panel[:2])
    number = act.recs(MWH)
    act.retire(number, MWH)
    return number


@pytest.fixture
def disallow(auditors, signed, deadline, stranger, facility):
    def send(token, amount, by, version=2):
        values = (facility, MONTH, version, token, amount, RULING)
        return auditors.disallow(*values, deadline, signed("Disallow", *values, by=by), {"from": stranger})

    return send


def test_a_panel_disallows_what_was_retired(act, auditors, disallow, panel, token, digest_of, facility):
    tx = disallow(token, 3, panel[:2])
    assert (act.account()["recs"], act.account()["version"]) == (MWH - 3, 2)
    assert dict(tx.events["Disallowed"]) == {
        "facility": facility, "month": MONTH, "auditor": auditors, "version": 2, "id": token, "amount": 3,
        "evidence": "0x" + RULING.hex(),
    }  # fmt: skip
    signed = digest_of("Disallow", facility, MONTH, 2, token, 3, RULING)
    assert tx.events["Attested"]["digest"] == "0x" + signed.hex()
    assert tx.events["Attested"]["auditors"] == tuple(each.address for each in panel[:2])


def test_fewer_than_the_quorum_disallow_nothing(refused, disallow, panel, token, facility):
    with refused("QuorumMissing", facility, 1, 2):
        disallow(token, 3, panel[:1])


def test_a_signed_disallowance_counts_once(refused, disallow, panel, token):
    disallow(token, 3, panel[:2])
    with refused("EvidenceUsed", RULING):
        disallow(token, 3, panel[:2])


@pytest.mark.parametrize("place", range(6))
def test_every_field_of_a_disallowance_is_signed(
    auditors, refused, signed, panel, token, deadline, stranger, facility, place
):
    values = (facility, MONTH, 2, token, 3, RULING)
    theirs = signed("Disallow", *values, by=panel[:2])
    changed = list(values)
    changed[place] = document("another ruling") if place == 5 else values[place] + 1
    with refused("SignatureInvalid", panel[0].address):
        auditors.disallow(*changed, deadline, theirs, {"from": stranger})


def test_a_disallowance_after_its_deadline_is_refused(auditors, refused, signed, panel, token, stranger, facility):
    passed = present() - 1
    values = (facility, MONTH, 2, token, 3, RULING)
    with refused("DeadlinePassed", passed):
        theirs = signed("Disallow", *values, by=panel[:2], until=passed)
        auditors.disallow(*values, passed, theirs, {"from": stranger})


def test_more_than_is_retired_is_not_disallowed_by_any_number_of_signatures(refused, disallow, panel, token):
    with refused("DisallowedExceedsRetired", MWH, MWH + 1):
        disallow(token, MWH + 1, panel)
