"""Lessons from predecessors that no other test names. The whole list, with its tests: docs/lessons.md."""

from __future__ import annotations

from brownie import web3
from records import MONTH, MWH

# What an account is named for, by function: nobody is named as the author of what another writes.
NAMED_ACCOUNTS = {
    "issue": "first holder", "issueBatch": "first holder", "safeTransferFrom": "holder and receiver",
    "safeBatchTransferFrom": "holder and receiver", "setApprovalForAll": "who may send for the caller",
    "grantRole": "who gets it", "revokeRole": "who loses it", "renounceRole": "the caller, as confirmation",
    "beginDefaultAdminTransfer": "next admin", "supersede": "successor",
}  # fmt: skip


def writing(contract):
    return [each for each in contract.abi if each["type"] == "function" and each["stateMutability"] == "nonpayable"]


def test_nobody_writes_in_anothers_name(tokens):
    """A predecessor's admin could issue emissions as if an auditor had: here author is who sends, or who signed."""
    found = {
        each["name"] for each in writing(tokens) if any(given["type"].startswith("address") for given in each["inputs"])
    }
    assert found == set(NAMED_ACCOUNTS)


def test_a_holder_needs_no_registration_that_somebody_could_take_away(act, tokens, buyer, operator, admin):
    """A predecessor's dealers could unregister a holder, who could then not retire: here holding is enough."""
    token = act.recs(2 * MWH)
    tokens.safeTransferFrom(operator, buyer, token, MWH, b"", {"from": operator})
    act.retire(token, MWH, holder=buyer)
    assert act.account()["recs"] == MWH
    names = {each["name"].lower() for each in writing(tokens)}
    assert not [name for name in names if any(word in name for word in ("unregister", "blacklist", "ban", "pause"))]


def test_the_cost_of_net_does_not_grow_with_the_tokens_that_were_ever_issued(
    act, tokens, net, facility, operator, rec_issuer
):
    """A predecessor summed over every id ever issued."""
    act.audit()
    act.retire(act.recs(MWH), MWH)
    cost = gas_of(net, net.netOf.encode_input(facility, MONTH))
    group = [act.batch(2, MWH, serial_from=n, serial_thru=n) for n in range(100, 150)]
    tx = tokens.issueBatch(act.sources[2], operator, group, {"from": rec_issuer})
    ids = list(tx.events["TransferBatch"]["ids"])
    tokens.retireBatch(ids[:25], [MWH] * 25, act.retirement(), {"from": operator})
    assert gas_of(net, net.netOf.encode_input(facility, MONTH)) == cost


def gas_of(contract, data):
    return web3.eth.estimate_gas({"to": contract.address, "data": data})


def test_nobody_burns_anothers_tokens_even_when_they_are_in_a_contract(
    act, tokens, refused, ReentrantHolder, admin, operator
):
    """A predecessor's claimer role retired what others held, without their approval."""
    holder = ReentrantHolder.deploy({"from": admin})
    token = act.recs(MWH)
    tokens.safeTransferFrom(operator, holder, token, MWH, b"", {"from": operator})
    for caller in (admin, operator):
        with refused("ERC1155InsufficientBalance", caller, 0, 1, token):
            act.retire(token, 1, holder=caller)
    assert tokens.balanceOf(holder, token) == MWH
