"""The desks in German: whole pages, wallets and prepared transactions too; the log and what errors say stay English."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from fastapi.testclient import TestClient
from sqlalchemy import select

from carbon_tokens.ledger.mnemonic import dev_address
from carbon_tokens.service import languages, schema, seeding
from tests.integration.desks import form_of, sign_in
from tests.integration.test_seeded_demo import Seeded, seeded  # noqa: F401 - a fixture

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
MESSAGES = languages.LANGUAGES["de"].messages
# Sentences and titles that are whole in the catalogue, of more than one word: a single one may stand in a name or code.
ENGLISH = [html.escape(each, quote=True).replace("&#x27;", "&#39;") for each, said in MESSAGES.items()
           if " " in each and said[0] != each and not re.search(r"%\(|<", each)]  # fmt: skip


def seated(place: Seeded, role: str, language: dict[str, str] = GERMAN) -> TestClient:
    """A browser that signed in with the key of a role."""
    (key,) = [each["key"] for each in json.loads((place.folder / seeding.FILE).read_text()).values()
              if each["role"] == role]  # fmt: skip
    browser = TestClient(place.web.app, headers=language, follow_redirects=False)
    assert sign_in(browser, key).status_code == 303
    return browser


def left(page: str) -> list[str]:
    """English messages of the catalogue that a page says."""
    text = re.sub(r'data-words="[^"]*"|<(code|pre)\b.*?</\1>', "", page, flags=re.DOTALL)
    return [each for each in ENGLISH if each in text]


def whole(answer: Any, *said: str) -> str:
    """A page that is in German from its head to its foot, and says some things."""
    page = str(answer.text)
    assert answer.headers["content-language"] == "de" and '<html lang="de">' in page
    assert left(page) == [] and [each for each in said if each not in page] == []
    return page


def test_what_is_left_in_english_is_found(seeded: Seeded) -> None:  # noqa: F811
    page = seated(seeded, "operator", {"Accept-Language": "en"}).get("/desk/months").text
    assert {"Months of your facilities", "Bring a facility", "Ask for an audit"} <= set(left(page))


def test_every_desk_is_in_german_for_whoever_asks_for_it(seeded: Seeded) -> None:  # noqa: F811
    whole(TestClient(seeded.web.app).get("/sign-in", headers=GERMAN), "Anmelden", "API-Schlüssel")
    operator, auditor, issuer = (seated(seeded, role) for role in ("operator", "auditor", "issuer"))
    months = whole(
        operator.get("/desk/months"), "Monate Ihrer Standorte", "Prairie Data, Betreiber", "netto liegt über null"
    )
    assert re.search(r"\d,\d{6}", months) and not re.search(r"\d\.\d{6}<", months)
    place = f"/desk/chains/1/facilities/{seeded.facility('node')}/months/2021-11"
    whole(operator.get(place), "Was fehlt", "Kein Herkunftsnachweis deckt", "Fassung")
    whole(operator.get("/desk/audits/new"), "Prüfung verlangen")
    whole(operator.get("/desk/facilities/new"), "Standort einbringen")
    queue = whole(auditor.get("/desk/audits"), "Anfragen nach Prüfungen", "verlangt", "Offen")
    (number,) = re.findall(r"/desk/audits/([0-9a-f-]{36})", queue)
    said = ("Worauf es beruht", "Scope 2, standortbasiert", "Güte D: eine Schätzung.", "Fassung 1, offen", "Übernehmen")
    whole(auditor.get(f"/desk/audits/{number}"), *said)
    wallet = "0x" + dev_address("rec-issuer").hex()
    whole(issuer.get(f"/desk/batches?chain=1&issuer={wallet}"), "Posten", "Herkunftsnachweis", "Erzeugungszeitraum")
    whole(issuer.get("/desk/batches/new"), "Prüfen und vorbereiten")
    whole(seated(seeded, "customer").get("/desk/shares"), "Ihre Anteile", "✓ Der Beweis führt zur Wurzel auf der Kette")
    admin = seated(seeded, "admin")
    whole(admin.get("/desk/keys"), "Zuletzt benutzt", "Wechseln", "Verwaltung")
    whole(admin.get("/desk/actions?check=true"), "Aktionsprotokoll", "Jede Zeile ist, wie sie geschrieben wurde")


def test_a_prepared_transaction_is_told_in_german_and_logged_in_english(seeded: Seeded) -> None:  # noqa: F811
    operator = seated(seeded, "operator")
    place = f"/desk/chains/1/facilities/{seeded.facility('node')}/months/2021-04"
    form, owner = form_of(operator.get(place).text), "0x" + dev_address("operator").hex()
    body = {"form": form, "sender": owner, "first": "2021-04", "last": "2021-04", "basis": "annual"}
    answer = operator.post(f"{place}/claim", data=body)
    assert answer.status_code == 200, answer.text
    whole(answer, "2021-04 auf jährlicher Grundlage beanspruchen.", "Senden mit", "Anspruch")
    with seeded.node.engine.begin() as connection:
        row = connection.execute(
            select(schema.action.c.detail).order_by(schema.action.c.id.desc()).limit(1)
        ).scalar_one()
    assert json.loads(row)["what"] == "Claim 2021-04 on the annual basis."


def test_what_went_wrong_is_said_in_english_on_a_german_page_and_marked_so(seeded: Seeded) -> None:  # noqa: F811
    answer = seated(seeded, "customer").get("/desk/keys")
    page = whole(answer, "Nichts wurde geändert.")
    assert answer.status_code == 403 and re.search(r'role="alert" lang="en">only a key of an admin', page)


def test_the_wallets_words_are_in_the_page_for_its_script(seeded: Seeded) -> None:  # noqa: F811
    page = seated(seeded, "issuer").get("/desk/batches/new").text
    words = json.loads(html.unescape(re.findall(r'id="wallet-words" data-words="([^"]*)"', page)[0]))
    assert words["This wallet cannot do that."] == "Das kann diese Wallet nicht."
    english = seated(seeded, "issuer", {"Accept-Language": "en"}).get("/desk/batches/new").text
    assert "wallet-words" not in english


def test_two_browsers_at_once_do_not_get_each_others_language(seeded: Seeded) -> None:  # noqa: F811
    german, english = seated(seeded, "operator"), seated(seeded, "operator", {"Accept-Language": "en"})
    for _ in range(3):
        assert "Monate Ihrer Standorte" in german.get("/desk/months").text
        assert "Months of your facilities" in english.get("/desk/months").text
