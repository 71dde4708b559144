"""Claims the demo's month, writes its certificate (SVG) and proof (JSON), and verifies the proof.

Verification connects anew and knows the proof, the bills and the node's URL only; it fails with its reasons.
``brownie run prove --network anvil`` after retire; see brownie_chain.py for the chain.
"""

from __future__ import annotations

from carbon_tokens.claims import Documents, prove, verify, write_certificate
from carbon_tokens.errors import ProofError
from carbon_tokens.ledger.ids import claim_id
from scripts.brownie_chain import Network, existed, report


def main(folder: str = ".") -> None:
    with Network(folder) as network:
        month, operator = network.facts.month, network.ledger("operator")
        claim = claim_id(network.facility, month.number, month.number)
        holds = operator.is_valid(claim)
        report(f"claim {month}", existed("claim") if holds else operator.claim(network.facility, month))
        (totals,) = operator.status(network.facility, month)
        grams = f"gross location-based {totals.gross_location:,} g, gross market-based {totals.gross_market:,} g"
        print(f"{grams}, net {totals.net:,} g")
        proof = network.home / f"proof-{network.chain.id}.json"
        print(f"wrote {write_certificate(operator, claim, proof.with_suffix('.svg'))}")
        prove(operator, claim, proof, documents(network))
        print(f"wrote {proof}")
        outcome = verify(proof, rpc=network.url, inputs=network.facts.folder)
        if not outcome.verified:
            raise ProofError(f"not verified: {'; '.join(outcome.reasons)}", where=str(proof))
        print(f"VERIFIED by {len(outcome.checks)} checks")


def documents(network: Network) -> Documents:
    """What the hashes on chain stand for, made again from the demo's facts."""
    batches = [row.document for row in network.facts.certificates()]
    return Documents(given=[network.facts.description(), *network.facts.statements(network.facility), *batches])
