"""What is in a published package of `profiles/sources`."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

import orjson

from profiles.generate import SOURCES


def canonicals_of(name: str) -> Iterator[str]:
    """The canonical url of every definition in a packed package."""
    with tarfile.open(SOURCES / name) as archive:
        for member in archive:
            folder, _, file = member.name.rpartition("/")
            content = archive.extractfile(member)
            if folder == "package" and "-" in file and file.endswith(".json") and content:
                found = orjson.loads(content.read())
                if isinstance(found.get("url"), str):
                    yield found["url"]
