"""One MWh in California, on chain and off, by a hand calculation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from carbon_tokens.errors import Reverted
from carbon_tokens.factors import egrid
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.documents import factors_of
from carbon_tokens.ledger.ids import meter_id, release_id
from carbon_tokens.ledger.records import Audit
from carbon_tokens.periods import Month
from carbon_tokens.units import emissions_g

MONTH = Month.parse("2023-07")
MWH = 1_000_000  # Wh
# eGRID2023 rev1 prints 438.203 lb CO2e/MWh for CAMX: 438.203 x 453.59237 = 198,765.53731111 g, rounded up.
GRAMS = 198_766


def test_one_mwh_in_camx_2023_is_the_same_grams_on_chain_and_off(chain: Chain, deploy: Callable[..., Ledger]) -> None:
    ledger = deploy(chain)
    release = egrid.release(2023, "rev1")
    ledger.using(account("dev:publisher", chain)).publish_factors(release, factors_of(release.rates))
    assert emissions_g(MWH, egrid.rates("CAMX", 2023).factor) == GRAMS
    facility = ledger.using(account("dev:operator", chain)).add_facility("CAMX", "US", b"\x07" * 32).id
    assert facility is not None
    audit = Audit(
        facility, MONTH.number, 1, MWH, 0, GRAMS - 1, GRAMS, 0, MONTH.start, MONTH.end,
        meter_id("utility", "meter"), release_id("eGRID", 2023, "rev1"), b"\x08" * 32,
    )  # fmt: skip
    auditor = ledger.using(account("dev:auditor", chain))
    with pytest.raises(Reverted) as refusal:
        auditor.audit(audit)
    assert (refusal.value.error, refusal.value.args_) == ("Scope2Mismatch", (GRAMS, GRAMS))
    auditor.audit(replace(audit, scope2_location=GRAMS))
    assert ledger.account(facility, MONTH).scope2_location == GRAMS
