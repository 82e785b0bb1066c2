"""`official-examples`: the examples that HL7 publishes with R4 and US Core, by our own check: none is rejected.

Base R4, and each US Core profile that an example claims, in the version it was published with. The few examples of R4
that are wrong by R4 itself are listed with what is wrong (`tests/profiles/r4_examples.py`); they must stay found.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator

from profiles.check import check as our_check
from profiles.check import profile_issues
from profiles.generate import SOURCES
from profiles.package_file import artefacts
from tests.conformance.definitions import US_CORE
from tests.conformance.medplum import validated
from tests.conformance.node import archive
from tests.conformance.outcome import Outcome, judged
from tests.conformance.outputs import Json
from tests.profiles.r4_examples import WRONG, r4_examples

R4_PACKAGE = "hl7.fhir.r4.examples@4.0.1"

#: A profile of Structured Data Capture, which no package here has: its claim is not checked.
_ELSEWHERE = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire"


def check() -> Outcome:
    """Fails on a false error of ours, on one that is not found any more, and on a false error of Medplum's."""
    problems: list[str] = []
    types = {one["type"] for one in artefacts().values() if one.get("derivation") == "constraint"} - {"Extension"}
    count, of_types, wrong = 0, 0, dict[str, set[str]]()
    for name, resource in r4_examples(archive(R4_PACKAGE)):
        count += 1
        of_types += resource["resourceType"] in types
        if errors := _errors(resource):
            wrong[name] = errors
    listed = {name: rules for name, (rules, _) in WRONG.items()}
    for name in sorted(wrong.keys() | listed.keys()):
        if wrong.get(name) != listed.get(name):
            problems.append(f"R4 {name}: {sorted(listed.get(name, ()))} listed, {sorted(wrong.get(name, ()))} found")
    said = [f"{count - len(WRONG)} of {count} of R4 ({of_types} of our {len(types)} types; {len(WRONG)} wrong by R4)"]
    for us_core in US_CORE:
        found = dict(_us_core(us_core))
        claims = sum(_by_ours(us_core, name, resource, problems) for name, resource in found.items())
        results: list[Json] = validated(list(found.items()), us_core)["results"]
        for result in results:
            problems += [
                f"Medplum, US Core {us_core} {result['name']}: {wrong['at']}: {wrong['text']}"
                for wrong in result["errors"]
                if not wrong["text"].endswith(_ELSEWHERE)
            ]
        said.append(f"{len(found)} of {len(found)} of US Core {us_core} ({claims} claims)")
    return judged("official-examples", "ours rejects no official example: " + ", ".join(said), problems, _facts())


def _us_core(version: str) -> Iterator[tuple[str, Json]]:
    with tarfile.open(SOURCES / f"us-core-{version}.tgz") as packed:
        for member in packed:
            name = member.name.rpartition("/")[2]
            file = packed.extractfile(member)
            if "/example/" in member.name and name.endswith(".json") and not name.startswith((".", "package")) and file:
                yield name, json.loads(file.read())


def _by_ours(us_core: str, name: str, resource: Json, problems: list[str]) -> int:
    """How many claims of US Core were checked, in this version and not in the one that ours takes for a bare url."""
    bare = {**resource, "meta": {key: value for key, value in resource.get("meta", {}).items() if key != "profile"}}
    if not bare["meta"]:
        del bare["meta"]
    problems += [f"US Core {us_core} {name}: {rule}" for rule in sorted(_errors(bare))]
    claims = [claim.partition("|")[0] for claim in resource.get("meta", {}).get("profile", ())]
    checked = [claim for claim in claims if claim != _ELSEWHERE]
    for claim in checked:
        for issue in profile_issues(resource, f"{claim}|{us_core}"):
            if issue.severity == "error":
                problems.append(f"US Core {us_core} {name}: {issue.path}: {issue.rule}")
    return len(checked)


def _errors(resource: Json) -> set[str]:
    return {issue.rule for issue in our_check(resource) if issue.severity == "error"}


def _facts() -> tuple[str, ...]:
    return (
        f"R4's examples: npm {R4_PACKAGE}. US Core's: those in the two packages of profiles/sources.",
        "Medplum's validator, with the definitions written for it as above, finds no error in US Core's either.",
        f"Not checked: {_ELSEWHERE}, which Questionnaires of US Core claim and no package here defines.",
        *(f"Wrong by R4 itself, and found: {name}: {why}." for name, (_, why) in sorted(WRONG.items())),
    )
