from __future__ import annotations

import pytest
from actions import METER, present
from brownie import ZERO_ADDRESS, accounts, chain
from eth_utils import keccak
from records import LANE, MONTH, auditor_role, code, document, month_start, role
from signing import OUTSIDER, SIGNERS, message, signatures

FIRST = SIGNERS[0]


# --------------------------------------------------------------------------------------------------------- what it does
def test_anyone_submits_an_audit_with_the_auditors_signature(act, tokens, auditors, submit, signers, digest_of):
    """The ledger names the contract that checked the signature; its event names the auditor."""
    statement = act.statement(scope1=3)
    tx = submit(statement, by=signers[:1])
    assert (act.account()["scope1"], act.account()["version"]) == (3, 1)
    assert tokens.meterAuditedUntil(METER) == month_start(MONTH + 1)
    assert tx.events["Audited"]["auditor"] == auditors
    assert dict(tx.events["Attested"]) == {
        "facility": act.facility, "month": MONTH, "digest": "0x" + digest_of("Audit", [statement]).hex(),
        "auditors": (signers[0].address,),
    }  # fmt: skip


def test_many_audits_stand_under_one_signature(act, submit, signers):
    days = [month_start(MONTH) + day * 86_400 for day in range(4)]
    readings = [
        act.statement(energy=day, version=day, start=days[day - 1], end=days[day]) for day in (1, 2, 3)
    ]  # fmt: skip
    tx = submit(*readings, by=signers[:1])
    assert (act.account()["energy"], act.account()["version"]) == (6, 3)
    assert len(tx.events["Attested"]) == len(tx.events["Audited"]) == 3
    assert len({str(each["digest"]) for each in tx.events["Attested"]}) == 1


def test_all_audits_of_a_message_are_recorded_or_none(act, refused, submit, signers):
    good, bad = act.direct(scope1=1), act.direct(scope1=1, version=3)
    with refused("VersionMismatch", 1, 3):
        submit(good, bad, by=signers[:1])
    submit(good, bad._replace(version=2), by=signers[:1])


def test_a_message_without_audits_is_refused(refused, submit, signers):
    with refused("NoStatements"):
        submit(by=signers[:1])


def test_an_auditor_who_audits_himself_needs_no_signature(act, auditors, refused, submit):
    """Of a facility without a panel; and his transaction is no signature of a message."""
    with refused("QuorumMissing", act.facility, 0, 1):
        submit(act.statement(), by=[], sender=act.auditor)
    act.audit()


# -------------------------------------------------------------------------------------------------------------- replays
def test_a_signature_counts_once(act, refused, submit, signers):
    statement = act.direct(scope1=3)
    submit(statement, by=signers[:1])
    with refused("EvidenceUsed", statement.evidence):
        submit(statement, by=signers[:1])


def test_a_signature_for_an_older_version_is_refused(act, refused, submit, signers):
    signed = act.direct(scope1=3)
    act.audit(act.direct(scope1=4))
    with refused("VersionMismatch", 1, 1):
        submit(signed, by=signers[:1])


@pytest.mark.parametrize("domain", [{"name": "carbon-tokens"}, {"version": "2"}, {"chainId": 1}, {"chainId": 2**255}])
def test_a_signature_for_another_domain_or_chain_is_refused(
    act, auditors, refused, signed, signers, deadline, stranger, domain
):
    statement = act.statement()
    theirs = signed("Audit", [statement], by=signers[:1], **domain)
    with refused("SignatureInvalid", signers[0].address):
        auditors.audit([statement], deadline, theirs, {"from": stranger})


def test_a_signature_for_another_contract_is_refused(
    act, auditors, tokens, refused, signed, signers, deadline, stranger
):
    """As if the message had been made for the ledger itself."""
    statement = act.statement()
    theirs = signed("Audit", [statement], by=signers[:1], verifyingContract=tokens.address)
    with refused("SignatureInvalid", signers[0].address):
        auditors.audit([statement], deadline, theirs, {"from": stranger})


def test_a_signature_of_another_kind_of_message_is_no_audit(
    act, auditors, refused, signed, signers, deadline, stranger
):
    statement = act.direct(scope1=1)
    theirs = signed("Restate", statement, by=signers[:1])
    with refused("SignatureInvalid", signers[0].address):
        auditors.audit([statement], deadline, theirs, {"from": stranger})


# ------------------------------------------------------------------------------------------------ what the message says
def test_every_field_of_the_statement_is_signed(act, auditors, refused, signed, signers, deadline, stranger):
    statement = act.statement()
    signature = signed("Audit", [statement], by=signers[:1])
    for field, value in enumerate(statement):
        changed = document("another") if isinstance(value, bytes) else value + 1
        tampered = (*statement[:field], changed, *statement[field + 1 :])
        with refused("SignatureInvalid", signers[0].address):
            auditors.audit([tampered], deadline, signature, {"from": stranger})


def test_the_statements_are_signed_in_their_number_and_order(
    act, auditors, refused, signed, signers, deadline, stranger
):
    one, two = act.direct(scope1=1), act.direct(scope1=2, version=2)
    signature = signed("Audit", [one, two], by=signers[:1])
    for given in ([one], [two, one], [one, two, two]):
        with refused("SignatureInvalid", signers[0].address):
            auditors.audit(given, deadline, signature, {"from": stranger})


def test_the_deadline_is_signed(act, auditors, refused, signed, signers, deadline, stranger):
    statement = act.statement()
    with refused("SignatureInvalid", signers[0].address):
        auditors.audit([statement], deadline + 1, signed("Audit", [statement], by=signers[:1]), {"from": stranger})


def test_a_message_after_its_deadline_is_refused(act, auditors, refused, signed, signers, stranger):
    statement, passed = act.statement(), present() - 1
    with refused("DeadlinePassed", passed):
        auditors.audit(
            [statement], passed, signed("Audit", [statement], by=signers[:1], until=passed), {"from": stranger}
        )


# ----------------------------------------------------------------------------------------------------------- who signed
def test_a_signature_of_somebody_else_is_refused(act, auditors, refused, signed, signers, deadline, stranger):
    statement = act.statement()
    ((_, theirs),) = signed("Audit", [statement], by=[OUTSIDER])
    with refused("SignatureInvalid", signers[0].address):
        auditors.audit([statement], deadline, [(signers[0].address, theirs)], {"from": stranger})


def test_a_malformed_signature_is_refused_whoever_is_named(act, auditors, refused, signers, deadline, stranger):
    statement = act.statement()
    for signature in (b"", b"\0" * 65, b"\x01" * 64):
        with refused("SignatureInvalid", signers[0].address):
            auditors.audit([statement], deadline, [(signers[0].address, signature)], {"from": stranger})
    with refused("SignaturesUnordered", ZERO_ADDRESS, ZERO_ADDRESS):
        auditors.audit([statement], deadline, [(ZERO_ADDRESS, b"\0" * 65)], {"from": stranger})


def test_a_signature_of_an_account_without_the_role_does_not_count(act, refused, facility, submit, auditor):
    """Nor does an auditor lend his role to it by submitting it."""
    for sender in (act.operator, auditor):
        with refused("QuorumMissing", facility, 0, 1):
            submit(act.statement(), by=[OUTSIDER], sender=sender)


def test_who_may_not_audit_does_not_spoil_the_signatures_of_those_who_may(act, submit, signers):
    order = sorted([signers[0], SIGNERS[3], OUTSIDER], key=lambda each: each.address.lower())
    tx = submit(act.statement(), by=order)
    assert tx.events["Attested"]["auditors"] == (signers[0].address,)


def test_the_owner_signs_no_audit_of_his_own_facility(act, tokens, refused, submit, signers, admin):
    admin.transfer(FIRST.address, "1 ether")
    owner = accounts.add(FIRST.key)
    tx = tokens.registerFacility(code("CAMX", 9), code("US", 2), document("hall of the signer"), {"from": owner})
    own = tx.events["FacilityRegistered"]["facility"]
    with refused("QuorumMissing", own, 0, 1):
        submit(act.statement(facility=own, version=1), by=signers[:1])
    submit(act.statement(facility=own, version=1), by=signers[1:2])


def test_the_rules_of_an_audit_hold_for_a_signed_one(act, refused, submit, signers, facility):
    act.audit()
    scanned_again = act.statement()
    with refused("MeterPeriodUsed", METER, scanned_again.start, scanned_again.end):
        submit(scanned_again, by=signers[:1])
    with refused("AmountTooLarge"):
        submit(act.direct(scope1=LANE), by=signers[:1])
    act.close()
    with refused("MonthIsClosed", facility, MONTH):
        submit(act.direct(scope1=1), by=signers[:1])


def test_an_unknown_facility_has_no_auditors(act, refused, submit, signers, facility):
    with refused("QuorumMissing", facility + 1, 0, 1):
        submit(act.statement(facility=facility + 1, version=1), by=signers)


# --------------------------------------------------------------------------------------------------- ERC-1271 contracts
@pytest.fixture
def firm(SigningContract, tokens, admin):
    """A firm of auditors that is a contract; its member, who is no auditor, signs for it."""
    contract = SigningContract.deploy(OUTSIDER.address, {"from": admin})
    tokens.grantRole(auditor_role("US"), contract, {"from": admin})
    return contract


def by_member(auditors, statement, deadline, member=OUTSIDER):
    return signatures(message(auditors, "Audit", [statement], deadline), member)[0][1]


def test_a_contract_among_the_auditors_signs_by_its_member(act, auditors, firm, deadline, stranger):
    statement = act.statement()
    tx = auditors.audit([statement], deadline, [(firm, by_member(auditors, statement, deadline))], {"from": stranger})
    assert tx.events["Attested"]["auditors"] == (firm,)
    assert act.account()["version"] == 1


def test_a_contract_does_not_sign_by_a_stranger(act, auditors, refused, firm, deadline, stranger):
    statement = act.statement()
    theirs = by_member(auditors, statement, deadline, SIGNERS[3])
    with refused("SignatureInvalid", firm):
        auditors.audit([statement], deadline, [(firm, theirs)], {"from": stranger})


def test_a_contract_without_the_role_does_not_audit(
    act, auditors, refused, SigningContract, deadline, stranger, facility
):
    other = SigningContract.deploy(OUTSIDER.address, {"from": stranger})
    statement = act.statement()
    with refused("QuorumMissing", facility, 0, 1):
        auditors.audit([statement], deadline, [(other, by_member(auditors, statement, deadline))], {"from": stranger})


def test_a_contract_that_signs_nothing_is_no_auditor(act, auditors, refused, factors, deadline, stranger):
    statement = act.statement()
    signature = by_member(auditors, statement, deadline)
    with refused("SignatureInvalid", factors):
        auditors.audit([statement], deadline, [(factors, signature)], {"from": stranger})


def test_the_domain_can_be_read_from_the_contract(auditors):
    domain = auditors.eip712Domain()
    assert domain[:5] == ("0x0f", "carbon-tokens auditors", "1", chain.id, auditors.address)


def test_the_role_of_an_auditor_follows_from_the_market(auditors):
    for zone in ("US", "EU", "DE"):
        expected = keccak(role("AUDITOR_ROLE") + code(zone, 32))
        assert auditors.auditorRole(code(zone, 2)) == "0x" + expected.hex()
