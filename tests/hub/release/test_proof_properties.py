"""The long form of the properties of release: the same functions, on 100,000 examples each."""

from __future__ import annotations

import pytest

from tests.proof import properties
from tests.proof.examples import ASKED, examples


@pytest.mark.proof
@pytest.mark.parametrize(("file", "name"), properties.PROPERTIES, ids=lambda part: part.removeprefix("test_"))
def test_a_property_holds_on_many_examples(file: str, name: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("markexpr") != "proof":
        pytest.skip("hours: only when long forms are asked for (-m proof)")
    assert properties.run([(file, name)], properties.WANTED) == []


def test_every_property_is_there_and_takes_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for file, name in properties.PROPERTIES:
        text = (properties.TESTS / f"{file}.py").read_text()
        above = text.partition(f"def {name}(")[0]
        assert above.rindex("@examples(") > above.rindex("\n\n\n")
    assert examples(7).max_examples == 7
    monkeypatch.setenv(ASKED, "9")
    assert examples(7).max_examples == 9
