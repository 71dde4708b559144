"""The forms of the private pages: what they ask for is done once, by whom it may be, and refused in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from fastapi.testclient import TestClient

from carbon_tokens import registries
from carbon_tokens.errors import UnitError
from carbon_tokens.ledger.mnemonic import dev_address
from carbon_tokens.service import keys, operating, schema
from carbon_tokens.service.desk_prepared import millionths
from carbon_tokens.service.node import Node
from carbon_tokens.statements import Statement
from tests.integration.desks import Place, form_of, served
from tests.integration.test_service_audits import statement
from tests.registry_tables import FIRST, NAR


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, int, Path]]:
    yield from served(tmp_path_factory.mktemp("node"))


@pytest.fixture
def place(running: tuple[Node, int, Path]) -> Place:
    return Place(*running)


def ask(place: Place, browser: TestClient, *documents: tuple[str, bytes], chain: str = "1", once: str = "") -> Any:
    page = browser.get("/desk/audits/new").text
    found = re.search(r'name="once" value="([0-9a-f-]{36})"', page)
    assert found
    files = [("documents", (name, content, "application/json")) for name, content in documents]
    body = {"form": form_of(page), "once": once or found[1], "chain": chain}
    return browser.post("/desk/audits/new", data=body, files=files)


def test_a_form_that_is_sent_twice_asks_for_one_audit(place: Place) -> None:
    browser = place.seated("operator")
    document = ("march.json", statement(place.facility).canonical())
    once = "00000000-0000-4000-8000-000000000001"
    first, again = (ask(place, browser, document, once=once) for _ in range(2))
    assert first.status_code == again.status_code == 303 and first.headers["location"] == again.headers["location"]
    assert browser.get("/desk/audits").text.count(first.headers["location"]) == 1


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b'{"type":1}', b"[" * 5000, b'{"a":NaN}', b'"\\ud800"']
)
def test_a_file_that_is_no_statement_is_refused_in_words(place: Place, content: bytes) -> None:
    answer = ask(place, place.seated("operator"), ("x.json", content))
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_page_shows_the_numbers_beside_their_evidence_and_what_the_contract_computes(place: Place) -> None:
    operator, auditor = place.seated("operator"), place.seated("auditor")
    document = statement(place.facility)
    path = ask(place, operator, ("march.json", document.canonical())).headers["location"]
    page = auditor.get(path).text
    for said in ("hours.csv", document.inputs[0].sha256, "A, metered", "1,000,000 Wh × 225,000 g/MWh", "225,000 g",
                 "✓ as stated", document.evidence.hex(), "eGRID 2023 rev1", "begins after the month does"):  # fmt: skip
        assert said in page or said == "begins after the month does", said
    assert "residual mix: the location-based factor stands in" in page and "Take this request" in page
    assert "Take this request" not in operator.get(path).text and "Take it back" in operator.get(path).text


def test_a_request_is_taken_refused_with_a_reason_and_seen_so_by_its_operator(place: Place) -> None:
    operator, auditor = place.seated("operator"), place.seated("auditor")
    path = ask(place, operator, ("march.json", statement(place.facility).canonical())).headers["location"]
    form = form_of(auditor.get(path).text)
    assert auditor.post(f"{path}/take", data={"form": form, "version": "1"}).headers["location"] == path
    taken = auditor.get(path).text
    assert "eth_signTypedData_v4" in taken and "&#34;primaryType&#34;: &#34;Audit&#34;" in taken
    stale = auditor.post(f"{path}/refusal", data={"form": form, "version": "1", "reason": "late"})
    assert stale.status_code == 409 and "version 2, not 1" in stale.text
    assert auditor.post(f"{path}/refusal", data={"form": form, "version": "2", "reason": ""}).status_code == 422
    body = {"form": form, "version": "2", "reason": "<b>the bill is of another meter</b>"}
    assert auditor.post(f"{path}/refusal", data=body).status_code == 303
    assert "&lt;b&gt;the bill is of another meter" in operator.get(path).text


def test_a_request_of_somebody_else_is_not_there(place: Place) -> None:
    path = ask(place, place.seated("operator"), ("m.json", statement(place.facility).canonical())).headers["location"]
    auditor = place.seated("auditor")
    form = form_of(auditor.get(path).text)
    auditor.post(f"{path}/take", data={"form": form, "version": "1"})
    with place.node.engine.begin() as connection:
        place.keys["other"] = keys.add(connection, "Another auditor", "auditor", 1)
    other = place.seated("other")
    assert other.get(path).status_code == 404 and path not in other.get("/desk/audits").text
    form = form_of(other.get("/desk/audits").text)
    for verb, more in (("take", {}), ("refusal", {"reason": "x"}), ("signature", {"signature": "0x" + "11" * 65})):
        assert other.post(f"{path}/{verb}", data={"form": form, "version": "2", **more}).status_code == 404


def kept(place: Place, *documents: Statement) -> None:
    """The operator's organisation operates the facility, and these statements of it are kept."""
    facility = f"0x{place.facility:054x}"
    with place.node.engine.begin() as connection:
        by = keys.principal(connection, place.keys["operator"])
        assert by
        at = {"chain": 1, "facility": facility, "organisation": by.organisation}
        if not operating.operates(connection, by.organisation, 1, facility):
            proof = {"owner": "0x" + "11" * 20, "message": "signed", "signature": "0x"}
            connection.execute(schema.facility_control.insert().values(**at, **proof, since=1))
        for each in documents:
            stated = {"month": each.month.number, "evidence": "0x" + each.evidence.hex(), "created": 1}
            connection.execute(schema.statement.insert().values(**at, **stated, document=each.canonical().decode()))


def test_an_audit_is_asked_for_of_what_the_node_keeps(place: Place) -> None:
    browser = place.seated("operator")
    facility = f"0x{place.facility:054x}"
    page = browser.get("/desk/audits/new").text
    once = re.search(r'name="once" value="([0-9a-f-]{36})"', page)
    assert once
    body = {"form": form_of(page), "chain": "1", "facility": facility, "month": "2024-03", "once": once[1]}
    assert browser.post("/desk/audits/kept", data=body).status_code == 404  # it is not operated yet
    kept(place, statement(place.facility, 5, "kept 1"), statement(place.facility, 6, "kept 2"))
    assert "Ask for an audit of 2024-03" in browser.get("/desk/audits/new").text
    first, again = (browser.post("/desk/audits/kept", data=body) for _ in range(2))
    assert first.status_code == again.status_code == 303 and first.headers["location"] == again.headers["location"]
    request = browser.get(first.headers["location"]).text
    assert "Statement 2 of 2" in request and "6 Wh × 225,000 g/MWh" in request
    none = browser.post("/desk/audits/kept", data=body | {"month": "2024-04"})
    assert none.status_code == 422 and "nothing of 2024-04 waits" in none.text
    with place.node.engine.begin() as connection:
        connection.execute(schema.facility_control.delete())


def test_two_statements_of_one_meters_period_are_marked_as_what_the_contract_will_refuse(place: Place) -> None:
    documents = [statement(place.facility, energy).canonical() for energy in (1_000_000, 2_000_000)]
    path = ask(place, place.seated("operator"), *((f"{n}.json", each) for n, each in enumerate(documents)))
    page = place.seated("auditor").get(path.headers["location"]).text
    assert "is audited until 2024-04-01 00:00 UTC: this period counts already" in page


TABLE = """token_class,registry,source,serials,serial_from,serial_thru,amount,vintage_start,vintage_end,document_sha256
rec,NAR,{source},NAR-{n} to {n},{n},{n},1000000,2024-03-01T00:00:00Z,2024-04-01T00:00:00Z,0x{hash}
"""
CRITERIA = "source," + ",".join(registries.CRITERIA) + "\nGEN1" + ",yes" * len(registries.CRITERIA) + "\n"


def put_in(place: Place, browser: TestClient, name: str, content: str, who: str = "rec-issuer", **more: str) -> Any:
    form = form_of(browser.get("/desk/batches/new").text)
    files = [("file", (name, content.encode(), "text/csv"))]
    files += [(field, (f"{field}.csv", text.encode(), "text/csv")) for field, text in more.items()]
    body = {"form": form, "chain": "1", "sender": "0x" + dev_address(who).hex()}
    return browser.post("/desk/batches/new", data=body, files=files)


def test_a_table_is_checked_and_its_calls_prepared(place: Place) -> None:
    answer = put_in(place, place.seated("issuer"), "t.csv", TABLE.format(source="W1", n=1, hash="11" * 32))
    assert answer.status_code == 200 and "Issue 1.000000 MWh of RECs" in answer.text and "t.csv:2" in answer.text
    assert "eth_sendTransaction" in answer.text and place.verbs()[-1] == "transaction prepared"


@pytest.mark.parametrize(
    "name", ["../../x.csv", "given", "table", "", "x" * 300 + ".csv", "\u00e9\u4e2d.csv", "a\\b.csv", ".."]
)
def test_a_file_may_be_called_whatever_it_is(place: Place, name: str) -> None:
    answer = put_in(place, place.seated("issuer"), name or " ", TABLE.format(source="W1", n=1, hash="11" * 32))
    assert answer.status_code == 200 and "Issue 1.000000 MWh of RECs" in answer.text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (TABLE.format(source="W2", n=1, hash="11" * 32), "NAR W2 is no registered source"),
        (TABLE.format(source="W1", n=1, hash="zz" * 32), "document_sha256"),
        (TABLE.format(source="W1", n=2, hash="11" * 32).replace(",2,2,", ",2,1,"), "serial_thru"),
        ("a,b\n1,2\n", "x.csv"), ("", "x.csv"), ("\x00\xff", "x.csv"),
        (FIRST["nar"], "quality criteria are stated"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_issued_is_refused_in_words_and_without_a_path_of_the_node(
    place: Place, content: str, told: str
) -> None:
    answer = put_in(place, place.seated("issuer"), "x.csv", content)
    assert answer.status_code == 422 and told in answer.text and 'role="alert"' in answer.text
    assert "/tmp" not in answer.text and "Errno" not in answer.text


def test_a_registrys_download_is_read_with_its_rejects(place: Place) -> None:
    """One row is good, one has fewer serials than MWh; the device of the good one is not registered yet."""
    bad = NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9-5000 to 5001", 9).splitlines()[1]
    answer = put_in(place, place.seated("issuer"), "nar.csv", FIRST["nar"] + bad + "\n", criteria=CRITERIA)
    assert answer.status_code == 422 and "is no registered source" in answer.text
    assert "2 serials for 9 MWh" in answer.text and "nar.csv:3" in answer.text
    assert "Batches that can be issued: 1, of 9.000000 MWh" in answer.text


def test_who_is_not_the_sources_issuer_is_told_so(place: Place) -> None:
    table = TABLE.format(source="W1", n=1, hash="11" * 32)
    answer = put_in(place, place.seated("issuer"), "t.csv", table, who="anyone")
    assert answer.status_code == 422 and "is not the issuer" in answer.text


MONTH = "/desk/chains/1/facilities/{}/months/2024-03"


@pytest.mark.parametrize("path", ["/retirement", "/claim", ""])
def test_the_months_of_a_facility_are_its_operators_alone(place: Place, path: str) -> None:
    """The organisation has a key of the role; the facility's owner never signed that it operates the facility."""
    browser, at = place.seated("operator"), MONTH.format(f"0x{place.facility:054x}") + path
    form = form_of(browser.get("/desk/months").text)
    someone = "0x" + "11" * 20
    body = {"form": form, "holder": someone, "token": "0x02", "amount": "1", "sender": someone, "first": "2024-03",
            "last": "2024-03", "basis": "annual"}  # fmt: skip
    answer = browser.post(at, data=body) if path else browser.get(at)
    assert answer.status_code == 404 and "operates" in answer.text
    stranger = place.seated("auditor")
    body["form"] = form_of(stranger.get("/desk/audits").text)
    assert (stranger.post(at, data=body) if path else stranger.get(at)).status_code == 403


@pytest.mark.parametrize("month", ["2024-13", "2024-00", "0000-01", "24-01", "2024-3", "x"])
def test_a_month_that_is_none_is_refused(place: Place, month: str) -> None:
    path = MONTH.format(f"0x{place.facility:054x}").replace("2024-03", month)
    assert place.seated("operator").get(path).status_code in (404, 422)


@pytest.mark.parametrize("text", ["1.0000001", "-1", "NaN", "Infinity", "1e9", "x", "1,5", "281474976.710656"])
def test_an_amount_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        millionths(text)


@pytest.mark.parametrize(
    ("text", "amount"), [("", 0), ("0", 0), ("1", 1_000_000), ("0.000001", 1), ("12.5", 12_500_000)]
)
def test_an_amount_is_exact(text: str, amount: int) -> None:
    assert millionths(text) == amount


def test_a_share_of_somebody_else_is_not_there(place: Place) -> None:
    browser = place.seated("customer")
    assert browser.get("/desk/shares/1/proof").status_code == 404
    form = form_of(browser.get("/desk/shares").text)
    answer = browser.post("/desk/shares/1/claim", data={"form": form, "sender": "0x" + "11" * 20})
    assert answer.status_code == 404


def test_a_form_that_is_cut_off_is_refused_as_a_page(place: Place) -> None:
    browser = place.seated("issuer")
    answer = browser.post(
        "/desk/batches/new", content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code in (400, 403, 422) and answer.headers["content-type"].startswith("text/html")


def test_a_reason_has_no_character_that_a_database_refuses(place: Place) -> None:
    operator, auditor = place.seated("operator"), place.seated("auditor")
    path = ask(place, operator, ("march.json", statement(place.facility).canonical())).headers["location"]
    form = form_of(auditor.get(path).text)
    auditor.post(f"{path}/take", data={"form": form, "version": "1"})
    body = {"form": form, "version": "2", "reason": "a\x00b"}
    assert auditor.post(f"{path}/refusal", data=body).status_code == 422


def test_a_sealed_file_is_for_its_operator_and_the_auditor_who_took_the_request(place: Place) -> None:
    pytest.importorskip("pyrage", reason="sealing needs the extra `evidence`")
    from carbon_tokens.evidence import sealing

    secrets = {who: sealing.new_identity() for who in ("operator", "auditor")}
    api = place.browser()
    for who, (_, public) in secrets.items():
        key = {"Authorization": f"Bearer {place.keys[who]}"}
        assert api.put("/api/v1/evidence-keys", json={"public_key": public}, headers=key).status_code == 200
    bill = f"a bill of {secrets['operator'][1]}".encode()
    head = {"Authorization": f"Bearer {place.keys['operator']}", "Content-Type": "application/octet-stream"}
    made = api.post("/api/v1/evidence?name=bill.pdf&auditor=The auditor", content=bill, headers=head)
    assert made.status_code == 201, made.text
    link = f"/desk/evidence/{made.json()['cid']}"
    operator, auditor = place.seated("operator"), place.seated("auditor")
    path = ask(place, operator, ("march.json", statement(place.facility).canonical())).headers["location"]
    form = form_of(auditor.get(path).text)
    auditor.post(f"{path}/take", data={"form": form, "version": "1"})
    for browser, who in ((operator, "operator"), (auditor, "auditor")):
        assert link in browser.get(path).text and b"bill.pdf" not in browser.get(path).content
        sealed = browser.get(link)
        assert bill not in sealed.content and sealed.headers["cache-control"] == "no-store"
        assert sealing.open_(sealed.content, [secrets[who][0]]).content == bill
    assert place.seated("customer").get(link).status_code == 403
    with place.node.engine.begin() as connection:
        place.keys["rival"] = keys.add(connection, "A rival", "auditor", 1)
    assert place.seated("rival").get(link).status_code == 404
