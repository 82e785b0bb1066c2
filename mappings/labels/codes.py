"""Labels by code: hierarchies first (ICD prefixes), then published value sets with their known errors corrected.

Data: `data/rules.csv` (ours, each line with its reason) and `data/value_sets.json` (built by
`mappings.labels.sources.build`). A line of grade `none` stops the search: tobacco is not SUD (42 CFR 2.11).

A code is found however it is written: any alias or OID of its system, any case, dotted or not, with a modifier or in
a SNOMED CT expression, as `system|code` in a query, as the last part of a SNOMED CT or LOINC address. Where nobody
says which system it is of, its shape is a guess, and what it tells is possible at most.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote

from mappings.labels.vocabulary import FAMILY_SENSITIVE

Grade = Literal["certain", "possible"]


class Finding(NamedTuple):
    """What a code or a text tells: label codes, how sure, and why (rule or value set, never the value).

    `rule` names the line of the rules or the value set with its version, for the label's related artifact.
    """

    labels: tuple[str, ...]
    grade: Grade
    because: str
    rule: str = ""


#: Every spelling of a code system that we accept, in lower case, to our short key.
_SYSTEMS: Final[dict[str, str]] = {
    alias: key
    for key, aliases in {
        "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm https://hl7.org/fhir/sid/icd-10-cm "
        "http://hl7.org/fhir/sid/icd-10 "
        "http://hl7.org/fhir/sid/icd-10-us urn:oid:2.16.840.1.113883.6.90 2.16.840.1.113883.6.90 "
        "urn:oid:2.16.840.1.113883.6.3 2.16.840.1.113883.6.3 http://hl7.org/fhir/sid/icd-10-cm/diagnosis "
        "icd10cm icd-10-cm icd10 icd-10 i10 i10c",
        # ICD-10-PCS; its FHIR address is read as ICD-10-CM by some, and its codes always have seven letters or digits.
        "icd10pcs": "http://www.cms.gov/medicare/coding/icd10 https://www.cms.gov/medicare/coding/icd10 "
        "http://hl7.org/fhir/sid/icd-10-pcs urn:oid:2.16.840.1.113883.6.4 2.16.840.1.113883.6.4 "
        "icd10pcs icd-10-pcs i10p",
        "icd9cm": "http://hl7.org/fhir/sid/icd-9-cm https://hl7.org/fhir/sid/icd-9-cm urn:oid:2.16.840.1.113883.6.103 "
        "2.16.840.1.113883.6.103 http://hl7.org/fhir/sid/icd-9-cm/diagnosis icd9cm icd-9-cm icd9 icd-9 i9 i9c",
        "snomed": "http://snomed.info/sct https://snomed.info/sct urn:oid:2.16.840.1.113883.6.96 "
        "2.16.840.1.113883.6.96 "
        "snomed snomed-ct snomedct sct",
        "loinc": "http://loinc.org https://loinc.org urn:oid:2.16.840.1.113883.6.1 2.16.840.1.113883.6.1 loinc ln lnc",
        "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm https://www.nlm.nih.gov/research/umls/rxnorm "
        "urn:oid:2.16.840.1.113883.6.88 2.16.840.1.113883.6.88 rxnorm rxn",
        "hcpcs": "http://www.cms.gov/medicare/coding/hcpcsreleasecodesets "
        "https://www.cms.gov/medicare/coding/hcpcsreleasecodesets "
        "https://www.cms.gov/medicare/coding-billing/healthcare-common-procedure-system "
        "http://terminology.hl7.org/codesystem/hcpcs-all-codes urn:oid:2.16.840.1.113883.6.285 "
        "2.16.840.1.113883.6.285 urn:oid:2.16.840.1.113883.6.14 2.16.840.1.113883.6.14 "
        "http://terminology.hl7.org/codesystem/hcpcs http://www.cms.gov/medicare/coding/hcpcs hcpcs hcs hpc",
        # HL7's own codes that tell: places, services and programs, and what v2 marks as sensitive
        "rolecode": "http://terminology.hl7.org/codesystem/v3-rolecode http://hl7.org/fhir/v3/rolecode "
        "urn:oid:2.16.840.1.113883.5.111 2.16.840.1.113883.5.111",
        "service-type": "http://terminology.hl7.org/codesystem/service-type http://hl7.org/fhir/service-type",
        "service-category": "http://terminology.hl7.org/codesystem/service-category "
        "http://hl7.org/fhir/service-category",
        "episode-type": "http://terminology.hl7.org/codesystem/episodeofcare-type "
        "http://hl7.org/fhir/episodeofcare-type",
        "plan-type": "http://terminology.hl7.org/codesystem/insurance-plan-type",
        "v2-0177": "http://terminology.hl7.org/codesystem/v2-0177 http://hl7.org/fhir/v2/0177 hl70177",
        "v2-0907": "http://terminology.hl7.org/codesystem/v2-0907 http://hl7.org/fhir/v2/0907 hl70907",
        "v2-0717": "http://terminology.hl7.org/codesystem/v2-0717 http://hl7.org/fhir/v2/0717 hl70717",
    }.items()
    for alias in aliases.split()
}

#: Codes of an ICD-10-CM, HCPCS or LOINC shape with no system: the shape alone is a guess, so grade possible.
_ICD10_SHAPE = re.compile(r"[A-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?\Z")
_HCPCS_SHAPE = re.compile(r"[A-Z]\d{4}\Z")
_LOINC_SHAPE = re.compile(r"\d{3,5}-\d\Z")
#: Of a code of a known system written as one string: `system|code`, `ICD10CM:F11.20`, `F11.20^^I10C`.
_JOINT = re.compile(r"[|^]|:(?!//)")
_SCT_IDS = re.compile(r"\d{6,18}").findall
_NOT_ALNUM = re.compile(r"[^0-9A-Z]+")
#: Tokens of a search: `code=http://snomed.info/sct|66214007`, several with commas.
_TOKENS = re.compile(r"(?:^|[=,&?;\s])([^=,&?;\s|]+)\|([^,&;\s|]+)").findall
#: Addresses whose last part is a code.
_ADDRESSES = (("http://snomed.info/", "snomed"), ("https://snomed.info/", "snomed"), ("http://loinc.org/", "loinc"),
              ("https://loinc.org/", "loinc"))  # fmt: skip
#: Codes of our rules in prose: `Dx F11.20`. ICD-10-CM and HCPCS have shapes that words have not.
_IN_PROSE = re.compile(r"(?<![0-9A-Z.])[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4}|[0-9]{2})?(?![0-9A-Z])", re.IGNORECASE)

_LABEL_CODES = {"FAMILY": FAMILY_SENSITIVE}


@lru_cache(maxsize=1024)
def _system_key(system: str) -> str | None:
    """Our short key of a code system. Code systems are few and carry no patient's value, so they may be cached."""
    key = plain(system).strip().lower().rstrip("/")
    found = _SYSTEMS.get(key)
    if found is None and "|" in key:  # a versioned uri
        found = _SYSTEMS.get(key.partition("|")[0].rstrip("/"))
    if found is None and key.startswith(("http://snomed.info/sct/", "https://snomed.info/sct/")):  # an edition
        found = "snomed"
    return found


def plain(text: str) -> str:
    """The text with wide and other compatibility letters as plain ones, and without characters nobody sees."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


class _Tables(NamedTuple):
    exact: dict[str, dict[str, Finding | None]]
    prefix: dict[str, dict[str, Finding | None]]
    version: str
    starts: frozenset[str]


@cache
def _tables() -> _Tables:
    data = files("mappings.labels") / "data"
    exact: dict[str, dict[str, Finding | None]] = {}
    prefix: dict[str, dict[str, Finding | None]] = {}
    document = json.loads((data / "value_sets.json").read_bytes())
    version: str = document["version"]
    for entry in document["sets"]:
        finding = Finding(
            tuple(entry["labels"].split()),
            entry["grade"],
            f"code: {entry['source']} value set {version}",
            f"value set {entry['source']} {entry['system']} {version}",
        )
        table = exact.setdefault(entry["system"], {})
        for code in entry["codes"].split():
            before = table.get(code)
            # In two sets: labels together; certain wins over possible.
            if before is None or (before.grade == "possible" and finding.grade == "certain"):
                table[code] = finding
            elif before.grade == finding.grade and set(finding.labels) - set(before.labels):
                table[code] = finding._replace(labels=tuple(dict.fromkeys(before.labels + finding.labels)))
    for row in rules():
        labels = tuple(_LABEL_CODES.get(code, code) for code in row["labels"].split())
        found: Finding | None = None
        if row["grade"] != "none":
            name = f"rule {row['system']} {row['code']}{'*' if row['match'] == 'prefix' else ''} {version}"
            found = Finding(labels, row["grade"], f"code: {row['because']}", name)  # type: ignore[arg-type]
        (exact if row["match"] == "exact" else prefix).setdefault(row["system"], {})[row["code"]] = found
    starts = {code[:3].lower() for code in prefix["icd10cm"]} | {code.lower() for code in exact["hcpcs"]}
    return _Tables(exact, prefix, version, frozenset(starts))


def rules() -> Iterator[dict[str, str]]:
    """The rules as they are written: system, match, code, labels, grade, because, source."""
    text = (files("mappings.labels") / "data" / "rules.csv").read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text, newline=""))


def version() -> str:
    """The version of the value sets and rules."""
    return _tables().version


@cache
def code_words() -> frozenset[str]:
    """Words, in lower case, one of which every code has that `codes_in` finds in prose: for the quick no.

    ICD-10-CM codes are found by any of their prefixes of three; HCPCS codes are whole.
    """
    starts = _tables().starts
    icd = {start for start in starts if len(start) == 3 and start[1].isdigit()}
    # A prefix of one or two letters covers all that begin so.
    for short in (code.lower() for code in _tables().prefix["icd10cm"] if len(code) < 3):
        icd |= {(short + str(n).zfill(3 - len(short)))[:3] for n in range(10 ** (3 - len(short)))}
    return frozenset(icd | {start for start in starts if len(start) == 5})


def known_system(system: str) -> bool:
    """Whether this is a code system whose codes mean what we think, so that its codes are not also read as text."""
    return _system_key(system) is not None


def by_code(system: str | None, code: str) -> Finding | None:
    """What this code tells, or None. Systems by any alias or OID, codes dotted or not, in any case (S14)."""
    key = _system_key(system) if system else None
    code = plain(code).strip().upper()
    if key is None:
        return None if system else _without_system(code)
    return _in(key, code)


def by_address(address: str) -> Finding | None:
    """What an address or a query tells: a SNOMED CT or LOINC code at its end, `system|code`, `code=F11.20`."""
    if "%" in address:
        address = unquote(address)
    if "|" in address:
        for system, code in _TOKENS(address):
            found = by_code(system, code)
            if found is not None:
                return found
    if "?" in address:
        for pair in address.partition("?")[2].split("&"):
            for code in pair.partition("=")[2].split(","):
                found = by_code(None, code)
                if found is not None:
                    return found
    for start, key in _ADDRESSES:
        if address.startswith(start):
            return _in(key, address.partition("|")[0].rstrip("/").rpartition("/")[2].upper())
    return None


def codes_in(text: str) -> Iterator[Finding]:
    """What ICD-10-CM and HCPCS codes in a prose text tell; possible at most, as nothing says that they are codes."""
    for written in _IN_PROSE.findall(plain(text)):
        found = _without_system(written.upper())
        if found is not None:
            yield found


def _without_system(code: str) -> Finding | None:
    """What a code tells by its shape alone: possible at most."""
    if len(code) > 80:
        return None
    if _JOINT.search(code):
        return next((one for one in _joint(code) if one is not None), None)
    found: Finding | None = None
    if _ICD10_SHAPE.match(code):
        found = _longest("icd10cm", _NOT_ALNUM.sub("", code))
    if found is None and _HCPCS_SHAPE.match(code):
        found = _in("hcpcs", code)
    if found is None and _LOINC_SHAPE.match(part := code.rpartition("/")[2]):
        # the linkId of an item that is made from LOINC ends so
        found = _in("loinc", part)
    return found and Finding(found.labels, "possible", f"{found.because}; no code system", found.rule)


def _joint(code: str) -> Iterator[Finding | None]:
    """What `system|code` tells, either way round, where one of the parts is a system that we know."""
    parts = [part for part in re.split(r"[|^]|:(?!//)", code) if part]
    for system in parts:
        key = _system_key(system)
        if key is not None:
            yield from (_in(key, part) for part in parts if part != system)


def _in(key: str, code: str) -> Finding | None:
    """What a code of a known system tells; `code` in capitals."""
    tables = _tables()
    if key == "icd10pcs":
        bare = _NOT_ALNUM.sub("", code)
        if len(bare) == 7 and "." not in code:
            return _longest(key, bare)
        key = "icd10cm"
    if key == "icd9cm":
        return _icd9(code)
    if key == "icd10cm":
        return _longest(key, _NOT_ALNUM.sub("", code))
    exact = tables.exact.get(key)
    if exact is None:
        return None
    if code in exact:
        return exact[code]
    if key == "hcpcs":
        code = code[:5]  # a modifier may follow
        return exact[code] if code in exact else _longest(key, code)
    if key == "snomed" and not code.isdigit():  # an expression: what its concepts tell
        return next((found for one in _SCT_IDS(code) if (found := exact.get(one)) is not None), None)
    return exact.get(_NOT_ALNUM.sub("", code)) if key == "rxnorm" else None


def _icd9(code: str) -> Finding | None:
    """ICD-9-CM: a spreadsheet takes leading zeros away (`42`, `78.1`), and procedures have two digits (`94.61`)."""
    whole, dot, rest = code.partition(".")
    if not whole.isdigit() or len(whole) > 2:
        return _longest("icd9cm", _NOT_ALNUM.sub("", code))
    if dot and (whole + rest).startswith("946"):
        return _longest("icd9cm", "946")
    found = _longest("icd9cm", whole.zfill(3) + rest)
    return found and found._replace(grade="possible")


def _longest(key: str, code: str) -> Finding | None:
    table = _tables().prefix.get(key, {})
    for length in range(min(len(code), 7), 0, -1):
        if (part := code[:length]) in table:
            return table[part]
    return None
