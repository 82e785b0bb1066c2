"""`handoff profiles build` and `check`: what they write and say, with nothing of the service loaded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

import profiles
from hub.cli import app
from profiles.package_file import FILE

PACKAGE = Path(profiles.__file__).parent / "package"


def test_build_writes_the_same_package_each_time_and_its_pages(tmp_path: Path) -> None:
    (tmp_path / "b" / "pages").mkdir(parents=True)
    (tmp_path / "b" / "pages" / "StructureDefinition-of-an-earlier-version.html").write_text("old")
    for name in ("a", "b"):
        done = CliRunner().invoke(app, ["profiles", "build", "--out", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        assert FILE in done.output
        assert "index.html" in done.output
    written = [
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in (tmp_path / "a", tmp_path / "b")
    ]
    assert written[0] == written[1]
    assert Path("pages/index.html") in written[0]


def test_build_without_pages(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["profiles", "build", "--out", str(tmp_path), "--no-pages"])
    assert done.exit_code == 0
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_check_says_what_it_looked_at(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["profiles", "check"])
    assert done.exit_code == 0, done.output
    assert "faults" not in done.output
    assert all(line.endswith("  ok") for line in done.output.splitlines())


def test_check_of_other_definitions_fails_on_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    shutil.copytree(PACKAGE, folder)
    file = folder / "CodeSystem-contact-mode.json"
    broken = json.loads(file.read_text())
    broken["concept"] = broken["concept"][:1]
    file.write_text(json.dumps(broken))
    done = CliRunner().invoke(app, ["profiles", "check", "--definitions", str(folder)])
    assert done.exit_code == 1
    assert "fault: " in done.output


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["profiles", "check", "--definitions", str(tmp_path / "none")])
    assert done.exit_code == 2


def test_the_commands_load_nothing_of_the_service(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from hub.cli import app\n"
        f"done = CliRunner().invoke(app, ['profiles', 'build', '--out', {str(tmp_path)!r}])\n"
        "assert done.exit_code == 0, done.output\n"
        "print(sorted({'fastapi', 'starlette', 'sqlalchemy', 'httpx', 'jinja2', 'fhir'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
