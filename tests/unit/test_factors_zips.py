"""ZIP codes and their subregions."""

from __future__ import annotations

import pytest

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import egrid, zips


@pytest.mark.parametrize(
    ("code", "subregion"), [("95814", "CAMX"), ("00501", "NYLI"), ("95814-1234", "CAMX"), ("00601", "PRMS")]
)
def test_a_zip_in_one_subregion_has_that_subregion(code: str, subregion: str) -> None:
    assert zips.subregions(code) == (subregion,)
    assert zips.subregion(code) == subregion
    assert zips.candidates(code) == ()


def test_an_ambiguous_zip_is_reported_with_its_candidates_and_not_guessed() -> None:
    assert zips.subregions("00019") == ("CAMX", "NWPP")
    with pytest.raises(FactorError) as caught:
        zips.subregion("00019")
    assert "ZIP 00019 lies in 2 subregions" in str(caught.value)
    assert "CAMX (Lassen Municipal Utility District, EIA 61987, predominant)" in str(caught.value)
    assert "NWPP (Surprise Valley Electric Corp, EIA 62636)" in str(caught.value)


def test_the_utility_on_the_bill_decides_an_ambiguous_zip() -> None:
    assert zips.subregion("00019", 61987) == "CAMX"
    assert zips.subregion("00019", 62636) == "NWPP"
    with pytest.raises(FactorError, match="lies in 2 subregions"):
        zips.subregion("00019", 1)


@pytest.mark.parametrize("code", ["9581", "958140", "9581a", "", "CAMX", 95814, "95814-12"])
def test_what_is_no_zip_code_is_rejected(code: str) -> None:
    with pytest.raises(FactorError, match="is no ZIP code"):
        zips.subregions(code)


def test_a_zip_that_epa_does_not_list_is_an_error() -> None:
    with pytest.raises(FactorError, match="ZIP 00000 is not in EPA's table"):
        zips.subregion("00000")


def test_the_table_holds_every_zip_and_every_ambiguous_zip_is_decided_by_its_utility() -> None:
    table = zips._zips()
    ambiguous = [code for code in table if len(zips.subregions(code)) > 1]
    assert (len(table), len(ambiguous)) == (41_588, 2_963)
    for code in ambiguous:
        found = zips.candidates(code)
        assert {one.subregion for one in found} == set(zips.subregions(code))
        assert len({one.eia_utility for one in found}) == len(found)
        assert sum(one.predominant for one in found) == 1


def test_every_subregion_of_a_zip_has_a_rate() -> None:
    regions = {region for code in zips._zips() for region in zips.subregions(code)}
    assert len(regions) == 27
    assert all(egrid.rates(region, 2023, level="subregion").factor > 0 for region in regions)
