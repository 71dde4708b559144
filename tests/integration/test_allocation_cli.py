"""Splitting, 24/7 matching and panels command by command, on the embedded chain."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from carbon_tokens.periods import Month
from tests.integration.commands import DEMO, MONTH, Json, answer, run

ENERGY, LOCATION, MARKET = 7_906_880, 5_099_884, 5_099_884  # as by hand in data/demo; no RECs: both methods agree
RESTATED = LOCATION + 600_000


def hours(path: str, energies: list[int]) -> None:
    starts = range(Month.parse("2021-04").start, Month.parse("2021-04").end, 3600)
    stamps = [datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:00Z") for start in starts]
    rows = [f"{stamp},{energy}" for stamp, energy in zip(stamps, energies, strict=True)]
    Path(path).write_text("\n".join(["hour_start_utc,energy_wh", *rows]) + "\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Json]:
    """An audited and closed month of the operator's, and a facility of a tenant."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("tenants"))
        answer("deploy", "--dev-roles")
        answer("factors", "load", "--year", 2021)
        place = ("facility", "add", "--zip", "68508", "--name")
        here = ("--facility", answer(*place, "Lincoln 1")["facility"])
        tenant = answer(*place, "Tenant A", "--account", "dev:broker")["facility"]
        answer("audit", *here, *MONTH, "--bills", DEMO / "electricity.csv")
        answer("audit", *here, *MONTH, "--scope1-g", 102_427, "--scope3-g", 1_400_000)
        answer("close", *here, *MONTH)
        Path("weights.csv").write_text(f"tenant,weight\n{tenant},3\nOther Ltd,1\n")
        said = {"split": answer("commit", *here, *MONTH, "--weights", "weights.csv", "--out", "split")}
        yield said | {"here": here, "tenant": tenant}


def test_allocate_commits_the_audited_totals_and_keeps_the_salts_from_others(site: Json) -> None:
    split = site["split"]
    assert (split["energy_wh"], split["location_g"], split["market_g"]) == (ENERGY, LOCATION, MARKET)
    assert (split["tenants"], split["depth"], split["version"]) == (2, 1, 2)
    assert answer("share", "show", *site["here"], *MONTH)["root"] == split["root"]
    assert stat.S_IMODE(Path("split").stat().st_mode) == 0o700


def test_a_split_is_not_replaced(site: Json) -> None:
    again = ("commit", *site["here"], *MONTH, "--weights", "weights.csv", "--out")
    assert "split already at version 2" in answer(*again, "other", code=1)["error"]["what"]
    assert not Path("other").exists()
    from_folder = ("commit", *site["here"], *MONTH, "--out", "split")
    assert answer(*from_folder, "--account", "dev:anyone", code=1)["error"]["kind"] == "Reverted"


def test_a_tenant_proves_claims_once_and_its_scope_3_is_shown(site: Json) -> None:
    tenant, mine = site["tenant"], ("--account", "dev:broker")
    answer("share", "prove", "--allocation", "split", "--tenant", tenant, "--out", "a.json")
    proven = answer("share", "verify", "a.json")
    share = {"energy_wh": 5_930_160, "location_g": 3_824_913, "market_g": 3_824_913}  # 3/4 of the totals
    assert proven["chain_checked"] and proven["current"] and proven["share"] == share
    assert "VERIFIED" in run("share", "verify", "a.json").stdout.splitlines()
    assert answer("share", "claim", "a.json", code=1)["error"]["kind"] == "Reverted"  # the operator is not the tenant
    claimed = answer("share", "claim", "a.json", "--into", tenant, *mine)
    assert (claimed["scope3_location_g"], claimed["scope3_market_g"]) == (3_824_913, 3_824_913)
    assert "before" in answer("share", "claim", "a.json", *mine, code=1)["error"]["what"]
    assert answer("share", "show", *site["here"], *MONTH)["claimed"] == {"version": 2, **share}
    assert answer("share", "show", *site["here"], *MONTH, "--tenant", "Other Ltd")["claimed"]["version"] == 0
    (own,) = answer("status", "--facility", tenant, *MONTH)["months"]
    assert own["gross_location_g"] == 3_824_913


def test_every_tenant_gets_a_proof_of_its_own(site: Json) -> None:
    proofs = answer("share", "prove", "--allocation", "split", "--out", "proofs")["proofs"]
    assert len(proofs) == 2
    found = [answer("share", "verify", each)["share"] for each in proofs]
    assert sum(each["energy_wh"] for each in found) == ENERGY


def test_a_restated_month_needs_a_new_split(site: Json) -> None:
    new = ("--energy-wh", ENERGY, "--scope1-g", 102_427, "--scope3-g", 2_000_000, "--reason", "more disks")
    answer("restate", *site["here"], *MONTH, *new)
    proof = ("share", "prove", "--allocation", "split", "--tenant", site["tenant"], "--out", "old.json")
    answer(*proof)
    assert answer("share", "verify", "old.json")["current"] is False
    assert answer("commit", *site["here"], *MONTH, "--out", "split", code=1)["error"]["kind"] == "AllocationError"


def test_shares_that_miss_the_totals_are_refused_before_anything_is_written(site: Json) -> None:
    rows = f"tenant,energy_wh,location_g,market_g\nA,{ENERGY},{RESTATED - 2},{RESTATED}\n"
    Path("shares.csv").write_text(rows)
    error = answer("commit", *site["here"], *MONTH, "--shares", "shares.csv", "--out", "short", code=1)["error"]
    assert error["kind"] == "SharesNotEqualTotal" and "location_g by -2" in error["what"]
    assert not Path("short").exists()


def test_the_restated_month_is_split_anew_into_a_new_folder(site: Json) -> None:
    again = ("commit", *site["here"], *MONTH, "--weights", "weights.csv", "--out")
    assert answer(*again, "split", code=1)["error"]["what"] == "exists already"
    assert answer(*again, "split-3")["version"] == 3


# ------------------------------------------------------------------------------------------------------- 24/7 by hours
def test_hours_are_issued_retired_matched_and_shown(site: Json) -> None:
    """By hand: the audited energy in equal hours; wind in the first 360 of 720 hours only, more than enough."""
    where = ("--registry", "NAR", "--device", "GEN1", "--region", "MROW", "--technology", "wind")
    answer("source", "add", "--class", "rec", *where)
    header = (
        "token_class,registry,source,serials,serial_from,serial_thru,amount,vintage_start,vintage_end,document_sha256"
    )
    month = "2021-04-01T00:00:00Z,2021-05-01T00:00:00Z"
    Path("rec.csv").write_text(f"{header}\nrec,NAR,GEN1,1 to 6,1,6,6000000,{month},0x{'1' * 64}\n")
    hours("wind.csv", [20_000] * 360 + [0] * 360)
    issue = ("hours", "issue", "rec.csv", "--generation", "wind.csv", "--out", "wind.json", "--to", "dev:operator")
    error = answer(*issue, code=1)["error"]
    assert "7,200,000 Wh" in error["what"] and error["where"] == "rec.csv:2" and not Path("wind.json").exists()
    assert answer(*issue, "--spread")["issued"] == 1
    assert answer(*issue, "--spread")["skipped"] == 1
    retired = answer("hours", "retire", "wind.json", *site["here"])
    assert retired["amount_wh"] == 6_000_000 and len(retired["approval"]) == 1

    hours("load.csv", [11_000] * 720)
    match = ("hours", "match", *site["here"], *MONTH, "load.csv", "--certificate", "wind.json")
    assert "7,920,000 Wh" in answer(*match, code=1)["error"]["what"]
    assert answer("hours", "show", *site["here"], *MONTH)["version"] == 0
    matched = answer(*match, "--spread")
    assert matched["matched_wh"] + matched["unmatched_wh"] == ENERGY and matched["current"]
    assert matched["matched_wh"] in range(ENERGY // 2 - 360, ENERGY // 2 + 361)
    assert "CFE score 50.0" in run("hours", "show", *site["here"], *MONTH).stdout


# ------------------------------------------------------------------------------------------------------------- panels
def test_a_panel_signs_together_and_takes_back(site: Json) -> None:
    here, may = site["here"], ("--month", "2021-05")
    two = ("--member", "dev:auditor", "--member", "dev:auditor-2")
    panel = answer("panel", "set", *here, "--quorum", 2, *two)
    assert answer("panel", "show", *here) == {"facility": here[1], "quorum": 2, "members": panel["members"]}
    answer("audit", *here, *may, "--bills", DEMO / "electricity.csv", "--sign", "audit.json")
    assert answer("panel", "submit", "audit.json", code=1)["error"]["kind"] == "Reverted"
    signed = answer("panel", "sign", "audit.json", "--out", "both.json", "--account", "dev:auditor-2")
    assert signed["action"] == "audit" and len(signed["auditors"]) == 2
    answer("panel", "submit", "both.json")
    (month,) = answer("status", *here, *may)["months"]
    assert month["energy_wh"] == 8_170_443

    stale = answer("panel", "close", *here, *may, "--out", "close.json", "--version", 7, code=3)["error"]
    assert "the totals of 2021-05 are of version 1, not 7" in stale["what"] and not Path("close.json").exists()
    begun = answer("panel", "close", *here, *may, "--out", "close.json", "--version", 1)
    assert (begun["version"], begun["energy_wh"]) == (1, 8_170_443)
    gross = ("gross_location_g", "gross_market_g")
    assert [begun[name] for name in gross] == [month[name] for name in gross]
    assert "energy_wh: 8,170,443" in run("panel", "sign", "close.json", "--out", "seen.json").stdout
    answer("panel", "sign", "close.json", "--account", "dev:auditor-2")
    assert answer("panel", "revoke", "close.json", "--account", "dev:auditor-2")["digest"] == begun["digest"]
    refused = answer("panel", "submit", "close.json", code=1)["error"]
    assert refused["kind"] == "Reverted"
    answer("panel", "close", *here, *may, "--out", "close.json", "--days", 31)
    answer("panel", "sign", "close.json", "--out", "close-2.json", "--account", "dev:auditor-2")
    answer("panel", "submit", "close.json", "close-2.json")
    assert answer("status", *here, *may)["months"][0]["closed"] is True

    new = ("--energy-wh", 8_000_000, "--reason", "a submeter read high")
    answer("panel", "restate", *here, *may, *new, "--out", "new.json")
    answer("panel", "sign", "new.json", "--account", "dev:auditor-2")
    answer("panel", "submit", "new.json")
    assert answer("status", *here, *may)["months"][0]["energy_wh"] == 8_000_000


def test_a_panel_signs_a_match_and_a_disallowance(site: Json) -> None:
    """After the panel was set and the hours were matched; last but one of this file."""
    here, second = site["here"], ("--account", "dev:auditor-2")
    token = answer("hours", "issue", "rec.csv", "--generation", "wind.csv", "--out", "w.json", "--spread")["token"]
    void = ("--token", token, "--amount", 1_000_000, "--evidence", "2" * 64)
    answer("panel", "disallow", *here, *MONTH, *void, "--out", "void.json")
    answer("panel", "sign", "void.json", *second)
    answer("panel", "submit", "void.json")
    error = answer("hours", "match", *here, *MONTH, "load.csv", "--spread", "--sign", "m.json")
    assert error["file"] == "m.json"
    answer("panel", "sign", "m.json", *second)
    assert "hours match" in run("panel", "submit", "m.json", code=2).stderr
    match = ("hours", "match", *here, *MONTH, "load.csv", "--spread", "--submit", "m.json", "--account", "dev:anyone")
    assert answer(*match, "--certificate", "wind.json", code=1)["error"]["kind"] == "Reverted"  # part of it is void
    assert answer(*match)["matched_wh"] == 0  # signed consumption, no certificate that counts


def test_a_contract_is_superseded_once_by_the_admin(site: Json) -> None:
    """Last of this file."""
    successor = answer("deploy", "--dev-roles")["contracts"]["CarbonTokens"]
    assert answer("supersede", "CarbonTokens", successor, code=3)["error"]["where"] == "contract"
    assert answer("supersede", "Allocations", successor, "--account", "dev:operator", code=1)
    assert answer("supersede", "Allocations", successor)["by"] == successor
    assert answer("supersede", "Allocations", successor, code=1)["error"]["kind"] == "Reverted"
