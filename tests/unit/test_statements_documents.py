"""Statements: what follows from a reading, what cannot be stated, and the one hash of a document."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from carbon_tokens import data_files
from carbon_tokens.energy import Reading, apply_pue, bills, hourly
from carbon_tokens.errors import StatementError
from carbon_tokens.factors import egrid
from carbon_tokens.factors.rate import Rate
from carbon_tokens.factors.residual import Residual
from carbon_tokens.periods import Month
from carbon_tokens.statements import (
    CertificateBatch,
    FactorReference,
    Input,
    MethodReference,
    Restatement,
    Statement,
    build,
    build_without_energy,
    check,
    release_id,
    restate,
)

APRIL = Month.parse("2021-04")
DEMO = data_files.path("demo")
METHOD = MethodReference.shipped()
NAME = ("eGRID", 2021, "power-profiler", "subregion", "MROW", "")
RATE = Rate(*NAME, Decimal(1), None, None, Decimal("1003.054"), None, "x", "cd" * 32)
FACTOR = FactorReference.of(RATE)


def april() -> Reading:
    return bills.readings(bills.read(DEMO / "electricity.csv"), APRIL)[0]


def demo(**changes: Any) -> Statement:
    return build(
        april(), FACTOR, **({"facility": 7, "method": METHOD, "scope1_g": 102_427, "scope3_g": 1_400_000} | changes)
    )


def restated(**changes: Any) -> Restatement:
    values: dict[str, Any] = {"energy_wh": 8_302_224, "scope1_g": 102_427, "scope3_g": 2_000_000, "quality": "C"}
    return restate([demo()], "a submeter read low", **(values | {"factor": FACTOR, "method": METHOD} | changes))


def batch(**changes: Any) -> CertificateBatch:
    values: dict[str, Any] = {
        **{"token_class": "rec", "registry": "NAR", "source": "GEN2613", "amount": 187_000_000},
        **{"serials": "NAR-REC-2613-KS-04-2021-115115-14813 to 14999", "serial_from": 14813, "serial_thru": 14999},
        **{"vintage_start": APRIL.start, "vintage_end": APRIL.end, "document_sha256": "0x" + "33" * 32},
    }
    return CertificateBatch(**(values | changes))


def test_scope_2_is_energy_times_the_published_factor_rounded_up() -> None:
    """7,906,880 Wh x 454,978 g/MWh = 3,597,456.44864 g."""
    statement = demo()
    assert (statement.energy_wh, FACTOR.location_g_per_mwh) == (7_906_880, 454_978)
    assert statement.scope2_location_g == statement.scope2_residual_g == 3_597_457
    assert (statement.start, statement.end, statement.quality) == (APRIL.start, APRIL.end, "C")


def test_the_shipped_factor_of_the_demo_is_the_one_of_the_hand_calculation() -> None:
    shipped = FactorReference.of(egrid.rates("MROW", 2021))
    assert (shipped.location_rate, shipped.location_g_per_mwh) == ("454977.64109798", 454_978)
    assert not shipped.residual_published and shipped.residual_g_per_mwh == 454_978


def test_a_published_residual_mix_is_used_and_its_absence_is_disclosed() -> None:
    with_residual = FactorReference.of(replace(RATE, residual=Residual("MROW", 2021, Decimal("1300"), "Green-e")))
    statement = build(april(), with_residual, facility=7, method=METHOD)
    assert with_residual.residual_published and with_residual.residual_g_per_mwh == 589_671
    assert statement.scope2_residual_g == 4_662_458 and statement.scope2_location_g == 3_597_457
    assert not FACTOR.residual_published and FACTOR.residual_rate == ""


def test_a_release_has_the_id_of_the_contract() -> None:
    """keccak256(abi.encode("eGRID", uint16(2023), "rev1")), with the words of the encoding written out."""
    words = [
        0x60,
        2023,
        0xA0,
        5,
        int.from_bytes(b"eGRID".ljust(32, b"\0")),
        4,
        int.from_bytes(b"rev1".ljust(32, b"\0")),
    ]
    assert release_id("eGRID", 2023, "rev1") == keccak(b"".join(word.to_bytes(32) for word in words))
    assert release_id("eGRID", 2023, "rev1") != release_id("eGRID", 2023, "rev2")


def test_the_evidence_is_the_hash_of_the_canonical_bytes() -> None:
    statement = demo()
    assert statement.evidence == hashlib.sha256(statement.canonical()).digest() and len(statement.evidence) == 32
    assert statement.canonical().startswith(b'{"end":') and b" :" not in statement.canonical()
    assert json.loads(statement.canonical())["type"] == "carbon-tokens/statement/2"


def test_the_same_reading_stated_twice_is_the_same_evidence() -> None:
    assert demo().evidence == demo(facility="0x" + f"{7:054x}").evidence


@pytest.mark.parametrize(
    "document", [demo(), restated(), batch(), build_without_energy(7, APRIL, method=METHOD, quality="D")]
)
def test_a_document_is_read_back_from_its_json_as_it_was(document: Any) -> None:
    kind = type(document)
    assert kind.from_json(document.canonical()) == document
    pretty = json.dumps(document.to_json(), indent=2, ensure_ascii=True)
    assert kind.from_json(pretty).evidence == document.evidence


@pytest.mark.parametrize("document", [demo(), restated(), batch()])
def test_an_unknown_or_missing_field_is_refused(document: Any) -> None:
    for name in document.to_json():
        without = {key: value for key, value in document.to_json().items() if key != name}
        with pytest.raises(StatementError):
            type(document).from_json(without)
    with pytest.raises(StatementError, match="unknown field extra"):
        type(document).from_json({**document.to_json(), "extra": 1})


def test_a_document_of_another_type_is_refused() -> None:
    with pytest.raises(StatementError, match="no document of type carbon-tokens/restatement/2"):
        Restatement.from_json(demo().canonical())
    for text in ("[]", "1", "{", b"\xff", '"x"'):
        with pytest.raises(StatementError):
            Statement.from_json(text)


@pytest.mark.parametrize("value", [1.0, 1.5, -1, True, "1", None, 2**48, [1]])
def test_an_amount_is_a_non_negative_integer_of_48_bits(value: object) -> None:
    for name in ("energy_wh", "scope1_g", "scope2_location_g", "scope2_residual_g", "scope3_g"):
        with pytest.raises(StatementError):
            Statement.from_json(json.dumps({**demo().to_json(), name: value}))


def test_a_float_anywhere_is_refused_even_if_it_is_whole() -> None:
    text = demo().canonical().decode()
    with pytest.raises(StatementError, match=r"1e3 is no integer"):
        Statement.from_json(text.replace('"scope1_g":102427', '"scope1_g":1e3'))
    with pytest.raises(StatementError, match="NaN is no integer"):
        Statement.from_json(text.replace('"scope1_g":102427', '"scope1_g":NaN'))


def test_a_field_that_stands_twice_is_refused() -> None:
    text = demo().canonical().decode()
    with pytest.raises(StatementError, match="twice"):
        Statement.from_json(text.replace('"scope1_g":102427', '"scope1_g":102427,"scope1_g":1'))


@pytest.mark.parametrize(
    "changes",
    [
        {"scope2_location_g": 3_597_456},
        {"scope2_residual_g": 3_597_458},
        {"energy_wh": 7_906_884},
        {"factor": None},
        {"meter": "0x" + 64 * "1"},
        {"meter": "0x" + 64 * "0"},
        {"meter_number": "f058375"},
        {"start": APRIL.start - 1},
        {"end": APRIL.end + 1},
        {"end": APRIL.start},
        {"month": Month.parse("2021-05")},
        {"month": "2021-04"},
        {"facility": "0x07"},
        {"facility": "0x" + 54 * "A"},
        {"quality": "E"},
        {"pue": "0.9"},
        {"pue": ""},
        {"missing": "zero"},
        {"hours_missing": -1},
        {"notes": ("",)},
        {"notes": ["x"]},
        {"notes": ("\ud800",)},
        {"inputs": ({"name": "x"},)},
        {"method": None},
    ],
)
def test_a_statement_that_could_not_be_audited_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementError):
        replace(demo(), **changes)


def test_a_facility_id_of_more_than_216_bits_is_refused() -> None:
    assert demo(facility=2**216 - 1).facility == "0x" + 54 * "f"
    for facility in (2**216, -1):
        with pytest.raises(StatementError):
            demo(facility=facility)


@pytest.mark.parametrize("name", ["../x.csv", "/etc/x.csv", "a/../../x.csv", "", "c:/x.csv", "a\\x.csv"])
def test_an_input_file_stays_in_its_folder(name: str) -> None:
    with pytest.raises(StatementError):
        Input(name, "bills", "0x" + 64 * "0", 2, 2)


def test_direct_and_upstream_emissions_can_be_stated_without_a_meter() -> None:
    statement = build_without_energy(7, APRIL, method=METHOD, quality="D", scope1_g=5, scope3_g=6)
    assert (statement.scope1_g, statement.scope3_g, statement.energy_wh, statement.start) == (5, 6, 0, 0)
    assert statement.meter == "0x" + 64 * "0" and statement.factor is None
    with pytest.raises(StatementError):
        replace(statement, energy_wh=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"location_g_per_mwh": 454_977},
        {"residual_g_per_mwh": 1},
        {"residual_published": True},
        {"residual_published": 0},
        {"residual_rate": None},
        {"residual_rate": []},
        {"residual_rate": "1"},
        {"edition": "v3"},
        {"year": 2019},
        {"year": "2021"},
        {"region": ""},
        {"location_rate": "-1"},
        {"location_rate": "5.6E5"},
        {"file_sha256": "cd" * 32},
    ],
)
def test_a_factor_that_is_not_its_rates_rounded_up_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementError):
        replace(FACTOR, **changes)


def test_a_restatement_cites_what_it_replaces_and_why() -> None:
    restatement = restated()
    assert restatement.previous == ("0x" + demo().evidence.hex(),)
    assert (restatement.facility, restatement.month) == (demo().facility, APRIL)
    assert (restatement.scope2_location_g, restatement.scope2_residual_g) == (3_777_330, 3_777_330)
    for changes in ({"previous": ()}, {"reason": " "}, {"scope2_location_g": 1}, {"previous": ("0x00",)}):
        with pytest.raises(StatementError):
            replace(restatement, **changes)


def test_a_restatement_is_of_one_facility_month() -> None:
    with pytest.raises(StatementError, match="one facility-month"):
        restate(
            [demo(), demo(facility=8)],
            "x",
            energy_wh=0,
            scope1_g=0,
            scope3_g=0,
            factor=None,
            method=METHOD,
            quality="A",
        )
    with pytest.raises(StatementError, match="one facility-month"):
        restate([], "x", energy_wh=0, scope1_g=0, scope3_g=0, factor=None, method=METHOD, quality="A")


@pytest.mark.parametrize(
    "changes",
    [
        {"serial_thru": 14812},
        {"serial_from": 14814},
        {"serial_from": -1},
        {"serial_thru": 2**64},
        {"amount": 187_000_001},
        {"amount": 0},
        {"amount": 1.0},
        {"token_class": "audited"},
        {"registry": ""},
        {"serials": ""},
        {"vintage_end": APRIL.start},
        {"document_sha256": ""},
    ],
)
def test_a_batch_whose_serials_amount_or_vintage_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementError):
        batch(**changes)


def test_no_single_field_can_change_without_changing_the_evidence() -> None:
    """Fields that a rule ties to others (scope 2, the meter's id) cannot change alone at all."""
    changes: dict[str, Any] = {
        **{
            "facility": "0x" + f"{8:054x}",
            "start": APRIL.start + 1,
            "end": APRIL.end - 1,
            "scope1_g": 1,
            "scope3_g": 1,
        },
        **{"pue": "1.0", "hours_present": 1, "hours_missing": 1, "missing": "max", "quality": "A", "inputs": ()},
        **{"factor": replace(FACTOR, region="MROE"), "method": MethodReference.shipped("google-2026"), "notes": ()},
    }
    tied = {"month", "utility", "meter_number", "meter", "energy_wh", "scope2_location_g", "scope2_residual_g"}
    assert changes.keys() | tied == {field.name for field in fields(Statement)}
    hashes = {replace(demo(), **{name: value}).evidence for name, value in changes.items()} | {demo().evidence}
    assert len(hashes) == len(changes) + 1


def test_a_statement_agrees_with_its_input_files() -> None:
    assert check(demo(), DEMO) == []
    assert check(restated(), DEMO) == []


def test_a_changed_input_file_is_noticed(tmp_path: Path) -> None:
    text = (DEMO / "electricity.csv").read_text()
    (tmp_path / "electricity.csv").write_text(text.replace("47704.84", "47604.84"))
    hashes, energy = check(demo(), tmp_path)
    assert "electricity.csv has sha-256" in hashes
    assert energy == "energy_wh is 7906880, electricity.csv gives 7890306"


def test_a_statement_of_more_or_less_than_its_file_says_is_noticed() -> None:
    less = replace(demo(), energy_wh=7_000_000, scope2_location_g=3_184_846, scope2_residual_g=3_184_846, quality="A")
    assert check(less, DEMO) == [
        "energy_wh is 7000000, electricity.csv gives 7906880",
        "quality is A, electricity.csv gives C",
    ]
    assert check(replace(demo(), end=APRIL.end - 1), DEMO) == [
        "electricity.csv has no reading of this meter and period"
    ]
    assert check(replace(demo(), inputs=()), DEMO) == ["no input file shows the energy"]


def test_an_absent_or_unreadable_input_file_is_noticed(tmp_path: Path) -> None:
    assert "electricity.csv cannot be read" in check(demo(), tmp_path)
    (tmp_path / "electricity.csv").write_text("meter\n")
    assert any("missing column" in difference for difference in check(demo(), tmp_path))


def test_a_statement_of_hourly_data_with_a_pue_is_recomputed(tmp_path: Path) -> None:
    hours = [f"2021-04-{1 + hour // 24:02d}T{hour % 24:02d}:00Z,10" for hour in range(719)]
    path = tmp_path / "hours.csv"
    path.write_text("\n".join(["hour_start_utc,power_w", *hours]))
    (reading,) = hourly.readings(hourly.read(path, "own", "gpu"), APRIL, "mean")
    statement = build(apply_pue(reading, "1.5", "stated"), FACTOR, facility=7, method=METHOD)
    assert (statement.energy_wh, statement.hours_missing, statement.missing) == (10_800, 1, "mean")
    assert check(statement, tmp_path) == []
    assert check(replace(statement, hours_missing=0), tmp_path) == ["hours_missing is 0, hours.csv gives 1"]


def test_a_documents_file_is_compared_by_its_hash(tmp_path: Path) -> None:
    (tmp_path / "fuel.pdf").write_bytes(b"x")
    item = Input("fuel.pdf", "document", "0x" + hashlib.sha256(b"x").hexdigest(), 0, 0)
    statement = build_without_energy(7, APRIL, method=METHOD, quality="D", scope1_g=1, documents=[item])
    assert check(statement, tmp_path) == []
    (tmp_path / "fuel.pdf").write_bytes(b"y")
    assert len(check(statement, tmp_path)) == 1


def test_a_method_that_is_not_the_shipped_one_is_noticed() -> None:
    other = replace(demo(), method=replace(METHOD, sha256="0x" + 64 * "0"))
    assert check(other, DEMO) == ["method site-energy-2 differs from the one of this version"]
    unknown = replace(demo(), method=replace(METHOD, method="other"))
    assert "missing" in check(unknown, DEMO)[0]


def test_the_boundary_and_its_list_stand_in_every_statement() -> None:
    assert "scope 2: electricity" in json.loads(demo().canonical())["method"]["included"]
    later = MethodReference.shipped("google-2026")
    assert "scope 1: refrigerants" in later.included and "scope 1: refrigerants" in METHOD.excluded
    with pytest.raises(StatementError, match="no boundary 'x'"):
        MethodReference.shipped("x")
