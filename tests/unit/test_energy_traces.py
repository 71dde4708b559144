"""Cluster traces: a virtual machine's and a cluster's averages, with their steps and units as they are."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import pytest

from carbon_tokens.energy import files, traces, utilisation
from carbon_tokens.energy.log_terms import Terms
from carbon_tokens.errors import EnergyError

HEAD = "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [%];\tMemory usage [KB]\n"
VM = HEAD + "1376314846;\t4;\t2600.0;\t25;\t1\n1376315146;\t4;\t2600.0;\t;\t1\n1376315446;\t4;\t2600.0;\t75;\t1\n"
CLUSTER = "cpu_util_percent,mem_util_percent\n40,80\n60.5,81\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "trace.csv"
    path.write_text(text)
    return path


def test_stamps_that_are_seconds_are_read_as_such_and_said(tmp_path: Path) -> None:
    log, remarks = traces.read_bitbrains(written(tmp_path, VM))
    assert [(use.at, use.utilisation) for use in log.uses] == [
        (1_376_314_846, F("0.25")), (1_376_315_146, None), (1_376_315_446, F("0.75"))]  # fmt: skip
    assert remarks == (
        "the header says ms, the stamps are seconds", "a virtual machine of 4 CPUs: of a server this is a part"
    )  # fmt: skip


def test_stamps_in_milliseconds_are_what_the_header_says(tmp_path: Path) -> None:
    text = VM.replace("846;", "846000;").replace("146;", "146500;").replace("446;", "446000;")
    log, remarks = traces.read_bitbrains(written(tmp_path, text))
    assert log.uses[1].at == F("1376315146.5") and len(remarks) == 1


def test_seconds_and_milliseconds_in_one_trace_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EnergyError, match="in seconds and in milliseconds"):
        traces.read_bitbrains(written(tmp_path, VM.replace("1376314846;", "1376314846000;")))


def test_a_sample_stands_until_the_next_one_and_an_empty_one_for_nothing(tmp_path: Path) -> None:
    found = files.content(written(tmp_path, VM), terms=Terms(model="threads:Ice Lake:4"))
    assert (found.kind, found.rows, found.quality) == ("bitbrains", 3, "C")
    low, high = F("0.766796875") * 4, F("3.7582031249999996") * 4
    assert found.energy_wh == -(-(low + F("0.25") * (high - low)) * 300 // 3600)


def test_averages_of_a_cluster_need_a_start_and_keep_their_step(tmp_path: Path) -> None:
    path = written(tmp_path, CLUSTER)
    with pytest.raises(EnergyError, match="no times of its own"):
        files.content(path, terms=Terms(model="linear:100:200"))
    log = traces.read_average(path, 0)
    assert [use.at for use in log.uses] == [0, 300] and utilisation.mean(log.uses) == F("0.5025")
    found = files.content(path, terms=Terms(model="linear:0:1200", start=1_704_067_200, period_s=3600))
    assert (found.kind, found.energy_wh, found.hours) == ("cluster-average", 1206, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (VM.replace(";\t25;", ";\t101;"), "no utilisation"),
        (VM.replace("1376315146;", "soon;"), "no time since 1970"),
        (VM.replace(";\t25;\t1\n", ";\t25\n"), "4 cells under 5 columns"),
        (HEAD, "no rows"),
        (HEAD.replace("CPU cores", "CPU usage [%]"), "there twice"),
        (HEAD.replace("CPU usage [%]", "CPU"), "missing column"),
        ("", "no header"),
    ],
)
def test_a_trace_that_is_none_is_refused_by_row(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(EnergyError, match=said):
        traces.read_bitbrains(written(tmp_path, text))


def test_a_row_without_a_value_keeps_its_step(tmp_path: Path) -> None:
    log = traces.read_average(written(tmp_path, "cpu_util_percent,mem\n40,1\n,\n60,1\n,\n\n"), 0)
    assert [(use.at, use.utilisation) for use in log.uses] == [(0, F("0.4")), (300, None), (600, F("0.6"))]
    with pytest.raises(EnergyError, match="0 cells under 2 columns"):
        traces.read_average(written(tmp_path, "cpu_util_percent,mem\n40,1\n\n60,1\n"), 0)


@pytest.mark.parametrize("text", ["cpu_util_percent\n", "cpu_util_percent\n-1\n", "cpu_util_percent\n1,2\n", "x\n1\n"])
def test_averages_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(EnergyError):
        traces.read_average(written(tmp_path, text), 0)
