"""Languages of the node's pages: every string is marked, German says all of it, and a browser gets what it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import nodes

from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.service import facility_pages, languages, rendering

TEMPLATES = sorted(each for each in rendering.FOLDER.glob("*.html") if not each.name.startswith("desk_"))
UNSAID = {"carbon-tokens", "API", "NetEmissions", "t", "MWh", "·"}  # names and units, the same in every language
_MARKED = {"_", "gettext", "ngettext"}
_SPOKEN = re.compile(r"""(?:alt|title|placeholder|aria-label)="([^"]*)\"""")
_PLACEHOLDER = re.compile(r"%(?:\([a-z]+\)s|%)")


def messages(path: Path) -> Iterator[tuple[str, ...]]:
    environment: Any = rendering.environment()  # whose extension adds the method
    for _, _, found in environment.extract_translations(path.read_text("utf-8")):
        yield tuple(each for each in ((found,) if isinstance(found, str) else found) if isinstance(each, str))


def said() -> set[tuple[str, ...]]:
    """Every message of the pages: of their templates, and what charts are called."""
    source = Path(facility_pages.__file__).read_text("utf-8")
    charts = {(each,) for each in re.findall(r'say\(\s*"([^"]*)"', source)}
    return charts | {each for path in TEMPLATES for each in messages(path)}


def texts(path: Path) -> list[str]:
    """What a template says outside of marked messages: its text without tags and code, and what attributes say."""
    source = path.read_text("utf-8")
    source = re.sub(r"{% trans %}.*?{% endtrans %}|{#.*?#}", "", source, flags=re.DOTALL)
    source = re.sub(r"{[{%].*?[%}]}", "", source, flags=re.DOTALL)
    spoken = [each for each in _SPOKEN.findall(source) if each]
    source = re.sub(r"<(pre|code)\b.*?</\1>", " ", source, flags=re.DOTALL)
    words = re.split(r"[\s,.:()<>/–]+", re.sub(r"<[^>]*>|<!doctype html>", " ", source))
    return spoken + [each for each in words if re.search(r"[A-Za-z]", each) and each not in UNSAID]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_a_string_that_is_not_marked(path: Path) -> None:
    assert texts(path) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_expression_writes_words_that_are_not_marked(path: Path) -> None:
    tree = rendering.environment().parse(path.read_text("utf-8"))
    marked = {id(text) for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)
              and call.node.name in _MARKED for text in call.find_all(nodes.Const)}  # fmt: skip
    compared = {id(text) for test in tree.find_all((nodes.Compare, nodes.Test, nodes.Filter, nodes.Getitem))
                for text in test.find_all(nodes.Const)}  # fmt: skip
    written = [text.value for output in tree.find_all(nodes.Output) for text in output.find_all(nodes.Const)
               if isinstance(text.value, str) and id(text) not in marked | compared]  # fmt: skip
    assert [each for each in written if each not in ("good", "bad") and re.search("[A-Za-z]{2}", each)] == []


@pytest.mark.parametrize("text", ["<p>Facilities</p>", '<img alt="A chart">', "<p>{{ _('Owner') }} of it</p>"])
def test_a_string_that_is_not_marked_is_found(text: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(text)
    assert texts(path)


@pytest.mark.parametrize("code", sorted(set(languages.LANGUAGES) - {"en"}))
def test_every_other_language_has_every_message_and_no_other(code: str) -> None:
    known = languages.LANGUAGES[code].messages
    wanted = {each[0]: each for each in said()}
    assert set(known) == set(wanted)
    assert all(len(known[first]) == len(forms) for first, forms in wanted.items())


@pytest.mark.parametrize("code", sorted(set(languages.LANGUAGES) - {"en"}))
def test_a_translation_has_the_placeholders_of_its_message(code: str) -> None:
    known = languages.LANGUAGES[code].messages
    for forms in said():
        several = sorted(_PLACEHOLDER.findall(forms[-1]))
        assert sorted(_PLACEHOLDER.findall(known[forms[0]][-1])) == several, forms
        assert set(_PLACEHOLDER.findall(known[forms[0]][0])) <= set(several), forms


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"), ("de", "de"), ("de-AT,de;q=0.9,en;q=0.5", "de"), ("en;q=0.4, de;q=0.8", "de"), ("fr", "en"),
        ("fr, de;q=0.2", "de"), ("de;q=0", "en"), ("*", "en"), ("de;q=x", "en"), ("\x00" * 2000, "en"),
    ],
)  # fmt: skip
def test_a_browser_gets_the_language_it_wants_most_of_those_that_are_there(accepted: str, code: str) -> None:
    assert languages.chosen(accepted).code == code


def test_numbers_are_written_as_the_language_does() -> None:
    token = languages.spoken.set(languages.LANGUAGES["de"])
    try:
        assert rendering.tonnes(-1_234_567_890_123) == "−1.234.567,890123"
    finally:
        languages.spoken.reset(token)
    assert rendering.tonnes(-1_234_567_890_123) == "−1,234,567.890123"


@pytest.mark.parametrize(
    "text", ['msgid "a"\nmsgstr ""\n', 'msgid "a"\nmsgstr "b"\nmsgid "a"\nmsgstr "c"\n', "Hello\n", '"alone"\n']
)
def test_a_catalogue_that_lacks_or_repeats_a_message_is_refused(text: str) -> None:
    with pytest.raises(CarbonTokensError):
        languages.read(text)
