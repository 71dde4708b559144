"""An issuer's desk: what was issued, a certificates file checked row by row, and what of it a wallet sends.

The file is the table that ``carbon-tokens issue`` takes, or a registry's download as ``certificates read`` takes it;
RECs of a download are issued only if their quality criteria are stated (GHG Protocol Scope 2), as on the command line.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated

from fastapi import File, Form, Query, Request, Response, UploadFile

from carbon_tokens import registries
from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.service import batches, desk_prepared, prepare
from carbon_tokens.service.desk_prepared import Address, Token, millionths
from carbon_tokens.service.desk_seat import At, By, router, shown
from carbon_tokens.service.languages import say, spoken
from carbon_tokens.service.reading import LIMIT
from carbon_tokens.service.refusals import NotAcceptable
from carbon_tokens.service.rendering import Here
from carbon_tokens.service.writing import on_chain, only
from carbon_tokens.statements.certificate_table import COLUMNS, CertificateRow
from carbon_tokens.statements.certificate_table import read as read_table

_SHOWN = 100  # rows of a file that the page shows
Maybe = Annotated[str, Form(pattern="^(0x[0-9a-fA-F]{40})?$")]
Numbered = Annotated[int, Form(ge=1, le=2**31 - 1)]
routes = router()


@dataclass(frozen=True, slots=True)
class CertificatesFile:
    """What a file holds: rows that can be issued, and places with the reasons why others cannot."""

    name: str
    rows: list[CertificateRow]
    rejects: list[tuple[str, str]]


@routes.get("/desk/batches")
def listed(
    request: Request, node: Here, seat: At, chain: Annotated[int, Query(ge=1, le=2**31 - 1)] = 1,
    issuer: Annotated[str, Query(pattern="^(0x[0-9a-fA-F]{40})?$")] = "",
    after: Annotated[str, Query(pattern="^([0-9]{1,18}-[0-9]{1,9})?$")] = "",
) -> Response:  # fmt: skip
    """What an account issued, and how much of it is retired."""
    only(seat.by, "issuer")
    found = batches.of_issuer(node.reader, chain, issuer, after, LIMIT) if issuer else None
    rows = (
        [each | {"vintage": _period(each["vintage_start"], each["vintage_end"])} for each in found.items]
        if found
        else []
    )
    return shown(
        request, "desk_batches.html", seat, chains=node.reader.chains(), chain=chain, issuer=issuer, batches=rows,
        next=found.next if found else None,
    )  # fmt: skip


@routes.get("/desk/batches/new")
def new(request: Request, node: Here, seat: At) -> Response:
    """Where a certificates file is put in."""
    only(seat.by, "issuer")
    return shown(request, "desk_issue.html", seat, chains=node.reader.chains())


@routes.post("/desk/batches/new")
def issue(
    request: Request, node: Here, seat: By, chain: Numbered, sender: Address, file: Annotated[UploadFile, File()],
    criteria: Annotated[UploadFile | None, File()] = None, to: Maybe = "",
) -> Response:  # fmt: skip
    """What the file holds, checked, and the calls that issue it; or why the contract would refuse them."""
    only(seat.by, "issuer")
    seat.by.require(chain)
    found = certificates_of(file, criteria if criteria and criteria.filename else None)
    made, fault, number = None, "", 0
    with on_chain(node, chain) as follower:
        number = follower.views.chain.id
        try:
            made = prepare.issue(follower.views, sender, found.rows, to) if found.rows else None
        except CarbonTokensError as error:
            fault = str(error)
    if made:
        desk_prepared.logged(request, seat, chain, made)
    sums = {kind: sum(row.document.amount for row in found.rows if row.document.token_class == kind)
            for kind in ("rec", "offset")}  # fmt: skip
    rows = [(row, _period(row.document.vintage_start, row.document.vintage_end)) for row in found.rows[:_SHOWN]]
    return shown(
        request, "desk_issued.html", seat, 422 if fault or not found.rows else 200, file=found, rows=rows, sums=sums,
        rejects=found.rejects[:_SHOWN], fault=fault, made=made,
        summary=made.said.text(spoken.get()) if made else "", calls=desk_prepared.calls_of(made), chain_id=number,
    )  # fmt: skip


@routes.post("/desk/batches/transfer")
def transfer(
    request: Request, node: Here, seat: By, chain: Numbered, sender: Address, to: Address, token: Token,
    amount: Annotated[str, Form()],
) -> Response:  # fmt: skip
    """Transfers RECs or offsets to another account."""
    only(seat.by, "issuer")
    seat.by.require(chain)
    with on_chain(node, chain) as follower:
        made = prepare.transfer(follower.views, sender, to, [int(token, 16)], [millionths(amount)])
        return desk_prepared.prepared(request, seat, follower, made, f"/desk/batches?chain={chain}&issuer={sender}")


def certificates_of(file: UploadFile, criteria: UploadFile | None) -> CertificatesFile:
    """The rows of a table to issue, or of a registry's download.

    Raises:
        StatementError, EnergyError: a file that is neither, or a row of a table that is no batch, by file:row.
        NotAcceptable: RECs of a download without their criteria.
    """
    content, name = file.file.read(), _name(file, "certificates.csv")
    with tempfile.TemporaryDirectory() as folder:  # it is for this process' user only
        path = _written(Path(folder) / "given", name, content)
        if set(COLUMNS) <= {each.strip().strip('"') for each in _header(content)}:
            return CertificatesFile(name, read_table(path), [])
        stated = None
        if criteria:
            beside = Path(folder) / "criteria"
            stated = registries.Criteria.read(_written(beside, _name(criteria, "criteria.csv"), criteria.file.read()))
        found = registries.check(registries.read(path), stated)
        if stated is None and any(batch.token_class == "rec" for batch, _ in found.batches):
            raise NotAcceptable("RECs are issued only if their quality criteria are stated", where=name,
                                todo="Add the criteria file.")  # fmt: skip
        table = Path(folder) / f"{path.stem} checked.csv"
        registries.write(found, table, Path(folder) / "rejected")
        rejects = [(each.entry.where, "; ".join(each.why)) for each in found.rejects]
        return CertificatesFile(name, read_table(table) if found.batches else [], rejects)


def _written(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir()
    path = folder / name
    path.write_bytes(content)
    return path


def _name(file: UploadFile, otherwise: str) -> str:
    """A file's own name without folders: it stands in messages and in no path but that of a folder of its own."""
    name = PurePosixPath((file.filename or "").replace("\\", "/")).name
    plain = "".join(each if re.match(r"[A-Za-z0-9_. -]", each) else "_" for each in name)[-80:].strip(". ")
    return plain or otherwise


def _header(content: bytes) -> list[str]:
    line = content[:100_000].lstrip(b"\xef\xbb\xbf").splitlines()[:1]
    return line[0].decode("utf-8", "replace").split(",") if line else []


def _period(start: int, end: int) -> str:
    """Days from the first to the last of a vintage."""
    days = [f"{datetime.fromtimestamp(each, UTC):%Y-%m-%d}" for each in (start, max(start, end - 1))]
    return days[0] if days[0] == days[1] else say("%(first)s to %(last)s", first=days[0], last=days[1])
