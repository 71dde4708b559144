from __future__ import annotations

import pytest
from records import code, document, release_id

FILE = document("egrid2022_data.xlsx")
US = code("US", 2)
RELEASE = ("eGRID", 2022, "first", FILE, US)
ID = release_id("eGRID", 2022, "first")
ZONE = "0x" + US.hex()
CAMX, NWPP = code("CAMX", 9), code("NWPP", 9)


@pytest.fixture
def publish(factors, publisher):
    def send(rows, release=RELEASE):
        return factors.publish(release, rows, {"from": publisher})

    return send


def test_a_release_is_announced_with_the_hash_of_its_file_and_its_rows(factors, publish):
    tx = publish([(CAMX, 200, 300, True), (NWPP, 400, 0, False)])
    announced = tx.events["ReleasePublished"]
    assert [announced[name] for name in ("release", "dataset", "year", "edition")] == [
        "0x" + ID.hex(),
        "eGRID",
        2022,
        "first",
    ]
    assert announced["marketZone"] == ZONE
    assert announced["fileHash"] == factors.fileHashOf(ID) == "0x" + FILE.hex()
    rows = [
        (row["region"], row["location"], row["residual"], row["residualPublished"])
        for row in tx.events["FactorPublished"]
    ]
    assert rows == [("0x" + CAMX.hex(), 200, 300, True), ("0x" + NWPP.hex(), 400, 0, False)]


def test_further_regions_are_added_without_a_second_announcement(factors, publish):
    publish([(CAMX, 200, 300, True)])
    tx = publish([(NWPP, 400, 500, True)])
    assert "ReleasePublished" not in tx.events
    assert (factors.factorOf(ID, CAMX), factors.factorOf(ID, NWPP)) == ((200, 300, True, ZONE), (400, 500, True, ZONE))


def test_a_release_may_be_announced_before_its_rows(factors, publish):
    publish([])
    assert factors.fileHashOf(ID) == "0x" + FILE.hex()


def test_a_factor_is_never_edited(publish, refused):
    publish([(CAMX, 200, 300, True)])
    for rates in ((200, 300, True), (201, 300, True), (0, 0, False)):
        with refused("FactorExists", ID, CAMX):
            publish([(NWPP, 1, 1, True), (CAMX, *rates)])


def test_a_factor_of_zero_is_not_edited_either(publish, refused):
    publish([(CAMX, 0, 0, False)])
    with refused("FactorExists", ID, CAMX):
        publish([(CAMX, 1, 1, True)])


def test_a_region_stands_once_in_one_call(publish, refused):
    with refused("FactorExists", ID, CAMX):
        publish([(CAMX, 200, 300, True), (CAMX, 200, 300, True)])


def test_another_file_is_another_edition(factors, publish, refused):
    publish([(CAMX, 200, 300, True)])
    other = document("egrid2022_data_changed.xlsx")
    with refused("ReleaseFileDiffers", ID, FILE, other):
        publish([(NWPP, 1, 1, True)], (*RELEASE[:3], other, US))
    publish([(CAMX, 201, 301, True)], ("eGRID", 2022, "rev1", other, US))
    assert factors.factorOf(ID, CAMX) == (200, 300, True, ZONE)
    assert factors.factorOf(release_id("eGRID", 2022, "rev1"), CAMX) == (201, 301, True, ZONE)


def test_a_release_is_of_one_market_for_ever(factors, publish, refused):
    """The same file, so that only the market differs: a European release could otherwise be smuggled into a US one."""
    publish([(CAMX, 200, 300, True)])
    with refused("ReleaseMarketDiffers", ID, US, code("EU", 2)):
        publish([(NWPP, 1, 1, True)], (*RELEASE[:4], code("EU", 2)))
    publish([(NWPP, 1, 1, True)])
    assert factors.factorOf(ID, NWPP) == (1, 1, True, ZONE)


def test_a_release_without_dataset_year_edition_file_or_market_is_refused(publish, refused):
    for place, empty in enumerate(("", 0, "", bytes(32), bytes(2))):
        release = [empty if at == place else field for at, field in enumerate(RELEASE)]
        with refused("ReleaseIncomplete"):
            publish([(CAMX, 200, 300, True)], release)


def test_a_row_without_region_is_refused(publish, refused):
    with refused("RegionMissing"):
        publish([(CAMX, 200, 300, True), (bytes(9), 1, 1, True)])


def test_a_residual_mix_that_is_not_published_is_not_stored(factors, publish):
    tx = publish([(CAMX, 200, 999, False)])
    assert tx.events["FactorPublished"]["residual"] == 0
    assert factors.factorOf(ID, CAMX) == (200, 200, False, ZONE)


def test_the_largest_rate_is_kept_exactly(factors, publish):
    publish([(CAMX, 2**64 - 1, 2**64 - 1, True)])
    assert factors.factorOf(ID, CAMX)[:2] == (2**64 - 1, 2**64 - 1)
