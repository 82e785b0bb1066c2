"""Precision and recall over the corpus of sentences: for labels and for masking, tuned and held-out part apart."""

from __future__ import annotations

import sys

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
