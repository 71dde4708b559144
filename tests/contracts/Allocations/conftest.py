"""A split account of three customers: one with a facility, one with a name only, and the operator's own use."""

from __future__ import annotations

import pytest
from records import MONTH, MWH, code, document, totals_version
from splits import Split, parts, share


@pytest.fixture(scope="module")
def hall(tokens, tenant):
    """The tenant's own facility, on another continent."""
    args = (code("DE", 9), code("EU", 2), document("hall of the tenant"))
    return tokens.registerFacility(*args, {"from": tenant}).events["FacilityRegistered"]["facility"]


@pytest.fixture
def account(act):
    """A complete month of 100 MWh with scope 1 and 3, 40 MWh of it covered by RECs."""
    act.audit(scope1=1_001, scope3=2_002)
    act.close()
    act.retire(act.recs(40 * MWH), 40 * MWH)


@pytest.fixture
def totals(act, net, facility):
    """Energy, gross location-based and gross market-based, as the contracts state them."""

    def read(month=MONTH):
        return (act.account(month)["energy"], *net.netOf(facility, month)[:2])

    return read


@pytest.fixture
def split(account, totals, hall):
    """Shares of 1, 2 and 4 sevenths."""
    names = (hall, document("a customer without a facility"), document("the operator's own use"))
    return Split(*(share(name, *cut) for name, cut in zip(names, parts(totals(), 1, 2, 4), strict=True)))


@pytest.fixture
def commit(act, allocations, facility, operator):
    """The operator commits a split of the account as it stands."""

    def send(split, sender=operator, **given):
        account = act.account()
        version = totals_version(account["version"], account["shares"])
        values = {"facility": facility, "month": MONTH, "version": version, "recs": account["recs"]}
        values |= {"depth": split.depth, "top": split.top} | given
        return allocations.commit(*values.values(), {"from": sender})

    return send


@pytest.fixture
def claim(allocations, facility, tenant):
    """The tenant claims a share of the split."""

    def send(split, index=0, sender=tenant, share=None, siblings=None, month=MONTH):
        proof = split.siblings(index) if siblings is None else siblings
        leaf = share or split.shares[index]
        return allocations.claim(facility, month, leaf, index, proof, {"from": sender})

    return send
