"""docs/packs.md: every key, verb and format is in it, and what its example prints is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mappings.found import Rule
from mappings.packs import damage
from mappings.packs.code_verbs import CODED_VERBS
from mappings.packs.declaration import ENCODINGS, SOURCE_KEYS
from mappings.packs.time_verbs import AFTER_VERBS, DATE_VERBS, DST, LENGTHS, TIME_VERBS
from mappings.packs.verbs import CONDITIONS, NORMALISE

DOC = (Path(__file__).parents[3] / "docs" / "packs.md").read_text()
WORDS = {
    *SOURCE_KEYS, *(key for keys in SOURCE_KEYS.values() for key in keys), *ENCODINGS,
    *CODED_VERBS, *DATE_VERBS, *TIME_VERBS, *AFTER_VERBS, *DST, *LENGTHS, *CONDITIONS, *NORMALISE,
    "for_each", "each_row", "split", "origin", "stages", "key", "empty",
    *(rule.rule for rule in vars(damage).values() if isinstance(rule, Rule)),
}  # fmt: skip


@pytest.mark.parametrize("word", sorted(WORDS))
def test_the_reference_has_it(word: str) -> None:
    assert re.search(rf"`{re.escape(word)}[`:]", DOC), word


def test_the_reference_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    ((code, printed),) = re.findall(r"^```python\n(.*?)^```$.*?^```text\n(.*?)^```$", DOC, re.MULTILINE | re.DOTALL)
    exec(compile(code, "packs.md", "exec"), {})
    assert capsys.readouterr().out == printed
