"""Annual factors in the forms of UNFCCC, India, Electricity Maps and CodeCarbon, and what is rejected of any form."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from carbon_tokens.errors import CarbonTokensError, FactorError
from carbon_tokens.factors import annual, files
from carbon_tokens.factors.choice import Place, explain

IFI = (
    ',"Combined Margin Grid Emission \nFactor, gCO2/kWh",,,,"Operating Margin Grid Emission \nFactor, gCO2/kWh"\n'
    ',Firm,Intermittent,"Energy Efficiency",Consumption,\n"Country / Territory / Island",,,,,\n'
    '"Utopia",193,331,193,193,414\n"Atlantis, Isle of",1,2,3,4,5\n,,,,,\n"Note 1: see the paper.",,,,,\n'
)
CEA = "financial_year,weighted_average_t_per_mwh\n2021-22,0.715\n2022-2023,0.716\n"
MAPS = '{"AE": {"zone": {"zoneName": "x"}, "carbonIntensity": {"value": 383, "unit": "gCO2eq/kWh"}}}'
MIX = '{"ABW": {"iso_code": "ABW", "year": 2022, "carbon_intensity": 561.224, "coal_TWh": 0.0}}'
USA = (
    '{"_unit": {"emissions": "lbs/MWh"}, "_source": {"year": 2023},'
    ' "alabama": {"emissions": 713.976, "regionCode": "al"}}'
)
RESIDUAL = "year,region,residual_lb_per_mwh,source\n2023,CAMX,434.219,CRS\n"


def table(folder: Path, text: str, name: str = "") -> Path:
    path = folder / (name or ("t.json" if text.startswith("{") else "t.csv"))
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "form", "first", "grams"),
    [
        (IFI, "unfccc-ifi", ("Utopia", 2021), "414"),
        (CEA, "cea", ("IND", 2021), "715"),
        (MAPS, "electricity-maps-yearly", ("AE", 2021), "383"),
        (MIX, "codecarbon-mix", ("ABW", 2022), "561.224"),
        (USA, "codecarbon-usa", ("AL", 2023), "323.85406596312"),
        (RESIDUAL, "residual", ("CAMX", 2023), "196.95842530903"),
    ],
)
def test_a_form_is_told_by_its_content_and_its_unit_made_g_per_kwh(
    tmp_path: Path, text: str, form: str, first: tuple[str, int], grams: str
) -> None:
    found = annual.parse(table(tmp_path, text), year=2021)
    one = found.rows[0]
    assert (found.form, (one.region, one.year), one.g_per_kwh) == (form, first, Decimal(grams))


def test_the_operating_margin_is_named_as_such_and_comes_after_a_mean(tmp_path: Path) -> None:
    margin = annual.read(table(tmp_path, IFI, "ifi.csv"), year=2021)
    mean = annual.read(table(tmp_path, "year,region,g_per_kwh\n2021,UTOPIA,300\n", "mean.csv"))
    alone = explain(Place(country="Utopia"), 2021, tables=margin).chosen("location")
    assert alone and alone.g_per_mwh == 414_000 and "no mean of the grid" in alone.reason
    both = explain(Place(country="Utopia"), 2021, tables=margin + mean).chosen("location")
    assert both and both.g_per_mwh == 300_000 and "also in ifi.csv" in both.reason


def test_what_is_no_factor_is_rejected_with_the_reason(tmp_path: Path) -> None:
    found = files.content(table(tmp_path, IFI, "ifi_2021.csv"))
    assert (found["rows"], found["regions"], found["year_from"]) == (3, 2, "file name")
    assert found["rejected"] == [{"row": "ifi_2021.csv:9", "reason": "Note 1: see the paper.: no number"}]
    text = "Entity,Code,Year,Carbon intensity of electricity per kWh\nWorld,,2020,1\nGermany,DEU,2020,\nX,XXX,2020,5\n"
    rejected = annual.parse(table(tmp_path, text)).rejected
    assert [(where, reason[:11]) for where, reason in rejected] == [
        ("t.csv:2", "no code of "),
        ("t.csv:3", "DEU: no num"),
    ]


@pytest.mark.parametrize(
    ("text", "old", "new", "reason"),
    [
        (MAPS, "gCO2eq/kWh", "kg/kWh", "AE has no carbonIntensity in gCO2eq/kWh"),
        (MAPS, '"value": 383, ', "", "the entry has no value"),
        (MAPS, "383", "[1]", "the entry has no value"),
        (MAPS, "383", "383e9", "no factor in g/kWh"),
        (MAPS, "383", "1e-999999", "no factor in g/kWh"),
        (MAPS, "383", "NaN", "the entry has no value"),
        (MIX, '"year": 2022, ', "", "no known form"),
        (MIX, '"coal_TWh": 0.0', '"year": 2021', "'year' stands twice"),
        (USA, "lbs/MWh", "kg/MWh", "in 'kg/MWh'"),
        (USA, '"year": 2023', '"a": 1', "no factor of a year"),
        (CEA, "2021-22", "2021-23", "no financial year"),
        (CEA, "2021-22", "2022-23", "stands in rows 2 and 3"),
        (IFI, "Operating Margin Grid Emission \nFactor, gCO2/kWh", "Operating Margin Grid Emission", "not one column"),
        (RESIDUAL, "434.219", "434,219", "5 cells under 4 columns"),
        ('{"x": {"total": 1, "coal": 2, "hydro": 3}}', "3", "4", "shares of fuels without an intensity"),
        ('{"x": [1]}', "1", "2", "no table of countries"),
    ],
)
def test_a_table_that_could_be_misread_is_refused(tmp_path: Path, text: str, old: str, new: str, reason: str) -> None:
    assert old in text
    with pytest.raises(CarbonTokensError, match=reason):
        annual.read(table(tmp_path, text.replace(old, new, 1)), year=2021)


def test_a_table_of_suppliers_without_products_has_one_factor_each(tmp_path: Path) -> None:
    text = "psd_year,supplier_name,ghg_intensity_lb_co2e_per_mwh\n2023,Power,9\n2023,{},8\n"
    assert [each.region for each in annual.read(table(tmp_path, text.format("Light")))] == ["Power", "Light"]
    with pytest.raises(FactorError, match="Power 2023 stands in rows 2 and 3"):
        annual.read(table(tmp_path, text.format("Power")))


def test_a_factor_takes_no_year_from_the_name_of_its_file(tmp_path: Path) -> None:
    path = table(tmp_path, MAPS, "yearly_2024.json")
    with pytest.raises(FactorError, match="the file states no year"):
        annual.read(path)
    assert files.content(path)["start"] == "2024"
    with pytest.raises(FactorError, match="the file states no year"):
        files.content(table(tmp_path, MAPS, "2023_to_2024.json"))


def test_every_kind_says_the_same_of_a_file(tmp_path: Path) -> None:
    wanted = {"file", "kind", "form", "rows", "regions", "start", "end", "rejected", "file_sha256"}
    texts = {
        "maps_2024.json": MAPS, "cea.csv": CEA, "g_2020.csv": "provider,region,impact\na,b,5\n",
        "h.csv": "hour,g_per_kwh\n2024-01-01T00:00Z,1\n2024-01-01T01:00Z,\n",
        "zip.csv": "zip,eiaid,SUBRGN\n00501,1,NYLI\n1,2,NYLI\n",
        "sub.csv": "egrid_release,SUBRGN,CO2_lb_per_MWh\neGRID2022,CAMX,500\n",
        "us.csv": "YEAR,USNGENAN,USCO2RTA,USCH4RTA,USN2ORTA,USC2ERTA\n2023,1,2,0,0,3\n",
    }  # fmt: skip
    kinds = []
    for name, text in texts.items():
        said = json.loads(json.dumps(files.content(table(tmp_path, text, name))))
        assert wanted <= set(said), name
        assert len(said["file_sha256"]) == 64 and all(set(each) == {"row", "reason"} for each in said["rejected"])
        kinds.append((said["kind"], said["rows"], len(said["rejected"])))
    assert kinds == [
        ("annual", 1, 0), ("annual", 2, 0), ("cloud", 1, 0), ("hourly", 2, 1), ("zips", 2, 1), ("egrid", 1, 0),
        ("egrid", 1, 0),
    ]  # fmt: skip


def test_a_table_of_subregions_is_checked_like_a_release(tmp_path: Path) -> None:
    text = "egrid_release,SUBRGN,CO2_lb_per_MWh,CO2e_lb_per_MWh\neGRID2023,CAMX,436.655,422.234\n"
    with pytest.raises(FactorError, match=r"refused: CAMX CO2e 422\.234 .* below CO2 436\.655"):
        files.content(table(tmp_path, text))
    for old, new, reason in (
        ("eGRID2023", "unknown", "of 0 years"), ("CAMX", "California", "is no subregion"), ("436.655", "-1", "below 0"),
    ):  # fmt: skip
        with pytest.raises(FactorError, match=reason):
            files.content(table(tmp_path, text.replace(old, new)))
