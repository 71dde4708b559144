"""Servers as Prometheus recorded them: counters with resets and gaps, whole servers and parts, files and a server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from fractions import Fraction as F
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.energy import files, prometheus, prometheus_api, prometheus_energy
from carbon_tokens.energy.log_terms import Terms
from carbon_tokens.errors import EnergyError

START = 1_704_067_200
PLATFORM, CPU_J = prometheus_energy.WHOLE, "kepler_node_cpu_joules_total"


def series(metric: str, values: list[object], step: int = 60, start: int = START, **labels: str) -> dict[str, Any]:
    pairs = [[start + at * step, str(value)] for at, value in enumerate(values) if value is not None]
    return {"metric": {"__name__": metric, "instance": "web-1:9100", **labels}, "values": pairs}


def answer(*found: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": list(found)}, **more}).encode()


def hours(content: bytes, **given: Any) -> F:
    found = prometheus_energy.hours(
        prometheus.parse("q.json", content), "web-1:9100", utility="own", meter="m", **given
    )
    return sum((hour.energy_wh or F(0) for hour in found), F(0))


def cpu(idle: list[object], user: list[object], number: str = "0", **labels: str) -> list[dict[str, Any]]:
    modes = {"idle": idle, "user": user}
    return [series(prometheus_energy.CPU, values, cpu=number, mode=mode, **labels) for mode, values in modes.items()]


def test_joules_of_the_whole_server_become_watt_hours(tmp_path: Path) -> None:
    content = answer(series(PLATFORM, [1000, 7000, 13000]))
    assert hours(content) == F(12000, 3600)
    path = tmp_path / "q.json"
    path.write_bytes(content)
    found = files.content(path)
    assert (found.kind, found.energy_wh, found.quality, found.rows) == ("prometheus", 4, "B", 3)


def test_a_counter_that_falls_was_reset_and_counts_from_zero() -> None:
    assert hours(answer(series(PLATFORM, [9000, 9600, 300, 900]))) == F(600 + 300 + 600, 3600)


def test_a_stretch_without_samples_is_a_gap_and_not_energy() -> None:
    content = answer(series(PLATFORM, [0, 600, *[None] * 60, 99_999, 100_599]))
    found = prometheus_energy.hours(prometheus.parse("q.json", content), "web-1:9100", utility="own", meter="m")
    assert sum(hour.energy_wh or 0 for hour in found) == F(1200, 3600)
    assert [hour.covered_s for hour in found] == [60, 60] and not any(hour.complete for hour in found)


def test_parts_of_a_server_are_no_server_unless_that_is_said() -> None:
    parts = [series(CPU_J, [0, 600], zone="package"), series(CPU_J, [0, 60], zone="dram"),
             series(CPU_J, [0, 500], zone="core")]  # fmt: skip
    with pytest.raises(EnergyError, match="not the whole server"):
        hours(answer(*parts))
    assert hours(answer(*parts), parts=True) == F(660, 3600)  # the cores are in the package
    assert hours(answer(*parts, series(PLATFORM, [0, 1200]))) == F(1200, 3600)


def test_parts_are_of_grade_c_and_the_whole_of_grade_b() -> None:
    for content, parts, grade in ((answer(series(PLATFORM, [0, 1])), False, "B"),
                                  (answer(series("node_rapl_package_joules_total", [0, 1])), True, "C")):  # fmt: skip
        found = prometheus_energy.hours(
            prometheus.parse("q", content), "web-1:9100", utility="u", meter="m", parts=parts
        )
        assert {hour.quality for hour in found} == {grade}


def test_two_packages_add_up_and_an_hour_needs_both() -> None:
    both = [series("node_rapl_package_joules_total", [0, 3600], 3600, index="0"),
            series("node_rapl_package_joules_total", [0, 7200, 9000], 1800, index="1")]  # fmt: skip
    found = prometheus_energy.hours(prometheus.parse("q", answer(*both)), "web-1:9100", utility="u", meter="m",
                             longest_s=3600, parts=True)  # fmt: skip
    assert [(hour.energy_wh, hour.covered_s) for hour in found] == [(F(12600, 3600), 3600)]
    apart = answer(both[0], series("node_rapl_package_joules_total", [0, 60], start=START + 7200, index="1"))
    with pytest.raises(EnergyError, match="no hour of web-1:9100"):
        prometheus_energy.hours(
            prometheus.parse("q", apart), "web-1:9100", utility="u", meter="m", longest_s=3600, parts=True
        )


def test_a_counter_without_samples_makes_no_hours_of_nothing() -> None:
    content = answer(series(CPU_J, [0, 9], zone="package"), series(CPU_J, [], zone="dram"))
    with pytest.raises(EnergyError, match="of each series, two samples"):
        hours(content, parts=True)


def test_utilisation_is_what_is_neither_idle_nor_waiting() -> None:
    found = [*cpu([0, 30, 90], [0, 30, 30]), series(prometheus_energy.CPU, [0, 0, 0], cpu="0", mode="guest")]
    log = prometheus_energy.utilisation(prometheus.parse("q", answer(*found)), "web-1:9100")
    assert [use.utilisation for use in log.uses] == [F(1, 2), 0, None]


def test_a_cpu_that_came_or_was_reset_counts_only_where_it_is_known() -> None:
    found = [*cpu([0, 60, 120], [0, 0, 0]), *cpu([None, 0, 0], [None, 0, 60], "1")]
    log = prometheus_energy.utilisation(prometheus.parse("q", answer(*found)), "web-1:9100")
    assert [use.utilisation for use in log.uses] == [0, F(1, 2), None]
    reset = prometheus_energy.utilisation(prometheus.parse("q", answer(*cpu([500, 0], [9, 0]))), "web-1:9100")
    assert [use.utilisation for use in reset.uses] == [None, None]


def test_cpu_time_needs_a_model_to_be_energy(tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    path.write_bytes(answer(*cpu([0, 30], [0, 30])))
    with pytest.raises(EnergyError, match="Name a model"):
        files.content(path)
    assert files.content(path, terms=Terms(model="linear:120:480")).energy_wh == 5  # 300 W for a minute


def test_several_machines_are_meters_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    path.write_bytes(answer(series(PLATFORM, [0, 3600]), series(PLATFORM, [0, 7200], instance="web-2:9100")))
    found = files.content(path)
    assert found.meters == ("web-1:9100", "web-2:9100") and found.energy_wh == 3
    assert files.content(path, terms=Terms(machine="web-2:9100")).energy_wh == 2
    with pytest.raises(EnergyError, match="It has web-1:9100, web-2:9100"):
        files.content(path, terms=Terms(machine="web-3"))


def test_a_sum_over_machines_is_noticed() -> None:
    with pytest.raises(EnergyError, match="CPU seconds in 60 s"):
        prometheus_energy.utilisation(prometheus.parse("q", answer(*cpu([0, 600], [0, 600]))), "web-1:9100")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no answer of Prometheus"),
        (b"[]", "no answer of Prometheus"),
        (b'{"status": "error", "errorType": "bad_data", "error": "parse error"}', "the query failed: bad_data: parse"),
        (b'{"status": "success", "data": {"resultType": "vector", "result": []}}', "one instant"),
        (answer(series(PLATFORM, ["NaN"])), "no value"),
        (answer(series(PLATFORM, ["-5"])), "no value"),
        (answer(series(PLATFORM, [1, 2], step=0)), "order of time"),
        (answer(series(PLATFORM, [1, 2], step=-60)), "order of time"),
        (answer(series(PLATFORM, [1]), series(PLATFORM, [1])), "stands there twice"),
        (answer({"metric": {"instance": "a"}, "values": [[1, "2"]]}), "names no metric"),
        (answer({"metric": {"__name__": "a"}, "values": [["soon", "2"]]}), "is no time"),
        (answer({"metric": {"__name__": "a"}, "values": [5]}), "no answer of Prometheus"),
    ],
)
def test_what_is_no_answer_of_a_range_is_refused_by_name(content: bytes, said: str) -> None:
    with pytest.raises(EnergyError, match=said):
        prometheus.parse("q.json", content)


def test_joules_in_another_unit_are_refused() -> None:
    with pytest.raises(EnergyError, match="Check its unit"):
        hours(answer(series(PLATFORM, [0, 10**9])))


class Server(BaseHTTPRequestHandler):
    """Answers as Prometheus does: a counter that rises by a joule a second, at most 11,000 points a request."""

    asked: list[dict[str, str]]
    tokens: list[str]
    busy: list[int]

    def do_POST(self) -> None:
        given = {
            key: each[0]
            for key, each in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()
        }
        self.asked.append(given)
        self.tokens.append(self.headers.get("Authorization", ""))
        first, last, step = (int(given[name]) for name in ("start", "end", "step"))
        instants = range(first, last + 1, step)
        if self.busy:
            self._answer(self.busy.pop(), b"busy")
        elif given["query"] == "(":
            self._answer(400, b'{"status": "error", "errorType": "bad_data", "error": "unclosed parenthesis"}')
        elif len(instants) > 11_000:
            self._answer(422, b'{"status": "error", "errorType": "execution", "error": "exceeded maximum resolution"}')
        else:
            pairs = {
                "metric": {"__name__": PLATFORM, "instance": "web-1:9100"},
                "values": [[at, str(at)] for at in instants],
            }
            self._answer(200, answer(pairs, warnings=["a store is missing"]))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[tuple[str, type[Server]]]:
    kind = type("Fresh", (Server,), {"asked": [], "tokens": [], "busy": []})
    made = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}", kind
    made.shutdown()
    thread.join()


def test_a_long_range_is_asked_for_in_pieces_and_joined_without_loss(server: tuple[str, type[Server]]) -> None:
    url, kind = server
    end = START + 25_000 * 60
    found = prometheus_api.query_range(url, PLATFORM, START, end, 60)
    (one,) = found.series
    assert len(kind.asked) == 3 and len(one.samples) == 25_001
    assert [int(at) for at, _ in one.samples] == list(range(START, end + 1, 60))
    total = prometheus_energy.hours(found, "web-1:9100", utility="own", meter="m")
    assert sum(hour.energy_wh or 0 for hour in total) == F(25_000 * 60, 3600)
    assert found.warnings == ("a store is missing",) and len(found.sha256) == 64


def test_what_was_fetched_is_a_file_that_is_read_to_the_same_digits(
    server: tuple[str, type[Server]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, kind = server
    monkeypatch.setenv("CARBON_TOKENS_PROMETHEUS_TOKEN", "of the environment")
    span = ("--from", "2024-01-01T00:00:00Z", "--thru", "2024-01-02T00:00:00Z")
    done = CliRunner().invoke(
        app, ["energy", "prometheus", url, PLATFORM, *span, "--out", str(tmp_path / "q.json"), "--json"]
    )
    assert done.exit_code == 0 and json.loads(done.stdout)["samples"] == 1441
    assert kind.tokens == ["Bearer of the environment"]
    assert files.content(tmp_path / "q.json").energy_wh == 24
    kept = prometheus.parse("q", answer(series(PLATFORM, ["0.1", "12345678.90625"], step=15)))
    again = prometheus.parse("q", kept.content())
    assert again.series == kept.series and again.content() == kept.content()


def test_a_busy_server_is_asked_again_and_a_token_is_sent_but_never_said(server: tuple[str, type[Server]]) -> None:
    url, kind = server
    kind.busy[:] = [503, 429]
    found = prometheus_api.query_range(url, PLATFORM, START, START + 60, 60, token="secret", pause_s=0.01)
    assert len(found.series[0].samples) == 2 and kind.tokens == ["Bearer secret"] * 3
    kind.busy[:] = [503] * 9
    with pytest.raises(EnergyError, match="HTTP 503") as error:
        prometheus_api.query_range(url, PLATFORM, START, START + 60, 60, token="secret", pause_s=0.01)
    assert "secret" not in str(error.value)


def test_a_query_that_fails_says_why_and_is_not_asked_again(server: tuple[str, type[Server]]) -> None:
    url, kind = server
    with pytest.raises(EnergyError, match="unclosed parenthesis"):
        prometheus_api.query_range(url, "(", START, START + 60, 60)
    assert len(kind.asked) == 1
    kind.busy[:] = [401]
    with pytest.raises(EnergyError, match="HTTP 401"):
        prometheus_api.query_range(url, PLATFORM, START, START + 60, 60)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(EnergyError, match="no answer of Prometheus") as error:
        prometheus_api.query_range("http://me:secret@127.0.0.1:9", PLATFORM, START, START + 60, pause_s=0.01)
    assert "secret" not in str(error.value) and "127.0.0.1:9" in str(error.value)


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://x/?a=b"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(EnergyError, match="no http"):
        prometheus_api.query_range(url, PLATFORM, START, START + 60)


def test_a_scrape_that_failed_is_no_more_than_a_longer_step() -> None:
    """Prometheus gives the last value again: nothing moves for a step, and the next one has the time of two."""
    found = cpu([0, 30, 30, 120], [0, 30, 30, 60])
    log = prometheus_energy.utilisation(prometheus.parse("q", answer(*found)), "web-1:9100")
    assert [(use.at - START, use.utilisation) for use in log.uses] == [(0, F(1, 2)), (60, F(1, 4)), (180, None)]
    late = cpu([0, 30, 120], [0, 0, 0])  # 30 s scrapes at a step of 60: 30 s of CPU time, then 90
    log = prometheus_energy.utilisation(prometheus.parse("q", answer(*late)), "web-1:9100")
    assert [use.utilisation for use in log.uses] == [0, 0, None]


@pytest.mark.parametrize("label", ["replica", "job"])
@pytest.mark.parametrize("metric", [PLATFORM, prometheus_energy.CPU])
def test_a_machine_that_two_servers_recorded_is_not_counted_twice(metric: str, label: str) -> None:
    both = [series(metric, [0, 3600], mode="idle", cpu="0", **{label: name}) for name in ("a", "b")]
    with pytest.raises(EnergyError, match=f"there twice, apart only in {label}"):
        if metric == PLATFORM:
            hours(answer(*both))
        else:
            prometheus_energy.utilisation(prometheus.parse("q", answer(*both)), "web-1:9100")


def test_a_register_that_wraps_around_leaves_a_gap_and_not_a_reset() -> None:
    content = answer(series("node_rapl_package_joules_total", [262_000, 262_100, 50, 150]))
    assert hours(content, parts=True) == F(200, 3600)


def test_an_hour_that_one_of_two_counters_does_not_know_has_no_value() -> None:
    both = [series("node_rapl_package_joules_total", [0, 3600, 7200], 3600, index="0"),
            series("node_rapl_package_joules_total", [0, 3600], 3600, index="1")]  # fmt: skip
    found = prometheus_energy.hours(prometheus.parse("q", answer(*both)), "web-1:9100", utility="u", meter="m",
                                    longest_s=3600, parts=True)  # fmt: skip
    assert [hour.energy_wh for hour in found] == [2, None]


@pytest.mark.parametrize("zones", [["dram"], ["core"], ["core", "dram"]])
def test_parts_without_the_package_are_refused(zones: list[str]) -> None:
    with pytest.raises(EnergyError, match="without a package"):
        hours(answer(*(series(CPU_J, [0, 60], zone=zone) for zone in zones)), parts=True)


@pytest.mark.parametrize(
    "content", [answer(), b'{"status": "success", "data": {"resultType": "matrix", "result": {}}}']
)
def test_an_empty_answer_is_no_machine_of_zero_watts(content: bytes) -> None:
    with pytest.raises(EnergyError, match=r"empty: no such series|no list"):
        prometheus.parse("q", content)


def test_samples_too_far_apart_are_no_machine_of_zero_watts() -> None:
    with pytest.raises(EnergyError, match="no hour of web-1:9100 has, of each series, two samples at most 900 s apart"):
        hours(answer(series(PLATFORM, [0, 3600], 3600)))
    with pytest.raises(EnergyError, match="two samples at most"):
        prometheus_energy.utilisation(prometheus.parse("q", answer(*cpu([0, 1], [0, 1]))), "web-1:9100", 30)


def test_cpu_time_beside_another_metric_is_modelled_and_what_counted_is_said(tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    path.write_bytes(answer(*cpu([0, 30], [0, 30]), series(CPU_J, [0, 9], zone="package"), series("up", [1, 1])))
    found = files.content(path, terms=Terms(model="linear:120:480"))
    assert found.energy_wh == 5 and found.warnings == ("web-1:9100: power by linear:120:480 (as stated)",)
    said = files.content(path, terms=Terms(parts=True)).warnings
    assert said == (f"web-1:9100: by {CPU_J}",)


@pytest.mark.parametrize("value", ["1e-70", "0.00000000000000000000000000000000001"])
def test_digits_that_cannot_be_kept_are_refused_and_not_cut_off(value: str) -> None:
    found = prometheus.Answer("q", "0" * 64, (prometheus.Series("m", {"__name__": "m"}, ((F(1), F(value)),)),))
    with pytest.raises(EnergyError, match="more digits than are kept"):
        found.content()


@pytest.mark.parametrize("url", ["http://x:99999", "http://x:abc", "http://[x"])
def test_an_address_with_a_broken_port_is_refused_by_name(url: str) -> None:
    with pytest.raises(EnergyError, match="no http"):
        prometheus_api.query_range(url, PLATFORM, START, START + 60)


@pytest.mark.parametrize("token", ["geheim\n", "schlüssel", "a\x00b"])
def test_a_token_that_no_header_holds_is_refused_before_it_is_sent(token: str) -> None:
    with pytest.raises(EnergyError, match="no header holds") as error:
        prometheus_api.query_range("http://127.0.0.1:9", PLATFORM, START, START + 60, token=token)
    assert token not in str(error.value)
