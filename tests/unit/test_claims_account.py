"""The arithmetic of an account by hand, the vintage rules, and the code of the contracts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from carbon_tokens.claims import Documents, account, bytecode, verify
from carbon_tokens.claims.account_events import AMOUNTS, Allocated, AmountPart, Closed, Confirmed, Disallowed, Retired
from carbon_tokens.claims.pieces import Place, address, leaves, number_text, signed
from carbon_tokens.claims.reading import facility_hex
from carbon_tokens.claims.records import AccountPart, MatchingPart, MonthPart, TokenPart
from carbon_tokens.errors import ProofError, StatementError
from carbon_tokens.ledger.contracts import code_text, text_bytes
from carbon_tokens.periods import Month
from carbon_tokens.statements import MethodReference, build_without_energy
from carbon_tokens.statements.statement import NO_METER

REC, OFFSET = "0x02" + 62 * "0", "0x03" + 62 * "0"
HASH, WHO = "0x" + 64 * "a", "0x" + 40 * "0"
AT = Place(HASH, 1, HASH, 0)
APRIL = Month.parse("2021-04")


def part(**changes: Any) -> AccountPart:
    base = {"energy_wh": 8_302_224, "scope1_g": 102_427, "scope2_location_g": 3_777_330, "scope2_residual_g": 3_777_330}
    base |= {"scope3_g": 2_000_000, "version": 3, "closed": True, "recs_wh": 8_000_000, "offsets_g": 2_000_000}
    base |= {"allocated_location_g": 0, "allocated_market_g": 0, "shares": 0}
    return AccountPart(**(base | changes))


def token(number: str, start: str, end: str) -> TokenPart:
    period = Month.parse(start).start, Month.parse(end).end
    return TokenPart(number, 1, HASH, 1, "1", "1", *period, None, AT)


def retired(**changes: Any) -> Retired:
    base = {"event": "Retired", "holder": WHO, "recs_wh": 0, "offsets_g": 0, "beneficiary": HASH, "purpose": HASH}
    return Retired(**(base | {"tokens": (), "at": AT} | changes))


def test_the_totals_are_those_of_the_hand_calculation() -> None:
    found = account.totals(part())
    assert (found.gross_location_g, found.gross_market_g, found.net_g) == (5_879_757, 2_239_933, 239_933)


def test_recs_beyond_the_energy_cover_it_once() -> None:
    assert account.totals(part(recs_wh=9_000_000_000)).gross_market_g == 2_102_427
    assert account.totals(part(energy_wh=0, scope2_location_g=0, scope2_residual_g=0)).gross_market_g == 2_102_427


def test_what_recs_do_not_cover_is_rounded_up() -> None:
    assert account.totals(part(energy_wh=3, scope2_residual_g=1, recs_wh=2)).gross_market_g == 2_102_427 + 1


def test_offsets_reduce_net_and_never_gross() -> None:
    few, many = account.totals(part(offsets_g=0)), account.totals(part(offsets_g=10**9))
    assert (few.gross_location_g, few.gross_market_g) == (many.gross_location_g, many.gross_market_g)
    assert many.net_g == few.net_g - 10**9


def test_claimed_shares_are_part_of_both_gross_totals_and_of_net() -> None:
    without, found = account.totals(part()), account.totals(part(allocated_location_g=7, allocated_market_g=5))
    assert found.gross_location_g == without.gross_location_g + 7
    assert (found.gross_market_g, found.net_g) == (without.gross_market_g + 5, without.net_g + 5)


def test_on_the_hourly_basis_only_what_was_matched_covers_energy() -> None:
    assert account.totals(part(), 0).gross_market_g == 102_427 + 3_777_330 + 2_000_000
    match = MatchingPart(3, 8_000_000, 302_224, 963_597, HASH, (WHO,), AT)
    month = MonthPart(APRIL, (), part(recs_wh=9_000_000_000), match, account.totals(part()))
    assert (account.covering(month, "hourly"), account.covering(month, "annual")) == (8_000_000, 9_000_000_000)
    assert account.covering(replace(month, matching=None), "hourly") == 0


def share(provider: int, version: int, grams: tuple[int, int], after: tuple[int, int]) -> Allocated:
    return Allocated("Allocated", f"0x{provider:054x}", version, 10, *grams, *after, AT)


def audited(version: int, event: str = "Audited", **changes: Any) -> Confirmed:
    amounts = dict.fromkeys(AMOUNTS, 0) | {"scope1_g": 5, "start": 0, "end": 0, "meter": NO_METER}
    base = {"event": event, "auditor": WHO, "attested": (), "version": version, "release": HASH, "evidence": HASH}
    statement = build_without_energy(1, APRIL, method=MethodReference.shipped(), quality="D", scope1_g=5)
    return Confirmed(**(base | amounts | {"document": statement, "at": AT} | changes))


def closed(version: int) -> Closed:
    return Closed("Closed", WHO, (), version, AT)


def test_shares_add_up_and_one_of_a_later_version_replaces_the_earlier() -> None:
    events = [share(1, 4, (10, 6), (10, 6)), share(2, 1, (5, 5), (15, 11)), share(1, 5, (1, 0), (6, 5))]
    found = account.replay(events)
    assert not found.faults and found.shared() == (6, 5)
    assert (found.account().allocated_location_g, found.account().allocated_market_g) == (6, 5)
    assert (found.version, found.account().shares) == (0, 3)


def test_a_share_reopens_the_month_which_is_closed_anew_at_the_version_of_its_totals() -> None:
    """The account's version counts what auditors do; that of the totals is version | changes of shares << 16."""
    before = [audited(1), closed(1)]
    assert account.replay(before).account().closed
    after = account.replay([*before, share(1, 4, (10, 6), (10, 6))])
    assert not after.faults and (after.closed, after.version, after.changes) == (False, 1, 1)
    again = account.replay([*before, share(1, 4, (10, 6), (10, 6)), closed(1 | 1 << 16)])
    assert not again.faults and again.closed
    for version in (1, 2, 1 | 2 << 16):
        assert account.replay([*before, share(1, 4, (10, 6), (10, 6)), closed(version)]).faults


def test_what_stands_is_the_last_restatement_and_the_audits_after_it() -> None:
    first, second, third = audited(1), audited(2, "Restated"), audited(3)
    assert account.standing([first, closed(1)]) == [first]
    assert account.standing([first, second, third]) == [second, third]


@pytest.mark.parametrize(
    "second",
    [
        share(1, 4, (1, 1), (1, 1)),  # claimed before
        share(1, 3, (1, 1), (1, 1)),  # an earlier version
        share(2, 1, (5, 5), (5, 5)),  # not the sum
        share(2, 1, (5, 5), (15, 12)),
    ],
)
def test_a_share_that_the_contract_would_refuse_is_a_fault(second: Allocated) -> None:
    first = share(1, 4, (10, 6), (10, 6))
    assert not account.replay([first]).faults
    assert account.replay([first, second]).faults


def test_a_month_is_closed_at_its_own_version_and_once() -> None:
    assert account.replay([Closed("Closed", WHO, (), 1, AT)]).faults
    assert account.replay([Closed("Closed", WHO, (), 0, AT)]).faults


def test_a_disallowance_takes_out_only_what_was_retired() -> None:
    gift = retired(offsets_g=10, tokens=(AmountPart(OFFSET, 10),))
    assert not account.replay([gift]).faults
    for amount, faulty in ((10, False), (11, True), (0, True)):
        state = account.replay([gift, Disallowed("Disallowed", WHO, (), 1, OFFSET, amount, HASH, AT)])
        assert bool(state.faults) is faulty
    assert account.replay([gift, Disallowed("Disallowed", WHO, (), 1, REC, 1, HASH, AT)]).faults


@pytest.mark.parametrize(
    ("recs", "offsets", "tokens"),
    [
        (1, 0, [(OFFSET, 1)]),
        (0, 1, [(REC, 1)]),
        (2, 0, [(REC, 1)]),
        (0, 0, [("0x01" + 62 * "0", 1)]),
        (0, 0, [(REC, 1)]),
    ],
)
def test_a_retirement_is_the_sum_of_its_tokens_by_class(recs: int, offsets: int, tokens: list[tuple[str, int]]) -> None:
    event = retired(recs_wh=recs, offsets_g=offsets, tokens=tuple(AmountPart(*each) for each in tokens))
    assert account.replay([event]).faults


@pytest.mark.parametrize(
    ("number", "start", "end", "fits"),
    [
        (REC, "2021-01", "2021-01", True),
        (REC, "2021-12", "2021-12", True),
        (REC, "2020-12", "2021-01", True),
        (REC, "2020-12", "2020-12", False),
        (REC, "2022-01", "2022-01", False),
        (OFFSET, "2021-04", "2022-01", True),
        (OFFSET, "2010-01", "2010-12", True),
        (OFFSET, "2021-05", "2021-05", False),
    ],
)
def test_vintages(number: str, start: str, end: str, fits: bool) -> None:
    """A REC is of the month's calendar year; an offset does not begin after the month."""
    assert (not list(account.vintage_faults(token(number, start, end), APRIL))) is fits


def test_code_with_a_foreign_constant_or_another_instruction_is_not_the_packages() -> None:
    code, own = bytecode.compiled("NetEmissions"), b"\x07" * 32
    holes = list(bytecode.placeholders(code))
    assert holes
    filled = bytearray(code)
    for hole in holes:
        filled[hole : hole + 32] = own
    assert not list(bytecode.differences("NetEmissions", bytes(filled), {own}))
    assert list(bytecode.differences("NetEmissions", bytes(filled), {b"\x08" * 32}))
    filled[10] ^= 1
    assert list(bytecode.differences("NetEmissions", bytes(filled), {own}))
    assert list(bytecode.differences("NetEmissions", b"", {own}))
    assert list(bytecode.placeholders(bytecode.compiled("EmissionFactors"))) == []


def test_documents_are_kept_by_their_hash(tmp_path: Path) -> None:
    evidence = Documents(tmp_path).put(b'{"name":"here"}')
    assert Documents(tmp_path).get(evidence) == b'{"name":"here"}'
    assert Documents(tmp_path).get(bytes(32)) is None and Documents().get(evidence) is None
    (tmp_path / f"{evidence.hex()}.json").write_bytes(b"{}")
    with pytest.raises(ProofError, match="do not have the hash in its name"):
        Documents(tmp_path).get(evidence)


def test_fields_refuse_what_does_not_belong() -> None:
    for form, value in (
        (address, "0x" + 40 * "a"), (address, "x"), (number_text, "01"), (number_text, 1), (number_text, "-1"),
        (signed, True), (signed, 2**53), (signed, "1"),
    ):  # fmt: skip
        with pytest.raises(StatementError):
            form("field", value)
    with pytest.raises(StatementError, match="no event of an account"):
        month = {"month": "2021-04", "events": [{"event": "Minted"}], "account": {}, "matching": None, "totals": {}}
        MonthPart.from_object(month)


def test_leaves_are_named_by_their_paths() -> None:
    assert leaves({"a": [{"b": 1}], "c": None}) == {"a[0].b": 1, "c": None}


def test_a_missing_file_is_an_error_and_not_a_verdict(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match="no such file"):
        verify(tmp_path / "proof.json")


def test_a_file_of_another_format_is_not_verified(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps({"type": "carbon-tokens/statement/1"}))
    found = verify(path)
    assert not found.verified and found.to_json()["reasons"] == found.reasons and len(found.reasons) == 1


def test_a_number_that_names_no_facility_is_refused_by_name() -> None:
    assert facility_hex((1 << 216) - 1) == "0x" + 54 * "f"
    with pytest.raises(ProofError, match="names no facility: it has more than 216 bits"):
        facility_hex(1 << 216)


@pytest.mark.parametrize("code", [b"NAR", b"", b"\xc3\xa9", b"A\xffB", b" NAR", b"A\nB", b"A\0B", b"0x4e4152"])
def test_a_code_of_any_bytes_has_one_text_that_leads_back_to_them(code: bytes) -> None:
    filled = code.ljust(12, b"\0")
    assert text_bytes(code_text(filled), 12) == filled


def test_a_code_that_is_no_plain_ascii_is_shown_by_its_bytes() -> None:
    assert code_text(b"NAR".ljust(12, b"\0")) == "NAR"
    assert code_text(b"\xff".ljust(12, b"\0")) == "0xff" + 22 * "0"
