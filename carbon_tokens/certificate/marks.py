"""The two drawings of a certificate: a code that leads to its present state, and a rosette that no two claims share.

The rosette is an ornament as on share certificates: curves r = a + b cos(k t) whose numbers come from the claim's id.
It proves nothing; the code and the proof do.
"""

from __future__ import annotations

import hashlib
import math

from carbon_tokens.certificate.facts import CertificateFacts
from carbon_tokens.errors import CertificateRefused, ExtraMissing

_LONG = 120  # letters of an address
_PHASES = 3  # of each ring of the rosette
_STEPS = 6  # Bézier curves of each lobe


def address(facts: CertificateFacts, url: str = "") -> str:
    """Where the claim's present state is found: a node's page, or without one its name on its chain.

    The name is that of CAIP-22: ``eip155:<chain>/erc721:<contract>/<token>``.

    Args:
        url: address of a node, e.g. https://node.example.

    Raises:
        CertificateRefused: an address that a reader could not open.
    """
    if not url:
        contract = facts.contract("NetEmissions").lower()
        return f"eip155:{facts.chain.id}/erc721:{contract}/{int(facts.claim.id, 16)}"
    if not url.startswith(("https://", "http://")) or any(each.isspace() or not each.isprintable() for each in url):
        todo = "Give the node's address, e.g. https://node.example."
        raise CertificateRefused(f"{url!r} is no address of a page", where="url", todo=todo)
    return f"{url.rstrip('/')}/claims/{facts.chain.id}/{facts.claim.id}"


def code(text: str) -> list[str]:
    """The rows of a QR code, a digit for each module, without its margin. Raises ExtraMissing without segno."""
    try:
        import segno
    except ImportError as error:
        todo = "pip install 'carbon-tokens[report]'"
        raise ExtraMissing("a QR code needs segno, which is not installed", where="code", todo=todo) from error
    level = "m" if len(text) <= _LONG else "l"  # a long address with larger modules is read from farther away
    return ["".join("1" if each else "0" for each in row) for row in segno.make(text, error=level, micro=False).matrix]


def rosette(claim_id: str) -> list[list[list[float]]]:
    """The curves of a claim's rosette in the square from -1 to 1: closed, each of points with their directions.

    Every point is x, y and the derivatives that a cubic Bézier curve to the next needs, to three decimals.
    """
    seed = hashlib.sha256(bytes.fromhex(claim_id.removeprefix("0x"))).digest()
    rings = ((0.99, 0.80), (0.80, 0.52), (0.52, 0.22))
    return [_curve(*ring, seed[2 * number : 2 * number + 2], phase)
            for number, ring in enumerate(rings) for phase in range(_PHASES)]  # fmt: skip


def _curve(outer: float, inner: float, seed: bytes, phase: int) -> list[list[float]]:
    """A closed curve between two circles; several phases of it make a braid."""
    lobes = round(6 + 14 * outer) + seed[0] % 13
    start = math.tau * (seed[1] / 256 + phase / _PHASES)
    middle, depth, steps = (outer + inner) / 2, (outer - inner) / 2, _STEPS * lobes
    third = math.tau / steps / 3
    points = list[list[float]]()
    for step in range(steps):
        angle = math.tau * step / steps
        radius, slope = (
            middle + depth * math.cos(lobes * angle + start),
            -depth * lobes * math.sin(lobes * angle + start),
        )
        cos, sin = math.cos(angle), math.sin(angle)
        point = radius * cos, radius * sin, third * (slope * cos - radius * sin), third * (slope * sin + radius * cos)
        points.append([round(each, 3) for each in point])
    return points
