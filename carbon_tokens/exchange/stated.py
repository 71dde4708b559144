"""What the caller states: a TOML file of fields that a standard needs and that no proof can say.

    [pact]                          one table for the company and its product
    [energytag."NAR:GEN2613"]       one for each device, by registry and the registry's own id
    [cadtrust."ACR:ACR774"]         one for each project

Everything in a table that is used goes into the result; a name that the standard does not have is an error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from carbon_tokens.errors import ExchangeRefused
from carbon_tokens.exchange.checked import honest


@dataclass(frozen=True, slots=True)
class Stated:
    """The tables of a file, by their names; ``file`` is said in errors."""

    tables: Mapping[str, Any] = field(default_factory=dict)
    file: str = "--stated"

    @classmethod
    def read(cls, path: Path) -> Stated:
        """The statements in a file. Raises ExchangeRefused if it is no TOML."""
        try:
            return cls(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ExchangeRefused(f"this is no TOML ({error})", where=path.name) from error

    def table(
        self, standard: str, needed: tuple[str, ...], optional: tuple[str, ...] = (), of: str = ""
    ) -> dict[str, Any]:
        """The fields stated for a standard, and of one device or project if ``of`` names it.

        Raises:
            ExchangeRefused: a needed field is not stated, or one that is not known is.
        """
        place = f'[{standard}."{of}"]' if of else f"[{standard}]"
        found: Any = self.tables.get(standard, {})
        found = found.get(of, {}) if of and isinstance(found, dict) else found
        if not isinstance(found, dict):
            raise ExchangeRefused(f"{place} is no table", where=self.file)
        if missing := [name for name in needed if name not in found]:
            todo = f"State them under {place}: a proof cannot say them."
            raise ExchangeRefused(f"{', '.join(missing)} not stated", where=f"{self.file} {place}", todo=todo)
        if unknown := sorted(set(found) - {*needed, *optional}):
            todo = f"Known: {', '.join((*needed, *optional))}."
            raise ExchangeRefused(f"{unknown[0]} is unknown", where=f"{self.file} {place}", todo=todo)
        return {name: self._sound(f"{place} {name}", value) for name, value in found.items()}

    def _sound(self, place: str, value: Any) -> Any:
        """A value as JSON has it: dates as text, texts without control characters, no claim that cannot be made."""
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, str) and not value.isprintable():
            raise ExchangeRefused("has characters that are not printed", where=f"{self.file} {place}")
        return honest(value)
