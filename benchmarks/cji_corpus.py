"""The corpus of narratives with and without criminal justice information, and how the CJIS gate is scored on it.

A third is held out by a fixed rule (`benchmarks.text_corpus.held_out`); what it misses is counted and shown nowhere.
Run as a module it prints the table of docs/privacy.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.text_corpus import UNSEEN, Score, held_out
from mappings.cjis_rules import Passage, criminal_justice_passages

CORPUS = Path(__file__).parents[1] / "tests" / "mappings" / "cji_corpus"


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines()]


_KNOWN = [*_read("narratives"), *_read("later")]
PARTS = {
    "tuning": [one for one in _KNOWN if not held_out(one)],
    "held out": [one for one in _KNOWN if held_out(one)],
    UNSEEN: _read(UNSEEN),
}
NARRATIVES = [one for part in PARTS.values() for one in part]

#: What must hold, (precision, recall): a little under what was measured when the rules were last changed.
FLOORS = {
    "tuning": {"narrative": (0.99, 0.99), "passage": (0.80, 0.95)},
    "held out": {"narrative": (0.97, 0.96), "passage": (0.72, 0.91)},
    UNSEEN: {"narrative": (0.97, 0.95), "passage": (0.80, 0.90)},
}


def _over(one: Passage, span: dict[str, Any]) -> bool:
    return bool(one.start < span["end"] and span["start"] < one.end)


def scores(narratives: Iterable[dict[str, Any]]) -> dict[str, Score]:
    """`narrative`: those kept back. `passage`: those found where they stand. `rule`: which rules a narrative hits."""
    total = {name: Score() for name in ("narrative", "passage", "rule")}
    for narrative in narratives:
        found = criminal_justice_passages(narrative["text"])
        expected = narrative["spans"]
        total["narrative"].add({True} if found else set(), {True} if expected else set())
        seen = [any(_over(one, span) for one in found) for span in expected]
        total["passage"].right += sum(seen)
        total["passage"].missed += seen.count(False)
        total["passage"].invented += sum(not any(_over(one, span) for span in expected) for one in found)
        total["rule"].add({one.rule for one in found}, {span["rule"] for span in expected})
    return total


def faults(part: str, found: dict[str, Score]) -> list[str]:
    """What of a part is under its floor; empty when all holds."""
    return [
        f"{part} {name} {score:.3f} < {floor}"
        for name, floors in FLOORS[part].items()
        for score, floor in zip((found[name].precision, found[name].recall), floors, strict=True)
        if score < floor
    ]


def row(part: str) -> str:
    """The part's row of the table in docs/privacy.md."""
    narratives = PARTS[part]
    found = scores(narratives)
    having = sum(bool(one["spans"]) for one in narratives)
    numbers = (found["narrative"].precision, found["narrative"].recall, found["passage"].recall)
    return f"| {part} | {having} | {len(narratives) - having} | " + " | ".join(f"{one:.3f}" for one in numbers) + " |"


if __name__ == "__main__":
    for name in PARTS:
        sys.stdout.write(row(name) + "\n")
