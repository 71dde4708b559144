"""A certificate as a W3C Verifiable Credential (Data Model 2.0), secured as a JSON Web Token (VC-JOSE-COSE, vc+jwt).

    @context            the credentials' own, and terms of ours in place, so that nothing is looked up
    issuer              who signs: a did:jwk, which holds its own key, or a DID that the caller names
    validFrom           when it was claimed; no validUntil: it ends when its accounts change, which the chain says
    credentialSubject   the facts of the certificate (``certificate.facts``) as a JSON literal, and in short what counts
    credentialStatus    where that is asked: chain, contract and function (CAIP-2, CAIP-10)
    evidence            the proof, by its hash

What a signature adds is who vouches for these facts; that they are true is the proof's to show. So ``verify`` compares
a credential with its proof, if that is given. Sources: Verifiable Credentials Data Model v2.0 and Securing Verifiable
Credentials using JOSE and COSE (W3C Recommendations, 2025); did:jwk (DIF); RFC 7515, 7518, 8037, 9864.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from carbon_tokens.certificate import CertificateFacts, gather
from carbon_tokens.certificate.facts import CertificateFacts as Facts
from carbon_tokens.claims.proof import Proof
from carbon_tokens.errors import CarbonTokensError, ExchangeRefused, ExtraMissing
from carbon_tokens.exchange.checked import honest, instant, named, valid
from carbon_tokens.statements.document import parse

CONTEXT = "https://www.w3.org/ns/credentials/v2"
TYPE = "NetEmissionsClaim"
_DID = r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+"
_TERMS = f"urn:uuid:{named('terms', 1)}#"
_ALGORITHMS = {"Ed25519": "Ed25519", "P-256": "ES256", "secp256k1": "ES256K"}  # by curve


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that verified: its content, the facts in it, who signed ("" if nobody), and by which key."""

    content: dict[str, Any]
    facts: CertificateFacts
    issuer: str
    algorithm: str


def credential(facts: CertificateFacts, issuer: str) -> dict[str, Any]:
    """The credential of a claim, not signed yet.

    Args:
        issuer: a DID.

    Raises:
        ExchangeRefused: an issuer that is no DID; facts for which a chain was asked, because what it said then nobody
            can check later; or a facility whose name makes a claim that cannot be made.
    """
    if facts.validity.asked:
        what = "the facts say what a chain answered at one time, which nobody can check later"
        raise ExchangeRefused(what, where="validity", todo="Gather them from the proof alone.")
    if not re.fullmatch(_DID, issuer):
        raise ExchangeRefused(f"{issuer!r} is no DID", where="issuer")
    honest([facts.facility.name, facts.facility.place, facts.facility.description])
    chain = f"eip155:{facts.chain.id}"
    content = facts.to_json()
    made = {
        "@context": [CONTEXT, _context()],
        "id": f"urn:uuid:{named('credential', facts.proof_sha256, issuer)}",
        "type": ["VerifiableCredential", TYPE],
        "issuer": issuer,
        "validFrom": instant(facts.claim.time),
        "credentialSubject": {
            "id": f"{chain}:{facts.contract('CarbonTokens')}#{facts.facility.id}",
            "type": "Facility",
            "from": instant(facts.start),
            "until": instant(facts.end),
            "basis": facts.basis,
            "netGrams": facts.totals.net_g,
            "certificate": content,
        },
        "credentialStatus": {
            "id": f"{chain}:{facts.contract('NetEmissions')}#{facts.claim.id}",
            "type": "LiveClaim",
            "asks": "isValid(uint256)",
        },
        "evidence": [{"type": "ClaimProof", "sha256": facts.proof_sha256}],
    }
    return dict(valid("credential", made))


def sign(content: dict[str, Any], pem: bytes) -> str:
    """The credential as a token, signed by a private key: Ed25519, P-256 or secp256k1 in PEM.

    Raises:
        ExchangeRefused: no such key, or the issuer is another did:jwk than the key's.
    """
    key, curve = _key(pem)
    if not key.is_private:
        raise ExchangeRefused("is a public key, which signs nothing", where="key")
    own = did_of(key)
    issuer = content["issuer"]
    if issuer.startswith("did:jwk:") and issuer != own:
        raise ExchangeRefused("the issuer is the did:jwk of another key", where="issuer", todo=f"Issue it by {own}.")
    head = {"alg": _ALGORITHMS[curve], "typ": "vc+jwt", "cty": "vc", **_kid(issuer)}
    jws, algorithms = _jws()
    return str(jws.serialize_compact(head, json.dumps(content).encode(), key, algorithms=algorithms))


def verify(text: str, *, key: bytes | None = None, proof: Proof | None = None) -> Credential:
    """A signed credential, or one as plain JSON, which nobody vouches for.

    Args:
        key: the issuer's public key in PEM, for an issuer whose DID does not hold it.
        proof: the claim's proof, with which the facts are compared.

    Raises:
        ExchangeRefused: a signature, form or fact that is wrong, by name.
    """
    signed = not text.lstrip().startswith("{")
    content, algorithm = _opened(text.strip(), key) if signed else (_json(text.encode()), "")
    valid("credential", content)
    facts = _facts(content)
    if content != credential(facts, content["issuer"]):
        raise ExchangeRefused("the credential says otherwise than the certificate in it", where="credentialSubject")
    if proof is not None:
        _compare(facts, proof)
    return Credential(content, facts, content["issuer"] if signed else "", algorithm)


def new_key() -> bytes:
    """A new Ed25519 private key in PEM."""
    from joserfc.jwk import OKPKey

    return bytes(OKPKey.generate_key("Ed25519").as_pem(private=True))


def did_of(key: Any) -> str:
    """The did:jwk of a key: its public part itself."""
    public = {name: value for name, value in key.as_dict(private=False).items() if name in ("crv", "kty", "x", "y")}
    text = json.dumps(public, sort_keys=True, separators=(",", ":")).encode()
    return "did:jwk:" + base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def issuer_of(pem: bytes) -> str:
    """The did:jwk of a private key in PEM. Raises ExchangeRefused for what is none."""
    return did_of(_key(pem)[0])


def _opened(text: str, pem: bytes | None) -> tuple[dict[str, Any], str]:
    jws, algorithms = _jws()
    try:
        head = json.loads(_unpadded(text.split(".")[0]))
        issuer = str(_json(_unpadded(text.split(".")[1]))["issuer"])
        found = jws.deserialize_compact(text, _public(issuer, pem), algorithms=algorithms)
    except CarbonTokensError:
        raise
    except Exception as error:  # joserfc has an error of its own for each way in which a token can be wrong
        raise ExchangeRefused(f"the signature does not verify ({type(error).__name__})", where="credential") from error
    if head.get("typ") != "vc+jwt" or head.get("kid") != _kid(issuer).get("kid"):
        raise ExchangeRefused("the header is of no credential of this issuer", where="credential")
    return _json(found.payload), str(head["alg"])


def _kid(issuer: str) -> dict[str, str]:
    """A did:jwk has one key, which it names 0; of other DIDs the names of keys are not known here."""
    return {"kid": f"{issuer}#0"} if issuer.startswith("did:jwk:") else {}


def _public(issuer: str, pem: bytes | None) -> Any:
    """The issuer's public key, with the one algorithm that it is for."""
    from joserfc.jwk import JWKRegistry

    if issuer.startswith("did:jwk:"):
        jwk = json.loads(_unpadded(issuer.removeprefix("did:jwk:")))
        if not isinstance(jwk, dict) or "d" in jwk or jwk.get("crv") not in _ALGORITHMS:
            raise ExchangeRefused("the issuer's DID holds no public key that is known here", where="issuer")
        return JWKRegistry.import_key(jwk | {"alg": _ALGORITHMS[jwk["crv"]]})
    if pem is None:
        todo = "Give the issuer's public key: its DID does not hold it."
        raise ExchangeRefused(f"the key of {issuer} is not known", where="issuer", todo=todo)
    return _key(pem)[0]


def _key(pem: bytes) -> tuple[Any, str]:
    _jws()
    from joserfc.jwk import ECKey, OKPKey

    for kind in (OKPKey, ECKey):
        try:
            found = kind.import_key(pem)
            curve = str(found.as_dict(private=False)["crv"])
        except Exception:  # the other kind is tried; what neither reads is refused below
            continue
        if curve in _ALGORITHMS:
            return kind.import_key(pem, {"alg": _ALGORITHMS[curve]}), curve
    raise ExchangeRefused("is no key of Ed25519, P-256 or secp256k1 in PEM", where="key")


def _facts(content: dict[str, Any]) -> CertificateFacts:
    try:
        return Facts.from_json(content["credentialSubject"]["certificate"])
    except CarbonTokensError as error:
        raise ExchangeRefused(f"the certificate in it is none: {error}", where="credentialSubject") from error


def _compare(facts: CertificateFacts, proof: Proof) -> None:
    found, said = gather(proof).to_json(), facts.to_json()
    if wrong := [name for name in said if said[name] != found[name]]:
        raise ExchangeRefused(f"{', '.join(wrong)}: not as the proof has it", where="certificate")


def _context() -> dict[str, Any]:
    """Terms of ours: the certificate is a JSON literal, so that names in it mean nothing to a reader of JSON-LD."""
    names = (TYPE, "Facility", "LiveClaim", "ClaimProof", "from", "until", "basis", "netGrams", "asks", "sha256")
    return {name: _TERMS + name for name in names} | {"certificate": {"@id": f"{_TERMS}certificate", "@type": "@json"}}


def _json(text: bytes) -> dict[str, Any]:
    try:
        found = parse(text)
    except CarbonTokensError as error:
        raise ExchangeRefused(str(error), where="credential") from error
    if not isinstance(found, dict):
        raise ExchangeRefused("this is no credential", where="credential")
    return found


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _jws() -> tuple[Any, list[str]]:
    try:
        from joserfc import jws
    except ModuleNotFoundError as error:
        todo = "pip install 'carbon-tokens[exchange]'"
        raise ExtraMissing("a signed credential needs joserfc", where="credential", todo=todo) from error
    return jws, list(_ALGORITHMS.values())
