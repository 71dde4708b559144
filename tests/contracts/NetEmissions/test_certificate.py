from __future__ import annotations

import base64
import json
from xml.etree import ElementTree

import pytest
from actions import LOCATION, RESIDUAL
from brownie import interface
from eth_utils import function_abi_to_4byte_selector
from records import ANNUAL, MONTH, MWH, TONNE, claim_id, month_start

LOCKED = "0xb45a3c0e"  # ERC-5192
TEXT = "{http://www.w3.org/2000/svg}text"


@pytest.fixture
def certificate(act, net, facility, stranger):
    """The certificate of a neutral month."""
    act.neutral()
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    return claim_id(facility, MONTH, MONTH)


def metadata(net, certificate):
    """The JSON of a certificate and the texts of its image, two by two."""
    kind, body = net.tokenURI(certificate).split(",", 1)
    assert kind == "data:application/json;base64"
    content = json.loads(base64.b64decode(body, validate=True))
    kind, image = content["image"].split(",", 1)
    assert kind == "data:image/svg+xml;base64"
    texts = [each.text for each in ElementTree.fromstring(base64.b64decode(image, validate=True)).iter(TEXT)]
    assert len(texts) == 17
    return content, texts[:2], dict(zip(texts[2:14:2], texts[3:14:2], strict=True)), texts[14:]


def attributes(content):
    return {each["trait_type"]: each["value"] for each in content["attributes"]}


# ------------------------------------------------------------------------------------------------------------- locked
def test_a_certificate_is_locked_for_ever(net, certificate):
    assert net.locked(certificate) is True


def test_a_certificate_that_does_not_exist_is_not_locked(net, refused, facility):
    unknown = claim_id(facility, MONTH, MONTH + 1)
    for view in (net.locked, net.ownerOf, net.tokenURI, net.getApproved):
        with refused("ERC721NonexistentToken", unknown):
            view(unknown)


def test_a_certificate_is_not_transferred(net, refused, certificate, operator, buyer):
    moves = [net.transferFrom, net.safeTransferFrom["address,address,uint256"]]
    for move in moves:
        for receiver in (buyer, operator):
            with refused("CertificateLocked", certificate):
                move(operator, receiver, certificate, {"from": operator})
    with refused("CertificateLocked", certificate):
        net.safeTransferFrom["address,address,uint256,bytes"](operator, buyer, certificate, b"", {"from": operator})


def test_a_certificate_is_not_approved(net, refused, certificate, operator, buyer):
    with refused("CertificateLocked", certificate):
        net.approve(buyer, certificate, {"from": operator})
    with refused("CertificateLocked", 0):
        net.setApprovalForAll(buyer, True, {"from": operator})
    assert not net.isApprovedForAll(operator, buyer)


@pytest.mark.parametrize("actor", ["admin", "registrar", "auditor", "stranger"])
def test_no_role_takes_a_certificate(request, net, refused, certificate, operator, actor):
    caller = request.getfixturevalue(actor)
    with refused("CertificateLocked", certificate):
        net.transferFrom(operator, caller, certificate, {"from": caller})
    with refused("CertificateLocked", certificate):
        net.approve(caller, certificate, {"from": caller})


# ------------------------------------------------------------------------------------------------------------- figures
def test_the_figures_are_those_of_the_account(net, certificate):
    content, _, rows, _ = metadata(net, certificate)
    location = 100 * LOCATION + TONNE
    assert attributes(content) == {
        "gross_location_g": location, "gross_market_g": TONNE, "offsets_g": TONNE, "net_g": 0,
        "energy_wh": 100 * MWH, "covered_wh": 100 * MWH, "basis": "annual", "valid": "yes",
    }  # fmt: skip
    assert rows == {
        "Gross, location-based": "20.412300 t CO2e",
        "Gross, market-based": "1.000000 t CO2e",
        "Offsets retired": "1.000000 t CO2e",
        "Net": "0.000000 t CO2e",
        "Energy": "100.000000 MWh",
        "of it covered by retired RECs": "100.000000 MWh",
    }
    assert content["name"] == "Net emissions 2024-01"


def test_a_hundred_tonnes_are_shown_as_a_hundred(act, net, facility, stranger):
    act.audit(act.direct(scope1=100 * TONNE))
    act.close()
    act.retire(act.offsets(100 * TONNE), 100 * TONNE)
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    content, _, rows, _ = metadata(net, claim_id(facility, MONTH, MONTH))
    assert (
        rows["Offsets retired"] == rows["Gross, market-based"] == rows["Gross, location-based"] == "100.000000 t CO2e"
    )
    assert "100.000000 t CO2e of offsets retired against 100.000000 t CO2e gross market-based" in content["description"]


@pytest.mark.parametrize(
    "grams, shown",
    [(1, "0.000001"), (999_999, "0.999999"), (1_000_001, "1.000001"), (123_456_789_012, "123456.789012")],
)
def test_no_digit_of_an_amount_is_lost(act, net, facility, stranger, grams, shown):
    act.audit(energy=0, scope1=grams)
    act.close()
    act.retire(act.offsets(2 * grams), 2 * grams)
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    _, _, rows, _ = metadata(net, claim_id(facility, MONTH, MONTH))
    assert (rows["Gross, market-based"], rows["Net"]) == (f"{shown} t CO2e", f"-{shown} t CO2e")


def test_the_image_names_facility_claim_and_how_often_it_was_claimed(act, net, certificate, facility, stranger):
    def foot():
        return metadata(net, certificate)[3]

    named = [f"facility 0x{facility:054x}", f"claim 0x{certificate:064x}"]
    assert foot() == [*named, "claimed 1 time; figures of the ledger as they stand now"]
    act.restate(scope1=TONNE)
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    assert foot() == [*named, "claimed 2 times; figures of the ledger as they stand now"]


def test_the_certificate_says_that_it_is_no_longer_valid_and_shows_the_figures_of_now(act, net, certificate):
    assert metadata(net, certificate)[1] == ["Net emissions certificate", "2024-01 - valid"]
    act.restate(scope1=3 * TONNE)
    content, title, rows, _ = metadata(net, certificate)
    assert title[1] == "2024-01 - NOT VALID NOW"
    assert (attributes(content)["valid"], attributes(content)["net_g"], rows["Net"]) == (
        "no",
        2 * TONNE,
        "2.000000 t CO2e",
    )


def test_the_certificate_of_several_months_adds_them_up_and_covers_no_month_beyond_its_load(
    act, net, facility, stranger
):
    for month in (MONTH, MONTH + 1):
        act.neutral(month)
    vintage = {"vintage_start": month_start(MONTH), "vintage_end": month_start(MONTH + 1)}
    act.retire(act.recs(50 * MWH, **vintage), 50 * MWH)  # above the load
    net.claim(facility, MONTH, MONTH + 1, ANNUAL, {"from": stranger})
    content, title, rows, _ = metadata(net, claim_id(facility, MONTH, MONTH + 1))
    assert title[1] == "2024-01 to 2024-02 - valid"
    assert attributes(content)["covered_wh"] == attributes(content)["energy_wh"] == 200 * MWH
    assert attributes(content)["gross_location_g"] == 200 * LOCATION + 2 * TONNE
    assert rows["Offsets retired"] == "2.000000 t CO2e"


@pytest.mark.parametrize("month, name", [(0, "1970-01"), (11, "1970-12"), (659, "2024-12"), (660, "2025-01")])
def test_the_month_is_written_as_in_the_calendar(act, net, facility, stranger, month, name):
    act.audit(energy=0, month=month)
    act.close(month)
    net.claim(facility, month, month, ANNUAL, {"from": stranger})
    assert metadata(net, claim_id(facility, month, month))[0]["name"] == f"Net emissions {name}"


def test_partly_covered_energy_is_shown_as_it_is(act, net, facility, stranger):
    act.audit(energy=100 * MWH)
    act.close()
    act.retire(act.recs(60 * MWH), 60 * MWH)
    act.retire(act.offsets(40 * RESIDUAL), 40 * RESIDUAL)
    net.claim(facility, MONTH, MONTH, ANNUAL, {"from": stranger})
    content, _, rows, _ = metadata(net, claim_id(facility, MONTH, MONTH))
    assert rows["of it covered by retired RECs"] == "60.000000 MWh"
    assert attributes(content)["gross_market_g"] == 40 * RESIDUAL


# ---------------------------------------------------------------------------------------------------------- interfaces
def test_the_standard_interfaces_and_its_own_are_announced(net):
    own = 0
    for entry in interface.INetEmissions.abi:
        if entry["type"] == "function":
            own ^= int.from_bytes(function_abi_to_4byte_selector(entry), "big")
    for known in ("0x01ffc9a7", "0x80ac58cd", "0x5b5e139f", LOCKED, f"0x{own:08x}"):
        assert net.supportsInterface(known)
    for unknown in ("0xffffffff", "0xd9b67a26"):
        assert not net.supportsInterface(unknown)


def test_the_certificate_contract_names_itself_and_its_ledger(net, tokens):
    assert (net.name(), net.symbol()) == ("carbon-tokens net emissions certificate", "NETCO2E")
    assert net.ledger() == tokens
