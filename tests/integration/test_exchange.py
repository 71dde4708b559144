"""A claim in the forms of others: credential, PACT, EnergyTag, CAD Trust; what is read back is what was proven."""

from __future__ import annotations

import base64
import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("joserfc", reason="credentials need the extra `exchange`")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from carbon_tokens import exchange
from carbon_tokens.certificate import CertificateFacts, gather
from carbon_tokens.certificate.wording import FORBIDDEN
from carbon_tokens.claims import Documents
from carbon_tokens.claims.proof import read
from carbon_tokens.cli import app
from carbon_tokens.demo.hall import Hall
from carbon_tokens.demo.run import Demo
from carbon_tokens.errors import ExchangeRefused
from carbon_tokens.exchange.credential import issuer_of, new_key
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.hours import GranularCertificate

ROOT = Path(__file__).resolve().parents[2]
STATED = """
[pact]
companyName = "Lincoln Data"
companyIds = ["urn:company:example:lincoln"]
productDescription = "Operation of a storage node"
productIds = ["urn:product:example:lincoln-1"]
productNameCompany = "Lincoln 1"
fossilPercent = "100"
ipccCharacterizationFactors = ["AR4"]
crossSectoralStandards = ["GHGP-Corporate"]
exemptedEmissionsPercent = "5"
geographyCountry = "US"

[cadtrust."ACR:ACR774"]
unitType = "Reduction - technical"
unitRegistryLink = "https://acr2.apx.com"
countryJurisdictionOfOwner = "United States of America"
correspondingAdjustmentDeclaration = "Unknown"
correspondingAdjustmentStatus = "Not Started"

[energytag."%s"]
energy_source = "Wind"
device_technology_type = "Onshore wind"
device_production_start_date = "2015-01-01"
device_capacity = 10000000
device_location = [38.5, -98.1]
device_type = "generation"
registry_configuration = 1
issuance_datestamp = "2022-08-01"
expiry_datestamp = "2024-08-01"
country_of_issuance = "US"
issuance_post_energy_carrier_conversion = false
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demonstration's proof (proof.json), the hall's by the hour, and what is stated."""
    home = tmp_path_factory.mktemp("exchange")
    chain = Chain.connect(state=home / "chain.db")
    found = Demo(chain, ["--state", str(home / "chain.db")], home, lambda _: None).run()
    Path(str(found["proof"])).rename(home / "proof.json")
    ledger = Ledger.connect(chain, account("dev:admin", chain), deployments=home / "deployments", home=home)
    hall = Hall(chain, home, ledger, Documents(home / "documents"))
    hall.run()
    wind = hall.facts["wind"]
    (home / "stated.toml").write_text(STATED % f"{wind['registry']}:{wind['device']}")
    chain.close()
    return home


@pytest.fixture(scope="module")
def facts(home: Path) -> CertificateFacts:
    return gather(read(home / "proof.json"))


@pytest.fixture(scope="module")
def hourly(home: Path) -> CertificateFacts:
    return gather(read(home / "proof-hall.json"))


@pytest.fixture(scope="module")
def stated(home: Path) -> exchange.Stated:
    return exchange.Stated.read(home / "stated.toml")


def run(*words: object, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# ------------------------------------------------------------------------------------------------ credential
def _pem(curve: ec.EllipticCurve) -> bytes:
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return ec.generate_private_key(curve).private_bytes(*form)


@pytest.mark.parametrize(
    ("pem", "algorithm"),
    [(new_key(), "Ed25519"), (_pem(ec.SECP256R1()), "ES256"), (_pem(ec.SECP256K1()), "ES256K")],
    ids=["Ed25519", "P-256", "secp256k1"],
)
def test_a_signed_credential_verifies_and_is_compared_with_its_proof(
    home: Path, facts: CertificateFacts, pem: bytes, algorithm: str
) -> None:
    token = exchange.sign(exchange.credential(facts, issuer_of(pem)), pem)
    found = exchange.verify(token, proof=read(home / "proof.json"))
    assert (found.issuer, found.algorithm) == (issuer_of(pem), algorithm)
    assert found.facts == facts and found.content["credentialSubject"]["netGrams"] == facts.totals.net_g <= 0


def test_another_library_verifies_the_signature(facts: CertificateFacts, tmp_path: Path) -> None:
    """npm's jose, with the key out of the issuer's DID."""
    pem = new_key()
    token = exchange.sign(exchange.credential(facts, issuer_of(pem)), pem)
    script = """
import { compactVerify, importJWK, decodeProtectedHeader } from 'jose';
const token = process.argv[2], head = decodeProtectedHeader(token);
const jwk = JSON.parse(Buffer.from(head.kid.split(':')[2].split('#')[0], 'base64url'));
const { payload } = await compactVerify(token, await importJWK(jwk, head.alg));
console.log(JSON.parse(new TextDecoder().decode(payload)).type.join(' '));
"""
    path = ROOT / "build" / "verify-credential.mjs"
    path.parent.mkdir(exist_ok=True)
    path.write_text(script)
    done = subprocess.run(["node", str(path), token], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "VerifiableCredential NetEmissionsClaim"


def _tampered(token: str, change: Any) -> str:
    head, payload, signature = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(payload + "=="))
    change(content)
    made = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
    return f"{head}.{made}.{signature}"


def test_a_changed_credential_is_refused_whatever_was_changed(facts: CertificateFacts) -> None:
    pem = new_key()
    token = exchange.sign(exchange.credential(facts, issuer_of(pem)), pem)
    for change in (
        lambda each: each["credentialSubject"].update(netGrams=-1),
        lambda each: each.update(validFrom="2020-01-01T00:00:00Z"),
        lambda each: each["credentialSubject"]["certificate"]["totals"].update(net_g=-5),
        lambda each: each.update(issuer=issuer_of(new_key())),
    ):
        with pytest.raises(ExchangeRefused, match="signature"):
            exchange.verify(_tampered(token, change))


def test_whoever_signs_a_lie_is_found_by_form_or_by_the_proof(home: Path, facts: CertificateFacts) -> None:
    pem = new_key()
    content = exchange.credential(facts, issuer_of(pem))
    content["credentialSubject"]["netGrams"] = -1
    with pytest.raises(ExchangeRefused, match="says otherwise"):
        exchange.verify(exchange.sign(content, pem))
    better = facts.to_json()
    better["totals"]["offsets_g"] += 1_000_000
    better["totals"]["net_g"] -= 1_000_000
    lie = exchange.credential(CertificateFacts.from_json(better), issuer_of(pem))
    with pytest.raises(ExchangeRefused, match="totals: not as the proof has it"):
        exchange.verify(exchange.sign(lie, pem), proof=read(home / "proof.json"))


def test_a_key_signs_for_its_own_did_only_and_a_foreign_did_needs_its_key(facts: CertificateFacts) -> None:
    pem, other = new_key(), new_key()
    with pytest.raises(ExchangeRefused, match="another key"):
        exchange.sign(exchange.credential(facts, issuer_of(other)), pem)
    token = exchange.sign(exchange.credential(facts, "did:web:example.com"), pem)
    with pytest.raises(ExchangeRefused, match="is not known"):
        exchange.verify(token)
    public = serialization.load_pem_private_key(pem, None).public_key()
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    assert exchange.verify(token, key=public.public_bytes(*form)).issuer == "did:web:example.com"
    with pytest.raises(ExchangeRefused, match="signature"):
        exchange.verify(token, key=other)


def test_an_algorithm_of_none_or_of_a_shared_secret_is_refused(facts: CertificateFacts) -> None:
    pem = new_key()
    _, payload, signature = exchange.sign(exchange.credential(facts, issuer_of(pem)), pem).split(".")
    for algorithm in ("none", "HS256"):
        head = {"alg": algorithm, "typ": "vc+jwt", "kid": f"{issuer_of(pem)}#0"}
        forged = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
        with pytest.raises(ExchangeRefused, match="signature"):
            exchange.verify(f"{forged}.{payload}.{signature}")


def test_a_credential_that_nobody_signed_says_so(facts: CertificateFacts) -> None:
    assert exchange.verify(json.dumps(exchange.credential(facts, "did:web:example.com"))).issuer == ""


def test_the_commands_make_sign_and_verify(home: Path, tmp_path: Path) -> None:
    did = run("exchange", "key", tmp_path / "key.pem")["issuer"]
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0
    run("exchange", "key", tmp_path / "key.pem", code=1)
    made = ("exchange", "credential", home / "proof.json", "--out", tmp_path / "claim.jwt")
    assert run(*made, "--key", tmp_path / "key.pem")["issuer"] == did
    found = run("exchange", "verify", tmp_path / "claim.jwt", "--proof", home / "proof.json")
    assert found["verified"] and found["compared_with_proof"] and not found["warnings"]
    run("exchange", "verify", tmp_path / "claim.jwt", "--proof", home / "proof-hall.json", code=1)


def test_what_a_chain_once_answered_is_not_vouched_for(home: Path, facts: CertificateFacts) -> None:
    """Nobody could check it later; and a facility's name makes no claim by the back door."""
    said = facts.to_json()
    said["validity"] |= {"asked": True, "block": 99_999_999}
    with pytest.raises(ExchangeRefused, match="nobody can check later"):
        exchange.credential(CertificateFacts.from_json(said), "did:web:example.com")
    named = facts.to_json()
    named["facility"] |= {"name": "Climate neutral hosting"}
    with pytest.raises(ExchangeRefused, match="cannot support"):
        exchange.credential(CertificateFacts.from_json(named), "did:web:example.com")


# ------------------------------------------------------------------------------------------------ PACT
@pytest.mark.parametrize("basis", ["location", "market"])
def test_a_footprint_is_the_gross_total_exactly_and_never_net(
    facts: CertificateFacts, stated: exchange.Stated, basis: str
) -> None:
    made = exchange.footprint(facts, stated, basis)
    gross = facts.totals.gross_location_g if basis == "location" else facts.totals.gross_market_g
    assert Decimal(made["pcf"]["pcfExcludingBiogenicUptake"]) * 1000 == gross > facts.totals.net_g
    assert made["pcf"]["declaredUnitAmount"] == str(30 * 24)
    assert made["pcf"]["geographyCountry"] == "US" and made["companyName"] == "Lincoln Data"


def test_what_a_proof_cannot_say_is_asked_for_by_name(facts: CertificateFacts, stated: exchange.Stated) -> None:
    with pytest.raises(ExchangeRefused, match="companyName, companyIds"):
        exchange.footprint(facts, exchange.Stated(), "location")
    tables = json.loads(json.dumps(stated.tables))
    tables["pact"]["companyIds"] = ["no urn"]
    with pytest.raises(ExchangeRefused, match="does not match"):
        exchange.footprint(facts, exchange.Stated(tables), "location")
    tables["pact"] |= {"companyIds": ["urn:a:b"] * 1, "netEmissions": "0"}
    with pytest.raises(ExchangeRefused, match="netEmissions is unknown"):
        exchange.footprint(facts, exchange.Stated(tables), "location")
    for change, said in (
        ({"fossilPercent": "nan"}, "percentage"),
        ({"fossilPercent": "1e-400"}, "percentage"),
        ({"exemptedEmissionsPercent": "101"}, "percentage"),
        ({"exemptedEmissionsPercent": "0"}, "the boundary excludes sources"),
        ({"productDescription": "carbon neutral hosting"}, "cannot support"),
        ({"companyName": "A\nB"}, "not printed"),
    ):
        with pytest.raises(ExchangeRefused, match=said):
            exchange.footprint(facts, exchange.Stated({"pact": stated.tables["pact"] | change}), "market")


# ------------------------------------------------------------------------------------------------ CAD Trust
def test_units_are_the_offsets_that_were_retired(facts: CertificateFacts, stated: exchange.Stated) -> None:
    with pytest.raises(ExchangeRefused, match="were retired, and not by serial"):
        exchange.units(facts, stated)
    made = exchange.units(facts, stated, partial=True)
    assert sum(each["unit"]["unitCount"] for each in made) * 1_000_000 == facts.totals.offsets_g > 0
    for found, batch in zip(made, facts.offsets, strict=True):
        unit = found["unit"]
        assert found["project"] == {"currentRegistry": "ACR", "projectId": batch.device}
        assert (unit["unitBlockStart"], unit["unitBlockEnd"]) == (batch.serial_from, batch.serial_thru)
        assert unit["unitStatus"] == "Retired" and facts.claim.id in unit["unitStatusReason"]
        assert "part=" in unit["unitTags"] and batch.token in unit["unitTags"]


# ------------------------------------------------------------------------------------------------ EnergyTag
def test_bundles_are_the_hours_of_the_recs_and_number_each_wh_once(
    home: Path, hourly: CertificateFacts, stated: exchange.Stated
) -> None:
    certificate = GranularCertificate.read(home / "granular-certificate.json")
    made = exchange.bundles(hourly, [certificate], stated)
    assert sum(each["bundle_quantity"] for each in made) == hourly.totals.recs_wh == certificate.amount
    ends = 0
    for each in made:
        assert each["bundle_id_range_start"] == ends + 1
        assert each["bundle_id_range_end"] - ends == each["bundle_quantity"] * each["face_value"]
        ends = each["bundle_id_range_end"]
    assert len({each["production_starting_interval"] for each in made}) == len(made) > 300
    assert {each["certificate_status"] for each in made} == {"Cancelled"}


def test_bundles_need_hours_and_the_right_ones(
    home: Path, facts: CertificateFacts, hourly: CertificateFacts, stated: exchange.Stated
) -> None:
    certificate = GranularCertificate.read(home / "granular-certificate.json")
    with pytest.raises(ExchangeRefused, match="no REC of this claim"):
        exchange.bundles(facts, [certificate], stated)
    with pytest.raises(ExchangeRefused, match="no generation by hour"):
        exchange.bundles(hourly, [], stated)
    by_hour = CertificateFacts.from_json(hourly.to_json() | {"basis": "hourly"})
    extra = by_hour.recs[0].to_json() | {"token": "0x" + "02" * 32}
    more = CertificateFacts.from_json(by_hour.to_json() | {"recs": [by_hour.recs[0].to_json(), extra]})
    with pytest.raises(ExchangeRefused, match="not at hand"):
        exchange.bundles(more, [certificate], stated)
    other = GranularCertificate(certificate.registry, bytes(32), certificate.generation)
    with pytest.raises(ExchangeRefused, match="no REC of this claim"):
        exchange.bundles(hourly, [certificate, other], stated)


@pytest.mark.parametrize(
    "change",
    [{"device_capacity": 1}, {"expiry_datestamp": "2020-01-01"}, {"device_production_start_date": "2030-01-01"}],
)
def test_a_device_that_cannot_have_generated_this_is_refused(
    home: Path, hourly: CertificateFacts, stated: exchange.Stated, change: dict[str, Any]
) -> None:
    certificate = GranularCertificate.read(home / "granular-certificate.json")
    tables = json.loads(json.dumps(stated.tables))
    (name,) = tables["energytag"]
    tables["energytag"][name] |= change
    with pytest.raises(ExchangeRefused):
        exchange.bundles(hourly, [certificate], exchange.Stated(tables))


def test_no_form_makes_a_claim_that_is_forbidden(
    home: Path, facts: CertificateFacts, hourly: CertificateFacts, stated: exchange.Stated
) -> None:
    certificate = GranularCertificate.read(home / "granular-certificate.json")
    made = [exchange.footprint(facts, stated, "market"), exchange.units(facts, stated, partial=True),
            exchange.bundles(hourly, [certificate], stated)]  # fmt: skip
    made.append(exchange.credential(facts, "did:web:example.com"))
    assert not FORBIDDEN.search(json.dumps(made))


def test_the_commands_write_each_form(home: Path, tmp_path: Path) -> None:
    said = ("--stated", home / "stated.toml")
    run("exchange", "pact", home / "proof.json", "--out", tmp_path / "pact.json", *said)
    run("exchange", "cadtrust", home / "proof.json", "--out", tmp_path / "units.json", "--partial", *said)
    hours = ("--generation", home / "granular-certificate.json")
    found = run("exchange", "energytag", home / "proof-hall.json", "--out", tmp_path / "gc.json", *hours, *said)
    assert found["records"] == len(json.loads((tmp_path / "gc.json").read_text()))
    run("exchange", "pact", home / "proof.json", "--out", tmp_path / "none.json", code=1)
    assert not (tmp_path / "none.json").exists()
