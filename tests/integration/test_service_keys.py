"""Keys while they are in use: changed for new ones with an overlap, and when each was last used. No chain is needed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, select, update
from typer.testing import CliRunner

from carbon_tokens.cli import app as commands
from carbon_tokens.service import actions, database, keys, schema
from carbon_tokens.service.app import create
from carbon_tokens.service.node import Node
from carbon_tokens.service.uses import Uses
from tests.integration.desks import form_of, sign_in

DAY = 86_400
TABLE = schema.api_key


class Place:
    """A node that follows no chain, with an admin's key and an operator's of 90 days and a scope."""

    def __init__(self, url: str) -> None:
        self.url, self.engine = url, database.connect(url)
        self.app = create(Node(self.engine, []))
        self.client = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False)
        with self.engine.begin() as connection:
            self.admin = keys.add(connection, "This node", "admin", 30)
            self.old = keys.add(connection, "Hall Ltd", "operator", 90, scope=["1"])

    def me(self, key: str) -> Any:
        return self.client.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"})

    def rotate(self, key: str, by: str = "", **body: Any) -> Any:
        head = {"Authorization": f"Bearer {by or self.admin}"}
        return self.client.post(f"/api/v1/keys/{prefix(key)}/rotation", json=body, headers=head)

    def row(self, key: str) -> Any:
        with self.engine.begin() as connection:
            return connection.execute(select(TABLE).where(TABLE.c.prefix == prefix(key))).one()

    def change(self, key: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(TABLE).where(TABLE.c.prefix == prefix(key)).values(**values))

    def listed(self) -> dict[str, Any]:
        found = self.client.get("/api/v1/keys", headers={"Authorization": f"Bearer {self.admin}"}).json()
        return {each["prefix"]: each for each in found}


def prefix(key: str) -> str:
    return key.split("_")[1]


@pytest.fixture
def place(database_url: str) -> Iterator[Place]:
    made = Place(database_url)
    with made.client:
        yield made


def test_after_a_rotation_old_and_new_secret_are_good_for_the_overlap_and_then_the_new_alone(place: Place) -> None:
    answer = place.rotate(place.old, overlap_hours=2)
    assert answer.status_code == 201 and answer.headers["cache-control"] == "no-store"
    new, ends = answer.json()["key"], answer.json()["old_until"]
    assert abs(ends - time.time() - 2 * 3600) < 5 and place.row(place.old).expires == ends
    assert place.me(place.old).status_code == place.me(new).status_code == 200
    place.change(place.old, expires=int(time.time()) - 1)  # the overlap is over
    assert (place.me(place.old).status_code, place.me(new).status_code) == (401, 200)


def test_the_new_key_is_the_old_ones_in_organisation_role_scope_and_length(place: Place) -> None:
    new = place.rotate(place.old).json()["key"]
    one, other = place.row(place.old), place.row(new)
    assert (one.organisation, one.role, one.scope) == (other.organisation, other.role, other.scope)
    assert other.expires - other.created == 90 * DAY and one.replaced_by == prefix(new)
    assert one.digest != other.digest and place.me(new).json()["scope"] == ["1"]


def test_an_overlap_of_nothing_ends_the_old_secret_at_once(place: Place) -> None:
    new = place.rotate(place.old, overlap_hours=0).json()["key"]
    assert (place.me(place.old).status_code, place.me(new).status_code) == (401, 200)


def test_an_overlap_never_makes_the_old_key_last_longer(place: Place) -> None:
    soon = int(time.time()) + 60
    place.change(place.old, expires=soon)
    assert place.rotate(place.old, overlap_hours=720).json()["old_until"] == soon == place.row(place.old).expires


@pytest.mark.parametrize("why", ["revoked", "expired", "rotated before", "unknown"])
def test_a_key_that_has_ended_or_was_rotated_is_not_rotated(place: Place, why: str) -> None:
    key = place.old
    if why == "revoked":
        place.change(key, revoked=1)
    elif why == "expired":
        place.change(key, expires=int(time.time()))
    elif why == "rotated before":
        assert place.rotate(key).status_code == 201
    else:
        key = f"ck_{'0' * 12}_x"
    count = len(place.listed())
    assert place.rotate(key).status_code == (404 if why == "unknown" else 409) and len(place.listed()) == count


def test_only_an_admin_rotates_and_an_overlap_is_at_most_a_month(place: Place) -> None:
    assert place.rotate(place.old, by=place.old).status_code == 403
    for hours in (-1, 721, "x"):
        assert place.rotate(place.old, overlap_hours=hours).status_code == 422


def test_a_rotation_is_in_the_log_without_either_secret(place: Place) -> None:
    new = place.rotate(place.old).json()["key"]
    with place.engine.begin() as connection:
        rows = connection.execute(select(schema.action.c.verb, schema.action.c.target, schema.action.c.detail)).all()
        assert actions.faults(connection) == []
    assert rows[-1].verb == "key rotated" and rows[-1].target == prefix(place.old)
    assert json.loads(rows[-1].detail) == {"overlap_hours": 24, "replaced_by": prefix(new)}
    assert all(key[len("ck__") + 12 :] not in str(rows) for key in (place.old, new))


def test_the_command_rotates_and_lists_what_replaces_what(tmp_path: Path) -> None:
    place = Place(f"sqlite:///{tmp_path / 'node.db'}")

    def said(*words: str, code: int = 0) -> Any:
        done = CliRunner().invoke(commands, ["key", *words, "--database", place.url, "--json"])
        assert done.exit_code == code, done.output
        return json.loads(done.stdout.splitlines()[-1]) if code == 0 else done.output

    made = said("rotate", prefix(place.old), "--overlap", "0")
    assert place.me(made["key"]).status_code == 200 and place.me(place.old).status_code == 401
    listed = {each["prefix"]: each for each in said("list")["keys"]}
    assert listed[prefix(place.old)]["replaced_by"] == prefix(made["key"])
    assert "rotated" in said("rotate", prefix(place.old), code=3)
    lines = CliRunner().invoke(commands, ["key", "list", "--database", place.url]).output
    assert f"replaced by {prefix(made['key'])}" in lines and "never used" in lines


def test_an_admin_rotates_at_the_desk_and_sees_the_new_key_once(place: Place) -> None:
    sign_in(place.client, place.admin)
    page = place.client.get("/desk/keys").text
    sent = {"form": form_of(page), "overlap_hours": "24"}
    shown = place.client.post(f"/desk/keys/{prefix(place.old)}/rotation", data=sent).text
    match = re.search(r"ck_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", shown)
    assert match and place.me(match[0]).status_code == place.me(place.old).status_code == 200
    after = place.client.get("/desk/keys").text
    assert match[0] not in after and prefix(match[0]) in after and "replaced by" in after


def test_when_a_key_was_last_used_is_listed_and_a_strangers_guess_is_no_use(place: Place) -> None:
    assert place.listed()[prefix(place.old)]["used"] is None
    assert place.me(place.old + "x").status_code == 401 and place.me(place.old[:-1] + "~").status_code == 401
    place.app.state.uses.flush()
    assert place.listed()[prefix(place.old)]["used"] is None
    before = int(time.time())
    assert place.me(place.old).status_code == 200
    place.app.state.uses.flush()
    assert before <= place.listed()[prefix(place.old)]["used"] <= time.time()


def test_a_use_at_the_desk_is_a_use_of_its_key(place: Place) -> None:
    sign_in(place.client, place.admin)
    place.client.get("/desk/keys")
    place.app.state.uses.flush()
    row = place.client.get("/desk/keys").text.split(f"ck_{prefix(place.admin)}_")[1].split("</tr>")[0]
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", row) and "never" not in row


def writes(engine: Engine) -> list[str]:
    found: list[str] = []

    def seen(*given: Any) -> None:
        if given[2].startswith("UPDATE api_key"):
            found.append(given[2])

    event.listen(engine, "before_cursor_execute", seen)
    return found


def test_many_uses_in_a_minute_are_one_write(place: Place) -> None:
    seen = writes(place.engine)
    for _ in range(30):
        assert place.me(place.old).status_code == 200
    place.app.state.uses.flush()
    assert len(seen) == 1


def test_the_next_minutes_use_is_written_again_and_an_earlier_one_never_over_a_later(place: Place) -> None:
    """Another worker may have written a later one."""
    now = [1000.0]
    uses = Uses(place.engine, clock=lambda: now[0])
    for moment, kept in ((1000.0, 1000), (1059.0, 1000), (1060.0, 1060), (1000.0, 1060)):
        now[0] = moment
        uses.note(prefix(place.old))
        uses.flush()
        assert place.row(place.old).used == kept
    uses.close()


def test_a_database_that_is_busy_or_away_holds_no_request_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise RuntimeError("away")

    monkeypatch.setattr(Uses, "_write", away)
    assert place.me(place.old).status_code == 200
    place.app.state.uses.flush()
