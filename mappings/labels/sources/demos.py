"""Run published demo records through our labeler and write down every difference with its reason, in docs/labels.md.

    python -m mappings.labels.sources.demos [--check]

`demos.csv` has of each record what tells: its codes, its words and the labels its publisher gave it; no name, no CPT
and no description of SNOMED CT. Records that were published to show labels (HL7's) come with them on and keep them;
the others are labelled without. A difference without a reason in `demo_differences.csv` fails, and so does a reason
without a difference. Not part of the wheel.
"""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any, Final, NamedTuple

from mappings.labels.marking import label, label_bundle
from mappings.labels.origin import Origin
from mappings.labels.sources import page
from mappings.labels.sources.build import HERE
from mappings.labels.sources.peers import SAME
from mappings.labels.vocabulary import DS4P, INLINE, RANK, codes, expand, highest, system_of

Json = dict[str, Any]

BEGIN: Final = "<!-- made by python -m mappings.labels.sources.demos: do not edit below -->"
END: Final = "<!-- end of the demo records -->"

_SYSTEMS: Final = {
    "cvx": "http://hl7.org/fhir/sid/cvx",
    "hcpcs": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "hcpcsweb": "https://www.cms.gov/medicare/coding-billing/healthcare-common-procedure-system",
    "icd": "http://hl7.org/fhir/sid/icd-10-cm",
    "loinc": "http://loinc.org",
    "rx": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "sct": "http://snomed.info/sct",
}
_INTEGRITY: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
#: Where a type has its concept; `code` elsewhere.
_CONCEPT: Final = {
    "MedicationRequest": "medicationCodeableConcept",
    "Immunization": "vaccineCode",
    "Organization": "type",
    "Encounter": "type",
    "CareTeam": "reasonCode",
}
_LISTS: Final = frozenset(["type", "reasonCode"])
_KINDS: Final = {
    "possible": "only possible in ours",
    "none": "not in ours",
    "more": "more in ours",
    "level": "confidentiality in ours",
}
#: Nobody's record in particular, and of no Part 2 program: content alone is compared.
_ORIGIN: Final = Origin(role="covered-entity")


class Record(NamedTuple):
    """One published record: what tells in it, and how its publisher labelled it."""

    publisher: str
    set: str
    record: str
    type: str
    codes: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    labels: tuple[str, ...]


class Difference(NamedTuple):
    """How ours stands to theirs in one record: a label of theirs that ours only supposes (`possible`) or has not
    (`none`), one of ours that theirs has not (`more`), or the confidentiality alone (`level`: ours)."""

    record: Record
    kind: str
    code: str


def records() -> list[Record]:
    """Every record of demos.csv, in its order."""
    with (HERE / "demos.csv").open(encoding="utf-8", newline="") as stream:
        return [
            Record(
                row["publisher"],
                row["set"],
                row["record"],
                row["type"],
                tuple((_SYSTEMS[key], code) for key, _, code in (one.partition("|") for one in row["codes"].split())),
                tuple(part.strip() for part in row["words"].split(";") if part.strip()),
                tuple(row["labels"].split()),
            )
            for row in csv.DictReader(stream)
        ]


def resource(record: Record) -> Json:
    """The record as FHIR; with its labels where its publisher shows labels by it."""
    made: Json = {"resourceType": record.type, "id": "demo"}
    concept: Json = {"coding": [{"system": system, "code": code} for system, code in record.codes]}
    if record.words:
        concept["text"] = record.words[0]
    place = _CONCEPT.get(record.type, "code")
    if record.type == "Patient":
        made["extension"] = [{"url": "https://example.org/fact", "valueCodeableConcept": concept}]
    else:
        made[place] = [concept] if place in _LISTS else concept
    if record.words[1:]:
        made["note"] = [{"text": word} for word in record.words[1:]]
    if record.publisher == "HL7" and record.labels:
        whole = [code for code in record.labels if not code.startswith("inline:")]
        made["meta"] = {"security": [{"system": _system(code), "code": code} for code in whole]}
        inline = [code.removeprefix("inline:") for code in record.labels if code.startswith("inline:")]
        if inline:
            url = DS4P + "extension-inline-sec-label"
            given = [{"url": url, "valueCoding": {"system": _system(code), "code": code}} for code in inline]
            made["identifier"] = [{"system": "https://example.org/id", "value": "1", "extension": given}]
    return made


def _system(code: str) -> str:
    return _INTEGRITY if code.endswith(("RPT", "TREL")) else system_of(code)


def differences() -> tuple[list[Difference], Counter[tuple[str, str, bool]]]:
    """Every difference, and of each set (publisher, set, the same or not) how many records there are."""
    found: list[Difference] = []
    counts: Counter[tuple[str, str, bool]] = Counter()
    every = records()
    for record in every:
        if record.type == "Bundle":
            entries = [{"resource": resource(one)} for one in every if one.set == record.set and one is not record]
            bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
            done = label_bundle(bundle, [_ORIGIN] * len(entries))
        else:
            done = label(resource(record), origin=_ORIGIN)
        ours = codes(done.resource)
        possible = frozenset(row.code for row in done.labels if row.grade == "possible") - ours
        here = list(_differences(record, ours, possible))
        found += here
        counts[(record.publisher, record.set, not here)] += 1
    return found, counts


def _differences(record: Record, ours: frozenset[str], possible: frozenset[str]) -> list[Difference]:
    theirs = [code for code in record.labels if not code.startswith("inline:")]
    content = [code for code in theirs if code not in RANK]
    found: list[Difference] = []
    covered: set[str] = set()
    for code in content:
        means = SAME.get(code, expand([code])) | {code}
        covered |= means
        if not means & ours:
            found.append(Difference(record, "possible" if means & possible else "none", code))
    found += [Difference(record, "more", code) for code in sorted(ours - covered - RANK.keys() - {INLINE})]
    level = highest(ours)
    if not found and level != highest(theirs):  # else it follows from the labels that differ
        found.append(Difference(record, "level", level))
    return found


def reasons() -> dict[tuple[str, str, str, str], str]:
    """Why ours differs: by set, record, kind and label (`*` is any)."""
    with (HERE / "demo_differences.csv").open(encoding="utf-8", newline="") as stream:
        return {(row["set"], row["record"], row["kind"], row["label"]): row["reason"] for row in csv.DictReader(stream)}


def tables() -> str:
    """The tables for the document. Raises KeyError for a difference without a reason and a reason without one."""
    found, counts = differences()
    out = ["| published by | set | records | labelled the same | differently |", "|---|---|--:|--:|--:|"]
    for publisher, name in dict.fromkeys((publisher, name) for publisher, name, _ in counts):
        same, other = counts[(publisher, name, True)], counts[(publisher, name, False)]
        out.append(f"| {publisher} | {name} | {same + other} | {same} | {other} |")
    same = sum(count for (_, _, agrees), count in counts.items() if agrees)
    out.append(f"| **all** | | {counts.total()} | {same} | {counts.total() - same} |")
    why = reasons()
    used: set[tuple[str, str, str, str]] = set()
    told: dict[str, dict[str, list[str]]] = {}
    for one in found:
        name, record = one.record.set, one.record.record
        keys = [(name, record, one.kind, one.code), (name, record, one.kind, "*"), ("*", record, one.kind, one.code)]
        keys += [(name, "*", one.kind, one.code), ("*", "*", one.kind, one.code)]
        key = next((key for key in keys if key in why), None)
        if key is None:
            raise KeyError(f"no reason in demo_differences.csv for {keys[0]}")
        used.add(key)
        told.setdefault(why[key], {}).setdefault(f"{_KINDS[one.kind]} {one.code}", []).append(f"{name} {record}")
    if stale := why.keys() - used:
        raise KeyError(f"demo_differences.csv has reasons without a difference: {sorted(stale)}")
    out += ["", "Why ours differs:", ""]
    for reason, places in told.items():
        where = "; ".join(f"{what}: {', '.join(dict.fromkeys(names))}" for what, names in places.items())
        out.append(f"- {reason} ({where})")
    return "\n".join(out)


if __name__ == "__main__":
    raise SystemExit(page.main(tables(), BEGIN, END))
