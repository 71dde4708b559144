"""Registries' real downloads: every serial accounted for, to the MWh and t that their publishers state."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from carbon_tokens import registries
from carbon_tokens.registries import CRITERIA, Criteria

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared")) / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")


@pytest.mark.parametrize(
    ("file", "kept", "rejected", "amount"),
    [
        ("recs/nar_retirement_certificates_2022.csv", 9, 0, 817),
        ("recs/irec_redemption_statements_SP_2022.csv", 443, 0, 67_090),
        ("recs/SP_2022_step6_generationRecords.csv", 0, 794, 0),
        ("offsets/registry_2026/verra/transactions.csv", 100, 100, 137_546),
        ("offsets/registry_2026/american-carbon-registry/retirements.csv", 100, 0, 298_881),
        ("offsets/registry_2026/isometric/retirements.csv", 0, 100, 0),
        ("offsets/berkeley_vrod_2021/CAR_retirements.csv", 5_351, 0, 49_547_885),
        ("onchain/moss_mco2_verra_serials.csv", 161, 0, 3_041_044),
    ],
)
def test_a_real_download_is_kept_or_rejected_row_by_row(file: str, kept: int, rejected: int, amount: int) -> None:
    entries = registries.read(DATA / file)
    met = Criteria({entry.source: dict.fromkeys(CRITERIA, "yes") for entry in entries}, "", "")
    found = registries.check(entries, met)
    assert (len(found.batches), len(found.rejects)) == (kept, rejected) and kept + rejected == len(entries)
    assert sum(batch.amount for batch, _ in found.batches) == amount * 1_000_000


def test_the_same_download_given_twice_is_kept_in_no_row() -> None:
    entries = registries.read(DATA / "onchain" / "moss_mco2_verra_serials.csv")
    assert len(registries.check([*entries, *entries]).rejects) == 2 * len(entries)
