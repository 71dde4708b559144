from __future__ import annotations

from actions import LOCATION, RESIDUAL
from records import code, release_id

ZONE = "0x" + code("US", 2).hex()
CAMX, NWPP = code("CAMX", 9), code("NWPP", 9)


def test_the_published_rates_are_read_back(factors, release):
    assert factors.factorOf(release, CAMX) == (LOCATION, RESIDUAL, True, ZONE)


def test_without_a_residual_mix_the_location_rate_stands_in_and_the_absence_is_disclosed(factors, release):
    assert factors.factorOf(release, NWPP) == (288_000, 288_000, False, ZONE)


def test_an_unknown_region_has_no_factor(factors, release, refused):
    with refused("FactorUnknown", release, code("camx", 9)):
        factors.factorOf(release, code("camx", 9))


def test_an_unknown_release_has_no_factor(factors, release, refused):
    unknown = release_id("eGRID", 2024, "rev1")
    with refused("FactorUnknown", unknown, CAMX):
        factors.factorOf(unknown, CAMX)
