"""Auditors who sign and never send a transaction, and a panel of three of them."""

from __future__ import annotations

import pytest
from actions import present
from records import auditor_role
from signing import SIGNERS, digest, message, signatures


@pytest.fixture(scope="module")
def deadline(tokens):
    return present() + 3_600


@pytest.fixture(scope="module")
def signers(tokens, admin):
    """Three auditors of the US, in ascending order of their addresses. The fourth of ``SIGNERS`` is none."""
    for each in SIGNERS[:3]:
        tokens.grantRole(auditor_role("US"), each.address, {"from": admin})
    return SIGNERS[:3]


@pytest.fixture
def signed(auditors, deadline):
    """``signed("Close", *values, by=[…])``: signatures of the message with the deadline added."""

    def sign(kind, *values, by, until=None, **domain):
        return signatures(message(auditors, kind, *values, until or deadline, **domain), *by)

    return sign


@pytest.fixture
def digest_of(auditors, deadline):
    return lambda kind, *values: digest(message(auditors, kind, *values, deadline))


@pytest.fixture
def submit(auditors, signed, deadline, stranger):
    """A stranger submits audits with the signatures of these auditors."""

    def send(*statements, by, sender=stranger):
        return auditors.audit(statements, deadline, signed("Audit", statements, by=by), {"from": sender})

    return send


@pytest.fixture
def panel(auditors, facility, signers, registrar):
    """Two of three auditors audit the facility."""
    auditors.setPanel(facility, 2, [each.address for each in signers], {"from": registrar})
    return signers
