"""The languages of a certificate: sentences are English in ``wording``, a catalogue of each other stands beside it.

Numbers are written whole: nothing is rounded away, and the sign of minus is that of typesetting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from carbon_tokens.errors import CertificateRefused
from carbon_tokens.periods import Month

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its sentences by the English ones, and how it writes numbers and months."""

    code: str
    sentences: Mapping[str, str] = field(default_factory=dict)
    point: str = "."
    comma: str = ","

    def say(self, sentence: str, **values: object) -> str:
        """A sentence with its values; in English where the catalogue lacks it."""
        return self.sentences.get(sentence, sentence).format(**values)

    def whole(self, value: int) -> str:
        """1,502,427."""
        return self._own(f"{value:,}")

    def millionths(self, value: int) -> str:
        """A count of millionths with six decimals: 1,502,427 g are 1.502427 t, and Wh in MWh alike."""
        sign, digits = "-" if value < 0 else "", abs(value)
        return self._own(f"{sign}{digits // 1_000_000:,}.{digits % 1_000_000:06d}")

    def percent(self, part: int, whole: int) -> str:
        """A part in per cent with one decimal, rounded down: 99.96 % are not 100."""
        tenths = 1000 * part // whole if whole else 0
        return self._own(f"{tenths // 10}.{tenths % 10}") + "\u00a0%"

    def month(self, month: Month) -> str:
        """April 2021."""
        return f"{self.say(_MONTHS[month.number % 12])} {month.year}"

    def months(self, first: Month, last: Month) -> str:
        """April 2021; July to September 2021; November 2020 to January 2021."""
        if first == last:
            return self.month(first)
        start = self.say(_MONTHS[first.number % 12]) if first.year == last.year else self.month(first)
        return self.say("{first} to {last}", first=start, last=self.month(last))

    @staticmethod
    def instant(seconds: int) -> str:
        """2021-05-03 14:00 UTC."""
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"

    def _own(self, text: str) -> str:
        return text.translate({ord(","): self.comma, ord("."): self.point, ord("-"): "−"})


ENGLISH = Language("en")


def language(code: str) -> Language:
    """The language of a code. Raises CertificateRefused for one that there is not."""
    from carbon_tokens.certificate.german import GERMAN

    known = {each.code: each for each in (ENGLISH, GERMAN)}
    if code not in known:
        raise CertificateRefused(f"there is no language {code!r}", where="language", todo=f"Known: {', '.join(known)}.")
    return known[code]
