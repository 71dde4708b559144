from __future__ import annotations

import pytest
from actions import REGISTRY
from hours import Granular, flat, hours_of, packed
from records import MONTH, MWH, NOTHING, OFFSET, REC, audited_id, code, document, month_start

FEBRUARY_2024, FEBRUARY_2023, APRIL = 649, 637, 651


def test_a_granular_certificate_is_retired_whole_into_an_account(
    act, tokens, hourly, granular, retire, solar, facility, operator
):
    certificate = granular(solar)
    assert hourly.idOf(certificate) == certificate.id
    tx = retire(certificate)
    assert act.account()["recs"] == certificate.amount == sum(solar)
    assert tokens.balanceOf(operator, certificate.id) == tokens.balanceOf(hourly, certificate.id) == 0
    assert hourly.accountOf(certificate.id) == audited_id(facility, MONTH)
    assert dict(tx.events["GranularRetired"]) == {
        "facility": facility, "month": MONTH, "id": certificate.id, "amount": certificate.amount,
    }  # fmt: skip
    assert tx.return_value == certificate.id
    fetched, burnt = tx.events["TransferSingle"]
    assert (fetched["from"], fetched["to"], burnt["from"], burnt["to"]) == (operator, hourly, hourly, NOTHING)


def test_the_ledger_names_the_contract_as_holder_and_the_beneficiary_as_given(act, hourly, granular, retire, solar):
    tx = retire(granular(solar), beneficiary=code("tenant 7", 32), purpose=code("24/7", 32))
    event = tx.events["Retired"]
    assert (event["holder"], event["recs"], event["offsets"]) == (hourly, sum(solar), 0)
    assert (event["beneficiary"], event["purpose"]) == (
        "0x" + code("tenant 7", 32).hex(),
        "0x" + code("24/7", 32).hex(),
    )


@pytest.mark.parametrize("month", [FEBRUARY_2024, FEBRUARY_2023, APRIL])
def test_a_month_has_the_hours_of_its_days(act, hourly, granular, retire, month):
    certificate = granular(flat(1_000, month), month=month)
    retire(certificate, month=month)
    assert act.account(month)["recs"] == 1_000 * hours_of(month)


def test_the_evidence_binds_document_and_every_hour(hourly, solar):
    for hour in (0, 8, 743):
        changed = [each + (at == hour) for at, each in enumerate(solar)]
        assert hourly.evidenceOf(document("d"), packed(changed)) != hourly.evidenceOf(document("d"), packed(solar))
    expected = Granular(REGISTRY, document("d"), packed(solar)).evidence
    assert hourly.evidenceOf(document("d"), packed(solar)) == "0x" + expected.hex()


# ------------------------------------------------------------------------------------------------------------ refusals
def test_nobody_changes_an_hour_after_the_certificate_was_issued(granular, retire, refused, solar):
    """Not even without changing the sum."""
    certificate = granular(solar)
    shifted = certificate._replace(generation=packed(solar[1:] + solar[:1]))
    with refused("BatchUnknown", shifted.id):
        retire(shifted)


def test_a_certificate_is_retired_once(granular, retire, refused, solar, facility):
    certificate = granular(solar)
    retire(certificate)
    with refused("AlreadyRetired", certificate.id, audited_id(facility, MONTH)):
        retire(certificate)


def test_only_the_holder_retires_it(act, tokens, hourly, granular, refused, solar, buyer):
    certificate = granular(solar)
    tokens.setApprovalForAll(hourly, True, {"from": buyer})
    with refused("ERC1155InsufficientBalance", buyer, 0, certificate.amount, certificate.id):
        hourly.retire(certificate, act.retirement(), {"from": buyer})


def test_a_part_is_not_retired(act, tokens, hourly, granular, refused, solar, operator, buyer):
    """Somebody else holds 1 Wh of it: the hours of the rest would be anybody's choice."""
    certificate = granular(solar)
    tokens.safeTransferFrom(operator, buyer, certificate.id, 1, b"", {"from": operator})
    tokens.setApprovalForAll(hourly, True, {"from": operator})
    with refused("ERC1155InsufficientBalance", operator, certificate.amount - 1, certificate.amount, certificate.id):
        hourly.retire(certificate, act.retirement(), {"from": operator})


def test_without_approval_nothing_is_fetched(act, hourly, granular, refused, solar, operator):
    certificate = granular(solar)
    with refused("ERC1155MissingApprovalForAll", hourly, operator):
        hourly.retire(certificate, act.retirement(), {"from": operator})


def test_an_approval_lets_nobody_else_retire_what_is_the_holders(
    act, tokens, hourly, granular, refused, solar, operator, stranger
):
    """The caller's own tokens are fetched, never those of who approved."""
    certificate = granular(solar)
    tokens.setApprovalForAll(hourly, True, {"from": operator})
    with refused("ERC1155MissingApprovalForAll", hourly, stranger):
        hourly.retire(certificate, act.retirement(), {"from": stranger})


@pytest.mark.parametrize("count", [0, 1, 743, 745, 720, 696])
def test_other_numbers_of_hours_are_refused(retire, refused, count):
    certificate = Granular(REGISTRY, document("hours of another month"), packed([1] * count))
    with refused("HoursInvalid", count, 744):
        retire(certificate)


def test_an_hour_cut_short_is_refused(granular, retire, refused, solar):
    certificate = granular(solar)
    cut = certificate._replace(generation=certificate.generation[:-1])
    with refused("HoursInvalid", 743, 744):
        retire(cut)


def test_an_hour_of_the_whole_lane_is_refused_and_one_below_is_retired(act, granular, retire, refused):
    """2^31 Wh; each place of a word of eight hours."""
    full = [2**31 if at == 5 else 0 for at in range(744)]
    certificate = granular(full)
    with refused("HourTooLarge"):
        retire(certificate)
    below = [each - (each > 0) for each in full]
    retire(granular(below))
    assert act.account()["recs"] == 2**31 - 1


@pytest.mark.parametrize("first, months", [(-1, 1), (1, 1), (0, 2), (-1, 2)])
def test_only_recs_of_this_one_month_have_hours_in_it(granular, retire, refused, solar, first, months):
    vintage = {
        "vintage_start": month_start(MONTH + first), "vintage_end": month_start(MONTH + first + months),
    }  # fmt: skip
    certificate = granular(solar, **vintage)
    with refused("VintageNotMonth", certificate.id, MONTH):
        retire(certificate)


def test_generation_in_another_grid_region_is_not_deliverable(act, tokens, granular, retire, refused, solar, operator):
    """The market is the same: annually it would count."""
    args = (code("NWPP", 9), code("US", 2), document("hall in the north"))
    hall = tokens.registerFacility(*args, {"from": operator}).events["FacilityRegistered"]["facility"]
    certificate = granular(solar)
    with refused("GridRegionMismatch", certificate.id, code("CAMX", 9), code("NWPP", 9)):
        retire(certificate, facility=hall, version=0)


def test_a_certificate_that_was_never_issued_is_not_retired(retire, refused, solar):
    unknown = Granular(REGISTRY, document("unknown"), packed(solar))
    with refused("BatchUnknown", unknown.id):
        retire(unknown)


def test_an_account_that_moved_on_takes_nothing(act, granular, retire, refused, solar):
    certificate = granular(solar)
    act.audit(energy=MWH)
    with refused("VersionMismatch", 1, 0):
        retire(certificate, version=0)


def test_a_frozen_device_retires_nothing(tokens, granular, retire, refused, solar, device, registrar):
    certificate = granular(solar)
    tokens.setFrozen(device, True, {"from": registrar})
    with refused("SourceIsFrozen", device):
        retire(certificate)


@pytest.mark.parametrize("token_class", [REC, OFFSET])
def test_tokens_that_are_sent_to_the_contract_are_refused(act, tokens, hourly, refused, operator, token_class):
    """They would be lost there."""
    token = act.recs(9) if token_class == REC else act.offsets(9)
    with refused("NotFetched", operator):
        tokens.safeTransferFrom(operator, hourly, token, 1, b"", {"from": operator})
    with refused("NotFetched", operator):
        tokens.safeBatchTransferFrom(operator, hourly, [token, token], [1, 1], b"", {"from": operator})


def test_tokens_are_not_issued_to_the_contract(act, tokens, hourly, refused, device, rec_issuer):
    with refused("NotFetched", rec_issuer):
        act.issue(REC, act.batch(REC, MWH), to=hourly)
    with refused("NotFetched", rec_issuer):
        tokens.issueBatch(device, hourly, [act.batch(REC, MWH)], {"from": rec_issuer})


def test_a_certificate_that_was_disallowed_before_it_is_retired_is_refused(
    act, granular, retire, refused, solar, facility
):
    """Somebody's RECs are retired there; the auditor disallowed what only now would come."""
    certificate = granular(solar)
    act.audit(energy=MWH)
    act.retire(act.recs(9), 9)
    act.disallow(certificate.id, 1)
    with refused("CertificateDisallowed", certificate.id, audited_id(facility, MONTH)):
        retire(certificate)


def test_a_superseded_contract_retires_nothing(hourly, granular, retire, refused, solar, factors, admin):
    certificate = granular(solar)
    hourly.supersede(factors, {"from": admin})
    with refused("SupersededBy", factors):
        retire(certificate)
