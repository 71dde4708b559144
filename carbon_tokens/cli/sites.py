"""``energy site``, ``energy model`` and ``energy indicators``: a site's hours by tier, models of power, its figures."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.energy import app
from carbon_tokens.cli.options import ReportingMonth
from carbon_tokens.cli.run import Run, verb

if TYPE_CHECKING:
    from carbon_tokens.energy.site_month import SiteMonth

SiteToml = Annotated[Path, typer.Argument(help="The site's file: site.toml.", exists=True, dir_okay=False)]
Missing = Annotated[str, typer.Option("--missing", help="Hours that no source knows: refuse, or mean or max.")]
Out = Annotated[Path | None, typer.Option("--out", help="CSV of the hours to write; one that is there is replaced.")]
Words = Annotated[str, typer.Argument(help="linear:IDLE:MAX, server:NAME, tdp:W …; nothing: what can be named.")]
At = Annotated[str, typer.Option("--utilisation", help="A utilisation, 0 to 1, instead of 0 to 1 in tenths.")]
Wh = Annotated[str, typer.Option(help="Wh of the period.")]
Grams = Annotated[str, typer.Option(help="g CO2e of the period.")]
Units = Annotated[str, typer.Option("--units", help="Functional units of the SCI, e.g. requests.")]
PerKwh = Annotated[str, typer.Option("--g-per-kwh", help="Location-based intensity, for the SCI.")]
Litres = Annotated[str, typer.Option("--litres", help="Litres of water of the period.")]


Url = Annotated[str, typer.Argument(help="Of the server: http://host:9090.")]
Query = Annotated[
    str, typer.Argument(help="A metric with its labels, no function: node_cpu_seconds_total{job='node'}.")
]
From = Annotated[str, typer.Option("--from", help="First instant, YYYY-MM-DDTHH:MM:SSZ.")]
Thru = Annotated[str, typer.Option("--thru", help="Last instant.")]
Step = Annotated[int, typer.Option("--step", help="Seconds between two samples.", min=1)]
Token = Annotated[
    Path | None, typer.Option("--token-file", help="File of a bearer token.", exists=True, dir_okay=False)
]
Answers = Annotated[Path, typer.Option("--out", help="File to write, for energy read; one that is there is refused.")]


def register(_: typer.Typer) -> None:
    """Adds these verbs to the group ``energy``, whose files ``cli.energy`` reads."""
    for name, command in (("site", site), ("model", model), ("indicators", indicators), ("prometheus", prometheus)):
        verb(app, name, options=())(command)


def site(run: Run, file: SiteToml, month: ReportingMonth, missing: Missing = "refuse", out: Out = None) -> None:
    """A site's month, hour by hour from the best source that knows it, and how far the others are from that."""
    from carbon_tokens.energy import site_file, site_month

    found = site_month.of(site_file.read(file), month, missing)
    if out:
        out.write_text(found.to_csv(), encoding="utf-8")
    content = {"file": file.name, **found.to_json(), **({"out": str(out)} if out else {})}
    run.answer(content, lambda shown: shown.print("\n".join(_lines(found)), soft_wrap=True))


def _lines(found: SiteMonth) -> list[str]:
    content = found.to_json()
    tiers = ", ".join(f"{hours} hours by {tier}" for tier, hours in found.hours_by_tier.items())
    grades: Any = content["energy_wh_by_grade"]
    lines = [f"{found.month}: {found.reading.energy_wh:,} Wh, {tiers}"]
    lines += [f"  grade {grade}: {energy:,} Wh" for grade, energy in grades.items()]
    for tier, gap in found.gaps.items():
        part = "" if gap.difference is None else f", {float(-gap.difference):+.2%}"
        said = f"{tier} knows {gap.hours} of these hours and says {float(gap.said_wh):,.0f} Wh"
        lines.append(f"  {said} of what was set to {gap.set_wh:,} Wh{part}")
    return lines


def model(run: Run, words: Words = "", utilisation: At = "") -> None:
    """What a model says: W by utilisation, and where its figures are from; without words all that can be named."""
    from carbon_tokens.energy import coefficients, models

    if not words:
        named = {kind: list(coefficients.names(table)) for kind, table in models.TABLES.items()}
        lines = [f"{kind}: {', '.join(names)}" for kind, names in named.items()]
        lines += ["linear:IDLE:MAX, table:0=W,…,1=W, tdp:W"]
        run.answer({"names": named}, lambda out: out.print("\n".join(lines), soft_wrap=True))
        return
    found = models.power(words)
    loads = [models.figure(utilisation, "--utilisation")] if utilisation else [Fraction(at, 10) for at in range(11)]
    points = [{"utilisation": float(load), "watts": round(float(found.model.power_w(load)), 6)} for load in loads]
    lines = [f"{each['utilisation']:>6.0%} {each['watts']:>12,.1f} W" for each in points] + [f"figures: {found.source}"]
    content = {"model": found.words, "source": found.source, "points": points}
    run.answer(content, lambda out: out.print("\n".join(lines), soft_wrap=True))


def indicators(
    run: Run, facility_wh: Wh = "", it_wh: Wh = "", renewable_wh: Wh = "", scope1_g: Grams = "0", scope2_g: Grams = "",
    litres: Litres = "", units: Units = "", g_per_kwh: PerKwh = "", embodied_g: Grams = "",
) -> None:  # fmt: skip
    """PUE, REF, CUE, WUE and SCI of a period: those that follow from what is given."""
    from carbon_tokens.energy import indicators as of
    from carbon_tokens.energy.models import figure

    given = {"facility_wh": facility_wh, "it_wh": it_wh, "renewable_wh": renewable_wh, "scope1_g": scope1_g,
             "scope2_g": scope2_g, "litres": litres, "units": units, "g_per_kwh": g_per_kwh,
             "embodied_g": embodied_g}  # fmt: skip
    value = {name: figure(text, f"--{name.replace('_', '-')}") for name, text in given.items() if text}
    formulas: dict[str, tuple[Callable[..., Fraction], tuple[str, ...], str]] = {
        "PUE": (of.pue, ("facility_wh", "it_wh"), "facility / IT energy"),
        "REF": (of.ref, ("renewable_wh", "facility_wh"), "renewable / facility energy"),
        "CUE": (of.cue, ("scope1_g", "scope2_g", "it_wh"), "kg CO2e of scopes 1 and 2 by kWh of IT energy"),
        "WUE": (of.wue, ("litres", "it_wh"), "litres by kWh of IT energy"),
        "SCI": (of.sci, ("facility_wh", "g_per_kwh", "embodied_g", "units"), "g CO2e by functional unit"),
    }
    found = {
        name: (float(formula(*(value[each] for each in needed))), unit)
        for name, (formula, needed, unit) in formulas.items()
        if all(each in value for each in needed)
    }
    if not found:
        needs = "; ".join(f"{name}: {', '.join(needed)}" for name, (_, needed, _) in formulas.items())
        raise typer.BadParameter(f"nothing follows from what is given. {needs}")
    lines = [f"{name} {figure:.6g}  {unit}" for name, (figure, unit) in found.items()]
    content = {name.lower(): round(figure, 9) for name, (figure, _) in found.items()}
    run.answer(content, lambda out: out.print("\n".join(lines), soft_wrap=True))


def prometheus(
    run: Run, url: Url, query: Query, first: From, thru: Thru, out: Answers, step: Step = 60, token_file: Token = None
) -> None:
    """Fetches a range from a Prometheus server into a file; a token also from CARBON_TOKENS_PROMETHEUS_TOKEN."""
    import os

    from carbon_tokens.energy import prometheus_api, series

    if out.exists():
        raise typer.BadParameter(f"{out} exists")
    stated = token_file.read_text("utf-8") if token_file else os.environ.get("CARBON_TOKENS_PROMETHEUS_TOKEN", "")
    span = int(series.instant(first)), int(series.instant(thru))
    with run.progress.status("asking"):
        found = prometheus_api.query_range(url, query, *span, step, token=stated.strip())
    with out.open("xb") as file:
        file.write(found.content())
    samples = sum(len(each.samples) for each in found.series)
    content = {"out": str(out), "series": len(found.series), "samples": samples, "machines": list(found.instances),
               "warnings": list(found.warnings)}  # fmt: skip
    said = f"{len(found.series)} series of {len(found.instances)} machines, {samples:,} samples: {out}"
    run.answer(content, lambda shown: shown.print(said, soft_wrap=True))
