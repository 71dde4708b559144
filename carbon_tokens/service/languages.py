"""Languages of the pages: messages are English in the templates, a catalogue of each other language stands beside them.

A catalogue is two .po files, of the public pages and of the desks, of ``msgid``, ``msgid_plural``, ``msgstr``,
``msgstr[n]``, as gettext's tools write them; they are read at the start, so there is no second, compiled form of them
that could be stale. Whose browser asks for a language that is not there, reads English. What the chain, the log and the
errors say stays English.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from carbon_tokens.errors import CarbonTokensError

_KEYWORD = re.compile(r'(?:(msgid|msgid_plural|msgstr(?:\[[01]\])?) )?(".*")')
_RANGE = re.compile(r"([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]{1,32})?(?:;q=(0(?:\.[0-9]{1,3})?|1(?:\.0{1,3})?))?")


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its messages by the English ones, one form or two (for one thing, for several), and its numbers."""

    code: str
    messages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    point: str = "."
    comma: str = ","

    def gettext(self, message: str) -> str:
        """A message; in English where the catalogue lacks it."""
        return self.messages.get(message, (message,))[0]

    def ngettext(self, one: str, several: str, number: int) -> str:
        """A message about a number of things; one and several are all the forms that these languages have."""
        return self.messages.get(one, (one, several))[number != 1]

    def number(self, text: str) -> str:
        """A number of English form, 1,234.5, in the language's own."""
        return text.translate({ord(","): self.comma, ord("."): self.point})


def read(text: str) -> dict[str, tuple[str, ...]]:
    """The messages of a .po file, without its header.

    Raises:
        CarbonTokensError: a line that is none of such a file, or a message twice or without translation.
    """
    entries, part = list[dict[str, str]](), ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _KEYWORD.fullmatch(line.strip())
        if not match or not (match[1] or part):
            raise CarbonTokensError("this is no line of a catalogue", where=f"line {number}")
        if match[1]:
            part = match[1]
            if part == "msgid":
                entries.append({})
            entries[-1][part] = ""
        entries[-1][part] += ast.literal_eval(match[2])
    found = dict[str, tuple[str, ...]]()
    for each in entries:
        if not each["msgid"]:
            continue  # the header of a file
        names = ("msgstr[0]", "msgstr[1]") if "msgid_plural" in each else ("msgstr",)
        said = tuple(each.get(name, "") for name in names)
        if each["msgid"] in found or not all(said):
            raise CarbonTokensError("twice, or not translated", where=repr(each["msgid"]))
        found[each["msgid"]] = said
    return found


def _load(code: str, point: str, comma: str) -> Language:
    folder = resources.files("carbon_tokens.service") / "locale"
    names = (f"{code}.po", f"{code}_desk.po")
    return Language(code, read("\n".join((folder / name).read_text(encoding="utf-8") for name in names)), point, comma)


ENGLISH = Language("en")
LANGUAGES = {"en": ENGLISH, "de": _load("de", ",", ".")}
spoken: ContextVar[Language] = ContextVar("spoken", default=ENGLISH)  # of the page that is being written


def later(message: str) -> str:
    """A message that is said elsewhere: it marks the message for the catalogue, and changes nothing."""
    return message


def say(message: str, **values: Any) -> str:
    """A message in the language of the page that is being written, with ``%(name)s`` filled in."""
    return spoken.get().gettext(message) % values if values else spoken.get().gettext(message)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of English form, 1,234.5, that is written as a language does once it is said."""

    digits: str

    def text(self, language: Language) -> str:
        return language.number(self.digits)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A message with what stands in it, itself sentences and quantities too: kept in English, shown in any language."""

    message: str
    values: Mapping[str, str | int | Quantity | Sentence] = field(default_factory=dict)

    def text(self, language: Language = ENGLISH) -> str:
        """The sentence in a language."""
        message = language.gettext(self.message)
        said = {
            name: each if isinstance(each, (str, int)) else each.text(language) for name, each in self.values.items()
        }
        return message % said if said else message


def chosen(accepted: str) -> Language:
    """The language of an Accept-Language header (RFC 9110): the most wanted of those that are there, else English."""
    wanted = list[tuple[float, int, str]]()
    for order, part in enumerate(accepted[:1000].replace(" ", "").split(",")):
        match = _RANGE.fullmatch(part)
        if match:
            wanted.append((-float(match[2] or 1), order, match[1].lower()))
    found = (LANGUAGES["en" if code == "*" else code] for weight, _, code in sorted(wanted)
             if weight and (code in LANGUAGES or code == "*"))  # fmt: skip
    return next(found, ENGLISH)
