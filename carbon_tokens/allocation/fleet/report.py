"""A footprint as one HTML page that needs nothing else: totals, pictures, customers, what is counted, all sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

from carbon_tokens.allocation.fleet.export import to_json
from carbon_tokens.allocation.fleet.footprint import Footprint
from carbon_tokens.allocation.fleet.pictures import bars, heat_map, sankey
from carbon_tokens.errors import AllocationError

_CUSTOMERS, _CLUSTERS = 25, 6  # shown
_EPOCH = date(1970, 1, 1).toordinal()
_NG = 10**6  # ng/Wh in a g/kWh

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#22303a;max-width:960px;margin:2em auto;padding:0 1em}
h1{font-size:1.6em;margin-bottom:.1em}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid #d5dde2}
svg{width:100%;height:auto;display:block}svg text{font:11px system-ui,sans-serif;fill:#33424d}
table{border-collapse:collapse;width:100%;font-size:.92em}td,th{padding:.25em .6em;text-align:right;
border-bottom:1px solid #e6ebee}td:first-child,th:first-child{text-align:left}
.totals{display:flex;flex-wrap:wrap;gap:1em;margin:1em 0}.totals div{flex:1 1 150px;background:#f2f5f7;padding:.7em 1em}
.totals b{display:block;font-size:1.15em;white-space:nowrap}figure{margin:0}
.maps{display:grid;grid-template-columns:1fr 1fr;gap:1em}
.note{color:#7a4b1e}code{font-size:.85em;word-break:break-all}
"""


def html(footprint: Footprint) -> str:
    """The page. It says what is provisional, what stood in for what, and what nobody bought."""
    content = to_json(footprint)
    title = f"Energy and emissions of customers, {content['month'] or 'a month'}"
    parts = [f"<h1>{escape(title)}</h1>", _totals(content), *_notes(content), "<h2>Regions</h2>", _regions(footprint)]
    parts += ["<h2>Energy: region → service → customer</h2>", _flows(footprint)]
    parts += ["<h2>Intensity of the grid by hour (UTC) and day, g CO2e/kWh</h2>", _maps(footprint)]
    parts += [f"<h2>Customers{_of(content['customers'])}</h2>", _customers(footprint), *_facts(content)]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    head += f"<style>{_STYLE}</style>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def write(footprint: Footprint, path: Path | str) -> None:
    """Writes the page. Raises AllocationError if it cannot be written."""
    try:
        Path(path).write_text(html(footprint), encoding="utf-8")
    except OSError as error:
        raise AllocationError(f"cannot be written ({error.strerror})", where=str(path)) from error


def _totals(content: dict[str, Any]) -> str:
    regions = content["regions"].values()
    market = sum(each["scope2_market_g"] for each in regions)
    boxes = {
        "energy": f"{content['energy_wh'] / 1e6:,.3f} MWh",
        "scope 2 location-based": _tonnes(content["statement_g"]),
        "scope 2 market-based": _tonnes(market),
        "scope 1": _tonnes(content["scope1_g"]),
        "scope 3": _tonnes(content["scope3_g"]),
    }
    return f'<div class="totals">{"".join(f"<div>{name}<b>{said}</b></div>" for name, said in boxes.items())}</div>'


def _tonnes(grams: int) -> str:
    return f"{grams / 1e6:,.6f} t"


def _notes(content: dict[str, Any]) -> Iterable[str]:
    flags, said = content["flags"], list[str]()
    if any(each["market_provisional"] for each in content["regions"].values()):
        said.append("Market-based emissions are provisional: by the factor of the year before.")
    if (share := float(flags["hourly_intensity_share"])) < 1:
        said.append(f"{1 - share:.2%} of the energy has the annual intensity of its zone, its hours are missing.")
    for name, what in (
        ("dyn_without_cpu_uwh", "dynamic energy of machines on which nobody computed"),
        ("overhead_without_it_uwh", "overhead of hours in which no machine drew energy"),
        ("unreserved_idle_uwh", "idle energy of clusters in which nobody reserves"),
        ("undelivered_uwh", "energy that has not reached an end user after the rounds"),
    ):
        if flags[name]:
            said.append(f"{flags[name] / 1e9:,.3f} kWh are {what}.")
    if flags["unsold"]:
        names = ", ".join(f"{each['service']} ({each['region']})" for each in flags["unsold"])
        said.append(f"Nobody bought, so overhead of the others: {names}.")
    return [f'<p class="note">{escape(each)}</p>' for each in said]


def _regions(footprint: Footprint) -> str:
    groups = {each.region: (each.scope2_location_g, each.scope2_market_g) for each in footprint.regions}
    return bars(groups, ("location-based", "market-based"), "Scope 2 of each region")


def _flows(footprint: Footprint) -> str:
    columns = [footprint.rows.column(name).to_pylist() for name in ("region", "service", "customer", "energy_wh")]
    flows: dict[tuple[str, ...], int] = {}
    for region, service, customer, energy in zip(*columns, strict=True):
        path = (region, service or "(unsold)", customer)
        flows[path] = flows.get(path, 0) + energy
    return sankey(flows, "Energy from regions through services to customers")


def _maps(footprint: Footprint) -> str:
    maps: dict[str, dict[tuple[int, int], float]] = {}
    columns = (footprint.hours.column(name).to_pylist() for name in ("cluster", "hour", "intensity"))
    for cluster, hour, intensity in zip(*columns, strict=True):
        if intensity >= 0:
            maps.setdefault(cluster, {})[_day(hour, footprint.month), hour % 24] = intensity / _NG
    shown = [_map(cluster, maps[cluster]) for cluster in sorted(maps)[:_CLUSTERS]]
    more = f"<p>{_CLUSTERS} of {len(maps)} clusters.</p>" if len(maps) > _CLUSTERS else ""
    return f'<div class="maps">{"".join(shown)}</div>{more}'


def _map(cluster: str, values: dict[tuple[int, int], float]) -> str:
    caption = f"{escape(cluster)}, up to {max(values.values()):g}"
    return f"<figure><figcaption>{caption}</figcaption>{heat_map(values, cluster)}</figure>"


def _day(hour: int, month: str | None) -> int:
    """Day of the month, from 1; ``hour`` counts from 1970 where the month is known, else from its start."""
    return date.fromordinal(_EPOCH + hour // 24).day if month else hour // 24 + 1


def _of(customers: int) -> str:
    return f": the {_CUSTOMERS} with most energy of {customers:,}" if customers > _CUSTOMERS else ""


def _customers(footprint: Footprint) -> str:
    names = ("energy_wh", "scope2_location_g", "scope2_market_g", "scope1_g", "scope3_g")
    sums = footprint.rows.group_by("customer").aggregate([(name, "sum") for name in names])
    order = [("energy_wh_sum", "descending"), ("customer", "ascending")]
    rows = sums.sort_by(order).slice(0, _CUSTOMERS).to_pylist()
    cells = [[row["customer"], *(f"{row[f'{name}_sum']:,}" for name in names)] for row in rows]
    return _table(("customer", "Wh", "scope 2 location-based, g", "market-based, g", "scope 1, g", "scope 3, g"), cells)


def _facts(content: dict[str, Any]) -> Iterable[str]:
    boundary, options = content["boundary"], content["options"]
    yield f"<h2>What is counted: {escape(boundary['id'])}</h2><p>Inside: {escape('; '.join(boundary['included']))}.</p>"
    yield f"<p>Outside: {escape('; '.join(boundary['excluded']))}.</p>"
    yield "<h2>Where it comes from</h2>"
    chosen = ", ".join(
        f"{name.replace('_', ' ')} {'all' if value is None else value}" for name, value in options.items()
    )
    yield f"<p>Options: {escape(chosen)}. Rows {content['rows']:,}, sha-256 <code>{content['digest']}</code>.</p>"
    yield _table(
        ("file", "sha-256"), [[name, f"<code>{digest}</code>"] for name, digest in content["inputs"].items()], 1
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], markup: int = -1) -> str:
    """A table; cells of the column ``markup`` are HTML already."""
    cells = (
        "".join(f"<td>{cell if at == markup else escape(cell)}</td>" for at, cell in enumerate(row)) for row in rows
    )
    top = "".join(f"<th>{escape(each)}</th>" for each in head)
    return f"<table><tr>{top}</tr>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
