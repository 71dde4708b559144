"""The certificate of a claim: its facts are the proof's, and every form of it shows them."""

from __future__ import annotations

import io
import json
import re
import struct
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pypdf
import pytest
import segno
from typer.testing import CliRunner

from carbon_tokens.certificate import CertificateFacts, gather, marks, setting, wording
from carbon_tokens.certificate.face import face
from carbon_tokens.certificate.languages import ENGLISH, language
from carbon_tokens.certificate.schedule import schedule
from carbon_tokens.claims import Documents, prove
from carbon_tokens.claims.proof import Proof, read
from carbon_tokens.claims.verifying import relies_on
from carbon_tokens.cli import app
from carbon_tokens.demo.hall import Hall
from carbon_tokens.errors import CertificateRefused, ExtraMissing, StatementError
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.documents import batch_of
from carbon_tokens.ledger.ids import HOURLY, OFFSET, note
from carbon_tokens.periods import Month
from carbon_tokens.statements import CertificateBatch
from tests.integration.journey import BY_HAND, FIELDS, run_demo

URL = "https://node.example"
BATCHES = 40  # of offsets in the hall's month: more serials than a page holds
pytest.importorskip("typst", reason="the extra `report` is not installed")


@dataclass(frozen=True)
class Claimed:
    """The demonstration's chain with its proofs: April's as it stands now, as it was, and the hall's by the hour."""

    folder: Path
    chain: Chain
    now: Proof
    before: Proof
    hourly: Proof


@pytest.fixture(scope="module")
def claimed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Claimed]:
    folder = tmp_path_factory.mktemp("certificate")
    chain = Chain.connect(state=folder / "chain.db")
    run_demo(chain, ["--state", str(folder / "chain.db")], folder)
    _claim_hours(chain, folder)
    proofs = [read(folder / name) for name in ("proof.json", "proof-1.json", "proof-hours.json")]
    yield Claimed(folder, chain, *proofs)
    chain.close()


def _claim_hours(chain: Chain, folder: Path) -> None:
    """The hall's month on the hourly basis, with offsets of many batches for what no hour matches."""
    documents = Documents(folder / "documents")

    def by(name: str) -> Ledger:
        return Ledger.connect(chain, account(f"dev:{name}", chain), deployments=folder / "deployments", home=folder)

    facility = Hall(chain, folder, by("admin"), documents).run()
    month, issuer, operator = Month.parse("2022-07"), by("offset-issuer"), by("operator")
    source = issuer.add_source(OFFSET, "ACR", note("ACR900"), "US", technology="landfill").id or 0
    batches = [_batch(number) for number in range(BATCHES)]
    for each in batches:
        documents.put(each)
    tokens, amounts = list(issuer.issue(source, [batch_of(each) for each in batches]).ids), [1_000_000] * BATCHES
    issuer.transfer(account("dev:operator", chain).address, tokens, amounts)
    operator.retire(facility, month, tokens, amounts, beneficiary="hall", purpose="net")
    claim = operator.claim(facility, month, None, HOURLY).id or 0
    prove(operator, claim, folder / "proof-hours.json", documents)


def _batch(number: int) -> CertificateBatch:
    vintage = Month.parse("2021-01").start, Month.parse("2021-12").end
    first = 7000 + number
    return CertificateBatch(
        "offset", "ACR", "ACR900", f"ACR-US-900-2021-{first} to {first}", first, first, 1_000_000, *vintage,
        "0x" + 32 * "ab",
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- facts
def test_the_amounts_are_those_typed_by_hand(claimed: Claimed) -> None:
    totals = gather(claimed.now).totals.to_json()
    assert tuple(totals[name] for name in FIELDS) == BY_HAND["renewed"]
    parts = totals["scope1_g"] + totals["scope2_market_g"] + totals["scope3_g"] + totals["allocated_market_g"]
    assert parts == totals["gross_market_g"] and totals["gross_market_g"] - totals["offsets_g"] == totals["net_g"]


def test_the_facts_name_what_the_proof_names(claimed: Claimed) -> None:
    proof, facts = claimed.now, gather(claimed.now)
    named = relies_on(proof)
    assert list(facts.relies_on.auditors) == named["auditors"] and list(facts.relies_on.factors) == named["factors"]
    assert (facts.claim.tx, facts.claim.block, facts.claim.id) == (
        proof.claim.at.tx, proof.claim.at.block, proof.claim.id,
    )  # fmt: skip
    assert (facts.chain, facts.contracts, facts.proof_sha256) == (proof.chain, proof.contracts, proof.sha256)
    assert (facts.facility.name, facts.facility.place) == ("Filecoin storage node f058374", "Lincoln, Nebraska")
    assert (facts.start, facts.end) == (Month.parse("2021-04").start, Month.parse("2021-05").start)
    assert [each.sha256 for each in facts.boundaries] == [
        event.document.method.sha256 for event in proof.months[0].events if event.event == "Restated"
    ]


def test_serials_registries_and_vintages_stand_with_what_was_retired_of_them(claimed: Claimed) -> None:
    (rec,), (offset,) = gather(claimed.now).recs, gather(claimed.now).offsets
    assert (rec.registry, rec.device, rec.serials) == (
        "NAR",
        "GEN2613",
        "NAR-REC-2613-KS-04-2021-115115-14813 to 14999",
    )
    assert (rec.issued, rec.amount, rec.documented) == (187_000_000, 8_000_000, True)
    assert (offset.registry, offset.amount, [each.amount for each in offset.retired]) == (
        "ACR", 3_000_000, [2_000_000, 1_000_000],
    )  # fmt: skip


def test_the_worst_grade_of_the_standing_statements_speaks_and_a_restatement_is_told(claimed: Claimed) -> None:
    before, now = gather(claimed.before), gather(claimed.now)
    assert before.quality == "D" and [(each.grade, each.documents) for each in before.grades] == [("C", 1), ("D", 1)]
    assert sum(each.location_g for each in before.grades) == before.totals.gross_location_g
    assert before.changes == () and [each.event for each in now.changes] == ["Restated"]
    assert now.changes[0].reason.startswith("Illustrative") and len(now.statements) == 1


def test_on_the_hourly_basis_only_what_was_matched_counts(claimed: Claimed) -> None:
    facts = gather(claimed.hourly)
    assert facts.basis == "hourly" and facts.matched and gather(claimed.now).matched is None
    assert facts.matched.score == facts.matched.matched_wh * 1_000_000 // facts.totals.energy_wh < 1_000_000
    assert facts.totals.covered_wh == facts.matched.matched_wh < facts.totals.recs_wh
    assert len(facts.offsets) == BATCHES and sum(each.amount for each in facts.offsets) == facts.totals.offsets_g


def test_without_a_chain_the_facts_are_as_of_the_claim_and_with_one_as_of_now(claimed: Claimed) -> None:
    past, now = gather(claimed.now).validity, gather(claimed.now, claimed.chain).validity
    assert (past.asked, past.valid, past.block) == (False, True, claimed.now.claim.at.block)
    assert (now.asked, now.valid, now.block) == (True, True, claimed.chain.block_number())
    assert now.time == claimed.chain.time(hex(now.block)) and now.reasons == ()


def test_a_claim_that_ended_is_not_valid_and_its_picture_says_so(claimed: Claimed) -> None:
    facts = gather(claimed.before, claimed.chain)
    assert not facts.validity.valid and any("changed since" in each for each in facts.validity.reasons)
    assert face(facts, ENGLISH)["state"].startswith("NOT VALID at block ")
    assert b"NOT VALID" in setting.svg(facts)


def test_a_proof_that_somebody_changed_has_no_facts(claimed: Claimed) -> None:
    claim = replace(claimed.now.claim, owner=claimed.now.sources[0].issuer)
    with pytest.raises(CertificateRefused, match="does not verify"):
        gather(replace(claimed.now, sha256="0x" + 64 * "0"))
    with pytest.raises(CertificateRefused, match="does not verify"):
        gather(replace(claimed.now, claim=replace(claim, number=7)).sealed(), claimed.chain)


def test_the_facts_are_read_back_strictly(claimed: Claimed) -> None:
    facts = gather(claimed.hourly, claimed.chain)
    content = json.loads(facts.canonical())
    assert CertificateFacts.from_json(facts.canonical()) == facts
    for spoiled in (content | {"more": 1}, content | {"quality": "E"}, content | {"end": 1.5}):
        with pytest.raises(StatementError):
            CertificateFacts.from_json(spoiled)


# --------------------------------------------------------------------------------------------------------------- forms
@pytest.mark.parametrize("code", ["en", "de"])
def test_every_form_says_the_same_and_nothing_that_no_certificate_may(claimed: Claimed, code: str) -> None:
    for proof in (claimed.now, claimed.hourly):
        facts, chosen = gather(proof), language(code)
        text = pypdf.PdfReader(io.BytesIO(setting.pdf(facts, proof, URL, chosen)))
        printed = " ".join(page.extract_text() for page in text.pages)
        said = json.dumps([face(facts, chosen), schedule(facts, chosen)], ensure_ascii=False)
        for words in (printed, said, setting.svg(facts, URL, chosen).decode(), facts.canonical().decode()):
            assert not wording.claims_too_much(words)
        grams = [chosen.whole(each) for each in (facts.totals.gross_location_g, facts.totals.net_g)]
        assert all(f"{each} g CO₂e" in printed for each in grams)
        assert all(each.serials.split(" to ")[0] in printed for each in (*facts.recs, *facts.offsets))


def test_the_sheet_is_pdf_a_3b_with_facts_and_proof_inside_and_the_same_bytes_twice(claimed: Claimed) -> None:
    facts = gather(claimed.now, claimed.chain)
    made = setting.pdf(facts, claimed.now, URL)
    assert made == setting.pdf(facts, claimed.now, URL) != setting.pdf(facts, claimed.now)
    assert b"<pdfaid:part>3" in made and b"<pdfaid:conformance>B" in made and b"/AFRelationship" in made
    document = pypdf.PdfReader(io.BytesIO(made))
    attached = document.attachments
    assert attached["certificate.json"] == [facts.canonical()]
    assert attached["proof.json"] == [claimed.now.canonical()]
    sizes = {tuple(round(float(each)) for each in page.mediabox[2:]) for page in document.pages}
    assert sizes == {(842, 595)} and len(document.pages) == 2  # A4, wide


def test_the_svg_stands_alone_and_tells_its_sentences_to_who_cannot_see_it(claimed: Claimed) -> None:
    facts = gather(claimed.now, claimed.chain)
    made = setting.svg(facts, URL)
    root = ElementTree.fromstring(made)
    assert made == setting.svg(facts, URL) and root.attrib["viewBox"] == "0 0 600 424" and root.attrib["role"] == "img"
    assert not re.search(rb"<(script|image|foreignObject|style|text)|url\(|@import|font-family", made)
    links = [value for each in root.iter() for name, value in each.attrib.items() if name.endswith("href")]
    assert links and all(each.startswith("#") for each in links)
    said = root.findtext("{http://www.w3.org/2000/svg}desc") or ""
    assert "5.879757 t" in said and "nothing about any product" in said and "boundary google-2024" in said


def test_the_png_is_the_picture_in_1600_pixels(claimed: Claimed) -> None:
    made = setting.png(gather(claimed.now), URL)
    assert made[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", made[16:24]) == (1600, 1131)


def test_the_code_in_the_picture_is_that_of_the_page(claimed: Claimed) -> None:
    facts = gather(claimed.now)
    page = f"{URL}/claims/{facts.chain.id}/{facts.claim.id}"
    rows = _drawn_code(setting.svg(facts, URL + "/").decode())
    assert rows == [[bool(each) for each in row] for row in segno.make(page, error="m", micro=False).matrix]


def _drawn_code(svg: str) -> list[list[bool]]:
    """The modules of the code, from the one path that draws it: a rectangle for each run of dark ones."""
    (path,) = (each for each in re.findall(r' d="([^"]*)"', svg) if each.count("Z") > 300)
    steps = [[float(each) for each in part] for part in re.findall(r"(?i:M) (\S+) (\S+?)h (\S+?)v (\S+?)h", path)]
    unit, x, y, runs = steps[0][3], 0.0, 0.0, []
    for right, down, wide, _ in steps:
        x, y = x + right, y + down
        runs.append((round(x / unit), round(y / unit), round(wide / unit)))
    side = max(each[0] + each[2] for each in runs)
    dark = {(row, column) for start, row, run in runs for column in range(start, start + run)}
    return [[(row, column) in dark for column in range(side)] for row in range(side)]


def test_without_a_node_the_code_names_chain_contract_and_claim(claimed: Claimed) -> None:
    facts = gather(claimed.now)
    contract = claimed.now.address("NetEmissions").lower()
    assert marks.address(facts) == f"eip155:{facts.chain.id}/erc721:{contract}/{int(facts.claim.id, 16)}"
    with pytest.raises(CertificateRefused, match="no address of a page"):
        marks.address(facts, "javascript:alert(1)")


def test_a_registered_name_can_neither_claim_too_much_nor_write_into_the_sheet(claimed: Claimed) -> None:
    facts = gather(claimed.now)
    named = {
        "Carbon neutral data center": f"{facts.facility.id[:12]}…",
        "#panic() $x$ @y *b*": "#panic() $x$ @y *b*",
        "Hall\u202e7\x00\n  <svg>": "Hall7 <svg>",
        "x" * 500: "x" * 119 + "…",
    }
    for registered, shown in named.items():
        changed = replace(facts, facility=replace(facts.facility, name=registered, place="Net Zero City"))
        assert face(changed, ENGLISH)["name"] == shown and "Zero" not in face(changed, ENGLISH)["place"]
        assert ElementTree.fromstring(setting.svg(changed)) is not None


def test_a_name_in_any_script_is_set_and_what_no_font_has_becomes_a_box(claimed: Claimed) -> None:
    """PDF/A forbids a sign without a shape, and a reason can hold what nobody sees."""
    facts = gather(claimed.now)
    for registered, printed in (("Дата-центр", "Дата-центр"), ("Hall \ue000\U0001faea", "Hall "), ("データ", "")):
        change = replace(facts.changes[0], reason=f"{registered}\x00\x07\u202e")
        changed = replace(facts, facility=replace(facts.facility, name=registered), changes=(change,))
        made = setting.pdf(changed, claimed.now)
        first = pypdf.PdfReader(io.BytesIO(made)).pages[0].extract_text()
        assert printed.strip() in first and len(setting.png(changed)) > 100_000


def test_without_its_extra_a_certificate_says_what_to_install(
    claimed: Claimed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(ExtraMissing, match=re.escape("carbon-tokens[report]")):
        setting.svg(gather(claimed.now))


# ------------------------------------------------------------------------------------------------------------- command
def test_the_command_writes_what_is_asked_for_and_refuses_what_ended(claimed: Claimed, tmp_path: Path) -> None:
    folder, runner = claimed.folder, CliRunner()
    common = ["--state", str(folder / "chain.db"), "--json", "--deployment", str(folder / "deployments")]
    done = runner.invoke(
        app, ["certificate", str(folder / "proof.json"), "--out", str(tmp_path), "--url", URL, *common]
    )
    answer = json.loads(done.output)
    assert done.exit_code == 0 and (answer["asked"], answer["valid"], answer["notes"]) == (True, True, [])
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "certificate.json", "certificate.pdf", "certificate.png", "certificate.svg",
    ]  # fmt: skip
    assert CertificateFacts.from_json((tmp_path / "certificate.json").read_bytes()).validity.asked
    ended = runner.invoke(app, ["certificate", str(folder / "proof-1.json"), "--out", str(tmp_path / "no"), *common])
    assert ended.exit_code == 1 and json.loads(ended.output)["error"]["kind"] == "CertificateRefused"
    assert not (tmp_path / "no").exists()


def test_the_command_proves_a_claim_first_and_says_when_no_chain_was_asked(claimed: Claimed, tmp_path: Path) -> None:
    folder, runner = claimed.folder, CliRunner()
    options = ["--state", str(folder / "chain.db"), "--documents", str(folder / "documents"), "--format", "json"]
    done = runner.invoke(app, ["certificate", "--claim", claimed.now.claim.id, "--out", str(tmp_path), *options])
    assert done.exit_code == 0 and read(tmp_path / "proof.json").claim == claimed.now.claim
    alone = runner.invoke(
        app, ["certificate", str(tmp_path / "proof.json"), "--out", str(tmp_path), "--format", "json", "--json"]
    )
    assert "no chain was asked" in json.loads(alone.output)["notes"][0]
    assert runner.invoke(app, ["certificate", "--out", str(tmp_path)]).exit_code == 2


def test_a_bundle_gives_the_certificate_of_its_proof_unless_a_header_was_changed(
    claimed: Claimed, tmp_path: Path
) -> None:
    folder, runner, path = claimed.folder, CliRunner(), tmp_path / "bundle.json"
    asked = ["prove", claimed.now.claim.id, "--out", str(tmp_path / "proof.json"), "--bundle", str(path)]
    where = ["--state", str(folder / "chain.db"), "--documents", str(folder / "documents")]
    assert runner.invoke(app, [*asked, *where]).exit_code == 0
    wanted = ["certificate", str(path), "--out", str(tmp_path), "--format", "json"]
    assert runner.invoke(app, wanted).exit_code == 0
    facts = CertificateFacts.from_json((tmp_path / "certificate.json").read_bytes())
    assert facts.proof_sha256 == claimed.now.sha256
    content = json.loads(path.read_text())
    content["headers"][0] = content["headers"][0][:-2] + ("00" if content["headers"][0][-2:] != "00" else "11")
    path.write_text(json.dumps(content))
    assert runner.invoke(app, wanted).exit_code == 1
