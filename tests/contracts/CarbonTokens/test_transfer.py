from __future__ import annotations

import pytest
from records import MONTH, MWH, NOTHING, OFFSET, REC, audited_id

BOTH = pytest.mark.parametrize("token_class", [REC, OFFSET], ids=["REC", "offset"])


@pytest.fixture
def send(tokens):
    def transfer(token, source, to, amount, sender=None):
        return tokens.safeTransferFrom(source, to, token, amount, b"", {"from": sender or source})

    return transfer


@pytest.fixture
def token(act):
    """10 Wh of RECs of the operator."""
    return act.recs(10)


@BOTH
def test_tokens_move_between_first_and_later_holders_and_none_is_lost(
    act, tokens, send, token_class, operator, buyer, stranger
):
    token = {REC: act.recs, OFFSET: act.offsets}[token_class](10)
    moves = [
        (operator, buyer, 6),
        (buyer, stranger, 2),
        (stranger, operator, 1),
        (operator, operator, 5),
        (buyer, buyer, 4),
    ]
    held = {operator: 10, buyer: 0, stranger: 0}
    for source, to, amount in moves:
        tx = send(token, source, to, amount)
        held[source] -= amount
        held[to] += amount
        assert {who: tokens.balanceOf(who, token) for who in held} == held
        event = tx.events["TransferSingle"]
        assert (event["from"], event["to"], event["id"], event["value"]) == (source, to, token, amount)


def test_the_record_keeps_the_first_holder_and_what_he_still_has(tokens, token, send, operator, buyer):
    send(token, operator, buyer, 10)
    assert tokens.batchOf(token)[:2] == (operator, 0)
    send(token, buyer, operator, 3)
    assert tokens.batchOf(token)[:2] == (operator, 3)


def test_several_tokens_move_together(act, tokens, operator, buyer):
    ids = [act.recs(10), act.offsets(20)]
    tokens.safeBatchTransferFrom(operator, buyer, [*ids, ids[0]], [4, 20, 6], b"", {"from": operator})
    assert tokens.balanceOfBatch([buyer, buyer, operator, operator], ids * 2) == (10, 20, 0, 0)


def test_nobody_sends_more_than_he_holds(tokens, token, send, refused, operator, buyer):
    with refused("ERC1155InsufficientBalance", operator, 10, 11, token):
        send(token, operator, buyer, 11)
    with refused("ERC1155InsufficientBalance", operator, 4, 6, token):
        tokens.safeBatchTransferFrom(operator, buyer, [token, token], [6, 6], b"", {"from": operator})
    with refused("ERC1155InsufficientBalance", operator, 10, 11, token):
        send(token, operator, operator, 11)


def test_a_token_that_was_never_issued_is_not_sent(send, refused, operator, buyer):
    with refused("ERC1155InsufficientBalance", operator, 0, 1, 7):
        send(7, operator, buyer, 1)


def test_an_approved_operator_sends_for_the_holder_until_the_approval_is_withdrawn(
    tokens, token, send, refused, operator, buyer, stranger
):
    tokens.setApprovalForAll(stranger, True, {"from": operator})
    send(token, operator, buyer, 1, sender=stranger)
    assert tokens.balanceOf(buyer, token) == 1
    tokens.setApprovalForAll(stranger, False, {"from": operator})
    with refused("ERC1155MissingApprovalForAll", stranger, operator):
        send(token, operator, buyer, 1, sender=stranger)


@pytest.mark.parametrize("role", ["admin", "registrar", "auditor", "rec_issuer", "stranger"])
def test_no_role_moves_a_holders_tokens(request, token, send, refused, operator, buyer, role):
    caller = request.getfixturevalue(role)
    with refused("ERC1155MissingApprovalForAll", caller, operator):
        send(token, operator, buyer, 1, sender=caller)


def test_audited_emissions_stay_with_the_facility(act, tokens, send, refused, facility, operator, buyer):
    act.audit()
    liability = audited_id(facility, MONTH)
    for amount in (0, 1):
        with refused("Soulbound", liability):
            send(liability, operator, buyer, amount)
    with refused("Soulbound", liability):
        tokens.safeBatchTransferFrom(operator, buyer, [liability], [1], b"", {"from": operator})


def test_an_approval_does_not_free_audited_emissions(act, tokens, send, refused, facility, operator, buyer):
    act.audit()
    tokens.setApprovalForAll(buyer, True, {"from": operator})
    with refused("Soulbound", audited_id(facility, MONTH)):
        send(audited_id(facility, MONTH), operator, buyer, 1, sender=buyer)


def test_tokens_are_not_sent_to_nowhere_or_to_a_contract_that_takes_none(token, send, refused, factors, operator):
    for receiver in (NOTHING, factors.address):
        with refused("ERC1155InvalidReceiver", receiver):
            send(token, operator, receiver, 1)


def test_lists_of_different_length_are_refused(tokens, token, refused, operator, buyer):
    with refused("ERC1155InvalidArrayLength", 1, 2):
        tokens.safeBatchTransferFrom(operator, buyer, [token], [1, 2], b"", {"from": operator})


def test_a_receiver_that_calls_back_sends_only_what_it_holds(
    act, tokens, send, ReentrantHolder, admin, operator, buyer
):
    token, holder = act.recs(MWH), ReentrantHolder.deploy({"from": admin})
    tokens.setApprovalForAll(holder, False, {"from": operator})
    onward = [tokens.safeTransferFrom.encode_input(holder, buyer, token, MWH, b"")] * 2
    steal = tokens.safeTransferFrom.encode_input(operator, buyer, token, 1, b"")
    holder.prepare([*onward, steal], {"from": admin})
    tx = send(token, operator, holder, MWH)
    assert [each["success"] for each in tx.events["Tried"]] == [True, False, False]
    assert [tokens.balanceOf(who, token) for who in (operator, holder, buyer)] == [0, 0, MWH]
