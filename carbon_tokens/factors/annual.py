"""Annual factors of countries, suppliers and residual mixes, from the files in which they are published.

None of them is shipped: the user brings the file, and its hash goes with every number. A form is told by its header:

    owid-ember    Our World in Data's grapher table (Ember): Entity, Code, Year, g/kWh, countries by ISO 3166 alpha-3
    ember-json    the same data as JSON objects by country code
    eea           European Environment Agency, emission intensity by member state
    aib           AIB's European residual mixes: country (ISO alpha-2), g/kWh
    green-e       Green-e's residual mixes by eGRID subregion, lb/MWh
    cec           California's power content labels: suppliers' products, lb CO2e/MWh of retail sales
    plain         year, region, g_per_kwh or lb_per_mwh; optional name

A place may stand in one file once a year: what differs between releases of a dataset (Ember's United States of 2023:
392.89 and 369.47 g/kWh) differs between files, and the statement says which file was used.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from carbon_tokens.errors import FactorError
from carbon_tokens.nesting import loads
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

    @property
    def where(self) -> str:
        return f"{self.file}:{self.row}"


@dataclass(frozen=True, slots=True)
class Form:
    """Where a published form keeps its numbers. ``year`` is a column, or empty: the caller says which year it is."""

    name: str
    basis: str
    region: str
    year: str
    value: str
    pounds: bool = False  # lb/MWh, else g/kWh
    product: str = ""


FORMS = (
    Form("owid-ember", "location", "Code", "Year", "Carbon intensity of electricity per kWh"),
    Form("eea", "location", "Member State:text", "Date:year", "index:number"),
    Form("aib", "residual", "country", "", "residual_mix_gCO2_per_kWh"),
    Form("green-e", "residual", "subregion", "residual_year", "residual_lb_per_mwh", True),
    Form("cec", "supplier", "supplier_name", "psd_year", "ghg_intensity_lb_co2e_per_mwh", True, "product"),
    Form("plain", "location", "region", "year", "g_per_kwh"),
    Form("plain", "location", "region", "year", "lb_per_mwh", True),
)
_JSON = Form("ember-json", "location", "country_code", "year", "emissions_intensity_gco2_per_kwh")


def read(path: Path | str, *, year: int | None = None, basis: str | None = None) -> list[Annual]:
    """The factors in a file, in its order; rows without a number, or without a code of a country, are left out.

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
    form, rows = _json(path.name, text) if path.suffix == ".json" else _table(path.name, text)
    if not form.year and year is None:
        raise FactorError("the file states no year", where=path.name, todo="Say of which year it is.")
    if basis and basis not in BASES:
        raise FactorError(f"{basis!r} is no basis", todo=f"Use {', '.join(BASES)}.")
    chosen = basis if basis and form.name == "plain" else form.basis
    digest = hashlib.sha256(content).hexdigest()
    found = [each for at, row in rows if (each := _annual(path.name, at, row, form, chosen, year, digest))]
    _once(found)
    return found


def _json(file: str, text: str) -> tuple[Form, Iterator[tuple[int, dict[str, str]]]]:
    try:
        content = loads(text, parse_float=str, parse_int=str)
        rows = [{name: str(value) for name, value in row.items()} for row in content.values()]
    except (ValueError, AttributeError) as error:
        raise FactorError(f"this is no table of countries as JSON ({error})", where=file) from error
    if not rows or not {_JSON.region, _JSON.year, _JSON.value} <= set(rows[0]):
        raise FactorError("no known form of annual factors", where=file, todo=_known())
    return _JSON, enumerate(rows, start=1)


def _table(file: str, text: str) -> tuple[Form, Iterator[tuple[int, dict[str, str]]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    numbered = [(reader.line_num, cells) for cells in reader if cells and not cells[0].lstrip().startswith("#")]
    header = [cell.strip() for cell in numbered[0][1]] if numbered else []
    forms = [form for form in FORMS if {form.region, form.value, form.year or form.region} <= set(header)]
    if not forms or len(set(header)) != len(header):
        raise FactorError(f"no known form of annual factors: {', '.join(header)}", where=f"{file}:1", todo=_known())
    if len(forms) > 1:
        raise FactorError("g/kWh and lb/MWh in one table", where=f"{file}:1", todo="Keep one of the columns.")
    for at, cells in numbered[1:]:
        if len(cells) != len(header):
            raise FactorError(f"{len(cells)} cells under {len(header)} columns", where=f"{file}:{at}")
    return forms[0], ((at, dict(zip(header, map(str.strip, cells), strict=True))) for at, cells in numbered[1:])


def _known() -> str:
    return "Known: " + "; ".join(sorted({f"{form.name} ({form.region}, {form.value})" for form in (*FORMS, _JSON)}))


def _annual(
    file: str, at: int, row: dict[str, str], form: Form, basis: str, year: int | None, digest: str
) -> Annual | None:
    where = f"{file}:{at}"
    region, text = row[form.region], row[form.value]
    if not region or not text:
        return None  # a group of countries has no code; a place without a number has no factor
    value = decimal(text, where=where)
    stated = row[form.year] if form.year else str(year)
    if value < 0 or not stated.isdecimal() or not 1990 <= int(stated) < 2200:
        raise FactorError(f"{region}: {text!r} of {stated!r} is no factor of a year", where=where)
    name = f"{region}: {row[form.product]}" if form.product and row[form.product] else region
    grams = value * G_PER_LB / 1000 if form.pounds else value
    return Annual(form.name, basis, name, int(stated), grams, file, digest, at)


def _once(found: Sequence[Annual]) -> None:
    seen: dict[tuple[str, int], Annual] = {}
    for each in found:
        earlier = seen.setdefault((each.region.upper(), each.year), each)
        if earlier is not each:
            what = f"{each.region} {each.year} stands in rows {earlier.row} and {each.row}"
            raise FactorError(what, where=each.where, todo="Keep the right one.")


def of(found: Sequence[Annual], region: str, year: int, basis: str) -> Annual | None:
    """The factor of a place (case does not matter; a supplier without its product if it has one only) and year."""
    rows = [each for each in found if (each.basis, each.year) == (basis, year)]
    wanted = region.strip().upper()
    exact = [each for each in rows if each.region.upper() == wanted]
    products = [each for each in rows if basis == "supplier" and each.region.upper().partition(": ")[0] == wanted]
    if len(products) > 1 and not exact:
        names = "; ".join(each.region for each in products)
        raise FactorError(f"{region} has {len(products)} products: {names}", where=rows[0].file, todo="Name one.")
    return next(iter(exact + products), None)
