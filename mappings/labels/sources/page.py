"""The parts of docs/labels.md that are made: between a pair of marks each, compared by a test."""

from __future__ import annotations

import sys
from pathlib import Path

DOC = Path(__file__).parents[3] / "docs" / "labels.md"


def document(made: str, begin: str, end: str) -> str:
    """The page with `made` between the marks."""
    head, _, rest = DOC.read_text(encoding="utf-8").partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n\n{made}\n\n{end}{tail}"


def main(made: str, begin: str, end: str) -> int:
    """Write the page, or with --check only compare it. Exit 1 if it differs."""
    text = document(made, begin, end)
    if "--check" in sys.argv[1:]:
        return int(DOC.read_text(encoding="utf-8") != text)
    DOC.write_text(text, encoding="utf-8")
    return 0
