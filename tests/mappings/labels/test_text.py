"""The context of a span: who, whether, when. Invented sentences."""

from __future__ import annotations

import pytest

from mappings.labels.text import by_text, spans

CERTAIN = [
    "Client has opioid use disorder and takes Suboxone daily.",
    "Hx of alcoholism, in remission two years.",
    "He is a heroin addict.",
    "Mother said he is addicted to fentanyl.",
    "She attends NA meetings.",
    "Picked him up from the methadone clinic.",
    "Diagnosed with alcohol use disorder.",
    "SUBJECT IS IN A DETOX PROGRAM",
]
POSSIBLE = [
    "Narcan administered twice by medics.",
    "Subject appeared intoxicated.",
    "Needles and a crack pipe in the bathroom.",
    "Admitted using meth last night.",
    "Possible opioid use disorder.",
    "Takes methadone for back pain.",
    "BAC was .18",
]
NOTHING = [
    "Denies any drug use or alcohol abuse.",
    "No needles or paraphernalia found.",
    "No signs of intoxication.",
    "Would go to detox if a bed opened.",
    "Drug screen negative.",
    "Reminded to call if he relapses.",
    "He wiped his shoes on the mat, na answered.",
    "Not under the influence.",
    "Welfare check, subject calm, dog in yard.",
]
OTHERS = ["His mother is an alcoholic.", "Father is in rehab.", "Her boyfriend uses heroin.", "His roommate overdosed."]


def sud(text: str) -> set[str]:
    return {found.grade for found in by_text(text) if "SUD" in found.labels}


@pytest.mark.parametrize("text", CERTAIN)
def test_disorder_or_treatment_of_the_subject_is_certain(text: str) -> None:
    assert "certain" in sud(text)


@pytest.mark.parametrize("text", POSSIBLE)
def test_use_intoxication_exposure_and_doubt_are_possible(text: str) -> None:
    assert sud(text) == {"possible"}


@pytest.mark.parametrize("text", NOTHING)
def test_negated_and_hypothetical_tell_nothing(text: str) -> None:
    assert by_text(text) == ()


@pytest.mark.parametrize("text", OTHERS)
def test_another_person_is_not_the_subject(text: str) -> None:
    found = by_text(text)
    assert {code for one in found for code in one.labels} == {"family-sensitive"}


def test_spans_say_where() -> None:
    text = "Ünïcode first. Denies heroin, but is on Suboxone."
    found = spans(text)
    assert [text[span.start : span.end] for span in found] == ["heroin", "Suboxone"]
    assert [span.negated for span in found] == [True, False]


@pytest.mark.parametrize("text", ["", "\x00", "\U0001f480 " * 50, "İ" * 20 + " heroin", "no " * 5000])
def test_any_text_is_taken(text: str) -> None:
    spans(text)


def test_cost_grows_with_length_and_no_faster() -> None:
    from time import perf_counter

    part = "Subject denied drug use. Neighbor said he drinks. Units cleared the scene at the park. "

    def seconds(text: str) -> float:
        best = float("inf")
        for _ in range(3):
            start = perf_counter()
            spans(text)
            best = min(best, perf_counter() - start)
        return best

    seconds(part)
    assert seconds(part * 200) < 40 * seconds(part * 20)
