"""Publishes the eGRID release of the demo's month: every region with a CO2e rate, in g/MWh, rounded up.

``brownie run load_factors --network anvil`` after deploy; see brownie_chain.py for the chain.
"""

from __future__ import annotations

from carbon_tokens.factors import egrid
from carbon_tokens.ledger.documents import factors_of
from scripts.brownie_chain import Network, report


def main(folder: str = ".") -> None:
    with Network(folder) as network:
        wanted = network.facts["factor"]
        release = egrid.release(wanted["year"], wanted["edition"])
        factors = factors_of(release.rates)
        receipts = network.ledger("publisher").publish_factors(release, factors)
        report(f"publish {release.dataset} {release.year} {release.edition}, {len(factors)} regions", receipts)
