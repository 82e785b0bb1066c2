"""docs/first-pack.md, word for word: its files, its Python, what it says is printed, its error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mappings.errors import PackError
from mappings.packs import load_pack

DOC = (Path(__file__).parents[3] / "docs" / "first-pack.md").read_text()
FILES = re.findall(r"^`([\w./-]+)`\n\n```\w+\n(.*?)^```$", DOC, re.MULTILINE | re.DOTALL)
RUNS = re.findall(r"^```python\n(.*?)^```$.*?^```text\n(.*?)^```$", DOC, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_first_pack_prints_what_the_page_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(FILES) == 5
    assert len(RUNS) == 2
    names: dict[str, object] = {}
    for code, printed in RUNS:
        exec(compile(code, "first-pack.md", "exec"), names)
        assert capsys.readouterr().out == printed


def test_first_pack_mistake_is_named_as_the_page_says(folder: Path) -> None:
    file = folder / "my-pack" / "pack.yaml"
    file.write_text(file.read_text().replace("[Call Date, Arrived]", "[Call Date, Arived]"))
    with pytest.raises(PackError) as caught:
        load_pack(Path("my-pack"))
    assert f"```text\n{caught.value}\n```" in DOC


def test_first_pack_lists_every_disposition() -> None:
    from mappings.codes import FIELD_DISPOSITIONS

    for code in FIELD_DISPOSITIONS:
        assert f"`{code}`" in DOC
