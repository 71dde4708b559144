"""Which factor a site has: the most specific number of the year, with the reason; nothing wider without being asked."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from carbon_tokens.errors import CarbonTokensError, FactorError
from carbon_tokens.factors import annual, choice, egrid, hourly
from carbon_tokens.factors.choice import CHOSEN, Place, explain

GREEN_E = (
    "# Adjusted system mix\nresidual_year,subregion,residual_lb_per_mwh,data_quality\n"
    "2023,CAMX,434.219,PUBLISHED\n2023,NWPP,610,PUBLISHED\n"
)
SUPPLIERS = (
    "psd_year,state,supplier_id,supplier_name,product,ghg_intensity_lb_co2e_per_mwh\n"
    "2023,CA,A,Alameda Municipal Power,Standard,105\n2023,CA,B,Bay Power,Green,0\n2023,CA,B,Bay Power,Brown,900\n"
)
COUNTRIES = (
    "Entity,Code,Year,Carbon intensity of electricity per kWh\nASEAN (Ember),,2023,570\nGermany,DEU,2023,362.92\n"
)


def table(folder: Path, text: str, **options: object) -> list[annual.Annual]:
    path = folder / f"table{len(list(folder.iterdir()))}.{'json' if text.startswith('{') else 'csv'}"
    path.write_text(text)
    return annual.read(path, **options)  # type: ignore[arg-type]


def steps(found: choice.Explanation) -> dict[str, str]:
    return {f"{each.basis} {each.step}": each.state for each in found.candidates}


def test_a_site_has_the_factor_of_its_subregion_before_that_of_its_state_or_country() -> None:
    found = explain(Place(zip="95054", state="CA"), 2023)
    chosen = found.chosen("location")
    assert chosen and (chosen.step, chosen.region, chosen.edition) == ("subregion", "CAMX", "rev1")
    assert chosen.g_per_mwh == egrid.rates("CAMX", 2023).g_per_mwh and len(chosen.file_sha256) == 64
    assert steps(found)["location state"] == steps(found)["location country"] == choice.LESS


def test_hourly_intensities_of_the_sites_zone_come_first(tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    path.write_text("hour,g_per_kwh\n2023-01-01T00:00Z,100\n2023-01-01T01:00Z,200\n")
    series = hourly.read(path, zone="US-CAL-CISO")
    chosen = explain(Place(zip="95054", zone="US-CAL-CISO"), 2023, hourly=[series]).chosen("location")
    assert chosen and (chosen.step, chosen.g_per_mwh) == ("hourly", 150_000) and "8758 missing" in chosen.reason
    other = explain(Place(zip="95054", zone="DE"), 2023, hourly=[series]).chosen("location")
    assert other and other.step == "subregion"
    earlier = explain(Place(zip="95054", zone="US-CAL-CISO"), 2022, hourly=[series]).chosen("location")
    assert earlier and earlier.step == "subregion"


def test_a_residual_mix_answers_for_the_market_only(tmp_path: Path) -> None:
    found = explain(Place(zip="95054"), 2023, tables=table(tmp_path, GREEN_E))
    market, location = found.chosen("market"), found.chosen("location")
    assert market and market.step == "residual" and market.g_per_mwh == Decimal("434.219") * Decimal("453.59237")
    assert location and location.step == "subregion" and location.g_per_mwh != market.g_per_mwh


def test_a_suppliers_factor_comes_before_the_residual_mix(tmp_path: Path) -> None:
    tables = table(tmp_path, GREEN_E) + table(tmp_path, SUPPLIERS)
    found = explain(Place(zip="95054", supplier="Alameda Municipal Power"), 2023, tables=tables).chosen("market")
    assert found and (found.step, found.g_per_mwh) == ("supplier", 105 * Decimal("453.59237"))
    named = explain(Place(zip="95054", supplier="bay power: green"), 2023, tables=tables).chosen("market")
    assert named and named.g_per_mwh == 0
    with pytest.raises(FactorError, match="2 products: Bay Power: Green; Bay Power: Brown"):
        explain(Place(zip="95054", supplier="Bay Power"), 2023, tables=tables)


def test_without_a_residual_mix_the_location_stands_in_and_the_absence_is_disclosed() -> None:
    found = explain(Place(zip="95054"), 2023)
    market, location = found.chosen("market"), found.chosen("location")
    assert market and location and (market.step, market.g_per_mwh) == ("location", location.g_per_mwh)
    assert "discloses" in market.reason


def test_no_other_year_and_no_wider_place_stands_in_unless_asked_for() -> None:
    assert explain(Place(zip="95054"), 2031).chosen("location") is None
    short = explain(Place(subregion="PRMS", state="TX"), 2018)  # eGRID has Puerto Rico's subregion from 2019 on
    assert short.chosen("location") is None
    assert "wider than the site's own region" in {each.step: each.reason for each in short.candidates}["state"]
    wide = explain(Place(subregion="PRMS", state="TX"), 2018, wider=True).chosen("location")
    assert wide and (wide.step, wide.region) == ("state", "TX")


def test_a_country_has_the_number_of_the_file_and_year(tmp_path: Path) -> None:
    tables = table(tmp_path, COUNTRIES)
    found = explain(Place(country="deu"), 2023, tables=tables).chosen("location")
    assert found and (found.step, found.g_per_mwh, found.source) == ("country", 362_920, "table0.csv")
    missing = explain(Place(country="DEU"), 2024, tables=tables)
    assert missing.chosen("location") is None and "it has 2023 to 2023" in missing.candidates[1].reason
    assert not any(each.g_per_mwh for each in explain(Place(country="FRA"), 2023).candidates)


def test_an_explanation_is_the_same_as_json(tmp_path: Path) -> None:
    found = explain(Place(zip="95054"), 2023, tables=table(tmp_path, GREEN_E))
    content = json.loads(json.dumps(found.to_json()))
    assert content["location"]["state"] == CHOSEN and content["market"]["step"] == "residual"
    assert [each["step"] for each in content["candidates"]] == [each.step for each in found.candidates]
    assert content["location"]["g_per_mwh"] == "198765.53731111"


def test_a_zip_of_several_subregions_needs_its_utility() -> None:
    with pytest.raises(FactorError, match="lies in 2 subregions"):
        explain(Place(zip="93526"), 2023)


def test_a_utility_of_several_states_has_the_mean_by_retail_sales() -> None:
    rates = {"CA": Decimal(200), "NV": Decimal(300), "AZ": Decimal(400)}
    shares = {"CA": Fraction(6, 10), "NV": Fraction(3, 10), "AZ": Fraction(1, 10)}
    assert choice.retail_weighted(shares, rates.__getitem__) == 250
    with pytest.raises(FactorError, match="do not add up to 1"):
        choice.retail_weighted({"CA": Fraction(6, 10)}, rates.__getitem__)
    both = choice.retail_weighted_rate({"CA": Fraction(1, 2), "NV": Fraction(1, 2)}, 2023)
    assert both == (egrid.rates("CA", 2023).g_per_mwh + egrid.rates("NV", 2023).g_per_mwh) / 2


@pytest.mark.parametrize(
    ("text", "options", "form", "basis", "first"),
    [
        (GREEN_E, {}, "green-e", "residual", ("CAMX", 2023)),
        (SUPPLIERS, {}, "cec", "supplier", ("Alameda Municipal Power: Standard", 2023)),
        (COUNTRIES, {}, "owid-ember", "location", ("DEU", 2023)),
        ("country,residual_mix_gCO2_per_kWh\nAT,0.0\n", {"year": 2024}, "aib", "residual", ("AT", 2024)),
        ("Date:year,Member State:text,index:number\n1990,Finland,188.0\n", {}, "eea", "location", ("Finland", 1990)),
        ("year,region,lb_per_mwh\n2020,X,1\n", {"basis": "supplier"}, "plain", "supplier", ("X", 2020)),
        (
            '{"DEU": {"country_code": "DEU", "year": 2023, "emissions_intensity_gco2_per_kwh": 344.14}}',
            {}, "ember-json", "location", ("DEU", 2023),
        ),
    ],
)  # fmt: skip
def test_a_published_form_is_told_by_its_header(
    tmp_path: Path, text: str, options: dict[str, object], form: str, basis: str, first: tuple[str, int]
) -> None:
    found = table(tmp_path, text, **options)
    assert {(each.form, each.basis) for each in found} == {(form, basis)}
    assert (found[0].region, found[0].year) == first and all(each.g_per_kwh >= 0 for each in found)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a,b\n1,2\n", "no known form"),
        ("[]", "no known form"),
        ('{"DEU": 5}', "no table of countries"),
        ('{"DEU": {"a": 1}}', "no known form"),
        ("country,residual_mix_gCO2_per_kWh\nAT,0.0\n", "states no year"),
        ("year,region,g_per_kwh,lb_per_mwh\n2020,X,1,1\n", "g/kWh and lb/MWh"),
        ("year,region,g_per_kwh\n2020,X,-1\n", "no factor of a year"),
        ("year,region,g_per_kwh\n20,X,1\n", "no factor of a year"),
        ("year,region,g_per_kwh\n2020,X,nan\n", "not a finite number"),
        ("year,region,g_per_kwh\n2020,X,1\n2020,x,2\n", "rows 2 and 3"),
        ("year,region,g_per_kwh\n2020,X\n", "2 cells under 3 columns"),
    ],
)
def test_a_table_that_could_be_misread_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(CarbonTokensError, match=what):
        table(tmp_path, text)
