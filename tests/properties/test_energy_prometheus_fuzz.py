"""Answers of Prometheus: damaged ones are read or refused by name; right ones give what counters say, to the digit."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction as F
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.energy import prometheus, prometheus_api, prometheus_energy
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.series import LONGEST_S
from carbon_tokens.errors import CarbonTokensError, EnergyError
from tests.properties.test_energy_files_fuzz import SLOW, json_values, mutated, places
from tests.unit.test_energy_prometheus import PLATFORM, START, answer, series

HOUR = 3600
ZONES = "kepler_node_cpu_joules_total"
TEXT = json.dumps(
    json.loads(
        answer(
            series(PLATFORM, [0, 600, 1200.5, None, 7]),
            series(prometheus_energy.POWER, [100, 120, 90], instance="b"),
            series(ZONES, [0, 9], zone="package", instance="c"),
            series(ZONES, [0, 5], zone="dram", instance="c"),
            *(series(prometheus_energy.CPU, [0, 20, 40], cpu=cpu, mode=mode, instance="d")
              for cpu in "01" for mode in ("idle", "user", "iowait")),
            warnings=["a store is missing"],
        )
    ),
    indent=1,
)  # fmt: skip
steps = st.integers(1, 2 * LONGEST_S)  # some of them are gaps
rises = st.tuples(st.booleans(), st.decimals(0, 500, places=3).map(F))  # whether it was reset before, and J since
Rise = tuple[bool, F]


def hours(found: prometheus.Answer, instance: str, parts: bool = True) -> list[Hour]:
    return prometheus_energy.hours(found, instance, utility="u", meter="m", parts=parts)


def used(content: bytes) -> prometheus.Answer | None:
    """Reads an answer and all that is in it; None if it was refused by name. What was read has to be possible."""
    try:
        found = prometheus.parse("q.json", content)
    except EnergyError as error:
        assert error.what
        return None
    assert all(one[0] < other[0] for each in found.series for one, other in pairwise(each.samples))
    for instance in found.instances:
        try:
            log = prometheus_energy.utilisation(found, instance)
            assert all(use.utilisation is None or 0 <= use.utilisation <= 1 for use in log.uses)
        except EnergyError as error:
            assert error.what
        try:
            for hour in hours(found, instance):
                assert 0 <= hour.covered_s <= HOUR
                assert hour.energy_wh >= 0 if hour.energy_wh is not None else hour.covered_s == 0
                assert hour.start % HOUR == 0 and hour.quality in "BC"
        except CarbonTokensError as error:
            assert error.what
    return found


def test_the_undamaged_answer_is_read() -> None:
    found = used(TEXT.encode())
    assert found is not None and found.instances == ("b", "c", "d", "web-1:9100")
    assert sum(hour.energy_wh or 0 for hour in hours(found, "c")) == F(14, HOUR)
    assert [use.utilisation for use in prometheus_energy.utilisation(found, "d").uses] == [F(1, 3), F(1, 3), None]


@SLOW
@given(st.data())
def test_damaged_answers_are_read_or_refused_by_name(data: st.DataObject) -> None:
    used(mutated(data, TEXT))


@SLOW
@given(st.data())
def test_answers_with_another_value_anywhere_are_read_or_refused_by_name(data: st.DataObject) -> None:
    said = json.loads(TEXT)
    *way, last = data.draw(st.sampled_from(places(said)[1:]))
    inside = said
    for key in way:
        inside = inside[key]
    inside[last] = data.draw(json_values)
    used(json.dumps(said).encode())


@SLOW
@given(st.data())
def test_answers_with_samples_or_series_twice_or_out_of_order_are_refused(data: st.DataObject) -> None:
    said = json.loads(TEXT)
    rows = said["data"]["result"]
    inside = data.draw(st.sampled_from([rows, *(row["values"] for row in rows)]))
    first, last = sorted(data.draw(st.lists(st.integers(0, len(inside) - 1), min_size=2, max_size=2)))
    if inside is rows or first == last or data.draw(st.booleans()):
        inside.insert(last, inside[first])
    else:
        inside[first], inside[last] = inside[last], inside[first]
    with pytest.raises(EnergyError, match=r"stands there twice|order of time"):
        prometheus.parse("q.json", json.dumps(said).encode())


@SLOW
@given(st.sampled_from([b"", b"{", b"[", b"\xef\xbb\xbf", b"\xff\xfe"]), st.binary(max_size=200))
def test_any_bytes_are_no_answer(start: bytes, content: bytes) -> None:
    with pytest.raises(EnergyError):
        prometheus.parse("q.json", start + content)


def counted(drawn: Sequence[Rise]) -> list[F]:
    """What a counter shows: a reset is one only where it shows as a fall."""
    shown = [F(5)]
    for reset, rise in drawn:
        shown.append(rise if reset and rise < shown[-1] else shown[-1] + rise)
    return shown


def exported(metric: str, instants: Sequence[int], values: Sequence[F], **labels: str) -> dict[str, object]:
    pairs = [[at, f"{float(value):.3f}"] for at, value in zip(instants, values, strict=True)]
    return {"metric": {"__name__": metric, "instance": "w", **labels}, "values": pairs}


@SLOW
@given(st.lists(st.tuples(steps, rises), min_size=1, max_size=20), st.integers(0, HOUR))
def test_hours_are_what_a_counter_rose_by_outside_gaps_split_by_seconds(
    drawn: list[tuple[int, Rise]], offset: int
) -> None:
    instants = [START + offset]
    for step, _ in drawn:
        instants.append(instants[-1] + step)
    content = answer(exported(PLATFORM, instants, counted([rise for _, rise in drawn])))
    energy, covered = dict[int, F](), dict[int, int]()
    for (start, end), (_, (_, rise)) in zip(pairwise(instants), drawn, strict=True):
        for at in range(start // HOUR * HOUR, end, HOUR) if end - start <= LONGEST_S else ():
            seconds = min(end, at + HOUR) - max(start, at)
            energy[at] = energy.get(at, F(0)) + rise * seconds / (end - start) / HOUR
            covered[at] = covered.get(at, 0) + seconds
    if not energy:
        with pytest.raises(EnergyError, match="two samples at most"):
            hours(prometheus.parse("q", content), "w", parts=False)
        return
    found = hours(prometheus.parse("q", content), "w", parts=False)
    assert {hour.start: hour.energy_wh for hour in found} == energy
    assert {hour.start: hour.covered_s for hour in found} == covered


@SLOW
@given(st.lists(st.tuples(st.integers(1, 900), st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=12))
def test_utilisation_is_the_share_that_is_neither_idle_nor_waiting(drawn: list[tuple[int, int, int]]) -> None:
    """Each step's CPU time is its length: idle and iowait are two of the parts of it that were drawn."""
    instants, modes = [START], {"idle": [F(0)], "iowait": [F(0)], "user": [F(0)]}
    expected = list[F]()
    for step, one, other in drawn:
        low, high = sorted((one, other))
        instants.append(instants[-1] + step)
        for mode, per_mille in (("idle", low), ("iowait", high - low), ("user", 1000 - high)):
            modes[mode].append(modes[mode][-1] + F(step * per_mille, 1000))
        expected.append(F(1000 - high, 1000))
    rows = [exported(prometheus_energy.CPU, instants, values, cpu="0", mode=mode) for mode, values in modes.items()]
    log = prometheus_energy.utilisation(prometheus.parse("q", answer(*rows)), "w")
    assert [use.utilisation for use in log.uses] == [*expected, None]
    assert [use.at for use in log.uses] == instants


@SLOW
@given(st.lists(st.floats(1e-12, 1e19) | st.just(0.0) | st.integers(0, 10**15), min_size=1, max_size=8))
def test_what_is_written_again_is_the_same_series(values: list[float]) -> None:
    """Doubles have 17 digits, and small ones come with exponents (a pW for a second is 1e-12 J)."""
    found = prometheus.parse("q", answer(series(PLATFORM, list(values), step=15)))
    again = prometheus.parse("q", found.content())
    assert again.series == found.series and again.content() == found.content()


@SLOW
@given(st.integers(0, 2**32), st.integers(1, 70_000), st.integers(1, 7200), st.data())
def test_pieces_of_a_range_are_all_its_instants_once_and_within_the_limit(
    start: int, points: int, step: int, data: st.DataObject
) -> None:
    end = start + points * step + data.draw(st.integers(0, step - 1))
    pieces = list(prometheus_api._pieces(start, end, step))
    ranges = [range(first, last + 1, step) for first, last in pieces]
    assert all(0 < len(each) <= 11_000 for each in ranges) and sum(map(len, ranges)) == points + 1
    assert ranges[0][0] == start and ranges[-1][-1] == start + points * step
    assert all(after[0] - before[-1] == step for before, after in pairwise(ranges))


class Damaged(BaseHTTPRequestHandler):
    """Answers every request with the same status and bytes."""

    status: int
    body: bytes

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, type[Damaged]]]:
    kind = type("Fresh", (Damaged,), {"status": 200, "body": b""})
    made = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}", kind
    made.shutdown()
    made.server_close()
    thread.join()


@SLOW
@given(data=st.data(), status=st.sampled_from([200, 200, 200, 201, 302, 400, 404, 422, 429, 500, 503]))
def test_damaged_answers_of_a_server_are_read_or_refused_without_the_token(
    server: tuple[str, type[Damaged]], status: int, data: st.DataObject
) -> None:
    url, kind = server
    kind.status, kind.body = status, mutated(data, TEXT)
    try:
        found = prometheus_api.query_range(url, PLATFORM, START, START + 60, 60, token="s3cr3t", pause_s=0)
        assert status in (200, 400, 422)
        assert [each.samples for each in found.series] == [
            each.samples for each in prometheus.parse("q", kind.body).series
        ]
    except EnergyError as error:
        assert error.what and "s3cr3t" not in str(error)
