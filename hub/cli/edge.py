"""The edge of the command line: input and output as bytes, errors as one line or an OperationOutcome."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import typer

from mappings.errors import WarmHandoffError
from profiles.issue import Issue, operation_outcome

#: Packages of the `hub` extra: a missing one means that only the library is installed.
_HUB_PACKAGES = frozenset(
    (
        "alembic",
        "cryptography",
        "fastapi",
        "httpx",
        "jinja2",
        "psycopg",
        "pydantic",
        "pysqlite3",
        "sqlalchemy",
        "starlette",
        "structlog",
        "uvicorn",
    )
)


def explain_missing_extra(missing: ModuleNotFoundError) -> int:
    """Exit code 2 and the extra's name for a hub command on the base install; other missing modules are re-raised."""
    name = (missing.name or "").split(".")[0]
    if name not in _HUB_PACKAGES:
        raise missing
    if name == "psycopg":
        sys.stderr.write("This database needs its driver: pip install 'warmhandoff[hub,postgres]'\n")
        return 2
    sys.stderr.write("This command needs the service: pip install 'warmhandoff[hub]'\n")
    return 2


def fail(error: WarmHandoffError, *, as_json: bool | None = None, code: int = 2) -> int:
    """Writes an error to standard error, as text or (with --json) as an OperationOutcome, and gives the exit code."""
    say(error.issues, as_json=("--json" in sys.argv) if as_json is None else as_json)
    return code


def say(issues: tuple[Issue, ...] | list[Issue], *, as_json: bool, where: str = "") -> None:
    """Issues on standard error: a line each, or one OperationOutcome."""
    if as_json:
        sys.stderr.buffer.write(orjson.dumps(operation_outcome(issues)) + b"\n")
        return
    for issue in issues:
        place = " ".join(part for part in (where, issue.path) if part)
        sys.stderr.write(f"{issue.severity}: {place + ': ' if place else ''}{issue.text} [{issue.rule}]\n")


def read_input(name: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. A file that is not there is a usage error."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        sys.stderr.write(f"{name}: {error.strerror}\n")
        raise typer.Exit(2) from None


def lines(name: str) -> Iterator[bytes]:
    """The non-empty lines of an NDJSON input."""
    stream = sys.stdin.buffer if name == "-" else read_input(name).splitlines()
    for line in stream:
        if line.strip():
            yield line


def write(value: Any, *, pretty: bool = False) -> None:
    """One JSON value on standard output, a line."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 if pretty else 0) + b"\n")


def load_json(data: bytes, name: str = "input") -> Any:
    """A JSON value; a WarmHandoffError `read.not-json` with line and column, never the text, when it is none."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise WarmHandoffError(
            "read.not-json", "the input is not JSON", path=f"{name}:{error.lineno}:{error.colno}", code="structure"
        ) from None
