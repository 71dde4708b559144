"""Power models of servers and accelerators, the published coefficients, and hours from utilisation."""

from __future__ import annotations

import csv
from decimal import Decimal
from fractions import Fraction as F
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from carbon_tokens import data_files
from carbon_tokens.energy import coefficients, hourly, servers, utilisation
from carbon_tokens.energy.servers import Linear, Logarithmic, Table
from carbon_tokens.errors import CarbonTokensError, EnergyError, UnitError
from carbon_tokens.periods import Month

R640 = (55, 125, 151, 176, 202, 232, 261, 301, 357, 421, 469)  # SPECpower_ssj2008 result 20170829-00781


def test_a_specpower_table_goes_through_its_points_and_is_linear_between_them() -> None:
    model = servers.specpower(R640)
    assert [model.power_w(F(at, 10)) for at in range(11)] == list(R640)
    assert model.power_w(F("0.05")) == 90 and model.power_w(Decimal("0.99")) == F("464.2")


def test_points_may_come_in_any_order() -> None:
    assert servers.table({1: 300, 0: 100, F(1, 2): 210}) == servers.table({0: 100, F(1, 2): 210, 1: 300})


@pytest.mark.parametrize(
    "points",
    [
        {0: 100, F(1, 2): 90, 1: 300},  # falls with load
        {F(1, 10): 100, 1: 300},  # no idle
        {0: 100, F(1, 2): 200},  # no full load
        {0: 100, 50: 210, 100: 300},  # per cent
        {0: -1, 1: 300},
        {0: 100},
        {},
        {0: 1, 1: 10**10},
    ],
)
def test_a_table_that_is_not_monotone_or_not_from_idle_to_full_load_is_refused(points: dict[F, F]) -> None:
    with pytest.raises(EnergyError):
        servers.table(points)


def test_eleven_values_are_a_specpower_table_and_ten_are_none() -> None:
    with pytest.raises(EnergyError, match="10 values are no SPECpower table"):
        servers.specpower(R640[1:])


@pytest.mark.parametrize("bounds", [(F(300), F(100)), (F(-1), F(100)), (F(0), F(10**10))])
def test_a_linear_model_whose_power_falls_with_load_or_is_none_is_refused(bounds: tuple[F, F]) -> None:
    with pytest.raises(EnergyError):
        Linear(*bounds)


@pytest.mark.parametrize("used", [F(-1, 100), F(101, 100), 40, Decimal("NaN"), Decimal("Infinity"), 0.4])
def test_a_utilisation_outside_of_zero_to_one_is_refused_by_every_model(used: F) -> None:
    for model in (Linear(F(1), F(2)), servers.of_tdp(100), coefficients.profile("Xeon Platinum")):
        with pytest.raises(UnitError, match="utilisation"):
            model.power_w(used)


def test_decimals_are_exact_parameters_and_floats_are_none() -> None:
    assert Linear(Decimal("0.1"), Decimal("0.3")) == Linear(F(1, 10), F(3, 10))  # type: ignore[arg-type]
    assert Table(((0, Decimal(1)), (1, 2))).power_w(Decimal("0.5")) == F(3, 2)  # type: ignore[arg-type]
    for make in (lambda: Linear(0.1, 0.3), lambda: servers.table({0: 0.1, 1: 1}), lambda: servers.of_tdp(205.0)):  # type: ignore[arg-type, dict-item]
        with pytest.raises(UnitError, match="no exact number"):
            make()


def test_idle_power_is_the_least_that_a_model_says() -> None:
    """Idle does not fall under load: the power at any load is at least the power at none."""
    for model in (Linear(F(100), F(300)), servers.specpower(R640), coefficients.profile("Xeon Platinum")):
        assert model.power_w(0) == min(model.power_w(F(at, 100)) for at in range(101)) > 0


def test_a_cpu_of_known_tdp_idles_at_twelve_per_cent_of_it() -> None:
    assert servers.of_tdp(205).power_w(0) == F("24.6") and servers.of_tdp(205).power_w(1) == F("209.1")
    with pytest.raises(EnergyError):
        servers.of_tdp(0)


@pytest.mark.parametrize(
    "parameters", [(-1, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, -9), (float("nan"), 1, 1, 1)]
)
def test_a_logarithm_that_falls_with_load_or_below_zero_is_refused(parameters: tuple[float, ...]) -> None:
    with pytest.raises(EnergyError):
        Logarithmic(*parameters)


def test_a_logarithm_is_rounded_once_to_a_millionth_of_a_watt() -> None:
    assert (coefficients.profile("Xeon Platinum").power_w(F(1, 3)) * 1_000_000).denominator == 1


def test_threads_add_up_and_less_than_one_is_refused() -> None:
    assert coefficients.threads("Skylake", 112).max_w == 112 * coefficients.threads("Skylake").max_w
    with pytest.raises(EnergyError, match="a count of 0"):
        coefficients.threads("Skylake", 0)


def test_negative_time_has_no_energy() -> None:
    with pytest.raises(UnitError):
        servers.energy_wh(Linear(F(1), F(2)), 0, -1)


def test_an_unknown_processor_is_an_error_that_lists_the_known_ones_and_no_average() -> None:
    with pytest.raises(EnergyError, match=r"'Zen 9' is not in the table of threads. It holds Broadwell, Cascade Lake"):
        coefficients.threads("Zen 9")
    with pytest.raises(EnergyError, match="none of the tables"):
        coefficients.names("egrid")


def test_a_coefficient_that_contradicts_its_own_source_is_refused() -> None:
    """EPYC 5th Gen: 3.68 to 8.96 W a thread; SPECpower's systems with it draw 0.235 to 1.323 W."""
    with pytest.raises(EnergyError, match="41 systems"):
        coefficients.threads("EPYC 5th Gen")


@pytest.mark.parametrize("table", ["threads", "servers", "accelerators", "profiles", "specpower"])
def test_every_shipped_coefficient_is_a_model_or_is_refused_by_name(table: str) -> None:
    makers = {"threads": coefficients.threads, "servers": coefficients.server, "profiles": coefficients.profile,
              "accelerators": coefficients.accelerator, "specpower": coefficients.system}  # fmt: skip
    made = []
    for name in coefficients.names(table):
        assert coefficients.source(table, name)
        try:
            made.append(makers[table](name))
        except EnergyError as error:
            assert name == "EPYC 5th Gen", error
    assert made and all(model.power_w(0) < model.power_w(1) for model in made)


def test_every_release_of_a_coefficient_stands_in_the_sources() -> None:
    with data_files.path("SOURCES.csv").open(encoding="utf-8", newline="") as file:
        stated = {(row["file"], row["row_or_scope"]) for row in csv.DictReader(file)}
    for table in ("threads", "servers", "accelerators", "profiles", "rates", "embodied"):
        for name in coefficients.names(table):
            assert (f"data/power/{table}.csv", f"source={coefficients.source(table, name)}") in stated
    assert ("data/power/specpower.csv", "all") in stated


def test_storage_counts_every_copy_of_allocated_bytes() -> None:
    assert coefficients.rate("HDD").energy_wh(10, copies=3) == F("19.5")
    assert coefficients.rate("memory").energy_wh(F(1000)) == 392
    for amount, copies in ((-1, 1), (1, 0)):
        with pytest.raises(EnergyError):
            coefficients.rate("SSD").energy_wh(amount, copies)


def write(folder: Path, *rows: str, head: str = "timestamp,utilisation") -> Path:
    path = folder / "use.csv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return path


def of(log: utilisation.UseLog, model: servers.PowerModel | None = None, **given: int) -> list[hourly.Hour]:
    return utilisation.hours(log, model, utility="own", meter="rack 1", **given)


def test_each_sample_has_its_own_power_before_any_mean(tmp_path: Path) -> None:
    """Half an hour at 0 and half at 100 %: 55 and 469 W are 262 Wh; the power of the mean utilisation is 232 W."""
    log = utilisation.read_csv(write(tmp_path, "2024-06-01T00:00:00Z,0", "2024-06-01T00:30:00Z,1"))
    (hour,) = of(log, servers.specpower(R640), period_s=1800)
    assert hour.energy_wh == 262 and hour.complete and hour.quality == "C"
    assert utilisation.mean(log.uses) == F(1, 2)


def test_per_cent_and_share_say_the_same(tmp_path: Path) -> None:
    one = utilisation.read_csv(write(tmp_path, "2024-06-01T00:00:00Z,4e-1"))
    other = utilisation.read_csv(write(tmp_path, "1717200000,40.0", head="ts,utilisation_pct"))
    assert one.uses == other.uses


def test_an_hour_with_a_gap_is_covered_in_part_and_refused_or_filled_by_policy(tmp_path: Path) -> None:
    stamps = [f"2024-06-01T00:{minute:02d}:00Z,1" for minute in (0, 10, 20, 50)]
    (hour,) = of(utilisation.read_csv(write(tmp_path, *stamps)), Linear(F(0), F(60)))
    assert (hour.energy_wh, hour.covered_s, hour.complete) == (20, 1200, False)
    with pytest.raises(EnergyError, match="720 of 720 hours"):
        hourly.readings([hour], Month.parse("2024-06"), "refuse")


def test_an_empty_cell_is_a_gap_and_not_zero(tmp_path: Path) -> None:
    rows = ["2024-06-01T00:00:00Z,1", "2024-06-01T00:10:00Z,", "2024-06-01T00:20:00Z,1", "2024-06-01T00:30:00Z,1"]
    (hour,) = of(utilisation.read_csv(write(tmp_path, *rows)), Linear(F(0), F(60)))
    assert (hour.energy_wh, hour.covered_s) == (20, 1200)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("2024-06-01T00:00:00Z,1.2", "use.csv:3: .* is no utilisation"),
        ("2024-06-01T00:00:00Z,-0.1", "use.csv:3: '-0.1' is no utilisation"),
        ("2024-06-01T00:00:00Z,NaN", "use.csv:3"),
        ("2024-06-01T00:00:00Z,1e999", "use.csv:3"),
        ("yesterday,1", "use.csv:3: 'yesterday' is no time"),
        ("2024-13-01T00:00:00Z,1", "use.csv:3"),
        ("2024-06-01T00:00:00Z,1,1", "use.csv:3: 3 cells under 2 columns"),
    ],
)
def test_a_row_that_is_none_is_named_by_file_and_line(tmp_path: Path, row: str, what: str) -> None:
    with pytest.raises(CarbonTokensError, match=what):
        utilisation.read_csv(write(tmp_path, "2024-05-31T00:00:00Z,1", row))


def test_samples_of_one_time_that_differ_are_refused_and_the_same_twice_count_once(tmp_path: Path) -> None:
    rows = ["2024-06-01T00:00:00Z,1", "2024-06-01T00:10:00Z,1"]
    once = of(utilisation.read_csv(write(tmp_path, *rows)), Linear(F(0), F(60)))
    twice = of(utilisation.read_csv(write(tmp_path, *rows, rows[0])), Linear(F(0), F(60)))
    assert [hour.energy_wh for hour in once] == [hour.energy_wh for hour in twice] == [10]
    with pytest.raises(EnergyError, match=r"use.csv:4: gives another power for the time of line 2"):
        of(utilisation.read_csv(write(tmp_path, *rows, "2024-06-01T00:00:00Z,0.5")), Linear(F(0), F(60)))


def test_averages_that_overlap_are_refused(tmp_path: Path) -> None:
    log = utilisation.read_csv(write(tmp_path, "2024-06-01T00:00:00Z,1", "2024-06-01T00:04:00Z,1"))
    with pytest.raises(EnergyError, match=r"use.csv:3: starts inside the 300 s of line 2"):
        of(log, Linear(F(0), F(60)), period_s=300)


def test_a_log_without_power_needs_a_model(tmp_path: Path) -> None:
    with pytest.raises(EnergyError, match="has no power"):
        of(utilisation.read_csv(write(tmp_path, "2024-06-01T00:00:00Z,1")))


GPU = (
    "\ufeffname\ttimestamp\tpowerave\tutilave\n"
    "gpu08\t2024-01-20 12:00:00.000\t87.515\t1.5\n"
    "gpu08\t2024-01-20 11:00:00.000\t86.98125\t100\n"
)


def gpu_log(folder: Path, text: str) -> utilisation.UseLog:
    path = folder / "gpu.tsv"
    path.write_text(text, encoding="utf-8")
    return utilisation.read_gpu_log(path, ZoneInfo("America/New_York"))


def test_a_gpu_power_log_is_measured_data_in_its_local_hours(tmp_path: Path) -> None:
    log = gpu_log(tmp_path, GPU + "\n(2 rows affected)\n\nCompletion time: 2025-10-20T15:47:02-04:00\n")
    found = of(log, period_s=3600)
    assert [(hour.start, hour.energy_wh, hour.quality) for hour in found] == [
        (1_705_766_400, F("86.98125"), "A"),
        (1_705_770_000, F("87.515"), "A"),
    ]
    modelled = of(log, Linear(F(50), F(100)), period_s=3600)
    assert [hour.energy_wh for hour in modelled] == [100, F("50.75")] and modelled[0].quality == "C"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (GPU + "(3 rows affected)\n", "gpu.tsv:4: 3 rows were exported, 2 are here"),
        (GPU + "gpu09\t2024-01-20 10:00:00.000\t1\t1\n", "2 machines in one log: gpu08, gpu09"),
        (GPU + "gpu08\t2024-01-20 10:00:00.000\t1\n", "gpu.tsv:4: 3 cells under 4 columns"),
        (GPU + "gpu08\t2024-01-20 10:00:00.000\t-1\t1\n", "gpu.tsv:4: '-1' is no power"),
        (GPU + "trailing words\n", "gpu.tsv:4: no row"),
        ("name\ttimestamp\tutilave\n", "gpu.tsv:1: missing column powerave"),
        ("", "missing column name"),
        (GPU.split("\n")[0], "0 machines"),
    ],
)
def test_a_gpu_log_that_is_torn_or_mixed_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(EnergyError, match=what):
        gpu_log(tmp_path, text)


def test_a_table_is_never_made_of_points_out_of_order() -> None:
    with pytest.raises(EnergyError):
        Table(((F(0), F(1)), (F(1), F(3)), (F(1, 2), F(2))))
