"""Which file, edition and level of eGRID a rate of a place is from: the caller's files, else what is shipped.

Of a year for which the caller gives files, they come before the shipped release, and that is said. Two revisions of one
year are never mixed in silence: ``edition`` names one, or says ``newest`` (of rev1, rev2 … or v1, v2 …); without it two
files that hold the same level are refused. Levels that no file holds come from the shipped release.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import egrid
from carbon_tokens.factors.area_files import Areas
from carbon_tokens.factors.rate import DATASET, UNSTATED, Rate

NEWEST = "newest"


def rate(level: str, region: str, year: int, edition: str | None, given: Sequence[Areas] = ()) -> tuple[Rate, str]:
    """The rate of a region or plant, and what to say of the file that it is from; empty for a shipped one.

    Args:
        level: as in ``areas.LEVELS``; edition: one of the year's, ``newest``, or None for the only one or the default.

    Raises:
        FactorError: no such region, a region that the file lists without a rate, or two revisions and none named.
    """
    file = _file([each for each in given if each.year == year and each.of(level)], year, edition)
    if file is None:
        if level == "plant":
            todo = f"Give EPA's workbook of {year} or its table of plants."
            raise FactorError("no plants are shipped", todo=todo)
        return egrid.rates(region, year, None if edition == NEWEST else edition, level), ""
    area = file.area(level, region)
    if area is None:
        rejected = [reason for _, reason in file.rejected if reason.startswith(f"{region.strip().upper()}:")]
        raise FactorError(rejected[0] if rejected else f"no {level} {region!r}", where=file.file)
    shipped = ", ".join(one.edition for one in egrid.editions(year) if one.default)
    said = f"of the file given, edition {file.edition}" + (f" (shipped {shipped} not asked)" if shipped else "")
    return area.to_rate(file.edition, file.file, file.file_sha256), said


def _file(holding: Sequence[Areas], year: int, edition: str | None) -> Areas | None:
    """The caller's file that a level of a year is taken from; None for the shipped release."""
    if edition == NEWEST:
        return _newest(holding, year)
    # What the caller states stands for a file that states nothing.
    known = [each for each in holding if edition is None or each.edition in (edition.lower(), UNSTATED)]
    if len(known) > 1:
        names = ", ".join(f"{each.edition} ({each.file})" for each in known)
        todo = f"Say which with --edition, or --edition {NEWEST}; give one file of it."
        raise FactorError(f"{len(known)} files of {DATASET}{year}: {names}", todo=todo)
    return known[0] if known else None


def _newest(holding: Sequence[Areas], year: int) -> Areas | None:
    """The file of the greatest revision, unless a greater one is shipped."""
    if not holding:
        return None
    ranked = {each.file: _revision(each.edition) for each in holding}
    if unranked := [file for file, revision in ranked.items() if revision is None]:
        raise FactorError(f"{unranked[0]} states no revision: which file is newest is open", todo="Name the edition.")
    greatest = max(revision for revision in ranked.values() if revision is not None)
    best = [each for each in holding if ranked[each.file] == greatest]
    if len(best) > 1:
        raise FactorError(f"{len(best)} files of {DATASET}{year} {best[0].edition}", todo="Give one of them.")
    shipped = [_revision(one.edition) or 0 for one in egrid.editions(year) if one.default]
    return None if any(each > greatest for each in shipped) else best[0]


def _revision(edition: str) -> int | None:
    match = re.fullmatch(r"(?:rev|v)(\d{1,6})", edition)
    return int(match[1]) if match else None
