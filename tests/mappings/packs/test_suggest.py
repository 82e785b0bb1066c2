"""Suggestions for codes: the traps of agencies' vocabularies, and what a suggestion may never be sure of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.apco import apco_codes
from mappings.codes import FIELD_DISPOSITIONS
from mappings.packs.suggest import suggest
from mappings.packs.tables import normal

_MENTAL = {"EDP", "MNTL", "MTLV", "SUICIDE", "SUICTHRT"}


@pytest.mark.parametrize(
    "text",
    [
        "SUPPLEMENTAL",
        "SUPPLEMENTAL REPORT",
        "ENVIRONMENTAL HAZARD",
        "NON SUICIDAL",
        "NON-SUICIDAL",
        "NOT SUICIDAL",
        "INDECENT BEHAVIOR",
        "SUDDEN DEATH",
        "BURGLARY TO COMMIT THEFT",
        "CITATION",
        "CRISIS IN NUISANCE",
    ],
)
@pytest.mark.parametrize("as_code", [True, False])
def test_words_that_only_look_like_a_mental_health_call(text: str, as_code: bool) -> None:
    found = suggest(text if as_code else "17X", None if as_code else text, "apco")
    assert found is None or found.code not in _MENTAL


def test_no_welfare_check_is_none() -> None:
    assert suggest("X", "no welfare check", "apco") is None


@pytest.mark.parametrize("spelled", ["EDP", "edp", "E.D.P.", "E.D.P", " EDP ", "EDP."])
def test_six_spellings_of_one_code_are_one_key_and_one_suggestion(spelled: str) -> None:
    assert normal(spelled) == "edp"
    found = suggest(spelled, None, "apco")
    assert found is not None
    assert found.code == "EDP"


@pytest.mark.parametrize("text", ["Emotionally disturbed", "EMOT. DIST. PERSON", "e d p"])
def test_the_same_idea_spelt_out(text: str) -> None:
    found = suggest("77", text, "apco")
    assert found is not None
    assert found.code == "EDP"


@pytest.mark.parametrize("code", ["T", "09", "242", "94F"])
def test_an_agencys_own_code_alone_says_nothing(code: str) -> None:
    assert suggest(code, None, "apco") is None


def test_the_code_alone_is_worth_less_than_with_its_words() -> None:
    alone, agreed = suggest("EDP", None, "apco"), suggest("EDP", "emotionally disturbed", "apco")
    contrary = suggest("EDP", "Equipment delivery point", "apco")
    assert alone is not None
    assert agreed is not None
    assert contrary is not None
    assert contrary.confidence < alone.confidence < agreed.confidence < 1


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("GOA", None, "gone-on-arrival"),
        ("UTL", "unable to  locate client", "unable-to-locate"),
        ("H", "Emergency hold", "emergency-hold"),
        ("A", "Arrest made", "jail"),
        ("NA", "no arrest", None),
        ("NAT", "Necessary Action Taken", None),
        ("REF", "Referred to crisis center", "referred"),
    ],
)
def test_dispositions(code: str, text: str | None, expected: str | None) -> None:
    found = suggest(code, text, "field_disposition")
    assert (found.code if found else None) == expected


@given(st.text(max_size=40), st.none() | st.text(max_size=40))
def test_what_is_suggested_is_a_code_there_is_and_never_certain(code: str, text: str | None) -> None:
    found = suggest(code, text, "apco")
    assert found is None or (apco_codes(found.code) and 0 < found.confidence < 1)
    found = suggest(code, text, "field_disposition")
    assert found is None or (found.code in FIELD_DISPOSITIONS and 0 < found.confidence < 1)
