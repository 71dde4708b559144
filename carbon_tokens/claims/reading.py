"""From the chain to the parts of a proof. ``prove`` and ``verify`` both read here, each from its own connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from carbon_tokens.claims.account_events import (
    AccountEvent,
    Allocated,
    AmountPart,
    Closed,
    Confirmed,
    Disallowed,
    Retired,
)
from carbon_tokens.claims.pieces import Place
from carbon_tokens.claims.records import (
    CLASSES,
    ClaimPart,
    FacilityPart,
    MatchingPart,
    PanelPart,
    SourcePart,
    TokenPart,
)
from carbon_tokens.errors import ProofError
from carbon_tokens.ledger.contracts import code_text
from carbon_tokens.ledger.events import decode_logs, read_events
from carbon_tokens.ledger.ids import BASES, claim_parts, note
from carbon_tokens.ledger.records import Event
from carbon_tokens.ledger.views import LedgerViews
from carbon_tokens.periods import Month
from carbon_tokens.statements import Auditable, CertificateBatch
from carbon_tokens.statements.totals import FACILITY_OCTETS

_ZERO = "0x" + 40 * "0"
_PORTION = 200


def hex32(value: int | bytes) -> str:
    """0x and 64 digits."""
    return f"0x{int.from_bytes(value, 'big') if isinstance(value, bytes) else value:064x}"


def facility_hex(number: int) -> str:
    """A facility's id in an event, 0x and 54 digits. Raises ProofError for a number that names no facility."""
    if number >> 8 * FACILITY_OCTETS:
        raise ProofError(f"{hex32(number)} names no facility: it has more than {8 * FACILITY_OCTETS} bits")
    return f"0x{number:0{2 * FACILITY_OCTETS}x}"


@dataclass(frozen=True, slots=True)
class Logged:
    """An event and the hash of its block."""

    event: Event
    block_hash: str

    @property
    def args(self) -> Any:
        return self.event.args

    @property
    def place(self) -> Place:
        return Place(self.event.tx, self.event.block, self.block_hash, self.event.index)


class Receipts:
    """The decoded events of transactions of this ledger, fetched in batches and kept."""

    def __init__(self, views: LedgerViews) -> None:
        self._chain, self.address = views.chain, views.address
        self._contracts = {views.address(name).lower(): contract for name, contract in views.contracts.items()}
        self._known: dict[str, dict[int, Logged]] = {}

    def load(self, transactions: Iterable[str]) -> None:
        """Fetches receipts; an unknown transaction has no events."""
        wanted = [tx for tx in dict.fromkeys(transactions) if tx not in self._known]
        for start in range(0, len(wanted), _PORTION):
            part = wanted[start : start + _PORTION]
            for tx, receipt in zip(part, self._chain.receipts(part), strict=True):
                self._known[tx] = self._events(receipt) if receipt else {}

    def events(self, tx: str) -> dict[int, Logged]:
        """The events of a transaction by their index in the block, in order."""
        self.load([tx])
        return self._known[tx]

    def at(self, place: Place, *names: str) -> Logged | None:
        """The event at a place, if it is one of these."""
        found = self.events(place.tx).get(place.index)
        return found if found and found.event.name in names else None

    def _events(self, receipt: dict[str, Any]) -> dict[int, Logged]:
        found = (Logged(event, receipt["blockHash"]) for event in decode_logs(receipt["logs"], self._contracts))
        return {each.event.index: each for each in found}


def facility(logged: Logged, description: str) -> FacilityPart:
    args = logged.args
    codes = (code_text(args["gridRegion"]), code_text(args["marketZone"]))
    number = facility_hex(args["facility"])
    return FacilityPart(number, args["owner"], *codes, hex32(args["metadata"]), description, logged.place)


def source(logged: Logged) -> SourcePart:
    args = logged.args
    kind = next(name for name, number in CLASSES.items() if number == args["class"])
    codes = (code_text(args["marketZone"]), code_text(args["gridRegion"]), code_text(args["technology"]))
    registry, device = code_text(args["registry"]), hex32(args["device"])
    return SourcePart(args["source"], args["issuer"], kind, registry, device, *codes, logged.place)


def token(receipts: Receipts, logged: Logged, document: CertificateBatch | None) -> TokenPart:
    """Raises ProofError when no transfer shows how much was issued."""
    args = logged.args
    moves = (
        each
        for index, each in receipts.events(logged.event.tx).items()
        if index > logged.event.index and _is_transfer(each, "from")
    )
    move = next(moves, None)
    amount = dict(_amounts(move)).get(args["id"]) if move else None
    if amount is None:
        raise ProofError(f"no transfer shows the amount of token {hex32(args['id'])}", where=logged.event.tx)
    serials, vintage = (str(args["serialFrom"]), str(args["serialThru"])), (args["vintageStart"], args["vintageEnd"])
    evidence = hex32(args["evidence"])
    return TokenPart(hex32(args["id"]), args["source"], evidence, amount, *serials, *vintage, document, logged.place)


def confirmed(receipts: Receipts, logged: Logged, document: Auditable | None) -> Confirmed:
    stated = logged.args["statement"]
    if document is None:
        raise ProofError(f"the document {hex32(stated['evidence'])} is not at hand", where="documents")
    return Confirmed(
        event=logged.event.name,
        auditor=logged.args["auditor"],
        attested=attested(receipts, logged),
        version=stated["version"],
        energy_wh=stated["energy"],
        scope1_g=stated["scope1"],
        scope2_location_g=stated["scope2Location"],
        scope2_residual_g=stated["scope2Residual"],
        scope3_g=stated["scope3"],
        start=stated["start"],
        end=stated["end"],
        meter=hex32(stated["meter"]),
        release=hex32(stated["release"]),
        evidence=hex32(stated["evidence"]),
        document=document,
        at=logged.place,
    )


def attested(receipts: Receipts, logged: Logged) -> tuple[str, ...]:
    """The auditors whose signatures counted, of the Attested event before; none if the auditor called the ledger.

    Raises:
        ProofError: the Auditors contract called the ledger, and no such event is before.
    """
    if logged.args["auditor"] != receipts.address("Auditors"):
        return ()
    before = receipts.events(logged.event.tx).items()
    found = [each for index, each in before if index < logged.event.index and each.event.name == "Attested"]
    if not found or about(found[-1]) != about(logged):
        raise ProofError("no Attested event shows who signed", where=logged.event.tx)
    signers: tuple[str, ...] = tuple(found[-1].args["auditors"])
    return signers


def closed(receipts: Receipts, logged: Logged) -> Closed:
    args = logged.args
    return Closed("Closed", args["auditor"], attested(receipts, logged), args["version"], logged.place)


def disallowed(receipts: Receipts, logged: Logged) -> Disallowed:
    args = logged.args
    what = hex32(args["id"]), args["amount"], hex32(args["evidence"])
    signed = attested(receipts, logged)
    return Disallowed("Disallowed", args["auditor"], signed, args["version"], *what, logged.place)


def allocated(receipts: Receipts, logged: Logged) -> Allocated:
    """The share is that of the ShareClaimed event just before. Raises ProofError if there is none of this account."""
    share = receipts.events(logged.event.tx).get(logged.event.index - 1)
    args = logged.args
    if not share or share.event.name != "ShareClaimed" or (share.args["tenant"], share.args["month"]) != about(logged):
        raise ProofError("no ShareClaimed event shows which share was claimed", where=logged.event.tx)
    given = share.args
    return Allocated(
        event="Allocated",
        provider=facility_hex(given["facility"]),
        provider_version=given["version"],
        energy_wh=given["energy"],
        location_g=given["location"],
        market_g=given["market"],
        allocated_location_g=args["location"],
        allocated_market_g=args["market"],
        at=logged.place,
    )


def matching(logged: Logged) -> MatchingPart:
    found = logged.args["matching"]
    figures = (found["version"], found["matched"], found["unmatched"], found["score"])
    return MatchingPart(*figures, hex32(found["data"]), tuple(logged.args["auditors"]), logged.place)


def panel(logged: Logged) -> PanelPart:
    return PanelPart(logged.args["quorum"], tuple(logged.args["members"]), logged.place)


def panels(views: LedgerViews, receipts: Receipts, of: FacilityPart, last: int) -> tuple[PanelPart, ...]:
    """Every panel that the facility was given from its registration to the block ``last``."""
    where = views.chain.rpc, views.contracts["Auditors"], views.address("Auditors"), ("PanelSet",)
    end = min(last, views.chain.block_number())  # a forged place must not make this search for ever
    events = list(read_events(*where, of.at.block, end, about=[int(of.id, 16)]))
    receipts.load(event.tx for event in events)
    return tuple(panel(receipts.events(event.tx)[event.index]) for event in events)


def retired(receipts: Receipts, logged: Logged) -> Retired:
    """The tokens are those of the transfer to nobody just before the event."""
    args = logged.args
    move = receipts.events(logged.event.tx).get(logged.event.index - 1)
    if not move or not _is_transfer(move, "to"):
        raise ProofError("no transfer shows which tokens were retired", where=logged.event.tx)
    tokens = tuple(AmountPart(hex32(number), amount) for number, amount in _amounts(move))
    notes = hex32(args["beneficiary"]), hex32(args["purpose"])
    return Retired("Retired", args["holder"], args["recs"], args["offsets"], *notes, tokens, logged.place)


def claim(time_of: Callable[[str], int], logged: Logged, owner: str) -> ClaimPart:
    """Args: ``time_of`` gives the UTC seconds of a block by its number in hex."""
    args = logged.args
    number = args["claimId"]
    _, first, last, kind = claim_parts(number)
    basis = next(name for name, each in BASES.items() if each == kind)
    time = time_of(hex(logged.event.block))
    return ClaimPart(
        hex32(number), Month(first), Month(last), basis, owner, args["number"], args["versions"], time, logged.place
    )


Documented = Callable[[bytes], Any]  # the document with this hash, None if it is not at hand


def account_event(receipts: Receipts, logged: Logged, document: Documented) -> AccountEvent:
    """An event of an account as a part of a proof. Raises ProofError for a statement without its document."""
    name = logged.event.name
    if name in ("Audited", "Restated"):
        return confirmed(receipts, logged, document(logged.args["statement"]["evidence"]))
    if name == "Retired":
        return retired(receipts, logged)
    if name == "Allocated":
        return allocated(receipts, logged)
    return closed(receipts, logged) if name == "Closed" else disallowed(receipts, logged)


def about(logged: Logged) -> tuple[int, int]:
    """Facility and month that an event of an account is about."""
    stated = logged.args.get("statement", logged.args)
    return stated["facility"], stated["month"]


def device_hash(registry_id: str) -> str:
    """A registry's own id of a device or project as the chain has it."""
    return hex32(note(registry_id))


def _is_transfer(logged: Logged, end: str) -> bool:
    return logged.event.name in ("TransferSingle", "TransferBatch") and logged.args[end] == _ZERO


def _amounts(move: Logged) -> list[tuple[int, int]]:
    args = move.args
    if move.event.name == "TransferSingle":
        return [(args["id"], args["value"])]
    return list(zip(args["ids"], args["values"], strict=True))
