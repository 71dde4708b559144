from __future__ import annotations

import json

import pytest
from actions import METER, present
from brownie import chain, interface
from eth_utils import function_abi_to_4byte_selector
from records import MONTH, MWH, NOTHING, REC, audited_id, code, document, month_start
from splits import Split, share

ERC165, ERC1155, ERC1155_METADATA = "0x01ffc9a7", "0xd9b67a26", "0x0e89341c"
ACCESS_CONTROL, DEFAULT_ADMIN_RULES = "0x7965db0b", "0x31498786"


def interface_id(container) -> str:
    """ERC-165: the selectors of the functions, xor-ed."""
    number = 0
    for entry in container.abi:
        if entry["type"] == "function":
            number ^= int.from_bytes(function_abi_to_4byte_selector(entry), "big")
    return f"0x{number:08x}"


@pytest.mark.parametrize("known", [ERC165, ERC1155, ERC1155_METADATA, ACCESS_CONTROL, DEFAULT_ADMIN_RULES])
def test_the_standard_interfaces_are_announced(tokens, known):
    assert tokens.supportsInterface(known)


def test_its_own_interface_is_announced_and_no_other(tokens):
    assert tokens.supportsInterface(interface_id(interface.ICarbonTokens))
    for unknown in ("0xffffffff", "0x00000000", "0x80ac58cd"):
        assert not tokens.supportsInterface(unknown)


def test_what_was_never_written_reads_as_nothing(tokens, facility):
    assert tokens.facilityOf(1) == (NOTHING, "0x0000", "0x" + 18 * "0", False)
    assert tokens.sourceOf(0)[0] == NOTHING
    assert tokens.batchOf(1) == (NOTHING, 0, 0, 0, 0)
    assert set(tokens.accountOf(facility, MONTH)) == {0}
    assert tokens.slotsOfAccount(audited_id(facility, MONTH)) == (0, 0)
    assert tokens.meterAuditedUntil(METER) == 0
    assert tokens.accountOfEvidence(document("unknown")) == 0


def test_the_stored_record_holds_the_fields_where_the_library_says(act, tokens, facility):
    act.audit(energy=1, scope1=2, scope3=5, release=bytes(32), scope2_location=3, scope2_residual=4)
    act.retire(act.recs(6), 6)
    act.retire(act.offsets(7), 7)
    act.close()
    inventory, cover = tokens.slotsOfAccount(audited_id(facility, MONTH))
    amounts = sum(amount << 48 * place for place, amount in enumerate((1, 2, 3, 4, 5)))
    assert inventory == amounts | 1 << 240 | 1 << 255
    assert cover == 6 | 7 << 70


def test_the_stored_record_of_a_claimed_share_holds_the_fields_where_the_library_says(
    act, tokens, allocations, facility, operator, tenant
):
    """RECs and offsets of 70 bits, 16 for the changes of shares, then two amounts of 50."""
    args = (code("CAMX", 9), code("US", 2), document("hall of the tenant"))
    hall = tokens.registerFacility(*args, {"from": tenant}).events["FacilityRegistered"]["facility"]
    act.audit(act.direct(scope1=9))
    act.close()
    one = Split(share(hall, 0, 9, 9))
    allocations.commit(facility, MONTH, 1, 0, 0, one.top, {"from": operator})
    allocations.claim(facility, MONTH, one.shares[0], 0, b"", {"from": tenant})
    assert tokens.slotsOfAccount(audited_id(hall, MONTH)) == (0, 1 << 140 | 9 << 156 | 9 << 206)


def test_the_balance_of_audited_emissions_is_scope_1_2_location_based_and_3_of_the_owner_alone(
    act, tokens, facility, buyer, operator
):
    act.audit(scope1=10, scope3=20)
    token = audited_id(facility, MONTH)
    account = act.account()
    assert tokens.balanceOf(operator, token) == 30 + account["scope2Location"]
    assert tokens.balanceOf(buyer, token) == tokens.balanceOf(NOTHING, token) == 0
    assert tokens.balanceOf(operator, audited_id(facility, MONTH + 1)) == 0


def test_nobody_holds_audited_emissions_of_an_unknown_facility(tokens):
    assert tokens.balanceOf(NOTHING, audited_id(12345, MONTH)) == 0


def test_retired_tokens_are_not_at_the_zero_address(act, tokens):
    token = act.recs(MWH)
    act.retire(token, MWH)
    assert tokens.balanceOf(NOTHING, token) == 0


def test_balances_are_read_in_lists(act, tokens, refused, facility, operator, buyer):
    act.audit(energy=0, scope1=9)
    ids = [act.recs(4), act.offsets(5), audited_id(facility, MONTH)]
    assert tokens.balanceOfBatch([operator] * 3, ids) == (4, 5, 9)
    assert tokens.balanceOfBatch([buyer] * 3, ids) == (0, 0, 0)


def test_wallets_show_tonnes_and_megawatt_hours(act, tokens):
    kind, text = tokens.uri(act.recs(MWH)).split(",", 1)
    assert kind == "data:application/json"
    assert json.loads(text)["decimals"] == 6


def test_the_factors_are_fixed_at_construction(tokens, factors):
    assert tokens.factors() == factors


def test_the_contract_and_the_calendar_agree_where_months_begin(act, tokens, device, rec_issuer, operator):
    """A vintage of the last second of a month and the first of the next tells to which months both belong."""
    chain.sleep(month_start(9_601) - present())
    months = [*range(1, 26), *range(595, 605), *range(640, 660), 900, 1_571, 2_400, 2_402, 9_600]
    group = [
        act.batch(REC, 1, serial_from=n, vintage_start=month_start(month) - 1, vintage_end=month_start(month) + 1)
        for n, month in enumerate(months)
    ]
    tx = tokens.issueBatch(device, operator, group, {"from": rec_issuer})
    for token, month in zip(tx.events["TransferBatch"]["ids"], months, strict=True):
        assert tokens.batchOf(token)[3:] == (month - 1, 1)
