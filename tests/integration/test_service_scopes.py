"""A key that is limited to a facility or a chain acts nowhere else, on any route that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from typer.testing import CliRunner

from carbon_tokens.cli import app as commands
from carbon_tokens.errors import LedgerError
from carbon_tokens.service import keys
from carbon_tokens.service.keys import Principal
from tests.integration.operated import Operated
from tests.integration.test_service_audits import statement
from tests.integration.test_service_transactions import BODIES

VALUES = {"source": "1", "upload": "1", "month": "2024-03", "tenant": "0x" + "7" * 64, "evidence": "0x" + "7" * 64}
PUBLIC = {"", "/months", "/events", "/claims", "/status", "/allocations"}  # what anybody reads


@pytest.fixture(scope="module")
def site(anvil: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    """A node whose operator operates its facility, with keys that are limited to another one."""
    made = Operated(anvil, tmp_path_factory.mktemp("scopes"))
    with made.client:
        made.control()
        with made.node.engine.begin() as connection:
            for role in ("operator", "auditor", "issuer", "customer"):
                for name, scope in (("elsewhere", f"1/{made.others}"), ("here", f"1/{made.facility}"), ("chain", "1"),
                                    ("other chain", "2")):  # fmt: skip
                    key = keys.add(connection, f"The {role}", role, 30, scope=[scope])
                    made.keys[f"{role} {name}"] = key
        yield made
    made.close()


def routes(site: Operated) -> list[tuple[str, str]]:
    """Method and path of every keyed route with a facility in its path."""
    found, start = [], "/api/v1/chains/{chain}/facilities/{facility}"
    for template, methods in site.client.get("/openapi.json").json()["paths"].items():
        if template.startswith(start):
            path = re.sub(r"\{(\w+)\}", lambda name: VALUES[name[1]], template.removeprefix(start))
            found += [(each.upper(), path) for each in methods if each != "get" or path not in PUBLIC]
    return found


def test_no_route_of_a_facility_is_open_to_a_key_of_another(site: Operated) -> None:
    """Read from the application itself: a new route is in this test at once."""
    found = routes(site)
    assert len(found) >= 15
    for method, path in found:
        for who in ("operator elsewhere", "operator other chain"):
            answer = site.ask(who, method, site.at(path), {}, If_Match="1")
            assert answer.status_code == 404 and "scope" in answer.text, (who, method, path, answer.text)


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_no_transaction_is_prepared_outside_the_scope(site: Operated, kind: str) -> None:
    roles, body = BODIES[kind]
    whole = "facility" not in body
    for role in roles - {"customer"}:
        given = {"from": "0x" + "11" * 20, **body, **({} if whole else {"facility": site.facility})}
        for scope in ("elsewhere", "other chain", *(["here"] if whole else [])):
            answer = site.ask(f"{role} {scope}", "POST", f"/chains/1/transactions/{kind}", given)
            assert answer.status_code == 404 and "scope" in answer.text, (role, scope, answer.text)
        for scope in ("chain", *([] if whole else ["here"])):
            answer = site.ask(f"{role} {scope}", "POST", f"/chains/1/transactions/{kind}", given)
            assert "scope" not in answer.text, (role, scope, answer.text)


def test_audits_are_asked_for_and_seen_within_the_scope_only(site: Operated) -> None:
    documents = {"documents": [statement(int(site.facility, 16), meter="scoped").to_json()]}
    assert site.ask("operator elsewhere", "POST", "/chains/1/audits", documents).status_code == 404
    made = site.done("operator here", "POST", "/chains/1/audits", documents)
    for who in ("operator", "operator here", "operator chain", "auditor", "auditor here", "auditor chain"):
        assert made["id"] in [each["id"] for each in site.done(who, "GET", "/audits")], who
        assert site.done(who, "GET", f"/audits/{made['id']}")["id"] == made["id"]
    for who in ("operator elsewhere", "operator other chain", "auditor elsewhere", "auditor other chain"):
        assert site.done(who, "GET", "/audits") == []
        for path in ("", "/typed-data", "/transaction"):
            assert site.ask(who, "GET", f"/audits/{made['id']}{path}").status_code == 404
    assert site.ask("auditor elsewhere", "POST", f"/audits/{made['id']}/take", If_Match="1").status_code == 404


def test_what_is_no_number_of_a_chain_is_refused_and_breaks_nothing(site: Operated) -> None:
    for chain in ("abc", "1.0", "01", "+1", "0", "-1", "9" * 40, "१"):
        for who in ("operator", "operator elsewhere"):
            answer = site.ask(who, "GET", f"/chains/{chain}/facilities/{site.facility}/sources")
            assert answer.status_code in (404, 422), (chain, answer.text)


def test_lists_hold_what_is_in_the_scope(site: Operated) -> None:
    def ids(who: str) -> list[str]:
        return [each["id"] for each in site.done(who, "GET", "/facilities")["items"]]

    assert ids("operator") == ids("operator here") == ids("operator chain") == [site.facility]
    assert ids("operator elsewhere") == ids("operator other chain") == []


def test_the_desk_of_a_key_with_a_scope_is_limited_too(site: Operated) -> None:
    """A facility is not brought by a form either, and months outside the scope do not wait for an audit there."""
    site.client.cookies.clear()
    door = site.client.get("/sign-in").text
    token = re.search(r'name="form" value="([^"]+)"', door)
    form = {"key": site.keys["operator elsewhere"], **({"form": token[1]} if token else {})}
    assert site.client.post("/sign-in", data=form, follow_redirects=False).status_code == 303
    page = site.client.get("/desk/facilities/new").text
    inside = re.search(r'name="form" value="([^"]+)"', page)
    assert inside
    asked = {"form": inside[1], "chain": "1", "facility": site.facility}
    answer = site.client.post("/desk/facilities/challenge", data=asked)
    assert answer.status_code == 404 and site.facility not in site.client.get("/desk/audits/new").text
    site.client.cookies.clear()


def test_an_idempotency_key_of_another_scope_gives_no_answer(site: Operated) -> None:
    documents = {"documents": [statement(int(site.facility, 16), meter="repeated").to_json()]}
    made = site.ask("operator", "POST", "/chains/1/audits", documents, Idempotency_Key="shared")
    assert made.status_code == 201
    other = site.ask("operator elsewhere", "POST", "/chains/1/audits", documents, Idempotency_Key="shared")
    assert other.status_code in (404, 409) and made.json()["id"] not in other.text


def test_what_is_the_whole_organisations_is_not_open_to_a_key_with_a_scope(site: Operated) -> None:
    for method, path in (("GET", "/evidence"), ("POST", "/evidence?name=a.csv&days=1")):
        answer = site.ask("operator here", method, path, content=b"a" if method == "POST" else None)
        assert answer.status_code == 404 and "scope" in answer.text, answer.text


def test_a_key_says_its_scope_and_nobody_widens_it(site: Operated) -> None:
    scope = [f"1/{site.facility}"]
    assert site.done("operator here", "GET", "/me")["scope"] == scope
    made = site.done("admin", "POST", "/keys", {"organisation": "X", "role": "operator", "days": 1, "scope": scope})
    prefix = made["key"].split("_")[1]
    (listed,) = [each for each in site.done("admin", "GET", "/keys") if each["prefix"] == prefix]
    assert listed["scope"] == scope
    for wrong in (["0"], ["1/0x12"], ["*"], [f"1/{site.facility.upper()}"], ["1"] * 101):
        body = {"organisation": "X", "role": "operator", "days": 1, "scope": wrong}
        assert site.ask("admin", "POST", "/keys", body).status_code == 422


def test_an_admins_key_has_no_scope(site: Operated) -> None:
    body = {"organisation": "X", "role": "admin", "days": 1, "scope": ["1"]}
    refused = site.ask("admin", "POST", "/keys", body)
    assert refused.status_code == 422 and "admin's key has no scope" in refused.json()["detail"]
    with site.node.engine.begin() as connection, pytest.raises(LedgerError, match="admin's key has no scope"):
        keys.add(connection, "X", "admin", 1, scope=["1"])


def test_the_command_limits_a_key(site: Operated) -> None:
    told = ["key", "add", "--organisation", "X", "--role", "operator", "--scope", "1", "--scope", f"2/{site.others}"]
    done = CliRunner().invoke(commands, [*told, "--database", str(site.node.engine.url), "--json"])
    assert done.exit_code == 0, done.output
    listed = CliRunner().invoke(commands, ["key", "list", "--database", str(site.node.engine.url)])
    assert f"only 1 2/{site.others}" in listed.output


@pytest.mark.parametrize(
    ("scope", "chain", "facility", "within"),
    [((), 7, "0xab", True), (("1",), 1, "0xab", True), (("1",), 1, "", True), (("1",), 11, "0xab", False),
     (("1/0xab",), 1, "0xab", True), (("1/0xab",), 1, "0xabc", False), (("1/0xab",), 1, "", False),
     (("1/0xab", "2"), 2, "0xcd", True)],
)  # fmt: skip
def test_a_scope_is_chains_and_facilities(scope: tuple[str, ...], chain: int, facility: str, within: bool) -> None:
    assert Principal(1, "X", "operator", "0" * 12, scope).within(chain, facility) is within
