"""The demonstration's second part: the month split among tenants, with the shares by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbon_tokens.allocation.shares import read
from carbon_tokens.demo import AllocatedDemo, Step
from carbon_tokens.ledger import Chain
from carbon_tokens.ledger.allocating import TenantProof

# 8,302,224 Wh, 5,879,757 g and 2,239,933 g (data/demo/README.md) by 3 : 2.5 : 1.5 : 1, see tests/unit/test_film.py.
BY_HAND = {
    "Tenant A": (3_113_334, 2_204_909, 839_975),
    "Tenant B": (2_594_445, 1_837_424, 699_979),
    "Tenant C": (1_556_667, 1_102_454, 419_987),
    "Operator": (1_037_778, 734_970, 279_992),
}
WHOLE = (8_302_224, 5_879_757, 2_239_933)


@pytest.mark.parametrize("chain", ["embedded", pytest.param("anvil", marks=pytest.mark.anvil)], indirect=True)
def test_the_demos_month_is_split_proven_claimed_and_adds_up(chain: Chain, tmp_path: Path) -> None:
    options = ["--rpc", chain.where] if chain.where.startswith("http") else ["--state", str(tmp_path / "chain.db")]
    said: list[Step] = []
    out = tmp_path / "out"
    out.mkdir()
    found = AllocatedDemo(chain, options, out, lambda each: said.append(each) if isinstance(each, Step) else None).run()
    split = found["allocation"]
    assert isinstance(split, dict)
    assert {name: tuple(share.values()) for name, share in split["shares"].items()} == BY_HAND
    assert tuple(split["sums"].values()) == tuple(split["account"].values()) == WHOLE
    assert (split["claimant_scope3_location_g"], split["claimant_scope3_market_g"]) == BY_HAND["Tenant A"][1:]
    proof = TenantProof.read(out / "share-tenant-b.json")
    assert proof.verify().location_g == WHOLE[1] and read(out / "allocation").root == proof.root
    assert any("second process: verified" in each.what for each in said)
    assert any("claim it again: refused" in each.what for each in said)
