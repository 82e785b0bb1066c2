"""docs/settings.md is what the settings' types say."""

from __future__ import annotations

from pathlib import Path

from hub.settings import Settings
from hub.settings.reference import page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "write it anew: handoff schema settings --markdown > docs/settings.md"


def test_every_section_and_key_is_on_it() -> None:
    text = page()
    for name in Settings.model_fields:
        assert f"| `{name}` |" in text
    assert "## `[[destination]]`" in text
    assert "## `[destination.smart]`" in text
    assert text.count("**required**") > 10
