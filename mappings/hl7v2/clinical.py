"""Clinical content as v2 segments: DG1 (chapter 6), OBR and OBX (chapter 7), PV1 and PV2 (chapter 3).

REF^I12 has an OBX only below an OBR, so each screening, observation, questionnaire, flag and narrative is an OBR
with its OBX. What `groups` does not give is not in the message, and `mappings.hl7v2.carried` names it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from mappings.hl7v2.build import Component, Value
from mappings.hl7v2.case import Case
from mappings.hl7v2.datatypes import Json, Version, ce, coding_system, cwe, cx, xcn
from mappings.hl7v2.people import Fields, facility
from mappings.hl7v2.times import ts

#: FHIR observation-status to table 0085. `entered-in-error` and `unknown` have no OBX.
STATUS = {"final": "F", "preliminary": "P", "registered": "I", "amended": "C", "corrected": "C", "cancelled": "X"}
#: Longer text is continued in further OBX with the same OBX-3 and the next sub-id (7.4.2.4); FT ends at 65,536.
_LONGEST_TEXT = 60_000
#: v3-ActCode encounter classes to table 0004. A field visit has no code there: `U`, unknown, is not a guess.
_CLASS = {"EMER": "E", "IMP": "I", "ACUTE": "I", "NONAC": "I", "AMB": "O", "PRENC": "P", "OBSENC": "B"}
OURS = "https://warmhandoff.org/fhir/StructureDefinition/"
INSTRUMENT = OURS + "instrument"
#: Extensions of the Patient that PID has no field for, written as OBX.
DESCRIBED = tuple(OURS + name for name in ("person-description", "reported-age", "reported-age-approximate"))
_NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
_NOT_A_DIAGNOSIS = ("refuted", "entered-in-error")


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One OBX without its set id, its notes, and the resource it is of."""

    resource: Json
    fields: Fields
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One OBR without its set id, and what stands below it."""

    resource: Json
    fields: Fields
    results: tuple[Result, ...]


def conditions(case: Case) -> list[Json]:
    """The patient's Conditions that state a diagnosis: not refuted, not entered in error."""
    found = []
    for condition in case.of("Condition"):
        codes = {one.get("code") for one in (condition.get("verificationStatus") or {}).get("coding") or ()}
        if case.about_patient(condition) and condition.get("code") and not codes.intersection(_NOT_A_DIAGNOSIS):
            found.append(condition)
    return found


def dg1(condition: Json, case: Case) -> Fields:
    """DG1 from a Condition (6.5.2). DG1-6 is required: `W`, working; a field contact has no admitting or final one."""
    asserter = case.party(condition.get("asserter") or condition.get("recorder"))
    return {
        3: ce(condition["code"]),
        5: ts(condition.get("onsetDateTime") or condition.get("recordedDate")),
        6: "W",
        16: xcn(asserter.practitioner) if asserter and asserter.practitioner else None,
    }


def groups(case: Case, version: Version) -> Iterator[Group]:
    """All observation groups: what was seen of the person, screenings and observations, questionnaires, flags,
    narratives."""
    yield from _described(case, version)
    yield from _observations(case, version)
    yield from _questionnaires(case, version)
    yield from _flags(case, version)
    yield from _documents(case)


def flattened(case: Case, version: Version, *, documents: bool = True) -> Iterator[Result]:
    """The results of all groups one after the other, for a structure with one OBR or none. OBX-4 tells which belong
    together: the group's number, and after a point the result's own sub-id. What a panel or questionnaire is called
    stands before its results, an OBX without a value. `documents`: the narratives too."""
    number = 0
    for group in groups(case, version):
        if group.resource["resourceType"] == "DocumentReference" and not documents:
            continue
        number += 1
        if all(result.fields.get(3) != group.fields.get(4) for result in group.results):
            named: Fields = {2: "ST", 3: group.fields.get(4), 4: str(number), 11: group.fields.get(25) or "F"}
            yield Result(resource=group.resource, fields={**named, 14: group.fields.get(7)})
        for result in group.results:
            own = result.fields.get(4)
            sub = f"{number}.{own}" if own else str(number)
            yield Result(resource=result.resource, fields={**result.fields, 4: sub}, notes=result.notes)


def _described(case: Case, version: Version) -> Iterator[Group]:
    """What the Patient's extensions of ours say of somebody whom nobody could name: looks and reported age."""
    results: list[Result] = []
    for extension in case.patient.get("extension") or ():
        if extension.get("url") in DESCRIBED:
            name = extension["url"].removeprefix(OURS)
            given = {"valueQuantity" if key == "valueAge" else key: one for key, one in extension.items()}
            made = value(given, version)
            if made:
                results.append(Result(resource=case.patient, fields={3: (name, None, "L"), 11: "F", **made}))
    if results:
        obr: Fields = {4: ("person-description", None, "L")}
        yield Group(resource=case.patient, fields=obr, results=tuple(results))


def _observations(case: Case, version: Version) -> Iterator[Group]:
    """A panel with its members below it, however deep; every other Observation by itself. Each once."""
    usable = {id(one): one for one in case.of("Observation") if is_result(one, case)}
    inside = {id(member) for panel in usable.values() for member in _members(panel, case)}
    left = dict(usable)
    # Panels first; what is left then are members of each other in a circle, which still must not be lost.
    for root in [*(one for one in usable.values() if id(one) not in inside), *usable.values()]:
        if id(root) not in left:
            continue
        results: list[Result] = []
        waiting = [root]
        while waiting:
            observation = waiting.pop(0)
            if left.pop(id(observation), None) is None:
                continue
            members = [one for one in _members(observation, case) if id(one) in left]
            results += _results(observation, case, version, alone=not members)
            waiting = members + waiting
        yield Group(resource=root, fields=_obr(root, case), results=tuple(results))


def _members(panel: Json, case: Case) -> list[Json]:
    found = (case.resolve(reference) for reference in panel.get("hasMember") or ())
    return [one for one in found if one is not None and one is not panel]


def is_result(observation: Json, case: Case) -> bool:
    """Whether an Observation is written: about the patient (and no other focus), with a code and a status of 0085."""
    return (
        case.about_patient(observation)
        and not observation.get("focus")
        and observation.get("status") in STATUS
        and ce(observation.get("code")) is not None
    )


def _obr(resource: Json, case: Case) -> Fields:
    return {4: ce(resource.get("code")), 7: _when(resource), 25: STATUS.get(resource.get("status", ""))}


def _when(resource: Json) -> str | None:
    period = resource.get("effectivePeriod") or {}
    return ts(resource.get("effectiveDateTime") or resource.get("effectiveInstant") or period.get("start"))


def _results(observation: Json, case: Case, version: Version, *, alone: bool) -> Iterator[Result]:
    """OBX of an Observation's own value and of each component. `alone` also writes one that has no value at all."""
    notes = tuple(note["text"] for note in observation.get("note") or () if note.get("text"))
    components = observation.get("component") or ()
    own = value(observation, version)
    common: Fields = {
        8: [made for made in (_code(one) for one in observation.get("interpretation") or ()) if made],
        11: STATUS[observation["status"]],
        14: _when(observation),
        16: _observer(observation, case),
    }
    if own is not None or (alone and not components) or notes:
        # Without a value the status says so (table 0085: X, no results).
        status: Fields = {} if own else {11: "X"}
        fields: Fields = {3: ce(observation["code"]), **common, **(own or {}), **status}
        yield Result(resource=observation, fields=fields, notes=notes)
    for number, component in enumerate(components, 1):
        made = value(component, version)
        if ce(component.get("code")) is None:
            continue
        fields = {3: ce(component["code"]), 4: str(number), **common, **(made or {11: "X"})}
        yield Result(resource=observation, fields=fields)


def _code(concept: Json) -> str | None:
    """A concept's first code, for an IS field: the table is the field's (0078, whose codes FHIR took over; 0112)."""
    return next((one["code"] for one in concept.get("coding") or () if one.get("code")), None)


def _observer(observation: Json, case: Case) -> Value:
    """OBX-16: the practitioners among the performers."""
    parties = [case.party(one) for one in observation.get("performer") or ()]
    return [made for made in (xcn(one.practitioner) for one in parties if one and one.practitioner) if made]


def value(holder: Json, version: Version) -> Fields | None:
    """OBX-2, OBX-5 and OBX-6 from a value[x]; None when there is none or v2 has no type for it here."""
    coded = "CWE" if version >= (2, 5) else "CE"
    for key, given in holder.items():
        match key:
            case "valueCodeableConcept" if cwe(given):
                return {2: coded, 5: cwe(given) if coded == "CWE" else ce(given)}
            case "valueQuantity" if given.get("value") is not None and not given.get("comparator"):
                return {2: "NM", 5: _number(given["value"]), 6: _unit(given)}
            case "valueQuantity" if given.get("value") is not None:
                return {2: "SN", 5: (given["comparator"], _number(given["value"])), 6: _unit(given)}
            case "valueInteger" | "valueDecimal":
                return {2: "NM", 5: _number(given)}
            case "valueBoolean":
                return {2: coded, 5: ("Y", "Yes", "HL70136") if given else ("N", "No", "HL70136")}
            case "valueString" if given:
                return {2: _text_type(given), 5: given}
            case "valueDateTime" if ts(given):
                return {2: "TS" if version < (2, 6) else "DTM", 5: ts(given)}
            case "valueTime":
                return {2: "TM", 5: given.replace(":", "")}
    return None


def _number(given: object) -> str:
    """NM has no exponent (2.A.47)."""
    text = str(given)
    return format(given, "f") if "e" in text.lower() and isinstance(given, float) else text


def _unit(quantity: Json) -> tuple[Component, ...] | None:
    if not quantity.get("code") and not quantity.get("unit"):
        return None
    system = coding_system(quantity.get("system")) if quantity.get("code") else None
    return quantity.get("code"), quantity.get("unit"), system


def _text_type(text: str) -> str:
    r"""FT where there are lines, as its \.br\ keeps them; ST for a short text, TX for a long one (2.A.70, 2.A.79)."""
    return "FT" if "\n" in text else "ST" if len(text) <= 199 else "TX"


def is_questionnaire(response: Json, case: Case) -> bool:
    """Whether a QuestionnaireResponse is written: about the patient, answered, and saying what was asked."""
    return case.about_patient(response) and bool(_instrument(response)) and response.get("status") in _ASKED


def _instrument(response: Json) -> tuple[Component, ...] | None:
    """What was asked: our `instrument` extension, else the questionnaire's URL."""
    for extension in response.get("extension") or ():
        if extension.get("url") == INSTRUMENT:
            return ce(extension.get("valueCodeableConcept"))
    return (response["questionnaire"], None, "L") if response.get("questionnaire") else None


def _questionnaires(case: Case, version: Version) -> Iterator[Group]:
    """A QuestionnaireResponse: OBR-4 is its instrument; each answer an OBX of its linkId and text."""
    for response in case.of("QuestionnaireResponse"):
        if not is_questionnaire(response, case):
            continue
        results: list[Result] = []
        author = case.party(response.get("author"))
        for item in _items(response.get("item") or []):
            for answer in item.get("answer") or ():
                if answer.get("valueCoding"):
                    made = value({"valueCodeableConcept": {"coding": [answer["valueCoding"]]}}, version)
                else:
                    plain = {"valueDateTime" if key == "valueDate" else key: one for key, one in answer.items()}
                    made = value(plain, version)
                if made:
                    fields: Fields = {
                        3: (item["linkId"], item.get("text"), "L"),
                        11: _ASKED[response["status"]],
                        14: ts(response.get("authored")),
                        16: xcn(author.practitioner) if author and author.practitioner else None,
                        **made,
                    }
                    results.append(Result(resource=response, fields=fields))
        obr: Fields = {4: _instrument(response), 7: ts(response.get("authored"))}
        yield Group(resource=response, fields=obr, results=tuple(results))


#: FHIR questionnaire-answers-status to table 0085.
_ASKED = {"completed": "F", "amended": "C", "in-progress": "P"}


def _items(items: list[Json]) -> Iterator[Json]:
    for item in items:
        yield item
        yield from _items(item.get("item") or [])
        for answer in item.get("answer") or ():
            yield from _items(answer.get("item") or [])


def is_caution(flag: Json, case: Case) -> bool:
    """Whether a Flag is written: active, about the patient, with its category, which says what OBX-5 is about."""
    return (
        flag.get("status") == "active" and case.about_patient(flag) and bool(flag.get("category") and flag.get("code"))
    )


def _flags(case: Case, version: Version) -> Iterator[Group]:
    for flag in case.of("Flag"):
        if is_caution(flag, case):
            about, when = ce(flag["category"][0]), ts((flag.get("period") or {}).get("start"))
            made = value({"valueCodeableConcept": flag["code"]}, version) or {}
            fields: Fields = {3: about, 11: "F", 14: when, **made}
            result = Result(resource=flag, fields=fields)
            yield Group(resource=flag, fields={4: about, 7: when}, results=(result,))


def is_document(document: Json, case: Case) -> bool:
    """Whether a DocumentReference is written as OBR and OBX: current, about the patient, with a type or category."""
    return document.get("status") == "current" and case.about_patient(document) and bool(document_type(document))


def document_type(document: Json) -> tuple[Component, ...] | None:
    """The type's codes without FHIR's null flavor, which v2 says by saying nothing; else the category."""
    kind = document.get("type") or {}
    codings = [one for one in kind.get("coding") or () if one.get("system") != _NULL_FLAVOR]
    return ce({**kind, "coding": codings}) or next(iter(filter(None, map(ce, document.get("category") or ()))), None)


def document_date(document: Json) -> str | None:
    """`date` is an instant in R4; where only the day is known it stands in the attachment."""
    created = ((one.get("attachment") or {}).get("creation") for one in document.get("content") or ())
    return document.get("date") or next((str(one) for one in created if one), None)


def _documents(case: Case) -> Iterator[Group]:
    for document in case.of("DocumentReference"):
        if not is_document(document, case):
            continue
        kind, when = document_type(document), ts(document_date(document))
        authors = [case.party(one) for one in document.get("author") or ()]
        by: Value = [made for made in (xcn(one.practitioner) for one in authors if one and one.practitioner) if made]
        fields: Fields = {3: kind, 11: _DOCUMENT_STATUS.get(document.get("docStatus", ""), "F"), 14: when, 16: by}
        results = [
            Result(resource=document, fields={**fields, **made})
            for content in document.get("content") or ()
            for made in attachment(content.get("attachment") or {})
        ]
        if results:
            yield Group(resource=document, fields={4: kind, 7: when}, results=tuple(results))


#: FHIR composition-status to table 0085.
_DOCUMENT_STATUS = {"final": "F", "preliminary": "P", "amended": "C"}


def attachment(given: Json) -> list[Fields]:
    """OBX-2, -4 and -5 of an attachment: plain text as FT or TX, cut where FT would be too long; anything else ED.

    None for an attachment without its data, or whose text is not in UTF-8.
    """
    media_type, data = given.get("contentType") or "", given.get("data")
    if not data:
        return []
    kind, _, subtype = media_type.partition(";")[0].strip().partition("/")
    if (kind, subtype) != ("text", "plain"):
        return [{2: "ED", 5: (None, kind, subtype, "Base64", data)}]
    try:
        text = base64.b64decode(data, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return []
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = pieces(text)
    kind = "FT" if "\n" in text else "TX"
    return [{2: kind, 4: str(number) if len(found) > 1 else None, 5: piece} for number, piece in enumerate(found, 1)]


def pieces(text: str) -> list[str]:
    """A text in parts that FT and TX have room for."""
    return [text[at : at + _LONGEST_TEXT] for at in range(0, len(text), _LONGEST_TEXT)]


def pv1(case: Case) -> Fields | None:
    """PV1 from the referral's Encounter (3.4.3): class, place, two visit numbers, disposition, start and end."""
    encounter = case.encounter
    if encounter is None:
        return None
    places = [case.resolve(one.get("location")) for one in encounter.get("location") or ()]
    name = next((one["name"] for one in places if one and one.get("name")), None)
    provider = facility(case.resolve(encounter.get("serviceProvider")))
    period = encounter.get("period") or {}
    numbers = cx(encounter.get("identifier") or (), kind="VN")
    return {
        1: "1",
        2: _CLASS.get((encounter.get("class") or {}).get("code", ""), "U"),
        3: (None, None, None, provider, None, None, None, None, name),
        19: numbers[0] if numbers else None,
        36: _code((encounter.get("hospitalization") or {}).get("dischargeDisposition") or {}),
        44: ts(period.get("start")),
        45: ts(period.get("end")),
        50: numbers[1] if len(numbers) > 1 else None,
    }


def pv2(case: Case) -> Fields | None:
    """PV2-3 from the Encounter's first reason; None without one."""
    reasons = (case.encounter or {}).get("reasonCode") or ()
    first = ce(reasons[0]) if reasons else None
    return {3: first} if first else None
