"""The permission table, continued: audits by signature, splits of accounts, and hours."""

from __future__ import annotations

import pytest
from actions import REGISTRY, present
from brownie import accounts
from eth_utils import keccak
from hours import Granular, flat, packed
from records import MONTH, REC, auditor_role, code, document, month_start
from signing import OUTSIDER, SIGNERS, digest, message, signatures
from splits import Split, share


@pytest.fixture(scope="module")
def deadline(tokens):
    return present() + 3_600


@pytest.fixture
def panel(tokens, auditors, facility, admin, registrar):
    """Two of these two auditors audit the facility."""
    for each in SIGNERS[:2]:
        tokens.grantRole(auditor_role("US"), each.address, {"from": admin})
    auditors.setPanel(facility, 2, [each.address for each in SIGNERS[:2]], {"from": registrar})
    return SIGNERS[:2]


@pytest.fixture
def signed(auditors, deadline):
    """Signatures of these auditors, in ascending order."""

    def sign(kind, *values, by):
        order = sorted(by, key=lambda each: each.address.lower())
        return signatures(message(auditors, kind, *values, deadline), *order)

    return sign


@pytest.fixture
def enough(refused, facility, panel):
    """Refuses the write for one auditor, for one with an outsider and for none; then lets the panel do it."""

    def check(write):
        for by, valid in (([panel[0]], 1), ([panel[1], OUTSIDER], 1), ([], 0)):
            with refused("QuorumMissing", facility, valid, 2):
                write(by)
        write(panel)

    return check


@pytest.fixture
def audited(act, auditors, panel, signed, deadline, stranger):
    """A month that the panel audited."""
    statement = act.statement(energy=744)
    auditors.audit([statement], deadline, signed("Audit", [statement], by=panel), {"from": stranger})


# ------------------------------------------------------------------------------------------------------------ Auditors
def test_only_a_registrar_sets_a_panel(auditors, refused, facility, admin, auditor, operator, registrar):
    for caller in (admin, auditor, operator):
        with refused("NotRegistrar", caller):
            auditors.setPanel(facility, 1, [auditor], {"from": caller})
    auditors.setPanel(facility, 1, [auditor], {"from": registrar})


def test_only_auditors_of_the_facility_sit_on_its_panel(auditors, refused, facility, auditor, stranger, registrar):
    with refused("MemberNotAuditor", stranger):
        auditors.setPanel(facility, 1, [stranger], {"from": registrar})
    auditors.setPanel(facility, 1, [auditor], {"from": registrar})


def test_only_signatures_of_enough_auditors_audit(act, auditors, enough, signed, deadline, stranger):
    statement = act.statement()
    enough(lambda by: auditors.audit([statement], deadline, signed("Audit", [statement], by=by), {"from": stranger}))
    assert act.account()["version"] == 1


def test_only_an_auditors_own_signature_counts(act, auditors, refused, signed, panel, deadline, stranger):
    """Signatures that are accepted, and many more that are not: Auditors/test_audit.py."""
    statement = act.statement()
    first, second = signed("Audit", [statement], by=panel)
    for forged in ((first[0], second[1]), (first[0], b"")):
        with refused("SignatureInvalid", first[0]):
            auditors.audit([statement], deadline, [forged, second], {"from": stranger})
    auditors.audit([statement], deadline, [first, second], {"from": stranger})


def test_only_signatures_of_enough_auditors_restate(act, auditors, enough, signed, audited, deadline, stranger):
    statement = act.statement(energy=1)
    enough(lambda by: auditors.restate(statement, deadline, signed("Restate", statement, by=by), {"from": stranger}))
    assert act.account()["energy"] == 1


def test_only_signatures_of_enough_auditors_close_a_month(
    act, auditors, enough, signed, audited, deadline, stranger, facility
):
    values = (facility, MONTH, 1)
    enough(lambda by: auditors.close(*values, deadline, signed("Close", *values, by=by), {"from": stranger}))
    assert act.account()["closed"]


def test_only_signatures_of_enough_auditors_disallow_a_retirement(
    act, auditors, enough, signed, audited, deadline, stranger, facility
):
    token = act.recs(9)
    act.retire(token, 9)
    values = (facility, MONTH, 2, token, 9, document("ruling"))
    enough(lambda by: auditors.disallow(*values, deadline, signed("Disallow", *values, by=by), {"from": stranger}))
    assert act.account()["recs"] == 0


def test_only_the_signer_takes_a_signature_back(act, auditors, refused, signed, panel, deadline, admin, stranger):
    kept, revoked = act.direct(scope1=1), act.direct(scope1=2, version=2)
    for statement in (kept, revoked):
        auditors.revoke(digest(message(auditors, "Audit", [statement], deadline)), {"from": stranger})
    auditors.audit([kept], deadline, signed("Audit", [kept], by=panel), {"from": stranger})
    admin.transfer(panel[0].address, "1 ether")
    sender = accounts.add(panel[0].key)
    auditors.revoke(digest(message(auditors, "Audit", [revoked], deadline)), {"from": sender})
    with refused("SignatureRevoked", sender):
        auditors.audit([revoked], deadline, signed("Audit", [revoked], by=panel), {"from": stranger})


# --------------------------------------------------------------------------------------------------------- Allocations
@pytest.fixture
def hall(tokens, tenant):
    """The facility of a tenant."""
    args = (code("CAMX", 9), code("US", 2), document("hall of the tenant"))
    return tokens.registerFacility(*args, {"from": tenant}).events["FacilityRegistered"]["facility"]


@pytest.fixture
def split(act, hall):
    """A closed month of 9 g, all of it the tenant's."""
    act.audit(act.direct(scope1=9))
    act.close()
    return Split(share(hall, 0, 9, 9))


def test_only_the_owner_of_the_facility_splits_an_account(
    allocations, refused, split, facility, admin, auditor, tenant, operator
):
    args = (facility, MONTH, 1, 0, 0, split.top)
    for caller in (admin, auditor, tenant):
        with refused("NotOwner", caller, operator):
            allocations.commit(*args, {"from": caller})
    allocations.commit(*args, {"from": operator})


def test_only_months_that_are_complete_are_split(act, allocations, refused, facility, operator):
    act.audit(act.direct(scope1=9))
    with refused("MonthNotComplete", facility, MONTH):
        allocations.commit(facility, MONTH, 1, 0, 0, document("top"), {"from": operator})
    act.close()
    allocations.commit(facility, MONTH, 1, 0, 0, document("top"), {"from": operator})


def test_only_the_owner_of_the_tenants_facility_claims_a_share(
    allocations, refused, split, facility, admin, operator, stranger, tenant
):
    allocations.commit(facility, MONTH, 1, 0, 0, split.top, {"from": operator})
    for caller in (admin, operator, stranger):
        with refused("NotOwner", caller, tenant):
            allocations.claim(facility, MONTH, split.shares[0], 0, b"", {"from": caller})
    allocations.claim(facility, MONTH, split.shares[0], 0, b"", {"from": tenant})


def test_only_shares_of_the_committed_split_are_claimed(allocations, refused, split, hall, facility, operator, tenant):
    allocations.commit(facility, MONTH, 1, 0, 0, split.top, {"from": operator})
    smaller = share(hall, 0, 8, 9)
    with refused("ShareNotProven", facility, MONTH, smaller.tenant):
        allocations.claim(facility, MONTH, smaller, 0, b"", {"from": tenant})
    allocations.claim(facility, MONTH, split.shares[0], 0, b"", {"from": tenant})


# ------------------------------------------------------------------------------------------------------ HourlyMatching
def test_only_the_holder_who_approved_retires_a_granular_certificate(
    act, tokens, hourly, refused, facility, admin, rec_issuer, auditor, operator
):
    generation = packed(flat(1_000))
    certificate = Granular(REGISTRY, document("hours"), generation)
    vintage = {"vintage_start": month_start(MONTH), "vintage_end": month_start(MONTH + 1)}
    act.issue(REC, act.batch(REC, certificate.amount, evidence=certificate.evidence, **vintage))
    for caller in (admin, rec_issuer, auditor, operator):
        with refused("ERC1155MissingApprovalForAll", hourly, caller):
            hourly.retire(certificate, act.retirement(), {"from": caller})
    tokens.setApprovalForAll(hourly, True, {"from": operator})
    hourly.retire(certificate, act.retirement(), {"from": operator})


def test_only_an_auditor_of_the_facility_records_a_match(
    act, hourly, refused, facility, admin, operator, stranger, auditor
):
    act.audit(energy=744)
    args = (facility, MONTH, 1, packed(flat(1)), [])
    for caller in (admin, operator, stranger):
        with refused("NotAuditor", caller):
            hourly.record(*args, {"from": caller})
    hourly.record(*args, {"from": auditor})


def test_only_signatures_of_enough_auditors_record_a_match(
    hourly, enough, signed, audited, deadline, stranger, facility
):
    load = packed(flat(1))
    values = (facility, MONTH, 1, keccak(load))

    def write(by):
        proof = signed("Match", hourly.address, *values, by=by)
        return hourly.recordBySig(facility, MONTH, 1, load, [], deadline, proof, {"from": stranger})

    enough(write)
