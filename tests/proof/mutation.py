"""Mutation testing of `hub/release`: each small fault that is put in must be found by the tests of it.

The tests are collected once. Each mutant is looked at in a copy of that process, with the changed function's code in
place of its own, and the tests that found others of its module before all others. That shows nothing where the function
was called while the tests were collected, or where the change is in no function: there the tests run on the changed
module from the start. A mutant that no test finds is a survivor: it needs a test, or a line in `explained.json` that
says why it is no fault.

    python -m tests.proof.mutation law overlay          these modules, all of their mutants
    python -m tests.proof.mutation --again law          also those that were found before
    python -m tests.proof.mutation --list law           how many there are
    python -m tests.proof.mutation --only law:17        one mutant, from the start and with pytest's output

Results are kept as they come, by the digest of the module: a run that was stopped goes on where it was, and looks again
at what survived and is not explained.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.abc
import importlib.machinery
import io
import json
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest

from tests.proof.mutants import PACKAGE, Mutant, mutants, unchanged

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests" / "hub" / "release"
EXPLAINED = Path(__file__).with_name("explained.json")
_RESULTS = ROOT / "benchmarks" / "results"

#: What decides, takes out, tells and seals; what a decision is asked with; what reads a question, answers it and keeps
#: an answer; the accounting, and the records that a question and its decision are: the whole package.
MODULES = (
    *("law", "overlay", "policy", "purpose", "kind", "reach", "content", "matching", "naming", "decide", "seal"),
    *("redact", "withheld", "pointers", "prose", "outcome", "notice", "elements", "revocation"),
    *("consent", "usable", "age", "criminal_justice", "structure"),
    *("contract", "parameters", "hook", "view", "holding", "standing", "digest"),
    *("accounting", "accounting_forms", "decision", "request", "roles"),
)
#: Tests of the tests.
_NOT_LOOKING = ("test_mutation.py", "test_proof_properties.py")
#: A mutant that takes more seconds of the processor goes in circles: found. The tests without any take two.
_PATIENCE = 15
#: As long as nothing else may it take: a process that neither works nor ends.
_STUCK = 900
#: A mutant that grows without end is found here, and not by the machine.
_MEMORY = 4 << 30
#: After so many mutants the tests are run on the module as it is: else all would seem found once anything else broke.
_BATCH = 50

#: Tells one thing to the process that waits.
_Tell = Callable[[object], None]


class _Swapped(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module from other source."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = f"hub.release.{mutant.module}"
        self._mutant = mutant

    def find_spec(self, fullname: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.source, f"<{self._name}>", "exec"), module.__dict__)


def _arguments() -> list[str]:
    files = (str(path) for path in sorted(TESTS.glob("test_*.py")) if path.name not in _NOT_LOOKING)
    plain = ["-x", "-q", "--assert=plain", "--capture=sys", "-p", "no:cacheprovider"]
    return [*files, *plain, f"--confcutdir={TESTS}", f"--rootdir={ROOT}"]


class _Looking:
    """Which tests look at a mutant: hypothesis' own searches find other things each time, and take longer than all."""

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [
            one
            for one in items
            if not hasattr(getattr(one, "obj", None), "hypothesis") and one.get_closest_marker("proof") is None
        ]


def looked_at(mutant: Mutant | None, *, quiet: bool = True) -> bool:
    """Whether the tests find a mutant, imported in its module's place; with None, whether they fail without any."""

    def child(_: _Tell) -> int:
        if mutant is not None:
            sys.meta_path.insert(0, _Swapped(mutant))
        if not quiet:
            return int(pytest.main(_arguments(), plugins=[_Looking()]))
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            return int(pytest.main(_arguments(), plugins=[_Looking()]))

    return _forked(child)[0] != 0


def _teller(there: int) -> _Tell:
    def tell(said: object) -> None:
        os.write(there, json.dumps(said).encode() + b"\n")

    return tell


def _forked(work: Callable[[_Tell], int]) -> tuple[int, list[Any]]:
    """What a piece of work in a child process ended with, and what it told meanwhile. More than its due ends it."""
    there, here = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(there)
            resource.setrlimit(resource.RLIMIT_CPU, (_PATIENCE, _PATIENCE))
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
            code = work(_teller(here))
        finally:
            os._exit(0 if code == 0 else 1)
    os.close(here)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(_STUCK)
    with os.fdopen(there) as told:
        said = [json.loads(line) for line in told if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    signal.alarm(0)
    return os.waitstatus_to_exitcode(status), said


class _Called:
    """Which functions of the package are called: what they made may be kept, and is not what a mutant would make."""

    def __init__(self) -> None:
        self._names: set[tuple[str, str]] = set()
        self._there = str(PACKAGE)

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(self._there):
            self._names.add((Path(code.co_filename).stem, code.co_qualname.partition(".<locals>")[0]))

    def any_of(self, mutant: Mutant) -> bool:
        """Whether the function of a mutant, or one that it is in, was."""
        parts = mutant.where.split(".")
        return any((mutant.module, ".".join(parts[: end + 1])) in self._names for end in range(len(parts)))


def _put_in(mutant: Mutant) -> bool:
    """Gives a loaded function a mutant's code. False where the change is in no function's code, or not in one alone."""
    holder: Any = sys.modules.get(f"hub.release.{mutant.module}")
    if holder is None:
        return False
    code: CodeType | None = compile(mutant.source, f"<{mutant.module}>", "exec")
    was: CodeType | None = compile(unchanged(mutant.module), f"<{mutant.module}>", "exec")
    for name in mutant.where.split("."):
        code, was = _inside(code, name), _inside(was, name)
        if code is None or was is None or name not in vars(holder):
            return False
        one = vars(holder)[name]
        one = getattr(one, "fget", None) or getattr(one, "__func__", one)
        holder = getattr(one, "__wrapped__", one)
        if isinstance(holder, FunctionType):
            break
    if not isinstance(holder, FunctionType) or _meaning(code) == _meaning(was):
        return False
    if code.co_freevars != holder.__code__.co_freevars or _meaning(holder.__code__) != _meaning(was):
        return False
    holder.__code__ = code
    return True


def _inside(code: CodeType | None, name: str) -> CodeType | None:
    """The code of a function or class, where its name is given once."""
    every = [one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name] if code else []
    return every[0] if len(every) == 1 else None


def _meaning(code: CodeType) -> tuple[object, ...]:
    """What a code does, wherever its lines are."""
    kept = tuple(_meaning(one) if isinstance(one, CodeType) else (type(one), repr(one)) for one in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_exceptiontable, kept


class _Collected:
    """Pytest that has collected: instead of its run, each mutant is looked at in a copy of the process."""

    def __init__(self, todo: Sequence[Mutant], called: _Called, tell: _Tell) -> None:
        self._todo = todo
        self._called = called
        self._tell = tell
        self._tell_test: _Tell | None = None
        #: How often a test found one, and how long it takes: in which order they run.
        self._finders: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        sys.setprofile(None)
        gc.collect()
        gc.freeze()  # what is shared with the copies stays shared
        if session.testsfailed or self._fails(session, None):
            return True
        for place, mutant in enumerate(self._todo, 1):
            sound = not self._called.any_of(mutant)
            self._tell([mutant.number, self._fails(session, mutant) if sound else None])
            if place % _BATCH == 0 and self._fails(session, None):
                return True
        if not self._fails(session, None):
            self._tell("done")
        return True

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._tell_test is not None:
            self._tell_test([report.nodeid, report.duration, report.failed])
            if report.failed:
                os._exit(1)

    def _fails(self, session: pytest.Session, mutant: Mutant | None) -> bool | None:
        """Whether a test fails; None where the mutant cannot be put in here."""
        items = sorted(
            session.items, key=lambda item: (-self._finders[item.nodeid], self._seconds[item.nodeid], item.nodeid)
        )

        def child(tell: _Tell) -> int:
            if mutant is not None and not _put_in(mutant):
                tell(None)
                return 1
            self._tell_test = tell
            for item, after in zip(items, [*items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            return 0

        code, said = _forked(child)
        if said == [None]:
            return None
        for name, seconds, failed in said:
            if mutant is None:
                self._seconds[name] += seconds
            elif failed:
                self._finders[name] += 1
        return code != 0


def _looked_at_together(todo: Sequence[Mutant]) -> Iterator[tuple[Mutant, bool]]:
    """Each mutant of one module, and whether the tests find it.

    Raises:
        SystemExit: the tests fail without any mutant.
    """
    there, here = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(there)
            called = _Called()
            plugin = _Collected(todo, called, _teller(here))
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                sys.setprofile(called)
                pytest.main(_arguments(), plugins=[_Looking(), plugin])
        finally:
            os._exit(0)
    os.close(here)
    by_number = {one.number: one for one in todo}
    done = False
    with os.fdopen(there) as told:
        for line in told:
            said = json.loads(line)
            if said == "done":
                done = True
                break
            number, found = said
            yield by_number[number], looked_at(by_number[number]) if found is None else found
    os.waitpid(child, 0)
    if not done:
        raise SystemExit("the tests fail without any mutant")


def preload() -> None:
    """Everything that the tests need but the package itself, once for all children."""
    import hypothesis  # noqa: F401
    import jsonschema  # noqa: F401

    import profiles.check  # noqa: F401
    from hub.settings import parse  # noqa: F401

    assert not any(name.startswith("hub.release") for name in sys.modules), "loaded before any mutant could be"


def results() -> Path:
    """The file of the last run, or of today's first."""
    kept = sorted(_RESULTS.glob("*-mutation.json"))
    return kept[-1] if kept else _RESULTS / f"{datetime.now(UTC).date()}-mutation.json"


def run(modules: Sequence[str], *, again: bool = False) -> None:
    """Looks at the mutants of these modules, and keeps the results as it goes.

    `again`: at all of them. Else those that were found stay found while the module is the same, and survivors that
    are explained stay so.
    """
    preload()
    file = results()
    said = json.loads(EXPLAINED.read_text())
    kept: dict[str, dict[str, object]] = json.loads(file.read_text()) if file.exists() else {}
    for module in modules:
        every = mutants(module)
        names = {one.number: f"{one.number} {one.key}" for one in every}
        source = hashlib.sha256((PACKAGE / f"{module}.py").read_bytes()).hexdigest()[:16]
        before = kept.get(module, {})
        old = before.get("found") if before.get("source") == source and not again else None
        found: dict[str, bool] = dict(old) if isinstance(old, dict) else {}
        todo = [one for one in every if names[one.number] not in found]
        todo += [one for one in every if found.get(names[one.number]) is False and one.key not in said]
        for one, gone in _looked_at_together(todo) if todo else ():
            found[names[one.number]] = gone
            kept[module] = {"source": source, "mutants": len(every), "looked_at": len(found), "found": found}
            file.write_text(json.dumps(kept, indent=1) + "\n")
            if not gone:
                print(f"survives: {names[one.number]}", flush=True)
        print(f"{module}: {sum(found.values())} of {len(every)} found", flush=True)


def unexplained(modules: Sequence[str]) -> list[str]:
    """What survived the last run, or was not looked at, and no line of `explained.json` is about."""
    kept = json.loads(results().read_text())
    said = json.loads(EXPLAINED.read_text())
    names = ((module, f"{one.number} {one.key}", one.key) for module in modules for one in mutants(module))
    return [name for module, name, key in names if not kept[module]["found"].get(name) and key not in said]


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
    again = arguments[:1] == ["--again"]
    modules = arguments[1:] if again else arguments
    run(modules or MODULES, again=again)
    left = unexplained(modules or MODULES)
    for name in left:
        print(f"not explained: {name}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
