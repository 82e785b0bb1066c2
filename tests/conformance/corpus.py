"""The fault corpus: resources that are right, each with one planted fault, over all our profiles.

`corpus/<profile>.json` lists the faults of one profile: a name, the kind, the change as a JSON Patch (RFC 6902), and
the element that a validator should name. The resource that is changed is the package's first example that claims the
profile and on which the patch can be carried out, so that the corpus moves with the golden samples.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from profiles import CANONICAL
from profiles.examples import each_once, examples

Json = dict[str, Any]

FOLDER = Path(__file__).parent / "corpus"

#: Every kind of fault, in the order of the tables.
KINDS = (
    "missing",
    "too many",
    "wrong type",
    "wrong code",
    "wrong system",
    "wrong target",
    "wrong pattern",
    "wrong slice",
    "bad date",
    "empty array",
    "broken invariant",
)


class CannotApply(Exception):
    """A patch does not fit this resource: a path is not there, or a `test` found another value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One entry. `right` is the example as it is; `wrong` has the fault; `at` is the FHIRPath of the element."""

    profile: str
    name: str
    kind: str
    at: str
    right: Json
    wrong: Json

    @property
    def label(self) -> str:
        """How the fault is named in tables and failures."""
        return f"{self.profile}: {self.name}"


@cache
def faults() -> tuple[Fault, ...]:
    """The corpus, by profile. Raises LookupError where no example can carry a fault."""
    return tuple(fault for file in sorted(FOLDER.glob("*.json")) for fault in _faults(json.loads(file.read_text())))


def _faults(listed: Json) -> Iterator[Fault]:
    claim = f"{CANONICAL}/StructureDefinition/{listed['profile']}"
    claiming = [one for one in each_once(examples()).values() if claim in one.get("meta", {}).get("profile", ())]
    for told in listed["faults"]:
        right, wrong = _first(claiming, told["patch"], f"{listed['profile']}: {told['name']}")
        yield Fault(
            profile=listed["profile"], name=told["name"], kind=told["kind"], at=told["at"], right=right, wrong=wrong
        )


def _first(claiming: list[Json], patch: list[Json], label: str) -> tuple[Json, Json]:
    for resource in claiming:
        try:
            return resource, patched(resource, patch)
        except CannotApply:
            continue
    raise LookupError(f"no example can carry the fault {label}; {len(claiming)} claim the profile")


def patched(resource: Json, patch: list[Json]) -> Json:
    """A copy with the operations of a JSON Patch carried out: add, remove, replace, copy and test."""
    made = copy.deepcopy(resource)
    for operation in patch:
        parent, key = _place(made, operation["path"])
        match operation["op"]:
            case "test":
                if _value(parent, key) != operation["value"]:
                    raise CannotApply
            case "add":
                _add(parent, key, copy.deepcopy(operation["value"]))
            case "copy":
                _add(parent, key, copy.deepcopy(_value(*_place(made, operation["from"]))))
            case "replace":
                _value(parent, key)
                parent[key] = copy.deepcopy(operation["value"])
            case "remove":
                _value(parent, key)
                del parent[key]
            case other:
                raise ValueError(f"no such operation: {other}")
    return made


def _place(resource: Json, pointer: str) -> tuple[Any, Any]:
    """The object or array that a JSON Pointer leads into, and the key or index there (`len` for `-`)."""
    *steps, last = pointer.removeprefix("/").split("/")
    found: Any = resource
    for step in steps:
        found = _value(found, int(step) if isinstance(found, list) else step)
    if isinstance(found, list):
        return found, len(found) if last == "-" else int(last)
    return found, last


def _value(parent: Any, key: Any) -> Any:
    try:
        return parent[key]
    except (KeyError, IndexError, TypeError):
        raise CannotApply from None


def _add(parent: Any, key: Any, value: Any) -> None:
    if isinstance(parent, list):
        if key > len(parent):
            raise CannotApply
        parent.insert(key, value)
    elif isinstance(parent, dict):
        parent[key] = value
    else:
        raise CannotApply
