"""Annual factors of countries, suppliers and residual mixes, from the files in which they are published.

None of them is shipped: the user brings the file, and its hash goes with every number. A form is told by its header:

    owid-ember    Our World in Data's grapher table (Ember): Entity, Code, Year, g/kWh, countries by ISO 3166 alpha-3
    eea           European Environment Agency, emission intensity by member state
    unfccc-ifi    UNFCCC's harmonised IFI default grid factors: countries by name, the operating margin, g/kWh
    cea           India's CO2 baseline (Central Electricity Authority) as a plain table: see ``INDIA``
    aib           AIB's European residual mixes: country (ISO alpha-2), g/kWh
    green-e       Green-e's residual mixes by eGRID subregion, lb/MWh
    residual      the user's residual mixes: year, region, residual_lb_per_mwh, source
    cec           California's power content labels: suppliers' products, lb CO2e/MWh of retail sales
    plain         year, region, g_per_kwh or lb_per_mwh; optional name
    JSON          ember-json, electricity-maps-yearly, codecarbon-mix, codecarbon-usa: see ``annual_json``

A place may stand in one file once a year: what differs between releases of a dataset (Ember's United States of 2023:
392.89 and 369.47 g/kWh) differs between files, and the statement says which file was used.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import annual_json
from carbon_tokens.factors.annual_json import Numbered
from carbon_tokens.units import G_PER_LB, decimal

BASES = ("location", "residual", "supplier")


@dataclass(frozen=True, slots=True)
class Annual:
    """g CO2e/kWh of a place and year: exact, with the file and row that say so."""

    form: str
    basis: str  # location, residual or supplier
    region: str  # country code or name, subregion, or supplier: product
    year: int
    g_per_kwh: Decimal
    file: str
    file_sha256: str  # 64 hex digits
    row: int
    note: str = ""  # what the number is, where it is not the mean of a grid, a residual mix or a supplier

    @property
    def where(self) -> str:
        return f"{self.file}:{self.row}"


@dataclass(frozen=True, slots=True)
class Annuals:
    """The factors of a file, in its order, and every row that is none, with the reason."""

    file: str
    file_sha256: str
    form: str
    basis: str
    rows: tuple[Annual, ...]
    rejected: tuple[tuple[str, str], ...]  # file:row, reason
    undated: bool  # the form states no year


@dataclass(frozen=True, slots=True)
class Form:
    """Where a published form keeps its numbers. ``year`` is a column, or empty: the caller says which year it is."""

    name: str
    basis: str
    region: str
    year: str
    value: str
    unit: str = "g/kWh"
    product: str = ""
    note: str = ""


UNITS = {"g/kWh": Decimal(1), "lb/MWh": G_PER_LB / 1000, "t/MWh": Decimal(1000)}
LIMIT = 100_000  # g/kWh: no fuel emits a hundredth of it
IFI_HEADER = "Operating Margin Grid Emission"
_MARGIN = "operating margin, offered by its header for GHG accounting; no mean of the grid"
_IFI = Form("unfccc-ifi", "location", "country", "", "operating_margin", note=_MARGIN)
# CEA publishes a workbook of its own each year; its table of weighted averages is typed off: one row a financial year,
# which is that in which it begins (2022-23 is 2022), t CO2/MWh, imports included; the region is IND.
INDIA = ("financial_year", "weighted_average_t_per_mwh")
FORMS = (
    Form("owid-ember", "location", "Code", "Year", "Carbon intensity of electricity per kWh"),
    Form("eea", "location", "Member State:text", "Date:year", "index:number"),
    Form("cea", "location", "", INDIA[0], INDIA[1], "t/MWh"),
    Form("aib", "residual", "country", "", "residual_mix_gCO2_per_kWh"),
    Form("green-e", "residual", "subregion", "residual_year", "residual_lb_per_mwh", "lb/MWh"),
    Form("residual", "residual", "region", "year", "residual_lb_per_mwh", "lb/MWh"),
    Form("cec", "supplier", "supplier_name", "psd_year", "ghg_intensity_lb_co2e_per_mwh", "lb/MWh", "product"),
    Form("plain", "location", "region", "year", "g_per_kwh"),
    Form("plain", "location", "region", "year", "lb_per_mwh", "lb/MWh"),
)


def read(path: Path | str, *, year: int | None = None, basis: str | None = None) -> list[Annual]:
    """The factors in a file, as ``parse`` finds them."""
    return list(parse(path, year=year, basis=basis).rows)


def parse(path: Path | str, *, year: int | None = None, basis: str | None = None) -> Annuals:
    """The factors in a file; rows without a number, or without a code of a country, are rejected with the reason.

    Args:
        year: of a form that states none.
        basis: of the plain form, which may hold any.

    Raises:
        FactorError: an unknown form, no year, a cell that is no factor, or a place twice in a year.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FactorError(f"this file cannot be read ({error})", where=path.name) from error
    form, rows = _json(path.name, text) if text.lstrip()[:1] in ("{", "[") else _table(path.name, text)
    if not form.year and year is None:
        raise FactorError("the file states no year", where=path.name, todo="Say of which year it is.")
    if basis and basis not in BASES:
        raise FactorError(f"{basis!r} is no basis", todo=f"Use {', '.join(BASES)}.")
    chosen = basis if basis and form.name == "plain" else form.basis
    digest = hashlib.sha256(content).hexdigest()
    found, rejected = [], []
    for at, row in rows:
        each = _annual(path.name, at, row, form, chosen, year, digest)
        if isinstance(each, Annual):
            found.append(each)
        else:
            rejected.append((f"{path.name}:{at}", each))
    _once(found)
    return Annuals(path.name, digest, form.name, chosen, tuple(found), tuple(rejected), not form.year)


def _json(file: str, text: str) -> tuple[Form, Numbered]:
    found = annual_json.rows(file, text)
    if found is None:
        raise FactorError("no known form of annual factors", where=file, todo=_known())
    unit = "lb/MWh" if found.name == "codecarbon-usa" else "g/kWh"
    return Form(found.name, "location", "region", "year" if found.dated else "", "value", unit), found.rows


def _table(file: str, text: str) -> tuple[Form, Iterable[tuple[int, dict[str, str]]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        numbered = [(reader.line_num, cells) for cells in reader if cells and not cells[0].lstrip().startswith("#")]
    except csv.Error as error:
        raise FactorError(f"this is no CSV ({error})", where=file) from error
    if any(IFI_HEADER in cell for _, cells in numbered[:1] for cell in cells):
        return _IFI, _ifi(file, numbered)
    header = [cell.strip() for cell in numbered[0][1]] if numbered else []
    needed = [({form.region, form.value, form.year} - {""}, form) for form in FORMS]
    forms = [form for columns, form in needed if columns <= set(header)]
    if not forms or len(set(header)) != len(header):
        raise FactorError(f"no known form of annual factors: {', '.join(header)}", where=f"{file}:1", todo=_known())
    if len(forms) > 1:
        raise FactorError("g/kWh and lb/MWh in one table", where=f"{file}:1", todo="Keep one of the columns.")
    for at, cells in numbered[1:]:
        if len(cells) != len(header):
            raise FactorError(f"{len(cells)} cells under {len(header)} columns", where=f"{file}:{at}")
    return forms[0], [(at, dict(zip(header, map(str.strip, cells), strict=True))) for at, cells in numbered[1:]]


def _ifi(file: str, numbered: Sequence[tuple[int, list[str]]]) -> Iterator[tuple[int, dict[str, str]]]:
    """The countries below three header rows; notes at the end have no numbers."""
    columns = [at for at, cell in enumerate(numbered[0][1]) if IFI_HEADER in cell]
    if "gCO2/kWh" not in numbered[0][1][columns[0]] or len(columns) > 1:
        raise FactorError("the operating margin is not one column in gCO2/kWh", where=f"{file}:1")
    for at, cells in numbered[1:]:
        name = cells[0].strip()
        if name and not name.startswith("Country / Territory"):
            number = cells[columns[0]].strip() if len(cells) > columns[0] else ""
            yield at, {"country": " ".join(name.split()), "operating_margin": number}


def _known() -> str:
    known = sorted({f"{form.name} ({form.region or INDIA[0]}, {form.value})" for form in (*FORMS, _IFI)})
    return "Known: " + "; ".join([*known, *annual_json.NAMES])


def _annual(
    file: str, at: int, row: dict[str, str], form: Form, basis: str, year: int | None, digest: str
) -> Annual | str:
    """The factor of a row, or why it is none."""
    where = f"{file}:{at}"
    region, text = row[form.region] if form.region else "IND", row[form.value]
    if not region:
        return "no code of a country: a group or a continent"
    if not text:
        return f"{region}: no number"
    value = decimal(text, where=where) * UNITS[form.unit]
    stated = row[form.year] if form.year else str(year)
    if form.name == "cea":
        stated = _financial_year(stated, where)
    if value < 0 or not (stated.isascii() and stated.isdecimal()) or not 1990 <= int(stated[:5]) < 2200:
        raise FactorError(f"{region}: {text!r} of {stated!r} is no factor of a year", where=where)
    if value > LIMIT or (value and value.adjusted() < -12):
        raise FactorError(f"{region}: {text[:20]!r} is no factor in {form.unit}", where=where, todo="Check the unit.")
    product = row.get(form.product, "")
    name = f"{region}: {product}" if product else region
    return Annual(form.name, basis, name, int(stated), value, file, digest, at, form.note)


def _financial_year(text: str, where: str) -> str:
    first, dash, last = text.partition("-")
    if not dash or not first.isdecimal() or not last.isdecimal() or int(last[-2:]) != (int(first[-2:]) + 1) % 100:
        raise FactorError(f"{text!r} is no financial year", where=where, todo="Write it as 2022-23.")
    return first


def _once(found: Sequence[Annual]) -> None:
    seen: dict[tuple[str, int], Annual] = {}
    for each in found:
        earlier = seen.setdefault((each.region.upper(), each.year), each)
        if earlier is not each:
            what = f"{each.region} {each.year} stands in rows {earlier.row} and {each.row}"
            raise FactorError(what, where=each.where, todo="Keep the right one.")


def matching(found: Sequence[Annual], region: str, year: int, basis: str) -> list[Annual]:
    """Every factor of a place (case does not matter; a supplier without its product if it has one only) and year.

    Those with a note (margins) come after those that are means; else in the order of the files.

    Raises:
        FactorError: a supplier of several products in one file, none of which is named.
    """
    rows = [each for each in found if (each.basis, each.year) == (basis, year)]
    wanted = region.strip().upper()
    exact = [each for each in rows if each.region.upper() == wanted]
    products = [each for each in rows if basis == "supplier" and each.region.upper().partition(": ")[0] == wanted]
    if len(products) > 1 and not exact:
        names = "; ".join(each.region for each in products)
        raise FactorError(f"{region} has {len(products)} products: {names}", where=rows[0].file, todo="Name one.")
    return sorted(exact or products, key=lambda each: bool(each.note))


def of(found: Sequence[Annual], region: str, year: int, basis: str) -> Annual | None:
    """The first that ``matching`` finds."""
    return next(iter(matching(found, region, year, basis)), None)
