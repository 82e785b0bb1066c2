"""The generated tables of FHIR R4, loaded once on first use (about 10 ms)."""

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
    packed = files("profiles").joinpath("generated/r4.json.gz").read_bytes()
    loaded: Table = orjson.loads(gzip.decompress(packed))
    return loaded


@cache
def resource_types() -> frozenset[str]:
    """The names of the R4 resources that can exist (not the abstract Resource and DomainResource)."""
    abstract = ("Resource", "DomainResource")
    return frozenset(n for n, t in r4()["types"].items() if t["kind"] == "resource" and n not in abstract)
