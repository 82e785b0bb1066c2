"""Precision and recall over the corpus of sentences: for labels and for masking, tuned and held-out part apart."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path

import pytest

from benchmarks.text_corpus import PARTS, SENTENCES, faults, scores
from mappings.labels.text import by_text


def test_the_corpus_is_what_it_says() -> None:
    ids = [one["id"] for one in SENTENCES]
    assert len(ids) == len(set(ids)) >= 420
    assert 0.28 < len(PARTS["held out"]) / len(PARTS["held out"] + PARTS["tuning"]) < 0.39
    for sentence in SENTENCES:
        for span in sentence["spans"]:
            assert sentence["text"][span["start"] : span["end"]] == span["text"], sentence["id"]


@pytest.mark.parametrize("part", PARTS)
def test_precision_and_recall(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = scores(PARTS[part])
    with capsys.disabled():
        for name, score in found.items():
            sys.stdout.write(f"\ntext corpus, {part} ({len(PARTS[part])} sentences), {name}: {score}")
    assert faults(part, found) == []


def test_no_sentence_gives_the_law_label() -> None:
    assert not any("42CFRPart2" in one.labels for sentence in SENTENCES for one in by_text(sentence["text"]))


PAGE = (Path(__file__).parents[3] / "docs" / "labels.md").read_text("utf-8")


@pytest.mark.parametrize("part", PARTS)
def test_the_page_says_what_is_measured(part: str) -> None:
    found = scores(PARTS[part])
    numbers = [score for name in ("label", "masking") for score in (found[name].precision, found[name].recall)]
    row = f"| {part} | {len(PARTS[part])} | " + " | ".join(f"{one:.3f}" for one in numbers) + " |"
    assert row in PAGE


def test_the_example_of_another_engine_runs() -> None:
    (code, said) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.S)[0]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "labels.md", "exec"), {})
    assert printed.getvalue() == said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Denies heroin, but takes Suboxone", {"SUD": "certain", "OPIOIDUD": "certain"}),
        ("not taking his Suboxone", {"SUD": "certain", "OPIOIDUD": "certain"}),
        ("ran out of Abilify", {"PSY": "certain"}),
        ("Would go to detox if a bed opened", {}),
        ("referred to detox", {}),
        ("RP states brother is suicidal", {"MH": "certain"}),
        ("His brother is suicidal", {"family-sensitive": "possible"}),
        ("Possible psychosis", {"PSY": "possible"}),
        ("r/o bipolar", {"PSY": "possible"}),
        ("No needles found", {}),
        ("odor of alcohol", {"SUD": "possible"}),
        ("naloxone given", {"SUD": "possible"}),
        (
            "MHC clinician told me he is on Suboxone",
            {"SUD": "certain", "OPIOIDUD": "certain", "origin-unknown": "possible"},
        ),
        ("5150 Elm St", {}),
        ("Heroin Creek Rd", {}),
        ("drug store", {}),
        ("weed whacker", {}),
        ("on MAT", {"SUD": "certain"}),
        ("left it on the mat", {}),
        ("LEFT IT ON THE MAT", {"SUD": "possible"}),
        ("My son is suicidal", {"family-sensitive": "possible"}),
    ],
)
def test_what_the_page_says_a_text_tells(text: str, expected: dict[str, str]) -> None:
    assert {code: found.grade for found in by_text(text) for code in found.labels} == expected
    assert f'"{text}"' in PAGE or text.isupper()
