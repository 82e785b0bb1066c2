"""A pack written in a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from mappings.packs import Pack, compile_pack

MakePack: TypeAlias = Callable[..., Pack]

HEAD = """pack: {id: test-cad, version: 1, agency: {id: test-pd, tz: America/Denver, posture: law-enforcement}}
"""


@pytest.fixture
def write_pack(tmp_path: Path) -> Callable[..., Path]:
    """Write pack.yaml (its `pack` section given) and tables (`nature="code,apco\\n…"`) to a folder."""

    def write(text: str, **tables: str) -> Path:
        (tmp_path / "pack.yaml").write_text(text if text.startswith("pack:") else HEAD + text)
        for name, table in tables.items():
            (tmp_path / f"{name}.csv").write_text(table)
        return tmp_path

    return write


@pytest.fixture
def make_pack(write_pack: Callable[..., Path]) -> MakePack:
    """The same, compiled."""
    return lambda text, **tables: compile_pack(write_pack(text, **tables))
