"""What a deployment adds to the reading of texts: programs, street names, another engine beside ours."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from mappings.labels import Origin, label
from mappings.labels.marking import mentions
from mappings.labels.text import ReaderFailed, Span, TextLabels, spans

CENTER = Origin(reference="Organization/mhc", role="covered-entity")
OURS = TextLabels(
    programs={"Larkrise House": ("SUD", "OPIOIDUD"), "Tern Road": ("SUD",)},
    street_names={"zib-zab": ("SUD", "OPIOIDUD")},
)


def told(text: str, reader: TextLabels = OURS) -> dict[str, str]:
    return {code: found.grade for found in reader.by_text(text) for code in found.labels}


def test_a_named_program_is_a_treatment() -> None:
    assert told("He stays at Larkrise House since May.") == {"SUD": "certain", "OPIOIDUD": "certain"}
    assert told("He stays at Larkrise House since May.", TextLabels()) == {}


@pytest.mark.parametrize(
    "text",
    [
        "He was never at Larkrise House.",
        "Would go to Larkrise House if a bed opened.",
        "She is a nurse at Larkrise House.",
        "They walked down the tern road.",
    ],
)
def test_a_named_program_has_a_context_too(text: str) -> None:
    assert told(text) == {}


def test_a_named_program_of_another_person_is_the_familys() -> None:
    assert told("His mother is at Larkrise House.") == {"family-sensitive": "possible"}


def test_a_street_name_is_a_use() -> None:
    assert told("Admits to zib-zab last night") == {"SUD": "possible", "OPIOIDUD": "possible"}
    assert told("Denies zibzab.") == {}
    assert {code for one in OURS.by_mention("Denies zib zab.") for code in one.labels} == {"SUD", "OPIOIDUD"}


@pytest.mark.parametrize("names", [{"": ("SUD",)}, {"--": ("SUD",)}, {"Larkrise House": ()}])
def test_a_name_that_cannot_be_one_is_refused_without_showing_it(names: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError) as caught:
        TextLabels(programs=names)
    assert "Larkrise" not in str(caught.value)


def narrator(text: str) -> Iterator[Span]:
    """An engine that knows one more word: what an adapter of an NLP service looks like to us."""
    at = text.find("quillwort")
    if at >= 0:
        yield Span(kind="treatment", labels=("PSY",), grade="certain", start=at, end=at + 9)


def test_another_engine_adds_spans_and_takes_none_away() -> None:
    reader = TextLabels(readers=(narrator,))
    resource = {"resourceType": "Condition", "code": {"text": "Has schizophrenia, takes quillwort"}}
    alone = label(resource, origin=CENTER)
    both = label({**resource, "code": {"text": "takes quillwort"}}, origin=CENTER, text=reader)
    assert {row.code for row in both.labels} >= {"PSY"}
    assert len(reader.spans(resource["code"]["text"])) == len(spans(resource["code"]["text"])) + 1  # type: ignore[index]
    assert "PSY" in {row.code for row in alone.labels}


def test_another_engine_reads_what_we_would_pass_over() -> None:
    reader = TextLabels(readers=(narrator,))
    assert not reader.silent("takes quillwort")
    assert TextLabels().silent("takes quillwort")


def test_no_narrative_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    spans("Denies heroin. Takes Suboxone. Mother drinks.")
    assert not caplog.records


def test_spans_say_whose_and_whether() -> None:
    found: dict[str, Any] = {}
    text = "Denies meth. Mother is an alcoholic. Possible psychosis. Hx of detox. Would take Vivitrol. Uses heroin."
    for span in spans(text):
        found[text[span.start : span.end]] = (span.subject, span.context, span.tells)
    assert found == {
        "meth": ("patient", "negated", None),
        "alcoholic": ("family", "asserted", None),
        "psychosis": ("patient", "uncertain", "possible"),
        "detox": ("patient", "historical", "certain"),
        "Vivitrol": ("patient", "hypothetical", None),
        "heroin": ("patient", "asserted", "possible"),
    }


@pytest.mark.parametrize(
    "text", ["Alarm at 1440 Heroin Creek Rd.", "Meet at 5150 Larch Ave", "88 Oxy Ln Apt 4", "The Suboxone Museum"]
)
def test_a_name_on_a_street_sign_is_no_label_and_is_masked(text: str) -> None:
    assert TextLabels().by_text(text) == ()
    assert TextLabels().by_mention(text)


@pytest.mark.parametrize(
    "written",
    ["sub-oxone", "subox-\none", "sub\u00adoxone", "&#115;uboxone", "su<b>box</b>one", "SUBOXONE", "subo\u200bxone"],
)
def test_a_term_in_a_resource_is_found_however_it_is_spelled(written: str) -> None:
    resource = {"resourceType": "Condition", "code": {"text": f"takes {written}"}}
    assert {row.code for row in label(resource, origin=CENTER).labels} >= {"SUD", "OPIOIDUD"}
    denied = {"resourceType": "Condition", "code": {"text": f"denies {written}"}}
    assert {row.code for row in mentions(denied)} == {"SUD", "OPIOIDUD"}


def _raises(text: str) -> Iterator[Span]:
    raise ValueError(text)


def _past_the_end(text: str) -> Iterator[Span]:
    yield Span(kind="disorder", labels=("SUD",), grade="certain", start=0, end=len(text) + 1)


def _no_code(text: str) -> Iterator[Span]:
    yield Span(kind="disorder", labels=("42CFRPart2",), grade="certain", start=0, end=1)


def _no_span(text: str) -> Iterator[Any]:
    yield text


@pytest.mark.parametrize("reader", [_raises, _past_the_end, _no_code, _no_span])
def test_a_reader_that_fails_stops_the_labelling_and_shows_nothing_of_the_text(reader: Any) -> None:
    """A label that may be missing is not left out in silence; no reader makes the law label (P1)."""
    with pytest.raises(ReaderFailed) as caught:
        TextLabels(readers=(reader,)).by_text("Takes quillwort since May.")
    shown = "".join(traceback.format_exception(caught.value))
    assert "Takes quillwort" not in shown.replace('by_text("Takes quillwort since May.")', "")
