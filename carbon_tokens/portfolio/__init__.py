"""An organisation's roll-up over facilities, years and chains, from nothing but proof files.

>>> files, others = found([Path("proofs")])
>>> portfolio = roll_up(read(files), organisation="Example Hosting")
>>> portfolio.total.consolidated_location_g, portfolio.by("year", "chain")
>>> write(portfolio, Path("out"))
"""

from __future__ import annotations

from carbon_tokens.portfolio.content import to_json
from carbon_tokens.portfolio.figures import Figures, total
from carbon_tokens.portfolio.findings import DOUBLE, KINDS, SUSPICIOUS, Finding
from carbon_tokens.portfolio.openings import openings
from carbon_tokens.portfolio.page import html
from carbon_tokens.portfolio.proofs import Held, Ledger, found, read
from carbon_tokens.portfolio.rollup import GROUPS, Portfolio, roll_up
from carbon_tokens.portfolio.tables import disclosures
from carbon_tokens.portfolio.writing import write

__all__ = [
    "found", "read", "roll_up", "write", "Portfolio", "Held", "Ledger", "Figures", "total", "GROUPS", "Finding",
    "KINDS", "DOUBLE", "SUSPICIOUS", "openings", "disclosures", "to_json", "html",
]  # fmt: skip
