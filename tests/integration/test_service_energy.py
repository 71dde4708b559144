"""Energy of a facility on a node: read from files, kept by source and month, stated, and audited on chain; factors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
import rfc8785
from typer.testing import CliRunner

from carbon_tokens.cli import app as commands
from carbon_tokens.energy import bills
from carbon_tokens.factors import egrid
from carbon_tokens.ledger import account
from carbon_tokens.periods import Month
from carbon_tokens.statements import FactorReference, MethodReference, build, check, read_auditable
from tests import espi_feeds as espi
from tests.integration.operated import FACTOR, Operated, hours, wallets

MARCH = Month.parse("2024-03")
BILLS = (
    "meter,utility,from,thru,kwh,quality\n7,PG&E,2024-02-16,2024-03-15,290,\n7,PG&E,2024-03-16,2024-04-14,300.5,B\n"
    "8,PG&E,2024-03-01,2024-03-31,99,\n"
)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def site(anvil: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Operated]:
    """The node; nobody operates anything yet."""
    kept = "" if request.param == "sqlite" else request.getfixturevalue("postgres")
    made = Operated(anvil, tmp_path_factory.mktemp("operated"), kept=kept)
    with made.client:
        yield made
    made.close()


@pytest.fixture
def hall(site: Operated) -> Operated:
    """The node, whose operator operates its facility."""
    site.control()
    return site


# ---------------------------------------------------------------------------------------------------- energy, stated
def test_bills_are_read_and_stated_as_the_commands_do(hall: Operated, tmp_path: Path) -> None:
    """The statements are those that ``audit --bills`` makes, with the one meter of the source; the rest is named."""
    (tmp_path / "bills.csv").write_text(BILLS)
    source = hall.source("7")
    sent = hall.send(source, "2024-03", "bills.csv", BILLS).json()
    read = bills.read(tmp_path / "bills.csv")
    wanted = [each for each in bills.readings(read, MARCH) if each.meter == "7"]
    assert (sent["kind"], sent["rows"], sent["energy_wh"]) == ("bills", 2, sum(each.energy_wh for each in wanted))
    assert sent["quality"] == "B" and sent["rejected"] == [{"row": "bills.csv:4", "reason": "of meter 8 of PG&E"}]
    made = hall.state("2024-03", [source], notes=["as billed"]).json()
    factor = FactorReference.of(egrid.release(2023, "rev1").rate("CAMX"))
    expected = [build(each, factor, facility=hall.facility, method=MethodReference.shipped(), notes=["as billed"])
                for each in wanted]  # fmt: skip
    assert made["evidence"] == ["0x" + each.evidence.hex() for each in expected]
    assert all(check(read_auditable(each), tmp_path) == [] for each in made["documents"])
    assert made["warnings"] == []


def test_a_statement_names_its_files_by_commitments_where_their_salts_are_sent(hall: Operated, tmp_path: Path) -> None:
    text = BILLS.replace("\n7,", "\n77,")
    (tmp_path / "salted.csv").write_text(text)
    source = hall.source("77")
    hall.send(source, "2024-03", "salted.csv", text)
    refused = hall.state("2024-03", [source], salts={"other.csv": "ab" * 32})
    assert (refused.status_code, refused.json()["where"]) == (422, "salted.csv")
    documents = hall.state("2024-03", [source], salts={"salted.csv": "ab" * 32}).json()["documents"]
    assert hashlib.sha256(text.encode()).hexdigest() not in str(documents) and len(documents) == 2
    assert all(check(read_auditable(each), tmp_path) for each in documents)
    (tmp_path / "salted.csv.salt").write_text("ab" * 32)
    assert not any(check(read_auditable(each), tmp_path) for each in documents)


def test_hours_of_a_meter_and_a_green_button_file_are_recomputed_from_their_files(
    hall: Operated, tmp_path: Path
) -> None:
    green = espi.one_meter(espi.hourly([1500] * 744, MARCH.start))
    for name, text, energy in (("hours.csv", hours(744), 744_000), ("green.xml", green, 744 * 1500)):
        (tmp_path / name).write_text(text)
        source = hall.source(f"meter of {name}")
        sent = hall.send(source, "2024-03", name, text).json()
        assert (sent["hours"], sent["energy_wh"], sent["quality"], sent["derived"]) == (744, energy, "A", "")
        (document,) = hall.state("2024-03", [source]).json()["documents"]
        assert check(read_auditable(document), tmp_path) == [] and document["energy_wh"] == energy


def test_a_log_becomes_a_table_of_hours_that_anyone_reads_again(hall: Operated, tmp_path: Path) -> None:
    rows = [f"2024-03-{at // 288 + 1:02}T{at % 288 // 12:02}:{at % 12 * 5:02}:00Z,333.3" for at in range(744 * 12 + 1)]
    log = "timestamp,output_w\n" + "\n".join(rows[: 744 * 12]) + "\n2024-04-01T00:00:00Z,333.3\n"
    source = hall.source("UPS 1", "ups", utility="Hall")
    sent = hall.send(source, "2024-03", "ups.csv", log).json()
    assert (sent["kind"], sent["derived"]) == ("ups-csv", "ups.csv.hours.csv") and sent["hours"] >= 743
    refused = hall.state("2024-03", [source], missing="mean")
    assert refused.status_code == 422 and "PUE must be stated" in refused.json()["detail"]
    (document,) = hall.state("2024-03", [source], missing="mean", pue="1.4").json()["documents"]
    table = hall.ask("operator", "GET", hall.at(f"/energy/{sent['id']}/hours"))
    (tmp_path / "ups.csv.hours.csv").write_bytes(table.content)
    (tmp_path / "ups.csv").write_text(log)
    assert [each["name"] for each in document["inputs"]] == ["ups.csv.hours.csv", "ups.csv"]
    assert check(read_auditable(document), tmp_path) == []
    (tmp_path / "ups.csv").write_text(log + "\n")
    assert len(check(read_auditable(document), tmp_path)) == 1
    assert document["pue"] == "1.4" and document["quality"] == sent["quality"] and document["notes"]


def test_a_statement_goes_from_the_file_to_the_chain(hall: Operated) -> None:
    """Read, stated, asked for, signed by the auditor's wallet, sent by the operator's: the account holds it."""
    made = hall.stated("journey.csv", "journey", scope1_g=5, scope3_g=7)
    assert [each["energy_wh"] for each in made["documents"]] == [744_000, 0]
    asked = hall.done("operator", "POST", "/chains/1/audits", {"documents": made["documents"]})
    assert asked["evidence"] == made["evidence"]
    taken = hall.done("auditor", "POST", f"/audits/{asked['id']}/take", If_Match="1")
    typed = hall.done("auditor", "GET", f"/audits/{asked['id']}/typed-data")
    wallet = wallets()[account("dev:auditor", hall.chain).address]
    signature = "0x" + wallet.sign_typed_data(full_message=typed).signature.hex().removeprefix("0x")
    signing = f"/audits/{asked['id']}/signature"
    hall.done("auditor", "POST", signing, {"signature": signature}, If_Match=str(taken["version"]))
    call = hall.done("operator", "GET", f"/audits/{asked['id']}/transaction")
    sender = account("dev:operator", hall.chain).address
    hall.chain.rpc.request("eth_sendTransaction", [{"from": sender, "to": call["to"], "data": call["data"]}])
    held = hall.ledger.account(int(hall.facility, 16), MARCH)
    grams = -(-744_000 * egrid.release(2023, "rev1").rate("CAMX").factor // 10**6)
    assert (held.energy, held.scope1, held.scope2_location, held.scope3) == (744_000, 5, grams, 7)
    assert hall.done("operator", "GET", f"/audits/{asked['id']}")["state"] == "audited"


def test_the_same_file_twice_counts_once(hall: Operated) -> None:
    source = hall.source("twice")
    first, again = (hall.send(source, "2024-03", f"twice-{at}.csv", hours(744)).json() for at in range(2))
    assert (first["repeated"], again["repeated"], again["id"]) == (False, True, first["id"])
    assert hall.state("2024-03", [source, source]).json()["energy_wh"] == 744_000


def test_two_contents_of_one_name_are_refused_within_a_month(hall: Operated) -> None:
    source, other = hall.source("name-1"), hall.source("name-2")
    assert hall.send(source, "2024-03", "name.csv", hours(10)).status_code == 201
    for name in ("name.csv", "name.csv.hours.csv"):
        assert hall.send(other, "2024-03", name, hours(11)).status_code == 409


def test_what_is_withdrawn_counts_no_longer(hall: Operated) -> None:
    source = hall.source("withdrawn")
    sent = hall.send(source, "2024-03", "withdrawn.csv", hours(744)).json()
    path = hall.at(f"/energy/{sent['id']}")
    assert hall.ask("rival", "DELETE", path).status_code == 404
    assert hall.ask("operator", "DELETE", path).status_code == 204
    assert hall.ask("operator", "DELETE", path).status_code == 404
    refused = hall.state("2024-03", [source])
    assert refused.status_code == 422 and "has no energy of 2024-03" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hour_start_utc,energy_wh\n2024-03-01T00:00Z,1\n2024-03-01T00:00Z,2\n", "bad.csv:3: the same hour"),
        ("hour_start_utc,energy_wh\n2024-03-01T00:30Z,1\n", "bad.csv:2"),
        ("hour_start_utc,energy_wh,quality\n2024-03-01T00:00Z,1,E\n", "bad.csv:2: quality 'E'"),
        ("meter,utility,from,thru,kwh\n7,PG&E,2024-03-01,2024-03-31,-5\n", "bad.csv:2"),
        ("hour_start_utc,energy_wh\n2024-02-01T00:00Z,1\n", "nothing in it is of meter"),
        ("meter,utility,from,thru,kwh\nX,PG&E,2024-03-01,2024-03-31,5\n", "bad.csv:2: of meter X"),
        ("a,b\n1,2\n", "no file of electricity that is known"),
        ("", "no file of electricity that is known"),
        ("\x00\x01\x02", ""),
        ("{}", ""),
        ("<a><b></a>", ""),
    ],
    ids=range(11),
)
def test_a_file_that_cannot_be_used_is_refused_with_its_row(hall: Operated, text: str, said: str) -> None:
    sources = hall.done("operator", "GET", hall.at("/sources"))["items"]
    known = next((each["id"] for each in sources if each["meter"] == "bad"), None)
    answer = hall.send(known or hall.source("bad"), "2024-03", "bad.csv", text)
    assert answer.status_code == 422 and said in answer.json()["where"] + ": " + answer.json()["detail"]
    assert "/tmp" not in answer.text


def test_one_file_at_a_time_of_an_organisation_is_read(hall: Operated) -> None:
    source, rows = hall.source("busy"), "\n".join("2024-03-01T00:00Z,1" for _ in range(60_000))
    text = f"hour_start_utc,energy_wh\n{rows}\n"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda at: hall.send(source, "2024-03", f"busy-{at}.csv", text), range(4)))
    assert sorted(each.status_code for each in answers)[:1] == [422] and 429 in {each.status_code for each in answers}
    assert hall.send(source, "2024-03", "busy.csv", hours(1)).status_code == 201


def test_what_would_count_twice_or_is_not_stated_is_refused(hall: Operated) -> None:
    meter, ups = hall.source("grid"), hall.source("UPS 2", "ups", utility="Hall")
    hall.send(meter, "2024-03", "grid-hours.csv", hours(700))
    for more, said in (
        ({"sources": [meter, ups], "pue": "1"}, "measure one energy twice"),
        ({"factor": None}, "needs an emission factor"),
        ({"factor": {**FACTOR, "region": "NYUP"}}, "the facility is in CAMX"),
        ({"factor": {**FACTOR, "edition": "rev9"}}, "no edition"),
        ({"factor": {**FACTOR, "year": 2100}}, "no eGRID release of 2100"),
        ({}, "44 of 744 hours of 2024-03 missing"),
        ({"sources": [ups], "pue": "1"}, "has no energy"),
        ({"sources": []}, "nothing is stated"),
    ):  # fmt: skip
        answer = hall.state("2024-03", **{"sources": [meter], **more})  # type: ignore[arg-type]
        assert answer.status_code == 422 and said in answer.json()["detail"], answer.text
    filled = hall.state("2024-03", [meter], missing="max").json()
    assert filled["energy_wh"] == 744_000 and filled["warnings"] == ["meter grid has 700 of 744 hours of 2024-03"]
    bill = "meter,utility,from,thru,kwh\ngrid,PG&E,2024-03-01,2024-03-31,744\n"
    hall.send(meter, "2024-03", "grid-bill.csv", bill)
    both = hall.state("2024-03", [meter], missing="max")
    assert both.status_code == 422 and "grid-bill.csv, grid-hours.csv" in both.json()["detail"]


def test_bills_of_two_files_that_overlap_are_refused_with_both_rows(hall: Operated) -> None:
    source = hall.source("overlap")
    for name, last in (("o-1.csv", "2024-03-20"), ("o-2.csv", "2024-03-31")):
        first = "2024-03-01" if name == "o-1.csv" else "2024-03-20"
        text = f"meter,utility,from,thru,kwh\noverlap,PG&E,{first},{last},5\n"
        assert hall.send(source, "2024-03", name, text).status_code == 201
    refused = hall.state("2024-03", [source]).json()
    assert "o-1.csv:2" in refused["detail"] and "o-2.csv:2" in refused["detail"] + refused["where"]


def test_a_meter_is_one_source_until_it_is_retired(hall: Operated) -> None:
    source = hall.source("once")
    for spelling in ("once", "ONCE"):
        body = {"kind": "servers", "utility": "pg&e", "meter": spelling}
        again = hall.ask("operator", "POST", hall.at("/sources"), body)
        assert again.status_code == 409 and "count twice" in again.json()["detail"]
    path = hall.at(f"/sources/{source}/retirement")
    assert hall.ask("operator", "POST", path).status_code == 422
    assert hall.ask("operator", "POST", path, If_Match="2").status_code == 409
    assert hall.done("operator", "POST", path, If_Match="1")["retired"]
    assert hall.ask("operator", "POST", path, If_Match="2").status_code == 409
    assert hall.send(source, "2024-03", "once.csv", hours(1)).status_code == 409
    assert hall.source("once") != source


@pytest.mark.parametrize(
    "terms", [{"zone": "Mars/Base"}, {"model": "king:5"}, {"efficiencies": "x"}, {"start": "2024-02-31T00:00:00Z"}]
)
def test_terms_that_are_none_are_refused_when_the_source_is_added(hall: Operated, terms: dict[str, str]) -> None:
    body = {"kind": "ups", "utility": "Hall", "meter": "bad terms", "terms": terms}
    assert hall.ask("operator", "POST", hall.at("/sources"), body).status_code == 422


def test_lists_are_paged_without_loss(hall: Operated) -> None:
    for at in range(3):
        hall.send(hall.source(f"page {at}"), "2023-01", f"page-{at}.csv", hours(1).replace("2024-03", "2023-01"))
    for path, size in (("/sources?x=1", 0), ("/energy?month=2023-01", 3), ("/statements?x=1", 0)):
        whole = hall.done("operator", "GET", hall.at(path))["items"]
        paged, after = list[Any](), 0
        while after is not None:
            page = hall.done("operator", "GET", hall.at(f"{path}&limit=1&after={after}"))
            paged, after = paged + page["items"], page["next"]
        assert paged == whole and len(whole) >= max(size, 1)
    hall.control("operator", "broker", hall.others)
    first = hall.done("operator", "GET", "/facilities?limit=1")
    second = hall.done("operator", "GET", f"/facilities?limit=1&after={first['next']}")
    assert {each["id"] for each in first["items"] + second["items"]} == {hall.facility, hall.others}
    assert second["next"] is None
    assert hall.ask("operator", "DELETE", hall.at("/control", hall.others)).status_code == 204


def test_what_is_repeated_with_its_key_is_answered_again(hall: Operated) -> None:
    source = hall.source("repeated")
    body = {"kind": "meter", "utility": "PG&E", "meter": "repeated 2"}
    for method, path, given in (
        ("POST", hall.at("/sources"), {"body": body}),
        ("POST", hall.at(f"/energy?source={source}&month=2024-03&name=rep.csv"), {"content": hours(744).encode()}),
        ("POST", hall.at("/statements"), {"body": {"month": "2024-03", "sources": [source], "factor": FACTOR}}),
        ("POST", hall.at("/record"), {"content": rfc8785.dumps(hall.described["operator"])}),
    ):
        key = hashlib.sha256(path.encode()).hexdigest()[:40]
        first, again = (hall.ask("operator", method, path, Idempotency_Key=key, **given) for _ in range(2))
        assert first.status_code == again.status_code == 201 and first.json() == again.json(), first.text
        assert again.headers["idempotent-replayed"] == "true"
    other = hall.at(f"/energy?source={source}&month=2024-04&name=rep.csv")
    key = hashlib.sha256(hall.at(f"/energy?source={source}&month=2024-03&name=rep.csv").encode()).hexdigest()[:40]
    text = hours(744).replace("2024-03", "2024-04").replace("2024-04-31", "2024-05-01").encode()
    assert hall.ask("operator", "POST", other, content=text, Idempotency_Key=key).status_code == 409


def test_what_comes_at_once_is_done_once(hall: Operated) -> None:
    """One source of a meter, one statement of an evidence, one use of a challenge, whatever comes beside it."""
    body = {"kind": "meter", "utility": "PG&E", "meter": "at once"}
    proof = hall.signed(hall.done("rival", "POST", hall.at("/challenge")))
    with ThreadPoolExecutor(6) as pool:
        asked = list(pool.map(lambda _: hall.ask("operator", "POST", hall.at("/sources"), body), range(6)))
        proven = list(pool.map(lambda _: hall.ask("rival", "POST", hall.at("/control"), proof), range(6)))
        assert sorted(each.status_code for each in asked) == sorted(each.status_code for each in proven) == [
            201, *[409] * 5]  # fmt: skip
        (source,) = (each.json()["id"] for each in asked if each.status_code == 201)
        hall.send(source, "2024-03", "at-once.csv", hours(744))
        made = list(pool.map(lambda _: hall.state("2024-03", [source]), range(6)))
    assert {each.status_code for each in made} == {201} and len({each.text for each in made}) == 1
    kept = hall.done("operator", "GET", hall.at("/statements?limit=200"))["items"]
    assert [each["evidence"] for each in kept].count(made[0].json()["evidence"][0]) == 1
    assert hall.ask("rival", "DELETE", hall.at("/control")).status_code == 204


def test_every_change_is_in_the_log_of_actions(hall: Operated) -> None:
    made = hall.stated("logged.csv", "logged")
    rows = hall.done("admin", "GET", "/actions?limit=200")
    verbs = [each["verb"] for each in rows]
    for verb in ("facility operated", "source added", "energy uploaded", "statement made"):
        assert verb in verbs
    assert rows[-1]["target"] == made["evidence"][0]


def test_an_audit_is_asked_for_by_anybody_and_says_who_operates_the_facility(hall: Operated) -> None:
    documents = hall.stated("audit.csv", "A-1")["documents"]
    for who, operates in (("operator", True), ("rival", False)):
        made = hall.done(who, "POST", "/chains/1/audits", {"documents": documents})
        assert made["operates"] is operates
        assert hall.done("auditor", "GET", f"/audits/{made['id']}")["operates"] is operates


# ----------------------------------------------------------------------------------------------------------- factors
def test_the_factor_of_a_place_is_what_the_command_explains(site: Operated) -> None:
    for query, words in (
        ("zip=93650&year=2023", ["--zip", "93650", "--year", "2023"]),
        ("zip=68508&year=2023&edition=rev1", ["--zip", "68508", "--year", "2023", "--edition", "rev1"]),
        ("state=CA&year=2022", ["--state", "CA", "--year", "2022"]),
        ("subregion=CAMX&year=1999&wider=true", ["--subregion", "CAMX", "--year", "1999", "--wider"]),
    ):  # fmt: skip
        said = json.loads(CliRunner().invoke(commands, ["factors", "explain", *words, "--json"]).stdout)
        answer = site.client.get(f"/api/v1/factors?{query}")
        assert answer.status_code == 200 and answer.json() == said
    refused = site.client.get("/api/v1/factors?zip=00000&year=2023")
    assert refused.status_code == 422 and "not in EPA's table" in refused.json()["detail"]


def test_a_factor_says_whether_it_is_on_chain(site: Operated) -> None:
    found = site.client.get("/api/v1/factors/eGRID/2023/CAMX").json()
    (chain,) = found["chains"]
    assert chain["published"] and chain["agrees"] and chain["location_g_per_mwh"] == found["location_g_per_mwh"]
    assert found["rate"]["file_sha256"] and found["release_file_sha256"] == chain["file_sha256"]
    other = site.client.get("/api/v1/factors/egrid/2023/nyup").json()
    assert other["rate"]["region"] == "NYUP" and other["chains"][0]["published"] is False
    for path in ("eGRID/1999/CAMX", "eGRID/2023/XXXX", "DEFRA/2023/CAMX", "eGRID/2023/CAMX?edition=rev9"):
        answer = site.client.get(f"/api/v1/factors/{path}")
        assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"
