"""What ERC-1155 asks of RECs and offsets, and what receivers may answer. A test says where our rule is stricter."""

from __future__ import annotations

import brownie
import pytest
from records import MONTH, NOTHING, OFFSET, REC, audited_id, batch_id, code, document, facility_id

ACCEPT, WRONG_MAGIC, NAMED_ERROR, REASON, SILENCE, PANIC = range(6)  # answers of the ChoosyHolder
REFUSING = [WRONG_MAGIC, NAMED_ERROR, REASON, SILENCE, PANIC]


@pytest.fixture
def ids(act):
    """9 of a REC and 7 of an offset, held by the operator."""
    return [act.recs(9), act.offsets(7)]


@pytest.fixture
def holder(ChoosyHolder, admin):
    return lambda answer=ACCEPT: ChoosyHolder.deploy(answer, {"from": admin})


@pytest.fixture
def send(tokens, operator):
    def transfer(to, token, amount, data=b"", source=operator, sender=None):
        return tokens.safeTransferFrom(source, to, token, amount, data, {"from": sender or source})

    return transfer


@pytest.fixture
def send_batch(tokens, operator):
    def transfer(to, ids, amounts, data=b"", source=operator, sender=None):
        return tokens.safeBatchTransferFrom(source, to, ids, amounts, data, {"from": sender or source})

    return transfer


# ------------------------------------------------------------------------------------------------------------- balances
def test_a_holder_without_tokens_has_a_balance_of_zero(tokens, ids, buyer):
    assert [tokens.balanceOf(buyer, each) for each in (*ids, 0, REC << 248, 2**256 - 1)] == [0] * 5


def test_the_zero_address_may_be_asked_and_holds_nothing(tokens, ids):
    """Also of what is retired: retired tokens are gone, not moved there."""
    assert tokens.balanceOf(NOTHING, ids[0]) == 0


def test_balances_are_read_in_the_order_of_the_lists(tokens, ids, operator, buyer):
    rec, offset = ids
    assert tokens.balanceOfBatch([operator, buyer, operator, operator], [offset, rec, rec, offset]) == (7, 0, 9, 7)
    assert tokens.balanceOfBatch([], []) == ()


def test_lists_of_balances_are_of_one_length(tokens, ids, refused, operator):
    for accounts, numbers in (([operator], ids), ([operator] * 2, ids[:1])):
        with refused("ERC1155InvalidArrayLength", len(numbers), len(accounts)):
            tokens.balanceOfBatch(accounts, numbers)


# ------------------------------------------------------------------------------------------------------------ approvals
def test_an_approval_is_announced_read_back_and_withdrawn(tokens, operator, buyer):
    for approved in (True, False):
        tx = tokens.setApprovalForAll(buyer, approved, {"from": operator})
        assert dict(tx.events["ApprovalForAll"]) == {"account": operator, "operator": buyer, "approved": approved}
        assert tokens.isApprovedForAll(operator, buyer) is approved
    assert not tokens.isApprovedForAll(buyer, operator)


def test_nobody_approves_the_zero_address(tokens, refused, operator):
    with refused("ERC1155InvalidOperator", NOTHING):
        tokens.setApprovalForAll(NOTHING, True, {"from": operator})


def test_an_approved_operator_sends_in_the_holders_name_and_is_named_in_the_event(
    tokens, ids, send, operator, buyer, stranger
):
    tokens.setApprovalForAll(stranger, True, {"from": operator})
    event = send(buyer, ids[0], 2, sender=stranger).events["TransferSingle"]
    assert (event["operator"], event["from"], event["to"]) == (stranger, operator, buyer)
    assert tokens.balanceOf(stranger, ids[0]) == 0


def test_an_approved_operator_does_not_retire(tokens, act, ids, refused, operator, stranger):
    """Stricter: retiring is the holder's own act."""
    tokens.setApprovalForAll(stranger, True, {"from": operator})
    with refused("ERC1155InsufficientBalance", stranger, 0, 1, ids[0]):
        act.retire(ids[0], 1, holder=stranger)


# ------------------------------------------------------------------------------------------------------ single transfer
def test_a_transfer_moves_the_amount_and_announces_itself(tokens, ids, send, operator, buyer):
    event = send(buyer, ids[0], 4).events["TransferSingle"]
    assert dict(event) == {"operator": operator, "from": operator, "to": buyer, "id": ids[0], "value": 4}
    assert tokens.balanceOfBatch([operator, buyer], [ids[0]] * 2) == (5, 4)


def test_a_transfer_of_nothing_is_a_transfer(tokens, ids, send, buyer):
    assert send(buyer, ids[0], 0).events["TransferSingle"]["value"] == 0
    assert tokens.balanceOf(buyer, ids[0]) == 0


def test_a_transfer_to_oneself_moves_nothing(tokens, ids, send, operator):
    send(operator, ids[0], 9)
    assert tokens.balanceOf(operator, ids[0]) == 9


def test_a_transfer_to_the_zero_address_is_refused(ids, send, send_batch, refused):
    for move, *args in ((send, ids[0], 1), (send_batch, ids, [1, 1])):
        with refused("ERC1155InvalidReceiver", NOTHING):
            move(NOTHING, *args)


def test_a_transfer_from_the_zero_address_is_nobodys(tokens, ids, refused, operator, buyer):
    with refused("ERC1155MissingApprovalForAll", operator, NOTHING):
        tokens.safeTransferFrom(NOTHING, buyer, ids[0], 1, b"", {"from": operator})


# ------------------------------------------------------------------------------------------------------- batch transfer
def test_a_batch_transfer_moves_all_and_announces_itself_once(tokens, ids, send_batch, operator, buyer):
    tx = send_batch(buyer, ids, [9, 3])
    event = tx.events["TransferBatch"]
    assert (event["operator"], event["from"], event["to"]) == (operator, operator, buyer)
    assert (list(event["ids"]), list(event["values"])) == (ids, [9, 3])
    assert tokens.balanceOfBatch([operator] * 2 + [buyer] * 2, ids * 2) == (0, 4, 9, 3)


def test_a_batch_of_one_is_announced_as_a_single_transfer(ids, send_batch, buyer):
    tx = send_batch(buyer, ids[:1], [1])
    assert tx.events["TransferSingle"]["value"] == 1 and "TransferBatch" not in tx.events


def test_a_batch_of_nothing_moves_nothing(send_batch, ids, buyer):
    assert list(send_batch(buyer, [], []).events["TransferBatch"]["ids"]) == []


def test_a_batch_is_moved_whole_or_not_at_all(ids, send_batch, refused, operator, buyer):
    with refused("ERC1155InsufficientBalance", operator, 7, 8, ids[1]):
        send_batch(buyer, ids, [1, 8])
    with refused("ERC1155InsufficientBalance", operator, 4, 5, ids[0]):
        send_batch(buyer, [ids[0]] * 2, [5, 5])


def test_lists_of_a_batch_are_of_one_length(ids, send_batch, refused, buyer):
    for amounts in ([1], [1, 1, 1]):
        with refused("ERC1155InvalidArrayLength", 2, len(amounts)):
            send_batch(buyer, ids, amounts)


# ------------------------------------------------------------------------------------------------------------ receivers
def test_a_receiving_contract_is_told_who_sends_what_with_which_data(tokens, ids, send, holder, operator, stranger):
    receiver = holder()
    tokens.setApprovalForAll(stranger, True, {"from": operator})
    told = send(receiver, ids[0], 3, data=b"for March", sender=stranger).events["Received"]
    assert dict(told) == {
        "operator": stranger, "from": operator, "id": ids[0], "value": 3, "data": "0x" + b"for March".hex(),
    }  # fmt: skip
    assert tokens.balanceOf(receiver, ids[0]) == 3


def test_a_receiving_contract_is_told_of_a_batch_at_once(tokens, ids, send_batch, holder, operator):
    receiver = holder()
    told = send_batch(receiver, ids, [1, 2], data=b"\x01").events["BatchReceived"]
    assert (told["operator"], told["from"], told["data"]) == (operator, operator, "0x01")
    assert (list(told["ids"]), list(told["values"])) == (ids, [1, 2])


def test_a_receiving_contract_is_told_of_an_issue(act, tokens, holder, device, rec_issuer):
    """As of a transfer from the zero address, without data."""
    receiver = holder()
    one, *many = (act.batch(REC, 5, serial_from=n, serial_thru=n) for n in range(3))
    told = act.issue(REC, one, to=receiver).events["Received"]
    token = batch_id(REC, b"NAR".ljust(12, b"\0"), one.evidence)
    assert dict(told) == {"operator": rec_issuer, "from": NOTHING, "id": token, "value": 5, "data": "0x"}
    told = tokens.issueBatch(device, receiver, many, {"from": rec_issuer}).events["BatchReceived"]
    assert (told["from"], list(told["values"])) == (NOTHING, [5, 5])


REFUSALS = {
    WRONG_MAGIC: ("ERC1155InvalidReceiver", "receiver"), NAMED_ERROR: ("Unwanted", ""),
    REASON: ("not wanted", ""), SILENCE: ("ERC1155InvalidReceiver", "receiver"), PANIC: ("", ""),
}  # fmt: skip


@pytest.mark.parametrize("answer", REFUSING)
def test_a_receiver_that_does_not_accept_refuses_the_transfer(tokens, ids, send, send_batch, holder, operator, answer):
    """With its own error where it gives one, and with ERC1155InvalidReceiver where it is silent or answers wrongly."""
    receiver = holder(answer)
    name, argument = REFUSALS[answer]
    text = f"{name}: {receiver.address.lower()}" if argument else name
    for move in (lambda: send(receiver, ids[0], 1), lambda: send_batch(receiver, ids, [1, 1])):
        with brownie.reverts(revert_pattern=f"{text}.*" if text else ".*"):
            move()
    assert tokens.balanceOfBatch([operator, operator, receiver], [*ids, ids[0]]) == (9, 7, 0)


@pytest.mark.parametrize("answer", REFUSING)
def test_a_receiver_that_does_not_accept_refuses_an_issue(act, tokens, holder, device, answer):
    receiver = holder(answer)
    with brownie.reverts():
        act.issue(REC, act.batch(REC, 5), to=receiver)
    assert tokens.sourceOf(device)["nextSerial"] == 0


def test_a_contract_without_the_function_receives_nothing(ids, send, send_batch, refused, factors):
    for move, *args in ((send, ids[0], 1), (send_batch, ids, [1, 1])):
        with refused("ERC1155InvalidReceiver", factors):
            move(factors, *args)


def test_the_owner_of_audited_emissions_is_not_asked(act, tokens, Multisig, operator, buyer):
    """Stricter: a liability is written into an account and needs nobody's consent, here that of a contract without the
    function; only its event is ERC-1155's."""
    owner, metadata = Multisig.deploy([operator, buyer], {"from": buyer}), document("hall of a contract")
    call = tokens.registerFacility.encode_input(code("CAMX", 9), code("US", 2), metadata)
    for member in (operator, buyer):
        owner.ask(tokens, call, {"from": member})
    hall = facility_id(owner, metadata)
    tx = act.audit(act.direct(facility=hall, version=1, scope1=5))
    assert tx.events["TransferSingle"]["to"] == owner
    assert tokens.balanceOf(owner, audited_id(hall, MONTH)) == 5


# ------------------------------------------------------------------------------------------------------------ soulbound
def test_audited_emissions_have_a_balance_and_do_not_move(
    act, tokens, refused, send, send_batch, ids, facility, operator, buyer
):
    """Stricter: a liability stays with the owner of its facility, approved or not, also an amount of 0."""
    act.audit()
    token = audited_id(facility, MONTH)
    tokens.setApprovalForAll(buyer, True, {"from": operator})
    for amount in (0, 1):
        with refused("Soulbound", token):
            send(buyer, token, amount, sender=buyer)
    with refused("Soulbound", token):
        send_batch(buyer, [*ids, token], [1, 1, 1])


# ------------------------------------------------------------------------------------------------------------- metadata
def test_every_token_has_the_same_uri_with_decimals(tokens, ids, facility):
    assert len({str(tokens.uri(each)) for each in (*ids, audited_id(facility, MONTH), OFFSET << 248)}) == 1
