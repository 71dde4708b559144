"""Accounts and balances, event by event: what the ledger holds, from what it said.

Audited     adds its amounts          Restated    replaces them by its own
Retired     adds RECs and offsets     Disallowed  takes them out again; each of the four has the next version
Closed      the month is complete     Allocated   claimed shares of others, in all; the month is open again
TransferSingle, TransferBatch         move tokens; from the zero address: issued, to it: retired
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from carbon_tokens.ledger.ids import OFFSET, REC, class_of

ACCOUNT_EVENTS = ("Audited", "Restated", "Closed", "Disallowed", "Retired", "Allocated")
TRANSFERS = ("TransferSingle", "TransferBatch")
NOBODY = "0x" + 40 * "0"
_AMOUNTS = {"energy": "energy", "scope1": "scope1", "scope2_location": "scope2Location",
            "scope2_residual": "scope2Residual", "scope3": "scope3"}  # fmt: skip

Totals = dict[str, int]


def empty() -> Totals:
    """An account of which nothing was said."""
    names = (*_AMOUNTS, "recs", "offsets", "allocated_location", "allocated_market", "version", "shares", "closed")
    return dict.fromkeys(names, 0)


def key(name: str, args: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """The facility, as 0x and 54 hex digits, and the month number that an event is about; None where it names none."""
    about = args.get("statement") or args.get("matching") or args
    facility = args.get("facility", about.get("facility"))
    month = args.get("month", about.get("month"))
    return (None if facility is None else f"0x{int(facility):054x}"), month


def apply(account: Totals, name: str, args: Mapping[str, Any]) -> None:
    """What an event makes of an account, in place."""
    if name in ("Audited", "Restated"):
        stated = args["statement"]
        for field, said in _AMOUNTS.items():
            account[field] = int(stated[said]) + (account[field] if name == "Audited" else 0)
        account["version"] = int(stated["version"])
    elif name == "Closed":
        account["closed"] = 1
    elif name == "Retired":
        account["recs"] += int(args["recs"])
        account["offsets"] += int(args["offsets"])
    elif name == "Disallowed":
        kind = {REC: "recs", OFFSET: "offsets"}[class_of(int(args["id"]))]
        account[kind] -= int(args["amount"])
        account["version"] = int(args["version"])
    else:
        account["allocated_location"], account["allocated_market"] = int(args["location"]), int(args["market"])
        account["shares"] += 1
        account["closed"] = 0


def movements(name: str, args: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Token (0x and 64 digits), holder and change of a transfer; nobody's balance is not kept."""
    single = name == "TransferSingle"
    pairs = [(args["id"], args["value"])] if single else zip(args["ids"], args["values"], strict=True)
    sides = [(holder, sign) for holder, sign in ((args["from"], -1), (args["to"], 1)) if holder != NOBODY]
    for token, value in pairs:
        for holder, sign in sides:
            yield f"0x{int(token):064x}", holder, sign * int(value)


def changes(rows: Iterable[tuple[str, Mapping[str, Any]]], sign: int = 1) -> dict[tuple[str, str], int]:
    """The changes of balances by token and holder that events come to; ``sign`` -1 takes them back."""
    found: dict[tuple[str, str], int] = {}
    for name, args in rows:
        if name in TRANSFERS:
            for token, holder, change in movements(name, args):
                found[token, holder] = found.get((token, holder), 0) + sign * change
    return found
