from __future__ import annotations

from records import OFFSET, REC, code, document, role

REGISTRY, DEVICE, ZONE, REGION = code("WREGIS", 12), document("wind park"), code("US", 2), code("CAMX", 9)
SOURCE = (REGISTRY, DEVICE, ZONE, REGION, code("wind", 10))


def test_a_source_has_its_issuer_class_registry_zone_and_region_and_no_serial_yet(tokens, rec_issuer):
    tx = tokens.registerSource(REC, *SOURCE, {"from": rec_issuer})
    source = tokens.sourceIdOf(REGISTRY, DEVICE)
    codes = tuple("0x" + each.hex() for each in (REGISTRY, ZONE, REGION))
    assert tokens.sourceOf(source) == (rec_issuer, REC, *codes, 0, False)
    event = tx.events["SourceRegistered"]
    assert (event["source"], event["issuer"], event["class"]) == (source, rec_issuer, REC)
    assert (event["device"], event["technology"]) == ("0x" + DEVICE.hex(), "0x" + SOURCE[4].hex())


def test_sources_are_numbered_from_one(tokens, device, project):
    assert {device, project} == {1, 2}
    assert tokens.sourceIdOf(REGISTRY, DEVICE) == 0


def test_audited_emissions_and_unknown_classes_have_no_sources(tokens, refused, rec_issuer):
    for token_class in (0, 1, 4, 255):
        with refused("ClassNotIssuable", token_class):
            tokens.registerSource(token_class, *SOURCE, {"from": rec_issuer})


def test_a_device_of_a_registry_is_registered_once_whoever_comes_second(tokens, refused, rec_issuer, offset_issuer):
    tokens.registerSource(REC, *SOURCE, {"from": rec_issuer})
    for token_class, issuer in ((REC, rec_issuer), (OFFSET, offset_issuer)):
        with refused("SourceExists", tokens.sourceIdOf(REGISTRY, DEVICE)):
            tokens.registerSource(token_class, *SOURCE, {"from": issuer})


def test_the_same_device_number_of_another_registry_is_another_device(tokens, rec_issuer):
    tokens.registerSource(REC, *SOURCE, {"from": rec_issuer})
    tokens.registerSource(REC, code("MRETS", 12), *SOURCE[1:], {"from": rec_issuer})
    assert tokens.sourceIdOf(code("MRETS", 12), DEVICE) == tokens.sourceIdOf(REGISTRY, DEVICE) + 1


def test_a_source_without_registry_device_or_market_zone_is_refused(tokens, refused, rec_issuer):
    for missing in range(3):
        fields = [bytes(len(each)) if place == missing else each for place, each in enumerate(SOURCE)]
        with refused("CodeMissing"):
            tokens.registerSource(REC, *fields, {"from": rec_issuer})


def test_an_issuer_of_one_class_registers_no_source_of_the_other(tokens, refused, rec_issuer, offset_issuer):
    for token_class, name, caller in ((OFFSET, "OFFSET_ISSUER", rec_issuer), (REC, "REC_ISSUER", offset_issuer)):
        with refused("AccessControlUnauthorizedAccount", caller, role(f"{name}_ROLE")):
            tokens.registerSource(token_class, *SOURCE, {"from": caller})
