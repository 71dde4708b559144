"""Logs of UPS as hours: what a UPS draws where that is known, else what it delivers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import series, tables, ups, ups_logs, ups_states
from carbon_tokens.energy.log_terms import Log, Terms, sha256_of
from carbon_tokens.energy.loss_curve import fit, load_share
from carbon_tokens.energy.ups import UpsSample
from carbon_tokens.errors import EnergyError

Names = dict[str, str]
_DELIVERED = "delivered by the UPS: its losses are not in it; its rating and efficiencies add them"


def over_time(path: Path, kind: str, terms: Terms, named: Names) -> Log:
    if kind == "upslog":
        log = ups_logs.read_upslog(path, terms.form, terms.tzinfo)
    else:
        log = ups_logs.read_csv(path, terms.tzinfo)
    return _ups(log.file, kind, log.sha256, log.samples, terms, named, terms.zone_remark)


def sequence(path: Path, kind: str, terms: Terms, named: Names) -> Log:
    if terms.start is None:
        raise EnergyError("a sequence has no times of its own", where=path.name, todo="Give the time of its start.")
    samples = ups_states.read_sequence(path, terms.start)
    return _ups(path.name, kind, sha256_of(path), samples, terms, named, ())


def _ups(
    file: str, kind: str, sha256: str, samples: Sequence[UpsSample], terms: Terms, named: Names,
    remarks: tuple[str, ...],
) -> Log:  # fmt: skip
    """Hours of what a UPS draws, where that is known; else of what it delivers."""
    told = {**named, "file": file, "sha256": sha256}
    measured = any(each.input_w is not None for each in samples)
    if terms.efficiencies and terms.rating_w is None:
        raise EnergyError("efficiencies of a UPS without its rating", where=file, todo="Give its rating in W.")
    if terms.rating_w is not None and (terms.efficiencies or measured):
        curve = fit(terms.efficiencies).curve if terms.efficiencies else None
        both = ups.energy(samples, ups.Unit(terms.rating_w, curve), longest_s=terms.longest_s, **told)
        how = "as its input is logged" if measured else "by its rating and efficiencies"
        said = f"drawn {how}; delivered {float(both.output_wh):,.0f} Wh, losses {float(both.loss_wh):,.0f} Wh"
        return Log(file, kind, sha256, len(samples), both.input, (*remarks, said), both)
    if terms.rating_w is not None:
        _refuse_overloads(file, samples, terms.rating_w)
    powers = [_power(each, terms.rating_w, measured) for each in samples]
    if all(watts is None for watts in powers):
        todo = "Give the UPS's rating in W." if any(each.load is not None for each in samples) else "Log its power."
        raise EnergyError("this log has no power", where=file, todo=todo)
    at = [series.Sample(each.at, watts, each.row) for each, watts in zip(samples, powers, strict=True)]
    hours = series.hours(series.stretches(at, file=file, longest_s=terms.longest_s), **told)
    said = "drawn, as its input is logged" if measured else _DELIVERED
    return Log(file, kind, sha256, sum(watts is not None for watts in powers), tuple(hours), (*remarks, said))


def _refuse_overloads(file: str, samples: Sequence[UpsSample], rating_w: Fraction) -> None:
    """Raises EnergyError naming by file:row loads beyond what a UPS of this rating carries."""
    problems = list[tables.Problem]()
    for each in samples:
        loads = [each.load, None if each.output_w is None else each.output_w / rating_w]
        try:
            _ = [load_share(load) for load in loads if load is not None]
        except EnergyError as error:
            problems.append((f"{file}:{each.row}", error.what))
    tables.refuse(problems)


def _power(sample: UpsSample, rating_w: Fraction | None, measured: bool) -> Fraction | None:
    if measured:
        return Fraction(0) if sample.on_battery else sample.input_w
    if sample.output_w is not None or sample.load is None or rating_w is None:
        return sample.output_w
    return sample.load * rating_w


def state(path: Path, kind: str, terms: Terms, named: Names) -> Log:
    """One instant: what it says is said, but it has no energy."""
    state = ups_states.read_dump(path) if kind == "upsc" else ups_states.read_walk(path)
    values = {"output": state.output_w, "input": state.input_w, "rating": state.rating_w}
    said = [f"{name} {float(watts):,.0f} W" for name, watts in values.items() if watts is not None]
    said += [f"{name} {float(share):.1%}" for name, share in (("load", state.load), ("efficiency", state.efficiency))
             if share is not None]  # fmt: skip
    said += [state.status] * bool(state.status)
    head = f"{state.name or 'a UPS'} at one instant: {', '.join(said) or 'no power'}; energy needs a log over time"
    return Log(path.name, kind, sha256_of(path), 1, (), (head, *state.warnings))
