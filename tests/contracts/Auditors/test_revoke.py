"""An auditor takes a signature back before it is submitted."""

from __future__ import annotations

import pytest
from brownie import accounts
from signing import SIGNERS


@pytest.fixture
def sender(admin):
    """The first auditor, who now sends a transaction after all."""
    admin.transfer(SIGNERS[0].address, "1 ether")
    return accounts.add(SIGNERS[0].key)


def test_a_revoked_signature_counts_no_more(act, auditors, refused, submit, signers, sender, digest_of):
    statement = act.statement()
    digest = digest_of("Audit", [statement])
    tx = auditors.revoke(digest, {"from": sender})
    assert dict(tx.events["Revoked"]) == {"auditor": sender, "digest": "0x" + digest.hex()}
    assert auditors.isRevoked(sender, digest)
    with refused("SignatureRevoked", sender):
        submit(statement, by=signers[:1])


def test_a_revoked_signature_refuses_the_whole_submission(act, auditors, refused, submit, signers, sender, digest_of):
    """Whoever submits leaves it out: the others' signatures still stand."""
    statement = act.statement()
    auditors.revoke(digest_of("Audit", [statement]), {"from": sender})
    with refused("SignatureRevoked", sender):
        submit(statement, by=signers[:2])
    submit(statement, by=signers[1:2])


def test_other_messages_of_the_auditor_and_other_auditors_signatures_stand(
    act, auditors, submit, signers, sender, digest_of
):
    revoked, kept = act.direct(scope1=1), act.direct(scope1=2)
    auditors.revoke(digest_of("Audit", [revoked]), {"from": sender})
    submit(kept, by=signers[:1])
    assert not auditors.isRevoked(signers[1].address, digest_of("Audit", [revoked]))
    submit(revoked._replace(version=2), by=signers[1:2])


def test_nobody_revokes_anothers_signature(act, auditors, submit, signers, stranger, digest_of):
    statement = act.statement()
    auditors.revoke(digest_of("Audit", [statement]), {"from": stranger})
    submit(statement, by=signers[:1])


def test_revoking_what_was_submitted_undoes_nothing(act, auditors, submit, signers, sender, digest_of):
    statement = act.statement()
    submit(statement, by=signers[:1])
    auditors.revoke(digest_of("Audit", [statement]), {"from": sender})
    assert act.account()["version"] == 1
