"""The pages behind the first one: amounts by month, serial by serial, statement by statement, and where they stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from carbon_tokens.certificate import wording
from carbon_tokens.certificate.face import grouped
from carbon_tokens.certificate.facts import CertificateFacts
from carbon_tokens.certificate.grounds import FactorFacts, InstrumentFacts
from carbon_tokens.certificate.languages import Language

Rows = list[list[str]]
_MONTHLY = ("energy_wh", "covered_wh", "gross_location_g", "gross_market_g", "offsets_g", "net_g")


def schedule(facts: CertificateFacts, language: Language) -> dict[str, Any]:
    """What is said, and sections over the whole width and in two columns; a table without rows is left out."""
    wide = {
        "By month": _months(facts, language),
        "Renewable energy certificates retired": _instruments(facts.recs, language, "MWh"),
        "Offsets retired": _instruments(facts.offsets, language, "t"),
        "Statements that were audited": _statements(facts, language),
        "Restated and disallowed": _changes(facts, language),
        "Shares of other facilities": _shares(facts, language),
    }
    left = {"Emissions by scope": _scopes(facts, language), "Boundary and method": _boundaries(facts, language)}
    right = {"Whom it relies on": _reliance(facts, language), "Where it stands": _places(facts, language)}
    parts = {name: _sections(part, language) for name, part in (("wide", wide), ("left", left), ("right", right))}
    return {"title": language.say("What this certificate says"), "said": _said(facts, language), **parts}


def _sections(tables: dict[str, dict[str, Any]], language: Language) -> list[dict[str, Any]]:
    return [
        {"title": language.say(title), **table, "head": [language.say(each) if each else "" for each in table["head"]]}
        for title, table in tables.items()
        if table["rows"]
    ]


def _table(head: Iterable[str], rows: Rows, *, code: Iterable[int] = (), right: Iterable[int] = (), wide: int = 0,
           total: bool = False) -> dict[str, Any]:  # fmt: skip
    """``code``: columns of hashes, ``right``: of numbers, ``wide``: the one that takes what room is left."""
    kinds = {"code": list(code), "right": list(right), "wide": wide, "total": total}
    return {"head": list(head), "rows": rows, **kinds}


# --------------------------------------------------------------------------------------------------------- sentences
def _said(facts: CertificateFacts, language: Language) -> list[str]:
    say = language.say
    basis = wording.HOURLY if facts.matched else wording.ANNUAL
    start, end = (f"{datetime.fromtimestamp(each, UTC):%Y-%m-%d}" for each in (facts.start, facts.end))
    said = [
        say("Period: from {start} up to, and without, {end}, in UTC. Basis: {basis}.", start=start, end=end,
            basis=say(basis)),
        f"{say(wording.NET)} {say(wording.GROSS)}",
        say(wording.REMAINED) if facts.offsets else "",
        *_residual(facts, language),
        say(wording.SUBJECT) + " " + say(wording.STANDARD),
        say(wording.ENDS),
        say(wording.SERIALS) if facts.recs or facts.offsets else "",
        say(wording.RELIES),
        say(wording.CHECK),
    ]  # fmt: skip
    return [each for each in said if each]


def _residual(facts: CertificateFacts, language: Language) -> list[str]:
    """Which regions have a residual mix, and for which the location-based rate stands in."""
    by_kind = {
        wording.RESIDUAL_MIX: [each.region for each in facts.factors if each.residual_published],
        wording.NO_RESIDUAL_MIX: [each.region for each in facts.factors if not each.residual_published],
    }
    return [
        language.say(kind, regions=", ".join(dict.fromkeys(regions))) for kind, regions in by_kind.items() if regions
    ]


# ----------------------------------------------------------------------------------------------------------- amounts
def _months(facts: CertificateFacts, language: Language) -> dict[str, Any]:
    head = ("Month", "Electricity, MWh", "Covered, MWh", "Gross, location-based, t", "Gross, market-based, t",
            "Offsets, t", "Net, t", "Quality")  # fmt: skip
    rows = [
        [language.month(each.month), *_amounts(each.amounts, language), each.quality]
        for each in facts.months
    ]  # fmt: skip
    if len(rows) < 2:  # all of it stands on the first page
        return _table((), [])
    rows.append([language.say("Together"), *_amounts(facts.totals, language), facts.quality])
    return _table(head, rows, right=range(1, 7), total=True)


def _amounts(amounts: Any, language: Language) -> list[str]:
    return [language.millionths(getattr(amounts, name)) for name in _MONTHLY]


def _scopes(facts: CertificateFacts, language: Language) -> dict[str, Any]:
    held = facts.totals
    direct, upstream = held.scope1_g, held.scope3_g
    lines = [
        ("Scope 1", direct, direct),
        ("Scope 2, electricity", held.scope2_location_g, held.scope2_market_g),
        ("Scope 3 within the boundary", upstream, upstream),
        ("Shares of other facilities, scope 3", held.allocated_location_g, held.allocated_market_g),
        ("Gross", held.gross_location_g, held.gross_market_g),
    ]
    rows = [
        [language.say(name), language.millionths(location), language.millionths(market), language.whole(location),
         language.whole(market)]
        for name, location, market in lines if location or market or name == "Gross"
    ]  # fmt: skip
    head = ("", "Location-based, t", "Market-based, t", "Location-based, g", "Market-based, g")
    return _table(head, rows, right=range(1, 5), total=True)


# ------------------------------------------------------------------------------------------------------- instruments
def _instruments(held: Iterable[InstrumentFacts], language: Language, unit: str) -> dict[str, Any]:
    exact = "Wh" if unit == "MWh" else "g"
    head = ("Registry", "Device or project", "Serials of the batch", "Vintage", f"Batch, {unit}", f"Retired, {unit}",
            f"Retired, {exact}")  # fmt: skip
    rows = [_instrument(each, language) for each in held]
    if len(rows) > 1:
        amount = sum(each.amount for each in held)
        rows.append([language.say("Together"), "", "", "", "", language.millionths(amount), language.whole(amount)])
    return _table(head, rows, right=(4, 5, 6), wide=2, total=len(rows) > 1)


def _instrument(each: InstrumentFacts, language: Language) -> list[str]:
    device = each.device if each.documented else f"{each.device[:12]}…"
    about = ", ".join(text for text in (each.technology, each.grid_region or each.market_zone) if text)
    amounts = language.millionths(each.issued), language.millionths(each.amount), language.whole(each.amount)
    return [each.registry, f"{device} ({about})" if about else device, each.serials, _vintage(each), *amounts]


def _vintage(each: InstrumentFacts) -> str:
    """First and last month."""
    first, last = (datetime.fromtimestamp(moment, UTC) for moment in (each.vintage_start, each.vintage_end - 1))
    return f"{first:%Y-%m}" if f"{first:%Y-%m}" == f"{last:%Y-%m}" else f"{first:%Y-%m} – {last:%Y-%m}"


# ------------------------------------------------------------------------------------------------------------ grounds
def _statements(facts: CertificateFacts, language: Language) -> dict[str, Any]:
    head = ("Month", "Version", "Quality", "Location-based, g", "SHA-256 of the statement", "Audited by", "Block")
    rows = [
        [str(each.month), str(each.version), each.quality, language.whole(each.location_g), each.evidence,
         "\n".join(each.auditors), language.whole(each.block)]
        for each in facts.statements
    ]  # fmt: skip
    return _table(head, rows, code=(4, 5), right=(3, 6), wide=4)


def _changes(facts: CertificateFacts, language: Language) -> dict[str, Any]:
    rows = [
        [str(each.month), language.say(each.event.lower()), str(each.version), each.reason or "–", each.evidence]
        for each in facts.changes
    ]
    return _table(("Month", "", "Version", "Reason", "SHA-256 of the document"), rows, code=(4,), wide=3)


def _shares(facts: CertificateFacts, language: Language) -> dict[str, Any]:
    rows = [
        [str(each.month), each.provider, language.whole(each.energy_wh), language.whole(each.location_g),
         language.whole(each.market_g)]
        for each in facts.shares
    ]  # fmt: skip
    head = ("Month", "Facility whose account was split", "Electricity, Wh", "Location-based, g", "Market-based, g")
    return _table(head, rows, code=(1,), right=(2, 3, 4), wide=1)


def _boundaries(facts: CertificateFacts, language: Language) -> dict[str, Any]:
    rows = [
        row
        for each in facts.boundaries
        for row in (
            [language.say("Boundary {name}, inside", name=each.boundary), grouped(each.included)],
            [language.say("Boundary {name}, outside", name=each.boundary), grouped(each.excluded) or "–"],
            [language.say("Method {name}, SHA-256", name=each.method), each.sha256],
        )
    ]
    grades = "; ".join(
        language.say("{grade} ({words}): {grams} g, statements: {documents}", grade=each.grade,
                     words=language.say(wording.QUALITY[each.grade]), documents=each.documents,
                     grams=language.whole(each.location_g))
        for each in facts.grades
    )  # fmt: skip
    rows.append([language.say("Data quality"), grades])
    rows += [row for each in facts.factors for row in _factor(each, language)]
    return _table((), rows, wide=1)


def _factor(each: FactorFacts, language: Language) -> Rows:
    """A factor and the file that it was published from."""
    rate = language.say("{rate} g/MWh location-based", rate=language.whole(each.location_g_per_mwh))
    residual = language.say("{rate} g/MWh residual mix", rate=language.whole(each.residual_g_per_mwh))
    rates = f"{rate}, {residual}" if each.residual_published else rate
    named = f"{each.dataset} {each.year} {each.edition}, {each.region}: {rates}"
    return [[language.say("Emission factor"), named], [language.say("its file, SHA-256"), each.file_sha256]]


def _reliance(facts: CertificateFacts, language: Language) -> dict[str, Any]:
    held = facts.relies_on
    number = len(held.undocumented)
    lines = {
        "Auditors": held.auditors,
        "Panels": held.panels,
        "Hours confirmed by": held.hours,
        "Issuers of RECs and offsets": held.issuers,
        "Emission factors": held.factors,
        "Tables of a fleet": held.fleets,
        "Registry's document missing": (language.say(wording.UNDOCUMENTED, number=number),) if number else (),
    }
    return _table((), [[language.say(name), "\n".join(texts)] for name, texts in lines.items() if texts], wide=1)


def _places(facts: CertificateFacts, language: Language) -> dict[str, Any]:
    claim, chain = facts.claim, facts.chain
    said = language.say("number {number}, {time}, in block {block}", number=claim.number,
                        time=language.instant(claim.time), block=language.whole(claim.block))  # fmt: skip
    lines = {
        "Claim": claim.id,
        "claimed": said,
        "its block": claim.block_hash,
        "its transaction": claim.tx,
        "Facility": facts.facility.id,
        "Owner": facts.facility.owner,
        "Certificate held by": claim.owner if claim.owner != facts.facility.owner else "",
        "Chain": language.say("number {id}, first block:", id=chain.id),
        "": chain.genesis,
        "Proof, SHA-256": facts.proof_sha256,
    }
    rows = [[language.say(name) if name else "", text] for name, text in lines.items() if text]
    rows[-1:-1] = [[each.name, each.address] for each in facts.contracts]
    return _table((), rows, wide=1)
