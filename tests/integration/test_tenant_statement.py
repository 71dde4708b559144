"""A customer's statement: its share of the audited totals, what it is made of, each part provable; and all of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("pyarrow", reason="a fleet needs the extra `fleet`")

from carbon_tokens.allocation.shares import read, tenant_of
from carbon_tokens.cli import app
from carbon_tokens.errors import AllocationError, CarbonTokensError, ShareNotProven
from carbon_tokens.ledger import tenant_page
from carbon_tokens.ledger.tenant_statement import TenantStatement

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
MONTH = "2021-04"
OPERATOR, AUDITOR = ("--account", "dev:operator"), ("--account", "dev:auditor")
LANES = ("energy_wh", "location_g", "market_g")
CUSTOMERS = ("Acme", "Beta", "Gamma", "ourselves")


def run(*words: object, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the splits of two facilities: by rows of the demo's fleet, and without rows; and all statements."""
    home = tmp_path_factory.mktemp("tenants")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        run("allocate", DEMO / "fleet", "--out", "fleet")
        run("deploy", "--dev-roles", "--account", "dev:admin")
        run("factors", "load", "--year", 2021, "--account", "dev:publisher")
        details = ("--weights", "fleet/shares/MROW.csv", "--details", "fleet/customers.csv")
        sources = (("--bills", DEMO / "electricity.csv"), details), (("--scope1-g", 1000), details[:2])
        for at, (source, split) in enumerate(sources, 1):
            added = run("facility", "add", "--name", f"Hall {at}", "--zip", "68508", *OPERATOR)
            place = ("--facility", added["facility"], "--month", MONTH)
            run("audit", *place, *source, *AUDITOR)
            run("close", *place, *AUDITOR)
            run("commit", *place, *split, "--out", f"split{at}", *OPERATOR)
        for name in CUSTOMERS:
            run("share", "statement", "--allocation", "split1", "--tenant", name, "--out", f"statements/{name}")
        both = ("--allocation", "split2", "--allocation", "split1")
        run("share", "statement", *both, "--tenant", "Acme", "--out", "both", "--pdf")
    return home


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(home)
    return home


def test_a_customer_sees_its_share_on_chain_split_by_product_project_region_and_month(here: Path) -> None:
    found = run("share", "check", "statements/Acme/statement.json")
    (part,) = found["parts"]
    assert found["chain_checked"] and part["current"] and part["rows"] > 1
    assert found["share"] == part["share"] and part["totals"]["energy_wh"] == 7_906_880
    for kind in ("product", "project", "region", "month"):
        for lane in LANES:
            assert sum(each[lane] for each in found[f"by_{kind}"].values()) == found["share"][lane]
    assert set(found["by_region"]) == {"MROW"} and set(found["by_month"]) == {MONTH}
    assert {"database", "web"} <= set(found["by_product"])


def test_the_shares_of_all_customers_add_up_to_what_was_audited(here: Path) -> None:
    found = [run("share", "check", f"statements/{name}/statement.json") for name in CUSTOMERS]
    for lane in LANES:
        assert sum(each["share"][lane] for each in found) == found[0]["parts"][0]["totals"][lane]


def test_several_facilities_stand_in_one_statement_and_what_has_no_rows_says_so(here: Path) -> None:
    found = run("share", "check", "both/statement.json")
    assert [each["rows"] > 0 for each in sorted(found["parts"], key=lambda each: -each["rows"])] == [True, False]
    assert set(found["by_region"]) == {"MROW", "not split"}
    assert found["share"]["location_g"] == sum(each["share"]["location_g"] for each in found["parts"])


def test_the_page_shows_the_exact_amounts_and_asks_for_nothing(here: Path) -> None:
    text = Path("both/statement.html").read_text()
    found = run("share", "check", "both/statement.json")
    assert f"{found['share']['location_g']:,}" in text and f"{found['by_product']['web']['market_g']:,}" in text
    assert "committed without rows" in text
    assert not any(each in text for each in ("<script", "http://", "https://", "src="))


def test_the_pdf_carries_the_statement_and_is_the_same_each_time(here: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="reading it back needs the extra `pdf`")
    statement = TenantStatement.read("both/statement.json")
    content = Path("both/statement.pdf").read_bytes()
    assert tenant_page.pdf(statement) == content
    (attached,) = pypdf.PdfReader("both/statement.pdf").attachments["statement.json"]
    assert attached == Path("both/statement.json").read_bytes()


def _changes(content: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Statements with one thing changed: every number, hash and text of the part's rows, secret and proof."""
    found = list[tuple[str, dict[str, Any]]]()

    def walk(path: tuple[Any, ...], value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk((*path, key), item)
        elif isinstance(value, list):
            for at, item in enumerate(value):
                walk((*path, at), item)
        elif path[-1] != "type":
            made = json.loads(json.dumps(content))
            place = made
            for key in path[:-1]:
                place = place[key]
            if isinstance(value, int):
                place[path[-1]] = value + 1
            elif value.startswith("0x"):
                place[path[-1]] = value[:-1] + ("0" if value[-1] != "0" else "1")
            else:
                place[path[-1]] = value + "x"
            found.append((".".join(map(str, path)), made))

    walk(("parts", 0), content["parts"][0])
    return found


def test_every_changed_field_is_refused_offline_but_where_only_the_chain_knows(here: Path) -> None:
    content = json.loads(Path("statements/Acme/statement.json").read_text())
    passed = []
    changes = _changes(content)
    for path, made in changes:
        try:
            TenantStatement.from_json(made).verify()
            passed.append(path)
        except CarbonTokensError as error:
            assert error.what
    assert len(changes) > 25
    assert passed == [f"parts.0.proof.{name}" for name in ("allocations", "chain_id", "genesis")]
    for path in passed:
        made = dict(changes)[path]
        Path("changed.json").write_text(json.dumps(made))
        assert CliRunner().invoke(app, ["share", "check", "changed.json"]).exit_code != 0, path


def test_rows_moved_between_products_are_refused_although_they_add_up(here: Path) -> None:
    content = json.loads(Path("statements/Acme/statement.json").read_text())
    first, second, *_ = content["parts"][0]["detail"]["rows"]
    first["location_g"], second["location_g"] = first["location_g"] - 1, second["location_g"] + 1
    with pytest.raises(ShareNotProven, match="rows are not those"):
        TenantStatement.from_json(content).verify()


def test_another_customers_part_or_a_part_twice_is_refused(here: Path) -> None:
    acme, beta = (json.loads(Path(f"statements/{name}/statement.json").read_text()) for name in ("Acme", "Beta"))
    with pytest.raises(AllocationError, match="not of Acme"):
        TenantStatement.from_json(acme | {"parts": beta["parts"]})
    with pytest.raises(AllocationError, match="doubled"):
        TenantStatement.from_json(acme | {"parts": acme["parts"] * 2})


def test_an_auditor_checks_all_leaves_and_what_every_customer_was_given(here: Path) -> None:
    words = (
        "share",
        "audit",
        "--allocation",
        "split1",
        "--table",
        "fleet/shares/MROW.csv",
        "--statements",
        "statements",
    )
    found = run(*words)
    assert (found["passed"], found["tenants"], found["statements"]) == (True, 4, 4)


def test_the_auditor_is_told_who_is_missing_and_whose_statement_differs(here: Path, tmp_path: Path) -> None:
    lines = Path("fleet/shares/MROW.csv").read_text().splitlines()
    (tmp_path / "table.csv").write_text("\n".join([*lines[:-1], '"Delta",1,1,1']) + "\n")
    shutil.copytree("statements/Acme", tmp_path / "given" / "Acme")
    path = tmp_path / "given" / "Acme" / "statement.json"
    content = json.loads(path.read_text())
    content["parts"][0]["proof"]["share"]["energy_wh"] += 1
    path.write_text(json.dumps(content))
    words = ("--table", tmp_path / "table.csv", "--statements", tmp_path / "given")
    found = run("share", "audit", "--allocation", "split1", *words, code=1)
    said = "\n".join(found["faults"])
    assert f"0x{tenant_of('Delta').hex()} of table.csv has no share" in said
    assert f"0x{tenant_of('ourselves').hex()} has a share and is not in table.csv" in said
    assert "statement.json: Acme, 2021-04: the statement says" in said


def _moved(rows: list[list[str]]) -> None:
    rows[1][1], rows[2][1] = str(int(rows[1][1]) + 1), str(int(rows[2][1]) - 1)


def _salted_again(rows: list[list[str]]) -> None:
    rows[3][4] = rows[2][4]


def _left_out(rows: list[list[str]]) -> None:
    del rows[-1]


@pytest.mark.parametrize("change", [_moved, _salted_again, _left_out])
def test_a_leaf_file_that_was_changed_is_not_the_split(
    here: Path, tmp_path: Path, change: Callable[[list[list[str]]], None]
) -> None:
    folder = tmp_path / "split"
    shutil.copytree("split1", folder)
    path = folder / "shares.secret.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    with pytest.raises(AllocationError):
        read(folder)
    assert run("share", "audit", "--allocation", folder, code=1)["error"]


def test_two_splits_that_differ_are_compared_leaf_by_leaf(here: Path) -> None:
    assert run("share", "audit", "--allocation", "split1", "--against", "split1")["passed"]
    found = run("share", "audit", "--allocation", "split1", "--against", "split2", code=1)["faults"]
    assert len(found) == 4 and f"0x{tenant_of('Beta').hex()}" in "".join(found)


def test_a_split_that_is_not_on_chain_is_named(here: Path, tmp_path: Path) -> None:
    shutil.copytree(here, tmp_path / "copy")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path / "copy")
        facility = run("share", "audit", "--allocation", "split1")["facility"]
        place = ("--facility", facility, "--month", MONTH)
        run("restate", *place, "--energy-wh", 8_000_000, "--year", 2021, "--reason", "a late bill", *AUDITOR)
        assert "moved on" in run("share", "audit", "--allocation", "split1", code=1)["faults"][0]
        assert not run("share", "check", "statements/Acme/statement.json")["parts"][0]["current"]


def test_a_customer_with_a_facility_claims_each_share_of_its_statement_once(here: Path, tmp_path: Path) -> None:
    shutil.copytree(here, tmp_path / "copy")
    customer = ("--account", "dev:anyone")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path / "copy")
        tenant = run("facility", "add", "--name", "Office", "--zip", "68508", *customer)["facility"]
        Path("weights.csv").write_text(f"tenant,weight\n{tenant},3\nothers,7\n")
        added = run("facility", "add", "--name", "Hall 3", "--zip", "68508", *OPERATOR)
        for month in ("2021-05", "2021-06"):
            place = ("--facility", added["facility"], "--month", month)
            run("audit", *place, "--scope1-g", 1000, *AUDITOR)
            run("close", *place, *AUDITOR)
            run("commit", *place, "--weights", "weights.csv", "--out", month, *OPERATOR)
        both = ("--allocation", "2021-05", "--allocation", "2021-06")
        run("share", "statement", *both, "--tenant", tenant, "--out", "office")
        found = [run("share", "claim", "office/statement.json", *customer) for _ in range(2)]
        assert [(each["month"], each["scope3_location_g"]) for each in found] == [("2021-05", 300), ("2021-06", 300)]
        run("share", "claim", "office/statement.json", *customer, code=1)


def test_rows_that_cannot_be_bound_are_refused_by_name(here: Path, tmp_path: Path) -> None:
    table = tmp_path / "customers.csv"
    facility = f"0x{read('split1').audited_id >> 32 & (1 << 216) - 1:054x}"
    words = ("commit", "--facility", facility, "--month", MONTH, "--out", tmp_path / "new", *OPERATOR)
    table.write_text("customer,project\nA,b\n")
    done = CliRunner().invoke(app, list(map(str, (*words, "--weights", "fleet/shares/MROW.csv", "--details", table))))
    assert done.exit_code == 1 and not (tmp_path / "new").exists()
