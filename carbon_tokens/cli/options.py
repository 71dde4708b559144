"""Arguments of commands, and how their texts are read; what cannot be read is wrong usage (exit code 2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

import typer

from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.periods import Month


def _number(bits: int, what: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"0x[0-9a-fA-F]+|[0-9]+", text) or (found := int(text, 0)) >> bits:
            raise typer.BadParameter(f"{text!r} is no {what}: give it as 0x… or in digits")
        return found

    return read


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except CarbonTokensError as error:
        raise typer.BadParameter(str(error)) from error


def _hash32(text: str) -> bytes:
    if not re.fullmatch(r"(0x)?[0-9a-fA-F]{64}", text):
        raise typer.BadParameter(f"{text!r} is no hash of 32 bytes in hex")
    return bytes.fromhex(text.removeprefix("0x"))


def _amount(text: str) -> int:
    if not re.fullmatch(r"[0-9][0-9_]*", text):
        raise typer.BadParameter(f"{text!r} is no whole number of Wh or g")
    return int(text)


_FACILITY, _TOKEN = _number(216, "facility"), _number(256, "token")
claim_number = _number(256, "claim")

Facility = Annotated[int, typer.Option("--facility", help="The facility's id.", parser=_FACILITY, metavar="ID")]
ReportingMonth = Annotated[
    Month, typer.Option("--month", help="The reporting month.", parser=_month, metavar="YYYY-MM")
]
OptionalMonth = Annotated[
    Month | None, typer.Option("--month", help="The reporting month.", parser=_month, metavar="YYYY-MM")
]
Thru = Annotated[
    Month | None,
    typer.Option("--thru", help="Last month of several; one month without it.", parser=_month, metavar="YYYY-MM"),
]
Tokens = Annotated[
    list[int], typer.Option("--token", help="Id of a token; may be repeated.", parser=_TOKEN, metavar="ID")
]
Token = Annotated[int, typer.Option("--token", help="Id of the token.", parser=_TOKEN, metavar="ID")]
Amounts = Annotated[
    list[int], typer.Option("--amount", help="Wh or g of each token, in the same order.", parser=_amount, metavar="N")
]
Amount = Annotated[int, typer.Option("--amount", help="Wh or g.", parser=_amount, metavar="N")]
Hash = Annotated[bytes, typer.Option("--evidence", help="Hash of the document.", parser=_hash32, metavar="HEX")]
ClaimId = Annotated[int, typer.Argument(help="The claim's id.", parser=claim_number, metavar="CLAIM")]
Zone = Annotated[str, typer.Option("--zone", help="Market zone, e.g. US.")]
Into = Annotated[
    int | None,
    typer.Option("--into", help="The tenant's facility; the proof's without it.", parser=_FACILITY, metavar="ID"),
]
