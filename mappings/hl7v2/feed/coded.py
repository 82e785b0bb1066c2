"""Coded fields as CodeableConcept, Coding and code: which system a code is of, and what a table makes of it.

CWE[CodeableConcept] and its like of the HL7 v2-to-FHIR tables. Each function takes one repetition as it stands in the
message; a code that FHIR does not take here is an issue. None guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from mappings.fhir.systems import SNOMED, UCUM, url_part
from mappings.hl7v2.datatypes import CODE_SYSTEMS
from mappings.hl7v2.feed.draft import Draft, Json


class Vocabulary(dict[str, tuple[str, str | None, str]]):
    """A table of codes: v2 code to (FHIR code, display, system). `table` is the CodeSystem of the v2 table itself."""

    __slots__ = ("table",)

    def __init__(self, codes: Mapping[str, tuple[str, str | None, str]], table: str) -> None:
        super().__init__(codes)
        self.table = table


#: (repetition, draft, place, vocabulary) to a FHIR value.
Make: TypeAlias = "Callable[[str, Draft, str, Vocabulary | None], Any]"


NPI: Final = "http://hl7.org/fhir/sid/us-npi"


SSN: Final = "http://hl7.org/fhir/sid/us-ssn"


OID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+\Z", re.ASCII)


URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+\Z")


#: Names of table 0396 beside those that we write, and the systems that they stand for.
_SYSTEMS: Final[dict[str, str]] = {
    **{name: system for system, name in CODE_SYSTEMS.items()},
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD-10-CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD9CM": "http://hl7.org/fhir/sid/icd-9-cm",
    "I9": "http://hl7.org/fhir/sid/icd-9-cm",
    "I10P": "http://www.cms.gov/Medicare/Coding/ICD10",
    "LOINC": "http://loinc.org",
    "SNM3": SNOMED,
    "SNOMEDCT": SNOMED,
    "SNOMED-CT": SNOMED,
    "SCT2": SNOMED,
    "C4": "http://www.ama-assn.org/go/cpt",
    "CPT": "http://www.ama-assn.org/go/cpt",
    "CPT4": "http://www.ama-assn.org/go/cpt",
    "CVX": "http://hl7.org/fhir/sid/cvx",
    "NDC": "http://hl7.org/fhir/sid/ndc",
    "HCPCS": "urn:oid:2.16.840.1.113883.6.285",
    "UCUM": UCUM,
    "ISO639": "urn:ietf:bcp:47",
    "ISO+": "http://unitsofmeasure.org",
    "NPI": NPI,
}


_TABLE: Final = re.compile(r"HL7(\d{4})\Z", re.ASCII)


#: CodeSystem of a v2 table (HL7 Terminology).
V2_TABLE: Final = "http://terminology.hl7.org/CodeSystem/v2-"


def system_of(name: str | None, d: Draft, place: str) -> tuple[str, bool]:
    """The code system of a name in CWE.3, and whether it is a local one (`L`, `99zzz`, none, one not known here)."""
    if name:
        found = _SYSTEMS.get(name)
        if found is not None:
            return found, False
        match = _TABLE.match(name)
        if match:
            return V2_TABLE + match[1], False
        if ":" in name and URI.match(name):
            return name, False
        upper = name.upper()
        if upper in _SYSTEMS:
            return _SYSTEMS[upper], False
        if OID.match(name):
            return f"urn:oid:{name}", False
        if name != "L":
            return f"{d.base}/CodeSystem/{url_part(name)}", True
    return f"{d.base}/CodeSystem/{place.split('.', 1)[0]}", True


class Memory:
    """Makes once what `make` makes of a text; what it reported then it reports of each message with that text.

    For coded fields, staff and places, which stand in message after message; never for a person's own fields, for
    what adds to the Bundle, or for times. The value is shared: nobody changes what is inside it. `known` is what it
    remembers and reported nothing of, by text, scope and place: the written segment maps look there first.
    """

    __slots__ = ("_make", "_telling", "known")

    def __init__(self, make: Callable[[str, Draft, str, Any], Any]) -> None:
        self._make = make
        self.known: dict[tuple[str, int, str], Any] = {}
        self._telling: dict[tuple[str, int, str], tuple[Any, list[tuple[str, str]]]] = {}

    def of(self, raw: str, d: Draft, place: str, more: Any = None) -> Any:
        """What is made of a text."""
        value = self.known.get((raw, d.scope, place))
        return self.make_of(raw, d, place, more) if value is None else value

    def make_of(self, raw: str, d: Draft, place: str, more: Any) -> Any:
        """The same, of a text that `known` has not."""
        key = (raw, d.scope, place)
        told = self._telling.get(key)
        if told is not None:
            d.again(told[1])
            return told[0]
        before = len(d.said)
        value = self._make(raw, d, place, more)
        if value is not None:
            if len(self.known) + len(self._telling) >= REMEMBERED:
                self.known.clear()
                self._telling.clear()
            if len(d.said) == before:
                self.known[key] = value
            else:
                self._telling[key] = (value, d.said[before:])
        return value


#: How many values a memory keeps; then it begins anew.
REMEMBERED: Final = 4096


def _code(raw: str, d: Draft, place: str, vocabulary: Vocabulary | None) -> str | None:
    code = d.first(raw)
    if code is None or vocabulary is None:
        return None
    found = vocabulary.get(code)
    if found is None:
        d.issue("translate.code-not-carried", place)
        return None
    return found[0]


def cwe_code(raw: str, d: Draft, place: str, vocabulary: Vocabulary | None = None) -> str | None:
    """CWE[code], ID[code]: by the table of the field; a code that is not in it is an issue and is not carried."""
    if d.c in raw:
        parts = raw.split(d.c)
        # Components 2 and 3 name the code that the table maps; what stands after them is another code.
        d.rest(parts, place, 4)
        raw = parts[0]
    return _code(raw, d, place, vocabulary)


def cwe_coding(raw: str, d: Draft, place: str, vocabulary: Vocabulary | None = None) -> Json | None:
    """CWE[Coding]: the first coding, mapped by the field's table where it has one."""
    concept = cwe_concept(raw, d, place, vocabulary)
    if concept is None:
        return None
    codings = concept.get("coding")
    if not codings:
        return {"display": concept["text"]}
    made: Json = codings[0]
    if "display" not in made and "text" in concept:
        made["display"] = concept["text"]
    if len(codings) > 1:
        d.left(f"{place}.4")
    return made


def cwe_concept(raw: str, d: Draft, place: str, vocabulary: Vocabulary | None = None) -> Json | None:
    """CWE[CodeableConcept], and CE, CNE, IS, ID, which it contains (2.A.13).

    A code of the field's own table becomes what the table maps it to, and stays beside it where that is another code.
    A local code travels in a system of this custody, with an issue. SNOMED's displays stand as text: their licence
    does not let them travel in a Coding.
    """
    if d.c not in raw:
        code = d.first(raw, place)
        if code is None:
            return None
        if vocabulary is not None:
            found = vocabulary.get(code)
            if found is not None:
                return {"coding": [_coding(found)]}
        d.issue("translate.unmapped-code", place)
        return {"coding": [{"system": f"{d.base}/CodeSystem/{place.split('.', 1)[0]}", "code": " ".join(code.split())}]}
    parts = raw.split(d.c)
    count = len(parts)
    codings: list[Json] = []
    text = d.text(parts[8]) if count > 8 and parts[8] else None
    for at, version in ((0, 6), (3, 7), (9, 12)):
        if count <= at:
            break
        code = d.first(parts[at], f"{place}.{at + 1}")
        words = d.text(parts[at + 1]) if count > at + 1 else None
        if code is None:
            if words:
                if text is None:
                    text = words
                elif words != text:
                    d.left(f"{place}.{at + 2}")
            d.rest(parts[: at + 3], place, at + 3)
            if count > version:
                d.rest(parts[: version + 1], place, version + 1)
            continue
        name = d.text(parts[at + 2]) if count > at + 2 else None
        system, local = system_of(name, d, place)
        if vocabulary is not None and code not in vocabulary and system == vocabulary.table:
            # HL7's table is one that sites add to: a code that it has not is the sender's own.
            system, local = f"{d.base}/CodeSystem/{place.split('.', 1)[0]}", True
        mapped = vocabulary.get(code) if vocabulary is not None and (not name or system == vocabulary.table) else None
        if mapped is not None:
            coding = _coding(mapped)
            codings.append(coding)
            if count > version:
                d.rest(parts[: version + 1], place, version + 1)
            if words and words != mapped[1]:
                if text is None:
                    text = words
                elif words != text:
                    coding["display"] = words
            if local or (system == coding["system"] and coding["code"] == code):
                continue
            codings.append({"system": system, "code": " ".join(code.split())})
            continue
        if local:
            d.issue("translate.unmapped-code", place)
        coding = {"system": system, "code": " ".join(code.split())}
        if count > version and parts[version] and (edition := d.text(parts[version])):
            coding["version"] = edition
        if words:
            if system != SNOMED:
                coding["display"] = words
            elif text is None:
                text = words
            elif words != text:
                d.left(f"{place}.{at + 2}")
        codings.append(coding)
    if count > 13:
        d.rest(parts, place, 14)
    if codings:
        return {"coding": codings, "text": text} if text else {"coding": codings}
    return {"text": text} if text else None


def _coding(found: tuple[str, str | None, str]) -> Json:
    code, display, system = found
    return {"system": system, "code": code, "display": display} if display else {"system": system, "code": code}


def st_concept(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """ST[CodeableConcept]: words."""
    text = d.text(raw)
    return {"text": text} if text else None


def yes(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> bool | None:
    """ID[boolean] of table 0136."""
    code = d.first(raw, place)
    if code in ("Y", "N"):
        return code == "Y"
    if code is not None:
        d.issue("translate.code-not-carried", place)
    return None
