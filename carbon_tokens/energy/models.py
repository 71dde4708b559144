"""Models of power and cooling, said in a few words: what a command or a site's file names.

    linear:IDLE:MAX            W idle and at full load                      linear:120:480
    table:LOAD=W,…             measured points from load 0 to 1             table:0=120,0.5=310,1=480
    tdp:W                      thermal design power, shares of Teads        tdp:205
    threads:NAME[:COUNT]       hardware threads by microarchitecture        threads:Ice Lake:64
    server:NAME[:COUNT]        whole servers by microarchitecture           server:Cascade Lake
    accelerator:NAME[:COUNT]   accelerator cards                            accelerator:Nvidia A100:8
    profile:NAME               a CPU's logarithmic profile                  profile:Xeon Platinum
    specpower:RESULT           a SPECpower_ssj2008 result, by its number    specpower:20080115-00026

    cop:COP                                  the same in any weather         cop:3
    linear-cop[:NOMINAL:SLOPE:AT_C]          max(1, NOMINAL − SLOPE (T − AT_C))
    chiller:CAPACITY_W[:RATED_COP[:EVAPORATOR_C]]

Names and figures of the first table's lower half are those of ``coefficients``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from carbon_tokens.energy import coefficients, servers
from carbon_tokens.energy.cooling import Chiller, ConstantCop, Cooling, FreeCooling, LinearCop
from carbon_tokens.energy.exact import Number
from carbon_tokens.energy.servers import Linear, PowerModel
from carbon_tokens.errors import EnergyError

TABLES = {
    "threads": "threads",
    "server": "servers",
    "accelerator": "accelerators",
    "profile": "profiles",
    "specpower": "specpower",
}
_FIGURE = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")


@dataclass(frozen=True, slots=True)
class Named:
    """A model of power, the words that name it, and where its figures are from ("as stated": the caller's own)."""

    words: str
    model: PowerModel
    source: str


def power(words: str) -> Named:
    """The model of power that some words name.

    Raises:
        EnergyError: words that name none, figures that no model can have, or a name that a table does not hold.
    """
    kind, _, rest = words.partition(":")
    if kind not in _POWER:
        raise EnergyError(f"{words!r} names no model of power", todo=f"Write one of {', '.join(_FORMS)}.")
    try:
        model = _POWER[kind](rest.split(":") if rest else [])
    except (ValueError, TypeError, IndexError) as error:
        todo = f"Write {next(form for form in _FORMS if form.startswith(kind + ':'))}."
        raise EnergyError(f"{words!r} names no model of power", todo=todo) from error
    name = rest.split(":")[0]
    return Named(words, model, coefficients.source(TABLES[kind], name) if kind in TABLES else "as stated")


def cooling(words: str, free_below_c: object = None) -> Cooling:
    """The model of cooling that some words name; without a compressor below an outdoor temperature, where one is given.

    Raises:
        EnergyError: words that name none, or figures that no model can have.
    """
    kind, _, rest = words.partition(":")
    known: dict[str, tuple[Callable[..., Cooling], range]] = {
        "cop": (ConstantCop, range(1, 2)),
        "linear-cop": (LinearCop, range(0, 4)),
        "chiller": (Chiller, range(1, 4)),
    }
    figures = [figure(each, "a model of cooling") for each in rest.split(":")] if rest else []
    if kind not in known or len(figures) not in known[kind][1]:
        todo = "Write cop:COP, linear-cop[:NOMINAL:SLOPE:AT_C] or chiller:CAPACITY_W[:RATED_COP[:EVAPORATOR_C]]."
        raise EnergyError(f"{words!r} names no model of cooling", todo=todo)
    model = known[kind][0](*figures)
    return model if free_below_c is None else FreeCooling(model, figure(str(free_below_c), "a temperature"))


def figure(text: str, what: str) -> Fraction:
    """A number in plain digits, exactly; a temperature may be below 0. Raises EnergyError for anything else."""
    if not _FIGURE.fullmatch(text):
        raise EnergyError(f"{text!r} is no figure of {what}", todo="Write plain digits with a decimal point.")
    return Fraction(text)


def points(text: str, what: str) -> dict[Number, Number]:
    """``A=B,A=B`` as numbers. Raises EnergyError for anything else, or an A that is there twice."""
    pairs = [each.partition("=") for each in text.split(",")]
    found: dict[Number, Number] = {
        figure(key.strip(), what): figure(value.strip(), what) for key, sign, value in pairs if sign
    }
    if len(found) != len(pairs):
        raise EnergyError(f"{text!r} is no {what}", todo="Write pairs: 0.25=0.91,0.5=0.94.")
    return found


def _linear(given: Sequence[str]) -> PowerModel:
    idle, most = given
    return Linear(figure(idle, "power"), figure(most, "power"))


def _table(given: Sequence[str]) -> PowerModel:
    (pairs,) = given
    return servers.table(points(pairs, "table of power"))


def _tdp(given: Sequence[str]) -> PowerModel:
    (watts,) = given
    return servers.of_tdp(figure(watts, "power"))


def _counted(of: Callable[[str, int], PowerModel]) -> Callable[[Sequence[str]], PowerModel]:
    def made(given: Sequence[str]) -> PowerModel:
        name, count = given if len(given) > 1 else (*given, "1")
        return of(name, int(count))

    return made


def _single(of: Callable[[str], PowerModel]) -> Callable[[Sequence[str]], PowerModel]:
    def made(given: Sequence[str]) -> PowerModel:
        (name,) = given
        return of(name)

    return made


_POWER: dict[str, Callable[[Sequence[str]], PowerModel]] = {
    "linear": _linear,
    "table": _table,
    "tdp": _tdp,
    "threads": _counted(coefficients.threads),
    "server": _counted(lambda name, count: servers.several(coefficients.server(name), count)),
    "accelerator": _counted(coefficients.accelerator),
    "profile": _single(coefficients.profile),
    "specpower": _single(coefficients.system),
}
_FORMS = (
    "linear:IDLE:MAX", "table:0=W,…,1=W", "tdp:W", "threads:NAME[:COUNT]", "server:NAME[:COUNT]",
    "accelerator:NAME[:COUNT]", "profile:NAME", "specpower:RESULT",
)  # fmt: skip
