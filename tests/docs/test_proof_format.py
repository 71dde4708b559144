"""docs/proof-format.md says what the package does: constants, fields and the names of the checks."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from carbon_tokens.claims import bundle, bundle_checks, bundling, offline
from carbon_tokens.claims.account_events import Allocated, Closed, Confirmed, Disallowed, Retired
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.records import AccountPart, ClaimPart, FacilityPart, MatchingPart, SourcePart, TokenPart
from carbon_tokens.ledger.contracts import NAMES, Contract
from carbon_tokens.statements import CertificateBatch, FactorReference, FleetStatement, Restatement, Statement

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "proof-format.md").read_text()
ROWS = re.findall(r"^\| (\w+) \| (\w+)\((.*)\) \| `0x([0-9a-f]{64})` \|$", PAGE, re.MULTILINE)
KINDS = (
    Proof, FacilityPart, SourcePart, TokenPart, AccountPart, MatchingPart, ClaimPart, Confirmed, Closed, Disallowed,
    Retired, Allocated, Statement, FleetStatement, Restatement, CertificateBatch, FactorReference, bundle.Bundle,
    bundle.TreeEntry, bundle.CodeEntry, bundle.InputEntry, bundle.ShareEntry,
)  # fmt: skip
AMOUNTS = {"energy_wh", "scope1_g", "scope2_location_g", "scope2_residual_g", "scope3_g"}  # "the five amounts"


def test_every_event_has_the_topic_and_the_arguments_of_its_contract() -> None:
    events = {name: {each.topic.hex(): each for each in Contract.load(name).events.values()} for name in NAMES}
    assert len(ROWS) == 17
    for contract, name, arguments, topic in ROWS:
        event = events[contract][topic]
        assert event.name == name
        indexed = re.findall(r"\*\w+ (\w+)\*", arguments)
        assert indexed == [each["name"] for each in event.indexed]


@pytest.mark.parametrize("name", [*offline.CHECKS, *bundle_checks.CHECKS, bundle_checks.TRUSTED])
def test_every_check_stands_under_its_name(name: str) -> None:
    assert f"**{name}**" in PAGE


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_named(kind: type) -> None:
    named = {each.name for each in fields(kind)} - AMOUNTS  # type: ignore[arg-type]
    assert [name for name in sorted(named) if f"`{name}`" not in PAGE and f"**{name}**" not in PAGE] == []


def test_the_limit_of_headers_is_the_writers() -> None:
    assert f"at most {bundling.MOST_HEADERS:,}" in PAGE


@pytest.mark.parametrize("kind", [each for each in KINDS if hasattr(each, "TYPE")])
def test_every_type_is_named(kind: type) -> None:
    assert getattr(kind, "TYPE") in PAGE  # noqa: B009
