"""Damaged downloads and statements: each is read or refused by a named error, and what is kept is never a guess.

Kept means: as many serials as MWh or t, which is checked here again from the text of the serials, and no serial twice.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_tokens import registries
from carbon_tokens.errors import CarbonTokensError, StatementError
from carbon_tokens.registries import CRITERIA, Checked, Criteria, Entry
from carbon_tokens.registries.entries import block, entered
from carbon_tokens.statements import certificate_table
from tests import registry_pdfs as pdfs
from tests.registry_tables import NAR, TABLES

MOST = settings.default.max_examples if settings.default else 100
SLOW = settings(max_examples=MOST, suppress_health_check=[HealthCheck.too_slow], deadline=None)
GO = ("643002406556100800001283780265", "643002406556100800001283780270", 6)
DOCUMENTS = (
    pdfs.nar(("NAR-REC-2613-KS-12-2020-109286-4440 to 4448", "9"), ("NAR-REC-2613-KS-01-2021-9-1 to 2", "2")),
    pdfs.go(GO, ("708000340067300000000071882260", "708000340067300000000071882352", 93)),
    pdfs.statnett(*GO),
    pdfs.wregis(),
    pdfs.irec(("0000-0001-0056-8443", "0000-0001-0057-5202", "6 760"), total="6 760"),
)
VALUES = ["", " ", "0", "-1", "1e9", "NaN", "1,000", "1.5", "٣", "９", "9" * 40, "9" * 5000, "\n", "2021-02-30", "0001",
          '"', "\x00", "￼", " to ", "-", "."]  # fmt: skip


def changed(data: st.DataObject, content: bytes, separators: bytes) -> bytes:
    """A file after a few changes: a cell replaced, a piece cut out, doubled or moved, a digit or a byte changed."""
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, max(len(content) - 1, 0)))
        end = min(len(content), start + data.draw(st.integers(1, 60)))
        way = data.draw(st.sampled_from(["cut", "double", "move", "byte", "digit", "value"]))
        piece = content[start:end]
        if way == "cut":
            content = content[:start] + content[end:]
        elif way == "double":
            content = content[:end] + piece + content[end:]
        elif way == "move":
            content = content[:start] + content[end:] + piece
        elif way == "byte":
            content = content[:start] + bytes([data.draw(st.integers(0, 255))]) + content[start + 1 :]
        elif way == "digit":
            digit = str(data.draw(st.integers(0, 9))).encode()
            content = content[:start] + re.sub(rb"[0-9]", digit, content[start:], count=1)
        else:
            value = data.draw(st.sampled_from(VALUES)).encode()
            cell = re.search(rb"[^%s]+" % separators, content[start:])
            if cell:
                content = content[: start + cell.start()] + value + content[start + cell.end() :]
    return content


def read(content: bytes) -> list[Entry] | None:
    """The entries of a file with this content, or none if it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "download")
        path.write_bytes(content)
        try:
            return registries.read(path)
        except CarbonTokensError as error:
            assert error.what and "download" in error.where
            return None


def checked(entries: list[Entry]) -> Checked:
    met = {each.source: dict.fromkeys(CRITERIA, "yes") for each in entries}
    return registries.check(entries, Criteria(met, "criteria.csv", "00" * 32))


def hold(found: Checked, entries: list[Entry]) -> None:
    """What must be true of whatever is kept and rejected."""
    assert len(found.batches) + len(found.rejects) == len(entries)
    assert all(each.why and all(each.why) for each in found.rejects)
    seen: set[tuple[str, str, int, int]] = set()
    for batch, entry in found.batches:
        count = batch.serial_thru - batch.serial_from + 1
        assert batch.amount == entry.amount == count * 1_000_000 > 0
        numbers = [int(each) for each in re.findall(r"[0-9]+", batch.serials)]
        assert batch.serial_from in numbers and batch.serial_thru in numbers
        for other in seen:
            assert other[:2] != (batch.registry, block(batch.serials)) or batch.serial_from > other[3] or (
                batch.serial_thru < other[2])  # fmt: skip
        seen.add((batch.registry, block(batch.serials), batch.serial_from, batch.serial_thru))
    said = found.to_json()
    assert sum(each["rows"] for each in said["files"]) == len(entries)
    assert said["energy_wh"] + said["mass_g"] == sum(batch.amount for batch, _ in found.batches)


@pytest.mark.parametrize("content", [*map(str.encode, TABLES), *DOCUMENTS])
def test_every_form_is_read_before_it_is_damaged(content: bytes) -> None:
    entries = read(content)
    assert entries and all(entry.amount > 0 for entry in entries)


@SLOW
@given(st.data())
def test_damaged_tables_are_read_row_by_row_or_refused_by_name(data: st.DataObject) -> None:
    content = changed(data, data.draw(st.sampled_from(TABLES)).encode(), rb",\n")
    if (entries := read(content)) is not None:
        hold(checked(entries), entries)


@SLOW
@given(st.data())
def test_damaged_pdfs_are_read_or_refused_by_name(data: st.DataObject) -> None:
    content = changed(data, data.draw(st.sampled_from(DOCUMENTS)), rb"()\n ")
    if (entries := read(content)) is not None:
        hold(checked(entries), entries)


@SLOW
@given(st.data())
def test_statements_whose_text_is_damaged_keep_only_what_adds_up(data: st.DataObject) -> None:
    """The PDF is whole, and the text in it is changed: the damage that no checksum of the file would find."""
    texts = [pdfs.GO_TOP.format(total=6) + pdfs.GO_ROW.format(first=GO[0], last=GO[1], volume=6),
             pdfs.STATNETT.format(total=6, first=GO[0], last=GO[1], volume=6),
             pdfs.WREGIS.format(total=9, facility="W7", first=1, last=9, volume=9, status="Retired"),
             pdfs.IREC.format(total=2) + pdfs.IREC_DEVICE
             + pdfs.IREC_ROW.format(first="0000-0001-0056-8443", last="0000-0001-0056-8444", volume=2)]  # fmt: skip
    text = changed(data, data.draw(st.sampled_from(texts)).encode("cp1252"), rb"\n ")
    if (entries := read(pdfs.pdf([text.decode("cp1252", "replace").replace("�", "?")]))) is not None:
        hold(checked(entries), entries)


@SLOW
@given(st.binary(max_size=200), st.sampled_from([b"", b"%PDF-1.7\n", b"nar_id,serial", b"\xff\xfe", b"\xef\xbb\xbf"]))
def test_any_bytes_are_no_download_but_a_named_error(content: bytes, start: bytes) -> None:
    assert read(start + content) is None


ranges = st.lists(
    st.tuples(st.sampled_from(["8", "9"]), st.integers(1, 30), st.integers(0, 8)), min_size=1, max_size=12
)  # fmt: skip


@SLOW
@given(ranges)
def test_exactly_the_rows_that_share_no_serial_with_another_are_kept(rows: list[tuple[str, int, int]]) -> None:
    """Against sets of single serials."""
    text = NAR.splitlines()[0] + "\n"
    for number, first, more in rows:
        text += f"GEN1,W,Wind,NAR-REC-1-KS-12-2020-{number}-{first} to {first + more},{more + 1},N\n"
    sets = [{(number, serial) for serial in range(first, first + more + 1)} for number, first, more in rows]
    alone = [
        at + 2
        for at, mine in enumerate(sets)
        if not any(mine & theirs for other, theirs in enumerate(sets) if other != at)
    ]
    entries = read(text.encode())
    assert entries is not None
    found = checked(entries)
    assert sorted(entry.row for _, entry in found.batches) == alone


@SLOW
@given(st.lists(ranges, min_size=2, max_size=2))
def test_what_was_issued_never_becomes_a_batch_again(both: list[list[tuple[str, int, int]]]) -> None:
    entries = [
        [
            entered("nar", "rec", "NAR", {
                "source": "GEN1", "serials": f"NAR-REC-1-KS-12-2020-{number}-{first} to {first + more}",
                "serial_from": first, "serial_thru": first + more, "amount": (more + 1) * 1_000_000, "vintage_end": 1,
            }, f"{name}.csv", "00" * 32, at)
            for at, (number, first, more) in enumerate(rows)
        ]
        for name, rows in zip("ab", both, strict=True)
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "batches.csv")
        before = checked(entries[0])
        registries.write(before, table, Path(folder, "rejects.csv"))
        if not before.batches:
            return
        assert len(certificate_table.read(table)) == len(before.batches)
        met = Criteria({"GEN1": dict.fromkeys(CRITERIA, "yes")}, "", "")
        again = registries.check(entries[1], met, registries.issued_before(table))
    taken = {
        (block(batch.serials), serial)
        for batch, _ in before.batches
        for serial in range(batch.serial_from, batch.serial_thru + 1)
    }
    for batch, _ in again.batches:
        assert (
            not {(block(batch.serials), serial) for serial in range(batch.serial_from, batch.serial_thru + 1)} & taken
        )


def test_a_table_of_more_than_one_header_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text(TABLES[0] + TABLES[0])
    (_, second, _) = registries.read(path)
    assert "no serial range" in second.faults[0]
    path.write_text("\n\n")
    with pytest.raises(StatementError):
        registries.read(path)
