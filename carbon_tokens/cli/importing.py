"""``import``: registries' downloads into a table that ``issue`` takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from carbon_tokens.cli.run import Run, verb

Files = Annotated[
    list[Path], typer.Argument(help="Downloads of NAR, I-REC, Verra, ACR, CAR.", exists=True, dir_okay=False)
]
Out = Annotated[Path, typer.Option("--out", help="Table of the batches that can be issued.")]
Rejects = Annotated[Path, typer.Option("--rejects", help="Table of all other rows, with the reasons.")]
CriteriaFile = Annotated[
    Path | None,
    typer.Option("--criteria", help="CSV: source and its eight quality criteria, for RECs.", exists=True),
]


def register(parent: typer.Typer) -> None:
    verb(parent, "import", options=())(import_)


def import_(
    run: Run,
    files: Files,
    out: Out = Path("batches.csv"),
    rejects: Rejects = Path("rejects.csv"),
    criteria: CriteriaFile = None,
) -> None:
    """Checks registries' downloads: writes the batches that can be issued, and every other row with its reason."""
    from carbon_tokens import registries

    entries = [entry for file in files for entry in registries.read(file)]
    found = registries.check(entries, registries.Criteria.read(criteria) if criteria else None)
    registries.write(found, out, rejects)
    counted = found.to_json()
    content = counted | {"out": str(out), "rejected": str(rejects)}
    lines = [f"{len(entries)} rows: {len(found.batches)} batches in {out}, {len(found.rejects)} rejected in {rejects}"]
    lines += [f"  {count} × {why}" for why, count in counted["reasons"].items()]
    run.answer(content, lambda shown: shown.print("\n".join(lines), soft_wrap=True))
