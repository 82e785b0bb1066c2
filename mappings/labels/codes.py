"""Labels by code: hierarchies first (ICD prefixes), then published value sets with their known errors corrected.

Data: `data/rules.csv` (ours, each line with its reason) and `data/value_sets.json` (built by
`mappings.labels.sources.build`). A line of grade `none` stops the search: tobacco is not SUD (42 CFR 2.11).
"""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple

from mappings.labels.vocabulary import FAMILY_SENSITIVE

Grade = Literal["certain", "possible"]


class Finding(NamedTuple):
    """What a code or a text tells: label codes, how sure, and why (rule or value set, never the value)."""

    labels: tuple[str, ...]
    grade: Grade
    because: str


#: Every spelling of a code system that we accept, in lower case, to our short key.
_SYSTEMS: Final[dict[str, str]] = {
    alias: key
    for key, aliases in {
        "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm https://hl7.org/fhir/sid/icd-10-cm "
        "http://hl7.org/fhir/sid/icd-10 "
        "http://hl7.org/fhir/sid/icd-10-us urn:oid:2.16.840.1.113883.6.90 2.16.840.1.113883.6.90 "
        "urn:oid:2.16.840.1.113883.6.3 2.16.840.1.113883.6.3 http://www.cms.gov/medicare/coding/icd10 "
        "icd10cm icd-10-cm icd10 icd-10 i10 i10c",
        "icd9cm": "http://hl7.org/fhir/sid/icd-9-cm https://hl7.org/fhir/sid/icd-9-cm urn:oid:2.16.840.1.113883.6.103 "
        "2.16.840.1.113883.6.103 icd9cm icd-9-cm icd9 icd-9 i9 i9c",
        "snomed": "http://snomed.info/sct https://snomed.info/sct urn:oid:2.16.840.1.113883.6.96 "
        "2.16.840.1.113883.6.96 "
        "snomed snomed-ct snomedct sct",
        "loinc": "http://loinc.org https://loinc.org urn:oid:2.16.840.1.113883.6.1 2.16.840.1.113883.6.1 loinc ln lnc",
        "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm https://www.nlm.nih.gov/research/umls/rxnorm "
        "urn:oid:2.16.840.1.113883.6.88 2.16.840.1.113883.6.88 rxnorm rxn",
        "hcpcs": "http://www.cms.gov/medicare/coding/hcpcsreleasecodesets "
        "https://www.cms.gov/medicare/coding/hcpcsreleasecodesets "
        "http://terminology.hl7.org/codesystem/hcpcs-all-codes urn:oid:2.16.840.1.113883.6.285 "
        "2.16.840.1.113883.6.285 urn:oid:2.16.840.1.113883.6.14 2.16.840.1.113883.6.14 hcpcs hcs hpc",
    }.items()
    for alias in aliases.split()
}

#: Codes of an ICD-10-CM shape with no system: the shape alone is a guess, so grade possible.
_ICD10_SHAPE = re.compile(r"[A-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?\Z")

_LABEL_CODES = {"FAMILY": FAMILY_SENSITIVE}


@lru_cache(maxsize=1024)
def _system_key(system: str) -> str | None:
    """Our short key of a code system. Code systems are few and carry no patient's value, so they may be cached."""
    key = system.strip().lower().rstrip("/")
    found = _SYSTEMS.get(key)
    if found is None and "|" in key:  # a versioned uri
        found = _SYSTEMS.get(key.partition("|")[0])
    return found


class _Tables(NamedTuple):
    exact: dict[str, dict[str, Finding | None]]
    prefix: dict[str, dict[str, Finding | None]]
    version: str


@cache
def _tables() -> _Tables:
    data = files("mappings.labels") / "data"
    exact: dict[str, dict[str, Finding | None]] = {}
    prefix: dict[str, dict[str, Finding | None]] = {}
    document = json.loads((data / "value_sets.json").read_bytes())
    for entry in document["sets"]:
        finding = Finding(
            tuple(entry["labels"].split()), entry["grade"], f"code: {entry['source']} value set {document['version']}"
        )
        table = exact.setdefault(entry["system"], {})
        for code in entry["codes"].split():
            before = table.get(code)
            # In two sets: labels together; certain wins over possible.
            if before is None or (before.grade == "possible" and finding.grade == "certain"):
                table[code] = finding
            elif before.grade == finding.grade and set(finding.labels) - set(before.labels):
                table[code] = Finding(
                    tuple(dict.fromkeys(before.labels + finding.labels)), finding.grade, finding.because
                )
    rules = io.StringIO((data / "rules.csv").read_text(encoding="utf-8"), newline="")
    for row in csv.DictReader(rules):
        labels = tuple(_LABEL_CODES.get(code, code) for code in row["labels"].split())
        grade = row["grade"]
        found = None if grade == "none" else Finding(labels, grade, f"code: {row['because']}")  # type: ignore[arg-type]
        (exact if row["match"] == "exact" else prefix).setdefault(row["system"], {})[row["code"]] = found
    return _Tables(exact, prefix, document["version"])


def known_system(system: str) -> bool:
    """Whether this is a code system whose codes mean what we think, so that its codes are not also read as text."""
    return _system_key(system) is not None


def by_code(system: str | None, code: str) -> Finding | None:
    """What this code tells, or None. Systems by any alias or OID, codes dotted or not, in any case (S14)."""
    key = _system_key(system) if system else None
    code = code.strip().upper()
    if key is None:
        if system or _ICD10_SHAPE.match(code) is None:
            return None
        found = _longest("icd10cm", code.replace(".", ""))
        return found and Finding(found.labels, "possible", f"{found.because}; no code system")
    if key in ("icd10cm", "icd9cm"):
        return _longest(key, code.replace(".", ""))
    exact = _tables().exact.get(key)
    if exact is not None and code in exact:
        return exact[code]
    return _longest(key, code) if key == "hcpcs" else None


def _longest(key: str, code: str) -> Finding | None:
    table = _tables().prefix.get(key, {})
    for length in range(min(len(code), 6), 0, -1):
        if (part := code[:length]) in table:
            return table[part]
    return None
