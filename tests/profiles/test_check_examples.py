"""No false errors: every example of the US Core packages, of all types they cover, is right by `check`."""

from __future__ import annotations

import tarfile
from typing import Any

import orjson
import pytest

from profiles.check import check
from profiles.generate import SOURCES


def examples(package: str) -> dict[str, dict[str, Any]]:
    with tarfile.open(SOURCES / package) as archive:
        return {
            member.name: orjson.loads(content.read())
            for member in archive
            if "/example/" in member.name
            and not member.name.endswith((".index.json", "package.json"))
            and (content := archive.extractfile(member)) is not None
        }


@pytest.mark.parametrize(("package", "count"), [("us-core-6.1.0.tgz", 183), ("us-core-7.0.0.tgz", 214)])
def test_us_core_examples(package: str, count: int) -> None:
    found = examples(package)
    assert len(found) == count
    wrong = {
        name: [(i.rule, i.path) for i in issues] for name, resource in found.items() if (issues := check(resource))
    }
    assert wrong == {}
    assert len({r["resourceType"] for r in found.values()}) >= 28


def test_definitions_of_r4_datatypes() -> None:
    """The StructureDefinitions of R4 are resources too: 63 of them, each with every kind of element."""
    import gzip

    bundle = orjson.loads(gzip.decompress((SOURCES / "r4-profiles-types.json.gz").read_bytes()))
    assert [(i.rule, i.path) for e in bundle["entry"] for i in check(e["resource"]) if i.severity == "error"] == []
