"""An organisation's roll-up from proofs of two ledgers on two chains: sums, consolidation, and what counts twice."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_tokens import portfolio
from carbon_tokens.claims import bundling, verify
from carbon_tokens.claims import proof as proofs
from carbon_tokens.claims.account_events import Allocated, Retired
from carbon_tokens.claims.proof import Proof
from carbon_tokens.errors import DoubleCounted, NoProofs, NotVerified
from carbon_tokens.periods import Month
from carbon_tokens.portfolio import DOUBLE, SUSPICIOUS, Held, Portfolio, total
from tests.integration.commands import answer, run
from tests.integration.portfolios import T, World, batch, reading, renamed

APRIL, MAY, JULY = (Month.parse(f"2021-{month:02}") for month in (4, 5, 7))
NEXT = Month.parse("2022-04")
MWH = 8_000_000


class Two:
    """Proofs of two ledgers on two chains. On the first an organisation and its tenant; on the second, one facility for
    each way in which something could count a second time, and a clean one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "proofs"
        self.folder.mkdir()
        self.first, self.second = World(folder / "first", self.folder), World(folder / "second", self.folder)
        self._organisation(self.first)
        self._second(self.second)

    def _organisation(self, world: World) -> None:
        """Lincoln: April, July and April of the next year; Austin, its tenant in April: a share of 3 in 8."""
        recs = {year: world.issue(batch("NAR", "GEN1", 1 + 100 * at, 90, year)) for at, year in enumerate((2021, 2022))}
        offsets = world.issue(batch("ACR", "ACR7", 1, 80, 2020, kind="offset"))
        lincoln = self.lincoln = world.facility("Lincoln 1")
        self.statement = world.statement(lincoln, reading(APRIL, MWH, "M1"), scope1_g=100_000, scope3_g=400_000)
        world.neutral(self.statement, {recs[2021]: MWH, offsets: T}, "lincoln-04-before.json")
        world.restated([self.statement], MWH + 500_000, "a submeter was left out")
        world.retire(lincoln, APRIL, {recs[2021]: 500_000})
        world.claim(lincoln, APRIL, APRIL, "lincoln-04.json")
        july = world.statement(lincoln, reading(JULY, MWH, "M1", row=5, quality="A"))
        world.neutral(july, {recs[2021]: MWH}, "lincoln-07.json")
        later = world.statement(lincoln, reading(NEXT, MWH // 2, "M1", row=9))
        world.neutral(later, {recs[2022]: MWH // 2}, "lincoln-2022-04.json")
        austin = self.austin = world.facility("Austin, tenant", "ERCT", "broker")
        world.audit(world.statement(austin, reading(APRIL, MWH // 4, "M9"), "ERCT"))
        world.share(lincoln, austin, APRIL, (3, 5))
        world.by("auditor").close(austin, APRIL)
        for token, amount in ((recs[2021], MWH // 4), (offsets, T)):
            world.retire(austin, APRIL, {token: amount})
        world.claim(austin, APRIL, APRIL, "austin-04.json", "broker")

    def _second(self, world: World) -> None:
        plain = world.issue(batch("NAR", "GEN2", 1, 99, 2021))
        again = world.facility("Lincoln 1")  # the same owner and description: the same id on this chain
        same = world.statement(again, reading(APRIL, MWH, "M1"), scope1_g=100_000, scope3_g=400_000)
        offsets = world.issue(batch("ACR", "ACR9", 1, 50, 2020, kind="offset"))
        world.neutral(same, {plain: MWH, offsets: T}, "evidence.json")
        world.hall(offsets, "hall.json")
        changes = {"meter.json": reading(JULY, MWH, "M1", "copy.csv"), "clean.json": reading(APRIL, MWH + 1, "M2")}
        for name, taken in changes.items():
            world.neutral(world.statement(world.facility(name), taken), {plain: taken.energy_wh}, name)
        moved = world.statement(world.facility("input"), reading(APRIL, MWH, "M1"))
        world.neutral(renamed(moved, "Prairie Power and Light Co"), {plain: MWH}, "input.json")
        described = world.facility("Lincoln 1", "MROW", "broker")
        world.audit(world.statement(described, reading(APRIL, MWH, "M3")))
        world.retire(described, APRIL, {plain: MWH})
        world.claim(described, APRIL, APRIL, "facility.json", "broker")
        certificates = {
            "token.json": batch("NAR", "GEN1", 1, 90, 2021),
            "serial.json": batch("ACR", "ACR7", 80, 9, 2020, kind="offset"),
            "pdf.json": batch("M-RETS", "GEN1", 1, 90, 2021, document="NAR-GEN1-1 to 90"),
        }
        for at, (name, document) in enumerate(certificates.items()):
            token = world.issue(document)
            tokens = {token: MWH} if document.token_class == "rec" else {plain: MWH, token: T}
            world.neutral(world.statement(world.facility(name), reading(APRIL, MWH, f"R{at}")), tokens, name)

    def held(self, *names: str) -> list[Held]:
        return portfolio.read([self.folder / name for name in names])

    def close(self) -> None:
        for world in (self.first, self.second):
            world.close()


ORGANISATION = (
    "lincoln-04-before.json",
    "lincoln-04.json",
    "lincoln-07.json",
    "lincoln-2022-04.json",
    "austin-04.json",
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    found = Two(tmp_path_factory.mktemp("portfolio"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def organisation(two: Two) -> Portfolio:
    return portfolio.roll_up(two.held(*ORGANISATION), organisation="Example Hosting")


def double(two: Two, *names: str) -> set[str]:
    """Kinds of the double counts between these proofs."""
    found = portfolio.roll_up(two.held(*names), allowed=portfolio.KINDS)
    return {each.kind for each in found.findings if each.severity == DOUBLE}


# ---------------------------------------------------------------------------------------------------------- the roll-up
def test_sums_over_facilities_and_years_are_those_typed_by_hand(organisation: Portfolio) -> None:
    """Energy 8.5 + 8 + 4 + 2 MWh; every month covered by RECs, so market-based is scope 1 and 3 and the share."""
    sums = organisation.total
    assert (sums.months, sums.energy_wh, sums.covered_wh) == (4, 22_500_000, 22_500_000)
    assert {key: each.energy_wh for key, each in organisation.by("year").items()} == {
        ("2021",): 18_500_000, ("2022",): 4_000_000,
    }  # fmt: skip
    assert sums.grades() == {"A": 8_000_000, "B": 6_000_000, "C": 8_500_000, "D": 0}
    assert sums.scope2_market_g == 0 and sums.gross_market_g == 500_000 + sums.shares_market_g


def test_of_two_certificates_of_a_month_the_newest_version_counts_once(organisation: Portfolio) -> None:
    (found,) = organisation.replaced
    assert (found.old.held.file, found.new.held.file) == ("lincoln-04-before.json", "lincoln-04.json")
    assert (found.old.month.account.version, found.new.month.account.version) == (1, 2)


def test_a_share_between_own_facilities_is_eliminated_exactly(organisation: Portfolio) -> None:
    """3/8 of Lincoln's April stands in Austin's scope 3, and in Lincoln's account: it is shown, and counted once."""
    lincoln, austin = (
        next(each for each in organisation.accounts if each.held.file == f"{name}-04.json")
        for name in ("lincoln", "austin")
    )
    share = lincoln.figures.gross_location_g * 3 / 8
    assert abs(austin.figures.shares_location_g - share) <= 1
    assert austin.figures.eliminated_location_g == austin.figures.shares_location_g
    sums = organisation.total
    assert sums.gross_location_g - sums.consolidated_location_g == austin.figures.shares_location_g
    assert sums.consolidated_location_g == sum(
        each.figures.scope1_g + each.figures.scope2_location_g + each.figures.scope3_g for each in organisation.accounts
    )
    assert any(
        note.startswith("eliminated: Austin, tenant's share of Lincoln 1, 2021-04") for note in organisation.notes
    )


def test_a_share_of_a_provider_that_is_not_there_stays_scope_3(two: Two) -> None:
    found = portfolio.roll_up(two.held("austin-04.json"))
    assert found.total.eliminated_location_g == 0 and found.total.shares_location_g > 0
    assert any(note.startswith("kept as scope 3") for note in found.notes)
    other_month = portfolio.roll_up(two.held("austin-04.json", "lincoln-07.json"))
    assert other_month.total.eliminated_location_g == 0
    assert any(note.startswith("not eliminated") for note in other_month.notes)


def test_months_between_without_a_proof_are_named(organisation: Portfolio) -> None:
    (months,) = organisation.missing().values()
    assert [str(month) for month in months] == [
        "2021-05", "2021-06", "2021-08", "2021-09", "2021-10", "2021-11", "2021-12", "2022-01", "2022-02", "2022-03",
    ]  # fmt: skip


def test_a_restatement_is_noted_with_what_it_changed(organisation: Portfolio) -> None:
    (found,) = organisation.restated()
    assert (found.before.energy_wh, found.after.energy_wh) == (8_000_000, 8_500_000)
    assert found.reasons == ("a submeter was left out",)
    # 0.5 MWh at 454,978 g/MWh
    assert found.change_g == 227_489


def test_proofs_of_one_ledger_hold_nothing_twice(organisation: Portfolio) -> None:
    assert organisation.findings == ()


def test_matched_hours_give_the_score_of_their_year(two: Two) -> None:
    """Of the hall's 744 MWh, what the Texan wind of the same hours covered; the rest is at the residual mix."""
    found = portfolio.roll_up(two.held("hall.json", "clean.json"))
    sums, (account,) = found.year(2022), [each for each in found.accounts if each.month.matching]
    assert account.month.matching
    assert (sums.hourly_wh, sums.matched_wh) == (744_000_000, account.month.matching.matched_wh)
    assert sums.matched_wh == sums.covered_wh < sums.recs_wh
    assert found.year(2021).hourly_wh == 0
    score = account.month.matching.score
    assert f"<td>{score // 10_000}.{score // 1_000 % 10} %</td>" in portfolio.html(found)


def test_a_month_claimed_on_both_bases_counts_by_its_later_certificate(two: Two) -> None:
    """The hall was claimed by the year first, before its offsets, and then by the hour."""
    found = portfolio.roll_up(portfolio.read([two.second.folder / "proof-hall.json", two.folder / "hall.json"]))
    (replaced,) = found.replaced
    assert (replaced.old.proof.claim.basis, replaced.new.proof.claim.basis) == ("annual", "hourly")
    assert found.total.energy_wh == 744_000_000 and found.findings == ()


# ------------------------------------------------------------------------------------------------- what counts twice
def test_a_clean_facility_on_a_second_chain_is_added(two: Two) -> None:
    found = portfolio.roll_up(two.held(*ORGANISATION, "clean.json"))
    assert found.total.energy_wh == 30_500_001
    assert len(found.by("chain")) == 2
    # Both are embedded chains, which share their id: that alone is worth a note.
    assert [(each.kind, each.severity) for each in found.findings] == [("deployment", SUSPICIOUS)]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("evidence.json", {"evidence", "facility"}),
        ("meter.json", {"meter"}),
        ("input.json", {"input"}),
        ("facility.json", {"facility"}),
        ("token.json", {"token"}),
        ("serial.json", {"serial"}),
        ("pdf.json", {"pdf"}),
        ("clean.json", set()),
    ],
)
def test_each_way_to_count_twice_over_two_chains_is_found_and_no_other(two: Two, name: str, kinds: set[str]) -> None:
    first = {"evidence.json": "lincoln-04-before.json", "meter.json": "lincoln-07.json"}.get(name, "lincoln-04.json")
    assert double(two, first, name) == kinds


def test_a_document_that_was_restated_on_one_chain_still_counts_twice_on_another(two: Two) -> None:
    assert "evidence" in double(two, "lincoln-04.json", "evidence.json")


def test_a_double_count_refuses_the_total_and_names_both_places(two: Two) -> None:
    with pytest.raises(DoubleCounted, match="one batch of certificates on two ledgers") as refused:
        portfolio.roll_up(two.held("lincoln-04.json", "token.json"))
    (said,) = refused.value.findings.values()
    assert "lincoln-04.json" in said and "token.json" in said and "tokens[0].id" in said and "2021-04" in said


def test_an_allowed_double_count_is_written_into_the_result(two: Two) -> None:
    held = two.held("lincoln-04.json", "token.json")
    with pytest.raises(DoubleCounted) as refused:
        portfolio.roll_up(held)
    (name,) = refused.value.findings
    found = portfolio.roll_up(held, allowed=[name])
    assert [(each.name, each.allowed) for each in found.findings if each.severity == DOUBLE] == [(name, True)]
    assert portfolio.to_json(found)["findings"][0]["allowed"] is True
    assert "1 double count was allowed" in portfolio.html(found)
    for rows in portfolio.disclosures(found).values():
        assert f"DOUBLE COUNTS ALLOWED, and in these values: {name}" in rows[0].note


def forged(proof: Proof, **changes: object) -> Proof:
    """A consistent proof of a ledger that nobody deployed, or that somebody deployed again."""
    return replace(proof, **changes).sealed()  # type: ignore[arg-type]


def test_a_second_deployment_on_one_chain_cannot_count_a_month_again(two: Two, tmp_path: Path) -> None:
    """The same code deployed again accepts everything once more; offline such a proof is flawless."""
    proof = proofs.read(two.folder / "lincoln-07.json")
    address = "0x000000000000000000000000000000000000dEaD"
    contracts = tuple(
        replace(each, address=address) if each.name == "CarbonTokens" else each for each in proof.contracts
    )
    path = proofs.write(forged(proof, contracts=contracts), tmp_path / "again.json")
    assert verify(path).verified
    with pytest.raises(DoubleCounted) as refused:
        portfolio.roll_up(portfolio.read([two.folder / "lincoln-07.json", path]))
    assert {name.rpartition("-")[0] for name in refused.value.findings} == {"evidence", "facility", "token"}


def test_an_invented_history_of_an_account_is_found(two: Two, tmp_path: Path) -> None:
    """The older proof tells of another retirement than the newer one's beginning."""
    proof = proofs.read(two.folder / "lincoln-04-before.json")
    (month,) = proof.months
    purpose = "0x" + "11" * 32
    events = tuple(replace(each, purpose=purpose) if isinstance(each, Retired) else each for each in month.events)
    path = proofs.write(forged(proof, months=(replace(month, events=events),)), tmp_path / "invented.json")
    assert verify(path).verified
    with pytest.raises(DoubleCounted, match="two histories of one account"):
        portfolio.roll_up(portfolio.read([two.folder / "lincoln-04.json", path]))


def invented(proof: Proof, **changes: object) -> Held:
    """What no check of one file alone would let pass; here only the roll-up looks at it."""
    return Held("invented.json", forged(proof, **changes))


def kinds_of(*held: Held) -> set[str]:
    return {each.kind for each in portfolio.roll_up(held, allowed=portfolio.KINDS).findings if each.severity == DOUBLE}


def test_more_than_was_issued_cannot_count_over_the_proofs_of_a_ledger(two: Two) -> None:
    """Two accounts retire 8 MWh each of a batch of 10."""
    proof = proofs.read(two.folder / "lincoln-07.json")
    small = tuple(replace(each, amount=10_000_000) for each in proof.tokens)
    another = replace(proof.facility, id="0x" + "22" * 27, metadata="0x" + "33" * 32)
    assert "amount" not in kinds_of(invented(proof, tokens=small))
    assert "amount" in kinds_of(invented(proof, tokens=small), invented(proof, tokens=small, facility=another))


def test_shares_above_their_providers_account_are_found(two: Two) -> None:
    """Austin's share of the version that Lincoln's account has, made larger than all of it."""
    (lincoln,) = two.held("lincoln-04.json")
    proof = proofs.read(two.folder / "austin-04.json")
    (month,) = proof.months
    whole = lincoln.proof.months[0].totals.gross_location_g
    for grams, kinds in ((whole, set()), (whole + 1, {"share"})):
        events = tuple(
            replace(each, location_g=grams) if isinstance(each, Allocated) else each for each in month.events
        )
        assert kinds_of(lincoln, invented(proof, months=(replace(month, events=events),))) == kinds


def test_a_share_of_a_provider_that_is_counted_on_another_ledger_is_found(two: Two) -> None:
    """Austin's share is of Lincoln on the first chain; Lincoln's April is taken from the second."""
    assert "share" in double(two, "austin-04.json", "evidence.json")


def test_salted_commitments_are_compared_once_they_are_opened(two: Two, tmp_path: Path) -> None:
    """One bill under two salts looks like two bills, until the salts are at hand."""
    held = two.held("lincoln-07.json", "clean.json")
    hashes = [each.proof.months[0].events[0].document.inputs[0].sha256 for each in held]  # type: ignore[union-attr]
    kinds = {each.kind for each in portfolio.roll_up(held).findings}
    opened = portfolio.roll_up(held, openings=dict.fromkeys(hashes, "0x" + "22" * 32))
    assert "input" not in kinds and "input" in {each.kind for each in opened.findings}


# -------------------------------------------------------------------------------------------------- whatever order
FILES = (*ORGANISATION, "clean.json", "hall.json", "meter.json", "token.json", "serial.json")


@pytest.fixture(scope="module")
def every(two: Two) -> dict[str, Held]:
    return {each.file: each for each in two.held(*FILES)}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(chosen=st.lists(st.sampled_from(FILES), min_size=1, unique=True), seed=st.integers())
def test_neither_order_nor_repetition_changes_the_result_and_every_grouping_adds_up(
    every: dict[str, Held], chosen: list[str], seed: int
) -> None:
    held, draw = [every[name] for name in chosen], Random(seed)
    shuffled = draw.sample(held * 2, draw.randint(len(held), 2 * len(held)))
    shuffled += [each for each in held if each not in shuffled]
    plain = portfolio.roll_up(held, allowed=portfolio.KINDS)
    found = portfolio.roll_up(shuffled, allowed=portfolio.KINDS)
    assert portfolio.to_json(found) == portfolio.to_json(plain)
    for name in portfolio.GROUPS:
        assert total(found.by(name).values()) == plain.total
    assert total(found.by("year", "chain", "facility").values()) == plain.total


def test_copies_of_files_are_named_and_change_no_sum_and_no_finding(two: Two, tmp_path: Path) -> None:
    names = ("lincoln-07.json", "meter.json")
    copies = [Path(shutil.copy(two.folder / name, tmp_path / f"a-copy-of-{name}")) for name in names]
    plain = portfolio.roll_up(two.held(*names), allowed=portfolio.KINDS)
    held = portfolio.read([*copies, *(two.folder / name for name in names)])
    found = portfolio.roll_up(held, allowed=portfolio.KINDS)
    assert found.total == plain.total
    assert [each.name for each in found.findings] == [each.name for each in plain.findings]
    assert {each.file: each.copies for each in held} == {f"a-copy-of-{name}": (name,) for name in names}


# ------------------------------------------------------------------------------------------------------ reading files
def test_a_proof_that_was_changed_is_refused_by_its_name(two: Two, tmp_path: Path) -> None:
    content = json.loads((two.folder / "clean.json").read_text())
    content["months"][0]["account"]["energy_wh"] -= 1
    (tmp_path / "changed.json").write_text(json.dumps(content))
    with pytest.raises(NotVerified, match=r"changed\.json: the file was changed"):
        portfolio.read([two.folder / "lincoln-07.json", tmp_path / "changed.json"])


def test_files_of_a_folder_that_are_no_proofs_are_named(two: Two, tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(NoProofs, match="no proof among"):
        portfolio.found([tmp_path])
    (tmp_path / "clean.json").write_bytes((two.folder / "clean.json").read_bytes())
    files, others = portfolio.found([tmp_path])
    assert [path.name for path in files] == ["clean.json"] and others == ["notes.json"]


def test_a_chain_says_which_certificate_does_not_hold_now(two: Two) -> None:
    names = [two.folder / name for name in ("lincoln-04-before.json", "lincoln-07.json")]
    held = portfolio.read(names, chains=[two.first.chain])
    assert {each.file: each.valid_now for each in held} == {"lincoln-04-before.json": False, "lincoln-07.json": True}
    with pytest.raises(DoubleCounted, match="does not hold now"):
        portfolio.roll_up(held)
    renewed = portfolio.read([*names, two.folder / "lincoln-04.json"], chains=[two.first.chain])
    assert portfolio.roll_up(renewed).findings == ()  # it is replaced


def test_a_bundle_counts_as_its_proof_and_says_which_block_it_ends_in(two: Two, tmp_path: Path) -> None:
    path = two.folder / "lincoln-07.json"
    bundled = bundling.bundle(two.first.ledger, proofs.read(path), tmp_path / "bundle.json")
    assert bundled.sha256
    (plain,) = portfolio.read([path])
    (held,) = portfolio.read([path, tmp_path / "bundle.json"])
    assert held.proof == plain.proof and plain.blocks == () and len(held.blocks) == 1
    hashes = [each for _, each in held.blocks]
    (trusted,) = portfolio.read([tmp_path / "bundle.json"], block_hashes=hashes)
    notes = portfolio.roll_up([trusted]).notes
    assert trusted.trusted and notes[0].startswith("1 of 1 proofs are proven up to a trusted block")
    with pytest.raises(NotVerified, match="none of those that are trusted"):
        portfolio.read([tmp_path / "bundle.json"], block_hashes=["0x" + "11" * 32])


# ------------------------------------------------------------------------------------------------------ what is written
def test_a_folder_is_written_whole_and_replaced_but_nothing_else_is(organisation: Portfolio, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        portfolio.write(organisation, out)
    assert {"portfolio.json", "portfolio.html", "accounts.csv", "cdp.csv", "gri.csv", "esrs-e1.csv"} <= {
        each.name for each in out.iterdir()
    }
    assert [each.name for each in tmp_path.iterdir()] == ["out"]
    (out / "mine.txt").write_text("kept")
    with pytest.raises(NoProofs, match=r"something else: mine\.txt"):
        portfolio.write(organisation, out)
    assert (out / "mine.txt").read_text() == "kept"


def _table(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["year"], f"{row['datapoint']} {row['wording']}"): row for row in csv.DictReader(file)}


def value(table: dict[tuple[str, str], dict[str, str]], year: str, start: str) -> str:
    (found,) = (row["value"] for (each, name), row in table.items() if each == year and name.startswith(start))
    return found


def test_disclosure_tables_say_what_they_do_not_cover(organisation: Portfolio, tmp_path: Path) -> None:
    """8.5 + 8 + 2 MWh in 2021, with diesel; 4 MWh and nothing else in 2022."""
    portfolio.write(organisation, tmp_path / "out")
    esrs, gri, cdp = (_table(tmp_path / "out" / f"{name}.csv") for name in ("esrs-e1", "gri", "cdp"))
    location = esrs["2021", "E1-6_12 Total emissions, location-based"]
    assert Decimal(location["exact"]) * T == organisation.year(2021).consolidated_location_g
    assert 0 <= Decimal(location["value"]) - Decimal(location["exact"]) < Decimal("0.001")
    assert location["rounding"] == "up at 0.001" and "lincoln-04.json" in location["source proofs"]
    none = "not covered by these proofs"
    assert [value(esrs, "2021", f"E1-{point}") for point in ("5_01", "5_07", "6_18", "7_10")] == [
        none, "18.500", "100.00", "2.000",
    ]  # fmt: skip
    assert [value(esrs, "2022", f"E1-{point}") for point in ("5_01", "5_07", "5_09", "7_10")] == [
        "4.000", "4.000", "100.00", none,
    ]  # fmt: skip
    assert [value(gri, year, "302-1-e") for year in ("2021", "2022")] == [none, "14.400"]
    assert value(gri, "2021", "305-1-a") == "0.100" and value(gri, "2021", "305-5-a") == none
    assert value(cdp, "2021", "7.30.1.4 Consumption of purchased") == "18.500"
    assert value(cdp, "2021", "7.79.1.4 Credits retired of project ACR ACR7") == "2.000"
    assert "no proof of Austin, tenant: 2021-01" in cdp["2021", "– Facility-months behind this year"]["note"]


def test_the_workbook_reads_back_as_the_rows(organisation: Portfolio, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    from python_calamine import CalamineWorkbook

    portfolio.write(organisation, tmp_path / "out")
    book = CalamineWorkbook.from_path(str(tmp_path / "out" / "disclosure.xlsx"))
    tables = portfolio.disclosures(organisation)
    assert book.sheet_names == list(tables) == ["CDP", "GRI", "ESRS E1"]
    for name, rows in tables.items():
        _head, *lines = book.get_sheet_by_name(name).to_python()
        assert len(lines) == len(rows)
        for line, row in zip(lines, rows, strict=True):
            shown = [Decimal(str(a)) if isinstance(a, float) else a for a in line]
            assert shown == list(row.cells())


# ------------------------------------------------------------------------------------------------------ the command
def test_the_command_answers_with_the_totals_and_writes_the_folder(two: Two, tmp_path: Path) -> None:
    names = [two.folder / name for name in ORGANISATION]
    options = ("--organisation", "Example Hosting", "--out", tmp_path / "out", "--state", two.first.state)
    found = answer("portfolio", *names, *options)
    assert found["total"]["energy_wh"] == 22_500_000
    assert json.loads((tmp_path / "out" / "portfolio.json").read_text())["total"] == found["total"]
    shown = run("portfolio", *names).stdout
    assert "22.500000" in shown and "lincoln-04-before.json is replaced by lincoln-04.json" in shown


def test_the_command_refuses_a_double_count_and_writes_nothing(two: Two, tmp_path: Path) -> None:
    names = (two.folder / "lincoln-07.json", two.folder / "token.json")
    found = answer("portfolio", *names, "--out", tmp_path / "out", code=1)
    assert found["error"]["kind"] == "DoubleCounted" and len(found["findings"]) == 1
    assert not (tmp_path / "out").exists()
    (name,) = found["findings"]
    allowed = answer("portfolio", *names, "--out", tmp_path / "out", "--allow", name)
    assert [each["allowed"] for each in allowed["findings"] if each["severity"] == "double"] == [True]
    run("portfolio", *names, "--allow", "nonsense", code=2)
