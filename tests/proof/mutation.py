"""Mutation testing of the release decision: each small fault that is put in must be found by the tests of it.

A mutant is one module of `hub/release` with one node of its syntax changed: a comparison turned round, `and` for `or`,
a `not` left out, a truth value or a set operation exchanged, a condition always or never met. The tests run on it in a
process of their own, forked with everything else loaded. A mutant that no test finds is a survivor: it needs a test,
or a line in `explained.json` that says why it is no fault.

    python -m tests.proof.mutation law overlay          these modules, all of their mutants
    python -m tests.proof.mutation --list law           how many there are
    python -m tests.proof.mutation --only law:17        one mutant, with pytest's output

Results are kept as they come, by the digest of the module: a run that was stopped goes on where it was, and looks again
at what survived.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import importlib.abc
import importlib.machinery
import io
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hub" / "release"
TESTS = ROOT / "tests" / "hub" / "release"
EXPLAINED = Path(__file__).with_name("explained.json")
_RESULTS = ROOT / "benchmarks" / "results"

#: What decides and seals. The rest of the package says it in other words, or reads other systems' forms.
MODULES = ("law", "overlay", "policy", "purpose", "kind", "reach", "content", "matching", "naming", "decide", "seal")
#: Which tests look at it; hypothesis' own searches are left to themselves, since they take longer than all others.
LOOKING = (
    "test_edges.py",
    "test_scenario_table.py",
    "test_state_policy.py",
    "test_scenarios_release.py",
    "test_purpose.py",
    "test_seal.py",
    "test_minors.py",
    "test_consent_check.py",
    "test_redact.py",
    "test_claims_release.py",
    "test_hidden_words.py",
)
#: A mutant that takes so many times as long as the tests without any, and a minute at least, goes in circles: found.
PATIENCE = 10
#: After so many mutants the tests are run on the module as it is: else all would seem found once anything else broke.
_BATCH = 25

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_JOINED: dict[type[ast.operator], type[ast.operator]] = {
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Sub: ast.Add, ast.Add: ast.Sub,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """One change: where it is, what it was and what it is, and the module's source with it."""

    module: str
    number: int
    where: str
    was: str
    now: str
    source: str

    @property
    def key(self) -> str:
        """What names it while lines move: module, function, what was changed into what."""
        return f"{self.module}.{self.where}: {self.was} -> {self.now}"


def mutants(module: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its source."""
    text = (PACKAGE / f"{module}.py").read_text()
    tree = ast.parse(text)
    found: list[Mutant] = []
    for where, node in _nodes(tree):
        for changed in _changes(node):
            was, now = ast.unparse(node), ast.unparse(changed)
            made = _with(tree, node, changed)
            found.append(
                Mutant(module=module, number=len(found), where=where, was=was, now=now, source=ast.unparse(made))
            )
    return found


def _nodes(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    def walk(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            inside = where
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inside = f"{where}.{child.name}".lstrip(".")
            if isinstance(child, ast.arg | ast.AnnAssign) and not isinstance(getattr(child, "value", None), ast.expr):
                continue  # an annotation is no code
            if child in getattr(node, "decorator_list", ()):
                continue  # frozen, slots: how a value is kept, and not what is decided
            yield inside, child
            yield from walk(child, inside)

    for where, node in walk(tree, ""):
        if where:  # tables and imports at the top are data
            yield where, node


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARED:
        changed = copy.deepcopy(node)
        changed.ops = [_COMPARED[type(node.ops[0])]()]
        yield changed
    elif isinstance(node, ast.BoolOp):
        changed_bool = copy.deepcopy(node)
        changed_bool.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield changed_bool
        for index in range(len(node.values)):
            rest = [copy.deepcopy(one) for place, one in enumerate(node.values) if place != index]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(op=copy.deepcopy(node.op), values=rest)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield copy.deepcopy(node.operand)
    elif isinstance(node, ast.BinOp) and type(node.op) in _JOINED and not _is_type(node):
        changed_bin = copy.deepcopy(node)
        changed_bin.op = _JOINED[type(node.op)]()
        yield changed_bin
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(value=not node.value)
    elif isinstance(node, ast.If | ast.IfExp):
        for value in (True, False):
            changed_if = copy.deepcopy(node)
            changed_if.test = ast.Constant(value=value)
            yield changed_if


def _is_type(node: ast.BinOp) -> bool:
    """Whether a `|` joins types, as in an isinstance."""
    return isinstance(node.op, ast.BitOr) and any(
        isinstance(one, ast.Constant) and one.value is None for one in (node.left, node.right)
    )


def _with(tree: ast.Module, node: ast.AST, changed: ast.AST) -> ast.Module:
    class Swap(ast.NodeTransformer):
        def visit(self, one: ast.AST) -> ast.AST:
            return changed if one is node else self.generic_visit(one)

    # the tree is kept as it is: only what leads to the node is copied
    memo = {id(node): node}
    made = copy.deepcopy(tree, memo)
    return ast.fix_missing_locations(Swap().visit(made))


class _Swapped(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module from other source."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = f"hub.release.{mutant.module}"
        self._mutant = mutant

    def find_spec(self, fullname: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.source, f"<{self._name}>", "exec"), module.__dict__)


def looked_at(mutant: Mutant | None, *, quiet: bool = True, until: float = 600) -> bool:
    """Whether the tests find a mutant; with None, whether they fail on the module as it is. Runs in a child process.

    `until`: after so many seconds it is found.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            import pytest

            if mutant is not None:
                sys.meta_path.insert(0, _Swapped(mutant))
            arguments = [*(str(TESTS / name) for name in LOOKING if (TESTS / name).exists()), "-x", "-q"]
            arguments += ["--assert=plain", "-p", "no:cacheprovider", f"--confcutdir={TESTS}", f"--rootdir={ROOT}"]
            if quiet:
                with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                    code = int(pytest.main(arguments))
            else:
                code = int(pytest.main(arguments))
        finally:
            os._exit(0 if code == 0 else 1)
    end = time.monotonic() + until
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def preload() -> None:
    """Everything that the tests need but the package itself, once for all children."""
    import hypothesis  # noqa: F401
    import jsonschema  # noqa: F401
    import pytest  # noqa: F401

    import profiles.check  # noqa: F401
    from hub.settings import parse  # noqa: F401


def results() -> Path:
    """The file of the last run, or of today's first."""
    kept = sorted(_RESULTS.glob("*-mutation.json"))
    return kept[-1] if kept else _RESULTS / f"{datetime.now(UTC).date()}-mutation.json"


def run(modules: Sequence[str], *, sample: int | None = None, say: bool = True) -> dict[str, object]:
    """Looks at the mutants of these modules, and keeps the results as it goes.

    `sample`: at most so many of a module, evenly over it.
    """
    preload()
    began = time.monotonic()
    if looked_at(None):
        raise SystemExit("the tests fail without any mutant")
    patience = max(60, PATIENCE * (time.monotonic() - began))
    file = results()
    kept: dict[str, dict[str, object]] = json.loads(file.read_text()) if file.exists() else {}
    for module in modules:
        every = mutants(module)
        chosen = every if sample is None or sample >= len(every) else every[:: -(-len(every) // sample)]
        source = hashlib.sha256((PACKAGE / f"{module}.py").read_bytes()).hexdigest()[:16]
        before = kept.get(module, {})
        old = before.get("found") if before.get("source") == source else None
        found: dict[str, bool] = dict(old) if isinstance(old, dict) else {}
        # What was found stays found while the module is the same; a survivor is looked at again with new tests.
        todo = [one for one in chosen if not found.get(f"{one.number} {one.key}")]
        for batch in (todo[start : start + _BATCH] for start in range(0, len(todo), _BATCH)):
            made = {f"{one.number} {one.key}": looked_at(one, until=patience) for one in batch}
            if looked_at(None):
                raise SystemExit("something else changed: the tests fail without any mutant")
            found.update(made)
            kept[module] = {"source": source, "mutants": len(every), "looked_at": len(found), "found": found}
            file.write_text(json.dumps(kept, indent=1) + "\n")
            for name in (name for name, gone in made.items() if say and not gone):
                print(f"survives: {name}", flush=True)
        if say:
            print(f"{module}: {sum(found.values())} of {len(found)} found ({len(every)} mutants)", flush=True)
    return dict(kept)


def unexplained(modules: Sequence[str]) -> list[str]:
    """Survivors of the last run that no line of `explained.json` is about."""
    kept = json.loads(results().read_text())
    said = json.loads(EXPLAINED.read_text()) if EXPLAINED.exists() else {}
    return [
        name
        for module in modules
        for name, found in kept.get(module, {}).get("found", {}).items()
        if not found and name.split(" ", 1)[1] not in said
    ]


def main(arguments: list[str]) -> int:
    """The command line."""
    if arguments[:1] == ["--only"]:
        module, _, number = arguments[1].partition(":")
        preload()
        one = mutants(module)[int(number)]
        print(one.key)
        return 0 if looked_at(one, quiet=False) else 1
    if arguments[:1] == ["--list"]:
        for module in arguments[1:] or MODULES:
            print(f"{module}: {len(mutants(module))}")
        return 0
    sample = None
    if arguments[:1] == ["--sample"]:
        sample, arguments = int(arguments[1]), arguments[2:]
    run(arguments or MODULES, sample=sample)
    left = unexplained(arguments or MODULES)
    for name in left:
        print(f"not explained: {name}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
