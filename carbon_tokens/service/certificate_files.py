"""Files of a certificate: as its contract draws it, for anybody; and as sheet and picture from a proof that is put in.

The statements in a proof are the operator's to give, so a node prints the proof that somebody brings and publishes
none. The figures are the proof's, whether they hold is asked of the chain, and a claim that ended is not printed.
"""

from __future__ import annotations

import threading
from importlib.util import find_spec
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from carbon_tokens.certificate import CertificateFacts, gather, setting
from carbon_tokens.certificate.languages import Language, language
from carbon_tokens.claims.bundle import Bundle
from carbon_tokens.claims.proof import Proof
from carbon_tokens.errors import CarbonTokensError, CertificateRefused, NoAnswer
from carbon_tokens.nesting import loads
from carbon_tokens.service import answers as forms
from carbon_tokens.service import languages
from carbon_tokens.service.node import Node
from carbon_tokens.service.reading import Unknown
from carbon_tokens.service.rendering import Here, page

KINDS = {"pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png", "json": "application/json"}
Kind = Annotated[str, Form(pattern="^(pdf|svg|png|json)$")]
ChainId = Annotated[int, Path(ge=1, le=2**53, description="Id of a chain, EIP-155.")]
PATIENCE_S = 20.0  # for the sheet of somebody else
BATCHES = 1_000  # of RECs and offsets, on a sheet that is set while somebody waits: 2 s
_one_by_one = threading.Lock()
router = APIRouter(include_in_schema=False)


def kinds() -> list[str]:
    """What this node can write: all of it where Typst is installed, else the data alone."""
    return list(KINDS) if find_spec("typst") else ["json"]


@router.get("/claims/{chain_id}/{claim}")
def named(node: Here, chain_id: ChainId, claim: forms.ClaimId) -> Response:
    """To a claim's page from the id of its chain, as the code on a certificate has it; chains can share an id."""
    for each in node.reader.chains():
        if each["chain_id"] == str(chain_id):
            try:
                node.claim(each["id"], int(claim, 16))
            except Unknown:
                continue
            return RedirectResponse(f"/chains/{each['id']}/claims/{claim}", 307)
    raise Unknown(f"claim {claim} on a chain of id {chain_id}")


@router.post("/chains/{chain}/claims/{claim}/certificate")
def printed(
    request: Request, node: Here, chain: forms.ChainNumber, claim: forms.ClaimId,
    proof: Annotated[UploadFile, File()], kind: Kind,
) -> Response:  # fmt: skip
    """The certificate of a claim from its proof or bundle, as a file to keep."""
    spoken = language(languages.chosen(request.headers.get("accept-language", "")).code)
    url = str(getattr(request.app.state, "public_url", "") or request.base_url)
    if not _one_by_one.acquire(timeout=PATIENCE_S):
        return page(request, "no_answer.html", 503, what="other certificates are being written; try again later")
    try:
        given = _proof(proof.file.read())
        content = _made(kind, _facts(node, chain, claim, given), given, url, spoken)
    except NoAnswer as error:
        return page(request, "no_answer.html", 503, what=error.what)
    except (CarbonTokensError, ValueError) as error:
        fault = getattr(error, "what", str(error))
        return page(request, "not_printed.html", 422, fault=fault, chain=chain, claim=claim)
    finally:
        _one_by_one.release()
    headers = {"Content-Disposition": f'attachment; filename="certificate.{kind}"', "Cache-Control": "no-store"}
    return Response(content, media_type=KINDS[kind], headers=headers)


def _proof(content: bytes) -> Proof:
    """The proof that was put in, or that of a bundle. Raises StatementError or ValueError for what is neither."""
    value = loads(content)
    if not isinstance(value, dict):
        raise ValueError("a list or a number")
    return Bundle.from_json(value).proof if value.get("type") == Bundle.TYPE else Proof.from_json(value)


def _facts(node: Node, chain: int, claim: str, proof: Proof) -> CertificateFacts:
    """Raises CertificateRefused for a proof of another claim, one that does not verify, and a claim that ended."""
    follower = node.follower(chain)
    held = follower.chain
    if (proof.claim.id, proof.chain.id, proof.chain.genesis) != (claim, held.id, held.genesis):
        raise CertificateRefused("the proof is of another certificate")
    named = {each.name: each.address for each in proof.contracts}
    if any(each.address != named.get(name) for name, each in follower.views.deployments.items()):
        raise CertificateRefused("the proof is of other contracts than those that this node follows")
    with follower.lock:
        facts = gather(proof, held)
    if not facts.validity.valid:
        raise CertificateRefused(f"it does not hold now: {'; '.join(facts.validity.reasons[:3])}")
    return facts


def _made(kind: str, facts: CertificateFacts, proof: Proof, url: str, spoken: Language) -> Any:
    if kind == "json":
        return facts.canonical()
    if kind == "pdf":
        if len(facts.recs) + len(facts.offsets) > BATCHES:
            raise CertificateRefused(f"more than {BATCHES:,} batches: write it with carbon-tokens certificate")
        return setting.pdf(facts, proof, url, spoken)
    return setting.svg(facts, url, spoken) if kind == "svg" else setting.png(facts, url, spoken)
