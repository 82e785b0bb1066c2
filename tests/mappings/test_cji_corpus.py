"""Precision and recall of the CJIS gate over invented narratives: tuned, held-out and unseen part apart."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.cji_corpus import NARRATIVES, PARTS, faults, row, scores
from mappings import cjis_rules
from mappings.cjis import gate
from mappings.cjis_rules import criminal_justice_passages, criminal_justice_rules
from mappings.incident import Incident, Narrative

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")


def test_the_corpus_is_what_it_says() -> None:
    ids = [one["id"] for one in NARRATIVES]
    assert len(ids) == len(set(ids)) >= 500
    assert 0.28 < len(PARTS["held out"]) / len(PARTS["held out"] + PARTS["tuning"]) < 0.39
    having = sum(bool(one["spans"]) for one in NARRATIVES)
    assert having >= 200
    assert len(NARRATIVES) - having >= 200
    for narrative in NARRATIVES:
        for span in narrative["spans"]:
            assert narrative["text"][span["start"] : span["end"]] == span["text"], narrative["id"]


@pytest.mark.parametrize("part", PARTS)
def test_precision_and_recall(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = scores(PARTS[part])
    with capsys.disabled():
        for name, score in found.items():
            sys.stdout.write(f"\ncriminal justice corpus, {part} ({len(PARTS[part])} narratives), {name}: {score}")
    assert faults(part, found) == []


@pytest.mark.parametrize("part", PARTS)
def test_the_page_says_what_is_measured(part: str) -> None:
    assert row(part) in PAGE


@pytest.mark.parametrize("part", PARTS)
def test_no_pattern_is_left_untried(part: str) -> None:
    """The words by which patterns are chosen leave out none that would hit."""
    for one in PARTS[part]:
        read = cjis_rules.plain(one["text"])
        every = {rule for rule, patterns in cjis_rules._RULES for pattern in patterns if pattern.search(read)}
        assert {found.rule for found in criminal_justice_passages(read)} == every, one["id"]


def test_what_is_found_is_what_the_gate_keeps_back() -> None:
    """Each narrative that a rule hits is held whole, and each that none hits goes on as it is."""
    incident = Incident(
        agency="example-pd",
        number="1",
        narratives=tuple(Narrative(text=one["text"], organization="example-pd") for one in NARRATIVES),
    )
    kept, dropped, held = gate(incident)
    hit = {one["text"] for one in NARRATIVES if criminal_justice_passages(one["text"])}
    assert {narrative.text for narrative in kept.narratives} == {one["text"] for one in NARRATIVES} - hit
    assert dropped == ()
    assert len({gated.path for gated in held}) == len(hit)


@pytest.mark.parametrize(
    "hidden",
    [
        "No p\u200briors.",
        "Crim\u00adinal history attached.",
        "\uff2e\uff23\uff29\uff23 return was negative.",
        "criminal\u00a0history",
        "CRIMINAL\r\n\tHISTORY",
    ],
)
def test_spelling_on_the_wire_hides_nothing(hidden: str) -> None:
    assert criminal_justice_rules(hidden)
