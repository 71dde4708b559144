"""The custom errors of the contracts in words: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from eth_hash.auto import keccak

from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.periods import Month

_READ_AGAIN = "Read the account again and repeat the call for its present version."
_AUDITOR = "Let an auditor who does not own the facility do it."

_REASONS: dict[str, tuple[str, str]] = {
    "FacilityUnknown": ("no facility {facility} is registered", "Add the facility first."),
    "FacilityExists": ("the facility {facility} is registered already", "Use it, or state other metadata."),
    "SourceUnknown": ("no source {source} is registered", "Add the source first."),
    "SourceExists": ("this registry's device or project is source {source} already", "Use that source."),
    "SourceIsFrozen": ("the registrar froze source {source}", "Its tokens can be neither issued, moved nor retired."),
    "ClassNotIssuable": ("tokens of class {class} are not issued from sources", "Use REC or OFFSET."),
    "CodeMissing": ("a grid region, market zone or registry code is empty", "State it."),
    "NotIssuer": ("{caller} is not the issuer {issuer} of the source", "Let the issuer do it."),
    "AmountTooLarge": ("an amount, or the month's total, is 2^48 Wh or g or more", "Check the unit: Wh or g."),
    "ZeroAmount": ("the amount is zero", "State how much."),
    "EvidenceMissing": ("there is no evidence hash", "State the hash of the document."),
    "EvidenceUsed": ("the document {evidence} was used before and counts once", "Nothing is left to do."),
    "BatchExists": ("the token {id} exists: this document was issued before", "Nothing is left to do."),
    "BatchUnknown": ("the token {id} was never issued", "Issue it first."),
    "SerialRangeInvalid": (
        "the serials {from} to {thru} are no new range: the next unused serial is {nextSerial}",
        "Issue in ascending order, each serial once.",
    ),
    "AmountExceedsSerials": (
        "{amount} is more than 1,000,000 for each of {serials} serials",
        "Check the unit: Wh or g.",
    ),
    "PeriodInvalid": ("the period from {start:instant} to {end:instant} is empty or too long", "Correct the period."),
    "PeriodOutsideMonth": ("{start:instant} to {end:instant} is not within {month:month}", "Split the bill by months."),
    "MeterMissing": ("energy needs a meter and a period, and a meter needs energy", "State both or none."),
    "MeterPeriodUsed": (
        "the meter is audited until {audited:instant}, after the start {start:instant} of this reading",
        "The bill, or one that overlaps it, was audited before.",
    ),
    "VersionMismatch": ("the account is at version {current}, not as assumed by {given}", _READ_AGAIN),
    "SelfAudit": ("{auditor} owns the facility: nobody audits what they own", _AUDITOR),
    "Scope2Mismatch": (
        "scope 2 is not energy x published factor, which is {location} g location-based and {residual} g residual-mix",
        "State these amounts.",
    ),
    "Scope2WithoutEnergy": ("scope 2 emissions without energy", "State the energy."),
    "MonthIsClosed": ("{month:month} is closed", "Restate it instead."),
    "MonthNotOver": ("{month:month} is not over", "Close it when it has ended: only then can it be complete."),
    "MonthNotAudited": ("nothing was audited for {month:month}", "Audit it first: an empty month is not neutral."),
    "SignatureExpired": ("the signature expired at {deadline:instant}", "Let the auditor sign again."),
    "SignatureInvalid": (
        "the signature is not {auditor}'s for this statement, chain and contract",
        "Let the auditor sign for this chain and contract.",
    ),
    "Soulbound": ("audited emissions stay with the facility (token {id})", "They cannot be moved or retired."),
    "MarketZoneMismatch": (
        "the REC {id} is of market {source:code}, the facility of {facility:code}",
        "Retire RECs of the facility's market.",
    ),
    "VintageMismatch": (
        "the vintage of token {id} does not fit {month:month}",
        "RECs must be of the month's calendar year, offsets no later than the month.",
    ),
    "DisallowedExceedsRetired": (
        "{amount} is more than the {retired} that stand in the account",
        "Disallow at most that.",
    ),
    "ERC1155InvalidArrayLength": ("{idsLength} ids but {valuesLength} amounts", "State one amount for each id."),
    "ReleaseFileDiffers": (
        "the release is published with the file {published}, not {offered}",
        "Publish a new edition.",
    ),
    "FactorExists": (
        "the release has a factor for {region:code} already",
        "Factors are never edited: publish a new edition.",
    ),
    "FactorUnknown": (
        "the release states no factor for {region:code}",
        "Publish it: carbon-tokens factors load --year YEAR; or name another release.",
    ),
    "ReleaseIncomplete": ("a release needs a dataset, an edition, a year and a file hash", "State them."),
    "RegionMissing": ("a row has no region code", "State it."),
    "MonthsReversed": ("the last month {thru:month} is before the first {from:month}", "Exchange them."),
    "MonthOpen": ("{month:month} is not closed: an open month is not neutral", "Let an auditor close it."),
    "NetAboveZero": (
        "net emissions of {month:month} are {net} g above zero",
        "Retire offsets, or RECs for uncovered energy.",
    ),
    "CertificateLocked": ("the certificate {claimId} is locked", "Certificates cannot be transferred or approved."),
    "AccessControlUnauthorizedAccount": (
        "{account} does not hold the role {neededRole:role}",
        "Let the admin grant it.",
    ),
    "AccessControlBadConfirmation": ("only the holder renounces its role", "Let the holder do it."),
    "AccessControlEnforcedDefaultAdminRules": (
        "the admin changes in two delayed steps only",
        "Use the admin transfer.",
    ),
    "ERC721NonexistentToken": ("there is no certificate {tokenId}", "Claim it first."),
    "ERC1155InvalidReceiver": (
        "{receiver} cannot receive tokens",
        "Send to an account or a contract that accepts ERC-1155.",
    ),
    "ERC1155MissingApprovalForAll": (
        "{operator} may not move the tokens of {owner}",
        "Let the holder do it or approve.",
    ),
    "ERC1155InsufficientBalance": (
        "{sender} holds {balance} of token {tokenId}, not {needed}",
        "Use no more than is held.",
    ),
}


def sentence(error: str, args: Mapping[str, object]) -> tuple[str, str]:
    """What is wrong and what to do, of a custom error with its arguments by name."""
    if error not in _REASONS:
        return f"the contract refused: {error}({', '.join(f'{name}={_shown(arg)}' for name, arg in args.items())})", ""
    what, todo = _REASONS[error]
    return what.format_map({name: _Argument(arg) for name, arg in args.items()}), todo


class _Argument:
    """An argument that knows how to be written: as a number or hash, an instant, a month, a code or a role."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __format__(self, form: str) -> str:
        if form == "instant" and isinstance(self._value, int):
            return _instant(self._value)
        if form == "month" and isinstance(self._value, int):
            return _month(self._value)
        if form == "code" and isinstance(self._value, bytes):
            return self._value.rstrip(b"\0").decode("ascii", "replace") or "(none)"
        if form == "role" and isinstance(self._value, bytes):
            return role_name(self._value)
        return _shown(self._value)


def _shown(value: object) -> str:
    if isinstance(value, int) and value >> 64:  # an id: a facility's has 216 bits, a token's or claim's 256
        return f"0x{value:0{54 if value >> 216 == 0 else 64}x}"
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


def _instant(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"


def _month(number: int) -> str:
    try:
        return str(Month(number))
    except CarbonTokensError:
        return f"month {number}"


ROLES = ("REGISTRAR_ROLE", "AUDITOR_ROLE", "REC_ISSUER_ROLE", "OFFSET_ISSUER_ROLE", "PUBLISHER_ROLE")


def role_name(role: bytes) -> str:
    """The name of a role's hash, or the hash."""
    if not any(role):
        return "DEFAULT_ADMIN_ROLE"
    return next((name for name in ROLES if keccak(name.encode()) == role), f"0x{role.hex()}")
