"""What can be issued, retired and claimed of the published files, before anything is sent: no chain, no floats.

A redemption states a node and a period. Its certificates go into the node's accounts of the months of that period, in
proportion to their energy (largest remainder), if

    the statement was accepted by ``registries``,
    the plan has an energy bound of this batch, for the same node and period,
    the node is in the certificates' market: an area of one law and regulator of electricity (GHG Protocol Scope 2
        Guidance, chapter 7), by default each ISO 3166 code for itself, so that Hong Kong is not the mainland, and
    the grid of the node has an emission factor of the year, without which there is no statement to audit.

Certificates that fail are issued and kept, with the reason. Those that go in are *in period* if they were produced
inside the reporting period, else only the calendar year holds them together, which is all that the contracts ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from carbon_tokens.energy.bills import Bill, split
from carbon_tokens.periods import Month
from carbon_tokens.registries import Checked, Entry
from carbon_tokens.statements import CertificateBatch
from carbon_tokens.units import largest_remainder
from examples.filecoin.published import Bound, Redemption

Redeemed = Mapping[tuple[str, int], Redemption | str]  # by file and row, see published.redemptions

OUTSIDE = "counted, but produced outside the reporting period"
MARKET = "its certificates are of another market"
FACTOR = "no emission factor of its grid and year"
DIFFERS = "statement and plan say different things"
UNPLANNED = "no energy bound for the redemption"
REJECTED = "its statement was rejected"
MISSING = "planned, but no statement with serials"
SHORT = "fewer certificates than energy"
REASONS = (OUTSIDE, MARKET, FACTOR, DIFFERS, UNPLANNED, REJECTED, MISSING, SHORT)  # of energy or of certificates

_DEVICES = {"China": "CN", "Hong Kong": "HK"}  # countries of devices, as I-REC's statements name them
UNKNOWN = "ZZ"  # ISO 3166: of no country

COUNTRIES = {  # ISO 3166: alpha-2, as the Filecoin project writes, to alpha-3, as files of countries do
    "AU": "AUS", "BE": "BEL", "CA": "CAN", "CN": "CHN", "DE": "DEU", "DK": "DNK", "HK": "HKG", "US": "USA",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lot:
    """The certificates of one statement's row, and what becomes of them.

    Attributes:
        bound: the energy that they were redeemed for; None if the plan has none.
        why: why they are not retired; empty if they are.
        detail: the same with its figures.
        months: Wh to retire by month; empty if ``why``.
        in_period: whether they were produced inside the reporting period.
    """

    batch: CertificateBatch
    where: str
    node: str
    bound: Bound | None
    why: str
    detail: str
    months: Mapping[Month, int]
    in_period: bool


@dataclass(frozen=True, slots=True)
class Energy:
    """A bound's energy by month, and the certificates for it.

    Attributes:
        zone: the market of the node, two letters.
        country: alpha-3 code of the grid whose factor is used; empty if it is not known.
        why: why it is not audited; empty if it is.
        rejected: how many rows of statements for it were rejected.
    """

    bound: Bound
    months: Mapping[Month, int]
    zone: str
    country: str
    why: str
    lots: tuple[Lot, ...]
    rejected: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is to be recorded; ``lots`` are all accepted certificates, with a bound or without."""

    energy: tuple[Energy, ...]
    lots: tuple[Lot, ...]
    checked: Checked


@dataclass(frozen=True, slots=True)
class Rules:
    """What the caller decides.

    Attributes:
        markets: area → market zone, where an area is not a market of its own.
        factors: areas with an emission factor, and the years of it.
    """

    markets: Mapping[str, str]
    factors: frozenset[tuple[str, int]]

    def zone(self, area: str) -> str:
        return self.markets.get(area, area)


def plan(bounds: Sequence[tuple[Bound, Bill]], checked: Checked, redeemed: Redeemed, rules: Rules) -> Plan:
    """The plan of all files.

    Args:
        bounds: each with the bill that states its energy (``recording.write_bills``).
        checked: the statements' batches and rejects.
    """
    by_batch = {bound.batch: (bound, bill) for bound, bill in bounds}
    lots: dict[int, list[Lot]] = {}
    for batch, entry in checked.batches:
        redemption = redeemed.get((entry.file, entry.row), "the row was not found again")
        known = by_batch.get(redemption.batch) if isinstance(redemption, Redemption) else None
        lots.setdefault(known[0].batch if known else -1, []).append(_lot(batch, entry, redemption, known, rules))
    rejected = [redeemed.get((each.entry.file, each.entry.row)) for each in checked.rejects]
    refused = [each.batch for each in rejected if isinstance(each, Redemption)]
    energy = tuple(
        _energy(bound, bill, rules, tuple(_not_more(lots.get(bound.batch, []), bound)), refused.count(bound.batch))
        for bound, bill in bounds
    )
    unplanned = tuple(lots.get(-1, []))
    return Plan(energy, (*(lot for each in energy for lot in each.lots), *unplanned), checked)


def _energy(bound: Bound, bill: Bill, rules: Rules, lots: tuple[Lot, ...], rejected: int) -> Energy:
    months = split(bill)
    why = "" if _has_factor(bound, rules) else FACTOR
    return Energy(bound, months, rules.zone(bound.area), COUNTRIES.get(bound.area, ""), why, lots, rejected)


def _lot(
    batch: CertificateBatch, entry: Entry, redeemed: Redemption | str, known: tuple[Bound, Bill] | None, rules: Rules
) -> Lot:
    if not isinstance(redeemed, Redemption):
        return Lot(batch, entry.where, "unknown", None, DIFFERS, redeemed, {}, False)
    if known is None:
        detail = f"the plan has no batch {redeemed.batch}"
        return Lot(batch, entry.where, redeemed.node, None, UNPLANNED, detail, {}, False)
    bound, bill = known
    why, detail = _fault(batch, redeemed, bound, rules)
    energy = split(bill)
    parts = largest_remainder(batch.amount, {str(month): wh for month, wh in energy.items()}) if not why else {}
    months = {month: parts[str(month)] for month in energy if parts.get(str(month))}
    return Lot(batch, entry.where, bound.node, bound, why, detail, months, _inside(batch, redeemed))


def _fault(batch: CertificateBatch, redeemed: Redemption, bound: Bound, rules: Rules) -> tuple[str, str]:
    """Why certificates cannot go into the accounts of their bound, if they cannot."""
    said, planned = (redeemed.node, redeemed.first, redeemed.last), (bound.node, bound.first, bound.last)
    if said != planned:
        shown = (" ".join(map(str, each)) for each in (said, planned))
        return DIFFERS, "the statement says {}, the plan {}".format(*shown)
    area = device_area(batch.source)
    if rules.zone(bound.area) != rules.zone(area):
        return MARKET, f"certificates of {area}, the node is in {bound.location}"
    if not _has_factor(bound, rules):
        return FACTOR, f"no factor of {bound.area} {bound.first.year}"
    return ("", "") if bound.energy_wh else (UNPLANNED, "the plan says 0 MWh")


def device_area(source: str) -> str:
    """Where a device of I-REC is, from the text by which a statement names it; UNKNOWN if it names no known country."""
    return next((code for name, code in _DEVICES.items() if f" {name} " in f" {source} "), UNKNOWN)


def _not_more(lots: list[Lot], bound: Bound) -> list[Lot]:
    """The lots of a bound; none is retired if they are more than the plan says."""
    total = sum(lot.batch.amount for lot in lots)
    if total <= bound.planned_wh:
        return lots
    detail = f"statements of {total:,} Wh, a plan of {bound.planned_wh:,} Wh"
    return [replace(lot, why=DIFFERS, detail=detail, months={}) for lot in lots]


def _has_factor(bound: Bound, rules: Rules) -> bool:
    return all((bound.area, year) in rules.factors for year in range(bound.first.year, bound.last.year + 1))


def _inside(batch: CertificateBatch, redeemed: Redemption) -> bool:
    """Whether all of the production lies in the reporting period."""
    end = _instant(redeemed.last + timedelta(days=1))
    return _instant(redeemed.first) <= batch.vintage_start and batch.vintage_end <= end


def _instant(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
