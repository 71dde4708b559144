from __future__ import annotations

from records import code, document, facility_id

REGION, ZONE, METADATA = code("CAMX", 9), code("US", 2), document("another hall")


def test_anyone_registers_a_facility_and_owns_it(tokens, stranger):
    tx = tokens.registerFacility(REGION, ZONE, METADATA, {"from": stranger})
    number = facility_id(stranger, METADATA)
    assert tokens.facilityOf(number) == (stranger, "0x5553", "0x43414d580000000000", False)
    event = tx.events["FacilityRegistered"]
    assert (event["facility"], event["owner"], event["metadata"]) == (number, stranger, "0x" + METADATA.hex())


def test_the_id_of_a_facility_fits_into_216_bits_and_differs_by_owner_and_by_metadata(tokens, stranger, buyer):
    for owner, metadata in ((stranger, METADATA), (buyer, METADATA), (buyer, document("third hall"))):
        tokens.registerFacility(REGION, ZONE, metadata, {"from": owner})
        number = facility_id(owner, metadata)
        assert number < 2**216
        assert tokens.facilityOf(number)["owner"] == owner


def test_a_facility_is_registered_once_and_its_region_never_changes(tokens, refused, stranger):
    tokens.registerFacility(REGION, ZONE, METADATA, {"from": stranger})
    with refused("FacilityExists", facility_id(stranger, METADATA)):
        tokens.registerFacility(code("NWPP", 9), ZONE, METADATA, {"from": stranger})


def test_a_facility_without_grid_region_or_market_zone_is_refused(tokens, refused, stranger):
    for region, zone in ((bytes(9), ZONE), (REGION, bytes(2))):
        with refused("CodeMissing"):
            tokens.registerFacility(region, zone, METADATA, {"from": stranger})
