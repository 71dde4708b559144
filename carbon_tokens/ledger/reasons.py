"""The custom errors of the contracts in words: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.ledger.roles import role_name
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
    "PeriodInvalid": (
        "the period from {start:instant} to {end:instant} is empty, too long or not over",
        "Correct the period, or wait until it is over.",
    ),
    "PeriodOutsideMonth": ("{start:instant} to {end:instant} is not within {month:month}", "Split the bill by months."),
    "MeterMissing": ("energy needs a meter and a period, and a meter needs energy", "State both or none."),
    "MeterPeriodUsed": (
        "the meter is audited until {audited:instant}, after the start {start:instant} of this reading",
        "The bill, or one that overlaps it, was audited before.",
    ),
    "MeterOfAnother": (
        "the meter {meter} was audited for the facility {facility} last",
        "Restate there, or cite a meter of this facility.",
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
    "DatasetOfOtherMarket": (
        "the release is of market {release:code}, the facility of {facility:code}",
        "Name a release of the facility's market.",
    ),
    "PanelMissing": (
        "only the panel's auditors together audit the facility {facility}",
        "Let them sign, and submit their signatures.",
    ),
    "NotContract": ("only the contract {expected} does this, not {caller}", "Use that contract's own verb."),
    "LedgerOfOthers": (
        "the ledger names another contract than this one",
        "Deploy the contracts together, in their order: carbon-tokens deploy.",
    ),
    "DeadlinePassed": ("the signatures were good until {deadline:instant}", "Let the auditors sign again."),
    "SignatureInvalid": (
        "the signature is not {auditor}'s for this message, chain and contract",
        "Let the auditor sign for this chain and contract.",
    ),
    "SignatureRevoked": ("{auditor} took the signature back", "Let the auditor sign a new message."),
    "SignaturesUnordered": (
        "the signature of {auditor} stands after that of {previous}",
        "State each auditor once, in ascending order of addresses.",
    ),
    "QuorumMissing": (
        "{valid} of {quorum} auditors who may audit the facility {facility} signed",
        "Add the signatures of others; they need the role for its market zone and must not own it.",
    ),
    "PanelInvalid": (
        "a quorum of {quorum} of {members} members is no panel",
        "State 1 to 32 members in ascending order of addresses and a quorum of at most their number, or neither.",
    ),
    "MemberNotAuditor": (
        "{member} is no auditor of the facility's market zone, or owns the facility",
        "Let the admin grant the role, or name another auditor.",
    ),
    "NotRegistrar": ("{caller} is no registrar", "Let a registrar do it."),
    "NoStatements": ("there is nothing to audit", "State what is audited."),
    "NotOwner": ("{owner} owns the facility, not {caller}", "Let the owner do it."),
    "MonthNotComplete": (
        "{month:month} is not closed, or its account has no version left",
        "Let an auditor close it: only complete months are split.",
    ),
    "VersionNotCurrent": ("the account is at version {current}, not {given}", _READ_AGAIN),
    "AllocationExists": (
        "version {version} of {month:month} was split before",
        "A split is never replaced: restate the month for a new one.",
    ),
    "RecsNotRetired": (
        "{given} Wh of RECs are counted, {retired} are retired into the account",
        "Count at most these.",
    ),
    "TotalTooLarge": ("a total of the account is 2^48 Wh or g or more", "Such accounts are not split."),
    "DepthTooLarge": ("a tree of {depth} levels", "Use at most 32."),
    "ShareNotProven": (
        "the share of {tenant} is not part of the split of {month:month} as it stands",
        "Ask the operator for the share of the present version.",
    ),
    "ShareAlreadyClaimed": ("the tenant {tenant} claimed its share of {month:month} before", "Nothing is left to do."),
    "FacilityInvalid": ("{facility} names no facility: it has more than 216 bits", "State the facility's id."),
    "OwnShare": ("the facility {facility} takes no share of itself", "Claim it for the tenant's facility."),
    "HoursInvalid": ("{given} bytes of hours, the month has {expected}", "State every hour, 4 bytes each, in UTC."),
    "HourTooLarge": ("an hour of 2^31 Wh or more", "Check the unit: Wh."),
    "VintageNotMonth": (
        "the vintage of token {id} is not {month:month} alone",
        "Match certificates of this one month.",
    ),
    "GridRegionMismatch": (
        "the certificate {id} was generated in {source:code}, the facility is in {facility:code}",
        "Match certificates of the facility's grid region.",
    ),
    "AlreadyRetired": ("the certificate {id} was retired before, into {auditedId}", "It counts there."),
    "NotRetiredHere": (
        "the certificate {id} was not retired into this account for matching",
        "Retire it through HourlyMatching first.",
    ),
    "CertificateDisallowed": (
        "the certificate {id}, or a part of it, was disallowed in this account",
        "Leave it out: none of its hours counts there.",
    ),
    "CertificatesUnordered": (
        "the certificate {id} stands after {previous}",
        "State each certificate once, in ascending order of ids.",
    ),
    "ConsumptionNotEnergy": (
        "the hours come to {consumed} Wh, audited were {energy} Wh",
        "Correct the hours: they must add up exactly.",
    ),
    "GenerationNotRetired": (
        "{generated} Wh were generated, {retired} Wh stand retired in the account",
        "Leave out what was disallowed.",
    ),
    "MatchNotHigher": (
        "a match of {recorded} Wh is recorded, this one is of {matched} Wh",
        "Nothing is left to do: the better match stands.",
    ),
    "NotAuditor": ("{caller} is no auditor of the facility, or it has a panel", _AUDITOR),
    "NotFetched": ("{operator} sent tokens to the contract", "Approve the contract and use its retire instead."),
    "SupersededBy": ("the contract {by} took over from this one", "Use that contract."),
    "NotAdmin": ("{caller} is not the ledger's admin {admin}", "Let the admin do it."),
    "SuccessorMissing": ("there is no other contract at {by}", "Deploy the successor first."),
    "Soulbound": (
        "audited and allocated emissions stay with the facility (token {id})",
        "They cannot be moved or retired.",
    ),
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
    "ReleaseMarketDiffers": (
        "the release is published for market {published:code}, not {offered:code}",
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
    "ReleaseIncomplete": ("a release needs dataset, edition, year, market zone and file hash", "State them."),
    "RegionMissing": ("a row has no region code", "State it."),
    "MatchesOfAnotherLedger": (
        "the matches are those of the ledger {ledger}",
        "Deploy the contracts together, in their order: carbon-tokens deploy.",
    ),
    "MonthsReversed": ("the last month {thru:month} is before the first {from:month}", "Exchange them."),
    "MonthOpen": ("{month:month} is not closed: an open month is not neutral", "Let an auditor close it."),
    "NetAboveZero": (
        "net emissions of {month:month} are {net} g above zero",
        "Retire offsets, or RECs for uncovered energy.",
    ),
    "HoursNotMatched": (
        "the hours of {month:month} as it stands were not matched",
        "Let an auditor record the match, or claim on the annual basis.",
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
