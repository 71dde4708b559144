"""A panel audits together: its signatures, those taken back, and its end, on real contracts of every chain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from carbon_tokens.errors import Reverted
from carbon_tokens.ledger import Audit, Chain, Ledger, account, audits, merged
from carbon_tokens.ledger.ids import note
from carbon_tokens.periods import Month

MONTH = Month.parse("2023-07")
ENERGY = 10_000_000

Deploy = Callable[..., Ledger]


def test_a_panel_of_two_of_three_audits_together(chain: Chain, deploy: Deploy) -> None:
    ledger = deploy(chain, "panel")
    members = {name: account(f"dev:{name}", chain) for name in ("auditor", "auditor-2", "anyone")}
    for each in members.values():
        ledger.grant_role("CarbonTokens", "AUDITOR_ROLE", each.address, "US")
    operator = ledger.using(account("dev:operator", chain))
    facility = operator.add_facility("CAMX", "US", note("panelled site")).id or 0
    registrar = ledger.using(account("dev:registrar", chain))
    registrar.set_panel(facility, 2, [each.address for each in members.values()])
    panel = ledger.panel(facility)
    assert panel.quorum == 2 and set(panel.members) == {each.address for each in members.values()}
    assert list(panel.members) == sorted(panel.members, key=lambda address: int(address, 16))

    figures = (ENERGY, 100_000, 4_000_000, 4_500_000, 300_000)
    statement = Audit(facility, MONTH.number, 1, *figures, MONTH.start, MONTH.end, note("m"), bytes(32), note("panel"))
    with pytest.raises(Reverted) as alone:
        ledger.using(members["auditor"]).audit(statement)
    assert alone.value.error == "PanelMissing"

    deadline = chain.time() + 86_400
    first = ledger.using(members["auditor"]).sign(audits(statement), deadline)
    with pytest.raises(Reverted) as one:
        operator.submit(first)
    assert one.value.error == "QuorumMissing"
    both = ledger.using(members["anyone"]).cosign(first)
    assert merged(both, ledger.using(members["anyone"]).sign(audits(statement), deadline)) == both

    assert not ledger.is_revoked(members["anyone"].address, both)
    ledger.using(members["anyone"]).revoke(both)
    assert ledger.is_revoked(members["anyone"].address, both)
    with pytest.raises(Reverted) as revoked:
        operator.submit(both)
    assert revoked.value.error == "SignatureRevoked"

    operator.submit(ledger.using(members["auditor-2"]).cosign(first))
    assert ledger.account(facility, MONTH).energy == ENERGY

    registrar.set_panel(facility, 0, [])
    assert ledger.panel(facility).members == () and not ledger.facility(facility).panelled


def test_only_a_registrar_sets_a_panel(chain: Chain, deploy: Deploy) -> None:
    operator = deploy(chain, "registrar").using(account("dev:operator", chain))
    facility = operator.add_facility("CAMX", "US", note("panelled site")).id or 0
    with pytest.raises(Reverted) as refused:
        operator.set_panel(facility, 1, [account("dev:auditor", chain).address])
    assert refused.value.error == "NotRegistrar"
