"""Extensions against their definitions (R4, US Core, Gravity, DS4P, ours): the value's type and code, the parts and
how many.

Looks only at extensions whose url is defined there; any other extension passes, as R4 allows. Does not check where
an extension may stand (its context). Of a reference only the type that it points to is checked.
"""

from __future__ import annotations

from typing import Any

from profiles import rules
from profiles.references import Context, points_to
from profiles.rules import Found
from profiles.value_sets import member_of

Json = dict[str, Any]


def as_defined(extension: Json, definition: Json, context: Context) -> Found | None:
    """What differs from the definition in an Extension of the right shape; None if nothing does."""
    if "parts" in definition:
        return _parts(extension, definition["parts"], context)
    types: dict[str, str] = {f"value{t['code'][0].upper()}{t['code'][1:]}": t["code"] for t in definition["types"]}
    found: Found = []
    key = next((k for k in extension if k.lstrip("_").startswith("value")), None)
    if key is None:
        # with extensions instead of a value: the definition has no parts, so they can say only why there is none
        if definition["value"]:
            found.append((".value", rules.MISSING))
    elif key.lstrip("_") not in types:
        found.append((".value", rules.EXTENSION))
    elif "binding" in definition and key in extension and not _coded(extension[key], definition["binding"]):
        found.append((f".value.ofType({types[key.lstrip('_')]})", rules.CODE))
    elif key == "valueReference" and (literal := extension[key].get("reference")):
        targets = next(t.get("targets") for t in definition["types"] if t["code"] == "Reference")
        kind, _ = points_to(literal, context)
        if kind and targets and kind not in targets:
            found.append((".value.ofType(Reference)", rules.TARGET))
    return found or None


def _parts(extension: Json, parts: dict[str, Json], context: Context) -> Found | None:
    found: Found = []
    counts = dict.fromkeys(parts, 0)
    for index, inner in enumerate(extension.get("extension", ())):
        url = inner["url"]
        place = f".extension[{index}]"
        if url not in parts:
            if ":" not in url:  # a name without a definition; an absolute url is an extension of its own
                found.append((place, rules.EXTENSION))
            continue
        counts[url] += 1
        if counts[url] == parts[url].get("max", -1) + 1:
            found.append((place, rules.EXTENSION))
        found += [(place + below, rule) for below, rule in as_defined(inner, parts[url], context) or ()]
    for key in extension:
        if key.lstrip("_").startswith("value"):
            found.append((".value", rules.EXTENSION))
    if any(count < parts[url]["min"] for url, count in counts.items()):
        found.append((".extension", rules.MISSING))
    return found or None


def _coded(value: Any, key: str) -> bool:
    member = member_of(key)
    return member is None or member(value)
