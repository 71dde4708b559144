"""What a tenant's share is made of, bound to its leaf: rows by project and product whose amounts are the share's.

    salt of the leaf = sha-256("carbon-tokens/share-detail/1" · secret 32 · sha-256(detail in canonical form))

A leaf hashes its salt, so the root on chain commits the operator to the detail as well: with the secret, the tenant
checks that these rows, and no others, stand behind its share. Without the secret nobody can guess them. The rows follow
the table ``customers.csv`` that ``allocate`` writes; where the account's totals are others than the table's (RECs were
retired since), each quantity of the share is split among the rows in proportion, by largest remainder.
"""

from __future__ import annotations

import csv
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import rfc8785

from carbon_tokens.allocation.shares.merkle_sum import LANES
from carbon_tokens.allocation.shares.proof import expect, octets, parse
from carbon_tokens.allocation.shares.share import Amounts, Share, split, tenant_of
from carbon_tokens.errors import AllocationError, ShareNotProven

TYPE = "carbon-tokens/share-detail/1"
_OWN = ("project", "product")
_PARTS = {
    "energy_wh": ("energy_wh",),
    "location_g": ("scope1_g", "scope2_location_g", "scope3_g"),
    "market_g": ("scope1_g", "scope2_market_g", "scope3_g"),
}  # columns of customers.csv that a quantity is the sum of
_COLUMNS = {"customer", "project", "service", "region", *(name for names in _PARTS.values() for name in names)}

Weight = tuple[str, str, Amounts]  # project, product, and what its part is in proportion to


@dataclass(frozen=True, slots=True)
class DetailRow:
    """A project's use of a product (a service of the provider): Wh and g CO2e."""

    project: str
    product: str
    amounts: Amounts

    def to_json(self) -> dict[str, Any]:
        return {"project": self.project, "product": self.product} | {n: getattr(self.amounts, n) for n in LANES}


@dataclass(frozen=True, slots=True)
class Detail:
    """The rows of one tenant in one region, by project and product, each once."""

    region: str
    rows: tuple[DetailRow, ...]

    def salt(self, secret: bytes) -> bytes:
        """The salt of the leaf that is bound to this, 32 bytes."""
        content = hashlib.sha256(rfc8785.dumps(self.to_json())).digest()
        return hashlib.sha256(TYPE.encode() + secret + content).digest()

    def to_json(self) -> dict[str, Any]:
        return {"type": TYPE, "region": self.region, "rows": [each.to_json() for each in self.rows]}

    @classmethod
    def from_json(cls, value: object) -> Detail:
        """The detail in parsed JSON. Raises AllocationError if it is none."""
        found = expect(value, TYPE, {"type", "region", "rows"})
        if not isinstance(found["region"], str) or not isinstance(found["rows"], list) or not found["rows"]:
            raise AllocationError("has no region or no rows", where="detail")
        rows = tuple(map(_row, found["rows"]))
        if len({(each.project, each.product) for each in rows}) < len(rows):
            raise AllocationError("a project's product stands there twice", where="detail")
        return cls(found["region"], rows)


@dataclass(frozen=True, slots=True)
class Bound:
    """A detail and the secret that binds it to a leaf."""

    detail: Detail
    secret: bytes

    def check(self, share: Share) -> None:
        """Whether the share's leaf is bound to this, and its amounts are the rows'. Raises ShareNotProven."""
        if self.detail.salt(self.secret) != share.salt:
            raise ShareNotProven("the rows are not those that the share was committed with", where="detail")
        sums = Amounts(*(sum(getattr(each.amounts, name) for each in self.detail.rows) for name in LANES))
        if sums != share.amounts:
            raise ShareNotProven("the rows do not add up to the share", where="detail")


def bound(
    shares: Iterable[Share], weights: Mapping[bytes, Sequence[Weight]], region: str
) -> Iterator[tuple[Share, Bound | None]]:
    """Each share with the salt that binds it to its rows; as it is where its tenant has none.

    Args:
        weights: of ``read_details``.
    """
    for share in shares:
        if not (found := weights.get(share.tenant)):
            yield share, None
            continue
        detail = Bound(Detail(region, _rows(share, found)), secrets.token_bytes(32))
        yield replace(share, salt=detail.detail.salt(detail.secret)), detail


def read_details(path: Path, region: str = "") -> tuple[str, dict[bytes, list[Weight]]]:
    """Rows of a region by tenant, from the table customers.csv of ``allocate``; and the region.

    Raises:
        AllocationError: no such table, a cell that is no amount by file:row, or several regions and none named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, strict=True)
            if missing := _COLUMNS - set(table.fieldnames or ()):
                what, todo = f"there is no column {sorted(missing)[0]}", "Give customers.csv, as allocate writes it."
                raise AllocationError(what, where=f"{path.name}:1", todo=todo)
            rows = [(row, cells) for row, cells in enumerate(table, 2) if not region or cells["region"] == region]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AllocationError(f"this is no readable CSV ({error})", where=path.name, todo="Give UTF-8.") from error
    regions = sorted({cells["region"] for _, cells in rows})
    if len(regions) != 1:
        what = f"the rows are of {', '.join(regions) or 'no region'}"
        raise AllocationError(what, where=path.name, todo="Name the region of the facility.")
    found: dict[bytes, list[Weight]] = {}
    for row, cells in rows:
        found.setdefault(tenant_of(cells["customer"]), []).append(_weight(f"{path.name}:{row}", cells))
    return regions[0], found


def lines_of_details(details: Mapping[bytes, Bound]) -> Iterator[str]:
    """A line of JSON a tenant: what ``kept_detail`` reads."""
    for tenant, each in details.items():
        value = {"tenant": "0x" + tenant.hex(), "secret": "0x" + each.secret.hex(), "detail": each.detail.to_json()}
        yield json.dumps(value, separators=(",", ":")) + "\n"


def kept_detail(path: Path, tenant: bytes) -> Bound | None:
    """A tenant's detail in the file of an allocation; None without file or line. Raises AllocationError by file:row."""
    wanted = f'{{"tenant":"0x{tenant.hex()}"'
    try:
        with path.open(encoding="utf-8") as file:
            for row, line in enumerate(file, 1):
                if line.startswith(wanted):
                    return _kept(f"{path.name}:{row}", line)
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise AllocationError(f"cannot be read ({type(error).__name__})", where=path.name) from error
    return None


def secret_of(value: object) -> bytes:
    """The 32 bytes in 0x and 64 digits. Raises AllocationError."""
    found = octets("secret", value)
    if len(found) != 32:
        raise AllocationError("is not 32 bytes", where="secret")
    return found


def _kept(where: str, line: str) -> Bound:
    try:
        value = parse('{"type":"' + TYPE + '",' + line[1:], TYPE, {"type", "tenant", "secret", "detail"})
        return Bound(Detail.from_json(value["detail"]), secret_of(value["secret"]))
    except AllocationError as error:
        raise AllocationError(str(error), where=where, todo="Restore the file.") from error


def _row(value: object) -> DetailRow:
    if not isinstance(value, dict) or value.keys() != {*_OWN, *LANES}:
        raise AllocationError(f"a row has other fields than {', '.join((*_OWN, *LANES))}", where="detail")
    if not all(isinstance(value[name], str) for name in _OWN):
        raise AllocationError("project and product are texts", where="detail")
    return DetailRow(value["project"], value["product"], Amounts(*(value[name] for name in LANES)))


def _rows(share: Share, weights: Sequence[Weight]) -> tuple[DetailRow, ...]:
    lanes = dict[str, dict[int, int]]()
    for name in LANES:
        own = {at: getattr(each[2], name) for at, each in enumerate(weights)}
        energy = {at: each[2].energy_wh for at, each in enumerate(weights)}
        total = getattr(share, name)
        carried = next((each for each in (own, energy) if any(each.values())), dict.fromkeys(own, 1))
        lanes[name] = split(total, carried)
    return tuple(
        DetailRow(project, product, Amounts(*(lanes[name][at] for name in LANES)))
        for at, (project, product, _) in enumerate(weights)
    )


def _weight(where: str, cells: Mapping[str, str]) -> Weight:
    try:
        lanes = [sum(int(cells[part]) for part in parts) for parts in _PARTS.values()]
        return cells["project"], cells["service"], Amounts(*lanes)
    except (ValueError, TypeError) as error:
        raise AllocationError("a cell is no whole amount", where=where) from error
