"""`hl7-validator`: all that the product makes through HL7's own validator engine, as HAPI FHIR publishes it.

Under R4 and every profile claimed. The Bundles whole, their references resolved, so that what they point to is checked
against the profile that is asked for there; and each resource singly. There is no terminology server: the codes that
only one could check are listed one by one (`codes_elsewhere`), and every warning needs a reason.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from profiles.generate import SOURCES
from profiles.package_file import artefacts
from tests.conformance import codes_elsewhere, utg
from tests.conformance.definitions import US_CORE
from tests.conformance.explained import LEVELS, Explained, explained, load, unexplained
from tests.conformance.faults import VALID, controls
from tests.conformance.java import Program, program
from tests.conformance.kinds import kinds
from tests.conformance.medplum import items
from tests.conformance.outcome import Outcome, Tally, judged
from tests.conformance.outputs import Json

PROJECT = "hl7-validator"

_SECONDS = 1200
_PACKAGES = ("ds4p-1.0.0.tgz", "sdoh-clinicalcare-3.0.0.tgz")
_KINDS = ("StructureDefinition", "ValueSet", "CodeSystem")
#: What cannot be validated here.
_NOT_RUN = (
    "consent exports under the profiles that they claim (IHE PCF 1.1.0, HL7 FAST Consent): npm has no package "
    "`ihe.iti.pcf` or `hl7.fhir.us.consent-management`, and the run fetches from npm, Maven and pip alone; the exports "
    "are validated as R4's Consent",
    "codes of LOINC, SNOMED CT, ICD-10-CM, RxNorm, CDC race and languages against their owners' lists: there is no "
    "terminology server; each is listed in `codes-elsewhere.json`",
)
#: The engine's name of an entry, between comment signs: its type is told, its id differs from one to the next.
_ENTRY = re.compile(r"/\*(\w+)/[^*]*\*/")

#: Faults that this validator must find beside those of every validator's control.
_MORE: tuple[tuple[str, str, Json], ...] = (
    ("required binding: a gender that does not exist", "Patient", {"gender": "masculine"}),
    ("required binding: a status that does not exist", "Encounter", {"status": "done"}),
    ("required binding: a provision type that does not exist", "Consent", {"provision": {"type": "maybe"}}),
    ("an empty array", "Patient", {"address": []}),
    ("per-1: an end before the start", "Encounter", {"period": {"start": "2026-01-15", "end": "2026-01-14"}}),
)


def validated(told: list[tuple[str, Json]], us_core: str) -> list[Json]:
    """The engine's answer, in the order of the items: `{"name", "errors", "warnings"}`, each `{"at", "text"}`.

    Equal resources are validated once. Raises NotRun where Java or Maven is missing.
    """
    engine = program(PROJECT)
    lines = [json.dumps(resource, sort_keys=True) for _, resource in told]
    once = list(dict.fromkeys(lines))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "definitions", (json.dumps(one) for one in definitions(us_core)))
        _write(folder / "items", (f'{{"name": "{number}", "resource": {line}}}' for number, line in enumerate(once)))
        files = [str(folder / each) for each in ("definitions", "items", "results")]
        engine.run("Validate", *files, str(os.cpu_count() or 1), seconds=_SECONDS)
        results = [json.loads(line) for line in (folder / "results").read_text().splitlines()]
    said = dict(zip(once, results, strict=True))
    return [{"name": name, **_sorted(said[line]["issues"])} for (name, _), line in zip(told, lines, strict=True)]


def _write(file: Path, lines: Iterator[str]) -> None:
    file.write_text("".join(f"{line}\n" for line in lines))


def _sorted(issues: list[Json]) -> Json:
    made: Json = {"errors": [], "warnings": []}
    for issue in issues:
        under = {"fatal": "errors", "error": "errors", "warning": "warnings"}.get(issue["severity"])
        if under is not None:
            at = _ENTRY.sub(r".ofType(\1)", issue["location"] or "")
            made[under].append({"at": at, "text": issue["text"]})
    return made


@cache
def definitions(us_core: str) -> tuple[Json, ...]:
    """Profiles, value sets and code systems that R4 does not have, in this release of US Core."""
    given = [*utg.code_systems(), *utg.value_sets()]
    for file in (*_PACKAGES, f"us-core-{us_core}.tgz"):
        given += _package(file)
    given += [one for one in artefacts().values() if one["resourceType"] in _KINDS]
    return tuple(codes_elsewhere.completed(given, codes_elsewhere.listed()))


def _package(file: str) -> Iterator[Json]:
    with tarfile.open(SOURCES / file) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            if member.name.endswith(".json") and Path(member.name).name.startswith(_KINDS):
                content = archive.extractfile(member)
                if "/example/" not in member.name and content is not None:
                    yield json.loads(content.read())


def planted(us_core: str) -> list[tuple[str, Json, bool]]:
    """(name, resource, whether it is an error) of the controls, as claimed of this release."""
    made = [(name, resource, expected != "nothing") for name, resource, expected in controls()]
    made += [(f"control: {name}", {**VALID[kind], **changed}, True) for name, kind, changed in _MORE]
    return [(name, _released(resource, us_core), wrong) for name, resource, wrong in made]


def _released(resource: Json, us_core: str) -> Json:
    claims = [claim.replace(f"|{US_CORE[0]}", f"|{us_core}") for claim in resource.get("meta", {}).get("profile", ())]
    return {**resource, "meta": {"profile": claims}} if claims else resource


def whole() -> list[tuple[str, Json]]:
    """Everything that is validated without an error: not our profiles by themselves, which `structures` has."""
    return [*((name, one) for name, one in items() if one["resourceType"] != "StructureDefinition"), *kinds()]


def structures() -> list[tuple[str, Json]]:
    """Our StructureDefinitions as resources.

    The engine looks beyond them, into R4's own and into packages that it cannot load here: what it then says, errors
    too, needs a reason each, and nothing else may be said.
    """
    return [(name, one) for name, one in items() if one["resourceType"] == "StructureDefinition"]


#: Faults in a definition that it must find: (name, what is changed of a profile).
_MALFORMED: tuple[tuple[str, Json], ...] = (
    ("a definition without its kind", {"kind": None}),
    ("a definition of a status that does not exist", {"status": "ready"}),
    ("a definition whose url is no url", {"url": "wh profile"}),
)


def _structures(us_core: str) -> tuple[list[str], int]:
    """What is wrong with our StructureDefinitions, and how often something had a reason."""
    told = structures()
    whole_one = told[0][1]
    planted_ones = [
        (f"control: {name}", {key: value for key, value in {**whole_one, **change}.items() if value is not None})
        for name, change in _MALFORMED
    ]
    results = validated([*told, *planted_ones], us_core)
    plain = {(each["at"], each["text"]) for each in results[0]["errors"]}
    wrong = [
        f"{result['name']}: an error expected, and not so"
        for result in results[len(told) :]
        if not {(each["at"], each["text"]) for each in result["errors"]} - plain
    ]
    said = 0
    for level in LEVELS:
        found = [
            (_of(definition, each["at"]), each["text"])
            for (_, definition), result in zip(told, results, strict=False)
            for each in result[f"{level}s"]
        ]
        wrong += [f"{level}: {one}" for one in unexplained(found, load("hl7-definitions", level=level))]
        said += len(found)
    return wrong, said


def _of(definition: Json, at: str) -> str:
    """A place in one of our definitions, with the id of which: `StructureDefinition/caution-flag.snapshot`."""
    return at.replace("StructureDefinition", f"StructureDefinition/{definition['id']}", 1)


def check() -> Outcome:
    """Zero errors, no warning without a listed reason, no stale reason or code, and every planted fault found."""
    engine = program(PROJECT)
    entries = load("hl7")
    problems: list[str] = []
    warnings: list[tuple[str, str]] = []
    tallies: list[Tally] = []
    everything = whole()
    examples = [(name, one) for name, one in everything if name.startswith("example ")]
    for us_core, told in zip(US_CORE, (everything, examples), strict=True):
        faulty = planted(us_core)
        results = validated([*told, *((name, resource) for name, resource, _ in faulty)], us_core)
        for result, (name, _, wrong) in zip(results[len(told) :], faulty, strict=True):
            if bool(result["errors"]) != wrong:
                problems.append(f"{name}: {'an error' if wrong else 'nothing'} expected, and not so")
        del results[len(told) :]
        errors = [(result["name"], wrong) for result in results for wrong in result["errors"]]
        problems += [f"US Core {us_core}: {name}: {wrong['at']}: {wrong['text']}" for name, wrong in errors]
        warned = [(each["at"], each["text"]) for result in results for each in result["warnings"]]
        warnings += warned
        tallies.append(
            Tally(
                validator=f"HL7's engine {engine.library('org.hl7.fhir.validation')}, US Core {us_core}",
                checked=len(told),
                errors=len(errors),
                warnings=len(warned),
                explained=explained(warned, entries),
            )
        )
    problems += unexplained(warnings, entries)
    malformed, reasons = _structures(US_CORE[0])
    problems += malformed
    problems += codes_elsewhere.stale(codes_elsewhere.listed(), (one for _, one in everything))
    faults = sum(wrong for *_, wrong in planted(US_CORE[0]))
    bundles = sum(one["resourceType"] == "Bundle" for _, one in everything)
    detail = (
        f"HL7's engine {engine.library('org.hl7.fhir.validation')} with our profiles, Gravity, DS4P and US Core "
        f"{US_CORE[0]}: {len(everything) - bundles} resources singly and {bundles} Bundles whole, and the "
        f"{len(examples)} examples with US Core {US_CORE[1]}: 0 errors, {len(warnings)} warnings explained by "
        f"{len(entries)} entries; {faults} of {faults} planted faults found; {len(structures())} "
        f"StructureDefinitions as resources: what it says of them, {reasons} times, has a reason each"
    )
    return judged(
        PROJECT,
        detail,
        list(dict.fromkeys(problems)),
        tuple(_facts(engine, everything, entries)),
        tuple(tallies),
        not_run=_NOT_RUN,
    )


def _facts(engine: Program, everything: list[tuple[str, Json]], entries: list[Explained]) -> Iterator[str]:
    yield (
        f"Validator: org.hl7.fhir.validation {engine.library('org.hl7.fhir.validation')} in HAPI FHIR "
        f"{engine.library('hapi-fhir-validation')}, on Java {engine.version}."
    )
    yield (
        f"Loaded: R4 with HAPI's definitions; US Core {', and for the examples '.join(US_CORE)}; Gravity SDOHCC 3.0.0; "
        "DS4P 1.0.0, snapshots made by the engine; the code systems of HL7 Terminology; our package."
    )
    yield "An extension or a profile that nobody defines is an error. Targets outside a Bundle are checked by type."
    yield (
        "Our StructureDefinitions as resources: what the engine says of them, errors too, has a reason each in "
        "`explained-warnings.json` (hl7-definitions); a fault planted in one is found. The other artefacts: no error."
    )
    found = Counter(resource["resourceType"] for _, resource in everything)
    yield "Validated: " + ", ".join(f"{kind} {count}" for kind, count in sorted(found.items())) + "."
    sent = Counter(_kind(name, resource) for name, resource in everything if name.startswith("kind "))
    yield "Of what is sent and served beside: " + ", ".join(f"{kind} {n}" for kind, n in sorted(sent.items())) + "."
    yield "There is no terminology server. Taken as valid, as `codes-elsewhere.json` lists them, with their value sets:"
    for row in codes_elsewhere.listed():
        value_sets = ", ".join(url.rpartition("/")[2] for url in row["in"])
        yield f"{row['system']} {row['code']}{f' in {value_sets}' if value_sets else ''}: {row['reason']}"
    for entry in entries:
        yield f"Explained {entry.seen} times, {entry.at} `{entry.text}`: {entry.reason}"


def _kind(name: str, resource: Json) -> str:
    """What sort of output it is: `released (transaction)`, `$label`, `audit`."""
    word = name.split()[1]
    return f"{word} ({resource['type']})" if resource["resourceType"] == "Bundle" else word
