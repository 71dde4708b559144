from __future__ import annotations

import pytest
from actions import METER, present
from brownie import ZERO_ADDRESS, accounts, chain
from eth_account import Account
from records import LANE, MONTH, code, document, month_start, role

SIGNER = Account.from_key(document("key of the signing auditor"))
FIELDS = [
    ("facility", "uint256"), ("month", "uint32"), ("version", "uint16"), ("energy", "uint256"),
    ("scope1", "uint256"), ("scope2Location", "uint256"), ("scope2Residual", "uint256"), ("scope3", "uint256"),
    ("start", "uint256"), ("end", "uint256"), ("meter", "bytes32"), ("release", "bytes32"), ("evidence", "bytes32"),
    ("deadline", "uint256"),
]  # fmt: skip
TYPES = {"Statement": [{"name": name, "type": kind} for name, kind in FIELDS]}


@pytest.fixture(scope="module")
def deadline(tokens):
    return present() + 3_600


@pytest.fixture
def signer(tokens, admin):
    """An auditor who never sends a transaction."""
    tokens.grantRole(role("AUDITOR_ROLE"), SIGNER.address, {"from": admin})
    return SIGNER.address


@pytest.fixture
def sign(tokens, deadline):
    def signature(statement, key=SIGNER.key, until=deadline, **domain):
        fixed = {"name": "carbon-tokens", "version": "1", "chainId": chain.id, "verifyingContract": tokens.address}
        message = dict(zip([name for name, _ in FIELDS], (*statement, until), strict=True))
        return Account.sign_typed_data(key, fixed | domain, TYPES, message).signature

    return signature


def test_anyone_submits_an_audit_with_the_auditors_signature(act, tokens, sign, signer, deadline, stranger):
    statement = act.statement(scope1=3)
    tx = tokens.auditBySig(statement, signer, deadline, sign(statement), {"from": stranger})
    assert act.account()["scope1"] == 3
    assert tx.events["Audited"]["auditor"] == signer
    assert tokens.meterAuditedUntil(METER) == month_start(MONTH + 1)


def test_a_signature_counts_once(act, tokens, refused, sign, signer, deadline, stranger):
    statement = act.direct(scope1=3)
    signature = sign(statement)
    tokens.auditBySig(statement, signer, deadline, signature, {"from": stranger})
    with refused("EvidenceUsed", statement.evidence):
        tokens.auditBySig(statement, signer, deadline, signature, {"from": stranger})


def test_a_signature_for_an_older_version_is_refused(act, tokens, refused, sign, signer, deadline, stranger):
    signed = act.direct(scope1=3)
    act.audit(act.direct(scope1=4))
    with refused("VersionMismatch", 1, 1):
        tokens.auditBySig(signed, signer, deadline, sign(signed), {"from": stranger})


def test_a_signature_for_another_chain_is_refused(act, tokens, refused, sign, signer, deadline, stranger):
    statement = act.statement()
    for chain_id in (1, chain.id + 1, 2**255):
        with refused("SignatureInvalid", signer):
            tokens.auditBySig(statement, signer, deadline, sign(statement, chainId=chain_id), {"from": stranger})


def test_a_signature_for_another_contract_is_refused(
    act, tokens, CarbonTokens, factors, refused, sign, signer, deadline, admin, operator, stranger
):
    """The same facility, release and auditor exist on a second ledger; only the contract's address differs."""
    other = CarbonTokens.deploy(factors, 0, admin, {"from": admin})
    other.grantRole(role("AUDITOR_ROLE"), signer, {"from": admin})
    other.registerFacility(code("CAMX", 10), code("US", 2), document("description of the facility"), {"from": operator})
    statement = act.statement()
    there = sign(statement, verifyingContract=other.address)
    with refused("SignatureInvalid", signer):
        tokens.auditBySig(statement, signer, deadline, there, {"from": stranger})
    other.auditBySig(statement, signer, deadline, there, {"from": stranger})
    assert other.accountOf(statement.facility, MONTH)["version"] == 1


def test_a_signature_for_another_domain_is_refused(act, tokens, refused, sign, signer, deadline, stranger):
    statement = act.statement()
    for domain in ({"name": "carbon-token"}, {"version": "2"}):
        with refused("SignatureInvalid", signer):
            tokens.auditBySig(statement, signer, deadline, sign(statement, **domain), {"from": stranger})


def test_every_field_of_the_statement_is_signed(act, tokens, refused, sign, signer, deadline, stranger):
    statement = act.statement()
    signature = sign(statement)
    for field, value in enumerate(statement):
        changed = document("another") if isinstance(value, bytes) else value + 1
        tampered = (*statement[:field], changed, *statement[field + 1 :])
        with refused("SignatureInvalid", signer):
            tokens.auditBySig(tampered, signer, deadline, signature, {"from": stranger})


def test_the_deadline_is_signed(act, tokens, refused, sign, signer, deadline, stranger):
    statement = act.statement()
    with refused("SignatureInvalid", signer):
        tokens.auditBySig(statement, signer, deadline + 1, sign(statement), {"from": stranger})


def test_an_expired_signature_is_refused(act, tokens, refused, sign, signer, stranger):
    statement = act.statement()
    passed = present() - 1
    with refused("SignatureExpired", passed):
        tokens.auditBySig(statement, signer, passed, sign(statement, until=passed), {"from": stranger})


def test_a_signature_of_somebody_else_is_refused(act, tokens, refused, sign, signer, deadline, stranger):
    statement = act.statement()
    theirs = sign(statement, key=document("key of a stranger"))
    with refused("SignatureInvalid", signer):
        tokens.auditBySig(statement, signer, deadline, theirs, {"from": stranger})


def test_a_signature_of_an_account_without_the_role_is_refused(act, tokens, refused, sign, deadline, stranger):
    statement = act.statement()
    with refused("AccessControlUnauthorizedAccount", SIGNER.address, role("AUDITOR_ROLE")):
        tokens.auditBySig(statement, SIGNER.address, deadline, sign(statement), {"from": stranger})


def test_an_auditor_who_sends_somebody_elses_signature_does_not_lend_his_role(
    act, tokens, refused, sign, deadline, auditor
):
    statement = act.statement()
    with refused("AccessControlUnauthorizedAccount", SIGNER.address, role("AUDITOR_ROLE")):
        tokens.auditBySig(statement, SIGNER.address, deadline, sign(statement), {"from": auditor})


def test_a_malformed_signature_is_refused_for_everybody(act, tokens, refused, signer, deadline, stranger):
    for signature in (b"", b"\0" * 65, b"\x01" * 64):
        for claimed in (signer, ZERO_ADDRESS):
            with refused("SignatureInvalid", claimed):
                tokens.auditBySig(act.statement(), claimed, deadline, signature, {"from": stranger})


def test_the_owner_signs_no_audit_of_his_own_facility(act, tokens, refused, sign, signer, deadline, admin, stranger):
    admin.transfer(SIGNER.address, "1 ether")
    owner = accounts.add(SIGNER.key)
    metadata = document("hall of the signer")
    tx = tokens.registerFacility(code("CAMX", 10), code("US", 2), metadata, {"from": owner})
    own = act.statement(facility=tx.events["FacilityRegistered"]["facility"], version=1)
    with refused("SelfAudit", signer):
        tokens.auditBySig(own, signer, deadline, sign(own), {"from": stranger})


def test_the_rules_of_an_audit_hold_for_a_signed_one(act, tokens, refused, sign, signer, deadline, stranger, facility):
    act.audit()
    scanned_again = act.statement()
    with refused("MeterPeriodUsed", METER, scanned_again.start, scanned_again.end):
        tokens.auditBySig(scanned_again, signer, deadline, sign(scanned_again), {"from": stranger})
    too_large = act.direct(scope1=LANE)
    with refused("AmountTooLarge"):
        tokens.auditBySig(too_large, signer, deadline, sign(too_large), {"from": stranger})
    act.close()
    late = act.direct(scope1=1)
    with refused("MonthIsClosed", facility, MONTH):
        tokens.auditBySig(late, signer, deadline, sign(late), {"from": stranger})


# -------------------------------------------------------------------------------------------------- ERC-1271 contracts
@pytest.fixture
def firm(SigningContract, tokens, admin):
    """A firm of auditors that is a contract; its member signs for it."""
    contract = SigningContract.deploy(SIGNER.address, {"from": admin})
    tokens.grantRole(role("AUDITOR_ROLE"), contract, {"from": admin})
    return contract


def test_a_contract_audits_by_its_members_signature(act, tokens, sign, firm, deadline, stranger):
    statement = act.statement()
    tx = tokens.auditBySig(statement, firm, deadline, sign(statement), {"from": stranger})
    assert tx.events["Audited"]["auditor"] == firm
    assert act.account()["version"] == 1


def test_a_contract_does_not_audit_by_a_strangers_signature(act, tokens, refused, sign, firm, deadline, stranger):
    statement = act.statement()
    theirs = sign(statement, key=document("key of a stranger"))
    with refused("SignatureInvalid", firm):
        tokens.auditBySig(statement, firm, deadline, theirs, {"from": stranger})


def test_a_contract_without_the_role_does_not_audit(act, tokens, refused, SigningContract, sign, deadline, stranger):
    other = SigningContract.deploy(SIGNER.address, {"from": stranger})
    statement = act.statement()
    with refused("AccessControlUnauthorizedAccount", other, role("AUDITOR_ROLE")):
        tokens.auditBySig(statement, other, deadline, sign(statement), {"from": stranger})


def test_a_contract_that_signs_nothing_is_no_auditor(act, tokens, refused, factors, sign, deadline, stranger):
    statement = act.statement()
    with refused("SignatureInvalid", factors):
        tokens.auditBySig(statement, factors, deadline, sign(statement), {"from": stranger})


def test_the_domain_can_be_read_from_the_contract(tokens):
    assert tokens.eip712Domain()[1:5] == ("carbon-tokens", "1", chain.id, tokens.address)
