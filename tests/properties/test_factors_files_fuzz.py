"""Damaged files of factors: read or refused by a named error, whatever was done to them, and never a silent number."""

from __future__ import annotations

import io
import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_tokens.errors import CarbonTokensError, FactorError
from carbon_tokens.factors import annual, area_files, cloud, files, sums, utilities, zips
from carbon_tokens.factors.areas import FUELS, number

MOST = settings.default.max_examples if settings.default else 100
SLOW = settings(max_examples=MOST, suppress_health_check=[HealthCheck.too_slow], deadline=None)
MIX = ",".join(f"PL{fuel}PR" for fuel in FUELS)
EGRID = (
    f"YEAR,ORISPL,PNAME,PSTATABB,BACODE,SUBRGN,NERC,PLNGENAN,PLCO2AN,PLCO2EQA,PLCO2RTA,PLCH4RTA,PLN2ORTA,PLC2ERTA,{MIX}\n"
    "2018,7,Big Bend,FL,TEC,FRCC,SERC,60,27,28,900.5,0.1,0.02,910.25,100,0,0,0,0,0,0,0,0,0,0\n"
    '2018,8,"Wind, east",FL,TEC,FRCC,SERC,40,,,,,,,0,0,0,0,0,0,100,0,0,0,0\n'
    "2018,9,Pump,FL,TEC,FRCC,SERC,-5,0,0,0,0,0,0,,,,,,,,,,,\n"
)
TEXTS = {
    "plants.csv": EGRID,
    "ggl.csv": "REGION,GGRSLOSS,YEAR\nWestern,4.8%,2018\nU.S.,0.042,2018\n",
    "subregions.csv": "egrid_release,SUBRGN,CO2_lb_per_MWh,CO2e_lb_per_MWh\neGRID2022,CAMX,500,501\n",
    "owid.csv": "Entity,Code,Year,Carbon intensity of electricity per kWh\nWorld,,2020,1\nGermany,DEU,2020,362.92\n",
    "ifi.csv": ',"Operating Margin Grid Emission \nFactor, gCO2/kWh"\n"Utopia",414\n"Note",\n',
    "cea.csv": "financial_year,weighted_average_t_per_mwh\n2021-22,0.715\n2022-23,0.716\n",
    "maps.json": '{"AE": {"zone": {"zoneName": "x"}, "carbonIntensity": {"value": 383, "unit": "gCO2eq/kWh"}}}',
    "mix.json": '{"ABW": {"iso_code": "ABW", "year": 2022, "carbon_intensity": 561.224}}',
    "usa.json": '{"_unit": {"emissions": "lbs/MWh"}, "_source":{"year":2023},"a":{"emissions": 7, "regionCode": "A"}}',
    "google.csv": "Google Cloud Region,Location,Google CFE,Grid carbon intensity (gCO2eq / kWh)\neu,Dublin,0.5,300\n",
    "gsf.csv": "year,cloud-provider,cloud-region,power-usage-effectiveness\n2022,P,r,1.1\n2023,P,r,NA\n",
    "zip.csv": "zip,eiaid,SUBRGN\n00501,1,NYLI\n00501,2,NYCW\n",
    "aib.csv": "country,residual_mix_gCO2_per_kWh\nAT,0.0\nDE,724.5\n",
    "green-e.csv": "# notes\nresidual_year,subregion,residual_lb_per_mwh\n2023,CAMX,434.219\n",
    "cec.csv": "psd_year,supplier_name,product,ghg_intensity_lb_co2e_per_mwh\n2023,Power,Green,0\n2023,Power,Brown,9\n",
    "map.json": '{"features": [{"properties": {"name": "CAMX", "fullName": "California", "dataYear": 2021, "gridLoss":'
                ' {"value": 0.05}, "emissionFactor": {"co2EmissionRate": {"value": 5, "units": "lb/MWh"}}}}]}',
    "em.csv": "Datetime (UTC),Zone id,Carbon intensity gCO₂eq/kWh (direct)\n2023-01-01 00:00:00,NO,9.3\n",
    "eia.csv": "time,WND,SUN,COL\n2022-01-01T00:00:00+00:00,5,1,2\n2022-01-01T01:00:00+00:00,5,,2\n",
    "entsoe.csv": "time,Fossil Gas,Solar\n2020-01-01 00:00:00+01:00,5,1\n2020-01-01 01:00:00+01:00,0,0\n",
    "hours.csv": "hour,g_per_kwh\n2024-01-01T00:00Z,120\n2024-01-01T01:00Z,\n2024-01-01T02:00Z,140\n",
}  # fmt: skip
VALUES = [
    "", " ", "-1", "0", "1e9", "1e999999", "1e-999999", "NaN", "inf", "٣", "--", "NA", "9" * 400, "1,000", '"', "\r",
    "\x00", "null", "[", "true", "2018", "88888", "100%", "\ufeff", "é",
]  # fmt: skip


@contextmanager
def in_file(content: bytes, name: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        (folder / name).write_bytes(content)
        yield folder / name
    finally:
        shutil.rmtree(folder)


def mutated(data: st.DataObject, text: str) -> bytes:
    """A text after a few changes: a cell replaced, a piece cut out or doubled, lines changed over, a letter changed."""
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, max(len(text) - 1, 0)))
        way = data.draw(st.sampled_from(["cell", "cut", "double", "line", "letter"]))
        if way == "cell":
            cells = text.split(",")
            at = data.draw(st.integers(0, len(cells) - 1))
            cells[at] = data.draw(st.sampled_from(VALUES))
            text = ",".join(cells)
        elif way in ("cut", "double"):
            end = min(len(text), start + data.draw(st.integers(1, 60)))
            text = text[:start] + (text[start:end] * 2 if way == "double" else "") + text[end:]
        elif way == "line":
            lines = text.split("\n")
            at, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
            lines[at], lines[other] = lines[other], lines[at]
            text = "\n".join(lines)
        else:
            text = text[:start] + data.draw(st.characters()) + text[start + 1 :]
    return text.encode("utf-8", "surrogatepass")


def refused(read: object, *arguments: object) -> bool:
    """Whether a reader raises one of the package's errors; any other exception fails the test."""
    try:
        read(*arguments)  # type: ignore[operator]
    except CarbonTokensError as error:
        assert error.what
        return True
    return False


def plausible(value: Decimal | None) -> bool:
    return value is None or (value.is_finite() and 0 <= value < 10**16 and len(format(value, "f")) < 80)


@pytest.mark.parametrize("name", TEXTS)
def test_the_files_are_read_as_they_are(name: str) -> None:
    """Else the tests below would only try refusals."""
    with in_file(TEXTS[name].encode(), f"f_2021{Path(name).suffix}") as path:
        assert files.content(path)["rows"] > 0


@SLOW
@given(st.data(), st.sampled_from(sorted(TEXTS)))
def test_a_damaged_file_is_told_and_read_or_refused_by_name(data: st.DataObject, name: str) -> None:
    with in_file(mutated(data, TEXTS[name]), f"f_2021{Path(name).suffix}") as path:
        try:
            said = files.content(path)
        except CarbonTokensError as error:
            assert error.what
            return
        assert said["rows"] >= len(said["rejected"]) and all(each["reason"] for each in said["rejected"])


@SLOW
@given(st.data())
def test_damaged_plants_are_all_accounted_for(data: st.DataObject) -> None:
    with in_file(mutated(data, EGRID), "plants.csv") as path:
        try:
            found = area_files.read(path)
        except FactorError as error:
            assert error.what
            return
        for area in found.areas:
            assert (area.generation is None or area.generation > 0) and plausible(area.co2) and plausible(area.co2e)
            assert area.co2 is None or area.co2e is None or area.co2 <= area.co2e
            mixes: list[dict[str, Decimal]] = []
            if not refused(lambda one=area, into=mixes: into.append(one.mix())) and mixes[0]:
                assert abs(sum(mixes[0].values()) - 1) <= Decimal("0.01")
        assert len({area.region for area in found.areas}) == len(found.areas)
        refused(sums.reconcile, [found])


@SLOW
@given(st.data(), st.sampled_from(["owid.csv", "ifi.csv", "cea.csv", "maps.json", "mix.json", "usa.json"]))
def test_damaged_annual_factors_are_factors_or_refused(data: st.DataObject, name: str) -> None:
    with in_file(mutated(data, TEXTS[name]), name) as path:
        try:
            found = annual.parse(path, year=2021)
        except CarbonTokensError as error:
            assert error.what
            return
        assert all(plausible(each.g_per_kwh) and each.g_per_kwh <= annual.LIMIT for each in found.rows)
        assert all(each.region and 1990 <= each.year < 2200 for each in found.rows)


@SLOW
@given(st.data(), st.sampled_from(["google.csv", "gsf.csv"]))
def test_damaged_cloud_regions_give_a_value_or_raise(data: st.DataObject, name: str) -> None:
    with in_file(mutated(data, TEXTS[name]), name) as path:
        try:
            found = cloud.read(path, year=2021)
        except CarbonTokensError as error:
            assert error.what
            return
        for region in found.regions:
            for quantity, (least, most) in cloud.QUANTITIES.items():
                if not refused(region.value, quantity):
                    assert least <= region.value(quantity) <= most


@SLOW
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"{", b"PK\x03\x04", b"\xff\xfe", b"YEAR,USCO2RTA,USNGENAN\n", b'"'])
)
def test_any_bytes_are_no_factors_but_an_error(content: bytes, start: bytes) -> None:
    with in_file(start + content, "f.csv") as path:
        for read in (files.content, area_files.read, annual.parse, cloud.read, utilities.read, zips.summary):
            refused(read, path)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    utility, plants = book.worksheets[0], book.create_sheet("PLNT18")
    utility.title = "States"
    utility.append(["Utility Characteristics", *[None] * 6])
    utility.append(["Data Year", "Utility Number", "Utility Name", "State", "Ownership Type", "NERC Region", "x"])
    utility.append([2020, 55, "Town", "KS", "Municipal", "MRO", None])
    plants.append(["long"])
    plants.append(["YEAR", "ORISPL", "PNAME", *[f"PL{code}" for code in
                   ("NGENAN", "CO2RTA", "CH4RTA", "N2ORTA", "C2ERTA")]])  # fmt: skip
    plants.append([2018, 7, "Big Bend", 60, 900.5, 0.1, 0.02, 910.25])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


WORKBOOK = workbook()


@SLOW
@given(st.integers(0, len(WORKBOOK) - 1), st.binary(min_size=1, max_size=8), st.integers(0, len(WORKBOOK)))
def test_a_damaged_workbook_is_read_or_refused_by_name(at: int, new: bytes, end: int) -> None:
    content = (WORKBOOK[:at] + new + WORKBOOK[at + len(new) :])[: max(end, 4)]
    with in_file(content, "f.xlsx") as path:
        if not refused(utilities.read, path):
            assert set(utilities.read(path).utilities) == {55}
        if not refused(area_files.read, path):
            assert [area.co2e for area in area_files.read(path).areas] == [Decimal("910.25")]


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates())
def test_a_cell_is_none_a_finite_number_or_an_error(cell: object) -> None:
    found: list[Decimal | None] = []
    if not refused(lambda: found.append(number(cell))):
        (value,) = found
        assert value is None or value.is_finite()
        if isinstance(cell, (int, float)):
            assert value is not None and math.isclose(float(value), float(cell))
