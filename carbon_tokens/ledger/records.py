"""What goes into the ledger and what comes out of it. Structs keep the field order of contracts/interfaces.

Energy in Wh, mass in g CO2e, factors in g/MWh, months as numbers since 1970-01 (``Month.number``), instants in UTC
seconds, periods half-open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """RECs (Wh) or offsets (g) to issue, of one document; the serials are inclusive."""

    evidence: bytes
    amount: int
    serial_from: int
    serial_thru: int
    vintage_start: int
    vintage_end: int


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """An issued batch: first holder, what it still holds, source, vintage in months."""

    holder: str
    amount: int
    source: int
    vintage_start: int
    vintage_months: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What an auditor confirms: one reading of one meter, or in a restatement the new totals of the month.

    ``version`` is the account's version after it; ``meter`` and ``release`` are 32 zero bytes where there is none.
    """

    facility: int
    month: int
    version: int
    energy: int
    scope1: int
    scope2_location: int
    scope2_residual: int
    scope3: int
    start: int
    end: int
    meter: bytes
    release: bytes
    evidence: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What auditors sign: ``audit``, ``restate``, ``close`` or ``disallow``, and its arguments, see ``signing``."""

    action: str
    args: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """One auditor's EIP-712 signature: 65 bytes of an account, anything of an ERC-1271 contract."""

    auditor: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A message with signatures in ascending order of their auditors, for anyone to submit until ``deadline``."""

    message: Message
    deadline: int
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Retirement:
    """Where and why certificates are retired; ``version`` is the account's version that the holder has seen."""

    facility: int
    month: int
    version: int
    beneficiary: bytes
    purpose: bytes


@dataclass(frozen=True, slots=True)
class Factor:
    """One region of a release, g/MWh; ``residual`` None: the release states no residual mix."""

    region: str
    location: int
    residual: int | None = None


@dataclass(frozen=True, slots=True)
class Facility:
    """A registered facility; ``panelled``: only the panel's signatures audit it."""

    owner: str
    market_zone: str
    grid_region: str
    panelled: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A registered device or project; ``token_class`` is ``ids.REC`` or ``ids.OFFSET``."""

    issuer: str
    token_class: int
    registry: str
    market_zone: str
    grid_region: str
    next_serial: int
    frozen: bool


@dataclass(frozen=True, slots=True)
class Account:
    """A facility-month as the ledger stores it: what was audited, the ``recs`` (Wh) and ``offsets`` (g) retired.

    ``allocated_…``: shares of other accounts that were claimed into its scope 3, g; ``shares``: how often they changed.
    """

    energy: int
    scope1: int
    scope2_location: int
    scope2_residual: int
    scope3: int
    version: int
    closed: bool
    recs: int
    offsets: int
    allocated_location: int = 0
    allocated_market: int = 0
    shares: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The totals of a facility-month side by side, computed by the contract: g, and Wh for energy and covered.

    Claimed shares of other accounts are part of both gross totals.
    """

    facility: int
    month: int
    gross_location: int
    gross_market: int
    net: int
    energy: int
    covered: int
    offsets: int
    version: int
    closed: bool
    allocated_location: int = 0
    allocated_market: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A certificate: its months, the sum of their versions, how often and when claimed last, whether it holds.

    ``basis``: ``ids.ANNUAL`` or ``ids.HOURLY``.
    """

    id: int
    facility: int
    first: int
    last: int
    versions: int
    number: int
    time: int
    valid: bool
    basis: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a contract: its arguments by name and where it stands on the chain."""

    name: str
    args: Mapping[str, object]
    address: str
    block: int
    tx: str
    index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined write: what it did, transaction hash, block, gas, its events, the contract's address if it created one.

    ``id`` is the id of what was added. ``existed``: the same content stood on the chain already, so nothing was sent,
    and hash, block and gas are empty.
    """

    action: str
    tx: str
    block: int
    gas_used: int
    events: tuple[Event, ...]
    address: str = ""
    id: int | None = None
    existed: bool = False


@dataclass(frozen=True, slots=True)
class IssueReport:
    """An issuing run: ids in the order of the batches, how many were issued and how many stood already."""

    ids: tuple[int, ...]
    issued: int
    skipped: int
    transactions: int
    gas_used: int
