"""docs/first-pack.md, word for word and in its order: its files, its commands, its Python, what it says is printed.

`pytest --update-samples` writes what is printed into the page; the diff is the review.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app

PAGE = Path(__file__).parents[3] / "docs" / "first-pack.md"
DOC = PAGE.read_text()
_BLOCK = re.compile(r"(?:^`([\w./-]+)`\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_line(line: str) -> tuple[str, int]:
    """What one line of shell prints, and its exit code. `handoff`, `cp -r`, `echo`, `>` and `&&` are known."""
    said, code = "", 0
    for part in line.split(" && "):
        words = shlex.split(part)
        into = None
        if ">" in words:
            into = Path(words[words.index(">") + 1])
            words = words[: words.index(">")]
        if words[0] == "handoff":
            done = CliRunner().invoke(app, words[1:])
            assert done.exception is None or isinstance(done.exception, SystemExit), part
            code = done.exit_code
            if into is not None:
                into.write_bytes(done.stdout_bytes)
                said += done.stderr
            else:
                said += done.output
        elif words[:2] == ["cp", "-r"]:
            shutil.copytree(words[2], words[3])
        elif words[0] == "echo":
            said += " ".join(words[1:]) + "\n"
        else:
            assert words[0] == "pip", part
        if code:
            break
    return said, code


def walk() -> list[tuple[str, str, int]]:
    """Follow the page in the working folder: for each text said to be printed, what was, and where it stands."""
    names: dict[str, object] = {}
    printed: str | None = None
    found = []
    for match in _BLOCK.finditer(DOC):
        file, kind, content = match.groups()
        if file:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(content)
            printed = None
        elif kind == "sh":
            lines = content.replace("\\\n", " ").strip().split("\n")
            printed = "".join(run_line(line)[0] for line in lines)
        elif kind == "python":
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(content, PAGE.name, "exec"), names)
            printed = output.getvalue()
        elif kind == "text" and printed is not None:
            found.append((printed, content, match.start(3)))
            printed = None
    return found


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the page was followed to its end."""
    return tmp_path_factory.mktemp("first-pack")


def test_first_pack_prints_what_the_page_says(
    followed: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(followed)
    found = walk()
    assert len(found) == 10
    if request.config.getoption("--update-samples", default=False):
        text = DOC
        for printed, content, at in reversed(found):
            text = text[:at] + printed + text[at + len(content) :]
        PAGE.write_text(text)
        return
    for printed, content, _ in found:
        assert printed == content


def test_first_pack_gives_bundles_that_validate(followed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(followed)
    if not Path("bundles.ndjson").exists():
        walk()
    assert Path("bundles.ndjson").read_bytes().count(b"\n") == 7
    assert Path("outcomes.ndjson").read_bytes().count(b"\n") == 7
    assert b'"severity":"error"' not in Path("outcomes.ndjson").read_bytes()


def test_first_pack_mistake_is_named_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    walk()
    file = Path("cottonwood-cad/pack.yaml")
    file.write_text(file.read_text().replace("{from: Dispatched,", "{from: Dispatchd,"))
    done = CliRunner().invoke(app, ["pack", "lint", "cottonwood-cad"])
    assert done.exit_code == 1
    assert f"```text\n{done.output.splitlines()[0]}\n```" in DOC


def test_first_pack_lists_every_disposition() -> None:
    from mappings.codes import FIELD_DISPOSITIONS

    for code in FIELD_DISPOSITIONS:
        assert f"`{code}`" in DOC
