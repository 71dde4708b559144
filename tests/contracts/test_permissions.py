"""The permission table of docs/security.md: one test for each of its sentences, named after it.

Every test shows both sides: who may, and that somebody else is refused with the named error and changes nothing.
"""

from __future__ import annotations

import pytest
from actions import REGISTRY, present
from brownie import chain
from records import (
    MONTH,
    MWH,
    OFFSET,
    REC,
    auditor_role,
    code,
    document,
    month_at,
    month_start,
    release_id,
    role,
)

CODES = (code("US", 2), code("CAMX", 9), code("solar", 10))
DEFAULT_ADMIN = bytes(32)


@pytest.fixture
def without_role(refused):
    """``with without_role(account, "AUDITOR"):`` refused because the account does not hold the role."""

    def check(account, name):
        held = auditor_role("US") if name == "AUDITOR" else role(f"{name}_ROLE")
        return refused("AccessControlUnauthorizedAccount", account, held)

    return check


@pytest.fixture
def owned_by_auditor(tokens, auditor):
    """A facility whose owner is the auditor."""
    args = (code("CAMX", 9), code("US", 2), document("the auditor's own hall"))
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
def test_only_an_auditor_audits(act, tokens, without_role, admin, registrar, stranger, auditor):
    statement = act.statement()
    for caller in (admin, registrar, stranger):
        with without_role(caller, "AUDITOR"):
            tokens.audit(statement, {"from": caller})
    tokens.audit(statement, {"from": auditor})


def test_only_an_auditor_who_does_not_own_the_facility_audits(act, tokens, refused, owned_by_auditor, auditor):
    with refused("SelfAudit", auditor):
        tokens.audit(act.statement(facility=owned_by_auditor, version=1), {"from": auditor})
    tokens.audit(act.statement(), {"from": auditor})


def test_only_an_auditor_of_the_facilitys_market_audits(act, tokens, refused, admin, stranger, auditor):
    """Two regions on one ledger, each refused in the other's: Auditors/test_markets.py."""
    tokens.grantRole(auditor_role("EU"), stranger, {"from": admin})
    with refused("AccessControlUnauthorizedAccount", stranger, auditor_role("US")):
        tokens.audit(act.statement(), {"from": stranger})
    tokens.audit(act.statement(), {"from": auditor})


def test_only_datasets_of_the_facilitys_market_are_audited_with(act, factors, refused, publisher):
    rows = [(code("CAMX", 9), 1_000_000, 1_000_000, True)]
    factors.publish(("AIB", 2023, "1", document("aib.csv"), code("EU", 2)), rows, {"from": publisher})
    scope2 = {"scope2_location": 100 * MWH, "scope2_residual": 100 * MWH}
    with refused("DatasetOfOtherMarket", code("EU", 2), code("US", 2)):
        act.audit(release=release_id("AIB", 2023, "1"), **scope2)
    act.audit()


def test_only_a_panel_writes_where_one_is_set(act, tokens, auditors, refused, facility, registrar, auditor):
    """The auditor sits on it, and still does not write alone."""
    act.audit()
    auditors.setPanel(facility, 1, [auditor], {"from": registrar})
    alone = [
        lambda: act.audit(meter=document("meter 2")), lambda: act.restate(), lambda: act.close(),
        lambda: tokens.disallow(facility, MONTH, 2, 1, 1, document("ruling"), {"from": auditor}),
    ]  # fmt: skip
    for write in alone:
        with refused("PanelMissing", facility):
            write()
    auditors.setPanel(facility, 0, [], {"from": registrar})
    act.close()


def test_only_an_auditor_closes_a_month(act, tokens, without_role, facility, admin, stranger, auditor):
    act.audit()
    for caller in (admin, stranger):
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


def test_only_an_auditor_restates_a_month(act, tokens, without_role, admin, stranger, auditor):
    act.audit()
    statement = act.statement(energy=MWH)
    for caller in (admin, stranger):
        with without_role(caller, "AUDITOR"):
            tokens.restate(statement, {"from": caller})
    tokens.restate(statement, {"from": auditor})


def test_only_an_auditor_who_does_not_own_the_facility_restates_a_month(
    act, tokens, refused, owned_by_auditor, admin, buyer, auditor
):
    tokens.grantRole(auditor_role("US"), buyer, {"from": admin})
    tokens.audit(act.statement(facility=owned_by_auditor, version=1), {"from": buyer})
    with refused("SelfAudit", auditor):
        tokens.restate(act.statement(facility=owned_by_auditor, version=2), {"from": auditor})


def test_only_an_auditor_disallows_a_retirement(
    act, tokens, without_role, facility, admin, registrar, rec_issuer, auditor
):
    token = act.recs(MWH)
    act.audit()
    act.retire(token, MWH)
    for caller in (admin, registrar, rec_issuer):
        with without_role(caller, "AUDITOR"):
            tokens.disallow(facility, MONTH, 2, token, 1, document("ruling"), {"from": caller})
    tokens.disallow(facility, MONTH, 2, token, 1, document("ruling"), {"from": auditor})


def test_only_an_auditor_who_does_not_own_the_facility_disallows_a_retirement(
    act, tokens, refused, owned_by_auditor, auditor
):
    token = act.recs(MWH)
    with refused("SelfAudit", auditor):
        tokens.disallow(owned_by_auditor, MONTH, 1, token, 1, document("ruling"), {"from": auditor})
