"""The certificate as the contract draws it."""

from __future__ import annotations

from pathlib import Path

from carbon_tokens.ledger.views import LedgerViews, data_uri


def write_certificate(ledger: LedgerViews, claim_id: int, path: Path | str) -> Path:
    """Writes the SVG of a claim's ``tokenURI``. Raises Reverted when there is no such claim."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data_uri(ledger.certificate(claim_id)["image"]))
    return path
