"""Logs of UPS and servers: told by their content, with what they do not say of themselves stated or refused."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import pytest

from carbon_tokens.energy import files, logs, models
from carbon_tokens.energy.log_terms import Terms
from carbon_tokens.errors import EnergyError

UPS = "timestamp,load_wattage\n2024-01-01T00:00:00Z,300\n2024-01-01T00:10:00Z,600\n2024-01-01T00:20:00Z,0\n"
UPSLOG = "# a log\n20240101 000000 100 230.0 50 [OL] NA NA\n20240101 001000 100 230.0 50 [OL] NA NA\n"
DUMP = "battery.charge: 100\ndevice.mfr: X\nups.load: 20\nups.realpower: 200\nups.status: OL\n"
SEQUENCE = DUMP + "TIMER 600\nups.realpower: 400\nTIMER 600\n"
WALK = "1.3.6.1.2.1.33.1.4.4.1.4.1|2|500\n1.3.6.1.2.1.33.1.4.4.1.5.1|2|25\n"
USE = "timestamp,utilisation_pct\n2024-01-01T00:00:00Z,50\n2024-01-01T00:10:00Z,0\n"
GPU = (
    "name\ttimestamp\tpowerave\tutilave\n"
    "n1\t2024-01-01 01:00:00.000\t100.5\t3\nn1\t2024-01-01 00:00:00.000\t99.5\t0\n\n(2 rows affected)\n"
)
EFFICIENT = {F("0.5"): F("0.9"), F(1): F("0.9")}


def written(folder: Path, text: str, name: str = "log.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "kind"),
    [(UPS, "ups-csv"), (UPSLOG, "upslog"), (DUMP, "upsc"), (SEQUENCE, "ups-sequence"), (WALK, "snmp"),
     (USE, "utilisation"), (GPU, "gpu-log")],
)  # fmt: skip
def test_the_kind_of_a_log_is_told_by_its_content(tmp_path: Path, text: str, kind: str) -> None:
    assert files.kind_of(written(tmp_path, text)) == kind
    assert files.kind_of(written(tmp_path, "\ufeff" + text.replace("\n", "\r\n"), "windows.txt")) == kind


def test_a_ups_without_rating_counts_what_it_delivers_and_says_so(tmp_path: Path) -> None:
    found = files.content(written(tmp_path, UPS))
    assert (found.rows, found.hours, found.energy_wh, found.quality) == (3, 1, 150, "B")
    assert any("losses are not in it" in said for said in found.warnings)
    assert any("read as UTC" in said for said in found.warnings)


def test_rating_and_efficiencies_of_a_ups_add_its_losses(tmp_path: Path) -> None:
    terms = Terms(zone="UTC", rating_w=F(600), efficiencies=EFFICIENT)
    log = logs.read(written(tmp_path, UPS), "ups-csv", terms, "own", "u1")
    assert log.ups is not None and sum(hour.energy_wh or 0 for hour in log.hours) == 150 / F("0.9")
    assert log.remarks == ("drawn by its rating and efficiencies; delivered 150 Wh, losses 17 Wh",)


def test_a_log_of_loads_needs_the_rating(tmp_path: Path) -> None:
    path = written(tmp_path, UPSLOG)
    with pytest.raises(EnergyError, match="rating in W"):
        files.content(path)
    assert files.content(path, terms=Terms(rating_w=F(1200))).energy_wh == 100
    with pytest.raises(EnergyError, match="without its rating"):
        files.content(path, terms=Terms(efficiencies=EFFICIENT))


def test_a_load_beyond_the_rating_is_refused_by_its_row_also_without_efficiencies(tmp_path: Path) -> None:
    path = written(tmp_path, UPS.replace(",600", ",900"))
    with pytest.raises(EnergyError, match=r"log\.txt:3.*a load of 1\.5 of the rating"):
        files.content(path, terms=Terms(rating_w=F(600)))
    assert files.content(path).energy_wh == 200


@pytest.mark.parametrize(("text", "said"), [(DUMP, "output 200 W, load 20.0%, OL"), (WALK, "output 500 W, load 25.0%")])
def test_one_instant_is_described_but_has_no_energy(tmp_path: Path, text: str, said: str) -> None:
    found = files.content(written(tmp_path, text))
    assert (found.rows, found.hours, found.energy_wh) == (1, 0, 0)
    assert said in found.warnings[0] and "needs a log over time" in found.warnings[0]


def test_a_sequence_of_dumps_needs_a_start(tmp_path: Path) -> None:
    path = written(tmp_path, SEQUENCE)
    with pytest.raises(EnergyError, match="no times of its own"):
        files.content(path)
    assert files.content(path, terms=Terms(start=1_704_067_200)).energy_wh == 100  # 200 W and 400 W, 600 s each


def test_utilisation_is_no_energy_without_a_model(tmp_path: Path) -> None:
    path = written(tmp_path, USE)
    with pytest.raises(EnergyError, match="Name a model"):
        files.content(path)
    found = files.content(path, terms=Terms(model="linear:100:500", period_s=600, count=3))
    assert found.energy_wh == 200 and found.quality == "C"  # (300 + 100) W × 600 s × 3
    assert files.content(path, terms=Terms(model="linear:100:500", quality="B")).quality == "B"


def test_a_gpu_log_counts_the_power_that_it_measured_in_its_zone(tmp_path: Path) -> None:
    found = files.content(written(tmp_path, GPU), terms=Terms(zone="America/New_York"))
    assert (found.energy_wh, found.hours, found.quality, found.start) == (200, 2, "A", "2024-01-01T05:00:00Z")


@pytest.mark.parametrize("terms", [Terms(count=0), Terms(quality="E"), Terms(zone="Mars/Base"), Terms(longest_s=0)])
def test_terms_that_cannot_be_are_refused(tmp_path: Path, terms: Terms) -> None:
    with pytest.raises(EnergyError):
        files.content(written(tmp_path, UPS), terms=terms)


def test_pairs_of_efficiencies_are_read_as_written() -> None:
    assert models.points("0.25=0.9, 1=0.95", "efficiencies") == {F("0.25"): F("0.9"), F(1): F("0.95")}
