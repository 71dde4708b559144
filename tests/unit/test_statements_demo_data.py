"""The demo's facts: they fit together under the ledger's rules, and every one has a source."""

from __future__ import annotations

import csv
import tomllib
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest

from carbon_tokens import data_files
from carbon_tokens.factors import egrid
from carbon_tokens.periods import Month
from carbon_tokens.statements import CertificateBatch
from carbon_tokens.units import ceil, emissions_g

DEMO = data_files.path("demo")
FACTS: dict[str, Any] = tomllib.loads((DEMO / "facility.toml").read_text(encoding="utf-8"))
MONTH = Month.parse(FACTS["facility"]["month"])


def rows(name: str) -> list[dict[str, str]]:
    with data_files.path(*name.split("/")).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def batch(row: dict[str, str]) -> CertificateBatch:
    instants = {name: int(datetime.fromisoformat(row[name]).timestamp()) for name in ("vintage_start", "vintage_end")}
    numbers = {name: int(row[name]) for name in ("serial_from", "serial_thru", "amount")}
    texts = {name: row[name] for name in ("token_class", "registry", "source", "serials", "document_sha256")}
    return CertificateBatch(**texts, **numbers, **instants)


RECS = [batch(row) for row in rows("demo/certificates.csv")]
OFFSETS = [batch(row) for row in rows("demo/offsets.csv")]


def test_the_serials_of_every_batch_are_exactly_its_amount() -> None:
    for one in RECS + OFFSETS:
        assert one.amount == (one.serial_thru - one.serial_from + 1) * 1_000_000


def test_the_recs_are_of_the_facilitys_market_and_calendar_year() -> None:
    year = (Month(MONTH.number - MONTH.number % 12).start, Month(MONTH.number - MONTH.number % 12 + 11).end)
    for row, one in zip(rows("demo/certificates.csv"), RECS, strict=True):
        assert row["market_zone"] == FACTS["facility"]["market_zone"]
        assert one.vintage_start < year[1] and one.vintage_end > year[0]


def test_the_offsets_vintage_does_not_begin_after_the_month() -> None:
    assert all(one.vintage_start < MONTH.end for one in OFFSETS)


def test_enough_is_held_for_what_is_retired() -> None:
    assert FACTS["retire"]["recs_wh"] <= sum(int(row["transfer_to_facility"]) for row in rows("demo/certificates.csv"))
    offsets = FACTS["retire"]["offsets_g"] + FACTS["restatement"]["extra_offsets_g"]
    assert offsets <= sum(int(row["transfer_to_facility"]) for row in rows("demo/offsets.csv"))


def test_the_factors_year_is_the_latest_with_co2e_that_is_not_after_the_month() -> None:
    region = FACTS["factor"]["region"]
    years = {edition.year for edition in egrid.editions() if edition.usable and edition.year <= MONTH.year}
    with_co2e = [year for year in years if egrid.rates(region, year).co2e_lb_per_mwh is not None]
    assert FACTS["factor"]["year"] == max(with_co2e)
    assert region == FACTS["facility"]["grid_region"]


def test_the_illustrative_amounts_follow_from_their_formulas() -> None:
    gallon = Fraction("10210") + Fraction("0.41") * 28 + Fraction("0.08") * 265
    assert FACTS["scope1"]["grams"] == FACTS["restatement"]["scope1_g"] == ceil(10 * gallon)
    assert FACTS["scope3"]["grams"] * 48 == 24 * (1000 + 36 * 50) * 1000
    assert FACTS["restatement"]["scope3_g"] * 48 == 24 * (1000 + 60 * 50) * 1000
    assert FACTS["restatement"]["energy_wh"] == Fraction(7_906_880 * 105, 100)


@pytest.mark.parametrize(
    ("energy", "scope3", "offsets", "location", "market", "net"),
    [
        (7_906_880, 1_400_000, 2_000_000, 5_099_884, 1_502_427, -497_573),
        (8_302_224, 2_000_000, 2_000_000, 5_879_757, 2_239_933, 239_933),
        (8_302_224, 2_000_000, 3_000_000, 5_879_757, 2_239_933, -760_067),
    ],
)
def test_the_hand_calculation_holds(
    energy: int, scope3: int, offsets: int, location: int, market: int, net: int
) -> None:
    """The numbers of data/demo/README.md, with the market-based share of what 8 MWh of RECs do not cover."""
    gross = emissions_g(energy, 454_978)
    open_wh = max(0, energy - FACTS["retire"]["recs_wh"])
    residual = ceil(Fraction(gross * open_wh, energy))
    assert residual == emissions_g(open_wh, 454_978)
    others = FACTS["scope1"]["grams"] + scope3
    assert (gross + others, residual + others, residual + others - offsets) == (location, market, net)


def test_the_readmes_table_states_these_numbers() -> None:
    text = (DEMO / "README.md").read_text(encoding="utf-8")
    for number in (
        "7,906,880",
        "3,597,457",
        "5,099,884",
        "1,502,427",
        "−497,573",
        "5,879,757",
        "2,239,933",
        "454,978",
        "3,777,330",
        "137,506",
        "+239,933",
        "−760,067",
    ):
        assert number in text


def test_every_demo_file_has_source_rows_and_every_part_a_label() -> None:
    sources = {row["file"] for row in rows("SOURCES.csv")}
    files = {f"data/demo/{path.name}" for path in DEMO.iterdir() if path.suffix in (".csv", ".toml")}
    assert files <= sources and {f"data/methodology/site-energy-{number}.toml" for number in (1, 2)} <= sources
    labels = {section.get("label") for name, section in FACTS.items() if name != "facility"}
    assert labels == {"published", "illustrative"}
