"""Where the shipped data lies: beside the package in a checkout, inside the package in a wheel."""

from __future__ import annotations

from pathlib import Path

from carbon_tokens.errors import CarbonTokensError

_PACKAGE = Path(__file__).resolve().parent
_CANDIDATES = (_PACKAGE / "_data", _PACKAGE.parent / "data")


def path(*parts: str) -> Path:
    """The path of a shipped data file or folder, e.g. ``path("egrid", "rates.csv")``.

    Raises:
        CarbonTokensError: neither place holds it: the installation is incomplete.
    """
    for root in _CANDIDATES:
        if (found := root.joinpath(*parts)).exists():
            return found
    where = "/".join(("data", *parts))
    raise CarbonTokensError("this data file is missing", where=where, todo="Install the package again.")
