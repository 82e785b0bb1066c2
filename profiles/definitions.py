"""The generated tables of FHIR R4 and of profiles, loaded once on first use (about 10 ms, and 3 ms)."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

Table = dict[str, Any]


@cache
def r4() -> Table:
    """The tables that `profiles.generate` wrote: `types`, `primitives`, `valuesets`. Callers do not change them."""
    return _packed("r4")


@cache
def profile_tables() -> Table:
    """What `profiles.generate_profiles` wrote: `profiles`, `default`, `extensions`, `valuesets`, `undecided`."""
    return _packed("profiles")


def _packed(name: str) -> Table:
    loaded: Table = orjson.loads(gzip.decompress(files("profiles").joinpath(f"generated/{name}.json.gz").read_bytes()))
    return loaded


@cache
def resource_types() -> frozenset[str]:
    """The names of the R4 resources that can exist (not the abstract Resource and DomainResource)."""
    abstract = ("Resource", "DomainResource")
    return frozenset(n for n, t in r4()["types"].items() if t["kind"] == "resource" and n not in abstract)
