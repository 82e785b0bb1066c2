"""The package's examples: what the product makes of every golden sample.

`generated/examples.json.gz` holds them a JSON value a line; a test makes them again from `samples/` and compares. A
Bundle is an example as it is sent, and each resource in it is one by itself, as a server would store it.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import orjson

Json = dict[str, Any]

#: What an example is: a contact's transaction, the message of one referral, that of its later version, a center's
#: answer, an audit record.
Form = Literal["transaction", "message", "update", "answer", "audit"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One example. `sample` is `source/case#number`, the golden sample it was made of; `shows` what that case shows."""

    sample: str
    form: Form
    shows: str
    resource: Json

    @property
    def name(self) -> str:
        """`Type-id`, as its file in the package is named."""
        return file_stem(self.resource)


def file_stem(resource: Json) -> str:
    """`Type-id`: how a resource's file is named in a FHIR package."""
    return f"{resource['resourceType']}-{resource['id']}"


@cache
def examples() -> tuple[Example, ...]:
    """The shipped examples, in the order of the samples. One value for all callers: not to be changed."""
    packed = files("profiles").joinpath("generated", "examples.json.gz").read_bytes()
    return tuple(Example(**orjson.loads(line)) for line in gzip.decompress(packed).splitlines())


def pack(made: Iterable[Example]) -> bytes:
    """The bytes of `generated/examples.json.gz`; the same for the same examples and zlib."""
    lines = [
        orjson.dumps({"sample": e.sample, "form": e.form, "shows": e.shows, "resource": e.resource}) + b"\n"
        for e in made
    ]
    return gzip.compress(b"".join(lines), 9, mtime=0)


def single(bundle: Json) -> Iterator[Json]:
    """The resources of a Bundle that have an id, as each stands alone: a reference to another is `Type/id`."""
    entries = [entry for entry in bundle.get("entry", ()) if "id" in entry["resource"]]
    to = {
        entry["fullUrl"]: f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in entries
        if "fullUrl" in entry
    }
    for entry in entries:
        yield _referring(entry["resource"], to)


def _referring(value: Any, to: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: to.get(item, item) if key == "reference" and isinstance(item, str) else _referring(item, to)
            for key, item in value.items()
        }
    return [_referring(item, to) for item in value] if isinstance(value, list) else value


def each_once(made: Iterable[Example]) -> dict[str, Json]:
    """Every example resource by `Type-id`: the Bundles whole, and what is in them by itself.

    A resource that is in several Bundles (a center's Organization) is taken from the first one.
    """
    found: dict[str, Json] = {}
    within: list[Json] = []
    for example in made:
        found.setdefault(example.name, example.resource)
        if example.resource["resourceType"] == "Bundle":
            within.append(example.resource)
    for bundle in within:
        for resource in single(bundle):
            found.setdefault(file_stem(resource), resource)
    return found
