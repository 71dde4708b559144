"""What ERC-721 asks of certificates. They are soulbound, so every movement is refused.

A test says where our rule is stricter than the standard."""

from __future__ import annotations

import pytest
from records import ANNUAL, MONTH, NOTHING, claim_id, code, document, facility_id


@pytest.fixture
def certificate(act, net, facility, stranger):
    act.neutral()
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    return claim_id(facility, MONTH, MONTH)


@pytest.fixture
def unknown(facility):
    """The certificate of two months, which was never claimed."""
    return claim_id(facility, MONTH, MONTH + 1)


# -------------------------------------------------------------------------------------------------- balances and owners
def test_an_owner_has_as_many_as_he_was_issued(act, net, certificate, facility, operator, stranger):
    assert (net.balanceOf(operator), net.balanceOf(stranger)) == (1, 0)
    act.neutral(MONTH + 1)
    net.claim(facility, MONTH, MONTH + 1, ANNUAL, {"from": stranger})
    assert net.balanceOf(operator) == 2


def test_the_zero_address_is_not_asked_for_its_balance(net, refused):
    with refused("ERC721InvalidOwner", NOTHING):
        net.balanceOf(NOTHING)


def test_a_certificate_has_the_facilitys_owner(net, certificate, operator):
    assert net.ownerOf(certificate) == operator


def test_what_was_never_issued_has_no_owner_approval_lock_or_metadata(net, refused, unknown):
    for view in (net.ownerOf, net.getApproved, net.locked, net.tokenURI):
        for number in (unknown, 0, 2**256 - 1):
            with refused("ERC721NonexistentToken", number):
                view(number)


def test_a_certificate_that_is_no_longer_valid_keeps_its_owner(act, net, certificate, operator):
    act.restate(scope1=10**9)
    assert not net.isValid(certificate)
    assert (net.ownerOf(certificate), net.balanceOf(operator), net.locked(certificate)) == (operator, 1, True)


# ------------------------------------------------------------------------------------------------------------ movements
def test_the_owner_transfers_nothing(net, refused, certificate, operator, buyer, factors, hourly):
    """Stricter: locked (ERC-5192), whoever receives: an account, himself, nobody, contracts of any kind."""
    for to in (buyer, operator, NOTHING, factors, hourly):
        for move in (net.transferFrom, net.safeTransferFrom["address,address,uint256"]):
            error = ("ERC721InvalidReceiver", NOTHING) if to == NOTHING else ("CertificateLocked", certificate)
            with refused(*error):
                move(operator, to, certificate, {"from": operator})
        with refused(*error):
            net.safeTransferFrom["address,address,uint256,bytes"](
                operator, to, certificate, b"data", {"from": operator}
            )


def test_nobody_else_transfers_it_either(net, refused, certificate, operator, buyer, admin, auditor, stranger):
    """Stricter: also with a wrong former owner, where the standard has another error, the lock is the answer."""
    for caller in (admin, auditor, stranger, buyer):
        for former in (operator, caller):
            with refused("CertificateLocked", certificate):
                net.transferFrom(former, buyer, certificate, {"from": caller})


def test_what_was_never_issued_is_not_transferred(net, refused, unknown, operator, buyer):
    with refused("CertificateLocked", unknown):
        net.transferFrom(operator, buyer, unknown, {"from": operator})


# ------------------------------------------------------------------------------------------------------------ approvals
def test_nobody_is_approved_for_a_certificate(net, refused, certificate, operator, buyer, stranger):
    """Stricter: an approval that can never be used is not given, nor is one withdrawn."""
    for to in (buyer, operator, NOTHING):
        for caller in (operator, stranger):
            with refused("CertificateLocked", certificate):
                net.approve(to, certificate, {"from": caller})
    assert net.getApproved(certificate) == NOTHING


def test_nobody_is_approved_for_all(net, refused, certificate, operator, buyer):
    for to in (buyer, operator, NOTHING):
        for approved in (True, False):
            with refused("CertificateLocked", 0):
                net.setApprovalForAll(to, approved, {"from": operator})
    assert not net.isApprovedForAll(operator, buyer)


# ----------------------------------------------------------------------------------------------------- issue and events
def test_an_issue_is_a_transfer_from_the_zero_address_and_asks_no_receiver(
    act, net, tokens, Multisig, operator, buyer, auditor
):
    """Stricter: the certificate follows from the facility; an owner without onERC721Received holds it as well."""
    owner, metadata = Multisig.deploy([operator, buyer], {"from": buyer}), document("hall of a contract")
    call = tokens.registerFacility.encode_input(code("CAMX", 9), code("US", 2), metadata)
    for member in (operator, buyer):
        owner.ask(tokens, call, {"from": member})
    hall = facility_id(owner, metadata)
    act.audit(act.statement(facility=hall, version=1, energy=0))
    tokens.close(hall, MONTH, 1, {"from": auditor})
    tx = net.claim(hall, MONTH, MONTH, ANNUAL, {"from": buyer})
    number = claim_id(hall, MONTH, MONTH)
    assert dict(tx.events["Transfer"]) == {"from": NOTHING, "to": owner, "tokenId": number}
    assert dict(tx.events["Locked"]) == {"tokenId": number}
    assert net.ownerOf(number) == owner


def test_the_collection_has_a_name_a_symbol_and_metadata_in_the_uri(net, certificate):
    assert net.name() and net.symbol() == "NETCO2E"
    assert net.tokenURI(certificate).startswith("data:application/json;base64,")
