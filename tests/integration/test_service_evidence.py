"""Evidence on a node: sealed as it arrives, for its operator and the auditor who took the request, until its date."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
pytest.importorskip("pyrage", reason="sealing needs the extra `evidence`")
from sqlalchemy import select, update
from typer.testing import CliRunner

from carbon_tokens.cli import app as commands
from carbon_tokens.evidence import cid_of, open_store, sealing
from carbon_tokens.service import actions, keeping, keys, schema
from tests.integration.operated import ROLES, Operated
from tests.integration.test_service_audits import statement


def bill() -> bytes:
    """A bill that nobody else has."""
    return b"PG&E,7,2021-04,5879757 Wh," + secrets.token_hex(8).encode()


class Kept(Operated):
    """A node with a store; the operator and two auditors have keys, and one of the auditors took a request."""

    def __init__(self, url: str, folder: Path, kept: str) -> None:
        super().__init__(url, folder, "Kept", kept)
        self.held = folder / "held"
        self.held.mkdir()
        self.state = self.client.app.state  # type: ignore[attr-defined]
        self.state.evidence = open_store(str(self.held))
        with self.node.engine.begin() as connection:
            self.keys["second"] = keys.add(connection, "The second", "auditor", 30)
            for role in ("auditor", "issuer", "customer"):
                self.keys[f"operator's {role}"] = keys.add(connection, "The operator", role, 30)
            for role in ("operator", "customer"):
                self.keys[f"auditor's {role}"] = keys.add(connection, "The auditor", role, 30)
        self.identities = {who: sealing.new_identity() for who in ("operator", "rival", "auditor", "second")}

    def begin(self) -> None:
        for who, (_, public) in self.identities.items():
            self.done(who, "PUT", "/evidence-keys", {"public_key": public})
        self.take("auditor")

    def take(self, who: str) -> None:
        """An auditor takes a request of the operator's."""
        document = statement(int(self.facility, 16), meter=secrets.token_hex(4)).to_json()
        made = self.done("operator", "POST", "/chains/1/audits", {"documents": [document]})
        self.done(who, "POST", f"/audits/{made['id']}/take", If_Match=str(made["version"]))

    def put(self, content: bytes, query: str = "auditor=The auditor", who: str = "operator", **head: str) -> Any:
        return self.ask(who, "POST", f"/evidence?{query}", content=content, **head)

    def put_kept(self, content: bytes, query: str = "auditor=The auditor") -> dict[str, Any]:
        answer = self.put(content, query)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def late(self, cid: str) -> None:
        """Its date was yesterday."""
        with self.node.engine.begin() as connection:
            connection.execute(update(schema.evidence).where(schema.evidence.c.cid == cid).values(kept_until=1))

    def sealed(self, content: bytes, *who: str) -> tuple[bytes, str]:
        """What a client seals, and its commitment."""
        file = sealing.new(content, "bill.csv")
        return sealing.seal(file, [self.identities[each][1] for each in who]), "0x" + file.commitment.hex()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def node(anvil: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Kept]:
    kept = "" if request.param == "sqlite" else request.getfixturevalue("postgres")
    made = Kept(anvil, tmp_path_factory.mktemp("kept"), kept)
    with made.client:
        made.begin()
        yield made
    made.close()


def test_an_upload_is_sealed_to_the_operator_and_the_auditor_who_open_it_with_their_own_keys(node: Kept) -> None:
    content = bill()
    made = node.put_kept(content, "name=april.csv&auditor=The auditor")
    assert (made["organisation"], made["auditor"], made["sealed_by"]) == ("The operator", "The auditor", "node")
    for who in ("operator", "auditor"):
        answer = node.ask(who, "GET", f"/evidence/{made['cid']}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert cid_of(answer.content) == made["cid"] and len(answer.content) == made["size"]
        file = sealing.open_(answer.content, [node.identities[who][0]], bytes.fromhex(made["commitment"][2:]))
        assert (file.content, file.name) == (content, "april.csv")


def test_nothing_of_the_file_stands_in_the_store_the_database_the_log_or_an_answer(node: Kept) -> None:
    """Not the file, its name, its plain sha-256 or its salt, with an Idempotency-Key too."""
    content, name = bill(), f"{secrets.token_hex(8)}.csv"
    answer = node.put(content, f"name={name}&auditor=The auditor", Idempotency_Key=secrets.token_hex(8))
    sealed = (node.held / answer.json()["cid"]).read_bytes()
    salt = sealing.open_(sealed, [node.identities["operator"][0]]).salt
    everything = answer.content + b"".join(each.read_bytes() for each in node.held.iterdir())
    with node.node.engine.begin() as connection:
        for table in schema.metadata.sorted_tables:
            everything += repr(connection.execute(select(table)).all()).encode()
    for hidden in (content, name.encode(), hashlib.sha256(content).hexdigest().encode(), salt, salt.hex().encode()):
        assert hidden not in everything
    assert made_public(answer.json(), everything)


def made_public(answer: dict[str, Any], everything: bytes) -> bool:
    """The search above finds what is there."""
    return answer["commitment"].encode() in everything and answer["cid"].encode() in everything


# Who may do what: the operator's own file is sealed to the auditor, who took a request; `second` took none.
ALL = [*ROLES, "second", "operator's auditor", "operator's issuer", "operator's customer", "auditor's operator",
       "auditor's customer"]  # fmt: skip
READ = {"operator": 200, "auditor": 200, "rival": 404, "second": 404, "operator's auditor": 404,
        "auditor's operator": 404}  # fmt: skip


@pytest.mark.parametrize("who", ALL)
def test_only_its_operator_and_its_auditor_read_a_file_for_others_it_does_not_exist(node: Kept, who: str) -> None:
    made = node.put_kept(bill())
    answer = node.ask(who, "GET", f"/evidence/{made['cid']}")
    assert answer.status_code == READ.get(who, 403)
    listed = node.ask(who, "GET", "/evidence?limit=200")
    assert listed.status_code == (200 if who in READ else 403)
    shows = who in READ and made["cid"] in {each["cid"] for each in listed.json()["items"]}
    assert shows == (READ.get(who) == 200)


@pytest.mark.parametrize("who", ALL)
def test_only_an_operator_brings_files_and_only_its_own_organisation_copies_or_deletes_them(
    node: Kept, who: str
) -> None:
    made, content = node.put_kept(bill()), bill()
    sealed, _ = node.sealed(content, "operator", "second")
    roles = "operator" if who.endswith("operator") else ROLES.get(who, "other")
    brought = node.put(content, "", who)
    assert brought.status_code == (201 if roles == "operator" else 403), brought.text
    node.late(made["cid"])
    foreign = 404 if roles == "operator" else 403
    if who != "operator":
        copied = node.ask(who, "POST", f"/evidence/{made['cid']}/copies?auditor=The second", content=sealed)
        assert copied.status_code == foreign
        assert node.ask(who, "DELETE", f"/evidence/{made['cid']}").status_code == foreign
        assert node.ask("operator", "GET", f"/evidence/{made['cid']}").status_code == 200


def test_without_a_key_there_is_no_evidence(node: Kept) -> None:
    made = node.put_kept(bill())
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{made['cid']}"), ("DELETE", f"/{made['cid']}")):
        assert node.ask("", method, f"/evidence{path}").status_code == 401


def test_an_auditor_reads_what_is_sealed_to_it_from_when_it_takes_a_request(node: Kept) -> None:
    with node.node.engine.begin() as connection:
        node.keys["third"] = keys.add(connection, "The third", "auditor", 30)
    node.done("third", "PUT", "/evidence-keys", {"public_key": sealing.new_identity()[1]})
    made = node.put_kept(bill(), "auditor=The third")
    assert node.ask("third", "GET", f"/evidence/{made['cid']}").status_code == 404
    node.take("third")
    assert node.ask("third", "GET", f"/evidence/{made['cid']}").status_code == 200
    assert node.ask("auditor", "GET", f"/evidence/{made['cid']}").status_code == 404


def test_what_a_client_seals_is_kept_as_it_is_and_the_node_never_sees_the_file(node: Kept) -> None:
    sealed, commitment = node.sealed(bill(), "operator", "auditor")
    made = node.put_kept(sealed, f"auditor=The auditor&commitment={commitment}")
    assert (made["cid"], made["commitment"], made["sealed_by"]) == (cid_of(sealed), commitment, "client")
    assert node.ask("auditor", "GET", f"/evidence/{made['cid']}").content == sealed
    plain = node.put(bill(), f"commitment={commitment}")
    assert plain.status_code == 422 and "is not sealed" in plain.json()["detail"]
    again = node.put(sealed, f"commitment={commitment}", "rival")
    assert again.status_code == 409 and "before" in again.json()["detail"]


def test_a_new_auditor_gets_a_copy_of_the_same_commitment_and_date(node: Kept) -> None:
    content = bill()
    made = node.put_kept(content)
    old = node.ask("operator", "GET", f"/evidence/{made['cid']}").content
    file = sealing.open_(old, [node.identities["operator"][0]])
    sealed = sealing.seal(file, [node.identities[who][1] for who in ("operator", "second")])
    copied = node.ask("operator", "POST", f"/evidence/{made['cid']}/copies?auditor=The second", content=sealed)
    assert copied.status_code == 201, copied.text
    copy = copied.json()
    assert (copy["commitment"], copy["kept_until"]) == (made["commitment"], made["kept_until"])
    assert (copy["replaces"], copy["auditor"]) == (made["cid"], "The second")
    node.take("second")
    got = node.ask("second", "GET", f"/evidence/{copy['cid']}").content
    opened = sealing.open_(got, [node.identities["second"][0]], bytes.fromhex(made["commitment"][2:]))
    assert opened.content == content


def test_a_file_is_kept_until_its_date_and_then_deleted_from_the_store_too(node: Kept) -> None:
    made = node.put_kept(bill())
    early = node.ask("operator", "DELETE", f"/evidence/{made['cid']}")
    assert early.status_code == 409 and "it is kept until 20" in early.json()["detail"]
    node.late(made["cid"])
    assert node.ask("operator", "DELETE", f"/evidence/{made['cid']}").status_code == 204
    assert node.ask("operator", "GET", f"/evidence/{made['cid']}").status_code == 404
    assert not (node.held / made["cid"]).exists()
    assert node.ask("operator", "DELETE", f"/evidence/{made['cid']}").status_code == 204  # the store is asked again
    done = [each for each in node.done("admin", "GET", "/actions?limit=200") if each["target"] == made["cid"]]
    assert [each["verb"] for each in done] == ["evidence kept", "evidence deleted"]


def test_what_was_deleted_is_not_brought_back_under_its_name(node: Kept) -> None:
    sealed, commitment = node.sealed(bill(), "operator")
    made = node.put_kept(sealed, f"commitment={commitment}")
    node.late(made["cid"])
    node.ask("operator", "DELETE", f"/evidence/{made['cid']}")
    assert node.put(sealed, f"commitment={commitment}").status_code == 409
    assert not (node.held / made["cid"]).exists()


@pytest.mark.parametrize("what", ["altered", "missing"])
def test_altered_and_missing_evidence_is_named_and_never_given(node: Kept, what: str) -> None:
    made = node.put_kept(bill())
    file = node.held / made["cid"]
    content = file.read_bytes()
    file.unlink()
    if what == "altered":
        file.write_bytes(content[:-1] + bytes((content[-1] ^ 1,)))
    answer = node.ask("operator", "GET", f"/evidence/{made['cid']}")
    assert answer.status_code == 502 and answer.headers["content-type"] == "application/problem+json"
    assert f"{made['cid']} is {what}" in answer.json()["detail"]
    assert str(node.held) not in answer.text  # where the node keeps it is the node's business


def test_an_upload_is_done_once_for_its_idempotency_key(node: Kept) -> None:
    content, key = bill(), secrets.token_hex(8)
    before = len(list(node.held.iterdir()))
    first, again = (node.put(content, Idempotency_Key=key) for _ in range(2))
    assert first.json() == again.json() and again.headers["idempotent-replayed"] == "true"
    assert node.put(bill(), Idempotency_Key=key).status_code == 409
    assert len(list(node.held.iterdir())) == before + 1


def test_requests_at_once_with_one_key_leave_one_file(node: Kept) -> None:
    content, key = bill(), secrets.token_hex(8)
    before = {each.name for each in node.held.iterdir()}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: node.put(content, Idempotency_Key=key), range(4)))
    assert {each.status_code for each in answers} == {201} and len({each.text for each in answers}) == 1
    assert {each.name for each in node.held.iterdir()} - before == {answers[0].json()["cid"]}


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("auditor=Nobody", "no other organisation of auditors"),
        ("auditor=The operator", "no other organisation of auditors"),  # it has an auditor's key too
        ("auditor=The rival", "no other organisation of auditors"),
        ("days=0", "greater"), ("days=99999999", "less"), ("name=../x", "match"), ("commitment=0x12", "match"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_so_is_refused_before_anything_is_written(node: Kept, query: str, what: str) -> None:
    before = len(list(node.held.iterdir()))
    answer = node.put(bill(), query)
    assert answer.status_code == 422 and what in answer.json()["detail"]
    assert len(list(node.held.iterdir())) == before


def test_an_organisation_without_a_key_is_told_to_register_one(node: Kept) -> None:
    with node.node.engine.begin() as connection:
        node.keys["new"] = keys.add(connection, "The new", "operator", 30)
    answer = node.put(bill(), "", "new")
    assert answer.status_code == 409 and "/evidence-keys" in answer.json()["todo"]


def test_public_keys_of_auditors_and_ones_own_are_shown_and_a_secret_one_is_refused(node: Kept) -> None:
    missing = {"The third"} if "third" not in node.keys else set()
    shown = {each["organisation"]: each["public_key"] for each in node.done("operator", "GET", "/evidence-keys")}
    assert shown.keys() == {"The operator", "The auditor", "The second", "The third"} - missing
    assert shown["The auditor"] == node.identities["auditor"][1]
    secret = node.identities["operator"][0]
    answer = node.ask("operator", "PUT", "/evidence-keys", {"public_key": secret})
    assert answer.status_code == 422 and secret not in answer.text
    wrong = "age1" + "q" * 58
    assert node.ask("operator", "PUT", "/evidence-keys", {"public_key": wrong}).status_code == 422
    assert node.ask("customer", "PUT", "/evidence-keys", {"public_key": shown["The auditor"]}).status_code == 403


def test_a_changed_key_counts_for_what_is_sealed_from_then_on(node: Kept) -> None:
    old, new = node.identities["rival"], sealing.new_identity()
    made = node.put(bill(), "", "rival").json()
    node.done("rival", "PUT", "/evidence-keys", {"public_key": new[1]})
    later = node.put(bill(), "", "rival").json()
    for cid, identity in ((made["cid"], old[0]), (later["cid"], new[0])):
        assert sealing.open_(node.ask("rival", "GET", f"/evidence/{cid}").content, [identity])


def test_pages_of_the_list_lose_nothing(node: Kept) -> None:
    for _ in range(3):
        node.put_kept(bill())
    whole = node.done("operator", "GET", "/evidence?limit=200")["items"]
    paged, after = [], 0
    while after is not None:
        page = node.done("operator", "GET", f"/evidence?limit=2&after={after}")
        paged, after = paged + page["items"], page["next"]
    assert paged == whole and len(whole) >= 3


def test_a_node_without_a_store_says_so(node: Kept) -> None:
    kept, node.state.evidence = node.state.evidence, None
    try:
        answer = node.put(bill())
        assert answer.status_code == 503 and "--evidence" in answer.json()["todo"]
    finally:
        node.state.evidence = kept


def test_the_default_store_is_a_folder_beside_the_database(node: Kept) -> None:
    store = keeping.store_for(node.node.engine)
    assert (store is None) == bool(node.kept)
    assert store is None or store.name == f"folder {node.folder / 'evidence'}"


def test_a_key_that_is_limited_to_a_facility_reaches_no_evidence_which_is_the_organisations(node: Kept) -> None:
    with node.node.engine.begin() as connection:
        limited = keys.add(connection, "The operator", "operator", 30, scope=[f"1/{node.facility}"])
    node.keys["limited"], made = limited, node.put_kept(bill())
    asked = [("GET", ""), ("POST", ""), ("GET", f"/{made['cid']}"), ("DELETE", f"/{made['cid']}")]
    assert {node.ask("limited", method, f"/evidence{path}").status_code for method, path in asked} == {404}
    assert node.put(bill(), "", "limited").status_code == 404


def test_a_check_of_the_whole_node_names_what_is_wrong(node: Kept) -> None:
    """With the command of who runs it: fine files are not named, and no file of the node is unknown."""
    gone, fine = node.put_kept(bill()), node.put_kept(bill())
    (node.held / gone["cid"]).unlink()
    url = node.kept or f"sqlite:///{node.folder / 'node.db'}"
    done = CliRunner().invoke(commands, ["evidence", "check", "--store", str(node.held), "--database", url, "--json"])
    found = {each["cid"]: each["what"] for each in json.loads(done.stdout)["findings"]}
    assert done.exit_code == 1 and found[gone["cid"]] == "missing" and fine["cid"] not in found
    assert "unknown" not in found.values()


def test_the_log_of_actions_is_whole_after_all_of_it(node: Kept) -> None:
    with node.node.engine.begin() as connection:
        assert actions.faults(connection) == []
        details = connection.scalars(select(schema.action.c.detail)).all()
    assert not any("salt" in json.loads(each) for each in details)
