"""``certificates``: registries' downloads, checked, as a table that ``issue`` takes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from carbon_tokens.cli.run import Run, verb

app = typer.Typer(help="Certificates and offsets as registries publish them.", no_args_is_help=True)

Files = Annotated[
    list[Path],
    typer.Argument(help="Tables of registries as CSV; statements of retirement as PDF.", exists=True, dir_okay=False),
]
Kind = Annotated[str, typer.Option("--kind", help="nar, i-rec, go, verra, acr, car …; recognised without it.")]
Out = Annotated[Path | None, typer.Option("--out", help="Table to write of the batches that can be issued.")]
Rejects = Annotated[Path, typer.Option("--rejects", help="Table of all other rows, with the reasons; with --out.")]
CriteriaFile = Annotated[
    Path | None,
    typer.Option(
        "--criteria", help="CSV: source and its eight quality criteria, for RECs.", exists=True, dir_okay=False
    ),
]
Issued = Annotated[
    list[Path] | None,
    typer.Option("--issued", help="Tables issued before: no serial of them again.", exists=True, dir_okay=False),
]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="certificates")


@verb(app, "read", options=())
def read(
    run: Run, files: Files, kind: Kind = "", out: Out = None, rejects: Rejects = Path("rejects.csv"),
    criteria: CriteriaFile = None, issued: Issued = None,
) -> None:  # fmt: skip
    """Checks downloads across all files; --out writes what can be issued, and every other row with its reason."""
    from carbon_tokens import registries

    shared = Counter(file.name for file in files)
    entries = [
        entry
        for file in files
        for entry in registries.read(file, kind, name=file.name if shared[file.name] == 1 else str(file))
    ]
    stated = registries.Criteria.read(criteria) if criteria else None
    before = [entry for table in issued or [] for entry in registries.issued_before(table)]
    found = registries.check(entries, stated, before)
    if out and stated is None and any(batch.token_class == "rec" for batch, _ in found.batches):
        raise typer.BadParameter("RECs are issued only if their quality criteria are stated: give --criteria")
    content = found.to_json()
    if out:
        registries.write(found, out, rejects)
        content |= {"out": str(out), "rejects": str(rejects)}
    run.answer(content, lambda shown: shown.print("\n".join(_lines(content, len(entries))), soft_wrap=True))


def _lines(content: dict[str, Any], rows: int) -> list[str]:
    amounts = f"{content['energy_wh']:,} Wh of RECs, {content['mass_g']:,} g of offsets"
    lines = [f"{rows:,} rows: {content['batches']:,} batches, {amounts}; {len(content['rejected']):,} rejected"]
    lines += [
        f"  {each['file']} is {each['kind']}: {each['batches']:,} of {each['rows']:,}" for each in content["files"]
    ]
    lines += [f"  {count} × {why}" for why, count in content["reasons"].items()]
    for source, answers in (content["criteria"] or {"sources": {}})["sources"].items():
        if not answers["applied"]:
            unmet = ", ".join(answers["not_met"]) if answers["stated"] else "nothing is stated of it"
            lines.append(f"  quality criteria of {source} are not met: {unmet}")
    return lines + [f"{name} written to {content[name]}" for name in ("out", "rejects") if name in content]
