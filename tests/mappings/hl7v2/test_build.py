"""Writing segments: trimming, set ids, the partner's character set."""

from __future__ import annotations

import pytest

from mappings.errors import RenderError
from mappings.hl7v2.build import Draft, Raw, field, segment
from mappings.hl7v2.delimiters import Delimiters


def test_fields_are_trimmed_and_escaped() -> None:
    assert segment("PID", {1: "1", 3: [("a", None, ("b", None)), ("c",)], 5: ("|^&~\\", None), 9: None}) == (
        "PID|1||a^^b~c||\\F\\\\S\\\\T\\\\R\\\\E\\"
    )


def test_raw_is_taken_as_it_is() -> None:
    assert segment("MSH", {3: Raw("APP^1.2^ISO"), 5: ""}) == "MSH|^~\\&|APP^1.2^ISO"


def test_control_characters_can_end_nothing() -> None:
    assert field("a\rb\nc\x0bd\x1ce") == "a\\X0D\\b\\.br\\c\\X0B\\d\\X1C\\e"


def test_a_text_that_looks_like_null_stays_text() -> None:
    assert field('""') == '\\X22\\"'


def test_without_an_escape_character_nothing_is_written_that_needs_one() -> None:
    assert field("x", Delimiters(escape="")) == "x"
    for text in ("a|b", "a^b", '""', "a\nb"):
        with pytest.raises(ValueError, match="escape"):
            field(text, Delimiters(escape=""))


def test_set_ids_and_addresses() -> None:
    draft = Draft()
    assert draft.add("OBX", {3: "a"}, set_id=True) == "OBX[1]"
    assert draft.add("OBX", {3: "b"}, set_id=True) == "OBX[2]"
    draft.restart("OBX")
    assert draft.add("OBX", {3: "c"}, set_id=True) == "OBX[3]"
    assert draft.bytes() == b"OBX|1||a\rOBX|2||b\rOBX|1||c\r"


def test_a_value_the_character_set_cannot_write_is_an_error_with_its_field_only() -> None:
    draft = Draft("8859/1")
    draft.add("PID", {5: "Ä"})
    with pytest.raises(RenderError) as caught:
        draft.add("PID", {3: "fine", 5: [("Łucznik",)]})
    assert (caught.value.rule, caught.value.issues[0].path) == ("render.charset", "PID-5")
    assert "ucznik" not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_unknown_character_set() -> None:
    with pytest.raises(RenderError, match=r"render\.charset"):
        Draft("UNICODE UTF-16")
