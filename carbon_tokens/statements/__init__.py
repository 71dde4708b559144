"""What an auditor confirms: documents of integers whose canonical bytes have one hash, the evidence on chain.

Floats end below this package. A document is canonical JSON (RFC 8785) with integers and strings only; its evidence is
the sha-256 of those bytes, so anybody who holds the document can recompute the hash that the chain knows.
"""

from __future__ import annotations

from carbon_tokens.statements.auditable import Auditable, read_auditable
from carbon_tokens.statements.certificate import CertificateBatch
from carbon_tokens.statements.checking import check
from carbon_tokens.statements.factor import FactorReference, release_id
from carbon_tokens.statements.fleet import FleetOptions, FleetStatement
from carbon_tokens.statements.fleet_stating import build_fleet, restate_fleet
from carbon_tokens.statements.method import BOUNDARIES, MethodReference
from carbon_tokens.statements.restatement import Restatement, restate
from carbon_tokens.statements.statement import Input, Statement, build, build_without_energy

__all__ = [
    "Statement",
    "build",
    "build_without_energy",
    "FleetStatement",
    "FleetOptions",
    "build_fleet",
    "restate_fleet",
    "check",
    "Restatement",
    "restate",
    "Auditable",
    "read_auditable",
    "CertificateBatch",
    "FactorReference",
    "release_id",
    "MethodReference",
    "BOUNDARIES",
    "Input",
]
