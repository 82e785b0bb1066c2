"""A source's `registry`: relative to the settings, checked at the start, used when its documents are read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from hub.errors import SettingsError
from hub.loop.reading import _registries
from hub.settings import Settings, parse

DOCUMENT: dict[str, Any] = {
    "operator": {"organization": "a-pd", "relation": "self"},
    "state_policy": {"name": "none", "reviewer": "counsel", "reviewed": "2026-11-01"},
    "organization": [{"id": "a-pd", "name": "A", "kind": "agency", "posture": "law-enforcement"}],
    "agency": [{"id": "a-pd", "zone": "America/Denver"}],
}


def settings(base: Path, reads: str = "eido", registry: str = "lists/registries.csv") -> Settings:
    token = {"sha256": hashlib.sha256(b"a token").hexdigest()}
    source = {"name": "cad", "organization": "a-pd", "reads": reads, "token": token, "registry": registry}
    return parse({**DOCUMENT, "source": [source]}, base=base)


def put(base: Path, text: str) -> None:
    (base / "lists").mkdir()
    (base / "lists/registries.csv").write_text(text)


def test_it_is_found_beside_the_settings_and_read(tmp_path: Path) -> None:
    put(tmp_path, "registry,token,display\nPersonRole,Patient,The patient\n")
    (source,) = settings(tmp_path).source
    assert source.registry == tmp_path / "lists/registries.csv"
    given = _registries(source.registry)
    assert given is not None and given["personrole"].displays.get("Patient") == "The patient"
    assert _registries(None) is None


@pytest.mark.parametrize("text", ["", "token\nPatient\n", None])
def test_a_hub_does_not_start_with_a_wrong_one(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        put(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path)
    assert caught.value.rule == "settings.registry" and str(tmp_path) not in str(caught.value)


def test_only_for_eido(tmp_path: Path) -> None:
    put(tmp_path, "registry,token\nPersonRole,Patient\n")
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, reads="incident")
    assert caught.value.rule == "settings.invalid"
