from __future__ import annotations

from actions import LOCATION, RESIDUAL
from records import code, release_id

CAMX, NWPP = code("CAMX", 10), code("NWPP", 10)


def test_the_published_rates_are_read_back(factors, release):
    assert factors.factorOf(release, CAMX) == (LOCATION, RESIDUAL, True)


def test_without_a_residual_mix_the_location_rate_stands_in_and_the_absence_is_disclosed(factors, release):
    assert factors.factorOf(release, NWPP) == (288_000, 288_000, False)


def test_an_unknown_region_has_no_factor(factors, release, refused):
    with refused("FactorUnknown", release, code("camx", 10)):
        factors.factorOf(release, code("camx", 10))


def test_an_unknown_release_has_no_factor(factors, release, refused):
    unknown = release_id("eGRID", 2024, "rev1")
    with refused("FactorUnknown", unknown, CAMX):
        factors.factorOf(unknown, CAMX)
