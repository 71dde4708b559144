"""Scope 1: fuel that was burnt and refrigerant that leaked, from a log to whole grams."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from carbon_tokens.energy import direct_log
from carbon_tokens.errors import EnergyError, FactorError
from carbon_tokens.factors import direct
from carbon_tokens.periods import Month
from carbon_tokens.statements import MethodReference
from carbon_tokens.statements.direct import scope1

METHOD = MethodReference.shipped()
HEAD = "kind,name,amount,unit,from,thru\n"


def log(folder: Path, *rows: str) -> list[direct_log.Use]:
    path = folder / "direct.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n")
    return direct_log.read(path)


def test_ten_gallons_of_diesel_are_the_demos_grams(tmp_path: Path) -> None:
    """10 × (10.21 kg + 0.41 g × 28 + 0.08 g × 265), rounded up."""
    found = scope1(log(tmp_path, "fuel,diesel,10,gallon,2021-04-07,2021-04-07"), Month.parse("2021-04"), METHOD)
    assert found.grams == 102_427 and found.lines[0].grams == Fraction("102426.8")


def test_a_row_that_crosses_a_month_is_split_by_days_and_loses_nothing(tmp_path: Path) -> None:
    uses = log(tmp_path, "refrigerant,R-410A,3,kg,2024-01-16,2024-02-14")
    parts = [scope1(uses, Month.parse(each), METHOD).lines[0].grams for each in ("2024-01", "2024-02")]
    assert parts == [Fraction(16, 30) * 3 * 1_923_500, Fraction(14, 30) * 3 * 1_923_500]
    assert scope1(uses, Month.parse("2024-03"), METHOD).grams == 0


def test_the_sum_of_a_month_is_rounded_up_once(tmp_path: Path) -> None:
    rows = [f"fuel,diesel,0.00001,gallon,2024-01-0{day},2024-01-0{day}" for day in range(1, 4)]
    assert scope1(log(tmp_path, *rows), Month.parse("2024-01"), METHOD).grams == 1  # 0.307 g


@pytest.mark.parametrize(
    ("name", "unit", "grams"),
    [
        ("diesel", "L", Fraction("10242.68") / Fraction("3.785411784")),
        ("Distillate Fuel Oil No. 2", "mmbtu", Fraction("10242.68") / Fraction("0.138")),
        ("natural gas", "scf", Fraction("54.44") + Fraction("0.00103") * 28 + Fraction("0.0001") * 265),
        ("gas", "m3", (Fraction("54.44") + Fraction("0.02884") + Fraction("0.0265")) / Fraction("0.028316846592")),
        ("Propane", "gallon", 5720 + Fraction("0.27") * 28 + Fraction("0.05") * 265),
    ],
)
def test_a_fuel_is_counted_in_every_unit_of_its_kind(name: str, unit: str, grams: Fraction) -> None:
    assert direct.emissions("fuel", name, Fraction(1), unit).grams == grams


def test_co2_of_biomass_stands_apart_and_its_other_gases_count() -> None:
    found = direct.emissions("fuel", "biodiesel", Fraction(2), "gallon")
    assert (found.grams, found.biogenic) == (2 * (Fraction("0.14") * 28 + Fraction("0.01") * 265), 18_900)


@pytest.mark.parametrize(
    ("name", "gwp"),
    [("R-134a", "1300"), ("R-404A", "3942.8"), ("R-407C", "1624.21"), ("R-410A", "1923.5"), ("R-507A", "3985")],
)
def test_a_blend_warms_as_its_parts_do(name: str, gwp: str) -> None:
    """AR5 values of blends as their makers print them, to the digit before rounding."""
    assert direct.emissions("refrigerant", name, Fraction(1), "kg").grams == 1000 * Fraction(gwp)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("fuel,coffee,1,gallon,2024-01-01,2024-01-01", "no emission factor of fuel 'coffee'"),
        ("fuel,diesel,1,kg,2024-01-01,2024-01-01", "not measured in 'kg'"),
        ("refrigerant,R-9,1,kg,2024-01-01,2024-01-01", "no refrigerant"),
        ("refrigerant,R-32,1,gallon,2024-01-01,2024-01-01", "a leak is a mass"),
    ],
)
def test_what_has_no_factor_is_named_by_its_row_even_in_another_month(tmp_path: Path, row: str, what: str) -> None:
    with pytest.raises(FactorError, match=what) as caught:
        scope1(log(tmp_path, row), Month.parse("2025-06"), METHOD)
    assert "direct.csv:2" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("oil,diesel,1,gallon,2024-01-01,2024-01-01", "neither fuel nor refrigerant"),
        ("fuel,diesel,1.5e3,gallon,2024-01-01,2024-01-01", "no amount"),
        ("fuel,diesel,-1,gallon,2024-01-01,2024-01-01", "no amount"),
        ("fuel,diesel,1,gallon,01/02/2024,2024-01-01", "no date"),
        ("fuel,diesel,1,gallon,2024-01-02,2024-01-01", "before it starts"),
        ("fuel,,1,gallon,2024-01-01,2024-01-01", "no name"),
        ("fuel,diesel,1,gallon,2024-01-01", "5 cells under 6 columns"),
    ],
)
def test_a_row_that_is_no_use_is_refused_by_file_and_row(tmp_path: Path, row: str, what: str) -> None:
    with pytest.raises(EnergyError, match=what) as caught:
        log(tmp_path, "fuel,diesel,1,gallon,2023-01-01,2023-01-01", row)
    assert "direct.csv:3" in str(caught.value)


def test_a_delivery_that_was_entered_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnergyError, match=r"the same as direct\.csv:2"):
        log(tmp_path, *["fuel,diesel,1,gallon,2024-01-01,2024-01-01", "fuel,Diesel,1.0,GALLON,2024-01-01,2024-01-01"])


def test_the_shipped_tables_are_whole() -> None:
    assert len(direct.fuels()) == 58 and {fuel.source for fuel in direct.fuels()} == {"hub-2024"}
    assert all(fuel.mmbtu > 0 and fuel.kg_co2 > 0 for fuel in direct.fuels())
    assert direct.gwps()["CH4"] == 28 and set(direct.refrigerants()["R-407C"]) == {"HFC-32", "HFC-125", "HFC-134a"}
