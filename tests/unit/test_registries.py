"""Registries' downloads become batches that can be issued; the rest is listed with its reason, and none is lost."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from carbon_tokens import registries
from carbon_tokens.errors import StatementError
from carbon_tokens.registries import CRITERIA, Criteria, Entry
from carbon_tokens.statements import certificate_table

NAR = "nar_id,project,type,serial,quantity,on_behalf_of\nGEN2613,Buckeye,Wind,{},{},Node\n"
IREC = (
    "from_id,to_id,volume_MWh,production_dates,device_row,n_ranges,location,beneficiary\n"
    "0000-0001-1666-7842,0000-0001-1666-7857,16.0,2021-04-01;2021-06-30,Longli Wind,1,CN-BJ,Node\n"
)
VERRA = (
    "Serial Number,Quantity Issued,Vintage Start,Vintage End,ID,Name,Methodology,Country/Area,"
    "Retirement Beneficiary,Retirement/Cancellation Date\n"
    "19385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1,425,2020-01-01,2020-12-31,1340,Bale,"
    "VM0015,Ethiopia,Acme,{}\n"
)
ACR = (
    "Credit Serial Numbers,Vintage Assignment Period Start Date,Vintage Assignment Period End Date,"
    "Quantity of Credits,Retired on Behalf of,Project ID,Project Name,Project Type,Project Site Country\n"
    'ACR-FR-1129-2025-2917-30932 to 35143,2/7/2025,3/19/2025,"4,212",AWS,ACR1129,Tradewater,ODS,FR\n'
)
CAR = (
    "Project ID,Vintage,Offset Credit Serial Numbers,Quantity of Offset Credits,Project Name,Project Type,"
    "Project Site Country,Retirement Reason Details\n"
    "CAR1008,2015,CAR-1-US-1008-27-845-WA-2015-2010-1 to 8645,8645,Beef,Digestion,US,EY 2017\n"
    "CAR1008,2014,CAR-1-US-1008-27-845-WA-2014-1806-1 to 440,440,Beef,Digestion,US,EY 2016\n"
)
ALL_MET = {name: "n/a" if name in ("supplier_rate", "direct_contract") else "yes" for name in CRITERIA}


def read(folder: Path, text: str, name: str = "download.csv") -> list[Entry]:
    path = folder / name
    path.write_text(text)
    return registries.read(path)


def met(*sources: str) -> Criteria:
    return Criteria(dict.fromkeys(sources, ALL_MET), "criteria.csv", "00" * 32)


def reasons(entries: list[Entry], criteria: Criteria | None = None) -> list[str]:
    return ["; ".join(each.why) for each in registries.check(entries, criteria).rejects]


def test_a_certificate_of_nar_has_its_vintage_in_its_serials(tmp_path: Path) -> None:
    entries = read(tmp_path, NAR.format("NAR-REC-2613-KS-12-2020-109286-4440 to 4448", 9))
    ((batch, entry),) = registries.check(entries, met("GEN2613")).batches
    assert (batch.serial_from, batch.serial_thru, batch.amount) == (4440, 4448, 9_000_000)
    assert (batch.vintage_start, batch.vintage_end) == (1_606_780_800, 1_609_459_200)  # December 2020
    assert batch.source == "GEN2613/NAR-REC-2613-KS-12-2020-109286" and entry.place == "KS"


def test_a_redemption_statement_of_i_rec_counts_its_sixteen_digits(tmp_path: Path) -> None:
    ((batch, _),) = registries.check(read(tmp_path, IREC), met("Longli Wind")).batches
    assert (batch.serial_from, batch.serial_thru, batch.amount) == (116_667_842, 116_667_857, 16_000_000)
    assert batch.vintage_end - batch.vintage_start == 91 * 86_400


def test_a_transaction_of_verra_is_issued_only_if_it_is_retired_there(tmp_path: Path) -> None:
    ((batch, _),) = registries.check(read(tmp_path, VERRA.format("2026-04-10"))).batches
    assert (batch.source, batch.serial_from, batch.amount) == ("VCS1340", 941_467_007, 425_000_000)
    assert reasons(read(tmp_path, VERRA.format(""))) == ["still active in the registry: retire it there first"]


def test_a_retirement_of_acr_reads_us_dates_and_thousands(tmp_path: Path) -> None:
    ((batch, entry),) = registries.check(read(tmp_path, ACR)).batches
    assert (batch.amount, batch.vintage_end - batch.vintage_start) == (4_212_000_000, 41 * 86_400)
    assert entry.beneficiary == "AWS"


def test_blocks_of_serials_that_each_begin_with_one_are_different_sources(tmp_path: Path) -> None:
    """The ledger lets the serials of a source only ascend."""
    batches = [batch for batch, _ in registries.check(read(tmp_path, CAR)).batches]
    assert [batch.serial_from for batch in batches] == [1, 1] and len({batch.source for batch in batches}) == 2


def test_serials_that_are_not_as_many_as_the_amount_are_rejected(tmp_path: Path) -> None:
    entries = read(tmp_path, NAR.format("NAR-REC-2613-KS-12-2020-109286-4440 to 4448", 10))
    assert reasons(entries, met("GEN2613")) == ["9 serials for 10 MWh"]


def test_of_entries_that_share_a_serial_none_is_kept_whatever_their_files(tmp_path: Path) -> None:
    first = read(tmp_path, NAR.format("NAR-REC-2613-KS-12-2020-109286-4440 to 4448", 9), "a.csv")
    again = read(tmp_path, NAR.format("NAR-REC-2613-KS-12-2020-109286-4448 to 4450", 3), "b.csv")
    other = read(tmp_path, NAR.format("NAR-REC-2613-KS-12-2020-109287-4440 to 4448", 9), "c.csv")
    assert reasons(first + again + other, met("GEN2613")) == ["has serials of b.csv:2", "has serials of a.csv:2"]


def test_a_range_within_an_earlier_one_is_found_behind_a_shorter_one(tmp_path: Path) -> None:
    """1–100, 5–6, 50–60: the third is in the first, not in its neighbor."""
    text = NAR.splitlines()[0] + "\n"
    for first, last in ((1, 100), (5, 6), (50, 60)):
        text += f"GEN1,P,Wind,NAR-REC-1-KS-12-2020-9-{first} to {last},{last - first + 1},N\n"
    found = reasons(read(tmp_path, text), met("GEN1"))
    assert found[2] == "has serials of download.csv:2" and len(found) == 3


def test_a_rec_needs_all_quality_criteria_and_an_offset_none(tmp_path: Path) -> None:
    entries = read(tmp_path, NAR.format("NAR-REC-2613-KS-12-2020-109286-4440 to 4448", 9))
    assert reasons(entries, met("GEN1")) == ["its quality criteria are not stated"]
    some = Criteria({"GEN2613": ALL_MET | {"only_claim": "no"}}, "c.csv", "00" * 32)
    assert reasons(entries, some) == ["not met: is the only instrument that carries the claim to that rate"]
    assert not registries.check(read(tmp_path, CAR)).rejects


def test_criteria_are_read_from_a_table_and_answered_by_yes_or_no(tmp_path: Path) -> None:
    path = tmp_path / "criteria.csv"
    path.write_text("source," + ",".join(CRITERIA) + "\nGEN2613," + ",".join(ALL_MET.values()) + "\n")
    assert Criteria.read(path).unmet("GEN2613") == [] and len(CRITERIA) == 8
    path.write_text(path.read_text().replace(",yes", ",n/a", 1))
    with pytest.raises(StatementError, match=r"conveys_rate is 'n/a'.*yes or no"):
        Criteria.read(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("retirement_id,credit_batch_size_total.credits,project_id,beneficiary.name\nr,531.0,p,W\n", "no serials"),
        (
            "attestation_id,certificate,volume_Wh,generatorName,energySource,country\na,c,5,g,wind,CN\n",
            "5 Wh are no whole MWh",
        ),
        (IREC.replace("7842", "7842.500000").replace("16.0", "15.5"), "cuts a certificate into parts"),
        (IREC.replace(",1,CN", ",2,CN"), "2 ranges of serials"),
        (NAR.format("NAR-REC-1", 1), "no serial range of NAR"),
        (NAR.format("NAR-REC-2613-KS-13-2020-109286-4440 to 4448", 9), "month"),
        (NAR.format("NAR-REC-2613-KS-12-2020-109286-4448 to 4440", 9), "before they start"),
        (ACR.replace('"4,212"', '"42,12"'), "no amount"),
        (VERRA.format("not yet"), "no day that this form writes"),
        (ACR.replace("2/7/2025", "2025-02-07"), "no day that this form writes"),
        (CAR.replace(",EY 2017", ""), "7 cells under 8 columns"),
    ],
)
def test_a_row_that_cannot_be_issued_says_why(tmp_path: Path, text: str, why: str) -> None:
    entries = read(tmp_path, text)
    assert why in reasons(entries, met("GEN2613", "Longli Wind"))[0]


def test_what_is_written_can_be_issued_and_what_was_rejected_is_listed(tmp_path: Path) -> None:
    entries = read(tmp_path, CAR) + read(tmp_path, VERRA.format(""), "verra.csv")
    checked = registries.check(entries)
    paths = tmp_path / "batches.csv", tmp_path / "rejects.csv"
    registries.write(checked, *paths)
    rows = certificate_table.read(paths[0])
    assert [row.document for row in rows] == [batch for batch, _ in checked.batches]
    with paths[1].open() as file:
        (reject,) = csv.DictReader(file)
    assert (reject["where"], reject["registry"]) == ("verra.csv:2", "Verra") and "still active" in reject["why"]
    assert len(rows) + 1 == len(entries)
    with pytest.raises(StatementError, match="exists"):
        registries.write(checked, *paths)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "", '"unfinished\n'])
def test_a_file_that_is_no_registrys_download_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(StatementError, match=r"no known download|no readable CSV"):
        read(tmp_path, text)


def test_the_table_names_where_each_batch_came_from_and_who_says_that_it_meets_its_criteria(tmp_path: Path) -> None:
    entries = read(tmp_path, NAR.format("NAR-REC-2613-KS-12-2020-109286-4440 to 4448", 9))
    registries.write(registries.check(entries, met("GEN2613")), tmp_path / "batches.csv", tmp_path / "rejects.csv")
    (row,) = certificate_table.read(tmp_path / "batches.csv")
    assert row.cells["note"] == "download.csv:2; retired for Node; meets its quality criteria by criteria.csv"


def test_batches_and_rejects_cannot_be_written_into_one_file(tmp_path: Path) -> None:
    """Or the rejects would overwrite the batches."""
    path = tmp_path / "out.csv"
    with pytest.raises(StatementError, match="cannot be one file"):
        registries.write(registries.check(read(tmp_path, CAR)), path, path)
    assert not path.exists()
