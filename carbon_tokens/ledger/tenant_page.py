"""A tenant's statement as a page, HTML or PDF/A: its part of the audited totals, what of, and how to check it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from carbon_tokens.allocation.pages import page, printed
from carbon_tokens.allocation.pages.blocks import Block, Picture, Section, Table, Text, Totals, percent, tonnes
from carbon_tokens.allocation.pages.pictures import bars
from carbon_tokens.allocation.shares import Amounts
from carbon_tokens.ledger.tenant_statement import TenantStatement

_HEAD = ("energy kWh", "location-based g CO2e", "market-based g CO2e")
_KINDS = {"product": "product", "project": "project", "region": "region", "month": "month"}
_SHOWN = 12  # bars in a picture
_SCOPES = (
    "CO2e of the provider's scopes 1, 2 and 3, which is the customer's scope 3. Both bases stand side by side: "
    "location-based by the grid, market-based by what was bought for it (GHG Protocol, scope 2)."
)
_HOW = (
    "carbon-tokens share check statement.json verifies this file offline; with --rpc and the address of a node also "
    "that its roots stand on chain. A share is a leaf of a Merkle-sum tree: every node has the sum of what is under "
    "it, and the sums at the root are the account's audited totals, which the contract itself compared. So all shares "
    "add up to them. The rows by project and product are bound to the leaf: no others fit."
)


def html(statement: TenantStatement) -> str:
    """The page, self-contained. Raises ShareNotProven for a statement that does not verify."""
    return page.html(_title(statement), _sections(statement))


def pdf(statement: TenantStatement) -> bytes:
    """The same as PDF/A-3b, with the statement inside. Raises ShareNotProven, and ExtraMissing without typst."""
    content = statement.canonical()
    inside = printed.Attached("statement.json", content.decode(), "The statement that this page shows")
    dated = statement.parts[-1].proof.month.end
    return printed.pdf(_title(statement), hashlib.sha256(content).hexdigest(), _sections(statement), inside, dated)


def _title(statement: TenantStatement) -> str:
    months = sorted({str(each.proof.month) for each in statement.parts})
    period = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    return f"Share of {statement.tenant}, {period}"


def _sections(statement: TenantStatement) -> list[Section]:
    totals = statement.verify()
    return [
        Section("What was allocated", list(_whole(statement, totals))),
        *(Section(f"By {name}", list(_split(statement, kind))) for kind, name in _KINDS.items()),
        Section("Check it yourself", list(_check(statement, totals))),
    ]


def _whole(statement: TenantStatement, totals: Sequence[Amounts]) -> Iterator[Block]:
    own = statement.amounts
    energy, location, market = (sum(getattr(each, name) for each in totals)
                                for name in ("energy_wh", "location_g", "market_g"))  # fmt: skip
    yield Totals([
        ("energy", f"{own.energy_wh / 1000:,.3f} kWh", _part(own.energy_wh, energy)),
        ("location-based", tonnes(own.location_g), _part(own.location_g, location)),
        ("market-based", tonnes(own.market_g), _part(own.market_g, market)),
    ])  # fmt: skip
    yield Text(_SCOPES)
    if any(each.bound is None for each in statement.parts):
        yield Text("Some shares were committed without rows: of them only the sum is proven.", note=True)


def _split(statement: TenantStatement, kind: str) -> Iterator[Block]:
    found = statement.by(kind)
    rows = [[key, *_cells(each)] for key, each in found.items()]
    if len(found) > 1:
        largest = dict(sorted(found.items(), key=lambda item: -item[1].location_g)[:_SHOWN])
        values = {key: (each.location_g, each.market_g) for key, each in largest.items()}
        caption = f"t CO2e by {kind}" + (f", the {_SHOWN} largest" if len(found) > _SHOWN else "")
        yield Picture(bars(values, ("location-based", "market-based"), caption), caption)
        rows.append(["all", *_cells(statement.amounts)])
    yield Table(f"Exact amounts by {kind}", [kind, *_HEAD], rows)


def _check(statement: TenantStatement, totals: Sequence[Amounts]) -> Iterator[Block]:
    yield Text(_HOW)
    for each, total in zip(statement.parts, totals, strict=True):
        proof = each.proof
        about = [
            ["chain", str(proof.chain_id)],
            ["facility", f"0x{proof.facility:054x}"],
            ["contract Allocations", proof.allocations],
            ["version", str(proof.version)],
            ["root", "0x" + proof.root.hex()],
            *([f"audited {name}", value] for name, value in zip(_HEAD, _cells(total), strict=True)),
        ]
        yield Table(f"Account of {proof.month}", ["what", "value"], about, words=2, code=1)


def _cells(amounts: Amounts) -> tuple[str, str, str]:
    return f"{amounts.energy_wh / 1000:,.3f}", f"{amounts.location_g:,}", f"{amounts.market_g:,}"


def _part(part: int, whole: int) -> str:
    return f"{percent(part / whole)} of what was audited" if whole else "nothing was audited"
