"""Shares, their split, and the documents of an allocation: proof, table, folder."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from eth_utils.crypto import keccak

from carbon_tokens.allocation.shares import (
    Allocation,
    Amounts,
    Share,
    ShareProof,
    read,
    read_shares,
    shares_of,
    split,
    tenant_of,
    tenant_of_facility,
    tenant_of_name,
    write,
)
from carbon_tokens.errors import AllocationError, DuplicateTenant

AUDITED, VERSION = 1 << 248 | 7 << 32 | 615, 2
TENANT = tenant_of_name("Acme GmbH")
HEADER = "tenant,energy_wh,location_g,market_g\n"


def allocation() -> Allocation:
    totals = Amounts(1_000, 455, 101)
    return Allocation(
        shares_of(totals, {tenant_of_name(name): weight for weight, name in enumerate("abcdefg")}), totals
    )


def table(folder: Path, text: str) -> Path:
    path = folder / "shares.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["energy_wh", "location_g", "market_g"])
@pytest.mark.parametrize("value", [-1, 2**48, 1.0, True, "1", None])
def test_an_amount_is_an_integer_of_48_bits(name: str, value: Any) -> None:
    amounts = {"energy_wh": 0, "location_g": 0, "market_g": 0} | {name: value}
    with pytest.raises(AllocationError, match=name):
        Share(TENANT, **amounts)
    with pytest.raises(AllocationError, match=name):
        Amounts(**amounts)


@pytest.mark.parametrize("value", [b"", bytes(31), bytes(33), "a" * 32, bytearray(32)])
def test_tenant_and_salt_are_32_bytes(value: Any) -> None:
    with pytest.raises(AllocationError, match="tenant"):
        Share(value, 1, 1, 1)
    with pytest.raises(AllocationError, match="salt"):
        Share(TENANT, 1, 1, 1, value)


def test_amounts_are_packed_as_the_contract_reads_them() -> None:
    energy, location, market = 0x010203040506, 0x1112131415, 0xFFFFFFFFFFFF
    packed = Amounts(energy, location, market).packed()
    assert packed == (energy | location << 48 | market << 96).to_bytes(18, "big")
    assert packed.hex() == "ffffffffffff" + "001112131415" + "010203040506"
    assert Amounts.unpacked(packed) == Amounts(energy, location, market)


def test_every_share_gets_a_salt_of_its_own_that_is_not_shown() -> None:
    one, other = Share(TENANT, 1, 2, 3), Share(TENANT, 1, 2, 3)
    assert one.salt != other.salt
    assert one.salt.hex() not in repr(one)
    assert repr(one.salt) not in repr(one)


def test_a_tenant_is_a_facility_a_name_or_its_32_bytes() -> None:
    facility = 0xBDD90D06439FC3E2C11C42D6966046320F689A30D077837F701060
    assert tenant_of(f"0x{facility:054x}") == tenant_of_facility(facility) == facility.to_bytes(32, "big")
    assert tenant_of("Acme GmbH") == keccak(b"Acme GmbH")
    assert tenant_of("0x" + TENANT.hex()) == TENANT


@pytest.mark.parametrize("text", ["", " ", "0x", "0x12", "0x" + "g" * 64, "0x" + "1" * 53, "0x" + "0" * 54, "\ud800"])
def test_what_could_be_meant_as_an_id_is_not_taken_for_a_name(text: str) -> None:
    with pytest.raises(AllocationError, match="tenant"):
        tenant_of(text)


@pytest.mark.parametrize("facility", [0, -1, 2**216])
def test_a_facility_id_has_216_bits(facility: int) -> None:
    with pytest.raises(AllocationError):
        tenant_of_facility(facility)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, {"a": 1, "b": 1, "c": 1}, {"a": 4, "b": 3, "c": 3}),  # a tie goes to the first key
        (10, {"c": 1, "b": 1, "a": 1}, {"a": 4, "b": 3, "c": 3}),
        (100, {"a": 334, "b": 333, "c": 333}, {"a": 34, "b": 33, "c": 33}),
        (7, {"a": 0, "b": 5}, {"a": 0, "b": 7}),
        (1, {"a": 1, "b": 2}, {"a": 0, "b": 1}),
        (0, {"a": 0, "b": 0}, {"a": 0, "b": 0}),
        (0, {}, {}),
        (2**48 - 1, {"a": 2**200, "b": 2**200}, {"a": 2**47, "b": 2**47 - 1}),
    ],
)
def test_a_total_is_split_by_largest_remainder(total: int, weights: dict[str, int], parts: dict[str, int]) -> None:
    assert split(total, weights) == parts


@pytest.mark.parametrize(
    ("total", "weights"), [(1, {}), (1, {"a": 0}), (-1, {"a": 1}), (1, {"a": -1, "b": 3}), (1, {"a": 0.5})]
)
def test_a_total_without_weights_to_carry_it_is_not_split(total: int, weights: dict[str, Any]) -> None:
    with pytest.raises(AllocationError):
        split(total, weights)


def test_a_proof_reads_back_from_its_canonical_json() -> None:
    made = allocation()
    proof = made.prove(3)
    assert proof.canonical() == rfc8785.dumps(json.loads(proof.canonical()))
    assert ShareProof.from_json(proof.canonical()) == proof
    assert ShareProof.from_json(proof.to_json()) == proof
    assert ShareProof.from_json(json.dumps(proof.to_json(), indent=3)) == proof


@pytest.mark.parametrize(
    "change",
    [
        {"type": "carbon-tokens/share-proof/2"},
        {"more": 1},
        {"tenant": "0x12"},
        {"tenant": "0x" + "A" * 64},
        {"salt": None},
        {"energy_wh": 1.0},
        {"energy_wh": "1"},
        {"market_g": -1},
        {"location_g": 2**48},
        {"index": 8},
        {"index": -1},
        {"index": True},
        {"siblings": "0x00"},
        {"siblings": "00" * 150},
        {"siblings": "0x" + "0" * 299},
    ],
    ids=str,
)
def test_a_malformed_proof_is_refused(change: dict[str, Any]) -> None:
    value = allocation().prove(0).to_json() | change
    for text in (json.dumps(value), value):
        with pytest.raises(AllocationError):
            ShareProof.from_json(text)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "NaN", '{"type":"carbon-tokens/share-proof/1"}', b"\xff", "[" * 100_000]
)
def test_what_is_no_proof_is_refused(text: str | bytes) -> None:
    with pytest.raises(AllocationError):
        ShareProof.from_json(text)


def test_a_field_that_stands_twice_in_a_proof_is_refused() -> None:
    text = allocation().prove(0).canonical().decode()
    with pytest.raises(AllocationError, match="twice"):
        ShareProof.from_json(text[:-1] + ',"energy_wh":1}')


def test_shares_are_read_from_a_table(tmp_path: Path) -> None:
    rows = '﻿market_g, tenant,energy_wh,location_g\r\n3,"Acme, Inc.",1,2\r\n\r\n0,0x' + "01" * 27 + ",4,5\r\n"
    first, second = read_shares(table(tmp_path, rows))
    assert (first.tenant, first.amounts) == (keccak(b"Acme, Inc."), Amounts(1, 2, 3))
    assert (second.tenant, second.amounts) == (bytes(5) + b"\1" * 27, Amounts(4, 5, 0))
    assert first.salt != second.salt


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("Acme,1.5,1,1", "energy_wh: '1.5'"),
        ("Acme,1,-1,1", "location_g: '-1'"),
        ("Acme,1,1,", "market_g: ''"),
        ("Acme,1,1,١", "market_g: '١'"),
        (f"Acme,{2**48},1,1", "energy_wh: .* 48 bits"),
        ("Acme,1,1", "3 cells under 4 columns"),
        (",1,1,1", "tenant"),
        ("0x99,1,1,1", "tenant"),
    ],
)
def test_a_row_that_is_wrong_is_named_by_file_and_row(tmp_path: Path, row: str, what: str) -> None:
    with pytest.raises(AllocationError, match=rf"shares\.csv:3: .*{what}"):
        read_shares(table(tmp_path, HEADER + "Fine,1,1,1\n" + row + "\n"))


def test_every_wrong_row_is_named_up_to_twenty(tmp_path: Path) -> None:
    with pytest.raises(AllocationError, match=r"csv:2: .*csv:21: .* and 10 more"):
        read_shares(table(tmp_path, HEADER + "".join(f"t{number},x,1,1\n" for number in range(30))))


def test_a_tenant_that_stands_in_two_rows_is_refused_with_both(tmp_path: Path) -> None:
    """Also where it is written in two ways."""
    rows = f"Acme GmbH,1,1,1\nother,1,1,1\n0x{TENANT.hex()},2,2,2\n"
    with pytest.raises(DuplicateTenant, match=r"shares\.csv:4: .* row 2 already"):
        read_shares(table(tmp_path, HEADER + rows))


@pytest.mark.parametrize(
    "text", ["", HEADER, "tenant,energy_wh,location_g\n", HEADER.strip() + ",salt\na,1,1,1,1\n", HEADER + '"a,1,1,1\n'],
    ids=["empty", "no rows", "a column missing", "salts where none are expected", "an open quote"],
)  # fmt: skip
def test_a_table_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(AllocationError, match=r"shares\.csv"):
        read_shares(table(tmp_path, text))


def test_a_table_that_is_not_there_or_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AllocationError, match="nowhere"):
        read_shares(tmp_path / "nowhere.csv")
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"M\xfcller,1,1,1\n")
    with pytest.raises(AllocationError, match="UTF-8"):
        read_shares(tmp_path / "latin.csv")


def test_every_proof_can_be_made_again_from_a_written_allocation(tmp_path: Path) -> None:
    made = allocation()
    write(tmp_path / "april", made, AUDITED, VERSION)
    stored = read(tmp_path / "april")
    assert (stored.audited_id, stored.version) == (AUDITED, VERSION)
    assert stored.root == made.root(AUDITED, VERSION)
    assert stored.allocation.totals == made.totals
    assert [stored.allocation.prove(index) for index in range(7)] == [made.prove(index) for index in range(7)]


def test_salts_on_disk_are_for_the_owner_alone(tmp_path: Path) -> None:
    write(tmp_path / "april", allocation(), AUDITED, VERSION)
    secret, header = tmp_path / "april" / "shares.secret.csv", tmp_path / "april" / "allocation.json"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    assert allocation().share(0).tenant.hex() in secret.read_text()
    assert not any(share.salt.hex() in header.read_text() for share in read(tmp_path / "april").allocation)


def test_an_allocation_is_never_written_over(tmp_path: Path) -> None:
    """The salts of a root that stands on chain would be lost."""
    first = allocation()
    write(tmp_path / "april", first, AUDITED, VERSION)
    with pytest.raises(AllocationError, match="exists already"):
        write(tmp_path / "april", allocation(), AUDITED, VERSION)
    assert read(tmp_path / "april").root == first.root(AUDITED, VERSION)


def test_a_run_that_was_killed_leaves_no_allocation_and_can_be_repeated(tmp_path: Path) -> None:
    (tmp_path / "april.part").mkdir()
    (tmp_path / "april.part" / "shares.secret.csv").write_text("half")
    with pytest.raises(AllocationError, match="cannot be read"):
        read(tmp_path / "april")
    write(tmp_path / "april", allocation(), AUDITED, VERSION)
    assert [path.name for path in tmp_path.iterdir()] == ["april"]
    assert len(read(tmp_path / "april").allocation) == 7


def test_an_allocation_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AllocationError, match="cannot be written"):
        write(tmp_path / "file" / "april", allocation(), AUDITED, VERSION)
    with pytest.raises(AllocationError, match="audited id"):
        write(tmp_path / "april", allocation(), -1, VERSION)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_changed_folder_is_refused(tmp_path: Path) -> None:
    """One share's salt, or a field of the header."""
    write(tmp_path / "april", allocation(), AUDITED, VERSION)
    secret, header = tmp_path / "april" / "shares.secret.csv", tmp_path / "april" / "allocation.json"
    rows, fields = secret.read_text(), json.loads(header.read_text())
    secret.write_text(rows[:-2] + ("0" if rows[-2] != "0" else "1") + "\n")
    with pytest.raises(AllocationError, match="does not give the root"):
        read(tmp_path / "april")
    secret.write_text(rows)
    changes = {
        "version": 3,
        "audited_id": f"0x{AUDITED + 1:064x}",
        "tenants": 6,
        "depth": 2,
        "energy_wh": 999,
        "type": "",
    }
    for change in [*({name: value} for name, value in changes.items()), {"version": None}, {"market_g": "1"}, {"x": 1}]:
        header.write_text(json.dumps(fields | change))
        with pytest.raises(AllocationError):
            read(tmp_path / "april")
    header.write_text(json.dumps(fields))
    assert read(tmp_path / "april").root.hex() == fields["root"][2:]
