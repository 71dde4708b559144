from __future__ import annotations

import pytest
from records import (
    ANNUAL,
    MONTH,
    MWH,
    NOTHING,
    allocated_id,
    audited_id,
    auditor_role,
    claim_id,
    code,
    document,
    totals_version,
)
from splits import Split, parts, share


@pytest.fixture
def committed(commit, split):
    commit(split)
    return split


def tenants(tokens, hall, month=MONTH):
    return tokens.accountOf(hall, month).dict()


# ---------------------------------------------------------------------------------------------------- what a claim does
def test_a_claimed_share_is_scope_3_of_the_tenants_own_account(
    tokens, allocations, net, committed, claim, hall, facility
):
    mine = committed.shares[0]
    tx = claim(committed)
    account = tenants(tokens, hall)
    assert (account["allocatedLocation"], account["allocatedMarket"]) == (mine.location, mine.market)
    assert (account["version"], account["shares"], account["closed"]) == (0, 1, False)
    assert (account["scope3"], account["energy"]) == (0, 0)
    assert net.netOf(hall, MONTH) == (mine.location, mine.market, mine.market)
    claimed = (1, *mine.amounts)
    assert allocations.claimedBy(facility, MONTH, hall) == allocations.claimedOf(facility, MONTH) == claimed
    assert dict(tx.events["ShareClaimed"]) == {
        "facility": facility, "month": MONTH, "tenant": hall, "version": 1, "energy": mine.energy,
        "location": mine.location, "market": mine.market,
    }  # fmt: skip
    assert dict(tx.events["Allocated"]) == {
        "facility": hall, "month": MONTH, "location": mine.location, "market": mine.market,
    }  # fmt: skip


def test_a_claimed_share_is_a_soulbound_token_of_the_tenant(
    tokens, allocations, refused, committed, claim, hall, tenant, buyer
):
    mine, token = committed.shares[0], allocated_id(hall, MONTH)
    transfer = claim(committed).events["TransferSingle"]
    assert (transfer["operator"], transfer["from"], transfer["to"]) == (allocations, NOTHING, tenant)
    assert (transfer["id"], transfer["value"]) == (token, mine.location)
    assert tokens.balanceOf(tenant, token) == mine.location
    assert tokens.balanceOf(buyer, token) == tokens.balanceOf(tenant, audited_id(hall, MONTH)) == 0
    with refused("Soulbound", token):
        tokens.safeTransferFrom(tenant, buyer, token, 1, b"", {"from": tenant})


def test_the_account_that_was_split_does_not_change(act, net, committed, claim, facility):
    """A customer's scope 3 is the data center's own scope 1 and 2 seen from another side, not taken from it."""
    before = act.account(), net.netOf(facility, MONTH)
    claim(committed)
    assert (act.account(), net.netOf(facility, MONTH)) == before


def test_all_shares_together_are_the_total(
    tokens, allocations, commit, claim, account, totals, facility, tenant, buyer, stranger
):
    owners = (tenant, buyer, stranger)
    args = (code("CAMX", 9), code("US", 2), document("hall of a tenant"))
    halls = [tokens.registerFacility(*args, {"from": who}).events["FacilityRegistered"]["facility"] for who in owners]
    tree = Split(*(share(hall, *cut) for hall, cut in zip(halls, parts(totals(), 3, 5, 7), strict=True)))
    commit(tree)
    for index, owner in enumerate(owners):
        claim(tree, index, sender=owner)
    assert allocations.claimedOf(facility, MONTH) == (1, *totals())


def test_a_tenant_takes_shares_of_several_data_centers(
    act, tokens, allocations, committed, claim, hall, tenant, stranger, auditor
):
    claim(committed)
    args = (code("CAMX", 9), code("US", 2), document("a second data center"))
    other = tokens.registerFacility(*args, {"from": stranger}).events["FacilityRegistered"]["facility"]
    act.audit(act.direct(facility=other, version=1, scope1=70))
    tokens.close(other, MONTH, 1, {"from": auditor})
    one = Split(share(hall, 0, 70, 70))
    allocations.commit(other, MONTH, 1, 0, 0, one.top, {"from": stranger})
    allocations.claim(other, MONTH, one.shares[0], 0, b"", {"from": tenant})
    account, mine = tenants(tokens, hall), committed.shares[0]
    assert (account["allocatedLocation"], account["allocatedMarket"]) == (mine.location + 70, mine.market + 70)
    assert (account["version"], account["shares"]) == (0, 2)


def test_a_share_without_emissions_is_claimed_and_leaves_the_tenants_account_as_it_was(
    act, tokens, allocations, refused, commit, claim, account, totals, hall, facility, admin, auditor
):
    """Also closed: its totals do not change."""
    tokens.grantRole(auditor_role("EU"), auditor, {"from": admin})
    act.audit(act.direct(facility=hall, version=1, scope1=9))
    tokens.close(hall, MONTH, 1, {"from": auditor})
    before = tenants(tokens, hall)
    tree = Split(share(hall, 7, 0, 0), share(b"\1" * 32, *(n - m for n, m in zip(totals(), (7, 0, 0), strict=True))))
    commit(tree)
    tx = claim(tree)
    assert "TransferSingle" not in tx.events and "Allocated" not in tx.events
    assert tenants(tokens, hall) == before
    assert allocations.claimedBy(facility, MONTH, hall) == (1, 7, 0, 0)
    with refused("ShareAlreadyClaimed", facility, MONTH, hall):
        claim(tree)


# --------------------------------------------------------------------------------------------------------- restatements
def test_after_a_restatement_the_new_share_replaces_the_old(
    act, tokens, allocations, commit, claim, committed, totals, hall, facility
):
    claim(committed)
    act.restate(energy=50 * MWH)
    tree = Split(*(share(name, *cut) for name, cut in zip((hall, b"\1" * 32), parts(totals(), 1, 1), strict=True)))
    commit(tree)
    tx = claim(tree)
    mine, old, account = tree.shares[0], committed.shares[0], tenants(tokens, hall)
    assert (account["allocatedLocation"], account["allocatedMarket"]) == (mine.location, mine.market)
    assert (account["version"], account["shares"]) == (0, 2)
    assert allocations.claimedOf(facility, MONTH) == (2, *mine.amounts)
    assert tx.events["TransferSingle"]["value"] == abs(mine.location - old.location)


def test_a_smaller_new_share_is_taken_from_the_tenants_token(
    act, tokens, commit, claim, committed, totals, hall, tenant
):
    claim(committed)
    act.restate(energy=50 * MWH)
    tree = Split(
        share(hall, 1, 2, 3), share(b"\1" * 32, *(total - n for total, n in zip(totals(), (1, 2, 3), strict=True)))
    )
    commit(tree)
    transfer = claim(tree).events["TransferSingle"]
    assert (transfer["from"], transfer["to"]) == (tenant, NOTHING)
    assert tokens.balanceOf(tenant, allocated_id(hall, MONTH)) == 2


def test_a_share_of_an_older_version_is_not_claimed(act, refused, committed, claim, facility):
    act.restate(scope1=7)
    with refused("ShareNotProven", facility, MONTH, committed.shares[0].tenant):
        claim(committed)


def test_a_restatement_of_the_tenants_account_keeps_its_shares(act, tokens, committed, claim, hall, tenant, admin):
    claim(committed)
    tokens.grantRole(auditor_role("EU"), act.auditor, {"from": admin})
    act.audit(act.direct(facility=hall, version=1, scope1=9))
    act.restate(**act.direct(facility=hall, version=2, scope1=8)._asdict())
    account, mine = tenants(tokens, hall), committed.shares[0]
    assert (account["allocatedLocation"], account["allocatedMarket"]) == (mine.location, mine.market)
    assert (account["scope1"], account["version"], account["shares"]) == (8, 2, 1)


def test_a_claimed_share_ends_the_tenants_certificate(
    act, tokens, net, refused, committed, claim, hall, tenant, admin, auditor
):
    """It is an emission that the certificate did not know: offset and closed again, it holds again."""
    tokens.grantRole(auditor_role("EU"), auditor, {"from": admin})
    act.audit(
        act.statement(facility=hall, version=1, energy=0, meter=document("meter of the tenant"), release=bytes(32))
    )
    tokens.close(hall, MONTH, 1, {"from": auditor})
    net.claim(hall, MONTH, MONTH, ANNUAL, {"from": tenant})
    certificate = claim_id(hall, MONTH, MONTH)
    assert net.isValid(certificate)
    claim(committed)
    assert not net.isValid(certificate)
    amount = committed.shares[0].market
    act.retire(act.offsets(amount), amount, facility=hall, version=1)
    with refused("MonthOpen", hall, MONTH):
        net.claim(hall, MONTH, MONTH, ANNUAL, {"from": tenant})
    tokens.close(hall, MONTH, totals_version(1, 1), {"from": auditor})
    net.claim(hall, MONTH, MONTH, ANNUAL, {"from": tenant})
    assert net.isValid(certificate)


# ------------------------------------------------------------------------------------------------------------ refusals
def test_a_share_is_claimed_once(refused, committed, claim, hall, facility):
    claim(committed)
    with refused("ShareAlreadyClaimed", facility, MONTH, hall):
        claim(committed)


@pytest.mark.parametrize("actor", ["admin", "auditor", "operator", "stranger"])
def test_nobody_but_the_owner_of_the_tenants_facility_claims_its_share(
    request, refused, committed, claim, tenant, actor
):
    caller = request.getfixturevalue(actor)
    with refused("NotOwner", caller, tenant):
        claim(committed, sender=caller)


def test_a_tenant_without_a_facility_proves_its_share_but_has_no_account_to_claim_it_into(
    allocations, refused, committed, claim, facility, tenant
):
    assert allocations.verify(facility, MONTH, 1, committed.shares[1], 1, committed.siblings(1))
    with refused("NotOwner", tenant, NOTHING):
        claim(committed, 1)


@pytest.mark.parametrize("field, change", [("energy", 1), ("energy", -1), ("location", 1), ("market", -1)])
def test_a_share_with_another_amount_is_not_proven(refused, committed, claim, facility, field, change):
    mine = committed.shares[0]
    false = mine._replace(**{field: getattr(mine, field) + change})
    with refused("ShareNotProven", facility, MONTH, mine.tenant):
        claim(committed, share=false)


def test_a_share_beyond_its_lane_is_not_proven(refused, committed, claim, facility):
    """Its low bits would be the true amount, and the carry another's."""
    mine = committed.shares[0]
    with refused("ShareNotProven", facility, MONTH, mine.tenant):
        claim(committed, share=mine._replace(energy=mine.energy + 2**48))


def test_another_salt_place_or_path_proves_nothing(refused, committed, claim, facility):
    mine, path = committed.shares[0], committed.siblings(0)
    wrong = [
        {"share": mine._replace(salt=bytes(32))}, {"siblings": b""}, {"siblings": path[:50]}, {"siblings": path[:-1]},
        {"siblings": path + bytes(50)}, {"siblings": committed.siblings(1)},
    ]  # fmt: skip
    for given in wrong:
        with refused("ShareNotProven", facility, MONTH, mine.tenant):
            claim(committed, **given)


def test_a_share_of_another_month_is_not_proven(refused, committed, claim, hall, facility):
    with refused("ShareNotProven", facility, MONTH + 1, hall.to_bytes(32)):
        claim(committed, month=MONTH + 1)


def test_a_split_that_was_not_committed_proves_nothing(refused, split, claim, hall, facility):
    with refused("ShareNotProven", facility, MONTH, hall.to_bytes(32)):
        claim(split)


def test_an_account_takes_no_share_of_itself(refused, commit, claim, account, totals, facility, operator):
    own = Split(share(facility, *totals()))
    commit(own)
    with refused("OwnShare", facility):
        claim(own, sender=operator)


def test_shares_of_what_was_committed_before_are_claimed_after_the_contract_is_superseded(
    tokens, allocations, committed, claim, factors, admin, hall
):
    """Nothing new is committed there, and what stands in it keeps its worth."""
    allocations.supersede(factors, {"from": admin})
    claim(committed)
    assert tenants(tokens, hall)["shares"] == 1


def test_nobody_but_the_allocations_contract_writes_shares_into_an_account(
    tokens, refused, allocations, facility, admin, auditor, operator, tenant
):
    for caller in (admin, auditor, operator, tenant):
        with refused("NotContract", caller, allocations):
            tokens.allocate(facility, MONTH, 0, 0, 1, 1, {"from": caller})
