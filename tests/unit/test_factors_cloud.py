"""Cloud providers' regions: Google's tables of several years, the GSF's columns, CodeCarbon's list."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from carbon_tokens.errors import CarbonTokensError, FactorError
from carbon_tokens.factors import cloud, files

GOOGLE = (
    "Google Cloud Region,Location,Google CFE,{}rid carbon intensity (gCO2eq / kWh)\n"
    "eu-west,Dublin,,300\nus-east,Ohio,0.5,410.5\nempty,Nowhere,,\n"
)
GSF = (
    "year,cloud-provider,cloud-region,location,power-usage-effectiveness,provider-cfe-annual,"
    "grid-carbon-intensity-average-consumption-annual\n"
    "2022,Provider,r-1,Paris,1.1,NA,55\n2023,Provider,r-1,Paris,,0.9,NA\n"
)
CODECARBON = "provider,region,impact\ngcp,r-1,400\naws,r-1,300\n"


def written(folder: Path, text: str, name: str = "regions.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8-sig")
    return folder / name


@pytest.mark.parametrize(("header", "boundary"), [("Lifecycle g", "lifecycle"), ("G", "")])
def test_googles_header_of_any_year_is_known_and_says_what_is_counted(
    tmp_path: Path, header: str, boundary: str
) -> None:
    found = cloud.read(written(tmp_path, GOOGLE.format(header)), year=2020)
    assert (found.form, found.boundary, len(found.regions)) == ("google", boundary, 2)
    ohio = found.of("GCP", "us-east", 2020)
    assert (ohio.value(cloud.CFE_HOURLY), ohio.value(cloud.GRID)) == (Decimal("0.5"), Decimal("410.5"))
    assert found.rejected == (("regions.csv:4", "gcp empty: no quantity is given"),)


def test_a_value_that_is_not_given_raises_when_it_is_asked_for(tmp_path: Path) -> None:
    first, second = cloud.read(written(tmp_path, GSF)).regions
    assert (first.value(cloud.PUE), second.value(cloud.CFE_ANNUAL)) == (Decimal("1.1"), Decimal("0.9"))
    for region, quantity in ((first, cloud.CFE_ANNUAL), (second, cloud.PUE), (second, cloud.GRID)):
        with pytest.raises(FactorError, match=f"does not give {quantity} of r-1"):
            region.value(quantity)
    with pytest.raises(FactorError, match="'carbon' is no quantity"):
        first.value("carbon")


def test_columns_of_the_gsf_are_optional_and_its_years_apart(tmp_path: Path) -> None:
    found = cloud.read(written(tmp_path, "cloud-region,year,cloud-provider,power-usage-effectiveness\nr,2022,P,1.5\n"))
    assert found.regions[0].value(cloud.PUE) == Decimal("1.5")
    with pytest.raises(FactorError, match="no region P r of 2023"):
        found.of("P", "r", 2023)


def test_the_same_region_of_two_providers_is_two(tmp_path: Path) -> None:
    found = cloud.read(written(tmp_path, CODECARBON), year=2024)
    assert [found.of(name, "r-1", 2024).value(cloud.GRID) for name in ("gcp", "aws")] == [400, 300]


@pytest.mark.parametrize(
    ("text", "old", "new", "reason"),
    [
        (GSF, "1.1", "0.9", "power-usage-effectiveness is '0.9'"),
        (GSF, ",0.9,", ",90,", "provider-cfe-annual is '90'"),
        (GSF, "55", "-55", "is '-55'"),
        (GSF, "55", "x", "not a finite number"),
        (GSF, "2022", "22", "'22' is no year"),
        (GSF, "2023,Provider", "2022,provider", "2022 stands twice"),
        (GSF, ",55", "", "6 cells under 7 columns"),
        (GSF, "cloud-region", "region", "no known form"),
    ],
)
def test_a_table_that_could_be_misread_is_refused(tmp_path: Path, text: str, old: str, new: str, reason: str) -> None:
    assert old in text
    with pytest.raises(CarbonTokensError, match=reason):
        cloud.read(written(tmp_path, text.replace(old, new, 1)))


def test_the_year_of_a_file_that_states_none_is_that_of_its_name_and_says_so(tmp_path: Path) -> None:
    text = GOOGLE.format("G")
    named = files.content(written(tmp_path, text, "regions_2021.csv"))
    assert (named["kind"], named["start"], named["year_from"]) == ("cloud", "2021", "file name")
    assert "year_from" not in files.content(written(tmp_path, text, "regions_2021.csv"), year=2019)
    assert files.content(written(tmp_path, text))["start"] == ""
    dated = files.content(written(tmp_path, GSF, "metadata_2021.csv"))
    assert (dated["start"], dated["end"]) == ("2022", "2023") and "year_from" not in dated
