from __future__ import annotations

from records import document, release_id


def test_the_id_of_a_release_is_the_hash_of_its_dataset_year_and_edition(factors):
    assert factors.releaseIdOf("eGRID", 2023, "rev1") == "0x" + release_id("eGRID", 2023, "rev1").hex()


def test_ids_differ_by_dataset_year_edition_and_by_where_a_text_ends(factors):
    names = [("eGRID", 2023, "rev1"), ("eGRID", 2022, "rev1"), ("eGRID", 2023, "rev2"), ("eGRI", 2023, "Drev1")]
    assert len({str(factors.releaseIdOf(*name)) for name in names}) == 4


def test_the_file_behind_a_release_is_known_and_that_of_an_unknown_one_is_zero(factors, release):
    assert factors.fileHashOf(release) == "0x" + document("egrid2023_rev1.xlsx").hex()
    assert factors.fileHashOf(release_id("eGRID", 2023, "rev2")) == "0x" + 64 * "0"


def test_access_control_is_announced(factors):
    assert factors.supportsInterface("0x7965db0b")
    assert not factors.supportsInterface("0xffffffff")
