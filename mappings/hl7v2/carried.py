"""What the messages carry of each resource, and so what they leave behind. Kept beside the segments it describes.

A path stands for everything below it. Ids, references and `resourceType` are the Bundle's own construction: they are
not content, and what a reference names is carried, or listed, as a resource.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mappings.hl7v2.case import DISPLAY, Case
from mappings.hl7v2.clinical import (
    DESCRIBED,
    INSTRUMENT,
    attachment,
    conditions,
    is_caution,
    is_document,
    is_questionnaire,
    is_result,
)
from mappings.hl7v2.datatypes import Json, Version, coding_system
from mappings.hl7v2.forms import kind_of, version_of
from mappings.hl7v2.notes import consents_of
from mappings.partner import Partner

_NAME = ("family", "given", "prefix", "suffix", "text", "use")
_ADDRESS = ("line", "city", "state", "postalCode", "country", "district", "use", "text")
_TELECOM = ("system", "value", "use")
_IDENTIFIER = ("system", "value", "type", "assigner")
_QUANTITY = ("value", "unit", "code", "system", "comparator")
_VALUES = (
    "valueCodeableConcept",
    "valueInteger",
    "valueBoolean",
    "valueString",
    "valueDateTime",
    "valueTime",
    *(f"valueQuantity.{part}" for part in _QUANTITY),
)
_ANSWERS = (
    "valueCoding",
    "valueInteger",
    "valueDecimal",
    "valueBoolean",
    "valueString",
    "valueDate",
    "valueDateTime",
    "valueTime",
    *(f"valueQuantity.{part}" for part in _QUANTITY),
)


def _under(path: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{path}.{part}" for part in parts)


#: Element paths that REF^I12 carries, by resource type. The other messages carry less, never more, but for the
#: document's own number.
CARRIED: dict[str, tuple[str, ...]] = {
    "Task": (
        *_under("identifier", _IDENTIFIER),
        "priority",
        "authoredOn",
        "restriction.period",
        "note.text",
        "description",
        # the message itself says these: a referral that asks
        "status",
        "intent",
        "code",
    ),
    "ServiceRequest": (
        *_under("identifier", _IDENTIFIER),
        "status",
        "intent",
        "priority",
        "code",
        "orderDetail",
        "authoredOn",
        "occurrenceDateTime",
        "occurrencePeriod",
        "reasonCode",
        "note.text",
        "patientInstruction",
    ),
    "Patient": (
        *_under("identifier", _IDENTIFIER),
        *_under("name", _NAME),
        *_under("telecom", _TELECOM),
        *_under("address", _ADDRESS),
        "gender",
        "birthDate",
        "deceasedBoolean",
        "deceasedDateTime",
        "maritalStatus",
        "communication.language",
        "communication.preferred",
        *_under("contact.name", _NAME),
        *_under("contact.telecom", _TELECOM),
        *_under("contact.address", _ADDRESS),
        "contact.relationship",
        "contact.organization.display",
    ),
    "RelatedPerson": (
        *_under("identifier", _IDENTIFIER),
        *_under("name", _NAME),
        *_under("telecom", _TELECOM),
        *_under("address", _ADDRESS),
        "relationship",
        "gender",
        "birthDate",
    ),
    "Practitioner": (
        *_under("identifier", _IDENTIFIER),
        *_under("name", _NAME),
        *_under("telecom", _TELECOM),
        *_under("address", _ADDRESS),
    ),
    "PractitionerRole": _under("telecom", _TELECOM),
    "Organization": (
        *_under("identifier", _IDENTIFIER),
        "name",
        *_under("telecom", _TELECOM),
        *_under("address", _ADDRESS),
        "contact.purpose",
        *_under("contact.name", _NAME),
        *_under("contact.telecom", _TELECOM),
        *_under("contact.address", _ADDRESS),
    ),
    "Condition": ("code", "onsetDateTime", "recordedDate"),
    "Observation": (
        "status",
        "code",
        "effectiveDateTime",
        "effectiveInstant",
        "effectivePeriod.start",
        "interpretation",
        "note.text",
        *_VALUES,
        "component.code",
        *_under("component", _VALUES),
    ),
    "QuestionnaireResponse": (
        "questionnaire",
        "status",
        "authored",
        *(f"{'item.' * depth}{part}" for depth in range(1, 6) for part in ("linkId", "text")),
        *(f"{'item.' * depth}answer.{part}" for depth in range(1, 6) for part in _ANSWERS),
    ),
    "Flag": ("status", "category", "code", "period.start"),
    "DocumentReference": (
        "status",
        "docStatus",
        "type",
        "date",
        "content.attachment.data",
        "content.attachment.contentType",
        "content.attachment.creation",
    ),
    "Encounter": (
        "class",
        *_under("identifier", _IDENTIFIER),
        "period",
        "reasonCode",
        "hospitalization.dischargeDisposition.coding.code",
    ),
    "Location": ("name",),
    "MessageHeader": ("response",),
    "Consent": (
        "identifier.value",
        "dateTime",
        "policy.uri",
        *(
            f"{path}.{part}"
            for path in ("provision", "provision.provision")
            for part in ("type", "actor", "purpose", "securityLabel", "class", "action", "period", "dataPeriod")
        ),
    ),
}
_EXTENSIONS = (
    *DESCRIBED,
    INSTRUMENT,
    "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
    "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity",
    "http://hl7.org/fhir/StructureDefinition/patient-unknownIdentity",
    "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
)
_CONSTRUCTION = ("resourceType", "id", "reference", "fullUrl")


_ORDERS = frozenset({"OMG^O19", "ORM^O01"})
_CONTACT = ("contact.",)
#: What the first of an identifier, name or address is where a field has room for one.
_WHOLE_PERSON = ("Observation", "QuestionnaireResponse", "Flag", "Condition", "Encounter", "Location")


def left_behind(case: Case, partner: Partner) -> tuple[str, ...]:
    """Element paths of the Bundle that no message of the partner's carries, sorted, each once; a whole resource by
    its type."""
    kinds, version = frozenset(kind_of(message) for message in partner.messages), version_of(partner)
    carried = _carried(kinds, version, partner)
    found: set[str] = set()
    used = _used(case, partner, kinds)
    for resource in case.resources:
        kind = resource["resourceType"]
        if id(resource) not in used or kind not in carried:
            found.add(kind)
            continue
        found.update(f"{kind}.{path}" for path in _unread(resource, carried[kind]))
        found.update(f"{kind}.{path}" for path in _partly(resource, case, kinds))
        found.update(_meta(resource, partner))
    found.update(_meta(case.bundle, partner))
    if case.displays() and partner.notice not in ("nte", "msh-28"):
        found.add("meta.extension")
    return tuple(sorted(found))


def _carried(kinds: frozenset[str], version: Version, partner: Partner) -> dict[str, tuple[str, ...]]:
    """`CARRIED` without what these messages have no segment for."""
    registers = any(kind.startswith("ADT") for kind in kinds)
    documents = "MDM^T02" in kinds
    carried = dict(CARRIED)
    if "REF^I12" in kinds:
        return carried
    contacts = registers or ("OMG^O19" in kinds and version >= (2, 5))
    if not contacts:
        carried["Patient"] = tuple(path for path in carried["Patient"] if not path.startswith("contact."))
        del carried["RelatedPerson"]
    if "RRI^I12" in kinds:
        for kind in (*_WHOLE_PERSON, "DocumentReference"):
            del carried[kind]
        carried["Task"] = (*carried["Task"], "lastModified", "statusReason.text")
        return carried
    # No CTD: an organization's contacts have no segment.
    carried["Organization"] = tuple(path for path in carried["Organization"] if not path.startswith("contact."))
    if kinds & _ORDERS and version < (2, 4):
        del carried["Organization"]
    if not kinds & _ORDERS:
        # The letter says a name and the numbers; the visit an organization's name and number.
        carried["Organization"] = ("name", "telecom.value") if documents else ("name", "identifier")
        carried["Practitioner"] = (*_under("identifier", _IDENTIFIER), *_under("name", _NAME), "telecom.value")
        carried["PractitionerRole"] = ("telecom.value",)
        if not documents:
            del carried["Task"], carried["ServiceRequest"], carried["PractitionerRole"]
            carried["Practitioner"] = (*_under("identifier", _IDENTIFIER), *_under("name", _NAME))
        if not registers:
            del carried["Condition"]
            for kind in ("Observation", "QuestionnaireResponse", "Flag"):
                carried[kind] = tuple(path for one in carried[kind] for path in _in_words(one))
        carried["Encounter"] = tuple(path for path in carried["Encounter"] if registers or path != "reasonCode")
    if documents:
        carried["DocumentReference"] += ("identifier", "masterIdentifier")
    if registers and not documents:
        carried["Observation"] = tuple(path for path in carried["Observation"] if path != "note.text")
    if partner.scope == "con":
        carried["Consent"] += ("status", "identifier")
    return carried


def _in_words(path: str) -> tuple[str, ...]:
    """What of an element the letter says: texts and values, the words of a concept and not its codes or dates."""
    if path.startswith(("effective", "interpretation", "authored", "period", "status", "questionnaire")):
        return ()
    if path.rpartition(".")[2] in ("code", "category", "valueCodeableConcept", "component"):
        return (f"{path}.text", f"{path}.coding.display") if "Quantity" not in path else ()
    if path.rpartition(".")[2] == "valueCoding":
        return (f"{path}.display",)
    return () if path.endswith((".linkId", ".system")) else (path,)


def _used(case: Case, partner: Partner, kinds: frozenset[str]) -> set[int]:
    """The resources that become a segment or stand in one."""
    used: list[Json | None] = [case.request, case.task, case.patient, case.encounter, *conditions(case)]
    parties = [case.sender]
    if kinds & {"REF^I12", "RRI^I12", "MDM^T02"}:
        # An order has no field for whom it is placed with: that is MSH-5 and MSH-6.
        parties += case.receivers
    for condition in conditions(case):
        parties.append(case.party(condition.get("asserter") or condition.get("recorder")))
    used += [one for one in case.of("RelatedPerson") if case.about_patient(one)]
    for kind, test, people in (
        ("Observation", is_result, "performer"),
        ("DocumentReference", is_document, "author"),
        ("QuestionnaireResponse", is_questionnaire, "author"),
    ):
        for resource in case.of(kind):
            if test(resource, case):
                used.append(resource)
                named = resource.get(people) or []
                parties += [case.party(one) for one in (named if isinstance(named, list) else [named])]
    used += [flag for flag in case.of("Flag") if is_caution(flag, case)]
    if case.encounter is not None:
        used += [case.resolve(one.get("location")) for one in case.encounter.get("location") or ()][:1]
        used.append(case.resolve(case.encounter.get("serviceProvider")))
    for party in parties:
        if party is not None:
            used += [party.practitioner, party.role, party.organization]
    if partner.scope in ("nte", "con"):
        used += consents_of(case)
    if "RRI^I12" in kinds:
        used += case.of("MessageHeader")
    return {id(one) for one in used if one is not None}


def _unread(resource: Json, carried: tuple[str, ...]) -> Iterator[str]:
    """Paths of leaves that no carried path stands for."""
    for path in _leaves(resource, ""):
        if not any(path == one or path.startswith(one + ".") for one in carried):
            yield path


def _leaves(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _leaves(one, path)
    elif isinstance(node, dict):
        if path == "extension" and node.get("url") in _EXTENSIONS:
            return
        if path.endswith("extension"):
            # A URL says which extension it is; its value is not told.
            yield f"{path}({str(node.get('url', '')).rpartition('/')[2]})"
            return
        for key, one in node.items():
            # `meta` is told apart from content; a reference's display says again what the resource it names says.
            if key in _CONSTRUCTION or (not path and key == "meta") or (key == "display" and "reference" in node):
                continue
            yield from _leaves(one, f"{path}.{key}" if path else key)
    else:
        yield path


def _meta(resource: Json, partner: Partner) -> Iterator[str]:
    meta = resource.get("meta") or {}
    # Every other carrier is coarse: it says that something is restricted, not what.
    if meta.get("security") and "zseg" not in partner.labels:
        yield "meta.security"
    if any(one.get("url") != DISPLAY for one in meta.get("extension") or ()):
        yield "meta.extension"


def _partly(resource: Json, case: Case, kinds: frozenset[str]) -> Iterator[str]:
    """Elements that are carried only in part: local code systems, codings after the second, repeats after the first."""
    for path, coding in _codings(resource, ""):
        if coding_system(coding.get("system")) == "L":
            yield f"{path}.coding.system"
    for path, concept in _concepts(resource, ""):
        if len(concept.get("coding") or ()) > 2:
            yield f"{path}.coding"
    match resource["resourceType"]:
        case "Encounter":
            for path, room in (("identifier", 2), ("reasonCode", 1), ("location", 1)):
                if len(resource.get(path) or ()) > room:
                    yield path
            code = (resource.get("class") or {}).get("code")
            if code not in ("EMER", "IMP", "ACUTE", "NONAC", "AMB", "PRENC", "OBSENC"):
                yield "class"
        case "Task" | "ServiceRequest":
            due = ((case.task or {}).get("restriction") or {}).get("period") or {}
            if due.get("end") and (resource.get("occurrencePeriod") or {}).get("end"):
                yield "occurrencePeriod.end"  # RF1-8 has room for one
            written = case.referral_identifier
            if any(one != written for one in resource.get("identifier") or ()):
                yield "identifier"
        case "DocumentReference":
            if any(not attachment(one.get("attachment") or {}) for one in resource.get("content") or ()):
                yield "content.attachment"
        case "Flag":
            if len(resource.get("category") or ()) > 1:
                yield "category"
        case "Patient":
            if len(resource.get("communication") or ()) > 1:
                yield "communication"
            if any(len(one.get("relationship") or ()) > 1 for one in resource.get("contact") or ()):
                yield "contact.relationship"
        case "Organization":
            if any(not one.get("purpose") for one in resource.get("contact") or ()):
                yield "contact"


def _codings(node: Any, path: str) -> Iterator[tuple[str, Json]]:
    for below, concept in _concepts(node, path):
        for coding in concept.get("coding") or ():
            yield below, coding


def _concepts(node: Any, path: str) -> Iterator[tuple[str, Json]]:
    if isinstance(node, list):
        for one in node:
            yield from _concepts(one, path)
    elif isinstance(node, dict):
        if "coding" in node and path:
            yield path, node
        for key, one in node.items():
            if key != "meta" and isinstance(one, dict | list):
                yield from _concepts(one, f"{path}.{key}" if path else key)
