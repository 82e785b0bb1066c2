"""Sample people are invented: each family name is one invented word, and stands nowhere but in the samples."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]


def test_a_family_name_is_one_word_of_six_letters_or_more(sensitive: Any) -> None:
    for family in sorted(sensitive.families):
        assert re.fullmatch(r"[^\W\d_]{6,}", family), f"{family!r} is not one word of at least six letters"
        assert family.casefold() != "unknown"


def test_a_family_name_stands_nowhere_but_in_the_samples(sensitive: Any) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    names = re.compile(rf"\b({'|'.join(map(re.escape, sorted(sensitive.families)))})\b", re.IGNORECASE)
    files = [name for name in listed.stdout.decode().split("\0") if name and not name.startswith("samples/")]
    assert len(files) > 100
    found = {}
    for name in files:
        assert not names.search(Path(name).as_posix().replace("_", " ")), name
        file = CHECKOUT / name
        if not file.is_file():
            continue  # deleted, and not committed yet
        hits = {hit.group().casefold() for hit in names.finditer(file.read_bytes().decode(errors="replace"))}
        if hits:
            found[name] = hits
    assert found == {}


def test_the_search_sees_a_name(sensitive: Any) -> None:
    family = min(sensitive.families)
    for text in (f"x{family}x", family.upper(), f"Issue at Patient.name: {family}"):
        assert sensitive.found_in(text)
    assert not sensitive.found_in("read.not-json at line 1, column 5: not JSON; Encounter.period; 2026-11-21T10:00:00Z")
