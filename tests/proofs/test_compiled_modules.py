"""The compiled modules do what their source does: the same tests, and the same Bundles of messages that were bent.

They are built as `make compiled` builds them; without a C compiler there is nothing to prove.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from benchmarks.compiled import ROOT, compiled_site, environment
from mappings import Partner, translate_v2
from mappings.errors import WarmHandoffError

pytestmark = pytest.mark.proof

#: The tests of what is compiled.
TESTS = (
    "tests/mappings/hl7v2",
    "tests/mappings/test_keyed_ids.py",
    "tests/samples/test_golden.py",
    "tests/hub/loop/test_feeding.py",
    "tests/hub/loop/test_v2_arrival.py",
)
#: Those of the tables need the sources of the tables, which no wheel has; that of a collision puts another function in
#: the place of a compiled one, which nobody can.
_WITHOUT = (
    "--ignore=tests/mappings/hl7v2/test_v2_tables.py",
    "--deselect=tests/mappings/test_keyed_ids.py::test_a_collision_is_an_error",
)
_ONLY_COMPILED = """
from mappings.hl7v2.feed import translate

def pytest_sessionstart(session):
    assert not translate.__file__.endswith(".py"), "the modules are not the compiled ones"
"""
_PIECES = (
    b"|",
    b"^",
    b"~",
    b"&",
    b"\\",
    b'""',
    b"\\T\\",
    b"\xc3\xa9",
    b" ",
    b"20260101",
    b"20261399",
    b"Y",
    b"NPI",
    b"~~",
)
_NOW = datetime(2026, 1, 15, tzinfo=UTC)


def bent(count: int) -> list[bytes]:
    """The samples' messages with pieces put in and taken out, segments moved and repeated: the same ones each time."""
    drawn = random.Random(20260115)
    given = [path.read_bytes() for path in sorted((ROOT / "samples" / "hl7v2").glob("*/input.hl7"))]
    segments = [line for one in given for line in one.split(b"\r") if line and not line.startswith(b"MSH")]
    made = list(given)
    while len(made) < count:
        one = drawn.choice(given)
        for _ in range(drawn.randint(1, 6)):
            place = drawn.randint(20, len(one))
            match drawn.randrange(4):
                case 0 | 1:
                    one = one[:place] + drawn.choice(_PIECES) + one[place:]
                case 2:
                    one = one[:place] + one[place + drawn.randint(1, 4) :]
                case _:
                    lines = one.split(b"\r")
                    lines.insert(drawn.randint(1, len(lines)), drawn.choice(segments))
                    one = b"\r".join(lines)
        made.append(one)
    return made


def told(messages: list[bytes]) -> list[str]:
    """A digest of all that a message becomes, or the rule of why it does not."""
    found = []
    for turn, one in enumerate(messages):
        try:
            made = translate_v2(one, partner=Partner(id=f"partner-{turn % 3}"), now=_NOW)
        except WarmHandoffError as error:
            found.append(error.rule)
        else:
            whole = [made.bundle, made.account(), made.origins, made.deleted, made.update]
            found.append(hashlib.sha256(orjson.dumps(whole)).hexdigest())
    return found


@pytest.fixture(scope="module")
def site() -> Path:
    found = compiled_site()
    if found is None:
        pytest.skip("no C compiler, or no header of this Python")
    return found


def test_the_tests_pass_with_the_compiled_modules(site: Path, tmp_path: Path) -> None:
    (tmp_path / "only_compiled.py").write_text(_ONLY_COMPILED)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "only_compiled"]
    command += [*TESTS, *_WITHOUT, "-m", "not proof"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(site, tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_bent_messages_become_the_same(site: Path) -> None:
    messages = bent(6000)
    script = (
        "import json, sys\n"
        "from mappings.hl7v2.feed import translate\n"
        "assert not translate.__file__.endswith('.py')\n"
        "from tests.proofs.test_compiled_modules import bent, told\n"
        f"json.dump(told(bent({len(messages)})), sys.stdout)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(site, ROOT), capture_output=True, text=True, check=True
    )
    mine = told(messages)
    theirs = json.loads(done.stdout)
    assert len(mine) == len(messages)
    assert [turn for turn, (one, other) in enumerate(zip(mine, theirs, strict=True)) if one != other] == []
