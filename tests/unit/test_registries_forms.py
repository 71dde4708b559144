"""Each table that a registry or a buyer publishes is told by its header, and every row of it is a batch or says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbon_tokens import registries
from carbon_tokens.errors import StatementError
from carbon_tokens.registries import CRITERIA, KINDS, Checked, Criteria, Entry
from tests.registry_tables import (
    ACR_CANCELLED,
    ACR_ISSUED,
    ARB_ISSUED,
    CAR_ISSUED,
    DELIVERED,
    ISOMETRIC_ISSUED,
    REDEMPTION,
    STEP2,
    STEP3,
    STEP6,
    STEP7,
    SUMMARY,
    VCS_ISSUED,
)


def read(folder: Path, text: str, kind: str = "") -> list[Entry]:
    path = folder / "download.csv"
    path.write_text(text)
    return registries.read(path, kind)


def checked(entries: list[Entry]) -> Checked:
    met = {each.source: dict.fromkeys(CRITERIA, "yes") for each in entries}
    return registries.check(entries, Criteria(met, "criteria.csv", "00" * 32))


@pytest.mark.parametrize(
    ("text", "kind", "amount", "why"),
    [
        (ACR_ISSUED, "acr-issuances", 74_344, "issued, not retired"),
        (ACR_CANCELLED, "acr-cancellations", 847, "not retired (Convert to ARB offset credits)"),
        (CAR_ISSUED, "car-issuances", 126_155, "issued, not retired"),
        (VCS_ISSUED, "vcs-issuances", 12_630, "issued, not retired"),
        (ARB_ISSUED, "arb-issuances", 79_565, "sums of what is retired name no serial"),
        (ISOMETRIC_ISSUED, "isometric-issuances", 5_024.4, "issued, not retired"),
        (STEP6, "eac", 16, "import the redemption statement"),
        (DELIVERED, "eac-delivery", 22, "import the redemption statement"),
        (STEP2, "eac-orders", 1_738, "an order is no certificate"),
        (STEP3, "eac-matches", 1_738, "an order matched to a node is no certificate"),
        (STEP7, "eac-allocations", 1, "an allocation of a recorded certificate"),
        (SUMMARY, "eac-summary", 168, "a sum by node"),
        (REDEMPTION, "erc1888", 16, "a planned redemption"),
    ],
)
def test_what_is_no_retirement_with_serials_is_read_with_its_amount_and_rejected_with_its_reason(
    tmp_path: Path, text: str, kind: str, amount: float, why: str
) -> None:
    (entry,) = read(tmp_path, text)
    (reject,) = checked([entry]).rejects
    assert (entry.kind, entry.amount) == (kind, amount * 1_000_000)
    assert len(reject.why) == 1 and why in reject.why[0]
    assert read(tmp_path, text, kind) == [entry]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (STEP6.replace(",16000000,", ",16,"), "16 Wh are no whole MWh: does the column hold MWh"),
        (STEP6.replace(",16000000,", ",16000000.5,"), "parts of a Wh"),
        (DELIVERED.replace(",22,", ",22000000,"), "22000000 MWh are a TWh or more: does the column hold Wh"),
        (STEP7.replace(",1,", ",1000000,"), "does the column hold Wh"),
        (ISOMETRIC_ISSUED.replace("5024400", "5024.4"), "5024.4 credits are not 5024.4 kg"),
        (ISOMETRIC_ISSUED.replace("100.777", "100.7"), "is not 4923.623 + 100.7"),
        (ACR_ISSUED.replace(",344,", ",345,"), "74,344 is not 74,000 + 345"),
        (VCS_ISSUED.replace(",VCS1,", ",VCS2,"), "the project is VCS2 and 1"),
        (VCS_ISSUED.replace(",2007,", ",07,"), "'07' is no year"),
        (ARB_ISSUED.replace("79565.0", ""), "no amount is stated"),
        (ARB_ISSUED.replace("79565.0", "-1"), "no amount"),
        (CAR_ISSUED.replace('"126,155"', '"12,61,55"'), "no amount"),
        (ACR_CANCELLED.replace("847,12", "846,12"), "not retired"),
    ],
)
def test_a_row_whose_figures_contradict_each_other_says_so(tmp_path: Path, text: str, why: str) -> None:
    (reject,) = checked(read(tmp_path, text)).rejects
    assert why in "; ".join(reject.why)


def test_two_columns_of_one_name_in_another_unit_are_told_apart_by_what_stands_beside_them(tmp_path: Path) -> None:
    """``volume_Wh`` holds MWh where a seller delivers and Wh where it is recorded."""
    assert read(tmp_path, DELIVERED)[0].amount == 22 * 1_000_000
    assert read(tmp_path, STEP6)[0].amount == 16 * 1_000_000


def test_a_cancellation_takes_the_serials_from_a_retirement_that_claims_them_too(tmp_path: Path) -> None:
    cancelled = read(tmp_path, ACR_CANCELLED)
    retired = ACR_CANCELLED.replace("Cancellation Type", "Retired on Behalf of").replace("1 to 847", "847 to 848")
    found = checked(cancelled + read(tmp_path, retired.replace("847,Convert", "2,Convert"))).rejects
    assert [any("has serials of" in why for why in each.why) for each in found] == [True, True]


@pytest.mark.parametrize("header", ["protocol_slug,id", "Proponent,Crediting Period Start Date"])
def test_a_list_of_projects_is_refused_as_one(tmp_path: Path, header: str) -> None:
    with pytest.raises(StatementError, match="list of projects, not of certificates"):
        read(tmp_path, f"{header}\na,b\n")


def test_a_stated_kind_that_the_header_is_not_names_the_columns_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(StatementError, match=r"no download of kind nar.*Missing: nar_id, on_behalf_of"):
        read(tmp_path, STEP7, "nar")
    with pytest.raises(StatementError, match="it is a PDF"):
        read(tmp_path, STEP7, "wregis")
    with pytest.raises(StatementError, match=r"'narr' is no kind.*Known: nar, i-rec, verra"):
        read(tmp_path, STEP7, "narr")


def test_a_header_that_has_a_column_twice_is_refused(tmp_path: Path) -> None:
    """Or the last of them would count, whatever the first says."""
    with pytest.raises(StatementError, match="repeated column 'volume_MWh'"):
        read(tmp_path, "certificate,volume_MWh,order_folder,allocation,volume_MWh\nc,1,o,a,100\n")


def test_a_download_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StatementError, match="no rows"):
        read(tmp_path, STEP7.splitlines()[0] + "\n\n")


def test_every_kind_is_named_once() -> None:
    assert len(set(KINDS)) == len(KINDS) == 21
