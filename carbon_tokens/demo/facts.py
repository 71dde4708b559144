"""The facts of ``data/demo``, and the documents that follow from them."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import rfc8785

from carbon_tokens import data_files
from carbon_tokens.energy import Reading, apply_pue, bills
from carbon_tokens.factors import egrid
from carbon_tokens.periods import Month
from carbon_tokens.statements import (
    FactorReference,
    Input,
    MethodReference,
    Restatement,
    Statement,
    build,
    build_without_energy,
    restate,
)
from carbon_tokens.statements.certificate_table import CertificateRow
from carbon_tokens.statements.certificate_table import read as read_certificates

_DESCRIBED = ("name", "city", "postal_code", "grid_region", "market_zone")


class Facts:
    """A facility-month as ``facility.toml`` and the tables beside it state it; sections by their names."""

    def __init__(self, folder: Path | None = None, month: Month | None = None, file: str = "facility.toml") -> None:
        self.folder = folder or data_files.path("demo")
        self._sections = tomllib.loads((self.folder / file).read_text(encoding="utf-8"))
        self.month = month or Month.parse(self["facility"]["month"])

    def __getitem__(self, section: str) -> dict[str, Any]:
        found: dict[str, Any] = self._sections[section]
        return found

    def description(self) -> bytes:
        """The facility's canonical description, whose hash is its metadata on chain."""
        return rfc8785.dumps({key: self["facility"][key] for key in _DESCRIBED})

    def factor(self) -> FactorReference:
        wanted = self["factor"]
        return FactorReference.of(egrid.rates(wanted["region"], wanted["year"], wanted["edition"]))

    def certificates(self) -> list[CertificateRow]:
        """The batch of RECs and the batch of offsets."""
        return [*read_certificates(self.folder / "certificates.csv"), *read_certificates(self.folder / "offsets.csv")]

    def readings(self) -> list[Reading]:
        """The month's electricity, from the bills."""
        power = self["electricity"]
        found = bills.readings(bills.read(self.folder / power["file"]), self.month)
        mine = [each for each in found if each.meter == power["meter"]]
        return mine if power["pue"] == "1" else [apply_pue(each, power["pue"], "data/demo") for each in mine]

    def statements(self, facility: int) -> list[Statement]:
        """The published electricity with its scope 2, and apart from it the illustrative scopes 1 and 3."""
        method, note = MethodReference.shipped(), self["electricity"]["note"]
        power = [build(each, self.factor(), facility=facility, method=method, notes=[note]) for each in self.readings()]
        other = build_without_energy(
            facility,
            self.month,
            method=method,
            quality="D",
            scope1_g=self["scope1"]["grams"],
            scope3_g=self["scope3"]["grams"],
            documents=[self._file()],
            notes=[f"Illustrative: {self[scope]['formula']}" for scope in ("scope1", "scope3")],
        )
        return [*power, other]

    def restatement(self, audited: list[Statement]) -> Restatement:
        """The illustrative restatement of what was audited."""
        new = self["restatement"]
        return restate(
            audited,
            new["reason"],
            energy_wh=new["energy_wh"],
            scope1_g=new["scope1_g"],
            scope3_g=new["scope3_g"],
            factor=self.factor(),
            method=MethodReference.shipped(),
            quality="D",
            inputs=[self._file()],
        )

    def _file(self) -> Input:
        digest = hashlib.sha256((self.folder / "facility.toml").read_bytes()).hexdigest()
        return Input("facility.toml", "document", "0x" + digest, 0, 0)
