"""Everything a roll-up writes, into one folder, whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from carbon_tokens.errors import ExtraMissing, NoProofs
from carbon_tokens.portfolio import page, tables
from carbon_tokens.portfolio.content import to_json
from carbon_tokens.portfolio.rollup import Portfolio

RESULT, PAGE, ACCOUNTS, WORKBOOK = "portfolio.json", "portfolio.html", "accounts.csv", "disclosure.xlsx"
_CSV = {"CDP": "cdp.csv", "GRI": "gri.csv", "ESRS E1": "esrs-e1.csv"}
_OURS = {RESULT, PAGE, ACCOUNTS, WORKBOOK, *_CSV.values()}


def write(portfolio: Portfolio, folder: Path) -> list[str]:
    """Writes the JSON, the page, the accounts and the disclosure tables; returns what could not be written, and why.

    A folder that was written before is replaced; any other that is not empty is left alone.

    Raises:
        NoProofs: the folder holds something else.
    """
    folder = folder.resolve()  # a link, or the folder that we are in
    if folder.exists() and not folder.is_dir():
        raise NoProofs("this is no folder", where=str(folder), todo="Name a new one.")
    foreign = sorted({each.name for each in folder.iterdir()} - _OURS) if folder.is_dir() else []
    if foreign:
        raise NoProofs(f"this folder holds something else: {foreign[0]}", where=str(folder), todo="Name a new one.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        draft.chmod(0o755)
        lacking = _fill(portfolio, draft)
        _replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return lacking


def _fill(portfolio: Portfolio, folder: Path) -> list[str]:
    rows = tables.disclosures(portfolio)
    text = json.dumps(to_json(portfolio), ensure_ascii=False, indent=1) + "\n"
    (folder / RESULT).write_text(text, encoding="utf-8")
    (folder / PAGE).write_text(page.html(portfolio), encoding="utf-8")
    tables.write_accounts(folder / ACCOUNTS, portfolio)
    for name, file in _CSV.items():
        tables.write_csv(folder / file, rows[name])
    try:
        tables.write_workbook(folder / WORKBOOK, rows)
    except ExtraMissing as error:
        return [f"{WORKBOOK}: {error}"]
    return []


def _replace(draft: Path, folder: Path) -> None:
    """Puts a folder in the place of another one, which is there until the new one is."""
    if not folder.exists():
        draft.replace(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    folder.replace(old)
    try:
        draft.replace(folder)
    except OSError:
        old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
