"""Languages of the node's pages: every string is marked, German says all of it, and a browser gets what it asks for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import nodes

from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.service import desk_wallet, languages, rendering

TEMPLATES = sorted(rendering.FOLDER.glob("*.html"))
MODULES = sorted(Path(languages.__file__).parent.glob("*.py"))
WALLET = Path(languages.__file__).parent / "static" / "wallet.js"
# Names, units and formats, the same in every language.
UNSAID = {"carbon-tokens", "API", "NetEmissions", "t", "MWh", "Wh", "g", "·", "ck_", "ck_…", "_…"}
UNSAID |= {"PDF", "PNG", "SVG", "JSON"}
_MARKED = {"_", "gettext", "ngettext"}
_MACROS, _NAME = ("account", "address", "wallet"), "[a-z]+-?|eth_[A-Za-z0-9_]+|personal_sign"  # ids, fields, methods
_SPOKEN = re.compile(r"""(?:alt|title|placeholder|aria-label)="([^"]*)\"""")
_PLACEHOLDER = re.compile(r"%(?:\([a-z]+\)s|%)")


def messages(path: Path) -> Iterator[tuple[str, ...]]:
    environment: Any = rendering.environment()  # whose extension adds the method
    for _, _, found in environment.extract_translations(path.read_text("utf-8")):
        if found:  # else a variable, whose message is marked where it is made
            yield tuple(each for each in ((found,) if isinstance(found, str) else found) if isinstance(each, str))


def spoken(path: Path) -> Iterator[ast.Call]:
    """Where a module marks a message."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("say", "later"):
            yield node


def said() -> set[tuple[str, ...]]:
    """Every message: of the templates and of the modules."""
    calls = [call.args[0] for path in MODULES for call in spoken(path)]
    words = {(str(each.value),) for each in calls if isinstance(each, ast.Constant)}
    return words | {each for path in TEMPLATES for each in messages(path)}


def texts(path: Path) -> list[str]:
    """What a template says outside of marked messages: its text without tags and code, and what attributes say."""
    source = path.read_text("utf-8")
    source = re.sub(r"{% trans\b.*?{% endtrans %}|{#.*?#}", "", source, flags=re.DOTALL)
    source = re.sub(r"{[{%].*?[%}]}", " ", source, flags=re.DOTALL)
    attributes = [each.strip() for each in _SPOKEN.findall(source)]
    source = re.sub(r"<(pre|code)\b.*?</\1>", " ", source, flags=re.DOTALL)
    words = re.split(r"[\s,.:()<>/–]+", re.sub(r"<[^>]*>|<!doctype html>", " ", source))
    attributes = [each for each in attributes if re.search(r"[A-Za-z]", each) and each not in UNSAID]
    return attributes + [each for each in words if re.search(r"[A-Za-z]", each) and each not in UNSAID]


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
    written = [text for output in tree.find_all(nodes.Output) for text in output.find_all(nodes.Const)
               if isinstance(text.value, str) and id(text) not in marked | compared]  # fmt: skip
    named = {id(text) for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)
             and call.node.name in _MACROS for text in call.find_all(nodes.Const)
             if re.fullmatch(_NAME, str(text.value))}  # fmt: skip
    bare = [text.value for text in written if id(text) not in named]
    assert [each for each in bare if each not in ("good", "bad") and re.search("[A-Za-z]{2}", each)] == []


@pytest.mark.parametrize(
    "text",
    [
        "<p>Facilities</p>", '<img alt="A chart">', "<p>{{ _('Owner') }} of it</p>",
        "<p>{% if x %}MWh held{% endif %}</p>", '<input placeholder="{{ n }} hex digits">',
        "{% trans a=b %}of {{ a }}{% endtrans %} and more",
    ],
)  # fmt: skip
def test_a_string_that_is_not_marked_is_found(text: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(text)
    assert texts(path)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_what_a_module_says_is_a_message_that_stands_there_or_was_marked_elsewhere(path: Path) -> None:
    """Of variables only the names of tables of marked messages: never a sentence put together."""
    others = [call.args[0] for call in spoken(path) if not isinstance(call.args[0], ast.Constant)]
    assert all(isinstance(each, ast.Subscript) for each in others), [ast.unparse(each) for each in others]


def test_wallet_js_says_what_the_catalogue_has_and_nothing_else() -> None:
    source = WALLET.read_text("utf-8")
    asked = re.findall(r'inWords\("([^"]*)"', source)
    told = re.findall(r'^  (?:\d+|\[-\d+\]): "([^"]*)",$', source, re.MULTILINE)
    assert {*asked, *told} == {*desk_wallet.WORDS} and len(told) == 6
    bare = [
        each for each in re.findall(r'(?:say|Said)\((["`][^"`]*["`])', source) if re.search(r"[a-z]{2} [a-z]", each)
    ]
    assert [each for each in bare if not each.startswith("`${inWords(")] == []


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
