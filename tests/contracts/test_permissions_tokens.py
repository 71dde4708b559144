"""The permission table, continued: tokens, what other contracts write into accounts, certificates and factors."""

from __future__ import annotations

from hours import flat, packed
from records import ANNUAL, HOURLY, MONTH, MWH, audited_id, claim_id, code, document, role


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


def test_only_the_auditors_contract_requires_a_panel(tokens, auditors, refused, facility, admin, registrar, auditor):
    for caller in (admin, registrar, auditor):
        with refused("NotContract", caller, auditors):
            tokens.requirePanel(facility, True, {"from": caller})
    auditors.setPanel(facility, 1, [auditor], {"from": registrar})
    assert tokens.facilityOf(facility)["panelled"]


def test_only_the_allocations_contract_writes_shares_into_an_account(
    tokens, allocations, refused, facility, admin, auditor, operator
):
    """What it writes, and when: Allocations/test_claim.py."""
    for caller in (admin, auditor, operator):
        with refused("NotContract", caller, allocations):
            tokens.allocate(facility, MONTH, 0, 0, 1, 1, {"from": caller})


# -------------------------------------------------------------------------------------------------------- certificates
def test_only_months_that_are_closed_are_claimed(act, net, refused, facility, operator):
    act.audit(energy=0)
    with refused("MonthOpen", facility, MONTH):
        net.claim(facility, MONTH, MONTH, ANNUAL, {"from": operator})
    act.close()
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": operator})


def test_only_net_emissions_of_zero_or_less_are_claimed(act, net, refused, facility, operator, auditor):
    act.audit(act.direct(scope1=1))
    act.close()
    for caller in (operator, auditor):
        with refused("NetAboveZero", facility, MONTH, 1):
            net.claim(facility, MONTH, MONTH, ANNUAL, {"from": caller})
    act.retire(act.offsets(1), 1)
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": operator})


def test_only_months_whose_hours_were_matched_are_claimed_hour_by_hour(
    act, net, refused, hourly, facility, operator, auditor
):
    act.audit(energy=744)
    act.close()
    residual = act.account()["scope2Residual"]
    act.retire(act.offsets(residual), residual)
    with refused("HoursNotMatched", facility, MONTH):
        net.claim(facility, MONTH, MONTH, HOURLY, {"from": operator})
    hourly.record(facility, MONTH, 1, packed(flat(1)), [], {"from": auditor})
    net.claim(facility, MONTH, MONTH, HOURLY, {"from": operator})


def test_only_the_owner_of_the_facility_ever_holds_its_certificate(
    act, net, refused, facility, operator, buyer, stranger
):
    act.neutral()
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    certificate = claim_id(facility, MONTH, MONTH)
    with refused("CertificateLocked", certificate):
        net.transferFrom(operator, buyer, certificate, {"from": operator})
    with refused("CertificateLocked", certificate):
        net.approve(buyer, certificate, {"from": operator})
    with refused("CertificateLocked", 0):
        net.setApprovalForAll(buyer, True, {"from": operator})
    assert net.ownerOf(certificate) == operator


# ------------------------------------------------------------------------------------------------------------- factors
def test_only_a_publisher_publishes_emission_factors(factors, refused, admin, auditor, stranger, publisher):
    args = ("eGRID", 2022, "first", document("egrid2022_data.xlsx"), code("US", 2)), [(code("CAMX", 9), 1, 1, True)]
    for caller in (admin, auditor, stranger):
        with refused("AccessControlUnauthorizedAccount", caller, role("PUBLISHER_ROLE")):
            factors.publish(*args, {"from": caller})
    factors.publish(*args, {"from": publisher})
