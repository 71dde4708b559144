"""Transactions for wallets: each verb checked against the chain as the wallet would send it, with what it will change.

The node sends nothing and holds no key. What a contract refuses is raised as its named error before anybody signs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from carbon_tokens.claims.account import totals
from carbon_tokens.claims.records import AccountPart
from carbon_tokens.errors import LedgerError, NoAnswer, Reverted, StatementError
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.documents import CLASSES, batch_of
from carbon_tokens.ledger.ids import BASES, REC, class_of, facility_id, note
from carbon_tokens.ledger.preparing import Call, PreparingLedger
from carbon_tokens.ledger.records import Account
from carbon_tokens.ledger.rpc import NodeError
from carbon_tokens.ledger.views import LedgerViews
from carbon_tokens.periods import Month
from carbon_tokens.service.languages import Quantity, Sentence, later
from carbon_tokens.service.refusals import Conflict
from carbon_tokens.statements.certificate_table import CertificateRow


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a wallet sends, in this order: usually one call, none where the chain has it already."""

    sender: str
    calls: tuple[Call, ...]
    said: Sentence
    effects: Mapping[str, Any]

    @property
    def summary(self) -> str:
        """What it does, in English."""
        return self.said.text()

    def to_json(self, chain_id: int) -> dict[str, Any]:
        """As the API gives it, calls in the form of eth_sendTransaction."""
        calls = [{"action": each.action, "from": self.sender, "to": each.to, "data": "0x" + each.data.hex(),
                  "value": "0x0", "gas": hex(each.gas)} for each in self.calls]  # fmt: skip
        return {"chain_id": chain_id, "calls": calls, "summary": self.summary, "effects": dict(self.effects)}


def facility(views: LedgerViews, sender: str, grid_region: str, market_zone: str, metadata: bytes) -> Prepared:
    """Registers a facility of the sender; its id follows from the sender and the sha-256 of its description."""
    with _preparing(views, sender) as ledger:
        ledger.add_facility(grid_region, market_zone, metadata)
    number = f"0x{facility_id(ledger.wallet, metadata):054x}"
    return _prepared(ledger, Sentence(later("Register a facility in %(region)s, market %(zone)s."),
                                      {"region": grid_region, "zone": market_zone}), facility=number)  # fmt: skip


def source(
    views: LedgerViews, sender: str, token_class: str, registry: str, device: str, market_zone: str, *,
    grid_region: str = "", technology: str = "",
) -> Prepared:  # fmt: skip
    """Registers a device (rec) or project (offset) of a registry, whose certificates the sender will issue."""
    with _preparing(views, sender) as ledger:
        found = ledger.add_source(CLASSES[token_class], registry, note(device), market_zone, grid_region=grid_region,
                                  technology=technology)  # fmt: skip
    said = Sentence(later("Register %(device)s of %(registry)s as a source of %(what)s."),
                    {"device": device, "registry": registry, "what": Sentence(_NAMES[token_class])})  # fmt: skip
    return _prepared(ledger, said, source=found.id or None)


def issue(views: LedgerViews, sender: str, rows: Sequence[CertificateRow], to: str = "") -> Prepared:
    """Issues the batches of a table; what stands on the chain already is left out.

    Raises:
        StatementError: a source that is not registered, by file:row.
    """
    by_source: dict[int, list[CertificateRow]] = {}
    for row in sorted(rows, key=lambda row: row.document.serial_from):
        number = views.source_id(row.document.registry, note(row.document.source))
        if not number:
            what = f"{row.document.registry} {row.document.source} is no registered source"
            raise StatementError(what, where=row.where, todo="Register it first.")
        by_source.setdefault(number, []).append(row)
    tokens = list[dict[str, Any]]()
    with _preparing(views, sender) as ledger:
        for number, part in by_source.items():
            report = ledger.issue(number, [batch_of(row.document) for row in part], to or None)
            tokens += [_issued(token, number, row) for token, row in zip(report.ids, part, strict=True)]
            skipped = report.skipped
            for each in tokens[-len(part) :]:
                each["standing"] = bool(skipped) and views.batch(int(each["token"], 16)) is not None
    new = [each for each in tokens if not each["standing"]]
    units = {kind: sum(each["amount"] for each in new if each["class"] == kind) for kind in CLASSES}
    if not new:
        return _prepared(ledger, Sentence(later("Everything was issued before.")), tokens=tokens)
    parts = [_amount(amount, CLASSES[kind]) for kind, amount in units.items() if amount]
    said = Sentence(later("Issue %(what)s in %(count)s batches to %(holder)s."),
                    {"what": _and(parts), "count": len(new), "holder": to or ledger.wallet})  # fmt: skip
    return _prepared(ledger, said, tokens=tokens)


def transfer(views: LedgerViews, sender: str, to: str, tokens: Sequence[int], amounts: Sequence[int]) -> Prepared:
    """Transfers RECs (Wh) or offsets (g) of the sender."""
    _paired(tokens, amounts)
    with _preparing(views, sender) as ledger:
        ledger.transfer(to, tokens, amounts)
    pairs = [
        (token, amount, views.balance(ledger.wallet, token)) for token, amount in zip(tokens, amounts, strict=True)
    ]
    left = [{"token": _hex(token), "before": held, "after": held - amount} for token, amount, held in pairs]
    said = Sentence(later("Transfer %(what)s to %(holder)s."), {"what": _amounts(tokens, amounts), "holder": to})
    return _prepared(ledger, said, balances=left)


def retire(
    views: LedgerViews, sender: str, facility: int, month: Month, tokens: Sequence[int], amounts: Sequence[int], *,
    beneficiary: str = "", purpose: str = "",
) -> Prepared:  # fmt: skip
    """Retires RECs or offsets of the sender into a facility-month, for ever; with the totals before and after."""
    _paired(tokens, amounts)
    before = views.account(facility, month)
    with _preparing(views, sender) as ledger:
        ledger.retire(
            facility, month, tokens, amounts, beneficiary=beneficiary, purpose=purpose, version=before.version
        )
    recs = sum(amount for token, amount in zip(tokens, amounts, strict=True) if class_of(token) == REC)
    after = replace(before, recs=before.recs + recs, offsets=before.offsets + sum(amounts) - recs)
    said = Sentence(later("Retire %(what)s for %(month)s, for ever."),
                    {"what": _amounts(tokens, amounts), "month": str(month)})  # fmt: skip
    return _prepared(ledger, said, before=account_totals(before), after=account_totals(after))


def claim(
    views: LedgerViews, sender: str, facility: int, first: Month, last: Month | None = None, basis: str = "annual"
) -> Prepared:
    """Claims months: the certificate goes to the facility's owner, or is renewed."""
    end = last or first
    with _preparing(views, sender) as ledger:
        receipt = ledger.claim(facility, first, end, BASES[basis])
    months = [Month(number) for number in range(first.number, end.number + 1)]
    nets = {str(month): status.net for month, status in zip(months, views.status(facility, months), strict=True)}
    span: str | Sentence = str(first)
    if end != first:
        span = Sentence(later("%(first)s to %(last)s"), {"first": str(first), "last": str(end)})
    said = Sentence(_CLAIMS[basis], {"months": span})
    return _prepared(ledger, said, claim=f"0x{receipt.id or 0:064x}", net_g=nets)


def close(views: LedgerViews, sender: str, facility: int, month: Month) -> Prepared:
    """Declares a month complete as it stands; with the totals that the auditor confirms."""
    stands = views.account(facility, month)
    with _preparing(views, sender) as ledger:
        ledger.close(facility, month)
    return _prepared(
        ledger,
        Sentence(later("Close %(month)s as complete."), {"month": str(month)}),
        totals=account_totals(stands),
        version=stands.version,
    )


def share(views: LedgerViews, sender: str, proof: TenantProof, into: int | None = None) -> Prepared:
    """Claims a tenant's proven share into scope 3 of the tenant's own account."""
    with _preparing(views, sender) as ledger:
        ledger.claim_share(proof, into)
    amounts = proof.share.share.amounts
    figures = {"energy_wh": amounts.energy_wh, "location_g": amounts.location_g, "market_g": amounts.market_g}
    said = Sentence(later("Claim the share of %(month)s into scope 3."), {"month": str(proof.month)})
    return _prepared(ledger, said, **figures)


def account_totals(account: Account) -> dict[str, Any]:
    """An account's amounts and its three totals by the contracts' rule (``claims.account.totals``), Wh and g."""
    part = AccountPart(
        account.energy, account.scope1, account.scope2_location, account.scope2_residual, account.scope3,
        account.version, account.closed, account.recs, account.offsets, account.allocated_location,
        account.allocated_market, account.shares,
    )  # fmt: skip
    found = totals(part)
    return {"energy_wh": part.energy_wh, "recs_wh": part.recs_wh, "offsets_g": part.offsets_g,
            "gross_location_g": found.gross_location_g, "gross_market_g": found.gross_market_g, "net_g": found.net_g,
            "closed": part.closed, "version": part.version}  # fmt: skip


_NAMES = {"rec": later("RECs"), "offset": later("offsets")}
_CLAIMS = {"annual": later("Claim %(months)s on the annual basis."),
           "hourly": later("Claim %(months)s on the hourly basis.")}  # fmt: skip


class _Wallets(PreparingLedger):
    @property
    def wallet(self) -> str:
        """The checksummed address that will send."""
        return self._signer().address


@contextmanager
def _preparing(views: LedgerViews, sender: str) -> Iterator[_Wallets]:
    """A ledger that keeps calls. What it refuses for the state of things is a Conflict; a silent chain stays one."""
    try:
        yield _Wallets(views.chain, views.deployments, sender)
    except (Reverted, NodeError, NoAnswer):
        raise
    except LedgerError as error:
        raise Conflict(error.what, where=error.where, todo=error.todo) from error


def _prepared(ledger: _Wallets, said: Sentence, **effects: Any) -> Prepared:
    return Prepared(ledger.wallet, tuple(ledger.calls), said, effects)


def _issued(token: int, source: int, row: CertificateRow) -> dict[str, Any]:
    document = row.document
    return {"token": _hex(token), "class": document.token_class, "source": source, "amount": document.amount,
            "serials": document.serials, "row": row.where}  # fmt: skip


def _paired(tokens: Sequence[int], amounts: Sequence[int]) -> None:
    if len(tokens) != len(amounts) or not tokens:
        raise StatementError(f"{len(tokens)} tokens and {len(amounts)} amounts", where="amounts",
                             todo="Give one amount for each token.")  # fmt: skip


def _amounts(tokens: Sequence[int], amounts: Sequence[int]) -> Sentence:
    sums = dict[int, int]()
    for token, amount in zip(tokens, amounts, strict=True):
        sums[class_of(token)] = sums.get(class_of(token), 0) + amount
    return _and([_amount(amount, kind) for kind, amount in sorted(sums.items())])


def _and(parts: Sequence[Sentence]) -> Sentence:
    """One or two of them: RECs, offsets."""
    if len(parts) == 1:
        return parts[0]
    return Sentence(later("%(one)s and %(other)s"), {"one": parts[0], "other": parts[1]})


def _amount(amount: int, kind: int) -> Sentence:
    digits = Quantity(f"{amount // 1_000_000:,}.{amount % 1_000_000:06d}")
    message = later("%(amount)s MWh of RECs") if kind == REC else later("%(amount)s t of offsets")
    return Sentence(message, {"amount": digits})


def _hex(token: int) -> str:
    return f"0x{token:064x}"
