"""Issues, retires and nets what the Filecoin project published, and says what of it is proven: see README.md here."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from carbon_tokens.errors import CarbonTokensError, StatementError
from examples.filecoin import pictures, running, shown

MOST_NODES = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; 0 done, 1 refused."""
    given = _arguments(arguments)
    out, bar = Console(stderr=given.json), _Bar(Console(stderr=True))
    try:
        options = running.Options(
            given.data, given.factors, given.out, given.criteria, markets(given.market), given.rpc
        )
        with bar.progress:
            found = running.run(options, bar.tell)
        shown.write(given.out / "nodes.csv", found.outcome)
        (given.out / "nodes.svg").write_text(pictures.nodes(found.outcome), encoding="utf-8")
    except (CarbonTokensError, OSError) as error:
        out.print(f"refused: {error}", soft_wrap=True, highlight=False, markup=False)
        if given.json:
            print(json.dumps({"error": str(error)}))
        return 1
    if given.json:
        print(json.dumps(found.to_json()))
        return 0
    out.print(shown.table(found.outcome, given.nodes))
    for line in (*shown.lines(found.outcome, found.refused), *found.lines()):
        out.print(line, soft_wrap=True, highlight=False, markup=False)
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.filecoin", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of the published files")
    add("--factors", type=Path, required=True, help="annual factors of countries, e.g. of Our World in Data")
    add("--out", type=Path, default=Path(".carbon-tokens/filecoin"), help="new folder for all results [%(default)s]")
    add("--criteria", type=Path, help="quality criteria of the devices, as certificates read takes them")
    add("--market", action="append", default=[], metavar="AREA=ZONE", help="area that is no market of its own: HK=CN")
    add("--rpc", help="URL of a local node; without it the embedded chain is used")
    add("--nodes", type=int, default=MOST_NODES, help="rows of the table [%(default)s]; nodes.csv has all")
    add("--json", action="store_true", help="print one JSON object on stdout and all else on stderr")
    return parser.parse_args(arguments)


def markets(said: Sequence[str]) -> dict[str, str]:
    """Areas and the market zones that they are of. Raises StatementError for anything but two codes."""
    found = {}
    for each in said:
        area, _, zone = each.partition("=")
        if not all(len(code) == 2 and code.isascii() and code.isalpha() and code.isupper() for code in (area, zone)):
            raise StatementError(f"{each!r} is no market", where="--market", todo="Write two codes, e.g. HK=CN.")
        found[area] = zone
    return found


class _Bar:
    """One line for every step, with what is done of it."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.progress = Progress(*columns, console=console)
        self._tasks: dict[str, object] = {}

    def tell(self, what: str, done: int, of: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self.progress.add_task(what, total=of)
        self.progress.update(self._tasks[what], completed=done)  # type: ignore[arg-type]


if __name__ == "__main__":
    raise SystemExit(main())
