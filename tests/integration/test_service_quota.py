"""How much evidence an organisation may keep on a node: bytes and files, also when many are brought at once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
pytest.importorskip("pyrage", reason="sealing needs the extra `evidence`")
from carbon_tokens.service import keeping
from carbon_tokens.service.quotas import Amount
from tests.integration.desks import sign_in
from tests.integration.test_service_evidence import Kept, bill


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def node(anvil: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Kept]:
    kept = "" if request.param == "sqlite" else request.getfixturevalue("postgres")
    made = Kept(anvil, tmp_path_factory.mktemp("quota"), kept)
    with made.client:
        made.begin()
        yield made
    made.close()


@pytest.fixture
def tight(node: Kept) -> Iterator[Callable[[int, int], None]]:
    """Lets the operator keep so many bytes and files more than it keeps now."""
    before = state(node).quota

    def limited(size: int, files: int) -> None:
        now = node.done("operator", "GET", "/evidence-quota")
        state(node).quota = Amount(now["bytes_used"] + size, now["files_used"] + files)

    yield limited
    state(node).quota = before


def state(node: Kept) -> Any:
    app: Any = node.client.app
    return app.state


def count(node: Kept) -> tuple[int, int]:
    """Files in the store, and rows of them."""
    with node.node.engine.begin() as connection:
        return len(list(node.held.iterdir())), len(keeping.recorded(connection))


@pytest.mark.parametrize(("size", "files", "what"), [(100, 9, "bytes of evidence"), (10**9, 0, "files of evidence")])
def test_what_is_more_than_an_organisation_may_keep_is_refused_by_name_and_stands_nowhere(
    node: Kept, tight: Callable[[int, int], None], size: int, files: int, what: str
) -> None:
    tight(size, files)
    before = count(node)
    answer = node.put(bill())
    assert answer.status_code == 413 and answer.headers["content-type"] == "application/problem+json"
    assert what in answer.json()["detail"] and answer.json()["where"] == "quota" and answer.json()["todo"]
    assert count(node) == before


def test_a_quota_is_of_each_organisation_and_counts_sealed_bytes_to_the_last(
    node: Kept, tight: Callable[[int, int], None]
) -> None:
    for _ in range(3):
        node.put_kept(bill())
    sealed, commitment = node.sealed(bill(), "operator")
    tight(len(sealed), 1)
    assert node.put(sealed, f"commitment={commitment}").status_code == 201
    assert node.put(bill()).status_code == 413
    assert node.put(bill(), "", "rival").status_code == 201


def test_what_was_deleted_is_free_again(node: Kept, tight: Callable[[int, int], None]) -> None:
    cid = node.put_kept(bill())["cid"]
    tight(10**6, 0)
    assert node.put(bill()).status_code == 413
    node.late(cid)
    assert node.ask("operator", "DELETE", f"/evidence/{cid}").status_code == 204
    assert node.put(bill()).status_code == 201


def test_copies_for_another_auditor_count_too(node: Kept, tight: Callable[[int, int], None]) -> None:
    cid = node.put_kept(bill())["cid"]
    tight(10**6, 0)
    sealed, _ = node.sealed(bill(), "operator", "second")
    assert node.ask("operator", "POST", f"/evidence/{cid}/copies?auditor=The second", content=sealed).status_code == 413


def test_of_uploads_at_once_only_as_many_are_kept_as_there_is_room(
    node: Kept, tight: Callable[[int, int], None]
) -> None:
    tight(10**9, 3)
    before = count(node)
    with ThreadPoolExecutor(8) as pool:
        codes = [each.status_code for each in pool.map(lambda _: node.put(bill()), range(8))]
    assert sorted(codes) == [201] * 3 + [413] * 5 and count(node) == (before[0] + 3, before[1] + 3)


def test_the_same_request_again_is_answered_though_there_is_no_room_left(
    node: Kept, tight: Callable[[int, int], None]
) -> None:
    content, key = bill(), secrets.token_hex(8)
    tight(10**6, 1)
    first = node.put(content, Idempotency_Key=key)
    assert first.status_code == 201 and node.put(content, Idempotency_Key=key).json() == first.json()


def test_an_operator_sees_what_it_keeps_of_what_it_may_also_at_its_desk(node: Kept) -> None:
    node.put_kept(bill())
    said = node.done("operator", "GET", "/evidence-quota")
    assert said["bytes"] == state(node).quota.bytes and said["bytes_used"] > 0 and said["files_used"] > 0
    assert node.ask("customer", "GET", "/evidence-quota").status_code == 403
    sign_in(node.client, node.keys["operator"])
    page = node.client.get("/desk/months").text
    assert f"{said['files_used']} of {state(node).quota.files:,} files" in page
