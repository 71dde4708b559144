"""The permission table of docs/permissions.md: one test for each of its sentences, named after it.

Every test shows both sides: who may, and that somebody else is refused with the named error and changes nothing.
"""

from __future__ import annotations

import pytest
from actions import ADMIN_DELAY, REGISTRY, present
from brownie import chain
from eth_account import Account
from records import MONTH, MWH, NOTHING, OFFSET, REC, audited_id, claim_id, code, document, month_at, month_start, role

CODES = (code("US", 2), code("CAMX", 10), code("solar", 10))
DEFAULT_ADMIN = bytes(32)


@pytest.fixture
def without_role(refused):
    """``with without_role(account, "AUDITOR"):`` refused because the account does not hold the role."""
    return lambda account, name: refused("AccessControlUnauthorizedAccount", account, role(f"{name}_ROLE"))


@pytest.fixture
def owned_by_auditor(tokens, auditor):
    """A facility whose owner is the auditor."""
    args = (code("CAMX", 10), code("US", 2), document("the auditor's own hall"))
    return tokens.registerFacility(*args, {"from": auditor}).events["FacilityRegistered"]["facility"]


# ------------------------------------------------------------------------------------------------------------- sources
def test_only_an_issuer_of_its_class_registers_a_source(tokens, without_role, admin, rec_issuer, offset_issuer):
    for caller in (admin, offset_issuer):
        with without_role(caller, "REC_ISSUER"):
            tokens.registerSource(REC, REGISTRY, document("plant"), *CODES, {"from": caller})
    for caller in (admin, rec_issuer):
        with without_role(caller, "OFFSET_ISSUER"):
            tokens.registerSource(OFFSET, REGISTRY, document("project"), *CODES, {"from": caller})
    tokens.registerSource(REC, REGISTRY, document("plant"), *CODES, {"from": rec_issuer})
    tokens.registerSource(OFFSET, REGISTRY, document("project"), *CODES, {"from": offset_issuer})


def test_only_recs_and_offsets_have_sources(tokens, refused, admin, rec_issuer):
    for token_class in (1, 4):
        with refused("ClassNotIssuable", token_class):
            tokens.registerSource(token_class, REGISTRY, document("plant"), *CODES, {"from": rec_issuer})


def test_only_a_registrar_freezes_a_source_or_lifts_it(
    tokens, without_role, device, admin, auditor, rec_issuer, registrar
):
    for frozen in (True, False):
        for caller in (admin, auditor, rec_issuer):
            with without_role(caller, "REGISTRAR"):
                tokens.setFrozen(device, frozen, {"from": caller})
        tokens.setFrozen(device, frozen, {"from": registrar})
        assert tokens.sourceOf(device)["frozen"] is frozen


# --------------------------------------------------------------------------------------------------------------- issue
def test_only_the_issuer_of_a_source_issues_a_batch(act, tokens, refused, device, admin, operator, rec_issuer):
    """Another issuer of the same class does not either."""
    tokens.grantRole(role("REC_ISSUER_ROLE"), operator, {"from": admin})
    batch = act.batch(REC, MWH)
    for caller in (admin, operator):
        with refused("NotIssuer", caller, rec_issuer):
            tokens.issue(device, operator, batch, {"from": caller})
    tokens.issue(device, operator, batch, {"from": rec_issuer})


def test_only_the_issuer_of_a_source_issues_several_batches(act, tokens, refused, device, admin, operator, rec_issuer):
    tokens.grantRole(role("REC_ISSUER_ROLE"), operator, {"from": admin})
    batches = [act.batch(REC, MWH)]
    for caller in (admin, operator):
        with refused("NotIssuer", caller, rec_issuer):
            tokens.issueBatch(device, operator, batches, {"from": caller})
    tokens.issueBatch(device, operator, batches, {"from": rec_issuer})


def test_only_an_issuer_who_still_holds_the_role_issues(act, tokens, without_role, device, admin, operator, rec_issuer):
    batch = act.batch(REC, MWH)
    tokens.revokeRole(role("REC_ISSUER_ROLE"), rec_issuer, {"from": admin})
    with without_role(rec_issuer, "REC_ISSUER"):
        tokens.issue(device, operator, batch, {"from": rec_issuer})
    with without_role(rec_issuer, "REC_ISSUER"):
        tokens.issueBatch(device, operator, [batch], {"from": rec_issuer})
    tokens.grantRole(role("REC_ISSUER_ROLE"), rec_issuer, {"from": admin})
    tokens.issue(device, operator, batch, {"from": rec_issuer})


# --------------------------------------------------------------------------------------------------------------- audit
def test_only_an_auditor_audits(act, tokens, without_role, admin, registrar, operator, stranger, auditor):
    statement = act.statement()
    for caller in (admin, registrar, operator, stranger):
        with without_role(caller, "AUDITOR"):
            tokens.audit(statement, {"from": caller})
    tokens.audit(statement, {"from": auditor})


def test_only_an_auditor_who_does_not_own_the_facility_audits(act, tokens, refused, owned_by_auditor, auditor):
    with refused("SelfAudit", auditor):
        tokens.audit(act.statement(facility=owned_by_auditor, version=1), {"from": auditor})
    tokens.audit(act.statement(), {"from": auditor})


def test_only_the_signature_of_the_auditor_relays_an_audit(act, tokens, refused, auditor, stranger):
    """Signatures that are accepted, and many more that are not: CarbonTokens/test_audit_by_sig.py."""
    signature = Account.from_key(document("not the auditor")).unsafe_sign_hash(bytes(32)).signature
    with refused("SignatureInvalid", auditor):
        tokens.auditBySig(act.statement(), auditor, present() + 99, signature, {"from": auditor})


def test_only_an_auditor_closes_a_month(act, tokens, without_role, facility, admin, operator, stranger, auditor):
    act.audit()
    for caller in (admin, operator, stranger):
        with without_role(caller, "AUDITOR"):
            tokens.close(facility, MONTH, 1, {"from": caller})
    tokens.close(facility, MONTH, 1, {"from": auditor})


def test_only_an_auditor_who_does_not_own_the_facility_closes_a_month(tokens, refused, owned_by_auditor, auditor):
    with refused("SelfAudit", auditor):
        tokens.close(owned_by_auditor, MONTH, 1, {"from": auditor})


def test_only_a_month_that_was_audited_is_closed(act, tokens, refused, facility, auditor):
    act.retire(act.offsets(1), 1)
    with refused("MonthNotAudited", facility, MONTH):
        tokens.close(facility, MONTH, 0, {"from": auditor})
    act.audit(energy=0)
    tokens.close(facility, MONTH, 1, {"from": auditor})


def test_only_a_month_that_is_over_is_closed(act, tokens, refused, facility, auditor):
    month = month_at(present())
    act.audit(act.direct(month=month, scope1=1))
    with refused("MonthNotOver", month):
        tokens.close(facility, month, 1, {"from": auditor})
    chain.sleep(month_start(month + 1) - present() + 1)
    tokens.close(facility, month, 1, {"from": auditor})


def test_only_an_auditor_restates_a_month(act, tokens, without_role, admin, operator, stranger, auditor):
    act.audit()
    statement = act.statement(energy=MWH)
    for caller in (admin, operator, stranger):
        with without_role(caller, "AUDITOR"):
            tokens.restate(statement, {"from": caller})
    tokens.restate(statement, {"from": auditor})


def test_only_an_auditor_who_does_not_own_the_facility_restates_a_month(
    act, tokens, refused, owned_by_auditor, admin, buyer, auditor
):
    tokens.grantRole(role("AUDITOR_ROLE"), buyer, {"from": admin})
    tokens.audit(act.statement(facility=owned_by_auditor, version=1), {"from": buyer})
    with refused("SelfAudit", auditor):
        tokens.restate(act.statement(facility=owned_by_auditor, version=2), {"from": auditor})


def test_only_an_auditor_disallows_a_retirement(
    act, tokens, without_role, facility, admin, registrar, rec_issuer, operator, auditor
):
    token = act.recs(MWH)
    act.audit()
    act.retire(token, MWH)
    for caller in (admin, registrar, rec_issuer, operator):
        with without_role(caller, "AUDITOR"):
            tokens.disallow(facility, MONTH, 2, token, 1, document("ruling"), {"from": caller})
    tokens.disallow(facility, MONTH, 2, token, 1, document("ruling"), {"from": auditor})


def test_only_an_auditor_who_does_not_own_the_facility_disallows_a_retirement(
    act, tokens, refused, owned_by_auditor, auditor
):
    token = act.recs(MWH)
    with refused("SelfAudit", auditor):
        tokens.disallow(owned_by_auditor, MONTH, 1, token, 1, document("ruling"), {"from": auditor})


# -------------------------------------------------------------------------------------------------------------- tokens
def test_only_the_holder_retires_a_token(act, tokens, refused, admin, rec_issuer, registrar, stranger, operator):
    """Not who issued it, not who may freeze it and not whom the holder approved for transfers."""
    token = act.recs(MWH)
    tokens.setApprovalForAll(stranger, True, {"from": operator})
    for caller in (admin, rec_issuer, registrar, stranger):
        with refused("ERC1155InsufficientBalance", caller, 0, 1, token):
            act.retire(token, 1, holder=caller)
    act.retire(token, 1, holder=operator)


def test_only_the_holder_retires_several_tokens(act, tokens, refused, admin, rec_issuer, stranger, operator):
    token = act.recs(MWH)
    for caller in (admin, rec_issuer, stranger):
        with refused("ERC1155InsufficientBalance", caller, 0, 1, token):
            tokens.retireBatch([token], [1], act.retirement(), {"from": caller})
    tokens.retireBatch([token], [1], act.retirement(), {"from": operator})


def test_only_the_holder_or_an_approved_operator_transfers_a_token(
    act, tokens, refused, admin, rec_issuer, registrar, stranger, buyer, operator
):
    token = act.recs(MWH)
    for caller in (admin, rec_issuer, registrar, stranger, buyer):
        with refused("ERC1155MissingApprovalForAll", caller, operator):
            tokens.safeTransferFrom(operator, buyer, token, 1, b"", {"from": caller})
    tokens.setApprovalForAll(stranger, True, {"from": operator})
    for caller in (operator, stranger):
        tokens.safeTransferFrom(operator, buyer, token, 1, b"", {"from": caller})


def test_only_the_holder_or_an_approved_operator_transfers_several_tokens(
    act, tokens, refused, admin, stranger, buyer, operator
):
    token = act.recs(MWH)
    for caller in (admin, stranger, buyer):
        with refused("ERC1155MissingApprovalForAll", caller, operator):
            tokens.safeBatchTransferFrom(operator, buyer, [token], [1], b"", {"from": caller})
    tokens.setApprovalForAll(stranger, True, {"from": operator})
    for caller in (operator, stranger):
        tokens.safeBatchTransferFrom(operator, buyer, [token], [1], b"", {"from": caller})


def test_only_audits_and_restatements_move_audited_emissions(act, tokens, refused, facility, operator, buyer, auditor):
    act.audit()
    token = audited_id(facility, MONTH)
    tokens.setApprovalForAll(auditor, True, {"from": operator})
    for caller in (operator, auditor):
        with refused("Soulbound", token):
            tokens.safeTransferFrom(operator, buyer, token, 1, b"", {"from": caller})
    before = tokens.balanceOf(operator, token)
    act.restate(scope1=1)
    assert tokens.balanceOf(operator, token) == before + 1


# -------------------------------------------------------------------------------------------------------- certificates
def test_only_months_that_are_closed_are_claimed(act, net, refused, facility, operator):
    act.audit(energy=0)
    with refused("MonthOpen", facility, MONTH):
        net.claim(facility, MONTH, MONTH, {"from": operator})
    act.close()
    net.claim(facility, MONTH, MONTH, {"from": operator})


def test_only_net_emissions_of_zero_or_less_are_claimed(act, net, refused, facility, operator, auditor):
    act.audit(act.direct(scope1=1))
    act.close()
    for caller in (operator, auditor):
        with refused("NetAboveZero", facility, MONTH, 1):
            net.claim(facility, MONTH, MONTH, {"from": caller})
    act.retire(act.offsets(1), 1)
    net.claim(facility, MONTH, MONTH, {"from": operator})


def test_only_the_owner_of_the_facility_ever_holds_its_certificate(
    act, net, refused, facility, operator, buyer, stranger
):
    act.neutral()
    net.claim(facility, MONTH, MONTH, {"from": stranger})
    certificate = claim_id(facility, MONTH, MONTH)
    with refused("CertificateLocked", certificate):
        net.transferFrom(operator, buyer, certificate, {"from": operator})
    with refused("CertificateLocked", certificate):
        net.approve(buyer, certificate, {"from": operator})
    with refused("CertificateLocked", 0):
        net.setApprovalForAll(buyer, True, {"from": operator})
    assert net.ownerOf(certificate) == operator


# ------------------------------------------------------------------------------------------------------------- factors
def test_only_a_publisher_publishes_emission_factors(factors, without_role, admin, auditor, stranger, publisher):
    args = ("eGRID", 2022, "first", document("egrid2022_data.xlsx")), [(code("CAMX", 10), 1, 1, True)]
    for caller in (admin, auditor, stranger):
        with without_role(caller, "PUBLISHER"):
            factors.publish(*args, {"from": caller})
    factors.publish(*args, {"from": publisher})


# --------------------------------------------------------------------------------------------------------------- admin
@pytest.fixture(params=["CarbonTokens", "EmissionFactors"])
def ruled(request, tokens, factors):
    """Each of the two contracts with roles."""
    return {"CarbonTokens": tokens, "EmissionFactors": factors}[request.param]


@pytest.fixture
def not_admin(refused, stranger):
    return lambda: refused("AccessControlUnauthorizedAccount", stranger, DEFAULT_ADMIN)


def test_only_the_admin_grants_roles(ruled, not_admin, admin, stranger):
    with not_admin():
        ruled.grantRole(role("AUDITOR_ROLE"), stranger, {"from": stranger})
    ruled.grantRole(role("AUDITOR_ROLE"), stranger, {"from": admin})
    assert ruled.hasRole(role("AUDITOR_ROLE"), stranger)


def test_only_the_admin_revokes_roles(ruled, not_admin, admin, publisher, stranger):
    ruled.grantRole(role("AUDITOR_ROLE"), publisher, {"from": admin})
    with not_admin():
        ruled.revokeRole(role("AUDITOR_ROLE"), publisher, {"from": stranger})
    ruled.revokeRole(role("AUDITOR_ROLE"), publisher, {"from": admin})
    assert not ruled.hasRole(role("AUDITOR_ROLE"), publisher)


def test_only_the_holder_of_a_role_renounces_it(ruled, refused, admin, publisher, stranger):
    ruled.grantRole(role("AUDITOR_ROLE"), publisher, {"from": admin})
    for caller in (stranger, admin):
        with refused("AccessControlBadConfirmation"):
            ruled.renounceRole(role("AUDITOR_ROLE"), publisher, {"from": caller})
    ruled.renounceRole(role("AUDITOR_ROLE"), publisher, {"from": publisher})
    assert not ruled.hasRole(role("AUDITOR_ROLE"), publisher)


def test_only_the_admin_names_a_next_admin(ruled, not_admin, admin, buyer, stranger):
    with not_admin():
        ruled.beginDefaultAdminTransfer(stranger, {"from": stranger})
    ruled.beginDefaultAdminTransfer(buyer, {"from": admin})
    assert ruled.pendingDefaultAdmin()[0] == buyer


def test_only_the_admin_withdraws_a_next_admin(ruled, not_admin, admin, buyer, stranger):
    ruled.beginDefaultAdminTransfer(buyer, {"from": admin})
    with not_admin():
        ruled.cancelDefaultAdminTransfer({"from": stranger})
    ruled.cancelDefaultAdminTransfer({"from": admin})
    assert ruled.pendingDefaultAdmin()[0] == NOTHING


def test_only_the_named_next_admin_accepts(ruled, refused, admin, buyer, stranger):
    ruled.beginDefaultAdminTransfer(buyer, {"from": admin})
    chain.sleep(ADMIN_DELAY + 10)
    for caller in (stranger, admin):
        with refused("AccessControlInvalidDefaultAdmin", caller):
            ruled.acceptDefaultAdminTransfer({"from": caller})
    ruled.acceptDefaultAdminTransfer({"from": buyer})
    assert (ruled.defaultAdmin(), ruled.hasRole(DEFAULT_ADMIN, admin)) == (buyer, False)


def test_only_after_the_delay_a_next_admin_accepts(ruled, refused, admin, buyer):
    ruled.beginDefaultAdminTransfer(buyer, {"from": admin})
    schedule = ruled.pendingDefaultAdmin()[1]
    assert schedule == chain[-1].timestamp + ADMIN_DELAY
    with refused("AccessControlEnforcedDefaultAdminDelay", schedule):
        ruled.acceptDefaultAdminTransfer({"from": buyer})
    chain.sleep(ADMIN_DELAY - 100)
    with refused("AccessControlEnforcedDefaultAdminDelay", schedule):
        ruled.acceptDefaultAdminTransfer({"from": buyer})
    chain.sleep(200)
    ruled.acceptDefaultAdminTransfer({"from": buyer})


def test_only_through_two_steps_the_admins_role_changes_hands(ruled, refused, admin, buyer):
    for change in (ruled.grantRole, ruled.revokeRole):
        with refused("AccessControlEnforcedDefaultAdminRules"):
            change(DEFAULT_ADMIN, buyer, {"from": admin})
    assert ruled.defaultAdmin() == admin


def test_only_after_the_delay_the_admin_renounces(ruled, refused, admin):
    with refused("AccessControlEnforcedDefaultAdminDelay", 0):
        ruled.renounceRole(DEFAULT_ADMIN, admin, {"from": admin})
    ruled.beginDefaultAdminTransfer(NOTHING, {"from": admin})
    with refused("AccessControlEnforcedDefaultAdminDelay", ruled.pendingDefaultAdmin()[1]):
        ruled.renounceRole(DEFAULT_ADMIN, admin, {"from": admin})
    chain.sleep(ADMIN_DELAY + 10)
    ruled.renounceRole(DEFAULT_ADMIN, admin, {"from": admin})
    assert ruled.defaultAdmin() == NOTHING
    with refused("AccessControlUnauthorizedAccount", admin, DEFAULT_ADMIN):
        ruled.grantRole(role("AUDITOR_ROLE"), admin, {"from": admin})


def test_only_the_admin_changes_the_delay(ruled, not_admin, admin, stranger):
    with not_admin():
        ruled.changeDefaultAdminDelay(0, {"from": stranger})
    ruled.changeDefaultAdminDelay(0, {"from": admin})
    assert (ruled.defaultAdminDelay(), ruled.pendingDefaultAdminDelay()[0]) == (ADMIN_DELAY, 0)
    chain.sleep(ADMIN_DELAY + 10)
    chain.mine()
    assert ruled.defaultAdminDelay() == 0


def test_only_the_admin_takes_a_change_of_the_delay_back(ruled, not_admin, admin, stranger):
    ruled.changeDefaultAdminDelay(0, {"from": admin})
    with not_admin():
        ruled.rollbackDefaultAdminDelay({"from": stranger})
    ruled.rollbackDefaultAdminDelay({"from": admin})
    chain.sleep(ADMIN_DELAY + 10)
    chain.mine()
    assert ruled.defaultAdminDelay() == ADMIN_DELAY
