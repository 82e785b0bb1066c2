"""HL7 v2 datatypes as FHIR R4 datatypes, one function each, named as HL7 v2-to-FHIR names the map: `CX[Identifier]`.

Each takes one repetition as it stands in the message, and gives the element or None when nothing is in it. A component
that FHIR has no place for is named in the account; a code that FHIR does not take here is an issue. None guesses.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from mappings.fhir.systems import SNOMED, UCUM, url_part
from mappings.hl7v2.datatypes import CODE_SYSTEMS
from mappings.hl7v2.feed.draft import Draft, Json

#: A table of codes: v2 code to (FHIR code, display, system).
Vocabulary: TypeAlias = "dict[str, tuple[str, str | None, str]]"
#: (repetition, draft, place, vocabulary) to a FHIR value.
Make: TypeAlias = "Callable[[str, Draft, str, Vocabulary | None], Any]"

V2_0203: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
NPI: Final = "http://hl7.org/fhir/sid/us-npi"
SSN: Final = "http://hl7.org/fhir/sid/us-ssn"
_OIDS: Final = {"2.16.840.1.113883.4.6": NPI, "2.16.840.1.113883.4.1": SSN}
_OID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+\Z", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+\Z")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)\Z", re.ASCII)

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
        if ":" in name and _URI.match(name):
            return name, False
        upper = name.upper()
        if upper in _SYSTEMS:
            return _SYSTEMS[upper], False
        if _OID.match(name):
            return f"urn:oid:{name}", False
        if name != "L":
            return f"{d.base}/CodeSystem/{url_part(name)}", True
    return f"{d.base}/CodeSystem/{place.split('.', 1)[0]}", True


#: Table 0301: what a universal id is. The standards behind the rest of it have no URI of their own.
_UNIVERSAL: Final = frozenset(
    {"", "ISO", "UUID", "GUID", "URI", "DNS", "HL7", "L", "M", "N", "CLIA", "NPI", "X400", "X500"}
)


def assigner(raw: str, d: Draft, place: str) -> tuple[str | None, str | None]:
    """An HD as (system, name): its universal id, else a URI made of its namespace in this custody's own space.

    HD[uri] of the tables takes the namespace for a URI, which it is not.
    """
    if d.s not in raw:
        name = d.text(raw)
        return (f"{d.base}/assigner/{url_part(name)}", name) if name else (None, None)
    parts = raw.split(d.s)
    name, universal = d.text(parts[0]), d.text(parts[1])
    kind = (d.text(parts[2]) or "").upper() if len(parts) > 2 else ""
    if kind not in _UNIVERSAL or (kind and not universal) or any(parts[3:]):
        d.left(place)
    if universal:
        if universal in _OIDS:
            return _OIDS[universal], name
        if kind == "ISO" or (not kind and _OID.match(universal)):
            if _OID.match(universal):
                return f"urn:oid:{universal}", name
        elif kind == "UUID" and _UUID.match(universal):
            return f"urn:uuid:{universal.lower()}", name
        elif _URI.match(universal):
            return universal, name
        return f"{d.base}/assigner/{url_part(universal)}", name or universal
    return (f"{d.base}/assigner/{url_part(name)}", name) if name else (None, None)


def remembering(make: Callable[[str, Draft, str, Any], Any]) -> Callable[[str, Draft, str, Any], Any]:
    """The same, making once what it made of a text that had nothing to report and added nothing to the Bundle.

    For coded fields, staff and places, which stand in message after message; never for a person's own fields. The
    value is shared: nobody changes what is inside it.
    """
    known: dict[tuple[str, int, str], Any] = {}

    def again(raw: str, d: Draft, place: str, more: Any = None) -> Any:
        key = (raw, d.scope, place)
        value = known.get(key)
        if value is None:
            before = d.said
            value = make(raw, d, place, more)
            if value is not None and d.said == before:
                if len(known) >= _REMEMBERED:
                    known.clear()
                known[key] = value
        return value

    return again


_REMEMBERED: Final = 4096


def _period(d: Draft, place: str, start: str, end: str) -> Json | None:
    first, last = d.time(start, place) if start else None, d.time(end, place) if end else None
    if not first and not last:
        return None
    made: Json = {}
    if first:
        made["start"] = first
    if last and not (first and last[: len(first)] < first[: len(last)]):
        made["end"] = last
    elif last:
        d.issue("translate.value", place)
    return made


def cx_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """CX[Identifier] (2.A.14). The number's check digit, its departments and jurisdictions have no place."""
    parts = raw.split(d.c)
    value = d.first(parts[0], f"{place}.1")
    if value is None:
        d.rest(parts, place, 2)
        return None
    count = len(parts)
    made: Json = {}
    code = d.first(parts[4]) if count > 4 else None
    if code:
        made["type"] = {"coding": [{"system": V2_0203, "code": code}]}
    system, name = assigner(parts[3], d, f"{place}.4") if count > 3 and parts[3] else (None, None)
    if code == "SS" and (system is None or name):
        system = SSN if system is None or name in ("SSA", "USSSA", "SSN", "USA") else system
    elif code == "NPI":
        system = NPI
    if system:
        made["system"] = system
    made["value"] = value
    if count > 6 and (span := _period(d, place, parts[6], parts[7] if count > 7 else "")):
        made["period"] = span
    if name:
        made["assigner"] = {"display": name}
    elif count > 5 and parts[5]:
        facility = assigner(parts[5], d, f"{place}.6")[1]
        if facility:
            made["assigner"] = {"display": facility}
    if count > 1 and (parts[1] or (count > 2 and parts[2])):
        d.rest(parts[:3], place, 2)
    if name and count > 5 and parts[5]:
        d.left(f"{place}.6")
    if count > 8:
        d.rest(parts, place, 9)
    return made


def ei_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """EI[Identifier] (2.A.28): the value, its namespace or universal id as system."""
    parts = raw.split(d.c)
    value = d.first(parts[0], f"{place}.1")
    if value is None:
        d.rest(parts, place, 2)
        return None
    system, name = assigner(d.s.join(parts[1:4]), d, f"{place}.4") if len(parts) > 1 else (None, None)
    made: Json = {"system": system, "value": value} if system else {"value": value}
    if name:
        made["assigner"] = {"display": name}
    if len(parts) > 4:
        d.rest(parts, place, 5)
    return made


def eip_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """EIP[Identifier-PlacerAssignedIdentifier] (2.A.29): the placer's; the filler's when there is no other."""
    parts = raw.split(d.c)
    if len(parts) > 2 and d.s not in raw:
        return ei_identifier(raw, d, place)  # an EI, as up to 2.4
    d.rest(parts, place, 3)
    if len(parts) > 1 and parts[0] and parts[1]:
        d.left(f"{place}.2")
    given = parts[0] or (parts[1] if len(parts) > 1 else "")
    return ei_identifier(given.replace(d.s, d.c), d, place)


def st_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """ST[Identifier]: a value alone."""
    value = d.text(raw)
    return {"value": value} if value else None


def ssn_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """PID-19: a number that the standard calls the SSN, with its system."""
    value = d.text(raw)
    if not value:
        return None
    return {"type": {"coding": [{"system": V2_0203, "code": "SS"}]}, "system": SSN, "value": value}


def dln_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """DLN[Identifier] (2.A.20): the number, the issuing state's or province's own system, the expiry."""
    parts = raw.split(d.c)
    value = d.text(parts[0])
    if value is None:
        d.rest(parts, place, 2)
        return None
    made: Json = {"type": {"coding": [{"system": V2_0203, "code": "DL"}]}}
    if len(parts) > 1 and (issuer := d.text(parts[1])):
        made["system"] = f"{d.base}/assigner/{url_part(issuer)}"
        made["value"] = value
        made["assigner"] = {"display": issuer}
    else:
        made["value"] = value
    if len(parts) > 2 and (end := d.time(parts[2], place)):
        made["period"] = {"end": end}
    d.rest(parts, place, 4)
    return made


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
        if vocabulary is not None and code not in vocabulary and system.startswith(V2_TABLE):
            # HL7's table is one that sites add to: a code that it has not is the sender's own.
            system, local = f"{d.base}/CodeSystem/{place.split('.', 1)[0]}", True
        mapped = vocabulary.get(code) if vocabulary is not None and (not name or system.startswith(V2_TABLE)) else None
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


_NAME_USE: Final = {
    "L": "official",
    "R": "official",
    "D": "usual",
    "N": "nickname",
    "M": "maiden",
    "S": "anonymous",
    "MSK": "anonymous",
    "BAD": "old",
    "NAV": "temp",
    "TEMP": "temp",
}


def xpn_name(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """XPN[HumanName] (2.A.88). A name type of table 0200 that FHIR has no use for leaves the name without use."""
    parts = raw.split(d.c)
    count = len(parts)
    made: Json = {}
    if count > 6 and (kind := parts[6]):
        use = _NAME_USE.get(kind)
        if use:
            made["use"] = use
        else:
            d.left(f"{place}.7")
    if parts[0] and (family := d.first(parts[0])):
        made["family"] = family
        if d.s in parts[0] and any(parts[0].split(d.s)[1:]):
            d.left(f"{place}.1")
    given = [word for part in parts[1:3] if part and (word := d.text(part))]
    if given:
        made["given"] = given
    if count > 3:
        prefix = d.text(parts[4]) if count > 4 else None
        if prefix:
            made["prefix"] = [prefix]
        suffix = [word for at in (3, 5, 13) if count > at and parts[at] and (word := d.text(parts[at]))]
        if suffix:
            made["suffix"] = suffix
        if count > 7:
            if count > 11 and (parts[11] or (count > 12 and parts[12])):
                span = _period(d, place, parts[11], parts[12] if count > 12 else "")
                if span:
                    made["period"] = span
            d.rest(parts[:11], place, 8)
            d.rest(parts, place, 15)
    return made if made and made.keys() != {"use"} else None


_ADDRESS_USE: Final = {
    "H": "home",
    "B": "work",
    "O": "work",
    "C": "temp",
    "BI": "billing",
    "BA": "old",
    "V": "temp",
}
_ADDRESS_TYPE: Final = {"M": "postal", "SH": "postal"}


def xad_address(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """XAD[Address] (2.A.86). A type of table 0190 that FHIR has no word for is named in the account."""
    parts = raw.split(d.c)
    count = len(parts)
    made: Json = {}
    if count > 6 and (kind := parts[6]):
        if kind in _ADDRESS_USE:
            made["use"] = _ADDRESS_USE[kind]
        elif kind in _ADDRESS_TYPE:
            made["type"] = _ADDRESS_TYPE[kind]
        else:
            d.left(f"{place}.7")
    lines: list[str] = []
    if parts[0]:
        # SAD: the street as one, or its name and number.
        whole = parts[0].split(d.s)
        street = d.text(whole[0])
        name = d.text(whole[1]) if len(whole) > 1 else None
        number = d.text(whole[2]) if len(whole) > 2 else None
        if street:
            lines.append(street)
            if name or number:
                d.left(f"{place}.1")
        elif name or number:
            lines.append(" ".join(word for word in (number, name) if word))
    for at in (1, 18):
        if count > at and parts[at] and (line := d.first(parts[at], f"{place}.{at + 1}")):
            lines.append(line)
    if lines:
        made["line"] = lines
    for at, element in ((2, "city"), (8, "district"), (3, "state"), (4, "postalCode"), (5, "country")):
        if count > at and parts[at] and (word := d.first(parts[at], f"{place}.{at + 1}")):
            made[element] = word
    if count > 7:
        d.rest(parts[:8], place, 8)
        if count > 12 and (span := _period(d, place, parts[12], parts[13] if count > 13 else "")):
            made["period"] = span
        d.rest([*[""] * 9, *parts[9:12]], place, 10)
        if count > 14:
            d.rest([*[""] * 14, *parts[14:18]], place, 15)
            d.rest(parts, place, 20)
    return made if made and made.keys() - {"use", "type"} else None


_PHONE_USE: Final = {"PRN": "home", "WPN": "work", "PRS": "mobile"}
_PHONE_SYSTEM: Final = {
    "PH": "phone",
    "FX": "fax",
    "BP": "pager",
    "CP": "phone",
    "MD": "other",
    "SAT": "phone",
    "TDD": "other",
    "TTY": "other",
    "Internet": "email",
    "X.400": "email",
}


def xtn_contact(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """XTN[ContactPoint] (2.A.89): the number as its sender wrote it (XTN.12, XTN.1), else put together from its parts.

    A number whose equipment is not said is a telephone's where it stands in a telephone field; FHIR needs a system.
    """
    parts = raw.split(d.c)
    count = len(parts)
    use = parts[1] if count > 1 else ""
    kind = parts[2] if count > 2 else ""
    mail = d.text(parts[3]) if count > 3 and parts[3] else None
    system = _PHONE_SYSTEM.get(kind)
    number = d.text(parts[11]) if count > 11 and parts[11] else None
    if number is None and count > 6 and parts[6]:
        country, area, local, extension = (d.text(parts[at]) if count > at else None for at in (4, 5, 6, 7))
        number = " ".join(
            word
            for word in (f"+{country}" if country else None, area, local, f"X{extension}" if extension else None)
            if word
        )
    if number is None and parts[0]:
        number = d.text(parts[0])
    if mail is not None and (system == "email" or number is None or use == "NET"):
        value, system = mail, "email"
        if number is not None and number != mail:
            d.left(f"{place}.1")
    else:
        value = number or ""
        if mail is not None:
            d.left(f"{place}.4")
    if not value:
        d.rest(parts, place, 1)
        return None
    made: Json = {"system": system or "phone", "value": value}
    if kind == "CP" or use == "PRS":
        made["use"] = "mobile"
    elif use in _PHONE_USE:
        made["use"] = _PHONE_USE[use]
    elif use and use != "NET":
        d.left(f"{place}.2")
    if kind and kind not in _PHONE_SYSTEM:
        d.left(f"{place}.3")
    if count > 8:
        if parts[8]:
            d.left(f"{place}.9")
        d.rest([*[""] * 9, *parts[9:11]], place, 10)
        if count > 12:
            span = _period(d, place, parts[12], parts[13] if count > 13 else "")
            if span:
                made["period"] = span
            d.rest(parts, place, 15)
    return made


def yes(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> bool | None:
    """ID[boolean] of table 0136."""
    code = d.first(raw, place)
    if code in ("Y", "N"):
        return code == "Y"
    if code is not None:
        d.issue("translate.code-not-carried", place)
    return None


def string(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """ST, TX, FT and whatever else is taken as text."""
    return d.text(raw)


def number(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> int | float | None:
    """NM as a FHIR decimal."""
    text = d.first(raw, place)
    if text is None:
        return None
    if not _NUMBER.match(text) or len(text) > 18:
        d.issue("translate.value", place)
        return None
    return float(text) if "." in text else int(text)


def positive(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> int | None:
    """NM as a positiveInt."""
    found = number(raw, d, place)
    if found is None:
        return None
    if isinstance(found, float) or not 0 < found < 2**31:
        d.issue("translate.value", place)
        return None
    return found


def date_time(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """TS, DTM and DT as dateTime. The degree of precision (TS.2) says again how much of it is there."""
    if d.c in raw:
        d.rest(raw.split(d.c), place, 2)
    return d.time(raw, place)


def date(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """TS and DT as date: the day alone."""
    if d.c in raw:
        parts = raw.split(d.c)
        d.rest(parts, place, 2)
        raw = parts[0]
    found = d.time(raw[:8], place)
    return found[:10] if found else None


def time_alone(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """TM as time; its offset has no place in FHIR."""
    text = d.first(raw) or ""
    digits = re.match(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)?(\.\d+)?([+-]\d{4})?\Z", text, re.ASCII)
    if digits is None:
        d.issue("translate.value", place)
        return None
    return f"{digits[1]}:{digits[2]}:{digits[3] or '00'}{digits[4] or ''}"


def instant(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """DTM as instant: a day alone is none, and is named in the account."""
    if d.c in raw:
        d.rest(raw.split(d.c), place, 2)
    found = d.time(raw, place)
    if found and len(found) > 10:
        return found
    if found:
        d.left(place)
    return None


def quantity(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """NM[Quantity], CQ[Quantity]: a number, and the unit where the type has one (2.A.12)."""
    parts = raw.split(d.c, 1)
    value = number(parts[0], d, place)
    if value is None:
        return None
    made: Json = {"value": value}
    if len(parts) > 1:
        made.update(units(parts[1].replace(d.s, d.c), d, place))
    return made


def units(raw: str, d: Draft, place: str) -> Json:
    """CWE[Quantity]: the unit, coded where its system is said."""
    parts = raw.split(d.c)
    code = d.first(parts[0])
    words = d.text(parts[1]) if len(parts) > 1 else None
    if code is None:
        return {"unit": words} if words else {}
    name = d.text(parts[2]) if len(parts) > 2 else None
    system, local = system_of(name, d, place)
    d.rest(parts, place, 4)
    if local:
        return {"unit": words or code, "code": code, "system": system} if words else {"unit": code}
    return {"unit": words or code, "system": system, "code": code}


def minutes(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> int | None:
    """A duration in minutes, as a positiveInt."""
    return positive(raw, d, place)


def days(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """NM[Quantity-LengthOfStay]: days."""
    value = number(raw, d, place)
    return None if value is None else {"value": value, "unit": "days", "system": UCUM, "code": "d"}


#: OBX-5's ED type and subtype (table 0191 and 0291) as a media type.
_MEDIA: Final = {
    "PDF": "application/pdf",
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "RTF": "application/rtf",
    "HTML": "text/html",
    "XML": "application/xml",
    "PLAIN": "text/plain",
    "TEXT": "text/plain",
    "X-HL7-CDA-LEVEL-ONE": "application/hl7-v3+xml",
}


def ed_attachment(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """ED[Attachment] (2.A.24): base64 is checked and kept, hexadecimal and plain data become base64."""
    parts = raw.split(d.c)
    parts += [""] * (5 - len(parts))
    kind, subtype, encoding = ((d.text(part) or "") for part in parts[1:4])
    data = d.c.join(parts[4:])
    if not data:
        return None
    content: bytes | None
    if encoding.upper() == "BASE64":
        packed = "".join((d.text(data) or "").split())
        try:
            content = base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError):
            content = None
    elif encoding.upper() == "HEX":
        try:
            content = bytes.fromhex(d.text(data) or "")
        except ValueError:
            content = None
    else:
        content = (d.text(data) or "").encode()
    if not content:
        d.issue("translate.value", place)
        return None
    made: Json = {"data": base64.b64encode(content).decode()}
    media = _MEDIA.get(subtype.upper())
    if media is None and "/" in kind and " " not in kind:
        media = kind
    if media is None and re.fullmatch(r"[A-Za-z]+", kind) and re.fullmatch(r"[A-Za-z0-9.+-]+", subtype):
        media = f"{kind.lower()}/{subtype.lower()}"
    if media:
        made["contentType"] = media
    else:
        made["contentType"] = "application/octet-stream"  # att-1: what it is, nobody said
    if not media and (subtype or kind):
        made["title"] = " ".join(word for word in (kind, subtype) if word)
    if parts[0]:
        d.left(f"{place}.1")
    return made


def rp_attachment(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """RP[Attachment] (2.A.68): a pointer that is a URL; any other has no place."""
    parts = raw.split(d.c)
    url = d.text(parts[0])
    d.rest(parts, place, 2)
    if not url or not _URI.match(url):
        if url:
            d.issue("translate.value", place)
        return None
    return {"url": url}


def range_of(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """NR[Range] (2.A.50)."""
    parts = raw.split(d.c)
    made: Json = {}
    for name, part in zip(("low", "high"), parts, strict=False):
        if part and (value := number(part, d, place)) is not None:
            made[name] = {"value": value}
    return made or None


def dr_period(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """DR[Period] (2.A.22)."""
    parts = raw.split(d.c)
    return _period(d, place, parts[0], parts[1] if len(parts) > 1 else "")


#: By the name of the map. References are in `mappings.hl7v2.feed.parties`.
MAKE: Final[dict[str, Make]] = {
    "CX[Identifier]": cx_identifier,
    "EI[Identifier]": ei_identifier,
    "EIP[Identifier]": eip_identifier,
    "ST[Identifier]": st_identifier,
    "SSN[Identifier]": ssn_identifier,
    "DLN[Identifier]": dln_identifier,
    "CWE[code]": cwe_code,
    "CWE[Coding]": cwe_coding,
    "CWE[CodeableConcept]": cwe_concept,
    "ST[CodeableConcept]": st_concept,
    "XPN[HumanName]": xpn_name,
    "XAD[Address]": xad_address,
    "XTN[ContactPoint]": xtn_contact,
    "ID[boolean]": yes,
    "string": string,
    "decimal": number,
    "positiveInt": positive,
    "dateTime": date_time,
    "date": date,
    "instant": instant,
    "time": time_alone,
    "CQ[Quantity]": quantity,
    "NM[Quantity-LengthOfStay]": days,
    "ED[Attachment]": ed_attachment,
    "RP[Attachment]": rp_attachment,
    "NR[Range]": range_of,
    "DR[Period]": dr_period,
}
