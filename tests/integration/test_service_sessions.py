"""Sessions of people in a browser: what opens and ends one, and what no other site can do with it."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from sqlalchemy import select, update

from carbon_tokens.service import schema, sessions
from carbon_tokens.service.keys import ROLES
from carbon_tokens.service.limits import Limiter
from carbon_tokens.service.node import Node
from tests.integration.desks import HTTPS, Place, cookie, form_of, served, sign_in


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, int, Path]]:
    yield from served(tmp_path_factory.mktemp("node"))


@pytest.fixture
def place(running: tuple[Node, int, Path]) -> Place:
    return Place(*running)


@pytest.mark.parametrize("role", ROLES)
def test_a_key_opens_the_desk_of_its_role_and_signing_out_closes_it(place: Place, role: str) -> None:
    browser = place.seated(role)
    first = browser.get("/desk").headers["location"]
    page = browser.get(first)
    assert page.status_code == 200 and f"The {role}" in page.text and page.headers["cache-control"] == "no-store"
    token = browser.cookies["desk"]
    out = browser.post("/desk/sign-out", data={"form": form_of(page.text)})
    assert out.headers["location"] == "/sign-in" and "desk" not in browser.cookies
    browser.cookies.set("desk", token, path="/desk")
    assert browser.get(first).status_code == 303
    assert place.verbs()[-2:] == ["signed in", "signed out"]


def test_the_cookie_is_for_the_desk_only_and_no_script_or_other_site_gets_it(place: Place) -> None:
    line = cookie(sign_in(place.browser(), place.keys["auditor"]), "desk").lower()
    assert {"httponly", "samesite=strict", "path=/desk", f"max-age={12 * 3600}"} <= set(line.split("; "))
    assert "secure" not in line
    assert "secure" in cookie(sign_in(place.browser(HTTPS), place.keys["auditor"]), "desk").lower().split("; ")


def test_a_session_is_kept_as_a_hash(place: Place) -> None:
    browser = place.seated("auditor")
    token, form = browser.cookies["desk"], form_of(browser.get("/desk/audits").text)
    kept = b"".join(each.read_bytes() for each in place.path.glob("node.db*"))
    assert token.encode() not in kept and form.encode() not in kept
    with place.node.engine.begin() as connection:
        digests = list(connection.scalars(select(schema.session.c.digest)))
    assert hashlib.sha256(token.encode()).hexdigest() in digests and len(token) == 43


def test_a_session_ends_after_twelve_hours(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = place.seated("auditor")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 12 * 3600 - 5)
    assert browser.get("/desk/audits").status_code == 200
    monkeypatch.setattr(time, "time", lambda: now + 12 * 3600 + 5)
    assert browser.get("/desk/audits").headers["location"] == "/sign-in?to=/desk/audits"


def test_a_session_ends_with_its_key(place: Place) -> None:
    table, browser = schema.api_key, place.seated("auditor")
    prefix = place.keys["auditor"].split("_")[1]
    with place.node.engine.begin() as connection:
        connection.execute(update(table).where(table.c.prefix == prefix).values(expires=1))
    assert browser.get("/desk/audits").status_code == 303
    issuer, admin = place.seated("operator"), place.seated("admin")
    form = form_of(admin.get("/desk/keys").text)
    prefix = place.keys["operator"].split("_")[1]
    assert admin.post(f"/desk/keys/{prefix}/revocation", data={"form": form}).status_code == 303
    assert issuer.get("/desk/audits").status_code == 303
    assert sign_in(place.browser(), place.keys["operator"]).status_code == 401


@pytest.mark.parametrize("key", ["", "ck_", "ck_" + "0" * 12 + "_" + "A" * 43, "x" * 5000, "\x00", "é", "' OR 1=1 --"])
def test_what_is_no_key_opens_nothing(place: Place, key: str) -> None:
    browser = place.browser()
    answer = sign_in(browser, key)
    assert answer.status_code == 401 and "This is no key" in answer.text and "desk" not in browser.cookies


def test_a_session_that_somebody_planted_is_not_taken_over(place: Place) -> None:
    browser = place.browser()
    planted = sessions.random_token()
    browser.cookies.set("desk", planted, domain="node.test", path="/desk")
    assert browser.get("/desk/audits").status_code == 303
    line = cookie(sign_in(browser, place.keys["auditor"]), "desk")
    assert planted not in line
    stranger = place.browser()
    stranger.cookies.set("desk", planted)
    assert stranger.get("/desk/audits").status_code == 303


def test_each_sign_in_is_another_session(place: Place) -> None:
    first, second = place.seated("auditor"), place.seated("auditor")
    assert first.cookies["desk"] != second.cookies["desk"]
    form = form_of(first.get("/desk/audits").text)
    assert second.post("/desk/sign-out", data={"form": form}).status_code == 403
    assert first.post("/desk/sign-out", data={"form": form}).status_code == 303
    assert second.get("/desk/audits").status_code == 200


@pytest.mark.parametrize("form", [None, "", "0" * 64, "é"])
@pytest.mark.parametrize("path", ["/desk/sign-out", "/desk/keys", "/desk/keys/000000000000/revocation"])
def test_a_form_without_the_sessions_token_does_nothing(place: Place, path: str, form: str | None) -> None:
    browser = place.seated("admin")
    body = {"organisation": "Evil", "role": "admin", "days": "1"} | ({} if form is None else {"form": form})
    before = place.verbs()
    answer = browser.post(path, data=body)
    assert answer.status_code == 403 and "another session" in answer.text and place.verbs() == before


def test_a_form_that_another_site_sends_does_nothing(place: Place) -> None:
    browser = place.seated("admin")
    form = form_of(browser.get("/desk/keys").text)
    for site in ("cross-site", "same-site"):
        answer = browser.post("/desk/sign-out", data={"form": form}, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403
    assert browser.get("/desk/keys").status_code == 200


def test_nobody_can_be_signed_in_by_another_site(place: Place) -> None:
    """The form to sign in needs the cookie of its own page, and the token that belongs to it."""
    page = place.browser().get("/sign-in").text
    body = {"key": place.keys["auditor"], "form": form_of(page)}
    assert place.browser().post("/sign-in", data=body).status_code == 403
    other = place.browser()
    other.get("/sign-in")
    assert other.post("/sign-in", data=body).status_code == 403
    assert sign_in(place.browser(), place.keys["auditor"]).status_code == 303


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example/desk", "/\\evil.example", "/desk/../../evil", "/desk//evil.example",
           "/deskevil", "javascript:alert(1)", "/desk\n", "/verify", "/desk?x=//evil"],
)  # fmt: skip
def test_signing_in_leads_to_the_desk_and_nowhere_else(place: Place, to: str) -> None:
    assert sign_in(place.browser(), place.keys["auditor"], to=to).headers["location"] == "/desk"
    page = place.browser().get("/sign-in", params={"to": to}).text
    assert 'name="to" value=""' in page


def test_signing_in_leads_back_to_the_page_that_asked_for_it(place: Place) -> None:
    browser = place.browser()
    sent = browser.get("/desk/audits/new").headers["location"]
    assert sent == "/sign-in?to=/desk/audits/new" and 'value="/desk/audits/new"' in browser.get(sent).text
    answer = sign_in(browser, place.keys["operator"], to="/desk/audits/new")
    assert answer.headers["location"] == "/desk/audits/new"


def test_who_guesses_keys_has_to_wait(place: Place) -> None:
    place.app.state.sign_ins = Limiter(rate=0.001, burst=3)
    browser = place.browser()
    answers = [sign_in(browser, "ck_wrong") for _ in range(4)]
    assert [each.status_code for each in answers] == [401, 401, 401, 429] and int(answers[3].headers["retry-after"]) > 1


def test_too_many_pages_of_one_session_have_to_wait(place: Place) -> None:
    place.app.state.limiter = Limiter(rate=0.001, burst=3)
    browser = place.seated("auditor")
    assert [browser.get("/desk/audits").status_code for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("role", "path"),
    [("auditor", "/desk/keys"), ("operator", "/desk/keys"), ("issuer", "/desk/actions"), ("customer", "/desk/audits"),
     ("auditor", "/desk/audits/new"), ("customer", "/desk/keys"), ("admin", "/desk/audits/new")],
)  # fmt: skip
def test_a_page_of_another_role_is_refused(place: Place, role: str, path: str) -> None:
    answer = place.seated(role).get(path)
    assert answer.status_code == 403 and "only a key of an" in answer.text


def test_a_form_of_another_role_is_refused(place: Place) -> None:
    browser = place.seated("auditor")
    form = form_of(browser.get("/desk/audits").text)
    body = {"organisation": "Evil", "role": "admin", "days": "1", "form": form}
    assert browser.post("/desk/keys", data=body).status_code == 403


def test_a_new_key_is_shown_once_and_works(place: Place) -> None:
    browser = place.seated("admin")
    form = form_of(browser.get("/desk/keys").text)
    made = browser.post("/desk/keys", data={"organisation": "New", "role": "auditor", "days": "1", "form": form})
    key = re.search(r"ck_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", made.text)
    assert made.status_code == 200 and key and made.headers["cache-control"] == "no-store"
    assert key[0] not in browser.get("/desk/keys").text + browser.get("/desk/actions").text
    assert sign_in(place.browser(), key[0]).status_code == 303
    bad = browser.post("/desk/keys", data={"organisation": " ", "role": "king", "days": "1", "form": form})
    assert bad.status_code == 422 and "is no key" in bad.text


def test_what_organisations_call_themselves_is_text_on_the_page(place: Place) -> None:
    browser = place.seated("admin")
    form = form_of(browser.get("/desk/keys").text)
    name = "<script>alert(1)</script>"
    made = browser.post("/desk/keys", data={"organisation": name, "role": "auditor", "days": "1", "form": form})
    assert name not in made.text and "&lt;script&gt;" in made.text


def test_the_log_says_whether_it_holds_together(place: Place) -> None:
    browser = place.seated("admin")
    assert "Every row is as it was written" in browser.get("/desk/actions?check=true").text
    with place.node.engine.begin() as connection:
        connection.execute(update(schema.action).where(schema.action.c.id == 2).values(detail='{"a":1}'))
    assert "action 2 was changed" in browser.get("/desk/actions?check=true").text
