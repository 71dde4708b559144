"""A month of 744 hours and granular certificates of a device in the facility's grid region."""

from __future__ import annotations

import pytest
from actions import REGISTRY
from hours import Granular, flat, packed
from records import MONTH, REC, month_start

SOLAR = [0] * 8 + [200_000] * 8 + [0] * 8  # Wh in each hour of a day: by night nothing, by day twice the load


@pytest.fixture(scope="module")
def load():
    """100 kWh in every hour."""
    return flat(100_000)


@pytest.fixture(scope="module")
def solar():
    return SOLAR * 31


@pytest.fixture
def granular(act):
    """Issues a certificate of hours to the operator, of the month's vintage unless given."""

    def issue(generation, to=None, month=MONTH, **given):
        certificate = Granular(REGISTRY, act.evidence(), packed(generation))
        vintage = {"vintage_start": month_start(month), "vintage_end": month_start(month + 1)}
        batch = act.batch(REC, certificate.amount, evidence=certificate.evidence, **(vintage | given))
        act.issue(REC, batch, to)
        return certificate

    return issue


@pytest.fixture
def retire(act, tokens, hourly, operator):
    """The operator approves the contract and retires a certificate through it."""

    tokens.setApprovalForAll(hourly, True, {"from": operator})

    def send(certificate, **given):
        return hourly.retire(certificate, act.retirement(**given), {"from": operator})

    return send


@pytest.fixture
def audited(act, load):
    """The month's energy, audited and closed."""
    act.audit(energy=sum(load))
    act.close()


@pytest.fixture
def record(act, hourly, facility, auditor, load):
    """The auditor records the match of the account as it stands."""

    def send(*certificates, sender=auditor, consumption=load, **given):
        values = {"facility": facility, "month": MONTH} | given
        values.setdefault("version", act.account(values["month"])["version"])
        if isinstance(consumption, list):
            consumption = packed(consumption)
        return hourly.record(*values.values(), consumption, certificates, {"from": sender})

    return send
