"""What a certificate may say: every sentence, in every language, without the words of claims that it does not make."""

from __future__ import annotations

import re

import pytest

from carbon_tokens.certificate import wording
from carbon_tokens.certificate.languages import ENGLISH, language
from carbon_tokens.errors import CertificateRefused
from carbon_tokens.periods import Month

GERMAN = language("de")
SENTENCES = {
    f"{name} {number}": said
    for name, value in vars(wording).items()
    if name.isupper() and name != "FORBIDDEN"
    for number, said in enumerate(value.values() if isinstance(value, dict) else [value])
}


def test_no_sentence_has_a_forbidden_word() -> None:
    said = [*SENTENCES.values(), *GERMAN.sentences, *GERMAN.sentences.values()]
    assert len(said) > 200 and [each for each in said if wording.claims_too_much(each)] == []


@pytest.mark.parametrize(
    "claim",
    [
        "carbon free", "Carbon-free energy", "carbon neutral product", "CO2-neutral", "CO₂ neutral", "climate neutral",
        "climate positive", "net zero", "Net-Zero cloud", "zero emissions", "climate compensated", "eco-friendly",
        "100% renewable", "100 % green", "green hosting", "sustainable", "klimaneutral", "Klimafreundlich",
        "CO2-frei", "Netto-Null", "nachhaltiges Rechenzentrum",
    ],
)  # fmt: skip
def test_the_words_of_generic_claims_and_of_product_claims_from_offsets_are_known(claim: str) -> None:
    assert wording.claims_too_much(f"Our {claim} services")


@pytest.mark.parametrize(
    "name", ["Lincoln 1", "Emissions desk", "Netz 0", "Greenland data center", "Freiburg, Carbon Rd."]
)
def test_ordinary_names_are_no_claims(name: str) -> None:
    assert not wording.claims_too_much(name)


def test_every_sentence_has_german_words_with_the_same_places_for_values() -> None:
    missing = [each for each in SENTENCES.values() if each not in GERMAN.sentences]
    assert missing == []
    for english, german in GERMAN.sentences.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", german)), english


def test_a_claim_names_amounts_period_and_boundary_and_no_product() -> None:
    assert {"{period}", "{boundary}", "{amounts}"} <= set(re.findall(r"{\w+}", wording.CLAIM))
    assert "nothing about any product" in wording.SUBJECT and "lower neither gross figure" in wording.GROSS
    assert "holds only while" in wording.ENDS and "no claim under that standard" in wording.STANDARD


def test_numbers_keep_every_gram_and_never_round_up_to_a_hundred_per_cent() -> None:
    assert ENGLISH.millionths(-1_502_427) == "−1.502427" and ENGLISH.whole(1_502_427) == "1,502,427"
    assert GERMAN.millionths(1_234_567_890) == "1.234,567890"
    assert ENGLISH.percent(999_999, 1_000_000) == "99.9\u00a0%" and ENGLISH.percent(0, 0) == "0.0\u00a0%"


def test_months_of_one_year_name_it_once() -> None:
    said = [ENGLISH.months(Month.parse(first), Month.parse(last)) for first, last in
            (("2021-04", "2021-04"), ("2021-07", "2021-09"), ("2020-11", "2021-01"))]  # fmt: skip
    assert said == ["April 2021", "July to September 2021", "November 2020 to January 2021"]
    assert GERMAN.months(Month.parse("2021-03"), Month.parse("2021-05")) == "März bis Mai 2021"


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(CertificateRefused, match="'xx'"):
        language("xx")
