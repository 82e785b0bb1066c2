"""What the parts may know of each other: the import contract, the one maker of a Release, the one way out."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "mappings", "profiles")
#: What sends, and the one module that may call it.
ADAPTERS = {"fhir_message", "fhir_rest", "hl7v2"}
SENDERS = {"hub/loop/sending.py"}
#: Reading a Task of a center sends nothing of anybody's; an acknowledgement says nothing of what was in the message;
#: the command sends a file that its user has.
ASKERS = {
    "hub/loop/polling.py": {("fhir_rest", "read_task")},
    "hub/loop/application_ack.py": {("hl7v2", "send"), ("hl7v2", "tell")},
    "hub/cli/hl7v2.py": {("hl7v2", "send")},
}


def lint(folder: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).parent / "lint-imports"
    command = [str(tool), "--config", "pyproject.toml", "--no-cache"]
    if contract is not None:
        command += ["--contract", contract]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(folder)}
    )


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


@pytest.fixture(scope="module")
def sources() -> list[tuple[str, ast.Module]]:
    return list(modules())


def test_the_import_contract_holds() -> None:
    found = lint(ROOT)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("mappings/times.py", "import hub.records", "service uses library uses profiles, never back"),
        ("hub/release/seal.py", "import hub.loop.context", "steps meet only in the pipeline"),
        ("hub/release/decide.py", "import sqlalchemy", "library and pure steps do no I/O"),
        ("hub/delivery/fhir_message.py", "import httpx", "httpx in one module"),
    ],
)
def test_a_deliberate_violation_fails(tmp_path: Path, module: str, line: str, broken: str) -> None:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("sources", "__pycache__", "*.json")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / module
    path.write_text(path.read_text() + f"\n{line}\n")
    found = lint(tmp_path)
    assert found.returncode != 0
    assert f"{broken} BROKEN" in found.stdout


def test_only_seal_makes_a_release(sources: list[tuple[str, ast.Module]]) -> None:
    makers = {
        name
        for name, tree in sources
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _last(node.func) == "Release"
    }
    assert makers == {"hub/release/seal.py"}


def test_nobody_goes_around_the_constructor(sources: list[tuple[str, ast.Module]]) -> None:
    """Neither the key, nor `object.__new__` and `__setattr__` on frozen values, outside the seal."""
    for name, tree in sources:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute) and _last(node) == "_SEAL":
                assert name == "hub/release/seal.py", name
            if isinstance(node, ast.Attribute) and node.attr == "__new__":
                raise AssertionError(f"{name}: __new__")
            if isinstance(node, ast.ImportFrom) and any(one.name == "_SEAL" for one in node.names):
                raise AssertionError(f"{name}: imports the seal's key")


def test_only_sending_calls_the_adapters(sources: list[tuple[str, ast.Module]]) -> None:
    callers: dict[str, set[tuple[str, str]]] = {}
    for name, tree in sources:
        if name.startswith("hub/delivery/") or not name.startswith("hub/"):
            continue
        known = _adapters(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
                callers.setdefault(name, set()).add((known[node.value.id], node.attr))
    for name, used in callers.items():
        sends = {pair for pair in used if not pair[1][0].isupper()}
        assert name in SENDERS or sends <= ASKERS.get(name, set()), (name, sends)
    assert {adapter for name in SENDERS for adapter, verb in callers[name] if verb == "send"} == ADAPTERS


def test_nobody_imports_a_function_out_of_an_adapter(sources: list[tuple[str, ast.Module]]) -> None:
    """So that the test above sees every call; receipts and the transport's making are values."""
    for name, tree in sources:
        if name.startswith("hub/delivery/"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in {f"hub.delivery.{one}" for one in ADAPTERS}:
                raise AssertionError(f"{name}: {[one.name for one in node.names]}")
            if isinstance(node, ast.Import) and any(one.name.startswith("hub.delivery") for one in node.names):
                raise AssertionError(f"{name}: import hub.delivery...")


def test_only_the_adapters_use_a_way_out(sources: list[tuple[str, ast.Module]]) -> None:
    for name, tree in sources:
        if name.startswith("hub/delivery/"):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute) or node.attr != "request":
                continue
            way = node.value.func if isinstance(node.value, ast.Call) else node.value
            if _last(way) in ("transport", "sender", "ways", "to"):
                raise AssertionError(f"{name}: sends by itself")


def _adapters(tree: ast.Module) -> dict[str, str]:
    """Local name → adapter, of `from hub.delivery import fhir_rest as rest`."""
    return {
        one.asname or one.name: one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "hub.delivery"
        for one in node.names
        if one.name in ADAPTERS
    }


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
