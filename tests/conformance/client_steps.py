"""What each Python client does, told as a JSON line a step. Runs in the clients' environment."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLAN: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
MISSING = "00000000-0000-8000-8000-000000000000"


def step(name: str, does: Callable[[], bool]) -> None:
    """Does it and tells. Whatever the library raises is what went wrong."""
    try:
        ok, said = bool(does()), "not so"
    except Exception as error:  # noqa: BLE001 - the library's own error is the finding
        ok, said = False, f"{type(error).__name__}: {str(error)[:300]}"
    sys.stdout.write(json.dumps({"step": name, "ok": ok, "said": said}) + "\n")


def refused(does: Callable[[], Any], by: Callable[[Exception], bool]) -> bool:
    """Whether it raises as the library does for this refusal."""
    try:
        does()
    except Exception as error:  # noqa: BLE001 - judged by the caller
        return by(error)
    return False


def promised(statement: dict[str, Any]) -> bool:
    """The statement as the client read it."""
    rest = statement["rest"][0]
    task = next(one for one in rest["resource"] if one["type"] == "Task")
    return (
        statement["fhirVersion"] == "4.0.1"
        and [one["code"] for one in task["interaction"]] == ["update"]
        and {one["name"] for one in rest["operation"]} == {"label", "decide"}
    )


def labelled(answer: dict[str, Any]) -> bool:
    """A Parameters whose `return` carries the label of its code."""
    made = next(one["resource"] for one in answer["parameter"] if one["name"] == "return")
    return any(one["code"] == "ETHUD" or one["code"] == "SUD" for one in made["meta"]["security"])


def decided(answer: dict[str, Any]) -> bool:
    """A Parameters with a decision."""
    return any(one["name"] == "decision" and one["valueCode"] for one in answer["parameter"])
