"""Registries' real downloads: every serial accounted for, to the MWh and t that their publishers state."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from carbon_tokens import registries
from carbon_tokens.errors import StatementError
from carbon_tokens.registries import CRITERIA, Checked, Criteria, Entry

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared")) / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")

THREE = "recs/3D_2021/20211"
VROD = "offsets/berkeley_vrod_2021/"
NEW = "offsets/registry_2026/"
ISSUED = "issued, not retired"
# file, kind, batches, their MWh or t, rejected rows, MWh or t of all rows, and the one reason of the rejected
FILES = [
    ("recs/nar_retirement_certificates_2022.csv", "nar", 9, 817, 0, 817, ""),
    ("recs/irec_redemption_statements_SP_2022.csv", "i-rec", 443, 67_090, 0, 67_090, ""),
    ("recs/pdf/retirement_ewc_batch_796.pdf", "nar", 1, 9, 0, 9, ""),
    ("recs/pdf/retirement_ewc_batch_798.pdf", "wregis", 1, 4_039, 0, 4_039, ""),
    ("recs/pdf/NO_GO_6MWh_2020_cancellation.pdf", "go", 1, 6, 0, 6, ""),
    ("recs/SP_2022_step6_generationRecords.csv", "eac", 0, 0, 794, 153_196, "a delivery record"),
    ("recs/filecoin_EAC_purchase_summary.csv", "eac-summary", 0, 0, 22, 1_122, "a sum by node"),
    (THREE + "115_3D_PL_transaction_1_step2_orderSupply.csv", "eac-orders", 0, 0, 169, 83_734, "an order"),
    (THREE + "115_3D_PL_transaction_1_step3_match.csv", "eac-matches", 0, 0, 169, 83_734, "an order matched"),
    (THREE + "231_3D_delivery_step6_generationRecords.csv", "eac", 0, 0, 133, 84_374, "a delivery record"),
    (THREE + "231_3D_delivery_step7_certificate_to_contract.csv", "eac-allocations", 0, 0, 188, 83_734, "an alloc"),
    ("recs/3D_2021/US_GreenE_563MWh_Jan_to_August_2021.csv", "eac-delivery", 0, 0, 24, 563, "a delivery record"),
    (VROD + "CAR_retirements.csv", "car", 5_351, 49_547_885, 0, 49_547_885, ""),
    (VROD + "CAR_issuances.csv", "car-issuances", 0, 0, 2_864, 168_806_186, ISSUED),
    (VROD + "VCS_issuances.csv", "vcs-issuances", 0, 0, 6_750, 872_864_548, ISSUED),
    (NEW + "verra/transactions.csv", "verra", 100, 137_546, 100, 4_029_227, "still active"),
    (NEW + "american-carbon-registry/retirements.csv", "acr", 100, 298_881, 0, 298_881, ""),
    (NEW + "american-carbon-registry/cancellations.csv", "acr-cancellations", 0, 0, 50, 7_646_709, "cancelled"),
    (NEW + "american-carbon-registry/issuances.csv", "acr-issuances", 0, 0, 100, 7_749_713, ISSUED),
    (NEW + "arb_nc-arboc_issuance_sheet3.csv", "arb-issuances", 0, 0, 100, 8_069_970, ""),
    (NEW + "isometric/issuances.csv", "isometric-issuances", 0, 0, 100, 85_162.16, ISSUED),
    (NEW + "isometric/retirements.csv", "isometric", 0, 0, 100, 14_366.11, "the download states no serials"),
    ("onchain/moss_mco2_verra_serials.csv", "verra", 161, 3_041_044, 0, 3_041_044, ""),
    ("onchain/ewc_erc1888_redemptions_20220403.csv", "erc1888", 0, 0, 794, 153_196, "a planned redemption"),
]  # fmt: skip
PROJECTS = ("american-carbon-registry", "isometric", "verra")


def checked(*entries: Entry) -> Checked:
    met = Criteria({entry.source: dict.fromkeys(CRITERIA, "yes") for entry in entries}, "", "")
    return registries.check(entries, met)


def unit(text: str) -> int:
    return round(float(text) * 1_000_000)


@pytest.mark.parametrize(
    ("file", "kind", "kept", "amount", "rejected", "stated", "why"), FILES, ids=[each[0] for each in FILES]
)
def test_a_real_download_is_kept_or_rejected_row_by_row(
    file: str, kind: str, kept: int, amount: int, rejected: int, stated: float, why: str
) -> None:
    entries = registries.read(DATA / file)
    found = checked(*entries)
    assert {entry.kind for entry in entries} == {kind}
    assert (len(found.batches), len(found.rejects)) == (kept, rejected) and kept + rejected == len(entries)
    assert sum(batch.amount for batch, _ in found.batches) == amount * 1_000_000
    assert sum(entry.amount for entry in entries if entry.amount > 0) == unit(str(stated))
    assert all(each.why[0].startswith(why) and len(each.why) == 1 for each in found.rejects)
    assert registries.read(DATA / file, kind) == entries


def test_every_table_and_pdf_of_the_three_folders_is_one_of_these() -> None:
    there = {
        str(path.relative_to(DATA))
        for folder in ("recs", "offsets", "onchain")
        for path in (DATA / folder).rglob("*")
        if path.suffix in (".csv", ".pdf")
    }
    assert there == {each[0] for each in FILES} | {f"{NEW}{name}/projects.csv" for name in PROJECTS}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_real_list_of_projects_is_refused_as_one(name: str) -> None:
    with pytest.raises(StatementError, match="list of projects, not of certificates"):
        registries.read(DATA / NEW / name / "projects.csv")


def test_arbs_sheet_leaves_two_amounts_empty_and_they_are_not_taken_for_zero() -> None:
    found = checked(*registries.read(DATA / NEW / "arb_nc-arboc_issuance_sheet3.csv"))
    reasons = Counter(each.why[0] for each in found.rejects)
    assert reasons["no amount is stated"] == 2 and len(reasons) == 2


def test_a_real_certificate_of_nar_is_the_same_as_pdf_and_in_the_table_made_of_it() -> None:
    (pdf,) = registries.read(DATA / "recs/pdf/retirement_ewc_batch_796.pdf")
    table = registries.read(DATA / "recs/nar_retirement_certificates_2022.csv")
    assert (pdf.numbered, pdf.serials, pdf.amount) == (table[0].numbered, table[0].serials, table[0].amount)
    assert (pdf.vintage_start, pdf.vintage_end) == (table[0].vintage_start, table[0].vintage_end)
    assert pdf.beneficiary == table[0].beneficiary and "May 05, 2022" in pdf.details
    found = checked(pdf, *table)
    assert len(found.batches) == 8
    assert [each.entry.where for each in found.rejects] == [pdf.where, table[0].where]


def test_a_real_retirement_of_wregis_is_of_september_2020() -> None:
    ((batch, entry),) = checked(*registries.read(DATA / "recs/pdf/retirement_ewc_batch_798.pdf")).batches
    assert (batch.source, batch.serial_from, batch.serial_thru) == ("W4376/W4376-2020-09", 1, 4_039)
    assert (batch.vintage_start, batch.vintage_end) == (1_598_918_400, 1_601_510_400)
    assert entry.details.endswith("made with Numbers / macOS Version 10.16 (Build 20F71) Quartz PDFContext")  # retyped
    assert "retired 2022-05-05" in entry.details and entry.place == "CO" and entry.technology == "wind"


def test_a_real_cancellation_of_guarantees_of_origin_keeps_all_thirty_digits() -> None:
    ((batch, entry),) = checked(*registries.read(DATA / "recs/pdf/NO_GO_6MWh_2020_cancellation.pdf")).batches
    assert batch.serials.startswith("643002406556100800001283780265 to 643002406556100800001283780270 (")
    assert batch.source == "707052300010007985/643002406556100"
    assert (batch.serial_from, batch.serial_thru) == (800_001_283_780_265, 800_001_283_780_270)
    assert (batch.vintage_start, batch.vintage_end) == (1_601_510_400, 1_601_596_800)  # 1 October 2020
    assert (entry.name, entry.place, entry.technology) == ("Solhom kraftverk", "Norway", "hydro")
    assert entry.beneficiary == "Miner ID f02576"
    for said in ("2021083000078", "2021-01-01 to 2021-12-31", "For 2020 consumption. Energy Web AG (EWAG)"):
        assert said in entry.details


def test_a_sellers_delivery_in_mwh_is_what_was_recorded_of_it_in_wh() -> None:
    """Both columns are called ``volume_Wh``: 24 rows of 563 MWh, and 24 records of 563,000,000 Wh."""
    delivered = registries.read(DATA / "recs/3D_2021/US_GreenE_563MWh_Jan_to_August_2021.csv")
    recorded = registries.read(DATA / (THREE + "231_3D_delivery_step6_generationRecords.csv"))
    same = [entry for entry in recorded if entry.serials.startswith("US_GreenE_563MWh")]
    assert Counter(entry.amount for entry in delivered) == Counter(entry.amount for entry in same)
    assert sum(entry.amount for entry in same) == 563_000_000


def test_what_was_recorded_is_allocated_but_for_640_mwh() -> None:
    recorded = registries.read(DATA / (THREE + "231_3D_delivery_step6_generationRecords.csv"))
    allocated = registries.read(DATA / (THREE + "231_3D_delivery_step7_certificate_to_contract.csv"))
    of: Counter[str] = Counter()
    for entry in allocated:
        of[entry.source] += entry.amount
    left = [entry for entry in recorded if of[entry.serials] != entry.amount]
    assert all(entry.serials.startswith("US_GreenE_640MWh") and of[entry.serials] == 0 for entry in left)
    assert sum(entry.amount for entry in left) == 640_000_000


def test_every_redemption_statement_is_a_planned_redemption_of_the_same_energy_for_the_same_batch() -> None:
    def batch(entry: Entry) -> str:
        return entry.beneficiary.upper().partition("BATCH ID: ")[2]

    stated = {batch(entry): entry.amount for entry in registries.read(DATA / FILES[1][0])}
    planned = {batch(entry): entry.amount for entry in registries.read(DATA / FILES[-1][0])}
    assert len(stated) == 443 and len(planned) == 794
    assert all(planned[name] == amount for name, amount in stated.items())


def test_the_same_serial_of_verra_in_its_transactions_and_behind_a_token_is_kept_in_neither(tmp_path: Path) -> None:
    """No serial of the two files is the same today; one of the token's is put among the transactions."""
    token = registries.read(DATA / "onchain/moss_mco2_verra_serials.csv")
    transactions = DATA / NEW / "verra/transactions.csv"
    both = checked(*registries.read(transactions), *token)
    assert len(both.batches) == 261
    header = transactions.read_text(encoding="utf-8-sig").splitlines()[0]
    path = tmp_path / "transactions.csv"
    row = {
        "Vintage Start": "2014-07-01", "Vintage End": "2014-12-31", "ID": "1686", "Quantity Issued": "50",
        "Serial Number": token[0].serials, "Retirement/Cancellation Date": "2026-04-10",
    }  # fmt: skip
    path.write_text(f"{header}\n{','.join(row.get(name, '') for name in header.split(','))}\n")
    found = checked(*registries.read(path), *token)
    assert len(found.batches) == 160
    assert [each.why[0] for each in found.rejects] == [
        f"has serials of {token[0].where}",
        "has serials of transactions.csv:2",
    ]


def test_a_block_of_acr_is_cancelled_or_retired_and_no_serial_is_both() -> None:
    folder = DATA / NEW / "american-carbon-registry"
    found = checked(*registries.read(folder / "retirements.csv"), *registries.read(folder / "cancellations.csv"))
    assert (len(found.batches), len(found.rejects)) == (100, 50)


def test_a_block_of_car_has_one_number_in_the_whole_registry() -> None:
    """So that a block whose state or project is misspelled is still the same block."""
    entries = registries.read(DATA / VROD / "CAR_retirements.csv")
    heads = {entry.serials.rpartition("-")[0] for entry in entries}
    assert len(heads) == len({head.rpartition("-")[2] for head in heads}) == 1_537


def test_the_same_download_given_twice_is_kept_in_no_row() -> None:
    entries = registries.read(DATA / "onchain" / "moss_mco2_verra_serials.csv")
    assert len(registries.check([*entries, *entries]).rejects) == 2 * len(entries)
