"""DG1, AL1, PR1, IN1 and OBX: what is known, found and done about the patient."""

from __future__ import annotations

import re
from typing import Any, Final

from mappings.fhir.systems import CONDITION_CATEGORY, CONDITION_CLINICAL, DATA_ABSENT_REASON, SID_RESOURCE
from mappings.hl7v2.feed import labels, visit
from mappings.hl7v2.feed.coded import cwe_concept
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.group import Group
from mappings.hl7v2.feed.maps import codes
from mappings.hl7v2.feed.parties import xon_organization
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.feed.segment_maps import (
    al1_allergyintolerance,
    aut_coverage,
    dg1_condition,
    in1_coverage,
    obx_observation,
    pr1_procedure,
)
from mappings.hl7v2.feed.values import date_time, dr_period, in_order, number, range_of, time_alone, units
from mappings.hl7v2.segment import NULL

_VERIFICATION: Final = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_ALLERGY: Final = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
#: Table 0085 (OBX-11) to Observation.status. The published map leaves half of it open.
OBSERVATION_STATUS: Final = {
    "A": "amended",
    "B": "amended",
    "C": "corrected",
    "D": "entered-in-error",
    "F": "final",
    "I": "registered",
    "N": "final",
    "O": "registered",
    "P": "preliminary",
    "R": "preliminary",
    "S": "preliminary",
    "U": "final",
    "V": "final",
    "W": "entered-in-error",
    "X": "cancelled",
}


def _entry(resource: Json, d: Draft) -> str:
    """Adds a resource that may have identifiers of its own beside ours; its fullUrl."""
    own = {"system": SID_RESOURCE, "value": resource["id"]}
    identifiers: list[Json] | None = resource.get("identifier")
    if identifiers is None:
        resource["identifier"] = [own]
        return d.add(resource)
    for one in identifiers:
        if "system" in one:
            return d.add(resource, one["system"], one["value"])
    identifiers.append(own)
    return d.add(resource)


def _id(kind: str, resource: Json, d: Draft, owner: str, value: str) -> str:
    """The id of a thing: by its own number, else by what it is about and what it says; once a message."""
    identifiers: list[Json] = resource.get("identifier", [])
    for one in identifiers:
        if "system" in one:
            made = d.ids.of(kind, one["system"], one["value"])
            break
    else:
        made = d.ids.of(kind, owner, value)
    turn = 1
    while (kind, made) in d.interned:
        turn += 1
        made = d.ids.of(kind, owner, f"{value}|{turn}")
    d.interned[kind, made] = True
    return made


def _what(code: Json) -> str:
    """A CodeableConcept as what an id is made of: system and code of its first coding, else its text."""
    codings: list[Json] | None = code.get("coding")
    coding: Json = codings[0] if codings else {}
    return f"{coding.get('system', '')}|{coding.get('code') or code.get('text') or ''}"


def condition(row: Row, group: Group, encounter: Json | None, d: Draft) -> str | None:
    """DG1 as a Condition of the visit (DG1[Condition]), named by the Encounter (DG1[Encounter]); its fullUrl."""
    subject = group.subject(d, "DG1")
    if subject is None:
        return None
    resource: Json = {"resourceType": "Condition", "id": ""}
    dg1_condition(row, resource, d)
    words = d.text(row.peek(4))
    code: Json | None = resource.get("code")
    if code is None:
        if words is None:
            row.used = 0
            return None
        code = resource["code"] = {"text": words}
        d.take(row, 4, 99)
    elif words is not None:
        d.take(row, 4, 99)
        if words != code.get("text") and not any(words == one.get("display") for one in code.get("coding", ())):
            if "text" in code:
                d.left("DG1-4")
            else:
                code["text"] = words
    kind = d.first(row.peek(6)) or ""
    resource["id"] = _id("condition", resource, d, f"{group.key(d)}|{group.encounter or ''}", _what(code))
    row.set_id()
    action = d.first(row.peek(21)) if len(row.fields) > 21 else None
    if action == "D":
        d.take(row, 21)
        resource["verificationStatus"] = {"coding": [{"system": _VERIFICATION, "code": "entered-in-error"}]}
    else:
        if action in ("A", "U"):
            d.take(row, 21)
        resource["clinicalStatus"] = {"coding": [{"system": CONDITION_CLINICAL, "code": "active"}]}
        if kind == "W":
            # A working diagnosis is not yet the diagnosis (table 0052).
            resource["verificationStatus"] = {"coding": [{"system": _VERIFICATION, "code": "provisional"}]}
    if kind in ("A", "W", "F"):
        d.take(row, 6, 3)
    resource["category"] = [{"coding": [{"system": CONDITION_CATEGORY, "code": "encounter-diagnosis"}]}]
    resource["subject"] = subject
    if group.encounter is not None:
        resource["encounter"] = {"reference": group.encounter}
    marked = labels.of(row, d)
    if marked:
        labels.label(resource, marked)
    url = _entry(resource, d)
    group.about = resource
    visit.diagnosis(encounter, url, kind, d.first(row.peek(15)) or "", row, d)
    return url


def allergy(row: Row, group: Group, d: Draft) -> None:
    """AL1 as an AllergyIntolerance (AL1[AllergyIntolerance])."""
    subject = group.subject(d, "AL1")
    if subject is None:
        return
    resource: Json = {"resourceType": "AllergyIntolerance", "id": ""}
    al1_allergyintolerance(row, resource, d)
    if "code" not in resource:
        row.used = 0
        return
    reaction: Json = {}
    if row.peek(5) not in ("", NULL):
        shown = [{"text": text} for part in row.raw(5).split(d.r) if (text := d.text(part))]
        if shown:
            reaction["manifestation"] = shown
    severity = codes("AllergySeverity[AllergyIntolerance.reaction.severity]").get(d.first(row.peek(4)) or "")
    if severity is not None and reaction:
        reaction["severity"] = severity[0]
        d.take(row, 4, 3)
    if reaction:
        resource["reaction"] = [reaction]
    row.set_id()
    resource["id"] = _id("allergy", resource, d, group.key(d), _what(resource["code"]))
    resource["clinicalStatus"] = {"coding": [{"system": _ALLERGY, "code": "active"}]}
    resource["patient"] = subject
    _entry(resource, d)
    group.about = resource


def procedure(row: Row, group: Group, d: Draft) -> None:
    """PR1 as a Procedure that was completed (PR1[Procedure])."""
    subject = group.subject(d, "PR1")
    if subject is None:
        return
    resource: Json = {"resourceType": "Procedure", "id": "", "status": "completed"}
    pr1_procedure(row, resource, d)
    words = d.text(row.peek(4)) if row.peek(4) != NULL else None
    if "code" not in resource:
        if words is None:
            row.used = 0
            return
        resource["code"] = {"text": words}
        d.take(row, 4, 99)
    elif words is not None and "text" not in resource["code"]:
        resource["code"]["text"] = words
        d.take(row, 4, 99)
    when = d.time(row.peek(5), "PR1-5") if row.peek(5) else None
    if when:
        resource["performedDateTime"] = when
        d.take(row, 5)
    row.set_id()
    coding = (resource["code"].get("coding") or [{}])[0]
    word = coding.get("code") or resource["code"].get("text", "")
    resource["id"] = _id("procedure", resource, d, group.encounter or group.key(d), f"{word}|{when or ''}")
    resource["subject"] = subject
    if group.encounter is not None:
        resource["encounter"] = {"reference": group.encounter}
    _entry(resource, d)
    group.about = resource


def coverage(row: Row, group: Group, d: Draft) -> None:
    """IN1 as a Coverage (IN1[Coverage]), where it names a payor: FHIR has none without."""
    subject = group.subject(d, "IN1")
    if subject is None:
        return
    raw = row.peek(4)
    payors = [made for part in raw.split(d.r) if part and (made := xon_organization(part, d, "IN1-4"))] if raw else []
    if not payors and row.peek(3) not in ("", NULL) and (company := d.first(row.peek(3))):
        payors = [{"identifier": {"value": company}}]
        d.take(row, 3)
    if not payors:
        return
    row.raw(4)
    resource: Json = {"resourceType": "Coverage", "id": "", "status": "active"}
    in1_coverage(row, resource, d)
    in_order(resource, d, "IN1-13")
    row.set_id()
    value = resource.get("subscriberId") or d.first(row.peek(2)) or row.peek(1) or str(group.count("IN1"))
    resource["id"] = _id("coverage", resource, d, group.key(d), value)
    resource["beneficiary"] = subject
    resource["payor"] = payors
    _entry(resource, d)


def authorization(row: Row, group: Group, d: Draft) -> None:
    """AUT of a referral as a Coverage by the authorizing payor; its number, of that payor's, stands with the referral
    as a reference by identifier. The tables have none."""
    subject = group.subject(d, "AUT")
    company, name = d.first(row.peek(2)), d.first(row.peek(3))
    if subject is None or not (company or name):
        return
    payor: Json = {}
    if company:
        payor["identifier"] = {"system": f"{d.base}/assigner/payor", "value": company}
        d.take(row, 2)
    if name:
        payor["display"] = name
        d.take(row, 3)
    resource: Json = {"resourceType": "Coverage", "id": "", "status": "active"}
    aut_coverage(row, resource, d)
    resource["id"] = _id("coverage", resource, d, group.key(d), f"AUT|{company or name}")
    resource["beneficiary"] = subject
    resource["payor"] = [payor]
    url = _entry(resource, d)
    if group.referral is not None:
        group.referral.setdefault("insurance", []).append({"reference": url})
        if (given := d.first(row.peek(6))) is not None:
            d.take(row, 6)
            group.referral.setdefault("supportingInfo", []).append(
                {"type": "ClaimResponse", "identifier": {"system": f"{d.base}/authorization", "value": given}}
            )


# --- OBX


def observation(row: Row, group: Group, d: Draft) -> Json | None:
    """OBX as an Observation (OBX[Observation]); None where it is no answer about a patient."""
    subject = group.subject(d, "OBX")
    if subject is None:
        return None
    resource: Json = {"resourceType": "Observation", "id": ""}
    obx_observation(row, resource, d)
    if "code" not in resource:
        row.used = 0
        return None
    state = d.first(row.peek(11)) or ""
    found = OBSERVATION_STATUS.get(state)
    if found is not None:
        d.take(row, 11, 3)
    elif state:
        d.issue("translate.code-not-carried", "OBX-11")
        d.take(row, 11, 3)
    resource["status"] = found or "unknown"
    if row.peek(5) == NULL:
        d.issue("translate.null", "OBX-5")
        row.raw(5)
    elif row.peek(5):
        value(row, resource, d)
    if state == "N" and not any(key.startswith("value") for key in resource):
        resource["dataAbsentReason"] = {"coding": [{"system": DATA_ABSENT_REASON, "code": "not-asked"}]}
    row.set_id()
    if any(key.startswith("value") or key == "component" for key in resource) and row.peek(2):
        d.take(row, 2)
    if row.peek(4).replace(".", "").isdigit():
        d.take(row, 4)  # orders the answers, and stands in the id
    coding = (resource["code"].get("coding") or [{}])[0]
    word = coding.get("code") or resource["code"].get("text", "")
    owner = group.report or group.order
    base = owner["id"] if owner else f"{group.key(d)}|{d.control}"
    resource["id"] = _id(
        "observation", resource, d, base, f"{word}|{d.text(row.peek(4)) or ''}|{d.text(row.peek(1)) or ''}"
    )
    resource["subject"] = subject
    if group.encounter is not None:
        resource["encounter"] = {"reference": group.encounter}
    url = _entry(resource, d)
    if group.report is not None:
        group.report.setdefault("result", []).append({"reference": url})
    elif group.order is not None:
        group.order.setdefault("supportingInfo", []).append({"reference": url})
    group.about = resource
    return resource


_TEXT: Final = frozenset({"ST", "TX", "FT", ""})
_CODED: Final = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})


def value(row: Row, resource: Json, d: Draft) -> None:
    """OBX-5 by OBX-2, with OBX-6. Text keeps its repetitions as lines; a second answer of another type is an unnamed
    component's. A type that R4 has no value for leaves OBX-5 unused."""
    kind = (d.first(row.peek(2)) or "").upper()
    raw = row.peek(5)
    if kind in _TEXT:
        text = d.whole(raw)
        if text:
            resource["valueString"] = text
            row.raw(5)
        return
    parts = [part for part in raw.split(d.r) if part and part != NULL]
    made: list[tuple[str, Any]] = []
    for part in parts:
        found = _one(kind, part, row, d)
        if found is not None:
            made.append(found)
    if not made:
        return
    row.raw(5)
    if len(made) < len(parts):
        d.left("OBX-5")
    if len(made) == 1:
        resource[made[0][0]] = made[0][1]
        return
    resource["component"] = [{"code": resource["code"], name: one} for name, one in made]


def _one(kind: str, part: str, row: Row, d: Draft) -> tuple[str, Any] | None:
    made: Any
    if kind in _CODED:
        made = cwe_concept(part, d, "OBX-5")
        return ("valueCodeableConcept", made) if made else None
    if kind == "NM":
        made = number(part, d, "OBX-5")
        return ("valueQuantity", {"value": made, **_unit(row, d)}) if made is not None else None
    if kind == "SN":
        return _structured(part, row, d)
    if kind in ("DT", "TS", "DTM"):
        made = date_time(part, d, "OBX-5")
        return ("valueDateTime", made) if made else None
    if kind == "TM":
        made = time_alone(part, d, "OBX-5")
        return ("valueTime", made) if made else None
    if kind == "NR":
        made = range_of(part, d, "OBX-5")
        if not made:
            return None
        unit = _unit(row, d)
        return "valueRange", {side: {**one, **unit} for side, one in made.items()}
    if kind == "DR":
        made = dr_period(part, d, "OBX-5")
        return ("valuePeriod", made) if made else None
    if kind in ("XPN", "XAD", "XTN", "XCN", "CX", "EI", "PL", "XON", "CP", "MO"):
        words = " ".join(text for piece in re.split("[" + re.escape(d.c + d.s) + "]", part) if (text := d.text(piece)))
        return ("valueString", words) if words else None
    return None


def _unit(row: Row, d: Draft) -> Json:
    raw = row.peek(6)
    return units(row.raw(6), d, "OBX-6") if raw and raw != NULL else {}


def _structured(part: str, row: Row, d: Draft) -> tuple[str, Any] | None:
    """SN (2.A.71): comparator, number, separator or suffix, number."""
    pieces = [d.text(piece) for piece in part.split(d.c)] + [None] * 4
    sign, low, mark, high = pieces[0], pieces[1], pieces[2], pieces[3]
    words = " ".join(piece for piece in pieces if piece)
    first = number(low, d, "OBX-5") if low else None
    if first is None:
        return ("valueString", words) if words else None
    second = number(high, d, "OBX-5") if high else None
    unit = _unit(row, d)
    if mark == "-" and second is not None and not sign:
        return "valueRange", {"low": {"value": first, **unit}, "high": {"value": second, **unit}}
    if mark in (":", "/") and second is not None and not sign:
        return "valueRatio", {"numerator": {"value": first, **unit}, "denominator": {"value": second, **unit}}
    if mark is None and second is None and sign in (None, "=", "<", "<=", ">", ">="):
        made: Json = {"value": first, **unit}
        if sign and sign != "=":
            made["comparator"] = sign
        return "valueQuantity", made
    return "valueString", words
