"""The first page of a certificate, which is its picture too: who, when, the claim, four amounts, and its limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from carbon_tokens.certificate import wording
from carbon_tokens.certificate.facts import CertificateFacts
from carbon_tokens.certificate.languages import Language

_LISTED = 240  # letters of sources outside the boundary that the page has room for
_NAMED = 120  # of a facility's name


def face(facts: CertificateFacts, language: Language) -> dict[str, Any]:
    """The texts of the page, none of them markup."""
    say, period = language.say, language.months(facts.first, facts.last)
    return {
        "title": say(wording.TITLE),
        "name": name(facts),
        "place": _place(facts, language),
        "period": period,
        "claim": _claim(facts, language, period),
        "figures": _figures(facts, language),
        "notes": [say(wording.NET), say(wording.GROSS)],
        "rows": _rows(facts, language),
        "limits": [*_outside(facts, language), say(wording.SUBJECT), say(wording.ENDS)],
        "state": state(facts, language),
        "valid": facts.validity.valid,
        "asked": facts.validity.asked,
        "id": say("Claim {id}", id=facts.claim.id),
    }


def name(facts: CertificateFacts) -> str:
    """The facility's name, or its id where it has none or one that claims what no certificate may."""
    return _printable(facts.facility.name) or f"{facts.facility.id[:12]}…"


def _printable(text: str) -> str:
    """A registered text as one line; empty if it claims too much. Signs that turn or hide letters are left out."""
    line = "".join(each for each in " ".join(text.split()) if each.isprintable())
    shown = line if len(line) <= _NAMED else line[: _NAMED - 1] + "…"
    return "" if wording.claims_too_much(line) else shown


def state(facts: CertificateFacts, language: Language) -> str:
    """Whether the claim holds, as of when."""
    held = facts.validity
    sentence = wording.HELD if held.valid else wording.NOT_VALID
    chosen = sentence if held.asked else wording.CLAIMED
    return language.say(chosen, block=language.whole(held.block), time=language.instant(held.time))


def grouped(sources: Iterable[str]) -> str:
    """Sources of a boundary with each scope named once: scope 1: refrigerants; scope 3: network, end of life."""
    groups: dict[str, list[str]] = {}
    for each in sources:
        scope, _, source = each.rpartition(": ")
        groups.setdefault(scope, []).append(source)
    return "; ".join(f"{scope}: {', '.join(found)}" if scope else ", ".join(found) for scope, found in groups.items())


def boundary(facts: CertificateFacts) -> str:
    """The boundaries of the claim's statements; as a rule it is one."""
    return " + ".join(dict.fromkeys(each.boundary for each in facts.boundaries))


def _place(facts: CertificateFacts, language: Language) -> str:
    held = facts.facility
    market = language.say("grid region {region}, market {zone}", region=held.grid_region, zone=held.market_zone)
    return " · ".join(each for each in (_printable(held.place), market) if each)


def _claim(facts: CertificateFacts, language: Language, period: str) -> str:
    totals, within = facts.totals, boundary(facts)
    recs = language.say(wording.RECS, amount=language.millionths(totals.recs_wh)) if totals.recs_wh else ""
    offsets = language.say(wording.OFFSETS, amount=language.millionths(totals.offsets_g)) if totals.offsets_g else ""
    if not recs and not offsets:
        return language.say(wording.CLAIM_NOTHING, period=period, boundary=within)
    both = language.say(wording.BOTH, recs=recs, offsets=offsets) if recs and offsets else recs or offsets
    return language.say(wording.CLAIM, period=period, boundary=within, amounts=both)


def _figures(facts: CertificateFacts, language: Language) -> list[dict[str, str]]:
    totals = facts.totals
    amounts = {
        "Gross, location-based": totals.gross_location_g,
        "Gross, market-based": totals.gross_market_g,
        "Offsets retired": totals.offsets_g,
        "Net": totals.net_g,
    }
    return [
        {"label": language.say(label), "t": language.millionths(grams), "g": f"{language.whole(grams)} g"}
        for label, grams in amounts.items()
    ]


def _rows(facts: CertificateFacts, language: Language) -> list[list[str]]:
    say, totals = language.say, facts.totals
    covered = language.percent(totals.covered_wh, totals.energy_wh)
    hourly = facts.matched is not None
    rows = {
        "Electricity": f"{language.millionths(totals.energy_wh)} MWh",
        "Matched by the hour" if hourly else "Covered by RECs": (
            f"{language.millionths(totals.covered_wh)} MWh" + (f" ({covered})" if totals.energy_wh else "")
        ),
        "Basis": say(wording.HOURLY if hourly else wording.ANNUAL),
        "Retired in": _registries(facts, language),
        "Data quality": _quality(facts, language),
        "Audited by": _auditors(facts, language),
        "Boundary, method": f"{boundary(facts)}, "
        + " + ".join(dict.fromkeys(each.method for each in facts.boundaries)),
    }
    return [[say(label), text] for label, text in rows.items() if text]


def _registries(facts: CertificateFacts, language: Language) -> str:
    """The registries of RECs and offsets; none where nothing was retired."""
    kinds = {"RECs": facts.recs, "offsets": facts.offsets}
    found = [
        f"{', '.join(dict.fromkeys(each.registry for each in held))} ({language.say(kind)})"
        for kind, held in kinds.items()
        if held
    ]
    return language.say(wording.SERIALS_INSIDE, registries=", ".join(found)) if found else ""


def _quality(facts: CertificateFacts, language: Language) -> str:
    """The worst grade, and how much of the emissions stands in which."""
    words = f"{facts.quality}, {language.say(wording.QUALITY[facts.quality])}"
    whole = sum(each.location_g for each in facts.grades)
    if len(facts.grades) < 2 or not whole:
        return words
    parts = ", ".join(f"{each.grade} {language.percent(each.location_g, whole)}" for each in facts.grades)
    return language.say(wording.GRADES, worst=words, parts=parts)


def _auditors(facts: CertificateFacts, language: Language) -> str:
    who = facts.relies_on.auditors
    first = ", ".join(f"{each[:6]}…{each[-4:]}" for each in who[:2])
    return first if len(who) <= 2 else language.say("{some} and {number} more", some=first, number=len(who) - 2)


def _outside(facts: CertificateFacts, language: Language) -> list[str]:
    """What the boundary leaves out, as much of it as there is room for; none if it leaves out nothing."""
    sources = list(dict.fromkeys(each for boundary in facts.boundaries for each in boundary.excluded))
    shown = list(sources)
    while len(shown) > 1 and len(grouped(shown)) > _LISTED:
        shown.pop()
    said = grouped(shown)
    if len(shown) < len(sources):
        said = language.say(wording.OUTSIDE_MORE, sources=said, number=len(sources) - len(shown))
    return [language.say(wording.OUTSIDE, sources=said)] if sources else []
