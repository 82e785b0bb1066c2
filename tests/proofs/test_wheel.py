"""The wheel: what is in it, and that it works away from the checkout.

It is built with the build backend of this environment, else as pip does by itself, and installed into an environment
of its own that sees the third-party packages and nothing of the checkout.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

#: What must be in it: one file of each kind that is read when it runs.
WANTED = (
    "mappings/packs/seattle-cad/pack.yaml",
    "mappings/packs/riverton-webhook/tables/nature.csv",
    "mappings/packs/riverton-rms/pack.yaml",
    "mappings/packs/new-orleans-cad/pack.yaml",
    "mappings/packs/stonebridge-crisis/examples/forms.xlsx",
    "mappings/packs/ferncliff-cards/examples/calls.txt",
    "mappings/data/apco_incident_types.csv",
    "mappings/schemas/incident.schema.json",
    "mappings/labels/data/lexicon.csv",
    "mappings/labels/data/policy.yaml",
    "mappings/labels/data/rules.csv",
    "mappings/labels/data/value_sets.json",
    "profiles/generated/r4.json.gz",
    "profiles/generated/examples.json.gz",
    "profiles/package/CodeSystem-issue-rule.json",
    "hub/console/templates/messages.html",
    "hub/console/static/console.css",
    "hub/store/migrations/env.py",
    "hub/store/migrations/versions/v0001_first_tables.py",
    "hub/_demo/demo/hub.toml",
    "hub/_demo/demo/lakeshore.json",
    "hub/_demo/demo/northfork.json",
    "hub/_demo/ehr/ehr.py",
    "hub/py.typed",
    "mappings/py.typed",
    "profiles/py.typed",
)
#: What must not be: third parties' definitions, tests, what belongs to a checkout or to a run.
UNWANTED = (
    "profiles/sources/",
    "profiles/fsh/",
    "mappings/labels/sources/",
    "mappings/hl7v2/sources/",
    "tests/",
    "benchmarks/",
    "samples/",
    "docs/",
    "__pycache__/",
    ".db",
)


def run(command: Sequence[str | Path], cwd: Path, timeout: float = 180) -> subprocess.CompletedProcess[bytes]:
    # nothing of this environment's way to find modules, and nothing of the checkout
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "HANDOFF", "VIRTUAL"))
    }
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, timeout=timeout, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    backend = ["--no-build-isolation", "--no-index"] if importlib.util.find_spec("hatchling") else []
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", *backend, "--wheel-dir", out, CHECKOUT]
    built = run(command, out)
    assert built.returncode == 0, built.stderr.decode()
    return next(out.glob("warmhandoff-*.whl"))


@dataclass(frozen=True, kw_only=True)
class Installed:
    """The environment with the wheel in it."""

    python: Path
    handoff: Path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    base = tmp_path_factory.mktemp("environment")
    venv.create(base, with_pip=False, symlinks=True)
    python = base / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    done = run(command, base)
    assert done.returncode == 0, done.stderr.decode()
    site = next(base.glob("lib/python*/site-packages"))
    # A path named in a .pth is searched, but its own .pth files (an editable install's) are not read.
    (site / "third_party.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return Installed(python=python, handoff=base / "bin" / "handoff")


def test_the_wheel_has_what_runs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        told = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    assert "handoff = hub.cli:main" in told
    assert [name for name in WANTED if name not in names] == []
    for case in sorted((CHECKOUT / "samples").glob("*/story-*/input.*")):
        assert f"hub/_demo/{case.relative_to(CHECKOUT / 'samples')}" in names
    for module in (CHECKOUT / "samples" / "ehr").glob("*.py"):
        assert f"hub/_demo/ehr/{module.name}" in names
    assert [name for name in names if any(part in name for part in UNWANTED)] == []
    tops = {name.split("/")[0] for name in names}
    assert {"hub", "mappings", "profiles"} == {top for top in tops if not top.endswith(".dist-info")}
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert wheel.stat().st_size < 3_000_000  # a third of it is the FHIR package


def test_it_is_the_wheel_that_runs(installed: Installed, tmp_path: Path) -> None:
    done = run(
        [
            installed.python,
            "-c",
            "import hub, mappings, profiles, sys; print(hub.__file__, mappings.__file__, *sys.path)",
        ],
        tmp_path,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert str(CHECKOUT) not in done.stdout.decode().replace(sysconfig.get_path("purelib"), "")
    assert str(installed.python.parents[1]) in done.stdout.decode().split()[0]


def test_the_demo_runs_from_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    done = run([installed.handoff, "demo", "--once", "--json"], tmp_path)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    tally = json.loads(done.stdout)
    assert tally["delivered"] >= 3
    assert tally["closed_loops"] >= 2
    assert tally["lost"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["handoff-demo"]
    assert (tmp_path / "handoff-demo" / "hub.db").is_file()


def test_it_translates_and_validates(installed: Installed, tmp_path: Path) -> None:
    shutil.copy(CHECKOUT / "samples/eido/story-2-call/input.json", tmp_path / "call.json")
    done = run([installed.handoff, "translate", "--source", "eido", "call.json"], tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    bundle = json.loads(done.stdout)
    assert bundle["resourceType"] == "Bundle"
    assert bundle["type"] == "transaction"
    (tmp_path / "bundle.json").write_bytes(done.stdout)
    checked = run([installed.handoff, "validate", "bundle.json"], tmp_path)
    assert checked.returncode == 0, checked.stdout.decode()
    assert json.loads(checked.stdout)["resourceType"] == "OperationOutcome"


def test_it_builds_and_checks_the_package(installed: Installed, tmp_path: Path) -> None:
    checked = run([installed.handoff, "profiles", "check"], tmp_path)
    assert checked.returncode == 0, checked.stdout.decode() + checked.stderr.decode()
    built = run([installed.handoff, "profiles", "build", "--out", "out"], tmp_path)
    assert built.returncode == 0, built.stderr.decode()
    assert (tmp_path / "out" / "pages" / "index.html").is_file()
    assert len(list((tmp_path / "out").glob("*.tgz"))) == 1
