"""The pages of docs/sources are executed: each file that a page shows is written down, and each command compared.

On a page, a file stands under a heading that is its name; a ``console`` block holds commands and what they print; a row
``| `file`: `old` → `new` | `error` | … |`` is a change of that file and the error that follows; a row
``| `energy read file` | `words` |`` is a command on shared data and words of its answer.
"""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path

import pytest

from carbon_tokens.energy import files as energy_files
from carbon_tokens.factors import files as factor_files
from carbon_tokens.registries import forms
from scripts import drawing
from scripts.source_pages import commands, files, said, written

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "sources").glob("*.md"))
DATA = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared")) / "data"
LINES = 120
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE, _ANY = re.compile("^```console$", re.MULTILINE), re.compile("^# ")
_CHANGE = re.compile(r"^\| `([^`]+)`: `([^`]+)` → (?:`([^`]+)`|nothing) \| `([^`]+)` \|", re.MULTILINE)
_REAL = re.compile(r"^\| `((?:energy|factors|certificates) read [^`|]+)` \| `([^`|]+)` \|", re.MULTILINE)


def pages(pattern: re.Pattern[str]) -> pytest.MarkDecorator:
    """The pages in which something of a pattern stands."""
    found = [page for page in PAGES if pattern.search(text(page))]
    return pytest.mark.parametrize("page", found, ids=lambda page: page.stem)


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pages(_CONSOLE)
def test_every_command_of_a_page_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    written(page, tmp_path)
    for command, output in commands(page):
        found, code = said(command)
        assert found == output, f"{page.name}: {command}"
        assert (code != 0) == ("Error: " in output), f"{page.name}: {command} ends with {code}"


@pages(_CHANGE)
def test_every_change_that_a_page_says_is_refused_is_refused_in_these_words(page: Path, tmp_path: Path) -> None:
    first, *_ = shown = commands(page)
    for name, old, new, error in _CHANGE.findall(text(page)):
        written(page, tmp_path)
        content = files(page)[name]
        assert old in content, f"{page.name}: {name} has no {old!r}"
        (tmp_path / name).write_text(content.replace(old, new, 1), encoding="utf-8")
        command = next((each.command for each in shown if name in each.command), first.command)
        found, code = said(command)
        assert error in found and (code == 1 or "reject" in found or "left out" in found), (
            f"{page.name}: {old!r} → {new!r}: {found}"
        )


@pages(_PYTHON)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    written(page, tmp_path)
    for block in _PYTHON.findall(text(page)):
        exec(compile(block, page.name, "exec"), {})


@pytest.mark.skipif(not DATA.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")
@pages(_REAL)
def test_a_page_says_of_real_files_what_is_read_of_them(page: Path, tmp_path: Path) -> None:
    for command, words in _REAL.findall(text(page)):
        for name in re.findall(r"\S+\.\w+", command):
            real = next(DATA.rglob(name))
            if not (tmp_path / name).exists():
                (tmp_path / name).parent.mkdir(exist_ok=True)
                (tmp_path / name).symlink_to(real)
        found, code = said(f"carbon-tokens {command}")
        assert words in found, f"{page.name}: {command} ends with {code}: {found[:500]}"


@pages(_ANY)
def test_a_page_is_short_shows_its_picture_and_links_to_what_exists(page: Path) -> None:
    content = text(page)
    assert len(content.splitlines()) <= LINES
    assert re.findall(r"!\[[^\]]{20,}\]\([a-z-]+\.svg\)", content), "no picture with a text for those who cannot see it"
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", content)
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_errors_of_power_models_are_those_that_the_benchmark_measures() -> None:
    page = text(ROOT / "docs" / "sources" / "servers.md").replace("−", "-").replace(" %", "%")
    for row in runpy.run_path(str(ROOT / "benchmarks" / "power_models.py"))["tables"]():
        if row["model"] != "table without the point itself":
            assert f"| {row['mean']} | {row['mean abs']} | {row['largest']} |" in page, row


def test_the_index_lists_every_page_with_its_grade() -> None:
    index = text(ROOT / "docs" / "sources" / "README.md")
    linked = set(re.findall(r"\]\(([a-z-]+\.md)\) *\|$", index, re.MULTILINE))
    assert linked == {page.name for page in PAGES} - {"README.md"}


@pytest.mark.parametrize(
    "kinds", [energy_files.KINDS, factor_files.KINDS, forms.KINDS], ids=["energy", "factors", "rows"]
)
def test_every_kind_of_file_that_is_read_stands_on_a_page(kinds: tuple[str, ...]) -> None:
    all_words = "\n".join(map(text, PAGES))
    assert [kind for kind in kinds if not re.search(rf"\b{re.escape(kind)}\b", all_words)] == []


def test_the_pictures_are_what_the_script_draws_from_the_packages_numbers() -> None:
    drawn: dict[str, str] = runpy.run_path(str(ROOT / "scripts" / "source_pictures.py"))["pictures"]()
    kept = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "sources").glob("*.svg")}
    assert drawn == kept, "python scripts/source_pictures.py draws them again"


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "sources").glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_says_what_it_shows_has_its_own_ground_and_runs_nothing(picture: Path) -> None:
    svg = picture.read_text(encoding="utf-8")
    assert re.search(r'role="img" aria-labelledby="t d"', svg)
    assert re.search(r'<title id="t">[^<]{10,}</title><desc id="d">[^<]{40,}</desc>', svg)
    assert "prefers-color-scheme:dark" in svg and 'class="ground"' in svg
    assert "<script" not in svg and "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert len(svg) < 40_000


@pytest.mark.parametrize("colors", [drawing.LIGHT, drawing.DARK], ids=["light", "dark"])
def test_words_can_be_read_on_the_ground_on_panels_and_on_a_faint_ground_of_their_color(colors: dict[str, str]) -> None:
    """4.5 to 1, which WCAG 2 asks of words of this size (success criterion 1.4.3)."""
    ground = luminance(colors["ground"])
    for kind in ("ink", "soft", *"abcde"):
        faint = mixed(colors[kind], colors["ground"], drawing.FAINT)
        assert contrast(luminance(colors[kind]), ground) >= 4.5, kind
        assert contrast(luminance(colors[kind]), luminance(faint)) >= 4.5 or kind in ("ink", "soft"), kind
    assert all(contrast(luminance(colors[kind]), luminance(colors["panel"])) >= 4.5 for kind in ("ink", "soft"))


def mixed(one: str, other: str, share: float) -> str:
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def luminance(color: str) -> float:
    """Relative luminance of an sRGB color (WCAG 2)."""
    shares = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)
