"""The compiled tables at run time: codes, and what the written segment maps (`segment_maps`) have in common.

The data is what `mappings.hl7v2.sources.build` compiled from the HL7 v2-to-FHIR tables and our overrides; nothing is
interpreted while a message is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

import orjson

from mappings.hl7v2.feed.coded import Vocabulary
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.segment import NULL


@cache
def _tables() -> Json:
    data: Json = orjson.loads(files("mappings").joinpath("hl7v2/feed/v2_to_fhir.json").read_bytes())["codes"]
    return data


@cache
def codes(name: str) -> Vocabulary:
    """A table of codes by its name in the tables: v2 code to (FHIR code, display, system)."""
    told = _tables()[name]
    return Vocabulary({code: (found[0], found[1], found[2]) for code, found in told["codes"].items()}, told["table"])


def repeated(
    raw: str,
    resource: Json,
    d: Draft,
    one: Callable[[str, Json, Draft], bool],
    element: str,
    many: bool,
    place: str,
) -> bool:
    """A field with repetitions, or that its sender deletes; whether it was read. `one` puts a repetition into
    `resource`, under `element`; `many`: where it puts it stands a list."""
    if raw == NULL:
        d.deleted.append((resource, element))
        d.issue("translate.null", place)
        return True
    done = False
    for turn, part in enumerate(raw.split(d.r)):
        if not part or part == NULL:
            continue
        if done and not many:
            d.left(f"{place}[{turn + 1}]")
        else:
            done = one(part, resource, d) or done
    return done
