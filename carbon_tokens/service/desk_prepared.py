"""Prepared transactions at the desk: what an operator, an auditor and a customer let a wallet send.

A form says what is wanted and by which account; the page that answers shows what it does, the calls in their order, and
the wallets of the browser. Nothing is sent before a wallet sends it: loading the page again prepares it again, from the
account as it is then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from fastapi import Form, Path, Request, Response

from carbon_tokens.errors import UnitError
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.periods import Month
from carbon_tokens.service import actions, audits, desk_shares, operating, prepare
from carbon_tokens.service.answers import ChainNumber, FacilityId, RequestId
from carbon_tokens.service.desk_months import MonthPath
from carbon_tokens.service.desk_seat import By, Seat, router, shown
from carbon_tokens.service.languages import later, say, spoken
from carbon_tokens.service.node import Follower, Node
from carbon_tokens.service.rendering import Here, tonnes
from carbon_tokens.service.writing import on_chain, only

Address = Annotated[str, Form(pattern="^0x[0-9a-fA-F]{40}$")]
Token = Annotated[str, Form(pattern="^0x[0-9a-f]{1,64}$")]
Note = Annotated[str, Form(max_length=500)]
MonthForm = Annotated[str, Form(pattern="^[0-9]{4}-[0-9]{2}$")]
_OF = "/desk/chains/{chain}/facilities/{facility}/months/{month}"
_UNIT = 1_000_000  # Wh of a MWh, g of a t
routes = router()


@routes.post(_OF + "/retirement")
def retirement(
    request: Request, node: Here, seat: By, chain: ChainNumber, facility: FacilityId, month: MonthPath,
    holder: Address, token: Annotated[list[Token], Form()], amount: Annotated[list[str], Form()],
    beneficiary: Note = "", purpose: Note = "",
) -> Response:  # fmt: skip
    """Retires what was chosen of what an account holds into a month."""
    _operated(node, seat, chain, facility)
    chosen = [(int(each, 16), size) for each, size in zip(token, map(millionths, amount), strict=False) if size]
    if not chosen:
        raise UnitError("nothing is to be retired", where="amount", todo="Write an amount beside a token.")
    tokens, amounts = ([pair[side] for pair in chosen] for side in (0, 1))
    with on_chain(node, chain) as follower:
        made = prepare.retire(follower.views, holder, int(facility, 16), Month.parse(month), tokens, amounts,
                              beneficiary=beneficiary, purpose=purpose)  # fmt: skip
        return prepared(request, seat, follower, made, f"{_of(chain, facility)}/months/{month}")


@routes.post(_OF + "/claim")
def claim(
    request: Request, node: Here, seat: By, chain: ChainNumber, facility: FacilityId, month: MonthPath,
    sender: Address, first: MonthForm, last: MonthForm, basis: Annotated[str, Form(pattern="^(annual|hourly)$")],
) -> Response:  # fmt: skip
    """Claims the certificate of months."""
    _operated(node, seat, chain, facility)
    with on_chain(node, chain) as follower:
        made = prepare.claim(follower.views, sender, int(facility, 16), Month.parse(first, where="first"),
                             Month.parse(last, where="last"), basis=basis)  # fmt: skip
        return prepared(request, seat, follower, made, f"{_of(chain, facility)}/months/{month}")


@routes.post("/desk/audits/{number}/closing")
def closing(request: Request, node: Here, seat: By, number: RequestId, sender: Address) -> Response:
    """Closes the month of an audit that was the auditor's, as complete."""
    only(seat.by, "auditor")
    with node.reader.engine.begin() as connection:
        row = audits.found(connection, seat.by, number)
    with on_chain(node, row["chain"]) as follower:
        made = prepare.close(follower.views, sender, int(row["facility"], 16), Month(row["month"]))
        return prepared(request, seat, follower, made, f"/desk/audits/{number}")


@routes.post("/desk/shares/{number}/claim")
def share(
    request: Request, node: Here, seat: By, number: Annotated[int, Path(ge=1, le=2**31 - 1)], sender: Address,
    into: Annotated[str, Form(pattern="^(0x[0-9a-f]{54})?$")] = "",
) -> Response:  # fmt: skip
    """Claims a share into scope 3 of the customer's own facility."""
    only(seat.by, "customer")
    row = desk_shares.found(node, seat, number)
    with on_chain(node, row["chain"]) as follower:
        proof = TenantProof.from_json(row["proof"])
        made = prepare.share(follower.views, sender, proof, int(into, 16) if into else None)
        return prepared(request, seat, follower, made, "/desk/shares")


def prepared(request: Request, seat: Seat, follower: Follower, made: prepare.Prepared, back: str) -> Response:
    """The page of a prepared transaction, and where it leads back to. For whom it was prepared is logged."""
    number = follower.views.chain.id
    content = made.to_json(number)
    logged(request, seat, follower.indexer.id, made)
    effects = dict(content["effects"])
    sides = [effects.pop(side, {}) for side in ("before", "after")]
    compared = [(_words(name), *(_said(name, side[name]) for side in sides)) for name in sides[0] if name in sides[1]]
    return shown(
        request, "desk_prepared.html", seat, chain_id=number, sender=made.sender, summary=made.said.text(spoken.get()),
        effects=_lines(effects), compared=compared, calls=calls_of(made), back=back,
    )  # fmt: skip


def calls_of(made: prepare.Prepared | None) -> list[tuple[str, str]]:
    """What each call does, and its JSON as eth_sendTransaction takes it."""
    names = ("from", "to", "data", "value", "gas")
    found = made.to_json(0)["calls"] if made else []
    return [
        (_action(str(each["action"])), json.dumps({name: each[name] for name in names}, indent=1)) for each in found
    ]


def logged(request: Request, seat: Seat, chain: int, made: prepare.Prepared) -> None:
    """A row of the log: what was prepared for whose wallet."""
    node: Node = request.app.state.node
    with node.engine.begin() as connection:
        stated = {"chain": chain, "what": made.summary}
        actions.append(connection, seat.by, "transaction prepared", made.sender, stated)


def millionths(text: str) -> int:
    """MWh or t, with six decimals at most, as Wh or g. Raises UnitError for anything else."""
    try:
        found = Decimal(text or "0") * _UNIT
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found != found.to_integral_value() or not 0 <= found < 2**48:
        raise UnitError(f"{text!r} is no amount of MWh or t with six decimals at most", where="amount")
    return int(found)


def _lines(effects: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Effects by their words: what is inside of something is named by both, but for totals."""
    found: dict[str, str] = {}
    for name, value in effects.items():
        words = f"{above} {_words(name)}".strip()
        if isinstance(value, Mapping):
            unit = next((each for each in ("_wh", "_g") if name.endswith(each)), "")
            inside = {f"{inner}{unit}": each for inner, each in value.items()}
            found |= _lines(inside, "" if name == "totals" else words)
        elif isinstance(value, (list, tuple)):
            for number, each in enumerate(value, 1):
                part = each if isinstance(each, Mapping) else {"": each}
                found |= _lines(part, f"{words} {number}" if len(value) > 1 else words)
        else:
            found[words] = _said(name, value)
    return found


_WORDS = {
    "facility": later("Facility"), "source": later("Source"), "token": later("Token"), "tokens": later("Tokens"),
    "balances": later("Balances"), "before": later("Before"), "after": later("After"), "claim": later("Claim"),
    "energy": later("Energy"), "recs": later("RECs"), "offsets": later("Offsets"), "net": later("Net"),
    "gross location": later("Gross location"), "gross market": later("Gross market"),
    "location": later("Location-based"), "market": later("Market-based"), "closed": later("Closed"),
    "version": later("Version"),
}  # fmt: skip
_ACTIONS = {
    "add_facility": later("Add facility"), "add_source": later("Add source"), "issue": later("Issue"),
    "transfer": later("Transfer"), "retire": later("Retire"), "claim": later("Claim"), "close": later("Close"),
    "claim_share": later("Claim share"),
}  # fmt: skip


def _words(name: str) -> str:
    """What the name of an effect says; a month stays as it is."""
    words = name.removesuffix("_wh").removesuffix("_g").replace("_", " ")
    return say(_WORDS[words]) if words in _WORDS else words[:1].upper() + words[1:]


def _action(name: str) -> str:
    return say(_ACTIONS[name]) if name in _ACTIONS else name.replace("_", " ").capitalize()


def _said(name: str, value: Any) -> str:
    """A figure in the unit that its name ends with."""
    unit = {"_wh": "MWh", "_g": "t"}.get(name[name.rfind("_") :]) if isinstance(value, int) else None
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return f"{tonnes(value)} {unit}" if unit else str(value)


def _operated(node: Node, seat: Seat, chain: int, facility: str) -> None:
    only(seat.by, "operator")
    with node.reader.engine.begin() as connection:
        operating.require(connection, seat.by, chain, facility)


def _of(chain: int, facility: str) -> str:
    return f"/desk/chains/{chain}/facilities/{facility}"
