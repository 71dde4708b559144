"""``demo``, and the year that ``serve --seed-demo`` shows."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.run import HOME, STATE, Run, console, verb

if TYPE_CHECKING:
    from rich.table import Table

    from carbon_tokens.demo import Stage, Step
    from carbon_tokens.service.node import Node

YEAR, FACILITIES = "year", "facilities.json"  # folder and file of the demonstration that a node is shown with
Out = Annotated[Path, typer.Option("--out", help="Folder for proofs, certificates and the embedded chain.")]
Allocate = Annotated[
    bool, typer.Option("--allocate", help="Go on: split the month among tenants, who prove and claim.")
]


def register(app: typer.Typer) -> None:
    verb(app, "demo", options=("rpc",))(demo)


def demo(run: Run, out: Out = HOME / "demo", allocate: Allocate = False) -> None:
    """Proves a real facility-month of data/demo neutral, end to end, and verifies it in a second process."""
    from carbon_tokens.demo import AllocatedDemo, Demo
    from carbon_tokens.ledger import Chain

    folder = _unused(out)
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / STATE.name
    chain = Chain.connect(run.rpc, state=None if run.rpc else state)
    options = ["--rpc", run.rpc] if run.rpc else ["--state", str(state)]
    tell = _Teller(run)
    try:
        found = (AllocatedDemo if allocate else Demo)(chain, options, folder, tell.tell).run()
    finally:
        chain.close()
    run.answer(found, lambda out: tell.end(found))


def seed(run: Run) -> Path:
    """Runs the year of the demonstration where it was not run before. Gives its state file.

    It is made in a folder of its own that gets its name when it is whole, so a run that is killed leaves nothing behind
    that would be taken for it, and of two at once one counts.
    """
    from carbon_tokens.demo import YearDemo
    from carbon_tokens.ledger import Chain

    folder = HOME / YEAR
    if (folder / STATE.name).exists():
        return folder / STATE.name
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".year-", dir=HOME, ignore_cleanup_errors=True) as made:
        home = Path(made) / YEAR
        home.mkdir()
        chain = Chain.connect(state=home / STATE.name)
        try:
            with run.progress.status("twelve months of the demonstration"):
                found = YearDemo(chain, ["--state", str(home / STATE.name)], home, lambda _: None).run()
        finally:
            chain.close()
        (home / FACILITIES).write_text(json.dumps(found["facilities"]))
        with contextlib.suppress(OSError):  # another was first
            home.rename(folder)
    return folder / STATE.name


def seat(run: Run, node: Node, folder: Path) -> None:
    """Gives the organisations of the demonstration their keys, and prints them, where the node has none yet."""
    from carbon_tokens.service import seeding

    made = seeding.organisations(node, folder, json.loads((folder / FACILITIES).read_text()))
    for each in seeding.ORGANISATIONS if made else ():
        run.progress.print(
            f"{each.role:8}  {made[each.name]}  {each.name}", soft_wrap=True, markup=False, highlight=False
        )
    if made:
        what = f"Keys of a local demonstration, shown once; also in {folder / seeding.FILE}"
        run.progress.print(what, soft_wrap=True, markup=False, highlight=False)


def _unused(out: Path) -> Path:
    """The folder itself, or one inside it when it holds an earlier run: nothing is overwritten."""
    if not out.is_dir() or not any(out.iterdir()):
        return out
    return next(each for each in (out / f"run-{number}" for number in range(2, 1_000_000)) if not each.exists())


class _Teller:
    """Prints steps as they happen: on stdout for people, on stderr beside a JSON answer."""

    def __init__(self, run: Run) -> None:
        self._out = console(stderr=run.as_json)
        self._stages: list[Stage] = []

    def tell(self, what: Step | Stage) -> None:
        from carbon_tokens.demo import Stage

        if isinstance(what, Stage):
            self._stages.append(what)
        else:
            self._step(what)

    def _step(self, step: Step) -> None:
        label = f" [{step.label}]" if step.label else ""
        self._out.print(f"• {step.what}{label}", soft_wrap=True, markup=False)
        if step.tx:
            self._out.print(f"    {step.who}  {step.tx}  gas {step.gas:,}", soft_wrap=True, markup=False, style="dim")

    def end(self, found: dict[str, Any]) -> None:
        from rich.table import Table

        from carbon_tokens.cli.shown import millionths

        table = Table(title=f"{found['month']}, t CO2e and MWh")
        columns = (
            "",
            "gross location-based",
            "gross market-based",
            "offsets",
            "net",
            "energy",
            "covered",
            "certificate",
        )
        for name in columns:
            table.add_column(name, justify="right")
        for stage in self._stages:
            each = stage.status
            figures = (each.gross_location, each.gross_market, each.offsets, each.net, each.energy, each.covered)
            table.add_row(stage.name, *map(millionths, figures), "valid" if stage.valid else "NOT VALID")
        self._out.print(table)
        if "allocation" in found:
            self._out.print(_shares_table(found["allocation"], found["month"]))
        self._out.print("Amounts labelled illustrative are invented; all others are published, see data/SOURCES.csv.")
        self._out.print(f"proof {found['proof']}\ncertificate {found['certificate']}", soft_wrap=True)
        self._out.print("VERIFIED" if found["verified"] else "NOT VERIFIED")


def _shares_table(found: dict[str, Any], month: str) -> Table:
    """Each tenant's share, their sums, and the account, which the sums equal."""
    from rich.table import Table

    from carbon_tokens.cli.shown import millionths

    table = Table(title=f"{month}, shares: MWh and t CO2e")
    for name in ("", "energy", "location-based", "market-based"):
        table.add_column(name, justify="right")
    last = list(found["shares"])[-1]
    for name, share in found["shares"].items():
        table.add_row(name, *map(millionths, share.values()), end_section=name == last)
    for name, row in (("sums", found["sums"]), ("the account", found["account"])):
        table.add_row(name, *map(millionths, row.values()))
    return table
