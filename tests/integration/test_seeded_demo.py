"""The seeded demonstration: a year of a node and a hall's month by the hour on one chain, made once, with keys."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from carbon_tokens import data_files
from carbon_tokens.cli.demonstration import FACILITIES, seat, seed
from carbon_tokens.cli.run import Run
from carbon_tokens.ledger import Audit, Chain, Ledger, account
from carbon_tokens.ledger.hours import read_hours
from carbon_tokens.ledger.ids import meter_id, note
from carbon_tokens.periods import Month
from carbon_tokens.service import database, keys, seeding
from carbon_tokens.service.app import create
from carbon_tokens.service.dashboard import Dashboard, dashboard
from carbon_tokens.service.matched_hours import matched_hours
from carbon_tokens.service.node import Network, Node
from carbon_tokens.service.overview import combined, owned, proven
from tests.integration.conftest import grant_roles
from tests.ports import free_port

JULY = Month.parse("2022-07")


@dataclass(frozen=True)
class Seeded:
    """What the seed made: its folder, its node that follows a second chain too, and how long it took."""

    folder: Path
    node: Node
    web: TestClient
    said: str
    seconds: float

    def facility(self, name: str) -> str:
        found: str = json.loads((self.folder / FACILITIES).read_text())[name]
        return found

    def board(self, name: str) -> Dashboard:
        return dashboard(self.node, 1, self.facility(name))


def european(folder: Path, documents: bytes) -> None:
    """Another chain, on which the same owner has a facility in Europe, and once more the node of the first."""
    chain = Chain.connect(state=folder / "chain.db")
    admin = Ledger.deploy(chain, account("dev:admin", chain), deployments=folder / "deployments", home=folder)
    grant_roles(admin)
    admin.grant_role("CarbonTokens", "AUDITOR_ROLE", account("dev:auditor", chain).address, "EU")
    operator, auditor = (admin.using(account(f"dev:{name}", chain)) for name in ("operator", "auditor"))
    for region, zone, metadata, month in (("NL", "EU", note("hall in the Netherlands"), Month.parse("2021-05")),
                                          ("MROW", "US", documents, Month.parse("2021-01"))):  # fmt: skip
        facility = operator.add_facility(region, zone, metadata).id or 0
        stated = Audit(facility, month.number, 1, 2_000_000, 0, 700_000, 800_000, 0, month.start, month.end,
                       meter_id("Utility", region), bytes(32), note(region))  # fmt: skip
        auditor.audit(stated)
    chain.close()


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("seeded")
        patch.chdir(home)
        run, start = Run(as_json=False, writer=None, options={}), time.monotonic()
        state = (home / seed(run)).resolve()
        seconds = time.monotonic() - start
        folder = state.parent
        metadata = json.loads((folder / "to-audit.json").read_text())[0]["facility"]
        second = home / "europe"
        second.mkdir()
        networks = [Network("demonstration", folder / "deployments", state=state)]
        node = Node(database.connect(f"sqlite:///{folder / 'node.db'}"), networks)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            seat(run, node, folder)
            seat(run, node, folder)
        european(second, bytes.fromhex(node.reader.facility(1, metadata)["metadata"][2:]))
        node.stop()
        networks.append(Network("Europe", second / "deployments", state=second / "chain.db"))
        node = Node(database.connect(f"sqlite:///{folder / 'node.db'}"), networks)
        for each in node.followers.values():
            each.sync()
        with TestClient(create(node)) as web:
            yield Seeded(folder, node, web, said.getvalue(), seconds)


# ------------------------------------------------------------------------------------------------------------ the seed
def test_the_year_is_made_in_less_than_half_a_minute_and_once(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seeded.seconds < 30
    monkeypatch.chdir(seeded.folder.parents[1])
    before = (seeded.folder / "proof.json").stat().st_mtime_ns
    assert seed(Run(as_json=False, writer=None, options={})).resolve().parent == seeded.folder
    assert (seeded.folder / "proof.json").stat().st_mtime_ns == before
    assert [each.name for each in seeded.folder.parent.iterdir()] == ["year"]


def test_a_seed_that_is_killed_half_way_leaves_nothing_that_would_be_served(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "carbon_tokens.cli", "serve", "--seed-demo", "--port", str(free_port())]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while not any(tmp_path.glob(".carbon-tokens/.year-*/year/deployments")) and time.monotonic() < end:
        time.sleep(0.05)
    process.kill()
    process.wait(10)
    (made,) = tmp_path.glob(".carbon-tokens/*")
    assert made.name.startswith(".year-") and (made / "year" / "chain.db").exists()


def test_a_key_of_each_role_is_printed_once_and_kept_for_nobody_else(seeded: Seeded) -> None:
    printed = re.findall(r"ck_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", seeded.said)
    assert len(printed) == len(set(printed)) == len(seeding.ORGANISATIONS)
    assert (seeded.folder / seeding.FILE).stat().st_mode & 0o777 == 0o600
    written = json.loads((seeded.folder / seeding.FILE).read_text())
    assert [each["key"] for each in written.values()] == printed
    with seeded.node.engine.begin() as connection:
        found = [keys.principal(connection, key) for key in printed]
    assert [each and (each.name, each.role) for each in found] == [
        (one.name, one.role) for one in seeding.ORGANISATIONS
    ]
    assert {each.role for each in seeding.ORGANISATIONS} == set(keys.ROLES)


def test_every_key_has_something_to_see(seeded: Seeded) -> None:
    written = json.loads((seeded.folder / seeding.FILE).read_text())
    bearer = {each["role"]: {"Authorization": f"Bearer {each['key']}"} for each in written.values()}
    (waiting,) = seeded.web.get("/api/v1/audits", headers=bearer["auditor"]).json()
    assert waiting["month"] == "2021-12" and waiting["state"] == "requested"
    assert len(seeded.web.get("/api/v1/facilities", headers=bearer["operator"]).json()["items"]) == 2
    (share,) = seeded.web.get("/api/v1/shares", headers=bearer["customer"]).json()["items"]
    assert share["month"] == "2021-04" and share["current"]


# ------------------------------------------------------------------------------------------------------- the dashboard
def test_the_year_has_twelve_months_in_every_state(seeded: Seeded) -> None:
    lines = {line.account["month"]: line for line in seeded.board("node").lines}
    assert list(lines) == [f"2021-{number:02}" for number in range(1, 13)]
    valid = {month for month, line in lines.items() if line.certificate and line.certificate.valid}
    assert valid == set(lines) - {"2021-10", "2021-11", "2021-12"}
    october = lines["2021-10"]
    assert october.restated == 1 and october.certificate is not None and october.certificate.valid is False
    assert lines["2021-11"].account["closed"] and lines["2021-11"].certificate is None
    assert not lines["2021-12"].account["closed"] and lines["2021-12"].lacking is not None
    assert {line.grades for line in lines.values()} == {"C, D", "D", "C"}


def test_april_is_the_month_that_was_computed_by_hand(seeded: Seeded) -> None:
    (line,) = (line for line in seeded.board("node").lines if line.account["month"] == "2021-04")
    figures = ("energy_wh", "gross_location_g", "gross_market_g", "offsets_g", "net_g")
    assert [line.account[name] for name in figures] == [8_302_224, 5_879_757, 2_239_933, 3_000_000, -760_067]


def test_the_energy_of_the_year_is_the_published_one_and_no_more_recs_were_retired_than_bought(seeded: Seeded) -> None:
    """Two half-years of 47,704,844 and 37,778,995 Wh; two restatements of 5 %: 395,344 and 318,247 Wh more."""
    (year,) = seeded.board("node").years
    assert year.sums["energy_wh"] == 47_704_844 + 37_778_995 + 395_344 + 318_247
    assert year.sums["recs_wh"] <= 87_000_000
    for name in ("gross_location_g", "gross_market_g", "net_g"):
        assert year.sums[name] == sum(line.account[name] for line in year.lines)


def test_what_a_month_lacks_makes_it_neutral_when_it_is_retired(seeded: Seeded) -> None:
    """November: 1,159,619 Wh without RECs; scopes 1 and 3 of 1,502,427 g without offsets."""
    (line,) = (line for line in seeded.board("node").lines if line.account["month"] == "2021-11")
    assert line.lacking is not None and line.lacking.recs_alone_wh is None
    assert (line.lacking.recs_wh, line.lacking.then_offsets_g) == (1_159_619, 1_502_427)
    assert line.lacking.offsets_g == line.account["net_g"] == 2_030_029


def test_the_hours_of_the_heat_map_are_those_that_the_contract_matched(seeded: Seeded) -> None:
    (match,) = seeded.board("hall").matches
    wind = read_hours(data_files.path("demo", "hall", "wind.csv"), utility="EIA-930", meter="wind")
    assert match.hours is not None and match.current
    assert match.hours.generated == tuple(int(each.energy_wh or 0) for each in wind)
    assert match.hours.consumed == (1_000_000,) * 744
    assert sum(match.hours.matched) == match.matched_wh == 744_000_000 - match.unmatched_wh
    assert match.score == match.matched_wh * 1_000_000 // 744_000_000
    assert match.hours.whole == sum(int(each.energy_wh or 0) >= 1_000_000 for each in wind)


def test_hours_that_are_not_those_of_the_event_are_not_drawn(seeded: Seeded) -> None:
    """The transaction of another month, or an event with another hash: no heat map, and no error."""
    follower, hall = seeded.node.followers[1], seeded.facility("hall")
    (event,) = (each for each in seeded.node.reader.events(1, hall).items if each["event"] == "Matched")
    changed = event["args"] | {"matching": event["args"]["matching"] | {"data": "0x" + 64 * "1"}}
    assert matched_hours(follower, event["tx"], hall, JULY, changed) is None
    assert matched_hours(follower, event["tx"], seeded.facility("node"), JULY, event["args"]) is None
    (claimed, *_) = (each for each in seeded.node.reader.events(1, hall).items if each["event"] == "Claimed")
    other = event["args"] | {"matching": event["args"]["matching"] | {"data": "0x" + 64 * "2"}}
    assert matched_hours(follower, claimed["tx"], hall, JULY, other) is None


# ---------------------------------------------------------------------------------------------------- the organisation
def test_facilities_on_two_networks_are_combined_and_nothing_counts_twice(seeded: Seeded) -> None:
    """The node stands on both networks: its January counts on the first. The Dutch hall adds its 2 MWh and 0.8 t."""
    owner = seeded.node.reader.facility(1, seeded.facility("node"))["owner"]
    with seeded.node.reader.engine.begin() as connection:
        places = owned(connection, owner.upper().replace("0X", "0x"))
    assert [chain for chain, _ in places] == [1, 1, 2, 2]
    year = next(each for each in combined(seeded.node, places) if each.year == 2021)
    (node,) = seeded.board("node").years
    assert [network.name for network in year.networks] == ["demonstration", "Europe"]
    assert year.twice == [seeded.facility("node")]
    assert year.sums["energy_wh"] == node.sums["energy_wh"] + 2_000_000
    assert year.sums["gross_market_g"] == node.sums["gross_market_g"] + 800_000
    assert year.networks[1].sums["energy_wh"] == 4_000_000


def test_a_share_that_one_claimed_from_ones_own_facility_counts_once(seeded: Seeded) -> None:
    places = [(1, seeded.facility("node")), (1, seeded.facility("tenant"))]
    year = next(each for each in combined(seeded.node, places) if each.year == 2021)
    (node,) = seeded.board("node").years
    assert (year.shares_location_g, year.shares_market_g) == (2_204_909, 839_975)
    assert year.sums == node.sums
    (alone,) = combined(seeded.node, places[1:])
    assert alone.sums["gross_market_g"] == 839_975 and alone.shares_market_g == 0


def test_a_name_is_of_who_proved_to_operate(seeded: Seeded) -> None:
    with seeded.node.reader.engine.begin() as connection:
        found = proven(connection, "Prairie Data")
    assert {facility for _, facility in found} == {seeded.facility("node"), seeded.facility("hall")}
    for nobody in ("Plains%20Audit", f"0x{'9' * 40}", "%00", "a%00b", "%F0%28", "..%2F..", "x" * 100):
        assert seeded.web.get(f"/organisations/{nobody}").status_code == 404
    assert seeded.web.get(f"/organisations/{'x' * 101}").status_code == 422
    assert "Illustrative hall in Texas" in seeded.web.get("/organisations/Prairie%20Data").text


# ------------------------------------------------------------------------------------------------------------ the pages
def test_a_proof_is_compared_with_the_certificate_that_it_is_put_in_for(seeded: Seeded) -> None:
    claims = {each.first: each.id for each in seeded.board("node").certificates}
    for name, said in (("proof-2021-01.json", ">VERIFIED<"), ("proof.json", ">NOT OF THIS CERTIFICATE<")):
        answer = seeded.web.post(
            "/verify", files={"proof": (seeded.folder / name).read_bytes()}, data={"compared": f"1/{claims['2021-01']}"}
        )
        assert answer.status_code == 200 and said in answer.text
    stolen = seeded.web.post("/verify", files={"proof": (seeded.folder / "proof-2021-01.json").read_bytes()},
                             data={"compared": f"2/{claims['2021-01']}"})  # fmt: skip
    assert "on another chain" in stolen.text


def test_a_proof_put_in_for_nothing_that_is_a_certificate_is_refused(seeded: Seeded) -> None:
    answer = seeded.web.post("/verify", files={"proof": b"{}"}, data={"compared": "<script>"})
    assert answer.status_code == 422 and "<script>" not in answer.text
    assert seeded.web.post("/verify", files={"proof": b"[1]"}).status_code == 422


def test_a_certificate_is_printed_from_its_proof_while_it_holds(seeded: Seeded) -> None:
    """Nobody's statements are published: whoever has the proof puts it in, and gets a file of it."""
    pytest.importorskip("typst", reason="the extra `report` is not installed")
    claims = {each.first: each.id for each in seeded.board("node").certificates}

    def printed(name: str, month: str, kind: str, chain: int = 1) -> Any:
        place = f"/chains/{chain}/claims/{claims[month]}/certificate"
        return seeded.web.post(place, files={"proof": (seeded.folder / name).read_bytes()}, data={"kind": kind})

    for kind, begins in (("pdf", b"%PDF-"), ("svg", b"<svg"), ("png", b"\x89PNG"), ("json", b'{"basis"')):
        answer = printed("proof-2021-01.json", "2021-01", kind)
        assert answer.status_code == 200 and answer.content.startswith(begins)
        assert answer.headers["content-disposition"] == f'attachment; filename="certificate.{kind}"'
    for answer, said in (
        (printed("proof-2021-10.json", "2021-10", "pdf"), "it does not hold now"),
        (printed("proof.json", "2021-01", "pdf"), "of another certificate"),
        (printed("proof-2021-01.json", "2021-01", "pdf", chain=2), "of another certificate"),
    ):
        assert answer.status_code == 422 and said in answer.text
    assert printed("proof-2021-01.json", "2021-01", "exe").status_code == 422


def test_the_code_on_a_certificate_leads_to_its_page_by_the_id_of_its_chain(seeded: Seeded) -> None:
    (claim,) = [each.id for each in seeded.board("node").certificates if each.first == "2021-01"]
    chain = seeded.node.followers[1].chain.id
    answer = seeded.web.get(f"/claims/{chain}/{claim}", follow_redirects=True)
    assert answer.url.path == f"/chains/1/claims/{claim}" and "VALID NOW" in answer.text
    drawn = [seeded.web.get(f"/chains/1/claims/{claim}/contract.{kind}") for kind in ("svg", "json")]
    assert drawn[0].text.startswith("<svg") and drawn[1].json()["name"] == "Net emissions 2021-01"
    assert seeded.web.get(f"/claims/7/{claim}").status_code == 404


def test_pages_speak_the_language_of_the_browser(seeded: Seeded) -> None:
    place = f"/chains/1/facilities/{seeded.facility('node')}"
    german = seeded.web.get(place, headers={"Accept-Language": "de-DE,de;q=0.9"})
    assert german.headers["content-language"] == "de" and 'lang="de"' in german.text
    assert "−0,760067" in german.text and "Was fehlt" in german.text
    english = seeded.web.get(place, headers={"Accept-Language": "fr"})
    assert english.headers["vary"] == "Accept-Language" and "−0.760067" in english.text


def test_pages_of_a_demonstration_say_what_of_it_is_made_up(seeded: Seeded) -> None:
    for place in ("/", "/verify", "/organisations/Prairie%20Data"):
        assert "Illustrative: scopes 1 and 3" in seeded.web.get(place).text


def test_without_its_chain_a_node_shows_what_it_knows_and_says_what_it_does_not(seeded: Seeded) -> None:
    """The same database, and an address at which nothing answers."""
    deaf = [Network("demonstration", seeded.folder / "deployments", rpc=f"http://127.0.0.1:{free_port()}")]
    node = Node(database.connect(f"sqlite:///{seeded.folder / 'node.db'}"), deaf)
    with TestClient(create(node)) as web:
        page = web.get(f"/chains/1/facilities/{seeded.facility('hall')}")
        assert page.status_code == 200 and "not known now" in page.text and "86.1" in page.text
        assert "Its hours are not shown" in page.text
        claim = next(each.id for each in seeded.board("hall").certificates)
        silent = web.get(f"/chains/1/claims/{claim}")
        assert silent.status_code == 503 and "The chain does not answer" in silent.text
        assert web.get("/organisations/Prairie%20Data").status_code == 200


def test_a_month_that_is_restated_while_a_page_is_open_is_seen_at_the_next_look(seeded: Seeded) -> None:
    """The certificate's drawing is kept for one head of the chain only."""
    claim = next(each.id for each in seeded.board("hall").certificates)
    assert "VALID NOW" in seeded.web.get(f"/chains/1/claims/{claim}").text
    hall, chain = int(seeded.facility("hall"), 16), Chain.connect(state=seeded.folder / "chain.db")
    with contextlib.closing(chain):
        auditor = account("dev:auditor", chain)
        ledger = Ledger.connect(chain, auditor, deployments=seeded.folder / "deployments", home=seeded.folder)
        version = ledger.account(hall, JULY).version + 1
        ledger.restate(Audit(hall, JULY.number, version, 900_000_000, 0, 1, 1, 0, 0, 0, bytes(32), bytes(32),
                             note("restated")))  # fmt: skip
    assert "NOT VALID NOW" in seeded.web.get(f"/chains/1/claims/{claim}").text
