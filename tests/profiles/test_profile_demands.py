"""Every demand that the snapshots make on our golden outputs is held: break it, and the profile is not met any more.

The snapshots are read here by themselves, apart from the table that the check runs on, so that what generation or
compiling loses on the way is found.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from profiles.check import meets
from profiles.compile import PACKAGE
from profiles.generate_profiles import archived, ours

Json = dict[str, Any]

SAMPLES = Path(__file__).parents[2] / "samples"


@cache
def snapshots() -> dict[str, list[Json]]:
    """The elements of each profile, by its url; of US Core those of 6.1.0."""
    packages = [archived(name, "StructureDefinition") for name in ("sdoh-clinicalcare-3.0.0.tgz", "us-core-6.1.0.tgz")]
    definitions = [d for package in (*packages, ours(PACKAGE, "StructureDefinition")) for d in package]
    return {d["url"]: d["snapshot"]["element"] for d in definitions}


@cache
def claiming() -> dict[str, list[Json]]:
    """The resources of the golden Bundles, and the Bundles, by the profile that they claim."""
    found: dict[str, list[Json]] = {}
    for file in sorted(SAMPLES.glob("*/*/expected.bundle.json")):
        content = orjson.loads(file.read_bytes())
        for bundle in content if isinstance(content, list) else [content]:
            for resource in (bundle, *(entry["resource"] for entry in bundle["entry"])):
                for url in resource.get("meta", {}).get("profile", ()):
                    found.setdefault(url, []).append(resource)
    return found


def holders(value: Any, path: list[str]) -> Iterator[tuple[Json, str]]:
    """The objects that the last name of the path stands in, with its JSON name, through arrays."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            whole, choice = path[0], path[0].removesuffix("[x]")
            for key in list(item):
                bare = key.lstrip("_")
                if bare == whole or (
                    choice != whole and bare[: len(choice)] == choice and bare[len(choice) :][:1].isupper()
                ):
                    if len(path) == 1:
                        yield item, key
                    else:
                        yield from holders(item[key], path[1:])


def garbled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: garbled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [garbled(item) for item in value]
    return "zzz" if isinstance(value, str) else value


def delete(holder: Json, key: str) -> bool:
    del holder[key]
    return True


def garble(holder: Json, key: str) -> bool:
    holder[key] = garbled(holder[key])
    return not key.startswith("_")


def retarget(holder: Json, key: str) -> bool:
    done = False
    for reference in holder[key] if isinstance(holder[key], list) else [holder[key]]:
        if "reference" in reference:
            reference["reference"] = "Schedule/1"
            done = True
    return done


def triple(holder: Json, key: str) -> bool:
    if isinstance(holder[key], list):
        holder[key] = holder[key] * 3
        return True
    return False


def unmet(fault: Callable[[Json, str], bool], demands: Callable[[Json], bool]) -> tuple[Counter[str], list[str]]:
    """How many elements were tried in each profile, and those that the profile was met without.

    `demands`: whether an element of a snapshot is one to plant the fault in.
    """
    tried: Counter[str] = Counter()
    met: list[str] = []
    for url, resources in claiming().items():
        for element in snapshots()[url][1:]:
            if not demands(element):
                continue
            path = element["path"].split(".")[1:]
            for resource in resources:
                wrong = copy.deepcopy(resource)
                if sum(fault(*at) for at in list(holders(wrong, path))):
                    tried[url] += 1
                    if meets(wrong, url):
                        met.append(f"{url} {element['id']}")
                    break
    return tried, met


def whole(element: Json) -> bool:
    return ":" not in element["id"]


def test_what_is_planted_in_meets_its_profiles() -> None:
    assert len(claiming()) >= 30
    assert all(meets(resource, url) for url, resources in claiming().items() for resource in resources)


def test_every_required_element() -> None:
    tried, met = unmet(delete, lambda e: e["min"] > 0 and whole(e))
    assert met == []
    assert tried.total() > 250


def test_every_value_pattern_and_required_code() -> None:
    def coded(element: Json) -> bool:
        bound = element.get("binding", {}).get("strength") == "required"
        return whole(element) and (bound or any(key.startswith(("fixed", "pattern")) for key in element))

    tried, met = unmet(garble, coded)
    assert met == []
    assert tried.total() > 70


def test_every_target_of_a_reference() -> None:
    def targeted(element: Json) -> bool:
        types = [t for t in element.get("type", ()) if t["code"] == "Reference"]
        return whole(element) and any(
            t.get("targetProfile") and not any(p.endswith("/Resource") for p in t["targetProfile"]) for t in types
        )

    tried, met = unmet(retarget, targeted)
    assert met == []
    assert tried.total() > 90


def test_every_maximum() -> None:
    tried, met = unmet(triple, lambda e: e["max"] in ("0", "1", "2") and whole(e))
    assert met == []
    assert tried.total() > 10


def test_every_required_slice() -> None:
    def sliced(element: Json) -> bool:
        parent, _, last = element["id"].rpartition(".")
        return element["min"] > 0 and ":" in last and "[x]" not in last and ":" not in parent

    tried, met = unmet(garble, sliced)
    assert met == []
    assert tried.total() > 25
